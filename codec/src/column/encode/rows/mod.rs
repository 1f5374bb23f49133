//! Rows of a batch, column by column: blocks of the answering side, parameters of the asking side.
//!
//! A tile of rows is measured, so that each row's place is known and the block ends after the row
//! that fills it; then each column writes its cells where they belong, in a plain loop chosen once
//! (see `bulk/mod.rs`). A column or a value without such a loop is encoded cell by cell and laid in from
//! there, so that there is one judge of what fits. So are large values, which travel after their rows.

mod large_cells;

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, NullArray, RecordBatch};

pub use self::large_cells::LargeCells;
use super::bulk::{BulkColumn, ROOM, Target, bulk_column, put};
use super::{ColumnEncoder, PRESENT, string};
use crate::column::error::ColumnError;
use crate::wire::codec::writer::Writer;
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::record_layout::FieldForm;

/// Rows that are measured at a time: at most so many, of about so many bytes, which each column comes back to while they
/// are near; at least so many, since each column begins anew.
const TILE: usize = 1024;
const TILE_BYTES: usize = 32 * 1024;
const SHORTEST_TILE: usize = 64;
/// Bytes of a value whose length varies, before any is seen.
const SHORT_VALUE: usize = 16;

/// Writes rows of one batch. Large values do not lie in their rows: [`encode_large`](RowEncoder::encode_large) is for
/// batches that have them.
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
    pub fn new(head: &'a [u8], fields: &'a [Field], batch: &RecordBatch) -> Result<Self, ColumnError> {
        let encoders = fields.iter().enumerate().map(|(index, field)| ColumnEncoder::new(field, index));
        Self::of(head, encoders, batch)
    }

    /// The same, which keeps the fields: it can be kept as long as there are batches ([`take`](RowEncoder::take)).
    pub fn kept(head: &'a [u8], fields: &[Field], batch: &RecordBatch) -> Result<Self, ColumnError> {
        let encoders = fields.iter().enumerate().map(|(index, field)| ColumnEncoder::kept(field, index));
        Self::of(head, encoders, batch)
    }

    fn of(
        head: &'a [u8],
        encoders: impl ExactSizeIterator<Item = Result<ColumnEncoder<'a>, ColumnError>>,
        batch: &RecordBatch,
    ) -> Result<Self, ColumnError> {
        let mut typical = head.len();
        let mut columns = Vec::with_capacity(encoders.len());
        for (encoder, array) in encoders.zip(batch.columns()) {
            let column = RowColumn::new(encoder?, array);
            typical += column.about();
            columns.push(column);
        }
        Ok(RowEncoder { head, typical, columns, places: Vec::new() })
    }

    /// Lets go of the batch, until there is another one.
    pub fn rest(&mut self) {
        let nothing: ArrayRef = Arc::new(NullArray::new(0));
        for column in &mut self.columns {
            column.bulk = None;
            column.cells.array = nothing.clone();
        }
    }

    /// Goes on with the rows of another batch for the same fields.
    pub fn take(&mut self, batch: &RecordBatch) {
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            column.take(array);
        }
    }

    /// Appends `rows` (which the batch has) to `w`, until it holds `bytes`. Gives the number of rows
    /// written, and the fault of the one after them if it has one.
    pub fn encode(&mut self, rows: Range<usize>, bytes: usize, w: &mut Writer) -> (usize, Option<ColumnError>) {
        self.tiles(rows, bytes, w, None)
    }

    /// As [`encode`](RowEncoder::encode), with large values among the columns, which count as bytes.
    pub fn encode_large(
        &mut self,
        rows: Range<usize>,
        bytes: usize,
        w: &mut Writer,
        large: &mut dyn LargeCells,
    ) -> (usize, Option<ColumnError>) {
        self.tiles(rows, bytes, w, Some(large))
    }

    fn tiles(
        &mut self,
        mut rows: Range<usize>,
        bytes: usize,
        w: &mut Writer,
        mut large: Option<&mut dyn LargeCells>,
    ) -> (usize, Option<ColumnError>) {
        let mut done = 0;
        while !rows.is_empty() {
            let held = w.len() + large.as_ref().map_or(0, |large| large.bytes());
            if held >= bytes {
                break;
            }
            let enough = ((bytes - held) / self.typical.max(1)).saturating_add(1);
            let tile = rows.start..rows.end.min(rows.start + enough.min(self.rows_of_tile()));
            // A trait object is lent anew for each tile.
            let lent = large.as_mut().map(|large| &mut **large as &mut dyn LargeCells);
            let (written, fault) = self.tile(tile, bytes, w, lent);
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
            let tile = rows.start..rows.end.min(rows.start + self.rows_of_tile());
            let (written, fault) = self.tile(tile, usize::MAX, w, None);
            // Each place has moved on to the end of its row.
            ends.extend_from_slice(&self.places);
            rows.start += written;
            if fault.is_some() {
                return fault;
            }
        }
        None
    }

    fn rows_of_tile(&self) -> usize {
        (TILE_BYTES / self.typical.max(1)).clamp(SHORTEST_TILE, TILE)
    }

    fn tile(
        &mut self,
        rows: Range<usize>,
        bytes: usize,
        w: &mut Writer,
        mut large: Option<&mut dyn LargeCells>,
    ) -> (usize, Option<ColumnError>) {
        self.places.clear();
        self.places.resize(rows.len(), self.head.len());
        let mut fault = None;
        for column in &mut self.columns {
            if column.large && large.is_some() {
                column.begin_large();
                continue;
            }
            // A column after one with a fault is asked for the rows in front of it.
            let good = rows.start..rows.start + self.places.len();
            if let Some((row, error)) = column.measure(good, &mut self.places) {
                self.places.truncate(row);
                fault = Some(error);
            }
        }
        let start = w.len();
        let (mut end, mut count) = (start, 0);
        let before = large.as_ref().map_or(0, |large| large.bytes());
        let mut held = before;
        for (row, place) in rows.clone().zip(&mut self.places) {
            if end + held >= bytes {
                break;
            }
            if let Some(large) = &mut large {
                match large_cells(&mut self.columns, *large, row) {
                    Ok(length) => *place += length,
                    Err(error) => {
                        fault = Some(error);
                        break;
                    }
                }
                held = large.bytes();
            }
            end += std::mem::replace(place, end);
            count += 1;
        }
        self.places.truncate(count);
        // The faulty row is not asked for yet.
        let fault = fault.filter(|_| end + held < bytes);
        self.typical = (end - start + held - before).checked_div(count).unwrap_or(self.typical);
        let out = w.vec_mut();
        // So that only NULLs need a mark.
        out.resize(end + ROOM, PRESENT);
        match self.head {
            // A copy whose length is known is an instruction.
            [a, b] => self.places.iter_mut().for_each(|place| put(out, place, &[*a, *b])),
            head => self.places.iter_mut().for_each(|place| put(out, place, head)),
        }
        for column in &mut self.columns {
            column.write(rows.start..rows.start + count, &mut self.places, out);
        }
        out.truncate(end);
        (count, fault)
    }
}

