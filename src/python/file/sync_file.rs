//! An open file: whole as Arrow, or record by record.

use std::sync::Arc;

use arrow_array::RecordBatch as Batch;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyTuple};

use super::arguments as args;
use super::partition::FilePartition;
use super::shared_file::{self, FileStep, SharedFile};
use crate::client::batch_source::BatchSource;
use crate::client::error::{Error, Result};
use crate::client::limits::Limits;
use crate::python::arguments::given::Given;
use crate::python::arguments::settings;
use crate::python::arrow::batch::Schema;
use crate::python::arrow::result_table::{self, Collected};
use crate::python::arrow::stream::ArrowStream;
use crate::python::arrow::{capsule, imported};
use crate::python::ownership::Owned;
use crate::python::{errors, rows, runtime};

/// A file of IBM i, opened by `open_file()` or `FileConnection.open_file()`.
///
/// The whole file as Arrow: iterate over it for `RecordBatch` objects, `fetch_arrow()` and the like, or
/// hand it to `pyarrow.table()`, `polars.from_arrow()`, DuckDB. Each time it is read anew, without locks.
///
/// Record by record: `read()`, `read_key()`, `first()`, `next()` and so on give tuples, None where there is
/// no such record. In mode `"rw"` the record read last is locked, and is the one that `update()` and
/// `delete()` mean.
#[pyclass(frozen, module = "drdarrow", weakref)]
pub(in crate::python) struct File(pub(in crate::python) Owned<Arc<SharedFile>>);

impl File {
    fn opened(&self, py: Python<'_>) -> PyResult<&Arc<SharedFile>> {
        self.0.get().map_err(|e| errors::raise(py, &e))
    }

    fn stream(&self, py: Python<'_>, limits: Limits, wanted: args::WantedRecords) -> PyResult<ArrowStream> {
        let opened = self.opened(py)?;
        let feed = runtime::block_on(py, opened.feed(limits, wanted))?.map_err(|e| errors::raise(py, &e))?;
        Ok(ArrowStream::new(feed))
    }

    fn collect(&self, py: Python<'_>, wanted: args::WantedRecords) -> PyResult<Collected> {
        let opened = self.opened(py)?;
        let raise = |e| errors::raise(py, &e);
        let mut feed = runtime::block_on(py, opened.feed(opened.link.limits.whole(), wanted))?.map_err(raise)?;
        let mut batches = Vec::new();
        while runtime::block_on(py, feed.fill())?.map_err(raise)? {
            batches.extend(feed.take_batch());
            py.check_signals()?;
        }
        Ok(Collected::new(feed.schema(), batches))
    }

    /// Refuses columns that Polars does not take before any record is read.
    pub(super) fn for_polars(&self, py: Python<'_>) -> PyResult<()> {
        result_table::for_polars(py, &self.opened(py)?.file.schema()).map(drop)
    }

    fn go<'py>(&self, py: Python<'py>, step: FileStep) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let found = runtime::block_on(py, self.opened(py)?.step(step))?;
        tuple(py, found)
    }
}

