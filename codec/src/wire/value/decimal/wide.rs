//! Integers of 256 bits, and the powers of ten that decimals are scaled by.

use super::MAX_DIGITS;

/// A 256-bit two's complement integer, for decimals past 38 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wide {
    /// The upper half with the sign.
    pub hi: i128,
    /// The lower half.
    pub lo: u128,
}

const LOW: u128 = u64::MAX as u128;

/// Powers of ten up to that of [`MAX_DIGITS`].
#[allow(clippy::indexing_slicing)] // at compile time
const POWERS: [Wide; MAX_DIGITS + 1] = {
    let mut powers = [Wide { hi: 0, lo: 1 }; MAX_DIGITS + 1];
    let mut n = 1;
    while n <= MAX_DIGITS {
        powers[n] = powers[n - 1].push(10, 0);
        n += 1;
    }
    powers
};

impl From<i128> for Wide {
    fn from(v: i128) -> Self {
        Wide { hi: v >> 127, lo: v.cast_unsigned() }
    }
}

impl Wide {
    /// The value in 128 bits, if it fits.
    #[inline]
    pub fn narrow(self) -> Option<i128> {
        let low = self.lo.cast_signed();
        (self.hi == low >> 127).then_some(low)
    }

    /// True below zero.
    #[inline]
    pub fn is_negative(self) -> bool {
        self.hi < 0
    }

    #[inline]
    pub(super) fn negated(self) -> Self {
        let (lo, carry) = (!self.lo).overflowing_add(1);
        Wide { hi: (!self.hi).wrapping_add(carry as i128), lo }
    }

    /// The value without its sign.
    #[inline]
    pub(super) fn magnitude(self) -> Self {
        if self.is_negative() { self.negated() } else { self }
    }

    /// The value of this magnitude.
    #[inline]
    pub(super) fn signed(self, minus: bool) -> Self {
        if minus { self.negated() } else { self }
    }

    /// `self * by + add` of a magnitude below 2^191; never overflows within [`MAX_DIGITS`].
    #[inline]
    pub(super) const fn push(self, by: u64, add: u64) -> Self {
        let by = by as u128;
        let low = (self.lo & LOW) * by + add as u128;
        let mid = (self.lo >> 64) * by + (low >> 64);
        let hi = self.hi.wrapping_mul(by.cast_signed()).wrapping_add((mid >> 64).cast_signed());
        Wide { hi, lo: (mid << 64) | (low & LOW) }
    }

    /// The product of magnitudes, if it has at most 255 bits.
    fn times(self, by: Wide) -> Self {
        let cross = (self.hi.wrapping_mul(by.lo.cast_signed())).wrapping_add(by.hi.wrapping_mul(self.lo.cast_signed()));
        let (a, b) = (self.lo >> 64, self.lo & LOW);
        let (c, d) = (by.lo >> 64, by.lo & LOW);
        let low = b * d;
        let mid = a * d + (low >> 64);
        let other = b * c + (mid & LOW);
        let high = a * c + (mid >> 64) + (other >> 64);
        Wide { hi: cross.wrapping_add(high.cast_signed()), lo: (other << 64) | (low & LOW) }
    }

    /// Quotient and remainder of a magnitude.
    pub(super) fn div_rem(self, by: u64) -> (Self, u64) {
        let by128 = u128::from(by);
        let mut rest = 0u128;
        let mut quotient = [0u128; 4];
        let hi = self.hi.cast_unsigned();
        for (q, limb) in quotient.iter_mut().zip([hi >> 64, hi & LOW, self.lo >> 64, self.lo & LOW]) {
            let part = (rest << 64) | limb;
            // Below 2^64 a division is one instruction.
            (*q, rest) = match u64::try_from(part) {
                Ok(part) => (u128::from(part / by), u128::from(part % by)),
                Err(_) => {
                    let quotient = part / by128;
                    (quotient, part - quotient * by128)
                }
            };
        }
        let [a, b, c, d] = quotient;
        // The remainder of a division by 64 bits is below 64 bits.
        (Wide { hi: ((a << 64) | b).cast_signed(), lo: (c << 64) | d }, (rest & LOW) as u64)
    }