/// Takes the large values of a row; the length of what stands in the row for them.
fn large_cells(columns: &mut [RowColumn<'_>], large: &mut dyn LargeCells, row: usize) -> Result<usize, ColumnError> {
    large.begin();
    let mut length = 0;
    for (index, column) in columns.iter_mut().enumerate().filter(|(_, column)| column.large) {
        let CellByCell { encoder, array, buf, ends } = &mut column.cells;
        let start = buf.len();
        if let Err(error) = large.cell(index, encoder, array.as_ref(), row, buf) {
            large.undo();
            return Err(error);
        }
        length += buf.len() - start;
        ends.push(buf.len());
    }
    Ok(length)
}

impl std::fmt::Debug for RowEncoder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowEncoder").field("columns", &self.columns.len()).finish_non_exhaustive()
    }
}

/// One column: its loop if it has one, and the way of every column.
struct RowColumn<'a> {
    bulk: Option<Box<dyn BulkColumn>>,
    cells: CellByCell<'a>,
    /// The tile in hand goes cell by cell.
    by_cell: bool,
    /// Its values travel after their rows.
    large: bool,
}

impl<'a> RowColumn<'a> {
    fn new(encoder: ColumnEncoder<'a>, array: &ArrayRef) -> Self {
        let cells = CellByCell { encoder, array: array.clone(), buf: Writer::new(), ends: Vec::new() };
        let large = matches!(cells.encoder.field.shape, Shape::Lob(_));
        let mut column = RowColumn { bulk: None, cells, by_cell: false, large };
        column.take(array);
        column
    }

    fn take(&mut self, array: &ArrayRef) {
        self.cells.array = array.clone();
        let encoder = &self.cells.encoder;
        let target = Target {
            field: &encoder.field,
            codec: encoder.codec,
            padding: &encoder.padding,
            form: FieldForm::Plain,
            plus: 0xC,
            filled: 0,
            marked: encoder.field.nullable,
        };
        self.bulk = bulk_column(target, array.as_ref());
    }

    /// Begins a tile whose cells come row by row.
    fn begin_large(&mut self) {
        self.by_cell = true;
        self.cells.clear();
    }

    /// Bytes of a cell, before any is seen.
    fn about(&self) -> usize {
        match self.cells.encoder.field.shape {
            Shape::Fixed(n) => n as usize + 1,
            _ => 2 + string::limit(&self.cells.encoder.field, SHORT_VALUE),
        }
    }

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
    array: ArrayRef,
    buf: Writer,
    ends: Vec<usize>,
}

impl CellByCell<'_> {
    fn clear(&mut self) {
        self.buf.vec_mut().clear();
        self.ends.clear();
    }

    fn measure(&mut self, rows: Range<usize>, lengths: &mut [usize]) -> Option<(usize, ColumnError)> {
        self.clear();
        for (n, (row, length)) in rows.zip(lengths).enumerate() {
            let start = self.buf.len();
            if let Err(error) = self.encoder.encode(self.array.as_ref(), row, &mut self.buf) {
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
pub(in crate::column) mod every_kind;
#[cfg(test)]
mod tests;
