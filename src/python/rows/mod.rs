//! Arrow cells as Python objects, for the row methods of PEP 249. They need nothing but the
//! standard library: int, float, Decimal, str, bytes, bool, date, time, datetime, None.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, DecimalType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDate, PyDateTime, PyList, PyTime, PyTuple, PyType, PyTzInfo};

use super::errors;
use crate::client::error::Phase;

const DAY: i64 = 86_400;
const MICROS: i64 = 1_000_000;

/// Rows of one batch, on their way to Python.
pub(super) struct Rows {
    /// The batch.
    pub(super) batch: RecordBatch,
    /// The first row.
    pub(super) at: usize,
    /// How many.
    pub(super) len: usize,
}

impl Rows {
    /// As tuples, after those in `list`.
    pub(super) fn append(&self, list: &Bound<'_, PyList>) -> PyResult<()> {
        let py = list.py();
        let columns = RowColumns::new(&self.batch);
        for row in self.at..self.at + self.len {
            list.append(columns.row(py, row)?)?;
        }
        Ok(())
    }
}

impl<'py> IntoPyObject<'py> for Rows {
    type Target = PyList;
    type Output = Bound<'py, PyList>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        self.append(&list)?;
        Ok(list)
    }
}

/// One row of a batch.
pub(super) fn row<'py>(py: Python<'py>, batch: &RecordBatch, at: usize) -> PyResult<Bound<'py, PyTuple>> {
    RowColumns::new(batch).row(py, at)
}

/// The columns of a batch with what their cells are in Python.
struct RowColumns<'a>(Vec<(&'a arrow_schema::Field, &'a dyn Array)>);

impl<'a> RowColumns<'a> {
    fn new(batch: &'a RecordBatch) -> RowColumns<'a> {
        let fields = batch.schema_ref().fields().iter();
        RowColumns(fields.zip(batch.columns()).map(|(field, column)| (field.as_ref(), column.as_ref())).collect())
    }

    fn row<'py>(&self, py: Python<'py>, at: usize) -> PyResult<Bound<'py, PyTuple>> {
        let cells: PyResult<Vec<_>> = self.0.iter().map(|(field, column)| cell(py, field, *column, at)).collect();
        PyTuple::new(py, cells?)
    }
}

fn cell<'py>(
    py: Python<'py>,
    field: &arrow_schema::Field,
    column: &dyn Array,
    at: usize,
) -> PyResult<Bound<'py, PyAny>> {
    if column.is_null(at) {
        return Ok(py.None().into_bound(py));
    }
    match column.data_type() {
        DataType::Null => Ok(py.None().into_bound(py)),
        DataType::Boolean => column.as_boolean().value(at).into_bound_py_any(py),
        DataType::Int8 => column.as_primitive::<Int8Type>().value(at).into_bound_py_any(py),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(at).into_bound_py_any(py),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(at).into_bound_py_any(py),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(at).into_bound_py_any(py),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(at).into_bound_py_any(py),
        DataType::Float32 => f64::from(column.as_primitive::<Float32Type>().value(at)).into_bound_py_any(py),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(at).into_bound_py_any(py),
        DataType::Decimal128(precision, scale) => {
            let value = column.as_primitive::<Decimal128Type>().value(at);
            decimal(py, &Decimal128Type::format_decimal(value, *precision, *scale))
        }
        DataType::Decimal256(precision, scale) => {
            let value = column.as_primitive::<Decimal256Type>().value(at);
            decimal(py, &Decimal256Type::format_decimal(value, *precision, *scale))
        }
        DataType::Utf8 => text(py, field, column.as_string::<i32>().value(at)),
        DataType::LargeUtf8 => text(py, field, column.as_string::<i64>().value(at)),
        DataType::Utf8View => text(py, field, column.as_string_view().value(at)),
        DataType::Binary => bytes(py, column.as_binary::<i32>().value(at)),
        DataType::LargeBinary => bytes(py, column.as_binary::<i64>().value(at)),
        DataType::BinaryView => bytes(py, column.as_binary_view().value(at)),
        DataType::FixedSizeBinary(_) => bytes(py, column.as_fixed_size_binary().value(at)),
        DataType::Date32 => {
            let days = i64::from(column.as_primitive::<Date32Type>().value(at));
            let (year, month, day) = civil(py, field, days)?;
            Ok(PyDate::new(py, year, month, day)?.into_any())
        }
        DataType::Time32(TimeUnit::Second) => {
            time(py, field, i64::from(column.as_primitive::<Time32SecondType>().value(at)) * MICROS)
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            time(py, field, column.as_primitive::<Time64MicrosecondType>().value(at))
        }
        DataType::Time64(TimeUnit::Nanosecond) => {
            let nanos = column.as_primitive::<Time64NanosecondType>().value(at);
            time(py, field, micros(py, field, nanos)?)
        }
        DataType::Timestamp(unit, zone) => {
            let value = match unit {
                TimeUnit::Second => column.as_primitive::<TimestampSecondType>().value(at).checked_mul(MICROS),
                TimeUnit::Microsecond => Some(column.as_primitive::<TimestampMicrosecondType>().value(at)),
                TimeUnit::Nanosecond => {
                    Some(micros(py, field, column.as_primitive::<TimestampNanosecondType>().value(at))?)
                }
                TimeUnit::Millisecond => column.as_primitive::<TimestampMillisecondType>().value(at).checked_mul(1000),
            };
            // What overflows is a year that Python has not either.
            timestamp(py, field, value.unwrap_or(i64::MAX), zone.is_some())
        }
        _ => Err(unsupported(py, field)),
    }
}

