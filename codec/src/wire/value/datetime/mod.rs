//! DATE, TIME and TIMESTAMP, which travel as text, in ASCII or EBCDIC.
//!
//! A package decides the form of dates and times on IBM i and z/OS (STTDATFMT, STTTIMFMT), so the
//! form is taken from where the separators stand: `YYYY-MM-DD` (ISO, JIS), `MM/DD/YYYY` (USA),
//! `DD.MM.YYYY` (EUR); `HH.MM.SS`, `HH:MM:SS`, `HH:MM AM`. Timestamps are
//! `YYYY-MM-DD-HH.MM.SS[.f…]` with up to 12 digits, or with a blank or `T` between the halves, and
//! may be padded with blanks. The calendar is the proleptic Gregorian one, years 0001 to 9999.
//!
//! Ten or eight characters are checked and combined in one register. Whatever does not look right there is looked at
//! one character after the other, which also says what is wrong (`careful.rs`).

mod careful;

pub(super) use careful::{pair, to_ascii};

use self::careful::{any_date, any_time, any_timestamp, any_timestamp_tz};
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
    const SLASH: u8;
    const PLUS: u8;
    const BLANK: u8;
    const A: u8;
    const P: u8;
    const M: u8;
    const T: u8;
}
impl Alphabet for AsciiText {
    const ZERO: u8 = b'0';
    const DASH: u8 = b'-';
    const DOT: u8 = b'.';
    const COLON: u8 = b':';
    const SLASH: u8 = b'/';
    const PLUS: u8 = b'+';
    const BLANK: u8 = b' ';
    const A: u8 = b'A';
    const P: u8 = b'P';
    const M: u8 = b'M';
    const T: u8 = b'T';
}
impl Alphabet for Ebcdic {
    const ZERO: u8 = 0xF0;
    const DASH: u8 = 0x60;
    const DOT: u8 = 0x4B;
    const COLON: u8 = 0x7A;
    const SLASH: u8 = 0x61;
    const PLUS: u8 = 0x4E;
    const BLANK: u8 = 0x40;
    const A: u8 = 0xC1;
    const P: u8 = 0xD7;
    const M: u8 = 0xD4;
    const T: u8 = 0xE3;
}

/// A DATE as days since 1970-01-01.
#[inline]
pub fn date(text: &[u8; 10]) -> Result<i32> {
    iso_date::<AsciiText>(text)
        .or_else(|| iso_date::<Ebcdic>(text))
        .or_else(|| local_date::<AsciiText>(text))
        .or_else(|| local_date::<Ebcdic>(text))
        .map_or_else(|| any_date(text), Ok)
}

