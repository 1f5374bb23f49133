//! Arrow values to cells: parameters of the asking side, rows of the answering side.
//!
//! A value goes where it fits exactly, else it is an error before anything is sent: integers and
//! decimals are never rounded or wrapped, text is never cut. Only the binary floats round, to the
//! nearest, because they are approximations by nature (0.1 into a REAL). Text is taken for numbers
//! and dates when it reads as one; a time zone is never added or dropped.

mod bulk;
pub mod marked;
mod number;
pub mod record_field;
pub mod rows;
mod same;
mod scalar;
mod shortest;
mod source;
mod string;
mod time;

use std::borrow::Cow;

use arrow_array::Array;
use bytes::Bytes;

use self::same::Same;
use self::scalar::Scalar;
pub use self::source::{length, lengths};
use super::error::{Column, ColumnError, Reason};
use super::kind::ColumnKind;
use super::options::Options;
use crate::wire::ccsid::codec::Codec;
use crate::wire::codec::writer::Writer;
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::types::Type;

const PRESENT: u8 = 0x00;
const ABSENT: u8 = 0xFF;

/// Writes values of one parameter or column.
#[derive(Debug)]
pub struct ColumnEncoder<'a> {
    field: Cow<'a, Field>,
    column: Column,
    /// The page of text; `None` where the value is not text or is bytes.
    codec: Option<Codec>,
    /// The padding of a fixed length.
    padding: Vec<u8>,
    same: Option<Same>,
}

/// Why a value cannot be written.
type Result<T> = std::result::Result<T, Reason>;

impl<'a> ColumnEncoder<'a> {
    /// For the parameter or column at `index` (from 0).
    pub fn new(field: &'a Field, index: usize) -> std::result::Result<Self, ColumnError> {
        Self::of(Cow::Borrowed(field), index)
    }

    fn of(field: Cow<'a, Field>, index: usize) -> std::result::Result<Self, ColumnError> {
        let told = field;
        let field = told.as_ref();
        let codec = match ColumnKind::of(field, index, &Options::default())? {
            ColumnKind::Text { codec, .. } => Some(codec),
            // Dates and times are in the page of the connection.
            ColumnKind::Date | ColumnKind::Time(_) | ColumnKind::Timestamp(_) | ColumnKind::TimestampTz(_)
                if field.ccsid != 0 =>
            {
                Codec::new(field.ccsid).ok().filter(single_byte)
            }
            _ => None,
        };
        let padding = string::padding(field, codec.as_ref());
        let (column, same) = (Column::new(field, index), Same::of(field));
        Ok(ColumnEncoder { column, codec, padding, same, field: told })
    }

    /// The same, which keeps the field.
    pub fn kept(field: &Field, index: usize) -> std::result::Result<ColumnEncoder<'static>, ColumnError> {
        ColumnEncoder::of(Cow::Owned(field.clone()), index)
    }

    /// The parameter or column.
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// Writes the value of `array` at `row` (from 0): the null indicator if the field has one, then
    /// the value in the field's shape. A value that travels after its row ([`Shape::Lob`]) leaves
    /// its length there and is handed back, unless it is empty: it is due as an EXTDTA, in the order of the
    /// parameters. On an error nothing is written.
    pub fn encode(
        &self,
        array: &dyn Array,
        row: usize,
        w: &mut Writer,
    ) -> std::result::Result<Option<Bytes>, ColumnError> {
        if self.same.is_some_and(|same| same.encode(&self.field, array, row, w)) {
            return Ok(None);
        }
        let number = row as u64 + 1;
        let start = w.len();
        let fault = |reason, bytes: &[u8]| self.column.value(number, bytes, reason);
        let scalar = source::scalar(array, row).map_err(|reason| match reason {
            Reason::Type { from, .. } => fault(Reason::Type { from, to: self.field.sql_name() }, &[]),
            other => fault(other, &[]),
        })?;
        if let Scalar::Null = scalar {
            if !self.field.nullable {
                return Err(self.column.null(number));
            }
            w.u8(ABSENT);
            return Ok(None);
        }
        if self.field.nullable {
            w.u8(PRESENT);
        }
        self.value(&scalar, w).map_err(|reason| {
            w.vec_mut().truncate(start);
            let reason = match reason {
                Reason::Type { to, .. } => Reason::Type { from: marked::type_name(array), to },
                other => other,
            };
            fault(reason, scalar.bytes())
        })
    }

    fn value(&self, scalar: &Scalar<'_>, w: &mut Writer) -> Result<Option<Bytes>> {
        let field = self.field.as_ref();
        match field.ty {
            Type::Integer => number::integer(field, scalar, w)?,
            Type::Float => number::float(field, scalar, w)?,
            Type::Packed | Type::Zoned | Type::NumericChar => number::decimal(field, scalar, w)?,
            Type::DecFloat => number::decfloat(field, scalar, w)?,
            Type::Boolean => number::boolean(field, scalar, w)?,
            Type::Date => self.characters(&time::date(scalar)?, w)?,
            Type::Time => self.characters(&time::time(scalar)?, w)?,
            Type::Timestamp => self.stamp(&time::timestamp(field, scalar)?, w)?,
            Type::TimestampTz => self.stamp(&time::timestamp_tz(field, scalar)?, w)?,
            Type::Text | Type::Graphic | Type::Xml | Type::Datalink | Type::Binary | Type::RowId => {
                let value = string::value(field, self.codec.as_ref(), scalar)?;
                if let Shape::Lob(width) = field.shape {
                    return string::placeholder(width, &value, w);
                }
                string::put(field, &self.padding, &value, w)?;
            }
            // Refused by `new`.
            Type::Locator => return Err(refused(field)),
        }
        Ok(None)
    }

    /// ASCII text of a fixed length, in the page of the connection.
    fn characters(&self, ascii: &[u8], w: &mut Writer) -> Result<()> {
        let (Some(codec), Ok(text)) = (&self.codec, std::str::from_utf8(ascii)) else {
            w.bytes(ascii);
            return Ok(());
        };
        Ok(codec.encode(text, w.vec_mut())?)
    }

    /// A timestamp, padded with blanks to a fixed length.
    fn stamp(&self, ascii: &[u8], w: &mut Writer) -> Result<()> {
        let mut value = Writer::new();
        self.characters(ascii, &mut value)?;
        let mut blank = Writer::new();
        self.characters(b" ", &mut blank)?;
        string::put(&self.field, blank.as_slice(), value.as_slice(), w)
    }
}

/// One value of one column; see [`ColumnEncoder`], which is to be kept when there are more.
pub fn encode_value(
    field: &Field,
    index: usize,
    array: &dyn Array,
    row: usize,
    w: &mut Writer,
) -> std::result::Result<Option<Bytes>, ColumnError> {
    ColumnEncoder::new(field, index)?.encode(array, row, w)
}

/// True for the pages that dates can be in: their text has as many bytes as characters.
fn single_byte(codec: &Codec) -> bool {
    let mut zero = Vec::new();
    codec.encode("0", &mut zero).is_ok() && zero.len() == 1
}

/// The value's Arrow type does not go into the field; the caller knows its name.
fn refused(field: &Field) -> Reason {
    Reason::Type { from: String::new(), to: field.sql_name() }
}

#[cfg(test)]
mod tests;
