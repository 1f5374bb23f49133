//! Text in another page than that of its array: all rows in hand are encoded together where they have common characters
//! only, else one by one.

use std::ops::Range;

use arrow_array::types::*;
use arrow_array::{Array, GenericByteArray, GenericByteViewArray};
use arrow_buffer::ArrowNativeType;

use super::ROOM;
use super::string_form::CellSource;
use crate::wire::ccsid::ascii::FromAscii;
use crate::wire::ccsid::codec::Codec;
use crate::wire::ccsid::flat::Places;

/// An array of text.
pub(super) trait Texts: Send {
    /// `None` for a NULL.
    fn text(&self, row: usize) -> Option<&str>;
    /// Copies the bytes of rows, with the end of each.
    fn copy(&self, rows: Range<usize>, bytes: &mut Vec<u8>, ends: &mut Vec<usize>);
}

impl<T: ByteArrayType<Native = str>> Texts for GenericByteArray<T> {
    fn text(&self, row: usize) -> Option<&str> {
        (!self.is_null(row)).then(|| self.value(row))
    }

    fn copy(&self, rows: Range<usize>, bytes: &mut Vec<u8>, ends: &mut Vec<usize>) {
        if let Some([first, offsets @ ..]) = self.value_offsets().get(rows.start..=rows.end) {
            let first = first.as_usize();
            ends.extend(offsets.iter().map(|end| end.as_usize() - first));
            let end = first + ends.last().copied().unwrap_or_default();
            bytes.extend_from_slice(self.value_data().get(first..end).unwrap_or_default());
        }
    }
}

impl<T: ByteViewType<Native = str>> Texts for GenericByteViewArray<T> {
    fn text(&self, row: usize) -> Option<&str> {
        (!self.is_null(row)).then(|| self.value(row))
    }

    fn copy(&self, rows: Range<usize>, bytes: &mut Vec<u8>, ends: &mut Vec<usize>) {
        for row in rows {
            bytes.extend_from_slice(self.text(row).unwrap_or_default().as_bytes());
            ends.push(bytes.len());
        }
    }
}

/// In another page.
pub(super) struct Encoded<A> {
    codec: Codec,
    /// The way of text that is ASCII only.
    from_ascii: Option<FromAscii>,
    array: A,
    text: Vec<u8>,
    buf: Vec<u8>,
    first: usize,
    /// Where the first value begins, and where each ends.
    ends: Vec<usize>,
    places: Places,
}

impl<A> Encoded<A> {
    pub(super) fn new(codec: Codec, array: A) -> Self {
        let (text, buf, ends, places) = (Vec::new(), Vec::new(), Vec::new(), Places::default());
        Encoded { codec, from_ascii: codec.from_ascii(), array, text, buf, first: 0, ends, places }
    }
}

impl<A: Texts> Encoded<A> {
    /// All rows at once, if they have common characters only; what lies where a NULL is counts too.
    fn together(&mut self, rows: Range<usize>) -> bool {
        let quick = self.from_ascii.as_ref();
        self.text.clear();
        self.array.copy(rows, &mut self.text, &mut self.ends);
        if let Some(quick) = quick.filter(|_| self.text.is_ascii()) {
            self.buf.extend_from_slice(&self.text);
            return quick.translate(&mut self.buf);
        }
        let ends = self.ends.get_mut(1..).unwrap_or_default();
        self.codec.encode_all(&self.text, ends, quick, &mut self.places, &mut self.buf)
    }

    fn one_by_one(&mut self, rows: Range<usize>) -> bool {
        rows.into_iter().all(|row| {
            let done = self.array.text(row).is_none_or(|text| self.codec.encode(text, &mut self.buf).is_ok());
            self.ends.push(self.buf.len());
            done
        })
    }

    fn begin(&mut self) {
        self.buf.clear();
        self.ends.clear();
        self.ends.push(0);
    }
}

impl<A: Texts> CellSource for Encoded<A> {
    fn ready(&mut self, rows: Range<usize>) -> bool {
        self.first = rows.start;
        self.begin();
        let done = self.together(rows.clone()) || {
            self.begin();
            self.one_by_one(rows)
        };
        // So that the last cells have a tail too.
        self.buf.resize(self.buf.len() + ROOM, 0);
        done
    }

    fn get(&self, row: usize) -> &[u8] {
        let (len, bytes) = self.with_tail(row);
        bytes.get(..len).unwrap_or_default()
    }

    fn with_tail(&self, row: usize) -> (usize, &[u8]) {
        match self.ends.get(row - self.first..) {
            Some([start, end, ..]) => (end - start, self.buf.get(*start..).unwrap_or_default()),
            _ => (0, &[]),
        }
    }
}
