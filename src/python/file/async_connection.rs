//! The asyncio class of connections for files, which `drdarrow/aio_files.py` wraps in coroutines. Methods that
//! do not wait are those of the sync class that it holds.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::arguments as args;
use super::async_file::RawFile;
use super::connection::{self, FileConnection};
use super::description::{Described, Members};
use super::partition::FilePartition;
use super::shared_file::SharedFile;
use crate::client::error::Result;
use crate::client::file::connection::FileConnection as Client;
use crate::python::arrow::async_stream::RawStream;
use crate::python::arrow::imported;
use crate::python::arrow::result_table::Collected;
use crate::python::caller::Caller;
use crate::python::ownership::Owned;
use crate::python::shared_connection::SharedConnection;
use crate::python::sql::async_connection::RawConnection;
use crate::python::{errors, runtime};

/// Connects; an awaitable of a RawFileConnection. Arguments as for `connect_files()`.
#[pyfunction]
#[pyo3(signature = (caller, uri=None, /, **settings))]
pub(in crate::python) fn connect_files_async<'py>(
    py: Python<'py>,
    caller: &Caller,
    uri: Option<&Bound<'py, PyAny>>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut place = connection::connection_place(py, uri, settings)?;
    caller.listen(&mut place.config.base);
    caller.asyncio(py, async move {
        let link = SharedConnection::connect_files(place.config, place.limits).await?;
        Ok(RawFileConnection { link: Owned::new(link) })
    })
}

/// Opens a file; an awaitable of a RawFile. Arguments as for `open_file()`.
#[pyfunction]
#[pyo3(signature = (caller, uri, /, **settings))]
pub(in crate::python) fn open_file_async<'py>(
    py: Python<'py>,
    caller: &Caller,
    uri: &Bound<'py, PyAny>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (mut config, limits, name, options, given) = connection::single(py, uri, settings)?;
    caller.listen(&mut config.base);
    caller.asyncio(py, async move {
        let link = SharedConnection::connect_files(config, limits).await?;
        SharedFile::open(link, true, name, options, given).await.map(|opened| RawFile(Owned::new(opened)))
    })
}

/// Opens a file beside a connection for SQL: an awaitable of a RawFile.
#[pyfunction]
#[pyo3(signature = (caller, connection, path, /, **options))]
pub(in crate::python) fn open_file_beside<'py>(
    py: Python<'py>,
    caller: &Caller,
    connection: &RawConnection,
    path: &str,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let link = connection.link(py)?.clone();
    let (name, wanted) = args::open(py, path, &link.client.config().options, options)?;
    let given = connection::kept(py, options)?;
    let asking = caller.clone();
    caller.asyncio(py, async move {
        let files = link.files(&asking).await?;
        SharedFile::open(files, false, name, wanted, given).await.map(|opened| RawFile(Owned::new(opened)))
    })
}

/// Runs a CL command beside a connection for SQL: an awaitable of a list of tuples.
#[pyfunction]
pub(in crate::python) fn command_beside<'py>(
    py: Python<'py>,
    caller: &Caller,
    connection: &RawConnection,
    cl: String,
) -> PyResult<Bound<'py, PyAny>> {
    let link = connection.link(py)?.clone();
    let asking = caller.clone();
    caller.asyncio(py, async move { said(&*link.files(&asking).await?, &cl).await })
}

/// Connects and reads a part: an awaitable of a RawStream. Arguments as for `FilePartition.open()`.
#[pyfunction]
#[pyo3(signature = (caller, part, uri=None, /, **settings))]
pub(in crate::python) fn open_partition_async<'py>(
    py: Python<'py>,
    caller: &Caller,
    part: &FilePartition,
    uri: Option<&Bound<'py, PyAny>>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let place = part.place(py, uri, settings)?.asked_by(caller);
    caller.asyncio(py, async move { place.read().await.map(RawStream::new) })
}

async fn said(link: &SharedConnection<Client>, cl: &str) -> Result<Vec<(String, u16, String)>> {
    link.open()?;
    let _waiting = link.waiting();
    let said = link.client.command(cl).await?;
    Ok(said.into_iter().map(|m| (m.id, m.severity, m.text)).collect())
}

/// A connection for files whose waits are awaitables.
#[pyclass(frozen, module = "drdarrow._core")]
pub(in crate::python) struct RawFileConnection {
    link: Owned<Arc<SharedConnection<Client>>>,
}

impl RawFileConnection {
    fn link(&self, py: Python<'_>) -> PyResult<&Arc<SharedConnection<Client>>> {
        self.link.get().map_err(|e| errors::raise(py, &e))
    }

    /// An awaitable of what `work` brings.
    fn run<'py, T, F>(
        &self,
        py: Python<'py>,
        work: impl FnOnce(Client) -> F + Send + 'static,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        F: Future<Output = Result<T>> + Send,
        T: for<'a> IntoPyObject<'a> + Send + 'static,
    {
        let link = self.link(py)?.clone();
        runtime::asyncio(py, async move {
            link.open()?;
            let _waiting = link.waiting();
            work(link.client.clone()).await
        })
    }
}

