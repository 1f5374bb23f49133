//! Decimal floating point, without text in between but where the values are text.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, GenericStringArray, OffsetSizeTrait, StringViewArray};
use arrow_buffer::ScalarBuffer;
use arrow_schema::DataType;

use super::super::shortest::Shortest;
use super::cells::{CellMaker, made, store};
use super::exact::Exact;
use super::{BulkColumn, Marks, Target};
use crate::wire::value::decfloat;
use crate::wire::value::field::Shape;

/// The digits of eight bytes and of sixteen, all nine.
const SHORT: u128 = 10u128.pow(16) - 1;
const LONG: u128 = 10u128.pow(34) - 1;

/// A column of eight or sixteen bytes a value.
pub(super) fn column(target: Target<'_>, marks: Marks, array: &dyn Array) -> Option<Box<dyn BulkColumn>> {
    let Shape::Fixed(width @ (8 | 16)) = target.field.shape else { return None };
    let most = if width == 8 { SHORT } else { LONG };
    let width = width as usize;
    match array.data_type() {
        DataType::Utf8 => made(marks, width, Texts { array: array.as_string::<i32>().clone(), width }),
        DataType::LargeUtf8 => made(marks, width, Texts { array: array.as_string::<i64>().clone(), width }),
        DataType::Utf8View => made(marks, width, Texts { array: array.as_string_view().clone(), width }),
        DataType::Float64 => {
            made(marks, width, Floats { values: array.as_primitive::<Float64Type>().values().clone(), width })
        }
        kind => {
            let own = Exact::of(array)?;
            let scale = own.scale;
            let values = own.scaled(scale, most)?;
            let small = !matches!(kind, DataType::Decimal128(19.., _));
            made(marks, width, Numbers { values, exponent: -scale, width, small })
        }
    }
}

/// Integers and decimals.
struct Numbers {
    values: Exact,
    exponent: i32,
    width: usize,
    /// All have at most 64 bits.
    small: bool,
}

impl CellMaker for Numbers {
    fn make(&mut self, rows: Range<usize>, marks: &Marks, cells: &mut [u8]) -> bool {
        let exponent = self.exponent;
        if self.small {
            let Some(values) = self.values.small(rows, marks) else { return false };
            let values = values.iter().enumerate();
            match self.width {
                8 => values.for_each(|(n, v)| {
                    store(cells, 8 * n, &decfloat::short(*v < 0, v.unsigned_abs(), exponent).to_be_bytes());
                }),
                _ => values.for_each(|(n, v)| {
                    store(cells, 16 * n, &decfloat::long(*v < 0, v.unsigned_abs().into(), exponent).to_be_bytes());
                }),
            }
            return true;
        }
        let Some(values) = self.values.large(rows, marks) else { return false };
        let values = values.iter().enumerate();
        match self.width {
            8 => values.for_each(|(n, v)| {
                // At most sixteen digits.
                store(cells, 8 * n, &decfloat::short(*v < 0, v.unsigned_abs() as u64, exponent).to_be_bytes());
            }),
            _ => values.for_each(|(n, v)| {
                store(cells, 16 * n, &decfloat::long(*v < 0, v.unsigned_abs(), exponent).to_be_bytes());
            }),
        }
        true
    }
}

/// An array of text.
trait Text: Send {
    fn text(&self, row: usize) -> &str;
}

impl<O: OffsetSizeTrait> Text for GenericStringArray<O> {
    fn text(&self, row: usize) -> &str {
        self.value(row)
    }
}

impl Text for StringViewArray {
    fn text(&self, row: usize) -> &str {
        self.value(row)
    }
}

struct Texts<A> {
    array: A,
    width: usize,
}

impl<A: Text> CellMaker for Texts<A> {
    fn make(&mut self, rows: Range<usize>, marks: &Marks, cells: &mut [u8]) -> bool {
        rows.enumerate().all(|(n, row)| marks.is_null(row) || put(self.array.text(row), self.width, n, cells))
    }
}

struct Floats {
    values: ScalarBuffer<f64>,
    width: usize,
}

