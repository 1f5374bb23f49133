//! Arrow data of other libraries: the rows of any object with `__arrow_c_stream__` or `__arrow_c_array__`
//! (Arrow PyCapsule interface).
#![allow(unsafe_code)]

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_schema::{ArrowError, Schema};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::capsule::{ARRAY, SCHEMA, STREAM, text};
use crate::client::imported;
pub(in crate::python) use crate::client::imported::Imported;
use crate::python::errors;
use crate::python::wording::kind;

/// True for an object that exports Arrow data.
pub(in crate::python) fn is_arrow(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(object.hasattr("__arrow_c_stream__")? || object.hasattr("__arrow_c_array__")?)
}

/// The rows of an object that exports Arrow: a stream, or a single batch.
pub(in crate::python) fn reader(exporter: &Bound<'_, PyAny>) -> PyResult<Imported> {
    let py = exporter.py();
    let refused = |e: ArrowError| errors::interface(py, format!("{}: {}", kind(exporter), text(&e)));
    if exporter.hasattr("__arrow_c_stream__")? {
        let capsule = exporter.call_method0("__arrow_c_stream__")?.cast_into::<PyCapsule>()?;
        let pointer = capsule.pointer_checked(Some(STREAM))?.cast::<FFI_ArrowArrayStream>();
        // SAFETY: a capsule of this name holds an ArrowArrayStream (Arrow PyCapsule interface), which
        // is moved out; a released one stays in it.
        let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) };
        return Imported::stream(stream).map_err(refused);
    }
    if !exporter.hasattr("__arrow_c_array__")? {
        let message = format!(
            "{} has neither __arrow_c_stream__ nor __arrow_c_array__: pyarrow, Polars and pandas 3 have them",
            kind(exporter)
        );
        return Err(errors::interface(py, message));
    }
    let (schema, array): (Bound<'_, PyCapsule>, Bound<'_, PyCapsule>) =
        exporter.call_method0("__arrow_c_array__")?.extract()?;
    let schema = schema.pointer_checked(Some(SCHEMA))?.cast::<FFI_ArrowSchema>();
    let array = array.pointer_checked(Some(ARRAY))?.cast::<FFI_ArrowArray>();
    // SAFETY: as above, for the two structs of a batch.
    let (schema, array) =
        unsafe { (FFI_ArrowSchema::from_raw(schema.as_ptr()), FFI_ArrowArray::from_raw(array.as_ptr())) };
    Imported::one_batch(&schema, array).map_err(refused)
}

/// The schema that an object exports.
pub(in crate::python) fn schema(exporter: &Bound<'_, PyAny>) -> PyResult<Schema> {
    let py = exporter.py();
    if !exporter.hasattr("__arrow_c_schema__")? {
        let message = format!("schema: {} has no __arrow_c_schema__: schemas of pyarrow have it", kind(exporter));
        return Err(errors::interface(py, message));
    }
    let capsule = exporter.call_method0("__arrow_c_schema__")?.cast_into::<PyCapsule>()?;
    schema_in(&capsule)?.map_err(|e| errors::interface(py, format!("{}: {}", kind(exporter), text(&e))))
}

/// The schema in a capsule, which is empty then.
pub(super) fn schema_in(capsule: &Bound<'_, PyCapsule>) -> PyResult<Result<Schema, ArrowError>> {
    let pointer = capsule.pointer_checked(Some(SCHEMA))?.cast::<FFI_ArrowSchema>();
    // SAFETY: a capsule of this name holds an ArrowSchema (Arrow PyCapsule interface), which is moved
    // out; a released one stays in it.
    let schema = unsafe { FFI_ArrowSchema::from_raw(pointer.as_ptr()) };
    Ok(imported::schema(&schema))
}
