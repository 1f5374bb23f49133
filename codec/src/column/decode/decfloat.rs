//! DECFLOAT as its canonical text, or as a decimal when one was asked for.

use arrow_array::types::{Decimal128Type, Decimal256Type};
use arrow_array::{ArrayRef, OffsetSizeTrait};

use super::cell_layout::Fixed;
use super::decimal::to_i256;
use super::primitive::{DecoderTarget, Framed, Primitive};
use super::varying::{ByteColumn, cells_of, counted_by_column};
use super::{ColumnDecoder, fixed};
use crate::column::error::{ColumnError, Reason};
use crate::column::options::TextErrors;
use crate::wire::value::cell::Cells;
use crate::wire::value::decfloat::{self, Class, DecFloat};
use crate::wire::value::decimal::{self, Wide};
use crate::wire::value::error::{ValueError, ValueForm};
use crate::wire::value::field::Shape;

/// As text.
pub(super) fn text<O: OffsetSizeTrait>(shape: Shape, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    Box::new(DecFloatTexts { frame: Fixed(fixed(shape)), column: ByteColumn::<O>::new(target) })
}

/// As a decimal of fixed point.
pub(super) fn decimal(shape: Shape, precision: u8, scale: u8, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    let frame = Fixed(fixed(shape));
    if precision > 38 {
        let careful = move |cell: &[u8]| Ok(to_i256(fixed_point(cell, precision, scale)?));
        let quick = move |cell: &[u8]| careful(cell).ok();
        return Box::new(Primitive::<Decimal256Type>::new(target, Box::new(Framed { frame, quick, careful })));
    }
    let careful = move |cell: &[u8]| {
        // Within 38 digits, so it always fits.
        Ok(fixed_point(cell, precision, scale)?.narrow().unwrap_or_default())
    };
    let limit = 10u128.pow(precision.into());
    let quick = move |cell: &[u8]| {
        let number = DecFloat::from_bytes(cell).ok().filter(|number| number.class == Class::Finite)?;
        let shift = number.exponent + i32::from(scale);
        let magnitude = match shift {
            0 => number.coefficient,
            1.. => number.coefficient.checked_mul(10u128.checked_pow(shift.unsigned_abs())?)?,
            _ => exact(number.coefficient, shift.unsigned_abs())?,
        };
        let value = (magnitude < limit).then_some(magnitude.cast_signed())?;
        Some(if number.negative { -value } else { value })
    };
    Box::new(Primitive::<Decimal128Type>::new(target, Box::new(Framed { frame, quick, careful })))
}

/// A number without its last digits, which must be zeros.
fn exact(number: u128, digits: u32) -> Option<u128> {
    if let (Ok(number), Some(power)) = (u64::try_from(number), 10u64.checked_pow(digits)) {
        return number.is_multiple_of(power).then(|| u128::from(number / power));
    }
    let power = 10u128.checked_pow(digits)?;
    number.is_multiple_of(power).then(|| number / power)
}

fn fixed_point(cell: &[u8], precision: u8, scale: u8) -> Result<Wide, Reason> {
    let number = DecFloat::from_bytes(cell)?;
    if number.class != Class::Finite {
        return Err(ValueError::NotFinite("the DECFLOAT").into());
    }
    // At most 34 digits.
    let magnitude = number.coefficient.cast_signed();
    let value = Wide::from(if number.negative { -magnitude } else { magnitude });
    let shift = number.exponent + i32::from(scale);
    let scaled = if shift >= 0 {
        decimal::scale_up(value, shift.unsigned_abs()).ok_or(too_long(precision))
    } else {
        decimal::scale_down(value, shift.unsigned_abs()).ok_or(ValueError::Inexact("the DECFLOAT"))
    }?;
    if decimal::fits(scaled, precision) { Ok(scaled) } else { Err(too_long(precision).into()) }
}

fn too_long(precision: u8) -> ValueError {
    ValueError::Digits { what: ValueForm::DecFloat, precision }
}

struct DecFloatTexts<O: OffsetSizeTrait> {
    frame: Fixed,
    column: ByteColumn<O>,
}

impl<O: OffsetSizeTrait> ColumnDecoder for DecFloatTexts<O> {
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        self.column
            .convert_text(cells.first_row, cells_of(self.frame, cells), |cell, out| Ok(decfloat::put_text(cell, out)?))
    }

    counted_by_column!();

    fn finish(&mut self) -> Result<ArrayRef, ColumnError> {
        self.column.finish_text(TextErrors::Strict)
    }
}
