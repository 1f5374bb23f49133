//! S/390 hexadecimal floating point (FD:OCA type 40): a sign, an exponent of 16 with bias 64, a
//! fraction below one of 24 or 56 bits, perhaps with leading zero digits.
//!
//! The range (about 5.4E-79 to 7.2E+75) is that of neither IEEE form: even four bytes can exceed
//! the IEEE single, therefore both widths are read as f64. A fraction of 56 bits that needs more
//! than the 53 of f64 is rounded to the nearest, which is the only loss.

use super::error::{Result, ValueError};

const HEX: &str = "a hexadecimal float";

/// Four bytes; always exact.
#[inline]
pub fn hex32(bytes: [u8; 4]) -> f64 {
    let word = u32::from_be_bytes(bytes);
    let fraction = f64::from(word & 0x00FF_FFFF);
    signed(fraction * power_of_two(exponent(word >> 24) - 24), word >> 31 == 1)
}

/// Eight bytes; exact unless the fraction has more than 53 significant bits.
#[inline]
pub fn hex64(bytes: [u8; 8]) -> f64 {
    let word = u64::from_be_bytes(bytes);
    let fraction = (word & 0x00FF_FFFF_FFFF_FFFF) as f64;
    signed(fraction * power_of_two(exponent((word >> 56) as u32) - 56), word >> 63 == 1)
}

/// To eight bytes, normalised; exact wherever the range allows.
pub fn to_hex64(value: f64) -> Result<[u8; 8]> {
    Ok(encode(value, 56)?.to_be_bytes())
}

/// To four bytes, rounded to the nearest fraction of 24 bits.
pub fn to_hex32(value: f64) -> Result<[u8; 4]> {
    let [a, b, c, d, ..] = encode(value, 24)?.to_be_bytes();
    Ok([a, b, c, d])
}

fn exponent(byte: u32) -> i32 {
    4 * ((byte & 0x7F) as i32 - 64)
}

/// 2^n for the normal range of f64.
fn power_of_two(n: i32) -> f64 {
    f64::from_bits(((n + 1023) as u64) << 52)
}

fn signed(magnitude: f64, minus: bool) -> f64 {
    if minus { -magnitude } else { magnitude }
}

/// The long form with a fraction rounded to `bits`.
#[inline]
fn encode(value: f64, bits: u32) -> Result<u64> {
    if !value.is_finite() {
        return Err(ValueError::NotFinite(HEX));
    }
    let sign = value.to_bits() & (1 << 63);
    if value == 0.0 {
        return Ok(sign);
    }
    // value = mantissa * 2^power, the mantissa an integer of exactly 53 bits.
    let raw = value.to_bits() & !(1 << 63);
    let (mut mantissa, mut power) = match (raw >> 52) as i32 {
        0 => (raw, -1074),
        biased => ((raw & ((1 << 52) - 1)) | 1 << 52, biased - 1075),
    };
    let shift = mantissa.leading_zeros() as i32 - 11;
    mantissa <<= shift;
    power -= shift;
    // As a fraction below one: mantissa * 2^-53 * 2^(power + 53); the power rounded up to fours.
    let two = power + 53;
    let mut sixteen = two.div_euclid(4) + i32::from(two.rem_euclid(4) != 0);
    let mut fraction = mantissa << (3 - (4 * sixteen - two));
    let lost = 56 - bits;
    if lost > 0 {
        let half = 1u64 << (lost - 1);
        let odd = (fraction >> lost) & 1;
        fraction = (fraction + half - 1 + odd) >> lost << lost;
        if fraction >> 56 != 0 {
            fraction >>= 4;
            sixteen += 1;
        }
    }
    match u64::try_from(sixteen + 64) {
        Ok(biased) if biased < 128 => Ok(sign | biased << 56 | fraction),
        _ => Err(ValueError::Range("a float beyond the hexadecimal form")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_values() {
        // The z/OS trace: 4110000000000000 is 1.0.
        assert_eq!(hex64([0x41, 0x10, 0, 0, 0, 0, 0, 0]), 1.0);
        assert_eq!(hex32([0x42, 0x76, 0xA0, 0]), 118.625);
        assert_eq!(hex32([0xC2, 0x76, 0xA0, 0]), -118.625);
        assert_eq!(hex32([0x7F, 0xFF, 0xFF, 0xFF]), (1.0 - 2f64.powi(-24)) * 2f64.powi(252));
        assert_eq!(hex64([0; 8]), 0.0);
        // Not normalised: 1.0 with leading zero digits.
        assert_eq!(hex64([0x43, 0, 0x10, 0, 0, 0, 0, 0]), 1.0);
        assert_eq!(to_hex64(1.0), Ok([0x41, 0x10, 0, 0, 0, 0, 0, 0]));
        assert_eq!(to_hex32(-118.625), Ok([0xC2, 0x76, 0xA0, 0]));
        assert_eq!(to_hex32(0.999_999_999), Ok([0x41, 0x10, 0, 0]));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for value in [1e76, -1e80, 1e-80, f64::MIN_POSITIVE, 5e-324] {
            assert!(matches!(to_hex64(value), Err(ValueError::Range(_))), "{value}");
        }
        assert!(matches!(to_hex64(f64::NAN), Err(ValueError::NotFinite(_))));
        assert!(matches!(to_hex32(f64::INFINITY), Err(ValueError::NotFinite(_))));
    }

    proptest! {
        #[test]
        fn doubles_survive(mantissa in any::<i64>(), power in -240i32..180) {
            let value = mantissa as f64 * power_of_two(power);
            prop_assert_eq!(hex64(to_hex64(value).unwrap()), value);
        }

        #[test]
        fn short_fractions_survive(fraction in 0u32..1 << 24, exp in 6u32..128) {
            let value = hex32((exp << 24 | fraction).to_be_bytes());
            prop_assert_eq!(hex32(to_hex32(value).unwrap()), value);
        }
    }
}
