//! The asyncio class of an open file, which `drdarrow/aio_files.py` wraps in coroutines. Methods that do not
//! wait are those of the sync class that it holds.

use std::sync::Arc;

use arrow_array::RecordBatch as Batch;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyTuple};

use super::arguments as args;
use super::partition::FilePartition;
use super::shared_file::{self, FileStep, SharedFile};
use super::sync_file::File;
use crate::python::arguments::given::Given;
use crate::python::arguments::settings;
use crate::python::arrow::async_stream::RawStream;
use crate::python::arrow::imported;
use crate::python::arrow::result_table::{self, Collected};
use crate::python::ownership::{Owned, OwnedSlot};
use crate::python::reader::collect_elsewhere;
use crate::python::{errors, rows, runtime};

/// An open file whose waits are awaitables.
#[pyclass(frozen, module = "drdarrow._core")]
pub(in crate::python) struct RawFile(pub(in crate::python) Owned<Arc<SharedFile>>);

impl RawFile {
    fn opened(&self, py: Python<'_>) -> PyResult<&Arc<SharedFile>> {
        self.0.get().map_err(|e| errors::raise(py, &e))
    }

    fn go<'py>(&self, py: Python<'py>, step: FileStep) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        runtime::asyncio(py, async move { opened.step(step).await.map(RecordArgument) })
    }
}

#[pymethods]
impl RawFile {
    /// The same file with methods that wait: for what does not wait.
    #[getter]
    fn sync(&self, py: Python<'_>) -> PyResult<File> {
        Ok(File(Owned::new(self.opened(py)?.clone())))
    }

