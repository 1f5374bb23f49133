//! Values on their way into a table: whatever type a client sent, it becomes the column's type
//! exactly or is an error. The way is that of any parameter, encoded for the column and decoded.

use crate::column::decode::decoder;
use crate::column::encode::ColumnEncoder;
use crate::column::error::ColumnError;
use crate::column::options::Options;
use crate::server::backend::Parameters;
use crate::server::error::SqlError;
use crate::server::persona::{LUW, Persona};
use crate::server::sql::describe;
use crate::server::sql::parameters::unit_of;
use crate::server::table::blanks;
use crate::server::table::sql::Operand;
use crate::server::table::stop::Stop;
use crate::wire::codec::writer::Writer;
use crate::wire::value::cell::{Cells, Lob, NULL};
use crate::wire::value::field::{Field, Shape};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;
use bytes::Bytes;
use std::collections::HashSet;

const ABSENT: u8 = 0xFF;
/// The types of columns are those of Db2; one of characters is as long as its own page makes it.
pub(super) static TYPES: Persona = Persona { pages: true, ..LUW };
/// A character that the page lacks.
const NO_CHARACTER: &str = "22021";
/// A value that is too long for the column.
const TOO_LONG: &str = "22001";

/// The rows that an INSERT makes of some rows of parameters.
pub(super) fn rows(
    schema: &SchemaRef,
    values: &[Operand],
    parameters: &Parameters,
    of: &[usize],
    stop: &Stop,
) -> Result<RecordBatch, SqlError> {
    let mut markers = parameters.columns.iter();
    let mut columns = Vec::with_capacity(values.len());
    for (index, (field, value)) in schema.fields().iter().zip(values).enumerate() {
        let array = match value {
            Operand::Marker => markers.next().cloned().ok_or_else(|| SqlError::new(-313, "07001", &[]))?,
            Operand::Literal(literal) => literal.array(),
        };
        columns.push(coerce(field, index, array.as_ref(), of, stop)?);
    }
    RecordBatch::try_new(schema.clone(), columns).map_err(|e| SqlError::system(&e.to_string()))
}

/// Values of `array` as the column's type; the last one stands for those beyond it.
fn coerce(
    column: &arrow_schema::Field,
    index: usize,
    array: &dyn Array,
    rows: &[usize],
    stop: &Stop,
) -> Result<ArrayRef, SqlError> {
    let field = describe::field(column, index, &TYPES)?;
    let fail = |e| SqlError::from(&e);
    let encoder = ColumnEncoder::new(&field, index).map_err(fail)?;
    let options = Options { timestamp_unit: unit_of(column.data_type()), ..Options::default() };
    let mut decoder = decoder(&field, index, &options).map_err(fail)?;
    for row in rows.iter().copied() {
        stop.row(row)?;
        let mut w = Writer::new();
        let large = encode(&encoder, &field, array, row.min(array.len().saturating_sub(1)), &mut w).map_err(fail)?;
        let is_null = field.nullable && w.as_slice().first() == Some(&ABSENT);
        let lobs: &[Lob] = match field.shape {
            Shape::Lob(_) if is_null => &[Lob::Null],
            Shape::Lob(_) => &[Lob::Value(large.unwrap_or_default())],
            _ => &[],
        };
        let offset = if is_null { NULL } else { u32::from(field.nullable) };
        let cells = Cells { buf: w.as_slice(), offsets: &[offset], lobs, first_row: row as u64 + 1 };
        decoder.append(&cells).map_err(fail)?;
    }
    let made = decoder.finish().map_err(fail)?;
    if made.data_type() == column.data_type() {
        return Ok(made);
    }
    let what = format!("{} ({})", column.name(), column.data_type());
    Err(SqlError::new(-350, "42962", &[&what]))
}

