//! DATE and TIME text to days and seconds.

use arrow_array::types::{Date32Type, Time32SecondType, Time64MicrosecondType};
use arrow_array::{ArrayRef, OffsetSizeTrait};
use arrow_schema::TimeUnit;
use fearless_simd::{Level, dispatch};

use super::cell_layout::Fixed;
use super::gather::{self, Extent};
use super::primitive::{DecoderTarget, Exact, Primitive, Read};
use super::varying::{ByteColumn, cells_of, counted_by_column};
use super::{ColumnDecoder, views};
use crate::column::error::{ColumnError, Reason};
use crate::column::kind::ColumnKind;
use crate::column::options::{StringType, TextErrors};
use crate::wire::codec::instructions::level;
use crate::wire::value::cell::{Cells, NULL};
use crate::wire::value::date_vectors;
use crate::wire::value::error::{ValueError, ValueForm};
use crate::wire::value::simd::LANES;
use crate::wire::value::{datetext, datetime};

/// DATE as days.
pub(super) fn date(target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    Box::new(Primitive::<Date32Type>::new(target, Box::new(Dates(level()))))
}

/// Ten characters. ISO is read by lanes, what stands among other forms one by one.
struct Dates(Level);

impl Dates {
    /// Reads by lanes; false if some are odd, and `out` then means nothing.
    fn together(&self, buf: &[u8], offsets: &[u32], out: &mut [i32; LANES]) -> bool {
        let first = offsets.iter().find_map(|at| buf.get(*at as usize)).copied().unwrap_or(0);
        let (zero, dash, none) = match first {
            0xF0.. => (0xF0, 0x60, EBCDIC_NONE),
            _ => (b'0', b'-', ASCII_NONE),
        };
        let [a, b, c, d, e, f, g, h, i, j] = none;
        let (none, tail) = (u64::from_be_bytes([a, b, c, d, e, f, g, h]), u64::from(u16::from_be_bytes([i, j])));
        let (mut heads, mut tails) = ([none; LANES], [tail; LANES]);
        dispatch!(self.0, simd => {
            let extent = Extent::of(offsets);
            gather::load(buf, offsets, 0, 0, &mut heads, |b| u64::from_be_bytes(*b));
            gather::load(buf, offsets, 8, 0, &mut tails, |b| u64::from(u16::from_be_bytes(*b)));
            if extent.nulls {
                gather::blank(offsets, &mut heads, none);
                gather::blank(offsets, &mut tails, tail);
            }
            let odd = date_vectors::dates(simd, &heads, &tails, zero, dash, out);
            if extent.nulls {
                gather::blank(offsets, out, 0);
            }
            extent.lies_in(buf, 0, DATE) && odd == 0
        })
    }
}

/// Characters of a date.
const DATE: usize = 10;
/// Stands in the lanes where there is no value.
const ASCII_NONE: [u8; 10] = *b"1970-01-01";
const EBCDIC_NONE: [u8; 10] = [0xF1, 0xF9, 0xF7, 0xF0, 0x60, 0xF0, 0xF1, 0x60, 0xF0, 0xF1];

impl Read<i32> for Dates {
    fn fill(&self, cells: &Cells<'_>, values: &mut Vec<i32>) -> bool {
        let mut out = [0; LANES];
        let mut odd = false;
        if !self.together(cells.buf, cells.offsets, &mut out) {
            for (at, value) in cells.offsets.iter().zip(&mut out) {
                // A NULL lies beyond any block.
                let cell = cells.buf.get(*at as usize..).and_then(|tail| tail.first_chunk());
                *value = cell.and_then(|cell| datetime::date(cell).ok()).unwrap_or_else(|| {
                    odd |= *at != NULL;
                    0
                });
            }
        }
        values.extend_from_slice(out.get(..cells.offsets.len()).unwrap_or(&out));
        odd
    }

    fn cell<'a>(&self, buf: &'a [u8], at: usize) -> Option<&'a [u8]> {
        buf.get(at..)?.get(..10)
    }

    fn careful(&self, cell: &[u8]) -> std::result::Result<i32, Reason> {
        let cell = cell.first_chunk().ok_or(ValueError::Length { what: ValueForm::Date, len: cell.len() })?;
        Ok(datetime::date(cell)?)
    }
}

/// TIME in the form of its kind.
pub(super) fn time(kind: &ColumnKind, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    time_by(kind, target, datetime::time)
}

/// The same of eight characters that `read` makes seconds of the day of.
pub(super) fn time_by<R>(kind: &ColumnKind, target: DecoderTarget, read: R) -> Box<dyn ColumnDecoder>
where
    R: Fn(&[u8; TIME]) -> Result<u32, ValueError> + Copy + Send + 'static,
{
    match kind {
        ColumnKind::TimeText(form) => offsets!(*form, O => {
            Box::new(TimeTexts { column: ByteColumn::<O>::new(target), read })
        }),
        ColumnKind::Time(TimeUnit::Microsecond) => {
            let micros = move |cell: &[u8; TIME]| Ok(i64::from(read(cell)?) * 1_000_000);
            Box::new(Primitive::<Time64MicrosecondType>::new(target, Box::new(exact(micros))))
        }
        _ => {
            let seconds = move |cell: &[u8; TIME]| Ok(read(cell)?.cast_signed());
            Box::new(Primitive::<Time32SecondType>::new(target, Box::new(exact(seconds))))
        }
    }
}

/// Reads times one by one.
fn exact<T: Default>(read: impl Fn(&[u8; TIME]) -> Result<T, ValueError> + Copy + Send + 'static) -> impl Read<T> {
    Exact::<TIME, _, _> {
        quick: move |cell: &[u8; TIME]| read(cell).ok(),
        careful: move |cell: &[u8; TIME]| Ok(read(cell)?),
    }
}

/// Characters of a time.
const TIME: usize = 8;

/// TIME as text, `HH:MM:SS`.
struct TimeTexts<R, O: OffsetSizeTrait> {
    column: ByteColumn<O>,
    read: R,
}

impl<R, O> ColumnDecoder for TimeTexts<R, O>
where
    R: Fn(&[u8; TIME]) -> Result<u32, ValueError> + Send + 'static,
    O: OffsetSizeTrait,
{
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        self.column.convert(cells.first_row, cells_of(Fixed(TIME), cells), |cell, out| {
            let cell = cell.first_chunk().ok_or(ValueError::Length { what: ValueForm::Time, len: cell.len() })?;
            match (self.read)(cell) {
                Err(ValueError::EndOfDay) => out.extend_from_slice(b"24:00:00"),
                seconds => datetext::put_time(seconds?, b':', out)?,
            }
            Ok(())
        })
    }

    counted_by_column!();

    fn finish(&mut self) -> Result<ArrayRef, ColumnError> {
        self.column.finish_text(TextErrors::Strict)
    }
}
