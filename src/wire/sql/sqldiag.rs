//! SQLDIAGGRP: the conditions of a statement in detail, after an SQLCA when the server was asked
//! for diagnostics. (DRDA SQLAM 7: SQLDIAGSTT, SQLDIAGCI, SQLDIAGCN. Layout as open-source
//! requesters read it; no server sent one to us. The row number, declared as packed decimal, is
//! an integer of eight bytes there.)

use super::error::Result;
use super::text::{NULL, SqlText, present};
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::error::MessageError;

/// Bytes of SQLDIAGSTT after its indicator: seven integers of 4, three numbers of 8, eight flags.
const STATEMENT: usize = 7 * 4 + 3 * 8 + 8;
/// Bytes of SQLCNGRP before its names.
const CONNECTION: usize = 18;

/// The group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiagGroup {
    /// SQLDIAGSTT, not interpreted.
    pub statement: Option<Vec<u8>>,
    /// One entry a condition.
    pub conditions: Vec<Condition>,
    /// SQLDIAGCN: one entry a connection.
    pub connections: Option<Vec<DiagConnection>>,
}

/// SQLDCGRP: one condition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Condition {
    /// SQLCODE.
    pub sqlcode: i32,
    /// SQLSTATE.
    pub sqlstate: String,
    /// Reason code.
    pub reason: i32,
    /// Line of the statement.
    pub line: i32,
    /// Row of a multi-row statement.
    pub row: i64,
    /// Error codes 1 to 4.
    pub errd: [i32; 4],
    /// Partition.
    pub partition: i32,
    /// Ordinal of the parameter.
    pub ppop: i32,
    /// Name of the message.
    pub msgid: String,
    /// Module that found the error.
    pub module: String,
    /// Product.
    pub product: String,
    /// Database.
    pub rdbnam: String,
    /// Tokens.
    pub tokens: Option<Vec<Option<String>>>,
    /// The message's text.
    pub message: Option<String>,
    /// Column.
    pub column: Option<String>,
    /// Cursor.
    pub cursor: Option<String>,
    /// Parameter.
    pub parameter: Option<String>,
    /// SQLDCXGRP.
    pub names: Option<ConditionNames>,
}

/// SQLDCXGRP: the objects that a condition is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConditionNames {
    /// Database, schema, specific name and table of the object.
    pub object: [Option<String>; 4],
    /// Database; schema and name of the constraint.
    pub constraint: (String, [Option<String>; 2]),
    /// Database; schema and name of the routine.
    pub routine: (String, [Option<String>; 2]),
    /// Database; schema and name of the trigger.
    pub trigger: (String, [Option<String>; 2]),
}

/// SQLCNGRP: one connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiagConnection {
    /// State, status, kinds and product, not interpreted.
    pub state: [u8; CONNECTION],
    /// Database.
    pub rdbnam: String,
    /// Server class.
    pub class: String,
    /// Authorization id.
    pub authid: String,
}

impl DiagGroup {
    /// Reads exactly the group.
    pub fn read(r: &mut Reader<'_>, text: &SqlText) -> Result<Option<DiagGroup>> {
        if !present(r)? {
            return Ok(None);
        }
        let statement = if present(r)? { Some(r.bytes(STATEMENT)?.to_vec()) } else { None };
        let conditions = repeat(r, text, |r| Condition::read(r, text))?;
        let connections = if present(r)? { Some(repeat(r, text, |r| DiagConnection::read(r, text))?) } else { None };
        Ok(Some(DiagGroup { statement, conditions, connections }))
    }

