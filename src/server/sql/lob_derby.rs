//! The calls by which Derby's clients read, make and change large objects: `? = CALL SYSIBM.CLOBGETLENGTH(?)` and
//! its like. The first parameter comes out, all of them come back. Positions count from 1, those
//! of text in the characters of Java, which are UTF-16 units. (Measured: Derby's JDBC client.)

use super::describe::{self, MODE_IN, MODE_OUT};
use super::lob_locator::Locators;
use super::lob_position::{PART, found, offset, part, seek, units};
use super::parameters::{Input, whole_number};
use super::section::Call;
use super::session::SqlSession;
use crate::server::environment::Environment;
use crate::server::error::SqlError;
use crate::server::protocol_error::{ProtocolError, Result, synerrcd};
use crate::server::request::{After, Replies};
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::fdoca::{descriptor, lid};
use crate::wire::sql::execute::{DescribedData, decode_extdta};
use crate::wire::sql::sqlda::SqlDa;
use crate::wire::sql::sqlvar::SqlVar;
use crate::wire::value::field::{CCSID_BINARY, Shape};
use crate::wire::value::types::TypeId;
use bytes::Bytes;
use std::sync::atomic::AtomicBool;

/// Names of calls.
const CALLS: [(&str, Call); 16] = [
    ("CLOBGETLENGTH", Call::Length { text: true }),
    ("BLOBGETLENGTH", Call::Length { text: false }),
    ("CLOBGETSUBSTRING", Call::Part { text: true }),
    ("BLOBGETBYTES", Call::Part { text: false }),
    ("CLOBRELEASELOCATOR", Call::Release),
    ("BLOBRELEASELOCATOR", Call::Release),
    ("CLOBCREATELOCATOR", Call::Create { text: true }),
    ("BLOBCREATELOCATOR", Call::Create { text: false }),
    ("CLOBSETSTRING", Call::Set { text: true }),
    ("BLOBSETBYTES", Call::Set { text: false }),
    ("CLOBTRUNCATE", Call::Truncate { text: true }),
    ("BLOBTRUNCATE", Call::Truncate { text: false }),
    ("CLOBGETPOSITIONFROMSTRING", Call::Find { text: true }),
    ("BLOBGETPOSITIONFROMBYTES", Call::Find { text: false }),
    ("CLOBGETPOSITIONFROMLOCATOR", Call::FindKept { text: true }),
    ("BLOBGETPOSITIONFROMLOCATOR", Call::FindKept { text: false }),
];

const INTEGER: TypeId = TypeId::INTEGER;
const BIGINT: TypeId = TypeId::BIGINT;
const TEXT: TypeId = TypeId::VARCHAR_MIXED;
const BYTES: TypeId = TypeId::VARCHAR_BITS;
/// The page of text.
const UTF8: u16 = 1208;

impl Call {
    /// The call that a statement is, if it is one of these.
    pub(super) fn of(sql: &str) -> Option<Call> {
        let sql = sql.trim_start().trim_start_matches(['?', '=', ' ']);
        let after = sql.get(..12).filter(|s| s.eq_ignore_ascii_case("CALL SYSIBM.")).and_then(|_| sql.get(12..))?;
        let name = after.split(['(', ' ']).next().unwrap_or_default();
        CALLS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, call)| *call)
    }

    /// Types of the parameters, the one that comes out first, if there is one.
    fn forms(self) -> &'static [TypeId] {
        match self {
            Call::Length { .. } => &[BIGINT, INTEGER],
            Call::Part { text: true } => &[TEXT, INTEGER, BIGINT, INTEGER],
            Call::Part { text: false } => &[BYTES, INTEGER, BIGINT, INTEGER],
            Call::Release => &[INTEGER],
            Call::Create { .. } => &[INTEGER],
            Call::Set { text: true } => &[INTEGER, BIGINT, INTEGER, TEXT],
            Call::Set { text: false } => &[INTEGER, BIGINT, INTEGER, BYTES],
            Call::Truncate { .. } => &[INTEGER, BIGINT],
            Call::Find { text: true } => &[BIGINT, INTEGER, TEXT, BIGINT],
            Call::Find { text: false } => &[BIGINT, INTEGER, BYTES, BIGINT],
            Call::FindKept { .. } => &[BIGINT, INTEGER, INTEGER, BIGINT],
        }
    }

    /// The first parameter comes out.
    fn returns(self) -> bool {
        !matches!(self, Call::Release | Call::Set { .. } | Call::Truncate { .. })
    }

    /// The description of the parameters.
    pub(super) fn parameters(self) -> SqlDa {
        let columns = self.forms().iter().enumerate().map(|(n, id)| {
            let mode = if n == 0 && self.returns() { MODE_OUT } else { MODE_IN };
            let ccsid = match *id {
                TEXT => UTF8,
                BYTES => CCSID_BINARY,
                _ => 0,
            };
            SqlVar { ccsid, ..describe::parameter(*id, mode) }
        });
        SqlDa { sqlca: None, header: None, columns: columns.collect() }
    }
}

