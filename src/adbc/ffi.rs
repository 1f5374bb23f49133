//! The functions of C. `adbc_ffi` exports the driver; here is what it has no place for: the error that ends a result,
//! with its status and SQLSTATE (ErrorFromArrayStream), and the rows that a statement changed which was executed for its
//! result. To that end a result is wrapped in a stream of ours. Managers of ADBC 1.0 get the functions of that version, and
//! the length of an option's value is told where there is no room for the value.
#![allow(unsafe_code)]

use super::bound::{CarefulRows, careful};
use super::error::fault;
use super::wait::guarded;
use super::{DrdaDriver, aside};
use crate::client::imported::Imported;
use adbc_core::constants::{ADBC_ERROR_VENDOR_CODE_PRIVATE_DATA, ADBC_STATUS_NOT_IMPLEMENTED, ADBC_STATUS_OK};
use adbc_core::error::{AdbcStatusCode, Error, Status};
use adbc_core::options::AdbcVersion;
use adbc_ffi::{
    FFI_AdbcConnection, FFI_AdbcDatabase, FFI_AdbcDriver, FFI_AdbcError, FFI_AdbcStatement, FFIDriver, export_error,
};
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use std::ffi::{CString, c_char, c_int, c_void};
use std::mem::{ManuallyDrop, offset_of};
use std::ptr;

/// Bytes of a table of ADBC 1.0, which ends before the first function of 1.1.
const BYTES_OF_1_0: usize = offset_of!(FFI_AdbcDriver, ErrorGetDetailCount);

/// EINVAL, which every system has by this number.
const INVALID: c_int = 22;

/// Fills the table of the driver's functions: the symbol that a driver manager looks for first.
///
/// # Safety
/// `driver` points to an AdbcDriver of the version, `error` to an AdbcError or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AdbcDriverDrdaInit(
    version: c_int,
    driver: *mut c_void,
    error: *mut FFI_AdbcError,
) -> AdbcStatusCode {
    // SAFETY: the caller keeps to the same rules.
    unsafe { AdbcDriverInit(version, driver, error) }
}

/// Fills the table of the driver's functions.
///
/// # Safety
/// `driver` points to an AdbcDriver of the version, `error` to an AdbcError or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AdbcDriverInit(
    version: c_int,
    driver: *mut c_void,
    error: *mut FFI_AdbcError,
) -> AdbcStatusCode {
    let refusal = match AdbcVersion::try_from(version) {
        _ if driver.is_null() => ("the driver's table is a null pointer".to_owned(), Status::InvalidArguments),
        Ok(AdbcVersion::V110) => {
            // SAFETY: `driver` points to room for a table of this version, which holds nothing to be dropped.
            unsafe { ptr::write_unaligned(driver.cast::<FFI_AdbcDriver>(), table()) };
            return ADBC_STATUS_OK;
        }
        Ok(AdbcVersion::V100) => {
            let table = ManuallyDrop::new(table());
            let bytes = ptr::from_ref::<FFI_AdbcDriver>(&table).cast::<u8>();
            // SAFETY: `driver` points to room for a table of this version, which is the beginning of ours.
            unsafe { ptr::copy_nonoverlapping(bytes, driver.cast::<u8>(), BYTES_OF_1_0) };
            return ADBC_STATUS_OK;
        }
        _ => {
            let text = format!("version {version} of ADBC is not built, 1.0 (1000000) and 1.1 (1001000) are");
            (text, Status::NotImplemented)
        }
    };
    // SAFETY: `error` is null or points to an AdbcError.
    unsafe { export_error(error, Error::with_message_and_status(refusal.0, refusal.1)) };
    refusal.1.into()
}

/// The functions of the driver: those of `adbc_ffi` with ours in their places.
fn table() -> FFI_AdbcDriver {
    let mut table = DrdaDriver::ffi_driver();
    table.ErrorFromArrayStream = Some(error_from_array_stream);
    table.StatementBind = Some(bind);
    table.StatementBindStream = Some(bind_stream);
    table.StatementExecuteQuery = Some(execute_query);
    table.ConnectionReadPartition = Some(read_partition);
    table.DatabaseGetOption = Some(database_get_option);
    table.DatabaseGetOptionBytes = Some(database_get_option_bytes);
    table.ConnectionGetOption = Some(connection_get_option);
    table.ConnectionGetOptionBytes = Some(connection_get_option_bytes);
    table.StatementGetOption = Some(statement_get_option);
    table.StatementGetOptionBytes = Some(statement_get_option_bytes);
    table
}

