//! Large objects by locator: a number in the row, the value by asking for it. OUTOVR says which
//! columns are wanted so; the static sections of SYSSTAT tell a value's length and give parts of
//! it. (Measured: IBM's CLI driver reads every large object this way.)

use super::lob_derby::out_of_range;
use super::lob_locator::Locators;
use super::packages;
use super::parameters::{Input, whole_number};
use super::session::SqlSession;
use super::special_register_set::set_schema;
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::persona::Width;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::server::request::{After, Replies};
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::fdoca::{descriptor, lid};
use crate::wire::sql::execute::{DescribedData, extdta};
use crate::wire::value::field::Field;
use crate::wire::value::types::{Type, TypeId};
use bytes::Bytes;

/// The placeholder of a part, which says that its length is not known.
const PLAIN: u16 = 0x8008;
const UNKNOWN: u64 = 1 << 63;
/// Longest part of a DBCLOB, in characters.
const GRAPHICS: u16 = 0x3FFF;
/// Sections of the package. (Those for DBCLOB and to free a BLOB are inferred: nobody was seen to ask them.)
mod section {
    pub(super) const BLOB_PART: u16 = 3;
    pub(super) const CLOB_PART: u16 = 4;
    pub(super) const DBCLOB_PART: u16 = 5;
    pub(super) const BLOB_LENGTH: u16 = 6;
    pub(super) const CLOB_LENGTH: u16 = 7;
    pub(super) const DBCLOB_LENGTH: u16 = 8;
    pub(super) const FREE_BLOB: u16 = 9;
    pub(super) const FREE_CLOB: u16 = 10;
    pub(super) const FREE_DBCLOB: u16 = 11;
    /// SET CURRENT SCHEMA. (Measured: IBM's CLI driver, with the keyword CURRENTSCHEMA.)
    pub(super) const SET_SCHEMA: u16 = 34;
}

/// The output of a helper: one value, in its row or after it.
struct LobAnswer {
    described: DescribedData,
    large: Option<Bytes>,
}

/// A static section: locator in, with start and length where a part is wanted.
pub(super) fn sysstat(
    sql: &mut SqlSession,
    env: &Environment,
    number: u16,
    input: Option<Input>,
    out: &mut Replies<'_>,
) -> Result<After> {
    let answer = match input {
        Some(input) if number == section::SET_SCHEMA => return set_schema(sql, env, &input, out),
        Some(input) if matches!(number, section::FREE_BLOB | section::FREE_CLOB | section::FREE_DBCLOB) => {
            let cells = input.first_row()?;
            let Some(locator) = cells.first().and_then(Option::as_ref) else {
                return sql.conclude(env, Err(SqlError::new(-301, "07006", &["1"])), out);
            };
            sql.locators.release(Reader::new(locator, "locator").u32()?);
            return sql.conclude(env, Ok(()), out);
        }
        Some(input) => helper(env, &sql.locators, number, &input)?,
        None => Err(SqlError::new(-313, "07001", &[])),
    };
    match answer {
        Ok(answer) => {
            out.object(&answer.described.encode_sqldtard().map_err(ProtocolError::ours)?);
            if let Some(value) = answer.large {
                out.object(&extdta(&value, true, None).map_err(ProtocolError::ours)?);
            }
        }
        Err(error) => sql.fail(env, &error, out)?,
    }
    Ok(After::Next)
}

