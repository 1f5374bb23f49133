//! DECFLOAT: IEEE 754-2008 decimal floating point in densely packed decimal, 8 bytes (16 digits)
//! or 16 bytes (34 digits), big-endian in every environment.
//!
//! Sign 1 bit, combination 5, exponent continuation 8 or 12, then 5 or 11 declets of three digits
//! in ten bits. The leading digit and the two top bits of the exponent share the combination.

use std::fmt;
use std::str::FromStr;

use super::error::{Result, ValueError, ValueForm};

const WHAT: ValueForm = ValueForm::DecFloat;

/// The kind of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `coefficient * 10^exponent`.
    Finite,
    /// Infinity.
    Infinity,
    /// Not a number; the coefficient is its payload.
    Nan,
    /// The same, signalling.
    SignalingNan,
}

/// A decimal floating-point number. Its text form is the canonical one of the standard
/// (`to-scientific-string`): equal text means equal sign, digits and exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecFloat {
    /// True below zero, also of a zero.
    pub negative: bool,
    /// The kind.
    pub class: Class,
    /// Up to 34 digits.
    pub coefficient: u128,
    /// The power of ten of the last digit; 0 unless finite.
    pub exponent: i32,
}

/// The numbers that tell the two widths apart.
struct Format {
    continuation: u32,
    declets: u32,
    bias: i32,
}

const SHORT: Format = Format { continuation: 8, declets: 5, bias: 398 };
const LONG: Format = Format { continuation: 12, declets: 11, bias: 6176 };

impl Format {
    fn digits(&self) -> u32 {
        self.declets * 3 + 1
    }

    fn top_exponent(&self) -> i32 {
        (3 << self.continuation) - 1 - self.bias
    }
}

impl DecFloat {
    /// From 8 or 16 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<DecFloat> {
        match bytes.len() {
            8 => Ok(unpack(u128::from(u64::from_be_bytes(bytes.first_chunk().copied().unwrap_or_default())), &SHORT)),
            16 => Ok(unpack(u128::from_be_bytes(bytes.first_chunk().copied().unwrap_or_default()), &LONG)),
            len => Err(ValueError::Length { what: WHAT, len }),
        }
    }

    /// Appends 8 or 16 bytes. Zeros may move between digits and exponent to fit; nothing is rounded.
    pub fn put(&self, width: u32, out: &mut Vec<u8>) -> Result<()> {
        match width {
            8 => out.extend_from_slice(&(pack(self, &SHORT)? as u64).to_be_bytes()),
            16 => out.extend_from_slice(&pack(self, &LONG)?.to_be_bytes()),
            len => return Err(ValueError::Length { what: WHAT, len: len as usize }),
        }
        Ok(())
    }
}

/// Declet to number below 1,000; the 24 spare codes mean what the standard says of them.
#[allow(clippy::indexing_slicing)] // at compile time
const DECLETS: [u16; 1024] = {
    let mut table = [0; 1024];
    let mut i = 0;
    while i < 1024 {
        table[i] = from_declet(i as u16);
        i += 1;
    }
    table
};

/// Number below 1,000 to its canonical declet.
#[allow(clippy::indexing_slicing)] // at compile time
const NUMBERS: [u16; 1000] = {
    let mut table = [0; 1000];
    let mut n = 0;
    while n < 1000 {
        table[n] = to_declet(n as u16);
        n += 1;
    }
    table
};

/// Bits `pqr stu v wxy` of a declet, by the decoding table of the standard.
const fn from_declet(d: u16) -> u16 {
    let (high, mid, low) = (d >> 7 & 7, d >> 4 & 7, d & 7);
    let (r, u, y) = (high & 1, mid & 1, low & 1);
    let (a, b, c) = if d & 8 == 0 {
        (high, mid, low)
    } else {
        match low >> 1 {
            0 => (high, mid, 8 + y),
            1 => (high, 8 + u, (mid & 6) + y),
            2 => (8 + r, mid, (high & 6) + y),
            _ => match mid >> 1 {
                0 => (8 + r, 8 + u, (high & 6) + y),
                1 => (8 + r, (high & 6) + u, 8 + y),
                2 => (high, 8 + u, 8 + y),
                _ => (8 + r, 8 + u, 8 + y),
            },
        }
    };
    a * 100 + b * 10 + c
}

