//! Values of other libraries as parameters: scalars of NumPy and pyarrow, missing values of pandas, UUIDs,
//! members of an Enum. No library is imported for it: a value of a library comes from a program that has it.

use std::sync::Arc;

use arrow_array::array::{
    ArrayRef, Date32Array, Float64Array, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, TimestampSecondArray,
};
use pyo3::prelude::*;
use pyo3::types::{PyDate, PyDelta};

use crate::column::encode::marked;
use crate::python::wording::kind;

/// The meaning of a value.
pub(super) enum ForeignMeaning<'py> {
    Null,
    Array(ArrayRef),
    /// The same as this value of Python's own types.
    Python(Bound<'py, PyAny>),
    /// Nothing that can be sent: an SQLSTATE, and why.
    Bad(&'static str, String),
}

/// Members of an Enum may be members of another; this many times at most.
const DEPTH: usize = 8;
/// NumPy's not-a-time.
const NAT: i64 = i64::MIN;
/// The ordinal of 1970-01-01 in Python.
const EPOCH: i32 = 719_163;

/// The meaning of a value of a foreign type; none when it is unknown.
pub(super) fn meaning<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<ForeignMeaning<'py>>> {
    let (py, mut value) = (value.py(), value.clone());
    for _ in 0..DEPTH {
        if is_missing(&value) {
            return Ok(Some(ForeignMeaning::Null));
        }
        if value.is_instance_of::<PyDelta>() || is_a(&value, "numpy", "timedelta64")? {
            let what =
                format!("a {}: SQL has no type for a span of time; send a number of days or seconds", kind(&value));
            return Ok(Some(ForeignMeaning::Bad("22007", what)));
        }
        if is_a(&value, "numpy", "datetime64")? {
            return datetime64(&value).map(Some);
        }
        if let Some(bytes) = uuid(&value)? {
            return Ok(marked::uuid(bytes).ok().map(ForeignMeaning::Array));
        }
        if is_a(&value, "enum", "Enum")? {
            value = value.getattr("value")?;
        } else if is_a(&value, "numpy", "generic")? {
            return numpy_scalar(&value);
        } else if is_a(&value, "numpy", "ndarray")? && value.getattr("ndim")?.extract::<usize>()? == 0 {
            value = value.get_item(pyo3::types::PyTuple::empty(py))?;
        } else if kind(&value).starts_with("pyarrow.") && value.hasattr("as_py")? {
            return Ok(Some(ForeignMeaning::Python(value.call_method0("as_py")?)));
        } else {
            break;
        }
    }
    Ok(Some(ForeignMeaning::Python(value)))
}

/// True for what pandas and NumPy put where nothing is known.
pub(super) fn is_missing(value: &Bound<'_, PyAny>) -> bool {
    let kind = kind(value);
    (kind.starts_with("pandas.") && (kind.ends_with(".NAType") || kind.ends_with(".NaTType")))
        || (kind.starts_with("numpy.ma.") && kind.ends_with(".MaskedConstant"))
}

/// True when the value is of a class of a module, if the module was imported at all.
fn is_a(value: &Bound<'_, PyAny>, module: &str, class: &str) -> PyResult<bool> {
    let modules = value.py().import("sys")?.getattr("modules")?;
    let Ok(module) = modules.get_item(module) else { return Ok(false) };
    match module.getattr_opt(class)? {
        Some(class) => value.is_instance(&class),
        None => Ok(false),
    }
}

/// The bytes of a UUID, of the standard library's and of others that look like it.
fn uuid(value: &Bound<'_, PyAny>) -> PyResult<Option<[u8; 16]>> {
    if !kind(value).ends_with(".UUID") && !is_a(value, "uuid", "UUID")? {
        return Ok(None);
    }
    let Some(bytes) = value.getattr_opt("bytes")? else { return Ok(None) };
    Ok(bytes.extract::<[u8; 16]>().ok())
}

