//! Cells of one length.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrowPrimitiveType};
use arrow_buffer::{ArrowNativeType, ScalarBuffer};

use super::{BulkColumn, Marks, ROOM, put};

/// Cells that each value is written into as it is.
struct FixedCells<V: ArrowNativeType, K, C> {
    marks: Marks,
    values: ScalarBuffer<V>,
    known: K,
    cell: C,
}

/// A column whose values all have a cell if they are `known`.
pub(super) fn fixed<T: ArrowPrimitiveType, const N: usize>(
    marks: Marks,
    array: &dyn Array,
    known: impl Fn(T::Native) -> bool + Send + 'static,
    cell: impl Fn(T::Native) -> [u8; N] + Send + 'static,
) -> Option<Box<dyn BulkColumn>> {
    Some(Box::new(FixedCells { marks, values: array.as_primitive_opt::<T>()?.values().clone(), known, cell }))
}

impl<V, const N: usize, K, C> BulkColumn for FixedCells<V, K, C>
where
    V: ArrowNativeType,
    K: Fn(V) -> bool + Send,
    C: Fn(V) -> [u8; N] + Send,
{
    fn measure(&mut self, rows: Range<usize>, lengths: &mut [usize]) -> bool {
        // What lies where a NULL is counts too: at worst it makes these rows go cell by cell.
        let values = self.values.get(rows.clone()).unwrap_or_default();
        if !values.iter().fold(true, |known, v| known & (self.known)(*v)) {
            return false;
        }
        self.marks.measure_fixed(rows, lengths, N);
        true
    }

    fn write(&self, rows: Range<usize>, places: &mut [usize], out: &mut [u8]) {
        self.marks.write_fixed(rows, places, out, |row| self.values.get(row).map(|v| (self.cell)(*v)));
    }
}

/// Makes cells of one length side by side.
pub(super) trait CellMaker: Send {
    /// The cells of `rows`, one after the other, anything for a NULL. False when one of them cannot be made here.
    /// The cells may be written with [`store`], since there is room after the last.
    fn make(&mut self, rows: Range<usize>, marks: &Marks, cells: &mut [u8]) -> bool;
}

/// Writes more than a cell at once: what is written beyond it, the next one writes over.
#[inline(always)]
pub(super) fn store<const N: usize>(cells: &mut [u8], at: usize, bytes: &[u8; N]) {
    const { assert!(N <= ROOM) };
    if let Some(slot) = cells.get_mut(at..).and_then(|tail| tail.first_chunk_mut()) {
        *slot = *bytes;
    }
}

struct MadeCells {
    marks: Marks,
    maker: Box<dyn CellMaker>,
    width: usize,
    cells: Vec<u8>,
    /// The row of the first cell.
    first: usize,
}

/// A column whose cells of `width` bytes are made before they are laid into their rows.
pub(super) fn made(marks: Marks, width: usize, maker: impl CellMaker + 'static) -> Option<Box<dyn BulkColumn>> {
    Some(Box::new(MadeCells { marks, maker: Box::new(maker), width, cells: Vec::new(), first: 0 }))
}

impl BulkColumn for MadeCells {
    fn measure(&mut self, rows: Range<usize>, lengths: &mut [usize]) -> bool {
        self.first = rows.start;
        let needed = rows.len() * self.width + ROOM;
        if self.cells.len() < needed {
            self.cells.resize(needed, 0);
        }
        if !self.maker.make(rows.clone(), &self.marks, &mut self.cells) {
            return false;
        }
        self.marks.measure_fixed(rows, lengths, self.width);
        true
    }

    fn write(&self, rows: Range<usize>, places: &mut [usize], out: &mut [u8]) {
        let cells = self.cells.get((rows.start - self.first) * self.width..).unwrap_or_default();
        scatter(&self.marks, cells, self.width, rows, places, out);
    }
}

/// Lays cells into their rows. A copy whose length is known is a few instructions.
fn scatter(marks: &Marks, cells: &[u8], width: usize, rows: Range<usize>, places: &mut [usize], out: &mut [u8]) {
    macro_rules! widths {
        ($($n:literal)*) => {
            match width {
                $($n => scatter_fixed::<$n>(marks, cells, rows, places, out),)*
                _ => {
                    let start = rows.start;
                    marks.write(rows, places, out, |row, place, out| {
                        let at = (row - start) * width;
                        put(out, place, cells.get(at..at + width).unwrap_or_default());
                    });
                }
            }
        };
    }
    widths!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 19 20 21 23 25 26 29 30 31 32)
}

fn scatter_fixed<const N: usize>(
    marks: &Marks,
    cells: &[u8],
    rows: Range<usize>,
    places: &mut [usize],
    out: &mut [u8],
) {
    let start = rows.start;
    let cells = cells.as_chunks::<N>().0;
    if marks.nulls.is_none() {
        let width = marks.width();
        for (place, cell) in places.iter_mut().zip(cells).take(rows.len()) {
            *place += width;
            put(out, place, cell);
        }
        return;
    }
    marks.write_fixed(rows, places, out, |row| cells.get(row - start).copied());
}