    /// Writes the group, or its absence.
    pub fn write(group: Option<&DiagGroup>, w: &mut Writer, text: &SqlText) -> Result<()> {
        let Some(group) = group else {
            w.u8(NULL);
            return Ok(());
        };
        w.u8(0);
        match &group.statement {
            Some(bytes) if bytes.len() == STATEMENT => {
                w.u8(0);
                w.bytes(bytes);
            }
            Some(bytes) => {
                return Err(MessageError::Limit { what: "SQLDIAGSTT".into(), len: bytes.len(), max: STATEMENT }.into());
            }
            None => w.u8(NULL),
        }
        put_count(w, text, group.conditions.len())?;
        group.conditions.iter().try_for_each(|c| c.write(w, text))?;
        match &group.connections {
            Some(connections) => {
                w.u8(0);
                put_count(w, text, connections.len())?;
                connections.iter().try_for_each(|c| c.write(w, text))
            }
            None => {
                w.u8(NULL);
                Ok(())
            }
        }
    }
}

impl Condition {
    fn read(r: &mut Reader<'_>, text: &SqlText) -> Result<Condition> {
        let order = text.order();
        let mut c = Condition {
            sqlcode: r.i32_in(order)?,
            sqlstate: text.fixed(r, 5)?,
            reason: r.i32_in(order)?,
            line: r.i32_in(order)?,
            row: r.i64_in(order)?,
            ..Condition::default()
        };
        for n in &mut c.errd {
            *n = r.i32_in(order)?;
        }
        c.partition = r.i32_in(order)?;
        c.ppop = r.i32_in(order)?;
        c.msgid = text.fixed(r, 10)?;
        c.module = text.fixed(r, 8)?;
        c.product = text.fixed(r, 5)?;
        c.rdbnam = text.single(r)?;
        if present(r)? {
            c.tokens = Some(repeat(r, text, |r| text.nullable_pair(r))?);
        }
        c.message = text.nullable_pair(r)?;
        c.column = text.nullable_pair(r)?;
        c.cursor = text.nullable_pair(r)?;
        c.parameter = text.nullable_pair(r)?;
        if present(r)? {
            c.names = Some(ConditionNames::read(r, text)?);
        }
        Ok(c)
    }

    fn write(&self, w: &mut Writer, text: &SqlText) -> Result<()> {
        let order = text.order();
        w.i32_in(self.sqlcode, order);
        text.put_fixed(w, "SQLDCSTATE", &self.sqlstate, 5)?;
        w.i32_in(self.reason, order);
        w.i32_in(self.line, order);
        w.i64_in(self.row, order);
        self.errd.iter().for_each(|n| w.i32_in(*n, order));
        w.i32_in(self.partition, order);
        w.i32_in(self.ppop, order);
        text.put_fixed(w, "SQLDCMSGID", &self.msgid, 10)?;
        text.put_fixed(w, "SQLDCMDE", &self.module, 8)?;
        text.put_fixed(w, "SQLDCPMOD", &self.product, 5)?;
        text.put_single(w, "SQLDCRDB", &self.rdbnam)?;
        match &self.tokens {
            Some(tokens) => {
                w.u8(0);
                put_count(w, text, tokens.len())?;
                tokens.iter().try_for_each(|t| text.put_nullable_pair(w, "SQLDCTOKS", t.as_deref()))?;
            }
            None => w.u8(NULL),
        }
        text.put_nullable_pair(w, "SQLDCMSG", self.message.as_deref())?;
        text.put_nullable_pair(w, "SQLDCCOLN", self.column.as_deref())?;
        text.put_nullable_pair(w, "SQLDCCURN", self.cursor.as_deref())?;
        text.put_nullable_pair(w, "SQLDCPNAM", self.parameter.as_deref())?;
        match &self.names {
            Some(names) => {
                w.u8(0);
                names.write(w, text)
            }
            None => {
                w.u8(NULL);
                Ok(())
            }
        }
    }
}

impl ConditionNames {
    fn read(r: &mut Reader<'_>, text: &SqlText) -> Result<ConditionNames> {
        let mut names = ConditionNames::default();
        for slot in &mut names.object {
            *slot = text.nullable_pair(r)?;
        }
        for (rdbnam, pair) in [&mut names.constraint, &mut names.routine, &mut names.trigger] {
            *rdbnam = text.single(r)?;
            for slot in pair {
                *slot = text.nullable_pair(r)?;
            }
        }
        Ok(names)
    }