/// A TIME as seconds of the day. 24:00:00 is [`ValueError::EndOfDay`].
#[inline]
pub fn time(text: &[u8; 8]) -> Result<u32> {
    match clock::<AsciiText>(text).or_else(|| clock::<Ebcdic>(text)) {
        Some(seconds) if seconds < DAY => Ok(seconds),
        Some(_) => Err(ValueError::EndOfDay),
        None => half_day::<AsciiText>(text).or_else(|| half_day::<Ebcdic>(text)).map_or_else(|| any_time(text), Ok),
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
#[inline]
pub fn timestamp_tz(text: &[u8]) -> Result<Instant> {
    zoned_timestamp::<AsciiText>(text)
        .or_else(|| zoned_timestamp::<Ebcdic>(text))
        .map_or_else(|| any_timestamp_tz(text), Ok)
}

impl Instant {
    /// The same point in UTC, from a time this many seconds before or after it.
    #[inline]
    fn without_offset(mut self, before: bool, offset: u32) -> Instant {
        let offset = i64::from(offset) * if before { -1 } else { 1 };
        let seconds = i64::from(self.seconds) - offset;
        self.days += seconds.div_euclid(i64::from(DAY)) as i32;
        self.seconds = seconds.rem_euclid(i64::from(DAY)) as u32;
        self
    }

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

/// Four numbers of two digits from eight digits, in sixteen bits each; `None` if one is not a digit.
#[inline]
pub(super) fn pairs(word: u64, zero: u8) -> Option<u64> {
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
    let numbers = pairs(word, A::ZERO)?;
    let number = |n: u32| (numbers >> n) as u32 & 0xFF;
    days(number(48), number(32), number(16), number(0))
}

/// `MM/DD/YYYY` and `DD.MM.YYYY`.
#[inline]
fn local_date<A: Alphabet>(text: &[u8; 10]) -> Option<i32> {
    let [a, b, c, d, e, f, g, h, i, j] = *text;
    let (month, day) = match (c, f) {
        (slash, other) if slash == A::SLASH && other == A::SLASH => ([a, b], [d, e]),
        (dot, other) if dot == A::DOT && other == A::DOT => ([d, e], [a, b]),
        _ => return None,
    };
    let ([m, n], [k, l]) = (month, day);
    let numbers = pairs(u64::from_be_bytes([g, h, i, j, m, n, k, l]), A::ZERO)?;
    let number = |n: u32| (numbers >> n) as u32 & 0xFF;
    days(number(48), number(32), number(16), number(0))
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
    let numbers = pairs(squeezed, A::ZERO)?;
    let number = |n: u32| (numbers >> n) as u32 & 0xFF;
    let (hour, minute, second) = (number(32), number(16), number(0));
    let seconds = hour * 3600 + minute * 60 + second;
    (minute < 60 && second < 60 && seconds <= DAY).then_some(seconds)
}

/// Seconds of `HH:MM AM`, but for 12:00 AM, which is the end of the day.
#[inline]
fn half_day<A: Alphabet>(text: &[u8; 8]) -> Option<u32> {
    let [h1, h2, colon, m1, m2, blank, half, m] = *text;
    let afternoon = half == A::P;
    if colon != A::COLON || blank != A::BLANK || m != A::M || half != A::A && !afternoon {
        return None;
    }
    let zero = A::ZERO;
    let numbers = pairs(u64::from_be_bytes([zero, zero, zero, zero, h1, h2, m1, m2]), zero)?;
    let (hour, minute) = ((numbers >> 16) as u32 & 0xFF, numbers as u32 & 0xFF);
    let known = match hour {
        0 => minute == 0 && !afternoon,
        1..=11 => true,
        12 => minute > 0 || afternoon,
        _ => false,
    };
    (known && minute < 60).then_some((hour % 12 + if afternoon { 12 } else { 0 }) * 3600 + minute * 60)
}

#[inline]
fn iso_timestamp<A: Alphabet>(text: &[u8]) -> Option<Instant> {
    let (date, rest) = text.split_first_chunk::<10>()?;
    let (gap, rest) = rest.split_first()?;
    let (time, rest) = rest.split_first_chunk::<8>()?;
    if *gap != A::DASH && *gap != A::BLANK && *gap != A::T {
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

/// A timestamp and its zone `+HH:MM`.
#[inline]
fn zoned_timestamp<A: Alphabet>(text: &[u8]) -> Option<Instant> {
    let (local, zone) = text.split_last_chunk::<6>()?;
    let [sign, h1, h2, colon, m1, m2] = *zone;
    if colon != A::COLON || sign != A::PLUS && sign != A::DASH {
        return None;
    }
    let zero = A::ZERO;
    let numbers = pairs(u64::from_be_bytes([zero, zero, zero, zero, h1, h2, m1, m2]), zero)?;
    let (hours, minutes) = ((numbers >> 16) as u32 & 0xFF, numbers as u32 & 0xFF);
    if hours > 24 || minutes > 59 {
        return None;
    }
    Some(iso_timestamp::<A>(local)?.without_offset(sign == A::DASH, hours * 3600 + minutes * 60))
}

/// The last `n` (1 to 8) characters of a text of at least eight as a number.
#[inline]
fn tail8(text: &[u8], n: usize, zero: u8) -> Option<u64> {
    let word = u64::from_be_bytes(*text.last_chunk::<8>()?);
    let mask = u64::MAX >> (64 - 8 * n);
    let numbers = pairs((word & mask) | (repeat(zero) & !mask), zero)?;
    let quads = (numbers & 0x0000_00FF_0000_00FF) + 100 * (numbers >> 16 & 0x0000_00FF_0000_00FF);
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

#[cfg(test)]
mod tests;
