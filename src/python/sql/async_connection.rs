//! The asyncio classes, which `drdarrow/aio.py` wraps in coroutines. Waiting happens here, on the runtime.
//! Cancelling the awaiting task drops the wait: cursor and connection stay as they are.

use crate::python::arrow::async_stream::RawStream;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::connection::{server, tls};
use super::cursor::{describe, describe_state, drain_messages, for_polars, row_count};
use super::executemany::RawBatch;
use super::procedure;
use super::statement::SharedStatement;
use crate::client::batch_source::BatchSource;
use crate::python::arguments::given::Given;
use crate::python::arguments::{params, settings};
use crate::python::arrow::result_table::Collected;
use crate::python::caller::Caller;
use crate::python::ownership::Owned;
use crate::python::reader::{ALL_ROWS, ROWS, collect_elsewhere, fill_elsewhere};
use crate::python::shared_connection::SharedConnection;
use crate::python::{errors, rows, runtime};

/// Connects; an awaitable of a RawConnection. Arguments as for `connect()`, and whose call it is.
#[pyfunction]
#[pyo3(signature = (caller, uri=None, /, **settings))]
pub(in crate::python) fn connect_async<'py>(
    py: Python<'py>,
    caller: &Caller,
    uri: Option<&Bound<'py, PyAny>>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (mut config, limits) = settings::read(py, uri, settings)?;
    caller.listen(&mut config);
    caller.asyncio(py, async move {
        SharedConnection::connect(config, limits).await.map(|link| RawConnection { link: Owned::new(link) })
    })
}

/// A connection whose waits are awaitables.
#[pyclass(frozen, module = "drdarrow._core")]
pub(in crate::python) struct RawConnection {
    link: Owned<Arc<SharedConnection>>,
}

impl RawConnection {
    pub(in crate::python) fn link(&self, py: Python<'_>) -> PyResult<&Arc<SharedConnection>> {
        self.link.get().map_err(|e| errors::raise(py, &e))
    }
}

#[pymethods]
impl RawConnection {
    /// A new RawCursor.
    fn cursor(&self, py: Python<'_>) -> PyResult<RawCursor> {
        let link = self.link(py)?;
        link.open().map_err(|e| errors::raise(py, &e))?;
        let statement = Owned::new(SharedStatement::new(link.clone()));
        Ok(RawCursor { statement, messages: PyList::empty(py).unbind() })
    }

    /// Makes the changes last.
    fn commit<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        runtime::asyncio(py, self.link(py)?.clone().end_work(true))
    }

    /// Undoes the changes.
    fn rollback<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        runtime::asyncio(py, self.link(py)?.clone().end_work(false))
    }

    /// Tells the server anew who works here.
    #[pyo3(signature = (*, application_name=None, client_workstation=None, client_user=None, client_accounting=None))]
    fn set_client_info<'py>(
        &self,
        py: Python<'py>,
        application_name: Option<&Bound<'_, PyAny>>,
        client_workstation: Option<&Bound<'_, PyAny>>,
        client_user: Option<&Bound<'_, PyAny>>,
        client_accounting: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let named = [
            ("application_name", application_name),
            ("client_workstation", client_workstation),
            ("client_user", client_user),
            ("client_accounting", client_accounting),
        ];
        let info = settings::client_info(py, named)?;
        runtime::asyncio(py, self.link(py)?.clone().set_client_info(info))
    }

    /// Closes.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        runtime::asyncio(py, self.link(py)?.clone().close())
    }

    /// The end of an `async with` block: commits when it went well, else rolls back, and closes.
    fn leave<'py>(&self, py: Python<'py>, well: bool) -> PyResult<Bound<'py, PyAny>> {
        runtime::asyncio(py, self.link(py)?.clone().leave(well))
    }

    #[getter]
    fn get_autocommit(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.link(py)?.client.autocommit())
    }

    #[setter]
    fn set_autocommit(&self, py: Python<'_>, on: bool) -> PyResult<()> {
        let link = self.link(py)?;
        link.open().map_err(|e| errors::raise(py, &e))?;
        link.client.set_autocommit(on);
        Ok(())
    }

    #[getter]
    fn closed(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.link(py)?.is_closed())
    }

    #[getter]
    fn security(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.link(py)?.client.security())
    }

    #[getter]
    fn server<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        server(py, self.link(py)?)
    }

    #[getter]
    fn tls<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        tls(py, self.link(py)?)
    }

    fn __repr__(&self) -> String {
        match self.link.get() {
            Ok(link) => format!("<drdarrow.aio.AsyncConnection {}>", link.describe()),
            Err(_) => "<drdarrow.aio.AsyncConnection of another process>".to_owned(),
        }
    }
}

/// A cursor whose waits are awaitables.
#[pyclass(frozen, module = "drdarrow._core")]
pub(in crate::python) struct RawCursor {
    statement: Owned<Arc<SharedStatement>>,
    messages: Py<PyList>,
}

impl RawCursor {
    fn statement(&self, py: Python<'_>) -> PyResult<&Arc<SharedStatement>> {
        self.statement.get().map_err(|e| errors::raise(py, &e))
    }
}

