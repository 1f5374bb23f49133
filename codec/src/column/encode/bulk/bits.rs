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
        let bits = self.bits.slice(rows.start, rows.len());
        if self.width == 1 {
            let [[zero, _], [one, _]] = self.forms;
            let (zeros, other) = (u64::from_ne_bytes([zero; 8]), u64::from(zero ^ one));
            for (at, word) in (0..).step_by(64).zip(bits.bit_chunks().iter_padded()) {
                for (n, byte) in (0..).step_by(8).zip(word.to_le_bytes()) {
                    store(cells, at + n, &(zeros ^ (spread(byte) * other)).to_le_bytes());
                }
            }
            return true;
        }
        let [zero, one] = self.forms;
        for (n, bit) in bits.iter().enumerate() {
            store(cells, n * self.width, if bit { &one } else { &zero });
        }
        true
    }
}

/// Each bit as a byte, the lowest first.
#[inline(always)]
fn spread(bits: u8) -> u64 {
    // Copies of seven bits that do not touch each other, and the last bit by itself.
    let seven = u64::from(bits & 0x7F).wrapping_mul(0x0002_0408_1020_4081) & 0x0101_0101_0101_0101;
    seven | u64::from(bits >> 7) << 56
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_become_bytes() {
        for bits in 0..=u8::MAX {
            assert_eq!(spread(bits).to_le_bytes(), std::array::from_fn(|n| bits >> n & 1));
        }
    }
}
