//! Numbers as text, in the canonical form of the standard, and text as numbers.

use std::fmt;
use std::str::FromStr;

use super::super::error::{Result, ValueError};
use super::declets::CHARACTERS;
use super::packed::{Format, LONG, SHORT, parts};
use super::{Class, DecFloat, WHAT};
use crate::wire::ccsid::sink::Sink;

/// The digits that surely fit in 64 bits.
const SMALL: usize = 19;
/// The digits of the longest number.
const LARGE: usize = 34;
/// As many digits as a number has at most, with the zeros after its point: a copy of so many bytes is a few instructions.
const SHORT_DIGITS: usize = 24;
const LONG_DIGITS: usize = 40;
/// Room for every number, and for what such a copy writes beyond one.
const SHORT_ROOM: usize = 64;
const LONG_ROOM: usize = 128;

/// Appends the text of eight or sixteen bytes.
pub fn put_text(bytes: &[u8], out: &mut Sink<'_>) -> Result<()> {
    let done = match bytes.len() {
        8 => {
            let word = u64::from_be_bytes(bytes.first_chunk().copied().unwrap_or_default());
            plain_text::<SHORT_DIGITS, SHORT_ROOM>(word.into(), &SHORT, out)
        }
        16 => {
            let word = u128::from_be_bytes(bytes.first_chunk().copied().unwrap_or_default());
            plain_text::<LONG_DIGITS, LONG_ROOM>(word, &LONG, out)
        }
        _ => None,
    };
    if done.is_none() {
        out.put(DecFloat::from_bytes(bytes)?.to_string().as_bytes());
    }
    Ok(())
}

/// The text of a number without an exponent, from its declets; `None`, and nothing appended, for any other.
#[inline(always)]
fn plain_text<const DIGITS: usize, const ROOM: usize>(word: u128, format: &Format, out: &mut Sink<'_>) -> Option<()> {
    let parts = parts(word, format);
    if parts.class != Class::Finite || parts.exponent > 0 {
        return None;
    }
    let mut digits = [[b'0'; DIGITS]; 2];
    let digits = digits.as_flattened_mut();
    if let Some(first) = digits.first_mut() {
        *first = b'0' + parts.first;
    }
    let count = 1 + 3 * format.declets as usize;
    for n in 0..format.declets as usize {
        let declet = (word >> (10 * (format.declets as usize - 1 - n))) as usize & 1023;
        // Four bytes at once; the next three digits write over the fourth.
        if let Some(slot) = digits.get_mut(1 + 3 * n..).and_then(|tail| tail.first_chunk_mut()) {
            *slot = CHARACTERS.get(declet)?.to_le_bytes();
        }
    }
    let zeros = digits.get(..count - 1)?.iter().position(|d| *d != b'0').unwrap_or(count - 1);
    let (length, below) = (count - zeros, parts.exponent.unsigned_abs() as usize);
    // Not smaller than a millionth.
    if below > length + 5 {
        return None;
    }
    let text = out.room(ROOM).first_chunk_mut::<ROOM>()?;
    *text = [b'0'; ROOM];
    let start = usize::from(parts.negative);
    if let Some(sign) = text.first_mut().filter(|_| parts.negative) {
        *sign = b'-';
    }
    // Zeros up to the point, if the digits do not reach it.
    let lead = (below + 1).saturating_sub(length);
    put::<DIGITS>(text, start + lead, digits, zeros);
    let mut end = start + lead + length;
    if below > 0 {
        // Those of them that follow the point are written again.
        let point = end - below;
        let whole = point.saturating_sub(start + lead);
        put::<DIGITS>(text, start + lead + whole + 1, digits, zeros + whole);
        if whole == 0 {
            *text.get_mut(start + lead)? = b'0';
        }
        *text.get_mut(point)? = b'.';
        end += 1;
    }
    out.advance(end);
    Some(())
}

/// Copies as many digits as a number has at most.
#[inline(always)]
fn put<const DIGITS: usize>(text: &mut [u8], at: usize, from: &[u8], start: usize) {
    let from = from.get(start..).and_then(|tail| tail.first_chunk::<DIGITS>());
    if let (Some(to), Some(from)) = (text.get_mut(at..).and_then(|tail| tail.first_chunk_mut()), from) {
        *to = *from;
    }
}

