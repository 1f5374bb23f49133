//! Arrow columns to slots.

use std::ops::Range;

use arrow_array::{Array, ArrayRef};

use super::error::RecordError;
use crate::column::encode::record_field::{ROOM, RecordFieldEncoder};
use crate::column::error::ColumnError;
use crate::wire::codec::writer::Writer;
use crate::wire::value::record_layout::{PlacedField, Stride};

const PRESENT: u8 = 0xF0;
const ABSENT: u8 = 0xF1;

/// Writes records of one format.
#[derive(Debug)]
pub struct RecordEncoder<'a> {
    fields: Vec<RecordFieldEncoder<'a>>,
}

impl<'a> RecordEncoder<'a> {
    /// For all fields of a record format.
    pub fn new(places: &'a [PlacedField]) -> Result<Self, ColumnError> {
        let fields = places.iter().enumerate().map(|(index, place)| RecordFieldEncoder::new(place, index));
        Ok(RecordEncoder { fields: fields.collect::<Result<_, _>>()? })
    }

    /// Appends a slot for each of `rows`. There is a column for each field, in their order; a field
    /// without one is NULL if it can be, else it has the default of its type (blanks, zeros, the first
    /// day). On an error nothing is appended.
    pub fn encode(
        &self,
        columns: &[Option<ArrayRef>],
        rows: Range<usize>,
        stride: &Stride,
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        if columns.len() != self.fields.len() {
            return Err(RecordError::Layout(format!("{} columns for {} fields", columns.len(), self.fields.len())));
        }
        let start = out.len();
        let end = start + rows.len() * stride.increment;
        out.resize(end + ROOM, 0);
        let slots = out.get_mut(start..).unwrap_or_default();
        if let Some(at) = stride.null_map {
            for slot in slots.chunks_exact_mut(stride.increment.max(1)).take(rows.len()) {
                // The map ends with the slot, however many fields the file has.
                slot.iter_mut().skip(at).for_each(|byte| *byte = PRESENT);
            }
        }
        for (field, column) in self.fields.iter().zip(columns) {
            if let Err(e) = write(field, column.as_ref(), rows.clone(), stride, slots) {
                out.truncate(start);
                return Err(e);
            }
        }
        out.truncate(end);
        Ok(())
    }
}

/// Writes a field into the slots, after which there is [`ROOM`].
fn write(
    field: &RecordFieldEncoder<'_>,
    column: Option<&ArrayRef>,
    rows: Range<usize>,
    stride: &Stride,
    slots: &mut [u8],
) -> Result<(), RecordError> {
    let place = field.place();
    let end = place.offset.saturating_add(place.width);
    if end > stride.record || stride.record > stride.increment {
        return Err(RecordError::Layout(format!("field {} reaches beyond the record", place.field.name)));
    }
    let marks = stride.null_map.map(|at| at + place.marks.start..at + place.marks.end);
    let fill = Fill { field, end, marks, increment: stride.increment };
    let Some(array) = column else { return fill.one_by_one(None, rows, slots) };
    let mut bulk = if rows.len() < FEW { None } else { field.bulk(array.as_ref()) };
    let mut places = Vec::new();
    for first in rows.clone().step_by(TILE) {
        let tile = first..rows.end.min(first + TILE);
        let start = (first - rows.start) * stride.increment;
        let slots = slots.get_mut(start..).unwrap_or_default();
        places.clear();
        places.extend((0..tile.len()).map(|n| n * stride.increment + place.offset));
        let done = bulk.as_mut().is_some_and(|bulk| bulk.write(tile.clone(), &mut places, slots));
        match done {
            true => fill.nulls(array.as_ref(), tile, slots)?,
            false => fill.one_by_one(Some(array.as_ref()), tile, slots)?,
        }
    }
    Ok(())
}

/// Fewer records than this are not worth a loop of their own.
const FEW: usize = 4;
/// Records that a loop takes at a time.
const TILE: usize = 1024;

/// One field of the slots in hand.
struct Fill<'a> {
    field: &'a RecordFieldEncoder<'a>,
    /// Where it ends in the slot.
    end: usize,
    /// Its bytes in the null map.
    marks: Option<Range<usize>>,
    increment: usize,
}

impl Fill<'_> {
    /// The way of every value.
    fn one_by_one(&self, array: Option<&dyn Array>, rows: Range<usize>, slots: &mut [u8]) -> Result<(), RecordError> {
        let mut value = Writer::new();
        for (row, slot) in rows.zip(slots.chunks_exact_mut(self.increment.max(1))) {
            value.vec_mut().clear();
            let present = match array {
                Some(array) => self.field.encode(array, row, &mut value)?,
                None => {
                    self.field.default(&mut value);
                    !self.field.place().field.nullable
                }
            };
            self.put(value.as_slice(), slot)?;
            if !present {
                self.mark(slot)?;
            }
        }
        Ok(())
    }

    /// Writes the default of the type where there is no value.
    fn nulls(&self, array: &dyn Array, rows: Range<usize>, slots: &mut [u8]) -> Result<(), RecordError> {
        let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) else { return Ok(()) };
        let mut default = Writer::new();
        self.field.default(&mut default);
        for (row, slot) in rows.zip(slots.chunks_exact_mut(self.increment.max(1))) {
            if nulls.is_null(row) {
                self.put(default.as_slice(), slot)?;
                self.mark(slot)?;
            }
        }
        Ok(())
    }

    fn put(&self, value: &[u8], slot: &mut [u8]) -> Result<(), RecordError> {
        let place = self.field.place();
        match slot.get_mut(place.offset..self.end).filter(|cell| cell.len() == value.len()) {
            Some(cell) => {
                cell.copy_from_slice(value);
                Ok(())
            }
            None => {
                let what = format!("field {}: {} bytes for {}", place.field.name, value.len(), place.width);
                Err(RecordError::Layout(what))
            }
        }
    }

    fn mark(&self, slot: &mut [u8]) -> Result<(), RecordError> {
        match self.marks.clone().and_then(|at| slot.get_mut(at)) {
            Some(marks) => {
                marks.fill(ABSENT);
                Ok(())
            }
            None => Err(RecordError::Layout(format!("field {}: no null map", self.field.place().field.name))),
        }
    }
}
