//! The methods of cursors: PEP 249, and the ways from their results to Arrow.

use std::sync::atomic::Ordering;

use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};

use super::cursor_classes::{AsyncCursor, Cursor};
use super::description::{describe_state, description, drain_messages, row_count};
use super::executemany::{self, RawBatch};
use super::ingest::{self, Ingested};
use super::ingest_request::{IngestRequest, skipped};
use super::telling::{self, ToldCursor};
use super::{fetch, observing, procedure, scroll};
use crate::python::arguments::given::Given;
use crate::python::arguments::named;
use crate::python::arguments::param_rows::RawRows;
use crate::python::arguments::params;
use crate::python::arrow::batch::RecordBatch;
use crate::python::arrow::capsule;
use crate::python::arrow::requested::Requested;
use crate::python::arrow::result_table::{self, Form, Framed};
use crate::python::arrow::stream::{ArrowStream, AsyncArrowStream, capsule_of};
use crate::python::coroutine::{coroutine, spawn};
use crate::python::errors::Raise;
use crate::python::runtime;
use crate::python::twins::twins;
use crate::python::wording::shown;

twins! {
    impl Cursor {
        #[doc = include_str!("execute.txt")]
        #[pyo3(signature = (operation, parameters=None))]
        pub(super) fn execute(
            slf: Py<Self>,
            py: Python<'_>,
            operation: &Bound<'_, PyAny>,
            parameters: Option<&Bound<'_, PyAny>>,
        ) -> PyResult<Py<Self>> {
            let statement = slf.get().anew(py)?;
            let (sql, row) = named::bound(py, operation, parameters)?;
            telling::begin(py, &statement, &sql)?;
            runtime::wait(py, statement.execute(&sql, row))?;
            telling::tell(py, &statement)?;
            Ok(slf)
        }

        #[doc = include_str!("executemany.txt")]
        #[pyo3(signature = (operation, seq_of_parameters, *, on_error="raise", max_skipped=100_000))]
        fn executemany(
            slf: Py<Self>,
            py: Python<'_>,
            operation: &Bound<'_, PyAny>,
            seq_of_parameters: &Bound<'_, PyAny>,
            on_error: &str,
            max_skipped: usize,
        ) -> PyResult<Py<Self>> {
            let skip = skipped(on_error, max_skipped)?;
            let statement = slf.get().anew(py)?;
            executemany::run(py, &statement, operation, seq_of_parameters, skip)?;
            Ok(slf)
        }

        #[doc = include_str!("ingest.txt")]
        #[pyo3(signature = (
            table, data, mode="append", *, schema=None, types=None, batch_rows=None, on_error="raise",
            max_skipped=100_000, progress=None
        ))]
        #[expect(clippy::too_many_arguments, reason = "they are keywords")]
        fn ingest(
            &self,
            py: Python<'_>,
            table: String,
            data: &Bound<'_, PyAny>,
            mode: &str,
            schema: Option<String>,
            types: Option<&Bound<'_, PyDict>>,
            batch_rows: Option<usize>,
            on_error: &str,
            max_skipped: usize,
            progress: Option<&Bound<'_, PyAny>>,
        ) -> PyResult<Ingested> {
            let statement = self.anew(py)?;
            telling::begin(py, &statement, &ingest::described(&table))?;
            let request = IngestRequest::of(table, mode, schema, types, batch_rows, on_error, max_skipped)?;
            ingest::run(py, &statement, &request, data, progress)
        }

        /// The next row as a tuple, or None at the end.
        ///
        /// Raises ProgrammingError when there is no result, InterfaceError when the cursor is closed.
        pub(super) fn fetchone<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
            let (py, cursor) = (slf.py(), slf.get());
            let statement = cursor.statement.get().or_raise(py)?;
            let maker = cursor.rows.maker(slf, statement)?;
            fetch::one(py, statement)?.map(|row| maker.one(row)).transpose()
        }

        /// The next `size` rows, `arraysize` unless given: list of tuples, shorter at the end.
        #[pyo3(signature = (size=None))]
        fn fetchmany<'py>(slf: &Bound<'py, Self>, size: Option<i64>) -> PyResult<Bound<'py, PyList>> {
            let wanted = size.map_or(Ok(slf.get().get_arraysize()), |size| fetch::count(slf.py(), "size", size))?;
            Cursor::made(slf, wanted)
        }

        /// All remaining rows: list of tuples.
        fn fetchall<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
            Cursor::made(slf, usize::MAX)
        }

        #[doc = include_str!("fetch_arrow.txt")]
        #[pyo3(signature = (batch_rows=None, batch_bytes=None, *, batch_delay=Given::default()))]
        fn fetch_arrow<'py>(
            &self,
            py: Python<'py>,
            batch_rows: Option<&Bound<'py, PyAny>>,
            batch_bytes: Option<&Bound<'py, PyAny>>,
            batch_delay: Given<'py>,
        ) -> PyResult<ArrowStream> {
            let statement = self.statement.get().or_raise(py)?;
            fetch::handed_over(py, statement, batch_rows, batch_bytes, &batch_delay).map(ArrowStream::from)
        }

        /// The result as a `pyarrow.RecordBatchReader`, read as it is consumed.
        fn fetch_record_batch<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            let reader = result_table::library(py, "pyarrow", "arrow")?.getattr("RecordBatchReader")?;
            reader.call_method1("from_stream", (self.fetch_arrow(py, None, None, Given::default())?,))
        }

        /// A PyCapsule `arrow_array_stream` with all rows not yet fetched, once: `connection.query()` can be read again.
        /// Columns have the types of a requested schema where those hold all values of their own.
        #[pyo3(signature = (requested_schema=None))]
        fn __arrow_c_stream__<'py>(
            &self,
            py: Python<'py>,
            requested_schema: Option<Bound<'py, PyAny>>,
        ) -> PyResult<Bound<'py, PyCapsule>> {
            let statement = self.statement.get().or_raise(py)?;
            let requested = Requested::of(py, &statement.schema().or_raise(py)?, requested_schema.as_ref())?;
            capsule_of(py, fetch::handed_over(py, statement, None, None, &Given::default())?, requested)
        }

        /// The first row; None when there is none. For scrollable cursors.
        fn fetch_first<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
            scroll::fetched(slf, "first", 1)
        }

        /// The last row; None when there is none. For scrollable cursors.
        fn fetch_last<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
            scroll::fetched(slf, "last", -1)
        }

        /// The row before the one that was fetched last; None before the first. For scrollable cursors.
        fn fetch_prior<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
            scroll::fetched(slf, "prior", -1)
        }

        /// The row with this number, from 1 on, or from the end by a negative one; None where there is none. For scrollable cursors.
        fn fetch_absolute<'py>(slf: &Bound<'py, Self>, row: i64) -> PyResult<Option<Bound<'py, PyAny>>> {
            scroll::fetched(slf, "absolute", row)
        }

        /// The row so many after the one that was fetched last, or before it; None where there is none. For scrollable cursors.
        fn fetch_relative<'py>(slf: &Bound<'py, Self>, rows: i64) -> PyResult<Option<Bound<'py, PyAny>>> {
            scroll::fetched(slf, "relative", rows)
        }

        fn __iter__(slf: Py<Self>) -> Py<Self> {
            slf
        }

        fn __next__<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
            Cursor::fetchone(slf)
        }

        fn __enter__(slf: Py<Self>) -> Py<Self> {
            slf
        }
    }

    impl AsyncCursor {
        /// Executes a statement with a value per `?` or `:name`, and returns the cursor itself; see
        /// `drdarrow.Cursor.execute`.
        #[pyo3(signature = (operation, parameters=None))]
        pub(super) fn execute<'py>(
            slf: Bound<'py, Self>,
            operation: &Bound<'py, PyAny>,
            parameters: Option<&Bound<'py, PyAny>>,
        ) -> PyResult<Bound<'py, PyAny>> {
            let py = slf.py();
            let work = || {
                let statement = slf.get().anew(py)?;
                let (sql, row) = named::bound(py, operation, parameters)?;
                telling::begin(py, &statement, &sql)?;
                let cursor = slf.clone().unbind();
                Ok(async move { statement.execute(&sql, row).await.map(|()| ToldCursor(statement, cursor)) })
            };
            spawn(py, "AsyncCursor.execute", work())
        }

        /// Executes a statement once for each row of parameters, a few hundred at a time. The rows are Arrow data (a
        /// table, a frame, a stream), or any iterable with a sequence or a mapping of values per row.
        ///
        /// All rows are kept, or none, as with `drdarrow.Cursor.executemany`. When the task is cancelled they are
        /// undone in the background, before anything else runs on the connection; a commit under way goes on.
        #[pyo3(signature = (operation, seq_of_parameters, *, on_error="raise", max_skipped=100_000))]
        fn executemany<'py>(
            slf: Bound<'py, Self>,
            operation: &Bound<'py, PyAny>,
            seq_of_parameters: &Bound<'py, PyAny>,
            on_error: &str,
            max_skipped: usize,
        ) -> PyResult<Bound<'py, PyAny>> {
            let given = (slf.clone(), operation, seq_of_parameters, (on_error, max_skipped));
            coroutine(slf.py(), "AsyncCursor.executemany", "execute_many", given)
        }

        /// Puts Arrow data into a table, and returns an Ingested; see `drdarrow.Cursor.ingest`. `progress` is called on
        /// the thread of the event loop. When the task is cancelled all is undone in the background.
        #[pyo3(signature = (
            table, data, mode="append", *, schema=None, types=None, batch_rows=None, on_error="raise",
            max_skipped=100_000, progress=None
        ))]
        #[expect(clippy::too_many_arguments, reason = "they are keywords")]
        fn ingest<'py>(
            slf: Bound<'py, Self>,
            table: Bound<'py, PyAny>,
            data: Bound<'py, PyAny>,
            mode: &str,
            schema: Option<Bound<'py, PyAny>>,
            types: Option<Bound<'py, PyAny>>,
            batch_rows: Option<Bound<'py, PyAny>>,
            on_error: &str,
            max_skipped: usize,
            progress: Option<Bound<'py, PyAny>>,
        ) -> PyResult<Bound<'py, PyAny>> {
            let options = (table, mode, schema, types, batch_rows, on_error, max_skipped);
            coroutine(slf.py(), "AsyncCursor.ingest", "ingest", (slf.clone(), data, options, progress))
        }

        /// Begins to put rows into a table: a RawBatch.
        #[pyo3(signature = (rows, table, mode, schema, types, batch_rows, on_error, max_skipped))]
        #[expect(clippy::too_many_arguments, reason = "they are those of `ingest()`")]
        fn _ingest<'py>(
            &self,
            py: Python<'py>,
            rows: &RawRows,
            table: String,
            mode: &str,
            schema: Option<String>,
            types: Option<&Bound<'py, PyDict>>,
            batch_rows: Option<usize>,
            on_error: &str,
            max_skipped: usize,
        ) -> PyResult<Bound<'py, PyAny>> {
            let work = || {
                let statement = self.anew(py)?;
                telling::begin(py, &statement, &ingest::described(&table))?;
                let request = IngestRequest::of(table, mode, schema, types, batch_rows, on_error, max_skipped)?;
                let (columns, sample) = rows.first(py)?;
                Ok(RawBatch::ingest(statement, request, columns, sample))
            };
            spawn(py, "AsyncCursor._ingest", work())
        }

        /// The outcome of the last `ingest()`.
        fn _ingested(&self, py: Python<'_>) -> PyResult<Ingested> {
            Ingested::of(py, self.statement.get().or_raise(py)?)
        }

        /// Begins a call with many rows: a RawBatch.
        fn _batch<'py>(
            &self,
            py: Python<'py>,
            sql: &Bound<'py, PyAny>,
            on_error: &str,
            max_skipped: usize,
        ) -> PyResult<Bound<'py, PyAny>> {
            let work = || {
                let skip = skipped(on_error, max_skipped)?;
                let (statement, sql) = (self.anew(py)?, params::statement(sql)?);
                telling::begin(py, &statement, &sql)?;
                Ok(RawBatch::begin(statement, sql, skip))
            };
            spawn(py, "AsyncCursor._batch", work())
        }

        /// The next row as a tuple, or None at the end.
        fn fetchone<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
            coroutine(slf.py(), "AsyncCursor.fetchone", "fetch_one", (slf.clone(),))
        }

        /// The next `size` rows, `arraysize` unless given: list of tuples, shorter at the end.
        #[pyo3(signature = (size=None))]
        fn fetchmany<'py>(slf: Bound<'py, Self>, size: Option<i64>) -> PyResult<Bound<'py, PyAny>> {
            let py = slf.py();
            let wanted = size.map_or(Ok(slf.get().get_arraysize()), |size| fetch::count(py, "size", size))?;
            coroutine(py, "AsyncCursor.fetchmany", "fetch", (slf.clone(), wanted))
        }

        /// All remaining rows: list of tuples.
        fn fetchall<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
            coroutine(slf.py(), "AsyncCursor.fetchall", "fetch", (slf.clone(),))
        }

        /// The next row if it is in hand, without waiting; None says nothing about the end.
        fn _row_in_hand<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
            let (py, cursor) = (slf.py(), slf.get());
            let statement = cursor.statement.get().or_raise(py)?;
            let maker = cursor.rows.maker(slf, statement)?;
            let Ok(mut lease) = statement.lease_rows() else { return Ok(None) };
            let row = fetch::take_one(py, &mut lease)?;
            drop(lease);
            row.map(|row| maker.one(row)).transpose()
        }

        /// Tuples in the form of the row factory: a list, which may be the same.
        fn _made<'py>(slf: &Bound<'py, Self>, rows: Bound<'py, PyList>) -> PyResult<Bound<'py, PyList>> {
            let statement = slf.get().statement.get().or_raise(slf.py())?;
            slf.get().rows.maker(slf, statement)?.all(rows)
        }

        /// Waits until rows are in hand; False at the end. It takes none, so that none are lost with a task that is
        /// cancelled. Who wants the `whole` result gets more of them at a time, and later.
        fn _more<'py>(&self, py: Python<'py>, whole: bool) -> PyResult<Bound<'py, PyAny>> {
            let statement = self.statement.shared(py)?;
            spawn(py, "AsyncCursor._more", Ok(fetch::more(statement, whole)))
        }

        /// Those of the rows in hand that `size` allows, without waiting: a list.
        fn _in_hand<'py>(&self, py: Python<'py>, size: usize) -> PyResult<Bound<'py, PyList>> {
            let (list, statement) = (PyList::empty(py), self.statement.get().or_raise(py)?);
            telling::tell(py, statement)?;
            fetch::take(&mut statement.lease_rows().or_raise(py)?, size, &list)?;
            Ok(list)
        }

        /// The result as a stream of Arrow record batches, which takes it over; see `drdarrow.Cursor.fetch_arrow`.
        #[pyo3(signature = (batch_rows=None, batch_bytes=None, *, batch_delay=Given::default()))]
        fn fetch_arrow<'py>(
            &self,
            py: Python<'py>,
            batch_rows: Option<&Bound<'py, PyAny>>,
            batch_bytes: Option<&Bound<'py, PyAny>>,
            batch_delay: Given<'py>,
        ) -> PyResult<AsyncArrowStream> {
            self.whole(py)?;
            let statement = self.statement.get().or_raise(py)?;
            fetch::handed_over(py, statement, batch_rows, batch_bytes, &batch_delay).map(AsyncArrowStream::from)
        }

        /// The first row; None when there is none. For scrollable cursors.
        fn fetch_first<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
            scroll::fetched_soon(slf, "first", 1)
        }

        /// The last row; None when there is none. For scrollable cursors.
        fn fetch_last<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
            scroll::fetched_soon(slf, "last", -1)
        }

        /// The row before the one that was fetched last; None before the first. For scrollable cursors.
        fn fetch_prior<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
            scroll::fetched_soon(slf, "prior", -1)
        }

        /// The row with this number, from 1 on, or from the end by a negative one; None where there is none. For scrollable cursors.
        fn fetch_absolute<'py>(slf: Bound<'py, Self>, row: i64) -> PyResult<Bound<'py, PyAny>> {
            scroll::fetched_soon(slf, "absolute", row)
        }

        /// The row so many after the one that was fetched last, or before it; None where there is none. For scrollable cursors.
        fn fetch_relative<'py>(slf: Bound<'py, Self>, rows: i64) -> PyResult<Bound<'py, PyAny>> {
            scroll::fetched_soon(slf, "relative", rows)
        }

        /// Moves before a row: whether there is one.
        fn _seek<'py>(&self, py: Python<'py>, name: &str, number: i64) -> PyResult<Bound<'py, PyAny>> {
            let (statement, kept) = (self.statement.shared(py)?, self.unseen(py)?);
            spawn(py, "AsyncCursor._seek", Ok(scroll::sought(statement, scroll::movement(name, number), kept)))
        }

        fn __aiter__(slf: Py<Self>) -> Py<Self> {
            slf
        }

        fn __anext__<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
            coroutine(slf.py(), "AsyncCursor.__anext__", "next_row", (slf.clone(),))
        }
    }

    impl Shared {
        /// One 7-tuple per column of the result, or None without one: name, type_code, None,
        /// internal_size in bytes, precision, scale, null_ok. `type_code` is the SQL type's name, or a more
        /// general one and the SQL type in parentheses, as in "TEXT(CLOB)"; it is equal to one of STRING,
        /// BINARY, NUMBER, DATETIME, ROWID.
        #[getter]
        fn description<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
            description(py, self.statement.get().or_raise(py)?)
        }

        /// Rows that the last statement changed; -1 before it, for a result, and where the server does
        /// not count.
        #[getter]
        fn rowcount(&self, py: Python<'_>) -> PyResult<i64> {
            Ok(row_count(self.statement.get().or_raise(py)?))
        }

        /// The rows that the last `executemany()` left out, list of RecordBatch: one for each run of rows whose values
        /// have the same types; the columns as those of `Ingested.skipped`, called by their numbers unless the rows
        /// were Arrow data. Empty after anything else.
        #[getter]
        fn skipped(&self, py: Python<'_>) -> PyResult<Vec<RecordBatch>> {
            let statement = self.statement.get().or_raise(py)?;
            Ok(statement.about().skipped.iter().cloned().map(RecordBatch).collect())
        }

        /// The index from 0 of the next row of a scrollable or updatable cursor, int; None for any other.
        #[getter]
        fn rownumber(&self, py: Python<'_>) -> PyResult<Option<i64>> {
            scroll::position(self.statement.get().or_raise(py)?, self.seen(py)).or_raise(py)
        }

        /// Rows that `fetchmany()` fetches unless told; 1 at first.
        #[getter]
        fn get_arraysize(&self) -> usize {
            self.arraysize.load(Ordering::Relaxed)
        }

        #[setter]
        fn set_arraysize(&self, py: Python<'_>, rows: i64) -> PyResult<()> {
            self.arraysize.store(fetch::count(py, "arraysize", rows)?, Ordering::Relaxed);
            Ok(())
        }

        /// The maker of its rows: None for tuples, or a callable that takes the cursor, once for each result, and returns
        /// what makes a row of a tuple, such as `drdarrow.rows.dict_row`. A change counts from the next fetch.
        #[getter]
        fn get_row_factory(&self, py: Python<'_>) -> Py<PyAny> {
            self.rows.get(py)
        }

        #[setter]
        fn set_row_factory(&self, factory: &Bound<'_, PyAny>) -> PyResult<()> {
            self.rows.set(factory)
        }

        fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
            self.traverse(&visit)
        }

        fn __clear__(&self) {
            self.rows.clear();
        }

        /// Generic in its rows, for annotations: `Cursor[dict[str, Any]]`.
        #[classmethod]
        fn __class_getitem__<'py>(cls: &Bound<'py, PyType>, row: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
            cls.py().import("types")?.getattr("GenericAlias")?.call1((cls, row))
        }

        /// Warnings of the server for the last statement: list of (class, instance). They are not raised.
        #[getter]
        fn messages(&self, py: Python<'_>) -> PyResult<Py<PyList>> {
            drain_messages(py, self.statement.get().or_raise(py)?, self.messages.bind(py))?;
            Ok(self.messages.clone_ref(py))
        }

        /// Where the time of the last statement went: a `drdarrow.observing.Timing`; None before the first. A call with
        /// many rows is all `first_block`.
        fn timing<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
            observing::timing(py, self.statement.get().or_raise(py)?)
        }

        /// The Connection it belongs to.
        #[getter]
        fn connection(&self, py: Python<'_>) -> Py<PyAny> {
            self.connection.clone_ref(py)
        }

        /// Values of a procedure's parameters after its call, as a tuple, None for those that only go
        /// in; None when nothing came out.
        #[getter]
        fn outputs<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
            procedure::outputs(py, self.statement.get().or_raise(py)?)
        }

        /// A PyCapsule `arrow_schema` of the result; asks nothing of the server.
        fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
            capsule::schema(py, &self.statement.get().or_raise(py)?.schema().or_raise(py)?)
        }

        /// Does nothing; the server describes the parameters (PEP 249).
        fn setinputsizes(&self, _sizes: &Bound<'_, PyAny>) {}

        /// Does nothing; values are fetched whole (PEP 249).
        #[pyo3(signature = (_size, _column=None, /))]
        fn setoutputsize(&self, _size: &Bound<'_, PyAny>, _column: Option<&Bound<'_, PyAny>>) {}

        fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
            shown::<Self>(py, self.statement.get().map(|statement| describe_state(statement)))
        }
    }

    impl Both {
        #[doc = include_str!("callproc.txt")]
        #[pyo3(signature = (procname, parameters=None))]
        fn callproc<'py>(
            &self,
            py: Python<'py>,
            procname: &Bound<'py, PyAny>,
            parameters: Option<&Bound<'py, PyAny>>,
        ) -> procedure::Called {
            let statement = self.anew(py)?;
            let given = procedure::given(py, parameters)?;
            let sql = procedure::statement(py, &params::statement(procname)?, given.len())?;
            telling::begin(py, &statement, &sql)?;
            let (row, given) = (params::batch(py, Some(given.as_any()))?, given.unbind());
            async move {
                statement.execute(&sql, row).await?;
                Ok(procedure::Called { statement, given })
            }
        }

        /// Moves so that the row with the index `value`, from 0 on, is fetched next, or with `mode="relative"` the row so
        /// many after that, or before it. For scrollable cursors.
        ///
        /// Raises IndexError when there is no such row; the cursor stays where it is then.
        #[pyo3(signature = (value, mode="relative"))]
        fn scroll<'py>(&self, py: Python<'py>, value: i64, mode: &str) -> scroll::Scrolled {
            let (statement, relative) = (self.statement.shared(py)?, scroll::relative(py, mode)?);
            scroll::scrolled(statement, value, relative, self.unseen(py)?)
        }

        /// Gives columns of the row that was fetched last other values: a mapping of names to values. `table` is needed
        /// where the server does not tell the table of the query. For updatable cursors.
        ///
        /// Raises ProgrammingError with SQLSTATE 24504 when the cursor is on no row.
        #[pyo3(signature = (values, *, table=None))]
        fn update_current<'py>(&self, py: Python<'py>, values: &Bound<'py, PyDict>, table: Option<String>) -> () {
            let (statement, changes) = (self.statement.shared(py)?, scroll::Changes::of(py, values, table)?);
            scroll::changed(statement, Some(changes), None, self.unseen(py)?)
        }

        /// Deletes the row that was fetched last; `table` as in `update_current()`. For updatable cursors.
        #[pyo3(signature = (*, table=None))]
        fn delete_current<'py>(&self, py: Python<'py>, table: Option<String>) -> () {
            scroll::changed(self.statement.shared(py)?, None, table, self.unseen(py)?)
        }

        /// Goes on to the next result set of a procedure and gives up what is left of the one in hand: True,
        /// or None when there is no other.
        fn nextset<'py>(&self, py: Python<'py>) -> Option<bool> {
            self.next(py)?.next_set()
        }

        /// Closes the cursor and its result. Closing twice is allowed.
        fn close<'py>(&self, py: Python<'py>) -> () {
            self.next(py)?.close()
        }
    }

    impl Whole {
        /// The result as a `pyarrow.Table`. Needs `pip install drdarrow[arrow]`.
        fn fetch_arrow_table<'py>(&self, py: Python<'py>) -> Framed {
            self.whole(py)?;
            let (form, statement) = (Form::table(py)?, self.statement.shared(py)?);
            async move { statement.framed(form).await }
        }

        /// The result as a `pandas.DataFrame`. Needs `pip install drdarrow[pandas]`.
        ///
        /// Every value is exact: NumPy's types where they hold the column, else pandas' nullable ones.
        /// `dtype_backend` chooses for all columns, as in pandas: `"numpy"`, `"numpy_nullable"`, `"pyarrow"`.
        /// Raises DataError where NumPy's types would change a value.
        #[pyo3(signature = (*, dtype_backend=None))]
        fn fetch_df<'py>(&self, py: Python<'py>, dtype_backend: Option<&Bound<'py, PyAny>>) -> Framed {
            self.whole(py)?;
            let (form, statement) = (Form::pandas(py, dtype_backend)?, self.statement.shared(py)?);
            async move { statement.framed(form).await }
        }

        /// The result as a `polars.DataFrame`. Needs `pip install drdarrow[polars]`.
        fn fetch_polars<'py>(&self, py: Python<'py>) -> Framed {
            self.whole(py)?;
            let statement = self.statement.shared(py)?;
            // Not within the lock: an import lets other threads run.
            let schema = statement.about().schema.clone();
            let form = Form::polars(py, schema.as_ref())?;
            async move { statement.framed(form).await }
        }
    }

    impl Leave {
        fn leave<'py>(&self, py: Python<'py>, _well: bool) -> () {
            self.next(py)?.close()
        }
    }
}
