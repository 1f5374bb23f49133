//! DATE, TIME and TIMESTAMP text to days, seconds and ticks.

use arrow_array::types::{
    Date32Type, Time32SecondType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{ArrowPrimitiveType, types::ArrowTimestampType};
use arrow_schema::TimeUnit;

use super::frame::{ForFrame, Frame, choose};
use super::primitive::{Exact, Framed, Primitive, Target};
use super::{ColumnDecoder, unit_digits};
use crate::column::error::Reason;
use crate::column::options::Excess;
use crate::wire::value::datetime::{self, Instant};
use crate::wire::value::error::Result;
use crate::wire::value::field::Field;

/// DATE as days.
pub(super) fn date(target: Target) -> Box<dyn ColumnDecoder> {
    let reader = Exact::<10, _, _> {
        quick: |cell: &[u8; 10]| datetime::date(cell).ok(),
        careful: |cell: &[u8; 10]| Ok(datetime::date(cell)?),
    };
    Box::new(Primitive::<Date32Type, _>::new(target, reader))
}

/// TIME as seconds.
pub(super) fn time(target: Target) -> Box<dyn ColumnDecoder> {
    let read = |cell: &[u8; 8]| datetime::time(cell).map(u32::cast_signed);
    let reader = Exact::<8, _, _> {
        quick: move |cell: &[u8; 8]| read(cell).ok(),
        careful: move |cell: &[u8; 8]| Ok(read(cell)?),
    };
    Box::new(Primitive::<Time32SecondType, _>::new(target, reader))
}

/// TIMESTAMP as ticks of `unit`.
pub(super) fn timestamp(field: &Field, unit: TimeUnit, excess: Excess, target: Target) -> Box<dyn ColumnDecoder> {
    choose(field, Stamps { read: datetime::timestamp, unit, excess, target })
}

/// TIMESTAMP WITH TIME ZONE as ticks of `unit` in UTC.
pub(super) fn timestamp_tz(field: &Field, unit: TimeUnit, excess: Excess, target: Target) -> Box<dyn ColumnDecoder> {
    choose(field, Stamps { read: datetime::timestamp_tz, unit, excess, target })
}

struct Stamps<P> {
    read: P,
    unit: TimeUnit,
    excess: Excess,
    target: Target,
}

impl<P: Fn(&[u8]) -> Result<Instant> + Copy + Send + 'static> ForFrame for Stamps<P> {
    type Output = Box<dyn ColumnDecoder>;

    fn with<F: Frame>(self, frame: F) -> Self::Output {
        match self.unit {
            TimeUnit::Second => self.build::<TimestampSecondType, F>(frame),
            TimeUnit::Millisecond => self.build::<TimestampMillisecondType, F>(frame),
            TimeUnit::Microsecond => self.build::<TimestampMicrosecondType, F>(frame),
            TimeUnit::Nanosecond => self.build::<TimestampNanosecondType, F>(frame),
        }
    }
}

impl<P: Fn(&[u8]) -> Result<Instant> + Copy + Send + 'static> Stamps<P> {
    fn build<T, F: Frame>(self, frame: F) -> Box<dyn ColumnDecoder>
    where
        T: ArrowTimestampType + ArrowPrimitiveType<Native = i64>,
    {
        let digits = unit_digits(T::UNIT);
        let read = self.read;
        let truncate = self.excess == Excess::Truncate;
        let quick = move |cell: &[u8]| match read(cell).ok()?.ticks(digits)? {
            (_, true) if !truncate => None,
            (ticks, _) => Some(ticks),
        };
        let careful = move |cell: &[u8]| match read(cell)?.ticks(digits) {
            Some((_, true)) if !truncate => Err(Reason::Finer),
            Some((ticks, _)) => Ok(ticks),
            None => Err(Reason::Ticks),
        };
        Box::new(Primitive::<T, _>::new(self.target, Framed { frame, quick, careful }))
    }
}
