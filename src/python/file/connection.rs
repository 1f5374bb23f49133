//! A connection for files, and the way to a single file.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::arguments as args;
use super::description::{Described, Members};
use super::shared_file::SharedFile;
use super::sync_file::File;
use crate::client::error::{Error, Result};
use crate::client::file::config::FileConfig;
use crate::client::file::connection::FileConnection as Client;
use crate::client::file::file_name::FileName;
use crate::client::file::job::Lock;
use crate::client::file::options::OpenOptions;
use crate::client::limits::Limits;
use crate::python::arrow::imported;
use crate::python::arrow::result_table::Collected;
use crate::python::caller::Caller;
use crate::python::ownership::Owned;
use crate::python::shared_connection::SharedConnection;
use crate::python::{errors, runtime};

/// Opens a file of IBM i: `open_file("drda://user@host:446/LIB/FILE", password=...)`. Closing the file closes its
/// connection.
///
/// Args:
///     uri: `drda://user:password@host:port/LIB/FILE?setting=value`.
///     member: the member: a name, *FIRST, *LAST or *FILE; *FIRST.
///     mode: "r" reads, "w" adds records, "rw" reads, adds, updates and deletes; "r".
///     keyed: reads in the order of the keys, bool; False.
///     commit: level of commitment control: "none", "chg", "cs" or "all"; "none".
///     columns: names of the fields that are read; all.
///     rrn: puts the relative record numbers in front, bool; False.
///     on_error: invalid values: "raise", "null" or "raw" (the bytes), or a dict by field; "raise".
///     force_ccsid: code page by field, dict.
///     format: a record format by name, or a description in place of the server's.
///
/// Further settings are those of `connect_files()`.
#[pyfunction]
#[pyo3(signature = (uri, /, **settings))]
pub(in crate::python) fn open_file(
    py: Python<'_>,
    uri: &Bound<'_, PyAny>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<File> {
    let caller = Caller::here(py)?;
    let (mut config, limits, name, options, given) = single(py, uri, settings)?;
    caller.listen(&mut config.base);
    let opened = caller.block_on(py, async move {
        let link = SharedConnection::connect_files(config, limits).await?;
        SharedFile::open(link, true, name, options, given).await
    })?;
    Ok(File(Owned::new(opened)))
}

/// Connects to a system for its files: `connect_files("drda://user@host:446/", password=...)`.
///
/// Settings are those of `connect()`, of which those about SQL have no effect, and:
///
/// Args:
///     uri: `drda://user:password@host:port/?setting=value`.
///     signon_port: port of the sign-on server, int; 8476, over TLS 9476. 0 does not ask it.
///     job_ccsid: code page of the job; what the sign-on server tells, else 37.
///     pool: independent disk pool, str.
///     password_level: QPWDLVL, 0 to 4, in place of asking.
#[pyfunction]
#[pyo3(signature = (uri=None, /, **settings))]
pub(in crate::python) fn connect_files(
    py: Python<'_>,
    uri: Option<&Bound<'_, PyAny>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<FileConnection> {
    let caller = Caller::here(py)?;
    let mut place = connection_place(py, uri, settings)?;
    caller.listen(&mut place.config.base);
    let link = caller.block_on(py, SharedConnection::connect_files(place.config, place.limits))?;
    Ok(FileConnection { link: Owned::new(link) })
}

/// A connection for files, made by `connect_files()`: a job on the system, with a unit of work and a
/// library QTEMP of its own.
///
/// Threads may share it. `with connection:` commits at the end, or rolls back when an exception leaves the
/// block, and closes.
#[pyclass(frozen, module = "drdarrow", weakref)]
pub(in crate::python) struct FileConnection {
    pub(in crate::python) link: Owned<Arc<SharedConnection<Client>>>,
}

impl FileConnection {
    fn link(&self, py: Python<'_>) -> PyResult<&Arc<SharedConnection<Client>>> {
        self.link.get().map_err(|e| errors::raise(py, &e))
    }

    fn run<T: Send>(&self, py: Python<'_>, work: impl Future<Output = Result<T>> + Send) -> PyResult<T> {
        let link = self.link(py)?;
        link.open().map_err(|e| errors::raise(py, &e))?;
        let _waiting = link.waiting();
        runtime::block_on(py, work)?.map_err(|e| errors::raise(py, &e))
    }
}

#[pymethods]
impl FileConnection {
    /// Opens a file: `"LIB/FILE"`, or `"FILE"` by the library list. Options as for `open_file()`.
    #[pyo3(signature = (path, /, **options))]
    fn open_file(&self, py: Python<'_>, path: &str, options: Option<&Bound<'_, PyDict>>) -> PyResult<File> {
        open_on(py, self.link(py)?.clone(), path, options)
    }

