//! Being written.
use super::error::ColumnError;
use crate::wire::codec::writer::Writer;
use crate::wire::value::field::Field;
use arrow_array::Array;
use bytes::Bytes;
/// Being written.
pub fn encode_value(_f: &Field, _a: &dyn Array, _row: usize, _w: &mut Writer) -> Result<Option<Bytes>, ColumnError> {
    Ok(None)
}