/// The value of a static section.
fn helper(
    env: &Environment,
    locators: &Locators,
    number: u16,
    input: &Input,
) -> Result<std::result::Result<LobAnswer, SqlError>> {
    let cells = input.first_row()?;
    let mut numbers = Vec::new();
    for (field, cell) in input.fields.iter().zip(&cells) {
        let (Type::Integer | Type::Locator, Some(cell)) = (field.ty, cell) else {
            return Ok(Err(SqlError::new(-301, "07006", &["1"])));
        };
        numbers.push(match (numbers.is_empty(), field.length) {
            // The locator is as it was written.
            (true, 4) => i64::from(Reader::new(cell, "locator").u32()?),
            _ => whole_number(field, cell)?,
        });
    }
    let locator = numbers.first().and_then(|n| u32::try_from(*n).ok());
    let Some(kept) = locator.and_then(|n| locators.get(n)) else {
        return Ok(Err(SqlError::new(-423, "0F001", &[])));
    };
    let (value, ccsid) = (&kept.bytes, kept.ccsid);
    let width = if matches!(number, section::DBCLOB_PART | section::DBCLOB_LENGTH) { 2 } else { 1 };
    Ok(match (number, numbers.as_slice()) {
        (section::BLOB_LENGTH | section::CLOB_LENGTH | section::DBCLOB_LENGTH, [_]) => {
            let length = i32::try_from(value.len() / width).unwrap_or(i32::MAX);
            output(env, TypeId::INTEGER, 4, 0, |w, field| w.i32_in(length, field.order))
        }
        (section::BLOB_PART | section::CLOB_PART, [_, start, length]) => {
            let Some((from, length)) = within(*start, *length, value.len()) else { return Ok(Err(out_of_range())) };
            part(env, value.slice(from..from + length), (number == section::CLOB_PART).then_some(ccsid))
        }
        (section::DBCLOB_PART, [_, start, length]) => {
            let Some((from, length)) = within(*start, *length, value.len() / 2) else { return Ok(Err(out_of_range())) };
            let length = length.min(usize::from(GRAPHICS));
            let part = value.slice(from * 2..(from + length) * 2);
            output(env, TypeId::LONG_VARGRAPHIC, GRAPHICS, ccsid, |w, _| {
                w.u16(length as u16);
                w.bytes(&part);
            })
        }
        _ => Err(SqlError::new(-525, "51015", &[&number.to_string(), packages::HELPERS])),
    })
}

/// Where a part begins, whose start counts from 1, and its length, both as far as the value goes.
fn within(start: i64, length: i64, whole: usize) -> Option<(usize, usize)> {
    let from = usize::try_from(start.checked_sub(1)?).ok()?.min(whole);
    Some((from, usize::try_from(length).ok()?.min(whole - from)))
}

/// A part of a value, which stands after its row; an empty one is there without anything. Text has a page. (Measured:
/// IBM's CLI and JDBC drivers; the latter reads it only where its length is not told.)
fn part(env: &Environment, part: Bytes, page: Option<u16>) -> std::result::Result<LobAnswer, SqlError> {
    let id = match page.map(Width::of) {
        None => TypeId::BLOB,
        Some(Some(Width::Single)) => TypeId::CLOB,
        Some(_) => TypeId::CLOB_MIXED,
    };
    let length = if part.is_empty() { 0 } else { UNKNOWN };
    let answer = output(env, id, PLAIN, page.unwrap_or(0), |w, _| w.u64(length))?;
    Ok(LobAnswer { large: Some(part).filter(|part| !part.is_empty()), ..answer })
}

/// An SQLDTARD with one value; text in the page `ccsid`, 0 is the usual one.
fn output(
    env: &Environment,
    id: TypeId,
    length: u16,
    ccsid: u16,
    put: impl FnOnce(&mut Writer, &Field),
) -> std::result::Result<LobAnswer, SqlError> {
    let field = lid::field(id.nullable(), length.to_be_bytes(), &env.persona.typdef, ccsid)
        .map_err(|e| SqlError::system(&e.to_string()))?;
    let mut w = Writer::new();
    // No SQLCA; a row; a value.
    w.bytes(&[0xFF, 0x00, 0x00]);
    put(&mut w, &field);
    let fdodsc = descriptor::encode_result(&[field], &env.persona.typdef);
    let fdodsc = fdodsc.map_err(|e| SqlError::system(&e.to_string()))?.into();
    let described = DescribedData { fdodsc, fdodta: w.into_vec().into() };
    Ok(LobAnswer { described, large: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_begin_at_one_and_end_with_the_value() {
        assert_eq!(within(1, 3, 10), Some((0, 3)));
        assert_eq!(within(9, 3, 10), Some((8, 2)));
        assert_eq!(within(i64::MAX, i64::MAX, 10), Some((10, 0)));
        for (start, length) in [(0, 1), (-1, 1), (1, -1), (i64::MIN, 1)] {
            assert_eq!(within(start, length, 10), None);
        }
    }
}
