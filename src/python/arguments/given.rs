//! An argument that may be left out, which is not the same as None.

use pyo3::prelude::*;

/// An argument that may be left out, which is not the same as None.
#[derive(Default)]
pub(in crate::python) struct Given<'py>(Option<Bound<'py, PyAny>>);

impl<'py> Given<'py> {
    /// The value that was given, None among the possible ones.
    pub(in crate::python) fn value(&self) -> Option<&Bound<'py, PyAny>> {
        self.0.as_ref()
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Given<'py> {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Given(Some(value.to_owned())))
    }
}
