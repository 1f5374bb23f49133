//! Slots to Arrow columns. Every field stands at the same place of every slot, so nothing is walked:
//! the places of a column are counted, NULLs are looked for only in blocks that have some, and the
//! decoders are those of any other column.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Schema, SchemaRef};

use super::error::{BadField, RecordError};
use super::options::{OnError, RecordOptions};
use crate::column::decode::{ColumnDecoder, placed};
use crate::column::error::{BadValue, Column, ColumnError, Reason};
use crate::column::schema::placed_field;
use crate::wire::value::cell::{Cells, NULL};
use crate::wire::value::field::Shape;
use crate::wire::value::record_layout::{PlacedField, Stride};

/// Records that are decoded together: their cells stay in the processor's cache.
const CHUNK: usize = 256;
/// Bytes in front of a field that its decoder may look at.
const LEAD: u32 = 16;
/// In a null map: the field has a value; it is NULL.
const PRESENT: u8 = 0xF0;
const ABSENT: u8 = 0xF1;
/// In place of marks that are not all the same.
const PARTLY: u8 = 0;

/// Collects the records of a batch.
pub struct RecordDecoder {
    schema: SchemaRef,
    fields: Vec<Slotted>,
    /// A column with relative record numbers is wanted.
    numbered: bool,
    /// The relative record number of every record of the batch.
    rrns: Vec<u32>,
    /// Where the fields of a chunk lie that stand [`LEAD`] bytes after the start of their slot.
    places: Vec<u32>,
    offsets: Vec<u32>,
}

/// A field and its decoder.
struct Slotted {
    place: PlacedField,
    column: Column,
    policy: OnError,
    decoder: Box<dyn ColumnDecoder>,
    /// The most bytes or characters of a varying field, and bytes of each.
    varying: Option<(usize, usize)>,
    /// Values made NULL before the decoder saw them.
    nulled: u64,
}

impl std::fmt::Debug for RecordDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordDecoder").field("schema", &self.schema).field("len", &self.len()).finish()
    }
}

impl RecordDecoder {
    /// For some or all fields of a record format, in the order given.
    pub fn new(places: &[PlacedField], options: &RecordOptions) -> Result<Self, ColumnError> {
        let mut columns = Vec::with_capacity(places.len() + 1);
        if let Some(name) = &options.rrn {
            columns.push(arrow_schema::Field::new(name, DataType::Int64, false));
        }
        let mut fields = Vec::with_capacity(places.len());
        for (index, place) in places.iter().enumerate() {
            let (place, values) = options.apply(place);
            let policy = options.policy(&place.field.name);
            let mut column = placed_field(&place, index, &values)?;
            // A length beyond a field, or a field that could not be mapped, can be NULL in any column.
            if policy == OnError::Null {
                column = column.with_nullable(true);
            }
            columns.push(column);
            let mut shown = place.clone();
            // NULL by the policy does not break the description; a NULL of the file does, below.
            shown.field.nullable |= policy == OnError::Null;
            fields.push(Slotted {
                column: Column::new(&place.field, index),
                decoder: placed(&shown, index, &values)?,
                varying: varying(&place),
                policy,
                place,
                nulled: 0,
            });
        }
        Ok(RecordDecoder {
            schema: Arc::new(Schema::new(columns)),
            fields,
            numbered: options.rrn.is_some(),
            rrns: Vec::new(),
            places: Vec::with_capacity(CHUNK),
            offsets: Vec::with_capacity(CHUNK),
        })
    }

    /// The schema of the batches, the same for all.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// Takes the first `count` slots of a buffer. After an error the decoder is of no further use.
    pub fn append(&mut self, buf: &[u8], stride: &Stride, count: usize) -> Result<(), RecordError> {
        check(&self.fields, buf, stride, count)?;
        // Offsets within a chunk are small.
        let step = stride.increment as u32;
        self.places.clear();
        self.places.extend((0..CHUNK.min(count) as u32).map(|row| row * step + LEAD));
        for first in (0..count).step_by(CHUNK) {
            let rows = CHUNK.min(count - first);
            // With those after them, so that a field can be read by more bytes than it has.
            let chunk = buf.get(first * stride.increment..).unwrap_or_default();
            self.append_chunk(chunk, stride, rows)?;
        }
        Ok(())
    }

    /// Records taken since the last [`finish`](Self::finish).
    pub fn len(&self) -> usize {
        self.rrns.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.rrns.is_empty()
    }

