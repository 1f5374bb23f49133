//! Tells of statements, in the name of whoever called, when a call is over: of those that were slow, and of the server's
//! warnings.

use std::sync::Arc;

use arrow_array::RecordBatch;
use pyo3::PyClass;
use pyo3::prelude::*;

use super::figures;
use super::statement::SharedStatement;
use crate::client::error::Result;
use crate::python::{errors, runtime};

const LOGGER: &str = "drdarrow.slow";

/// Notes who wants to hear of a statement that is about to run.
pub(super) fn begin(py: Python<'_>, statement: &SharedStatement, sql: &str) -> PyResult<()> {
    let link = &statement.link;
    statement.watch(link.watch.begin(py, &link.client, sql)?);
    Ok(())
}

/// Tells what there is to tell of the last statement. An exception is that of a warning which a filter makes one.
pub(super) fn tell(py: Python<'_>, statement: &SharedStatement) -> PyResult<()> {
    tell_if_slow(py, statement)?;
    loop {
        let (caller, warning) = {
            let mut about = statement.about();
            let Some(caller) = about.watched.as_ref().and_then(|watched| watched.caller.clone()) else { return Ok(()) };
            let Some(warning) = about.warnings.get(about.heard).cloned() else { return Ok(()) };
            about.heard += 1;
            (caller, warning)
        };
        let (class, instance) = errors::warning(py, &warning)?;
        caller.warn(py, &instance, class.as_any())?;
    }
}

/// Nothing, once what there is to tell is told.
pub(super) struct Told(pub(super) Arc<SharedStatement>);

impl<'py> IntoPyObject<'py> for Told {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        tell(py, &self.0)?;
        Ok(py.None().into_bound(py))
    }
}

/// A cursor, once what there is to tell of its statement is told.
pub(super) struct ToldCursor<C: PyClass>(pub(super) Arc<SharedStatement>, pub(super) Py<C>);

impl<'py, C: PyClass> IntoPyObject<'py> for ToldCursor<C> {
    type Target = C;
    type Output = Bound<'py, C>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, C>> {
        tell(py, &self.0)?;
        Ok(self.1.into_bound(py))
    }
}

/// Executes once.
pub(super) async fn execute(statement: &SharedStatement, sql: &str, row: RecordBatch) -> Result<()> {
    failing(statement, statement.execute(sql, row).await)
}

/// An outcome. A slow statement that fails is told of here: nobody gets a result with which it could be told.
pub(super) fn failing<T>(statement: &SharedStatement, outcome: Result<T>) -> Result<T> {
    if outcome.is_err() {
        statement.failed();
        if statement.slowest().is_some() {
            runtime::aside(|py| tell_if_slow(py, statement));
        }
    }
    outcome
}

/// Calls the hook, and writes to the log, where an answer took too long. Once for a statement.
pub(super) fn tell_if_slow(py: Python<'_>, statement: &SharedStatement) -> PyResult<()> {
    let watch = &statement.link.watch;
    let Some(took) = statement.slowest() else { return Ok(()) };
    let noted = statement.about().watched.as_mut().and_then(|watched| watched.before.take());
    let Some((sql, before)) = noted else { return Ok(()) };
    let counters = figures::since(py, &statement.link.client.counters(), &before)?;
    let seconds = took.as_secs_f64();
    let logger = py.import("logging")?.call_method1("getLogger", (LOGGER,))?;
    logger.call_method1("warning", ("%.3f s: %s (%s)", seconds, &sql, &counters))?;
    if let Some(hook) = watch.hook(py)
        && let Err(e) = hook.bind(py).call1((sql, seconds, counters))
    {
        // The statement has run: a fault of the hook is no fault of its.
        e.write_unraisable(py, Some(hook.bind(py)));
    }
    Ok(())
}
