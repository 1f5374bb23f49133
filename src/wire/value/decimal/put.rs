//! Writing: eight or sixteen digits from one register.

use super::super::error::{Result, ValueError, ValueForm};
use super::wide::{Wide, fits};
use super::{CHARS, MAX_DIGITS, PACKED, SIXTEEN, TEN16, ZONED};

/// Eight digits of a number below 10^8, one a byte, the first in the highest.
#[inline(always)]
pub fn digits8(n: u64) -> u64 {
    let w = (n / 10_000) | (n % 10_000) << 32;
    let hundreds = ((w * 10_486) >> 20) & 0x0000_007F_0000_007F;
    let w = hundreds | (w - 100 * hundreds) << 16;
    let tens = ((w * 103) >> 10) & 0x000F_000F_000F_000F;
    (tens | (w - 10 * tens) << 8).swap_bytes()
}

/// Sixteen digits of a number below 10^16, one a nibble.
#[inline(always)]
pub fn nibbles16(n: u64) -> u64 {
    let pack = |w: u64| {
        let w = (w | w >> 4) & 0x00FF_00FF_00FF_00FF;
        let w = (w | w >> 8) & 0x0000_FFFF_0000_FFFF;
        (w | w >> 16) & 0xFFFF_FFFF
    };
    pack(digits8(n / 100_000_000)) << 32 | pack(digits8(n % 100_000_000))
}

/// The most digits of [`packed_word`].
pub const PACKED_WORD: u8 = 31;

/// A value of up to [`PACKED_WORD`] digits as a packed decimal, right-aligned in a big-endian word.
#[inline]
pub fn packed_word(value: i128) -> u128 {
    let magnitude = value.unsigned_abs();
    let (high, low) = match u64::try_from(magnitude) {
        Ok(small) => (small / TEN16, small % TEN16),
        Err(_) => {
            let (high, low) = SIXTEEN.divide(magnitude);
            (high as u64, low)
        }
    };
    let digits = u128::from(nibbles16(high)) << 64 | u128::from(nibbles16(low));
    digits << 4 | if value < 0 { 0xD } else { 0xC }
}

/// Appends a value as packed decimal of `precision` digits: `precision / 2 + 1` bytes.
pub fn put_packed(value: Wide, precision: u8, out: &mut Vec<u8>) -> Result<()> {
    if let (true, Some(narrow)) = (precision <= PACKED_WORD, value.narrow())
        && narrow.unsigned_abs() < 10u128.pow(precision.into())
    {
        let word = packed_word(narrow).to_be_bytes();
        out.extend_from_slice(word.get(15 - usize::from(precision) / 2..).unwrap_or_default());
        return Ok(());
    }
    let words = groups(value, precision, PACKED)?.map(nibbles16);
    let sign = if value.is_negative() { 0xD } else { 0xC };
    let mut cell = [0; 8 * GROUPS];
    // The sign moves every digit by half a byte.
    let next = words.iter().skip(1).map(|word| word >> 60).chain([sign]);
    for ((slot, word), next) in cell.as_chunks_mut::<8>().0.iter_mut().zip(&words).zip(next) {
        *slot = (word << 4 | next).to_be_bytes();
    }
    out.extend_from_slice(cell.get((8 * GROUPS - 1).saturating_sub(usize::from(precision) / 2)..).unwrap_or_default());
    Ok(())
}

/// Appends a value as zoned decimal of `precision` bytes with EBCDIC or ASCII zones. An ASCII
/// minus is zone D, as in EBCDIC.
pub fn put_zoned(value: Wide, precision: u8, ebcdic: bool, out: &mut Vec<u8>) -> Result<()> {
    let zone = if ebcdic { 0xF0 } else { 0x30 };
    put_digits(&groups(value, precision, ZONED)?, precision, zone, out);
    if let (true, Some(last)) = (value.is_negative(), out.last_mut()) {
        *last = 0xD0 | (*last & 0xF);
    }
    Ok(())
}

/// Appends a value as a sign and `precision` digits.
pub fn put_chars(value: Wide, precision: u8, ebcdic: bool, out: &mut Vec<u8>) -> Result<()> {
    let (zone, plus, minus) = if ebcdic { (0xF0, 0x4E, 0x60) } else { (0x30, b'+', b'-') };
    let groups = groups(value, precision, CHARS)?;
    out.push(if value.is_negative() { minus } else { plus });
    put_digits(&groups, precision, zone, out);
    Ok(())
}

/// Groups of sixteen digits.
const GROUPS: usize = MAX_DIGITS.div_ceil(16);

/// The magnitude in groups of sixteen digits; an error when there are more than `precision`.
fn groups(value: Wide, precision: u8, what: ValueForm) -> Result<[u64; GROUPS]> {
    if !fits(value, precision) {
        return Err(ValueError::Digits { what, precision });
    }
    let mut left = value.magnitude();
    let mut groups = [0; GROUPS];
    for group in groups.iter_mut().rev() {
        if left == Wide::default() {
            break;
        }
        (left, *group) = left.div_rem(&SIXTEEN);
    }
    Ok(groups)
}

/// Appends the last `precision` digits of groups, each with its zone.
fn put_digits(groups: &[u64; GROUPS], precision: u8, zone: u8, out: &mut Vec<u8>) {
    let mut all = [0; 16 * GROUPS];
    for (slot, sixteen) in all.as_chunks_mut::<16>().0.iter_mut().zip(groups) {
        let word = u128::from(digits8(sixteen / 100_000_000)) << 64 | u128::from(digits8(sixteen % 100_000_000));
        *slot = (word | u128::from_ne_bytes([zone; 16])).to_be_bytes();
    }
    out.extend_from_slice(all.get(all.len().saturating_sub(precision.into())..).unwrap_or_default());
}
