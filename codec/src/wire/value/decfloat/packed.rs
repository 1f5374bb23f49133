//! The words that numbers are packed into, and back.

use super::super::error::{Result, ValueError};
use super::declets::{DECLETS, NUMBERS};
use super::{Class, DecFloat, WHAT};

/// The numbers that tell the two widths apart.
pub(super) struct Format {
    pub(super) continuation: u32,
    pub(super) declets: u32,
    pub(super) bias: i32,
}

pub(super) const SHORT: Format = Format { continuation: 8, declets: 5, bias: 398 };
pub(super) const LONG: Format = Format { continuation: 12, declets: 11, bias: 6176 };

impl Format {
    fn digits(&self) -> u32 {
        self.declets * 3 + 1
    }

    fn top_exponent(&self) -> i32 {
        (3 << self.continuation) - 1 - self.bias
    }
}

/// The fields of a word.
pub(super) struct Parts {
    pub(super) negative: bool,
    pub(super) class: Class,
    /// The leading digit and the exponent, of a finite number.
    pub(super) first: u8,
    pub(super) exponent: i32,
}

/// All but the declets, which are the lowest bits.
#[inline(always)]
pub(super) fn parts(word: u128, format: &Format) -> Parts {
    let trailing = format.declets * 10;
    let negative = word >> (trailing + format.continuation + 5) & 1 == 1;
    let combination = (word >> (trailing + format.continuation)) as u32 & 31;
    let continuation = (word >> trailing) as u32 & ((1 << format.continuation) - 1);
    let (class, top, first) = match combination {
        0b11111 if continuation >> (format.continuation - 1) == 1 => (Class::SignalingNan, 0, 0),
        0b11111 => (Class::Nan, 0, 0),
        0b11110 => (Class::Infinity, 0, 0),
        c if c >> 3 == 3 => (Class::Finite, c >> 1 & 3, 8 + (c & 1)),
        c => (Class::Finite, c >> 3, c & 7),
    };
    let exponent = (top << format.continuation | continuation) as i32 - format.bias;
    Parts { negative, class, first: first as u8, exponent }
}

/// Up to six declets, the lowest bits of a word, as a number.
#[inline(always)]
fn number(word: u64, declets: u32) -> u64 {
    (0..declets)
        .rev()
        .fold(0, |n, i| n * 1000 + u64::from(DECLETS.get((word >> (10 * i)) as usize & 1023).copied().unwrap_or(0)))
}

/// Up to six declets of a number.
#[inline(always)]
fn declets(mut n: u64, count: u32) -> u64 {
    (0..count).fold(0, |word, i| {
        let (rest, three) = (n / 1000, n % 1000);
        n = rest;
        word | u64::from(NUMBERS.get(three as usize).copied().unwrap_or(0)) << (10 * i)
    })
}

const TEN15: u64 = 10u64.pow(15);
const TEN18: u64 = 10u64.pow(18);

/// From eight bytes.
#[inline]
pub(super) fn from_short(word: u64) -> DecFloat {
    let parts = parts(word.into(), &SHORT);
    let first = u64::from(parts.first) * TEN15;
    with(parts, u128::from(first + number(word, 5)))
}

/// From sixteen bytes.
#[inline]
pub(super) fn from_long(word: u128) -> DecFloat {
    let parts = parts(word, &LONG);
    let high = u64::from(parts.first) * TEN15 + number((word >> 60) as u64, 5);
    let low = number(word as u64, 6);
    with(parts, u128::from(high) * u128::from(TEN18) + u128::from(low))
}

#[inline(always)]
fn with(parts: Parts, coefficient: u128) -> DecFloat {
    let Parts { negative, class, exponent, .. } = parts;
    match class {
        Class::Finite => DecFloat { negative, class, coefficient, exponent },
        // The digits after an infinity mean nothing.
        Class::Infinity => DecFloat { negative, class, coefficient: 0, exponent: 0 },
        Class::Nan | Class::SignalingNan => DecFloat { negative, class, coefficient, exponent: 0 },
    }
}

/// Sign, combination and continuation of a finite number.
#[inline(always)]
fn upper(negative: bool, first: u64, exponent: i32, format: &Format) -> u64 {
    let biased = u64::from((exponent + format.bias).unsigned_abs());
    let top = biased >> format.continuation;
    let combination = if first > 7 { 0b11000 | top << 1 | (first & 1) } else { top << 3 | first };
    (u64::from(negative) << 5 | combination) << format.continuation | biased & ((1 << format.continuation) - 1)
}

/// Eight bytes of a number of up to 16 digits whose exponent is from -398 to 369.
#[inline]
pub fn short(negative: bool, coefficient: u64, exponent: i32) -> u64 {
    let (first, rest) = (coefficient / TEN15, coefficient % TEN15);
    upper(negative, first, exponent, &SHORT) << 50 | declets(rest, 5)
}

/// Quotient and remainder of a number of up to 34 digits by 10^18: a product is quicker than a division of 128 bits.
#[inline(always)]
fn by_ten18(n: u128) -> (u64, u64) {
    /// Of 64 bits.
    const INVERSE: u128 = (1 << 123) / TEN18 as u128;
    // The number has 113 bits. Those that are left out come to less than a thousandth of the quotient's last place, so
    // that it is one too few at most.
    let quotient = ((u128::from((n >> 49) as u64) * INVERSE) >> 74) as u64;
    let rest = (n as u64).wrapping_sub(quotient.wrapping_mul(TEN18));
    if rest < TEN18 { (quotient, rest) } else { (quotient + 1, rest - TEN18) }
}

