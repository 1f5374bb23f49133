//! The catalog of a database, told alike by all products: schemas, tables, columns, keys, indexes, procedures and counts
//! of rows. Each product is asked by statements of its own: SYSCAT of Db2 for LUW, QSYS2 of Db2 for i, SYSIBM of Db2 for
//! z/OS, and at Derby the catalog procedures, because its SYS tables tell types and key columns to itself only.

mod ask;
mod column_type;
mod derby;
pub mod filter;
mod ibmi;
mod indexes;
mod keys;
pub mod listing;
mod luw;
mod raw;
mod rules;
mod sorted;
mod table_name;
mod zos;

use self::ask::Ask;
use self::filter::{CatalogFilter, NameFilter};
use self::listing::{CatalogRow, ColumnRow, IndexRow, KeyRow, Listed, RoutineRow, SchemaRow, StatisticRow, TableRow};
use self::sorted::sorted;
use self::table_name::TableName;
use super::connection::Connection;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::wire::value::product::Product;

/// Aliases of aliases that are followed.
const MOST_ALIASES: usize = 16;

/// The catalog of a connection's database.
#[derive(Debug, Clone)]
pub struct Catalog {
    ask: Ask,
}

/// Asks the product that answers.
macro_rules! by_product {
    ($self:ident, $what:ident($($argument:expr),*)) => {
        match $self.ask.product {
            Product::Luw => luw::$what(&$self.ask, $($argument),*).await,
            Product::IbmI => ibmi::$what(&$self.ask, $($argument),*).await,
            Product::Zos => zos::$what(&$self.ask, $($argument),*).await,
            Product::Derby => derby::$what(&$self.ask, $($argument),*).await,
            Product::Other => Err($self.unsupported()),
        }
    };
}

impl Catalog {
    /// The catalog of the database that `connection` is connected to. Its statements belong to the unit of work of the
    /// connection.
    pub fn of(connection: &Connection) -> Catalog {
        Catalog { ask: Ask::of(connection) }
    }

    /// The database itself: a connection has one.
    pub async fn catalogs(&self) -> Result<Listed<CatalogRow>> {
        let name = match self.ask.product {
            Product::Other => return Err(self.unsupported()),
            // The name of its database is a path with settings, and no part of the name of a table.
            Product::Derby => self.ask.database(),
            _ => self.ask.register("CURRENT SERVER").await?,
        };
        Ok(Listed::of(vec![CatalogRow { name }]))
    }

    /// Schemas, by their names; of Db2 for z/OS those that have tables. Only the schema of `filter` is looked at.
    pub async fn schemas(&self, filter: &CatalogFilter) -> Result<Listed<SchemaRow>> {
        let rows: Vec<SchemaRow> = by_product!(self, schemas(filter))?;
        Ok(Listed::of(sorted(rows, |a, b| a.name.cmp(&b.name))))
    }

