//! Where settings come from: arguments first, then the URI, the environment, and a profile. A password goes with its
//! user: where another user is given, the password of the one below is not taken.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::settings::{apply, text};
use crate::client::config::{Config, ConfigError, Secret};
use crate::client::error::Error;
use crate::client::limits::Limits;
use crate::python::errors;

/// The URI where neither one nor a host is given.
pub(in crate::python) const URI: &str = "DRDARROW_URI";
const USER: &str = "DRDARROW_USER";
const PASSWORD: &str = "DRDARROW_PASSWORD";
const PROFILE: &str = "profile://";

/// Reads the arguments.
pub(in crate::python) fn read(
    py: Python<'_>,
    uri: Option<&Bound<'_, PyAny>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<(Config, Limits)> {
    let refused = |e: ConfigError| errors::raise(py, &Error::from(e));
    let mut config = Config::empty();
    let mut limits = Limits::default();
    let base = Base::find(py, uri, settings)?;
    base.read_uri(py, |uri| config.apply_uri(uri))?;
    base.complete(py, &mut config, &mut limits)?;
    let user = config.user.clone();
    apply(py, &mut config, &mut limits, base.given, settings)?;
    base.finish(py, user.as_deref(), &mut config)?;
    config.check().map_err(refused)?;
    Ok((config, limits))
}

/// The sources below the arguments.
pub(in crate::python) struct Base<'py> {
    /// The URI, of whatever origin.
    pub(in crate::python) uri: Option<Secret>,
    /// It was an argument: others may not contradict it.
    pub(in crate::python) given: bool,
    /// Settings of a profile, and its file.
    profile: Option<(Bound<'py, PyDict>, String)>,
    /// Arguments that replace what stands below them.
    user_given: bool,
    password_given: bool,
}

impl<'py> Base<'py> {
    /// Finds it for the arguments of a connection.
    pub(in crate::python) fn find(
        py: Python<'py>,
        uri: Option<&Bound<'py, PyAny>>,
        settings: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Base<'py>> {
        let given = |key: &str| match settings.map(|settings| settings.get_item(key)).transpose()?.flatten() {
            Some(value) => Ok::<bool, PyErr>(!value.is_none()),
            None => Ok(false),
        };
        let secret = |text: String| Some(Secret::new(text));
        let argument = uri.filter(|uri| !uri.is_none()).map(|uri| text("uri", uri)).transpose()?;
        let (user_given, password_given) = (given("user")?, given("password")? || given("token")?);
        let (uri, given) = match argument {
            Some(uri) => (Some(uri), true),
            None if given("host")? => (None, false),
            None => (variable(py, URI)?, false),
        };
        let base = Base { uri: None, given: false, profile: None, user_given, password_given };
        let Some(uri) = uri else { return Ok(base) };
        let Some(name) = uri.strip_prefix(PROFILE) else { return Ok(Base { uri: secret(uri), given, ..base }) };
        let profile = py.import("drdarrow.profiles")?.getattr("load")?.call1((name,))?;
        let uri: Option<String> = profile.getattr("uri")?.extract()?;
        let settings = profile.getattr("settings")?.cast_into::<PyDict>()?;
        let file = profile.getattr("path")?.str()?.to_string_lossy().into_owned();
        Ok(Base { uri: uri.and_then(secret), profile: Some((settings, file)), ..base })
    }

    /// Reads the URI by `read`. What is wrong with one of a profile or of the environment is told with its place.
    pub(in crate::python) fn read_uri<T>(
        &self,
        py: Python<'_>,
        read: impl FnOnce(&str) -> Result<T, ConfigError>,
    ) -> PyResult<Option<T>> {
        let Some(uri) = &self.uri else { return Ok(None) };
        read(uri.expose()).map(Some).map_err(|e| {
            let e = errors::raise(py, &Error::from(e));
            if self.given { e } else { self.placed(py, &e) }
        })
    }

    /// Completes what the URI says, before the arguments: the settings of a profile, then the environment.
    pub(in crate::python) fn complete(&self, py: Python<'_>, config: &mut Config, limits: &mut Limits) -> PyResult<()> {
        if let Some((settings, _)) = &self.profile {
            apply(py, config, limits, false, Some(settings)).map_err(|e| self.placed(py, &e))?;
        }
        let below = self.profile.is_some();
        if let Some(user) = variable(py, USER)?.filter(|_| below || config.user.is_none() && !self.user_given) {
            if config.user.as_ref().is_some_and(|other| *other != user) {
                config.password = None;
            }
            config.user = Some(user);
        }
        Ok(())
    }

    /// Completes what the arguments say, which were set over those of the user `below`: a password of another user is not
    /// taken, one of the environment where there is none, or that of a profile.
    pub(in crate::python) fn finish(&self, py: Python<'_>, below: Option<&str>, config: &mut Config) -> PyResult<()> {
        if self.password_given {
            return Ok(());
        }
        if !self.given && self.user_given && below.is_some() && below != config.user.as_deref() {
            config.password = None;
        }
        let wanted = config.user.is_some() && (config.password.is_none() || self.profile.is_some());
        if let Some(password) = variable(py, PASSWORD)?.filter(|_| wanted) {
            config.password = Some(Secret::new(password));
        }
        Ok(())
    }

    /// Takes settings of a profile that are not those of a connection to a database.
    pub(in crate::python) fn take(&self, keys: &[&str]) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
        let Some((settings, _)) = &self.profile else { return Ok(Vec::new()) };
        let mut taken = Vec::new();
        for key in keys {
            if let Some(value) = settings.get_item(key)? {
                settings.del_item(key)?;
                taken.push(((*key).to_owned(), value));
            }
        }
        Ok(taken)
    }

    /// An error, with the file or variable that it is about.
    fn placed(&self, py: Python<'_>, e: &PyErr) -> PyErr {
        let place = self.profile.as_ref().map_or_else(|| URI.to_owned(), |(_, file)| format!("profile {file}"));
        let what = e.value(py).str().map_or_else(|_| String::new(), |text: Bound<'_, PyString>| text.to_string());
        errors::interface(py, format!("{place}: {what}"))
    }
}

/// A variable of the environment as Python has it, which may have changed it; one that is empty is not set.
fn variable(py: Python<'_>, name: &str) -> PyResult<Option<String>> {
    let value = py.import("os")?.getattr("environ")?.call_method1("get", (name,))?;
    if value.is_none() {
        return Ok(None);
    }
    Ok(Some(text(name, &value)?).filter(|value| !value.is_empty()))
}