impl CellMaker for Floats {
    fn make(&mut self, rows: Range<usize>, marks: &Marks, cells: &mut [u8]) -> bool {
        let values = self.values.get(rows.clone()).unwrap_or_default();
        rows.zip(values).enumerate().all(|(n, (row, value))| {
            if let Some((digits, exponent)) = few_digits(*value).map(whole) {
                let negative = value.is_sign_negative();
                match self.width {
                    8 => store(cells, 8 * n, &decfloat::short(negative, digits, exponent).to_be_bytes()),
                    _ => store(cells, 16 * n, &decfloat::long(negative, digits.into(), exponent).to_be_bytes()),
                }
                return true;
            }
            put(Shortest::of_decfloat(*value).as_str(), self.width, n, cells) || marks.is_null(row)
        })
    }
}

/// Powers of ten that floats hold exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The shortest digits that mean this float, and their exponent; the sign is left out. None where they are many, or the
/// float is very large or small.
#[inline]
fn few_digits(value: f64) -> Option<(u64, i32)> {
    let magnitude = value.abs();
    if !(1e-8..1e14).contains(&magnitude) {
        return None;
    }
    // The power of ten of the first digit, or one less: 77 / 256 is a little less than the logarithm of 2.
    let binary = (magnitude.to_bits() >> 52) as i32 - 1023;
    let places = 13 - ((binary * 77) >> 8);
    let power = *POWERS.get(usize::try_from(places).ok()?)?;
    // Fourteen or fifteen digits. No two numbers of fifteen digits are the same float, so this is the one with the
    // fewest if it is one at all.
    let mut digits = (magnitude * power + 0.5) as u64;
    if digits >= 1_000_000_000_000_000 || digits as f64 / power != magnitude {
        return None;
    }
    let mut exponent = -places;
    for (zeros, unit) in [(8, 100_000_000), (4, 10_000), (2, 100), (1, 10)] {
        if digits.is_multiple_of(unit) {
            (digits, exponent) = (digits / unit, exponent + zeros);
        }
    }
    Some((digits, exponent))
}

/// A number without a fraction as it is without an exponent.
#[inline]
fn whole((digits, exponent): (u64, i32)) -> (u64, i32) {
    match u32::try_from(exponent).ok().and_then(|places| 10u64.checked_pow(places)) {
        Some(power) => (digits * power, 0),
        None => (digits, exponent),
    }
}

/// Writes the number that a text is; false when it is not a number, or does not fit.
#[inline]
fn put(text: &str, width: usize, n: usize, cells: &mut [u8]) -> bool {
    if let Some((negative, digits, exponent)) = decfloat::few_characters(text.as_bytes()) {
        match width {
            8 => store(cells, 8 * n, &decfloat::short(negative, digits, exponent).to_be_bytes()),
            _ => store(cells, 16 * n, &decfloat::long(negative, digits.into(), exponent).to_be_bytes()),
        }
        return true;
    }
    let careful = || text.trim().parse().ok();
    let Some(number) = decfloat::plain(text.as_bytes()).or_else(careful) else { return false };
    match width {
        8 => number.to_short().is_some_and(|word| {
            store(cells, 8 * n, &word.to_be_bytes());
            true
        }),
        _ => number.to_long().is_some_and(|word| {
            store(cells, 16 * n, &word.to_be_bytes());
            true
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The shortest digits as the standard library finds them.
    fn shortest(value: f64) -> (u64, i32) {
        let number = decfloat::plain(format!("{value:e}").as_bytes()).unwrap();
        (u64::try_from(number.coefficient).unwrap(), number.exponent)
    }

    #[test]
    fn floats_of_few_digits_are_found() {
        for value in [1.0, 0.1, 1200.0, 99_999_999_999_999.0, 123.45, 1e13, 1e-8, 7e-8, 0.000_123, 1.005, 4_503_599.25]
        {
            assert_eq!(few_digits(value), Some(shortest(value)), "{value}");
            assert_eq!(few_digits(-value), Some(shortest(value)), "{value}");
        }
        for value in [0.0, 0.1 + 0.2, 1.0 / 3.0, 1e14, 9e-9, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, f64::MAX] {
            assert_eq!(few_digits(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn few_digits_are_the_shortest(digits in 1u64..1 << 53, power in -3i32..20, bits: u64) {
            let near = f64::from_bits((digits as f64 / 10f64.powi(power)).to_bits().wrapping_add(bits % 3));
            for value in [digits as f64 / 10f64.powi(power), near, f64::from_bits(bits)] {
                if let Some(found) = few_digits(value) {
                    prop_assert_eq!(found, shortest(value.abs()), "{}", value);
                }
            }
        }
    }
}