/// Sixteen bytes of a number of up to 34 digits whose exponent is from -6176 to 6111.
#[inline]
pub fn long(negative: bool, coefficient: u128, exponent: i32) -> u128 {
    let (high, low) = match u64::try_from(coefficient) {
        Ok(small) => (small / TEN18, small % TEN18),
        Err(_) => by_ten18(coefficient),
    };
    let (first, middle) = (high / TEN15, high % TEN15);
    u128::from(upper(negative, first, exponent, &LONG)) << 110
        | u128::from(declets(middle, 5)) << 60
        | u128::from(declets(low, 6))
}

impl DecFloat {
    /// Eight bytes, if there is room for the number.
    #[inline]
    pub fn to_short(&self) -> Option<u64> {
        match u64::try_from(self.coefficient) {
            Ok(coefficient) if self.lies_in(&SHORT) => Some(short(self.negative, coefficient, self.exponent)),
            _ => pack(self, &SHORT).ok().map(|word| word as u64),
        }
    }

    /// Sixteen bytes, likewise.
    #[inline]
    pub fn to_long(&self) -> Option<u128> {
        match self.lies_in(&LONG) {
            true => Some(long(self.negative, self.coefficient, self.exponent)),
            false => pack(self, &LONG).ok(),
        }
    }

    /// True for a number that needs no zeros moved.
    #[inline(always)]
    fn lies_in(&self, format: &Format) -> bool {
        let room = 10u128.pow(format.digits());
        let exponents = -format.bias..=format.top_exponent();
        self.class == Class::Finite && self.coefficient < room && exponents.contains(&self.exponent)
    }
}

pub(super) fn pack(value: &DecFloat, format: &Format) -> Result<u128> {
    let mut coefficient = value.coefficient;
    let mut exponent = value.exponent;
    let limit = 10u128.pow(format.digits());
    let (top, continuation, first) = match value.class {
        Class::Finite => {
            let highest = format.top_exponent();
            // Trailing zeros leave when there are too many digits or the exponent is too low …
            while (coefficient >= limit || exponent < -format.bias)
                && coefficient != 0
                && coefficient.is_multiple_of(10)
            {
                coefficient /= 10;
                exponent = exponent.saturating_add(1);
            }
            if coefficient >= limit {
                return Err(ValueError::Digits { what: WHAT, precision: format.digits() as u8 });
            }
            if coefficient == 0 {
                exponent = exponent.clamp(-format.bias, highest);
            }
            // … and come when it is too high.
            while exponent > highest && coefficient < limit / 10 {
                coefficient *= 10;
                exponent -= 1;
            }
            if exponent > highest || exponent < -format.bias {
                return Err(ValueError::Range("the exponent of a DECFLOAT"));
            }
            let biased = (exponent + format.bias) as u32;
            let unit = 10u128.pow(format.declets * 3);
            let first = (coefficient / unit) as u32;
            coefficient %= unit;
            (biased >> format.continuation, biased & ((1 << format.continuation) - 1), first)
        }
        Class::Infinity => (3, 0, 0b110),
        Class::Nan => (3, 0, 0b111),
        Class::SignalingNan => (3, 1 << (format.continuation - 1), 0b111),
    };
    if coefficient >= limit / 10 {
        return Err(ValueError::Digits { what: WHAT, precision: (format.digits() - 1) as u8 });
    }
    let combination = match value.class {
        Class::Finite if first > 7 => 0b11000 | top << 1 | (first & 1),
        _ => top << 3 | first,
    };
    let mut word = u128::from(u32::from(value.negative) << 5 | combination) << format.continuation;
    word |= u128::from(continuation);
    let mut shift = 0;
    let mut declets = 0u128;
    for _ in 0..format.declets {
        let number = (coefficient % 1000) as usize;
        coefficient /= 1000;
        declets |= u128::from(NUMBERS.get(number).copied().unwrap_or(0)) << shift;
        shift += 10;
    }
    Ok(word << shift | declets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEN34: u128 = 10u128.pow(34);

    fn check(n: u128) {
        let (quotient, rest) = by_ten18(n);
        assert_eq!((u128::from(quotient), u128::from(rest)), (n / u128::from(TEN18), n % u128::from(TEN18)), "{n}");
    }

    #[test]
    fn numbers_near_a_multiple_are_divided() {
        let ten18 = u128::from(TEN18);
        for quotient in [0, 1, 2, 18, 19, 1 << 49, (1 << 49) + 1, 9_999_999_999_999_998, 9_999_999_999_999_999] {
            let multiple = quotient * ten18;
            [0, 1, ten18 / 2, ten18 - 1].into_iter().for_each(|off| check(multiple + off));
        }
    }

    proptest! {
        #[test]
        fn numbers_are_divided(n in 0..TEN34, quotient in 0u64..10_000_000_000_000_000, off in 0u128..1 << 50) {
            check(n);
            check((u128::from(quotient) * u128::from(TEN18)).saturating_sub(off));
            check((u128::from(quotient) * u128::from(TEN18) + off).min(TEN34 - 1));
        }
    }
}
