//! The parameters of one execution: a sequence with a value for each question mark. `value` reads each; `named` has
//! those by name.

use arrow_array::RecordBatch;
use arrow_array::array::ArrayRef;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyFrozenSet, PyMapping, PySet, PyString};

use super::value::{self, Value};
use crate::client::sql::parameters::one_row;
use crate::python::errors;
use crate::python::wording::{Parameter, ValuePlace, kind, of_row, unicode};

/// The parameters of one execution, each an array of one element.
pub(in crate::python) fn row(parameters: &Bound<'_, PyAny>) -> PyResult<Vec<ArrayRef>> {
    let raise = |e| errors::raise(parameters.py(), &e);
    values(parameters, None)?.into_iter().map(|value| value.array().map_err(raise)).collect()
}

/// The same as a batch of one row; `None` means no parameters.
pub(in crate::python) fn batch(py: Python<'_>, parameters: Option<&Bound<'_, PyAny>>) -> PyResult<RecordBatch> {
    let values = parameters.map_or_else(|| Ok(Vec::new()), row)?;
    one_row(&values).map_err(|e| errors::raise(py, &e))
}

/// The parameters of one execution, or of execution `row` of many, counted from 1.
pub(in crate::python) fn values<'py>(parameters: &Bound<'py, PyAny>, row: Option<usize>) -> PyResult<Vec<Value<'py>>> {
    check(parameters, row)?;
    let one = |(index, value): (usize, PyResult<Bound<'py, PyAny>>)| {
        value::read(&value?, ValuePlace { row, parameter: Parameter::Number(index + 1) })
    };
    parameters.try_iter()?.enumerate().map(one).collect()
}

/// Refuses anything but a sequence of parameters, for any of many executions.
pub(in crate::python) fn check(parameters: &Bound<'_, PyAny>, row: Option<usize>) -> PyResult<()> {
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

/// Why row `row` of many, a mapping, is not for a statement whose parameters have no names.
pub(super) fn without_names(parameters: &Bound<'_, PyAny>, row: usize) -> PyErr {
    let (place, kind) = (of_row(Some(row)), kind(parameters));
    let text = format!("{place}parameters are a sequence, one value per ?, not {kind}: a mapping is for :name");
    errors::raise(parameters.py(), &errors::programming("07001", text))
}

/// SQL text; a lone surrogate has no UTF-8 and is refused by its index.
pub(in crate::python) fn statement(sql: &Bound<'_, PyAny>) -> PyResult<String> {
    let text = sql
        .cast::<PyString>()
        .map_err(|_| errors::interface(sql.py(), format!("the statement is a str, not {}", kind(sql))))?;
    unicode(text, "the statement")
}
