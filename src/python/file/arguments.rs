//! Arguments about files: which one, how it is opened, rows and keys.

use arrow_array::{ArrayRef, RecordBatch};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyList, PyMapping, PyString, PyTuple};

use crate::client::config::{Config, ConfigError};
use crate::client::error::Error;
use crate::client::file::config::{Address, FILES, FileConfig, OPEN};
use crate::client::file::file_name::FileName;
use crate::client::file::options::{Declared, OpenOptions};
use crate::client::file::range::Keys;
use crate::client::limits::Limits;
use crate::column::options::Options;
use crate::python::arguments::given::Given;
use crate::python::arguments::params;
use crate::python::arguments::settings::{apply, pairs, text};
use crate::python::arguments::sources::Base;
use crate::python::errors;
use crate::python::wording::kind;

/// A connection's arguments, apart from those of an open.
pub(super) struct Where<'py> {
    pub(super) config: FileConfig,
    pub(super) limits: Limits,
    /// The parts of the URI beside the connection.
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
    let mut limits = Limits::default();
    let base = Base::find(py, uri, settings)?;
    let address = base.read_uri(py, |uri| config.apply_uri(uri))?.unwrap_or_default();
    for (key, value) in base.take(&FILES)? {
        config.set(&key, &text(&key, &value)?).map_err(refused)?;
    }
    base.complete(py, &mut config.base, &mut limits)?;
    let user = config.base.user.clone();
    let (open, rest) = (PyDict::new(py), PyDict::new(py));
    for (key, value) in settings.iter().flat_map(|settings| settings.iter()) {
        let name = key.extract::<String>()?;
        // Where one file is named, they are its fields.
        let of_file = name == "force_ccsid" && address.path.is_some();
        if OPEN.contains(&name.as_str()) || of_file {
            open.set_item(key, value)?;
        } else if FILES.contains(&name.as_str()) {
            if !value.is_none() {
                config.set(&name, &text(&name, &value)?).map_err(refused)?;
            }
        } else {
            rest.set_item(key, value)?;
        }
    }
    apply(py, &mut config.base, &mut limits, base.given, Some(&rest))?;
    base.finish(py, user.as_deref(), &mut config.base)?;
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
            "force_ccsid" if !value.is_instance_of::<PyString>() => {
                let mut config = Config::empty();
                for (field, ccsid) in pairs(&key, &value)? {
                    let pair = format!("{}={ccsid}", field.to_ascii_uppercase());
                    config.set("force_ccsid", &pair).map_err(refused)?;
                }
                options.force_ccsid = config.options.force_ccsid;
            }
            "force_ccsid" => {
                let mut config = Config::empty();
                config.set(&key, &text(&key, &value)?.to_ascii_uppercase()).map_err(refused)?;
                options.force_ccsid = config.options.force_ccsid;
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
    let mut out = Declared::default();
    for (key, value) in dict.iter() {
        match key.extract::<String>()?.as_str() {
            "name" => out.name = text("format", &value)?,
            "file" => out.file = text("format", &value)?,
            "keys" => out.keys = value.try_iter()?.map(|k| text("keys", &k?)).collect::<PyResult<_>>()?,
            "fields" => {
                for field in value.try_iter()? {
                    out.fields.push(pairs("format", &field?)?);
                }
            }
            // What record_format gives beside them says nothing that the fields do not.
            "library" | "unique" | "length" | "text" => {}
            other => return Err(errors::interface(py, format!("format: {other:?} is not part of a format"))),
        }
    }
    Ok(out)
}

/// A key: one value, or a tuple or list with one for each key field.
pub(super) fn key(value: &Bound<'_, PyAny>) -> PyResult<Vec<ArrayRef>> {
    match value.is_instance_of::<PyTuple>() || value.is_instance_of::<PyList>() {
        true => params::row(value),
        false => params::row(PyTuple::new(value.py(), [value])?.as_any()),
    }
}

/// A row as a batch: a dict by the names of fields, or a sequence in the order of `fields`.
pub(super) fn record(row: &Bound<'_, PyAny>, fields: &[String]) -> PyResult<RecordBatch> {
    let py = row.py();
    let (names, values) = match row.cast::<PyMapping>() {
        Ok(map) => (Some(names(map)?), params::row(map.values()?.as_any())?),
        Err(_) => (None, params::row(row)?),
    };
    let names = named(py, names.as_deref(), fields, values.len())?;
    RecordBatch::try_from_iter_with_nullable(names.iter().zip(values).map(|(name, value)| (name, value, true)))
        .map_err(|e| errors::interface(py, format!("a row: {e}")))
}

/// The fields that a row names.
pub(super) fn names(row: &Bound<'_, PyMapping>) -> PyResult<Vec<String>> {
    row.keys()?.iter().map(|name| text("row", &name)).collect()
}

