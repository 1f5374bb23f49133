//! Writing: eight or sixteen digits from one register.

use super::super::error::{Result, ValueError, ValueForm};
use super::wide::{Wide, fits};
use super::{CHARS, MAX_DIGITS, PACKED, TEN16, ZONED};

/// Eight digits of a number below 10^8, one a byte, the first in the highest.
#[inline(always)]
pub fn digits8(n: u64) -> u64 {
    // Exact below 4 * 10^8.
    let fours = (n * 109_951_163) >> 40;
    let w = fours | (n - 10_000 * fours) << 32;
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
        Err(_) => ((magnitude / u128::from(TEN16)) as u64, (magnitude % u128::from(TEN16)) as u64),
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
    let all = digits(value, precision, PACKED)?;
    // The sign moves every digit by half a byte.
    let sign = if value.is_negative() { 0xD } else { 0xC };
    let mut cell = [0; ROOM / 2];
    let (pairs, last) = all.get(1..).unwrap_or_default().as_chunks::<2>();
    for (slot, [upper, lower]) in cell.iter_mut().zip(pairs) {
        *slot = upper << 4 | lower;
    }
    if let (Some(slot), [upper]) = (cell.last_mut(), last) {
        *slot = upper << 4 | sign;
    }
    out.extend_from_slice(cell.get((ROOM / 2 - 1).saturating_sub(usize::from(precision) / 2)..).unwrap_or_default());
    Ok(())
}

/// Appends a value as zoned decimal of `precision` bytes with EBCDIC or ASCII zones. An ASCII
/// minus is zone D, as in EBCDIC.
#[inline]
pub fn put_zoned(value: Wide, precision: u8, ebcdic: bool, out: &mut Vec<u8>) -> Result<()> {
    let all = digits(value, precision, ZONED)?;
    let zone = if ebcdic { 0xF0 } else { 0x30 };
    out.extend(tail(&all, precision).iter().map(|d| zone | d));
    if let (true, Some(last)) = (value.is_negative(), out.last_mut()) {
        *last = 0xD0 | (*last & 0xF);
    }
    Ok(())
}

/// Appends a value as a sign and `precision` digits.
pub fn put_chars(value: Wide, precision: u8, ebcdic: bool, out: &mut Vec<u8>) -> Result<()> {
    let all = digits(value, precision, CHARS)?;
    let (zone, plus, minus) = if ebcdic { (0xF0, 0x4E, 0x60) } else { (0x30, b'+', b'-') };
    out.push(if value.is_negative() { minus } else { plus });
    out.extend(tail(&all, precision).iter().map(|d| zone | d));
    Ok(())
}

fn tail(all: &[u8; ROOM], precision: u8) -> &[u8] {
    all.get(ROOM.saturating_sub(usize::from(precision))..).unwrap_or_default()
}

/// Whole groups of sixteen digits.
const ROOM: usize = MAX_DIGITS.next_multiple_of(16);

/// The digits of the magnitude, right-aligned; an error when there are more than `precision`.
fn digits(value: Wide, precision: u8, what: ValueForm) -> Result<[u8; ROOM]> {
    if !fits(value, precision) {
        return Err(ValueError::Digits { what, precision });
    }
    let mut left = value.magnitude();
    let mut all = [0; ROOM];
    for group in all.as_rchunks_mut::<16>().1.iter_mut().rev() {
        if left == Wide::default() {
            break;
        }
        let (quotient, sixteen) = left.div_rem(TEN16);
        left = quotient;
        let word = u128::from(digits8(sixteen / 100_000_000)) << 64 | u128::from(digits8(sixteen % 100_000_000));
        *group = word.to_be_bytes();
    }
    Ok(all)
}