#[pymethods]
impl File {
    /// The file as the system found it: `LIB/FILE(MEMBER)`, str.
    #[getter]
    fn name(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.opened(py)?.file.name().to_string())
    }

    /// The member, str.
    #[getter]
    fn member(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.opened(py)?.file.name().member.clone())
    }

    /// `"r"`, `"w"` or `"rw"`, str.
    #[getter]
    fn mode(&self, py: Python<'_>) -> PyResult<&'static str> {
        Ok(self.opened(py)?.file.options().mode.name())
    }

    /// Records when it was opened, int; others may add and delete.
    #[getter]
    fn records(&self, py: Python<'_>) -> PyResult<u32> {
        Ok(self.opened(py)?.file.records())
    }

    /// The columns that are read, a Schema.
    #[getter]
    fn schema(&self, py: Python<'_>) -> PyResult<Schema> {
        Ok(Schema(self.opened(py)?.file.schema()))
    }

    /// The description of the records: dict with file, library, name, length, text, unique, keys and
    /// fields (a list of dicts: name, type, offset, length, digits, decimals, ccsid, varying, nullable, format,
    /// separator, text). `open_file(format=...)` takes it back.
    #[getter]
    fn record_format<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let file = &self.opened(py)?.file;
        shared_file::format_dict(py, file)
    }

    /// Bad values that were read as NULL since the file was opened: dict of field to int.
    #[getter]
    fn nulled<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (field, count) in self.opened(py)?.file.nulled() {
            dict.set_item(field, count)?;
        }
        Ok(dict)
    }

    /// Closed, by itself or with its connection, bool.
    #[getter]
    fn closed(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.opened(py)?.file.is_closed())
    }

    /// All records as an ArrowStream, read as it is consumed; or those with some keys, in the order of the keys.
    ///
    /// `batch_rows` and `batch_bytes` limit each batch; `batch_delay` is how many seconds it waits to be
    /// filled by a slow server, None as long as it takes. `key` is a value, or a tuple with a value for each key field
    /// or the first ones: all records that begin with them. `between` is a pair of such keys, the lower one and the
    /// higher one by their values, both included; None is open. The file need not be opened `keyed`.
    #[pyo3(signature = (
        batch_rows=None,
        batch_bytes=None,
        *,
        batch_delay=Given::default(),
        key=Given::default(),
        between=None,
    ))]
    fn fetch_arrow<'py>(
        &self,
        py: Python<'py>,
        batch_rows: Option<&Bound<'py, PyAny>>,
        batch_bytes: Option<&Bound<'py, PyAny>>,
        batch_delay: Given<'py>,
        key: Given<'py>,
        between: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<ArrowStream> {
        let limits = settings::limits(self.opened(py)?.link.limits, batch_rows, batch_bytes, &batch_delay)?;
        self.stream(py, limits, args::wanted(py, &key, between)?)
    }

    /// The records with numbers from `first` to `last`, both included, as an ArrowStream; without `last`
    /// as many as there are.
    #[pyo3(signature = (first=None, last=None))]
    fn ranges(
        &self,
        py: Python<'_>,
        first: Option<&Bound<'_, PyAny>>,
        last: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<ArrowStream> {
        let limits = self.opened(py)?.link.limits;
        let (first, last) = args::range(first, last)?.unwrap_or((1, None));
        self.stream(py, limits, args::WantedRecords::Numbers(first, last))
    }

    /// All records as a `pyarrow.Table`, or those with a `key` or keys `between` two, as for `fetch_arrow()`. Needs `pip install drdarrow[arrow]`.
    #[pyo3(signature = (*, key=Given::default(), between=None))]
    fn fetch_arrow_table<'py>(
        &self,
        py: Python<'py>,
        key: Given<'py>,
        between: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        result_table::library(py, "pyarrow", "arrow")?;
        Collected::to_arrow(&Bound::new(py, self.collect(py, args::wanted(py, &key, between)?)?)?)
    }

    /// All records, or some, as a `pandas.DataFrame`. Needs `pip install drdarrow[pandas]`.
    ///
    /// Every value is exact: NumPy's types where they hold the column, else pandas' nullable ones.
    /// `dtype_backend` chooses for all columns, as in pandas: `"numpy"`, `"numpy_nullable"`, `"pyarrow"`.
    /// Raises DataError where NumPy's types would change a value.
    #[pyo3(signature = (*, dtype_backend=None, key=Given::default(), between=None))]
    fn fetch_df<'py>(
        &self,
        py: Python<'py>,
        dtype_backend: Option<&Bound<'py, PyAny>>,
        key: Given<'py>,
        between: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        result_table::frames(py, dtype_backend)?;
        let wanted = args::wanted(py, &key, between)?;
        Collected::to_pandas(&Bound::new(py, self.collect(py, wanted)?)?, dtype_backend)
    }

    /// All records, or some, as a `polars.DataFrame`. Needs `pip install drdarrow[polars]`.
    #[pyo3(signature = (*, key=Given::default(), between=None))]
    fn fetch_polars<'py>(
        &self,
        py: Python<'py>,
        key: Given<'py>,
        between: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.for_polars(py)?;
        Collected::to_polars(&Bound::new(py, self.collect(py, args::wanted(py, &key, between)?)?)?)
    }

    /// A PyCapsule `arrow_array_stream` with all records; may be called again.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        drop(requested_schema);
        Bound::new(py, self.stream(py, self.opened(py)?.link.limits, args::WantedRecords::All)?)?
            .call_method0("__arrow_c_stream__")
    }

    /// A PyCapsule `arrow_schema`; asks nothing of the server.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        capsule::schema(py, &self.opened(py)?.file.schema())
    }

    fn __iter__(&self, py: Python<'_>) -> PyResult<ArrowStream> {
        self.stream(py, self.opened(py)?.link.limits, args::WantedRecords::All)
    }

    /// The record with a relative record number as a tuple, or None.
    fn read<'py>(&self, py: Python<'py>, rrn: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let rrn = args::number("rrn", rrn)?;
        let opened = self.opened(py)?;
        let _waiting = opened.link.waiting();
        let found = runtime::block_on(py, opened.file.read(rrn))?;
        tuple(py, found)
    }

    /// The record that stands to a key as `how` says: `==`, `>=`, `>`, `<=`, `<`. The key is a value, or a
    /// tuple with a value for each key field or the first ones. The file has to be opened `keyed`.
    #[pyo3(signature = (key, how="=="))]
    fn read_key<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
        how: &str,
    ) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let (key, how) = (args::key(key)?, shared_file::by_sign(py, how)?);
        let opened = self.opened(py)?;
        let _waiting = opened.link.waiting();
        let found = runtime::block_on(py, opened.file.read_key(&key, how))?;
        tuple(py, found)
    }

    /// The first record as a tuple, or None.
    fn first<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.go(py, FileStep::First)
    }

    /// The last record as a tuple, or None.
    fn last<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.go(py, FileStep::Last)
    }

    /// The record after the one read last as a tuple, or None at the end.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.go(py, FileStep::Next)
    }

    /// The record before the one read last as a tuple, or None at the beginning.
    fn previous<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.go(py, FileStep::Previous)
    }

    /// The next record with the key of the one read last as a tuple, or None.
    fn next_equal<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.go(py, FileStep::NextEqual)
    }

    /// The previous record with the key of the one read last as a tuple, or None.
    fn previous_equal<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.go(py, FileStep::PreviousEqual)
    }

    /// Puts the position before the first record, or after the last.
    #[pyo3(signature = (*, end=false))]
    fn rewind(&self, py: Python<'_>, end: bool) -> PyResult<()> {
        let opened = self.opened(py)?;
        let _waiting = opened.link.waiting();
        runtime::block_on(py, opened.file.rewind(!end))?.map_err(|e| errors::raise(py, &e))
    }

    /// Adds records: Arrow data (a table, a batch, a stream), or rows, each a dict by field or a sequence in
    /// the order of the fields. Returns how many. Fields that are not given are NULL, or have the default
    /// of their type.
    ///
    /// Raises IntegrityError for a key that is there already, DataError for a value that does not fit: `row` is
    /// the row that failed, the first one is 1, and the message says how many were added before it. Those stay,
    /// under commitment control until a rollback; none after it is added. Rows that are not Arrow are taken a
    /// thousand at a time.
    fn write(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<u64> {
        let opened = self.opened(py)?;
        let raise = |e: Error| errors::raise(py, &e);
        let _waiting = opened.link.waiting();
        let mut written = 0;
        // An exception of somebody else, Ctrl-C among them, comes with a note of how far it went.
        let note = |e, written| args::noted(py, e, &format!("at least {written} rows were added"));
        if !imported::is_arrow(data)? {
            let (mut rows, fields) = (args::rows(data)?, opened.fields());
            loop {
                let chunk = args::chunk(&mut rows, &fields, written)?;
                if chunk.is_empty() {
                    return Ok(written);
                }
                let done = runtime::block_on(py, opened.file.write_rows(written, &chunk));
                written += done.map_err(|e| note(e, written))?.map_err(raise)?;
            }
        }
        let mut reader = imported::reader(data)?;
        // Its producer may need Python's lock, here or in threads of its own.
        while let Some(batch) = py.detach(|| reader.next()) {
            let broken = |e| errors::interface(py, format!("the rows: {e}; {}", args::added(written)));
            let done = runtime::block_on(py, opened.file.write_behind(written, &batch.map_err(broken)?));
            written += done.map_err(|e| note(e, written))?.map_err(raise)?;
        }
        Ok(written)
    }

    /// Updates the record read last, or the one with a number or key: the fields given by a dict, or all by a
    /// sequence. False if there is no such record.
    #[pyo3(signature = (row, *, rrn=Given::default(), key=Given::default()))]
    fn update<'py>(
        &self,
        py: Python<'py>,
        row: &Bound<'py, PyAny>,
        rrn: Given<'py>,
        key: Given<'py>,
    ) -> PyResult<bool> {
        let opened = self.opened(py)?;
        let (row, meant) = (args::record(row, &opened.fields())?, args::Meant::by(py, &rrn, &key)?);
        let _waiting = opened.link.waiting();
        let done = runtime::block_on(py, shared_file::update(&opened.file, row, meant))?;
        done.map_err(|e| errors::raise(py, &e))
    }

    /// Deletes the record read last, or the one with a number or key. False if there is no such record.
    #[pyo3(signature = (*, rrn=Given::default(), key=Given::default()))]
    fn delete<'py>(&self, py: Python<'py>, rrn: Given<'py>, key: Given<'py>) -> PyResult<bool> {
        let opened = self.opened(py)?;
        let meant = args::Meant::by(py, &rrn, &key)?;
        let _waiting = opened.link.waiting();
        runtime::block_on(py, shared_file::delete(&opened.file, meant))?.map_err(|e| errors::raise(py, &e))
    }

    /// Parts of about equally many record numbers: list of FilePartition, no more than there are numbers. They
    /// can be pickled, and each is read on a connection of its own.
    fn partitions(&self, py: Python<'_>, count: &Bound<'_, PyAny>) -> PyResult<Vec<FilePartition>> {
        let (opened, count) = (self.opened(py)?, args::count(count)?);
        let _waiting = opened.link.waiting();
        let parts = runtime::block_on(py, opened.file.partitions(count))?.map_err(|e| errors::raise(py, &e))?;
        Ok(opened.parts(py, parts.into_iter().map(|part| (part.first, part.last)).collect()))
    }

    /// Closes the file. Closing twice is allowed.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        runtime::block_on(py, self.opened(py)?.close())?.map_err(|e| errors::raise(py, &e))
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (kind=None, _value=None, _traceback=None))]
    fn __exit__(
        &self,
        py: Python<'_>,
        kind: Option<&Bound<'_, PyAny>>,
        _value: Option<&Bound<'_, PyAny>>,
        _traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        runtime::block_on(py, self.opened(py)?.leave(kind.is_none()))?.map_err(|e| errors::raise(py, &e))
    }

    fn __repr__(&self) -> String {
        match self.0.get() {
            Ok(opened) => opened.describe("File"),
            Err(_) => "<drdarrow.File of another process>".to_owned(),
        }
    }
}

/// A record as a tuple.
fn tuple<'py>(py: Python<'py>, found: Result<Option<Batch>>) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let found = found.map_err(|e| errors::raise(py, &e))?;
    found.map(|batch| rows::row(py, &batch, 0)).transpose()
}
