//! Columns whose Arrow values have a fixed width: one loop for all of them, around a reader that
//! knows the form.

use std::hint::select_unpredictable;
use std::sync::Arc;

use arrow_array::{ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::DataType;
use fearless_simd::{Level, dispatch};

use super::ColumnDecoder;
use super::buffer_pool::BufferPool;
use super::cell_layout::{CellLayout, Validity};
use super::gather::Extent;
use crate::column::batch_memory::BatchMemory;
use crate::column::error::{Column, ColumnError, Reason};
use crate::wire::codec::instructions::level;
use crate::wire::value::cell::{Cells, NULL};
use crate::wire::value::simd::LANES;

/// Fewer values than this are read one by one.
const FEW: usize = 8;

/// The facts that every decoder is given.
pub(super) struct DecoderTarget {
    pub(super) column: Column,
    pub(super) data_type: DataType,
    /// Bad values become NULL.
    pub(super) null_on_error: bool,
    pub(super) memory: BatchMemory,
}

/// Knows one form of a value.
pub(super) trait Read<T: Default>: Send + 'static {
    /// Appends a value for every cell, of which there are at most [`LANES`]; anything at all for a NULL. True when a
    /// cell was odd: then all of them are read once more with `careful`.
    fn fill(&self, cells: &Cells<'_>, values: &mut Vec<T>) -> bool;
    /// The bytes of one cell.
    fn cell<'a>(&self, buf: &'a [u8], at: usize) -> Option<&'a [u8]>;
    /// The value of one cell in any of its forms, or what is wrong with it.
    fn careful(&self, cell: &[u8]) -> Result<T, Reason>;
    /// As `fill`, value by value: a few rows of a wide table in a small block are not worth a whole group.
    fn fill_few(&self, cells: &Cells<'_>, values: &mut Vec<T>) -> bool {
        for at in cells.offsets {
            // A NULL lies beyond any block.
            let value = match self.cell(cells.buf, *at as usize) {
                Some(cell) => self.careful(cell).ok(),
                None => (*at == NULL).then(T::default),
            };
            let Some(value) = value else { return true };
            values.push(value);
        }
        false
    }
}

/// Collects values with a reader. The reader is called once for a group of cells: all else is compiled once for an Arrow
/// type, not for each of its many forms.
pub(super) struct Primitive<T: ArrowPrimitiveType> {
    target: DecoderTarget,
    reader: Box<dyn Read<T::Native>>,
    values: Vec<T::Native>,
    validity: Validity,
    /// Rows of the last batch: the next one is likely to have as many.
    expected: usize,
    nulled: u64,
    spares: BufferPool,
}

impl<T: ArrowPrimitiveType> Primitive<T> {
    pub(super) fn new(target: DecoderTarget, reader: Box<dyn Read<T::Native>>) -> Self {
        Primitive {
            spares: BufferPool::new(&target.memory, (target.column.index, 0)),
            target,
            reader,
            values: Vec::new(),
            validity: Validity::new(),
            expected: 0,
            nulled: 0,
        }
    }

    /// Values and validity of the batch, which then starts anew.
    pub(super) fn take(&mut self) -> (Vec<T::Native>, Option<NullBuffer>) {
        self.expected = self.values.len();
        (std::mem::take(&mut self.values), self.validity.finish())
    }

    /// Takes the validity of values that were appended.
    fn admit(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        match self.validity.append(cells.offsets) && !self.target.column.nullable {
            true => Err(first_null(&self.target.column, cells)),
            false => Ok(()),
        }
    }

    #[cold]
    fn append_carefully(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        let column = &self.target.column;
        for (row, at) in (cells.first_row..).zip(cells.offsets) {
            let value = if *at == NULL {
                if !column.nullable {
                    return Err(column.null(row));
                }
                None
            } else {
                let cell = self.reader.cell(cells.buf, *at as usize).ok_or_else(|| column.cut(row))?;
                match self.reader.careful(cell) {
                    Ok(value) => Some(value),
                    Err(_) if self.target.null_on_error => {
                        self.nulled += 1;
                        None
                    }
                    Err(reason) => return Err(column.value(row, cell, reason)),
                }
            };
            self.validity.push(value.is_some());
            self.values.push(value.unwrap_or_default());
        }
        Ok(())
    }
}

impl<T: ArrowPrimitiveType> ColumnDecoder for Primitive<T> {
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        let start = self.values.len();
        if start == 0 {
            self.values = self.spares.take();
            self.values.clear();
            self.values.reserve(self.expected.max(cells.offsets.len()));
        }
        // Groups before this one whose validity is still to be taken begin here.
        let mut clean = cells.offsets;
        let mut first_row = cells.first_row;
        let mut held = 0;
        for group in cells.offsets.chunks(LANES) {
            let start = self.values.len();
            let part = Cells { offsets: group, ..*cells };
            let odd = match group.len() {
                ..FEW => self.reader.fill_few(&part, &mut self.values),
                _ => self.reader.fill(&part, &mut self.values),
            };
            if !odd {
                held += group.len();
                continue;
            }
            self.values.truncate(start);
            let (before, from) = clean.split_at_checked(held).unwrap_or_default();
            self.admit(&Cells { offsets: before, first_row, ..*cells })?;
            first_row += held as u64;
            self.append_carefully(&Cells { offsets: group, first_row, ..*cells })?;
            first_row += group.len() as u64;
            (clean, held) = (from.get(group.len()..).unwrap_or_default(), 0);
        }
        self.admit(&Cells { offsets: clean, first_row, ..*cells })
    }

    fn len(&self) -> usize {
        self.values.len()
    }

    fn bytes(&self) -> usize {
        size_of_val(self.values.as_slice()) + self.validity.bytes()
    }

    fn nulled(&self) -> u64 {
        self.nulled
    }

    fn finish(&mut self) -> Result<ArrayRef, ColumnError> {
        let (values, nulls) = self.take();
        let rows = values.len();
        let values = ScalarBuffer::new(self.spares.hand_out(values, rows), 0, rows);
        let array = PrimitiveArray::<T>::new(values, nulls);
        Ok(Arc::new(array.with_data_type(self.target.data_type.clone())))
    }
}

