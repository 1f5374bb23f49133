//! A stream whose waits are awaitables. `drdarrow/aio_stream.py` wraps it in coroutines.

use super::batch::{RecordBatch, Schema};
use super::stream::SharedStream;
use crate::python::ownership::Owned;
use crate::python::reader::{ResultReader, fill_elsewhere};
use crate::python::{errors, runtime};
use pyo3::prelude::*;
use pyo3::types::PyList;
use std::sync::Arc;

/// A stream whose waits are awaitables.
#[pyclass(frozen, module = "drdarrow._core")]
pub(in crate::python) struct RawStream(Owned<Arc<SharedStream>>);

impl RawStream {
    pub(in crate::python) fn new(feed: ResultReader) -> RawStream {
        RawStream(Owned::new(SharedStream::new(feed)))
    }

    fn shared(&self, py: Python<'_>) -> PyResult<&Arc<SharedStream>> {
        self.0.get().map_err(|e| errors::raise(py, &e))
    }
}

#[pymethods]
impl RawStream {
    #[getter]
    fn schema(&self, py: Python<'_>) -> PyResult<Schema> {
        Ok(Schema(self.shared(py)?.schema().clone()))
    }

    #[getter]
    fn rows_read(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.shared(py)?.rows())
    }

    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.shared(py)?.exception(py)
    }

    #[getter]
    fn messages<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.shared(py)?.messages(py)
    }

    /// Waits until a batch is in hand: an awaitable, False at the end. It takes none, so that none is lost with a task
    /// that is cancelled.
    fn more<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let shared = self.shared(py)?.clone();
        runtime::asyncio(py, async move {
            let lease = shared.lease_ours_soon().await?;
            if lease.is_none() {
                return Ok(false);
            }
            match fill_elsewhere(lease).await {
                (_, Ok(true)) => Ok(true),
                (Some(mut lease), filled) => shared.settle(&mut lease, filled).map(|_| false),
                (None, filled) => filled,
            }
        })
    }

    /// The batch in hand, without waiting.
    fn batch_in_hand(&self, py: Python<'_>) -> PyResult<Option<RecordBatch>> {
        let shared = self.shared(py)?;
        let raise = |e| errors::raise(py, &e);
        let mut lease = shared.lease_ours().map_err(raise)?;
        if lease.as_ref().is_none_or(|feed| feed.held() == 0) {
            return Ok(None);
        }
        Ok(shared.settle(&mut lease, Ok(true)).map_err(raise)?.map(RecordBatch))
    }

    /// Closes the query on the server.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let shared = self.shared(py)?.clone();
        runtime::asyncio(py, async move {
            shared.close_soon().await;
            Ok(())
        })
    }

    fn __repr__(&self) -> String {
        match self.0.get() {
            Ok(shared) => shared.describe("aio.AsyncArrowStream"),
            Err(_) => "<drdarrow.aio.AsyncArrowStream of another process>".to_owned(),
        }
    }
}
