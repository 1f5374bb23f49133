//! Python's cyclic collector while rows are made.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyModule;

/// While it lives the collector does not look at the rows that are made: they are many, hold no cycles, and it would
/// look at those that are there already again and again.
pub(in crate::python) struct PausedCollector<'py>(Option<Bound<'py, PyModule>>);

impl<'py> PausedCollector<'py> {
    pub(in crate::python) fn new(py: Python<'py>) -> PyResult<PausedCollector<'py>> {
        static GC: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
        let gc = GC.get_or_try_init(py, || py.import("gc").map(Bound::unbind))?.bind(py);
        if !gc.call_method0("isenabled")?.is_truthy()? {
            return Ok(PausedCollector(None));
        }
        gc.call_method0("disable")?;
        Ok(PausedCollector(Some(gc.clone())))
    }
}

impl Drop for PausedCollector<'_> {
    fn drop(&mut self) {
        if let Some(gc) = &self.0 {
            // `gc.enable()` takes no arguments and cannot fail.
            drop(gc.call_method0("enable"));
        }
    }
}
