//! Values of Arrow arrays as they lie in a record: whole, at their full width.

use std::ops::Range;

use arrow_array::Array;

pub(in crate::column) use super::bulk::ROOM;
use super::bulk::{BulkColumn, Target, bulk_column};
use super::scalar::Scalar;
use super::source;
use super::{marked, number, refused, string, time};
use crate::column::error::{Column, ColumnError, Reason};
use crate::column::kind::ColumnKind;
use crate::column::options::Options;
use crate::wire::ccsid::codec::Codec;
use crate::wire::codec::writer::Writer;
use crate::wire::value::calendar;
use crate::wire::value::datetime::{self, Instant};
use crate::wire::value::decimal::{self, Wide};
use crate::wire::value::error::ValueError;
use crate::wire::value::field::{CCSID_BINARY, Field, Shape};
use crate::wire::value::record_layout::{FieldForm, PlacedField};
use crate::wire::value::types::{Type, TypeId};

const SHIFT_OUT: u8 = 0x0E;
const SHIFT_IN: u8 = 0x0F;
/// The double-byte blank of EBCDIC.
const WIDE_BLANK: [u8; 2] = [0x40, 0x40];

/// Writes values of one field.
#[derive(Debug)]
pub struct RecordFieldEncoder<'a> {
    place: &'a PlacedField,
    column: Column,
    /// The field without an indicator in front.
    field: Field,
    /// The page of text, and of the digits of dates.
    codec: Option<Codec>,
    /// The padding of a value that is shorter than its field.
    padding: Vec<u8>,
    default: Vec<u8>,
}

type Result<T> = std::result::Result<T, Reason>;

/// A plain loop that lays the values of an array into their records.
pub(in crate::column) struct RecordColumn(Box<dyn BulkColumn>);

impl RecordColumn {
    /// Writes the values of `rows`, each of which begins at its place; a NULL is left out. The last [`ROOM`] bytes of
    /// `out` belong to no record. False, and nothing written, when these rows are not for a plain loop.
    pub(in crate::column) fn write(&mut self, rows: Range<usize>, places: &mut [usize], out: &mut [u8]) -> bool {
        let good = self.0.measure(rows.clone(), &mut []);
        if good {
            self.0.write(rows, places, out);
        }
        good
    }
}

impl<'a> RecordFieldEncoder<'a> {
    /// For the field at `index` (from 0).
    pub fn new(place: &'a PlacedField, index: usize) -> std::result::Result<Self, ColumnError> {
        let kind = ColumnKind::placed(place, index, &Options::default())?;
        let codec = match kind {
            ColumnKind::Text { codec, .. } => Some(codec),
            // Where the page is not told, digits are EBCDIC.
            ColumnKind::Date | ColumnKind::Time(_) | ColumnKind::Timestamp(_) => {
                let ccsid = if matches!(place.field.ccsid, 0 | CCSID_BINARY) { 37 } else { place.field.ccsid };
                Some(Codec::new(ccsid).map_err(|reason| ColumnError::Ccsid {
                    column: place.field.name.clone(),
                    index,
                    reason,
                })?)
            }
            _ => None,
        };
        let field = Field { nullable: false, ..place.field.clone() };
        let mut padding = string::padding(&field, codec.as_ref());
        if padding.is_empty() {
            // Characters of no page are EBCDIC in practice, bytes are zero.
            padding.push(if matches!(field.lid, TypeId::BINARY | TypeId::VARBINARY) { 0 } else { 0x40 });
        }
        let column = Column::new(&place.field, index);
        let mut out = RecordFieldEncoder { place, column, field, codec, padding, default: Vec::new() };
        let mut w = Writer::new();
        out.value(&out.first(), &mut w).map_err(|reason| out.column.value(0, &[], reason))?;
        out.default = w.into_vec();
        Ok(out)
    }