/// The arguments of a call: its numbers in order, and the value that goes in.
struct Arguments {
    numbers: Vec<i64>,
    value: Bytes,
}

impl Arguments {
    /// Those of a call of this form.
    fn read(input: Option<Input>, forms: &[TypeId]) -> Result<Arguments> {
        let input = input.filter(|i| i.fields.len() == forms.len());
        let input = input.ok_or_else(|| ProtocolError::syntax(synerrcd::MISSING, Some(cp::SQLDTA)))?;
        let (mut numbers, mut value) = (Vec::new(), Bytes::new());
        for (field, cell) in input.fields.iter().zip(input.first_row()?) {
            let Some(cell) = cell else { continue };
            match field.shape {
                Shape::Var => value = Bytes::copy_from_slice(Reader::new(&cell, "argument of a call").var()?),
                Shape::Lob(_) => {
                    value = match input.lobs.first() {
                        Some(extdta) => decode_extdta(extdta, field.nullable, true)?.unwrap_or_default(),
                        None => Bytes::new(),
                    };
                }
                _ => numbers.push(whole_number(field, &cell)?),
            }
        }
        Ok(Arguments { numbers, value })
    }

    /// A number that has to be there.
    fn number(&self, at: usize) -> Result<i64> {
        let number = self.numbers.get(at).copied();
        number.ok_or_else(|| ProtocolError::syntax(synerrcd::VALUE, Some(cp::FDODTA)))
    }

    /// The offset of a position, which counts from 1; none where there is no such.
    fn skip(&self, at: usize) -> Result<Option<usize>> {
        Ok(self.number(at)?.checked_sub(1).and_then(|skip| usize::try_from(skip).ok()))
    }

    /// A length; none where there is no such.
    fn size(&self, at: usize) -> Result<Option<usize>> {
        Ok(usize::try_from(self.number(at)?).ok())
    }

    fn locator(&self, at: usize) -> Result<u32> {
        Ok(u32::try_from(self.number(at)?).unwrap_or_default())
    }
}

/// Runs a call.
pub(super) fn call_lob(
    sql: &mut SqlSession,
    env: &Environment,
    call: Call,
    input: Option<Input>,
    out: &mut Replies<'_>,
) -> Result<After> {
    let forms = call.forms();
    let arguments = Arguments::read(input, forms)?;
    let abandoned = sql.abandoned();
    let answer = match answer((&mut sql.locators, &abandoned), call, &arguments)? {
        Ok(answer) if call.returns() => answer,
        done => return sql.conclude(env, done.map(drop), out),
    };
    let mut w = Writer::new();
    // No SQLCA; a row; the value that comes out; NULL for those that went in.
    w.bytes(&[0xFF, 0x00, 0x00]);
    w.bytes(answer.as_slice());
    w.fill(0xFF, forms.len() - 1);
    let fields: std::result::Result<Vec<_>, _> =
        forms.iter().map(|id| lid::usual(id.nullable(), &env.persona.typdef)).collect();
    let fdodsc = descriptor::encode_result(&fields.map_err(ProtocolError::ours)?, &env.persona.typdef)
        .map_err(ProtocolError::ours)?
        .into();
    let described = DescribedData { fdodsc, fdodta: w.into_vec().into() };
    out.object(&described.encode_sqldtard().map_err(ProtocolError::ours)?);
    Ok(After::Next)
}