    /// Tables, views and what else a query reads, by schema and name. `kinds` are those of
    /// [`KINDS`](listing::KINDS) that are wanted; none means all.
    pub async fn tables(&self, filter: &CatalogFilter, kinds: &[&str]) -> Result<Listed<TableRow>> {
        if let Some(unknown) = kinds.iter().find(|kind| !listing::KINDS.contains(kind)) {
            let known = listing::KINDS.join(", ");
            return Err(Error::interface(format!("{unknown:?} is not a kind of table: {known}")));
        }
        let mut rows = by_product!(self, tables(filter))?;
        rows.retain(|row: &TableRow| kinds.is_empty() || kinds.contains(&row.kind.as_str()));
        Ok(Listed::of(sorted(rows, |a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)))))
    }

    /// Columns of tables and views, by schema, table and position. The name of `filter` is that of the table.
    pub async fn columns(&self, filter: &CatalogFilter) -> Result<Listed<ColumnRow>> {
        let rows: Vec<ColumnRow> = by_product!(self, columns(filter))?;
        Ok(Listed::of(sorted(rows, |a, b| (&a.schema, &a.table, a.position).cmp(&(&b.schema, &b.table, b.position)))))
    }

    /// Primary, unique and foreign keys and checks, by schema, table, kind and name: a row for each column of a key,
    /// one for a check. The name of `filter` is that of the table.
    pub async fn keys(&self, filter: &CatalogFilter) -> Result<Listed<KeyRow>> {
        let rows: Vec<KeyRow> = by_product!(self, keys(filter))?;
        let rank = |row: &KeyRow| listing::KEYS.iter().position(|kind| *kind == row.kind);
        Ok(Listed::of(sorted(rows, |a, b| {
            let of = |row: &KeyRow| (rank(row), row.position);
            (&a.schema, &a.table, of(a).0, &a.name, of(a).1).cmp(&(&b.schema, &b.table, of(b).0, &b.name, of(b).1))
        })))
    }

    /// Indexes, by schema, table and name: a row for each column. The name of `filter` is that of the table. Db2 for i
    /// tells of those that CREATE INDEX made, and not of the access paths of keys and files.
    pub async fn indexes(&self, filter: &CatalogFilter) -> Result<Listed<IndexRow>> {
        let rows: Vec<IndexRow> = by_product!(self, indexes(filter))?;
        Ok(Listed::of(sorted(rows, |a, b| {
            (&a.schema, &a.table, &a.name, a.position).cmp(&(&b.schema, &b.table, &b.name, b.position))
        })))
    }

    /// Procedures and functions, by schema, name and specific name. The name of `filter` is that of the procedure.
    pub async fn procedures(&self, filter: &CatalogFilter) -> Result<Listed<RoutineRow>> {
        let rows: Vec<RoutineRow> = by_product!(self, procedures(filter))?;
        Ok(Listed::of(sorted(rows, |a, b| {
            (&a.schema, &a.name, &a.specific_name).cmp(&(&b.schema, &b.name, &b.specific_name))
        })))
    }

    /// How many rows tables have, and what is known of the values in their columns, where the catalog has it: Db2 for i
    /// counts rows always, the rest is that of RUNSTATS and statistics of columns, and Derby has nothing. Rows without a
    /// number are left out. The name of `filter` is that of the table.
    pub async fn statistics(&self, filter: &CatalogFilter) -> Result<Listed<StatisticRow>> {
        let mut rows: Vec<StatisticRow> = by_product!(self, statistics(filter))?;
        rows.retain(|row| row.rows.or(row.distinct).or(row.nulls).or(row.average_bytes).is_some());
        Ok(Listed::of(sorted(rows, |a, b| (&a.schema, &a.table, &a.column).cmp(&(&b.schema, &b.table, &b.column)))))
    }

    /// The table of a name as SQL has it, `NAME` or `SCHEMA.NAME`, where a part without quotes is in upper case. One
    /// without a schema is that of the current schema, under the naming of the system (`*LIBL`) the first of the
    /// library list. An alias is followed to its table. That there is none is an error: -204.
    pub async fn table(&self, name: &str) -> Result<TableRow> {
        self.found(TableName::parse(name)?).await
    }

    /// The table of just this schema and name.
    pub async fn table_of(&self, schema: &str, name: &str) -> Result<TableRow> {
        self.found(TableName { schema: Some(schema.to_owned()), name: name.to_owned() }).await
    }

    async fn found(&self, wanted: TableName) -> Result<TableRow> {
        let mut rest = Vec::new();
        match &wanted.schema {
            Some(schema) => rest.push(schema.clone()),
            None => {
                let current = self.current_schema().await?;
                rest.extend(if current == "*LIBL" { ibmi::library_list(&self.ask).await? } else { vec![current] });
            }
        }
        for schema in rest {
            if let Some(found) = self.exact(&schema, &wanted.name).await? {
                return self.followed(found).await;
            }
        }
        Err(missing(&wanted))
    }

    async fn exact(&self, schema: &str, name: &str) -> Result<Option<TableRow>> {
        let filter = CatalogFilter { schema: Some(NameFilter::is(schema)), ..CatalogFilter::of_name(name) };
        Ok(self.tables(&filter, &[]).await?.rows.into_iter().next())
    }

    /// The table that an alias stands for.
    async fn followed(&self, mut table: TableRow) -> Result<TableRow> {
        for _ in 0..MOST_ALIASES {
            if table.kind != "ALIAS" {
                return Ok(table);
            }
            let (Some(schema), Some(name)) = (&table.base_schema, &table.base_name) else {
                let text =
                    format!("{:?}.{:?} is an alias, and the catalog does not tell of what", table.schema, table.name);
                return Err(Error::new(ErrorClass::NotSupported, Phase::Execute, "0A000", text)
                    .hint("ask for the table itself"));
            };
            let base = TableName { schema: Some(schema.clone()), name: name.clone() };
            table = self.exact(schema, name).await?.ok_or_else(|| missing(&base))?;
        }
        let text = format!("{:?}.{:?}: the aliases lead in a circle", table.schema, table.name);
        Err(Error::new(ErrorClass::Programming, Phase::Execute, "42916", text))
    }

    /// The schema of names that have none; `*LIBL` where that is the library list of an IBM i.
    pub async fn current_schema(&self) -> Result<String> {
        match self.ask.product {
            Product::Other => Err(self.unsupported()),
            _ => self.ask.register("CURRENT SCHEMA").await,
        }
    }

    fn unsupported(&self) -> Error {
        let text = format!("the catalog of this product is not known ({})", self.ask.prdid());
        Error::new(ErrorClass::NotSupported, Phase::Execute, "0A000", text)
            .hint("Db2, Derby and drdarrow's server have catalogs that are; query the tables of this one by SQL")
    }
}

fn missing(table: &TableName) -> Error {
    let text = format!("there is no table {table}");
    let error = Error::new(ErrorClass::Programming, Phase::Execute, "42704", text);
    Error { sqlcode: Some(-204), ..error }.hint("write SCHEMA.NAME; a name in double quotes keeps its case")
}
