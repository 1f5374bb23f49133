//! A connection: the way in, units of work, cursors.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyType};

use super::cursor::Cursor;
use super::statement::SharedStatement;
use crate::python::arguments::settings;
use crate::python::caller::Caller;
use crate::python::file::connection;
use crate::python::file::sync_file::File;
use crate::python::ownership::Owned;
use crate::python::shared_connection::SharedConnection;
use crate::python::{errors, runtime};

/// Connects to a database: `connect("drda://user@host:446/DATABASE", password=...)`.
///
/// Settings stand in the URI, or are given by keyword. One that is left out or None has its default, except that
/// batch_delay=None means to wait. docs/settings.md has more about each.
///
/// Args:
///     uri: `drda://user:password@host:port/DATABASE?setting=value`.
#[doc = include_str!("connect_arguments.txt")]
///
/// Raises:
///     InterfaceError: a setting is wrong.
///     OperationalError: the server cannot be reached or refuses; `phase` says how far it came: dns, tcp, tls,
///         exchange, security, access.
///
/// A RuntimeWarning says what is doubtful before anything secret is sent: a password that others could get hold of
/// because the line is neither of this machine nor under TLS to a verified server, or tls=insecure. Made an error by a
/// filter it ends the login there.
#[pyfunction]
#[pyo3(signature = (uri=None, /, **settings))]
pub(in crate::python) fn connect(
    py: Python<'_>,
    uri: Option<&Bound<'_, PyAny>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<Connection> {
    let caller = Caller::here(py)?;
    let (mut config, limits) = settings::read(py, uri, settings)?;
    caller.listen(&mut config);
    let link = caller.block_on(py, SharedConnection::connect(config, limits))?;
    Ok(Connection { link: Owned::new(link) })
}

/// A connection to a database (PEP 249), made by `connect()`.
///
/// Threads may share it: their statements take turns. `with connection:` commits at the end, or rolls
/// back when an exception leaves the block, and closes. Closing without a commit rolls back.
#[pyclass(frozen, module = "drdarrow", weakref)]
pub(in crate::python) struct Connection {
    link: Owned<Arc<SharedConnection>>,
}

impl Connection {
    fn link(&self, py: Python<'_>) -> PyResult<&Arc<SharedConnection>> {
        self.link.get().map_err(|e| errors::raise(py, &e))
    }
}

#[pymethods]
impl Connection {
    /// A new Cursor. Raises InterfaceError when the connection is closed.
    fn cursor(slf: Py<Self>, py: Python<'_>) -> PyResult<Cursor> {
        let link = slf.get().link(py)?.clone();
        link.open().map_err(|e| errors::raise(py, &e))?;
        Ok(Cursor::new(py, slf.into_any(), SharedStatement::new(link)))
    }