    /// The field.
    pub fn place(&self) -> &'a PlacedField {
        self.place
    }

    /// Writes the value of `array` at `row` (from 0), for a NULL the default of the type. True when
    /// there is a value.
    pub fn encode(&self, array: &dyn Array, row: usize, w: &mut Writer) -> std::result::Result<bool, ColumnError> {
        let number = row as u64 + 1;
        let to = |reason| match reason {
            Reason::Type { to: "", .. } => Reason::Type { from: marked::type_name(array), to: self.field.sql_name() },
            Reason::Type { to, .. } => Reason::Type { from: marked::type_name(array), to },
            other => other,
        };
        let scalar = source::scalar(array, row).map_err(|reason| self.column.value(number, &[], to(reason)))?;
        if scalar == Scalar::Null {
            if !self.place.field.nullable {
                return Err(self.column.null(number));
            }
            self.default(w);
            return Ok(false);
        }
        self.value(&scalar, w).map_err(|reason| self.column.value(number, scalar.bytes(), to(reason)))?;
        Ok(true)
    }

    /// The plain loop for the values of an array, if there is one.
    pub(in crate::column) fn bulk(&self, array: &dyn Array) -> Option<RecordColumn> {
        // Nothing fills a timestamp up.
        let digits = usize::from(time::digits(&self.field));
        let seconds = 19 + if digits > 0 { 1 + digits } else { 0 };
        if self.field.ty == Type::Timestamp && self.place.width != seconds {
            return None;
        }
        let varying = matches!(self.field.shape, Shape::Var | Shape::VarChars);
        let field = Field { nullable: self.place.field.nullable, ..self.field.clone() };
        let target = Target {
            field: &field,
            codec: self.codec,
            padding: &self.padding,
            form: match self.place.form {
                // Without a page they are bytes.
                FieldForm::DoubleOnly | FieldForm::DoubleOrSingle if self.codec.is_none() => FieldForm::Plain,
                form => form,
            },
            // The plus that the system itself writes.
            plus: 0xF,
            filled: if varying { self.place.width } else { 0 },
            marked: false,
        };
        Some(RecordColumn(bulk_column(target, array)?))
    }

    /// Writes the default of the type.
    pub fn default(&self, w: &mut Writer) {
        w.bytes(&self.default);
    }

    fn value(&self, scalar: &Scalar<'_>, w: &mut Writer) -> Result<()> {
        let field = &self.field;
        match self.place.form {
            FieldForm::Date(form, separator) => {
                let days = match scalar {
                    Scalar::Date(days) => *days,
                    other => datetime::date(time::date(other)?.first_chunk().ok_or(ValueError::NoSuch("the date"))?)?,
                };
                let mut text = Vec::with_capacity(10);
                form.put(days, separator, &mut text)?;
                return self.characters(&text, w);
            }
            FieldForm::Time(form, separator) => {
                let text = time::time(scalar)?;
                let seconds = datetime::time(text.first_chunk().ok_or(ValueError::NoSuch("the time"))?)?;
                let mut text = Vec::with_capacity(8);
                form.put(seconds, separator, &mut text)?;
                return self.characters(&text, w);
            }
            FieldForm::Scaled => {
                let precision = 38;
                let widest = Field { precision, ty: Type::Packed, ..field.clone() };
                let mut packed = Writer::new();
                number::decimal(&widest, scalar, &mut packed)?;
                let value = decimal::packed(packed.as_slice())?;
                return number::integer(field, &Scalar::Decimal(Wide::from(value), 0), w);
            }
            FieldForm::Flag => {
                let mut bit = Writer::new();
                number::boolean(field, scalar, &mut bit)?;
                w.u8(0xF0 | bit.as_slice().first().copied().unwrap_or(0));
                return Ok(());
            }
            FieldForm::DoubleOnly | FieldForm::DoubleOrSingle if self.codec.is_some() => {
                return self.double(scalar, w);
            }
            FieldForm::Plain | FieldForm::DoubleOnly | FieldForm::DoubleOrSingle => {}
        }
        match (field.ty, field.shape) {
            (Type::Packed, _) => {
                number::decimal(field, scalar, w)?;
                // The plus that the system itself writes.
                if let Some(last) = w.vec_mut().last_mut().filter(|last| **last & 0x0F == 0x0C) {
                    *last |= 0x0F;
                }
                Ok(())
            }
            (Type::Timestamp, _) => self.characters(&time::timestamp(field, scalar)?, w),
            (_, Shape::Var | Shape::VarChars) => {
                let start = w.len();
                let value = string::value(field, self.codec.as_ref(), scalar)?;
                string::put(field, &self.padding, &value, w)?;
                self.fill(start, w);
                Ok(())
            }
            (Type::Text | Type::Graphic | Type::Binary, _) => {
                let value = string::value(field, self.codec.as_ref(), scalar)?;
                string::put(field, &self.padding, &value, w)
            }
            (Type::Integer, _) => number::integer(field, scalar, w),
            (Type::Float, _) => number::float(field, scalar, w),
            (Type::Zoned, _) => number::decimal(field, scalar, w),
            (Type::DecFloat, _) => number::decfloat(field, scalar, w),
            // Nothing else is in a record; refused by `new`.
            _ => Err(refused(field)),
        }
    }

    /// Double-byte characters with their shifts at both ends of the field.
    fn double(&self, scalar: &Scalar<'_>, w: &mut Writer) -> Result<()> {
        let value = string::value(&self.field, self.codec.as_ref(), scalar)?;
        let varying = matches!(self.field.shape, Shape::Var | Shape::VarChars);
        let room = self.field.length as usize;
        let only = self.place.form == FieldForm::DoubleOnly;
        let inner = match value.as_ref() {
            [] if only => &[][..],
            [SHIFT_OUT, inner @ .., SHIFT_IN] if !inner.contains(&SHIFT_IN) => inner,
            single if !only && !single.contains(&SHIFT_OUT) => {
                let start = w.len();
                string::put(&self.field, &self.padding, single, w)?;
                self.fill(start, w);
                return Ok(());
            }
            _ => return Err(Reason::NotA("double-byte text alone")),
        };
        let max = room.saturating_sub(2);
        if inner.len() > max {
            return Err(Reason::TooLong { len: inner.len() + 2, max: room });
        }
        let start = w.len();
        if varying {
            w.u16(u16::try_from(inner.len() + 2).unwrap_or(u16::MAX));
        }
        w.u8(SHIFT_OUT);
        w.bytes(inner);
        if !varying {
            for _ in 0..(max - inner.len()) / 2 {
                w.bytes(&WIDE_BLANK);
            }
        }
        w.u8(SHIFT_IN);
        self.fill(start, w);
        Ok(())
    }

    /// Fills the field up after a varying value.
    fn fill(&self, start: usize, w: &mut Writer) {
        while w.len() - start < self.place.width {
            let left = self.place.width - (w.len() - start);
            let filler = if left < self.padding.len() { &[0x40][..] } else { &self.padding };
            w.bytes(filler);
        }
    }

    /// ASCII text of the length of the field, in its page.
    fn characters(&self, ascii: &[u8], w: &mut Writer) -> Result<()> {
        let text = String::from_utf8_lossy(ascii);
        match &self.codec {
            Some(codec) => Ok(codec.encode(&text, w.vec_mut())?),
            None => {
                w.bytes(ascii);
                Ok(())
            }
        }
    }

    /// The default of the type.
    fn first(&self) -> Scalar<'static> {
        match self.place.form {
            // 1940-01-01 is the first day of a year of two digits.
            FieldForm::Date(form, _) => Scalar::Date(if form.width() < 10 { -10_958 } else { calendar::FIRST_DAY }),
            FieldForm::Time(..) => Scalar::Time(0),
            FieldForm::Flag => Scalar::Boolean(false),
            _ => match (self.field.ty, &self.codec) {
                (Type::Timestamp, _) => {
                    let instant = Instant { days: calendar::FIRST_DAY, seconds: 0, fraction: 0, digits: 0 };
                    Scalar::Stamp { instant, utc: false }
                }
                (Type::Text | Type::Graphic, Some(_)) => Scalar::Text(""),
                (Type::Text | Type::Graphic | Type::Binary, _) => Scalar::Bytes(&[]),
                _ => Scalar::Integer(0),
            },
        }
    }
}
