//! A connection for files and its sister for asyncio, and the way to a single file.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::arguments as args;
use super::description::{Described, Members};
use super::file_classes::{AsyncFile, File};
use super::shared_file::SharedFile;
use crate::client::error::{Error, Result};
use crate::client::file::config::FileConfig;
use crate::client::file::connection::FileConnection as Client;
use crate::client::file::file_name::FileName;
use crate::client::file::job::Lock;
use crate::client::file::options::OpenOptions;
use crate::client::limits::Limits;
use crate::python::arrow::imported;
use crate::python::arrow::result_table::Collected;
use crate::python::caller::{Caller, ConnectOutcome};
use crate::python::coroutine::{asking, opening, spawn};
use crate::python::errors::Raise;
use crate::python::ownership::Owned;
use crate::python::shared_connection::SharedConnection;
use crate::python::twins::twins;
use crate::python::wording::shown;
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
#[pyo3(signature = (uri=None, /, **settings))]
pub(in crate::python) fn open_file(
    py: Python<'_>,
    uri: Option<&Bound<'_, PyAny>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<ConnectOutcome<File>> {
    runtime::wait(py, opening_one(py, uri, settings)?)
}

/// Opens a file: `await` it or `async with` it. Arguments as `drdarrow.open_file`.
#[pyfunction]
#[pyo3(signature = (uri=None, /, **settings))]
pub(in crate::python) fn open_file_async<'py>(
    py: Python<'py>,
    uri: Option<&Bound<'py, PyAny>>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(asking) = asking(py, "open_file", "open_file_async", uri, settings)? {
        return opening(&asking);
    }
    opening(&spawn(py, "open_file", opening_one::<AsyncFile>(py, uri, settings))?)
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
) -> PyResult<ConnectOutcome<FileConnection>> {
    runtime::wait(py, connecting(py, uri, settings)?)
}

/// Connects: `await` it or `async with` it. Arguments as `drdarrow.connect_files`.
#[pyfunction]
#[pyo3(signature = (uri=None, /, **settings))]
pub(in crate::python) fn connect_files_async<'py>(
    py: Python<'py>,
    uri: Option<&Bound<'py, PyAny>>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(asking) = asking(py, "connect_files", "connect_files_async", uri, settings)? {
        return opening(&asking);
    }
    opening(&spawn(py, "connect_files", connecting::<AsyncFileConnection>(py, uri, settings))?)
}

/// A connection for files, made by `connect_files()`: a job on the system, with a unit of work and a
/// library QTEMP of its own.
///
/// Threads may share it. `with connection:` commits at the end, or rolls back when an exception leaves the
/// block, and closes.
#[pyclass(frozen, module = "drdarrow", weakref)]
pub(in crate::python) struct FileConnection(Owned<Arc<SharedConnection<Client>>>);

/// A connection for files: a job on the system, with a unit of work and a library QTEMP of its own.
#[pyclass(frozen, module = "drdarrow.aio", weakref)]
pub(in crate::python) struct AsyncFileConnection(Owned<Arc<SharedConnection<Client>>>);

impl From<Arc<SharedConnection<Client>>> for FileConnection {
    fn from(link: Arc<SharedConnection<Client>>) -> FileConnection {
        FileConnection(Owned::new(link))
    }
}

impl From<Arc<SharedConnection<Client>>> for AsyncFileConnection {
    fn from(link: Arc<SharedConnection<Client>>) -> AsyncFileConnection {
        AsyncFileConnection(Owned::new(link))
    }
}

