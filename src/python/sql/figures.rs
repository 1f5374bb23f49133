//! The numbers of connections and statements, as Python's named tuples (`drdarrow/observing.py`).

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::statement::SharedStatement;
use crate::client::sql::meter::ConnectionCounters;
use crate::python::shared_connection::SharedConnection;

const MODULE: &str = "drdarrow.observing";

/// The work of a connection so far.
pub(super) fn counters<'py>(py: Python<'py>, link: &SharedConnection) -> PyResult<Bound<'py, PyAny>> {
    made(py, &link.client.counters())
}

/// The difference of its counters.
pub(super) fn since<'py>(
    py: Python<'py>,
    now: &ConnectionCounters,
    before: &ConnectionCounters,
) -> PyResult<Bound<'py, PyAny>> {
    made(py, now)?.call_method1("since", (made(py, before)?,))
}

fn made<'py>(py: Python<'py>, counters: &ConnectionCounters) -> PyResult<Bound<'py, PyAny>> {
    let named = PyDict::new(py);
    named.set_item("round_trips", counters.traffic.round_trips)?;
    named.set_item("bytes_sent", counters.traffic.sent)?;
    named.set_item("bytes_received", counters.traffic.received)?;
    named.set_item("rows", counters.rows)?;
    named.set_item("batches", counters.batches)?;
    named.set_item("waiting", counters.traffic.waited.as_secs_f64())?;
    named.set_item("decoding", counters.decoding.as_secs_f64())?;
    py.import(MODULE)?.getattr("Counters")?.call((), Some(&named))
}

/// Where the time of the last statement went; none before the first.
pub(super) fn timing<'py>(py: Python<'py>, statement: &SharedStatement) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(times) = statement.about().times.as_ref().map(|times| times.read()) else { return Ok(None) };
    let known = times.answer + times.waiting + times.decoding;
    let named = PyDict::new(py);
    named.set_item("preparing", times.preparing.as_secs_f64())?;
    named.set_item("first_block", times.answer.saturating_sub(times.preparing).as_secs_f64())?;
    named.set_item("waiting", times.waiting.as_secs_f64())?;
    named.set_item("decoding", times.decoding.as_secs_f64())?;
    named.set_item("consumer", times.elapsed.saturating_sub(known).as_secs_f64())?;
    named.set_item("rows", times.rows)?;
    named.set_item("batches", times.batches)?;
    py.import(MODULE)?.getattr("Timing")?.call((), Some(&named)).map(Some)
}
