//! DATE and TIME text to days and seconds.

use arrow_array::types::{Date32Type, Time32SecondType};

use fearless_simd::{Level, dispatch};

use super::ColumnDecoder;
use super::gather::{self, Extent};
use super::primitive::{DecoderTarget, Exact, Primitive, Read};
use crate::column::error::Reason;
use crate::wire::codec::instructions::level;
use crate::wire::value::cell::{Cells, NULL};
use crate::wire::value::date_vectors;
use crate::wire::value::datetime;
use crate::wire::value::error::{ValueError, ValueForm};
use crate::wire::value::simd::LANES;

/// DATE as days.
pub(super) fn date(target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    Box::new(Primitive::<Date32Type, _>::new(target, Dates(level())))
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

/// TIME as seconds.
pub(super) fn time(target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    let read = |cell: &[u8; 8]| datetime::time(cell).map(u32::cast_signed);
    let reader = Exact::<8, _, _> {
        quick: move |cell: &[u8; 8]| read(cell).ok(),
        careful: move |cell: &[u8; 8]| Ok(read(cell)?),
    };
    Box::new(Primitive::<Time32SecondType, _>::new(target, reader))
}
