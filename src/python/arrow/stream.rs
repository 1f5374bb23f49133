//! A result as a stream of Arrow record batches: for our own loop, or for one consumer through the
//! Arrow PyCapsule interface.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use arrow_array::{RecordBatch as Batch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList};

use super::batch::{self, RecordBatch, Schema};
use super::capsule;
use crate::client::batch_source::BatchSource;
use crate::client::error::{Error, Result};
use crate::client::warning::Warning;
use crate::python::ownership::{Owned, OwnedLease, OwnedSlot};
use crate::python::reader::ResultReader;
use crate::python::{errors, runtime};

/// The part that a stream and its consumer share.
pub(in crate::python) struct SharedStream {
    slot: Arc<OwnedSlot<Option<ResultReader>>>,
    schema: SchemaRef,
    rows: AtomicU64,
    state: Mutex<StreamState>,
}

#[derive(Default)]
struct StreamState {
    stage: StreamStage,
    problem: Option<Problem>,
    warnings: Vec<Warning>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum StreamStage {
    /// Not given away.
    #[default]
    Ours,
    /// In the hands of a consumer.
    Theirs,
    /// Read to its end, or let go by its consumer.
    Over,
    /// Closed by the user.
    Closed,
}

/// Why reading ended.
struct Problem {
    /// The error that further reads get.
    error: Error,
    /// Its exception, once somebody has asked; that of an interrupt from the start.
    exception: Option<PyErr>,
}

impl SharedStream {
    /// Of a result.
    pub(in crate::python) fn new(feed: ResultReader) -> Arc<SharedStream> {
        let schema = feed.schema();
        Arc::new(SharedStream {
            schema,
            slot: OwnedSlot::new(Some(feed)),
            rows: AtomicU64::new(0),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, StreamState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The columns.
    pub(in crate::python) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows handed out.
    pub(in crate::python) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Acquire)
    }

    /// Takes the result for our own reading.
    pub(super) fn lease_ours(&self) -> Result<OwnedLease<Option<ResultReader>>> {
        self.ours()?;
        self.slot.take("stream")
    }

    /// As [`lease_ours`](Self::lease_ours), for a task, which may wait a moment.
    pub(super) async fn lease_ours_soon(&self) -> Result<OwnedLease<Option<ResultReader>>> {
        self.ours()?;
        self.slot.take_soon("stream").await
    }

    fn ours(&self) -> Result<()> {
        match self.state().stage {
            StreamStage::Theirs => Err(Error::interface("the stream was handed to an Arrow consumer, which reads it")),
            _ => Ok(()),
        }?;
        self.usable()
    }

    fn usable(&self) -> Result<()> {
        match &*self.state() {
            StreamState { stage: StreamStage::Closed, .. } => Err(Error::interface("the stream is closed")),
            StreamState { problem, .. } => problem.as_ref().map_or(Ok(()), |problem| Err(problem.error.clone())),
        }
    }

    /// The batch after a fill, counted; an end or an error ends the stream.
    pub(super) fn settle(&self, lease: &mut Option<ResultReader>, filled: Result<bool>) -> Result<Option<Batch>> {
        if let Some(feed) = lease.as_mut() {
            self.state().warnings.extend(feed.take_warnings());
        }
        match filled {
            Ok(true) => {
                let batch = lease.as_mut().and_then(ResultReader::take_batch);
                self.rows.fetch_add(batch.as_ref().map_or(0, |batch| batch.num_rows() as u64), Ordering::AcqRel);
                Ok(batch)
            }
            Ok(false) => {
                drop(lease.take());
                self.end(StreamStage::Over);
                Ok(None)
            }
            Err(e) => {
                drop(lease.take());
                self.state().problem = Some(Problem { error: e.clone(), exception: None });
                Err(e)
            }
        }
    }

    /// Closes for good. A pull under way notices when it is through.
    pub(in crate::python) fn close(&self) {
        self.end(StreamStage::Closed);
        if let Ok(mut lease) = self.slot.take("stream") {
            drop(lease.take());
        }
    }

    /// As [`close`](Self::close), for a task, which may wait a moment.
    pub(in crate::python) async fn close_soon(&self) {
        self.end(StreamStage::Closed);
        if let Ok(mut lease) = self.slot.take_soon("stream").await {
            drop(lease.take());
        }
    }

    fn end(&self, stage: StreamStage) {
        let mut state = self.state();
        if state.stage != StreamStage::Closed {
            state.stage = stage;
        }
    }

    /// Words for `repr`.
    pub(in crate::python) fn describe(&self, name: &str) -> String {
        let stage = match self.state().stage {
            StreamStage::Ours => "open",
            StreamStage::Theirs => "handed to a consumer",
            StreamStage::Over => "read",
            StreamStage::Closed => "closed",
        };
        format!("<drdarrow.{name} {} columns, {} rows read, {stage}>", self.schema.fields().len(), self.rows())
    }

    /// The exception that ended the reading, the same object each time.
    pub(super) fn exception<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        // Nothing of Python's is run with the lock held.
        let (error, known) = match &self.state().problem {
            None => return Ok(None),
            Some(Problem { error, exception }) => (error.clone(), exception.as_ref().map(|known| known.clone_ref(py))),
        };
        let exception = match known {
            Some(known) => known,
            None => {
                let made = errors::raise(py, &error);
                match self.state().problem.as_mut().map(|problem| &mut problem.exception) {
                    // Another thread was quicker.
                    Some(Some(known)) => known.clone_ref(py),
                    Some(place) => place.insert(made).clone_ref(py),
                    None => made,
                }
            }
        };
        Ok(Some(exception.value(py).clone().into_any()))
    }

