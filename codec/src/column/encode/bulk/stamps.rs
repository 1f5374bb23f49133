//! Timestamps, with a time zone or without.

use std::ops::Range;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_buffer::ScalarBuffer;
use arrow_schema::{DataType, TimeUnit};

use super::super::time;
use super::cells::{CellMaker, made, store};
use super::{BulkColumn, Marks, Target, alphabet};
use crate::wire::value::calendar::{DAY, FIRST_DAY, LAST_DAY};
use crate::wire::value::datetext::{date_text, time_text};
use crate::wire::value::datetime::POWERS;
use crate::wire::value::decimal::digits8;
use crate::wire::value::field::Shape;
use crate::wire::value::types::Type;

/// Characters up to the seconds.
const SECONDS: usize = 19;
const ZONE: &str = "+00:00";
/// The most characters, with those that a store may write too many.
const LONGEST: usize = 64;

/// `YYYY-MM-DD-HH.MM.SS[.f…]`, filled up with blanks.
pub(super) fn column(target: Target<'_>, marks: Marks, array: &dyn Array) -> Option<Box<dyn BulkColumn>> {
    let DataType::Timestamp(unit, zone) = array.data_type() else { return None };
    let zoned = target.field.ty == Type::TimestampTz;
    if zoned != zone.is_some() {
        return None;
    }
    let digits = time::digits(target.field);
    let (zero, [dash, dot, blank]) = alphabet(target.codec, [b'-', b'.', b' '])?;
    let mut after = Vec::new();
    if zoned {
        match target.codec {
            Some(codec) => codec.encode(ZONE, &mut after).ok()?,
            None => after.extend_from_slice(ZONE.as_bytes()),
        }
    }
    let text = SECONDS + if digits > 0 { 1 + usize::from(digits) } else { 0 } + after.len();
    let (width, prefix) = match target.field.shape {
        Shape::Fixed(n) if n as usize >= text => (n as usize, Vec::new()),
        Shape::Var => (text + 2, (text as u16).to_be_bytes().to_vec()),
        _ => return None,
    };
    // All characters that are the same in every value.
    let mut frame = [blank; LONGEST];
    let start = prefix.len() + SECONDS + if digits > 0 { 1 + usize::from(digits) } else { 0 };
    frame.get_mut(..prefix.len())?.copy_from_slice(&prefix);
    frame.get_mut(start..start + after.len())?.copy_from_slice(&after);
    if width + 16 > LONGEST || width - start > 16 {
        return None;
    }
    let form = Form { frame, prefix: prefix.len(), digits, width, zero, dash, dot };
    match unit {
        TimeUnit::Second => stamps::<TimestampSecondType, 1>(form, marks, array),
        TimeUnit::Millisecond => stamps::<TimestampMillisecondType, 1_000>(form, marks, array),
        TimeUnit::Microsecond => stamps::<TimestampMicrosecondType, 1_000_000>(form, marks, array),
        TimeUnit::Nanosecond => stamps::<TimestampNanosecondType, 1_000_000_000>(form, marks, array),
    }
}

fn stamps<T: ArrowTimestampType, const SECOND: i64>(
    form: Form,
    marks: Marks,
    array: &dyn Array,
) -> Option<Box<dyn BulkColumn>> {
    let ticks = array.as_primitive_opt::<T>()?.values().clone();
    // Digits that the form has no place for must be zero.
    let places = SECOND.ilog10() as usize;
    let excess = POWERS.get(places.saturating_sub(usize::from(form.digits))).copied()?;
    made(marks, form.width, Stamps::<SECOND> { ticks, form, excess })
}

struct Form {
    frame: [u8; LONGEST],
    /// Bytes in front of the text.
    prefix: usize,
    digits: u8,
    width: usize,
    zero: u8,
    dash: u8,
    dot: u8,
}

struct Stamps<const SECOND: i64> {
    ticks: ScalarBuffer<i64>,
    form: Form,
    excess: u64,
}

impl<const SECOND: i64> Stamps<SECOND> {
    /// Writes the text; false when the value has no text.
    #[inline(always)]
    fn write(&self, ticks: i64, at: usize, cells: &mut [u8]) -> bool {
        let form = &self.form;
        let (seconds, fraction) = (ticks.div_euclid(SECOND), ticks.rem_euclid(SECOND).cast_unsigned());
        let (days, second) = (seconds.div_euclid(i64::from(DAY)), seconds.rem_euclid(i64::from(DAY)));
        let known = days >= i64::from(FIRST_DAY) && days <= i64::from(LAST_DAY);
        if !known || self.excess > 1 && !fraction.is_multiple_of(self.excess) {
            return false;
        }
        let mut text = [0; SECONDS + 13];
        let (date, rest) = text.split_at_mut(10);
        date.copy_from_slice(&date_text(days as i32, form.zero, form.dash));
        if let Some((dash, rest)) = rest.split_first_mut()
            && let Some((time, rest)) = rest.split_first_chunk_mut()
            && let Some((dot, rest)) = rest.split_first_mut()
            && let Some((eight, four)) = rest.split_first_chunk_mut::<8>()
            && let Some(four) = four.first_chunk_mut()
        {
            *dash = form.dash;
            *time = time_text(second as u32, form.zero, form.dot);
            *dot = form.dot;
            // Twelve digits, whatever the unit is.
            let fraction = fraction * (1_000_000_000_000 / SECOND.cast_unsigned());
            let zeros = u64::from_ne_bytes([form.zero; 8]);
            *eight = (digits8(fraction / 10_000) | zeros).to_be_bytes();
            *four = ((digits8(fraction % 10_000) | zeros) as u32).to_be_bytes();
        }
        if form.prefix > 0
            && let Some(prefix) = form.frame.first_chunk::<2>()
        {
            store(cells, at, prefix);
        }
        store(cells, at + form.prefix, &text);
        // What follows the last digit wanted.
        let end = form.prefix + SECONDS + if form.digits > 0 { 1 + usize::from(form.digits) } else { 0 };
        if let Some(after) = form.frame.get(end..).and_then(|tail| tail.first_chunk::<16>()) {
            store(cells, at + end, after);
        }
        true
    }
}

impl<const SECOND: i64> CellMaker for Stamps<SECOND> {
    fn make(&mut self, rows: Range<usize>, marks: &Marks, cells: &mut [u8]) -> bool {
        let ticks = self.ticks.get(rows.clone()).unwrap_or_default();
        for (n, (row, ticks)) in rows.zip(ticks).enumerate() {
            let ticks = if marks.is_null(row) { 0 } else { *ticks };
            if !self.write(ticks, n * self.form.width, cells) {
                return false;
            }
        }
        true
    }
}