/// As from text, of digits with a sign, a point and an exponent at most; `None` for anything else.
pub fn plain(text: &[u8]) -> Option<DecFloat> {
    let (negative, body) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let (coefficient, mantissa) = if body.len() <= SMALL {
        let mut number = 0u64;
        let mantissa = Mantissa::of(body, |unit, value| number = number.wrapping_mul(unit).wrapping_add(value));
        (number.into(), mantissa)
    } else {
        let mut number = 0u128;
        let mantissa =
            Mantissa::of(body, |unit, value| number = number.wrapping_mul(unit.into()).wrapping_add(value.into()));
        (number, mantissa)
    };
    let exponent: i32 = match mantissa.rest {
        [] => 0,
        [b'e' | b'E', power @ ..] => power_of(power)?,
        _ => return None,
    };
    let exponent = exponent.checked_sub(i32::try_from(mantissa.places).ok()?)?;
    // Of more digits some have to be zeros.
    let known = (1..=LARGE).contains(&mantissa.digits);
    known.then_some(DecFloat { negative, class: Class::Finite, coefficient, exponent })
}

/// The number after an E.
#[inline]
fn power_of(text: &[u8]) -> Option<i32> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    // Of more digits some may be zeros.
    if !(1..=4).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return std::str::from_utf8(text).ok()?.parse().ok();
    }
    let power = digits.iter().fold(0, |power, digit| power * 10 + i32::from(digit - b'0'));
    Some(if negative { -power } else { power })
}

/// Digits with a point at most.
struct Mantissa<'a> {
    digits: usize,
    /// How many of them come after the point.
    places: usize,
    /// The characters after them.
    rest: &'a [u8],
}

impl Mantissa<'_> {
    /// Reads the digits in front of `text`; `push` gets them some at a time, with the power of ten that makes room.
    #[inline(always)]
    fn of(text: &[u8], mut push: impl FnMut(u64, u64)) -> Mantissa<'_> {
        let rest = run(text, &mut push);
        let whole = text.len() - rest.len();
        let [b'.', fraction @ ..] = rest else { return Mantissa { digits: whole, places: 0, rest } };
        let rest = run(fraction, &mut push);
        let places = fraction.len() - rest.len();
        Mantissa { digits: whole + places, places, rest }
    }
}

/// Reads digits; what follows them.
#[inline(always)]
fn run<'a>(mut text: &'a [u8], push: &mut impl FnMut(u64, u64)) -> &'a [u8] {
    while let Some((eight, rest)) = text.split_first_chunk()
        && let Some(value) = eight_characters(*eight)
    {
        push(100_000_000, value);
        text = rest;
    }
    while let [byte @ b'0'..=b'9', rest @ ..] = text {
        push(10, u64::from(byte - b'0'));
        text = rest;
    }
    text
}

/// The number that eight characters are; none if one of them is something else than a digit.
#[inline(always)]
fn eight_characters(text: [u8; 8]) -> Option<u64> {
    const EVERY: u64 = 0x0101_0101_0101_0101;
    let digits = u64::from_le_bytes(text) ^ (EVERY * 0x30);
    // Six more carry a byte above 9 into its upper half; it cannot carry into the next one unless that half is set.
    let odd = (digits | digits.wrapping_add(EVERY * 6)) & (EVERY * 0xF0);
    (odd == 0).then(|| eight_digits(digits))
}

/// The number that eight digits are, the first one in the lowest byte; of anything else, any.
#[inline(always)]
fn eight_digits(digits: u64) -> u64 {
    // Two by two, the first of which is in the lower byte.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    (fours * 10_000 + (fours >> 32)) & 0xFFFF_FFFF
}

/// Sign, digits and exponent of a number of four to sixteen characters, digits and a point at most, and a minus in front;
/// `None` for anything else.
#[inline]
pub fn few_characters(text: &[u8]) -> Option<(bool, u64, i32)> {
    let (negative, body) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, text),
    };
    let count = body.len() as u32;
    // The front and the back of it, which may overlap: the last character in the lowest byte.
    let all = match count {
        8..=16 => {
            let (front, back) = (u64::from_be_bytes(*body.first_chunk()?), u64::from_be_bytes(*body.last_chunk()?));
            u128::from(front) << (8 * (count - 8)) | u128::from(back)
        }
        4..8 => {
            let (front, back) = (u32::from_be_bytes(*body.first_chunk()?), u32::from_be_bytes(*body.last_chunk()?));
            (u64::from(front) << (8 * (count - 4)) | u64::from(back)).into()
        }
        _ => return None,
    };
    const EVERY: u128 = u128::from_ne_bytes([1; 16]);
    let characters = all ^ (EVERY * 0x30) >> (128 - 8 * count);
    let others = characters ^ (EVERY * u128::from(b'.' ^ 0x30));
    // The lowest byte that is zero has the lowest top bit.
    let point = others.wrapping_sub(EVERY) & !others & (EVERY * 0x80);
    let (digits, places) = match point {
        0 => (characters, 0),
        _ => {
            let places = point.trailing_zeros() / 8;
            let below = (1u128 << (8 * places)) - 1;
            (characters & below | characters >> 8 & !below, places)
        }
    };
    // As in eight characters.
    let odd = (digits | digits.wrapping_add(EVERY * 6)) & (EVERY * 0xF0);
    let number = |half: u64| eight_digits(half.swap_bytes());
    let value = number((digits >> 64) as u64) * 100_000_000 + number(digits as u64);
    (odd == 0).then_some((negative, value, -places.cast_signed()))
}

