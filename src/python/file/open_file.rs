//! The methods of an open file and its sister for asyncio: whole as Arrow, or record by record.

use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use super::arguments as args;
use super::file_classes::{AsyncFile, File};
use super::images;
use super::partition::Parts;
use super::shared_file::{self, Record};
use super::written_rows::{self, NewRows, RecordChunk};
use crate::client::file::read::Position;
use crate::python::arguments::given::Given;
use crate::python::arguments::settings;
use crate::python::arrow::batch::{RecordBatch, Schema};
use crate::python::arrow::capsule;
use crate::python::arrow::requested::Requested;
use crate::python::arrow::result_table::{Form, Framed};
use crate::python::arrow::stream::{ArrowStream, AsyncArrowStream, capsule_of};
use crate::python::coroutine::{coroutine, spawn};
use crate::python::errors::Raise;
use crate::python::runtime;
use crate::python::twins::twins;
use crate::python::wording::shown;

twins! {
    impl File {
        #[doc = include_str!("fetch_arrow.txt")]
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
            let limits = self.0.get().or_raise(py)?.link.limits;
            let limits = settings::limits(limits, batch_rows, batch_bytes, &batch_delay)?;
            self.stream(py, Some(limits), args::wanted(py, &key, between)?)
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
            let (first, last) = args::range(first, last)?.unwrap_or((1, None));
            self.stream(py, None, args::WantedRecords::Numbers(first, last))
        }

        /// A PyCapsule `arrow_array_stream` with all records; may be called again. Columns have the types of a requested
        /// schema where those hold all values of their own.
        #[pyo3(signature = (requested_schema=None))]
        fn __arrow_c_stream__<'py>(
            &self,
            py: Python<'py>,
            requested_schema: Option<Bound<'py, PyAny>>,
        ) -> PyResult<Bound<'py, PyCapsule>> {
            let opened = self.0.get().or_raise(py)?;
            let requested = Requested::of(py, &opened.file.schema(), requested_schema.as_ref())?;
            let reader = runtime::wait(py, opened.feed(opened.link.limits, args::WantedRecords::All))?;
            capsule_of(py, reader, requested)
        }

        fn __iter__(&self, py: Python<'_>) -> PyResult<ArrowStream> {
            self.stream(py, None, args::WantedRecords::All)
        }

        /// Adds records: Arrow data (a table, a batch, a stream), or rows, each a dict by field or a sequence in
        /// the order of the fields. Returns how many. Fields that are not given are NULL, or have the default
        /// of their type.
        ///
        /// Raises IntegrityError for a key that is there already, DataError for a value that does not fit: `row` is
        /// the row that failed, the first one is 1, and the message says how many were added before it. Those stay,
        /// under commitment control until a rollback; none after it is added. Rows are added a thousand at a
        /// time, those of small batches 8,192. Where they come slowly, those that are there are added with the one that
        /// comes a tenth of a second after the first.
        fn write(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<u64> {
            let opened = self.0.get().or_raise(py)?;
            let _waiting = opened.link.waiting();
            let (mut rows, fields, mut written) = (NewRows::of(data)?, opened.fields(), 0);
            // An exception of somebody else, Ctrl-C among them, comes with a note of how far it went.
            let note = |e, written| written_rows::noted(py, e, &format!("at least {written} rows were added"));
            while let Some(chunk) = rows.chunk(py, &fields, written)? {
                let done = runtime::block_on(py, opened.file.write_rows(written, &chunk));
                written += done.map_err(|e| note(e, written))?.or_raise(py)?;
                py.check_signals().map_err(|e| note(e, written))?;
            }
            Ok(written)
        }

        fn __enter__(slf: Py<Self>) -> Py<Self> {
            slf
        }
    }

    impl AsyncFile {
        /// All records as an AsyncArrowStream, or those with numbers from `first` to `last`, or with a `key` or keys
        /// `between` two; see `drdarrow.File.fetch_arrow`.
        #[pyo3(signature = (
            first=None,
            last=None,
            *,
            batch_rows=None,
            batch_bytes=None,
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
            let work = || {
                let opened = self.0.shared(py)?;
                let limits = settings::limits(opened.link.limits, batch_rows, batch_bytes, &batch_delay)?;
                let wanted = args::wanted(py, &key, between)?.or_numbers(py, args::range(first, last)?)?;
                Ok(async move { opened.feed(limits, wanted).await.map(AsyncArrowStream::from) })
            };
            spawn(py, "AsyncFile.fetch_arrow", work())
        }

        /// The records with numbers from `first` to `last`, both included, as an AsyncArrowStream; without `last`
        /// as many as there are.
        #[pyo3(signature = (first=None, last=None))]
        fn ranges<'py>(
            &self,
            py: Python<'py>,
            first: Option<&Bound<'py, PyAny>>,
            last: Option<&Bound<'py, PyAny>>,
        ) -> PyResult<Bound<'py, PyAny>> {
            let work = || {
                let opened = self.0.shared(py)?;
                let (first, last) = args::range(first, last)?.unwrap_or((1, None));
                let wanted = args::WantedRecords::Numbers(first, last);
                Ok(async move { opened.feed(opened.link.limits, wanted).await.map(AsyncArrowStream::from) })
            };
            spawn(py, "AsyncFile.ranges", work())
        }

        fn __aiter__<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
            coroutine(slf.py(), "AsyncFile.__aiter__", "batches", (slf.clone(),))
        }

        /// Adds records: Arrow data or rows. Returns how many. Arrow data is read in a thread; see `drdarrow.File.write`.
        fn write<'py>(slf: Bound<'py, Self>, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
            coroutine(slf.py(), "AsyncFile.write", "write", (slf.clone(), data))
        }

        /// Adds some of them; how many. `before` went ahead of them.
        fn _write<'py>(&self, py: Python<'py>, rows: &RecordChunk, before: u64) -> PyResult<Bound<'py, PyAny>> {
            let work = || {
                let (opened, rows) = (self.0.shared(py)?, rows.take());
                Ok(async move {
                    let _waiting = opened.link.waiting();
                    opened.file.write_rows(before, &rows).await
                })
            };
            spawn(py, "AsyncFile._write", work())
        }
    }

    impl Shared {
        /// The file as the system found it: `LIB/FILE(MEMBER)`, str.
        #[getter]
        fn name(&self, py: Python<'_>) -> PyResult<String> {
            Ok(self.0.get().or_raise(py)?.file.name().to_string())
        }

        /// The member, str.
        #[getter]
        fn member(&self, py: Python<'_>) -> PyResult<String> {
            Ok(self.0.get().or_raise(py)?.file.name().member.clone())
        }

        /// `"r"`, `"w"` or `"rw"`, str.
        #[getter]
        fn mode(&self, py: Python<'_>) -> PyResult<&'static str> {
            Ok(self.0.get().or_raise(py)?.file.options().mode.name())
        }

        /// Records when it was opened, int; others may add and delete.
        #[getter]
        fn records(&self, py: Python<'_>) -> PyResult<u32> {
            Ok(self.0.get().or_raise(py)?.file.records())
        }

        /// The columns that are read, a Schema.
        #[getter]
        fn schema(&self, py: Python<'_>) -> PyResult<Schema> {
            Ok(Schema(self.0.get().or_raise(py)?.file.schema()))
        }

        /// The description of the records: dict with file, library, name, length, text, unique, keys and
        /// fields (a list of dicts: name, type, offset, length, digits, decimals, ccsid, varying, nullable, format,
        /// separator, text). `open_file(format=...)` takes it back.
        #[getter]
        fn record_format<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            let file = &self.0.get().or_raise(py)?.file;
            shared_file::format_dict(py, file)
        }

        /// Decodes images of records, which entries of journals have. Arrow data with the record's number, its NULLs
        /// as text and its bytes, a RecordBatch of the fields.
        fn _decode_images(&self, py: Python<'_>, entries: &Bound<'_, PyAny>) -> PyResult<RecordBatch> {
            images::decode(py, &self.0.get().or_raise(py)?.file, entries)
        }

        /// Bad values that were read as NULL since the file was opened: dict of field to int.
        #[getter]
        fn nulled<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            let dict = PyDict::new(py);
            for (field, count) in self.0.get().or_raise(py)?.file.nulled() {
                dict.set_item(field, count)?;
            }
            Ok(dict)
        }

        /// Closed, by itself or with its connection, bool.
        #[getter]
        fn closed(&self, py: Python<'_>) -> PyResult<bool> {
            Ok(self.0.get().or_raise(py)?.file.is_closed())
        }

        /// A PyCapsule `arrow_schema`; asks nothing of the server.
        fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
            capsule::schema(py, &self.0.get().or_raise(py)?.file.schema())
        }

        fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
            shown::<Self>(py, self.0.get().map(|opened| opened.describe()))
        }
    }

    impl Both {
        /// All records as a `pyarrow.Table`, or those with a `key` or keys `between` two, as for `fetch_arrow()`.
        /// Needs `pip install drdarrow[arrow]`.
        #[pyo3(signature = (*, key=Given::default(), between=None))]
        fn fetch_arrow_table<'py>(
            &self,
            py: Python<'py>,
            key: Given<'py>,
            between: Option<&Bound<'py, PyAny>>,
        ) -> Framed {
            let (form, wanted) = (Form::table(py)?, args::wanted(py, &key, between)?);
            self.0.shared(py)?.framed(form, wanted)
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
        ) -> Framed {
            let (form, wanted) = (Form::pandas(py, dtype_backend)?, args::wanted(py, &key, between)?);
            self.0.shared(py)?.framed(form, wanted)
        }

        /// All records, or some, as a `polars.DataFrame`. Needs `pip install drdarrow[polars]`.
        #[pyo3(signature = (*, key=Given::default(), between=None))]
        fn fetch_polars<'py>(&self, py: Python<'py>, key: Given<'py>, between: Option<&Bound<'py, PyAny>>) -> Framed {
            let opened = self.0.shared(py)?;
            let (form, wanted) = (Form::polars(py, Some(&opened.file.schema()))?, args::wanted(py, &key, between)?);
            opened.framed(form, wanted)
        }

        /// The record with a relative record number as a tuple, or None.
        fn read<'py>(&self, py: Python<'py>, rrn: &Bound<'py, PyAny>) -> Record {
            self.0.shared(py)?.record(Position::Number(args::number("rrn", rrn)?))
        }

        /// The record that stands to a key as `how` says: `==`, `>=`, `>`, `<=`, `<`. The key is a value, or a
        /// tuple with a value for each key field or the first ones. The file has to be opened `keyed`.
        #[pyo3(signature = (key, how="=="))]
        fn read_key<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>, how: &str) -> Record {
            let position = Position::Key(args::key(key)?, shared_file::by_sign(py, how)?);
            self.0.shared(py)?.record(position)
        }

        /// The first record as a tuple, or None.
        fn first<'py>(&self, py: Python<'py>) -> Record {
            self.0.shared(py)?.record(Position::First)
        }

        /// The last record as a tuple, or None.
        fn last<'py>(&self, py: Python<'py>) -> Record {
            self.0.shared(py)?.record(Position::Last)
        }

        /// The record after the one read last as a tuple, or None at the end.
        fn next<'py>(&self, py: Python<'py>) -> Record {
            self.0.shared(py)?.record(Position::Next)
        }

        /// The record before the one read last as a tuple, or None at the beginning.
        fn previous<'py>(&self, py: Python<'py>) -> Record {
            self.0.shared(py)?.record(Position::Previous)
        }

        /// The next record with the key of the one read last as a tuple, or None.
        fn next_equal<'py>(&self, py: Python<'py>) -> Record {
            self.0.shared(py)?.record(Position::NextEqual)
        }

        /// The previous record with the key of the one read last as a tuple, or None.
        fn previous_equal<'py>(&self, py: Python<'py>) -> Record {
            self.0.shared(py)?.record(Position::PreviousEqual)
        }

        /// Puts the position before the first record, or after the last.
        #[pyo3(signature = (*, end=false))]
        fn rewind<'py>(&self, py: Python<'py>, end: bool) -> () {
            let opened = self.0.shared(py)?;
            async move {
                let _waiting = opened.link.waiting();
                opened.file.rewind(!end).await
            }
        }

        /// Updates the record read last, or the one with a number or key: the fields given by a dict, or all by a
        /// sequence. False if there is no such record.
        #[pyo3(signature = (row, *, rrn=Given::default(), key=Given::default()))]
        fn update<'py>(&self, py: Python<'py>, row: &Bound<'py, PyAny>, rrn: Given<'py>, key: Given<'py>) -> bool {
            let opened = self.0.shared(py)?;
            let (row, meant) = (args::record(row, &opened.fields())?, args::Meant::by(py, &rrn, &key)?);
            async move {
                let _waiting = opened.link.waiting();
                shared_file::update(&opened.file, row, meant).await
            }
        }

        /// Deletes the record read last, or the one with a number or key. False if there is no such record.
        #[pyo3(signature = (*, rrn=Given::default(), key=Given::default()))]
        fn delete<'py>(&self, py: Python<'py>, rrn: Given<'py>, key: Given<'py>) -> bool {
            let (opened, meant) = (self.0.shared(py)?, args::Meant::by(py, &rrn, &key)?);
            async move {
                let _waiting = opened.link.waiting();
                shared_file::delete(&opened.file, meant).await
            }
        }

        /// Parts of about equally many record numbers: list of FilePartition, no more than there are numbers. They
        /// can be pickled, and each is read on a connection of its own.
        fn partitions<'py>(&self, py: Python<'py>, count: &Bound<'py, PyAny>) -> Parts {
            let (opened, count) = (self.0.shared(py)?, args::count(count)?);
            async move { Parts::of(opened, count).await }
        }

        /// Closes the file. Closing twice is allowed.
        fn close<'py>(&self, py: Python<'py>) -> () {
            let opened = self.0.shared(py)?;
            async move { opened.close().await }
        }
    }

    impl Leave {
        fn leave<'py>(&self, py: Python<'py>, well: bool) -> () {
            let opened = self.0.shared(py)?;
            async move { opened.leave(well).await }
        }
    }
}
