//! Text that was proved to be UTF-8 while it was at hand. Arrow checks a buffer of text once more before it takes
//! it, which is quick for ASCII only; it takes pieces of text that is proved without another look.

use arrow_array::builder::GenericStringBuilder;
use arrow_array::{GenericStringArray, OffsetSizeTrait};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

/// Rows of text in a builder of Arrow's.
pub(super) struct ProvenText<O: OffsetSizeTrait> {
    builder: Option<GenericStringBuilder<O>>,
    /// Rows are proved chunk by chunk.
    on: bool,
    /// The rows of this batch showed why.
    earned: bool,
    /// Some text of this batch is no text, which its end is to tell.
    refused: bool,
}

impl<O: OffsetSizeTrait> Default for ProvenText<O> {
    fn default() -> Self {
        ProvenText { builder: None, on: false, earned: false, refused: false }
    }
}

impl<O: OffsetSizeTrait> ProvenText<O> {
    /// True where rows are proved chunk by chunk, so that only a chunk is collected elsewhere.
    pub(super) fn is_on(&self) -> bool {
        self.on
    }

    /// True if ASCII is left to the end of the batch.
    pub(super) fn is_idle(&self) -> bool {
        !self.on && !self.earned
    }

    /// True if the next rows are to be proved: by what was seen before, or in this text of so many rows.
    pub(super) fn wants(&mut self, text: &[u8], rows: usize) -> bool {
        if self.refused {
            return false;
        }
        self.earned = self.earned || is_dense(text, rows);
        self.on || self.earned
    }

    /// Takes rows; how many were taken, which is all if they are text. `ends` begins with where the first row does.
    pub(super) fn take(
        &mut self,
        values: &[u8],
        ends: &[O],
        nulls: Option<&NullBuffer>,
        room: impl FnOnce() -> (Vec<O>, Vec<u8>),
    ) -> usize {
        self.on = true;
        let Ok(text) = simdutf8::basic::from_utf8(values) else { return 0 };
        let builder = self.builder.get_or_insert_with(|| builder(room()));
        let mut from = 0;
        for (row, end) in ends.iter().skip(1).enumerate() {
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                builder.append_null();
                continue;
            }
            let end = end.as_usize();
            let Some(value) = text.get(from..end) else { return row };
            builder.append_value(value);
            from = end;
        }
        ends.len().saturating_sub(1)
    }

    /// Gives all rows back, and takes no more in this batch.
    #[cold]
    pub(super) fn refuse(&mut self) -> Option<GenericStringArray<O>> {
        self.refused = true;
        self.builder.take().map(|mut builder| builder.finish())
    }

    /// Ends the batch: its rows, if they were taken.
    pub(super) fn finish(&mut self) -> Option<GenericStringArray<O>> {
        let array = self.builder.take().map(|mut builder| builder.finish());
        self.on &= self.earned;
        (self.earned, self.refused) = (false, false);
        array
    }

    pub(super) fn len(&self) -> usize {
        self.builder.as_ref().map_or(0, |builder| builder.offsets_slice().len().saturating_sub(1))
    }

    /// Bytes of the values alone.
    pub(super) fn text_bytes(&self) -> usize {
        self.builder.as_ref().map_or(0, |builder| builder.values_slice().len())
    }

    /// Bytes in use.
    pub(super) fn bytes(&self) -> usize {
        self.builder.as_ref().map_or(0, |builder| {
            let validity = builder.validity_slice().map_or(0, <[u8]>::len);
            builder.values_slice().len() + size_of_val(builder.offsets_slice()) + validity
        })
    }
}

/// An empty builder in this memory.
fn builder<O: OffsetSizeTrait>((mut offsets, mut values): (Vec<O>, Vec<u8>)) -> GenericStringBuilder<O> {
    offsets.clear();
    offsets.push(O::usize_as(0));
    values.clear();
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let empty = GenericStringArray::<O>::try_new(offsets, Buffer::from_vec(values), None);
    empty.ok().and_then(|empty| empty.into_builder().ok()).unwrap_or_default()
}

/// True if another look at the text would cost more than copying it.
fn is_dense(text: &[u8], rows: usize) -> bool {
    if text.is_ascii() {
        return false;
    }
    // At most 128 fit a byte.
    let foreign: usize = text.chunks(128).map(|part| usize::from(part.iter().map(|b| b >> 7).sum::<u8>())).sum();
    foreign > 2 * rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;

    #[test]
    fn a_builder_uses_the_memory_that_it_is_given() {
        let (offsets, values) = (Vec::<i32>::with_capacity(100), Vec::with_capacity(5000));
        let (offsets_at, values_at) = (offsets.as_ptr(), values.as_ptr());
        let mut builder = builder((offsets, values));
        builder.append_value("ä");
        assert_eq!((builder.offsets_slice().as_ptr(), builder.values_slice().as_ptr()), (offsets_at, values_at));
        let array = builder.finish();
        assert_eq!((array.len(), array.value(0)), (1, "ä"));
    }

    #[test]
    fn text_is_dense_by_the_characters_of_a_row() {
        assert!(!is_dense(b"plain", 1));
        assert!(!is_dense("Straße".as_bytes(), 1));
        assert!(is_dense("Übergröße".as_bytes(), 1));
        assert!(is_dense("日本語".repeat(1000).as_bytes(), 1000));
    }
}
