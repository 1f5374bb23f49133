//! A result as a stream of Arrow record batches: for our own loop, for tasks of asyncio, or for one consumer through
//! the Arrow PyCapsule interface.

use std::sync::Arc;
use std::thread::ThreadId;

use arrow_array::{RecordBatch as Batch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList};

use super::batch::{self, RecordBatch, Schema};
use super::capsule;
use super::requested::Requested;
use super::shared_stream::{Problem, SharedStream, StreamStage};
use crate::client::error::{Error, Result};
use crate::python::coroutine::{coroutine, spawn};
use crate::python::errors::Raise;
use crate::python::ownership::Owned;
use crate::python::reader::{ReaderLease, ResultReader, fill};
use crate::python::twins::twins;
use crate::python::wording::shown;
use crate::python::{errors, runtime};

/// A result as Arrow record batches, read from the server as it is consumed.
///
/// Iterate over it for `RecordBatch` objects, or hand it to a consumer that knows the Arrow PyCapsule
/// interface: `pyarrow.table(stream)`, `polars.from_arrow(stream)`, `duckdb.sql("FROM stream")`,
/// `pandas.DataFrame.from_arrow(stream)`. It is read once; nothing is asked of the server twice.
/// Dropped or closed before its end, it closes the query on the server in the background.
#[pyclass(frozen, module = "drdarrow")]
pub(in crate::python) struct ArrowStream(Owned<Arc<SharedStream>>);

/// A result as Arrow record batches: `async for batch in stream`. It is read once.
#[pyclass(frozen, module = "drdarrow.aio", weakref)]
pub(in crate::python) struct AsyncArrowStream(Owned<Arc<SharedStream>>);

impl From<ResultReader> for ArrowStream {
    fn from(reader: ResultReader) -> ArrowStream {
        ArrowStream(Owned::new(SharedStream::new(reader)))
    }
}

impl From<ResultReader> for AsyncArrowStream {
    fn from(reader: ResultReader) -> AsyncArrowStream {
        AsyncArrowStream(Owned::new(SharedStream::new(reader)))
    }
}

twins! {
    impl ArrowStream {
        fn __iter__(slf: Py<Self>) -> Py<Self> {
            slf
        }

        fn __next__(&self, py: Python<'_>) -> PyResult<Option<RecordBatch>> {
            let shared = self.0.get().or_raise(py)?;
            let lease = shared.lease_ours().or_raise(py)?;
            let (lease, filled) = runtime::block_on(py, fill(lease))?;
            py.detach(|| shared.settle(lease, filled)).map(|batch| batch.map(RecordBatch)).or_raise(py)
        }

        /// A PyCapsule `arrow_array_stream` with all rows not yet read. Columns have the types of a requested schema
        /// where those hold all values of their own.
        ///
        /// Raises InterfaceError when the stream was given to a consumer before, and for a requested schema with other
        /// columns.
        #[pyo3(signature = (requested_schema=None))]
        fn __arrow_c_stream__<'py>(
            &self,
            py: Python<'py>,
            requested_schema: Option<Bound<'py, PyAny>>,
        ) -> PyResult<Bound<'py, PyCapsule>> {
            let shared = self.0.get().or_raise(py)?;
            let requested = Requested::of(py, shared.schema(), requested_schema.as_ref())?;
            exported(py, shared, requested)
        }

        fn __enter__(slf: Py<Self>) -> Py<Self> {
            slf
        }
    }

    impl AsyncArrowStream {
        fn __aiter__(slf: Py<Self>) -> Py<Self> {
            slf
        }

        fn __anext__<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
            coroutine(slf.py(), "AsyncArrowStream.__anext__", "next_batch", (slf.clone(),))
        }

        /// Waits until a batch is in hand; False at the end. It takes none, so that none is lost with a task that is
        /// cancelled.
        fn _more<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            let shared = self.0.shared(py)?;
            let work = async move {
                let lease = shared.lease_ours_soon().await?;
                match fill(lease).await {
                    (_, Ok(true)) => Ok(true),
                    (lease, filled) => shared.settle(lease, filled).map(|_| false),
                }
            };
            spawn(py, "AsyncArrowStream._more", Ok(work))
        }

        /// The batch in hand, without waiting.
        fn _in_hand(&self, py: Python<'_>) -> PyResult<Option<RecordBatch>> {
            let shared = self.0.get().or_raise(py)?;
            let lease = shared.lease_ours().or_raise(py)?;
            if lease.as_ref().is_none_or(|reader| reader.held() == 0) {
                return Ok(None);
            }
            Ok(shared.settle(Some(lease), Ok(true)).or_raise(py)?.map(RecordBatch))
        }
    }

    impl Shared {
        /// The columns, a Schema; asks nothing of the server.
        #[getter]
        fn schema(&self, py: Python<'_>) -> PyResult<Schema> {
            Ok(Schema(self.0.get().or_raise(py)?.schema().clone()))
        }

        /// Rows handed out so far, int.
        #[getter]
        fn rows_read(&self, py: Python<'_>) -> PyResult<u64> {
            Ok(self.0.get().or_raise(py)?.rows())
        }

        /// The exception that ended the reading, or None. A consumer through the Arrow interface gets
        /// only its text; here it is whole, with `sqlstate` and the rest.
        #[getter]
        fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
            self.0.get().or_raise(py)?.exception(py)
        }

        /// Warnings of the server so far: list of (class, instance).
        #[getter]
        fn messages<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
            self.0.get().or_raise(py)?.messages(py)
        }

        /// A PyCapsule `arrow_schema`; asks nothing of the server.
        fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
            capsule::schema(py, self.0.get().or_raise(py)?.schema())
        }

        fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
            shown::<Self>(py, self.0.get().map(|shared| shared.describe()))
        }

        /// The columns and the rows read so far, as HTML; fetches nothing.
        fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
            let shared = self.0.get().or_raise(py)?;
            Ok(batch::html(shared.schema(), &format!("{} rows read", shared.rows())))
        }
    }

    impl Both {
        /// Closes the query on the server. Closing twice is allowed.
        fn close<'py>(&self, py: Python<'py>) -> () {
            let shared = self.0.shared(py)?;
            async move { shared.close().await }
        }
    }

    impl Leave {
        fn leave<'py>(&self, py: Python<'py>, _well: bool) -> () {
            let shared = self.0.shared(py)?;
            async move { shared.close().await }
        }
    }
}

