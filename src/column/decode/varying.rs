//! Columns of text or bytes: offsets and one long buffer.

use std::sync::Arc;

use arrow_array::{ArrayRef, GenericBinaryArray, GenericStringArray, OffsetSizeTrait};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

use super::buffer_pool::BufferPool;
use super::cell_layout::{CellLayout, Validity};
use super::primitive::{DecoderTarget, first_null};
use crate::column::error::{Column, ColumnError, Reason};
use crate::column::options::TextErrors;
use crate::wire::ccsid::ascii::Ascii;
use crate::wire::value::cell::{Cells, NULL};

/// Most values are shorter, and a copy of a fixed length is a few instructions.
const SHORT: usize = 32;
const MEDIUM: usize = 64;

/// Collects values of varying length.
pub(super) struct ByteColumn<O> {
    column: Column,
    null_on_error: bool,
    nulled: u64,
    validity: Validity,
    offsets: Vec<O>,
    /// Longer than `used`, so that short copies can run over: the bytes after `used` mean nothing.
    values: Vec<u8>,
    used: usize,
    /// The number of the batch's first row.
    first_row: u64,
    /// Rows and bytes of the last batch: the next one is likely to be alike.
    expected: (usize, usize),
    spare_offsets: BufferPool,
    spare_values: BufferPool,
}

