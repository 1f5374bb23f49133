//! Parameters by name: a mapping with a value for each `:name` of the statement, or Arrow data with a column for each.
//! Each value is used, and none is missing: what is left over may be a name that was mistyped.

use std::collections::{HashMap, HashSet};

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};

use super::params;
use super::value::{self, Value};
use crate::client::error::Error;
use crate::client::sql::parameter_names::Markers;
use crate::client::sql::parameters::one_row_named;
use crate::python::errors;
use crate::python::wording::{Parameter, ValuePlace, kind, of_row};

/// Names that an error shows at most.
const SHOWN: usize = 10;

/// A statement as servers know it, and its parameters as a batch of one row.
pub(in crate::python) fn bound(
    py: Python<'_>,
    operation: &Bound<'_, PyAny>,
    parameters: Option<&Bound<'_, PyAny>>,
) -> PyResult<(String, RecordBatch)> {
    let sql = params::statement(operation)?;
    let Some(given) = parameters.filter(|given| is_mapping(given)) else {
        return Ok((sql, params::batch(py, parameters)?));
    };
    let raise = |e| errors::raise(py, &e);
    let markers = Markers::of(&sql);
    let names = MarkerNames::new(py, &markers);
    if markers.positional {
        return Err(names.refused(py, given, None, true));
    }
    let values = names.values(given, None)?.into_iter().map(Value::array).collect::<Result<Vec<_>, _>>();
    let row = one_row_named(&names.names, &values.map_err(raise)?).map_err(raise)?;
    Ok((markers.to_positional().sql, row))
}

/// A statement of many executions as servers know it, and the names of its parameters where they have names. One with
/// question marks has none, whatever else its colons may be.
pub(in crate::python) fn many(operation: &Bound<'_, PyAny>) -> PyResult<(String, Option<MarkerNames>)> {
    let sql = params::statement(operation)?;
    let markers = Markers::of(&sql);
    if markers.positional || markers.names().next().is_none() {
        return Ok((sql, None));
    }
    let names = MarkerNames::new(operation.py(), &markers);
    Ok((markers.to_positional().sql, Some(names)))
}

/// True for what has values by name.
pub(super) fn is_mapping(parameters: &Bound<'_, PyAny>) -> bool {
    parameters.is_instance_of::<PyDict>() || parameters.cast::<PyMapping>().is_ok()
}

/// The names of the parameters of a statement.
pub(in crate::python) struct MarkerNames {
    /// One for each marker.
    names: Vec<String>,
    /// The same for Python.
    keys: Vec<Py<PyString>>,
    /// How many there are when each is counted once.
    distinct: usize,
}

impl MarkerNames {
    fn new(py: Python<'_>, markers: &Markers<'_>) -> MarkerNames {
        let names: Vec<String> = markers.names().map(str::to_owned).collect();
        let keys = names.iter().map(|name| PyString::intern(py, name).unbind()).collect();
        let distinct = names.iter().collect::<HashSet<_>>().len();
        MarkerNames { keys, distinct, names }
    }

