//! Writing dates, times and timestamps as text.

use super::calendar::{DAY, FIRST_DAY, LAST_DAY, civil};
use super::datetime::{Instant, POWERS};
use super::error::{Result, ValueError};

/// Appends `YYYY-MM-DD`.
pub fn put_date(days: i32, out: &mut Vec<u8>) -> Result<()> {
    if !(FIRST_DAY..=LAST_DAY).contains(&days) {
        return Err(ValueError::Range("a DATE before 0001-01-01 or after 9999-12-31"));
    }
    out.extend_from_slice(&date_text(days, b'0', b'-'));
    Ok(())
}

/// `YYYY-MM-DD` in an alphabet with this zero and dash, for a day from [`FIRST_DAY`] to [`LAST_DAY`].
#[inline]
pub fn date_text(days: i32, zero: u8, dash: u8) -> [u8; 10] {
    let (year, month, day) = civil(days);
    let ([a, b], [c, d]) = (two(year / 100, zero), two(year % 100, zero));
    let ([e, f], [g, h]) = (two(month, zero), two(day, zero));
    [a, b, c, d, dash, e, f, dash, g, h]
}

/// Appends `HH.MM.SS` with the separator given.
#[inline]
pub fn put_time(seconds: u32, separator: u8, out: &mut Vec<u8>) -> Result<()> {
    if seconds >= DAY {
        return Err(ValueError::Range("a time of day"));
    }
    out.extend_from_slice(&time_text(seconds, b'0', separator));
    Ok(())
}

/// `HH.MM.SS` in an alphabet with this zero, for a second of the day below [`DAY`].
#[inline]
pub fn time_text(seconds: u32, zero: u8, separator: u8) -> [u8; 8] {
    let ([a, b], [c, d]) = (two(seconds / 3600, zero), two(seconds / 60 % 60, zero));
    let [e, f] = two(seconds % 60, zero);
    [a, b, separator, c, d, separator, e, f]
}

/// The two digits of a number below 100.
#[inline]
fn two(n: u32, zero: u8) -> [u8; 2] {
    [zero + (n / 10) as u8, zero + (n % 10) as u8]
}

/// Appends `YYYY-MM-DD-HH.MM.SS[.f…]` with `digits` digits of the fraction; digits that are not
/// zero are never cut off.
pub fn put_timestamp(instant: &Instant, digits: u8, out: &mut Vec<u8>) -> Result<()> {
    let power = |n: u8| POWERS.get(usize::from(n)).copied().ok_or(ValueError::Range("the digits of a second"));
    let fraction = if digits >= instant.digits {
        instant.fraction * power(digits - instant.digits)?
    } else {
        let excess = power(instant.digits - digits)?;
        if !instant.fraction.is_multiple_of(excess) {
            return Err(ValueError::Inexact("the fraction of a second"));
        }
        instant.fraction / excess
    };
    power(digits)?;
    put_date(instant.days, out)?;
    out.push(b'-');
    put_time(instant.seconds, b'.', out)?;
    if digits > 0 {
        out.push(b'.');
        put_number(fraction, usize::from(digits), out);
    }
    Ok(())
}

pub(super) fn put_number(mut value: u64, width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + width, b'0');
    for slot in out.iter_mut().skip(start).rev() {
        *slot = b'0' + (value % 10) as u8;
        value /= 10;
    }
}
