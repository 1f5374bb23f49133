//! The forms that dates and times of record formats have (DDS: DATFMT, DATSEP, TIMFMT, TIMSEP). Those
//! with a year of two digits mean 1940 to 2039. Which of day, month and year comes first is said by the
//! form and never guessed; which of the separators stands between them does not matter to a reader.

use super::calendar::{self, civil, days};
use super::datetext::{self, put_number};
use super::datetime::{self, pair, pairs, to_ascii};
use super::error::{Result, ValueError, ValueForm};

const DATE: ValueForm = ValueForm::Date;
const TIME: ValueForm = ValueForm::Time;

/// DATFMT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DateForm {
    /// `YYYY-MM-DD`.
    #[default]
    Iso,
    /// `MM/DD/YYYY`.
    Usa,
    /// `DD.MM.YYYY`.
    Eur,
    /// `YYYY-MM-DD`.
    Jis,
    /// `YY/MM/DD`.
    Ymd,
    /// `DD/MM/YY`.
    Dmy,
    /// `MM/DD/YY`.
    Mdy,
    /// `YY/DDD`.
    Jul,
}

/// TIMFMT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeForm {
    /// `HH.MM.SS`.
    #[default]
    Iso,
    /// `HH:MM AM`.
    Usa,
    /// `HH.MM.SS`.
    Eur,
    /// `HH:MM:SS`.
    Jis,
    /// `HH:MM:SS` with a separator of choice.
    Hms,
}

impl DateForm {
    /// From its keyword, `*ISO`.
    pub fn from_keyword(word: &str) -> Option<Self> {
        Some(match word {
            "*ISO" | "" => DateForm::Iso,
            "*USA" => DateForm::Usa,
            "*EUR" => DateForm::Eur,
            "*JIS" => DateForm::Jis,
            "*YMD" => DateForm::Ymd,
            "*DMY" => DateForm::Dmy,
            "*MDY" => DateForm::Mdy,
            "*JUL" => DateForm::Jul,
            _ => return None,
        })
    }

