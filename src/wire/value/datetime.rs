//! DATE, TIME and TIMESTAMP, which travel as text, in ASCII or EBCDIC.
//!
//! A package decides the form of dates and times on IBM i and z/OS (STTDATFMT, STTTIMFMT), so the
//! form is taken from where the separators stand: `YYYY-MM-DD` (ISO, JIS), `MM/DD/YYYY` (USA),
//! `DD.MM.YYYY` (EUR); `HH.MM.SS`, `HH:MM:SS`, `HH:MM AM`. Timestamps are
//! `YYYY-MM-DD-HH.MM.SS[.f…]` with up to 12 digits, or with a blank or `T` between the halves, and
//! may be padded with blanks. The calendar is the proleptic Gregorian one, years 0001 to 9999.
//!
//! Ten or eight characters are checked and combined in one register; every form but ISO takes a
//! slower way.

use super::calendar::{DAY, days};
use super::error::{Result, ValueError, ValueForm};

const DATE: ValueForm = ValueForm::Date;
const TIME: ValueForm = ValueForm::Time;
const TIMESTAMP: ValueForm = ValueForm::Timestamp;
const DATE_PATTERN: &str = "YYYY-MM-DD, MM/DD/YYYY or DD.MM.YYYY";
const TIME_PATTERN: &str = "HH.MM.SS, HH:MM:SS or HH:MM AM";
const TIMESTAMP_PATTERN: &str = "YYYY-MM-DD-HH.MM.SS[.ffffff]";
const ZONE_PATTERN: &str = "+HH:MM or -HH:MM after a timestamp";

