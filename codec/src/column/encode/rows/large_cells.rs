//! Columns of large values, which travel after their rows.

use arrow_array::Array;

use super::super::ColumnEncoder;
use crate::column::error::ColumnError;
use crate::wire::codec::writer::Writer;

/// Where the values of such columns go. They are asked for row by row, in the order of the columns.
pub trait LargeCells {
    /// Begins a row.
    fn begin(&mut self);

    /// Writes what stands in a row for the value of `array` at `row`, and takes the value. On an error nothing is
    /// written.
    fn cell(
        &mut self,
        column: usize,
        encoder: &ColumnEncoder<'_>,
        array: &dyn Array,
        row: usize,
        w: &mut Writer,
    ) -> Result<(), ColumnError>;

    /// Bytes of the values that travel after the rows, of all rows so far.
    fn bytes(&self) -> usize;

    /// Gives back what was taken since the last row began.
    fn undo(&mut self);
}
