//! Whom a connection is to tell of its statements: of those that were slow, and of those that the server warned about.
//! `sql/telling` tells it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::caller::Caller;
use super::errors;
use super::wording::kind;
use crate::client::config::Config;
use crate::client::sql::connection::Connection;
use crate::client::sql::meter::ConnectionCounters;

/// The argument of `connect()`.
const HOOK: &str = "on_slow";

/// The wishes of a connection.
#[derive(Default)]
pub(in crate::python) struct Watch {
    warns: bool,
    slow_after: Option<Duration>,
    on_slow: Mutex<Option<Py<PyAny>>>,
}

/// A statement under way that is watched.
pub(in crate::python) struct Watched {
    /// The place in the user's code, where it is warned of.
    pub(in crate::python) caller: Option<Caller>,
    /// The statement and the counters before it, where it may be slow.
    pub(in crate::python) before: Option<(String, ConnectionCounters)>,
}

impl Watch {
    /// The hook, which is taken out of the settings.
    pub(in crate::python) fn taken(settings: Option<&Bound<'_, PyDict>>) -> PyResult<Option<Py<PyAny>>> {
        let Some(settings) = settings else { return Ok(None) };
        let Some(hook) = settings.get_item(HOOK)? else { return Ok(None) };
        settings.del_item(HOOK)?;
        if !hook.is_none() && !hook.is_callable() {
            let text = format!("{HOOK}: expected a callable, not {}", kind(&hook));
            return Err(errors::interface(settings.py(), text));
        }
        let py = settings.py();
        if py.import("inspect")?.call_method1("iscoroutinefunction", (&hook,))?.is_truthy()? {
            let text = format!("{HOOK}: expected a function, not a coroutine function, which nobody would await");
            return Err(errors::interface(py, text));
        }
        Ok(Some(hook.unbind()).filter(|hook| !hook.is_none(settings.py())))
    }

    /// The settings, with the hook.
    pub(in crate::python) fn of(py: Python<'_>, config: &Config, on_slow: Option<Py<PyAny>>) -> PyResult<Watch> {
        if on_slow.is_some() && config.slow_after.is_none() {
            return Err(errors::interface(
                py,
                format!("{HOOK}: needs slow_after, the seconds after which it is called"),
            ));
        }
        Ok(Watch { warns: config.sql_warnings, slow_after: config.slow_after, on_slow: Mutex::new(on_slow) })
    }

    /// The facts to note of a statement before it runs; None if nobody wants to hear of it.
    pub(in crate::python) fn begin(&self, py: Python<'_>, client: &Connection, sql: &str) -> PyResult<Option<Watched>> {
        let slow = self.begin_slow(client, sql);
        if !self.warns {
            return Ok(slow);
        }
        let caller = Some(Caller::here(py)?);
        Ok(Some(Watched { caller, before: slow.and_then(|slow| slow.before) }))
    }

    /// The same without the place of the call: nobody is warned.
    pub(in crate::python) fn begin_slow(&self, client: &Connection, sql: &str) -> Option<Watched> {
        self.slow_after.map(|_| Watched { caller: None, before: Some((sql.to_owned(), client.counters())) })
    }

    /// Whether an answer that took so long is to be told of.
    pub(in crate::python) fn is_slow(&self, took: Duration) -> bool {
        self.slow_after.is_some_and(|limit| took >= limit)
    }

    /// The hook, if there is one.
    pub(in crate::python) fn hook(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.on_slow.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|hook| hook.clone_ref(py))
    }

    /// Lets go of the hook, with the connection.
    pub(in crate::python) fn let_go(&self) {
        let hook = self.on_slow.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(hook);
    }
}
