//! Whoever calls: the place in the user's own code where a connection was asked for. What is doubtful about the
//! connection is warned of there, before anything secret is sent; a warning that is made an error ends the login.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyRuntimeWarning;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::errors;
use super::runtime;
use crate::client::config::Config;
use crate::client::error::Result;
use crate::client::printable::printable;

/// Modules with these names are not the user's.
const OURS: &str = "drdarrow";

/// The place of a call.
#[derive(Clone)]
pub(super) struct Caller(Arc<Mutex<State>>);

/// The state until the call has its outcome.
#[derive(Default)]
struct State {
    place: Option<Arc<Place>>,
    /// The exception that a warning was made.
    raised: Option<PyErr>,
}

struct Place {
    /// The variables of the caller's context: filters of warnings may be among them.
    context: Py<PyAny>,
    file: Py<PyAny>,
    line: Py<PyAny>,
    module: Py<PyAny>,
    registry: Py<PyAny>,
}

impl Caller {
    /// The innermost frame that is not of this package.
    pub(super) fn here(py: Python<'_>) -> PyResult<Caller> {
        let place = Some(Arc::new(Place::here(py)?));
        Ok(Caller(Arc::new(Mutex::new(State { place, raised: None }))))
    }

    /// Hears what is doubtful about the connections of a configuration, until one has its outcome.
    pub(super) fn listen(&self, config: &mut Config) {
        let state = self.0.clone();
        config.on_doubt(move |text| {
            let place = state.lock().unwrap_or_else(PoisonError::into_inner).place.clone();
            let Some(place) = place else { return Ok(()) };
            let warned = runtime::aside(|py| {
                let text = PyString::new(py, &printable(text)).into_any();
                place.warn(py, &text, py.get_type::<PyRuntimeWarning>().as_any()).map_err(|e| {
                    let words = e.to_string();
                    state.lock().unwrap_or_else(PoisonError::into_inner).raised = Some(e);
                    words
                })
            });
            warned.unwrap_or_else(|| Err("Python is ending".to_owned()))
        });
    }

    /// Warns at the place of the call: an exception where a filter makes one of it.
    pub(super) fn warn(&self, py: Python<'_>, message: &Bound<'_, PyAny>, category: &Bound<'_, PyAny>) -> PyResult<()> {
        let place = self.0.lock().unwrap_or_else(PoisonError::into_inner).place.clone();
        place.map_or(Ok(()), |place| place.warn(py, message, category))
    }

    /// The making of a connection, with the exception that a warning was made.
    pub(super) async fn hear<T>(self, making: impl Future<Output = Result<T>>) -> Result<ConnectOutcome<T>> {
        let made = making.await;
        Ok(ConnectOutcome { caller: self, made })
    }

    /// The result, or the exception that a warning was made.
    fn outcome<T>(&self, py: Python<'_>, made: Result<T>) -> PyResult<T> {
        let State { raised, .. } = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        made.map_err(|e| raised.unwrap_or_else(|| errors::raise(py, &e)))
    }
}

impl Place {
    fn here(py: Python<'_>) -> PyResult<Place> {
        let sys = py.import("sys")?;
        let mut frame = sys.call_method0("_getframe")?;
        loop {
            let globals = frame.getattr("f_globals")?.cast_into::<PyDict>()?;
            let module = globals.get_item("__name__")?;
            let name = module.as_ref().and_then(|name| name.extract::<String>().ok()).unwrap_or_default();
            let ours = name.strip_prefix(OURS).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            let outer = frame.getattr("f_back")?;
            if ours && !outer.is_none() {
                frame = outer;
                continue;
            }
            return Ok(Place {
                context: py.import("contextvars")?.call_method0("copy_context")?.unbind(),
                file: frame.getattr("f_code")?.getattr("co_filename")?.unbind(),
                line: frame.getattr("f_lineno")?.unbind(),
                module: module.unwrap_or_else(|| py.None().into_bound(py)).unbind(),
                registry: globals.call_method1("setdefault", ("__warningregistry__", PyDict::new(py)))?.unbind(),
            });
        }
    }

    fn warn(&self, py: Python<'_>, message: &Bound<'_, PyAny>, category: &Bound<'_, PyAny>) -> PyResult<()> {
        let warn = py.import("warnings")?.getattr("warn_explicit")?;
        let place = (&self.file, &self.line, &self.module, &self.registry);
        let arguments = (warn, message, category, place.0, place.1, place.2, place.3);
        self.context.call_method1(py, "run", arguments).map(drop)
    }
}

/// A connection that was made, or not.
pub(super) struct ConnectOutcome<T> {
    caller: Caller,
    made: Result<T>,
}

impl<'py, T: IntoPyObject<'py>> IntoPyObject<'py> for ConnectOutcome<T> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.caller.outcome(py, self.made)?.into_bound_py_any(py)
    }
}