twins! {
    impl FileConnection {
        /// Opens a file: `"LIB/FILE"`, or `"FILE"` by the library list. Options as for `open_file()`.
        #[pyo3(signature = (path, /, **options))]
        fn open_file(&self, py: Python<'_>, path: &str, options: Option<&Bound<'_, PyDict>>) -> PyResult<File> {
            runtime::wait(py, opening_on(py, self.0.get().or_raise(py)?, path, options)?)
        }

        fn __enter__(slf: Py<Self>, py: Python<'_>) -> PyResult<Py<Self>> {
            slf.get().0.get().or_raise(py)?.open().or_raise(py)?;
            Ok(slf)
        }
    }

    impl AsyncFileConnection {
        /// Opens a file: `await` it or `async with` it. Options as for `drdarrow.open_file`.
        #[pyo3(signature = (path, /, **options))]
        fn open_file<'py>(
            &self,
            py: Python<'py>,
            path: &str,
            options: Option<&Bound<'py, PyDict>>,
        ) -> PyResult<Bound<'py, PyAny>> {
            let work = || opening_on::<AsyncFile>(py, self.0.get().or_raise(py)?, path, options);
            opening(&spawn(py, "AsyncFileConnection.open_file", work())?)
        }
    }

    impl Shared {
        /// Closed by `close()` or lost, bool.
        #[getter]
        fn closed(&self, py: Python<'_>) -> PyResult<bool> {
            Ok(self.0.get().or_raise(py)?.is_closed())
        }

        /// The server's description of itself: dict with job, class, release, ccsid, secmec, peer.
        #[getter]
        fn server<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            let info = self.0.get().or_raise(py)?.client.info();
            let out = PyDict::new(py);
            out.set_item("job", info.job)?;
            out.set_item("class", info.class)?;
            out.set_item("release", info.release)?;
            out.set_item("ccsid", info.ccsid)?;
            out.set_item("secmec", info.secmec)?;
            out.set_item("peer", info.peer)?;
            Ok(out)
        }

        fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
            shown::<Self>(py, self.0.get().map(|link| link.describe()))
        }
    }

    impl Both {
        /// Runs a CL command in the job: its messages, a list of `drdarrow.types.Message`.
        ///
        /// Raises when the command fails; the message has the identifier and the text.
        fn command<'py>(&self, py: Python<'py>, cl: String) -> Said {
            let link = self.0.shared(py)?;
            async move { said(&link, &cl).await }
        }

        /// The database files of a library, with what the system tells of each, as Arrow: library, file, kind ("physical"
        /// or "logical"), source, keyed, unique, keys, formats, record_length, members, records, deleted, text, created,
        /// changed.
        ///
        /// `files` is a name, or the beginning of names and `*`. Pass the result to `pyarrow.table()`,
        /// `polars.DataFrame()`, DuckDB.
        #[pyo3(signature = (library, files="*ALL"))]
        fn list<'py>(&self, py: Python<'py>, library: String, files: &str) -> Collected {
            let files = files.to_owned();
            self.0.shared(py)?.ask(move |client| async move {
                let batch = client.list(&library, &files).await?;
                Ok(Collected::new(batch.schema(), vec![batch]))
            })
        }

        /// The members of a file: list of dicts with name, text, records, deleted.
        fn members<'py>(&self, py: Python<'py>, path: &str) -> Members {
            let name = file_name(py, path, None)?;
            self.0.shared(py)?.ask(move |client| async move { Members::ask(&client, &name).await })
        }

        /// Adds a member to a physical file.
        fn add_member<'py>(&self, py: Python<'py>, path: &str, member: &str) -> () {
            let name = file_name(py, path, Some(member))?;
            self.0.shared(py)?.ask(move |client| async move { client.add_member(&name).await })
        }

        /// Removes a member with its records.
        fn remove_member<'py>(&self, py: Python<'py>, path: &str, member: &str) -> () {
            let name = file_name(py, path, Some(member))?;
            self.0.shared(py)?.ask(move |client| async move { client.remove_member(&name).await })
        }

        /// Removes all records of a member.
        #[pyo3(signature = (path, member="*FIRST"))]
        fn clear_member<'py>(&self, py: Python<'py>, path: &str, member: &str) -> () {
            let name = file_name(py, path, Some(member))?;
            self.0.shared(py)?.ask(move |client| async move { client.clear_member(&name).await })
        }

        /// Creates a physical file with a field for each column of an Arrow schema, and key fields, `-` in front of one
        /// that descends. The metadata
        /// `drda:length`, `drda:ccsid` and `drda:type` of a column (`CHAR` does not vary) are heeded.
        #[pyo3(signature = (path, schema, *, keys=None))]
        fn create_file<'py>(
            &self,
            py: Python<'py>,
            path: &str,
            schema: &Bound<'py, PyAny>,
            keys: Option<Vec<String>>,
        ) -> () {
            let (name, schema) = (file_name(py, path, None)?, imported::schema(schema)?);
            let keys = keys.unwrap_or_default();
            self.0.shared(py)?.ask(move |client| async move { client.create(&name, &schema, &keys).await })
        }

        /// Deletes a file.
        fn delete_file<'py>(&self, py: Python<'py>, path: &str) -> () {
            let name = file_name(py, path, None)?;
            self.0.shared(py)?.ask(move |client| async move { client.delete_file(&name).await })
        }

        /// Locks a member against other jobs: `"SHRRD"`, `"SHRNUP"`, `"SHRUPD"`, `"EXCLRD"`, `"EXCL"`.
        #[pyo3(signature = (path, lock="EXCL", *, member="*FIRST"))]
        fn lock<'py>(&self, py: Python<'py>, path: &str, lock: &str, member: &str) -> () {
            let (name, lock) = (file_name(py, path, Some(member))?, lock_named(py, lock)?);
            self.0.shared(py)?.ask(move |client| async move { client.lock(&name, lock).await })
        }

        /// Lets a lock go.
        #[pyo3(signature = (path, lock="EXCL", *, member="*FIRST"))]
        fn unlock<'py>(&self, py: Python<'py>, path: &str, lock: &str, member: &str) -> () {
            let (name, lock) = (file_name(py, path, Some(member))?, lock_named(py, lock)?);
            self.0.shared(py)?.ask(move |client| async move { client.unlock(&name, lock).await })
        }

        /// The record formats and keys of a file: dict with file, library, logical, unique, keys (`-` in front of one
        /// that descends), and formats (a list of dicts with name, length and the names of the fields).
        fn describe<'py>(&self, py: Python<'py>, path: &str) -> Described {
            let name = file_name(py, path, None)?;
            self.0.shared(py)?.ask(move |client| async move { Described::ask(&client, &name).await })
        }

        /// Makes changes of files that were opened with `commit` last. They stay open.
        ///
        /// Raises OperationalError with SQLSTATE 08007 when the answer did not come: the outcome is unknown
        /// then, and nothing is tried again.
        fn commit<'py>(&self, py: Python<'py>) -> () {
            self.0.shared(py)?.end_work(true)
        }

        /// Undoes changes of files that were opened with `commit`.
        fn rollback<'py>(&self, py: Python<'py>) -> () {
            self.0.shared(py)?.end_work(false)
        }

        /// Closes the connection and its files; what was not committed is undone. Closing twice is allowed.
        fn close<'py>(&self, py: Python<'py>) -> () {
            self.0.shared(py)?.close()
        }
    }

    impl Leave {
        fn leave<'py>(&self, py: Python<'py>, well: bool) -> () {
            self.0.shared(py)?.leave(well)
        }
    }
}