/// The value that comes out of a call, as it is written.
fn answer(
    (locators, abandoned): (&mut Locators, &AtomicBool),
    call: Call,
    arguments: &Arguments,
) -> Result<std::result::Result<Writer, SqlError>> {
    let mut w = Writer::new();
    if let Call::Create { text } = call {
        w.u32(locators.keep(Bytes::new(), if text { UTF8 } else { 0 }));
        return Ok(Ok(w));
    }
    let locator = arguments.locator(0)?;
    if call == Call::Release {
        locators.release(locator);
        return Ok(Ok(w));
    }
    let Some(value) = locators.get(locator) else { return Ok(Err(no_locator())) };
    match call {
        Call::Length { text: true } => w.u64(units(&value.bytes) as u64),
        Call::Length { .. } => w.u64(value.bytes.len() as u64),
        Call::Part { text } => {
            let (Some(skip), Some(most)) = (arguments.skip(1)?, arguments.size(2)?) else {
                return Ok(Err(out_of_range()));
            };
            let most = most.min(PART);
            if text {
                let Some(part) = part(value, skip, most) else { return Ok(Err(half_a_pair())) };
                w.var(part.as_bytes());
            } else {
                w.var(value.bytes.get(skip.min(value.bytes.len())..).map_or(&[][..], |v| v.get(..most).unwrap_or(v)));
            }
        }
        Call::Set { text } => {
            let skip = arguments.skip(1)?;
            let from = skip.and_then(|skip| Some((skip, seek(value, skip, text)?)));
            let Some((skip, from)) = from else { return Ok(Err(out_of_range())) };
            let given = if text { units(&arguments.value) } else { arguments.value.len() };
            // As many characters as are told, which are those of the value.
            if arguments.size(2)? != Some(given) {
                return Ok(Err(out_of_range()));
            }
            let rest = value.bytes.get(from..).unwrap_or_default();
            let end = match offset(rest, given, text) {
                Some(end) => end,
                None if text && units(rest) > given => return Ok(Err(half_a_pair())),
                None => rest.len(),
            };
            let done = locators.splice(locator, from..from + end, &arguments.value);
            if let (Ok(()), true, Some(kept)) = (&done, text, locators.get(locator)) {
                // The next part mostly follows.
                kept.read.set((skip + given, from + arguments.value.len()));
            }
            return Ok(done.map(|()| w));
        }
        Call::Truncate { text } => {
            let end = arguments.size(1)?.and_then(|size| offset(&value.bytes, size, text));
            let Some(end) = end else { return Ok(Err(out_of_range())) };
            return Ok(locators.splice(locator, end..value.bytes.len(), &[]).map(|()| w));
        }
        Call::Find { .. } | Call::FindKept { .. } => {
            let (wanted, at, text) = match call {
                Call::Find { text } => (Some(&arguments.value), 1, text),
                Call::FindKept { text } => (locators.get(arguments.locator(1)?).map(|kept| &kept.bytes), 2, text),
                _ => (None, 0, false),
            };
            let Some(wanted) = wanted else { return Ok(Err(no_locator())) };
            let Some(skip) = arguments.skip(at)? else { return Ok(Err(out_of_range())) };
            match found((&locators.budget, abandoned), &value.bytes, wanted, skip, text) {
                Ok(at) => w.u64(at),
                Err(full) => return Ok(Err(full)),
            }
        }
        Call::Create { .. } | Call::Release => {}
    }
    Ok(Ok(w))
}

/// -423: the locator stands for nothing.
fn no_locator() -> SqlError {
    SqlError::new(-423, "0F001", &[])
}

