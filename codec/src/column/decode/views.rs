//! Text and bytes as views: an array with offsets, and a view for each value. The values are not copied.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BinaryViewArray, StringViewArray};

use super::ColumnDecoder;
use crate::column::error::ColumnError;
use crate::wire::value::cell::Cells;

/// Bytes of a view.
const VIEW: usize = 16;

/// The same column as views. Offsets of 32 bits reach as far as views do.
pub(super) fn shown(column: Box<dyn ColumnDecoder>) -> Box<dyn ColumnDecoder> {
    Box::new(Views(column))
}

struct Views(Box<dyn ColumnDecoder>);

impl ColumnDecoder for Views {
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        self.0.append(cells)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn bytes(&self) -> usize {
        self.0.bytes() + self.0.len() * VIEW
    }

    fn nulled(&self) -> u64 {
        self.0.nulled()
    }

    fn finish(&mut self) -> Result<ArrayRef, ColumnError> {
        let array = self.0.finish()?;
        Ok(match (array.as_string_opt::<i32>(), array.as_binary_opt::<i32>()) {
            (Some(text), _) => Arc::new(StringViewArray::from(text)),
            (_, Some(bytes)) => Arc::new(BinaryViewArray::from(bytes)),
            // Unreachable: those are the arrays with such offsets.
            _ => array,
        })
    }
}