/// Functions that get an option's value. A program asks for its length by a null pointer with room for nothing, as that
/// of R does, and `adbc_ffi` would refuse it.
macro_rules! getters {
    ($($name:ident: $function:ident($handle:ty) -> $unit:ty;)*) => {$(
        unsafe extern "C" fn $name(
            handle: *mut $handle,
            key: *const c_char,
            value: *mut $unit,
            length: *mut usize,
            error: *mut FFI_AdbcError,
        ) -> AdbcStatusCode {
            let Some(get) = DrdaDriver::ffi_driver().$function else { return ADBC_STATUS_NOT_IMPLEMENTED };
            let mut nothing: $unit = 0;
            // SAFETY: the length is a number of the caller's or null.
            let no_room = value.is_null() && unsafe { length.as_ref() } == Some(&0);
            // SAFETY: the caller keeps to the rules of the function. Nothing is written where there is no room.
            unsafe { get(handle, key, if no_room { &raw mut nothing } else { value }, length, error) }
        }
    )*};
}

getters! {
    database_get_option: DatabaseGetOption(FFI_AdbcDatabase) -> c_char;
    database_get_option_bytes: DatabaseGetOptionBytes(FFI_AdbcDatabase) -> u8;
    connection_get_option: ConnectionGetOption(FFI_AdbcConnection) -> c_char;
    connection_get_option_bytes: ConnectionGetOptionBytes(FFI_AdbcConnection) -> u8;
    statement_get_option: StatementGetOption(FFI_AdbcStatement) -> c_char;
    statement_get_option_bytes: StatementGetOptionBytes(FFI_AdbcStatement) -> u8;
}

unsafe extern "C" fn bind(
    statement: *mut FFI_AdbcStatement,
    values: *mut FFI_ArrowArray,
    schema: *mut FFI_ArrowSchema,
    error: *mut FFI_AdbcError,
) -> AdbcStatusCode {
    let taken = || {
        if values.is_null() || schema.is_null() {
            return Err(fault(Status::InvalidArguments, "", "no rows were given: a null pointer"));
        }
        // SAFETY: they are a batch and its schema, which are moved out.
        let (values, schema) = unsafe { (FFI_ArrowArray::from_raw(values), FFI_ArrowSchema::from_raw(schema)) };
        careful(Imported::one_batch(&schema, values))
    };
    // SAFETY: the caller keeps to the rules of the function.
    unsafe { bind_taken(statement, guarded(taken), error) }
}

unsafe extern "C" fn bind_stream(
    statement: *mut FFI_AdbcStatement,
    stream: *mut FFI_ArrowArrayStream,
    error: *mut FFI_AdbcError,
) -> AdbcStatusCode {
    let taken = || {
        if stream.is_null() {
            return Err(fault(Status::InvalidArguments, "", "no rows were given: a null pointer"));
        }
        // SAFETY: it is a stream, which is moved out.
        careful(Imported::stream(unsafe { FFI_ArrowArrayStream::from_raw(stream) }))
    };
    // SAFETY: the caller keeps to the rules of the function.
    unsafe { bind_taken(statement, guarded(taken), error) }
}

/// Binds rows that were taken over, by way of the function of `adbc_ffi`: it would panic at some rows of others.
///
/// # Safety
/// `statement` and `error` are those of a call of StatementBindStream.
unsafe fn bind_taken(
    statement: *mut FFI_AdbcStatement,
    taken: Result<CarefulRows, Error>,
    error: *mut FFI_AdbcError,
) -> AdbcStatusCode {
    let Some(bind) = DrdaDriver::ffi_driver().StatementBindStream else { return ADBC_STATUS_NOT_IMPLEMENTED };
    match taken {
        Ok(rows) => {
            let mut stream = FFI_ArrowArrayStream::new(Box::new(rows));
            // SAFETY: the stream is whole, and the function takes it over or leaves it to be dropped here.
            unsafe { bind(statement, &raw mut stream, error) }
        }
        Err(e) => {
            let status = e.status.into();
            // SAFETY: `error` is null or points to an AdbcError.
            unsafe { export_error(error, e) };
            status
        }
    }
}

unsafe extern "C" fn execute_query(
    statement: *mut FFI_AdbcStatement,
    out: *mut FFI_ArrowArrayStream,
    rows_affected: *mut i64,
    error: *mut FFI_AdbcError,
) -> AdbcStatusCode {
    let Some(execute) = DrdaDriver::ffi_driver().StatementExecuteQuery else { return ADBC_STATUS_NOT_IMPLEMENTED };
    aside::affected(None);
    // SAFETY: the caller keeps to the rules of the function.
    let status = unsafe { execute(statement, out, rows_affected, error) };
    if status == ADBC_STATUS_OK && !out.is_null() {
        // SAFETY: it has just been written there.
        unsafe { told(out) };
        if !rows_affected.is_null() {
            // SAFETY: it points to a number of the caller's.
            unsafe { ptr::write_unaligned(rows_affected, aside::take_affected().unwrap_or(-1)) };
        }
    }
    status
}

unsafe extern "C" fn read_partition(
    connection: *mut FFI_AdbcConnection,
    partition: *const u8,
    length: usize,
    out: *mut FFI_ArrowArrayStream,
    error: *mut FFI_AdbcError,
) -> AdbcStatusCode {
    let Some(read) = DrdaDriver::ffi_driver().ConnectionReadPartition else { return ADBC_STATUS_NOT_IMPLEMENTED };
    // SAFETY: the caller keeps to the rules of the function.
    let status = unsafe { read(connection, partition, length, out, error) };
    if status == ADBC_STATUS_OK {
        // SAFETY: it has just been written there.
        unsafe { told(out) };
    }
    status
}