/// A result in a capsule, in the form that a consumer asked for.
pub(in crate::python) fn capsule_of<'py>(
    py: Python<'py>,
    reader: ResultReader,
    requested: Requested,
) -> PyResult<Bound<'py, PyCapsule>> {
    exported(py, &SharedStream::new(reader), requested)
}

/// A stream in a capsule, once.
fn exported<'py>(py: Python<'py>, shared: &Arc<SharedStream>, requested: Requested) -> PyResult<Bound<'py, PyCapsule>> {
    let threading = py.import("threading")?;
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    let here_is_main = threading.call_method0("get_ident")?.eq(main)?;
    {
        let mut state = shared.state();
        match state.stage {
            StreamStage::Ours => state.stage = StreamStage::Theirs,
            StreamStage::Closed => return Err(errors::interface(py, "the stream is closed")),
            StreamStage::Theirs | StreamStage::Over => {
                return Err(errors::interface(py, "the stream was consumed: execute the statement again"));
            }
        }
    }
    let main = here_is_main.then(|| std::thread::current().id());
    let export = Export { schema: shared.schema.clone(), shared: Owned::new(shared.clone()), main, pulled: false };
    requested.stream(py, export)
}

/// A stream in a consumer's hands.
struct Export {
    shared: Owned<Arc<SharedStream>>,
    schema: SchemaRef,
    /// The main thread, where signals are looked for, when the capsule was made there.
    main: Option<ThreadId>,
    pulled: bool,
}

impl Export {
    fn pull(&self) -> Result<Option<Batch>> {
        let shared = self.shared.get()?;
        shared.usable()?;
        let lease = shared.slot.take("stream")?;
        if lease.is_none() {
            return Ok(None);
        }
        let filled = if capsule::holds_lock() == Some(false) {
            self.fill_detached(lease)
        } else {
            let attached = Python::try_attach(|py| runtime::block_on(py, fill(lease)));
            attached.unwrap_or_else(|| Ok((None, Err(errors::internal("Python is ending")))))
        };
        match filled {
            Ok((lease, filled)) => shared.settle(lease, filled),
            Err(interrupt) => {
                let error = Error::interface("reading was interrupted");
                shared.state().problem = Some(Problem { error: error.clone(), exception: Some(interrupt) });
                Err(error)
            }
        }
    }

    fn fill_detached(&self, lease: ReaderLease) -> PyResult<(Option<ReaderLease>, Result<bool>)> {
        let here_is_main = self.main == Some(std::thread::current().id());
        let look = || match here_is_main {
            true => Python::try_attach(|py| py.check_signals()).unwrap_or(Ok(())),
            false => Ok(()),
        };
        match runtime::block_on_detached(fill(lease), look) {
            Some(filled) => filled,
            None => Ok((None, Err(errors::internal("the runtime was not started")))),
        }
    }
}

impl Iterator for Export {
    type Item = std::result::Result<Batch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pulled = true;
        self.pull().map_err(|e| ArrowError::ExternalError(Box::new(e))).transpose()
    }
}

impl RecordBatchReader for Export {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        let Ok(shared) = self.shared.get() else { return };
        if !self.pulled {
            // Only the schema was looked at: the stream is as it was.
            shared.end(StreamStage::Ours);
            return;
        }
        shared.end(StreamStage::Over);
        let _inside = runtime::enter();
        if let Ok(mut lease) = shared.slot.take("stream") {
            drop(lease.take());
        }
    }
}