/// Powers of ten up to the twelve digits of a fraction.
#[allow(clippy::indexing_slicing)] // at compile time
pub const POWERS: [u64; 13] = {
    let mut powers = [1; 13];
    let mut i = 1;
    while i < 13 {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// A point in time as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant {
    /// Days since 1970-01-01. One more than [`LAST_DAY`](super::calendar::LAST_DAY) for 9999-12-31-24.00.00, the end of time
    /// of many an IBM i file.
    pub days: i32,
    /// Seconds of the day, below [`DAY`].
    pub seconds: u32,
    /// The fraction of a second as an integer of `digits` digits.
    pub fraction: u64,
    /// Digits of the fraction, 0 to 12.
    pub digits: u8,
}

/// The two alphabets that dates come in.
struct AsciiText;
struct Ebcdic;
trait Alphabet {
    const ZERO: u8;
    const DASH: u8;
    const DOT: u8;
    const COLON: u8;
}
impl Alphabet for AsciiText {
    const ZERO: u8 = b'0';
    const DASH: u8 = b'-';
    const DOT: u8 = b'.';
    const COLON: u8 = b':';
}
impl Alphabet for Ebcdic {
    const ZERO: u8 = 0xF0;
    const DASH: u8 = 0x60;
    const DOT: u8 = 0x4B;
    const COLON: u8 = 0x7A;
}

/// A DATE as days since 1970-01-01.
#[inline]
pub fn date(text: &[u8; 10]) -> Result<i32> {
    iso_date::<AsciiText>(text).or_else(|| iso_date::<Ebcdic>(text)).map_or_else(|| any_date(text), Ok)
}

/// A TIME as seconds of the day. 24:00:00 is [`ValueError::EndOfDay`].
#[inline]
pub fn time(text: &[u8; 8]) -> Result<u32> {
    match clock::<AsciiText>(text).or_else(|| clock::<Ebcdic>(text)) {
        Some(seconds) if seconds < DAY => Ok(seconds),
        Some(_) => Err(ValueError::EndOfDay),
        None => any_time(text),
    }
}

/// A TIMESTAMP.
#[inline]
pub fn timestamp(text: &[u8]) -> Result<Instant> {
    iso_timestamp::<AsciiText>(text)
        .or_else(|| iso_timestamp::<Ebcdic>(text))
        .map_or_else(|| any_timestamp(text, TIMESTAMP_PATTERN), Ok)
}

/// A TIMESTAMP WITH TIME ZONE, as the same point in UTC.
pub fn timestamp_tz(text: &[u8]) -> Result<Instant> {
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
    let mut instant = timestamp(local)?;
    let offset = i64::from(hours * 3600 + minutes * 60) * if sign == b'-' { -1 } else { 1 };
    let seconds = i64::from(instant.seconds) - offset;
    instant.days += seconds.div_euclid(i64::from(DAY)) as i32;
    instant.seconds = seconds.rem_euclid(i64::from(DAY)) as u32;
    Ok(instant)
}

impl Instant {
    /// Ticks of `10^-digits` seconds since 1970. `None` for more than 64 bits; the flag is true
    /// when digits that are not zero were cut off (downwards in time: the fraction is positive).
    #[inline]
    pub fn ticks(&self, digits: u8) -> Option<(i64, bool)> {
        let power = |n: u8| POWERS.get(usize::from(n)).copied().unwrap_or(u64::MAX);
        let (fraction, cut) = if digits >= self.digits {
            (self.fraction * power(digits - self.digits), false)
        } else {
            let excess = power(self.digits - digits);
            (self.fraction / excess, !self.fraction.is_multiple_of(excess))
        };
        let seconds = i64::from(self.days) * i64::from(DAY) + i64::from(self.seconds);
        let ticks = seconds.checked_mul(power(digits) as i64)?.checked_add(fraction as i64)?;
        Some((ticks, cut))
    }
}

const fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Four numbers of two digits from eight digits, in 16-bit lanes; `None` if one is not a digit.
#[inline]
fn pairs(word: u64, zero: u8) -> Option<u64> {
    let w = word ^ repeat(zero);
    if (w | w.wrapping_add(repeat(6))) & repeat(0xF0) != 0 {
        return None;
    }
    Some((w & 0x000F_000F_000F_000F) + 10 * ((w >> 8) & 0x000F_000F_000F_000F))
}

#[inline]
fn iso_date<A: Alphabet>(text: &[u8; 10]) -> Option<i32> {
    let [a, b, c, d, e, f, g, h, i, j] = *text;
    let head = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    if head & 0xFF00_00FF != u64::from_be_bytes([0, 0, 0, 0, A::DASH, 0, 0, A::DASH]) {
        return None;
    }
    // The dashes are squeezed out: YYYYMMDD.
    let word = (head & 0xFFFF_FFFF_0000_0000) | (head & 0x00FF_FF00) << 8 | u64::from(u16::from_be_bytes([i, j]));
    let lanes = pairs(word, A::ZERO)?;
    let lane = |n: u32| (lanes >> n) as u32 & 0xFF;
    days(lane(48), lane(32), lane(16), lane(0))
}

/// Seconds of `HH.MM.SS`; 24.00.00 gives [`DAY`].
#[inline]
fn clock<A: Alphabet>(text: &[u8; 8]) -> Option<u32> {
    let word = u64::from_be_bytes(*text);
    let separators = word & 0x0000_FF00_00FF_0000;
    let dots = u64::from_be_bytes([0, 0, A::DOT, 0, 0, A::DOT, 0, 0]);
    let colons = u64::from_be_bytes([0, 0, A::COLON, 0, 0, A::COLON, 0, 0]);
    if separators != dots && separators != colons {
        return None;
    }
    let zeros = u64::from(A::ZERO) << 8 | u64::from(A::ZERO);
    // 00HHMMSS without the separators, the upper two characters made zero digits.
    let squeezed = (word >> 16 & 0xFFFF_0000_0000) | (word >> 8 & 0xFFFF_0000) | (word & 0xFFFF) | zeros << 48;
    let lanes = pairs(squeezed, A::ZERO)?;
    let lane = |n: u32| (lanes >> n) as u32 & 0xFF;
    let (hour, minute, second) = (lane(32), lane(16), lane(0));
    let seconds = hour * 3600 + minute * 60 + second;
    (minute < 60 && second < 60 && seconds <= DAY).then_some(seconds)
}

#[inline]
fn iso_timestamp<A: Alphabet>(text: &[u8]) -> Option<Instant> {
    let (date, rest) = text.split_first_chunk::<10>()?;
    let (dash, rest) = rest.split_first()?;
    let (time, rest) = rest.split_first_chunk::<8>()?;
    if *dash != A::DASH {
        return None;
    }
    let (fraction, digits) = match rest.split_first() {
        None => (0, 0),
        Some((dot, digits)) if *dot == A::DOT && matches!(digits.len(), 1..=12) => {
            let low = tail8(text, digits.len().min(8), A::ZERO)?;
            let high = match digits.len().checked_sub(8) {
                Some(more @ 1..) => tail8(text.get(..text.len() - 8)?, more, A::ZERO)?,
                _ => 0,
            };
            (high * 100_000_000 + low, digits.len() as u8)
        }
        Some(_) => return None,
    };
    assemble(iso_date::<A>(date)?, clock::<A>(time)?, fraction, digits)
}

/// The last `n` (1 to 8) characters of a text of at least eight as a number.
#[inline]
fn tail8(text: &[u8], n: usize, zero: u8) -> Option<u64> {
    let word = u64::from_be_bytes(*text.last_chunk::<8>()?);
    let mask = u64::MAX >> (64 - 8 * n);
    let lanes = pairs((word & mask) | (repeat(zero) & !mask), zero)?;
    let quads = (lanes & 0x0000_00FF_0000_00FF) + 100 * (lanes >> 16 & 0x0000_00FF_0000_00FF);
    Some((quads & 0xFFFF) + 10_000 * (quads >> 32))
}

/// The end of a day is the start of the next one.
fn assemble(days: i32, seconds: u32, fraction: u64, digits: u8) -> Option<Instant> {
    if seconds < DAY {
        Some(Instant { days, seconds, fraction, digits })
    } else {
        (fraction == 0).then_some(Instant { days: days + 1, seconds: 0, fraction, digits })
    }
}

/// The characters that dates are made of, from EBCDIC if need be. `None` when `out` is too short.
pub(super) fn to_ascii<'a>(text: &[u8], out: &'a mut [u8]) -> Option<&'a [u8]> {
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

