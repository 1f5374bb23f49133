//! A running server in Python's hands; `drdarrow/server` wraps it.

#[cfg(feature = "server")]
mod calls;
mod engine;
mod pulled;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use self::engine::Engine;
use super::arrow::result_table::{self, Collected};
use super::ownership::Owned;
use super::{errors, runtime};
use crate::client::error::{Error, ErrorClass, Phase};
use crate::server::access::{Access, CertificateUsers};
use crate::server::backend::{Backend, ConnectError, Login, Session};
use crate::server::file::library::{FileOptions, FileStore};
use crate::server::file::rules::Duplicates;
use crate::server::listen;
use crate::server::persona::Persona;
use crate::server::settings::ServerSettings;
use crate::server::table::{MemoryTables, Table};
use crate::server::tls::ServerTls;

/// As whom the holder of a certificate may log in: users by its names, or the word for its common name.
#[derive(FromPyObject)]
pub(super) enum HolderRule {
    Users(HashMap<String, String>),
    Word(#[expect(dead_code, reason = "there is one")] String),
}

/// Listens. The engine is a dict of tables, or an object with `session()`.
#[pyfunction]
#[pyo3(signature = (engine, *, persona, ccsid, host, port, users, databases, workers, max_connections, max_memory, max_connection_memory, tls, certificate_users, files, signon, password_level, read_only, allow_cleartext_password, idle_timeout))]
#[expect(clippy::too_many_arguments, reason = "settings by name")]
pub(super) fn serve(
    py: Python<'_>,
    engine: &Bound<'_, PyAny>,
    persona: &str,
    ccsid: Option<u16>,
    host: &str,
    port: u16,
    users: Option<HashMap<String, String>>,
    databases: Option<Vec<String>>,
    workers: usize,
    max_connections: usize,
    max_memory: usize,
    max_connection_memory: usize,
    tls: Option<(PathBuf, PathBuf, Option<PathBuf>)>,
    certificate_users: Option<HolderRule>,
    files: Option<Vec<Filed<'_>>>,
    signon: u16,
    password_level: u8,
    read_only: bool,
    allow_cleartext_password: bool,
    idle_timeout: Option<f64>,
) -> PyResult<RawServer> {
    let persona = Persona::named(persona)
        .ok_or_else(|| errors::interface(py, format!("no persona {persona:?}: luw, ibmi, zos or derby")))?;
    let host: IpAddr =
        host.parse().map_err(|_| errors::interface(py, format!("host: {host:?} is no address of this machine")))?;
    let access = match users {
        Some(users) => Access::users(users),
        None => Access::Anyone,
    };
    let tls = tls
        .map(|(chain, key, clients)| {
            let named = |e| format!("tls_certificate {}, tls_key {}: {e}", chain.display(), key.display());
            ServerTls::from_files(&chain, &key, clients.as_deref()).map_err(|e| errors::interface(py, named(e)))
        })
        .transpose()?;
    let engine: Box<dyn Backend> = match engine.cast::<PyDict>() {
        Ok(tables) => Box::new(memory(tables)?),
        Err(_) => Box::new(Engine::new(engine.clone().unbind())),
    };
    let address = SocketAddr::new(host, port);
    let store = files.map(|files| stored(py, files)).transpose()?;
    let settings = ServerSettings {
        address,
        persona,
        ccsid,
        access,
        tls,
        certificate_users: match certificate_users {
            None => CertificateUsers::Any,
            Some(HolderRule::Users(users)) => CertificateUsers::Named(users),
            Some(HolderRule::Word(_)) => CertificateUsers::CommonName,
        },
        workers,
        max_connections,
        max_memory,
        max_connection_memory,
        signon: store.is_some().then_some(SocketAddr::new(host, signon)),
        files: store.clone(),
        password_level,
        read_only,
        allow_cleartext_password,
        idle_timeout: idle_timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        ..ServerSettings::default()
    };
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

/// A file: its name, what it holds, its keys, whether they are unique, and the order of equal ones.
type Filed<'py> = (String, Bound<'py, PyAny>, Vec<String>, bool, String);

/// Files with their records.
fn stored(py: Python<'_>, files: Vec<Filed<'_>>) -> PyResult<FileStore> {
    let store = FileStore::new();
    for (name, records, keys, unique, order) in files {
        let (schema, batches) = result_table::collect(&records)?.into_parts();
        let duplicates = match order.as_str() {
            "lifo" => Duplicates::Lifo,
            "fcfo" => Duplicates::Fcfo,
            _ => Duplicates::Fifo,
        };
        let options = FileOptions { duplicates, ..FileOptions::keyed(keys, unique) };
        let put = py.detach(|| store.put(&name, &schema, &batches, &options));
        put.map_err(|e| errors::interface(py, format!("files: {e}")))?;
    }
    Ok(store)
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