/// Writes a value; the blanks at its end for which the column has no room are left out.
fn encode(
    encoder: &ColumnEncoder<'_>,
    field: &Field,
    array: &dyn Array,
    row: usize,
    w: &mut Writer,
) -> Result<Option<Bytes>, ColumnError> {
    let start = w.len();
    let fault = match encoder.encode(array, row, w) {
        Err(fault) if fault.sqlstate() == TOO_LONG => fault,
        done => return done,
    };
    w.vec_mut().truncate(start);
    let Some(shorter) = blanks::trimmed(array, row) else { return Err(fault) };
    let large = encoder.encode(shorter.as_ref(), 0, w)?;
    let room =
        (field.length as usize).saturating_sub(blanks::key(field, w.as_slice().get(start..).unwrap_or_default()).len());
    if field.shape == Shape::Var && room > 0 {
        w.vec_mut().truncate(start);
        return encoder.encode(blanks::with_blanks(&shorter, room).as_ref(), 0, w);
    }
    Ok(large)
}

/// The values of a column that differ from row to row.
pub(super) struct KeyValues {
    column: usize,
    field: Field,
    seen: HashSet<Vec<u8>>,
    stop: Stop,
}

impl KeyValues {
    /// Of no rows yet.
    pub(super) fn new(schema: &SchemaRef, column: usize, stop: &Stop) -> Result<KeyValues, SqlError> {
        let field = Field { nullable: true, ..describe::field(schema.field(column), column, &TYPES)? };
        Ok(KeyValues { column, field, seen: HashSet::new(), stop: stop.clone() })
    }

    /// Adds those of a batch's rows from `first` on, up to `rows` of them; -803 at the first that is
    /// there already.
    pub(super) fn add(&mut self, batch: &RecordBatch, first: usize, rows: usize, table: &str) -> Result<(), SqlError> {
        let encoder = ColumnEncoder::new(&self.field, self.column).map_err(|e| SqlError::from(&e))?;
        for row in first..batch.num_rows().min(first.saturating_add(rows)) {
            self.stop.row(row)?;
            let mut w = Writer::new();
            encoder.encode(batch.column(self.column).as_ref(), row, &mut w).map_err(|e| SqlError::from(&e))?;
            if !self.seen.insert(blanks::key(&self.field, w.as_slice()).to_vec()) {
                return Err(SqlError::new(-803, "23505", &["1", table]));
            }
        }
        Ok(())
    }
}

/// Compares values of one column with one value, as they are written for the wire.
pub(super) struct Matcher {
    field: Field,
    bytes: Vec<u8>,
    stop: Stop,
}

impl Matcher {
    /// `None` for NULL, which equals nothing, and for text that the column cannot have.
    pub(super) fn new(
        column: &arrow_schema::Field,
        value: &dyn Array,
        stop: &Stop,
    ) -> Result<Option<Matcher>, SqlError> {
        let field = Field { nullable: true, ..describe::field(column, 0, &TYPES)? };
        if matches!(field.shape, Shape::Lob(_)) {
            return Err(SqlError::new(-134, "42907", &[column.name()]));
        }
        let mut w = Writer::new();
        let encoder = ColumnEncoder::new(&field, 0).map_err(|e| SqlError::from(&e))?;
        let value = blanks::trimmed(value, 0).unwrap_or_else(|| value.slice(0, value.len().min(1)));
        match encoder.encode(value.as_ref(), 0, &mut w) {
            // No value of the column is that long, or has that character.
            Err(e) if matches!(e.sqlstate(), NO_CHARACTER | TOO_LONG) => return Ok(None),
            done => done.map_err(|e| SqlError::from(&e))?,
        };
        let is_null = w.as_slice().first() == Some(&ABSENT);
        let bytes = blanks::key(&field, w.as_slice()).to_vec();
        Ok((!is_null).then_some(Matcher { field, bytes, stop: stop.clone() }))
    }

    /// Row by row, whether the value is the one.
    pub(super) fn hits(&self, array: &dyn Array) -> Result<Vec<bool>, SqlError> {
        let encoder = ColumnEncoder::new(&self.field, 0).map_err(|e| SqlError::from(&e))?;
        let mut w = Writer::new();
        let mut out = Vec::with_capacity(array.len());
        for row in 0..array.len() {
            self.stop.row(row)?;
            w.vec_mut().clear();
            encoder.encode(array, row, &mut w).map_err(|e| SqlError::from(&e))?;
            out.push(w.as_slice().first() != Some(&ABSENT) && blanks::key(&self.field, w.as_slice()) == self.bytes);
        }
        Ok(out)
    }
}
