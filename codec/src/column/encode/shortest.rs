//! The shortest decimal digits that mean a float: what a person would have written.

use std::fmt::Arguments;
use std::io::Write;

use crate::wire::value::decfloat;

/// Room for the digits of any float, with sign, point and exponent.
const ROOM: usize = 32;
/// Below this a float without a fraction is written without an exponent: its digits fit the shorter DECFLOAT.
const WHOLE: f64 = 1e16;

/// Digits with an exponent, as text.
pub(super) struct Shortest {
    text: [u8; ROOM],
    used: usize,
}

impl Shortest {
    /// Of two that are equally near, the digits with the even end, as `repr` of Python has them; the standard library
    /// takes the greater ones.
    pub(super) fn of(value: f64) -> Shortest {
        let out = Shortest::written(format_args!("{value:e}"));
        if is_half_less(value, out.as_str()) {
            let even = out.one_less();
            if even.as_str().parse() == Ok(value) {
                return even;
            }
        }
        out
    }

    /// As a DECFLOAT has them: without an exponent where there is no fraction.
    pub(super) fn of_decfloat(value: f64) -> Shortest {
        match value.trunc() == value && value.abs() < WHOLE {
            true => Shortest::written(format_args!("{value}")),
            false => Shortest::of(value),
        }
    }

    fn written(value: Arguments<'_>) -> Shortest {
        let mut out = Shortest { text: [0; ROOM], used: 0 };
        let mut left = out.text.as_mut_slice();
        if left.write_fmt(value).is_ok() {
            out.used = ROOM - left.len();
        }
        out
    }

    pub(super) fn as_str(&self) -> &str {
        self.text.get(..self.used).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }

    /// Digits of which the last one, which is odd, is one less.
    fn one_less(&self) -> Shortest {
        let mut text = self.text;
        let end = text.iter().position(|byte| *byte == b'e').unwrap_or_default();
        text.iter_mut().take(end).skip(end.saturating_sub(1)).for_each(|digit| *digit -= 1);
        Shortest { text, ..*self }
    }
}

/// True for digits with an odd end where the float lies in the middle between them and one less.
fn is_half_less(value: f64, text: &str) -> bool {
    let Some(digits) = decfloat::plain(text.as_bytes()).filter(|digits| digits.coefficient % 2 == 1) else {
        return false;
    };
    // The float as an odd number and a power of two.
    let bits = value.to_bits();
    let (fraction, power) = (bits & ((1 << 52) - 1), (bits >> 52 & 0x7FF) as i32);
    let (mantissa, power) = if power == 0 { (fraction, -1074) } else { (fraction | 1 << 52, power - 1075) };
    if mantissa == 0 || power + mantissa.trailing_zeros() as i32 + 1 != digits.exponent {
        return false;
    }
    // Twice both, without the powers of two, which are the same.
    let odd = u128::from(mantissa >> mantissa.trailing_zeros());
    let middle = 2 * digits.coefficient - 1;
    let Some(five) = 5u128.checked_pow(digits.exponent.unsigned_abs()) else { return false };
    match digits.exponent < 0 {
        true => odd.checked_mul(five) == Some(middle),
        false => middle.checked_mul(five) == Some(odd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // The expected texts are those that Python writes.
    #[test]
    fn the_even_one_of_two_that_are_equally_near() {
        for (value, expected) in [
            (577_768_494_371_742.0 + 0.25, "5.777684943717422e14"),
            (-641_916_565_899_358.0 - 0.25, "-6.419165658993582e14"),
            (33_641_182_394_381.5 + 0.0625, "3.3641182394381562e13"),
            (1_500_000_000_000_000.0 + 0.25, "1.5000000000000002e15"),
            (1_500_000_000_000_000.0 + 0.75, "1.5000000000000008e15"),
            (0.1, "1e-1"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e308"),
            (0.0, "0e0"),
            (-0.0, "-0e0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(Shortest::of(value).as_str(), expected);
        }
    }

    proptest! {
        #[test]
        fn digits_are_those_of_the_library_or_one_less(bits: u64, quarters in 1u64 << 50..1 << 53) {
            for value in [f64::from_bits(bits), quarters as f64 / 4.0, quarters as f64 / 16.0] {
                let (ours, theirs) = (Shortest::of(value), format!("{value:e}"));
                prop_assert_eq!(ours.as_str().len(), theirs.len());
                prop_assert!(value.is_nan() || ours.as_str().parse() == Ok(value), "{}", theirs);
            }
        }
    }
}