pub(super) fn pair(a: u8, b: u8) -> Option<u32> {
    (a.is_ascii_digit() && b.is_ascii_digit()).then(|| u32::from(a - b'0') * 10 + u32::from(b - b'0'))
}

/// Every form of a date, and what is wrong with one.
#[cold]
fn any_date(text: &[u8; 10]) -> Result<i32> {
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
fn any_time(text: &[u8; 8]) -> Result<u32> {
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
fn any_timestamp(text: &[u8], pattern: &'static str) -> Result<Instant> {
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

fn misfit(what: ValueForm, at: usize, pattern: &'static str) -> ValueError {
    ValueError::Pattern { what, at, pattern }
}

/// The first place, separators aside, that holds no digit.
fn first_odd(text: &[u8], separators: &[usize]) -> usize {
    let odd = |(at, b): (usize, &u8)| (!separators.contains(&at) && !b.is_ascii_digit()).then_some(at);
    text.iter().enumerate().find_map(odd).or(separators.first().copied()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::calendar::{FIRST_DAY, LAST_DAY};
    use super::super::datetext::{put_date, put_timestamp};
    use super::*;
    use crate::wire::ccsid::codec::Codec;
    use proptest::prelude::*;

    fn d(text: &str) -> Result<i32> {
        date(text.as_bytes().first_chunk().unwrap())
    }

    fn t(text: &str) -> Result<u32> {
        time(text.as_bytes().first_chunk().unwrap())
    }

    fn us(text: &str) -> Option<i64> {
        timestamp(text.as_bytes()).unwrap().ticks(6).filter(|(_, cut)| !cut).map(|(ticks, _)| ticks)
    }

    fn ebcdic(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        Codec::new(500).unwrap().encode(text, &mut out).unwrap();
        out
    }

    #[test]
    fn dates_in_three_forms() {
        for (text, days) in
            [("0001-01-01", FIRST_DAY), ("9999-12-31", LAST_DAY), ("1970-01-01", 0), ("2024-02-29", 19782)]
        {
            assert_eq!(d(text), Ok(days), "{text}");
            assert_eq!(date(ebcdic(text).first_chunk().unwrap()), Ok(days), "{text}");
        }
        assert_eq!(d("02/29/2024"), Ok(19782));
        assert_eq!(d("29.02.2024"), Ok(19782));
        assert_eq!(date(ebcdic("02/29/2024").first_chunk().unwrap()), Ok(19782));
    }

    #[test]
    fn dates_that_do_not_exist() {
        for text in [
            "2023-02-29",
            "2023-02-30",
            "1900-02-29",
            "2024-04-31",
            "0000-01-01",
            "2024-13-01",
            "2024-00-10",
            "2024-01-00",
            "30.02.2024",
            "2024-08-32",
        ] {
            assert_eq!(d(text), Err(ValueError::NoSuch("the date")), "{text}");
        }
        for (text, at) in
            [("2024_02-29", 4), ("2024-02/29", 7), ("20x4-02-29", 2), ("2024-02-2 ", 9), ("          ", 0)]
        {
            assert_eq!(d(text), Err(misfit(DATE, at, DATE_PATTERN)), "{text}");
        }
    }

    #[test]
    fn times() {
        assert_eq!(t("23.59.58"), Ok(86398));
        assert_eq!(t("00:00:00"), Ok(0));
        assert_eq!(time(ebcdic("13.14.15").first_chunk().unwrap()), Ok(47655));
        assert_eq!(t("24:00:00"), Err(ValueError::EndOfDay));
        assert_eq!(t("12:01 AM"), Ok(60));
        assert_eq!(t("12:30 PM"), Ok(45000));
        assert_eq!(t("11:59 PM"), Ok(86340));
        assert_eq!(t("12:00 AM"), Err(ValueError::EndOfDay));
        for text in ["24.00.01", "25:00:00", "12:60:00", "12.00.60", "13:00 PM"] {
            assert_eq!(t(text), Err(ValueError::NoSuch("the time")), "{text}");
        }
        for (text, at) in [("12-00-00", 2), ("12:00.00", 5), ("1x:00:00", 1), ("12:00:0 ", 7)] {
            assert_eq!(t(text), Err(misfit(TIME, at, TIME_PATTERN)), "{text}");
        }
    }

    #[test]
    fn timestamps() {
        assert_eq!(us("1970-01-01-00.00.00"), Some(0));
        assert_eq!(us("1970-01-01-00.00.01.5"), Some(1_500_000));
        assert_eq!(us("1969-12-31-23.59.59.999999"), Some(-1));
        assert_eq!(us("1970-01-01-00.00.00.000001000000"), Some(1));
        assert_eq!(us("1970-01-01-00.00.00.000001000001"), None);
        assert_eq!(us("2024-02-29 01:02:03.000004   "), us("2024-02-29-01.02.03.000004"));
        assert_eq!(us("2024-02-28-24.00.00.000000"), us("2024-02-29-00.00.00"));
        assert_eq!(timestamp(b"9999-12-31-24.00.00.000000").unwrap().days, LAST_DAY + 1);
        let nine = timestamp(&ebcdic("2024-02-29-01.02.03.123456789")).unwrap();
        assert_eq!(nine, Instant { days: 19782, seconds: 3723, fraction: 123_456_789, digits: 9 });
        assert_eq!(timestamp(&ebcdic("2024-02-29-01.02.03.12  ")).unwrap().fraction, 12);
        assert_eq!(timestamp(b"2024-02-29-01.02.03.123456789012").unwrap().fraction, 123_456_789_012);
        assert_eq!(timestamp(b"9999-12-31-23.59.59.999999").unwrap().ticks(9), None);
    }

    #[test]
    fn bad_timestamps_name_their_byte() {
        for (text, at) in [
            ("2024-02-29x01.02.03", 10),
            ("2024-02-29-01-02.03", 13),
            ("2024-02-29-01.02.0x", 18),
            ("2024-02-29-01.02.03,1", 19),
            ("2024-02-29-01.02.03.", 20),
            ("2024-02-29-01.02.03.12x", 22),
            ("2024-02-29-01.02.03.1234567890123", 32),
        ] {
            assert_eq!(timestamp(text.as_bytes()), Err(misfit(TIMESTAMP, at, TIMESTAMP_PATTERN)), "{text}");
        }
        assert_eq!(timestamp(b"2024-02-29"), Err(ValueError::Length { what: TIMESTAMP, len: 10 }));
        assert_eq!(timestamp(b"2024-02-29-24.00.00.1"), Err(ValueError::NoSuch("the time")));
        assert_eq!(timestamp(b"2023-02-29-00.00.00"), Err(ValueError::NoSuch("the date")));
    }

    #[test]
    fn zones_are_taken_off() {
        let tz = |text: &str| timestamp_tz(text.as_bytes()).and_then(|i| i.ticks(6).ok_or(ValueError::EndOfDay));
        assert_eq!(tz("1970-01-01-02.00.00.000001+02:00"), Ok((1, false)));
        assert_eq!(tz("1969-12-31-18:30:00.000000-05:30"), Ok((0, false)));
        assert_eq!(tz("1970-01-01-00.00.00+00:00"), Ok((0, false)));
        assert_eq!(timestamp_tz(&ebcdic("1970-01-01-02.00.00+02:00")).unwrap().seconds, 0);
        assert!(tz("1970-01-01-00.00.00 00:00").is_err());
        assert!(tz("1970-01-01-00.00.00+00:60").is_err());
        assert!(tz("1970-01-01-00.00.00").is_err());
    }

    #[test]
    fn every_day_survives() {
        let mut text = Vec::new();
        for days in FIRST_DAY..=LAST_DAY {
            text.clear();
            put_date(days, &mut text).unwrap();
            assert_eq!(date(text.first_chunk().unwrap()), Ok(days));
        }
        assert!(put_date(LAST_DAY + 1, &mut text).is_err());
        assert!(put_date(FIRST_DAY - 1, &mut text).is_err());
    }

    proptest! {
        #[test]
        fn every_timestamp_survives(days in FIRST_DAY..=LAST_DAY, seconds in 0..DAY, seed: u64, digits in 0u8..=12) {
            let instant = Instant { days, seconds, fraction: seed % POWERS[usize::from(digits)], digits };
            let mut text = Vec::new();
            put_timestamp(&instant, digits, &mut text).unwrap();
            prop_assert_eq!(timestamp(&text), Ok(instant));
            prop_assert_eq!(timestamp(&ebcdic(std::str::from_utf8(&text).unwrap())), Ok(instant));
            text.extend_from_slice(b"+00:00");
            prop_assert_eq!(timestamp_tz(&text), Ok(instant));
        }

        #[test]
        fn any_bytes_are_a_time_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
            let _ = timestamp(&bytes);
            let _ = timestamp_tz(&bytes);
            if let Some(ten) = bytes.first_chunk() { let _ = date(ten); }
            if let Some(eight) = bytes.first_chunk() { let _ = time(eight); }
        }
    }
}