    /// All records, or those of a range of numbers or keys: an awaitable of a RawStream.
    #[pyo3(signature = (
        first=None,
        last=None,
        batch_rows=None,
        batch_bytes=None,
        *,
        batch_delay=Given::default(),
        key=Given::default(),
        between=None,
    ))]
    #[allow(clippy::too_many_arguments)]
    fn fetch_arrow<'py>(
        &self,
        py: Python<'py>,
        first: Option<&Bound<'py, PyAny>>,
        last: Option<&Bound<'py, PyAny>>,
        batch_rows: Option<&Bound<'py, PyAny>>,
        batch_bytes: Option<&Bound<'py, PyAny>>,
        batch_delay: Given<'py>,
        key: Given<'py>,
        between: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        let limits = settings::limits(opened.link.limits, batch_rows, batch_bytes, &batch_delay)?;
        let wanted = match (args::range(first, last)?, args::wanted(py, &key, between)?) {
            (None, wanted) => wanted,
            (Some((first, last)), args::WantedRecords::All) => args::WantedRecords::Numbers(first, last),
            (Some(_), _) => return Err(errors::interface(py, "records are meant by their numbers or by their keys")),
        };
        runtime::asyncio(py, async move { opened.feed(limits, wanted).await.map(RawStream::new) })
    }

    /// Refuses columns that Polars does not take.
    fn for_polars(&self, py: Python<'_>) -> PyResult<()> {
        result_table::for_polars(py, &self.opened(py)?.file.schema()).map(drop)
    }

    /// All records, or those of a range of keys: an awaitable of a Collected.
    #[pyo3(signature = (*, key=Given::default(), between=None))]
    fn collect<'py>(
        &self,
        py: Python<'py>,
        key: Given<'py>,
        between: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (opened, wanted) = (self.opened(py)?.clone(), args::wanted(py, &key, between)?);
        runtime::asyncio(py, async move {
            let feed = opened.feed(opened.link.limits, wanted).await?;
            let lease = OwnedSlot::new(Some(feed)).take("stream")?;
            let (schema, batches) = collect_elsewhere(lease, opened.link.limits).await?;
            Ok(Collected::new(schema, batches))
        })
    }

    fn read<'py>(&self, py: Python<'py>, rrn: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (opened, rrn) = (self.opened(py)?.clone(), args::number("rrn", rrn)?);
        runtime::asyncio(py, async move {
            let _waiting = opened.link.waiting();
            opened.file.read(rrn).await.map(RecordArgument)
        })
    }

    fn read_key<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>, how: &str) -> PyResult<Bound<'py, PyAny>> {
        let (key, how) = (args::key(key)?, shared_file::by_sign(py, how)?);
        let opened = self.opened(py)?.clone();
        runtime::asyncio(py, async move {
            let _waiting = opened.link.waiting();
            opened.file.read_key(&key, how).await.map(RecordArgument)
        })
    }

    fn first<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.go(py, FileStep::First)
    }

    fn last<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.go(py, FileStep::Last)
    }

    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.go(py, FileStep::Next)
    }

    fn previous<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.go(py, FileStep::Previous)
    }

    fn next_equal<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.go(py, FileStep::NextEqual)
    }

    fn previous_equal<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.go(py, FileStep::PreviousEqual)
    }

    /// Puts the position before the first record, or after the last.
    #[pyo3(signature = (*, end=false))]
    fn rewind<'py>(&self, py: Python<'py>, end: bool) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        runtime::asyncio(py, async move {
            let _waiting = opened.link.waiting();
            opened.file.rewind(!end).await
        })
    }

    /// Rows that are not Arrow, to be added by `write_chunk`.
    #[staticmethod]
    fn rows<'py>(rows: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyIterator>> {
        args::rows(rows)
    }

    /// Adds some of them: an awaitable of how many. `before` went ahead of them.
    fn write_chunk<'py>(
        &self,
        py: Python<'py>,
        mut rows: Bound<'py, PyIterator>,
        before: u64,
    ) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        let rows = args::chunk(&mut rows, &opened.fields(), before)?;
        runtime::asyncio(py, async move {
            let _waiting = opened.link.waiting();
            opened.file.write_rows(before, &rows).await
        })
    }

    /// Adds records of Arrow data, which is read here and now: an awaitable of how many.
    fn write<'py>(&self, py: Python<'py>, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        let reader = imported::reader(data)?;
        let batches = py.detach(|| reader.collect::<std::result::Result<Vec<Batch>, _>>());
        let batches = batches.map_err(|e| errors::interface(py, format!("the rows: {e}")))?;
        runtime::asyncio(py, async move {
            let _waiting = opened.link.waiting();
            let mut written = 0;
            for batch in &batches {
                written += opened.file.write_behind(written, batch).await?;
            }
            Ok(written)
        })
    }

    /// Updates a record: an awaitable of a bool.
    #[pyo3(signature = (row, *, rrn=Given::default(), key=Given::default()))]
    fn update<'py>(
        &self,
        py: Python<'py>,
        row: &Bound<'py, PyAny>,
        rrn: Given<'py>,
        key: Given<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        let (row, meant) = (args::record(row, &opened.fields())?, args::Meant::by(py, &rrn, &key)?);
        runtime::asyncio(py, async move {
            let _waiting = opened.link.waiting();
            shared_file::update(&opened.file, row, meant).await
        })
    }

    /// Deletes a record: an awaitable of a bool.
    #[pyo3(signature = (*, rrn=Given::default(), key=Given::default()))]
    fn delete<'py>(&self, py: Python<'py>, rrn: Given<'py>, key: Given<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (opened, meant) = (self.opened(py)?.clone(), args::Meant::by(py, &rrn, &key)?);
        runtime::asyncio(py, async move {
            let _waiting = opened.link.waiting();
            shared_file::delete(&opened.file, meant).await
        })
    }

    /// Parts of a file: an awaitable of a list of FilePartition.
    fn partitions<'py>(&self, py: Python<'py>, count: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (opened, count) = (self.opened(py)?.clone(), args::count(count)?);
        runtime::asyncio(py, async move {
            let waiting = opened.link.waiting();
            let parts = opened.file.partitions(count).await?;
            drop(waiting);
            Ok(Parts(opened, parts.into_iter().map(|part| (part.first, part.last)).collect()))
        })
    }

    /// Closes the file.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        runtime::asyncio(py, async move { opened.close().await })
    }

    /// The end of an `async with` block.
    fn leave<'py>(&self, py: Python<'py>, well: bool) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        runtime::asyncio(py, async move { opened.leave(well).await })
    }

    fn __repr__(&self) -> String {
        match self.0.get() {
            Ok(opened) => opened.describe("aio.AsyncFile"),
            Err(_) => "<drdarrow.aio.AsyncFile of another process>".to_owned(),
        }
    }
}

/// A record as a tuple, or None.
struct RecordArgument(Option<Batch>);

impl<'py> IntoPyObject<'py> for RecordArgument {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let row: Option<Bound<'py, PyTuple>> = self.0.map(|batch| rows::row(py, &batch, 0)).transpose()?;
        Ok(row.map_or_else(|| py.None().into_bound(py), Bound::into_any))
    }
}

/// Ranges of a file, made into parts where Python's lock is held.
struct Parts(Arc<SharedFile>, Vec<(u32, Option<u32>)>);

impl<'py> IntoPyObject<'py> for Parts {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let parts: Vec<FilePartition> = self.0.parts(py, self.1);
        parts.into_pyobject(py)
    }
}
