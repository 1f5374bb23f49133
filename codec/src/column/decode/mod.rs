//! Cells to Arrow arrays, one decoder per column, chosen once when the answer set is described.
//!
//! The hot path. A decoder takes some thousand cells at a time and runs plain loops straight into
//! Arrow buffers. No value makes a `Result` while all is well: a loop only notes that something
//! was odd, and a cold second reading of the same cells then takes the odd forms, makes NULLs
//! where the options say so, or names the guilty row. UTF-8 is checked once: ASCII with its
//! batch, when the array is made, and other text with its chunk (`proven`).

/// The decoder of text or bytes with the offsets `O` of a form. Views are made of short ones.
macro_rules! offsets {
    ($form:expr, $offset:ident => $decoder:expr) => {
        match $form {
            StringType::Utf8 => {
                type $offset = i32;
                $decoder
            }
            StringType::LargeUtf8 => {
                type $offset = i64;
                $decoder
            }
            StringType::Utf8View => {
                type $offset = i32;
                views::shown($decoder)
            }
        }
    };
}

mod binary;
mod boolean;
mod buffer_pool;
mod cell_layout;
mod datetime;
mod dds_forms;
mod decfloat;
mod decimal;
mod float;
mod foreign;
mod gather;
mod integer;
mod lob;
mod primitive;
mod proven;
mod stamps;
mod text;
mod varying;
mod views;
mod wide;
mod zoned;

use arrow_array::ArrayRef;

use self::primitive::DecoderTarget;
use super::error::{Column, ColumnError};
use super::kind::ColumnKind;
use super::options::{Options, StringType};
use crate::wire::value::cell::Cells;
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::record_layout::{FieldForm, PlacedField};

/// Collects one column of a batch.
pub trait ColumnDecoder: Send {
    /// Takes the next rows. After an error the decoder is of no further use.
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError>;
    /// Rows taken since the last [`finish`](ColumnDecoder::finish).
    fn len(&self) -> usize;
    /// True when there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Bytes of Arrow buffers in use. A batch should end long before a column of text or bytes
    /// holds 2 GiB, which is an error (32-bit offsets); LOB columns have 64-bit offsets.
    fn bytes(&self) -> usize;
    /// Bad values that were made NULL, from the first row on.
    fn nulled(&self) -> u64 {
        0
    }
    /// Makes the array and starts anew.
    fn finish(&mut self) -> Result<ArrayRef, ColumnError>;
}

/// The decoder of the column at `index` (from 0).
pub fn decoder(field: &Field, index: usize, options: &Options) -> Result<Box<dyn ColumnDecoder>, ColumnError> {
    let kind = ColumnKind::of(field, index, options)?;
    Ok(of_kind(kind, field, index, options))
}

/// The decoder of a field of a record. Cells begin at the field, in front of a length if it has one,
/// which has to be checked before: what follows is another field.
pub fn placed(place: &PlacedField, index: usize, options: &Options) -> Result<Box<dyn ColumnDecoder>, ColumnError> {
    let kind = ColumnKind::placed(place, index, options)?;
    let target = || target(&kind, &place.field, index, options);
    Ok(match place.form {
        FieldForm::Date(form, _) => dds_forms::date(form, target()),
        FieldForm::Time(form, _) => dds_forms::time(form, &kind, target()),
        FieldForm::Scaled => dds_forms::scaled(place.width, target()),
        FieldForm::Flag => boolean::flags(target()),
        FieldForm::Plain | FieldForm::DoubleOnly | FieldForm::DoubleOrSingle => {
            of_kind(kind, &place.field, index, options)
        }
    })
}

fn target(kind: &ColumnKind, field: &Field, index: usize, options: &Options) -> DecoderTarget {
    DecoderTarget {
        column: Column::new(field, index),
        data_type: kind.data_type(),
        null_on_error: kind.nullable(options),
        memory: options.memory.clone(),
    }
}

fn of_kind(kind: ColumnKind, field: &Field, index: usize, options: &Options) -> Box<dyn ColumnDecoder> {
    let target = target(&kind, field, index, options);
    match kind {
        ColumnKind::Integer(width) => integer::decoder(width, field.order, target),
        ColumnKind::Single => float::single(field.order, target),
        ColumnKind::Double => float::double(field, target),
        ColumnKind::Decimal { precision, .. } => decimal::decoder(field, precision, target),
        ColumnKind::DecimalText { precision, scale, form } => {
            offsets!(form, O => wide::text::<O>(field, precision, scale, target))
        }
        ColumnKind::DecimalFloat { precision, scale } => wide::float(field, precision, scale, target),
        ColumnKind::DecFloatText(form) => offsets!(form, O => decfloat::text::<O>(field.shape, target)),
        ColumnKind::DecFloatDecimal { precision, scale } => decfloat::decimal(field.shape, precision, scale, target),
        ColumnKind::Boolean => boolean::decoder(field.shape, options.any_true, target),
        ColumnKind::Flag => boolean::flags(target),
        ColumnKind::Date => datetime::date(target),
        ColumnKind::Time(_) | ColumnKind::TimeText(_) => datetime::time(&kind, target),
        ColumnKind::Timestamp(unit) => stamps::timestamp(field, unit, options, target),
        ColumnKind::TimestampTz(unit) => stamps::timestamp_tz(field, unit, options, target),
        ColumnKind::Text { codec, lob: false, form } => {
            offsets!(form, O => text::decoder::<O>(field, codec, options.text_errors, target))
        }
        ColumnKind::Text { codec, lob: true, form } => {
            offsets!(form, O => lob::text::<O>(codec, options.text_errors, target))
        }
        ColumnKind::Binary { lob: false, form } => offsets!(form, O => binary::decoder::<O>(field, target)),
        ColumnKind::Binary { lob: true, form } => offsets!(form, O => lob::binary::<O>(target)),
    }
}

/// The width of a shape that was checked to be fixed.
fn fixed(shape: Shape) -> usize {
    match shape {
        Shape::Fixed(n) => n as usize,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
