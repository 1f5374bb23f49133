//! Text of a column: translated and proved chunk by chunk. Nearly all text is ASCII, so that is tried first, and
//! values with other characters are taken by themselves.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, GenericStringArray, OffsetSizeTrait};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

use super::cell_layout::{CellLayout, Validity};
use super::varying::{ByteColumn, cells_of};
use crate::column::error::{ColumnError, Reason};
use crate::column::options::TextErrors;
use crate::wire::ccsid::ascii::Ascii;
use crate::wire::ccsid::codec::Codec;
use crate::wire::ccsid::sink::Sink;
use crate::wire::value::cell::{Cells, NULL};

/// All rows, as the column counts those that are not ASCII.
const EIGHTHS: usize = 8;

impl<O: OffsetSizeTrait> ByteColumn<O> {
    /// Takes text that should be UTF-8. False, and nothing is taken, if `each` is to be text by itself and some
    /// value is not.
    pub(super) fn copy_text<F: CellLayout>(
        &mut self,
        frame: F,
        cells: &Cells<'_>,
        each: bool,
    ) -> Result<bool, ColumnError> {
        let (start, rows) = (self.used, cells.offsets.len());
        self.gather(frame, cells)?;
        if each {
            self.write_down();
        }
        if each && !self.is_text(start, rows) {
            self.offsets.truncate(self.offsets.len().saturating_sub(rows));
            self.used = start;
            return Ok(false);
        }
        self.admit(cells)?;
        self.prove(start, rows)?;
        Ok(true)
    }

    /// Takes what `convert` makes of each value. `None` is NULL, `Some(None)` a cell that is cut.
    pub(super) fn convert_text<'a>(
        &mut self,
        first_row: u64,
        cells: impl ExactSizeIterator<Item = Option<Option<&'a [u8]>>>,
        convert: impl Fn(&[u8], &mut Sink<'_>) -> Result<(), Reason>,
    ) -> Result<(), ColumnError> {
        self.begin(first_row, cells.len());
        self.write_down();
        let (start, rows) = (self.used, cells.len());
        let mut out = Sink::new(&mut self.values, start);
        let mut foreign = 0;
        for (row, cell) in (first_row..).zip(cells) {
            let mut valid = cell.is_some();
            match cell {
                Some(Some(cell)) => {
                    let from = out.end();
                    match convert(cell, &mut out) {
                        // As many bytes as before are most likely ASCII.
                        Ok(()) => foreign += usize::from(out.end() - from != cell.len()),
                        Err(_) if self.null_on_error => {
                            out.back_to(from);
                            self.nulled += 1;
                            valid = false;
                        }
                        Err(reason) => return Err(self.column.value(row, cell, reason)),
                    }
                }
                Some(None) => return Err(self.column.cut(row)),
                None if !self.column.nullable => return Err(self.column.null(row)),
                None => {}
            }
            self.validity.push(valid);
            self.offsets.push(O::usize_as(out.end()));
        }
        self.used = out.end();
        self.foreign = EIGHTHS * foreign / rows.max(1);
        if self.used > O::MAX_OFFSET {
            return Err(self.column.too_large());
        }
        self.prove(start, rows)
    }

