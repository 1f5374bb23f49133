//! One value of an Arrow array, whatever the array's type.

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrowPrimitiveType, OffsetSizeTrait};
use arrow_schema::{DataType, TimeUnit};

use super::scalar::Scalar;
use super::{Result, marked};
use crate::column::error::Reason;
use crate::column::kind::unit_digits;
use crate::wire::value::calendar::DAY;
use crate::wire::value::datetime::{Instant, POWERS};
use crate::wire::value::decimal::Wide;
use crate::wire::value::error::ValueError;

/// Bytes of the text or the bytes at `row`; 0 for anything else.
#[inline]
pub fn length(array: &dyn Array, row: usize) -> usize {
    match scalar(array, row) {
        Ok(value) => value.bytes().len(),
        Err(_) => 0,
    }
}

/// Bytes of all texts or bytes together, at most; 0 for anything else. None where each has to be looked at.
pub fn lengths(array: &dyn Array) -> Option<usize> {
    fn between<O: OffsetSizeTrait>(offsets: &[O]) -> usize {
        let end = |offset: Option<&O>| offset.map_or(0, |offset| offset.as_usize());
        end(offsets.last()).saturating_sub(end(offsets.first()))
    }
    // The lower half of a view's first word is its length.
    let of_views = |views: &[u128]| views.iter().map(|view| *view as u32 as usize).sum();
    Some(match array.data_type() {
        DataType::Utf8 => between(array.as_string::<i32>().value_offsets()),
        DataType::LargeUtf8 => between(array.as_string::<i64>().value_offsets()),
        DataType::Utf8View => of_views(array.as_string_view().views()),
        DataType::Binary => between(array.as_binary::<i32>().value_offsets()),
        DataType::LargeBinary => between(array.as_binary::<i64>().value_offsets()),
        DataType::BinaryView => of_views(array.as_binary_view().views()),
        plain if plain.is_primitive() || matches!(plain, DataType::Null | DataType::Boolean) => 0,
        _ => return None,
    })
}

