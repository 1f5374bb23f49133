//! One Python value as a parameter, which the client fits to what the server wants. A value that has no place is refused
//! here with the parameter's number. Rows of them become columns in `columns`.
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
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, Float64Array, Int64Array,
    NullArray, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray, TimestampNanosecondArray,
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

/// A value, by the type that it has.
pub(in crate::python) enum Value<'py> {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    /// Text that is Unicode.
    Text(Bound<'py, PyString>),
    Bytes(Bound<'py, PyBytes>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds of the day.
    Time(i64),
    /// Microseconds since 1970-01-01, in UTC where it had a zone.
    Timestamp {
        micros: i64,
        utc: bool,
    },
    /// Up to 38 digits.
    Decimal {
        unscaled: i128,
        precision: u8,
        scale: i8,
    },
    /// A value of any other type: an array of one element.
    Array(ArrayRef),
}

impl Value<'_> {
    /// Bytes of text or bytes; 0 for anything else.
    pub(in crate::python) fn bytes(&self) -> usize {
        match self {
            Value::Text(text) => text.to_str().map_or(0, str::len),
            Value::Bytes(bytes) => bytes.as_bytes().len(),
            _ => 0,
        }
    }

    /// An array of one element.
    pub(super) fn array(self) -> Result<ArrayRef, Error> {
        Ok(match self {
            Value::Null => Arc::new(NullArray::new(1)),
            Value::Boolean(v) => Arc::new(BooleanArray::from(vec![v])),
            Value::Integer(v) => Arc::new(Int64Array::from(vec![v])),
            Value::Float(v) => Arc::new(Float64Array::from(vec![v])),
            Value::Text(v) => {
                let text = v.to_str().map_err(|_| errors::internal("text that is not Unicode"))?;
                Arc::new(StringArray::from(vec![text]))
            }
            Value::Bytes(v) => Arc::new(BinaryArray::from(vec![v.as_bytes()])),
            Value::Date(v) => Arc::new(Date32Array::from(vec![v])),
            Value::Time(v) => Arc::new(Time64MicrosecondArray::from(vec![v])),
            Value::Timestamp { micros, utc } => {
                Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone_opt(utc.then_some("UTC")))
            }
            Value::Decimal { unscaled, precision, scale } => {
                let array = Decimal128Array::from(vec![unscaled]).with_precision_and_scale(precision, scale);
                Arc::new(array.map_err(|e| errors::internal(e.to_string()))?)
            }
            Value::Array(array) => array,
        })
    }
}

