//! Arrow columns to slots.

use std::ops::Range;

use arrow_array::ArrayRef;

use super::error::RecordError;
use crate::column::encode::record_field::RecordFieldEncoder;
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
        out.resize(start + rows.len() * stride.increment, 0);
        let slots = out.get_mut(start..).unwrap_or_default();
        if let Some(at) = stride.null_map {
            for slot in slots.chunks_exact_mut(stride.increment.max(1)) {
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
        Ok(())
    }
}

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
    let mut value = Writer::new();
    for (row, slot) in rows.zip(slots.chunks_exact_mut(stride.increment.max(1))) {
        value.vec_mut().clear();
        let present = match column {
            Some(array) => field.encode(array.as_ref(), row, &mut value)?,
            None => {
                field.default(&mut value);
                !place.field.nullable
            }
        };
        if let Some(cell) = slot.get_mut(place.offset..end).filter(|cell| cell.len() == value.len()) {
            cell.copy_from_slice(value.as_slice());
        } else {
            let what = format!("field {}: {} bytes for {}", place.field.name, value.len(), place.width);
            return Err(RecordError::Layout(what));
        }
        if !present {
            match marks.clone().and_then(|at| slot.get_mut(at)) {
                Some(marks) => marks.fill(ABSENT),
                None => return Err(RecordError::Layout(format!("field {}: no null map", place.field.name))),
            }
        }
    }
    Ok(())
}
