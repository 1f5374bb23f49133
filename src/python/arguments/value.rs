//! One Python value as a parameter: an Arrow array of one element, which the client fits to what the server wants. A
//! value that has no place is refused here with the parameter's number.
//!
//! | Python | Arrow |
//! |---|---|
//! | `None` | null |
//! | `bool` | boolean |
//! | `int` | int64; beyond it decimal128(p, 0), decimal256(p, 0) |
//! | `float` | float64 |
//! | `Decimal` | decimal128(p, s), decimal256(p, s): as many digits as it has; else a number as text (`marked`) |
//! | `str` | utf8 |
//! | `bytes`, `bytearray`, `memoryview` | binary |
//! | `date` | date32 |
//! | `datetime` | timestamp\[us\]; with a zone converted to UTC: timestamp\[us, UTC\] |
//! | `time` | time64\[us\] |
//!
//! Values of other libraries, UUIDs and members of an Enum become one of these in `foreign`.

use std::str::FromStr;
use std::sync::Arc;

use arrow_array::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, Float64Array,
    Int64Array, NullArray, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray, TimestampNanosecondArray,
};
use arrow_buffer::i256;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDate, PyDateTime, PyFloat, PyInt, PyMemoryView, PyString, PyTime, PyType, PyTzInfo,
};

use super::foreign::{self, ForeignMeaning};
use crate::client::error::{Error, Phase};
use crate::column::encode::marked;
use crate::python::errors;
use crate::python::wording::{ValuePlace, kind, unicode};

const SMALL_DIGITS: usize = 38;
const LARGE_DIGITS: usize = 76;
const DAY: i64 = 86_400;
const TOO_LONG: &str = "an int of more than 76 digits";

/// One value.
pub(super) fn array(value: &Bound<'_, PyAny>, place: ValuePlace) -> PyResult<ArrayRef> {
    let py = value.py();
    if let Some(array) = plain(value, place)? {
        return Ok(array);
    }
    match foreign::meaning(value)? {
        Some(ForeignMeaning::Null) => return Ok(Arc::new(NullArray::new(1))),
        Some(ForeignMeaning::Array(array)) => return Ok(array),
        Some(ForeignMeaning::Bad(state, what)) => return Err(errors::raise(py, &bad(place, state, &what))),
        Some(ForeignMeaning::Python(other)) => {
            if let Some(array) = plain(&other, place)? {
                return Ok(array);
            }
        }
        None => {}
    }
    if value.hasattr("__index__")? {
        // Integers of other libraries.
        return index(value).and_then(|int| integer(&int)).map_err(|e| match e {
            None => errors::raise(py, &bad(place, "22003", TOO_LONG)),
            Some(e) if e.is_instance_of::<PyTypeError>(py) => unknown(value, place),
            Some(e) => e,
        });
    }
    Err(unknown(value, place))
}

fn unknown(value: &Bound<'_, PyAny>, place: ValuePlace) -> PyErr {
    errors::interface(value.py(), format!("{place}: a value of type {} cannot be sent", kind(value)))
}

/// A value of Python's own types, and of types derived from them.
fn some(array: impl Array + 'static) -> PyResult<Option<ArrayRef>> {
    Ok(Some(Arc::new(array)))
}