    /// The names, one for each marker.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The value of each marker, of one execution or of execution `row` of many.
    pub(super) fn values<'py>(&self, given: &Bound<'py, PyAny>, row: Option<usize>) -> PyResult<Vec<Value<'py>>> {
        let py = given.py();
        if !is_mapping(given) {
            return Err(self.refused(py, given, row, false));
        }
        let mut values = Vec::with_capacity(self.names.len());
        let mut missing = Vec::new();
        for (name, key) in self.names.iter().zip(&self.keys) {
            match item(given, key.bind(py))? {
                Some(value) => values.push(value::read(&value, ValuePlace { row, parameter: Parameter::Name(name) })?),
                None => missing.push(name.clone()),
            }
        }
        let has = || keys(given);
        if !missing.is_empty() {
            return Err(errors::raise(py, &lacking(row, "parameters", &missing, &has()?)));
        }
        if given.len()? == self.distinct {
            return Ok(values);
        }
        let names: HashSet<&String> = self.names.iter().collect();
        let unused: Vec<String> = has()?.into_iter().filter(|key| !names.contains(key)).collect();
        if unused.is_empty() { Ok(values) } else { Err(errors::raise(py, &self.left_over(row, &unused))) }
    }

    /// The column of each marker.
    pub(super) fn columns(&self, schema: &Schema) -> Result<Vec<usize>, Error> {
        let has: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let mut places: HashMap<&String, Vec<usize>> = HashMap::new();
        for (place, name) in has.iter().enumerate() {
            places.entry(name).or_default().push(place);
        }
        let missing: Vec<String> = self.names.iter().filter(|name| !places.contains_key(name)).cloned().collect();
        if !missing.is_empty() {
            return Err(lacking(None, "columns of the data", &missing, &has));
        }
        let found: Vec<&Vec<usize>> = self.names.iter().filter_map(|name| places.get(name)).collect();
        if let Some((twice, _)) = self.names.iter().zip(&found).find(|(_, places)| places.len() > 1) {
            return Err(errors::programming(
                "42702",
                format!("the data has several columns {twice}: which is :{twice}?"),
            ));
        }
        let names: HashSet<&String> = self.names.iter().collect();
        let unused: Vec<String> = has.iter().filter(|name| !names.contains(name)).cloned().collect();
        if !unused.is_empty() {
            return Err(self.left_over(None, &unused));
        }
        Ok(found.into_iter().flatten().copied().collect())
    }

    /// Why these parameters are not for this statement; `positional` says that it has question marks.
    fn refused(&self, py: Python<'_>, given: &Bound<'_, PyAny>, row: Option<usize>, positional: bool) -> PyErr {
        let (place, kind) = (of_row(row), kind(given));
        let text = match (self.names.is_empty(), positional) {
            (true, _) => format!("the statement has question marks: its parameters are a sequence, not {kind}"),
            (false, true) => format!("the statement has question marks and {}: use one of both", colons(&self.names)),
            (false, false) => {
                format!("the statement has {}: its parameters are a mapping by name, not {kind}", colons(&self.names))
            }
        };
        errors::raise(py, &errors::programming("07001", format!("{place}{text}")))
    }

    fn left_over(&self, row: Option<usize>, unused: &[String]) -> Error {
        let (place, unused) = (of_row(row), list(unused, ""));
        let has = match self.names.is_empty() {
            true => "it has no names, and those of a compound statement or a definition are its own".to_owned(),
            false => format!("it has {}", colons(&self.names)),
        };
        let text = format!("{place}parameters that the statement does not have: {unused} ({has}): leave them out");
        errors::programming("07001", text)
    }
}

fn lacking(row: Option<usize>, what: &str, missing: &[String], has: &[String]) -> Error {
    let (place, missing) = (of_row(row), colons(missing));
    let has = if has.is_empty() { "nothing".to_owned() } else { list(has, "") };
    errors::programming("07001", format!("{place}nothing is given for {missing}; the {what} are {has}"))
}

/// The value of a key, where there is one.
fn item<'py>(given: &Bound<'py, PyAny>, key: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Ok(dict) = given.cast_exact::<PyDict>() {
        return dict.get_item(key);
    }
    match given.get_item(key) {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.is_instance_of::<pyo3::exceptions::PyKeyError>(given.py()) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The keys as text.
fn keys(given: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let text = |key: PyResult<Bound<'_, PyAny>>| {
        let key = key?;
        match key.cast::<PyString>() {
            Ok(name) => Ok(name.to_string_lossy().into_owned()),
            Err(_) => Ok(format!("a key of type {}", kind(&key))),
        }
    };
    given.try_iter()?.map(text).collect()
}

/// `:a, :b`, each once.
fn colons(names: &[String]) -> String {
    list(names, ":")
}

fn list(names: &[String], prefix: &str) -> String {
    let mut told = HashSet::new();
    let once: Vec<&String> = names.iter().filter(|name| told.insert(*name)).collect();
    let more = once.len().saturating_sub(SHOWN);
    let shown: Vec<String> = once.into_iter().take(SHOWN).map(|name| format!("{prefix}{name}")).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
