//! Large objects by locator: a number in the row, the value by asking for it. OUTOVR says which
//! columns are wanted so; the static sections of SYSSTAT tell a value's length and give parts of
//! it. (Measured: IBM's CLI driver reads every large object this way.)

use super::conversation::{After, Conversation, Out};
use super::error::SqlError;
use super::input::Input;
use super::trouble::{Result, Trouble};
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::drda::execute::{Described, extdta};
use crate::wire::fdoca::{descriptor, lid};
use crate::wire::value::field::{Field, Type};
use bytes::Bytes;
use std::collections::BTreeMap;

/// The package of static helpers.
pub(super) const PACKAGE: &str = "SYSSTAT";
/// What a locator costs beside its value.
const COST: usize = 64;
/// Longest part of a value that goes out in its row.
const SHORT: u16 = 0x7FFF;
/// Type id of a nullable INTEGER.
const INTEGER: u8 = 0x03;
/// Bytes that the locators of a connection may stand for. Beyond that the oldest are forgotten: a
/// requester that still wants one is told so.
const MOST: usize = 256 << 20;
/// Group triplets of a descriptor.
const GDA: u8 = 0x76;
const CPT: u8 = 0x7F;

/// Sections of the package.
mod section {
    pub(super) const BLOB_PART: u16 = 3;
    pub(super) const CLOB_PART: u16 = 4;
    pub(super) const BLOB_LENGTH: u16 = 6;
    pub(super) const CLOB_LENGTH: u16 = 7;
}

/// How a column's values are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// As described.
    Value,
    /// By locator.
    Locator,
}

/// The values that locators stand for, until the unit of work ends.
#[derive(Debug, Default)]
pub(super) struct Locators {
    next: u32,
    values: BTreeMap<u32, Bytes>,
    bytes: usize,
}

impl Locators {
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.bytes = 0;
    }

    /// The value of a locator.
    pub(super) fn get(&self, locator: u32) -> Option<&Bytes> {
        self.values.get(&locator)
    }

    /// Forgets one.
    pub(super) fn release(&mut self, locator: u32) {
        self.bytes -= self.values.remove(&locator).map_or(0, |value| value.len() + COST);
    }

    /// Keeps a value and writes its locator in place of it.
    pub(super) fn put(&mut self, field: Option<&Field>, is_null: bool, value: Bytes, w: &mut Writer) {
        let Some(field) = field else { return };
        if field.nullable {
            w.u8(if is_null { 0xFF } else { 0 });
        }
        if is_null {
            return;
        }
        self.bytes += value.len() + COST;
        self.next = self.next.wrapping_add(1);
        self.values.insert(self.next, value);
        while self.bytes > MOST && self.values.len() > 1 {
            let Some((_, oldest)) = self.values.pop_first() else { break };
            self.bytes -= oldest.len() + COST;
        }
        w.u32_in(self.next, field.order);
    }
}

/// Reads an OUTOVR: three bytes a column, a type id of a locator or zero for "as it is".
pub(super) fn wanted(body: &[u8], fields: &[Field]) -> Result<Vec<Wanted>> {
    let mut r = Reader::new(body, "OUTOVR");
    let mut out = Vec::new();
    while !r.is_empty() {
        let (len, kind, _) = (usize::from(r.u8()?), r.u8()?, r.u8()?);
        let mut triplet = r.sub(len.saturating_sub(3), "OUTOVR")?;
        while matches!(kind, GDA | CPT) && !triplet.is_empty() && out.len() < fields.len() {
            let [id, _, _] = triplet.array::<3>()?;
            let locator = matches!(id & !1, 0x18 | 0x1A | 0x1C);
            out.push(if locator { Wanted::Locator } else { Wanted::Value });
        }
    }
    Ok(out)
}

/// The output of a helper: one value, in its row or behind it.
struct Answer {
    described: Described,
    large: Option<Bytes>,
}

