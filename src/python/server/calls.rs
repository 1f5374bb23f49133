//! Calls of an engine that is written in Python: an object that is held, and exceptions that become conditions of SQL.

use crate::python::runtime;
use crate::server::error::SqlError;
use pyo3::prelude::*;

/// An object of Python's. Let go of here and now: a reference that is dropped without Python's lock is
/// counted down by whichever thread comes to Python next, at a bad time for a connection to a database.
pub(super) struct HeldObject(Option<Py<PyAny>>);

impl HeldObject {
    pub(super) fn new(object: Py<PyAny>) -> HeldObject {
        HeldObject(Some(object))
    }

    pub(super) fn bind<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let object = self.0.as_ref().map(|object| object.bind(py));
        object.ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("gone"))
    }
}

impl Drop for HeldObject {
    fn drop(&mut self) {
        let mut object = std::mem::ManuallyDrop::new(self.0.take());
        runtime::inside(|_| drop(object.take()));
    }
}

/// Calls Python; its exceptions become conditions of SQL.
pub(super) fn inside<T>(call: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T, SqlError> {
    let called = runtime::inside(|py| {
        call(py).map_err(|e| {
            let value = e.value(py).as_any();
            told_in_sql(value).unwrap_or_else(|| {
                let kind = value.get_type().name().map_or_else(|_| "an exception".to_owned(), |name| name.to_string());
                unforeseen(py, &kind, value)
            })
        })
    });
    called.unwrap_or_else(|| Err(SqlError::system("the program ends")))
}

/// The client's error for an exception that says nothing in SQL: its kind and a number, by which the log tells the
/// rest.
pub(super) fn unforeseen<'py>(py: Python<'py>, kind: &str, error: impl IntoPyObject<'py>) -> SqlError {
    let told = py.import("drdarrow.server.unforeseen").and_then(|module| {
        let told = module.call_method1("unforeseen", (kind, error))?;
        Ok(told_in_sql(&told))
    });
    told.ok().flatten().unwrap_or_else(|| SqlError::system(kind))
}

/// An exception that says what it is in SQL.
pub(super) fn told_in_sql(error: &Bound<'_, PyAny>) -> Option<SqlError> {
    Some(SqlError {
        sqlcode: error.getattr("sqlcode").ok()?.extract().ok()?,
        sqlstate: error.getattr("sqlstate").ok()?.extract().ok()?,
        tokens: error.getattr("tokens").ok()?.extract().ok()?,
        rolled_back: error.getattr("rolled_back").ok()?.extract().ok()?,
    })
}
