//! FOR BIT DATA, BINARY, VARBINARY and ROWID: the bytes as they are.

use arrow_array::{ArrayRef, OffsetSizeTrait};

use super::ColumnDecoder;
use super::cell_layout::{CellLayout, ForCellLayout, choose};
use super::primitive::DecoderTarget;
use super::varying::{ByteColumn, counted_by_column};
use crate::column::error::ColumnError;
use crate::wire::value::cell::Cells;
use crate::wire::value::field::Field;

/// The decoder of bytes that lie in the row.
pub(super) fn decoder<O: OffsetSizeTrait>(field: &Field, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    choose(field, BuildBinary(ByteColumn::<O>::new(target)))
}

struct BuildBinary<O: OffsetSizeTrait>(ByteColumn<O>);

impl<O: OffsetSizeTrait> ForCellLayout for BuildBinary<O> {
    type Output = Box<dyn ColumnDecoder>;

    fn with<F: CellLayout>(self, frame: F) -> Self::Output {
        Box::new(Binary { frame, column: self.0 })
    }
}

struct Binary<F, O: OffsetSizeTrait> {
    frame: F,
    column: ByteColumn<O>,
}

impl<F: CellLayout, O: OffsetSizeTrait> ColumnDecoder for Binary<F, O> {
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        self.column.copy(self.frame, cells)
    }

    counted_by_column!();

    fn finish(&mut self) -> Result<ArrayRef, ColumnError> {
        self.column.finish_binary()
    }
}