    /// The keyword.
    pub fn keyword(self) -> &'static str {
        match self {
            DateForm::Iso => "*ISO",
            DateForm::Usa => "*USA",
            DateForm::Eur => "*EUR",
            DateForm::Jis => "*JIS",
            DateForm::Ymd => "*YMD",
            DateForm::Dmy => "*DMY",
            DateForm::Mdy => "*MDY",
            DateForm::Jul => "*JUL",
        }
    }

    /// Characters.
    pub fn width(self) -> u32 {
        match self {
            DateForm::Iso | DateForm::Usa | DateForm::Eur | DateForm::Jis => 10,
            DateForm::Ymd | DateForm::Dmy | DateForm::Mdy => 8,
            DateForm::Jul => 6,
        }
    }

    /// The separator unless another one is chosen.
    pub fn separator(self) -> u8 {
        match self {
            DateForm::Iso | DateForm::Jis => b'-',
            DateForm::Eur => b'.',
            _ => b'/',
        }
    }

    /// Text in ASCII or EBCDIC as days since 1970-01-01.
    pub fn read(self, text: &[u8]) -> Result<i32> {
        let length = ValueError::Length { what: DATE, len: text.len() };
        if self.width() == 10 {
            return datetime::date(text.first_chunk().filter(|_| text.len() == 10).ok_or(length)?);
        }
        self.quick(text).map_or_else(|| self.careful(text), Ok)
    }

    /// A year of two digits, all digits in one register.
    #[inline]
    fn quick(self, text: &[u8]) -> Option<i32> {
        let (zero, separators) = alphabet(*text.first()?);
        let digits = |digits: [u8; 6]| {
            let [a, b, c, d, e, f] = digits;
            let numbers = pairs(u64::from_be_bytes([zero, zero, a, b, c, d, e, f]), zero)?;
            let number = |n: u32| (numbers >> n) as u32 & 0xFF;
            Some((number(32), number(16), number(0)))
        };
        if let &[a, b, separator, c, d, e] = text {
            let (year, hundreds, ones) = digits([a, b, zero, c, d, e]).filter(|_| self == DateForm::Jul)?;
            let (century, year) = full(year);
            let start = days(century, year, 1, 1).filter(|_| separators.contains(&separator))?;
            let (day, length) = (hundreds * 100 + ones, if year % 4 == 0 { 366 } else { 365 });
            return (1..=length).contains(&day).then(|| start + day.cast_signed() - 1);
        }
        let &[a, b, separator, c, d, other, e, f] = text else { return None };
        if separator != other || !separators.contains(&separator) {
            return None;
        }
        let (first, second, third) = digits([a, b, c, d, e, f])?;
        let (year, month, day) = match self {
            DateForm::Ymd => (first, second, third),
            DateForm::Dmy => (third, second, first),
            DateForm::Mdy => (third, first, second),
            _ => return None,
        };
        let (century, year) = full(year);
        days(century, year, month, day)
    }

    /// One character after the other, which says what is wrong.
    #[cold]
    fn careful(self, text: &[u8]) -> Result<i32> {
        let length = ValueError::Length { what: DATE, len: text.len() };
        let mut out = [0; 8];
        let plain = to_ascii(text, &mut out).filter(|t| t.len() == self.width() as usize).ok_or(length)?;
        let bad = |at| ValueError::Pattern { what: DATE, at, pattern: self.pattern() };
        let number = |at: usize| match plain.get(at..at + 2) {
            Some(&[a, b]) => pair(a, b).ok_or_else(|| bad(at)),
            _ => Err(bad(at)),
        };
        let between = |at: usize| plain.get(at).copied().filter(|b| is_separator(*b)).ok_or_else(|| bad(at));
        let first = between(2)?;
        let no_such = ValueError::NoSuch("the date");
        if self == DateForm::Jul {
            let (year, tens, last) = (number(0)?, number(3)?, plain.get(5).copied().unwrap_or(0));
            if !last.is_ascii_digit() {
                return Err(bad(5));
            }
            let day = tens * 10 + u32::from(last - b'0');
            let (century, year) = full(year);
            let start = days(century, year, 1, 1).ok_or(no_such)?;
            let length = if year % 4 == 0 { 366 } else { 365 };
            return if (1..=length).contains(&day) { Ok(start + day.cast_signed() - 1) } else { Err(no_such) };
        }
        if between(5)? != first {
            return Err(bad(5));
        }
        let [a, b, c] = [number(0)?, number(3)?, number(6)?];
        let (year, month, day) = match self {
            DateForm::Dmy => (c, b, a),
            DateForm::Mdy => (c, a, b),
            _ => (a, b, c),
        };
        let (century, year) = full(year);
        days(century, year, month, day).ok_or(no_such)
    }

    /// Appends days since 1970-01-01 as ASCII text with the separator given.
    pub fn put(self, value: i32, separator: u8, out: &mut Vec<u8>) -> Result<()> {
        if matches!(self, DateForm::Iso | DateForm::Jis) {
            return datetext::put_date(value, out);
        }
        if !(calendar::FIRST_DAY..=calendar::LAST_DAY).contains(&value) {
            return Err(ValueError::Range("a DATE before 0001-01-01 or after 9999-12-31"));
        }
        let (year, month, day) = civil(value);
        if self.width() < 10 && !(1940..=2039).contains(&year) {
            return Err(ValueError::Range("a DATE before 1940 or after 2039 in a form with a year of two digits"));
        }
        let (year2, year4) = ((year % 100, 2), (year, 4));
        let (month2, day2) = ((month, 2), (day, 2));
        let parts: [(u32, usize); 3] = match self {
            DateForm::Usa => [month2, day2, year4],
            DateForm::Eur => [day2, month2, year4],
            DateForm::Dmy => [day2, month2, year2],
            DateForm::Mdy => [month2, day2, year2],
            DateForm::Jul => {
                let start = days(year / 100, year % 100, 1, 1).unwrap_or(value);
                put_number(u64::from(year % 100), 2, out);
                out.push(separator);
                put_number(u64::from((value - start + 1).unsigned_abs()), 3, out);
                return Ok(());
            }
            _ => [year2, month2, day2],
        };
        for (n, (number, width)) in parts.into_iter().enumerate() {
            if n > 0 {
                out.push(separator);
            }
            put_number(u64::from(number), width, out);
        }
        Ok(())
    }

    /// The text of a day in an alphabet with this zero and this separator, from the left; `None` where it has none.
    #[inline]
    pub fn text(self, value: i32, zero: u8, separator: u8) -> Option<[u8; 10]> {
        if self == DateForm::Jul {
            return julian(value, zero, separator);
        }
        if !(calendar::FIRST_DAY..=calendar::LAST_DAY).contains(&value) {
            return None;
        }
        let (year, month, day) = civil(value);
        if self.width() < 10 && !(1940..=2039).contains(&year) {
            return None;
        }
        let two = |n: u32| [zero + (n / 10) as u8, zero + (n % 10) as u8];
        let ([c1, c2], [y1, y2]) = (two(year / 100), two(year % 100));
        let ([m1, m2], [d1, d2]) = (two(month), two(day));
        let s = separator;
        Some(match self {
            DateForm::Iso | DateForm::Jis => [c1, c2, y1, y2, s, m1, m2, s, d1, d2],
            DateForm::Usa => [m1, m2, s, d1, d2, s, c1, c2, y1, y2],
            DateForm::Eur => [d1, d2, s, m1, m2, s, c1, c2, y1, y2],
            DateForm::Ymd => [y1, y2, s, m1, m2, s, d1, d2, 0, 0],
            DateForm::Dmy => [d1, d2, s, m1, m2, s, y1, y2, 0, 0],
            DateForm::Mdy => [m1, m2, s, d1, d2, s, y1, y2, 0, 0],
            // Written above.
            DateForm::Jul => return None,
        })
    }

    fn pattern(self) -> &'static str {
        match self {
            DateForm::Ymd => "YY/MM/DD",
            DateForm::Dmy => "DD/MM/YY",
            DateForm::Mdy => "MM/DD/YY",
            DateForm::Jul => "YY/DDD",
            _ => "YYYY-MM-DD, MM/DD/YYYY or DD.MM.YYYY",
        }
    }
}

