//! `callproc` of PEP 249: the statement that calls a procedure, and its parameters after the call.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::statement::SharedStatement;
use super::telling;
use crate::python::arguments::params;
use crate::python::{errors, rows};

/// Parts of a name: database, schema, procedure.
const PARTS: usize = 3;

/// The parameters as a list.
pub(super) fn given<'py>(py: Python<'py>, parameters: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    if let Some(parameters) = parameters {
        params::check(parameters, None)?;
        for value in parameters.try_iter()? {
            list.append(value?)?;
        }
    }
    Ok(list)
}

/// `CALL name(?, …)`, for a name that is one.
pub(super) fn statement(py: Python<'_>, name: &str, parameters: usize) -> PyResult<String> {
    if !is_name(name) {
        let e = errors::programming("42601", "callproc() takes the name of a procedure: NAME, SCHEMA.NAME, \"name\"");
        return Err(errors::raise(py, &e));
    }
    Ok(format!("CALL {name}({})", vec!["?"; parameters].join(",")))
}

/// The values that came out of the parameters; none when nothing did.
pub(super) fn outputs<'py>(py: Python<'py>, statement: &SharedStatement) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let output = statement.about().output.clone();
    output.map(|output| rows::row(py, &output.row, 0)).transpose()
}

/// The parameters of a call, for Python with what came out of them.
pub(super) struct Called {
    pub(super) statement: Arc<SharedStatement>,
    pub(super) given: Py<PyList>,
}

impl<'py> IntoPyObject<'py> for Called {
    type Target = PyList;
    type Output = Bound<'py, PyList>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        telling::tell(py, &self.statement)?;
        let given = self.given.into_bound(py);
        let came_out = self.statement.about().output.as_ref().map(|output| output.came_out.clone());
        let Some((values, came_out)) = outputs(py, &self.statement)?.zip(came_out) else { return Ok(given) };
        for (n, value) in values.iter().enumerate().filter(|(n, _)| came_out.get(*n) == Some(&true)) {
            given.set_item(n, value)?;
        }
        Ok(given)
    }
}

/// Up to three identifiers joined by points, ordinary or in double quotes.
fn is_name(name: &str) -> bool {
    let mut rest = name;
    for _ in 0..PARTS {
        let after = match rest.strip_prefix('"') {
            Some(quoted) => after_quoted(quoted),
            None => after_ordinary(rest),
        };
        match after.map(|after| (after, after.strip_prefix('.'))) {
            Some(("", _)) => return true,
            Some((_, Some(next))) => rest = next,
            _ => return false,
        }
    }
    false
}

/// The text after an identifier in quotes, the first of which is gone; two of them stand for one.
fn after_quoted(mut quoted: &str) -> Option<&str> {
    let whole = quoted;
    loop {
        let after = quoted.get(quoted.find('"')? + 1..)?;
        match after.strip_prefix('"') {
            Some(more) => quoted = more,
            None => return (after.len() + 1 < whole.len()).then_some(after),
        }
    }
}

fn after_ordinary(name: &str) -> Option<&str> {
    let first = name.chars().next().filter(|c| c.is_alphabetic() || "@#$_".contains(*c))?;
    let rest = name.get(first.len_utf8()..)?;
    Some(rest.trim_start_matches(|c: char| c.is_alphanumeric() || "@#$_".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_names() {
        for name in ["P", "a.b_1", "DB.S.P", "\"my proc\"", "S.\"a\"\"b.c\"", "größe", "S#.$P@"] {
            assert!(is_name(name), "{name}");
        }
        for name in
            ["", ".", "P.", "P()", "P; DROP", "1P", "a.b.c.d", "\"", "\"\"", "\"a", "\"a\"b", "P ", "a..b", "P--"]
        {
            assert!(!is_name(name), "{name}");
        }
    }
}
