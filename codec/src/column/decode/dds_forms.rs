//! Forms that only fields of records have: dates with a year of two digits, times with a separator of
//! choice, binary numbers with an implied point.

use arrow_array::types::{Date32Type, Decimal128Type};

use super::ColumnDecoder;
use super::cell_layout::Fixed;
use super::datetime;
use super::primitive::{DecoderTarget, Framed, Primitive, plain};
use crate::column::kind::ColumnKind;
use crate::wire::value::date_form::{DateForm, TimeForm};

/// Dates as days.
pub(super) fn date(form: DateForm, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    if form.width() == 10 {
        return datetime::date(target);
    }
    let quick = move |cell: &[u8]| form.read(cell).ok();
    let careful = move |cell: &[u8]| Ok(form.read(cell)?);
    let frame = Fixed(form.width() as usize);
    Box::new(Primitive::<Date32Type>::new(target, Box::new(Framed { frame, quick, careful })))
}

/// Times.
pub(super) fn time(form: TimeForm, kind: &ColumnKind, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    match form {
        TimeForm::Hms => datetime::time_by(kind, target, |cell| TimeForm::Hms.read(cell)),
        _ => datetime::time(kind, target),
    }
}

/// Big-endian numbers of two, four or eight bytes as decimals; the scale is the column's.
pub(super) fn scaled(width: usize, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    match width {
        2 => plain::<Decimal128Type, 2>(target, |b| i16::from_be_bytes(b).into()),
        4 => plain::<Decimal128Type, 4>(target, |b| i32::from_be_bytes(b).into()),
        _ => plain::<Decimal128Type, 8>(target, |b| i64::from_be_bytes(b).into()),
    }
}