/// The value at `row`.
pub(super) fn scalar(array: &dyn Array, row: usize) -> Result<Scalar<'_>> {
    if row >= array.len() {
        return Err(Reason::NoRow(array.len()));
    }
    if array.is_null(row) {
        return Ok(Scalar::Null);
    }
    let integer = |v: i128| Ok(Scalar::Integer(v));
    Ok(match array.data_type() {
        DataType::Null => Scalar::Null,
        DataType::Boolean => Scalar::Boolean(array.as_boolean().value(row)),
        DataType::Int8 => return integer(get::<Int8Type>(array, row).into()),
        DataType::Int16 => return integer(get::<Int16Type>(array, row).into()),
        DataType::Int32 => return integer(get::<Int32Type>(array, row).into()),
        DataType::Int64 => return integer(get::<Int64Type>(array, row).into()),
        DataType::UInt8 => return integer(get::<UInt8Type>(array, row).into()),
        DataType::UInt16 => return integer(get::<UInt16Type>(array, row).into()),
        DataType::UInt32 => return integer(get::<UInt32Type>(array, row).into()),
        DataType::UInt64 => return integer(get::<UInt64Type>(array, row).into()),
        DataType::Float16 => Scalar::Float(get::<Float16Type>(array, row).to_f64()),
        DataType::Float32 => Scalar::Float(get::<Float32Type>(array, row).into()),
        DataType::Float64 => Scalar::Float(get::<Float64Type>(array, row)),
        DataType::Decimal32(_, s) => {
            Scalar::Decimal(Wide::from(i128::from(get::<Decimal32Type>(array, row))), (*s).into())
        }
        DataType::Decimal64(_, s) => {
            Scalar::Decimal(Wide::from(i128::from(get::<Decimal64Type>(array, row))), (*s).into())
        }
        DataType::Decimal128(_, s) => Scalar::Decimal(Wide::from(get::<Decimal128Type>(array, row)), (*s).into()),
        DataType::Decimal256(_, s) => {
            let (lo, hi) = get::<Decimal256Type>(array, row).to_parts();
            Scalar::Decimal(Wide { hi, lo }, (*s).into())
        }
        DataType::Utf8 => Scalar::Text(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Scalar::Text(array.as_string::<i64>().value(row)),
        DataType::Utf8View => Scalar::Text(array.as_string_view().value(row)),
        DataType::Binary => Scalar::Bytes(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Scalar::Bytes(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => Scalar::Bytes(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => Scalar::Bytes(array.as_fixed_size_binary().value(row)),
        DataType::Date32 => Scalar::Date(get::<Date32Type>(array, row)),
        DataType::Date64 => date64(get::<Date64Type>(array, row))?,
        DataType::Time32(TimeUnit::Second) => time(get::<Time32SecondType>(array, row).into(), 1_000_000_000)?,
        DataType::Time32(_) => time(get::<Time32MillisecondType>(array, row).into(), 1_000_000)?,
        DataType::Time64(TimeUnit::Nanosecond) => time(get::<Time64NanosecondType>(array, row), 1)?,
        DataType::Time64(_) => time(get::<Time64MicrosecondType>(array, row), 1000)?,
        DataType::Timestamp(unit, zone) => {
            let ticks = match unit {
                TimeUnit::Second => get::<TimestampSecondType>(array, row),
                TimeUnit::Millisecond => get::<TimestampMillisecondType>(array, row),
                TimeUnit::Microsecond => get::<TimestampMicrosecondType>(array, row),
                TimeUnit::Nanosecond => get::<TimestampNanosecondType>(array, row),
            };
            Scalar::Stamp { instant: instant(ticks, unit_digits(*unit))?, utc: zone.is_some() }
        }
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            let Scalar::Integer(key) = scalar(dictionary.keys(), row)? else {
                return Ok(Scalar::Null);
            };
            return scalar(dictionary.values().as_ref(), usize::try_from(key).unwrap_or(usize::MAX));
        }
        DataType::Struct(_) => match marked::scalar(array, row) {
            Some(value) => value,
            None => return Err(Reason::Type { from: array.data_type().to_string(), to: "" }),
        },
        other => return Err(Reason::Type { from: other.to_string(), to: "" }),
    })
}

fn get<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> T::Native {
    array.as_primitive::<T>().value(row)
}

fn date64(milliseconds: i64) -> Result<Scalar<'static>> {
    let day = i64::from(DAY) * 1000;
    match i32::try_from(milliseconds.div_euclid(day)) {
        Ok(days) if milliseconds.rem_euclid(day) == 0 => Ok(Scalar::Date(days)),
        Ok(_) => Err(ValueError::Inexact("the time of day in a date").into()),
        Err(_) => Err(ValueError::Range("a DATE before 0001-01-01 or after 9999-12-31").into()),
    }
}

fn time(ticks: i64, nanoseconds: u64) -> Result<Scalar<'static>> {
    let value = u64::try_from(ticks).ok().and_then(|ticks| ticks.checked_mul(nanoseconds));
    match value {
        Some(value) if value < u64::from(DAY) * 1_000_000_000 => Ok(Scalar::Time(value)),
        _ => Err(ValueError::Range("a time of day").into()),
    }
}

fn instant(ticks: i64, digits: u8) -> Result<Instant> {
    let second = POWERS.get(usize::from(digits)).copied().unwrap_or(1).cast_signed();
    let seconds = ticks.div_euclid(second);
    let day = i64::from(DAY);
    match i32::try_from(seconds.div_euclid(day)) {
        // Both remainders are positive and small.
        Ok(days) => Ok(Instant {
            days,
            seconds: seconds.rem_euclid(day) as u32,
            fraction: ticks.rem_euclid(second) as u64,
            digits,
        }),
        Err(_) => Err(ValueError::Range("a TIMESTAMP before 0001 or after 9999").into()),
    }
}
