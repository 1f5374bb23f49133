//! `executemany()`: one call of a statement with many rows, read from Python as it goes. All of them are kept,
//! or none wherever the server can undo.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use pyo3::prelude::*;

use super::ingest_request::{IngestRequest, Progress};
use super::statement::SharedStatement;
use super::telling::{self, Told};
use crate::client::error::{Error, Result};
use crate::client::sql::batch::Batch;
use crate::python::arguments::named;
use crate::python::arguments::param_rows::{ParamRows, RawChunk};
use crate::python::ownership::{Owned, OwnedSlot};
use crate::python::reader::ReaderLease;
use crate::python::{awaitable, errors, runtime};

/// The whole call, for a thread that waits.
pub(super) fn run(
    py: Python<'_>,
    statement: &SharedStatement,
    operation: &Bound<'_, PyAny>,
    rows: &Bound<'_, PyAny>,
    skip: Option<usize>,
) -> PyResult<()> {
    let raise = |e: Error| errors::raise(py, &e);
    let (sql, names) = named::many(operation)?;
    let mut rows = ParamRows::of(rows, names)?;
    let mut lease = statement.lease().map_err(raise)?;
    telling::begin(py, statement, &sql)?;
    let begun = async { telling::failing(statement, statement.begin_many(&mut lease, &sql, skip).await) };
    let batch = runtime::block_on(py, begun)?.map_err(raise)?;
    drive(py, statement, batch, &mut rows, None)?;
    telling::tell(py, statement)
}

/// Gives all rows to a call, and ends it.
pub(super) fn drive(
    py: Python<'_>,
    statement: &SharedStatement,
    batch: Batch,
    rows: &mut ParamRows,
    mut progress: Option<&mut Progress<'_>>,
) -> PyResult<()> {
    let raise = |e: Error| errors::raise(py, &e);
    let mut batch = GivenUp(Some(batch));
    let Some(under_way) = &mut batch.0 else { return Ok(()) };
    loop {
        let next = under_way.within(|| {
            let chunk = rows.chunk(py, under_way.appetite())?;
            if let Some(progress) = &mut progress {
                progress.tell(under_way.rows(), false)?;
            }
            Ok(chunk)
        });
        let chunk = match next {
            Ok(chunk) => chunk,
            Err(e) => {
                let left = runtime::block_on(py, statement.undo(under_way))?;
                return Err(noted(py, e, &left));
            }
        };
        if chunk.is_empty() {
            break;
        }
        let settled = rows.runs_code();
        let added = async { telling::failing(statement, statement.add(under_way, chunk, settled).await) };
        runtime::block_on(py, added)?.map_err(raise)?;
        // An error of the caller's own is his to tell.
        py.check_signals()?;
    }
    if let Some(progress) = progress {
        // What it raises undoes the rows: so it is told before they are committed.
        let settled = async { telling::failing(statement, statement.settle(under_way).await) };
        runtime::block_on(py, settled)?.map_err(raise)?;
        if let Err(e) = under_way.within(|| progress.tell(under_way.rows(), true)) {
            let left = runtime::block_on(py, statement.undo(under_way))?;
            return Err(noted(py, e, &left));
        }
    }
    let finished = async { telling::failing(statement, statement.finish(under_way).await) };
    runtime::block_on(py, finished)?.map_err(raise)
}

/// A call that ends early, by Ctrl-C for one, undoes its rows in the background.
struct GivenUp(Option<Batch>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        let _inside = runtime::enter();
        drop(self.0.take());
    }
}

/// An exception of any origin, with a note of the rows that are left.
fn noted(py: Python<'_>, e: PyErr, left: &str) -> PyErr {
    if !left.is_empty() {
        // An exception that takes no notes is told without.
        let _ = e.value(py).call_method1("add_note", (left,));
    }
    e
}

/// A call under way whose waits are awaitables.
#[pyclass(frozen, module = "drdarrow._core")]
pub(in crate::python) struct RawBatch {
    statement: Owned<Arc<SharedStatement>>,
    state: Owned<Arc<OwnedSlot<Option<HeldCursor>>>>,
    /// Its name in messages.
    what: &'static str,
}

/// The call, and the cursor that is in use meanwhile.
struct HeldCursor {
    batch: Batch,
    _lease: ReaderLease,
}

/// A cursor, and the place of the call in it.
type Parts = (Arc<SharedStatement>, Arc<OwnedSlot<Option<HeldCursor>>>);

