//! Arguments about files: which one, how it is opened, rows and keys.

use arrow_array::{ArrayRef, RecordBatch};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyMapping, PyString, PyTuple};

use super::errors;
use super::params::{self, kind};
use super::settings::{apply, pairs, text};
use crate::client::batches::Limits;
use crate::client::config::{Config, ConfigError};
use crate::client::error::Error;
use crate::client::file::name::FileName;
use crate::client::file::options::{Declared, OpenOptions};
use crate::client::file::settings::{Address, FileConfig, OPEN};
use crate::column::options::Options;

/// Settings of connections for files alone.
const FILES: [&str; 3] = ["signon_port", "job_ccsid", "pool"];

/// A connection's arguments, apart from those of an open.
pub(super) struct Where<'py> {
    pub(super) config: FileConfig,
    pub(super) limits: Limits,
    /// What the URI says beside the connection.
    pub(super) address: Address,
    /// Arguments of an open.
    pub(super) open: Bound<'py, PyDict>,
}

/// Reads the arguments of a connection, and of an open among them.
pub(super) fn place<'py>(
    py: Python<'py>,
    uri: Option<&Bound<'py, PyAny>>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Where<'py>> {
    let refused = |e: ConfigError| errors::raise(py, &Error::from(e));
    let mut config = FileConfig::beside(Config::empty());
    let mut address = Address::default();
    if let Some(uri) = uri {
        address = config.apply_uri(&text("uri", uri)?).map_err(refused)?;
    }
    let (open, rest) = (PyDict::new(py), PyDict::new(py));
    for (key, value) in settings.iter().flat_map(|settings| settings.iter()) {
        let name = key.extract::<String>()?;
        if OPEN.contains(&name.as_str()) {
            open.set_item(key, value)?;
        } else if FILES.contains(&name.as_str()) {
            if !value.is_none() {
                config.set(&name, &text(&name, &value)?).map_err(refused)?;
            }
        } else {
            rest.set_item(key, value)?;
        }
    }
    let mut limits = Limits::default();
    apply(py, &mut config.base, &mut limits, uri.is_some(), Some(&rest))?;
    config.check().map_err(refused)?;
    Ok(Where { config, limits, address, open })
}

/// Which file, and how it is opened.
pub(super) fn open(
    py: Python<'_>,
    path: &str,
    values: &Options,
    given: Option<&Bound<'_, PyDict>>,
) -> PyResult<(FileName, OpenOptions)> {
    let refused = |e: ConfigError| errors::raise(py, &Error::from(e));
    let mut name = FileName::parse(path).map_err(refused)?;
    let mut options = OpenOptions::read();
    options.values.values = values.clone();
    for (key, value) in given.iter().flat_map(|given| given.iter()) {
        let key = key.extract::<String>()?;
        if value.is_none() {
            continue;
        }
        match key.as_str() {
            "member" => name = name.with_member(&text(&key, &value)?).map_err(refused)?,
            "columns" if !value.is_instance_of::<PyString>() => {
                let columns = value.try_iter()?.map(|column| text(&key, &column?)).collect::<PyResult<Vec<_>>>()?;
                options.set(&key, &columns.join(",")).map_err(refused)?;
            }
            "on_error" if !value.is_instance_of::<PyString>() => {
                for (field, policy) in pairs(&key, &value)? {
                    match field.as_str() {
                        "*" => options.set(&key, &policy).map_err(refused)?,
                        _ => options.on_error_of(&field, &policy).map_err(refused)?,
                    }
                }
            }
            "force_ccsid" => {
                let mut config = Config::empty();
                for (field, ccsid) in pairs(&key, &value)? {
                    let pair = format!("{}={ccsid}", field.to_ascii_uppercase());
                    config.set("force_ccsid", &pair).map_err(refused)?;
                }
                options.values.values.force_ccsid.extend(config.options.force_ccsid);
            }
            "format" if !value.is_instance_of::<PyString>() => options.declare(declared(&value)?).map_err(refused)?,
            _ => options.set(&key, &text(&key, &value)?).map_err(refused)?,
        }
    }
    Ok((name, options))
}

/// A record format in Python's words: a dict with name, fields and keys.
fn declared(value: &Bound<'_, PyAny>) -> PyResult<Declared> {
    let py = value.py();
    let expected = "format: expected a name, or a dict with name, fields (a list of dicts) and keys";
    let dict = value.cast::<PyDict>().map_err(|_| errors::interface(py, expected))?;
    let mut out = Declared { name: String::new(), fields: Vec::new(), keys: Vec::new() };
    for (key, value) in dict.iter() {
        match key.extract::<String>()?.as_str() {
            "name" => out.name = text("format", &value)?,
            "keys" => out.keys = value.try_iter()?.map(|k| text("keys", &k?)).collect::<PyResult<_>>()?,
            "fields" => {
                for field in value.try_iter()? {
                    out.fields.push(pairs("format", &field?)?);
                }
            }
            // What record_format gives beside them says nothing that the fields do not.
            "file" | "library" | "unique" | "length" | "text" => {}
            other => return Err(errors::interface(py, format!("format: {other:?} is not part of a format"))),
        }
    }
    Ok(out)
}

/// A key: one value, or a tuple or list with one for each key field.
pub(super) fn key(value: &Bound<'_, PyAny>) -> PyResult<Vec<ArrayRef>> {
    match value.is_instance_of::<PyTuple>() || value.is_instance_of::<PyList>() {
        true => params::row(Some(value)),
        false => params::row(Some(PyTuple::new(value.py(), [value])?.as_any())),
    }
}

/// A row as a batch: a dict by the names of fields, or a sequence in the order of `fields`.
pub(super) fn record(row: &Bound<'_, PyAny>, fields: &[String]) -> PyResult<RecordBatch> {
    let py = row.py();
    let (names, values) = if let Ok(map) = row.cast::<PyMapping>() {
        let mut names = Vec::new();
        for name in map.keys()? {
            names.push(text("row", &name)?);
        }
        (names, params::row(Some(map.values()?.as_any()))?)
    } else {
        let values = params::row(Some(row))?;
        if values.len() != fields.len() {
            let message = format!("a row of {} values for {} fields", values.len(), fields.len());
            return Err(errors::raise(py, &errors::programming("07001", message)));
        }
        (fields.to_vec(), values)
    };
    RecordBatch::try_from_iter_with_nullable(names.into_iter().zip(values).map(|(name, value)| (name, value, true)))
        .map_err(|e| errors::interface(py, format!("a row: {e}")))
}

/// Rows that are not Arrow: each as a batch.
pub(super) fn records(rows: &Bound<'_, PyAny>, fields: &[String]) -> PyResult<Vec<RecordBatch>> {
    let py = rows.py();
    if rows.is_instance_of::<PyString>() || rows.is_instance_of::<PyBool>() || !rows.hasattr("__iter__")? {
        return Err(errors::interface(
            py,
            format!("rows: expected Arrow data or an iterable of rows, not {}", kind(rows)),
        ));
    }
    if rows.cast::<PyMapping>().is_ok() {
        return Ok(vec![record(rows, fields)?]);
    }
    rows.try_iter()?.map(|row| record(&row?, fields)).collect()
}