fn plain(value: &Bound<'_, PyAny>, place: ValuePlace) -> PyResult<Option<ArrayRef>> {
    let py = value.py();
    let bad = |state: &str, what: &str| errors::raise(py, &bad(place, state, what));
    if value.is_none() {
        return some(NullArray::new(1));
    }
    // bool is an int, datetime a date: the narrower first.
    if let Ok(truth) = value.cast::<PyBool>() {
        return some(BooleanArray::from(vec![truth.is_true()]));
    }
    if value.is_instance_of::<PyInt>() {
        return integer(value).map(Some).map_err(|e| e.unwrap_or_else(|| bad("22003", TOO_LONG)));
    }
    if let Ok(float) = value.cast::<PyFloat>() {
        return some(Float64Array::from(vec![float.value()]));
    }
    if let Ok(text) = value.cast::<PyString>() {
        let text = unicode(text, &place.to_string())?;
        if i32::try_from(text.len()).is_err() {
            return Err(bad("22001", "text of more than 2 GiB"));
        }
        return some(StringArray::from(vec![text]));
    }
    if let Some(bytes) = bytes(value)? {
        let bytes = bytes.as_bytes();
        if i32::try_from(bytes.len()).is_err() {
            return Err(bad("22001", "more than 2 GiB"));
        }
        return some(BinaryArray::from(vec![bytes]));
    }
    if value.is_instance_of::<PyDateTime>() {
        if foreign::is_missing(value) {
            return some(NullArray::new(1));
        }
        return timestamp(value)
            .map(Some)
            .map_err(|_| bad("22008", "a datetime outside the years 1 to 9999 in UTC, or not a time"));
    }
    if value.is_instance_of::<PyDate>() {
        return some(Date32Array::from(vec![days(value)?]));
    }
    if value.is_instance_of::<PyTime>() {
        if !value.getattr("tzinfo")?.is_none() {
            return Err(bad("22007", "a time with a zone, which SQL's TIME has not"));
        }
        return some(Time64MicrosecondArray::from(vec![of_day(value)?]));
    }
    if value.is_instance(decimal_type(py)?.as_any())? {
        return decimal(value)
            .map(Some)
            .map_err(|e| e.unwrap_or_else(|| bad("22003", "a Decimal that cannot be written")));
    }
    Ok(None)
}

fn bad(place: ValuePlace, state: &str, what: &str) -> Error {
    errors::data(Phase::Execute, state, format!("{place}: {what}"))
}

fn bytes<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Some(bytes.clone()));
    }
    if let Ok(array) = value.cast::<PyByteArray>() {
        return Ok(Some(PyBytes::new(value.py(), &array.to_vec())));
    }
    if value.is_instance_of::<PyMemoryView>() {
        return Ok(Some(value.call_method0("tobytes")?.cast_into::<PyBytes>()?));
    }
    Ok(None)
}

/// Python's own failure, or none when the number is too long.
fn integer(value: &Bound<'_, PyAny>) -> Result<ArrayRef, Option<PyErr>> {
    if let Ok(number) = value.extract::<i64>() {
        return Ok(Arc::new(Int64Array::from(vec![number])));
    }
    // Text of a very long int takes long to make: its bits are counted first. 10^76 has 253.
    let exact = index(value)?;
    if exact.call_method0("bit_length")?.extract::<u64>().map_err(Some)? > 253 {
        return Err(None);
    }
    let text = exact.str()?.to_str()?.to_owned();
    let digits = text.trim_start_matches('-').len();
    digits_to_array(&text, digits, 0).ok_or(None)
}

/// An int of no derived type: what these say of themselves may be something else.
fn index<'py>(value: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>, Option<PyErr>> {
    Ok(value.py().import("operator")?.call_method1("index", (value,))?)
}

/// A Decimal as one of Arrow's, or as text when none holds it.
fn decimal(value: &Bound<'_, PyAny>) -> Result<ArrayRef, Option<PyErr>> {
    match fixed(value) {
        Err(None) => {
            let text =
                decimal_type(value.py())?.call_method1("__str__", (value,))?.extract::<String>().map_err(Some)?;
            marked::number(&text).map_err(|_| None)
        }
        other => other,
    }
}

