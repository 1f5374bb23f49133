//! Packed, zoned and numeric character decimals, and integers with an implied point.

use std::ops::Range;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Decimal256Type;
use arrow_buffer::{ScalarBuffer, i256};
use arrow_schema::DataType;
use fearless_simd::Level;

use super::super::number;
use super::cells::{CellMaker, made, store};
use super::digits::{DigitForm, Digits, MOST};
use super::exact::Exact;
use super::numbers::Integers;
use super::{BulkColumn, Marks, Target};
use crate::wire::codec::instructions::level;
use crate::wire::codec::reader::ByteOrder;
use crate::wire::value::decimal::{self, TEN16, Wide, digits8, nibbles16};
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::record_layout::FieldForm;
use crate::wire::value::simd::LANES;
use crate::wire::value::types::Type;

/// The most digits of a number of 64 bits, and of 128.
const SMALL: u8 = 18;
const LARGE: u8 = 38;

/// A column of decimals.
pub(super) fn column(target: Target<'_>, marks: Marks, array: &dyn Array) -> Option<Box<dyn BulkColumn>> {
    let field = target.field;
    let Shape::Fixed(width) = field.shape else { return None };
    let width = width as usize;
    if target.form == FieldForm::Scaled {
        let most = u128::MAX >> 1;
        let values = Exact::of(array)?.scaled(field.scale.into(), most)?;
        return made(marks, width, Integers::new(values, width, field.order == ByteOrder::Big));
    }
    let form = Form::of(target)?;
    if form.width(field.precision) != width {
        return None;
    }
    if field.precision > LARGE {
        return wide(field, form, width, marks, array);
    }
    let most = 10u128.pow(field.precision.into()) - 1;
    let values = Exact::of(array)?.scaled(field.scale.into(), most)?;
    match field.precision {
        1..=MOST => made(marks, width, Few { values, form, width, most: field.precision, level: level() }),
        ..=SMALL => made(marks, width, Small { values, form, width }),
        _ => made(marks, width, Large { values, form, width }),
    }
}

/// How digits are written.
#[derive(Clone, Copy)]
enum Form {
    /// The last half byte of what is not negative.
    Packed(u8),
    /// The zone of digits.
    Zoned(u8),
    /// The same, plus and minus.
    Chars(u8, u8, u8),
}

impl Form {
    fn of(target: Target<'_>) -> Option<Form> {
        let ebcdic = number::ebcdic(target.field);
        Some(match target.field.ty {
            Type::Packed => Form::Packed(target.plus),
            Type::Zoned => Form::Zoned(if ebcdic { 0xF0 } else { 0x30 }),
            Type::NumericChar if ebcdic => Form::Chars(0xF0, 0x4E, 0x60),
            Type::NumericChar => Form::Chars(0x30, b'+', b'-'),
            _ => return None,
        })
    }

    fn width(self, precision: u8) -> usize {
        match self {
            Form::Packed(_) => usize::from(precision) / 2 + 1,
            Form::Zoned(_) => precision.into(),
            Form::Chars(..) => usize::from(precision) + 1,
        }
    }
}

/// Up to [`MOST`] digits.
struct Few {
    values: Exact,
    form: Form,
    width: usize,
    /// Digits.
    most: u8,
    level: Level,
}

