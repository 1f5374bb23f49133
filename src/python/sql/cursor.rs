//! The methods of cursors: PEP 249, and the ways from their results to Arrow.

use std::sync::atomic::Ordering;

use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};

use super::cursor_classes::{AsyncCursor, Cursor};
use super::cursor_moves::with_moves;
use super::description::{describe_state, description, drain_messages, row_count};
use super::executemany::{self, RawBatch};
use super::ingest::{self, Ingested};
use super::ingest_request::{IngestRequest, skipped};
use super::telling::{self, ToldCursor};
use super::{fetch, figures, procedure, scroll};
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
use crate::python::wording::shown;

with_moves! {
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
            runtime::wait(py, telling::execute(&statement, &sql, row))?;
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
                Ok(async move { telling::execute(&statement, &sql, row).await.map(|()| ToldCursor(statement, cursor)) })
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

        fn __aiter__(slf: Py<Self>) -> Py<Self> {
            slf
        }

        fn __anext__<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
            coroutine(slf.py(), "AsyncCursor.__anext__", "next_row", (slf.clone(),))
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
                telling::execute(&statement, &sql, row).await?;
                Ok(procedure::Called { statement, given })
            }
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
