//! The facts that a cursor tells of its last statement: `description`, `rowcount` and `messages` of PEP 249.

use std::sync::Arc;

use arrow_schema::{DataType, Field};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::statement::SharedStatement;
use super::type_code::type_code;
use crate::client::sql::column_info::ColumnInfo;
use crate::python::errors;

/// The columns of the result in hand, if there is one.
pub(super) fn description<'py>(py: Python<'py>, statement: &SharedStatement) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let (columns, schema) = {
        let about = statement.about();
        (about.columns.clone(), about.schema.clone())
    };
    let (Some(columns), Some(schema)) = (columns, schema) else { return Ok(None) };
    let one = |((index, column), field): ((usize, ColumnInfo), &Arc<Field>)| {
        let name = if column.name.is_empty() { (index + 1).to_string() } else { column.name };
        let (numeric, size) = match field.data_type() {
            DataType::Decimal128(p, s) | DataType::Decimal256(p, s) => {
                (Some((*p, u8::try_from(*s).unwrap_or(0))), column.length)
            }
            // One of four bytes with a wider range than floats of four bytes have.
            DataType::Float64 => (None, 8),
            _ => ((column.precision > 0).then_some((column.precision, column.scale)), column.length),
        };
        let (precision, scale) = numeric.unzip();
        let code = type_code(column.sql_type, field.data_type());
        (name, code, None::<u8>, size, precision, scale, column.nullable)
    };
    let columns = columns.into_iter().enumerate().zip(schema.fields());
    Ok(Some(PyTuple::new(py, columns.map(one).collect::<Vec<_>>())?))
}

/// PEP 249's rowcount.
pub(super) fn row_count(statement: &SharedStatement) -> i64 {
    statement.about().count.and_then(|count| i64::try_from(count).ok()).unwrap_or(-1)
}

/// Moves the server's new remarks into the list that Python sees.
pub(super) fn drain_messages(py: Python<'_>, statement: &SharedStatement, list: &Bound<'_, PyList>) -> PyResult<()> {
    let warnings = {
        let mut about = statement.about();
        about.heard = 0;
        std::mem::take(&mut about.warnings)
    };
    for warning in &warnings {
        list.append(errors::warning(py, warning)?)?;
    }
    Ok(())
}

/// Words for `repr`.
pub(super) fn describe_state(statement: &SharedStatement) -> String {
    match (statement.is_closed(), statement.about().columns.as_ref()) {
        (true, _) => "closed".to_owned(),
        (false, Some(columns)) => format!("{} columns", columns.len()),
        (false, None) => "no result".to_owned(),
    }
}