/// The reverse: which digits are 8 or 9 decides where the bits of the others go.
const fn to_declet(n: u16) -> u16 {
    let (a, b, c) = (n / 100, n / 10 % 10, n % 10);
    let (r, u, y) = (a & 1, b & 1, c & 1);
    match (a > 7, b > 7, c > 7) {
        (false, false, false) => a << 7 | b << 4 | c,
        (false, false, true) => a << 7 | b << 4 | 8 | y,
        (false, true, false) => a << 7 | (c & 6) << 4 | u << 4 | 0b1010 | y,
        (true, false, false) => (c & 6) << 7 | r << 7 | b << 4 | 0b1100 | y,
        (true, true, false) => (c & 6) << 7 | r << 7 | u << 4 | 0b1110 | y,
        (true, false, true) => (b & 6) << 7 | r << 7 | 0x20 | u << 4 | 0b1110 | y,
        (false, true, true) => a << 7 | 0x40 | u << 4 | 0b1110 | y,
        (true, true, true) => r << 7 | 0x60 | u << 4 | 0b1110 | y,
    }
}

fn unpack(word: u128, format: &Format) -> DecFloat {
    let trailing = format.declets * 10;
    let negative = word >> (trailing + format.continuation + 5) & 1 == 1;
    let combination = (word >> (trailing + format.continuation)) as u32 & 31;
    let continuation = (word >> trailing) as u32 & ((1 << format.continuation) - 1);
    let mut coefficient = 0;
    for i in (0..format.declets).rev() {
        let declet = (word >> (i * 10)) as usize & 1023;
        coefficient = coefficient * 1000 + u128::from(DECLETS.get(declet).copied().unwrap_or(0));
    }
    let (class, top, first) = match combination {
        0b11111 if continuation >> (format.continuation - 1) == 1 => (Class::SignalingNan, 0, 0),
        0b11111 => (Class::Nan, 0, 0),
        0b11110 => (Class::Infinity, 0, 0),
        c if c >> 3 == 3 => (Class::Finite, c >> 1 & 3, 8 + (c & 1)),
        c => (Class::Finite, c >> 3, c & 7),
    };
    match class {
        Class::Finite => DecFloat {
            negative,
            class,
            coefficient: u128::from(first) * 10u128.pow(format.declets * 3) + coefficient,
            exponent: (top << format.continuation | continuation) as i32 - format.bias,
        },
        // The digits after an infinity mean nothing.
        Class::Infinity => DecFloat { negative, class, coefficient: 0, exponent: 0 },
        Class::Nan | Class::SignalingNan => DecFloat { negative, class, coefficient, exponent: 0 },
    }
}

fn pack(value: &DecFloat, format: &Format) -> Result<u128> {
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

impl fmt::Display for DecFloat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        match self.class {
            Class::Infinity => return f.write_str("Infinity"),
            Class::Nan => f.write_str("NaN")?,
            Class::SignalingNan => f.write_str("sNaN")?,
            Class::Finite => return finite(self, f),
        }
        if self.coefficient != 0 { write!(f, "{}", self.coefficient) } else { Ok(()) }
    }
}

/// A plain number when the exponent is not positive and the number not tiny, else with an exponent.
fn finite(value: &DecFloat, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let digits = value.coefficient.to_string();
    let count = i64::try_from(digits.len()).unwrap_or(0);
    let exponent = i64::from(value.exponent);
    let adjusted = exponent + count - 1;
    if exponent > 0 || adjusted < -6 {
        let (first, rest) = digits.split_at(1);
        f.write_str(first)?;
        if !rest.is_empty() {
            write!(f, ".{rest}")?;
        }
        return write!(f, "E{adjusted:+}");
    }
    let point = count + exponent;
    match usize::try_from(point) {
        Ok(point @ 1..) if exponent < 0 => {
            let (whole, fraction) = digits.split_at(point);
            write!(f, "{whole}.{fraction}")
        }
        Ok(1..) => f.write_str(&digits),
        _ => {
            f.write_str("0.")?;
            for _ in point..0 {
                f.write_str("0")?;
            }
            f.write_str(&digits)
        }
    }
}