/// The fields of a row's values: those that it names, else all `fields`.
pub(super) fn named<'a>(
    py: Python<'_>,
    names: Option<&'a [String]>,
    fields: &'a [String],
    values: usize,
) -> PyResult<&'a [String]> {
    let refused = |text: String| Err(errors::raise(py, &errors::programming("07001", text)));
    match names {
        Some([]) => refused("a row that names no field".to_owned()),
        None if fields.len() != values => refused(format!("a row of {values} values for {} fields", fields.len())),
        Some(names) if names.len() != values => refused(format!("a row of {values} values for {} names", names.len())),
        _ => Ok(names.unwrap_or(fields)),
    }
}

/// The number of a record.
pub(super) fn number(setting: &str, value: &Bound<'_, PyAny>) -> PyResult<u32> {
    let wrong = || {
        let text =
            format!("{setting}: expected the number of a record, 1 to {}, not {}", u32::MAX, kind_or_value(value));
        errors::interface(value.py(), text)
    };
    let number = if value.is_instance_of::<PyBool>() { None } else { value.extract::<u32>().ok() };
    number.filter(|number| *number > 0).ok_or_else(wrong)
}

/// The numbers of the first and the last record, if either is given.
pub(super) fn range(
    first: Option<&Bound<'_, PyAny>>,
    last: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<(u32, Option<u32>)>> {
    let (from, to) = (first.map(|n| number("first", n)).transpose()?, last.map(|n| number("last", n)).transpose()?);
    Ok((from.is_some() || to.is_some()).then_some((from.unwrap_or(1), to)))
}

/// The records that are wanted as Arrow.
pub(super) enum WantedRecords {
    All,
    /// With numbers from the first to the last.
    Numbers(u32, Option<u32>),
    /// With keys of a range.
    Keys(Keys),
}

impl WantedRecords {
    /// Or those with these numbers.
    pub(super) fn or_numbers(self, py: Python<'_>, range: Option<(u32, Option<u32>)>) -> PyResult<WantedRecords> {
        match (range, self) {
            (None, wanted) => Ok(wanted),
            (Some((first, last)), WantedRecords::All) => Ok(WantedRecords::Numbers(first, last)),
            (Some(_), _) => Err(errors::interface(py, "records are meant by their numbers or by their keys")),
        }
    }
}

/// The arguments that choose records by their keys.
pub(super) fn wanted(py: Python<'_>, key: &Given<'_>, between: Option<&Bound<'_, PyAny>>) -> PyResult<WantedRecords> {
    let expected = || errors::interface(py, "between: expected a pair of keys, low and high; None is open");
    match (key.value(), between) {
        (None, None) => Ok(WantedRecords::All),
        (Some(value), None) => Ok(WantedRecords::Keys(Keys::Of(self::key(value)?))),
        (None, Some(pair)) => {
            if !(pair.is_instance_of::<PyTuple>() || pair.is_instance_of::<PyList>()) || pair.len()? != 2 {
                return Err(expected());
            }
            let end = |at: usize| match pair.get_item(at)? {
                open if open.is_none() => Ok(Vec::new()),
                value => self::key(&value),
            };
            Ok(WantedRecords::Keys(Keys::Between(end(0)?, end(1)?)))
        }
        (Some(_), Some(_)) => Err(errors::interface(py, "key and between: give one of them")),
    }
}

/// How many parts.
pub(super) fn count(value: &Bound<'_, PyAny>) -> PyResult<usize> {
    let found = if value.is_instance_of::<PyBool>() { None } else { value.extract::<usize>().ok() };
    found.filter(|count| *count > 0).ok_or_else(|| {
        errors::interface(value.py(), format!("count: expected a number from 1 on, not {}", kind_or_value(value)))
    })
}

/// A number as it is, anything else by its type.
fn kind_or_value(value: &Bound<'_, PyAny>) -> String {
    match value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>() {
        true => value.repr().map_or_else(|_| kind(value), |text| text.to_string()),
        false => kind(value),
    }
}

/// The record that a call means.
pub(super) enum Meant {
    /// The one read last.
    Current,
    Rrn(u32),
    Key(Vec<ArrayRef>),
}

impl Meant {
    /// By the arguments that were given. None is one too: a key of NULL is not the record read last.
    pub(super) fn by(py: Python<'_>, rrn: &Given<'_>, key: &Given<'_>) -> PyResult<Meant> {
        match (rrn.value(), key.value()) {
            (None, None) => Ok(Meant::Current),
            (Some(rrn), None) => number("rrn", rrn).map(Meant::Rrn),
            (None, Some(value)) => self::key(value).map(Meant::Key),
            (Some(_), Some(_)) => {
                Err(errors::interface(py, "a record is meant by its number or by its key, not by both"))
            }
        }
    }
}
