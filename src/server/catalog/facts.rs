//! The facts about a database, as relations. Names of facts are those by which the definitions of views ask for them.

use super::relation::{Asked, Row};
use super::{builtin_type, key_facts, object_facts, procedure_facts};
use crate::server::error::SqlError;

/// The rows of a relation; `None` when there is none of the name.
pub(super) fn rows(relation: &str, asked: &Asked<'_>) -> Option<Result<Vec<Row>, SqlError>> {
    Some(Ok(match relation {
        "nothing" => Vec::new(),
        "schemas" => object_facts::schemas(asked.database),
        "kinds" => object_facts::kinds(asked.database),
        "tables" => asked.database.tables.iter().map(|table| object_facts::table(table, asked.persona)).collect(),
        "columns" => return Some(object_facts::columns(asked)),
        "constraints" => key_facts::constraints(asked.database),
        "keys" => key_facts::keys(asked.database),
        "references" => key_facts::references(asked.database),
        "pairs" => key_facts::pairs(asked.database),
        "indexes" => key_facts::indexes(asked.database),
        "conglomerates" => key_facts::conglomerates(asked.database),
        "indexed" => key_facts::indexed(asked.database),
        "statistics" => key_facts::statistics(asked),
        "best" => return Some(key_facts::best(asked)),
        "sequences" => object_facts::sequences(asked.database),
        "types" => builtin_type::rows(asked.persona, asked.jdbc),
        "routines" => procedure_facts::routines(asked),
        "parameters" => return Some(procedure_facts::parameters(asked)),
        "privileges" => object_facts::privileges(asked.database),
        "authorities" => object_facts::authorities(asked.database),
        "column_privileges" => object_facts::column_privileges(asked.database),
        _ => return None,
    }))
}
