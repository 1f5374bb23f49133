//! Packed decimals by vectors of 64 bits, as in [`simd`](super::simd), in which halves and quarters are multiplied:
//! few processors multiply 64 bits by 64.

use fearless_simd::prelude::*;

use super::simd::LANES;

/// Packed decimals of up to 15 digits, right-aligned in big-endian words; `most` is the largest magnitude.
#[inline(always)]
pub fn packed<S: Simd>(simd: S, words: &[u64; LANES], most: i64, out: &mut [i64; LANES]) -> u64 {
    let mut odd = S::u64s::splat(simd, 0);
    let most = S::u64s::splat(simd, most.cast_unsigned());
    let one = S::u64s::splat(simd, 1);
    let fours = S::u32s::splat(simd, 10_000 << 16 | 1).bitcast::<S::i16s>();
    let vectors = words.chunks_exact(S::u64s::LEN).zip(out.chunks_exact_mut(S::u64s::LEN));
    for (words, out) in vectors {
        let word = S::u64s::from_slice(simd, words);
        let digits = word >> 4;
        // A nibble is above 9 when its top bit and one of the two below it are set.
        odd |= digits & (digits << 1 | digits << 2) & 0x8888_8888_8888_8888;
        let tens = (digits >> 4) & 0x0F0F_0F0F_0F0F_0F0F;
        // Sixteen less six for each ten.
        let pairs = (digits - ((tens << 1) + (tens << 2))).bitcast::<S::u16s>();
        let pairs = (pairs & 0x00FF) + (pairs >> 8) * 100;
        let eights = pairs.bitcast::<S::i16s>().pairwise_dot_product(fours).bitcast::<S::u64s>();
        let low = eights & 0xFFFF_FFFF;
        let value = low + high_eight::<S>(eights >> 32);
        odd |= (most - value) >> 63;
        let sign = word & 0xF;
        odd |= ((sign + 6) & 0x10) ^ 0x10;
        let minus = sign.simd_eq(0xB) | sign.simd_eq(0xD);
        let value = minus.select(!value + one, value).bitcast::<S::i64s>();
        value.store_slice(out);
    }
    odd.as_slice().iter().fold(0, |all, odd| all | odd)
}

/// Eight digits as the upper ones of sixteen.
#[inline(always)]
fn high_eight<S: Simd>(eight: S::u64s) -> S::u64s {
    eight * 100_000_000
}

#[cfg(test)]
mod tests {
    use fearless_simd::dispatch;
    use proptest::prelude::*;

    use super::super::decimal::{self, Wide, put_packed};
    use super::super::simd::PACKED_ZERO;
    use super::*;
    use crate::wire::codec::instructions::levels;

    /// The values of these words, the same at every level; `None` if one is odd.
    fn read(words: &[u64; LANES], most: i64) -> Option<[i64; LANES]> {
        let results = levels().into_iter().map(|(_, level)| {
            let mut out = [0; LANES];
            let odd = dispatch!(level, simd => packed(simd, words, most, &mut out));
            (odd == 0).then_some(out)
        });
        results.reduce(|a, b| if a == b { a } else { panic!("{a:?} is not {b:?}") }).unwrap()
    }

    fn word(cell: &[u8]) -> u64 {
        cell.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
    }

    /// Among zeros, in one lane after the other.
    fn one(cell: &[u8], most: i64) -> Option<i64> {
        let lane = cell.iter().fold(0, |lane, byte| (lane * 7 + usize::from(*byte)) % LANES);
        let mut words = [PACKED_ZERO; LANES];
        words[lane] = word(cell);
        let mut out = read(&words, most)?;
        let value = std::mem::take(&mut out[lane]);
        assert_eq!(out, [0; LANES]);
        Some(value)
    }

    #[test]
    fn signs_and_limits() {
        for (sign, value) in [(0xA, 7), (0xB, -7), (0xC, 7), (0xD, -7), (0xE, 7), (0xF, 7)] {
            assert_eq!(one(&[0x70 | sign], 9), Some(value));
        }
        for bad in 0..10 {
            assert_eq!(one(&[0x70 | bad], 9), None);
            assert_eq!(one(&[(bad + 6) << 4 | 0xC], 99).is_some(), bad < 4);
        }
        assert_eq!(one(&[0x12, 0x3C], 99), None);
        assert_eq!(one(&[0x09, 0x9D], 99), Some(-99));
        assert_eq!(one(&[0x40; 5], 999_999_999), None);
        assert_eq!(one(&[0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9D], i64::MAX), Some(-999_999_999_999_999));
    }

    #[test]
    fn one_odd_value_is_enough() {
        for lane in 0..LANES {
            let mut words = [PACKED_ZERO; LANES];
            words[lane] = 0xA0C;
            assert_eq!(read(&words, i64::MAX), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_what_one_by_one_makes_of_them(
            cell in proptest::collection::vec(any::<u8>(), 1..=8),
            limit in 0..17u32,
        ) {
            let most = 10i64.pow(limit) - 1;
            let fits = |v: &i128| v.unsigned_abs() <= most.unsigned_abs().into();
            prop_assert_eq!(one(&cell, most).map(i128::from), decimal::packed(&cell).ok().filter(fits));
        }

        #[test]
        fn numbers_survive(value in -999_999_999_999_999i64..=999_999_999_999_999, digits in 1..=15u8) {
            let most = 10i64.pow(digits.into()) - 1;
            let value = value % (most + 1);
            let mut cell = Vec::new();
            put_packed(Wide::from(i128::from(value)), digits, &mut cell).unwrap();
            prop_assert_eq!(one(&cell, most), Some(value));
        }
    }
}