/// Names the row of the first NULL in a column that has none.
#[cold]
pub(super) fn first_null(column: &Column, cells: &Cells<'_>) -> ColumnError {
    let row =
        (cells.first_row..).zip(cells.offsets).find(|(_, at)| **at == NULL).map_or(cells.first_row, |(row, _)| row);
    column.null(row)
}

/// Reads cells of exactly `N` bytes with a quick and a careful function.
pub(super) struct Exact<const N: usize, Q, C> {
    pub(super) quick: Q,
    pub(super) careful: C,
}

impl<const N: usize, T, Q, C> Read<T> for Exact<N, Q, C>
where
    T: Default,
    Q: Fn(&[u8; N]) -> Option<T> + Send + 'static,
    C: Fn(&[u8; N]) -> Result<T, Reason> + Send + 'static,
{
    #[inline]
    fn fill(&self, cells: &Cells<'_>, values: &mut Vec<T>) -> bool {
        let mut odd = false;
        values.extend(cells.offsets.iter().map(|at| {
            // A NULL lies beyond any block, so that it needs no test of its own.
            match cells.buf.get(*at as usize..).and_then(|tail| tail.first_chunk()) {
                Some(cell) => (self.quick)(cell).unwrap_or_else(|| {
                    odd = true;
                    T::default()
                }),
                None => {
                    odd |= *at != NULL;
                    T::default()
                }
            }
        }));
        odd
    }

    fn cell<'a>(&self, buf: &'a [u8], at: usize) -> Option<&'a [u8]> {
        buf.get(at..)?.get(..N)
    }

    fn careful(&self, cell: &[u8]) -> Result<T, Reason> {
        cell.first_chunk().map_or_else(|| Ok(T::default()), |cell| (self.careful)(cell))
    }
}

/// Reads cells found by a frame with a quick and a careful function.
pub(super) struct Framed<F, Q, C> {
    pub(super) frame: F,
    pub(super) quick: Q,
    pub(super) careful: C,
}

impl<T, F, Q, C> Read<T> for Framed<F, Q, C>
where
    T: Default,
    F: CellLayout,
    Q: Fn(&[u8]) -> Option<T> + Send + 'static,
    C: Fn(&[u8]) -> Result<T, Reason> + Send + 'static,
{
    #[inline]
    fn fill(&self, cells: &Cells<'_>, values: &mut Vec<T>) -> bool {
        let mut odd = false;
        values.extend(cells.offsets.iter().map(|at| match self.frame.cell(cells.buf, *at as usize) {
            Some(cell) => (self.quick)(cell).unwrap_or_else(|| {
                odd = true;
                T::default()
            }),
            None => {
                odd |= *at != NULL;
                T::default()
            }
        }));
        odd
    }

    fn cell<'a>(&self, buf: &'a [u8], at: usize) -> Option<&'a [u8]> {
        self.frame.cell(buf, at)
    }

    fn careful(&self, cell: &[u8]) -> Result<T, Reason> {
        (self.careful)(cell)
    }
}

/// Reads cells of exactly `N` bytes that all mean something.
struct Plain<const N: usize, F> {
    read: F,
    level: Level,
}

impl<const N: usize, F> Plain<N, F> {
    #[inline(always)]
    fn values<T: Copy + Default>(&self, cells: &Cells<'_>, values: &mut Vec<T>) -> bool
    where
        F: Fn([u8; N]) -> T,
    {
        let (buf, extent) = (cells.buf, Extent::of(cells.offsets));
        if !extent.lies_in(buf, 0, N) {
            return true;
        }
        let last = buf.len().saturating_sub(N);
        let read = |at: &u32| {
            let bytes = buf.get((*at as usize).min(last)..).and_then(|tail| tail.first_chunk());
            bytes.map_or_else(T::default, |bytes| (self.read)(*bytes))
        };
        if extent.nulls {
            // A value that is read and not used costs less than a branch that nobody can foresee.
            values.extend(cells.offsets.iter().map(|at| select_unpredictable(*at == NULL, T::default(), read(at))));
        } else {
            values.extend(cells.offsets.iter().map(read));
        }
        false
    }
}

impl<const N: usize, T, F> Read<T> for Plain<N, F>
where
    T: Copy + Default,
    F: Fn([u8; N]) -> T + Send + 'static,
{
    fn fill(&self, cells: &Cells<'_>, values: &mut Vec<T>) -> bool {
        dispatch!(self.level, _simd => self.values(cells, values))
    }

    fn cell<'a>(&self, buf: &'a [u8], at: usize) -> Option<&'a [u8]> {
        buf.get(at..)?.get(..N)
    }

    fn careful(&self, cell: &[u8]) -> Result<T, Reason> {
        Ok(cell.first_chunk().map_or_else(T::default, |cell| (self.read)(*cell)))
    }
}

/// A decoder of cells of `N` bytes that all mean something.
pub(super) fn plain<T, const N: usize>(
    target: DecoderTarget,
    read: impl Fn([u8; N]) -> T::Native + Copy + Send + 'static,
) -> Box<dyn ColumnDecoder>
where
    T: ArrowPrimitiveType,
{
    Box::new(Primitive::<T>::new(target, Box::new(Plain::<N, _> { read, level: level() })))
}
