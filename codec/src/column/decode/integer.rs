//! SMALLINT, INTEGER, BIGINT and the one-byte integer.

use arrow_array::types::{Int8Type, Int16Type, Int32Type, Int64Type};

use super::ColumnDecoder;
use super::primitive::{DecoderTarget, plain};
use crate::wire::codec::reader::ByteOrder;

/// The decoder of integers of `width` bytes.
pub(super) fn decoder(width: u32, order: ByteOrder, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    match (width, order) {
        (1, _) => plain::<Int8Type, 1>(target, i8::from_be_bytes),
        (2, ByteOrder::Big) => plain::<Int16Type, 2>(target, i16::from_be_bytes),
        (2, ByteOrder::Little) => plain::<Int16Type, 2>(target, i16::from_le_bytes),
        (4, ByteOrder::Big) => plain::<Int32Type, 4>(target, i32::from_be_bytes),
        (4, ByteOrder::Little) => plain::<Int32Type, 4>(target, i32::from_le_bytes),
        (_, ByteOrder::Big) => plain::<Int64Type, 8>(target, i64::from_be_bytes),
        (_, ByteOrder::Little) => plain::<Int64Type, 8>(target, i64::from_le_bytes),
    }
}
