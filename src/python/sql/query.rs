//! A query that is asked anew each time it is read, and its sister for asyncio.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch as Batch;
use arrow_schema::SchemaRef;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use pyo3::{PyTraverseError, PyVisit};

use super::cursor_classes::{AsyncCursor, Cursor};
use super::fetch;
use super::row_factory::RowFactory;
use super::statement::SharedStatement;
use super::telling;
use crate::client::batch_source::BatchSource;
use crate::client::error::{Error, Result};
use crate::client::limits::Limits;
use crate::python::arguments::given::Given;
use crate::python::arguments::{named, params, settings};
use crate::python::arrow::batch::{self, RecordBatch, Schema};
use crate::python::arrow::capsule;
use crate::python::arrow::requested::Requested;
use crate::python::arrow::result_table::{self, Form, Framed};
use crate::python::arrow::stream::{ArrowStream, AsyncArrowStream, capsule_of};
use crate::python::coroutine::{coroutine, spawn};
use crate::python::errors::{self, Raise};
use crate::python::ownership::{Owned, OwnedSlot};
use crate::python::reader::{ResultReader, fill};
use crate::python::runtime;
use crate::python::shared_connection::SharedConnection;
use crate::python::twins::twins;
use crate::python::wording::shown;

/// A query that is asked anew each time it is read: by an Arrow library, a loop over its rows, or a method.
///
/// Made by `Connection.query()`, which asks nothing yet. It keeps statement and parameters as they were given. Each
/// reading has a cursor of its own, so several may be under way at once.
#[pyclass(frozen, module = "drdarrow", weakref)]
pub(in crate::python) struct Query {
    /// The Connection, which cursors hand back.
    connection: Py<PyAny>,
    query: Owned<Arc<SharedQuery>>,
}

/// A query that is asked anew each time it is read: `async for row in query`, or by a method. It asks nothing yet.
#[pyclass(frozen, module = "drdarrow.aio", weakref)]
pub(in crate::python) struct AsyncQuery {
    connection: Py<PyAny>,
    query: Owned<Arc<SharedQuery>>,
}

/// The work of both, without Python.
pub(super) struct SharedQuery {
    link: Arc<SharedConnection>,
    /// As it was given.
    sql: String,
    /// With a question mark for each parameter.
    statement: String,
    /// One row.
    parameters: Batch,
    /// The columns, when they were last told.
    known: Mutex<Option<SchemaRef>>,
}

impl SharedQuery {
    /// With the arguments of `execute()`.
    pub(super) fn of(
        py: Python<'_>,
        link: &Arc<SharedConnection>,
        sql: &Bound<'_, PyAny>,
        parameters: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Owned<Arc<SharedQuery>>> {
        link.open().or_raise(py)?;
        let (statement, parameters) = named::bound(py, sql, parameters)?;
        let (sql, known) = (params::statement(sql)?, Mutex::default());
        Ok(Owned::new(Arc::new(SharedQuery { link: link.clone(), sql, statement, parameters, known })))
    }

    /// Asks: a statement with the rows in hand.
    async fn ask(&self) -> Result<Arc<SharedStatement>> {
        let statement = SharedStatement::new(self.link.clone());
        statement.watch(self.link.watch.begin_slow(&self.link.client, &self.statement));
        let answer = statement.query(&self.statement, self.parameters.clone()).await;
        if statement.slowest().is_some() {
            // Whatever the hook does, it is told of by itself.
            runtime::aside(|py| telling::tell_if_slow(py, &statement));
        }
        answer?;
        self.learn(statement.schema()?);
        Ok(statement)
    }

    /// The rows, in batches of this size.
    async fn read(&self, limits: Limits) -> Result<ResultReader> {
        let mut reader = self.ask().await?.hand_over()?;
        reader.set_limits(limits);
        Ok(reader)
    }

    async fn framed(self: Arc<SharedQuery>, form: Form) -> Result<Framed> {
        self.ask().await?.framed(form).await
    }

    /// The columns. Only a query that was not read before is described for that.
    async fn schema(&self) -> Result<SchemaRef> {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        self.link.open()?;
        let _waiting = self.link.waiting();
        let described = self.link.client.query_schema(&self.statement).await?;
        self.learn(described.clone());
        Ok(described)
    }

    fn learn(&self, columns: SchemaRef) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(columns);
    }

