//! CHAR, VARCHAR, GRAPHIC and their kin. UTF-8 is copied and checked once per batch; every other
//! page goes through its table value by value. The blanks that pad CHAR are data and stay.

use arrow_array::ArrayRef;

use super::ColumnDecoder;
use super::frame::{ForFrame, Frame, choose};
use super::primitive::Target;
use super::varying::{ByteColumn, cells_of};
use crate::column::error::{ColumnError, Reason};
use crate::column::options::TextErrors;
use crate::wire::ccsid::codec::Codec;
use crate::wire::ccsid::error::Errors;
use crate::wire::value::cell::Cells;
use crate::wire::value::field::{Field, Shape};

/// The decoder of text that lies in the row.
pub(super) fn decoder(field: &Field, codec: Codec, errors: TextErrors, target: Target) -> Box<dyn ColumnDecoder> {
    if let (Shape::Fixed(n), Some(table)) = (field.shape, codec.ascii()) {
        let column = ByteColumn::new(target);
        return Box::new(Translated { width: n as usize, table, codec, errors, column });
    }
    choose(field, Build { codec, errors, target })
}

struct Build {
    codec: Codec,
    errors: TextErrors,
    target: Target,
}

impl ForFrame for Build {
    type Output = Box<dyn ColumnDecoder>;

    fn with<F: Frame>(self, frame: F) -> Self::Output {
        let column = ByteColumn::new(self.target);
        Box::new(Text { frame, codec: self.codec, errors: self.errors, column })
    }
}

struct Text<F> {
    frame: F,
    codec: Codec,
    errors: TextErrors,
    column: ByteColumn<i32>,
}

impl<F: Frame> ColumnDecoder for Text<F> {
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        // Where a bad value is not to spoil the batch, each is looked at.
        if self.codec.is_utf8() && self.errors != TextErrors::Null {
            return self.column.copy(self.frame, cells);
        }
        let (codec, errors) = (&self.codec, self.errors);
        self.column.convert(cells.first_row, cells_of(self.frame, cells), |cell, out| decode(codec, errors, cell, out))
    }

    fn len(&self) -> usize {
        self.column.len()
    }

    fn bytes(&self) -> usize {
        self.column.bytes()
    }

    fn nulled(&self) -> u64 {
        self.column.nulled()
    }

    fn finish(&mut self) -> Result<ArrayRef, ColumnError> {
        self.column.finish_text(self.errors)
    }
}

/// Text of a fixed length in a single-byte page: nearly all of it is ASCII in disguise.
struct Translated {
    width: usize,
    table: [u8; 256],
    codec: Codec,
    errors: TextErrors,
    column: ByteColumn<i32>,
}

impl ColumnDecoder for Translated {
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        let (codec, errors) = (&self.codec, self.errors);
        self.column.translate(self.width, &self.table, cells, |cell, out| decode(codec, errors, cell, out))
    }

    fn len(&self) -> usize {
        self.column.len()
    }

    fn bytes(&self) -> usize {
        self.column.bytes()
    }

    fn nulled(&self) -> u64 {
        self.column.nulled()
    }

    fn finish(&mut self) -> Result<ArrayRef, ColumnError> {
        self.column.finish_text(self.errors)
    }
}

/// Appends one value as UTF-8.
pub(super) fn decode(codec: &Codec, errors: TextErrors, cell: &[u8], out: &mut Vec<u8>) -> Result<(), Reason> {
    let errors = if errors == TextErrors::Replace { Errors::Replace } else { Errors::Strict };
    Ok(codec.decode_with(cell, out, errors)?)
}
