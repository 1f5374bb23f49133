//! Many values at once: words side by side, the same steps for all and no branch, so that the compiler makes
//! vector instructions of them. Everything here is inlined, so it gets the widest ones that its caller may use.
//!
//! The result is zero when all is well. If it is not, some value is odd, what was written means nothing,
//! and the values are for the functions that take them one by one.

use super::decimal::zoned_digits;

/// Values that are read together.
pub const LANES: usize = 64;
/// A packed decimal zero.
pub const PACKED_ZERO: u64 = 0x0C;
/// A zoned decimal zero in EBCDIC.
pub const ZONED_ZERO: u64 = 0xF0F0_F0F0_F0F0_F0F0;

/// Zoned decimals of up to 8 digits in EBCDIC, right-aligned in big-endian words and filled with zeros.
#[inline(always)]
pub fn zoned(words: &[u64; LANES], most: i64, out: &mut [i64; LANES]) -> u64 {
    let mut odd = 0;
    for (word, out) in words.iter().zip(out) {
        // The zone of the last byte is the sign.
        let (value, bad) = zoned_digits(word | 0xF0, ZONED_ZERO);
        odd |= bad | beyond(value, most);
        *out = signed(value, word >> 4 & 0xF, &mut odd);
    }
    odd
}

/// As [`zoned`], of up to 16 digits: the last eight, and what is in front of them.
#[inline(always)]
pub fn zoned_long(high: &[u64; LANES], low: &[u64; LANES], most: i64, out: &mut [i64; LANES]) -> u64 {
    let mut odd = 0;
    for ((high, low), out) in high.iter().zip(low).zip(out) {
        let (front, bad_front) = zoned_digits(*high, ZONED_ZERO);
        let (value, bad) = zoned_digits(low | 0xF0, ZONED_ZERO);
        let value = front * 100_000_000 + value;
        odd |= bad_front | bad | beyond(value, most);
        *out = signed(value, low >> 4 & 0xF, &mut odd);
    }
    odd
}

/// The magnitude with its sign; a nibble that is not a sign is odd.
#[inline(always)]
fn signed(magnitude: u64, nibble: u64, odd: &mut u64) -> i64 {
    *odd |= (nibble + 6) & 0x10 ^ 0x10;
    let minus = i64::from(nibble == 0xB) | i64::from(nibble == 0xD);
    (magnitude.cast_signed() ^ -minus) + minus
}

#[inline(always)]
fn beyond(magnitude: u64, most: i64) -> u64 {
    most.wrapping_sub(magnitude.cast_signed()).cast_unsigned() >> 63
}

#[cfg(test)]
mod tests {
    use super::super::decimal::{self, Wide, put_zoned};
    use super::*;
    use proptest::prelude::*;

    /// The last `n` bytes in front of `end` of the end of a cell, in a word with `pad` in front.
    fn word(cell: &[u8], skip: usize, pad: u8) -> u64 {
        let mut bytes = [pad; 8];
        let end = cell.len().saturating_sub(skip);
        let start = end.saturating_sub(8);
        bytes[8 - (end - start)..].copy_from_slice(&cell[start..end]);
        u64::from_be_bytes(bytes)
    }

    fn one(read: impl Fn(&mut [i64; LANES]) -> u64) -> Option<i64> {
        let mut out = [0; LANES];
        let odd = read(&mut out);
        assert!(out.iter().all(|v| *v == out[0]));
        (odd == 0).then_some(out[0])
    }

    fn zoned_one(cell: &[u8], most: i64) -> Option<i64> {
        let long = one(|out| zoned_long(&[word(cell, 8, 0xF0); LANES], &[word(cell, 0, 0xF0); LANES], most, out));
        if cell.len() <= 8 {
            assert_eq!(one(|out| zoned(&[word(cell, 0, 0xF0); LANES], most, out)), long);
        }
        long
    }

    #[test]
    fn signs_and_limits() {
        for (sign, value) in [(0xA, 7), (0xB, -7), (0xC, 7), (0xD, -7), (0xE, 7), (0xF, 7)] {
            assert_eq!(zoned_one(&[0xF0, sign << 4 | 7], 99), Some(value));
        }
        for bad in 0..10 {
            assert_eq!(zoned_one(&[0xF0, bad << 4 | 7], 99), None);
        }
        assert_eq!(zoned_one(&ZONED_ZERO.to_be_bytes(), 0), Some(0));
        assert_eq!(zoned_one(&[0x40; 5], 99_999), None);
    }

    #[test]
    fn one_odd_value_is_enough() {
        for lane in 0..LANES {
            let mut words = [ZONED_ZERO; LANES];
            words[lane] = 0xF0F0_40F0_F0F0_F0F0;
            assert_ne!(zoned(&words, i64::MAX, &mut [0; LANES]), 0);
            assert_ne!(zoned_long(&words, &[ZONED_ZERO; LANES], i64::MAX, &mut [0; LANES]), 0);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_what_one_by_one_makes_of_them(
            cell in proptest::collection::vec(any::<u8>(), 1..=16),
            limit in 0..17u32,
        ) {
            let most = 10i64.pow(limit) - 1;
            let fits = |v: &i128| v.unsigned_abs() <= most.unsigned_abs().into();
            // Zones of ASCII are left to the other way.
            let found = zoned_one(&cell, most).map(i128::from);
            prop_assert!(found.is_none() || found == decimal::zoned(&cell).ok().filter(fits));
        }

        #[test]
        fn numbers_survive(value in -9_999_999_999_999_999i64..=9_999_999_999_999_999, digits in 1..=16u8) {
            let most = 10i64.pow(digits.into()) - 1;
            let value = value % (most + 1);
            let mut cell = Vec::new();
            put_zoned(Wide::from(i128::from(value)), digits, true, &mut cell).unwrap();
            prop_assert_eq!(zoned_one(&cell, most), Some(value));
        }
    }
}