impl FromStr for DecFloat {
    type Err = ValueError;

    /// Digits with an optional sign, point and exponent; `Infinity`, `Inf`, `NaN`, `sNaN` in any
    /// case, a payload of digits after the latter two.
    fn from_str(text: &str) -> Result<DecFloat> {
        let (negative, body) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let at = |rest: &str| text.len() - rest.len();
        let bad = |at: usize| ValueError::Pattern { what: WHAT, at, pattern: "digits, a point, an exponent" };
        let lower = body.to_ascii_lowercase();
        if matches!(lower.as_str(), "inf" | "infinity") {
            return Ok(DecFloat { negative, class: Class::Infinity, coefficient: 0, exponent: 0 });
        }
        for (word, class) in [("nan", Class::Nan), ("snan", Class::SignalingNan)] {
            if let Some(payload) = lower.strip_prefix(word) {
                let coefficient = match payload {
                    "" => 0,
                    digits if digits.len() <= 33 && digits.bytes().all(|b| b.is_ascii_digit()) => {
                        digits.parse().map_err(|_| bad(at(payload)))?
                    }
                    _ => return Err(bad(at(payload))),
                };
                return Ok(DecFloat { negative, class, coefficient, exponent: 0 });
            }
        }
        let (mantissa, power) = match lower.split_once('e') {
            Some((mantissa, power)) => (mantissa, power.parse::<i32>().map_err(|_| bad(at(power)))?),
            None => (lower.as_str(), 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(bad(at(body)));
        }
        let mut coefficient = 0u128;
        let mut exponent = i64::from(power) - i64::try_from(fraction.len()).unwrap_or(i64::MAX / 2);
        for (i, digit) in whole.bytes().chain(fraction.bytes()).enumerate() {
            if !digit.is_ascii_digit() {
                return Err(bad(at(body) + i + usize::from(i >= whole.len())));
            }
            if coefficient < 10u128.pow(36) {
                coefficient = coefficient * 10 + u128::from(digit - b'0');
            } else if digit == b'0' {
                exponent += 1;
            } else {
                return Err(ValueError::Digits { what: WHAT, precision: 34 });
            }
        }
        let exponent = i32::try_from(exponent).map_err(|_| ValueError::Range("the exponent of a DECFLOAT"))?;
        Ok(DecFloat { negative, class: Class::Finite, coefficient, exponent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> DecFloat {
        text.parse().unwrap()
    }

    #[test]
    fn declets_are_a_bijection_on_the_canonical_codes() {
        for n in 0..1000u16 {
            assert_eq!(from_declet(to_declet(n)), n);
        }
        // The standard's examples.
        assert_eq!([to_declet(5), to_declet(9), to_declet(55), to_declet(79)], [0x005, 0x009, 0x055, 0x079]);
        assert_eq!([to_declet(80), to_declet(99), to_declet(555), to_declet(999)], [0x00A, 0x05F, 0x2D5, 0x0FF]);
        for spare in [0x16E, 0x16F, 0x17E, 0x17F, 0x1EE, 0x2FF, 0x3FE, 0x3FF] {
            assert!(from_declet(spare) >= 888, "{spare:X}");
        }
    }

    #[test]
    fn known_encodings() {
        // From the decNumber specification's decimal64 examples.
        for (text, hex) in [
            ("-7.50", 0xA230_0000_0000_03D0u64),
            ("0", 0x2238_0000_0000_0000),
            ("Infinity", 0x7800_0000_0000_0000),
            ("NaN", 0x7C00_0000_0000_0000),
            ("-sNaN", 0xFE00_0000_0000_0000),
            ("9.999999999999999E+384", 0x77FC_FF3F_CFF3_FCFF),
            ("1E-398", 0x0000_0000_0000_0001),
            ("1234567890123456", 0x2639_34B9_C1E2_8E56),
        ] {
            let mut out = Vec::new();
            parse(text).put(8, &mut out).unwrap();
            assert_eq!(out, hex.to_be_bytes(), "{text}: {out:02X?}");
            assert_eq!(DecFloat::from_bytes(&out).unwrap().to_string(), text);
        }
        let mut out = Vec::new();
        parse("1").put(16, &mut out).unwrap();
        assert_eq!(out, 0x2208_0000_0000_0000_0000_0000_0000_0001u128.to_be_bytes());
    }

    #[test]
    fn canonical_text() {
        for text in [
            "123",
            "-123",
            "1.23E+3",
            "12.3",
            "0.00123",
            "1.23E-8",
            "0.00",
            "0E+2",
            "0E-7",
            "0.000001",
            "1E-7",
            "-0",
            "sNaN77",
            "-Infinity",
            "5E-6176",
        ] {
            assert_eq!(parse(text).to_string(), text);
        }
        assert_eq!(parse("+.5").to_string(), "0.5");
        assert_eq!(parse("1e5").to_string(), "1E+5");
        assert_eq!(parse("inf").to_string(), "Infinity");
        for text in ["", "-", ".", "1x", "1e", "1.2.3", "NaNx", "--1", "1e99999999999"] {
            assert!(text.parse::<DecFloat>().is_err(), "{text}");
        }
        assert_eq!(
            "1.2x".parse::<DecFloat>(),
            Err(ValueError::Pattern { what: WHAT, at: 3, pattern: "digits, a point, an exponent" })
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut out = Vec::new();
        assert!(parse("12345678901234567").put(8, &mut out).is_err());
        assert!(parse("12345678901234567").put(16, &mut out).is_ok());
        assert!(parse("1E+385").put(8, &mut out).is_err());
        assert!(parse("1E-399").put(8, &mut out).is_err());
        assert!(parse("12345678901234567890123456789012345").put(16, &mut out).is_err());
        assert!(parse("1").put(4, &mut out).is_err());
        assert!(DecFloat::from_bytes(&[0; 4]).is_err());
        // Zeros move to make room.
        out.clear();
        parse("1E+384").put(8, &mut out).unwrap();
        assert_eq!(DecFloat::from_bytes(&out).unwrap().to_string(), "1.000000000000000E+384");
        out.clear();
        parse("123456789012345600").put(8, &mut out).unwrap();
        assert_eq!(DecFloat::from_bytes(&out).unwrap().to_string(), "1.234567890123456E+17");
    }

    proptest! {
        #[test]
        fn both_widths_and_text_survive(negative: bool, coefficient in 0..10u128.pow(34), exponent in -6176i32..6112) {
            let long = DecFloat { negative, class: Class::Finite, coefficient, exponent };
            let short = DecFloat { coefficient: coefficient % 10u128.pow(16), exponent: exponent.rem_euclid(768) - 398, ..long };
            for (value, width) in [(long, 16), (short, 8)] {
                let mut out = Vec::new();
                value.put(width, &mut out).unwrap();
                prop_assert_eq!(DecFloat::from_bytes(&out), Ok(value));
                prop_assert_eq!(value.to_string().parse(), Ok(value));
            }
        }

        #[test]
        fn any_bytes_are_a_number(bytes: [u8; 16]) {
            for bytes in [bytes.as_slice(), &bytes[..8]] {
                let value = DecFloat::from_bytes(bytes).unwrap();
                prop_assert_eq!(value.to_string().parse(), Ok(value));
                let mut out = Vec::new();
                value.put(bytes.len() as u32, &mut out).unwrap();
                prop_assert_eq!(DecFloat::from_bytes(&out), Ok(value));
            }
        }
    }
}
