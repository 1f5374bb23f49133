//! Every form of dates, times and timestamps, one character after the other, and what is wrong with one.

use super::super::calendar::days;
use super::super::error::{Result, ValueError, ValueForm};
use super::{
    AsciiText, DATE, DATE_PATTERN, Instant, TIME, TIME_PATTERN, TIMESTAMP, ZONE_PATTERN, assemble, clock, date,
    timestamp,
};

/// The characters that dates are made of, from EBCDIC if need be. `None` when `out` is too short.
pub(in crate::wire::value) fn to_ascii<'a>(text: &[u8], out: &'a mut [u8]) -> Option<&'a [u8]> {
    let out = out.get_mut(..text.len())?;
    let ebcdic = text.iter().any(|b| *b >= 0xF0);
    for (to, from) in out.iter_mut().zip(text) {
        *to = match from {
            _ if !ebcdic => *from,
            0xF0..=0xF9 => from - 0xF0 + b'0',
            0x60 => b'-',
            0x4B => b'.',
            0x7A => b':',
            0x6B => b',',
            0x61 => b'/',
            0x4E => b'+',
            0x40 => b' ',
            0xC1 => b'A',
            0xD7 => b'P',
            0xD4 => b'M',
            0xE3 => b'T',
            _ => 0,
        };
    }
    Some(out)
}

pub(in crate::wire::value) fn pair(a: u8, b: u8) -> Option<u32> {
    (a.is_ascii_digit() && b.is_ascii_digit()).then(|| u32::from(a - b'0') * 10 + u32::from(b - b'0'))
}

/// Every form of a date, and what is wrong with one.
#[cold]
pub(super) fn any_date(text: &[u8; 10]) -> Result<i32> {
    let mut out = [0; 10];
    to_ascii(text, &mut out);
    // Where the digits of century, year, month and day begin, and where the separators stand.
    let (places, separators, separator) = match (out[2], out[4]) {
        (_, b'-') => ([0, 2, 5, 8], [4, 7], b'-'),
        (b'/', _) => ([6, 8, 0, 3], [2, 5], b'/'),
        (b'.', _) => ([6, 8, 3, 0], [2, 5], b'.'),
        _ => return Err(misfit(DATE, first_odd(&out, &[4, 7]), DATE_PATTERN)),
    };
    if let Some(at) = separators.into_iter().find(|at| out.get(*at) != Some(&separator)) {
        return Err(misfit(DATE, at, DATE_PATTERN));
    }
    let mut numbers = [0; 4];
    for (number, at) in numbers.iter_mut().zip(places) {
        *number = match out.get(at..at + 2) {
            Some(&[a, b]) => pair(a, b),
            _ => None,
        }
        .ok_or_else(|| misfit(DATE, first_odd(&out, &separators), DATE_PATTERN))?;
    }
    let [century, year, month, day] = numbers;
    days(century, year, month, day).ok_or(ValueError::NoSuch("the date"))
}

#[cold]
pub(super) fn any_time(text: &[u8; 8]) -> Result<u32> {
    let mut out = [0; 8];
    to_ascii(text, &mut out);
    let [h1, h2, separator, m1, m2, gap, s1, s2] = out;
    let bad = || misfit(TIME, first_odd(&out, &[2, 5]), TIME_PATTERN);
    let hour = pair(h1, h2).ok_or_else(bad)?;
    let minute = pair(m1, m2).ok_or_else(bad)?;
    match (separator, gap, s1, s2) {
        (b':', b' ', half @ (b'A' | b'P'), b'M') => {
            // 12:00 AM is the end of the day, 00:00 AM its start; 12:01 AM is one minute past it.
            let hour = match (hour, half) {
                (12, b'A') if minute == 0 => return Err(ValueError::EndOfDay),
                (12, b'A') => 0,
                (0, b'A') if minute == 0 => 0,
                (12, _) => 12,
                (1..=11, b'A') => hour,
                (1..=11, _) => hour + 12,
                _ => return Err(ValueError::NoSuch("the time")),
            };
            if minute > 59 {
                return Err(ValueError::NoSuch("the time"));
            }
            Ok(hour * 3600 + minute * 60)
        }
        (b':' | b'.', _, _, _) if gap == separator => {
            pair(s1, s2).ok_or_else(bad)?;
            Err(ValueError::NoSuch("the time"))
        }
        (b':' | b'.', ..) => Err(misfit(TIME, 5, TIME_PATTERN)),
        _ => Err(misfit(TIME, 2, TIME_PATTERN)),
    }
}

