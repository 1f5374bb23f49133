//! The state of a stream of batches, which its Python object and its consumer share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch as Batch;
use arrow_schema::SchemaRef;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::client::batch_source::BatchSource;
use crate::client::error::{Error, Result};
use crate::client::warning::Warning;
use crate::python::errors;
use crate::python::ownership::OwnedSlot;
use crate::python::reader::{ReaderLease, ResultReader};

/// The part that a stream and its consumer share.
pub(super) struct SharedStream {
    pub(super) slot: Arc<OwnedSlot<Option<ResultReader>>>,
    pub(super) schema: SchemaRef,
    rows: AtomicU64,
    state: Mutex<StreamState>,
}

#[derive(Default)]
pub(super) struct StreamState {
    pub(super) stage: StreamStage,
    pub(super) problem: Option<Problem>,
    warnings: Vec<Warning>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum StreamStage {
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
pub(super) struct Problem {
    /// The error that further reads get.
    pub(super) error: Error,
    /// Its exception, once somebody has asked; that of an interrupt from the start.
    pub(super) exception: Option<PyErr>,
}

impl SharedStream {
    /// Of a result.
    pub(super) fn new(feed: ResultReader) -> Arc<SharedStream> {
        let schema = feed.schema();
        Arc::new(SharedStream {
            schema,
            slot: OwnedSlot::new(Some(feed)),
            rows: AtomicU64::new(0),
            state: Mutex::default(),
        })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, StreamState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The columns.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows handed out.
    pub(super) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Acquire)
    }

    /// Takes the result for our own reading.
    pub(super) fn lease_ours(&self) -> Result<ReaderLease> {
        self.ours()?;
        self.slot.take("stream")
    }

    /// As [`lease_ours`](Self::lease_ours), for a task, which may wait a moment.
    pub(super) async fn lease_ours_soon(&self) -> Result<ReaderLease> {
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

    pub(super) fn usable(&self) -> Result<()> {
        match &*self.state() {
            StreamState { stage: StreamStage::Closed, .. } => Err(Error::interface("the stream is closed")),
            StreamState { problem, .. } => problem.as_ref().map_or(Ok(()), |problem| Err(problem.error.clone())),
        }
    }

    /// The batch after a fill, counted; an end or an error ends the stream.
    pub(super) fn settle(&self, mut lease: Option<ReaderLease>, filled: Result<bool>) -> Result<Option<Batch>> {
        let mut gone = None;
        let reader = lease.as_mut().map_or(&mut gone, |lease| &mut **lease);
        if let Some(reader) = reader {
            self.state().warnings.extend(reader.take_warnings());
        }
        match filled {
            Ok(true) => {
                let batch = reader.as_mut().and_then(ResultReader::take_batch);
                self.rows.fetch_add(batch.as_ref().map_or(0, |batch| batch.num_rows() as u64), Ordering::AcqRel);
                Ok(batch)
            }
            Ok(false) => {
                drop(reader.take());
                self.end(StreamStage::Over);
                Ok(None)
            }
            Err(e) => {
                drop(reader.take());
                self.state().problem = Some(Problem { error: e.clone(), exception: None });
                Err(e)
            }
        }
    }

    /// Closes for good. A pull under way notices when it is through.
    pub(super) async fn close(&self) -> Result<()> {
        self.end(StreamStage::Closed);
        if let Ok(mut lease) = self.slot.take_soon("stream").await {
            drop(lease.take());
        }
        Ok(())
    }

    pub(super) fn end(&self, stage: StreamStage) {
        let mut state = self.state();
        if state.stage != StreamStage::Closed {
            state.stage = stage;
        }
    }

    /// Words for `repr`.
    pub(super) fn describe(&self) -> String {
        let stage = match self.state().stage {
            StreamStage::Ours => "open",
            StreamStage::Theirs => "handed to a consumer",
            StreamStage::Over => "read",
            StreamStage::Closed => "closed",
        };
        format!("{} columns, {} rows read, {stage}", self.schema.fields().len(), self.rows())
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
    pub(super) fn messages<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let warnings = self.state().warnings.clone();
        let list = PyList::empty(py);
        for warning in &warnings {
            list.append(errors::warning(py, warning)?)?;
        }
        Ok(list)
    }
}
