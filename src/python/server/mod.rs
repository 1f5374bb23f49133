//! A running server in Python's hands; `drdarrow/server` wraps it.

mod calls;
mod catalog;
mod engine;
mod pulled;
mod settings;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use self::engine::Engine;
use super::arrow::result_table::{self, Collected};
use super::ownership::Owned;
use super::{errors, runtime};
use crate::client::error::{Error, ErrorClass, Phase};
use crate::server::backend::{Backend, ConnectError, Login, Session};
use crate::server::file::library::FileStore;
use crate::server::listen;
use crate::server::table::{MemoryTables, Table};

/// Listens. The settings are attributes; `engine` makes the engine when they are known to be right: a dict of tables,
/// or an object with `session()`.
#[pyfunction]
pub(super) fn serve(py: Python<'_>, settings: &Bound<'_, PyAny>, engine: &Bound<'_, PyAny>) -> PyResult<RawServer> {
    let (settings, databases) = settings::read(settings)?;
    let engine = engine.call0()?;
    let engine: Box<dyn Backend> = match engine.cast::<PyDict>() {
        Ok(tables) => Box::new(memory(tables)?),
        Err(_) => Box::new(Engine::new(engine.unbind())),
    };
    let (address, store) = (settings.address, settings.files.clone());
    let backend = Arc::new(Named { engine, databases });
    let server = runtime::block_on(py, listen::serve(settings, backend))?.map_err(|e| {
        if e.kind() == ErrorKind::InvalidInput {
            return errors::interface(py, format!("ccsid: {e}"));
        }
        let text = format!("cannot listen on {address}: {e}");
        errors::raise(py, &Error::new(ErrorClass::Operational, Phase::Config, "08001", text))
    })?;
    let signon = server.signon_address().map(|address| address.port());
    Ok(RawServer { address: server.address(), signon, store, running: Owned::new(Mutex::new(Some(server))) })
}

/// A running server. Dropped, it stops.
#[pyclass(frozen, module = "drdarrow._core", weakref)]
pub(super) struct RawServer {
    address: SocketAddr,
    signon: Option<u16>,
    store: Option<FileStore>,
    running: Owned<Mutex<Option<listen::Server>>>,
}

#[pymethods]
impl RawServer {
    /// Address and port.
    #[getter]
    fn address(&self) -> (String, u16) {
        (self.address.ip().to_string(), self.address.port())
    }

    /// The port of the sign-on server, where there is one.
    #[getter]
    fn signon_port(&self) -> Option<u16> {
        self.signon
    }

    /// The records of a file.
    fn file(&self, py: Python<'_>, name: &str, member: &str) -> PyResult<Collected> {
        let Some(store) = &self.store else {
            return Err(errors::interface(py, "this server has no files"));
        };
        let batch = py.detach(|| store.get_member(name, member));
        let batch = batch.map_err(|e| errors::interface(py, e.to_string()))?;
        Ok(Collected::new(batch.schema(), vec![batch]))
    }

    /// No longer listening, bool.
    #[getter]
    fn closed(&self) -> bool {
        self.running.get().map_or(true, |running| running.lock().unwrap_or_else(PoisonError::into_inner).is_none())
    }

    /// Stops; commands under way have `grace` seconds to end and are interrupted then.
    fn close(&self, py: Python<'_>, grace: f64) -> PyResult<()> {
        let running = self.running.get().map_err(|e| errors::raise(py, &e))?;
        let server = running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let grace = Duration::try_from_secs_f64(grace).unwrap_or_default();
        match server {
            Some(server) => runtime::block_on(py, server.shutdown_within(grace)),
            None => Ok(()),
        }
    }
}

/// An engine for the names of its databases.
struct Named {
    engine: Box<dyn Backend>,
    /// In upper case; `None`: any.
    databases: Option<Vec<String>>,
}

impl Backend for Named {
    fn connect(&self, login: &Login) -> Result<Box<dyn Session>, ConnectError> {
        // Attributes may follow the name.
        let name = login.database.split(';').next().unwrap_or_default().trim_end().to_uppercase();
        if self.databases.as_ref().is_some_and(|known| !known.contains(&name)) {
            return Err(ConnectError::NoDatabase);
        }
        self.engine.connect(&Login { database: name, ..login.clone() })
    }
}

/// Tables held in memory, as they are.
fn memory(tables: &Bound<'_, PyDict>) -> PyResult<MemoryTables> {
    let memory = MemoryTables::new();
    for (name, table) in tables {
        let (name, py) = (name.extract::<String>()?, table.py());
        let (schema, batches) = result_table::collect(&table)?.into_parts();
        let table = Table::new(schema, batches);
        memory.put(&name, table.ok_or_else(|| errors::interface(py, format!("table {name}: its batches differ")))?);
    }
    Ok(memory)
}
