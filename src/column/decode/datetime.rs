//! DATE, TIME and TIMESTAMP text to days, seconds and ticks.

use arrow_array::types::{
    Date32Type, Time32SecondType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{ArrowPrimitiveType, types::ArrowTimestampType};
use arrow_schema::TimeUnit;

use fearless_simd::{Level, dispatch};

use super::cell_layout::{CellLayout, ForCellLayout, choose};
use super::gather::{self, Extent};
use super::primitive::{DecoderTarget, Exact, Framed, Primitive, Read};
use super::{ColumnDecoder, unit_digits};
use crate::column::error::Reason;
use crate::column::options::{EndOfTime, Excess, Options};
use crate::wire::codec::instructions::level;
use crate::wire::value::calendar::{DAY, LAST_DAY};
use crate::wire::value::cell::{Cells, NULL};
use crate::wire::value::date_vectors;
use crate::wire::value::datetime::{self, Instant};
use crate::wire::value::error::{Result, ValueError, ValueForm};
use crate::wire::value::field::Field;
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

/// TIMESTAMP as ticks of `unit`.
pub(super) fn timestamp(
    field: &Field,
    unit: TimeUnit,
    options: &Options,
    target: DecoderTarget,
) -> Box<dyn ColumnDecoder> {
    choose(field, Stamps::new(datetime::timestamp, unit, options, target))
}

/// TIMESTAMP WITH TIME ZONE as ticks of `unit` in UTC.
pub(super) fn timestamp_tz(
    field: &Field,
    unit: TimeUnit,
    options: &Options,
    target: DecoderTarget,
) -> Box<dyn ColumnDecoder> {
    choose(field, Stamps::new(datetime::timestamp_tz, unit, options, target))
}

struct Stamps<P> {
    read: P,
    unit: TimeUnit,
    excess: Excess,
    end_of_time: EndOfTime,
    target: DecoderTarget,
}

impl<P> Stamps<P> {
    fn new(read: P, unit: TimeUnit, options: &Options, target: DecoderTarget) -> Stamps<P> {
        Stamps { read, unit, excess: options.timestamp_excess, end_of_time: options.end_of_time, target }
    }
}

impl<P: Fn(&[u8]) -> Result<Instant> + Copy + Send + 'static> ForCellLayout for Stamps<P> {
    type Output = Box<dyn ColumnDecoder>;

    fn with<F: CellLayout>(self, frame: F) -> Self::Output {
        match self.unit {
            TimeUnit::Second => self.build::<TimestampSecondType, F>(frame),
            TimeUnit::Millisecond => self.build::<TimestampMillisecondType, F>(frame),
            TimeUnit::Microsecond => self.build::<TimestampMicrosecondType, F>(frame),
            TimeUnit::Nanosecond => self.build::<TimestampNanosecondType, F>(frame),
        }
    }
}

impl<P: Fn(&[u8]) -> Result<Instant> + Copy + Send + 'static> Stamps<P> {
    fn build<T, F: CellLayout>(self, frame: F) -> Box<dyn ColumnDecoder>
    where
        T: ArrowTimestampType + ArrowPrimitiveType<Native = i64>,
    {
        let digits = unit_digits(T::UNIT);
        let read = self.read;
        let truncate = self.excess == Excess::Truncate;
        let end_of_time = self.end_of_time;
        let last_day = if end_of_time == EndOfTime::Next { i32::MAX } else { LAST_DAY };
        let quick = move |cell: &[u8]| {
            let instant = read(cell).ok().filter(|instant| instant.days <= last_day)?;
            match instant.ticks(digits)? {
                (_, true) if !truncate => None,
                (ticks, _) => Some(ticks),
            }
        };
        let careful = move |cell: &[u8]| {
            let instant = read(cell)?;
            if instant.days > last_day {
                return if end_of_time == EndOfTime::Last { last(digits) } else { Err(Reason::EndOfTime) };
            }
            match instant.ticks(digits) {
                Some((_, true)) if !truncate => Err(Reason::Finer),
                Some((ticks, _)) => Ok(ticks),
                None => Err(Reason::Ticks),
            }
        };
        Box::new(Primitive::<T, _>::new(self.target, Framed { frame, quick, careful }))
    }
}

/// The last tick of the year 9999.
fn last(digits: u8) -> std::result::Result<i64, Reason> {
    let fraction = datetime::POWERS.get(usize::from(digits)).map_or(0, |power| power - 1);
    let ticks = Instant { days: LAST_DAY, seconds: DAY - 1, fraction, digits }.ticks(digits);
    ticks.map(|(ticks, _)| ticks).ok_or(Reason::Ticks)
}
