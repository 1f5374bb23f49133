//! Reading: eight or sixteen digits in one register, digit by digit only to say which byte is bad.

use super::super::error::{Result, ValueError, ValueForm};
use super::wide::Wide;
use super::{CHARS, MAX_DIGITS, PACKED, TEN16, ZONED};

/// Sixteen right-aligned BCD digits as a number, and not zero if one of them is above 9.
#[inline(always)]
fn bcd(w: u64) -> (u64, u64) {
    // A nibble is above 9 when its top bit and one of the two below it are set.
    let bad = w & (w << 1 | w << 2) & 0x8888_8888_8888_8888;
    let w = w - 6 * ((w >> 4) & 0x0F0F_0F0F_0F0F_0F0F);
    let w = (w & 0x00FF_00FF_00FF_00FF) + 100 * ((w >> 8) & 0x00FF_00FF_00FF_00FF);
    let w = (w & 0x0000_FFFF_0000_FFFF) + 10_000 * ((w >> 16) & 0x0000_FFFF_0000_FFFF);
    ((w & 0xFFFF_FFFF) + 100_000_000 * (w >> 32), bad)
}

/// Eight characters as a number, and not zero unless their left halves all are `zone` (as `0x30…` or
/// `0xF0…` repeated) and their right halves digits.
#[inline(always)]
fn zoned_digits(w: u64, zone: u64) -> (u64, u64) {
    let w = w ^ zone;
    let bad = (w | w.wrapping_add(0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0;
    let w = (w & 0x000F_000F_000F_000F) + 10 * ((w >> 8) & 0x000F_000F_000F_000F);
    let w = (w & 0x0000_00FF_0000_00FF) + 100 * ((w >> 16) & 0x0000_00FF_0000_00FF);
    ((w & 0xFFFF) + 10_000 * (w >> 32), bad)
}

/// As [`bcd`]; `None` when a digit is invalid.
#[inline]
pub(super) fn bcd16(w: u64) -> Option<u64> {
    let (value, bad) = bcd(w);
    (bad == 0).then_some(value)
}

/// As [`zoned_digits`]; `None` when a digit is invalid.
#[inline]
fn zoned8(w: u64, zone: u64) -> Option<u64> {
    let (value, bad) = zoned_digits(w, zone);
    (bad == 0).then_some(value)
}

/// True for a minus; `None` when the nibble is not a sign.
#[inline]
fn sign(nibble: u64) -> Option<bool> {
    (nibble >= 0xA).then_some((0x2800 >> nibble) & 1 == 1)
}

/// A packed decimal of up to 31 digits, right-aligned in a big-endian word.
#[inline]
pub fn packed128(word: u128) -> Option<i128> {
    let digits = word >> 4;
    // Truncation takes the lower sixteen digits.
    let low = bcd16(digits as u64)?;
    let high = bcd16((digits >> 64) as u64)?;
    let value = i128::from(high) * i128::from(TEN16) + i128::from(low);
    Some(if sign((word & 0xF) as u64)? { -value } else { value })
}

/// A packed decimal of any length as 128 bits.
pub fn packed(bytes: &[u8]) -> Result<i128> {
    if bytes.len() <= 16 {
        let mut word = [0; 16];
        if let Some(tail) = word.get_mut(16 - bytes.len()..) {
            tail.copy_from_slice(bytes);
        }
        if let (Some(value), false) = (packed128(u128::from_be_bytes(word)), bytes.is_empty()) {
            return Ok(value);
        }
    }
    packed_wide(bytes)?.narrow().ok_or(ValueError::Digits { what: PACKED, precision: 38 })
}

/// A packed decimal of up to [`MAX_DIGITS`] digits.
pub fn packed_wide(bytes: &[u8]) -> Result<Wide> {
    packed_groups(bytes).map_or_else(|| packed_carefully(bytes), Ok)
}

/// The bytes of [`packed_groups`]: their digits, with those of a pad, are never too many.
const PACKED_BYTES: usize = 38;

/// Sixteen digits at a time; `None` sends the value to the careful way.
#[inline]
fn packed_groups(bytes: &[u8]) -> Option<Wide> {
    let (front, last) = bytes.split_last_chunk::<8>()?;
    if bytes.len() > PACKED_BYTES {
        return None;
    }
    let (first, groups) = front.as_rchunks::<8>();
    let mut value = Wide { hi: 0, lo: bcd16(right_aligned(first))?.into() };
    for group in groups {
        value = value.push(TEN16, bcd16(u64::from_be_bytes(*group))?);
    }
    let word = u64::from_be_bytes(*last);
    // Fifteen digits and the sign.
    value = value.push(TEN16 / 10, bcd16(word >> 4)?);
    Some(value.signed(sign(word & 0xF)?))
}

/// At most eight bytes in a big-endian word.
#[inline]
fn right_aligned(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// The way that says which byte of a bad one is to blame.
#[cold]
pub(super) fn packed_carefully(bytes: &[u8]) -> Result<Wide> {
    let Some((last, front)) = bytes.split_last() else {
        return Err(ValueError::Length { what: PACKED, len: 0 });
    };
    let digits = front.iter().flat_map(|b| [b >> 4, b & 0xF]).chain([last >> 4]);
    let value = collect(digits, PACKED, |place| place / 2)?;
    match sign(u64::from(last & 0xF)) {
        Some(minus) => Ok(value.signed(minus)),
        None => Err(ValueError::Sign { what: PACKED, at: bytes.len() - 1 }),
    }
}

/// A zoned decimal as 128 bits.
pub fn zoned(bytes: &[u8]) -> Result<i128> {
    zoned_fast(bytes)
        .map_or_else(|| zoned_wide(bytes)?.narrow().ok_or(ValueError::Digits { what: ZONED, precision: 38 }), Ok)
}

/// Up to 32 digits, eight at a time; `None` sends the value to the careful way.
#[inline]
fn zoned_fast(bytes: &[u8]) -> Option<i128> {
    let (&last, front) = bytes.split_last()?;
    if front.len() > 31 {
        return None;
    }
    let zone = zone_of(front, last);
    let minus = zone_sign(last >> 4)?;
    let mut padded = [zone; 32];
    padded.get_mut(32 - bytes.len()..31)?.copy_from_slice(front);
    *padded.last_mut()? = zone | (last & 0xF);
    let repeated = u64::from_ne_bytes([zone; 8]);
    let mut value = 0i128;
    // Leading groups of nothing but padding cost nothing.
    for group in padded.as_chunks::<8>().0.iter().skip(4 - bytes.len().div_ceil(8)) {
        value = value * 100_000_000 + i128::from(zoned8(u64::from_be_bytes(*group), repeated)?);
    }
    Some(if minus { -value } else { value })
}

/// The zone of most digits.
#[inline]
fn zone_of(front: &[u8], last: u8) -> u8 {
    if last & 0xF0 == 0x30 || front.first().is_some_and(|b| b & 0xF0 == 0x30) { 0x30 } else { 0xF0 }
}

/// True for a minus. Zone 3 is ASCII's plus.
#[inline]
fn zone_sign(zone: u8) -> Option<bool> {
    if zone == 3 { Some(false) } else { sign(u64::from(zone)) }
}

/// A zoned decimal of up to [`MAX_DIGITS`] digits.
pub fn zoned_wide(bytes: &[u8]) -> Result<Wide> {
    zoned_groups(bytes).map_or_else(|| zoned_carefully(bytes), Ok)
}

fn zoned_groups(bytes: &[u8]) -> Option<Wide> {
    let (&last, front) = bytes.split_last()?;
    let zone = zone_of(front, last);
    let minus = zone_sign(last >> 4)?;
    Some(groups_of_eight(front, zone, Some(zone | (last & 0xF)))?.signed(minus))
}

/// Digits of one zone, eight at a time; `last` follows them.
#[inline]
fn groups_of_eight(front: &[u8], zone: u8, last: Option<u8>) -> Option<Wide> {
    if front.len() >= MAX_DIGITS {
        return None;
    }
    let repeated = u64::from_ne_bytes([zone; 8]);
    let (first, groups) = front.as_rchunks::<8>();
    let padded = repeated << (8 * first.len());
    let mut value = Wide { hi: 0, lo: zoned8(padded | right_aligned(first), repeated)?.into() };
    for group in groups {
        value = value.push(100_000_000, zoned8(u64::from_be_bytes(*group), repeated)?);
    }
    match last {
        Some(last) => Some(value.push(10, zoned8(repeated << 8 | u64::from(last), repeated)?)),
        None => Some(value),
    }
}

/// As [`packed_carefully`].
#[cold]
pub(super) fn zoned_carefully(bytes: &[u8]) -> Result<Wide> {
    let Some((last, front)) = bytes.split_last() else {
        return Err(ValueError::Length { what: ZONED, len: 0 });
    };
    let value = collect(front.iter().map(digit).chain([last & 0xF]), ZONED, |place| place)?;
    match zone_sign(last >> 4) {
        Some(minus) => Ok(value.signed(minus)),
        None => Err(ValueError::Sign { what: ZONED, at: bytes.len() - 1 }),
    }
}

/// A numeric character value: digits with an optional sign or blank in front, ASCII or EBCDIC.
pub fn chars(bytes: &[u8]) -> Result<Wide> {
    let (minus, start) = match bytes.first() {
        None => return Err(ValueError::Length { what: CHARS, len: 0 }),
        Some(b'-' | 0x60) => (true, 1),
        Some(b'+' | 0x4E | b' ' | 0x40) => (false, 1),
        Some(_) => (false, 0),
    };
    let digits = bytes.get(start..).unwrap_or_default();
    if digits.is_empty() {
        return Err(ValueError::Digit { what: CHARS, at: start });
    }
    let zone = zone_of(digits, 0);
    let value = match groups_of_eight(digits, zone, None) {
        Some(value) => value,
        None => collect(digits.iter().map(digit), CHARS, |place| place + start)?,
    };
    Ok(value.signed(minus))
}

/// The digit of a character; more than 9 if it is not a digit.
fn digit(b: &u8) -> u8 {
    match b >> 4 {
        0xF | 0x3 => b & 0xF,
        _ => 0xF,
    }
}

pub(super) fn collect(digits: impl Iterator<Item = u8>, what: ValueForm, at: impl Fn(usize) -> usize) -> Result<Wide> {
    let mut value = Wide::default();
    let mut significant = 0;
    for (place, digit) in digits.enumerate() {
        if digit > 9 {
            return Err(ValueError::Digit { what, at: at(place) });
        }
        significant += usize::from(significant > 0 || digit > 0);
        if significant > MAX_DIGITS {
            return Err(ValueError::Digits { what, precision: MAX_DIGITS as u8 });
        }
        value = value.push(10, u64::from(digit));
    }
    Ok(value)
}