impl Conversation {
    /// A static section: locator in, with start and length where a part is wanted.
    pub(super) fn sysstat(&mut self, number: u16, input: Option<Input>, out: &mut Out<'_>) -> Result<After> {
        let answer = match input {
            Some(input) => self.helper(number, &input)?,
            None => Err(SqlError::new(-313, "07001", &[])),
        };
        match answer {
            Ok(answer) => {
                out.object(&answer.described.encode_sqldtard().map_err(Trouble::ours)?);
                if let Some(value) = answer.large {
                    out.object(&extdta(&value, true, None).map_err(Trouble::ours)?);
                }
            }
            Err(error) => self.fail(&error, out)?,
        }
        Ok(After::Next)
    }

    fn helper(&self, number: u16, input: &Input) -> Result<std::result::Result<Answer, SqlError>> {
        let cells = input.first_row()?;
        let mut numbers = Vec::new();
        for (field, cell) in input.fields.iter().zip(&cells) {
            let (Type::Integer | Type::Locator, Some(cell)) = (field.ty, cell) else {
                return Ok(Err(SqlError::new(-301, "07006", &["1"])));
            };
            let mut r = Reader::new(cell, "locator");
            numbers.push(if field.length == 8 { r.u64_in(field.order)? } else { u64::from(r.u32_in(field.order)?) });
        }
        let locator = numbers.first().and_then(|n| u32::try_from(*n).ok());
        let Some(value) = locator.and_then(|n| self.locators.get(n)) else {
            return Ok(Err(SqlError::new(-423, "0F001", &[])));
        };
        Ok(match (number, numbers.as_slice()) {
            (section::BLOB_LENGTH | section::CLOB_LENGTH, [_]) => {
                let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
                self.output(INTEGER, 4, |w, field| w.i32_in(length, field.order))
            }
            (section::BLOB_PART | section::CLOB_PART, [_, start, length]) => {
                let from = usize::try_from(start.saturating_sub(1)).unwrap_or(usize::MAX).min(value.len());
                let length = usize::try_from(*length).unwrap_or(usize::MAX).min(value.len() - from);
                self.part(value.slice(from..from + length), number == section::CLOB_PART)
            }
            _ => Err(SqlError::new(-525, "51015", &[&number.to_string(), PACKAGE])),
        })
    }

    /// A part of a value: in the row when it is short, else behind it.
    fn part(&self, part: Bytes, text: bool) -> std::result::Result<Answer, SqlError> {
        let (short, long) = match (text, self.persona.mixed) {
            (true, true) => (0x3F, 0xCF),
            (true, false) => (0x33, 0xCB),
            (false, _) => (0x29, 0xC9),
        };
        if part.len() <= usize::from(SHORT) {
            return self.output(short, SHORT, |w, _| w.var(&part));
        }
        let len = part.len() as u64;
        let answer = self.output(long, 0x8008, |w, _| w.u64(len))?;
        Ok(Answer { large: Some(part), ..answer })
    }

    /// An SQLDTARD with one value.
    fn output(
        &self,
        id: u8,
        length: u16,
        put: impl FnOnce(&mut Writer, &Field),
    ) -> std::result::Result<Answer, SqlError> {
        let field = lid::field(id, length.to_be_bytes(), &self.persona.typdef, 0)
            .map_err(|e| SqlError::system(&e.to_string()))?;
        let mut w = Writer::new();
        // No SQLCA; a row; a value.
        w.bytes(&[0xFF, 0x00, 0x00]);
        put(&mut w, &field);
        let described = Described { fdodsc: descriptor::encode_result(&[field]).into(), fdodta: w.into_vec().into() };
        Ok(Answer { described, large: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::value::field::Shape;

    #[test]
    fn the_oldest_locators_go_first() {
        let mut locators = Locators::default();
        let field = Field { nullable: true, ..Field::new(Type::Text, Shape::Lob(8)) };
        let big = Bytes::from(vec![0; MOST / 2]);
        let mut w = Writer::new();
        for _ in 0..3 {
            locators.put(Some(&field), false, big.clone(), &mut w);
        }
        locators.put(Some(&field), true, Bytes::new(), &mut w);
        assert_eq!(w.as_slice(), [0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0xFF]);
        assert!(locators.get(2).is_none() && locators.get(3).is_some());
        locators.release(3);
        locators.release(3);
        assert_eq!(locators.bytes, 0);
    }
}