    /// True for a magnitude below this one.
    #[inline]
    fn below(self, other: Wide) -> bool {
        (self.hi.cast_unsigned(), self.lo) < (other.hi.cast_unsigned(), other.lo)
    }
}

/// `10^n`, as far as there is one.
#[inline]
fn power(n: usize) -> Option<Wide> {
    POWERS.get(n).copied()
}

/// True when the magnitude has at most `precision` digits.
#[inline]
pub fn fits(value: Wide, precision: u8) -> bool {
    power(usize::from(precision).min(MAX_DIGITS)).is_some_and(|limit| value.magnitude().below(limit))
}

/// `value * 10^up`, or `None` past [`MAX_DIGITS`] digits.
#[inline]
pub fn scale_up(value: Wide, up: u32) -> Option<Wide> {
    if up == 0 || value == Wide::default() {
        return Some(value);
    }
    let up = usize::try_from(up).ok()?;
    let room = power(MAX_DIGITS.checked_sub(up)?)?;
    let magnitude = value.magnitude();
    if !magnitude.below(room) {
        return None;
    }
    Some(magnitude.times(power(up)?).signed(value.is_negative()))
}

/// Digits that one step of a division takes away.
const STEP: u32 = 18;

/// `value / 10^down`, or `None` when a digit that is not zero would be lost.
#[inline]
pub fn scale_down(value: Wide, down: u32) -> Option<Wide> {
    let mut magnitude = value.magnitude();
    let mut left = down;
    while left > 0 && magnitude != Wide::default() {
        let step = left.min(STEP);
        let (quotient, rest) = magnitude.div_rem(10u64.pow(step));
        if rest != 0 {
            return None;
        }
        magnitude = quotient;
        left -= step;
    }
    Some(magnitude.signed(value.is_negative()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Digit by digit.
    fn up_by_steps(value: Wide, up: u32) -> Option<Wide> {
        let mut magnitude = value.magnitude();
        for _ in 0..up {
            if magnitude == Wide::default() {
                return Some(value);
            }
            if !fits(magnitude, MAX_DIGITS as u8 - 1) {
                return None;
            }
            magnitude = magnitude.push(10, 0);
        }
        Some(magnitude.signed(value.is_negative()))
    }

    fn down_by_steps(value: Wide, down: u32) -> Option<Wide> {
        let mut magnitude = value.magnitude();
        for _ in 0..down {
            let (quotient, rest) = magnitude.div_rem(10);
            if rest != 0 {
                return None;
            }
            magnitude = quotient;
        }
        Some(magnitude.signed(value.is_negative()))
    }

    #[test]
    fn powers_are_limits() {
        for n in 0..=MAX_DIGITS as u8 {
            let power = power(n.into()).unwrap();
            assert!(!fits(power, n));
            assert!(!fits(power.negated(), n));
            assert!(n == 76 || fits(power, n + 1));
            let (one_less, _) = (Wide { hi: power.hi, lo: power.lo.wrapping_sub(1) }, ());
            let one_less = if power.lo == 0 { Wide { hi: power.hi - 1, ..one_less } } else { one_less };
            assert!(fits(one_less, n));
        }
        assert!(fits(Wide::default(), 0));
        assert!(!fits(Wide { hi: i128::MIN, lo: 0 }, 76));
        assert!(!fits(Wide { hi: i128::MAX, lo: u128::MAX }, 200));
    }

    proptest! {
        #[test]
        fn scaling_is_what_steps_of_ten_make(hi: i128, lo: u128, digits in 0..=76usize, by in 0..90u32) {
            let mut value = Wide { hi: hi & i128::MAX, lo };
            // Of any number of digits.
            while !fits(value, digits as u8) {
                value = value.div_rem(1000).0;
            }
            for value in [value, value.negated()] {
                prop_assert_eq!(scale_up(value, by), up_by_steps(value, by));
                prop_assert_eq!(scale_down(value, by), down_by_steps(value, by));
                if let Some(scaled) = scale_up(value, by) {
                    prop_assert_eq!(scale_down(scaled, by), Some(value));
                }
            }
        }
    }
}