/// 1940-01-01, and the days from there to the end of 2039, every fourth year of which is a leap year, from the first one.
const FIRST_OF_1940: i32 = -10_958;
const HUNDRED_YEARS: u32 = 36_525;
const FOUR_YEARS: u32 = 1461;

/// `YY/DDD`, from the left.
#[inline]
fn julian(value: i32, zero: u8, separator: u8) -> Option<[u8; 10]> {
    let since = value.wrapping_sub(FIRST_OF_1940).cast_unsigned();
    if since >= HUNDRED_YEARS {
        return None;
    }
    let year = 4 * since / FOUR_YEARS;
    let day = since - (FOUR_YEARS * year).div_ceil(4) + 1;
    let (year, hundreds) = (if year < 60 { year + 40 } else { year - 60 }, day / 100);
    let rest = day - 100 * hundreds;
    let digit = |n: u32| zero + n as u8;
    let (tens, ones) = (rest / 10, rest % 10);
    Some([digit(year / 10), digit(year % 10), separator, digit(hundreds), digit(tens), digit(ones), 0, 0, 0, 0])
}

impl TimeForm {
    /// From its keyword, `*ISO`.
    pub fn from_keyword(word: &str) -> Option<Self> {
        Some(match word {
            "*ISO" | "" => TimeForm::Iso,
            "*USA" => TimeForm::Usa,
            "*EUR" => TimeForm::Eur,
            "*JIS" => TimeForm::Jis,
            "*HMS" => TimeForm::Hms,
            _ => return None,
        })
    }

