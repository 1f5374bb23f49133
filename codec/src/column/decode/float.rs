//! REAL and DOUBLE. Both widths of the hexadecimal form become f64, whose range they need.

use arrow_array::types::{Float32Type, Float64Type};

use super::primitive::{DecoderTarget, plain};
use super::{ColumnDecoder, fixed};
use crate::wire::codec::reader::ByteOrder;
use crate::wire::value::field::Field;
use crate::wire::value::float::{hex32, hex64};
use crate::wire::value::typdef::FloatForm;

/// IEEE, four bytes.
pub(super) fn single(order: ByteOrder, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    match order {
        ByteOrder::Big => plain::<Float32Type, 4>(target, f32::from_be_bytes),
        ByteOrder::Little => plain::<Float32Type, 4>(target, f32::from_le_bytes),
    }
}

/// IEEE of eight bytes, or hexadecimal.
pub(super) fn double(field: &Field, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    match (field.float, field.order, fixed(field.shape)) {
        (FloatForm::Hexadecimal, _, 4) => plain::<Float64Type, 4>(target, hex32),
        (FloatForm::Hexadecimal, _, _) => plain::<Float64Type, 8>(target, hex64),
        (FloatForm::Ieee, ByteOrder::Big, _) => plain::<Float64Type, 8>(target, f64::from_be_bytes),
        (FloatForm::Ieee, ByteOrder::Little, _) => plain::<Float64Type, 8>(target, f64::from_le_bytes),
    }
}
