//! Work as Python's coroutines: it begins when the coroutine is awaited, and is dropped when the task that awaits it
//! is cancelled. The coroutines themselves are in `drdarrow/_coroutines.py`.

use std::sync::{Mutex, PoisonError};

use pyo3::call::PyCallArgs;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use super::awaitable;
use super::errors::{self, Raise};
use super::ownership::Owned;
use crate::client::error::Result;

/// A coroutine of that module. `name` is what Python says of one that nobody awaits.
pub(super) fn coroutine<'py>(
    py: Python<'py>,
    name: &str,
    function: &str,
    arguments: impl PyCallArgs<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let made = of_module(py, function)?.call1(arguments)?;
    made.setattr("__qualname__", name)?;
    Ok(made)
}

/// A coroutine that can be entered by `async with` as well.
pub(super) fn opening<'py>(coroutine: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    of_module(coroutine.py(), "Opening")?.call1((coroutine,))
}

/// A coroutine of work, or of the error in its arguments.
pub(super) fn spawn<'py, F, T>(py: Python<'py>, name: &str, work: PyResult<F>) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = Result<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    coroutine(py, name, "wait", (Start::new(work),))
}

/// A coroutine that asks for the password, where it is a callable, and goes on with `function` of this module then.
pub(super) fn asking<'py>(
    py: Python<'py>,
    name: &str,
    function: &str,
    uri: Option<&Bound<'py, PyAny>>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(settings) = settings else { return Ok(None) };
    match settings.get_item("password")? {
        Some(source) if source.is_callable() => {
            coroutine(py, name, "with_password", (function, uri, settings)).map(Some)
        }
        _ => Ok(None),
    }
}

/// As [`spawn`], for a result as a whole: `lose` is called when the task is cancelled before it has it.
pub(super) fn whole<'py, F, T>(
    py: Python<'py>,
    name: &str,
    work: PyResult<F>,
    lose: impl Fn() + Send + Sync + 'static,
) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = Result<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    coroutine(py, name, "whole", (Start::new(work), Lose(Owned::new(Box::new(lose)))))
}

type Begin = Box<dyn for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>> + Send>;

/// Begins some work when it is called.
#[pyclass(frozen, module = "drdarrow._core")]
struct Start(Owned<Mutex<Option<Begin>>>);

impl Start {
    fn new<F, T>(work: PyResult<F>) -> Start
    where
        F: Future<Output = Result<T>> + Send + 'static,
        T: for<'a> IntoPyObject<'a> + Send + 'static,
    {
        let begin: Begin = match work {
            Ok(work) => Box::new(move |py| awaitable::asyncio(py, work)),
            Err(e) => Box::new(move |_| Err(e)),
        };
        Start(Owned::new(Mutex::new(Some(begin))))
    }
}

/// Notes that a result is lost.
#[pyclass(frozen, module = "drdarrow._core")]
struct Lose(Owned<Box<dyn Fn() + Send + Sync>>);

#[pymethods]
impl Lose {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let lose = self.0.get().or_raise(py)?;
        lose();
        Ok(())
    }
}

#[pymethods]
impl Start {
    fn __call__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let begin = self.0.get().or_raise(py)?.lock().unwrap_or_else(PoisonError::into_inner).take();
        match begin {
            Some(begin) => begin(py),
            None => Err(errors::interface(py, "the coroutine was awaited before")),
        }
    }
}

fn of_module<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    MODULE.get_or_try_init(py, || py.import("drdarrow._coroutines").map(Bound::unbind))?.bind(py).getattr(name)
}