    /// Takes values that should be UTF-8.
    pub(super) fn collect_text<'a>(
        &mut self,
        first_row: u64,
        cells: impl ExactSizeIterator<Item = Option<Option<&'a [u8]>>>,
    ) -> Result<(), ColumnError> {
        let (start, rows) = (self.used, cells.len());
        self.collect(first_row, cells)?;
        self.prove(start, rows)
    }

    /// Takes text of a page whose bytes are mostly ASCII characters; values with others go through
    /// `careful`.
    pub(super) fn translate<F: CellLayout>(
        &mut self,
        frame: F,
        (ascii, codec): (&Ascii, &Codec),
        cells: &Cells<'_>,
        careful: impl Fn(&[u8], &mut Sink<'_>) -> Result<(), Reason>,
    ) -> Result<(), ColumnError> {
        if self.foreign >= 1 && codec.is_single() && self.spell_all(frame, codec, cells)? {
            return Ok(());
        }
        if self.foreign >= EIGHTHS / 2 {
            return self.convert_text(cells.first_row, cells_of(frame, cells), careful);
        }
        let start = self.used;
        self.gather(frame, cells)?;
        let new = start.min(self.values.len())..self.used;
        if self.values.get_mut(new).is_none_or(|values| ascii.translate(values)) {
            self.admit(cells)?;
            if self.proven.is_idle() {
                return Ok(());
            }
        } else {
            self.spell(frame, start, cells, careful)?;
        }
        self.prove(start, cells.offsets.len())
    }

    /// Proves the text of the last rows, which begins at `start`, where that is worth it.
    pub(super) fn prove(&mut self, start: usize, rows: usize) -> Result<(), ColumnError> {
        let was_on = self.proven.is_on();
        let text = self.values.get(start..self.used).unwrap_or_default();
        if !self.proven.wants(text, rows) {
            return Ok(());
        }
        if self.proven.text_bytes() + self.used > O::MAX_OFFSET {
            return Err(self.column.too_large());
        }
        self.write_down();
        let nulls = self.validity.finish();
        let values = self.values.get(..self.used).unwrap_or_default();
        let (expected_rows, expected_bytes) = self.expected;
        let (spare_offsets, spare_values) = (&mut self.spare_offsets, &mut self.spare_values);
        let taken = self.proven.take(values, &self.offsets, nulls.as_ref(), || {
            let (mut offsets, mut values): (Vec<O>, Vec<u8>) = (spare_offsets.take(), spare_values.take());
            offsets.clear();
            offsets.reserve(expected_rows + 1);
            values.clear();
            values.reserve(expected_bytes);
            (offsets, values)
        });
        if taken + 1 < self.offsets.len() {
            self.refuse(taken, nulls.as_ref());
            return Ok(());
        }
        self.offsets.truncate(1);
        self.used = 0;
        if !was_on {
            // These were for a batch and are for a chunk from now on.
            self.values = Vec::new();
        }
        Ok(())
    }

    /// The array of text, made of what is proved already or by the one validation of the whole buffer that Arrow
    /// insists on.
    pub(super) fn finish_text(&mut self, errors: TextErrors) -> Result<ArrayRef, ColumnError> {
        if let Some(array) = self.proven.finish() {
            self.expect(array.len(), array.value_data().len());
            self.spare_offsets.keep(array.offsets().inner().inner());
            self.spare_values.keep(array.values());
            if !self.proven.is_on() {
                self.offsets = Vec::new();
            }
            return Ok(Arc::new(array));
        }
        let (offsets, values, nulls) = self.take();
        match GenericStringArray::<O>::try_new(offsets.clone(), values.clone(), nulls.clone()) {
            Ok(array) => Ok(Arc::new(array)),
            Err(_) if errors == TextErrors::Replace => self.replaced(&offsets, &values, nulls),
            Err(_) => Err(self.first_not_utf8(&offsets, &values)),
        }
    }

    /// True if each of the last rows is UTF-8.
    fn is_text(&self, start: usize, rows: usize) -> bool {
        let text = self.values.get(start..self.used).unwrap_or_default();
        if text.is_ascii() {
            return true;
        }
        let ends = self.offsets.get(self.offsets.len().saturating_sub(rows)..).unwrap_or_default();
        simdutf8::basic::from_utf8(text)
            .is_ok_and(|text| ends.iter().all(|end| text.is_char_boundary(end.as_usize().saturating_sub(start))))
    }

    /// Takes once more what was translated from `start` on: some of it is not ASCII.
    fn spell<F: CellLayout>(
        &mut self,
        frame: F,
        start: usize,
        cells: &Cells<'_>,
        careful: impl Fn(&[u8], &mut Sink<'_>) -> Result<(), Reason>,
    ) -> Result<(), ColumnError> {
        self.write_down();
        let rough = &mut self.rough;
        rough.clear();
        rough.extend_from_slice(self.values.get(start..self.used).unwrap_or_default());
        let rows = cells.offsets.len();
        let first = self.offsets.len().saturating_sub(rows);
        let mut ends =
            self.offsets.get_mut(first..).unwrap_or_default().iter_mut().zip(cells.offsets).zip(0..).peekable();
        let mut out = Sink::new(&mut self.values, start);
        let (mut from, mut foreign, mut nulled) = (0, 0, Vec::new());
        loop {
            // Rows in front of the next odd byte go along as they are.
            let odd = next_odd(rough, from);
            let (run, moved) = (from, out.end().wrapping_sub(from));
            while let Some(((end, _), _)) =
                ends.next_if(|((end, _), _)| odd.is_none_or(|odd| end.as_usize() - start <= odd))
            {
                from = end.as_usize() - start;
                *end = O::usize_as(from.wrapping_add(moved));
            }
            if from > run {
                out.put_front(rough.get(run..).unwrap_or_default(), from - run);
            }
            let Some(((end, at), row)) = ends.next() else { break };
            from = end.as_usize() - start;
            let number = cells.first_row + row as u64;
            let cell = frame.cell(cells.buf, *at as usize).ok_or_else(|| self.column.cut(number))?;
            let keep = out.end();
            match careful(cell, &mut out) {
                Ok(()) => {}
                Err(_) if self.null_on_error => {
                    out.back_to(keep);
                    nulled.push(row);
                }
                Err(reason) => {
                    let null = cells.offsets.iter().take(row).position(|at| *at == NULL);
                    return Err(match null.filter(|_| !self.column.nullable) {
                        Some(null) => self.column.null(cells.first_row + null as u64),
                        None => self.column.value(number, cell, reason),
                    });
                }
            }
            *end = O::usize_as(out.end());
            foreign += 1;
        }
        self.used = out.end();
        self.foreign = EIGHTHS * foreign / rows.max(1);
        if self.used > O::MAX_OFFSET {
            return Err(self.column.too_large());
        }
        self.admit_but(cells, &nulled)
    }

    /// Takes all values together. False, and nothing is taken, if one of them is to be taken by itself.
    fn spell_all<F: CellLayout>(&mut self, frame: F, codec: &Codec, cells: &Cells<'_>) -> Result<bool, ColumnError> {
        let (start, rows) = (self.used, cells.offsets.len());
        self.gather(frame, cells)?;
        self.write_down();
        self.rough.clear();
        self.rough.extend_from_slice(self.values.get(start..self.used).unwrap_or_default());
        let mut out = Sink::new(&mut self.values, start);
        let mut good = codec.decode_all(&self.rough, &mut self.places, &mut out);
        let used = out.end();
        let first = self.offsets.len().saturating_sub(rows);
        let (mut foreign, mut moved) = (0, 0);
        if good {
            for end in self.offsets.get_mut(first..).unwrap_or_default() {
                let at = end.as_usize() - start;
                let place = self.places.of(at);
                good &= place.is_some();
                let before = std::mem::replace(&mut moved, place.unwrap_or(0).wrapping_sub(at));
                foreign += usize::from(moved != before);
                *end = O::usize_as(start + place.unwrap_or(0));
            }
        }
        if !good {
            self.offsets.truncate(first);
            self.used = start;
            return Ok(false);
        }
        self.used = used;
        self.foreign = EIGHTHS * foreign / rows.max(1);
        if self.used > O::MAX_OFFSET {
            return Err(self.column.too_large());
        }
        self.admit(cells)?;
        self.prove(start, rows)?;
        Ok(true)
    }

    /// Takes the validity of cells, of which these rows were made NULL.
    fn admit_but(&mut self, cells: &Cells<'_>, nulled: &[usize]) -> Result<(), ColumnError> {
        if nulled.is_empty() {
            return self.admit(cells);
        }
        self.nulled += nulled.len() as u64;
        let mut nulled = nulled.iter().peekable();
        for (row, at) in cells.offsets.iter().enumerate() {
            if *at == NULL && !self.column.nullable {
                return Err(self.column.null(cells.first_row + row as u64));
            }
            let made = nulled.next_if_eq(&&row).is_some();
            self.validity.push(*at != NULL && !made);
        }
        Ok(())
    }

    /// Collects all rows of the batch again: some text is no text, and the end of the batch is to tell. Of the
    /// rows in hand so many were proved.
    #[cold]
    fn refuse(&mut self, taken: usize, nulls: Option<&NullBuffer>) {
        let mut validity = Validity::new();
        let (mut offsets, mut values) = (vec![O::usize_as(0)], Vec::new());
        if let Some(array) = self.proven.refuse() {
            let (front, text, nulls) = array.into_parts();
            (0..front.len().saturating_sub(1))
                .for_each(|row| validity.push(nulls.as_ref().is_none_or(|n| n.is_valid(row))));
            offsets = front.into_inner().into();
            values = text.into_vec().unwrap_or_else(|text| text.to_vec());
        }
        let from = self.offsets.get(taken).map_or(0, |from| from.as_usize());
        let moved = values.len();
        values.extend_from_slice(self.values.get(from..self.used).unwrap_or_default());
        for (row, end) in self.offsets.iter().enumerate().skip(taken + 1) {
            offsets.push(O::usize_as(moved + end.as_usize() - from));
            validity.push(nulls.is_none_or(|nulls| nulls.is_valid(row - 1)));
        }
        self.used = values.len();
        (self.validity, self.offsets, self.values) = (validity, offsets, values);
    }

    #[cold]
    fn first_not_utf8(&self, offsets: &OffsetBuffer<O>, values: &[u8]) -> ColumnError {
        for (row, value) in (self.first_row..).zip(slices(offsets, values)) {
            if let Err(e) = std::str::from_utf8(value) {
                return self.column.value(row, value, Reason::Utf8(e.valid_up_to()));
            }
        }
        // Unreachable: a buffer whose every piece is UTF-8 is UTF-8.
        self.column.cut(self.first_row)
    }

    #[cold]
    fn replaced(
        &self,
        offsets: &OffsetBuffer<O>,
        values: &[u8],
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef, ColumnError> {
        let mut text = Vec::with_capacity(values.len() + values.len() / 16);
        let mut ends = Vec::with_capacity(offsets.len());
        ends.push(O::usize_as(0));
        for value in slices(offsets, values) {
            text.extend_from_slice(String::from_utf8_lossy(value).as_bytes());
            ends.push(O::usize_as(text.len()));
        }
        if text.len() > O::MAX_OFFSET {
            return Err(self.column.too_large());
        }
        let ends = OffsetBuffer::new(ScalarBuffer::from(ends));
        match GenericStringArray::<O>::try_new(ends, Buffer::from_vec(text), nulls) {
            Ok(array) => Ok(Arc::new(array)),
            Err(_) => Err(self.first_not_utf8(offsets, values)),
        }
    }
}

fn slices<'a, O: OffsetSizeTrait>(offsets: &'a OffsetBuffer<O>, values: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    offsets.windows(2).map(|pair| match pair {
        [from, to] => values.get(from.as_usize()..to.as_usize()).unwrap_or_default(),
        _ => &[],
    })
}

/// Where the first byte from `from` on is that is not ASCII.
fn next_odd(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..).unwrap_or_default();
    let (groups, last) = rest.as_chunks::<32>();
    let passed = groups.iter().take_while(|group| group.is_ascii()).count();
    let group = groups.get(passed).map_or(last, |group| group.as_slice());
    group.iter().position(|b| !b.is_ascii()).map(|at| from + 32 * passed + at)
}