    /// `cursor().execute(operation, parameters)`: a Cursor of its own with the result.
    #[pyo3(signature = (operation, parameters=None))]
    fn execute<'py>(
        slf: Py<Self>,
        py: Python<'py>,
        operation: &Bound<'py, PyAny>,
        parameters: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let cursor = Bound::new(py, Connection::cursor(slf, py)?)?;
        cursor.call_method1("execute", (operation, parameters))
    }

    /// Opens a file of the same system: `FileConnection.open_file()` on a connection for files with the same
    /// address and login, made when it is first needed. Its unit of work is its own: `commit()` here does
    /// not commit there.
    #[pyo3(signature = (path, /, **options))]
    fn open_file(&self, py: Python<'_>, path: &str, options: Option<&Bound<'_, PyDict>>) -> PyResult<File> {
        let caller = Caller::here(py)?;
        let link = caller.block_on(py, self.link(py)?.files(&caller))?;
        connection::open_on(py, link, path, options)
    }

    /// Runs a CL command in the job of that connection: list of `drdarrow.types.Message`.
    fn command(&self, py: Python<'_>, cl: &str) -> PyResult<Py<PyList>> {
        let caller = Caller::here(py)?;
        let link = caller.block_on(py, self.link(py)?.files(&caller))?;
        let said = runtime::block_on(py, link.client.command(cl))?.map_err(|e| errors::raise(py, &e))?;
        connection::messages(py, said.into_iter().map(|m| (m.id, m.severity, m.text)))
    }

    /// Makes the changes last.
    ///
    /// Raises OperationalError with SQLSTATE 08007 when the answer did not come: the outcome is
    /// unknown then, and nothing is tried again.
    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        runtime::block_on(py, self.link(py)?.clone().end_work(true))?.map_err(|e| errors::raise(py, &e))
    }

    /// Undoes the changes since the last commit; open results end with an error.
    fn rollback(&self, py: Python<'_>) -> PyResult<()> {
        runtime::block_on(py, self.link(py)?.clone().end_work(false))?.map_err(|e| errors::raise(py, &e))
    }

    /// Closes the connection; work that was not committed is undone. Closing twice is allowed. A
    /// statement that another thread waits for ends with an error.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        runtime::block_on(py, self.link(py)?.clone().close())?.map_err(|e| errors::raise(py, &e))
    }

    /// Tells the server anew who works here: what is given is changed, "" takes it back, None leaves it.
    ///
    /// It fills the registers CURRENT CLIENT_APPLNAME, CLIENT_WRKSTNNAME, CLIENT_USERID and CLIENT_ACCTNG of
    /// a Db2, whatever becomes of the transaction. Raises NotSupportedError at Derby, which has none.
    #[pyo3(signature = (*, application_name=None, client_workstation=None, client_user=None, client_accounting=None))]
    fn set_client_info(
        &self,
        py: Python<'_>,
        application_name: Option<&Bound<'_, PyAny>>,
        client_workstation: Option<&Bound<'_, PyAny>>,
        client_user: Option<&Bound<'_, PyAny>>,
        client_accounting: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let named = [
            ("application_name", application_name),
            ("client_workstation", client_workstation),
            ("client_user", client_user),
            ("client_accounting", client_accounting),
        ];
        let info = settings::client_info(py, named)?;
        runtime::block_on(py, self.link(py)?.clone().set_client_info(info))?.map_err(|e| errors::raise(py, &e))
    }

    /// Whether every statement is committed by itself, bool. A change counts from the next statement.
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

    /// Closed by `close()` or lost, bool.
    #[getter]
    fn closed(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.link(py)?.is_closed())
    }

    /// The security mechanism in force, str: "encrypted (SECMEC 9, AES-256)".
    #[getter]
    fn security(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.link(py)?.client.security())
    }

    /// The server's description of itself: dict with product, prdid, class, release, platform, system (its
    /// name), job (of this connection; on IBM i "123456/QUSER/QRWTSRVR"), sqlam, typdef, ccsids
    /// (single-byte, double-byte, mixed), secmec, database, peer.
    #[getter]
    fn server<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        server(py, self.link(py)?)
    }

    /// The protection of the connection: dict with version, cipher, fingerprint (SHA-256 of the server's
    /// certificate), verified (False only with tls=insecure); None when it is in clear.
    #[getter]
    fn tls<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        tls(py, self.link(py)?)
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
            Ok(link) => format!("<drdarrow.Connection {}>", link.describe()),
            Err(_) => "<drdarrow.Connection of another process>".to_owned(),
        }
    }

    #[classattr]
    #[pyo3(name = "Warning")]
    fn warning(py: Python<'_>) -> PyResult<Py<PyType>> {
        errors::class(py, "Warning").map(Bound::unbind)
    }

    #[classattr]
    #[pyo3(name = "Error")]
    fn error(py: Python<'_>) -> PyResult<Py<PyType>> {
        errors::class(py, "Error").map(Bound::unbind)
    }

    #[classattr]
    #[pyo3(name = "InterfaceError")]
    fn interface_error(py: Python<'_>) -> PyResult<Py<PyType>> {
        errors::class(py, "InterfaceError").map(Bound::unbind)
    }

    #[classattr]
    #[pyo3(name = "DatabaseError")]
    fn database_error(py: Python<'_>) -> PyResult<Py<PyType>> {
        errors::class(py, "DatabaseError").map(Bound::unbind)
    }

    #[classattr]
    #[pyo3(name = "DataError")]
    fn data_error(py: Python<'_>) -> PyResult<Py<PyType>> {
        errors::class(py, "DataError").map(Bound::unbind)
    }

    #[classattr]
    #[pyo3(name = "OperationalError")]
    fn operational_error(py: Python<'_>) -> PyResult<Py<PyType>> {
        errors::class(py, "OperationalError").map(Bound::unbind)
    }

    #[classattr]
    #[pyo3(name = "IntegrityError")]
    fn integrity_error(py: Python<'_>) -> PyResult<Py<PyType>> {
        errors::class(py, "IntegrityError").map(Bound::unbind)
    }

    #[classattr]
    #[pyo3(name = "InternalError")]
    fn internal_error(py: Python<'_>) -> PyResult<Py<PyType>> {
        errors::class(py, "InternalError").map(Bound::unbind)
    }

    #[classattr]
    #[pyo3(name = "ProgrammingError")]
    fn programming_error(py: Python<'_>) -> PyResult<Py<PyType>> {
        errors::class(py, "ProgrammingError").map(Bound::unbind)
    }

    #[classattr]
    #[pyo3(name = "NotSupportedError")]
    fn not_supported_error(py: Python<'_>) -> PyResult<Py<PyType>> {
        errors::class(py, "NotSupportedError").map(Bound::unbind)
    }
}

/// The server's description of itself.
pub(super) fn server<'py>(py: Python<'py>, link: &SharedConnection) -> PyResult<Bound<'py, PyDict>> {
    let info = link.client.info();
    let server = PyDict::new(py);
    server.set_item("product", info.product)?;
    server.set_item("prdid", info.prdid)?;
    server.set_item("class", info.class)?;
    server.set_item("release", info.release)?;
    server.set_item("platform", info.platform)?;
    server.set_item("system", info.system)?;
    server.set_item("job", info.job)?;
    server.set_item("sqlam", info.sqlam)?;
    server.set_item("typdef", info.typdef)?;
    server.set_item("ccsids", info.ccsids)?;
    server.set_item("secmec", info.secmec)?;
    server.set_item("database", info.database)?;
    server.set_item("peer", info.peer)?;
    Ok(server)
}

/// The protection of the connection.
pub(super) fn tls<'py>(py: Python<'py>, link: &SharedConnection) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Some(secured) = link.client.info().tls else { return Ok(None) };
    let tls = PyDict::new(py);
    tls.set_item("version", secured.version)?;
    tls.set_item("cipher", secured.cipher)?;
    tls.set_item("fingerprint", secured.fingerprint.to_string())?;
    tls.set_item("verified", secured.verified)?;
    Ok(Some(tls))
}
