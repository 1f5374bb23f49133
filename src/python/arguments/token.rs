//! The callables that make security tokens, and that give passwords. They run in a thread of Python's own, which the
//! interpreter's end does not wait for; what they raise is handed on as the cause of our error and never quoted, since it
//! may hold a secret.

use std::sync::mpsc::{Receiver, channel};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCFunction, PyTuple};

use crate::client::config::security::NoToken;
use crate::python::runtime;
use crate::python::wording::kind;

type Said = Result<Vec<u8>, NoToken>;
/// The bytes of an answer, or what it is to be.
type Taken = fn(&Bound<'_, PyAny>) -> Result<Vec<u8>, (PyErr, &'static str)>;

/// Asks `source` for the next token and waits as long as that takes.
pub(super) fn next(source: &Py<PyAny>, challenge: &[u8]) -> Said {
    let taken: Taken = |value| value.extract::<Vec<u8>>().map_err(|e| (e, "bytes"));
    ask("token", taken, |py, done| {
        let arguments = (PyBytes::new(py, challenge),);
        py.import("drdarrow._token")?.call_method1("start", (source, arguments, done)).map(drop)
    })
}

/// Asks `source` for the password, the same way.
pub(super) fn password(source: &Py<PyAny>) -> Said {
    let taken: Taken = |value| value.extract::<String>().map(String::into_bytes).map_err(|e| (e, "a str"));
    ask("password", taken, |py, done| {
        py.import("drdarrow._token")?.call_method1("start", (source, PyTuple::empty(py), done)).map(drop)
    })
}

fn ask(
    name: &'static str,
    taken: Taken,
    start: impl FnOnce(Python<'_>, Bound<'_, PyCFunction>) -> PyResult<()>,
) -> Said {
    let begun = runtime::inside(|py| begin(py, name, taken, start).map_err(|e| raised(py, name, e)));
    let told: Receiver<Said> = begun.unwrap_or_else(|| Err("Python is ending".into()))?;
    told.recv().unwrap_or_else(|_| Err(format!("the thread of the callable {name} ended").into()))
}

fn begin(
    py: Python<'_>,
    name: &'static str,
    taken: Taken,
    start: impl FnOnce(Python<'_>, Bound<'_, PyCFunction>) -> PyResult<()>,
) -> PyResult<Receiver<Said>> {
    let (tell, told) = channel();
    let done = PyCFunction::new_closure(py, None, None, move |said: &Bound<'_, PyTuple>, _| -> PyResult<()> {
        let (well, value): (bool, Bound<'_, PyAny>) = said.extract()?;
        let py = value.py();
        let said = match well {
            true => taken(&value).map_err(|(e, wanted)| {
                NoToken::because(format!("the callable {name} returned {}, not {wanted}", kind(&value)), e)
            }),
            false => Err(raised(py, name, PyErr::from_value(value))),
        };
        // Whoever asked may have given up.
        let _ = tell.send(said);
        Ok(())
    })?;
    start(py, done)?;
    Ok(told)
}

fn raised(py: Python<'_>, name: &str, e: PyErr) -> NoToken {
    let class = e.get_type(py).qualname().map_or_else(|_| "an exception".to_owned(), |name| name.to_string());
    NoToken::because(format!("the callable {name} raised {class}"), e)
}
