//! The callable that makes security tokens. It runs in a thread of Python's own, which the interpreter's end does not
//! wait for; what it raises is handed on as the cause of our error and never quoted, since it may hold a token.

use std::sync::mpsc::{Receiver, channel};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCFunction, PyTuple};

use crate::client::config::security::NoToken;
use crate::python::runtime;
use crate::python::wording::kind;

type Said = Result<Vec<u8>, NoToken>;

/// Asks `source` for the next token and waits as long as that takes.
pub(super) fn next(source: &Py<PyAny>, challenge: &[u8]) -> Said {
    let begun = runtime::inside(|py| begin(py, source, challenge).map_err(|e| raised(py, e)));
    let told = begun.unwrap_or_else(|| Err("Python is ending".into()))?;
    told.recv().unwrap_or_else(|_| Err("the thread of the callable token ended".into()))
}

fn begin(py: Python<'_>, source: &Py<PyAny>, challenge: &[u8]) -> PyResult<Receiver<Said>> {
    let (tell, told) = channel();
    let done = PyCFunction::new_closure(py, None, None, move |said: &Bound<'_, PyTuple>, _| -> PyResult<()> {
        let (well, value): (bool, Bound<'_, PyAny>) = said.extract()?;
        let py = value.py();
        let said = match well {
            true => value
                .extract::<Vec<u8>>()
                .map_err(|e| NoToken::because(format!("the callable token returned {}, not bytes", kind(&value)), e)),
            false => Err(raised(py, PyErr::from_value(value))),
        };
        // Whoever asked may have given up.
        let _ = tell.send(said);
        Ok(())
    })?;
    py.import("drdarrow._token")?.call_method1("start", (source, PyBytes::new(py, challenge), done))?;
    Ok(told)
}

fn raised(py: Python<'_>, e: PyErr) -> NoToken {
    let class = e.get_type(py).qualname().map_or_else(|_| "an exception".to_owned(), |name| name.to_string());
    NoToken::because(format!("the callable token raised {class}"), e)
}
