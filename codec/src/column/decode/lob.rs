//! CLOB, DBCLOB, BLOB and XML that travel after their rows in EXTDTA objects. 64-bit offsets unless told, so
//! that a batch of large values never runs out of them.

use arrow_array::{ArrayRef, OffsetSizeTrait};

use super::ColumnDecoder;
use super::primitive::DecoderTarget;
use super::text;
use super::varying::{ByteColumn, counted_by_column};
use crate::column::error::ColumnError;
use crate::column::options::TextErrors;
use crate::wire::ccsid::codec::Codec;
use crate::wire::value::cell::{Cells, Lob};

/// The decoder of large text.
pub(super) fn text<O: OffsetSizeTrait>(
    codec: Codec,
    errors: TextErrors,
    target: DecoderTarget,
) -> Box<dyn ColumnDecoder> {
    Box::new(LobColumn { codec: Some(codec), errors, column: ByteColumn::<O>::new(target) })
}

/// The decoder of large bytes.
pub(super) fn binary<O: OffsetSizeTrait>(target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    Box::new(LobColumn { codec: None, errors: TextErrors::Strict, column: ByteColumn::<O>::new(target) })
}

struct LobColumn<O: OffsetSizeTrait> {
    /// `None` for bytes.
    codec: Option<Codec>,
    errors: TextErrors,
    column: ByteColumn<O>,
}

impl<O: OffsetSizeTrait> ColumnDecoder for LobColumn<O> {
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        let lobs = cells.lobs.iter().map(|lob| match lob {
            Lob::Null => None,
            Lob::Value(bytes) => Some(Some(bytes.as_ref())),
        });
        match &self.codec {
            Some(codec) if !codec.is_utf8() || self.errors == TextErrors::Null => {
                self.column.convert_text(cells.first_row, lobs, |lob, out| text::decode(codec, self.errors, lob, out))
            }
            Some(_) => self.column.collect_text(cells.first_row, lobs),
            None => self.column.collect(cells.first_row, lobs),
        }
    }

    counted_by_column!();

    fn finish(&mut self) -> Result<ArrayRef, ColumnError> {
        match self.codec {
            Some(_) => self.column.finish_text(self.errors),
            None => self.column.finish_binary(),
        }
    }
}
