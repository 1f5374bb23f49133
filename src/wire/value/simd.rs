//! Many values at once: words side by side, the same steps for all and no branch, so that the compiler makes
//! vector instructions of them. Everything here is inlined, so it gets the widest ones that its caller may use.
//!
//! The result is zero when all is well. If it is not, some value is odd, what was written means nothing,
//! and the values are for the functions that take them one by one.

use super::calendar::FIRST_DAY;
use super::decimal::{bcd, zoned_digits};

/// Values that are read together.
pub const LANES: usize = 64;
/// A packed decimal zero.
pub const PACKED_ZERO: u64 = 0x0C;
/// A zoned decimal zero in EBCDIC.
pub const ZONED_ZERO: u64 = 0xF0F0_F0F0_F0F0_F0F0;

/// Packed decimals of up to 15 digits, right-aligned in big-endian words; `most` is the largest magnitude.
#[inline(always)]
pub fn packed(words: &[u64; LANES], most: i64, out: &mut [i64; LANES]) -> u64 {
    let mut odd = 0;
    for (word, out) in words.iter().zip(out) {
        let (value, bad) = bcd(word >> 4);
        odd |= bad | beyond(value, most);
        *out = signed(value, word & 0xF, &mut odd);
    }
    odd
}

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

/// Dates `YYYY-MM-DD` as days since 1970-01-01: eight characters each and the last two, in big-endian words,
/// in the alphabet of this digit zero and this dash.
#[inline(always)]
pub fn dates(heads: &[u64; LANES], tails: &[u64; LANES], zero: u8, dash: u8, out: &mut [i32; LANES]) -> u64 {
    let dashes = u64::from(dash) << 24 | u64::from(dash);
    let zeros = u64::from_ne_bytes([zero; 8]);
    let mut odd = 0;
    for ((head, tail), out) in heads.iter().zip(tails).zip(out) {
        odd |= (head & 0xFF00_00FF) ^ dashes;
        // The dashes are squeezed out: YYYYMMDD.
        let digits = ((head & 0xFFFF_FFFF_0000_0000) | (head & 0x00FF_FF00) << 8 | (tail & 0xFFFF)) ^ zeros;
        odd |= (digits | digits.wrapping_add(0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0;
        let pairs = (digits & 0x000F_000F_000F_000F) + 10 * ((digits >> 8) & 0x000F_000F_000F_000F);
        let pair = |at: u32| (pairs >> at) as u32 & 0xFF;
        let (days, bad) = days(pair(48), pair(32), pair(16), pair(0));
        odd |= u64::from(bad);
        *out = days;
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

/// As the calendar's own, without a table; the flag is true if there is no such date.
#[inline(always)]
fn days(century: u32, year: u32, month: u32, day: u32) -> (i32, bool) {
    let full = century * 100 + year;
    let leap = u32::from((if year != 0 { year } else { century }) & 3 == 0);
    let february = month == 2;
    let last = if february { 28 + leap } else { 30 + ((month ^ month >> 3) & 1) };
    let bad = (month.wrapping_sub(1) > 11) | (day.wrapping_sub(1) >= last) | (full == 0);
    // Months as if February had 30 days, then what it lacks.
    let before = ((367 * month).wrapping_sub(362) / 12).wrapping_sub(if month > 2 { 2 - leap } else { 0 });
    let past = full.wrapping_sub(1);
    let centuries = past / 100;
    let passed = past.wrapping_mul(365).wrapping_add(past / 4).wrapping_sub(centuries).wrapping_add(centuries / 4);
    (passed.wrapping_add(before).wrapping_add(day).cast_signed().wrapping_add(FIRST_DAY - 1), bad)
}

#[cfg(test)]
mod tests {
    use super::super::calendar;
    use super::super::datetext::put_date;
    use super::super::decimal::{self, Wide, put_packed, put_zoned};
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

    fn packed_one(cell: &[u8], most: i64) -> Option<i64> {
        one(|out| packed(&[word(cell, 0, 0); LANES], most, out))
    }

    fn zoned_one(cell: &[u8], most: i64) -> Option<i64> {
        let long = one(|out| zoned_long(&[word(cell, 8, 0xF0); LANES], &[word(cell, 0, 0xF0); LANES], most, out));
        if cell.len() <= 8 {
            assert_eq!(one(|out| zoned(&[word(cell, 0, 0xF0); LANES], most, out)), long);
        }
        long
    }

    fn date_one(text: &[u8; 10]) -> Option<i32> {
        let (zero, dash) = if text[0] >= 0xF0 { (0xF0, 0x60) } else { (b'0', b'-') };
        let mut out = [0; LANES];
        let tail = u64::from(u16::from_be_bytes([text[8], text[9]]));
        let odd = dates(&[word(&text[..8], 0, 0); LANES], &[tail; LANES], zero, dash, &mut out);
        (odd == 0).then_some(out[0])
    }

    #[test]
    fn signs_and_limits() {
        for (sign, value) in [(0xA, 7), (0xB, -7), (0xC, 7), (0xD, -7), (0xE, 7), (0xF, 7)] {
            assert_eq!(packed_one(&[0x70 | sign], 9), Some(value));
            assert_eq!(zoned_one(&[0xF0, sign << 4 | 7], 99), Some(value));
        }
        for bad in 0..10 {
            assert_eq!(packed_one(&[0x70 | bad], 9), None);
            assert_eq!(zoned_one(&[0xF0, bad << 4 | 7], 99), None);
            assert_eq!(packed_one(&[(bad + 6) << 4 | 0xC], 99).is_some(), bad < 4);
        }
        assert_eq!(packed_one(&[0x12, 0x3C], 99), None);
        assert_eq!(packed_one(&[0x09, 0x9D], 99), Some(-99));
        assert_eq!(packed_one(&PACKED_ZERO.to_be_bytes(), 0), Some(0));
        assert_eq!(zoned_one(&ZONED_ZERO.to_be_bytes(), 0), Some(0));
        assert_eq!(zoned_one(&[0x40; 5], 99_999), None);
        assert_eq!(packed_one(&[0x40; 5], 999_999_999), None);
    }

    #[test]
    fn one_odd_value_is_enough() {
        for lane in 0..LANES {
            let mut words = [PACKED_ZERO; LANES];
            words[lane] = 0xA0C;
            assert_ne!(packed(&words, i64::MAX, &mut [0; LANES]), 0);
            let mut words = [ZONED_ZERO; LANES];
            words[lane] = 0xF0F0_40F0_F0F0_F0F0;
            assert_ne!(zoned(&words, i64::MAX, &mut [0; LANES]), 0);
            assert_ne!(zoned_long(&words, &[ZONED_ZERO; LANES], i64::MAX, &mut [0; LANES]), 0);
        }
    }

    #[test]
    fn every_day_of_the_calendar_and_no_other() {
        let mut text = Vec::new();
        for day in calendar::FIRST_DAY..=calendar::LAST_DAY {
            text.clear();
            put_date(day, &mut text).unwrap();
            let ten = text.first_chunk().unwrap();
            assert_eq!(date_one(ten), Some(day));
            assert_eq!(date_one(&ten.map(|c| if c == b'-' { 0x60 } else { c + 0xC0 })), Some(day));
        }
        for century in 0..100 {
            for year in 0..100 {
                for month in 0..100 {
                    for day in [0, 1, 28, 29, 30, 31, 32, 99] {
                        let (found, bad) = days(century, year, month, day);
                        assert_eq!((!bad).then_some(found), calendar::days(century, year, month, day));
                    }
                }
            }
        }
        for bad in [b"2023/02/28", b"2023-0228-", b"2O23-02-28", b"          ", b"0000-00-00", b"2023-02-2\xF8"] {
            assert_eq!(date_one(bad), None);
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
            if cell.len() <= 8 {
                let expected = decimal::packed(&cell).ok().filter(fits);
                prop_assert_eq!(packed_one(&cell, most).map(i128::from), expected);
            }
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
            if digits < 16 {
                cell.clear();
                put_packed(Wide::from(i128::from(value)), digits, &mut cell).unwrap();
                prop_assert_eq!(packed_one(&cell, most), Some(value));
            }
        }

        #[test]
        fn ten_bytes_are_a_date_or_odd(text: [u8; 10]) {
            let digit = |b: u8| if b.is_ascii() { b } else { 0xF0 | b & 0xF };
            let ten = text.map(digit);
            if let Some(day) = date_one(&ten) {
                prop_assert_eq!(super::super::datetime::date(&ten), Ok(day));
            }
        }
    }
}