#[pymethods]
impl RawFileConnection {
    /// The same connection with methods that wait: for what does not wait.
    #[getter]
    fn sync(&self, py: Python<'_>) -> PyResult<FileConnection> {
        Ok(FileConnection { link: Owned::new(self.link(py)?.clone()) })
    }

    /// Opens a file: an awaitable of a RawFile.
    #[pyo3(signature = (path, /, **options))]
    fn open_file<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let link = self.link(py)?.clone();
        let (name, wanted) = args::open(py, path, &link.client.config().base.options, options)?;
        let given = connection::kept(py, options)?;
        runtime::asyncio(py, async move {
            SharedFile::open(link, false, name, wanted, given).await.map(|opened| RawFile(Owned::new(opened)))
        })
    }

    /// Makes the changes last.
    fn commit<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        runtime::asyncio(py, self.link(py)?.clone().end_work(true))
    }

    /// Undoes the changes.
    fn rollback<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        runtime::asyncio(py, self.link(py)?.clone().end_work(false))
    }

    /// Runs a CL command: an awaitable of a list of tuples.
    fn command<'py>(&self, py: Python<'py>, cl: String) -> PyResult<Bound<'py, PyAny>> {
        let link = self.link(py)?.clone();
        runtime::asyncio(py, async move { said(&link, &cl).await })
    }

    /// The record formats and keys of a file: an awaitable of a dict.
    fn describe<'py>(&self, py: Python<'py>, path: &str) -> PyResult<Bound<'py, PyAny>> {
        let name = connection::file_name(py, path, None)?;
        self.run(py, move |client| async move { Described::ask(&client, &name).await })
    }

    /// The files of a library: an awaitable of a Collected.
    fn list<'py>(&self, py: Python<'py>, library: String, files: String) -> PyResult<Bound<'py, PyAny>> {
        self.run(py, move |client| async move {
            let batch = client.list(&library, &files).await?;
            Ok(Collected::new(batch.schema(), vec![batch]))
        })
    }

    /// The members of a file: an awaitable of a list of dicts.
    fn members<'py>(&self, py: Python<'py>, path: &str) -> PyResult<Bound<'py, PyAny>> {
        let name = connection::file_name(py, path, None)?;
        self.run(py, move |client| async move { Members::ask(&client, &name).await })
    }

    /// Adds a member.
    fn add_member<'py>(&self, py: Python<'py>, path: &str, member: &str) -> PyResult<Bound<'py, PyAny>> {
        let name = connection::file_name(py, path, Some(member))?;
        self.run(py, move |client| async move { client.add_member(&name).await })
    }

    /// Removes a member with its records.
    fn remove_member<'py>(&self, py: Python<'py>, path: &str, member: &str) -> PyResult<Bound<'py, PyAny>> {
        let name = connection::file_name(py, path, Some(member))?;
        self.run(py, move |client| async move { client.remove_member(&name).await })
    }

    /// Removes all records of a member.
    fn clear_member<'py>(&self, py: Python<'py>, path: &str, member: &str) -> PyResult<Bound<'py, PyAny>> {
        let name = connection::file_name(py, path, Some(member))?;
        self.run(py, move |client| async move { client.clear_member(&name).await })
    }

    /// Creates a physical file.
    fn create_file<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        schema: &Bound<'py, PyAny>,
        keys: Vec<String>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (name, schema) = (connection::file_name(py, path, None)?, imported::schema(schema)?);
        self.run(py, move |client| async move { client.create(&name, &schema, &keys).await })
    }

    /// Deletes a file.
    fn delete_file<'py>(&self, py: Python<'py>, path: &str) -> PyResult<Bound<'py, PyAny>> {
        let name = connection::file_name(py, path, None)?;
        self.run(py, move |client| async move { client.delete_file(&name).await })
    }

    /// Locks a member against other jobs.
    fn lock<'py>(&self, py: Python<'py>, path: &str, lock: &str, member: &str) -> PyResult<Bound<'py, PyAny>> {
        let (name, lock) = (connection::file_name(py, path, Some(member))?, connection::lock_named(py, lock)?);
        self.run(py, move |client| async move { client.lock(&name, lock).await })
    }

    /// Lets a lock go.
    fn unlock<'py>(&self, py: Python<'py>, path: &str, lock: &str, member: &str) -> PyResult<Bound<'py, PyAny>> {
        let (name, lock) = (connection::file_name(py, path, Some(member))?, connection::lock_named(py, lock)?);
        self.run(py, move |client| async move { client.unlock(&name, lock).await })
    }

    /// Closes.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        runtime::asyncio(py, self.link(py)?.clone().close())
    }

    /// The end of an `async with` block.
    fn leave<'py>(&self, py: Python<'py>, well: bool) -> PyResult<Bound<'py, PyAny>> {
        runtime::asyncio(py, self.link(py)?.clone().leave(well))
    }

    fn __repr__(&self) -> String {
        match self.link.get() {
            Ok(link) => format!("<drdarrow.aio.AsyncFileConnection {}>", link.describe()),
            Err(_) => "<drdarrow.aio.AsyncFileConnection of another process>".to_owned(),
        }
    }
}
