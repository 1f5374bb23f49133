//! TIMESTAMP text, with a time zone or without, to ticks.

use arrow_array::types::{
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_schema::TimeUnit;
use fearless_simd::{Level, dispatch};

use super::ColumnDecoder;
use super::cell_layout::{CellLayout, ForCellLayout, choose};
use super::primitive::{DecoderTarget, Framed, Primitive, Read};
use crate::column::error::Reason;
use crate::column::kind::unit_digits;
use crate::column::options::{EndOfTime, Excess, Options};
use crate::wire::codec::instructions::level;
use crate::wire::value::calendar::{DAY, LAST_DAY};
use crate::wire::value::cell::{Cells, NULL};
use crate::wire::value::date_vectors;
use crate::wire::value::datetime::{self, Instant};
use crate::wire::value::error::Result;
use crate::wire::value::field::Field;
use crate::wire::value::simd::LANES;
use crate::wire::value::stamp_vectors::{StampForm, StampWords};

/// TIMESTAMP as ticks of `unit`.
pub(super) fn timestamp(
    field: &Field,
    unit: TimeUnit,
    options: &Options,
    target: DecoderTarget,
) -> Box<dyn ColumnDecoder> {
    choose(field, Stamps::new(datetime::timestamp, true, unit, options, target))
}

/// TIMESTAMP WITH TIME ZONE as ticks of `unit` in UTC.
pub(super) fn timestamp_tz(
    field: &Field,
    unit: TimeUnit,
    options: &Options,
    target: DecoderTarget,
) -> Box<dyn ColumnDecoder> {
    choose(field, Stamps::new(datetime::timestamp_tz, false, unit, options, target))
}

struct Stamps<P> {
    read: P,
    /// Many may be read at once.
    together: bool,
    unit: TimeUnit,
    excess: Excess,
    end_of_time: EndOfTime,
    target: DecoderTarget,
}

impl<P> Stamps<P> {
    fn new(read: P, together: bool, unit: TimeUnit, options: &Options, target: DecoderTarget) -> Stamps<P> {
        Stamps { read, together, unit, excess: options.timestamp_excess, end_of_time: options.end_of_time, target }
    }
}

impl<P: Fn(&[u8]) -> Result<Instant> + Copy + Send + 'static> ForCellLayout for Stamps<P> {
    type Output = Box<dyn ColumnDecoder>;

    fn with<F: CellLayout>(self, frame: F) -> Self::Output {
        // The readers are those of all units.
        let reader = self.reader(frame);
        match self.unit {
            TimeUnit::Second => Box::new(Primitive::<TimestampSecondType>::new(self.target, reader)),
            TimeUnit::Millisecond => Box::new(Primitive::<TimestampMillisecondType>::new(self.target, reader)),
            TimeUnit::Microsecond => Box::new(Primitive::<TimestampMicrosecondType>::new(self.target, reader)),
            TimeUnit::Nanosecond => Box::new(Primitive::<TimestampNanosecondType>::new(self.target, reader)),
        }
    }
}

impl<P: Fn(&[u8]) -> Result<Instant> + Copy + Send + 'static> Stamps<P> {
    fn reader<F: CellLayout>(&self, frame: F) -> Box<dyn Read<i64>> {
        let digits = unit_digits(self.unit);
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
        let one = Framed { frame, quick, careful };
        match self.together {
            true => Box::new(Together { one: Box::new(one), frame, digits, truncate, level: level() }),
            false => Box::new(one),
        }
    }
}

/// Reads as many at a time as a group holds, where all have the form of the first; others one by one.
struct Together<F> {
    one: Box<dyn Read<i64>>,
    frame: F,
    /// Digits of a tick.
    digits: u8,
    truncate: bool,
    level: Level,
}

impl<F: CellLayout> Read<i64> for Together<F> {
    fn fill(&self, cells: &Cells<'_>, values: &mut Vec<i64>) -> bool {
        let mut odd = false;
        for offsets in cells.offsets.chunks(LANES) {
            let group = Cells { offsets, ..*cells };
            if self.together(&group, values).is_none() {
                odd |= self.one.fill(&group, values);
            }
        }
        odd
    }

    fn cell<'a>(&self, buf: &'a [u8], at: usize) -> Option<&'a [u8]> {
        self.one.cell(buf, at)
    }

    fn careful(&self, cell: &[u8]) -> std::result::Result<i64, Reason> {
        self.one.careful(cell)
    }

    fn fill_few(&self, cells: &Cells<'_>, values: &mut Vec<i64>) -> bool {
        self.one.fill_few(cells, values)
    }
}

impl<F: CellLayout> Together<F> {
    /// Appends the values of a group; `None`, and nothing appended, if some are odd.
    fn together(&self, group: &Cells<'_>, values: &mut Vec<i64>) -> Option<()> {
        let first = group.offsets.iter().find_map(|at| self.frame.cell(group.buf, *at as usize))?;
        let form = StampForm::of(first, self.digits, self.truncate)?;
        let mut words = StampWords::new(&form);
        for (place, at) in group.offsets.iter().enumerate() {
            match self.frame.cell(group.buf, *at as usize) {
                Some(cell) if cell.len() == form.width => {
                    if !form.load(cell, &mut words, place) {
                        return None;
                    }
                }
                // A NULL lies beyond any block.
                None if *at == NULL => {}
                _ => return None,
            }
        }
        let (mut days, mut out) = ([0; LANES], [0; LANES]);
        let odd = convert(self.level, &form, &words, &mut days, &mut out);
        let most = form.most_days();
        if odd || most < LAST_DAY && days.iter().any(|days| days.abs() > most) {
            return None;
        }
        values.extend_from_slice(out.get(..group.offsets.len())?);
        Some(())
    }
}

/// Days and ticks of a group; true if a value is odd.
fn convert(
    level: Level,
    form: &StampForm,
    words: &StampWords,
    days: &mut [i32; LANES],
    out: &mut [i64; LANES],
) -> bool {
    let odd = dispatch!(level, simd => {
        date_vectors::dates(simd, &words.heads, &words.tails, form.zero, form.dash, days)
            | form.ticks(words, days, out)
    });
    odd != 0
}

/// The last tick of the year 9999.
fn last(digits: u8) -> std::result::Result<i64, Reason> {
    let fraction = datetime::POWERS.get(usize::from(digits)).map_or(0, |power| power - 1);
    let ticks = Instant { days: LAST_DAY, seconds: DAY - 1, fraction, digits }.ticks(digits);
    ticks.map(|(ticks, _)| ticks).ok_or(Reason::Ticks)
}