/// The making of a connection.
fn connecting<C: From<Arc<SharedConnection<Client>>> + 'static>(
    py: Python<'_>,
    uri: Option<&Bound<'_, PyAny>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<impl Future<Output = Result<ConnectOutcome<C>>> + Send + 'static> {
    let (caller, mut place) = (Caller::here(py)?, connection_place(py, uri, settings)?);
    caller.listen(&mut place.config.base);
    let (config, limits) = (place.config, place.limits);
    Ok(caller.hear(async move { SharedConnection::connect_files(config, limits).await.map(C::from) }))
}

/// The opening of a file with a connection of its own.
fn opening_one<F: From<Arc<SharedFile>> + 'static>(
    py: Python<'_>,
    uri: Option<&Bound<'_, PyAny>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<impl Future<Output = Result<ConnectOutcome<F>>> + Send + 'static> {
    let caller = Caller::here(py)?;
    let (mut config, limits, name, options, given) = single(py, uri, settings)?;
    caller.listen(&mut config.base);
    Ok(caller.hear(async move {
        let link = SharedConnection::connect_files(config, limits).await?;
        SharedFile::open(link, true, name, options, given).await.map(F::from)
    }))
}

/// The opening of a file on a connection for files.
fn opening_on<F: From<Arc<SharedFile>> + 'static>(
    py: Python<'_>,
    link: &Arc<SharedConnection<Client>>,
    path: &str,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<impl Future<Output = Result<F>> + Send + 'static> {
    let (name, wanted) = args::open(py, path, &link.client.config().base.options, options)?;
    let (link, given) = (link.clone(), kept(py, options)?);
    Ok(async move { SharedFile::open(link, false, name, wanted, given).await.map(F::from) })
}