    /// Bytes of Arrow buffers in use.
    pub fn bytes(&self) -> usize {
        self.fields.iter().map(|f| f.decoder.bytes()).sum::<usize>() + self.rrns.len() * 8
    }

    /// Fields with bad values that were made NULL, and how many, from the first record on.
    pub fn nulled(&self) -> impl Iterator<Item = (&str, u64)> {
        let counts = self.fields.iter().map(|f| (f.column.name.as_str(), f.nulled + f.decoder.nulled()));
        counts.filter(|(_, count)| *count > 0)
    }

    /// Makes the batch and starts anew.
    pub fn finish(&mut self) -> Result<RecordBatch, RecordError> {
        let rrns = std::mem::take(&mut self.rrns);
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.fields.len() + 1);
        if self.numbered {
            columns.push(Arc::new(Int64Array::from_iter_values(rrns.iter().map(|rrn| i64::from(*rrn)))));
        }
        for field in &mut self.fields {
            columns.push(field.decoder.finish().map_err(|e| named(e, &field.place, &rrns))?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rrns.len()));
        // The next batch fills the same memory.
        self.rrns = rrns;
        self.rrns.clear();
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|e| RecordError::Batch(e.to_string()))
    }

    /// No batch comes after this: the memory of the last ones is left to the next reader.
    pub fn let_go(&mut self) {
        self.fields.clear();
    }

    fn append_chunk(&mut self, chunk: &[u8], stride: &Stride, rows: usize) -> Result<(), RecordError> {
        let first_row = self.rrns.len() as u64 + 1;
        let slots = || chunk.chunks_exact(stride.increment).take(rows);
        match stride.rrn {
            Some(at) => self.rrns.extend(slots().map(|slot| rrn(slot, at))),
            None => self.rrns.resize(self.rrns.len() + rows, 0),
        }
        let map = stride.null_map.filter(|at| !slots().all(|slot| is_clear(slot.get(*at..).unwrap_or_default())));
        for field in &mut self.fields {
            let place = field.place.offset as u32;
            let places = self.places.get(..rows).unwrap_or_default();
            // Where nothing is to be marked, fields lie at the same places of a chunk that begins in front of the first.
            if let (None, None, Some(start)) = (map, field.varying, place.checked_sub(LEAD)) {
                let buf = chunk.get(start as usize..).unwrap_or_default();
                let cells = Cells { buf, offsets: places, lobs: &[], first_row };
                field.decoder.append(&cells).map_err(|e| named(e, &field.place, &self.rrns))?;
                continue;
            }
            self.offsets.clear();
            self.offsets.extend(places.iter().map(|at| at - LEAD + place));
            let cells = BadCell { chunk, first_row, rrns: &self.rrns };
            if let Some(at) = map {
                let place = at + field.place.marks.start..at + field.place.marks.end;
                let marks = slots().map(|slot| slot.get(place.clone()).unwrap_or_default());
                match place.len() {
                    1 => field.mark(
                        marks.map(|mark| mark.first().copied().unwrap_or(PRESENT)),
                        &mut self.offsets,
                        &cells,
                    ),
                    _ => field.mark(marks.map(together), &mut self.offsets, &cells),
                }?;
            }
            field.measure(&mut self.offsets, &cells)?;
            let cells = Cells { buf: chunk, offsets: &self.offsets, lobs: &[], first_row };
            field.decoder.append(&cells).map_err(|e| named(e, &field.place, &self.rrns))?;
        }
        Ok(())
    }
}

/// Where a bad value was found.
struct BadCell<'a> {
    chunk: &'a [u8],
    first_row: u64,
    rrns: &'a [u32],
}

impl Slotted {
    /// Takes the field's bytes of the null maps.
    fn mark(
        &mut self,
        marks: impl Iterator<Item = u8>,
        offsets: &mut [u32],
        found: &BadCell<'_>,
    ) -> Result<(), RecordError> {
        for (row, (mark, at)) in marks.zip(offsets.iter_mut()).enumerate() {
            match mark {
                PRESENT => {}
                ABSENT if self.column.nullable => *at = NULL,
                ABSENT => {
                    let error = self.column.null(found.first_row + row as u64);
                    return Err(named(error, &self.place, found.rrns));
                }
                // Raw bytes are wanted whatever they are.
                _ if self.policy == OnError::Raw => {}
                PARTLY if self.place.marks.len() > 1 => *at = self.bad(row, *at, Reason::PartlyNull, found)?,
                mark => *at = self.bad(row, *at, Reason::Unmapped(mark), found)?,
            }
        }
        Ok(())
    }