impl CellMaker for Few {
    fn make(&mut self, rows: Range<usize>, marks: &Marks, cells: &mut [u8]) -> bool {
        let (width, form, most) = (self.width, self.form, self.most);
        let Some(values) = self.values.small(rows, marks) else { return false };
        let kind = if matches!(form, Form::Packed(_)) { DigitForm::Nibbles } else { DigitForm::Bytes };
        let mut digits = Digits::new();
        for (first, values) in (0..).step_by(LANES).zip(values.chunks(LANES)) {
            digits.fill(self.level, kind, most, values);
            let made = values.iter().zip(digits.high.iter().zip(&digits.low));
            let made = (first..).map(|n| n * width).zip(made);
            match form {
                Form::Packed(plus) => made.for_each(|(at, (v, (high, low)))| {
                    let sign = if *v < 0 { 0xD } else { plus };
                    let word = (high | low << 32).swap_bytes() << 4 | u64::from(sign);
                    store(cells, at, &(word << (64 - 8 * width)).to_be_bytes());
                }),
                Form::Zoned(zone) => made.for_each(|(at, (v, (high, low)))| {
                    // The sign is the zone of the last digit.
                    let last = if *v < 0 { 0xD0 } else { zone };
                    side_by_side(*high, *low, [zone, last], width, at, cells);
                }),
                Form::Chars(zone, plus, minus) => made.for_each(|(at, (v, (high, low)))| {
                    store(cells, at, &[if *v < 0 { minus } else { plus }]);
                    side_by_side(*high, *low, [zone, zone], width - 1, at + 1, cells);
                }),
            }
        }
        true
    }
}

/// Writes the last of sixteen digits, each with its zone.
#[inline(always)]
fn side_by_side(high: u64, low: u64, [zone, last]: [u8; 2], digits: usize, at: usize, cells: &mut [u8]) {
    let zones = u64::from_ne_bytes([zone; 8]);
    let low = low | zones << 8 >> 8 | u64::from(last) << 56;
    if digits <= 8 {
        return store(cells, at, &(low >> (64 - 8 * digits)).to_le_bytes());
    }
    store(cells, at, &((high | zones) >> (128 - 8 * digits)).to_le_bytes());
    store(cells, at + digits - 8, &low.to_le_bytes());
}

/// Up to [`SMALL`] digits, and more than [`MOST`].
struct Small {
    values: Exact,
    form: Form,
    width: usize,
}

impl CellMaker for Small {
    fn make(&mut self, rows: Range<usize>, marks: &Marks, cells: &mut [u8]) -> bool {
        let Some(values) = self.values.small(rows, marks) else { return false };
        let width = self.width;
        let values = values.iter().enumerate();
        match self.form {
            Form::Zoned(zone) if width <= 16 => values.for_each(|(n, v)| {
                let word = sixteen(v.unsigned_abs(), zone);
                // The sign is the zone of the last digit.
                let word = if *v < 0 { word & !0xF0 | 0xD0 } else { word };
                store(cells, n * width, &(word << (128 - 8 * width)).to_be_bytes());
            }),
            form => values.for_each(|(n, v)| put(form, width, i128::from(*v), n * width, cells)),
        }
        true
    }
}

/// Up to [`LARGE`] digits.
struct Large {
    values: Exact,
    form: Form,
    width: usize,
}

impl CellMaker for Large {
    fn make(&mut self, rows: Range<usize>, marks: &Marks, cells: &mut [u8]) -> bool {
        let Some(values) = self.values.large(rows, marks) else { return false };
        for (n, v) in values.iter().enumerate() {
            put(self.form, self.width, *v, n * self.width, cells);
        }
        true
    }
}

/// Sixteen digits of a number below 10^16, each with its zone.
#[inline(always)]
fn sixteen(n: u64, zone: u8) -> u128 {
    let digits = u128::from(digits8(n / 100_000_000)) << 64 | u128::from(digits8(n % 100_000_000));
    digits | u128::from_ne_bytes([zone; 16])
}

/// Quotient and remainder, by 64 bits where that is enough.
#[inline(always)]
fn split(n: u128, by: u64) -> (u128, u64) {
    match u64::try_from(n) {
        Ok(n) => (u128::from(n / by), n % by),
        Err(_) => {
            let quotient = n / u128::from(by);
            // Below `by`, so the lower half is all of it.
            (quotient, (n as u64).wrapping_sub((quotient as u64).wrapping_mul(by)))
        }
    }
}