    /// Runs a CL command in the job: its messages, a list of `drdarrow.types.Message`.
    ///
    /// Raises when the command fails; the message has the identifier and the text.
    fn command(&self, py: Python<'_>, cl: &str) -> PyResult<Py<PyList>> {
        let client = &self.link(py)?.client;
        let said = self.run(py, client.command(cl))?;
        messages(py, said.into_iter().map(|m| (m.id, m.severity, m.text)))
    }

    /// The database files of a library, with what the system tells of each, as Arrow: library, file, kind ("physical"
    /// or "logical"), source, keyed, unique, keys, formats, record_length, members, records, deleted, text, created,
    /// changed.
    ///
    /// `files` is a name, or the beginning of names and `*`. Pass the result to `pyarrow.table()`,
    /// `polars.DataFrame()`, DuckDB.
    #[pyo3(signature = (library, files="*ALL"))]
    fn list(&self, py: Python<'_>, library: &str, files: &str) -> PyResult<Collected> {
        let batch = self.run(py, self.link(py)?.client.list(library, files))?;
        Ok(Collected::new(batch.schema(), vec![batch]))
    }

    /// The members of a file: list of dicts with name, text, records, deleted.
    fn members<'py>(&self, py: Python<'py>, path: &str) -> PyResult<Bound<'py, PyList>> {
        let name = file_name(py, path, None)?;
        self.run(py, Members::ask(&self.link(py)?.client, &name))?.into_pyobject(py)
    }

    /// Adds a member to a physical file.
    fn add_member(&self, py: Python<'_>, path: &str, member: &str) -> PyResult<()> {
        let name = file_name(py, path, Some(member))?;
        self.run(py, self.link(py)?.client.add_member(&name))
    }

    /// Removes a member with its records.
    fn remove_member(&self, py: Python<'_>, path: &str, member: &str) -> PyResult<()> {
        let name = file_name(py, path, Some(member))?;
        self.run(py, self.link(py)?.client.remove_member(&name))
    }

    /// Removes all records of a member.
    #[pyo3(signature = (path, member="*FIRST"))]
    fn clear_member(&self, py: Python<'_>, path: &str, member: &str) -> PyResult<()> {
        let name = file_name(py, path, Some(member))?;
        self.run(py, self.link(py)?.client.clear_member(&name))
    }

    /// Creates a physical file with a field for each column of an Arrow schema, and key fields, `-` in front of one
    /// that descends. The metadata
    /// `drda:length`, `drda:ccsid` and `drda:type` of a column (`CHAR` does not vary) are heeded.
    #[pyo3(signature = (path, schema, *, keys=None))]
    fn create_file(
        &self,
        py: Python<'_>,
        path: &str,
        schema: &Bound<'_, PyAny>,
        keys: Option<Vec<String>>,
    ) -> PyResult<()> {
        let (name, schema) = (file_name(py, path, None)?, imported::schema(schema)?);
        let keys = keys.unwrap_or_default();
        self.run(py, self.link(py)?.client.create(&name, &schema, &keys))
    }

    /// Deletes a file.
    fn delete_file(&self, py: Python<'_>, path: &str) -> PyResult<()> {
        let name = file_name(py, path, None)?;
        self.run(py, self.link(py)?.client.delete_file(&name))
    }

    /// Locks a member against other jobs: `"SHRRD"`, `"SHRNUP"`, `"SHRUPD"`, `"EXCLRD"`, `"EXCL"`.
    #[pyo3(signature = (path, lock="EXCL", *, member="*FIRST"))]
    fn lock(&self, py: Python<'_>, path: &str, lock: &str, member: &str) -> PyResult<()> {
        let (name, lock) = (file_name(py, path, Some(member))?, lock_named(py, lock)?);
        self.run(py, self.link(py)?.client.lock(&name, lock))
    }

    /// Lets a lock go.
    #[pyo3(signature = (path, lock="EXCL", *, member="*FIRST"))]
    fn unlock(&self, py: Python<'_>, path: &str, lock: &str, member: &str) -> PyResult<()> {
        let (name, lock) = (file_name(py, path, Some(member))?, lock_named(py, lock)?);
        self.run(py, self.link(py)?.client.unlock(&name, lock))
    }

    /// The record formats and keys of a file: dict with file, library, logical, unique, keys (`-` in front of one
    /// that descends), and formats (a list of dicts with name, length and the names of the fields).
    fn describe<'py>(&self, py: Python<'py>, path: &str) -> PyResult<Bound<'py, PyDict>> {
        let name = file_name(py, path, None)?;
        self.run(py, Described::ask(&self.link(py)?.client, &name))?.into_pyobject(py)
    }

    /// Makes changes of files that were opened with `commit` last. They stay open.
    ///
    /// Raises OperationalError with SQLSTATE 08007 when the answer did not come: the outcome is unknown
    /// then, and nothing is tried again.
    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        runtime::block_on(py, self.link(py)?.clone().end_work(true))?.map_err(|e| errors::raise(py, &e))
    }

    /// Undoes changes of files that were opened with `commit`.
    fn rollback(&self, py: Python<'_>) -> PyResult<()> {
        runtime::block_on(py, self.link(py)?.clone().end_work(false))?.map_err(|e| errors::raise(py, &e))
    }

    /// Closes the connection and its files; what was not committed is undone. Closing twice is allowed.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        runtime::block_on(py, self.link(py)?.clone().close())?.map_err(|e| errors::raise(py, &e))
    }

    /// Closed by `close()` or lost, bool.
    #[getter]
    fn closed(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.link(py)?.is_closed())
    }

    /// The server's description of itself: dict with job, class, release, ccsid, secmec, peer.
    #[getter]
    fn server<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let info = self.link(py)?.client.info();
        let out = PyDict::new(py);
        out.set_item("job", info.job)?;
        out.set_item("class", info.class)?;
        out.set_item("release", info.release)?;
        out.set_item("ccsid", info.ccsid)?;
        out.set_item("secmec", info.secmec)?;
        out.set_item("peer", info.peer)?;
        Ok(out)
    }

    fn __enter__(slf: Py<Self>, py: Python<'_>) -> PyResult<Py<Self>> {
        slf.get().link(py)?.open().map_err(|e| errors::raise(py, &e))?;
        Ok(slf)
    }

    #[pyo3(signature = (kind=None, _value=None, _traceback=None))]
    fn __exit__(
        &self,
        py: Python<'_>,
        kind: Option<&Bound<'_, PyAny>>,
        _value: Option<&Bound<'_, PyAny>>,
        _traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let left = runtime::block_on(py, self.link(py)?.clone().leave(kind.is_none()))?;
        left.map_err(|e| errors::raise(py, &e))
    }

    fn __repr__(&self) -> String {
        match self.link.get() {
            Ok(link) => format!("<drdarrow.FileConnection {}>", link.describe()),
            Err(_) => "<drdarrow.FileConnection of another process>".to_owned(),
        }
    }
}

