//! Cursors that move, for Python: the settings of a cursor, moves, and changes where it stands.

use std::sync::Arc;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::cursor_classes::{AsyncCursor, Cursor};
use super::fetch;
use super::statement::SharedStatement;
use crate::client::error::{Error, Result};
use crate::client::sql::scroll::{CursorAttributes, Move, ScrollCursor, ScrollOptions, Sensitivity};
use crate::python::arguments::params;
use crate::python::coroutine::coroutine;
use crate::python::errors::Raise;
use crate::python::reader::ReaderLease;
use crate::python::{errors, runtime};
use arrow_array::RecordBatch;

/// How a cursor is to move, as `cursor()` is told; none for one that is as any other.
pub(super) fn options(
    py: Python<'_>,
    scrollable: Option<&Bound<'_, PyAny>>,
    updatable: bool,
    hold: bool,
    rowset: Option<i64>,
) -> PyResult<Option<ScrollOptions>> {
    let bad = |text: &str| Err(errors::interface(py, text));
    let scroll = match scrollable {
        None => None,
        Some(value) => match (value.extract::<bool>(), value.extract::<&str>()) {
            (Ok(false), _) => None,
            (Ok(true), _) | (_, Ok("insensitive")) => Some(Sensitivity::Insensitive),
            (_, Ok("sensitive")) => Some(Sensitivity::Sensitive),
            _ => return bad("scrollable: expected a bool, \"insensitive\" or \"sensitive\""),
        },
    };
    if scroll.is_none() && !updatable {
        return match (hold, rowset) {
            (true, None) => Ok(None),
            _ => bad("hold and rowset: they are for cursors that are scrollable or updatable"),
        };
    }
    let rowset = rowset.map(|rows| u32::try_from(rows).unwrap_or(0));
    if rowset.is_some_and(|rows| !(1..=32_767).contains(&rows)) {
        return bad("rowset: expected 1 to 32767 rows");
    }
    Ok(Some(ScrollOptions { attributes: CursorAttributes { scroll, updatable, held: hold }, rowset }))
}

/// The move of a name, as `fetch_first()` has it.
pub(super) fn movement(name: &str, number: i64) -> Move {
    match name {
        "first" => Move::Absolute(1),
        "last" => Move::Absolute(-1),
        "prior" => Move::Relative(-1),
        "absolute" => Move::Absolute(number),
        _ => Move::Relative(number),
    }
}

/// Moves, and fetches the row there; none where there is no such row. No other thread moves the cursor in between.
pub(super) fn fetched<'py>(slf: &Bound<'py, Cursor>, name: &str, number: i64) -> PyResult<Option<Bound<'py, PyAny>>> {
    let (py, cursor) = (slf.py(), slf.get());
    let statement = cursor.next(py)?;
    let maker = cursor.rows.maker(slf, &statement)?;
    let moves = scrolling(&statement).or_raise(py)?;
    let mut to = movement(name, number);
    loop {
        let (lease, found) = runtime::wait(py, seek(&statement, to, 0))?;
        if !found {
            return Ok(None);
        }
        let target = place(&moves, &lease, 0).unwrap_or_default();
        let lease = fetch::filled_one(py, &statement, lease)?;
        let (row, after) = match lease {
            Some(mut lease) => (fetch::take_one(py, &mut lease)?, place(&moves, &lease, 0)),
            None => (None, None),
        };
        // A row that was deleted is left out, backward by the one before it.
        if number >= 0 || after == Some(target.saturating_add(1)) {
            return row.map(|row| maker.one(row)).transpose();
        }
        to = Move::Absolute(target);
    }
}

/// The same, to be awaited.
pub(super) fn fetched_soon<'py>(slf: Bound<'py, AsyncCursor>, name: &str, number: i64) -> PyResult<Bound<'py, PyAny>> {
    coroutine(slf.py(), &format!("AsyncCursor.fetch_{name}"), "fetch_moved", (slf.clone(), name, number))
}

/// A method of the cursor that moves it or changes rows: it waits until no other task is at it.
pub(super) fn in_turn<'py>(
    slf: &Bound<'py, AsyncCursor>,
    name: &str,
    method: &str,
    arguments: Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    coroutine(slf.py(), &format!("AsyncCursor.{name}"), "in_turn", (slf.clone(), method, arguments))
}

/// Moves; whether there is such a row. `kept` rows were fetched and not handed out.
pub(super) async fn sought(statement: Arc<SharedStatement>, to: Move, kept: usize) -> Result<bool> {
    seek(&statement, to, kept).await.map(|(_, found)| found)
}

