//! Parameters as Python gives them: a sequence with a value for each question mark. What one value becomes, `value` says.

use std::fmt;

use arrow_array::array::ArrayRef;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyFrozenSet, PyMapping, PySet, PyString};

use super::errors;
use super::value;

/// The parameters of one execution; `None` is none.
pub(super) fn row(parameters: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<ArrayRef>> {
    parameters.map_or_else(|| Ok(Vec::new()), |parameters| values(parameters, None))
}

/// The parameters of execution `row` of many, counted from 1.
pub(super) fn row_of_many(parameters: &Bound<'_, PyAny>, row: usize) -> PyResult<Vec<ArrayRef>> {
    values(parameters, Some(row))
}

fn values(parameters: &Bound<'_, PyAny>, row: Option<usize>) -> PyResult<Vec<ArrayRef>> {
    check(parameters, row)?;
    let one =
        |(index, value): (usize, PyResult<Bound<'_, PyAny>>)| value::array(&value?, Place { row, number: index + 1 });
    parameters.try_iter()?.enumerate().map(one).collect()
}

/// Where a value stands, in the words of errors.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Which execution of many.
    row: Option<usize>,
    /// Which parameter, from 1.
    number: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&of_row(self.row))?;
        write!(f, "parameter {}", self.number)
    }
}

fn of_row(row: Option<usize>) -> String {
    row.map_or_else(String::new, |row| format!("row {row}: "))
}

/// Refuses what is no sequence of parameters, of which execution of many it may be.
pub(super) fn check(parameters: &Bound<'_, PyAny>, row: Option<usize>) -> PyResult<()> {
    let py = parameters.py();
    let wrong = parameters.is_instance_of::<PyString>()
        || parameters.is_instance_of::<PyBytes>()
        || parameters.is_instance_of::<PyByteArray>()
        || parameters.is_instance_of::<PyDict>()
        || parameters.is_instance_of::<PySet>()
        || parameters.is_instance_of::<PyFrozenSet>()
        || parameters.cast::<PyMapping>().is_ok();
    let refused = || {
        let kind = kind(parameters);
        let text = format!("{}parameters are a sequence, one value per ?, not {kind}", of_row(row));
        errors::raise(py, &errors::programming("07001", text))
    };
    if wrong || !parameters.hasattr("__iter__")? {
        return Err(refused());
    }
    // A frame of pandas gives the names of its columns one by one.
    match parameters.getattr_opt("ndim")?.and_then(|ndim| ndim.extract::<usize>().ok()) {
        Some(0 | 2..) => Err(refused()),
        _ => Ok(()),
    }
}

/// SQL text; a lone surrogate has no UTF-8 and is refused by its index.
pub(super) fn statement(sql: &Bound<'_, PyAny>) -> PyResult<String> {
    let text = sql
        .cast::<PyString>()
        .map_err(|_| errors::interface(sql.py(), format!("the statement is a str, not {}", kind(sql))))?;
    unicode(text, "the statement")
}

/// Text, or an error that says where it is not Unicode.
pub(super) fn unicode(text: &Bound<'_, PyString>, what: &str) -> PyResult<String> {
    let py = text.py();
    text.to_str().map(str::to_owned).map_err(|e| {
        let index = e.value(py).getattr("start").and_then(|start| start.extract::<usize>()).unwrap_or_default();
        errors::interface(py, format!("{what} has a lone surrogate at index {index}, which no server can take"))
    })
}

/// Name of a value's type.
pub(super) fn kind(value: &Bound<'_, PyAny>) -> String {
    value.get_type().fully_qualified_name().map_or_else(|_| "object".to_owned(), |name| name.to_string())
}
