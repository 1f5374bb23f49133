//! The calls by which Derby's clients read large objects: `? = CALL SYSIBM.CLOBGETLENGTH(?)` and
//! its like. The first parameter comes out, all of them come back. Positions count from 1, those
//! of text in the characters of Java, which are UTF-16 units. (Measured: Derby's JDBC client.)

use super::describe::{self, MODE_IN, MODE_OUT};
use super::lob_locator::KeptLob;
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
use crate::wire::sql::execute::DescribedData;
use crate::wire::sql::sqlda::SqlDa;
use crate::wire::sql::sqlvar::SqlVar;
use crate::wire::value::field::CCSID_BINARY;
use crate::wire::value::types::TypeId;

/// Name, call, parameters that go in.
const CALLS: [(&str, Call); 6] = [
    ("CLOBGETLENGTH", Call::Length { text: true }),
    ("BLOBGETLENGTH", Call::Length { text: false }),
    ("CLOBGETSUBSTRING", Call::Part { text: true }),
    ("BLOBGETBYTES", Call::Part { text: false }),
    ("CLOBRELEASELOCATOR", Call::Release),
    ("BLOBRELEASELOCATOR", Call::Release),
];

const INTEGER: TypeId = TypeId::INTEGER;
const BIGINT: TypeId = TypeId::BIGINT;
const TEXT: TypeId = TypeId::VARCHAR_MIXED;
const BYTES: TypeId = TypeId::VARCHAR_BITS;
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

    /// Types of the parameters, the one that comes out first.
    fn forms(self) -> &'static [TypeId] {
        match self {
            Call::Length { .. } => &[BIGINT, INTEGER],
            Call::Part { text: true } => &[TEXT, INTEGER, BIGINT, INTEGER],
            Call::Part { text: false } => &[BYTES, INTEGER, BIGINT, INTEGER],
            Call::Release => &[INTEGER],
        }
    }

    /// The description of the parameters.
    pub(super) fn parameters(self) -> SqlDa {
        let columns = self.forms().iter().enumerate().map(|(n, id)| {
            let mode = if n == 0 && self != Call::Release { MODE_OUT } else { MODE_IN };
            let ccsid = match *id {
                TEXT => 1208,
                BYTES => CCSID_BINARY,
                _ => 0,
            };
            SqlVar { ccsid, ..describe::parameter(*id, mode) }
        });
        SqlDa { sqlca: None, header: None, columns: columns.collect() }
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
    let input = input.filter(|i| i.fields.len() == forms.len());
    let input = input.ok_or_else(|| ProtocolError::syntax(synerrcd::MISSING, Some(cp::SQLDTA)))?;
    let mut numbers = Vec::new();
    for (field, cell) in input.fields.iter().zip(input.first_row()?) {
        let Some(cell) = cell else { continue };
        let mut r = Reader::new(&cell, "locator");
        numbers.push(if field.length == 8 { r.u64_in(field.order)? } else { u64::from(r.u32_in(field.order)?) });
    }
    let locator = numbers.first().and_then(|n| u32::try_from(*n).ok()).unwrap_or(0);
    if call == Call::Release {
        sql.locators.release(locator);
        return sql.conclude(env, Ok(()), out);
    }
    let Some(value) = sql.locators.get(locator) else {
        return sql.conclude(env, Err(SqlError::new(-423, "0F001", &[])), out);
    };
    let mut w = Writer::new();
    // No SQLCA; a row; the value that comes out; NULL for those that went in.
    w.bytes(&[0xFF, 0x00, 0x00]);
    match call {
        Call::Length { text: true } => w.u64(String::from_utf8_lossy(&value.bytes).encode_utf16().count() as u64),
        Call::Length { .. } | Call::Release => w.u64(value.bytes.len() as u64),
        Call::Part { text } => {
            let [_, start, length] = numbers.as_slice() else {
                return Err(ProtocolError::syntax(synerrcd::VALUE, Some(cp::FDODTA)));
            };
            let skip = usize::try_from(start.saturating_sub(1)).unwrap_or(usize::MAX);
            let most = usize::try_from(*length).unwrap_or(usize::MAX).min(PART);
            if text {
                let Some(part) = part(value, skip, most) else {
                    return sql.conclude(env, Err(SqlError::new(-330, "22021", &[])), out);
                };
                w.var(part.as_bytes());
            } else {
                w.var(value.bytes.get(skip.min(value.bytes.len())..).map_or(&[][..], |v| v.get(..most).unwrap_or(v)));
            }
        }
    }
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
