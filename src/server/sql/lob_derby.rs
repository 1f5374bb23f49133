//! The calls by which Derby's clients read, make and change large objects: `? = CALL SYSIBM.CLOBGETLENGTH(?)` and
//! its like. The first parameter comes out, all of them come back. Positions count from 1, those
//! of text in the characters of Java, which are UTF-16 units. (Measured: Derby's JDBC client.)

use super::describe::{self, MODE_IN, MODE_OUT};
use super::lob_locator::{KeptLob, Locators};
use super::parameters::Input;
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
/// Longest part of a value.
const PART: usize = 0x7FFF;

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
    numbers: Vec<u64>,
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
            let mut r = Reader::new(&cell, "argument of a call");
            match (field.shape, field.length) {
                (Shape::Var, _) => value = Bytes::copy_from_slice(r.var()?),
                (Shape::Lob(_), _) => {
                    value = match input.lobs.first() {
                        Some(extdta) => decode_extdta(extdta, field.nullable, true)?.unwrap_or_default(),
                        None => Bytes::new(),
                    };
                }
                (_, 8) => numbers.push(r.u64_in(field.order)?),
                _ => numbers.push(u64::from(r.u32_in(field.order)?)),
            }
        }
        Ok(Arguments { numbers, value })
    }

    /// A number that has to be there.
    fn number(&self, at: usize) -> Result<u64> {
        let number = self.numbers.get(at).copied();
        number.ok_or_else(|| ProtocolError::syntax(synerrcd::VALUE, Some(cp::FDODTA)))
    }

    /// A position, which counts from 1, or a length.
    fn size(&self, at: usize) -> Result<usize> {
        Ok(usize::try_from(self.number(at)?).unwrap_or(usize::MAX))
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
    let answer = match answer(&mut sql.locators, call, &arguments)? {
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
fn answer(locators: &mut Locators, call: Call, arguments: &Arguments) -> Result<std::result::Result<Writer, SqlError>> {
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
            let (skip, most) = (arguments.size(1)?.saturating_sub(1), arguments.size(2)?.min(PART));
            if text {
                let Some(part) = part(value, skip, most) else { return Ok(Err(half_a_pair())) };
                w.var(part.as_bytes());
            } else {
                w.var(value.bytes.get(skip.min(value.bytes.len())..).map_or(&[][..], |v| v.get(..most).unwrap_or(v)));
            }
        }
        Call::Set { text } => {
            let from = offset(&value.bytes, arguments.size(1)?.saturating_sub(1), text);
            let Some(from) = from else { return Ok(Err(out_of_range())) };
            let given = if text { units(&arguments.value) } else { arguments.value.len() };
            // As many characters as are told, which are those of the value.
            if given != arguments.size(2)? {
                return Ok(Err(out_of_range()));
            }
            let rest = value.bytes.get(from..).unwrap_or_default();
            let end = from + offset(rest, given, text).unwrap_or(rest.len());
            let head = value.bytes.get(..from).unwrap_or_default();
            let made = [head, &arguments.value, value.bytes.get(end..).unwrap_or_default()].concat();
            return Ok(locators.change(locator, made.into()).map(|()| w));
        }
        Call::Truncate { text } => {
            let Some(end) = offset(&value.bytes, arguments.size(1)?, text) else { return Ok(Err(out_of_range())) };
            let made = value.bytes.slice(..end);
            return Ok(locators.change(locator, made).map(|()| w));
        }
        Call::Find { text } => w.u64(found(&value.bytes, &arguments.value, arguments.size(1)?, text)),
        Call::FindKept { text } => match locators.get(arguments.locator(1)?) {
            Some(wanted) => w.u64(found(&value.bytes, &wanted.bytes, arguments.size(2)?, text)),
            None => return Ok(Err(no_locator())),
        },
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
fn out_of_range() -> SqlError {
    SqlError::new(-138, "22011", &[])
}

/// The position of a value in another from one on, both of which count from 1; -1 where it is not there.
fn found(value: &[u8], wanted: &[u8], from: usize, text: bool) -> u64 {
    let at = offset(value, from.saturating_sub(1), text).and_then(|skip| {
        let at = skip + find(value.get(skip..)?, wanted)?;
        Some(if text { units(value.get(..at)?) } else { at })
    });
    at.map_or(u64::MAX, |at| at as u64 + 1)
}

/// Where a value first stands in another, in time that grows with the length of both. (Knuth, Morris and Pratt.)
fn find(value: &[u8], wanted: &[u8]) -> Option<usize> {
    // For each byte of the pattern: how much of its beginning ends there.
    let mut borders = vec![0; wanted.len()];
    let step = |borders: &[usize], mut held: usize, byte: u8| {
        while held > 0 && wanted.get(held) != Some(&byte) {
            held = borders.get(held - 1).copied().unwrap_or_default();
        }
        held + usize::from(wanted.get(held) == Some(&byte))
    };
    let mut held = 0;
    for (n, byte) in wanted.iter().enumerate().skip(1) {
        held = step(&borders, held, *byte);
        if let Some(border) = borders.get_mut(n) {
            *border = held;
        }
    }
    held = 0;
    if wanted.is_empty() {
        return Some(0);
    }
    value
        .iter()
        .position(|byte| {
            held = step(&borders, held, *byte);
            held == wanted.len()
        })
        .map(|last| last + 1 - wanted.len())
}

/// UTF-16 units of a text in UTF-8.
fn units(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xC0 != 0x80).map(|byte| size(*byte).1).sum()
}

/// The byte after so many units of a text, or after so many bytes; none where the value ends before, or a character
/// would be cut.
fn offset(value: &[u8], skip: usize, text: bool) -> Option<usize> {
    if !text {
        return (skip <= value.len()).then_some(skip);
    }
    let (mut at, mut passed) = (0, 0);
    while passed < skip {
        let (bytes, more) = size(*value.get(at)?);
        (at, passed) = (at + bytes, passed + more);
    }
    (passed == skip && at <= value.len()).then_some(at)
}

/// Up to `most` UTF-16 units after `skip` of them, one fewer where a pair would be cut; `None` when
/// the part begins in the middle of a pair, or the value is not text. What the row has no room for is
/// left out as well. Where the part ends is kept: the next one mostly begins there.
fn part(value: &KeptLob, skip: usize, most: usize) -> Option<&str> {
    let (units, at) = value.read.get();
    let (mut units, mut at) = if units <= skip { (units, at) } else { (0, 0) };
    let mut walk = |limit: usize, room: usize| {
        let start = at;
        while let Some(byte) = value.bytes.get(at) {
            let (bytes, more) = size(*byte);
            if units + more > limit || at - start + bytes > room {
                break;
            }
            (units, at) = (units + more, at + bytes);
        }
        (start, units, at)
    };
    let (_, reached, from) = walk(skip, usize::MAX);
    // Less than that is the end of the text.
    if reached < skip && from < value.bytes.len() {
        return None;
    }
    let (_, reached, to) = walk(skip.saturating_add(most), PART);
    value.read.set((reached, to));
    std::str::from_utf8(value.bytes.get(from..to.min(value.bytes.len()))?).ok()
}

/// Bytes of a character in UTF-8 by its first one, and units in UTF-16.
fn size(first: u8) -> (usize, usize) {
    match first {
        0xF0.. => (4, 2),
        0xE0.. => (3, 1),
        0xC0.. => (2, 1),
        _ => (1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

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
        let mut run = |call, numbers: &[u64], value: &str| {
            let arguments = Arguments { numbers: numbers.to_vec(), value: value.to_owned().into() };
            answer(&mut locators, call, &arguments).unwrap().map(Writer::into_vec)
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
        assert_eq!(run(Call::Truncate { text }, &[1, 4], ""), Ok(vec![]));
        assert_eq!(run(Call::Length { text }, &[1], ""), number(4));
        assert_eq!(run(Call::Release, &[1], ""), Ok(vec![]));
        assert_eq!(run(Call::Length { text }, &[1], ""), Err(no_locator()));
    }

    #[test]
    fn a_value_is_found_where_it_first_stands() {
        for (value, wanted, at) in [
            ("", "", Some(0)),
            ("abc", "", Some(0)),
            ("aabaabaaab", "aaab", Some(6)),
            ("ab", "abc", None),
            ("abababac", "ababac", Some(2)),
            ("aaa", "b", None),
            ("xyz", "xyz", Some(0)),
        ] {
            assert_eq!(find(value.as_bytes(), wanted.as_bytes()), at, "{value} {wanted}");
        }
    }

    #[test]
    fn parts_of_text_count_as_java_does() {
        let kept = |text: &str| KeptLob { bytes: text.to_owned().into(), ccsid: 1208, read: Cell::default() };
        let text = &kept("aü𝄞b");
        assert_eq!(part(text, 0, 9), Some("aü𝄞b"));
        assert_eq!(part(text, 1, 3), Some("ü𝄞"));
        assert_eq!(part(text, 1, 2), Some("ü"));
        assert_eq!(part(text, 4, 5), Some("b"));
        assert_eq!(part(text, 3, 5), None);
        assert_eq!(part(text, 50, 5), Some(""));
        assert_eq!(part(&kept(&"日".repeat(20_000)), 0, 20_000).map(str::len), Some(0x7FFF / 3 * 3));
    }
}