/// A scalar of NumPy by Python's type, which it must equal.
fn numpy_scalar<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<ForeignMeaning<'py>>> {
    let item = value.call_method0("item")?;
    if !is_a(&item, "numpy", "generic")? {
        return Ok(Some(ForeignMeaning::Python(item)));
    }
    // longdouble, which Python has not.
    let Ok(float) = item.extract::<f64>() else { return Ok(None) };
    if item.eq(float)? || float.is_nan() {
        return Ok(Some(ForeignMeaning::Array(Arc::new(Float64Array::from(vec![float])))));
    }
    Ok(Some(ForeignMeaning::Bad("22003", format!("a {} that no float of 8 bytes equals", kind(value)))))
}

/// A datetime64 in its own unit: NumPy's conversions wrap around.
fn datetime64<'py>(value: &Bound<'py, PyAny>) -> PyResult<ForeignMeaning<'py>> {
    let numpy = value.py().import("numpy")?;
    let (unit, count): (String, i64) = numpy.call_method1("datetime_data", (value.getattr("dtype")?,))?.extract()?;
    let ticks: i64 = value.call_method1("view", ("i8",))?.extract()?;
    if ticks == NAT {
        return Ok(ForeignMeaning::Null);
    }
    let total = i128::from(ticks) * i128::from(count);
    let finer = |units: i128| (total % units == 0).then_some(total / units);
    let array: Option<ArrayRef> = match unit.as_str() {
        "Y" => first_of_month(value.py(), total.checked_mul(12))?,
        "M" => first_of_month(value.py(), Some(total))?,
        "W" => days(total * 7),
        "D" => days(total),
        "h" => narrow(Some(total * 3600), |n| Arc::new(TimestampSecondArray::from(vec![n]))),
        "m" => narrow(Some(total * 60), |n| Arc::new(TimestampSecondArray::from(vec![n]))),
        "s" => narrow(Some(total), |n| Arc::new(TimestampSecondArray::from(vec![n]))),
        "ms" => narrow(Some(total), |n| Arc::new(TimestampMillisecondArray::from(vec![n]))),
        "us" => narrow(Some(total), |n| Arc::new(TimestampMicrosecondArray::from(vec![n]))),
        "ns" => narrow(Some(total), |n| Arc::new(TimestampNanosecondArray::from(vec![n]))),
        "ps" => narrow(finer(1000), |n| Arc::new(TimestampNanosecondArray::from(vec![n]))),
        "fs" => narrow(finer(1_000_000), |n| Arc::new(TimestampNanosecondArray::from(vec![n]))),
        "as" => narrow(finer(1_000_000_000), |n| Arc::new(TimestampNanosecondArray::from(vec![n]))),
        _ => None,
    };
    Ok(match array {
        Some(array) => ForeignMeaning::Array(array),
        None => {
            let text = value.str()?;
            ForeignMeaning::Bad(
                "22008",
                format!("the datetime64[{unit}] {text}: outside the years 1 to 9999, or finer than ns"),
            )
        }
    })
}

fn narrow(number: Option<i128>, array: impl Fn(i64) -> ArrayRef) -> Option<ArrayRef> {
    number.and_then(|number| i64::try_from(number).ok()).map(array)
}

fn days(number: i128) -> Option<ArrayRef> {
    i32::try_from(number).ok().map(|days| Arc::new(Date32Array::from(vec![days])) as ArrayRef)
}

/// The first day of a month counted from January 1970.
fn first_of_month(py: Python<'_>, months: Option<i128>) -> PyResult<Option<ArrayRef>> {
    let Some(months) = months else { return Ok(None) };
    let year = i32::try_from(1970 + months.div_euclid(12)).ok().filter(|year| (1..=9999).contains(year));
    let (Some(year), Ok(month)) = (year, u8::try_from(months.rem_euclid(12) + 1)) else { return Ok(None) };
    let date = PyDate::new(py, year, month, 1)?;
    let ordinal: i32 = date.call_method0("toordinal")?.extract()?;
    Ok(days(i128::from(ordinal - EPOCH)))
}