/// The opening of a file beside a connection for SQL.
pub(in crate::python) fn beside<F: From<Arc<SharedFile>> + 'static>(
    py: Python<'_>,
    link: &Arc<SharedConnection>,
    path: &str,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<impl Future<Output = Result<ConnectOutcome<F>>> + Send + 'static> {
    let (name, wanted) = args::open(py, path, &link.client.config().options, options)?;
    let (link, given, caller) = (link.clone(), kept(py, options)?, Caller::here(py)?);
    Ok(caller.clone().hear(async move {
        if wanted.commit.is_some() {
            link.client.outside_of_branches()?;
        }
        let files = link.files(&caller).await?;
        SharedFile::open(files, false, name, wanted, given).await.map(F::from)
    }))
}

/// Messages of a command, in Python a list of `drdarrow.types.Message`.
pub(in crate::python) struct Said(Vec<(String, u16, String)>);

/// Runs a CL command.
pub(in crate::python) async fn said(link: &SharedConnection<Client>, cl: &str) -> Result<Said> {
    link.open()?;
    let _waiting = link.waiting();
    let said = link.client.command(cl).await?;
    Ok(Said(said.into_iter().map(|m| (m.id, m.severity, m.text)).collect()))
}

impl<'py> IntoPyObject<'py> for Said {
    type Target = PyList;
    type Output = Bound<'py, PyList>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let class = py.import("drdarrow.types")?.getattr("Message")?;
        let list = PyList::empty(py);
        for message in self.0 {
            list.append(class.call1(message)?)?;
        }
        Ok(list)
    }
}

/// The arguments of `connect_files()`.
fn connection_place<'py>(
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
fn single(
    py: Python<'_>,
    uri: Option<&Bound<'_, PyAny>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<(FileConfig, Limits, FileName, OpenOptions, Py<PyDict>)> {
    let place = args::place(py, uri, settings)?;
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
fn kept(py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Py<PyDict>> {
    Ok(match options {
        Some(options) => options.copy()?.unbind(),
        None => PyDict::new(py).unbind(),
    })
}

/// A file by its path, and one of its members.
fn file_name(py: Python<'_>, path: &str, member: Option<&str>) -> PyResult<FileName> {
    let name = FileName::parse(path).and_then(|name| match member {
        Some(member) => name.with_member(member),
        None => Ok(name),
    });
    name.map_err(|e| errors::raise(py, &Error::from(e)))
}

/// A lock by its name.
fn lock_named(py: Python<'_>, name: &str) -> PyResult<Lock> {
    Lock::named(name).ok_or_else(|| errors::interface(py, "lock: expected SHRRD, SHRNUP, SHRUPD, EXCLRD or EXCL"))
}