    /// The keyword.
    pub fn keyword(self) -> &'static str {
        match self {
            TimeForm::Iso => "*ISO",
            TimeForm::Usa => "*USA",
            TimeForm::Eur => "*EUR",
            TimeForm::Jis => "*JIS",
            TimeForm::Hms => "*HMS",
        }
    }

    /// The separator unless another one is chosen.
    pub fn separator(self) -> u8 {
        match self {
            TimeForm::Iso | TimeForm::Eur => b'.',
            _ => b':',
        }
    }

    /// Text in ASCII or EBCDIC as seconds of the day.
    pub fn read(self, text: &[u8]) -> Result<u32> {
        let cell: &[u8; 8] = text.try_into().map_err(|_| ValueError::Length { what: TIME, len: text.len() })?;
        if self != TimeForm::Hms {
            return datetime::time(cell);
        }
        quick_time(cell).map_or_else(|| careful_time(cell), Ok)
    }

    /// Appends seconds of the day as ASCII text with the separator given.
    pub fn put(self, seconds: u32, separator: u8, out: &mut Vec<u8>) -> Result<()> {
        if self != TimeForm::Usa {
            return datetext::put_time(seconds, separator, out);
        }
        if seconds >= calendar::DAY {
            return Err(ValueError::Range("a time of day"));
        }
        if !seconds.is_multiple_of(60) {
            return Err(ValueError::Inexact("the seconds in the form HH:MM AM"));
        }
        let (hour, shown) = TimeForm::twelve_hours(seconds);
        let minute = seconds / 60 % 60;
        put_number(u64::from(shown), 2, out);
        out.push(b':');
        put_number(u64::from(minute), 2, out);
        out.extend_from_slice(if hour < 12 { b" AM" } else { b" PM" });
        Ok(())
    }
}

impl TimeForm {
    /// The hour of a second of the day, and the hour that `HH:MM AM` shows.
    #[inline]
    pub fn twelve_hours(seconds: u32) -> (u32, u32) {
        let (hour, minute) = (seconds / 3600, seconds / 60 % 60);
        // The first minute of the day is 00:00 AM, since 12:00 AM is its end.
        let shown = match hour {
            0 if minute == 0 => 0,
            0 => 12,
            13.. => hour - 12,
            _ => hour,
        };
        (hour, shown)
    }
}

/// `HH:MM:SS` with any separator, all digits in one register.
#[inline]
fn quick_time(text: &[u8; 8]) -> Option<u32> {
    let [a, b, separator, c, d, other, e, f] = *text;
    let (zero, separators) = alphabet(a);
    if separator != other || !separators.contains(&separator) {
        return None;
    }
    let numbers = pairs(u64::from_be_bytes([zero, zero, a, b, c, d, e, f]), zero)?;
    let number = |n: u32| (numbers >> n) as u32 & 0xFF;
    let (hour, minute, second) = (number(32), number(16), number(0));
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

/// One character after the other.
#[cold]
fn careful_time(text: &[u8; 8]) -> Result<u32> {
    let mut out = [0; 8];
    to_ascii(text, &mut out);
    if is_separator(out[2]) && out[2] == out[5] {
        (out[2], out[5]) = (b':', b':');
    }
    datetime::time(&out)
}

/// Digit zero and the separators of the alphabet of a digit.
#[inline]
fn alphabet(digit: u8) -> (u8, [u8; 6]) {
    match digit {
        0xF0.. => (0xF0, EBCDIC_SEPARATORS),
        _ => (b'0', SEPARATORS),
    }
}

/// Century and year of a year of two digits.
fn full(year: u32) -> (u32, u32) {
    (if year < 40 { 20 } else { 19 }, year)
}

const SEPARATORS: [u8; 6] = *b"/-.,: ";
/// The same in EBCDIC.
const EBCDIC_SEPARATORS: [u8; 6] = [0x61, 0x60, 0x4B, 0x6B, 0x7A, 0x40];

fn is_separator(byte: u8) -> bool {
    SEPARATORS.contains(&byte)
}

#[cfg(test)]
mod tests;
