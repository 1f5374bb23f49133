//! Decimal floating point, without text in between but where the values are text.

use std::io::Write;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, GenericStringArray, OffsetSizeTrait, StringViewArray};
use arrow_buffer::ScalarBuffer;
use arrow_schema::DataType;

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
            let mut text = [0; 40];
            let room = text.len();
            let mut left = text.as_mut_slice();
            // The shortest digits that mean this float.
            if write!(left, "{value:e}").is_err() {
                return marks.is_null(row);
            }
            let used = room - left.len();
            let text = text.get(..used).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
            put(text, self.width, n, cells) || marks.is_null(row)
        })
    }
}

/// Writes the number that a text is; false when it is not a number, or does not fit.
#[inline]
fn put(text: &str, width: usize, n: usize, cells: &mut [u8]) -> bool {
    let text = text.trim();
    let Some(number) = decfloat::plain(text.as_bytes()).or_else(|| text.parse().ok()) else { return false };
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