/// A result whose error can be asked for.
struct ToldStream {
    inner: FFI_ArrowArrayStream,
    failure: Option<Failure>,
}

/// The error that ended a result.
struct Failure {
    /// The number that get_next() returned.
    code: c_int,
    status: Status,
    /// Its message, as C has it.
    message: CString,
    /// It, as C has it. The driver manager writes its own part of it.
    error: Box<FFI_AdbcError>,
}

impl Failure {
    fn new(code: c_int, failure: Error) -> Failure {
        let message = CString::new(failure.message.as_str()).unwrap_or_default();
        let status = failure.status;
        let mut error = FFI_AdbcError::try_from(failure).unwrap_or_else(FFI_AdbcError::from);
        // Details are only asked for with it.
        error.vendor_code = ADBC_ERROR_VENDOR_CODE_PRIVATE_DATA;
        Failure { code, status, message, error: Box::new(error) }
    }
}

/// Wraps the stream at `out`.
///
/// # Safety
/// `out` points to a stream that is not released.
unsafe fn told(out: *mut FFI_ArrowArrayStream) {
    // SAFETY: it is moved out of there, and the wrapper in.
    unsafe {
        let inner = ptr::read_unaligned(out);
        let told = ToldStream { inner, failure: None };
        let wrapper = FFI_ArrowArrayStream::new_unchecked(
            Some(get_schema),
            Some(get_next),
            Some(get_last_error),
            Some(release),
            Box::into_raw(Box::new(told)).cast(),
        );
        ptr::write_unaligned(out, wrapper);
    }
}

/// The wrapper of a stream, if it is one of ours that is not released.
///
/// # Safety
/// `stream` is null or points to a stream, and nothing else uses it meanwhile.
unsafe fn wrapper<'a>(stream: *mut FFI_ArrowArrayStream) -> Option<&'a mut ToldStream> {
    // SAFETY: a stream with this function to release it has our data.
    unsafe {
        let stream = stream.as_ref()?;
        let ours = stream.release().is_some_and(|other| ptr::fn_addr_eq(other, release as Release));
        if ours { stream.private_data().cast::<ToldStream>().as_mut() } else { None }
    }
}

type Release = unsafe extern "C" fn(*mut FFI_ArrowArrayStream);

unsafe extern "C" fn get_schema(stream: *mut FFI_ArrowArrayStream, out: *mut FFI_ArrowSchema) -> c_int {
    // SAFETY: the consumer keeps to the rules of streams; the callback gets the stream that it is of.
    unsafe {
        let Some(told) = wrapper(stream) else { return INVALID };
        told.inner.get_schema().map_or(INVALID, |get| get(&raw mut told.inner, out))
    }
}

unsafe extern "C" fn get_next(stream: *mut FFI_ArrowArrayStream, out: *mut FFI_ArrowArray) -> c_int {
    // SAFETY: as above.
    unsafe {
        let Some(told) = wrapper(stream) else { return INVALID };
        // Asked again, a result that failed has not ended.
        if let Some(failure) = &told.failure {
            return failure.code;
        }
        let code = told.inner.get_next().map_or(INVALID, |get| get(&raw mut told.inner, out));
        told.failure = aside::take_failure().filter(|_| code != 0).map(|failure| Failure::new(code, failure));
        code
    }
}

unsafe extern "C" fn get_last_error(stream: *mut FFI_ArrowArrayStream) -> *const c_char {
    // SAFETY: as above.
    unsafe {
        let Some(told) = wrapper(stream) else { return ptr::null() };
        match &told.failure {
            Some(failure) => failure.message.as_ptr(),
            None => told.inner.get_last_error().map_or(ptr::null(), |get| get(&raw mut told.inner)),
        }
    }
}

unsafe extern "C" fn release(stream: *mut FFI_ArrowArrayStream) {
    // SAFETY: the data was made by `told`, and is given up with the mark that it is there.
    unsafe {
        if let Some(told) = wrapper(stream) {
            drop(Box::from_raw(ptr::from_mut(told)));
            ptr::write_unaligned(stream, FFI_ArrowArrayStream::empty());
        }
    }
}

/// The error that ended a result, which belongs to the result.
unsafe extern "C" fn error_from_array_stream(
    stream: *mut FFI_ArrowArrayStream,
    status: *mut AdbcStatusCode,
) -> *const FFI_AdbcError {
    // SAFETY: the driver manager hands over a stream of this driver that is not released, and a status or null.
    unsafe {
        let Some(failure) = wrapper(stream).and_then(|told| told.failure.as_mut()) else { return ptr::null() };
        if !status.is_null() {
            ptr::write_unaligned(status, failure.status.into());
        }
        ptr::from_mut(&mut *failure.error)
    }
}
