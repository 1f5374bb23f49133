//! Dates, times and timestamps as ASCII text in their ISO forms.

use super::scalar::Scalar;
use super::{Result, refused};
use crate::column::error::Reason;
use crate::wire::value::datetext;
use crate::wire::value::datetime::{self, Instant};
use crate::wire::value::error::{ValueError, ValueForm};
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::types::Type;

/// `YYYY-MM-DD`.
pub(super) fn date(scalar: &Scalar<'_>) -> Result<Vec<u8>> {
    let days = match scalar {
        Scalar::Date(days) => *days,
        Scalar::Text(text) => datetime::date(exact(text, ValueForm::Date)?)?,
        Scalar::Stamp { instant, utc: false } => {
            if (instant.seconds, instant.fraction) != (0, 0) {
                return Err(ValueError::Inexact("the time of day in a date").into());
            }
            instant.days
        }
        _ => return Err(Reason::Type { from: String::new(), to: "DATE" }),
    };
    let mut out = Vec::with_capacity(10);
    datetext::put_date(days, &mut out)?;
    Ok(out)
}

/// `HH:MM:SS`, the form that Derby needs and every Db2 takes.
pub(super) fn time(scalar: &Scalar<'_>) -> Result<Vec<u8>> {
    let seconds = match scalar {
        Scalar::Time(nanoseconds) => {
            if !nanoseconds.is_multiple_of(1_000_000_000) {
                return Err(ValueError::Inexact("the fraction of a second").into());
            }
            (nanoseconds / 1_000_000_000) as u32
        }
        Scalar::Text(text) => datetime::time(exact(text, ValueForm::Time)?)?,
        _ => return Err(Reason::Type { from: String::new(), to: "TIME" }),
    };
    let mut out = Vec::with_capacity(8);
    datetext::put_time(seconds, b':', &mut out)?;
    Ok(out)
}

/// `YYYY-MM-DD-HH.MM.SS[.f…]` with the digits that the field has.
pub(super) fn timestamp(field: &Field, scalar: &Scalar<'_>) -> Result<Vec<u8>> {
    let instant = match scalar {
        Scalar::Stamp { instant, utc: false } => *instant,
        Scalar::Date(days) => Instant { days: *days, seconds: 0, fraction: 0, digits: 0 },
        Scalar::Text(text) => datetime::timestamp(text.trim().as_bytes())?,
        _ => return Err(refused(field)),
    };
    let mut out = Vec::with_capacity(32);
    datetext::put_timestamp(&instant, digits(field), &mut out)?;
    Ok(out)
}

/// The same in UTC, followed by the zone.
pub(super) fn timestamp_tz(field: &Field, scalar: &Scalar<'_>) -> Result<Vec<u8>> {
    let instant = match scalar {
        Scalar::Stamp { instant, utc: true } => *instant,
        Scalar::Text(text) => datetime::timestamp_tz(text.trim().as_bytes())?,
        _ => return Err(refused(field)),
    };
    let mut out = Vec::with_capacity(40);
    datetext::put_timestamp(&instant, digits(field), &mut out)?;
    out.extend_from_slice(b"+00:00");
    Ok(out)
}

/// Digits of the fraction: as described, else as many as a fixed length has room for.
pub(super) fn digits(field: &Field) -> u8 {
    let zone = if field.ty == Type::TimestampTz { 6 } else { 0 };
    match field.shape {
        Shape::Fixed(n) => {
            let room = n.saturating_sub(20 + zone).min(12) as u8;
            if field.scale == 0 { room } else { field.scale.min(room) }
        }
        _ => field.scale.min(12),
    }
}

fn exact<const N: usize>(text: &str, what: ValueForm) -> Result<&[u8; N]> {
    let text = text.trim();
    text.as_bytes().try_into().map_err(|_| ValueError::Length { what, len: text.len() }.into())
}
