//! The client's errors as Python exceptions. The classes of PEP 249 are in `drdarrow/exceptions.py`; here they
//! get `sqlstate`, `sqlcode`, `phase`, `peer`, `reply`, `hint`, `connection_usable`, `retryable`, `row` and
//! `column`.
//! They never contain a password.

use std::any::TypeId;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::printable::printable;
use crate::client::warning::Warning;

/// The exceptions of PEP 249.
pub(super) const CLASSES: [&str; 10] = [
    "Warning",
    "Error",
    "InterfaceError",
    "DatabaseError",
    "DataError",
    "OperationalError",
    "IntegrityError",
    "InternalError",
    "ProgrammingError",
    "NotSupportedError",
];

/// The exception for an error.
pub(super) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    instance(py, error).map_or_else(|failed| failed, PyErr::from_value)
}

/// The client's outcome as Python's.
pub(super) trait Raise<T> {
    /// The value, or the exception.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> Raise<T> for Result<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|e| raise(py, &e))
    }
}

/// The exception of misuse, with a message.
pub(super) fn interface(py: Python<'_>, message: impl Into<String>) -> PyErr {
    raise(py, &Error::interface(message))
}

/// An error of ours that should not happen.
pub(super) fn internal(message: impl Into<String>) -> Error {
    Error::new(ErrorClass::Internal, Phase::Execute, "58009", message)
}

/// A value that has no place on the other side; `state` is 22003 (range), 22008 (time), 22018, 22021.
pub(super) fn data(phase: Phase, state: &str, message: impl Into<String>) -> Error {
    Error::new(ErrorClass::Data, phase, state, message)
}

/// A call that does not fit the statement.
pub(super) fn programming(state: &str, message: impl Into<String>) -> Error {
    Error::new(ErrorClass::Programming, Phase::Execute, state, message)
}

/// An exception object for an error.
pub(super) fn instance<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let class = class(
        py,
        match error.kind {
            ErrorClass::Interface => "InterfaceError",
            ErrorClass::Operational => "OperationalError",
            ErrorClass::Programming => "ProgrammingError",
            ErrorClass::Data => "DataError",
            ErrorClass::Integrity => "IntegrityError",
            ErrorClass::NotSupported => "NotSupportedError",
            ErrorClass::Internal => "InternalError",
        },
    )?;
    let about = PyDict::new(py);
    about.set_item("sqlstate", error.sqlstate.as_deref())?;
    about.set_item("sqlcode", error.sqlcode)?;
    about.set_item("phase", error.phase.name())?;
    about.set_item("peer", error.peer.as_deref())?;
    about.set_item("reply", error.reply)?;
    about.set_item("hint", error.hint.as_deref().map(printable))?;
    about.set_item("connection_usable", error.connection_usable)?;
    about.set_item("retryable", error.retryable)?;
    about.set_item("row", error.row)?;
    about.set_item("column", error.column.as_deref().map(printable))?;
    let made = class.call((error.to_string(),), Some(&about))?;
    if let Some(cause) = error.cause.as_ref().and_then(|cause| cause.get::<PyErr>()) {
        made.setattr("__cause__", cause.clone_ref(py).into_value(py))?;
    }
    Ok(made)
}

/// A server's warning as PEP 249's `messages` wants it: class and instance.
pub(super) fn warning<'py>(py: Python<'py>, warning: &Warning) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyAny>)> {
    let make = py.import("drdarrow.sqlwarnings")?.getattr("made")?;
    let instance = make.call1((printable(&warning.message), warning.sqlstate.trim(), warning.sqlcode))?;
    Ok((instance.get_type(), instance))
}

/// Whether an exception is one of this package's errors.
fn is_ours(py: Python<'_>, e: &PyErr) -> bool {
    class(py, "Error").is_ok_and(|class| e.is_instance(py, &class))
}

/// An error of ours with the row that it is about; whatever else was raised stays as it is.
pub(super) fn at_row(py: Python<'_>, e: PyErr, row: u64) -> PyErr {
    match is_ours(py, &e).then(|| e.value(py).setattr("row", row)) {
        Some(Err(failed)) => failed,
        _ => e,
    }
}

/// One of the classes by name.
pub(super) fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyType>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("drdarrow.exceptions").map(Bound::unbind))?;
    Ok(module.bind(py).getattr(name)?.cast_into::<PyType>()?)
}

/// The outcome of an asyncio future: a Python value, or an error that becomes an exception, made when Python's lock is
/// held again.
pub(super) struct FutureResult(MakeValue);

/// Makes a Python value when the lock is held.
type MakeValue = Box<dyn for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>> + Send>;

impl FutureResult {
    pub(super) fn of<T>(result: Result<T>) -> FutureResult
    where
        T: for<'a> IntoPyObject<'a> + Send + 'static,
    {
        FutureResult(Box::new(|py| match result {
            // Else it would be an empty tuple.
            Ok(_) if TypeId::of::<T>() == TypeId::of::<()>() => Ok(py.None().into_bound(py)),
            Ok(value) => value.into_bound_py_any(py),
            Err(error) => Err(raise(py, &error)),
        }))
    }
}

impl<'py> IntoPyObject<'py> for FutureResult {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        (self.0)(py)
    }
}
