//! Division of long integers by one of 64 bits: a multiplication with its inverse takes a fraction of the time of the
//! instruction that divides 128 bits (N. Möller and T. Granlund, "Improved division by invariant integers", 2011).

/// A number that others are divided by.
#[derive(Debug, Clone, Copy)]
pub struct Divisor {
    /// Moved left until its first bit is set, by so many bits.
    number: u64,
    shift: u32,
    /// `(2^128 - 1) / number - 2^64`.
    inverse: u64,
}

impl Divisor {
    /// For a number that is not zero.
    pub const fn new(number: u64) -> Divisor {
        let shift = number.leading_zeros();
        let number = number << shift;
        // Truncation takes 2^64 away.
        Divisor { number, shift, inverse: (u128::MAX / number as u128) as u64 }
    }

    /// Quotient and remainder.
    #[inline]
    pub fn divide(&self, n: u128) -> (u128, u64) {
        let (quotient, rest) = self.pair(self.carried(n), n, 0);
        (quotient, rest >> self.shift)
    }

    /// Upper and lower half of the quotient of 256 bits, and the remainder.
    #[inline]
    pub(super) fn divide_long(&self, hi: u128, lo: u128) -> (u128, u128, u64) {
        let (hi, rest) = match hi {
            0 => (0, self.carried(lo)),
            _ => self.pair(self.carried(hi), hi, self.carried(lo)),
        };
        let (lo, rest) = self.pair(rest, lo, 0);
        (hi, lo, rest >> self.shift)
    }

    /// The bits of a number that are moved out of it.
    #[inline(always)]
    fn carried(&self, n: u128) -> u64 {
        n.checked_shr(128 - self.shift).unwrap_or(0) as u64
    }

    /// Divides 128 bits after a remainder, moved left and followed by `next`; quotient and remainder.
    #[inline(always)]
    fn pair(&self, rest: u64, n: u128, next: u64) -> (u128, u64) {
        let moved = n << self.shift | u128::from(next);
        let (upper, rest) = self.step(rest, (moved >> 64) as u64);
        let (lower, rest) = self.step(rest, moved as u64);
        (u128::from(upper) << 64 | u128::from(lower), rest)
    }

    /// Divides 64 bits after a remainder.
    #[inline(always)]
    fn step(&self, rest: u64, low: u64) -> (u64, u64) {
        let n = u128::from(rest) << 64 | u128::from(low);
        let guess = (u128::from(self.inverse) * u128::from(rest)).wrapping_add(n);
        let quotient = ((guess >> 64) as u64).wrapping_add(1);
        let left = low.wrapping_sub(quotient.wrapping_mul(self.number));
        let (quotient, left) = match left > guess as u64 {
            true => (quotient.wrapping_sub(1), left.wrapping_add(self.number)),
            false => (quotient, left),
        };
        match left >= self.number {
            true => (quotient.wrapping_add(1), left - self.number),
            false => (quotient, left),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn powers_of_ten_and_the_ends_of_a_word() {
        let tens = (0..20).map(|n| 10u64.pow(n));
        for by in tens.chain([2, 3, u64::MAX, 1 << 63, (1 << 63) - 1, (1 << 63) + 1]) {
            let divisor = Divisor::new(by);
            let by = u128::from(by);
            for n in [0, 1, by - 1, by, by + 1, by << 64, (by << 64) - 1, u128::MAX, u128::MAX / by * by] {
                assert_eq!(divisor.divide(n), (n / by, (n % by) as u64), "{n} / {by}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_the_processor_divides(n: u128, bits in 0..128u32, by in 1..u64::MAX, fewer in 0..64u32) {
            let (n, by) = (n >> bits, (by >> fewer).max(1));
            let expected = (n / u128::from(by), (n % u128::from(by)) as u64);
            prop_assert_eq!(Divisor::new(by).divide(n), expected);
        }
    }
}