#[pymethods]
impl RawCursor {
    #[getter]
    fn description<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        describe(py, self.statement(py)?)
    }

    #[getter]
    fn rowcount(&self, py: Python<'_>) -> PyResult<i64> {
        Ok(row_count(self.statement(py)?))
    }

    #[getter]
    fn messages(&self, py: Python<'_>) -> PyResult<Py<PyList>> {
        drain_messages(py, self.statement(py)?, self.messages.bind(py))?;
        Ok(self.messages.clone_ref(py))
    }

    /// Executes once.
    #[pyo3(signature = (sql, parameters=None, /))]
    fn execute<'py>(
        &self,
        py: Python<'py>,
        sql: &Bound<'py, PyAny>,
        parameters: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (sql, row) = (params::statement(sql)?, params::batch(py, parameters)?);
        let statement = self.statement(py)?.clone();
        self.messages.bind(py).call_method0("clear")?;
        runtime::asyncio(py, async move {
            let mut lease = statement.lease_soon().await?;
            statement.execute(&mut lease, &sql, row).await
        })
    }

    /// The statement that calls a procedure, and its parameters as a list.
    #[staticmethod]
    #[pyo3(signature = (name, parameters=None, /))]
    fn call_of<'py>(
        name: &Bound<'py, PyAny>,
        parameters: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(String, Bound<'py, PyList>)> {
        let given = procedure::given(name.py(), parameters)?;
        Ok((procedure::statement(name.py(), &params::statement(name)?, given.len())?, given))
    }

    /// The parameters of the procedure just called, with what came out of them.
    #[pyo3(signature = (parameters, /))]
    fn returned<'py>(&self, py: Python<'py>, parameters: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        procedure::returned(py, self.statement(py)?, &procedure::given(py, Some(parameters))?)
    }

    #[getter]
    fn outputs<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        procedure::outputs(py, self.statement(py)?)
    }

    /// Goes on to the next result set: an awaitable of True, or of None when there is no other.
    fn nextset<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let statement = self.statement(py)?.clone();
        runtime::asyncio(py, async move {
            let mut lease = statement.lease_soon().await?;
            Ok(statement.next_set(&mut lease)?.then_some(true))
        })
    }

    /// Begins a call with many rows: an awaitable of a RawBatch.
    #[pyo3(signature = (sql, /))]
    fn batch<'py>(&self, py: Python<'py>, sql: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let sql = params::statement(sql)?;
        let statement = self.statement(py)?.clone();
        self.messages.bind(py).call_method0("clear")?;
        runtime::asyncio(py, RawBatch::begin(statement, sql))
    }

    /// The next row if it is in hand, without waiting; None says nothing about the end.
    fn row_in_hand<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let Ok(mut lease) = self.statement(py)?.lease_rows() else { return Ok(None) };
        let Some(feed) = lease.as_mut() else { return Ok(None) };
        let Some(found) = feed.look(1) else { return Ok(None) };
        let row = rows::row(py, &found.batch, found.at)?;
        feed.skip(1);
        Ok(Some(row))
    }

    /// Waits until rows are in hand: an awaitable, False at the end. It takes none, so that none are lost with a task
    /// that is cancelled. Who wants the `whole` result gets more of them at a time, and later.
    #[pyo3(signature = (whole=false, /))]
    fn more<'py>(&self, py: Python<'py>, whole: bool) -> PyResult<Bound<'py, PyAny>> {
        let statement = self.statement(py)?.clone();
        runtime::asyncio(py, async move {
            let mut lease = statement.lease_rows_soon().await?;
            if let Some(feed) = lease.as_mut() {
                feed.set_limits(if whole { ALL_ROWS } else { ROWS });
            }
            let (mut lease, filled) = fill_elsewhere(lease).await;
            if let Some(feed) = lease.as_mut().and_then(|lease| lease.as_mut()) {
                statement.about().warnings.extend(feed.take_warnings());
            }
            filled
        })
    }

    /// Those of the rows in hand that `size` allows, without waiting: a list.
    #[pyo3(signature = (size=None, /))]
    fn rows_in_hand<'py>(&self, py: Python<'py>, size: Option<usize>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        let mut lease = self.statement(py)?.lease_rows().map_err(|e| errors::raise(py, &e))?;
        let Some(feed) = lease.as_mut() else { return Ok(list) };
        let Some(found) = feed.look(size.unwrap_or(usize::MAX)) else { return Ok(list) };
        found.append(&list)?;
        feed.skip(found.len);
        Ok(list)
    }

    /// Rows were taken that nobody will see: further fetches of this result are refused.
    fn lose(&self, py: Python<'_>) -> PyResult<()> {
        self.statement(py)?.lose();
        Ok(())
    }

    /// The result as a RawStream, which takes it over.
    #[pyo3(signature = (batch_rows=None, batch_bytes=None, *, batch_delay=Given::default()))]
    fn fetch_arrow<'py>(
        &self,
        py: Python<'py>,
        batch_rows: Option<&Bound<'py, PyAny>>,
        batch_bytes: Option<&Bound<'py, PyAny>>,
        batch_delay: Given<'py>,
    ) -> PyResult<RawStream> {
        let statement = self.statement(py)?;
        let limits = settings::limits(statement.link.limits, batch_rows, batch_bytes, &batch_delay)?;
        let mut feed = statement.hand_over().map_err(|e| errors::raise(py, &e))?;
        feed.set_limits(limits);
        Ok(RawStream::new(feed))
    }

    /// Refuses columns that Polars does not take.
    fn for_polars(&self, py: Python<'_>) -> PyResult<()> {
        for_polars(py, self.statement(py)?)
    }

    /// The whole result: an awaitable of a Collected.
    fn collect<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let statement = self.statement(py)?.clone();
        runtime::asyncio(py, async move {
            let lease = statement.lease_rows_soon().await?;
            let (schema, batches) = collect_elsewhere(lease, statement.link.limits).await?;
            Ok(Collected::new(schema, batches))
        })
    }

    /// Closes the cursor and its result.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let statement = self.statement(py)?.clone();
        runtime::asyncio(py, async move { statement.close_soon().await })
    }

    fn __repr__(&self) -> String {
        match self.statement.get() {
            Ok(statement) => describe_state(statement, "aio.AsyncCursor"),
            Err(_) => "<drdarrow.aio.AsyncCursor of another process>".to_owned(),
        }
    }
}
