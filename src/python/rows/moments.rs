//! Dates and times as Python's objects. They are made from the bytes in which `pickle` stores them, which takes a
//! third of the time that their fields take.

use arrow_schema::Field;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyTzInfo};

use crate::client::error::Phase;
use crate::python::errors;

const DAY: i64 = 86_400;
const MICROS: i64 = 1_000_000;

/// A date, from the day counted from 1970-01-01.
pub(super) fn date<'py>(py: Python<'py>, field: &Field, days: i64) -> PyResult<Bound<'py, PyAny>> {
    static DATE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    DATE.import(py, "datetime", "date")?.call1((PyBytes::new(py, &civil(py, field, days)?),))
}

/// A time of day, from its microseconds.
pub(super) fn time<'py>(py: Python<'py>, field: &Field, micros: i64) -> PyResult<Bound<'py, PyAny>> {
    static TIME: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let Some(state) = clock(micros) else {
        let message = format!("column {:?}: {} s is not a time of day in Python", field.name(), micros / MICROS);
        return Err(errors::raise(py, &errors::data(Phase::Fetch, "22007", message)));
    };
    TIME.import(py, "datetime", "time")?.call1((PyBytes::new(py, &state),))
}

/// A moment, from its microseconds from 1970-01-01 00:00; in UTC or without a zone.
pub(super) fn timestamp<'py>(py: Python<'py>, field: &Field, micros: i64, utc: bool) -> PyResult<Bound<'py, PyAny>> {
    static DATETIME: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let [y1, y2, month, day] = civil(py, field, micros.div_euclid(DAY * MICROS))?;
    let [hour, minute, second, u1, u2, u3] = clock(micros.rem_euclid(DAY * MICROS)).unwrap_or_default();
    let state = PyBytes::new(py, &[y1, y2, month, day, hour, minute, second, u1, u2, u3]);
    let class = DATETIME.import(py, "datetime", "datetime")?;
    if utc { class.call1((state, PyTzInfo::utc(py)?)) } else { class.call1((state,)) }
}

/// Microseconds, if nothing finer would be lost.
pub(super) fn micros(py: Python<'_>, field: &Field, nanos: i64) -> PyResult<i64> {
    if nanos % 1000 == 0 {
        return Ok(nanos / 1000);
    }
    let message = format!(
        "column {:?}: a value has nanoseconds, which Python's datetime has not; fetch_arrow() has them",
        field.name()
    );
    Err(errors::raise(py, &errors::data(Phase::Fetch, "22008", message)))
}

/// Hour, minute, second and three bytes of microseconds of a time of day.
fn clock(micros: i64) -> Option<[u8; 6]> {
    let seconds = micros.div_euclid(MICROS);
    let hour = u8::try_from(seconds.div_euclid(3600)).ok().filter(|hour| *hour < 24)?;
    let minute = u8::try_from(seconds / 60 % 60).ok()?;
    let second = u8::try_from(seconds % 60).ok()?;
    let [_, high, middle, low] = u32::try_from(micros.rem_euclid(MICROS)).ok()?.to_be_bytes();
    Some([hour, minute, second, high, middle, low])
}

/// Two bytes of the year, month and day of a day counted from 1970-01-01.
fn civil(py: Python<'_>, field: &Field, days: i64) -> PyResult<[u8; 4]> {
    gregorian(days).ok_or_else(|| {
        let message = format!(
            "column {:?}: day {days} from 1970-01-01 is outside Python's years 1 to 9999; fetch_arrow() has it, and \
                 end_of_time=\"last\" reads 9999-12-31-24.00.00 as the moment before it",
            field.name()
        );
        errors::raise(py, &errors::data(Phase::Fetch, "22008", message))
    })
}

/// The same in the proleptic Gregorian calendar; none outside the years 1 to 9999.
fn gregorian(days: i64) -> Option<[u8; 4]> {
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
    let [high, low] = u16::try_from(year).ok()?.to_be_bytes();
    Some([high, low, u8::try_from(month).ok()?, u8::try_from(day).ok()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        let date = |days| gregorian(days).map(|[y1, y2, m, d]| (u16::from_be_bytes([y1, y2]), m, d));
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
        assert_eq!(clock(0), Some([0; 6]));
        assert_eq!(clock(86_399 * MICROS + 999_999), Some([23, 59, 59, 0x0F, 0x42, 0x3F]));
        assert_eq!(clock(86_400 * MICROS), None);
        assert_eq!(clock(-1), None);
    }
}