    /// Looks at the lengths of a varying field.
    fn measure(&mut self, offsets: &mut [u32], found: &BadCell<'_>) -> Result<(), RecordError> {
        let Some((max, unit)) = self.varying else { return Ok(()) };
        for (row, at) in offsets.iter_mut().enumerate() {
            let length = found.chunk.get(*at as usize..).and_then(|tail| tail.first_chunk());
            let length = length.map_or(0, |b| usize::from(u16::from_be_bytes(*b)));
            if length > max {
                let reason = Reason::TooLong { len: length * unit, max: max * unit };
                *at = self.bad(row, *at, reason, found)?;
            }
        }
        Ok(())
    }

    /// A value that is bad before it is decoded: an error or NULL.
    #[cold]
    fn bad(&mut self, row: usize, at: u32, reason: Reason, found: &BadCell<'_>) -> Result<u32, RecordError> {
        if self.policy == OnError::Null {
            self.nulled += 1;
            return Ok(NULL);
        }
        let bytes = found.chunk.get(at as usize..at as usize + self.place.width).unwrap_or_default();
        let error = self.column.value(found.first_row + row as u64, bytes, reason);
        Err(named(error, &self.place, found.rrns))
    }
}

/// Joins the marks of several fields of the file for one that lies in all of them.
fn together(marks: &[u8]) -> u8 {
    let odd = marks.iter().find(|mark| !matches!(**mark, PRESENT | ABSENT));
    let absent = marks.iter().filter(|mark| **mark == ABSENT).count();
    match odd {
        Some(mark) => *mark,
        None if absent == 0 => PRESENT,
        None if absent == marks.len() => ABSENT,
        None => PARTLY,
    }
}

/// The most of what a varying field counts, and bytes of each.
fn varying(place: &PlacedField) -> Option<(usize, usize)> {
    let room = place.width.saturating_sub(2);
    match place.field.shape {
        Shape::Var => Some((room, 1)),
        Shape::VarChars => Some((room / 2, 2)),
        _ => None,
    }
}

/// The relative record number that stands in a slot.
fn rrn(slot: &[u8], at: usize) -> u32 {
    slot.get(at..).and_then(|tail| tail.first_chunk()).map_or(0, |b| u32::from_be_bytes(*b))
}

/// True when nothing in a null map, which ends with its slot, is odd. The bytes after the map may make
/// it look so, which costs time only.
fn is_clear(map: &[u8]) -> bool {
    let odd = |word: &[u8; 8]| u64::from_ne_bytes(*word) ^ u64::from_ne_bytes([PRESENT; 8]);
    match map.last_chunk() {
        // The last word and another one may have bytes in common.
        Some(last) => map.as_chunks().0.iter().fold(odd(last), |all, word| all | odd(word)) == 0,
        None => map.iter().all(|mark| *mark == PRESENT),
    }
}

fn check(fields: &[Slotted], buf: &[u8], stride: &Stride, count: usize) -> Result<(), RecordError> {
    let layout = |text: String| Err(RecordError::Layout(text));
    let Stride { record, increment, .. } = *stride;
    if increment == 0 || record > increment || increment > 1 << 20 {
        return layout(format!("records of {record} bytes in slots of {increment}"));
    }
    if count.checked_mul(increment).is_none_or(|need| need > buf.len()) {
        return layout(format!("{count} slots of {increment} bytes in a block of {}", buf.len()));
    }
    for Slotted { place, .. } in fields {
        if place.offset.checked_add(place.width).is_none_or(|end| end > record) {
            return layout(format!("field {} reaches beyond a record of {record} bytes", place.field.name));
        }
    }
    Ok(())
}

/// An error of a column with the record that it is about.
#[cold]
fn named(error: ColumnError, place: &PlacedField, rrns: &[u32]) -> RecordError {
    let number = |row: u64| {
        let at = usize::try_from(row.saturating_sub(1)).unwrap_or(usize::MAX);
        rrns.get(at).copied().unwrap_or(0)
    };
    match error {
        ColumnError::Value(bad) => {
            let value: BadValue = *bad;
            RecordError::Value(Box::new(BadField { rrn: number(value.row), offset: place.offset, value }))
        }
        ColumnError::Null { column, row, .. } => RecordError::Null { field: column, rrn: number(row) },
        other => RecordError::Column(other),
    }
}