/// -330: a part of a text that begins or ends in the middle of a character.
fn half_a_pair() -> SqlError {
    SqlError::new(-330, "22021", &[])
}

/// -138: a position or a length that the value has not.
pub(super) fn out_of_range() -> SqlError {
    SqlError::new(-138, "22011", &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_recognised() {
        assert_eq!(Call::of("? = CALL SYSIBM.CLOBGETLENGTH(?)"), Some(Call::Length { text: true }));
        assert_eq!(Call::of("CALL SYSIBM.BLOBRELEASELOCATOR(?)"), Some(Call::Release));
        assert_eq!(Call::of("CALL SYSIBM.SQLTABLES(?,?,?,?,?)"), None);
        assert_eq!(Call::of("SELECT 1"), None);
    }

    #[test]
    fn values_are_made_changed_and_searched() {
        let budget = crate::server::budget::ServerBudget::new(1 << 20, 1 << 20).connection();
        let mut locators = Locators::new(&budget);
        let mut run = |call, numbers: &[i64], value: &str| {
            let arguments = Arguments { numbers: numbers.to_vec(), value: value.to_owned().into() };
            answer((&mut locators, &AtomicBool::new(false)), call, &arguments).unwrap().map(Writer::into_vec)
        };
        let number = |n: u64| Ok(n.to_be_bytes().to_vec());
        let text = true;
        assert_eq!(run(Call::Create { text }, &[], ""), Ok(vec![0, 0, 0, 1]));
        assert_eq!(run(Call::Set { text }, &[1, 1, 5], "aü𝄞b"), Ok(vec![]));
        assert_eq!(run(Call::Set { text }, &[1, 6, 2], "cd"), Ok(vec![]));
        assert_eq!(run(Call::Set { text }, &[1, 2, 1], "x"), Ok(vec![]));
        assert_eq!(run(Call::Part { text }, &[1, 1, 99], ""), Ok([&[0, 9][..], "ax𝄞bcd".as_bytes()].concat()));
        assert_eq!(run(Call::Length { text }, &[1], ""), number(7));
        assert_eq!(run(Call::Find { text }, &[1, 1], "bc"), number(5));
        assert_eq!(run(Call::Find { text }, &[1, 6], "bc"), number(u64::MAX));
        // In the middle of a pair, and after the end.
        assert_eq!(run(Call::Set { text }, &[1, 4, 1], "x"), Err(out_of_range()));
        assert_eq!(run(Call::Set { text }, &[1, 9, 1], "x"), Err(out_of_range()));
        // The end of what is written lies in the middle of a pair; in the middle of another text that is no matter.
        assert_eq!(run(Call::Set { text }, &[1, 2, 2], "yz"), Err(half_a_pair()));
        assert_eq!(run(Call::Length { text }, &[1], ""), number(7));
        // Positions count from 1, lengths from 0.
        for position in [0, -1] {
            assert_eq!(run(Call::Set { text }, &[1, position, 1], "x"), Err(out_of_range()));
            assert_eq!(run(Call::Part { text }, &[1, position, 1], ""), Err(out_of_range()));
            assert_eq!(run(Call::Find { text }, &[1, position], "x"), Err(out_of_range()));
        }
        assert_eq!(run(Call::Part { text: false }, &[1, 1, -1], ""), Err(out_of_range()));
        assert_eq!(run(Call::Truncate { text }, &[1, -1], ""), Err(out_of_range()));
        assert_eq!(run(Call::Part { text }, &[1, 1, 99], ""), Ok([&[0, 9][..], "ax𝄞bcd".as_bytes()].concat()));
        assert_eq!(run(Call::Truncate { text }, &[1, 4], ""), Ok(vec![]));
        assert_eq!(run(Call::Length { text }, &[1], ""), number(4));
        assert_eq!(run(Call::Release, &[1], ""), Ok(vec![]));
        assert_eq!(run(Call::Length { text }, &[1], ""), Err(no_locator()));
    }
}
