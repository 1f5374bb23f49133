//! The facts about procedures: those of the catalog's own, and those that clients made.

use super::column_facts::{ColumnFacts, family, member};
use super::database::{Mode, ProcedureInfo, ProcedureParameter};
use super::definition::{self, Definition};
use super::object_facts::described;
use super::relation::{Asked, Row, facts};
use crate::server::error::SqlError;
use arrow_schema::{DataType, Field};
use std::borrow::Cow;
use std::collections::HashMap;

pub(super) fn routines(asked: &Asked<'_>) -> Vec<Row> {
    all(asked).map(|procedure| routine(&procedure)).collect()
}

pub(super) fn parameters(asked: &Asked<'_>) -> Result<Vec<Row>, SqlError> {
    let mut rows = Vec::new();
    for procedure in all(asked) {
        for (n, of) in procedure.parameters.iter().enumerate() {
            rows.push(parameter(&procedure, n, of, asked)?);
        }
    }
    Ok(rows)
}

fn all<'a>(asked: &Asked<'a>) -> impl Iterator<Item = Cow<'a, ProcedureInfo>> {
    let own = definition::all().iter().filter_map(own).map(Cow::Owned);
    own.chain(asked.database.procedures.iter().map(Cow::Borrowed))
}

/// A procedure of the catalog's own: its result is rows.
fn own(definition: &Definition) -> Option<ProcedureInfo> {
    let parameters = definition.parameters.as_ref()?.iter().map(|parameter| ProcedureParameter {
        mode: Mode::In,
        column: if parameter.is_number {
            Field::new(parameter.name, DataType::Int16, true)
        } else {
            let told = [("drda:type", "VARCHAR"), ("drda:length", "128")];
            let told = told.map(|(key, value)| (key.to_owned(), value.to_owned()));
            Field::new(parameter.name, DataType::Utf8, true).with_metadata(HashMap::from(told))
        },
    });
    Some(ProcedureInfo {
        schema: definition.schema.to_owned(),
        name: definition.name.to_owned(),
        specific: definition.name.to_owned(),
        parameters: parameters.collect(),
        results: 1,
        access: "READS".to_owned(),
        deterministic: false,
        text: None,
    })
}

fn routine(procedure: &ProcedureInfo) -> Row {
    let in_sql = procedure.text.is_some();
    let count = |mode: Mode| procedure.parameters.iter().filter(|parameter| parameter.mode == mode).count();
    facts! {
        schema: &procedure.schema,
        routine: &procedure.name,
        specific: &procedure.specific,
        owner: owner(procedure),
        definer: if in_sql { &procedure.schema } else { "QSYS" },
        owner_type: if in_sql { "U" } else { "S" },
        // Q is a body in SQL.
        origin: if in_sql { "Q" } else { "S" },
        language: if in_sql { "SQL" } else { "C" },
        body: if in_sql { "SQL" } else { "EXTERNAL" },
        text: procedure.text.as_ref(),
        access: procedure.access.get(..1),
        access_in_full: &procedure.access,
        deterministic: procedure.deterministic,
        deterministic_in_full: if procedure.deterministic { "YES" } else { "NO" },
        count: procedure.parameters.len(),
        inputs: count(Mode::In),
        outputs: count(Mode::Out),
        both: count(Mode::InOut),
        results: procedure.results,
        // JDBC and ODBC: a procedure without a result of its own.
        kind: 1i64,
    }
}

fn owner(procedure: &ProcedureInfo) -> &str {
    if procedure.text.is_some() { &procedure.schema } else { "SYSIBM" }
}

fn parameter(
    procedure: &ProcedureInfo,
    n: usize,
    parameter: &ProcedureParameter,
    asked: &Asked<'_>,
) -> Result<Row, SqlError> {
    let field = described(&parameter.column, n, asked)?;
    let facts = ColumnFacts(&field);
    let number = facts.number(asked.jdbc);
    // The number is that of JDBC and ODBC, the letter that of Db2's catalogs.
    let (mode, mode_name, row_type) = match parameter.mode {
        Mode::In => (1i64, "IN", "P"),
        Mode::InOut => (2, "INOUT", "B"),
        Mode::Out => (4, "OUT", "O"),
    };
    Ok(facts! {
        schema: &procedure.schema,
        routine: &procedure.name,
        specific: &procedure.specific,
        owner: owner(procedure),
        parameter: parameter.column.name(),
        position: n + 1,
        mode: mode,
        mode_name: mode_name,
        row_type: row_type,
        number: number,
        family: family(number),
        member: member(number),
        name: facts.name(),
        catalog_name: facts.plain_name(true),
        plain_name: facts.plain_name(false),
        size: facts.size(),
        buffer: facts.buffer(),
        precision: facts.radix().map(|_| facts.size()),
        stored: facts.stored(),
        scale: facts.scale(),
        octets: facts.octets(),
        digits: facts.digits(),
        radix: facts.radix(),
        codepage: facts.page(0).unwrap_or(0),
        page: facts.ccsid(),
    })
}
