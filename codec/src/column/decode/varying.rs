//! Columns of text or bytes: offsets and one long buffer. How text is proved to be text stands in `foreign`.

use std::hint::select_unpredictable;
use std::sync::Arc;

use arrow_array::{ArrayRef, GenericBinaryArray, OffsetSizeTrait};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use fearless_simd::{Level, dispatch};

use super::buffer_pool::BufferPool;
use super::cell_layout::{CellLayout, Validity};
use super::gather::Extent;
use super::primitive::{DecoderTarget, first_null};
use super::proven::ProvenText;
use crate::column::error::{Column, ColumnError, Reason};
use crate::wire::ccsid::flat::Places;
use crate::wire::codec::instructions::level;
use crate::wire::value::cell::{Cells, NULL};

/// Most values are shorter than one of these, and a copy of a fixed length is a few instructions.
const SHORTEST: usize = 8;
const SHORT: usize = 32;
const MEDIUM: usize = 64;

/// Collects values of varying length.
pub(super) struct ByteColumn<O: OffsetSizeTrait> {
    pub(super) column: Column,
    pub(super) null_on_error: bool,
    pub(super) nulled: u64,
    pub(super) validity: Validity,
    pub(super) offsets: Vec<O>,
    /// Rows of one length in front of all others, whose offsets are not written down yet; and that length.
    even: (usize, usize),
    /// Offsets of rows of that length, which the batches share.
    even_offsets: Option<OffsetBuffer<O>>,
    /// Longer than `used`, so that short copies can run over: the bytes after `used` mean nothing.
    pub(super) values: Vec<u8>,
    pub(super) used: usize,
    /// The number of the batch's first row.
    pub(super) first_row: u64,
    /// Rows and bytes of the last batch: the next one is likely to be alike.
    pub(super) expected: (usize, usize),
    pub(super) spare_offsets: BufferPool,
    pub(super) spare_values: BufferPool,
    /// Rows whose text was proved to be UTF-8 already; they stand in front of the others.
    pub(super) proven: ProvenText<O>,
    /// How many eighths of the last rows were not ASCII.
    pub(super) foreign: usize,
    /// Text that is taken once more.
    pub(super) rough: Vec<u8>,
    /// Where it went.
    pub(super) places: Places,
    level: Level,
}

/// The questions to a decoder that its column answers, `column: ByteColumn`.
macro_rules! counted_by_column {
    () => {
        fn len(&self) -> usize {
            self.column.len()
        }

        fn bytes(&self) -> usize {
            self.column.bytes()
        }

        fn nulled(&self) -> u64 {
            self.column.nulled()
        }
    };
}

pub(super) use counted_by_column;

impl<O: OffsetSizeTrait> ByteColumn<O> {
    pub(super) fn new(target: DecoderTarget) -> Self {
        let pool = |which| BufferPool::new(&target.memory, (target.column.index, which));
        let (spare_offsets, spare_values) = (pool(0), pool(1));
        ByteColumn {
            column: target.column,
            null_on_error: target.null_on_error,
            nulled: 0,
            validity: Validity::new(),
            offsets: Vec::new(),
            even: (0, 0),
            even_offsets: None,
            values: Vec::new(),
            used: 0,
            first_row: 0,
            expected: (0, 0),
            spare_offsets,
            spare_values,
            proven: ProvenText::default(),
            foreign: 0,
            rough: Vec::new(),
            places: Places::default(),
            level: level(),
        }
    }

    /// Takes the bytes of the cells as they are.
    pub(super) fn copy<F: CellLayout>(&mut self, frame: F, cells: &Cells<'_>) -> Result<(), ColumnError> {
        self.gather(frame, cells)?;
        self.admit(cells)
    }

