//! The tables in memory as objects of a database, and the views of the catalog as tables.

use super::{Table, Tables};
use crate::server::catalog::database::{Constraint, Database, Rule, TableInfo};
use crate::server::catalog::view::Catalog;
use crate::server::error::SqlError;
use crate::server::journal::journals::FUNCTION;
use std::sync::Arc;

/// Tables as the catalog tells of them. schema: where those are that name none.
pub(super) fn database(schema: &str, tables: &Tables) -> Database {
    let info = |(full, table): (&String, &Arc<Table>)| {
        let (schema, name) = full.rsplit_once('.').unwrap_or((schema, full));
        let key = table.key.map(|at| Constraint {
            name: format!("{name}_KEY"),
            rule: Rule::Primary,
            columns: vec![table.schema.field(at).name().clone()],
        });
        TableInfo {
            schema: schema.to_owned(),
            name: name.to_owned(),
            kind: "TABLE".to_owned(),
            columns: table.schema.clone(),
            constraints: key.into_iter().collect(),
            rows: i64::try_from(table.rows()).ok(),
            ..TableInfo::default()
        }
    };
    Database { tables: tables.iter().map(info).collect(), ..Database::default() }
}

/// A view of the catalog; -204 where there is none of the name.
pub(super) fn view(catalog: &Catalog, name: &str, objects: &Database) -> Result<Arc<Table>, SqlError> {
    // A table function is no table, and this engine has none.
    let (schema, batches) = match catalog.held(name).filter(|_| name != FUNCTION) {
        Some(held) => held,
        None => {
            let rows = catalog.rows(name, objects)?;
            (rows.schema(), vec![rows])
        }
    };
    let table = Table::new(schema, batches);
    table.map(Arc::new).ok_or_else(|| SqlError::system("the rows of a view"))
}
