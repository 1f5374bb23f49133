//! The arguments of `connect`: a URI, the same by name, or both. What a setting may be, the client's
//! configuration says; here values become its text.

use std::path::PathBuf;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyMapping, PyString};

use super::given::Given;
use super::token;
use crate::client::config::client_info::ClientInfo;
use crate::client::config::{Config, ConfigError, Secret};
use crate::client::error::Error;
use crate::client::limits::Limits;
use crate::python::errors;
use crate::python::wording::{kind, unicode};

/// Longest wait that can be asked for: a day.
const LONGEST: Duration = Duration::from_secs(86_400);
/// Parts of an address: a name may complete a URI but not contradict it.
const ADDRESS: [&str; 5] = ["host", "port", "database", "user", "password"];

/// The callable of a coroutine that has asked for the password before it connects.
const AGAIN: &str = "_password";

/// Sets what was given by name; `given` says that a URI was read before.
pub(in crate::python) fn apply(
    py: Python<'_>,
    config: &mut Config,
    limits: &mut Limits,
    given: bool,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<()> {
    let refused = |e: ConfigError| errors::raise(py, &Error::from(e));
    let mut asked = None;
    for (key, value) in settings.iter().flat_map(|settings| settings.iter()) {
        let key = key.extract::<String>()?;
        if key == "batch_delay" {
            config.set(&key, &delay(&value)?).map_err(refused)?;
            continue;
        }
        if value.is_none() {
            continue;
        }
        match key.as_str() {
            "attributes" => attributes(config, &value)?,
            "force_ccsid" if !value.is_instance_of::<PyString>() => {
                for (column, ccsid) in pairs("force_ccsid", &value)? {
                    config.set("force_ccsid", &format!("{column}={ccsid}")).map_err(refused)?;
                }
            }
            "tls_ca" | "tls_cert" | "tls_key" => config.set(&key, &path(&key, &value)?).map_err(refused)?,
            "token" => token_source(config, &value)?,
            "password" if value.is_callable() => asked = Some(value),
            AGAIN => password_source(config, &value),
            "batch_rows" | "batch_bytes" => limit(limits, &key, &value)?,
            _ => {
                let before = (given && ADDRESS.contains(&key.as_str())).then(|| config.clone());
                // It may be a secret: no copy of it is left in memory.
                config.set(&key, Secret::new(text(&key, &value)?).expose()).map_err(refused)?;
                if before.is_some_and(|before| contradicts(&key, &before, config)) {
                    return Err(errors::interface(py, format!("{key}: the URI says otherwise")));
                }
            }
        }
    }
    if let Some(source) = asked {
        if given && config.password.is_some() {
            return Err(errors::interface(py, "password: the URI says otherwise"));
        }
        config.set("password", password(&source)?.expose()).map_err(refused)?;
        password_source(config, &source);
    }
    limits.delay = config.batch_delay;
    Ok(())
}

/// Another login of the connection asks the callable for the password anew.
fn password_source(config: &mut Config, source: &Bound<'_, PyAny>) {
    let source = source.clone().unbind();
    config.password_source(move || token::password(&source));
}

/// The password that a callable gives.
fn password(source: &Bound<'_, PyAny>) -> PyResult<Secret> {
    let answer = source.call0()?;
    if answer.hasattr("__await__")? {
        // It will never be awaited, and need not be warned of.
        let _ = answer.call_method0("close");
        let text = "password: the callable gives a coroutine, which connect, connect_files and open_file of drdarrow.aio \
                    wait for";
        return Err(errors::interface(source.py(), text));
    }
    match answer.cast::<PyString>() {
        Ok(answer) => unicode(answer, "password").map(Secret::new),
        Err(_) => {
            let text = format!("password: the callable gave {}, not a str", kind(&answer));
            Err(errors::interface(source.py(), text))
        }
    }
}

/// The arguments of `set_client_info`: what is None stays as it is.
pub(in crate::python) fn client_info(
    py: Python<'_>,
    named: [(&str, Option<&Bound<'_, PyAny>>); 4],
) -> PyResult<ClientInfo> {
    let mut info = ClientInfo::default();
    for (key, value) in named {
        if let Some(value) = value {
            info.set(key, &text(key, value)?).map_err(|e| errors::raise(py, &Error::from(e)))?;
        }
    }
    Ok(info)
}

/// The function that makes security tokens.
fn token_source(config: &mut Config, value: &Bound<'_, PyAny>) -> PyResult<()> {
    if !value.is_callable() {
        return Err(errors::interface(value.py(), format!("token: expected a callable, not {}", kind(value))));
    }
    let source = value.clone().unbind();
    config.token_source(move |challenge| token::next(&source, challenge));
    Ok(())
}

/// Other limits of a batch for one result.
pub(in crate::python) fn limits(
    of_connection: Limits,
    rows: Option<&Bound<'_, PyAny>>,
    bytes: Option<&Bound<'_, PyAny>>,
    delay: &Given<'_>,
) -> PyResult<Limits> {
    let mut limits = of_connection;
    if let Some(rows) = rows {
        limit(&mut limits, "batch_rows", rows)?;
    }
    if let Some(bytes) = bytes {
        limit(&mut limits, "batch_bytes", bytes)?;
    }
    if let Some(value) = delay.value() {
        let mut config = Config::empty();
        let set = config.set("batch_delay", &self::delay(value)?);
        set.map_err(|e| errors::raise(value.py(), &Error::from(e)))?;
        limits.delay = config.batch_delay;
    }
    Ok(limits)
}

/// Seconds that something may take.
pub(in crate::python) fn limit_of_time(py: Python<'_>, what: &str, seconds: f64) -> PyResult<Duration> {
    let limit = Duration::try_from_secs_f64(seconds).ok().filter(|limit| !limit.is_zero() && *limit <= LONGEST);
    limit.ok_or_else(|| {
        errors::interface(py, format!("{what}: expected seconds above 0, at most {}", LONGEST.as_secs()))
    })
}

/// How long a batch waits to be filled. None is a value of its own: as long as it takes.
fn delay(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_none() { Ok("none".to_owned()) } else { text("batch_delay", value) }
}

fn limit(limits: &mut Limits, key: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let number = value.extract::<usize>().ok().filter(|number| *number > 0);
    let number =
        number.ok_or_else(|| errors::interface(value.py(), format!("{key}: expected a number of at least 1")))?;
    match key {
        "batch_rows" => limits.rows = number,
        _ => limits.bytes = Some(number),
    }
    Ok(())
}

/// True when what the URI had said was changed.
fn contradicts(key: &str, before: &Config, after: &Config) -> bool {
    match key {
        "host" => {
            let written = |config: &Config| format!("{:?}", (&config.host, &config.addresses)).to_ascii_lowercase();
            written(before) != written(after)
        }
        "port" => before.port != after.port && before.port != Config::empty().port,
        "database" => before.database != after.database,
        "user" => before.user.is_some() && before.user != after.user,
        _ => before.password.is_some(),
    }
}

/// Derby's connection attributes: a dict, or the text of a URI's `attributes=`.
fn attributes(config: &mut Config, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = value.py();
    if value.is_instance_of::<PyString>() {
        return config.set("attributes", &text("attributes", value)?).map_err(|e| errors::raise(py, &Error::from(e)));
    }
    for (key, value) in pairs("attributes", value)? {
        if key.contains('=') {
            return Err(errors::interface(py, "attributes: a name cannot hold '='"));
        }
        config.attributes.push((key, Secret::new(value)));
    }
    Ok(())
}

/// A dict of names and values, as text; what is None is left out.
pub(in crate::python) fn pairs(setting: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<(String, String)>> {
    let py = value.py();
    let dict = value
        .cast::<PyMapping>()
        .map_err(|_| errors::interface(py, format!("{setting}: expected a dict, not {}", kind(value))))?;
    let mut found = Vec::new();
    for pair in dict.items()? {
        let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
        if value.is_none() {
            continue;
        }
        let (key, value) = (text(setting, &key)?, text(setting, &value)?);
        if key.is_empty() || key.contains([';', '\0']) || value.contains([';', '\0']) {
            return Err(errors::interface(py, format!("{setting}: a name is empty, or something holds ';' or NUL")));
        }
        found.push((key, value));
    }
    Ok(found)
}

/// A file's name: text, or what `os.fspath` takes.
fn path(key: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let path = value.extract::<PathBuf>().ok().and_then(|path| path.into_os_string().into_string().ok());
    path.ok_or_else(|| errors::interface(value.py(), format!("{key}: expected a path, not {}", kind(value))))
}

/// A setting's value as a URI would write it. The value itself is never repeated in an error.
pub(in crate::python) fn text(key: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(text) = value.cast::<PyString>() {
        return unicode(text, key);
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(if flag.is_true() { "true" } else { "false" }.to_owned());
    }
    if value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>() {
        return Ok(value.str()?.to_str()?.to_owned());
    }
    Err(errors::interface(value.py(), format!("{key}: expected text, a number or a bool, not {}", kind(value))))
}
