//! FOR BIT DATA, BINARY, VARBINARY and ROWID: the bytes as they are.

use arrow_array::ArrayRef;

use super::ColumnDecoder;
use super::cell_layout::{CellLayout, ForCellLayout, choose};
use super::primitive::DecoderTarget;
use super::varying::{ByteColumn, counted_by_column};
use crate::column::error::ColumnError;
use crate::wire::value::cell::Cells;
use crate::wire::value::field::Field;

/// The decoder of bytes that lie in the row.
pub(super) fn decoder(field: &Field, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    choose(field, BuildBinary(target))
}

struct BuildBinary(DecoderTarget);

impl ForCellLayout for BuildBinary {
    type Output = Box<dyn ColumnDecoder>;

    fn with<F: CellLayout>(self, frame: F) -> Self::Output {
        Box::new(Binary { frame, column: ByteColumn::new(self.0) })
    }
}

struct Binary<F> {
    frame: F,
    column: ByteColumn<i32>,
}

impl<F: CellLayout> ColumnDecoder for Binary<F> {
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        self.column.copy(self.frame, cells)
    }

    counted_by_column!();

    fn finish(&mut self) -> Result<ArrayRef, ColumnError> {
        self.column.finish_binary()
    }
}
