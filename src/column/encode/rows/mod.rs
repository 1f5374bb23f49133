//! Rows of a batch, column by column: blocks of the answering side, parameters of the asking side.
//!
//! A tile of rows is measured, so that each row's place is known and the block ends after the row
//! that fills it; then each column writes its cells where they belong, in a plain loop chosen once
//! (see `bulk.rs`). A column or a value without such a loop is encoded cell by cell and laid in from
//! there, so that there is one judge of what fits.

use std::ops::Range;

use arrow_array::{Array, RecordBatch};

use super::bulk::{BulkColumn, bulk_column, put};
use super::{ColumnEncoder, PRESENT};
use crate::column::error::ColumnError;
use crate::wire::codec::writer::Writer;
use crate::wire::value::field::Field;

/// Rows that are measured at a time.
const TILE: usize = 1024;

/// Writes rows of one batch. None of its columns may hold large objects: those do not lie in their rows.
pub struct RowEncoder<'a> {
    /// The bytes before each row.
    head: &'a [u8],
    columns: Vec<RowColumn<'a>>,
    /// Length of each row of the tile, then where its next cell goes.
    places: Vec<usize>,
    /// Length of a row, as far as is known.
    typical: usize,
}

impl<'a> RowEncoder<'a> {
    /// For the rows of a batch that has a column for each field; `head` precedes each row.
    pub fn new(head: &'a [u8], fields: &'a [Field], batch: &'a RecordBatch) -> Result<Self, ColumnError> {
        let mut columns = Vec::with_capacity(fields.len());
        for (index, (field, array)) in fields.iter().zip(batch.columns()).enumerate() {
            let encoder = ColumnEncoder::new(field, index)?;
            columns.push(RowColumn {
                bulk: bulk_column(&encoder, array.as_ref()),
                cells: CellByCell { encoder, array: array.as_ref(), buf: Writer::new(), ends: Vec::new() },
                by_cell: false,
            });
        }
        Ok(RowEncoder { head, typical: head.len() + fields.len(), columns, places: Vec::new() })
    }

    /// Appends `rows` (which the batch has) to `w`, until it holds `bytes`. Gives the number of rows
    /// written, and the fault of the one after them if it has one.
    pub fn encode(&mut self, mut rows: Range<usize>, bytes: usize, w: &mut Writer) -> (usize, Option<ColumnError>) {
        let mut done = 0;
        while !rows.is_empty() && w.len() < bytes {
            let enough = (bytes - w.len()) / self.typical.max(1) + 1;
            let tile = rows.start..rows.end.min(rows.start + enough.min(TILE));
            let (written, fault) = self.tile(tile, bytes, w);
            done += written;
            rows.start += written;
            if fault.is_some() {
                return (done, fault);
            }
        }
        (done, None)
    }

    /// Appends all `rows` (which the batch has) to `w`, and to `ends` where each of them ends. Gives the fault of the
    /// row after those if it has one.
    pub fn encode_all(&mut self, mut rows: Range<usize>, w: &mut Writer, ends: &mut Vec<usize>) -> Option<ColumnError> {
        while !rows.is_empty() {
            let tile = rows.start..rows.end.min(rows.start + TILE);
            let (written, fault) = self.tile(tile, usize::MAX, w);
            // Each place has moved on to the end of its row.
            ends.extend_from_slice(&self.places);
            rows.start += written;
            if fault.is_some() {
                return fault;
            }
        }
        None
    }

    fn tile(&mut self, rows: Range<usize>, bytes: usize, w: &mut Writer) -> (usize, Option<ColumnError>) {
        self.places.clear();
        self.places.resize(rows.len(), self.head.len());
        let mut fault = None;
        for column in &mut self.columns {
            // A column after one with a fault is asked for the rows in front of it.
            let good = rows.start..rows.start + self.places.len();
            if let Some((row, error)) = column.measure(good, &mut self.places) {
                self.places.truncate(row);
                fault = Some(error);
            }
        }
        let start = w.len();
        let (mut end, mut count) = (start, 0);
        for place in &mut self.places {
            if end >= bytes {
                break;
            }
            end += std::mem::replace(place, end);
            count += 1;
        }
        self.places.truncate(count);
        // The faulty row is not asked for yet.
        let fault = fault.filter(|_| end < bytes);
        self.typical = (end - start).checked_div(count).unwrap_or(self.typical);
        let out = w.vec_mut();
        // So that only NULLs need a mark.
        out.resize(end, PRESENT);
        for place in &mut self.places {
            put(out, place, self.head);
        }
        for column in &mut self.columns {
            column.write(rows.start..rows.start + count, &mut self.places, out);
        }
        (count, fault)
    }
}

/// One column: its loop if it has one, and the way of every column.
struct RowColumn<'a> {
    bulk: Option<Box<dyn BulkColumn + 'a>>,
    cells: CellByCell<'a>,
    /// The tile in hand goes cell by cell.
    by_cell: bool,
}

impl RowColumn<'_> {
    /// Adds the length of each cell; the first row that has a fault, counted from the start, and the fault.
    fn measure(&mut self, rows: Range<usize>, lengths: &mut [usize]) -> Option<(usize, ColumnError)> {
        self.by_cell = !self.bulk.as_mut().is_some_and(|bulk| bulk.measure(rows.clone(), lengths));
        if self.by_cell { self.cells.measure(rows, lengths) } else { None }
    }

    fn write(&mut self, rows: Range<usize>, places: &mut [usize], out: &mut [u8]) {
        match &self.bulk {
            Some(bulk) if !self.by_cell => bulk.write(rows, places, out),
            _ => self.cells.write(places, out),
        }
    }
}

/// Encodes each cell by itself before the rows are laid out.
struct CellByCell<'a> {
    encoder: ColumnEncoder<'a>,
    array: &'a dyn Array,
    buf: Writer,
    ends: Vec<usize>,
}

impl CellByCell<'_> {
    fn measure(&mut self, rows: Range<usize>, lengths: &mut [usize]) -> Option<(usize, ColumnError)> {
        self.buf.vec_mut().clear();
        self.ends.clear();
        for (n, (row, length)) in rows.zip(lengths).enumerate() {
            let start = self.buf.len();
            if let Err(error) = self.encoder.encode(self.array, row, &mut self.buf) {
                return Some((n, error));
            }
            *length += self.buf.len() - start;
            self.ends.push(self.buf.len());
        }
        None
    }

    fn write(&self, places: &mut [usize], out: &mut [u8]) {
        let mut start = 0;
        for (place, end) in places.iter_mut().zip(&self.ends) {
            put(out, place, self.buf.as_slice().get(start..*end).unwrap_or_default());
            start = *end;
        }
    }
}

#[cfg(test)]
mod tests;
