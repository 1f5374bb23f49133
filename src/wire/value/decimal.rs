//! Decimals of fixed point: packed (FD:OCA type 30), zoned (33) and numeric character.
//!
//! Packed: two digits a byte, the sign in the last half byte (A C E F plus, B D minus). Zoned: a
//! digit in the right half of each byte, zones F (EBCDIC) or 3 (ASCII) in the left, the sign in
//! the zone of the last byte. Numeric character: an optional leading sign and plain digits.
//! A machine instruction in spirit: digits are checked and combined eight or sixteen at a time in
//! one register ([`simd`](super::simd) does so for many values at once). Scale is not seen here: a value is its unscaled integer.

use super::error::{Result, ValueError, ValueForm};

const PACKED: ValueForm = ValueForm::Packed;
const ZONED: ValueForm = ValueForm::Zoned;
const CHARS: ValueForm = ValueForm::Characters;
/// The most digits that any reader here takes: what 256 bits always hold.
pub const MAX_DIGITS: usize = 76;
const TEN16: u64 = 10_000_000_000_000_000;

/// A 256-bit two's complement integer, for decimals past 38 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wide {
    /// The upper half with the sign.
    pub hi: i128,
    /// The lower half.
    pub lo: u128,
}

impl From<i128> for Wide {
    fn from(v: i128) -> Self {
        Wide { hi: v >> 127, lo: v.cast_unsigned() }
    }
}

impl Wide {
    /// The value in 128 bits, if it fits.
    pub fn narrow(self) -> Option<i128> {
        let low = self.lo.cast_signed();
        (self.hi == low >> 127).then_some(low)
    }

    /// True below zero.
    pub fn is_negative(self) -> bool {
        self.hi < 0
    }

    fn negated(self) -> Self {
        let (lo, carry) = (!self.lo).overflowing_add(1);
        Wide { hi: (!self.hi).wrapping_add(i128::from(carry)), lo }
    }

    /// `self * by + add` of a magnitude below 2^191; never overflows within [`MAX_DIGITS`].
    fn push(self, by: u64, add: u64) -> Self {
        let by = u128::from(by);
        let low = (self.lo & u128::from(u64::MAX)) * by + u128::from(add);
        let mid = (self.lo >> 64) * by + (low >> 64);
        let hi = self.hi.wrapping_mul(by.cast_signed()).wrapping_add((mid >> 64).cast_signed());
        Wide { hi, lo: (mid << 64) | (low & u128::from(u64::MAX)) }
    }

    /// Quotient and remainder of a magnitude.
    fn div_rem(self, by: u64) -> (Self, u64) {
        let by128 = u128::from(by);
        let mut rest = 0u128;
        let mut quotient = [0u128; 4];
        let hi = self.hi.cast_unsigned();
        let mask = u128::from(u64::MAX);
        for (q, limb) in quotient.iter_mut().zip([hi >> 64, hi & mask, self.lo >> 64, self.lo & mask]) {
            let part = (rest << 64) | limb;
            *q = part / by128;
            rest = part % by128;
        }
        let [a, b, c, d] = quotient;
        // The remainder of a division by 64 bits is below 64 bits.
        (Wide { hi: ((a << 64) | b).cast_signed(), lo: (c << 64) | d }, (rest & mask) as u64)
    }
}