    /// The server's remarks as PEP 249's pairs of class and instance.
    pub(in crate::python) fn messages<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let warnings = self.state().warnings.clone();
        let list = PyList::empty(py);
        for warning in &warnings {
            list.append(errors::warning(py, warning)?)?;
        }
        Ok(list)
    }
}

/// A result as Arrow record batches, read from the server as it is consumed.
///
/// Iterate over it for `RecordBatch` objects, or hand it to a consumer that knows the Arrow PyCapsule
/// interface: `pyarrow.table(stream)`, `polars.from_arrow(stream)`, `duckdb.sql("FROM stream")`,
/// `pandas.DataFrame.from_arrow(stream)`. It is read once; nothing is asked of the server twice.
/// Dropped or closed before its end, it closes the query on the server in the background.
#[pyclass(frozen, module = "drdarrow")]
pub(in crate::python) struct ArrowStream(Owned<Arc<SharedStream>>);

impl ArrowStream {
    pub(in crate::python) fn new(feed: ResultReader) -> ArrowStream {
        ArrowStream(Owned::new(SharedStream::new(feed)))
    }

    fn shared(&self, py: Python<'_>) -> PyResult<&Arc<SharedStream>> {
        self.0.get().map_err(|e| errors::raise(py, &e))
    }
}

#[pymethods]
impl ArrowStream {
    /// The columns, a Schema; asks nothing of the server.
    #[getter]
    fn schema(&self, py: Python<'_>) -> PyResult<Schema> {
        Ok(Schema(self.shared(py)?.schema().clone()))
    }

    /// Rows handed out so far, int.
    #[getter]
    fn rows_read(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.shared(py)?.rows())
    }

    /// The exception that ended the reading, or None. A consumer through the Arrow interface gets
    /// only its text; here it is whole, with `sqlstate` and the rest.
    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.shared(py)?.exception(py)
    }

    /// Warnings of the server so far: list of (class, instance).
    #[getter]
    fn messages<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.shared(py)?.messages(py)
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<RecordBatch>> {
        let shared = self.shared(py)?;
        let raise = |e| errors::raise(py, &e);
        let mut lease = shared.lease_ours().map_err(raise)?;
        let filled = match lease.as_mut() {
            Some(feed) => runtime::block_on(py, feed.fill())?,
            None => Ok(false),
        };
        py.detach(|| shared.settle(&mut lease, filled)).map(|batch| batch.map(RecordBatch)).map_err(raise)
    }

    /// A PyCapsule `arrow_array_stream` with all rows not yet read. A requested schema is not looked
    /// at, as the interface allows.
    ///
    /// Raises InterfaceError when the stream was given to a consumer before.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        let shared = self.shared(py)?;
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
        capsule::stream(
            py,
            Export { schema: shared.schema.clone(), shared: Owned::new(shared.clone()), main, pulled: false },
        )
    }

    /// A PyCapsule `arrow_schema`; asks nothing of the server.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        capsule::schema(py, self.shared(py)?.schema())
    }

    /// Closes the query on the server. Closing twice is allowed.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let shared = self.shared(py)?;
        let _inside = runtime::enter();
        shared.close();
        Ok(())
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, pyo3::types::PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        match self.0.get() {
            Ok(shared) => shared.describe("ArrowStream"),
            Err(_) => "<drdarrow.ArrowStream of another process>".to_owned(),
        }
    }

    /// The columns and the rows read so far, as HTML; fetches nothing.
    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        let shared = self.shared(py)?;
        Ok(batch::html(shared.schema(), &format!("{} rows read", shared.rows())))
    }
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
        let mut lease = shared.slot.take("stream")?;
        let Some(feed) = lease.as_mut() else { return Ok(None) };
        let filled = if capsule::holds_lock() == Some(false) {
            self.fill_detached(feed)
        } else {
            let attached = Python::try_attach(|py| runtime::block_on(py, feed.fill()));
            attached.unwrap_or_else(|| Ok(Err(errors::internal("Python is ending"))))
        };
        match filled {
            Ok(filled) => shared.settle(&mut lease, filled),
            Err(interrupt) => {
                let error = Error::interface("reading was interrupted");
                shared.state().problem = Some(Problem { error: error.clone(), exception: Some(interrupt) });
                Err(error)
            }
        }
    }

    fn fill_detached(&self, feed: &mut ResultReader) -> PyResult<Result<bool>> {
        let here_is_main = self.main == Some(std::thread::current().id());
        let look = || match here_is_main {
            true => Python::try_attach(|py| py.check_signals()).unwrap_or(Ok(())),
            false => Ok(()),
        };
        match runtime::block_on_detached(feed.fill(), look) {
            Some(filled) => filled,
            None => Ok(Err(errors::internal("the runtime was not started"))),
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