    fn write(&self, w: &mut Writer, text: &SqlText) -> Result<()> {
        for name in &self.object {
            text.put_nullable_pair(w, "SQLDCXGRP", name.as_deref())?;
        }
        for (rdbnam, pair) in [&self.constraint, &self.routine, &self.trigger] {
            text.put_single(w, "SQLDCXGRP", rdbnam)?;
            for name in pair {
                text.put_nullable_pair(w, "SQLDCXGRP", name.as_deref())?;
            }
        }
        Ok(())
    }
}

impl DiagConnection {
    fn read(r: &mut Reader<'_>, text: &SqlText) -> Result<DiagConnection> {
        Ok(DiagConnection {
            state: r.array()?,
            rdbnam: text.single(r)?,
            class: text.single(r)?,
            authid: text.single(r)?,
        })
    }

    fn write(&self, w: &mut Writer, text: &SqlText) -> Result<()> {
        w.bytes(&self.state);
        text.put_single(w, "SQLCNRDB", &self.rdbnam)?;
        text.put_single(w, "SQLCNCLASS", &self.class)?;
        text.put_single(w, "SQLCNAUTHID", &self.authid)
    }
}

/// A two-byte count and so many elements; the list grows as they come.
fn repeat<T>(r: &mut Reader<'_>, text: &SqlText, read: impl Fn(&mut Reader<'_>) -> Result<T>) -> Result<Vec<T>> {
    let count = r.u16_in(text.order())?;
    let mut out = Vec::new();
    for _ in 0..count {
        out.push(read(r)?);
    }
    Ok(out)
}

fn put_count(w: &mut Writer, text: &SqlText, len: usize) -> Result<()> {
    let max = i16::MAX as usize;
    let count = u16::try_from(len).ok().filter(|_| len <= max);
    w.u16_in(count.ok_or(MessageError::Limit { what: "SQLDIAGGRP".into(), len, max })?, text.order());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::value::typdef::{TypDef, TypDefName};

    #[test]
    fn a_full_group_comes_back_and_no_cut_of_it_does() {
        let some = |s: &str| Some(s.to_owned());
        let group = DiagGroup {
            statement: Some(vec![0; STATEMENT]),
            conditions: vec![
                Condition {
                    sqlcode: -803,
                    sqlstate: "23505".into(),
                    row: 7,
                    errd: [1, 2, 3, 4],
                    msgid: "DSN00803E ".into(),
                    module: "DSNXRINS".into(),
                    product: "DSN12".into(),
                    rdbnam: "LOC1".into(),
                    tokens: Some(vec![some("IX1"), None]),
                    message: some("duplicate"),
                    names: Some(ConditionNames {
                        object: [None, some("S"), None, some("T")],
                        constraint: ("LOC1".into(), [some("S"), some("C")]),
                        ..ConditionNames::default()
                    }),
                    ..Condition::default()
                },
                Condition {
                    sqlstate: "00000".into(),
                    msgid: " ".repeat(10),
                    module: " ".repeat(8),
                    product: " ".repeat(5),
                    ..Condition::default()
                },
            ],
            connections: Some(vec![DiagConnection { rdbnam: "LOC1".into(), ..DiagConnection::default() }]),
        };
        for name in [TypDefName::Asc, TypDefName::X86] {
            let text = SqlText::new(&TypDef { name, ..TypDef::OURS });
            let mut w = Writer::new();
            DiagGroup::write(Some(&group), &mut w, &text).unwrap();
            let bytes = w.into_vec();
            let mut r = Reader::new(&bytes, "SQLDIAGGRP");
            assert_eq!(DiagGroup::read(&mut r, &text).unwrap().unwrap(), group);
            assert!(r.is_empty());
            for cut in 0..bytes.len() {
                assert!(DiagGroup::read(&mut Reader::new(&bytes[..cut], "cut"), &text).is_err(), "cut at {cut}");
            }
        }
    }
}
