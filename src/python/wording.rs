//! How errors speak of what Python gave: of its type, its place, and text that is no Unicode. And `repr`.

use std::fmt;

use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::errors;
use crate::client::error::Result;

/// Where a value stands, in the words of errors.
#[derive(Clone, Copy)]
pub(super) struct ValuePlace<'a> {
    /// Which execution of many.
    pub(super) row: Option<usize>,
    /// Which parameter.
    pub(super) parameter: Parameter<'a>,
}

/// Which parameter of a statement.
#[derive(Clone, Copy)]
pub(super) enum Parameter<'a> {
    /// By its number, from 1.
    Number(usize),
    /// By its name.
    Name(&'a str),
}

impl fmt::Display for ValuePlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&of_row(self.row))?;
        match self.parameter {
            Parameter::Number(number) => write!(f, "parameter {number}"),
            Parameter::Name(name) => write!(f, "parameter :{name}"),
        }
    }
}

/// Which execution of many, in the words of errors.
pub(super) fn of_row(row: Option<usize>) -> String {
    row.map_or_else(String::new, |row| format!("row {row}: "))
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

/// `repr` of an object of ours, by its state.
pub(super) fn shown<C: PyTypeInfo>(py: Python<'_>, state: Result<String>) -> PyResult<String> {
    let name = C::type_object(py).fully_qualified_name()?;
    let state = state.unwrap_or_else(|_| "of another process".to_owned());
    Ok(format!("<{name} {state}>"))
}