/// Reads one value.
pub(super) fn read<'py>(value: &Bound<'py, PyAny>, place: ValuePlace<'_>) -> PyResult<Value<'py>> {
    let py = value.py();
    if let Some(plain) = plain(value, place)? {
        return Ok(plain);
    }
    match foreign::meaning(value)? {
        Some(ForeignMeaning::Null) => return Ok(Value::Null),
        Some(ForeignMeaning::Array(array)) => return Ok(Value::Array(array)),
        Some(ForeignMeaning::Bad(state, what)) => return Err(errors::raise(py, &bad(place, state, &what))),
        Some(ForeignMeaning::Python(other)) => {
            if let Some(plain) = plain(&other, place)? {
                return Ok(plain);
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

fn unknown(value: &Bound<'_, PyAny>, place: ValuePlace<'_>) -> PyErr {
    errors::interface(value.py(), format!("{place}: a value of type {} cannot be sent", kind(value)))
}

/// A value of Python's own types, and of types derived from them.
fn plain<'py>(value: &Bound<'py, PyAny>, place: ValuePlace<'_>) -> PyResult<Option<Value<'py>>> {
    let py = value.py();
    let bad = |state: &str, what: &str| errors::raise(py, &bad(place, state, what));
    if value.is_none() {
        return Ok(Some(Value::Null));
    }
    // bool is an int, datetime a date: the narrower first.
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(Some(Value::Boolean(truth.is_true())));
    }
    if value.is_instance_of::<PyInt>() {
        return integer(value).map(Some).map_err(|e| e.unwrap_or_else(|| bad("22003", TOO_LONG)));
    }
    if let Ok(float) = value.cast::<PyFloat>() {
        return Ok(Some(Value::Float(float.value())));
    }
    if let Ok(text) = value.cast::<PyString>() {
        let length = match text.to_str() {
            Ok(text) => text.len(),
            Err(_) => unicode(text, &place.to_string())?.len(),
        };
        if i32::try_from(length).is_err() {
            return Err(bad("22001", "text of more than 2 GiB"));
        }
        return Ok(Some(Value::Text(text.clone())));
    }
    if let Some(bytes) = bytes(value)? {
        if i32::try_from(bytes.as_bytes().len()).is_err() {
            return Err(bad("22001", "more than 2 GiB"));
        }
        return Ok(Some(Value::Bytes(bytes)));
    }
    if value.is_instance_of::<PyDateTime>() {
        if foreign::is_missing(value) {
            return Ok(Some(Value::Null));
        }
        return timestamp(value)
            .map(Some)
            .map_err(|_| bad("22008", "a datetime outside the years 1 to 9999 in UTC, or not a time"));
    }
    if value.is_instance_of::<PyDate>() {
        return Ok(Some(Value::Date(days(value)?)));
    }
    if value.is_instance_of::<PyTime>() {
        if !value.getattr("tzinfo")?.is_none() {
            return Err(bad("22007", "a time with a zone, which SQL's TIME has not"));
        }
        return Ok(Some(Value::Time(of_day(value)?)));
    }
    if value.is_instance(decimal_type(py)?.as_any())? {
        return decimal(value)
            .map(Some)
            .map_err(|e| e.unwrap_or_else(|| bad("22003", "a Decimal that cannot be written")));
    }
    Ok(None)
}

fn bad(place: ValuePlace<'_>, state: &str, what: &str) -> Error {
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
fn integer<'py>(value: &Bound<'py, PyAny>) -> Result<Value<'py>, Option<PyErr>> {
    if let Ok(number) = value.extract::<i64>() {
        return Ok(Value::Integer(number));
    }
    // Text of a very long int takes long to make: its bits are counted first. 10^76 has 253.
    let exact = index(value)?;
    if exact.call_method0("bit_length")?.extract::<u64>().map_err(Some)? > 253 {
        return Err(None);
    }
    let text = exact.str()?.to_str()?.to_owned();
    let digits = text.trim_start_matches('-').len();
    number(&text, digits, 0).ok_or(None)
}

/// An int of no derived type: what these say of themselves may be something else.
fn index<'py>(value: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>, Option<PyErr>> {
    Ok(value.py().import("operator")?.call_method1("index", (value,))?)
}

/// A Decimal as one of Arrow's, or as text when none holds it.
fn decimal<'py>(value: &Bound<'py, PyAny>) -> Result<Value<'py>, Option<PyErr>> {
    match fixed(value) {
        Err(None) => {
            let text =
                decimal_type(value.py())?.call_method1("__str__", (value,))?.extract::<String>().map_err(Some)?;
            marked::number(&text).map(Value::Array).map_err(|_| None)
        }
        other => other,
    }
}

/// Python's own failure, or none when the number cannot be a decimal of Arrow.
fn fixed<'py>(value: &Bound<'py, PyAny>) -> Result<Value<'py>, Option<PyErr>> {
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
    number(&text, digits.trim_start_matches('0').len(), scale).ok_or(None)
}

/// A number of so many digits, by the text of its unscaled value.
fn number<'py>(text: &str, digits: usize, scale: usize) -> Option<Value<'py>> {
    let precision = digits.max(scale).max(1);
    let (narrow, scale) = (u8::try_from(precision).ok()?, i8::try_from(scale).ok()?);
    if precision <= SMALL_DIGITS {
        return Some(Value::Decimal { unscaled: text.parse().ok()?, precision: narrow, scale });
    }
    if precision <= LARGE_DIGITS {
        let array = Decimal256Array::from(vec![i256::from_str(text).ok()?]);
        return Some(Value::Array(Arc::new(array.with_precision_and_scale(narrow, scale).ok()?)));
    }
    None
}

fn timestamp<'py>(value: &Bound<'py, PyAny>) -> PyResult<Value<'py>> {
    let py = value.py();
    let aware = !value.call_method0("utcoffset")?.is_none();
    let value = if aware { &value.call_method1("astimezone", (PyTzInfo::utc(py)?,))? } else { value };
    let micros = i64::from(days(value)?) * DAY * 1_000_000 + of_day(value)?;
    // pandas' Timestamp is a datetime with three more digits.
    let nanos = match value.getattr_opt("nanosecond")? {
        Some(nanos) => nanos.extract::<i64>()?,
        None => 0,
    };
    if nanos == 0 {
        return Ok(Value::Timestamp { micros, utc: aware });
    }
    let whole = micros.checked_mul(1000).and_then(|whole| whole.checked_add(nanos));
    let whole = whole.ok_or_else(|| errors::interface(py, "nanoseconds of this year do not fit"))?;
    let nanos = TimestampNanosecondArray::from(vec![whole]).with_timezone_opt(aware.then_some("UTC"));
    Ok(Value::Array(Arc::new(nanos)))
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
            let array = number(text, digits, scale).unwrap().array().unwrap();
            assert_eq!(array.data_type(), &expected);
        }
        assert!(number(&"9".repeat(77), 77, 0).is_none());
    }
}
