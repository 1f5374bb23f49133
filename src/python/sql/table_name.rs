//! The name of a table, as it is written into statements.

use pyo3::prelude::*;

use crate::client::sql::identifier::table;
use crate::python::errors::Raise;

/// A table's name with each part in quotes. `name` may have a schema and parts in quotes, as in SQL.
#[pyfunction]
pub(in crate::python) fn quoted_table(py: Python<'_>, name: &str) -> PyResult<String> {
    table(None, name).or_raise(py)
}