impl<O: OffsetSizeTrait> ByteColumn<O> {
    pub(super) fn new(target: DecoderTarget) -> Self {
        ByteColumn {
            column: target.column,
            null_on_error: target.null_on_error,
            nulled: 0,
            validity: Validity::new(),
            offsets: Vec::new(),
            values: Vec::new(),
            used: 0,
            first_row: 0,
            expected: (0, 0),
            spare_offsets: BufferPool::default(),
            spare_values: BufferPool::default(),
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

    /// Takes text of a page whose bytes are mostly ASCII characters; values with others go through
    /// `careful`.
    pub(super) fn translate<F: CellLayout>(
        &mut self,
        frame: F,
        ascii: &Ascii,
        cells: &Cells<'_>,
        careful: impl Fn(&[u8], &mut Vec<u8>) -> Result<(), Reason>,
    ) -> Result<(), ColumnError> {
        let start = self.used;
        self.gather(frame, cells)?;
        let new = start.min(self.values.len())..self.used;
        if self.values.get_mut(new).is_none_or(|values| ascii.translate(values)) {
            return self.admit(cells);
        }
        self.spell(frame, start, cells, careful)
    }

    /// Lays the bytes of the cells end to end, without a look at their validity.
    fn gather<F: CellLayout>(&mut self, frame: F, cells: &Cells<'_>) -> Result<(), ColumnError> {
        self.begin(cells.first_row, cells.offsets.len());
        let (values, mut end, mut odd) = (&mut self.values, self.used, false);
        self.offsets.extend(cells.offsets.iter().map(|at| {
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

    /// Takes the validity of cells.
    fn admit(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        match self.validity.append(cells.offsets) && !self.column.nullable {
            true => Err(first_null(&self.column, cells)),
            false => Ok(()),
        }
    }

    /// Takes once more what was translated from `start` on: some of it is not ASCII.
    fn spell<F: CellLayout>(
        &mut self,
        frame: F,
        start: usize,
        cells: &Cells<'_>,
        careful: impl Fn(&[u8], &mut Vec<u8>) -> Result<(), Reason>,
    ) -> Result<(), ColumnError> {
        let rough = self.values.get(start..self.used).unwrap_or_default().to_vec();
        let first = self.offsets.len().saturating_sub(cells.offsets.len());
        self.values.truncate(start);
        let mut from = 0;
        for ((row, at), offset) in (cells.first_row..).zip(cells.offsets).zip(self.offsets.iter_mut().skip(first)) {
            let to = offset.as_usize().saturating_sub(start);
            let piece = rough.get(from..to).unwrap_or_default();
            from = to;
            let mut valid = *at != NULL;
            if !valid && !self.column.nullable {
                return Err(self.column.null(row));
            }
            if piece.is_ascii() {
                self.values.extend_from_slice(piece);
            } else {
                let cell = frame.cell(cells.buf, *at as usize).ok_or_else(|| self.column.cut(row))?;
                let end = self.values.len();
                match careful(cell, &mut self.values) {
                    Ok(()) => {}
                    Err(_) if self.null_on_error => {
                        self.values.truncate(end);
                        self.nulled += 1;
                        valid = false;
                    }
                    Err(reason) => return Err(self.column.value(row, cell, reason)),
                }
            }
            self.validity.push(valid);
            *offset = O::usize_as(self.values.len());
        }
        self.used = self.values.len();
        if self.used > O::MAX_OFFSET { Err(self.column.too_large()) } else { Ok(()) }
    }

    pub(super) fn nulled(&self) -> u64 {
        self.nulled
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    pub(super) fn bytes(&self) -> usize {
        self.used + size_of_val(self.offsets.as_slice()) + self.validity.bytes()
    }

    pub(super) fn finish_binary(&mut self) -> Result<ArrayRef, ColumnError> {
        let (offsets, values, nulls) = self.take();
        Ok(Arc::new(GenericBinaryArray::<O>::new(offsets, values, nulls)))
    }

    /// The array of text, made by the one validation of the whole buffer that Arrow insists on.
    pub(super) fn finish_text(&mut self, errors: TextErrors) -> Result<ArrayRef, ColumnError> {
        let (offsets, values, nulls) = self.take();
        match GenericStringArray::<O>::try_new(offsets.clone(), values.clone(), nulls.clone()) {
            Ok(array) => Ok(Arc::new(array)),
            Err(_) if errors == TextErrors::Replace => self.replaced(&offsets, &values, nulls),
            Err(_) => Err(self.first_not_utf8(&offsets, &values)),
        }
    }

    fn begin(&mut self, first_row: u64, rows: usize) {
        if self.offsets.is_empty() {
            let (expected_rows, expected_bytes) = self.expected;
            self.first_row = first_row;
            self.offsets = self.spare_offsets.take();
            self.offsets.clear();
            self.offsets.reserve(expected_rows.max(rows) + 1);
            self.offsets.push(O::usize_as(0));
            self.values = self.spare_values.take();
            if self.values.is_empty() {
                // Zeroed memory of this size comes from the system untouched.
                self.values = vec![0; expected_bytes];
            } else {
                self.values.resize(expected_bytes, 0);
            }
        }
    }

    fn take(&mut self) -> (OffsetBuffer<O>, Buffer, Option<NullBuffer>) {
        self.begin(0, 0);
        self.expected = (self.len(), self.used + self.used / 16 + MEDIUM);
        self.values.truncate(self.used);
        self.used = 0;
        let offsets = ScalarBuffer::from(std::mem::take(&mut self.offsets));
        let values = Buffer::from_vec(std::mem::take(&mut self.values));
        self.spare_offsets.keep(offsets.inner());
        self.spare_values.keep(&values);
        (OffsetBuffer::new(offsets), values, self.validity.finish())
    }

    #[cold]
    fn first_cut<F: CellLayout>(&self, frame: F, cells: &Cells<'_>) -> ColumnError {
        let cut = |at: u32| at != NULL && frame.cell(cells.buf, at as usize).is_none();
        let row = (cells.first_row..).zip(cells.offsets).find(|(_, at)| cut(**at));
        self.column.cut(row.map_or(cells.first_row, |(row, _)| row))
    }

    #[cold]
    fn first_not_utf8(&self, offsets: &OffsetBuffer<O>, values: &[u8]) -> ColumnError {
        for (row, value) in (self.first_row..).zip(slices(offsets, values)) {
            if let Err(e) = std::str::from_utf8(value) {
                return self.column.value(row, value, Reason::Utf8(e.valid_up_to()));
            }
        }
        // Unreachable: a buffer whose every piece is UTF-8 is UTF-8.
        self.column.cut(self.first_row)
    }

    #[cold]
    fn replaced(
        &self,
        offsets: &OffsetBuffer<O>,
        values: &[u8],
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef, ColumnError> {
        let mut text = Vec::with_capacity(values.len() + values.len() / 16);
        let mut ends = Vec::with_capacity(offsets.len());
        ends.push(O::usize_as(0));
        for value in slices(offsets, values) {
            text.extend_from_slice(String::from_utf8_lossy(value).as_bytes());
            ends.push(O::usize_as(text.len()));
        }
        if text.len() > O::MAX_OFFSET {
            return Err(self.column.too_large());
        }
        let ends = OffsetBuffer::new(ScalarBuffer::from(ends));
        match GenericStringArray::<O>::try_new(ends, Buffer::from_vec(text), nulls) {
            Ok(array) => Ok(Arc::new(array)),
            Err(_) => Err(self.first_not_utf8(offsets, values)),
        }
    }
}

fn slices<'a, O: OffsetSizeTrait>(offsets: &'a OffsetBuffer<O>, values: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    offsets.windows(2).map(|pair| match pair {
        [from, to] => values.get(from.as_usize()..to.as_usize()).unwrap_or_default(),
        _ => &[],
    })
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