impl RawBatch {
    /// Begins one.
    pub(super) async fn begin(statement: Arc<SharedStatement>, sql: String, skip: Option<usize>) -> Result<RawBatch> {
        let mut lease = statement.lease_soon().await?;
        let batch = telling::failing(&statement, statement.begin_many(&mut lease, &sql, skip).await)?;
        let state = OwnedSlot::new(Some(HeldCursor { batch, _lease: lease }));
        Ok(RawBatch { statement: Owned::new(statement), state: Owned::new(state), what: MANY })
    }

    /// Begins one that puts rows into a table.
    pub(super) async fn ingest(
        statement: Arc<SharedStatement>,
        request: IngestRequest,
        schema: SchemaRef,
        sample: Option<RecordBatch>,
    ) -> Result<RawBatch> {
        let mut lease = statement.lease_soon().await?;
        let begun = statement.begin_ingest(&mut lease, &request, &schema, sample.as_ref()).await;
        let batch = telling::failing(&statement, begun)?;
        let state = OwnedSlot::new(Some(HeldCursor { batch, _lease: lease }));
        Ok(RawBatch { statement: Owned::new(statement), state: Owned::new(state), what: INGEST })
    }

    fn parts(&self, py: Python<'_>) -> PyResult<Parts> {
        Ok((self.statement.shared(py)?, self.state.shared(py)?))
    }
}

const MANY: &str = "call of executemany()";
const INGEST: &str = "call of ingest()";

#[pymethods]
impl RawBatch {
    /// Executes the statement for some rows: an awaitable.
    #[pyo3(signature = (chunk, /))]
    fn add<'py>(&self, py: Python<'py>, chunk: &RawChunk) -> PyResult<Bound<'py, PyAny>> {
        let ((statement, state), (rows, settled), what) = (self.parts(py)?, chunk.take(), self.what);
        awaitable::asyncio(py, async move {
            let mut held = state.take(what)?;
            let Some(held) = held.as_mut() else { return Err(errors::internal("a call went missing")) };
            telling::failing(&statement, statement.add(&mut held.batch, rows, settled).await)
        })
    }

    /// How many rows are best taken at a time.
    fn appetite(&self, py: Python<'_>) -> PyResult<usize> {
        let ((_, state), what) = (self.parts(py)?, self.what);
        let held = state.take(what).map_err(|e| errors::raise(py, &e))?;
        Ok(held.as_ref().map_or(1, |held| held.batch.appetite()))
    }

    /// Waits for the answers to the rows: an awaitable.
    fn settle<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let ((statement, state), what) = (self.parts(py)?, self.what);
        awaitable::asyncio(py, async move {
            let mut held = state.take(what)?;
            let Some(held) = held.as_mut() else { return Err(errors::internal("a call went missing")) };
            telling::failing(&statement, statement.settle(&mut held.batch).await)
        })
    }

    /// How many rows were executed or left out.
    fn done(&self, py: Python<'_>) -> PyResult<u64> {
        let ((_, state), what) = (self.parts(py)?, self.what);
        let held = state.take(what).map_err(|e| errors::raise(py, &e))?;
        Ok(held.as_ref().map_or(0, |held| held.batch.rows()))
    }

    /// The end of the rows: an awaitable. The cursor is free again.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let ((statement, state), what) = (self.parts(py)?, self.what);
        awaitable::asyncio(py, async move {
            let mut held = state.take(what)?;
            let Some(mut held) = held.take() else { return Err(errors::internal("a call went missing")) };
            telling::failing(&statement, statement.finish(&mut held.batch).await)?;
            Ok(Told(statement))
        })
    }

    /// Undoes what the rows did: an awaitable of what is left, in words. The cursor is free again.
    fn undo<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let ((statement, state), what) = (self.parts(py)?, self.what);
        awaitable::asyncio(py, async move {
            let Some(mut held) = state.take_soon(what).await?.take() else { return Ok(String::new()) };
            Ok(statement.undo(&mut held.batch).await)
        })
    }

    /// Leaves it: what the rows did is undone in the background.
    fn leave(&self, py: Python<'_>) -> PyResult<()> {
        let ((statement, state), what) = (self.parts(py)?, self.what);
        let waiting = statement.link.client.giving_up();
        // The wait that was broken off gives it back.
        runtime::background(async move {
            if let Ok(mut held) = state.take_soon(what).await {
                drop(held.take());
            }
            drop(waiting);
        });
        Ok(())
    }
}
