//! Booleans.

use std::ops::Range;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_buffer::BooleanBuffer;

use super::cells::{CellMaker, made, store};
use super::{BulkColumn, Marks, Target};
use crate::wire::codec::reader::ByteOrder;
use crate::wire::value::field::Shape;

/// One byte, `zero` and the bit; or two.
pub(super) fn booleans(zero: u8, target: Target<'_>, marks: Marks, array: &dyn Array) -> Option<Box<dyn BulkColumn>> {
    let bits = array.as_boolean_opt()?.values().clone();
    let zero_form = match target.field.shape {
        Shape::Fixed(1) => [zero, 0],
        Shape::Fixed(2) => [0, 0],
        _ => return None,
    };
    let one_form = match (target.field.shape, target.field.order) {
        (Shape::Fixed(1), _) => [zero | 1, 0],
        (_, ByteOrder::Big) => [0, 1],
        (_, ByteOrder::Little) => [1, 0],
    };
    let width = if target.field.shape == Shape::Fixed(1) { 1 } else { 2 };
    made(marks, width, Bits { bits, width, forms: [zero_form, one_form] })
}

struct Bits {
    bits: BooleanBuffer,
    width: usize,
    forms: [[u8; 2]; 2],
}

impl CellMaker for Bits {
    fn make(&mut self, rows: Range<usize>, _: &Marks, cells: &mut [u8]) -> bool {
        if rows.end > self.bits.len() {
            return false;
        }
        let [zero, one] = self.forms;
        for (n, bit) in self.bits.slice(rows.start, rows.len()).iter().enumerate() {
            store(cells, n * self.width, if bit { &one } else { &zero });
        }
        true
    }
}