    /// Takes what `convert` makes of each value. `None` is NULL, `Some(None)` a cell that is cut.
    pub(super) fn convert<'a>(
        &mut self,
        first_row: u64,
        cells: impl ExactSizeIterator<Item = Option<Option<&'a [u8]>>>,
        convert: impl Fn(&[u8], &mut Vec<u8>) -> Result<(), Reason>,
    ) -> Result<(), ColumnError> {
        self.begin(first_row, cells.len());
        self.write_down();
        self.values.truncate(self.used);
        for (row, cell) in (first_row..).zip(cells) {
            let mut valid = cell.is_some();
            match cell {
                Some(Some(cell)) => {
                    let start = self.values.len();
                    match convert(cell, &mut self.values) {
                        Ok(()) => {}
                        Err(_) if self.null_on_error => {
                            self.values.truncate(start);
                            self.nulled += 1;
                            valid = false;
                        }
                        Err(reason) => return Err(self.column.value(row, cell, reason)),
                    }
                }
                Some(None) => return Err(self.column.cut(row)),
                None if !self.column.nullable => return Err(self.column.null(row)),
                None => {}
            }
            self.validity.push(valid);
            self.offsets.push(O::usize_as(self.values.len()));
        }
        self.used = self.values.len();
        if self.used > O::MAX_OFFSET { Err(self.column.too_large()) } else { Ok(()) }
    }

    /// Takes the bytes of each value as they are, as [`convert`](Self::convert) does.
    pub(super) fn collect<'a>(
        &mut self,
        first_row: u64,
        cells: impl ExactSizeIterator<Item = Option<Option<&'a [u8]>>>,
    ) -> Result<(), ColumnError> {
        self.convert(first_row, cells, |cell, out| {
            out.extend_from_slice(cell);
            Ok(())
        })
    }

    /// Lays the bytes of the cells end to end, without a look at their validity.
    pub(super) fn gather<F: CellLayout>(&mut self, frame: F, cells: &Cells<'_>) -> Result<(), ColumnError> {
        self.begin(cells.first_row, cells.offsets.len());
        let taken = match frame.width() {
            Some(width @ ..=SHORTEST) => self.gather_even::<SHORTEST>(width, cells),
            Some(width @ ..=SHORT) => self.gather_even::<SHORT>(width, cells),
            Some(width @ ..=MEDIUM) => self.gather_even::<MEDIUM>(width, cells),
            _ => 0,
        };
        let rest = cells.offsets.get(taken..).unwrap_or_default();
        if rest.is_empty() {
            return if self.used > O::MAX_OFFSET { Err(self.column.too_large()) } else { Ok(()) };
        }
        self.write_down();
        let (values, mut end, mut odd) = (&mut self.values, self.used, false);
        self.offsets.extend(rest.iter().map(|at| {
            match frame.tail(cells.buf, *at as usize) {
                Some((tail, len)) => {
                    let to = values.get_mut(end..).unwrap_or_default();
                    if let (true, Some(from), Some(to)) =
                        (len <= SHORT, tail.first_chunk::<SHORT>(), to.first_chunk_mut())
                    {
                        *to = *from;
                    } else if let (true, Some(from), Some(to)) =
                        (len <= MEDIUM, tail.first_chunk::<MEDIUM>(), to.first_chunk_mut())
                    {
                        *to = *from;
                    } else {
                        odd |= !copy_long(tail, len, values, end);
                    }
                    end += len;
                }
                // A NULL lies beyond any block.
                None => odd |= *at != NULL,
            }
            O::usize_as(end)
        }));
        self.used = end;
        if odd {
            return Err(self.first_cut(frame, cells));
        }
        if end > O::MAX_OFFSET { Err(self.column.too_large()) } else { Ok(()) }
    }

    /// As [`gather`](Self::gather), for values of one length, each copied by `N` bytes. How many were taken: near the end
    /// of a block are not so many bytes.
    fn gather_even<const N: usize>(&mut self, width: usize, cells: &Cells<'_>) -> usize {
        let Some(last) = cells.buf.len().checked_sub(N) else { return 0 };
        let extent = Extent::of(cells.offsets);
        let rows = match extent.lies_in(cells.buf, 0, N) {
            true => cells.offsets.len(),
            false => cells.offsets.iter().take_while(|at| **at == NULL || **at as usize <= last).count(),
        };
        let needed = self.used + rows * width + N;
        if self.values.len() < needed {
            self.values.resize(needed.max(self.values.len() * 2), 0);
        }
        let even = Cells { offsets: cells.offsets.get(..rows).unwrap_or_default(), ..*cells };
        // No row is written down: there is the offset in front of the first alone.
        let is_even = !extent.nulls && self.offsets.len() == 1 && self.proven.is_idle();
        let values = self.values.get_mut(self.used..).unwrap_or_default();
        let laid = match N {
            ..=SHORTEST => lay::<N>(&even, width, values),
            // Wide registers copy more at once.
            _ => dispatch!(self.level, _simd => lay::<N>(&even, width, values)),
        };
        if is_even {
            self.even = (self.even.0 + rows, width);
        } else {
            self.write_down();
            let mut end = self.used;
            self.offsets.extend(even.offsets.iter().map(|at| {
                end += select_unpredictable(*at == NULL, 0, width);
                O::usize_as(end)
            }));
        }
        self.used += laid;
        rows
    }

    /// Writes the offsets of even rows down: others follow.
    pub(super) fn write_down(&mut self) {
        let (rows, width) = std::mem::take(&mut self.even);
        self.offsets.extend((1..=rows).map(|row| O::usize_as(row * width)));
    }

    /// Takes the validity of cells.
    pub(super) fn admit(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        match self.validity.append(cells.offsets) && !self.column.nullable {
            true => Err(first_null(&self.column, cells)),
            false => Ok(()),
        }
    }

    pub(super) fn nulled(&self) -> u64 {
        self.nulled
    }

    pub(super) fn len(&self) -> usize {
        self.proven.len() + self.even.0 + self.offsets.len().saturating_sub(1)
    }

    pub(super) fn bytes(&self) -> usize {
        let ends = (self.even.0 + self.offsets.len()) * size_of::<O>();
        self.proven.bytes() + self.used + ends + self.validity.bytes()
    }

    pub(super) fn finish_binary(&mut self) -> Result<ArrayRef, ColumnError> {
        let (offsets, values, nulls) = self.take();
        Ok(Arc::new(GenericBinaryArray::<O>::new(offsets, values, nulls)))
    }

    pub(super) fn begin(&mut self, first_row: u64, rows: usize) {
        if self.len() == 0 {
            self.first_row = first_row;
        }
        if self.offsets.is_empty() && self.proven.is_on() {
            // These hold a chunk at a time.
            self.offsets.push(O::usize_as(0));
        } else if self.offsets.is_empty() {
            let (expected_rows, expected_bytes) = self.expected;
            if self.offsets.capacity() == 0 {
                self.offsets = self.spare_offsets.take();
                self.offsets.clear();
            }
            self.offsets.reserve(expected_rows.max(rows) + 1);
            self.offsets.push(O::usize_as(0));
            self.values = self.spare_values.take();
            if self.values.is_empty() {
                // Zeroed memory of this size comes from the system untouched.
                self.values = vec![0; expected_bytes];
            } else {
                self.values.resize(expected_bytes.max(self.values.len()), 0);
            }
        }
    }

    /// Remembers how large a batch was.
    pub(super) fn expect(&mut self, rows: usize, bytes: usize) {
        self.expected = (rows, bytes + bytes / 16 + MEDIUM);
    }

    pub(super) fn take(&mut self) -> (OffsetBuffer<O>, Buffer, Option<NullBuffer>) {
        self.begin(0, 0);
        self.expect(self.len(), self.used);
        let used = std::mem::take(&mut self.used);
        let values = self.spare_values.hand_out(std::mem::take(&mut self.values), used);
        (self.take_offsets(), values, self.validity.finish())
    }

    fn take_offsets(&mut self) -> OffsetBuffer<O> {
        let (rows, width) = self.even;
        if rows == 0 {
            let ends = self.offsets.len();
            let offsets = self.spare_offsets.hand_out(std::mem::take(&mut self.offsets), ends);
            return OffsetBuffer::new(ScalarBuffer::new(offsets, 0, ends));
        }
        self.even = (0, 0);
        self.offsets.clear();
        // The next batch needs none of its own either.
        let shared = self.even_offsets.take().filter(|shared| shared.len() > rows);
        let shared = shared.unwrap_or_else(|| OffsetBuffer::from_repeated_length(width, rows));
        self.even_offsets.insert(shared).slice(0, rows)
    }

    #[cold]
    fn first_cut<F: CellLayout>(&self, frame: F, cells: &Cells<'_>) -> ColumnError {
        let cut = |at: u32| at != NULL && frame.cell(cells.buf, at as usize).is_none();
        let row = (cells.first_row..).zip(cells.offsets).find(|(_, at)| cut(**at));
        self.column.cut(row.map_or(cells.first_row, |(row, _)| row))
    }
}