/// Sixteen right-aligned BCD digits as a number, and not zero if one of them is above 9.
#[inline(always)]
pub(super) fn bcd(w: u64) -> (u64, u64) {
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
pub(super) fn zoned_digits(w: u64, zone: u64) -> (u64, u64) {
    let w = w ^ zone;
    let bad = (w | w.wrapping_add(0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0;
    let w = (w & 0x000F_000F_000F_000F) + 10 * ((w >> 8) & 0x000F_000F_000F_000F);
    let w = (w & 0x0000_00FF_0000_00FF) + 100 * ((w >> 16) & 0x0000_00FF_0000_00FF);
    ((w & 0xFFFF) + 10_000 * (w >> 32), bad)
}

/// As [`bcd`]; `None` when a digit is invalid.
#[inline]
fn bcd16(w: u64) -> Option<u64> {
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

/// Eight digits of a number below 10^8, one a byte.
#[inline]
fn digits8(n: u64) -> u64 {
    let w = (n / 10_000) | (n % 10_000) << 32;
    let hundreds = ((w * 10_486) >> 20) & 0x0000_007F_0000_007F;
    let w = hundreds | (w - 100 * hundreds) << 16;
    let tens = ((w * 103) >> 10) & 0x000F_000F_000F_000F;
    (tens | (w - 10 * tens) << 8).swap_bytes()
}

/// Sixteen digits of a number below 10^16, one a nibble: [`bcd16`] backwards.
#[inline]
fn nibbles16(n: u64) -> u64 {
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

/// A packed decimal of up to [`MAX_DIGITS`] digits; the way for long ones, and the way to say
/// which byte of a bad one is to blame.
pub fn packed_wide(bytes: &[u8]) -> Result<Wide> {
    let Some((last, front)) = bytes.split_last() else {
        return Err(ValueError::Length { what: PACKED, len: 0 });
    };
    let digits = front.iter().flat_map(|b| [b >> 4, b & 0xF]).chain([last >> 4]);
    let value = collect(digits, PACKED, |place| place / 2)?;
    match sign(u64::from(last & 0xF)) {
        Some(minus) => Ok(if minus { value.negated() } else { value }),
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
    let zone = if last & 0xF0 == 0x30 || front.first().is_some_and(|b| b & 0xF0 == 0x30) { 0x30 } else { 0xF0 };
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

/// True for a minus. Zone 3 is ASCII's plus.
fn zone_sign(zone: u8) -> Option<bool> {
    if zone == 3 { Some(false) } else { sign(u64::from(zone)) }
}

/// A zoned decimal of up to [`MAX_DIGITS`] digits.
pub fn zoned_wide(bytes: &[u8]) -> Result<Wide> {
    let Some((last, front)) = bytes.split_last() else {
        return Err(ValueError::Length { what: ZONED, len: 0 });
    };
    let digit = |b: &u8| match b >> 4 {
        0xF | 0x3 => b & 0xF,
        _ => 0xF,
    };
    let value = collect(front.iter().map(digit).chain([last & 0xF]), ZONED, |place| place)?;
    match zone_sign(last >> 4) {
        Some(minus) => Ok(if minus { value.negated() } else { value }),
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
    let digit = |b: &u8| match b >> 4 {
        0xF | 0x3 => b & 0xF,
        _ => 0xF,
    };
    let value = collect(digits.iter().map(digit), CHARS, |place| place + start)?;
    Ok(if minus { value.negated() } else { value })
}

fn collect(digits: impl Iterator<Item = u8>, what: ValueForm, at: impl Fn(usize) -> usize) -> Result<Wide> {
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

/// True when the magnitude has at most `precision` digits.
pub fn fits(value: Wide, precision: u8) -> bool {
    digits(value, precision, ValueForm::Decimal).is_ok()
}

/// `value * 10^up`, or `None` past [`MAX_DIGITS`] digits.
pub fn scale_up(value: Wide, up: u32) -> Option<Wide> {
    let mut magnitude = if value.is_negative() { value.negated() } else { value };
    for _ in 0..up {
        if magnitude == Wide::default() {
            return Some(value);
        }
        if !fits(magnitude, MAX_DIGITS as u8 - 1) {
            return None;
        }
        magnitude = magnitude.push(10, 0);
    }
    Some(if value.is_negative() { magnitude.negated() } else { magnitude })
}

/// `value / 10^down`, or `None` when a digit that is not zero would be lost.
pub fn scale_down(value: Wide, down: u32) -> Option<Wide> {
    let mut magnitude = if value.is_negative() { value.negated() } else { value };
    for _ in 0..down {
        if magnitude == Wide::default() {
            break;
        }
        let (quotient, rest) = magnitude.div_rem(10);
        if rest != 0 {
            return None;
        }
        magnitude = quotient;
    }
    Some(if value.is_negative() { magnitude.negated() } else { magnitude })
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
    let mut pending = if precision.is_multiple_of(2) { Some(0) } else { None };
    let nibble = if value.is_negative() { 0xD } else { 0xC };
    for half in tail(&all, precision).iter().copied().chain([nibble]) {
        match pending.take() {
            Some(high) => out.push(high << 4 | half),
            None => pending = Some(half),
        }
    }
    Ok(())
}

/// Appends a value as zoned decimal of `precision` bytes with EBCDIC or ASCII zones. An ASCII
/// minus is zone D, as in EBCDIC.
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

fn tail(all: &[u8; MAX_DIGITS], precision: u8) -> &[u8] {
    all.get(MAX_DIGITS.saturating_sub(usize::from(precision))..).unwrap_or_default()
}

/// The digits of the magnitude, right-aligned; an error when there are more than `precision`.
fn digits(value: Wide, precision: u8, what: ValueForm) -> Result<[u8; MAX_DIGITS]> {
    let mut left = if value.is_negative() { value.negated() } else { value };
    let mut all = [0; MAX_DIGITS];
    let mut room = usize::from(precision).min(MAX_DIGITS);
    let mut slots = all.iter_mut().rev();
    while left != Wide::default() {
        let (quotient, mut group) = left.div_rem(TEN16);
        left = quotient;
        for _ in 0..16 {
            let digit = (group % 10) as u8;
            group /= 10;
            match slots.next().filter(|_| room > 0) {
                Some(slot) => *slot = digit,
                None if digit == 0 && group == 0 && left == Wide::default() => break,
                None => return Err(ValueError::Digits { what, precision }),
            }
            room -= 1;
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packed_signs_and_widths() {
        assert_eq!(packed(&[0x12, 0x34, 0x5C]), Ok(12345));
        assert_eq!(packed(&[0x12, 0x34, 0x5D]), Ok(-12345));
        for (sign, value) in [(0xA, 7), (0xB, -7), (0xC, 7), (0xD, -7), (0xE, 7), (0xF, 7)] {
            assert_eq!(packed(&[0x70 | sign]), Ok(value));
            assert_eq!(packed128(u128::from(0x70 | sign)), Some(value));
        }
        // Derby's row of all types: DECIMAL(11,2) -123456.78 lies as 00012345678D.
        assert_eq!(packed(&[0x00, 0x01, 0x23, 0x45, 0x67, 0x8D]), Ok(-12_345_678));
        let nines = [[0x99; 15].as_slice(), &[0x9C]].concat();
        assert_eq!(packed(&nines), Ok(10i128.pow(31) - 1));
    }

    #[test]
    fn digits_spread_over_a_word() {
        let mut n = 1;
        while n < 100_000_000u64 {
            for n in [n - 1, n, 99_999_999 - n] {
                assert_eq!(bcd16(nibbles16(n)), Some(n));
                assert_eq!(bcd16(nibbles16(n * 100_000_000)), Some(n * 100_000_000));
            }
            n = n * 10 / 3 + 1;
        }
        assert_eq!(packed_word(10i128.pow(31) - 1), 0x9999_9999_9999_9999_9999_9999_9999_999C);
        assert_eq!(packed_word(-1_234), 0x0001_234D);
    }

    #[test]
    fn bad_packed_names_its_byte() {
        assert_eq!(packed(&[0x12, 0xA4, 0x5C]), Err(ValueError::Digit { what: PACKED, at: 1 }));
        assert_eq!(packed(&[0x12, 0x34, 0x59]), Err(ValueError::Sign { what: PACKED, at: 2 }));
        assert_eq!(packed(&[0x40, 0x40, 0x40]), Err(ValueError::Sign { what: PACKED, at: 2 }));
        assert_eq!(packed(&[]), Err(ValueError::Length { what: PACKED, len: 0 }));
        for nibble in 10..16 {
            assert_eq!(packed128(nibble << 12 | 0xC), None);
        }
    }

    #[test]
    fn zones_of_both_worlds() {
        assert_eq!(zoned(&[0xF1, 0xF2, 0xF3]), Ok(123));
        assert_eq!(zoned(&[0xF1, 0xF2, 0xD3]), Ok(-123));
        assert_eq!(zoned(&[0xF1, 0xF2, 0xC3]), Ok(123));
        assert_eq!(zoned(b"123"), Ok(123));
        assert_eq!(zoned(&[0x31, 0x32, 0xD3]), Ok(-123));
        assert_eq!(zoned(&[0xD5]), Ok(-5));
        assert_eq!(zoned(&[0x40, 0xF1]), Err(ValueError::Digit { what: ZONED, at: 0 }));
        assert_eq!(zoned(&[0xF1, 0x71]), Err(ValueError::Sign { what: ZONED, at: 1 }));
        assert_eq!(chars(b"-0042"), Ok(Wide::from(-42)));
        assert_eq!(chars(&[0x4E, 0xF0, 0xF7]), Ok(Wide::from(7)));
        assert_eq!(chars(b"-"), Err(ValueError::Digit { what: CHARS, at: 1 }));
    }

    #[test]
    fn too_many_digits_are_refused() {
        let mut out = Vec::new();
        assert_eq!(put_packed(Wide::from(1000), 3, &mut out), Err(ValueError::Digits { what: PACKED, precision: 3 }));
        assert_eq!(
            put_zoned(Wide::from(-100), 2, true, &mut out),
            Err(ValueError::Digits { what: ZONED, precision: 2 })
        );
        assert!(out.is_empty());
        assert!(packed_wide(&[[0x99; 39].as_slice(), &[0x9C]].concat()).is_err());
        assert!(packed(&[[0x99; 20].as_slice(), &[0x9C]].concat()).is_err());
    }

    #[test]
    fn scaling_is_exact_or_refused() {
        assert_eq!(scale_up(Wide::from(-12), 3), Some(Wide::from(-12_000)));
        assert_eq!(scale_down(Wide::from(-12_000), 3), Some(Wide::from(-12)));
        assert_eq!(scale_down(Wide::from(5), 1), None);
        assert_eq!(scale_up(Wide::from(1), 76), None);
        assert_eq!(scale_up(Wide::from(0), 4000), Some(Wide::from(0)));
    }

    proptest! {
        #[test]
        fn every_value_survives_every_form(text in "[0-9]{1,63}", minus: bool) {
            let precision = text.len() as u8;
            let mut bytes: Vec<u8> = text.bytes().collect();
            bytes.insert(0, if minus { b'-' } else { b'+' });
            let value = chars(&bytes).unwrap();
            let mut out = Vec::new();
            put_packed(value, precision, &mut out).unwrap();
            prop_assert_eq!(out.len(), usize::from(precision) / 2 + 1);
            prop_assert_eq!(packed_wide(&out), Ok(value));
            if let Some(narrow) = value.narrow() {
                prop_assert_eq!(packed(&out), Ok(narrow));
            }
            for ebcdic in [true, false] {
                let mut out = Vec::new();
                put_zoned(value, precision, ebcdic, &mut out).unwrap();
                prop_assert_eq!(zoned_wide(&out), Ok(value));
                if let Some(narrow) = value.narrow() {
                    prop_assert_eq!(zoned(&out), Ok(narrow));
                }
                out.clear();
                put_chars(value, precision, ebcdic, &mut out).unwrap();
                prop_assert_eq!(chars(&out), Ok(value));
            }
        }

        #[test]
        fn any_bytes_are_a_value_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = zoned(&bytes);
            let _ = chars(&bytes);
            let quick = packed(&bytes);
            match packed_wide(&bytes) {
                Ok(wide) => prop_assert_eq!(quick.ok(), wide.narrow()),
                Err(e) => prop_assert_eq!(quick, Err(e)),
            }
        }
    }
}