/// Python's own failure, or none when the number cannot be a decimal of Arrow.
fn fixed(value: &Bound<'_, PyAny>) -> Result<ArrayRef, Option<PyErr>> {
    let parts = value.call_method0("as_tuple")?;
    let (sign, digits, exponent): (u8, Vec<u8>, Bound<'_, PyAny>) = parts.extract().map_err(Some)?;
    // The exponent of NaN and the infinities is a letter.
    let exponent = exponent.extract::<i64>().map_err(|_| None)?;
    let mut digits: String = digits.iter().map(|digit| char::from(b'0' + digit % 10)).collect();
    let mut scale = 0;
    if digits.bytes().all(|digit| digit == b'0') {
        // A zero is a zero whatever its exponent; its scale is kept where there is room.
        digits = "0".to_owned();
        scale = usize::try_from(exponent.saturating_neg()).unwrap_or_default().min(SMALL_DIGITS);
    } else if let Ok(zeros) = usize::try_from(exponent) {
        if zeros > LARGE_DIGITS {
            return Err(None);
        }
        digits.push_str(&"0".repeat(zeros));
    } else {
        scale = usize::try_from(exponent.unsigned_abs()).map_err(|_| None)?;
        // Zeros at the end count for nothing when there are too many digits.
        while digits.len().max(scale) > SMALL_DIGITS && scale > 0 && digits.ends_with('0') {
            digits.pop();
            scale -= 1;
        }
    }
    let text = if sign == 1 { format!("-{digits}") } else { digits.clone() };
    digits_to_array(&text, digits.trim_start_matches('0').len(), scale).ok_or(None)
}

fn digits_to_array(text: &str, digits: usize, scale: usize) -> Option<ArrayRef> {
    let precision = digits.max(scale).max(1);
    let (narrow, scale) = (u8::try_from(precision).ok()?, i8::try_from(scale).ok()?);
    if precision <= SMALL_DIGITS {
        let array = Decimal128Array::from(vec![text.parse::<i128>().ok()?]);
        return Some(Arc::new(array.with_precision_and_scale(narrow, scale).ok()?));
    }
    if precision <= LARGE_DIGITS {
        let array = Decimal256Array::from(vec![i256::from_str(text).ok()?]);
        return Some(Arc::new(array.with_precision_and_scale(narrow, scale).ok()?));
    }
    None
}

fn timestamp(value: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let py = value.py();
    let aware = !value.call_method0("utcoffset")?.is_none();
    let value = if aware { &value.call_method1("astimezone", (PyTzInfo::utc(py)?,))? } else { value };
    let zone = aware.then_some("UTC");
    let micros = i64::from(days(value)?) * DAY * 1_000_000 + of_day(value)?;
    // pandas' Timestamp is a datetime with three more digits.
    let nanos = match value.getattr_opt("nanosecond")? {
        Some(nanos) => nanos.extract::<i64>()?,
        None => 0,
    };
    if nanos == 0 {
        return Ok(Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone_opt(zone)));
    }
    let whole = micros.checked_mul(1000).and_then(|whole| whole.checked_add(nanos));
    let whole = whole.ok_or_else(|| errors::interface(py, "nanoseconds of this year do not fit"))?;
    Ok(Arc::new(TimestampNanosecondArray::from(vec![whole]).with_timezone_opt(zone)))
}

/// Days from 1970-01-01.
fn days(value: &Bound<'_, PyAny>) -> PyResult<i32> {
    Ok(value.call_method0("toordinal")?.extract::<i32>()? - 719_163)
}

/// Microseconds from midnight.
fn of_day(value: &Bound<'_, PyAny>) -> PyResult<i64> {
    let part = |name: &str| value.getattr(name)?.extract::<i64>();
    Ok(((part("hour")? * 60 + part("minute")?) * 60 + part("second")?) * 1_000_000 + part("microsecond")?)
}

fn decimal_type(py: Python<'_>) -> PyResult<Bound<'_, PyType>> {
    static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    DECIMAL.import(py, "decimal", "Decimal").cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::array::Array;
    use arrow_schema::DataType;

    #[test]
    fn a_decimal_is_as_wide_as_it_needs_to_be() {
        for (text, digits, scale, expected) in [
            ("0", 0, 0, DataType::Decimal128(1, 0)),
            ("-12345", 5, 2, DataType::Decimal128(5, 2)),
            ("1", 1, 31, DataType::Decimal128(31, 31)),
            (&"9".repeat(38), 38, 0, DataType::Decimal128(38, 0)),
            (&"9".repeat(39), 39, 0, DataType::Decimal256(39, 0)),
            (&"9".repeat(76), 76, 76, DataType::Decimal256(76, 76)),
        ] {
            assert_eq!(digits_to_array(text, digits, scale).unwrap().data_type(), &expected);
        }
        assert!(digits_to_array(&"9".repeat(77), 77, 0).is_none());
    }
}
