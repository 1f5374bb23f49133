//! The plain loops of the common columns, of rows and of records: which there are is decided here, once for each batch.
//! A loop takes only values that surely fit and leaves every other one to the encoder of single values.

mod bits;
mod cells;
mod dates;
mod decfloats;
mod decimals;
mod digits;
mod encoded;
mod exact;
mod filled;
mod numbers;
mod stamps;
mod string_form;
mod strings;

use std::hint::select_unpredictable;
use std::ops::Range;

use arrow_array::Array;
use arrow_buffer::NullBuffer;

use super::{ABSENT, PRESENT};
use crate::wire::ccsid::codec::Codec;
use crate::wire::value::field::Field;
use crate::wire::value::record_layout::FieldForm;
use crate::wire::value::types::Type;

/// How the cells of a column get into their rows.
pub(super) trait BulkColumn: Send {
    /// Adds the length of each cell; false, and nothing added, when these rows are not for a plain loop.
    fn measure(&mut self, rows: Range<usize>, lengths: &mut [usize]) -> bool;
    /// Writes the cells that were measured, or the first of them, each at its place, which moves on
    /// after it. Where nothing is written `out` says that a value is present. The last [`ROOM`] bytes of `out` belong to
    /// no cell.
    fn write(&self, rows: Range<usize>, places: &mut [usize], out: &mut [u8]);
}

/// Where the values of a column go.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) field: &'a Field,
    /// The page of text, and of the digits of dates.
    pub(super) codec: Option<Codec>,
    pub(super) padding: &'a [u8],
    pub(super) form: FieldForm,
    /// The last half byte of packed decimals that are not negative.
    pub(super) plus: u8,
    /// Bytes of a cell whose length varies and which is filled up; 0 where it is not.
    pub(super) filled: usize,
    /// An indicator stands in front of each cell.
    pub(super) marked: bool,
}

/// The loop for an array that goes into a field, if there is one.
pub(super) fn bulk_column(target: Target<'_>, array: &dyn Array) -> Option<Box<dyn BulkColumn>> {
    let field = target.field;
    let marks = Marks { marked: target.marked, nulls: array.nulls().filter(|n| n.null_count() > 0).cloned() };
    if marks.nulls.is_some() && !field.nullable {
        return None;
    }
    match (target.form, field.ty) {
        (FieldForm::Date(form, separator), _) => dates::date_in(form, separator, target, marks, array),
        (FieldForm::Time(form, separator), _) => dates::time_in(form, separator, target, marks, array),
        (FieldForm::Flag, _) => bits::booleans(0xF0, target, marks, array),
        (FieldForm::DoubleOnly | FieldForm::DoubleOrSingle, _) => None,
        (FieldForm::Scaled, _) | (_, Type::Packed | Type::Zoned | Type::NumericChar) => {
            decimals::column(target, marks, array)
        }
        (FieldForm::Plain, Type::Integer) => numbers::integer(target, marks, array),
        (FieldForm::Plain, Type::Float) => numbers::float(target, marks, array),
        (FieldForm::Plain, Type::DecFloat) => decfloats::column(target, marks, array),
        (FieldForm::Plain, Type::Boolean) => bits::booleans(0, target, marks, array),
        (FieldForm::Plain, Type::Date) => dates::date(target, marks, array),
        (FieldForm::Plain, Type::Time) => dates::time(target, marks, array),
        (FieldForm::Plain, Type::Timestamp | Type::TimestampTz) => stamps::column(target, marks, array),
        (FieldForm::Plain, Type::Text | Type::Binary | Type::Graphic) => strings::column(target, marks, array),
        _ => None,
    }
}

/// Bytes after the last cell that may be written and mean nothing.
pub(in crate::column) const ROOM: usize = 64;

/// Writes a cell and moves on after it.
#[inline]
pub(super) fn put(out: &mut [u8], place: &mut usize, cell: &[u8]) {
    let end = *place + cell.len();
    if let Some(slot) = out.get_mut(*place..end) {
        slot.copy_from_slice(cell);
    }
    *place = end;
}

/// Where the NULLs are.
#[derive(Clone)]
struct Marks {
    marked: bool,
    nulls: Option<NullBuffer>,
}

impl Marks {
    fn width(&self) -> usize {
        usize::from(self.marked)
    }

