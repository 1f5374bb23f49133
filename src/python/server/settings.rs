//! The settings of a server in Python's hands: attributes of `drdarrow.server.settings.ServerSettings`. Those that are
//! one value each are listed in `server/settings.rs`; here are the ones that are made of others.

use std::collections::HashMap;
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::ops::{Bound as End, RangeBounds};
use std::path::PathBuf;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyString};

use crate::python::arrow::result_table;
use crate::python::errors;
use crate::python::wording::kind;
use crate::server::access::{Access, CertificateUsers};
use crate::server::file::library::{FileOptions, FileStore};
use crate::server::file::rules::Duplicates;
use crate::server::persona::Persona;
use crate::server::settings::{Given, ServerAddress, ServerSettings};
use crate::server::tls::ServerTls;

/// The settings as Python gave them.
struct Attributes<'a, 'py>(&'a Bound<'py, PyAny>);

/// Reads the settings of a server, with the names of its databases in upper case; none: any.
pub(super) fn read(settings: &Bound<'_, PyAny>) -> PyResult<(ServerSettings, Option<Vec<String>>)> {
    let given = Attributes(settings);
    let plain = ServerSettings::read(&given)?;
    let host: IpAddr = given.choice(
        "host",
        |host| host.parse().ok(),
        |host| format!("host: {host:?} is no address of this machine"),
    )?;
    let (port, signon) = (given.number("port", 0..=u16::MAX)?, given.number("signon_port", 0..=u16::MAX)?);
    let users = given.get::<Option<HashMap<_, _>>>("users", "user to password")?;
    let databases = given.get::<Option<Vec<String>>>("database", "str, or several")?;
    // Those that read files or records come last.
    let read = ServerSettings {
        address: SocketAddr::new(host, port),
        persona: given
            .choice("persona", Persona::named, |name| format!("no persona {name:?}: luw, ibmi, zos or derby"))?,
        access: users.map_or(Access::Anyone, Access::users),
        certificate_users: given.certificate_users()?,
        server_list: given.server_list()?,
        tls: given.tls()?,
        files: given.files()?,
        ..plain
    };
    let signon = read.files.is_some().then_some(SocketAddr::new(host, signon));
    let databases = databases.map(|names| names.iter().map(|name| name.to_uppercase()).collect());
    Ok((ServerSettings { signon, ..read }, databases))
}