fn unsupported(py: Python<'_>, field: &arrow_schema::Field) -> PyErr {
    let message = format!(
        "column {:?} of type {} has no Python form here; fetch_arrow() has it",
        field.name(),
        field.data_type()
    );
    errors::interface(py, message)
}

/// A DECFLOAT travels as text, so that every value is exact; in Python it is a Decimal.
fn text<'py>(py: Python<'py>, field: &arrow_schema::Field, value: &str) -> PyResult<Bound<'py, PyAny>> {
    if field.metadata().get("drda:type").is_some_and(|name| name == "DECFLOAT") {
        return decimal(py, value);
    }
    value.into_bound_py_any(py)
}

fn bytes<'py>(py: Python<'py>, value: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    Ok(PyBytes::new(py, value).into_any())
}

fn decimal<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    DECIMAL.import(py, "decimal", "Decimal")?.call1((text,))
}

/// Microseconds, if nothing finer would be lost.
fn micros(py: Python<'_>, field: &arrow_schema::Field, nanos: i64) -> PyResult<i64> {
    if nanos % 1000 == 0 {
        return Ok(nanos / 1000);
    }
    let message = format!(
        "column {:?}: a value has nanoseconds, which Python's datetime has not; fetch_arrow() has them",
        field.name()
    );
    Err(errors::raise(py, &errors::data(Phase::Fetch, "22008", message)))
}

fn time<'py>(py: Python<'py>, field: &arrow_schema::Field, micros: i64) -> PyResult<Bound<'py, PyAny>> {
    match clock(micros) {
        Some((hour, minute, second, micro)) => Ok(PyTime::new(py, hour, minute, second, micro, None)?.into_any()),
        None => {
            let message = format!("column {:?}: {} s is not a time of day in Python", field.name(), micros / MICROS);
            Err(errors::raise(py, &errors::data(Phase::Fetch, "22007", message)))
        }
    }
}

fn timestamp<'py>(py: Python<'py>, field: &arrow_schema::Field, micros: i64, utc: bool) -> PyResult<Bound<'py, PyAny>> {
    let (year, month, day) = civil(py, field, micros.div_euclid(DAY * MICROS))?;
    let (hour, minute, second, micro) = clock(micros.rem_euclid(DAY * MICROS)).unwrap_or_default();
    let zone = utc.then(|| PyTzInfo::utc(py)).transpose()?;
    let zone = zone.as_deref();
    Ok(PyDateTime::new(py, year, month, day, hour, minute, second, micro, zone)?.into_any())
}

/// Hour, minute, second, microsecond of a time of day.
fn clock(micros: i64) -> Option<(u8, u8, u8, u32)> {
    let seconds = micros.div_euclid(MICROS);
    let hour = u8::try_from(seconds.div_euclid(3600)).ok().filter(|hour| *hour < 24)?;
    let minute = u8::try_from(seconds / 60 % 60).ok()?;
    let second = u8::try_from(seconds % 60).ok()?;
    Some((hour, minute, second, u32::try_from(micros.rem_euclid(MICROS)).ok()?))
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
fn civil(py: Python<'_>, field: &arrow_schema::Field, days: i64) -> PyResult<(i32, u8, u8)> {
    date(days).ok_or_else(|| {
        let message = format!(
            "column {:?}: day {days} from 1970-01-01 is outside Python's years 1 to 9999; fetch_arrow() has it, and \
                 end_of_time=\"last\" reads 9999-12-31-24.00.00 as the moment before it",
            field.name()
        );
        errors::raise(py, &errors::data(Phase::Fetch, "22008", message))
    })
}

fn date(days: i64) -> Option<(i32, u8, u8)> {
    // Years start in March, so that the leap day is the last of its year; 400 years have 146,097 days.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    if !(1..=9999).contains(&year) {
        return None;
    }
    Some((i32::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(date(0), Some((1970, 1, 1)));
        assert_eq!(date(-719_162), Some((1, 1, 1)));
        assert_eq!(date(-719_163), None);
        assert_eq!(date(2_932_896), Some((9999, 12, 31)));
        assert_eq!(date(2_932_897), None);
        assert_eq!(date(19_782), Some((2024, 2, 29)));
        assert_eq!(date(-141_427), Some((1582, 10, 15)));
    }

    #[test]
    fn a_day_has_24_hours() {
        assert_eq!(clock(0), Some((0, 0, 0, 0)));
        assert_eq!(clock(86_399 * MICROS + 999_999), Some((23, 59, 59, 999_999)));
        assert_eq!(clock(86_400 * MICROS), None);
        assert_eq!(clock(-1), None);
    }
}