impl fmt::Display for DecFloat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        match self.class {
            Class::Infinity => return f.write_str("Infinity"),
            Class::Nan => f.write_str("NaN")?,
            Class::SignalingNan => f.write_str("sNaN")?,
            Class::Finite => return finite(self, f),
        }
        if self.coefficient != 0 { write!(f, "{}", self.coefficient) } else { Ok(()) }
    }
}

/// A plain number when the exponent is not positive and the number not tiny, else with an exponent.
fn finite(value: &DecFloat, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let digits = value.coefficient.to_string();
    let count = i64::try_from(digits.len()).unwrap_or(0);
    let exponent = i64::from(value.exponent);
    let adjusted = exponent + count - 1;
    if exponent > 0 || adjusted < -6 {
        let (first, rest) = digits.split_at(1);
        f.write_str(first)?;
        if !rest.is_empty() {
            write!(f, ".{rest}")?;
        }
        return write!(f, "E{adjusted:+}");
    }
    let point = count + exponent;
    match usize::try_from(point) {
        Ok(point @ 1..) if exponent < 0 => {
            let (whole, fraction) = digits.split_at(point);
            write!(f, "{whole}.{fraction}")
        }
        Ok(1..) => f.write_str(&digits),
        _ => {
            f.write_str("0.")?;
            for _ in point..0 {
                f.write_str("0")?;
            }
            f.write_str(&digits)
        }
    }
}

impl FromStr for DecFloat {
    type Err = ValueError;

    /// Digits with an optional sign, point and exponent; `Infinity`, `Inf`, `NaN`, `sNaN` in any
    /// case, a payload of digits after the latter two.
    fn from_str(text: &str) -> Result<DecFloat> {
        let (negative, body) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let at = |rest: &str| text.len() - rest.len();
        let bad = |at: usize| ValueError::Pattern { what: WHAT, at, pattern: "digits, a point, an exponent" };
        let lower = body.to_ascii_lowercase();
        if matches!(lower.as_str(), "inf" | "infinity") {
            return Ok(DecFloat { negative, class: Class::Infinity, coefficient: 0, exponent: 0 });
        }
        for (word, class) in [("nan", Class::Nan), ("snan", Class::SignalingNan)] {
            if let Some(payload) = lower.strip_prefix(word) {
                let coefficient = match payload {
                    "" => 0,
                    digits if digits.len() <= 33 && digits.bytes().all(|b| b.is_ascii_digit()) => {
                        digits.parse().map_err(|_| bad(at(payload)))?
                    }
                    _ => return Err(bad(at(payload))),
                };
                return Ok(DecFloat { negative, class, coefficient, exponent: 0 });
            }
        }
        let (mantissa, power) = match lower.split_once('e') {
            Some((mantissa, power)) => (mantissa, power.parse::<i32>().map_err(|_| bad(at(power)))?),
            None => (lower.as_str(), 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(bad(at(body)));
        }
        let mut coefficient = 0u128;
        let mut exponent = i64::from(power) - i64::try_from(fraction.len()).unwrap_or(i64::MAX / 2);
        for (i, digit) in whole.bytes().chain(fraction.bytes()).enumerate() {
            if !digit.is_ascii_digit() {
                return Err(bad(at(body) + i + usize::from(i >= whole.len())));
            }
            if coefficient < 10u128.pow(36) {
                coefficient = coefficient * 10 + u128::from(digit - b'0');
            } else if digit == b'0' {
                exponent += 1;
            } else {
                return Err(ValueError::Digits { what: WHAT, precision: 34 });
            }
        }
        let exponent = i32::try_from(exponent).map_err(|_| ValueError::Range("the exponent of a DECFLOAT"))?;
        Ok(DecFloat { negative, class: Class::Finite, coefficient, exponent })
    }
}
