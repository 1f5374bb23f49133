//! Parameters as they come in: an SQLDTA describes itself, so its rows are walked and decoded like
//! those of a result; large values stand in EXTDTAs after it, in the order of the parameters.

use crate::server::environment::Environment;
use crate::server::protocol_error::{ProtocolError, Result, synerrcd};
use crate::wire::codec::reader::{ByteOrder, Reader};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::ddm::reply::Reply;
use crate::wire::fdoca::descriptor;
use crate::wire::fdoca::row::{Counts, Offsets, WalkStop, Walker};
use crate::wire::sql::execute::{DescribedData, decode_extdta};
use crate::wire::sql::placeholder::Placeholder;
use crate::wire::value::cell::{Lob, NULL};
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::types::Type;
use arrow_schema::{DataType, TimeUnit};
use bytes::Bytes;
use std::sync::Arc;

/// Width of a placeholder with a mode byte, and the mode of a value that follows as EXTDTA.
const WITH_MODE: usize = 9;
const FOLLOWS: u8 = 0x02;

/// An SQLDTA, split and described, with the data of its EXTDTAs.
pub(super) struct Input {
    pub(super) fields: Arc<[Field]>,
    pub(super) data: Bytes,
    pub(super) lobs: Vec<Bytes>,
}

impl Input {
    /// The bytes of the value at `index` of the first row, when it is no large one; `None` is NULL.
    pub(super) fn first_row(&self) -> Result<Vec<Option<Bytes>>> {
        let mut offsets = Offsets::new(self.fields.len());
        let walked = Walker::new(&self.fields, Counts::Units).walk(&self.data, 0, true, 1, &mut offsets)?;
        if walked.stop != WalkStop::Full {
            return Err(ProtocolError::syntax(synerrcd::LENGTH, Some(cp::FDODTA)));
        }
        let cell = |column: usize| match offsets.column(column).first() {
            Some(at) if *at != NULL => Some(self.data.slice((*at as usize).min(self.data.len())..)),
            _ => None,
        };
        Ok((0..self.fields.len()).map(cell).collect())
    }
}

/// The SQLDTAs among a command's objects, each with the EXTDTAs that follow it. All of them have
/// one description.
pub(super) fn inputs(env: &Environment, objects: &[Object]) -> Result<Vec<Input>> {
    let typdef = env.typdef_of(objects)?;
    let mut inputs: Vec<Input> = Vec::new();
    let mut known: Option<(Bytes, Arc<[Field]>)> = None;
    for object in objects {
        match object.cp {
            cp::SQLDTA => {
                let DescribedData { fdodsc, fdodta } = DescribedData::decode(&object.body)?;
                let fields = match &known {
                    Some((described, fields)) if *described == fdodsc => fields.clone(),
                    Some(_) => return Err(mismatch()),
                    None => descriptor::decode(&fdodsc, &typdef)?.into(),
                };
                known.get_or_insert((fdodsc, fields.clone()));
                inputs.push(Input { fields, data: fdodta, lobs: Vec::new() });
            }
            cp::EXTDTA => inputs.last_mut().ok_or_else(mismatch)?.lobs.push(object.body.clone()),
            _ => {}
        }
    }
    Ok(inputs)
}

/// The large values of these rows, column by column; they came row by row. With `status` a status byte stands after
/// each.
pub(super) fn large<'a>(
    input: &Input,
    offsets: &Offsets,
    extdtas: &mut impl Iterator<Item = &'a Bytes>,
    status: bool,
) -> Result<Vec<Vec<Lob>>> {
    let mut out = vec![Vec::new(); input.fields.len()];
    let columns: Vec<(usize, usize, bool, ByteOrder)> = input
        .fields
        .iter()
        .enumerate()
        .filter_map(|(n, f)| match f.shape {
            Shape::Lob(width) => Some((n, usize::from(width), f.nullable, f.order)),
            _ => None,
        })
        .collect();
    for row in 0..if columns.is_empty() { 0 } else { offsets.rows() } {
        for (column, width, nullable, order) in &columns {
            let at = offsets.column(*column).get(row).copied().unwrap_or(NULL);
            let placeholder = input.data.get(at as usize..).and_then(|d| d.get(..*width));
            // In nine bytes a mode precedes the length: 2, the value follows. (Measured: IBM's CLI
            // driver.)
            let placeholder = match placeholder {
                Some([FOLLOWS, length @ ..]) if *width == WITH_MODE => Some(length),
                Some(_) if *width == WITH_MODE && at != NULL => return Err(mismatch()),
                other => other,
            };
            let value = match placeholder {
                _ if at == NULL => Lob::Null,
                Some(p) if p.iter().all(|b| *b == 0) => Lob::Value(Bytes::new()),
                Some(p) => {
                    let extdta = extdtas.next().ok_or_else(mismatch)?;
                    let value = decode_extdta(extdta, *nullable, status)?;
                    match value {
                        Some(value) if Placeholder::new(p, *order).allows(value.len()) => Lob::Value(value),
                        Some(_) => return Err(mismatch()),
                        None => Lob::Null,
                    }
                }
                None => return Err(ProtocolError::syntax(synerrcd::LENGTH, Some(cp::FDODTA))),
            };
            if let Some(values) = out.get_mut(*column) {
                values.push(value);
            }
        }
    }
    Ok(out)
}

/// A whole number, of the length and order that its field says.
pub(super) fn whole_number(field: &Field, cell: &[u8]) -> Result<i64> {
    let mut r = Reader::new(cell, "whole number");
    Ok(match (field.ty, field.length) {
        (Type::Integer | Type::Locator, 2) => i64::from(r.i16_in(field.order)?),
        (Type::Integer | Type::Locator, 4) => i64::from(r.i32_in(field.order)?),
        (Type::Integer, 8) => r.i64_in(field.order)?,
        _ => return Err(ProtocolError::syntax(synerrcd::VALUE, Some(cp::FDODSC))),
    })
}

/// DTAMCHRM: description and data do not belong together; the connection ends.
pub(super) fn mismatch() -> ProtocolError {
    ProtocolError { reply: Box::new(Reply::new(cp::DTAMCHRM)), close: true }
}

/// The unit of an Arrow type, where it has one.
pub(in crate::server) fn unit_of(data_type: &DataType) -> TimeUnit {
    match data_type {
        DataType::Timestamp(unit, _) => *unit,
        _ => TimeUnit::Microsecond,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_as_long_as_their_field_says() {
        for order in [ByteOrder::Big, ByteOrder::Little] {
            for length in [2, 4, 8] {
                let field = Field { length, order, ..Field::new(Type::Integer, Shape::Fixed(length)) };
                for number in [1, -2, 0x7FFF_i64] {
                    let (big, little) = (number.to_be_bytes(), number.to_le_bytes());
                    let length = length as usize;
                    let bytes = if order == ByteOrder::Big { &big[8 - length..] } else { &little[..length] };
                    // What stands after it is another value.
                    assert_eq!(whole_number(&field, &[bytes, &[0x55; 8]].concat()).ok(), Some(number));
                    assert!(whole_number(&field, &bytes[1..]).is_err());
                }
            }
        }
        assert!(whole_number(&Field { length: 4, ..Field::new(Type::Packed, Shape::Fixed(4)) }, &[0; 4]).is_err());
    }
}