    /// Adds the length of each cell where there is one, and of the indicators.
    #[inline]
    fn measure(&self, rows: Range<usize>, lengths: &mut [usize], length: impl Fn(usize) -> usize) {
        let width = self.width();
        match &self.nulls {
            None => rows.zip(lengths).for_each(|(row, sum)| *sum += width + length(row)),
            Some(nulls) => each(nulls, rows, lengths, |row, null, sum| *sum += width + kept(!null, length(row))),
        }
    }

    /// [`measure`](Self::measure) for cells of one length, compiled once for all of them.
    fn measure_fixed(&self, rows: Range<usize>, lengths: &mut [usize], length: usize) {
        self.measure(rows, lengths, |_| length);
    }

    /// Marks the NULLs and has every other cell written. A NULL without an indicator is not written at all.
    #[inline]
    fn write(
        &self,
        rows: Range<usize>,
        places: &mut [usize],
        out: &mut [u8],
        cell: impl Fn(usize, &mut usize, &mut [u8]),
    ) {
        let width = self.width();
        match &self.nulls {
            None => rows.zip(places).for_each(|(row, place)| {
                *place += width;
                cell(row, place, out);
            }),
            Some(nulls) => each(nulls, rows, places, |row, null, place| {
                self.mark(null, *place, out);
                *place += width;
                if !null {
                    cell(row, place, out);
                }
            }),
        }
    }

    /// The same for cells of one length, without a branch for each NULL: its cell is written where it means nothing.
    #[inline]
    fn write_fixed<const N: usize>(
        &self,
        rows: Range<usize>,
        places: &mut [usize],
        out: &mut [u8],
        cell: impl Fn(usize) -> Option<[u8; N]>,
    ) {
        const { assert!(N <= ROOM) };
        let Some(nulls) = &self.nulls else {
            return self.write(rows, places, out, |row, place, out| {
                if let Some(cell) = cell(row) {
                    put(out, place, &cell);
                }
            });
        };
        let (width, nowhere) = (self.width(), out.len().saturating_sub(ROOM));
        each(nulls, rows, places, |row, null, place| {
            self.mark(null, *place, out);
            let start = *place + width;
            if let Some(cell) = cell(row) {
                put(out, &mut select_unpredictable(null, nowhere, start), &cell);
            }
            *place = start + kept(!null, N);
        });
    }

    /// Says whether the value at a place is NULL.
    #[inline(always)]
    fn mark(&self, null: bool, place: usize, out: &mut [u8]) {
        if self.marked
            && let Some(mark) = out.get_mut(place)
        {
            *mark = select_unpredictable(null, ABSENT, PRESENT);
        }
    }

    /// True for a row without a value.
    #[inline]
    fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }
}

/// Calls `f` with each row, whether it is NULL, and what belongs to it.
#[inline(always)]
fn each<T>(nulls: &NullBuffer, rows: Range<usize>, of: &mut [T], mut f: impl FnMut(usize, bool, &mut T)) {
    let count = rows.len().min(of.len());
    if rows.start + count > nulls.len() {
        return;
    }
    let valid = nulls.inner().slice(rows.start, count);
    for ((first, of), valid) in rows.step_by(64).zip(of.chunks_mut(64)).zip(valid.bit_chunks().iter_padded()) {
        let mut null = !valid;
        for (row, of) in (first..).zip(of) {
            f(row, null & 1 == 1, of);
            null >>= 1;
        }
    }
}

/// A length, or none.
#[inline(always)]
fn kept(keep: bool, length: usize) -> usize {
    select_unpredictable(keep, length, 0)
}

/// Digit zero of a page whose digits follow each other, and other characters; ASCII without a page.
fn alphabet<const N: usize>(codec: Option<Codec>, others: [u8; N]) -> Option<(u8, [u8; N])> {
    let Some(codec) = codec else { return Some((b'0', others)) };
    let mut bytes = Vec::new();
    codec.encode("0123456789", &mut bytes).ok()?;
    codec.encode(std::str::from_utf8(&others).ok()?, &mut bytes).ok()?;
    let (digits, others) = bytes.split_first_chunk::<10>()?;
    let [zero, ..] = *digits;
    let follow = digits.iter().zip(zero..).all(|(digit, n)| *digit == n);
    Some((zero, *others.first_chunk().filter(|_| follow && others.len() == N)?))
}
