//! Rows of a cursor on their way to Python.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::statement::SharedStatement;
use super::telling;
use crate::client::batch_source::BatchSource;
use crate::client::error::{Error, Result};
use crate::client::limits::Limits;
use crate::python::arguments::given::Given;
use crate::python::arguments::settings;
use crate::python::errors::Raise;
use crate::python::reader::{ALL_ROWS, ROWS, ReaderLease, ResultReader, fill};
use crate::python::{errors, runtime};

/// So many rows; all when as many are wanted as there can be.
pub(super) fn many<'py>(py: Python<'py>, statement: &SharedStatement, wanted: usize) -> PyResult<Bound<'py, PyList>> {
    let mut lease = statement.lease_rows().or_raise(py)?;
    let (list, whole) = (PyList::empty(py), wanted == usize::MAX);
    // Rows of a fetch that is broken off are lost.
    let broken_off = |_: &PyErr| {
        if !list.is_empty() {
            statement.lose();
        }
    };
    while list.len() < wanted {
        let limits = if whole { ALL_ROWS } else { ROWS };
        lease = match filled(py, statement, lease, limits).inspect_err(broken_off)? {
            Ok(Some(lease)) => lease,
            Ok(None) => break,
            // The rows before the failure first; it is told again by the next fetch.
            Err(_) if !whole && !list.is_empty() => break,
            Err(e) => return Err(errors::raise(py, &e)),
        };
        take(&mut lease, wanted - list.len(), &list).inspect_err(broken_off)?;
        py.check_signals().inspect_err(broken_off)?;
    }
    Ok(list)
}

/// The next row, or none at the end.
pub(super) fn one<'py>(py: Python<'py>, statement: &SharedStatement) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let lease = filled_one(py, statement, statement.lease_rows().or_raise(py)?)?;
    lease.map_or(Ok(None), |mut lease| take_one(py, &mut lease))
}

/// The cursor with a row in hand, or none at the end.
pub(super) fn filled_one(
    py: Python<'_>,
    statement: &SharedStatement,
    lease: ReaderLease,
) -> PyResult<Option<ReaderLease>> {
    filled(py, statement, lease, ROWS)?.or_raise(py)
}

/// Waits until rows are in hand; false at the end. It takes none. Who wants the `whole` result gets more of them at a
/// time, and later.
pub(super) async fn more(statement: Arc<SharedStatement>, whole: bool) -> Result<bool> {
    let mut lease = statement.lease_rows_soon().await?;
    if let Some(reader) = lease.as_mut() {
        reader.set_limits(if whole { ALL_ROWS } else { ROWS });
    }
    let (mut lease, filled) = fill(lease).await;
    if let Some(reader) = lease.as_mut().and_then(|lease| lease.as_mut()) {
        statement.about().warnings.extend(reader.take_warnings());
    }
    telling::failing(&statement, filled)
}

/// Waits and decodes, by batches of this size, until there are rows in hand; none at the end.
fn filled(
    py: Python<'_>,
    statement: &SharedStatement,
    mut lease: ReaderLease,
    limits: Limits,
) -> PyResult<Result<Option<ReaderLease>>> {
    let Some(reader) = lease.as_mut() else { return Ok(Ok(None)) };
    reader.set_limits(limits);
    if reader.held() > 0 {
        return Ok(Ok(Some(lease)));
    }
    let (mut lease, filled) = runtime::block_on(py, fill(lease))?;
    if let Some(reader) = lease.as_mut().and_then(|lease| lease.as_mut()) {
        statement.about().warnings.extend(reader.take_warnings());
    }
    telling::tell(py, statement)?;
    Ok(filled.map(|more| lease.filter(|_| more)))
}

/// Moves rows in hand to a list, at most `most`.
pub(super) fn take(lease: &mut ReaderLease, most: usize, list: &Bound<'_, PyList>) -> PyResult<()> {
    let Some(reader) = lease.as_mut() else { return Ok(()) };
    let Some(found) = reader.look(most) else { return Ok(()) };
    found.append(list)?;
    reader.skip(found.len);
    Ok(())
}

/// Takes the next row in hand.
pub(super) fn take_one<'py>(py: Python<'py>, lease: &mut ReaderLease) -> PyResult<Option<Bound<'py, PyTuple>>> {
    match lease.as_mut() {
        Some(reader) => reader.take_row(py),
        None => Ok(None),
    }
}

/// The result, for a stream that takes it over.
pub(super) fn handed_over<'py>(
    py: Python<'py>,
    statement: &SharedStatement,
    batch_rows: Option<&Bound<'py, PyAny>>,
    batch_bytes: Option<&Bound<'py, PyAny>>,
    batch_delay: &Given<'py>,
) -> PyResult<ResultReader> {
    let limits = settings::limits(statement.link.limits, batch_rows, batch_bytes, batch_delay)?;
    let mut reader = statement.hand_over().or_raise(py)?;
    reader.set_limits(limits);
    Ok(reader)
}

/// A number of rows.
pub(super) fn count(py: Python<'_>, what: &str, rows: i64) -> PyResult<usize> {
    usize::try_from(rows)
        .map_err(|_| errors::raise(py, &Error::interface(format!("{what}: expected a number of rows"))))
}