/// Writes a value of up to [`LARGE`] digits.
#[inline]
fn put(form: Form, width: usize, v: i128, at: usize, cells: &mut [u8]) {
    let magnitude = v.unsigned_abs();
    match form {
        Form::Packed(plus) => {
            // Fifteen digits and the sign; sixteen; the others.
            let (front, low) = split(magnitude, TEN16 / 10);
            let (top, middle) = split(front, TEN16);
            let last = nibbles16(low) << 4 | u64::from(if v < 0 { 0xD } else { plus });
            let word = u128::from(nibbles16(middle)) << 64 | u128::from(last);
            if width <= 16 {
                store(cells, at, &(word << (128 - 8 * width)).to_be_bytes());
            } else {
                let front = width - 16;
                store(cells, at, &(nibbles16(top as u64) << (64 - 8 * front.min(8))).to_be_bytes());
                store(cells, at + front, &word.to_be_bytes());
            }
        }
        Form::Zoned(zone) => {
            zoned(zone, width, magnitude, at, cells);
            if let Some(last) = cells.get_mut(at + width - 1).filter(|_| v < 0) {
                *last = 0xD0 | (*last & 0xF);
            }
        }
        Form::Chars(zone, plus, minus) => {
            store(cells, at, &[if v < 0 { minus } else { plus }]);
            zoned(zone, width - 1, magnitude, at + 1, cells);
        }
    }
}

/// Digits with their zones.
#[inline]
fn zoned(zone: u8, digits: usize, magnitude: u128, at: usize, cells: &mut [u8]) {
    let (front, low) = split(magnitude, TEN16);
    if digits <= 16 {
        store(cells, at, &(sixteen(low, zone) << (128 - 8 * digits)).to_be_bytes());
        return;
    }
    let (top, middle) = split(front, TEN16);
    if digits <= 32 {
        store(cells, at, &(sixteen(middle, zone) << (128 - 8 * (digits - 16))).to_be_bytes());
    } else {
        store(cells, at, &(sixteen(top as u64, zone) << (128 - 8 * (digits - 32).min(16))).to_be_bytes());
        store(cells, at + digits - 32, &sixteen(middle, zone).to_be_bytes());
    }
    store(cells, at + digits - 16, &sixteen(low, zone).to_be_bytes());
}

/// More digits than 128 bits hold.
fn wide(field: &Field, form: Form, width: usize, marks: Marks, array: &dyn Array) -> Option<Box<dyn BulkColumn>> {
    match array.data_type() {
        DataType::Decimal256(_, scale) if *scale == field.scale.cast_signed() => {
            let values = array.as_primitive::<Decimal256Type>().values().clone();
            made(marks, width, Widest { values, form, width, precision: field.precision, cell: Vec::new() })
        }
        _ => None,
    }
}

struct Widest {
    values: ScalarBuffer<i256>,
    form: Form,
    width: usize,
    precision: u8,
    cell: Vec<u8>,
}

impl CellMaker for Widest {
    fn make(&mut self, rows: Range<usize>, marks: &Marks, cells: &mut [u8]) -> bool {
        let values = self.values.get(rows.clone()).unwrap_or_default();
        for ((row, v), slot) in rows.zip(values).zip(cells.chunks_exact_mut(self.width)) {
            let (lo, hi) = if marks.is_null(row) { (0, 0) } else { v.to_parts() };
            let (value, precision, cell) = (Wide { hi, lo }, self.precision, &mut self.cell);
            cell.clear();
            let put = match self.form {
                Form::Packed(_) => decimal::put_packed(value, precision, cell),
                Form::Zoned(zone) => decimal::put_zoned(value, precision, zone == 0xF0, cell),
                Form::Chars(zone, ..) => decimal::put_chars(value, precision, zone == 0xF0, cell),
            };
            if put.is_err() || cell.len() != slot.len() {
                return false;
            }
            slot.copy_from_slice(cell);
            if let (Form::Packed(plus), Some(last)) = (self.form, slot.last_mut()) {
                *last |= if *last & 0xF == 0xC { plus } else { 0 };
            }
        }
        true
    }
}
