//! The other end of a connection, as dicts.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::python::shared_connection::SharedConnection;

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
    server.set_item("servers", info.servers)?;
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
