//! Zoned decimals by vectors of 16 and 32 bits, as in [`simd`](super::simd).

use fearless_simd::prelude::*;

use super::simd::{LANES, ZONED_ZERO};

/// Zoned decimals of up to 8 digits in EBCDIC, right-aligned in big-endian words and filled with zeros.
#[inline(always)]
pub fn zoned<S: Simd>(simd: S, words: &[u64; LANES], most: i64, out: &mut [i64; LANES]) -> u64 {
    let form = Form::new(simd, most);
    let mut odd = S::u64s::splat(simd, 0);
    for (words, out) in words.chunks_exact(S::u64s::LEN).zip(out.chunks_exact_mut(S::u64s::LEN)) {
        let word = S::u64s::from_slice(simd, words);
        let value = form.eight(word | 0xF0, &mut odd);
        form.signed(word, value, &mut odd).store_slice(out);
    }
    odd.as_slice().iter().fold(0, |all, odd| all | odd)
}

/// As [`zoned`], of up to 16 digits: the last eight, and what is in front of them.
#[inline(always)]
pub fn zoned_long<S: Simd>(simd: S, high: &[u64; LANES], low: &[u64; LANES], most: i64, out: &mut [i64; LANES]) -> u64 {
    let form = Form::new(simd, most);
    let mut odd = S::u64s::splat(simd, 0);
    let words = high.chunks_exact(S::u64s::LEN).zip(low.chunks_exact(S::u64s::LEN));
    for ((high, low), out) in words.zip(out.chunks_exact_mut(S::u64s::LEN)) {
        let front = form.eight(S::u64s::from_slice(simd, high), &mut odd);
        let word = S::u64s::from_slice(simd, low);
        let value = front * 100_000_000 + form.eight(word | 0xF0, &mut odd);
        form.signed(word, value, &mut odd).store_slice(out);
    }
    odd.as_slice().iter().fold(0, |all, odd| all | odd)
}

struct Form<S: Simd> {
    zeros: S::u64s,
    one: S::u64s,
    most: S::u64s,
    hundreds: S::i16s,
    fours: S::u32s,
}

impl<S: Simd> Form<S> {
    #[inline(always)]
    fn new(simd: S, most: i64) -> Self {
        Form {
            zeros: S::u64s::splat(simd, ZONED_ZERO),
            one: S::u64s::splat(simd, 1),
            most: S::u64s::splat(simd, most.cast_unsigned()),
            hundreds: S::u32s::splat(simd, 100 << 16 | 1).bitcast(),
            fours: S::u64s::splat(simd, 10_000 << 32 | 1).bitcast(),
        }
    }

    /// Eight characters as a number.
    #[inline(always)]
    fn eight(&self, word: S::u64s, odd: &mut S::u64s) -> S::u64s {
        let digits = word ^ self.zeros;
        *odd |= (digits | (digits + 0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0;
        let digits = digits.bitcast::<S::u16s>();
        let pairs = (digits & 0x00FF) + (digits >> 8) * 10;
        let fours = pairs.bitcast::<S::i16s>().pairwise_dot_product(self.hundreds).bitcast::<S::u32s>();
        let eights = (fours * self.fours).bitcast::<S::u64s>();
        (eights + (eights >> 32)) & 0xFFFF_FFFF
    }

    /// The magnitude with the sign that is the zone of the last character.
    #[inline(always)]
    fn signed(&self, word: S::u64s, value: S::u64s, odd: &mut S::u64s) -> S::i64s {
        let sign = (word >> 4) & 0xF;
        *odd |= (((sign + 6) & 0x10) ^ 0x10) | ((self.most - value) >> 63);
        let minus = sign.simd_eq(0xB) | sign.simd_eq(0xD);
        minus.select(!value + self.one, value).bitcast()
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};
    use proptest::prelude::*;

    use super::super::decimal::{self, Wide, put_zoned};
    use super::*;
    use crate::wire::codec::instructions::levels;

    /// The last `n` bytes in front of `end` of the end of a cell, in a word with `pad` in front.
    fn word(cell: &[u8], skip: usize, pad: u8) -> u64 {
        let mut bytes = [pad; 8];
        let end = cell.len().saturating_sub(skip);
        let start = end.saturating_sub(8);
        bytes[8 - (end - start)..].copy_from_slice(&cell[start..end]);
        u64::from_be_bytes(bytes)
    }

    /// Values read at every level.
    fn each(read: impl Fn(Level, &mut [i64; LANES]) -> u64) -> Option<[i64; LANES]> {
        let results = levels().into_iter().map(|(_, level)| {
            let mut out = [0; LANES];
            let odd = read(level, &mut out);
            (odd == 0).then_some(out)
        });
        results.reduce(|a, b| if a == b { a } else { panic!("{a:?} is not {b:?}") }).unwrap()
    }

    fn read(words: &[u64; LANES], most: i64) -> Option<[i64; LANES]> {
        each(|level, out| dispatch!(level, simd => zoned(simd, words, most, out)))
    }

    fn read_long(high: &[u64; LANES], low: &[u64; LANES], most: i64) -> Option<[i64; LANES]> {
        each(|level, out| dispatch!(level, simd => zoned_long(simd, high, low, most, out)))
    }

    /// Among zeros, in one place after the other.
    fn zoned_one(cell: &[u8], most: i64) -> Option<i64> {
        let place = cell.iter().fold(0, |place, byte| (place * 7 + usize::from(*byte)) % LANES);
        let (mut high, mut low) = ([ZONED_ZERO; LANES], [ZONED_ZERO; LANES]);
        (high[place], low[place]) = (word(cell, 8, 0xF0), word(cell, 0, 0xF0));
        let long = read_long(&high, &low, most);
        if cell.len() <= 8 {
            assert_eq!(read(&low, most), long);
        }
        let mut out = long?;
        let value = std::mem::take(&mut out[place]);
        assert_eq!(out, [0; LANES]);
        Some(value)
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
            assert_eq!(read(&words, i64::MAX), None);
            assert_eq!(read_long(&words, &[ZONED_ZERO; LANES], i64::MAX), None);
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
