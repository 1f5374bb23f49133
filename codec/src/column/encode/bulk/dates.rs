//! Dates and times of day, in all their forms.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrowPrimitiveType};
use arrow_buffer::{ArrowNativeType, ScalarBuffer};
use arrow_schema::{DataType, TimeUnit};

use super::cells::{CellMaker, fixed, made, store};
use super::{BulkColumn, Marks, Target, alphabet};
use crate::wire::value::calendar::{DAY, FIRST_DAY, LAST_DAY};
use crate::wire::value::date_form::{DateForm, TimeForm};
use crate::wire::value::datetext::{date_text, time_text};
use crate::wire::value::field::Shape;

/// DATE of a row, in ISO.
pub(super) fn date(target: Target<'_>, marks: Marks, array: &dyn Array) -> Option<Box<dyn BulkColumn>> {
    date_in(DateForm::Iso, b'-', target, marks, array)
}

/// A date of a record.
pub(super) fn date_in(
    form: DateForm,
    separator: u8,
    target: Target<'_>,
    marks: Marks,
    array: &dyn Array,
) -> Option<Box<dyn BulkColumn>> {
    if target.field.shape != Shape::Fixed(form.width()) {
        return None;
    }
    match array.data_type() {
        DataType::Date32 => days::<Date32Type>(form, separator, target, marks, array, Some),
        DataType::Timestamp(TimeUnit::Second, None) => {
            days::<TimestampSecondType>(form, separator, target, marks, array, midnight::<1>)
        }
        DataType::Timestamp(TimeUnit::Millisecond, None) => {
            days::<TimestampMillisecondType>(form, separator, target, marks, array, midnight::<1_000>)
        }
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            days::<TimestampMicrosecondType>(form, separator, target, marks, array, midnight::<1_000_000>)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, None) => {
            days::<TimestampNanosecondType>(form, separator, target, marks, array, midnight::<1_000_000_000>)
        }
        _ => None,
    }
}

/// The day that begins at a moment.
#[inline(always)]
fn midnight<const SECOND: i64>(ticks: i64) -> Option<i32> {
    let day = SECOND * i64::from(DAY);
    let days = ticks.div_euclid(day);
    if days * day == ticks { i32::try_from(days).ok() } else { None }
}

fn days<T: ArrowPrimitiveType>(
    form: DateForm,
    separator: u8,
    target: Target<'_>,
    marks: Marks,
    array: &dyn Array,
    days: impl Fn(T::Native) -> Option<i32> + Copy + Send + 'static,
) -> Option<Box<dyn BulkColumn>> {
    let (zero, [dash, separator]) = alphabet(target.codec, [b'-', separator])?;
    if matches!(form, DateForm::Iso | DateForm::Jis) {
        let known = move |v| days(v).is_some_and(|days| (FIRST_DAY..=LAST_DAY).contains(&days));
        return fixed::<T, 10>(marks, array, known, move |v| date_text(days(v).unwrap_or_default(), zero, dash));
    }
    let values = array.as_primitive_opt::<T>()?.values().clone();
    let width = form.width() as usize;
    let cell = move |v| form.text(days(v)?, zero, separator);
    made(marks, width, Texts { values, width, cell })
}

/// TIME of a row: `HH:MM:SS`, the form that Derby needs and every Db2 takes.
pub(super) fn time(target: Target<'_>, marks: Marks, array: &dyn Array) -> Option<Box<dyn BulkColumn>> {
    time_in(TimeForm::Jis, b':', target, marks, array)
}

/// A time of a record.
pub(super) fn time_in(
    form: TimeForm,
    separator: u8,
    target: Target<'_>,
    marks: Marks,
    array: &dyn Array,
) -> Option<Box<dyn BulkColumn>> {
    if target.field.shape != Shape::Fixed(8) {
        return None;
    }
    match array.data_type() {
        DataType::Time32(TimeUnit::Second) => {
            clock::<Time32SecondType>(form, separator, target, marks, array, |v| u32::try_from(v).ok())
        }
        DataType::Time32(_) => clock::<Time32MillisecondType>(form, separator, target, marks, array, |v| {
            u32::try_from(v).ok().filter(|v| v.is_multiple_of(1000)).map(|v| v / 1000)
        }),
        DataType::Time64(TimeUnit::Microsecond) => {
            clock::<Time64MicrosecondType>(form, separator, target, marks, array, |v| whole(v, 1_000_000))
        }
        DataType::Time64(_) => {
            clock::<Time64NanosecondType>(form, separator, target, marks, array, |v| whole(v, 1_000_000_000))
        }
        _ => None,
    }
}

/// Seconds of ticks, if there is nothing beside them.
#[inline(always)]
fn whole(ticks: i64, second: u64) -> Option<u32> {
    let ticks = u64::try_from(ticks).ok()?;
    let seconds = ticks / second;
    if seconds * second == ticks { u32::try_from(seconds).ok() } else { None }
}

fn clock<T: ArrowPrimitiveType>(
    form: TimeForm,
    separator: u8,
    target: Target<'_>,
    marks: Marks,
    array: &dyn Array,
    seconds: impl Fn(T::Native) -> Option<u32> + Copy + Send + 'static,
) -> Option<Box<dyn BulkColumn>> {
    let (zero, [separator, blank, a, p, m]) = alphabet(target.codec, [separator, b' ', b'A', b'P', b'M'])?;
    if form != TimeForm::Usa {
        let known = move |v| seconds(v).is_some_and(|s| s < DAY);
        let cell = move |v| time_text(seconds(v).unwrap_or_default(), zero, separator);
        return fixed::<T, 8>(marks, array, known, cell);
    }
    let values = array.as_primitive_opt::<T>()?.values().clone();
    let cell = move |v| {
        let seconds = seconds(v).filter(|s| *s < DAY && s.is_multiple_of(60))?;
        let (hour, shown) = TimeForm::twelve_hours(seconds);
        let [h1, h2, _, m1, m2, ..] = time_text(shown * 3600 + seconds % 3600, zero, separator);
        Some([h1, h2, separator, m1, m2, blank, if hour < 12 { a } else { p }, m, 0, 0])
    };
    made(marks, 8, Texts { values, width: 8, cell })
}

/// Values that each become up to ten characters.
struct Texts<V: ArrowNativeType, C> {
    values: ScalarBuffer<V>,
    width: usize,
    /// `None` where the value has no such text.
    cell: C,
}

impl<V: ArrowNativeType, C: Fn(V) -> Option<[u8; 10]> + Send> CellMaker for Texts<V, C> {
    fn make(&mut self, rows: Range<usize>, marks: &Marks, cells: &mut [u8]) -> bool {
        let values = self.values.get(rows.clone()).unwrap_or_default();
        for (n, (row, value)) in rows.zip(values).enumerate() {
            match (self.cell)(*value) {
                Some(text) => store(cells, n * self.width, &text),
                None if marks.is_null(row) => {}
                None => return false,
            }
        }
        true
    }
}