/// Opens a file on a connection.
pub(in crate::python) fn open_on(
    py: Python<'_>,
    link: Arc<SharedConnection<Client>>,
    path: &str,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<File> {
    let (name, wanted) = args::open(py, path, &link.client.config().base.options, options)?;
    let given = kept(py, options)?;
    let opened = runtime::block_on(py, SharedFile::open(link, false, name, wanted, given))?;
    Ok(File(Owned::new(opened.map_err(|e| errors::raise(py, &e))?)))
}

/// The arguments of `connect_files()`.
pub(super) fn connection_place<'py>(
    py: Python<'py>,
    uri: Option<&Bound<'py, PyAny>>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<args::Where<'py>> {
    let place = args::place(py, uri, settings)?;
    if place.address.path.is_some() || !place.open.is_empty() {
        return Err(errors::interface(py, "uri: names a file, which open_file() opens"));
    }
    Ok(place)
}

/// The arguments of `open_file()`: the connection, the file, how it is opened, and the latter as it was given.
pub(super) fn single(
    py: Python<'_>,
    uri: &Bound<'_, PyAny>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<(FileConfig, Limits, FileName, OpenOptions, Py<PyDict>)> {
    let place = args::place(py, Some(uri), settings)?;
    let Some(path) = &place.address.path else {
        return Err(errors::interface(py, "uri: expected drda://user@host:port/LIB/FILE"));
    };
    for (key, value) in &place.address.options {
        if !place.open.contains(key)? {
            place.open.set_item(key, value)?;
        }
    }
    let (name, options) = args::open(py, path, &place.config.base.options, Some(&place.open))?;
    Ok((place.config, place.limits, name, options, place.open.unbind()))
}

/// The arguments of an open, kept for parts that are read elsewhere.
pub(super) fn kept(py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Py<PyDict>> {
    Ok(match options {
        Some(options) => options.copy()?.unbind(),
        None => PyDict::new(py).unbind(),
    })
}

/// Messages of a command as `drdarrow.types.Message`.
pub(in crate::python) fn messages(
    py: Python<'_>,
    said: impl Iterator<Item = (String, u16, String)>,
) -> PyResult<Py<PyList>> {
    let class = py.import("drdarrow.types")?.getattr("Message")?;
    let list = PyList::empty(py);
    for message in said {
        list.append(class.call1(message)?)?;
    }
    Ok(list.unbind())
}

/// A file by its path, and one of its members.
pub(super) fn file_name(py: Python<'_>, path: &str, member: Option<&str>) -> PyResult<FileName> {
    let name = FileName::parse(path).and_then(|name| match member {
        Some(member) => name.with_member(member),
        None => Ok(name),
    });
    name.map_err(|e| errors::raise(py, &Error::from(e)))
}

/// A lock by its name.
pub(super) fn lock_named(py: Python<'_>, name: &str) -> PyResult<Lock> {
    Lock::named(name).ok_or_else(|| errors::interface(py, "lock: expected SHRRD, SHRNUP, SHRUPD, EXCLRD or EXCL"))
}