/// The same, with the cursor for whoever goes on from there.
async fn seek(statement: &SharedStatement, to: Move, kept: usize) -> Result<(ReaderLease, bool)> {
    let (mut lease, cursor) = (statement.lease_rows_soon().await?, scrolling(statement)?);
    let found = moved(statement, &cursor, &mut lease, to, kept).await?;
    Ok((lease, found))
}

async fn moved(
    statement: &SharedStatement,
    cursor: &ScrollCursor,
    lease: &mut ReaderLease,
    to: Move,
    kept: usize,
) -> Result<bool> {
    let Some(reader) = lease.as_mut() else { return Ok(false) };
    let _waiting = statement.link.waiting();
    let found = cursor.seek(to, reader.held() + kept).await?;
    reader.discard();
    Ok(found)
}

/// Moves so that the row with this index from 0, or so many rows on, is fetched next.
pub(super) async fn scrolled(
    statement: Arc<SharedStatement>,
    value: i64,
    relative: bool,
    kept: usize,
) -> Result<Scrolled> {
    let cursor = scrolling(&statement)?;
    let mut lease = statement.lease_rows_soon().await?;
    let before = place(&cursor, &lease, kept).unwrap_or_default();
    let target = if relative { before.saturating_add(value) } else { value };
    if target < 0 {
        return Ok(Scrolled(false));
    }
    let found = moved(&statement, &cursor, &mut lease, Move::Absolute(target.saturating_add(1)), kept).await?;
    if !found {
        // As if nothing had been asked.
        moved(&statement, &cursor, &mut lease, Move::Absolute(before.saturating_add(1)), 0).await?;
    }
    Ok(Scrolled(found))
}

/// Whether `scroll()` led to a row.
pub(in crate::python) struct Scrolled(bool);

impl<'py> IntoPyObject<'py> for Scrolled {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.0 {
            true => Ok(py.None().into_bound(py)),
            false => Err(PyIndexError::new_err("scroll: there is no such row")),
        }
    }
}

/// The index from 0 of the next row; none for a cursor that does not move.
pub(super) fn position(statement: &SharedStatement, kept: usize) -> Result<Option<i64>> {
    let Ok(cursor) = scrolling(statement) else { return Ok(None) };
    Ok(place(&cursor, &statement.lease_rows()?, kept))
}

fn place(cursor: &ScrollCursor, lease: &ReaderLease, kept: usize) -> Option<i64> {
    let held = lease.as_ref().map_or(0, |reader| reader.held());
    cursor.place(held + kept).map(|row| i64::try_from(row).unwrap_or(i64::MAX))
}

fn scrolling(statement: &SharedStatement) -> Result<Arc<ScrollCursor>> {
    let none = || {
        errors::programming("24000", "the cursor does not move")
            .hint("open it by connection.cursor(scrollable=True) and execute a query")
    };
    statement.about().scroll.clone().ok_or_else(none)
}

/// Values for the row where a cursor stands.
pub(super) struct Changes {
    table: Option<String>,
    columns: Vec<String>,
    row: RecordBatch,
}

impl Changes {
    pub(super) fn of(py: Python<'_>, values: &Bound<'_, PyDict>, table: Option<String>) -> PyResult<Changes> {
        let columns: Vec<String> = values.keys().extract()?;
        let row = PyTuple::new(py, values.values())?;
        Ok(Changes { table, columns, row: params::batch(py, Some(row.as_any()))? })
    }
}

/// Changes the row where the cursor stands, or deletes it.
pub(super) async fn changed(
    statement: Arc<SharedStatement>,
    changes: Option<Changes>,
    table: Option<String>,
    kept: usize,
) -> Result<()> {
    let not_updatable = |_| {
        errors::programming("24000", "rows cannot be changed through this cursor")
            .hint("open it by connection.cursor(updatable=True) and execute a query")
    };
    let (lease, cursor) = (statement.lease_rows_soon().await?, scrolling(&statement).map_err(not_updatable)?);
    let held = lease.as_ref().map_or(0, |reader| reader.held()) + kept;
    let _waiting = statement.link.waiting();
    let done = match changes {
        Some(changes) => cursor.update(held, changes.table.as_deref(), &changes.columns, &changes.row).await?,
        None => cursor.delete(held, table.as_deref()).await?,
    };
    statement.about().warnings.extend(done.warnings);
    Ok(())
}

/// Whether a move is one on from here.
pub(super) fn relative(py: Python<'_>, mode: &str) -> PyResult<bool> {
    match mode {
        "relative" => Ok(true),
        "absolute" => Ok(false),
        _ => Err(errors::raise(py, &Error::interface("mode: expected \"relative\" or \"absolute\""))),
    }
}
