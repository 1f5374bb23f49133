//! BOOLEAN of one byte, or of two as Db2 for LUW sends it.

use std::sync::Arc;

use arrow_array::types::UInt8Type;
use arrow_array::{ArrayRef, BooleanArray};
use arrow_buffer::BooleanBuffer;

use super::cell_layout::Fixed;
use super::primitive::{DecoderTarget, Exact, Framed, Primitive};
use super::{ColumnDecoder, fixed};
use crate::column::error::{ColumnError, Reason};
use crate::wire::value::cell::Cells;
use crate::wire::value::error::ValueError;
use crate::wire::value::field::Shape;

/// The decoder of booleans. With `any_true` a value that is neither 0 nor 1 is true.
pub(super) fn decoder(shape: Shape, any_true: bool, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    // The 1 of two bytes may stand in either; nothing but 0 and 1 has a meaning.
    let quick = move |cell: &[u8]| {
        let bits = cell.iter().fold(0, |bits, b| bits | b);
        if any_true { Some(u8::from(bits != 0)) } else { (bits <= 1).then_some(bits) }
    };
    let careful = move |cell: &[u8]| quick(cell).ok_or(Reason::from(ValueError::Boolean));
    Box::new(Booleans(Primitive::new(target, Box::new(Framed { frame: Fixed(fixed(shape)), quick, careful }))))
}

/// The decoder of the characters 1 and 0, in EBCDIC.
pub(super) fn flags(target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    let quick = |[cell]: &[u8; 1]| {
        let bit = cell ^ 0xF0;
        (bit <= 1).then_some(bit)
    };
    let careful = move |cell: &[u8; 1]| quick(cell).ok_or(Reason::from(ValueError::Boolean));
    Box::new(Booleans(Primitive::new(target, Box::new(Exact { quick, careful }))))
}

/// Collected as bytes, packed into bits at the end.
struct Booleans(Primitive<UInt8Type>);

impl ColumnDecoder for Booleans {
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        self.0.append(cells)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn bytes(&self) -> usize {
        self.0.bytes()
    }

    fn nulled(&self) -> u64 {
        self.0.nulled()
    }

    fn finish(&mut self) -> Result<ArrayRef, ColumnError> {
        let (values, nulls) = self.0.take();
        let bits = BooleanBuffer::collect_bool(values.len(), |i| values.get(i) == Some(&1));
        Ok(Arc::new(BooleanArray::new(bits, nulls)))
    }
}