impl<'py> Attributes<'_, 'py> {
    /// A value of a type; `rule` says what it may be.
    fn get<T>(&self, name: &str, rule: &str) -> PyResult<T>
    where
        T: for<'a> FromPyObject<'a, 'py>,
    {
        let value = self.0.getattr(name)?;
        value.extract().map_err(|_| self.refused(name, rule, &value))
    }

    /// A choice by its name; `refused` is the error about another text.
    fn choice<T>(&self, name: &str, find: fn(&str) -> Option<T>, refused: fn(&str) -> String) -> PyResult<T> {
        let text = self.get::<String>(name, "str")?;
        find(&text).ok_or_else(|| errors::interface(self.0.py(), refused(&text)))
    }

    fn refused(&self, name: &str, rule: &str, value: &Bound<'_, PyAny>) -> PyErr {
        errors::interface(self.0.py(), format!("{name}: {rule}, not {}", shown(value)))
    }

    fn tls(&self) -> PyResult<Option<ServerTls>> {
        let path = |name| self.get::<Option<PathBuf>>(name, "a path");
        let clients = path("tls_client_ca")?;
        let (Some(chain), Some(key)) = (path("tls_certificate")?, path("tls_key")?) else { return Ok(None) };
        ServerTls::from_files(&chain, &key, clients.as_deref()).map(Some).map_err(|e| {
            let text = format!("tls_certificate {}, tls_key {}: {e}", chain.display(), key.display());
            errors::interface(self.0.py(), text)
        })
    }

    /// Other addresses of the databases: the first is the preferred one.
    fn server_list(&self) -> PyResult<Vec<ServerAddress>> {
        let listed = self.get::<Vec<(String, u16)>>("server_list", "a list of addresses")?;
        let count = u16::try_from(listed.len()).unwrap_or(u16::MAX);
        let priorities = (1..=count).rev();
        Ok(listed
            .into_iter()
            .zip(priorities)
            .map(|((host, port), priority)| ServerAddress { priority, host, port })
            .collect())
    }

    /// As whom the holder of a certificate may log in: users by its names, or the word for its common name.
    fn certificate_users(&self) -> PyResult<CertificateUsers> {
        let (name, rule) = ("tls_client_users", "\"cn\", or a mapping of a certificate's name to user, both str");
        let value = self.0.getattr(name)?;
        if value.is_none() {
            return Ok(CertificateUsers::Any);
        }
        if value.cast::<PyString>().is_ok_and(|word| word == "cn") {
            return Ok(CertificateUsers::CommonName);
        }
        value.extract::<HashMap<_, _>>().map(CertificateUsers::Named).map_err(|_| self.refused(name, rule, &value))
    }

    /// Files with their records: `PhysicalFile`s by their names.
    fn files(&self) -> PyResult<Option<FileStore>> {
        let value = self.0.getattr("files")?;
        if value.is_none() {
            return Ok(None);
        }
        let (store, py) = (FileStore::new(), value.py());
        for (name, file) in value.cast::<PyDict>()? {
            let (name, keys) = (name.extract::<String>()?, file.getattr("keys")?.extract::<Vec<String>>()?);
            let (schema, batches) = result_table::collect(&file.getattr("records")?)?.into_parts();
            let duplicates = match file.getattr("duplicates")?.extract::<String>()?.as_str() {
                "lifo" => Duplicates::Lifo,
                "fcfo" => Duplicates::Fcfo,
                _ => Duplicates::Fifo,
            };
            let options = FileOptions { duplicates, ..FileOptions::keyed(keys, file.getattr("unique")?.extract()?) };
            let put = py.detach(|| store.put(&name, &schema, &batches, &options));
            put.map_err(|e| errors::interface(py, format!("files: {e}")))?;
        }
        Ok(Some(store))
    }
}

impl Given for Attributes<'_, '_> {
    type Error = PyErr;

    fn flag(&self, name: &str) -> PyResult<bool> {
        self.get(name, "True or False")
    }

    fn number<T>(&self, name: &str, range: impl RangeBounds<T>) -> PyResult<T>
    where
        T: TryFrom<u64> + PartialOrd + Display,
    {
        let value = self.0.getattr(name)?;
        let number = value.extract::<u64>().ok().and_then(|number| T::try_from(number).ok());
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            let rule = match (range.start_bound(), range.end_bound()) {
                (End::Included(least), End::Included(most)) => format!("a whole number, {least} to {most}"),
                (End::Included(least), _) => format!("a whole number, at least {least}"),
                _ => "a whole number".to_owned(),
            };
            self.refused(name, &rule, &value)
        })
    }

    fn optional_number<T>(&self, name: &str, range: impl RangeBounds<T>) -> PyResult<Option<T>>
    where
        T: TryFrom<u64> + PartialOrd + Display,
    {
        if self.0.getattr(name)?.is_none() { Ok(None) } else { self.number(name, range).map(Some) }
    }

    fn limit(&self, name: &str) -> PyResult<Option<Duration>> {
        let rule = "seconds above 0, or None for no limit";
        let Some(seconds) = self.get::<Option<f64>>(name, rule)? else { return Ok(None) };
        if seconds.is_nan() || seconds <= 0.0 {
            return Err(self.refused(name, rule, &self.0.getattr(name)?));
        }
        // Longer than a clock can tell is no limit.
        Ok(Duration::try_from_secs_f64(seconds).ok())
    }
}

/// A value in an error: numbers as they are, of others the type, since they may hold passwords.
fn shown(value: &Bound<'_, PyAny>) -> String {
    let number = value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>();
    value.repr().ok().filter(|_| number).map_or_else(|| kind(value), |text| text.to_string())
}
