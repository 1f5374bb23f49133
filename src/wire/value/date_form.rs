//! The forms that dates and times of record formats have (DDS: DATFMT, DATSEP, TIMFMT, TIMSEP). Those
//! with a year of two digits mean 1940 to 2039. Which of day, month and year comes first is said by the
//! form and never guessed; which of the separators stands between them does not matter to a reader.

use super::calendar::{self, civil, days};
use super::datetext::{self, put_number};
use super::datetime::{self, pair, to_ascii};
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
        let mut out = [0; 8];
        to_ascii(text, &mut out);
        if is_separator(out[2]) && out[2] == out[5] {
            (out[2], out[5]) = (b':', b':');
        }
        datetime::time(&out)
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
        let (hour, minute) = (seconds / 3600, seconds / 60 % 60);
        // The first minute of the day is 00:00 AM, since 12:00 AM is its end.
        let shown = match hour {
            0 if minute == 0 => 0,
            0 => 12,
            13.. => hour - 12,
            _ => hour,
        };
        put_number(u64::from(shown), 2, out);
        out.push(b':');
        put_number(u64::from(minute), 2, out);
        out.extend_from_slice(if hour < 12 { b" AM" } else { b" PM" });
        Ok(())
    }
}

/// Century and year of a year of two digits.
fn full(year: u32) -> (u32, u32) {
    (if year < 40 { 20 } else { 19 }, year)
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'/' | b'-' | b'.' | b',' | b':' | b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ccsid::codec::Codec;
    use proptest::prelude::*;

    const FORMS: [DateForm; 8] = [
        DateForm::Iso,
        DateForm::Usa,
        DateForm::Eur,
        DateForm::Jis,
        DateForm::Ymd,
        DateForm::Dmy,
        DateForm::Mdy,
        DateForm::Jul,
    ];

    #[test]
    fn one_day_in_every_form() {
        let day = datetime::date(b"2024-02-29").unwrap();
        for (form, text) in FORMS.into_iter().zip([
            "2024-02-29",
            "02/29/2024",
            "29.02.2024",
            "2024-02-29",
            "24/02/29",
            "29/02/24",
            "02/29/24",
            "24/060",
        ]) {
            assert_eq!(form.read(text.as_bytes()), Ok(day), "{form:?}");
            let mut ebcdic = Vec::new();
            Codec::new(37).unwrap().encode(text, &mut ebcdic).unwrap();
            assert_eq!(form.read(&ebcdic), Ok(day), "{form:?}");
            let mut out = Vec::new();
            form.put(day, form.separator(), &mut out).unwrap();
            assert_eq!(out, text.as_bytes());
            assert_eq!(DateForm::from_keyword(form.keyword()), Some(form));
        }
        assert_eq!(DateForm::Ymd.read(b"24,02,29"), Ok(day));
        assert_eq!(DateForm::Ymd.read(&[0xF2, 0xF4, 0x6B, 0xF0, 0xF2, 0x6B, 0xF2, 0xF9]), Ok(day));
    }

    #[test]
    fn what_is_no_date_is_named() {
        for bad in ["24/02-29", "24x02x29", "2A/02/29", "24/02/30", "23/02/29", "24/13/01", "24/02/2", "        "] {
            assert!(DateForm::Ymd.read(bad.as_bytes()).is_err(), "{bad}");
        }
        for bad in ["24/000", "24/367", "23/366", "24/0A1", "24006"] {
            assert!(DateForm::Jul.read(bad.as_bytes()).is_err(), "{bad}");
        }
        for edge in [[0x00; 8], [0xFF; 8], [0x40; 8]] {
            assert!(DateForm::Mdy.read(&edge).is_err());
        }
        let mut out = Vec::new();
        assert!(DateForm::Ymd.put(datetime::date(b"1939-12-31").unwrap(), b'/', &mut out).is_err());
        assert!(DateForm::Usa.put(i32::MAX, b'/', &mut out).is_err());
        assert!(out.is_empty());
    }

    #[test]
    fn times_in_every_form() {
        for (form, separator, text) in [
            (TimeForm::Iso, b'.', "23.59.58"),
            (TimeForm::Eur, b'.', "23.59.58"),
            (TimeForm::Jis, b':', "23:59:58"),
            (TimeForm::Hms, b',', "23,59,58"),
            (TimeForm::Hms, b' ', "23 59 58"),
        ] {
            let mut out = Vec::new();
            form.put(86_398, separator, &mut out).unwrap();
            assert_eq!(out, text.as_bytes());
            assert_eq!(form.read(&out), Ok(86_398));
        }
        for minute in 0..1440 {
            let mut out = Vec::new();
            TimeForm::Usa.put(minute * 60, b':', &mut out).unwrap();
            assert_eq!(TimeForm::Usa.read(&out), Ok(minute * 60));
        }
        assert!(TimeForm::Usa.put(1, b':', &mut Vec::new()).is_err());
        assert!(TimeForm::Hms.read(b"23,59.58").is_err());
        assert_eq!(TimeForm::Iso.read(b"24.00.00"), Err(ValueError::EndOfDay));
    }

    proptest! {
        #[test]
        fn any_day_survives(day in calendar::FIRST_DAY..=calendar::LAST_DAY) {
            for form in FORMS {
                let mut out = Vec::new();
                if form.put(day, form.separator(), &mut out).is_ok() {
                    prop_assert_eq!(form.read(&out), Ok(day));
                } else {
                    prop_assert!(form.width() < 10);
                }
            }
        }

        #[test]
        fn any_bytes_are_a_date_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            for form in FORMS {
                let _ = form.read(&bytes);
            }
            let _ = TimeForm::Hms.read(&bytes);
        }
    }
}