    fn known(&self) -> Option<SchemaRef> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first rows.
    async fn preview(self: Arc<SharedQuery>, rows: usize) -> Result<RecordBatch> {
        let reader = self.read(Limits { rows, bytes: Some(usize::MAX), delay: None }).await?;
        let schema = reader.schema();
        if rows == 0 {
            return Ok(RecordBatch(Batch::new_empty(schema)));
        }
        let slot = OwnedSlot::new(Some(reader));
        let (lease, filled) = fill(slot.take("preview")?).await;
        let Some(mut lease) = lease.filter(|_| filled.is_ok()) else {
            filled?;
            return Err(cut());
        };
        let Some(batch) = lease.as_mut().and_then(ResultReader::take_batch) else {
            return Ok(RecordBatch(Batch::new_empty(schema)));
        };
        // An error after its rows is not the end of the result.
        if batch.num_rows() < rows && fill(lease).await.1? {
            return Err(cut());
        }
        Ok(RecordBatch(batch))
    }

    /// Words for `repr`. Values may be secrets.
    fn describe(&self) -> String {
        let given = match self.parameters.num_columns() {
            0 => String::new(),
            1 => " with 1 parameter".to_owned(),
            n => format!(" with {n} parameters"),
        };
        let columns = self.known().map(|known| batch::text(&known)).unwrap_or_default();
        format!("{:?}{given}{columns}", self.sql)
    }
}

impl Query {
    pub(super) fn new(connection: Py<PyAny>, query: Owned<Arc<SharedQuery>>) -> Query {
        Query { connection, query }
    }
}

impl AsyncQuery {
    pub(super) fn new(connection: Py<PyAny>, query: Owned<Arc<SharedQuery>>) -> AsyncQuery {
        AsyncQuery { connection, query }
    }
}

