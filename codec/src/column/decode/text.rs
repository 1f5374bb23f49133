//! CHAR, VARCHAR, GRAPHIC and their kin. UTF-8 is copied and checked by the chunk or the batch; in a page of
//! single bytes so is what is ASCII, and everything else goes through its table value by value. The blanks that pad
//! CHAR are data and stay.

use arrow_array::{ArrayRef, OffsetSizeTrait};

use super::ColumnDecoder;
use super::cell_layout::{CellLayout, ForCellLayout, choose};
use super::primitive::DecoderTarget;
use super::varying::{ByteColumn, cells_of, counted_by_column};
use crate::column::error::{ColumnError, Reason};
use crate::column::options::TextErrors;
use crate::wire::ccsid::ascii::Ascii;
use crate::wire::ccsid::codec::Codec;
use crate::wire::ccsid::error::Errors;
use crate::wire::ccsid::sink::Sink;
use crate::wire::value::cell::Cells;
use crate::wire::value::field::Field;

/// The decoder of text that lies in the row.
pub(super) fn decoder<O: OffsetSizeTrait>(
    field: &Field,
    codec: Codec,
    errors: TextErrors,
    target: DecoderTarget,
) -> Box<dyn ColumnDecoder> {
    choose(field, BuildText { codec, errors, column: ByteColumn::<O>::new(target) })
}

struct BuildText<O: OffsetSizeTrait> {
    codec: Codec,
    errors: TextErrors,
    column: ByteColumn<O>,
}

impl<O: OffsetSizeTrait> ForCellLayout for BuildText<O> {
    type Output = Box<dyn ColumnDecoder>;

    fn with<F: CellLayout>(self, frame: F) -> Self::Output {
        let BuildText { codec, errors, column } = self;
        match codec.ascii() {
            Some(ascii) => Box::new(Disguised { frame, ascii, codec, errors, column }),
            None => Box::new(Text { frame, codec, errors, column }),
        }
    }
}

struct Text<F, O: OffsetSizeTrait> {
    frame: F,
    codec: Codec,
    errors: TextErrors,
    column: ByteColumn<O>,
}

impl<F: CellLayout, O: OffsetSizeTrait> ColumnDecoder for Text<F, O> {
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        // Where a bad value is not to spoil the batch, each is looked at.
        let each = self.errors == TextErrors::Null;
        if self.codec.is_utf8() && self.column.copy_text(self.frame, cells, each)? {
            return Ok(());
        }
        let (codec, errors) = (&self.codec, self.errors);
        self.column
            .convert_text(cells.first_row, cells_of(self.frame, cells), |cell, out| decode(codec, errors, cell, out))
    }

    counted_by_column!();

    fn finish(&mut self) -> Result<ArrayRef, ColumnError> {
        self.column.finish_text(self.errors)
    }
}

/// Text in a page of single bytes: nearly all of it is ASCII in disguise.
struct Disguised<F, O: OffsetSizeTrait> {
    frame: F,
    ascii: Ascii,
    codec: Codec,
    errors: TextErrors,
    column: ByteColumn<O>,
}

impl<F: CellLayout, O: OffsetSizeTrait> ColumnDecoder for Disguised<F, O> {
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        let (codec, errors) = (&self.codec, self.errors);
        self.column.translate(self.frame, (&self.ascii, codec), cells, |cell, out| decode(codec, errors, cell, out))
    }

    counted_by_column!();

    fn finish(&mut self) -> Result<ArrayRef, ColumnError> {
        self.column.finish_text(self.errors)
    }
}

/// Appends one value as UTF-8.
pub(super) fn decode(codec: &Codec, errors: TextErrors, cell: &[u8], out: &mut Sink<'_>) -> Result<(), Reason> {
    let errors = if errors == TextErrors::Replace { Errors::Replace } else { Errors::Strict };
    Ok(codec.decode_into(cell, out, errors)?)
}