/// Copies values of one length by `N` bytes each, end to end: how many bytes they have together.
#[inline(always)]
fn lay<const N: usize>(cells: &Cells<'_>, width: usize, values: &mut [u8]) -> usize {
    let last = cells.buf.len().saturating_sub(N);
    let mut end = 0;
    for at in cells.offsets {
        // A NULL lies beyond any block.
        let from = cells.buf.get((*at as usize).min(last)..).and_then(|tail| tail.first_chunk::<N>());
        let to = values.get_mut(end..).and_then(|tail| tail.first_chunk_mut::<N>());
        if let (Some(from), Some(to)) = (from, to) {
            *to = *from;
        }
        end += select_unpredictable(*at == NULL, 0, width);
    }
    end
}

/// The cells of a chunk as [`ByteColumn::convert`] takes them.
pub(super) fn cells_of<'a, F: CellLayout>(
    frame: F,
    cells: &Cells<'a>,
) -> impl ExactSizeIterator<Item = Option<Option<&'a [u8]>>> {
    let buf = cells.buf;
    cells.offsets.iter().map(move |at| (*at != NULL).then(|| frame.cell(buf, *at as usize)))
}

/// Copies a value that is long, or near the end of the block or of the room. False when the block ends
/// within it.
#[inline(never)]
fn copy_long(tail: &[u8], len: usize, values: &mut Vec<u8>, end: usize) -> bool {
    let Some(from) = tail.get(..len) else {
        return false;
    };
    if values.len() < end + len + MEDIUM {
        let more = (values.len() * 2).max(end + len + 4096);
        values.resize(more, 0);
    }
    if let Some(to) = values.get_mut(end..end + len) {
        to.copy_from_slice(from);
    }
    true
}