twins! {
    impl Query {
        /// Asks the server: a Cursor of its own with the result.
        fn execute(&self, py: Python<'_>) -> PyResult<Cursor> {
            let statement = runtime::wait(py, self.query.get().or_raise(py)?.ask())?;
            let rows = RowFactory::of_connection(self.connection.bind(py))?;
            Ok(Cursor::new(py, self.connection.clone_ref(py), statement, rows))
        }

        /// The columns, a Schema. The server describes a query that was not read before and does not run it; later it
        /// costs no round trip.
        #[getter]
        fn schema(&self, py: Python<'_>) -> PyResult<Schema> {
            runtime::wait(py, self.query.get().or_raise(py)?.schema()).map(Schema)
        }

        /// The result as an ArrowStream; see `drdarrow.Cursor.fetch_arrow`.
        #[pyo3(signature = (batch_rows=None, batch_bytes=None, *, batch_delay=Given::default()))]
        fn fetch_arrow<'py>(
            &self,
            py: Python<'py>,
            batch_rows: Option<&Bound<'py, PyAny>>,
            batch_bytes: Option<&Bound<'py, PyAny>>,
            batch_delay: Given<'py>,
        ) -> PyResult<ArrowStream> {
            let query = self.query.get().or_raise(py)?;
            let limits = settings::limits(query.link.limits, batch_rows, batch_bytes, &batch_delay)?;
            runtime::wait(py, query.read(limits)).map(ArrowStream::from)
        }

        /// The result as a `pyarrow.RecordBatchReader`, read as it is consumed.
        fn fetch_record_batch<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
            let reader = result_table::library(slf.py(), "pyarrow", "arrow")?.getattr("RecordBatchReader")?;
            reader.call_method1("from_stream", (slf,))
        }

        /// Writes the result to a Parquet file and returns how many rows there were. Needs `pip install drdarrow[arrow]`.
        ///
        /// Batches of up to 16 MiB are written as they come, each as a row group, so that a large result takes little
        /// memory. A file that is there is replaced when the new one is complete. Options are those of
        /// `pyarrow.parquet.ParquetWriter`.
        #[pyo3(signature = (path, /, **options))]
        fn write_parquet<'py>(
            &self,
            py: Python<'py>,
            path: &Bound<'py, PyAny>,
            options: Option<&Bound<'py, PyDict>>,
        ) -> PyResult<Bound<'py, PyAny>> {
            result_table::library(py, "pyarrow", "arrow")?;
            let write = py.import("drdarrow.parquet")?.getattr("write")?;
            let limits = self.query.get().or_raise(py)?.link.limits.whole();
            let stream: ArrowStream = runtime::wait(py, self.query.get().or_raise(py)?.read(limits))?.into();
            write.call((stream, path), options)
        }

        /// A PyCapsule `arrow_array_stream` with all rows; may be called again. Columns have the types of a requested
        /// schema where those hold all values of their own.
        #[pyo3(signature = (requested_schema=None))]
        fn __arrow_c_stream__<'py>(
            &self,
            py: Python<'py>,
            requested_schema: Option<Bound<'py, PyAny>>,
        ) -> PyResult<Bound<'py, PyCapsule>> {
            let query = self.query.get().or_raise(py)?;
            let reader = runtime::wait(py, query.read(query.link.limits))?;
            let requested = Requested::of(py, &reader.schema(), requested_schema.as_ref())?;
            capsule_of(py, reader, requested)
        }

        /// A PyCapsule `arrow_schema`, as `schema`.
        fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
            capsule::schema(py, &runtime::wait(py, self.query.get().or_raise(py)?.schema())?)
        }

        fn __iter__(&self, py: Python<'_>) -> PyResult<Cursor> {
            self.execute(py)
        }
    }

    impl AsyncQuery {
        /// Asks the server: an AsyncCursor of its own with the result.
        fn execute<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
            let py = slf.py();
            let work = || {
                let (query, connection) = (slf.get().query.shared(py)?, slf.get().connection.clone_ref(py));
                Ok(async move { query.ask().await.map(|statement| Asked { connection, statement }) })
            };
            spawn(py, "AsyncQuery.execute", work())
        }

        /// The columns, a Schema. The server describes a query that was not read before and does not run it; later it
        /// costs no round trip.
        fn fetch_schema<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            let work = || {
                let query = self.query.shared(py)?;
                Ok(async move { query.schema().await.map(Schema) })
            };
            spawn(py, "AsyncQuery.fetch_schema", work())
        }

        /// The result as an AsyncArrowStream; see `drdarrow.Cursor.fetch_arrow`.
        #[pyo3(signature = (batch_rows=None, batch_bytes=None, *, batch_delay=Given::default()))]
        fn fetch_arrow<'py>(
            &self,
            py: Python<'py>,
            batch_rows: Option<&Bound<'py, PyAny>>,
            batch_bytes: Option<&Bound<'py, PyAny>>,
            batch_delay: Given<'py>,
        ) -> PyResult<Bound<'py, PyAny>> {
            let work = || {
                let query = self.query.shared(py)?;
                let limits = settings::limits(query.link.limits, batch_rows, batch_bytes, &batch_delay)?;
                Ok(async move { query.read(limits).await.map(AsyncArrowStream::from) })
            };
            spawn(py, "AsyncQuery.fetch_arrow", work())
        }

        /// Writes the result to a Parquet file and returns how many rows there were; see `drdarrow.Query.write_parquet`.
        /// The file is written in other threads.
        #[pyo3(signature = (path, /, **options))]
        fn write_parquet<'py>(
            slf: Bound<'py, Self>,
            path: &Bound<'py, PyAny>,
            options: Option<&Bound<'py, PyDict>>,
        ) -> PyResult<Bound<'py, PyAny>> {
            coroutine(slf.py(), "AsyncQuery.write_parquet", "write_parquet", (slf.clone(), path, options))
        }

        fn __aiter__<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
            coroutine(slf.py(), "AsyncQuery.__aiter__", "rows", (slf.clone(),))
        }
    }

    impl Shared {
        /// For a connection whose row factory holds one of its queries.
        fn __traverse__(&self, visit: PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
            visit.call(&self.connection)
        }

        /// The statement, str.
        #[getter]
        fn sql(&self, py: Python<'_>) -> PyResult<String> {
            Ok(self.query.get().or_raise(py)?.sql.clone())
        }

        /// The connection that it asks.
        #[getter]
        fn connection(&self, py: Python<'_>) -> Py<PyAny> {
            self.connection.clone_ref(py)
        }

        fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
            shown::<Self>(py, self.query.get().map(|query| query.describe()))
        }

        /// The statement, and the columns if they are known, as HTML; asks nothing of the server.
        fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
            let query = self.query.get().or_raise(py)?;
            Ok(match query.known() {
                Some(known) => batch::html(&known, &query.sql),
                None => batch::paragraph(&query.sql),
            })
        }
    }

    impl Both {
        /// The first rows as a RecordBatch, which a notebook shows as a table. The query is closed after them.
        #[pyo3(signature = (rows=10))]
        fn preview<'py>(&self, py: Python<'py>, rows: i64) -> RecordBatch {
            let rows = fetch::count(py, "rows", rows)?;
            self.query.shared(py)?.preview(rows)
        }

        /// The result as a `pyarrow.Table`. Needs `pip install drdarrow[arrow]`.
        fn fetch_arrow_table<'py>(&self, py: Python<'py>) -> Framed {
            let form = Form::table(py)?;
            self.query.shared(py)?.framed(form)
        }

        /// The result as a `pandas.DataFrame`; see `drdarrow.Cursor.fetch_df`. Needs `pip install drdarrow[pandas]`.
        #[pyo3(signature = (*, dtype_backend=None))]
        fn fetch_df<'py>(&self, py: Python<'py>, dtype_backend: Option<&Bound<'py, PyAny>>) -> Framed {
            let form = Form::pandas(py, dtype_backend)?;
            self.query.shared(py)?.framed(form)
        }

        /// The result as a `polars.DataFrame`. Needs `pip install drdarrow[polars]`.
        fn fetch_polars<'py>(&self, py: Python<'py>) -> Framed {
            let query = self.query.shared(py)?;
            let form = Form::polars(py, query.known().as_ref())?;
            query.framed(form)
        }

        /// `fetch_arrow_table()` by another name.
        fn to_arrow<'py>(&self, py: Python<'py>) -> Framed {
            let form = Form::table(py)?;
            self.query.shared(py)?.framed(form)
        }

        /// `fetch_df()` by another name.
        #[pyo3(signature = (*, dtype_backend=None))]
        fn to_pandas<'py>(&self, py: Python<'py>, dtype_backend: Option<&Bound<'py, PyAny>>) -> Framed {
            let form = Form::pandas(py, dtype_backend)?;
            self.query.shared(py)?.framed(form)
        }

        /// `fetch_polars()` by another name.
        fn to_polars<'py>(&self, py: Python<'py>) -> Framed {
            let query = self.query.shared(py)?;
            let form = Form::polars(py, query.known().as_ref())?;
            query.framed(form)
        }
    }
}

fn cut() -> Error {
    errors::internal("the first rows of a result came in parts")
}

/// A cursor to be, with the rows in hand.
struct Asked {
    connection: Py<PyAny>,
    statement: Arc<SharedStatement>,
}

impl<'py> IntoPyObject<'py> for Asked {
    type Target = AsyncCursor;
    type Output = Bound<'py, AsyncCursor>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, AsyncCursor>> {
        let rows = RowFactory::of_connection(self.connection.bind(py))?;
        Bound::new(py, AsyncCursor::new(py, self.connection, self.statement, rows)?)
    }
}
