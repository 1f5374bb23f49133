//! Digits of many numbers, some at a time: the same steps for all and no branch. Numbers are divided as floats, which hold
//! whole numbers up to 2^52: few processors multiply 64 bits by 64.

use fearless_simd::{Level, dispatch, prelude::*};

use crate::wire::value::simd::LANES;

/// The most digits of a number here.
pub(super) const MOST: u8 = 15;
/// The most digits that take one step less.
pub(super) const HALF: u8 = 8;
/// The lowest bits of what is added to this are a whole number: the last place of such a float counts ones.
const WHOLE: f64 = (1u64 << 52) as f64;
/// The same for numbers that may be below zero; bit 51 is set when they are not.
const SIGNED: f64 = (3u64 << 51) as f64;
const LOWER: u64 = 0xFFFF_FFFF;

/// The digits of numbers, the first of them in the lowest bits.
pub(super) struct Digits {
    /// In front of the last eight; none of numbers that have no more than [`HALF`].
    pub(super) high: [u64; LANES],
    /// The last eight.
    pub(super) low: [u64; LANES],
}

/// How digits are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DigitForm {
    /// Two in a byte, so that eight are in 32 bits.
    Nibbles,
    /// One in a byte.
    Bytes,
}

impl Digits {
    pub(super) fn new() -> Digits {
        Digits { high: [0; LANES], low: [0; LANES] }
    }

    /// Of as many as [`LANES`] numbers of up to `most` digits, at most [`MOST`], without their signs.
    #[inline]
    pub(super) fn fill(&mut self, level: Level, form: DigitForm, most: u8, numbers: &[i64]) {
        dispatch!(level, simd => self.fill_with(simd, form, most, numbers));
    }

    #[inline(always)]
    fn fill_with<S: Simd>(&mut self, simd: S, form: DigitForm, most: u8, numbers: &[i64]) {
        let mut magnitudes = [0; LANES];
        for (magnitude, number) in magnitudes.iter_mut().zip(numbers) {
            *magnitude = number.unsigned_abs();
        }
        let size = S::u64s::LEN;
        let out = self.high.chunks_exact_mut(size).zip(self.low.chunks_exact_mut(size));
        let vectors = magnitudes.chunks_exact(size).zip(out).take(numbers.len().div_ceil(size));
        for (magnitudes, (high, low)) in vectors {
            let n = S::u64s::from_slice(simd, magnitudes);
            if most <= HALF {
                eight::<S>(form, n).store_slice(low);
                continue;
            }
            let (h, l) = divided::<S>(n, 100_000_000, 1e-8);
            eight::<S>(form, h).store_slice(high);
            eight::<S>(form, l).store_slice(low);
        }
    }
}

/// Quotients and remainders of numbers below 2^52, which both have 32 bits.
#[inline(always)]
fn divided<S: Simd>(n: S::u64s, by: u32, inverse: f64) -> (S::u64s, S::u64s) {
    let float = (n | WHOLE.to_bits()).bitcast::<S::f64s>() - WHOLE;
    let nearest = float * inverse + WHOLE;
    // The lowest bits may be of a number below zero.
    let rest = (float - (nearest - WHOLE) * f64::from(by) + SIGNED).bitcast::<S::u64s>();
    // Rounded up, the quotient is one too many.
    let over = (rest & (1 << 51) ^ (1 << 51)) >> 51;
    let quotient = (nearest.bitcast::<S::u64s>() & LOWER) - over;
    (quotient, (rest + ((!over + 1) & u64::from(by))) & LOWER)
}

/// Eight digits of numbers below 10^8.
#[inline(always)]
fn eight<S: Simd>(form: DigitForm, n: S::u64s) -> S::u64s {
    let (first, last) = divided::<S>(n, 10_000, 1e-4);
    let fours = (first | last << 32).bitcast::<S::u32s>();
    let hundreds = (fours * 10_486) >> 20;
    let pairs = (hundreds | (fours - hundreds * 100) << 16).bitcast::<S::u16s>();
    let tens = (pairs * 103) >> 10;
    match form {
        DigitForm::Bytes => (tens | (pairs - tens * 10) << 8).bitcast::<S::u64s>(),
        DigitForm::Nibbles => {
            // Sixteen in place of each ten.
            let bytes = (pairs + tens * 6).bitcast::<S::u64s>();
            let bytes = (bytes | bytes >> 8) & 0x0000_FFFF_0000_FFFF;
            (bytes | bytes >> 16) & LOWER
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::codec::instructions::levels;

    fn check(numbers: &[i64]) {
        let few = numbers.iter().all(|number| number.unsigned_abs() < 10u64.pow(HALF.into()));
        for most in [MOST, HALF].into_iter().take(1 + usize::from(few)) {
            check_as(most, numbers);
        }
    }

    fn check_as(most: u8, numbers: &[i64]) {
        for (name, level) in levels() {
            let mut digits = Digits::new();
            digits.fill(level, DigitForm::Bytes, most, numbers);
            let found = digits.high.iter().zip(&digits.low);
            for ((high, low), number) in found.zip(numbers) {
                let bytes: Vec<u8> = [high.to_le_bytes(), low.to_le_bytes()].concat();
                let text: String = bytes.iter().map(|digit| char::from(b'0' + digit)).collect();
                assert_eq!(text, format!("{:016}", number.unsigned_abs()), "{name}");
            }
            digits.fill(level, DigitForm::Nibbles, most, numbers);
            let found = digits.high.iter().zip(&digits.low);
            for ((high, low), number) in found.zip(numbers) {
                let word = (high | low << 32).swap_bytes();
                assert_eq!(format!("{word:016x}"), format!("{:016}", number.unsigned_abs()), "{name}");
            }
        }
    }

    #[test]
    fn numbers_at_the_limits_of_their_digits() {
        for digits in 0..=u32::from(MOST) {
            let power = 10i64.pow(digits);
            let near = [power - 2, power - 1, -power + 1, power / 2, power / 2 - 1, 5, 0];
            check(&near);
            check(&near.map(|n| n / 10_000 * 10_000));
            check(&near.map(|n| n / 100_000_000 * 100_000_000));
        }
    }

    proptest! {
        #[test]
        fn digits_are_those_of_the_number(
            numbers in proptest::collection::vec(any::<i64>(), 0..=LANES),
            digits in 1..=u32::from(MOST),
        ) {
            check(&numbers.iter().map(|n| n % 10i64.pow(digits)).collect::<Vec<_>>());
        }
    }
}
