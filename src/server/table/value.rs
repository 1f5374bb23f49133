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
use crate::server::table::plan::Operand;
use crate::server::table::stop::Stop;
use crate::wire::codec::writer::Writer;
use crate::wire::value::cell::{Cells, Lob, NULL};
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::types::Type;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use bytes::Bytes;

const ABSENT: u8 = 0xFF;
/// CCSID of UTF-8.
const UTF8: u16 = 1208;
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
    let mut columns = Vec::with_capacity(values.len());
    for (index, (field, value)) in schema.fields().iter().zip(values).enumerate() {
        let array = match value {
            Operand::Marker(at) => {
                parameters.columns.get(*at).cloned().ok_or_else(|| SqlError::new(-313, "07001", &[]))?
            }
            Operand::Literal(literal) => literal.array(),
        };
        columns.push(coerce(field, index, &array, of, stop)?);
    }
    RecordBatch::try_new(schema.clone(), columns).map_err(|e| SqlError::system(&e.to_string()))
}

/// Values of `array` as the column's type; the last one stands for those beyond it.
fn coerce(
    column: &arrow_schema::Field,
    index: usize,
    array: &ArrayRef,
    rows: &[usize],
    stop: &Stop,
) -> Result<ArrayRef, SqlError> {
    let field = describe::field(column, index, &TYPES)?;
    if let Some(made) = as_it_is(column, &field, array, rows) {
        return Ok(made);
    }
    let fail = |e| SqlError::from(&e);
    let encoder = ColumnEncoder::new(&field, index).map_err(fail)?;
    let options = Options { timestamp_unit: unit_of(column.data_type()), ..Options::default() };
    let mut decoder = decoder(&field, index, &options).map_err(fail)?;
    for row in rows.iter().copied() {
        stop.row(row)?;
        let mut w = Writer::new();
        let large =
            encode(&encoder, &field, array.as_ref(), row.min(array.len().saturating_sub(1)), &mut w).map_err(fail)?;
        if let Some(value) = &large {
            check_length(&field, value)?;
        }
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

/// All values of an array that need no change.
fn as_it_is(column: &arrow_schema::Field, field: &Field, array: &ArrayRef, rows: &[usize]) -> Option<ArrayRef> {
    let all = rows.len() == array.len() && rows.last().is_some_and(|last| last + 1 == array.len());
    if !all || array.data_type() != column.data_type() || !field.nullable && array.null_count() > 0 {
        return None;
    }
    let fits = match (array.data_type(), field.ty) {
        (DataType::Int16 | DataType::Int32 | DataType::Int64, Type::Integer) => true,
        (DataType::Float32 | DataType::Float64, Type::Float) => true,
        (DataType::Utf8, Type::Text) if field.shape == Shape::Var && field.ccsid == UTF8 => {
            let lengths = array.as_string::<i32>().offsets().lengths();
            lengths.max().is_none_or(|longest| longest <= field.length as usize)
        }
        _ => false,
    };
    fits.then(|| array.clone())
}

/// -404 for a large object that is longer than its column. The length of DBCLOB counts units of two bytes.
fn check_length(field: &Field, value: &Bytes) -> Result<(), SqlError> {
    let size = if field.ty == Type::Graphic { value.len() / 2 } else { value.len() };
    if size <= field.length as usize {
        return Ok(());
    }
    let what = format!("{}: {size} do not fit into {}", field.name, field.length);
    Err(SqlError::new(-404, TOO_LONG, &[&what]))
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

#[cfg(test)]
mod tests {
    use super::super::types::data_type;
    use super::*;
    use arrow_array::{Float32Array, Float64Array, Int16Array, Int32Array, Int64Array, StringArray};
    use std::sync::Arc;

    #[test]
    fn values_that_need_no_change_are_what_the_careful_way_makes_of_them() {
        let texts = |all: &[Option<&str>]| -> ArrayRef { Arc::new(StringArray::from(all.to_vec())) };
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(Int16Array::from(vec![Some(i16::MIN), None, Some(i16::MAX), Some(0)])),
            Arc::new(Int32Array::from(vec![Some(i32::MIN), None, Some(i32::MAX), Some(-1)])),
            Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX), Some(7)])),
            Arc::new(Float32Array::from(vec![Some(f32::MIN), None, Some(-0.0), Some(f32::from_bits(1))])),
            Arc::new(Float64Array::from(vec![Some(f64::MAX), None, Some(-0.0), Some(f64::from_bits(1))])),
            Arc::new(Float64Array::from(vec![Some(f64::NAN), Some(f64::INFINITY)])),
            Arc::new(Float32Array::from(vec![Some(f32::NAN), Some(f32::NEG_INFINITY)])),
            texts(&[Some("ab"), None, Some(""), Some("c    "), Some("é日")]),
            texts(&[Some("abcde"), Some("abcde   ")]),
            texts(&[Some("ab"), Some("abcdef")]),
            texts(&[Some("12"), Some("-3")]),
        ];
        let kinds = [
            ("SMALLINT", &[][..], false),
            ("INTEGER", &[], false),
            ("BIGINT", &[], false),
            ("REAL", &[], false),
            ("DOUBLE", &[], false),
            ("VARCHAR", &[5], false),
            ("CHAR", &[5], false),
            ("DECFLOAT", &[], false),
            ("CLOB", &[5], false),
            ("VARCHAR", &[5], true),
        ];
        let mut fast = 0;
        for (kind, numbers, bits) in kinds {
            for nullable in [true, false] {
                let column = data_type("A", kind, numbers, bits).unwrap().with_nullable(nullable);
                for array in &arrays {
                    let all: Vec<usize> = (0..array.len()).collect();
                    let field = describe::field(&column, 0, &TYPES).unwrap();
                    fast += usize::from(as_it_is(&column, &field, array, &all).is_some());
                    let got = coerce(&column, 0, array, &all, &Stop::default());
                    let one = |row: &usize| coerce(&column, 0, array, &[*row], &Stop::default());
                    match all.iter().map(one).collect::<Result<Vec<_>, _>>() {
                        Err(_) => assert!(got.is_err(), "{kind} {array:?}"),
                        Ok(careful) => {
                            let got = got.unwrap();
                            for (row, value) in careful.iter().enumerate() {
                                // Of numbers their bits.
                                assert_eq!(value.to_data(), got.slice(row, 1).to_data(), "{kind} {array:?} {row}");
                            }
                        }
                    }
                }
            }
        }
        assert!(fast >= 9, "{fast}");
    }

    #[test]
    fn no_rows_and_some_rows_are_not_all() {
        let column = data_type("A", "INTEGER", &[], false).unwrap();
        let array: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
        for (rows, expected) in [(vec![], vec![]), (vec![0, 2], vec![1, 3]), (vec![0, 1, 2], vec![1, 2, 3])] {
            let got = coerce(&column, 0, &array, &rows, &Stop::default()).unwrap();
            assert_eq!(got.as_ref(), &Int32Array::from(expected) as &dyn Array);
        }
    }
}