#[cold]
pub(super) fn any_timestamp(text: &[u8], pattern: &'static str) -> Result<Instant> {
    let mut out = [0; 48];
    let plain =
        to_ascii(text, &mut out).ok_or(ValueError::Length { what: TIMESTAMP, len: text.len() })?.trim_ascii_end();
    let short = ValueError::Length { what: TIMESTAMP, len: plain.len() };
    let (day, rest) = plain.split_first_chunk::<10>().ok_or(short)?;
    let (gap, rest) = rest.split_first().ok_or(short)?;
    let (time, rest) = rest.split_first_chunk::<8>().ok_or(short)?;
    if !matches!(gap, b'-' | b' ' | b'T') {
        return Err(misfit(TIMESTAMP, 10, pattern));
    }
    let days = date(day)?;
    let Some(seconds) = clock::<AsciiText>(time) else {
        return Err(match any_time(time) {
            Err(ValueError::Pattern { at, .. }) => misfit(TIMESTAMP, at + 11, pattern),
            Err(other) => other,
            Ok(_) => misfit(TIMESTAMP, 16, pattern),
        });
    };
    let mut fraction = 0;
    let digits = match rest.split_first() {
        None => 0,
        Some((b'.', digits)) if (1..=12).contains(&digits.len()) => {
            for (i, d) in digits.iter().enumerate() {
                if !d.is_ascii_digit() {
                    return Err(misfit(TIMESTAMP, 20 + i, pattern));
                }
                fraction = fraction * 10 + u64::from(d - b'0');
            }
            digits.len() as u8
        }
        Some((b'.', digits)) => return Err(misfit(TIMESTAMP, 20 + digits.len().min(12), pattern)),
        Some(_) => return Err(misfit(TIMESTAMP, 19, pattern)),
    };
    assemble(days, seconds, fraction, digits).ok_or(ValueError::NoSuch("the time"))
}

pub(super) fn misfit(what: ValueForm, at: usize, pattern: &'static str) -> ValueError {
    ValueError::Pattern { what, at, pattern }
}

/// The first place, separators aside, that holds no digit.
fn first_odd(text: &[u8], separators: &[usize]) -> usize {
    let odd = |(at, b): (usize, &u8)| (!separators.contains(&at) && !b.is_ascii_digit()).then_some(at);
    text.iter().enumerate().find_map(odd).or(separators.first().copied()).unwrap_or(0)
}

/// Every form of a timestamp with a zone, and what is wrong with one.
#[cold]
pub(super) fn any_timestamp_tz(text: &[u8]) -> Result<Instant> {
    let mut plain = [0; 48];
    let text =
        to_ascii(text, &mut plain).ok_or(ValueError::Length { what: TIMESTAMP, len: text.len() })?.trim_ascii_end();
    let Some((local, zone)) = text.split_last_chunk::<6>() else {
        return Err(ValueError::Length { what: TIMESTAMP, len: text.len() });
    };
    let bad = |at: usize| ValueError::Pattern { what: TIMESTAMP, at: local.len() + at, pattern: ZONE_PATTERN };
    let [sign, h1, h2, colon, m1, m2] = *zone;
    if !matches!(sign, b'+' | b'-') {
        return Err(bad(0));
    }
    if colon != b':' {
        return Err(bad(3));
    }
    let hours = pair(h1, h2).ok_or_else(|| bad(1))?;
    let minutes = pair(m1, m2).ok_or_else(|| bad(4))?;
    if hours > 24 || minutes > 59 {
        return Err(ValueError::NoSuch("the time zone"));
    }
    Ok(timestamp(local)?.without_offset(sign == b'-', hours * 3600 + minutes * 60))
}
