//! Names of branches of global transactions between Python and the client: `drdarrow.types.Xid`.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::client::error::Error;
use crate::client::sql::xa::xid::Xid;
use crate::python::errors::{Raise, programming, raise};

/// A name that Python is given.
pub(in crate::python) struct GivenXid(Xid);

impl From<Xid> for GivenXid {
    fn from(xid: Xid) -> GivenXid {
        GivenXid(xid)
    }
}

impl<'py> IntoPyObject<'py> for GivenXid {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (gtrid, bqual) = (PyBytes::new(py, self.0.gtrid()), PyBytes::new(py, self.0.bqual()));
        py.import("drdarrow.types")?.getattr("Xid")?.call1((self.0.format(), gtrid, bqual))
    }
}

/// The name that these three make.
pub(super) fn made(format_id: &Bound<'_, PyAny>, gtrid: &Bound<'_, PyAny>, bqual: &Bound<'_, PyAny>) -> PyResult<Xid> {
    let py = format_id.py();
    let format =
        format_id.extract::<i64>().map_err(|_| refused(py, "xid: format_id is no number of 0 to 2147483647"))?;
    Xid::new(format, part("the global transaction", gtrid)?, part("the branch", bqual)?).or_raise(py)
}

/// The name that `xid` is: one of `xid()`, or a tuple of the same three.
pub(super) fn read(xid: &Bound<'_, PyAny>) -> PyResult<Xid> {
    let parts: Vec<Bound<'_, PyAny>> = xid.cast::<PyTuple>().map(|three| three.iter().collect()).unwrap_or_default();
    match parts.as_slice() {
        [format_id, gtrid, bqual] => made(format_id, gtrid, bqual),
        _ => Err(refused(xid.py(), "an xid is expected, as connection.xid(format_id, gtrid, bqual) makes it")),
    }
}

/// A part of a name: text in UTF-8, or bytes.
fn part(what: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(text) = value.extract::<String>() {
        return Ok(text.into_bytes());
    }
    let bytes = value.extract::<Vec<u8>>().ok().filter(|_| value.is_instance_of::<PyBytes>());
    bytes.ok_or_else(|| refused(value.py(), &format!("xid: {what} is no str and no bytes")))
}

fn refused(py: Python<'_>, text: &str) -> PyErr {
    let e: Error = programming("", text);
    raise(py, &e)
}
