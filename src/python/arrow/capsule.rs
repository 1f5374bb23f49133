//! Arrow's C data and stream interfaces in PyCapsules: the schema of a result, a batch, a stream. What other
//! libraries export is taken over in `imported`.
//!
//! A consumer moves the struct out of its capsule and calls it where it likes: from any thread, with
//! Python's lock held (DuckDB, some paths of Polars) or not (pyarrow). Each call therefore finds out
//! which it is. With the lock it is released while the server is waited for, or a server in the same
//! process could never answer; without it nothing is taken, save on the main thread between two
//! waits, to see a Ctrl-C.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use arrow_array::array::{Array, StructArray};
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

pub(in crate::python) use crate::client::imported::text;
use crate::python::errors;

/// The names of capsules.
pub(super) const SCHEMA: &CStr = c"arrow_schema";
pub(super) const ARRAY: &CStr = c"arrow_array";
pub(super) const STREAM: &CStr = c"arrow_array_stream";

/// A schema in a capsule.
pub(in crate::python) fn schema<'py>(py: Python<'py>, schema: &SchemaRef) -> PyResult<Bound<'py, PyCapsule>> {
    let exported = FFI_ArrowSchema::try_from(schema.as_ref()).map_err(|e| failed(py, &e))?;
    PyCapsule::new_with_value(py, exported, SCHEMA)
}

/// A batch in two capsules: schema and array.
pub(super) fn array<'py>(
    py: Python<'py>,
    batch: &RecordBatch,
) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
    let exported = FFI_ArrowArray::new(&StructArray::from(batch.clone()).to_data());
    Ok((schema(py, batch.schema_ref())?, PyCapsule::new_with_value(py, exported, ARRAY)?))
}

/// A reader in a capsule. Its panics and the NULs in its messages go no further.
pub(super) fn stream<'py, R>(py: Python<'py>, reader: R) -> PyResult<Bound<'py, PyCapsule>>
where
    R: RecordBatchReader + Send + 'static,
{
    let exported = FFI_ArrowArrayStream::new(Box::new(Fenced(reader)));
    PyCapsule::new_with_value(py, exported, STREAM)
}

/// Whether this thread holds Python's lock; none when it cannot be told (then attaching and
/// releasing is right in both cases, if slower).
pub(super) fn holds_lock() -> Option<bool> {
    type Check = unsafe extern "C" fn() -> c_int;
    static CHECK: OnceLock<Option<Check>> = OnceLock::new();
    let check = (*CHECK.get_or_init(|| {
        let address = symbol(c"PyGILState_Check");
        // SAFETY: the address is that of CPython's function of this name, which takes nothing and
        // returns an int in every version; a null pointer has become None.
        (!address.is_null()).then(|| unsafe { std::mem::transmute::<*mut c_void, Check>(address) })
    }))?;
    // SAFETY: callable from any thread at any time after Python was initialized, as it says itself.
    Some(unsafe { check() } == 1)
}

/// Where a function of the running program lies. `PyGILState_Check` is not part of the stable ABI:
/// linked by name, the wheel could not be loaded where it is missing.
#[cfg(unix)]
fn symbol(name: &CStr) -> *mut c_void {
    unsafe extern "C" {
        fn dlsym(handle: *mut c_void, symbol: *const c_char) -> *mut c_void;
    }
    // RTLD_DEFAULT: all that the program has loaded.
    let everywhere = if cfg!(target_vendor = "apple") {
        std::ptr::without_provenance_mut(usize::MAX - 1)
    } else {
        std::ptr::null_mut()
    };
    // SAFETY: the handle is RTLD_DEFAULT of this system, the name ends in NUL.
    unsafe { dlsym(everywhere, name.as_ptr()) }
}

/// Elsewhere it is not looked for; see [`holds_lock`].
#[cfg(not(unix))]
fn symbol(_name: &CStr) -> *mut c_void {
    let _: Option<*const c_char> = None;
    std::ptr::null_mut()
}

/// A reader at the foreign boundary.
struct Fenced<R>(R);

impl<R: RecordBatchReader> Iterator for Fenced<R> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let pulled = catch_unwind(AssertUnwindSafe(|| self.0.next()));
        let pulled = pulled.unwrap_or_else(|_| {
            Some(Err(ArrowError::CDataInterface("reading a batch failed unexpectedly".to_owned())))
        });
        // The text becomes a C string.
        pulled.map(|batch| batch.map_err(|e| ArrowError::ExternalError(text(&e).replace('\0', "\u{fffd}").into())))
    }
}

impl<R: RecordBatchReader> RecordBatchReader for Fenced<R> {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }
}

fn failed(py: Python<'_>, e: &ArrowError) -> PyErr {
    errors::raise(py, &errors::internal(format!("Arrow's C interface: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_schema::Schema;
    use std::sync::Arc;

    struct Falls(bool);

    impl Iterator for Falls {
        type Item = Result<RecordBatch, ArrowError>;

        fn next(&mut self) -> Option<Self::Item> {
            if self.0 { Some(Err(ArrowError::ExternalError("a\0b".into()))) } else { panic!("on purpose") }
        }
    }

    impl RecordBatchReader for Falls {
        fn schema(&self) -> SchemaRef {
            Arc::new(Schema::empty())
        }
    }

    #[test]
    fn nothing_unwinds_into_a_consumer() {
        for (kind, expected) in [(true, "a\u{fffd}b"), (false, "unexpectedly")] {
            let error = Fenced(Falls(kind)).next().unwrap().unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
