//! Locators: numbers that stand for large values which the server keeps until the unit of work
//! ends. Their length and parts of them come by routines: Derby's in SYSIBM are called, those of Db2
//! are the static sections of the package SYSSTAT. (DRDA: LOB locators, FD:OCA types X'18' to
//! X'1D'; measured: Derby's JDBC client, IBM's CLI driver. The sections for DBCLOB are inferred.)

use super::execute::Input;
use super::output;
use super::reply::Replies;
use super::session::{Product, Session};
use crate::flow::error::FlowError;
use crate::flow::step::{Flow, Seen, Step};
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use crate::wire::fdoca::lid;
use crate::wire::sql::execute::ExcSqlStt;
use crate::wire::sql::package::PkgNamCsn;
use crate::wire::sql::prepare::PrpSqlStt;
use crate::wire::sql::text;
use crate::wire::value::field::{Field, Type};
use bytes::Bytes;
use std::sync::Arc;

/// Package of the static routines.
const PACKAGE: &str = "SYSSTAT";
/// Type ids, nullable, with their two length bytes.
const INTEGER: (u8, u16) = (0x03, 4);
const BIGINT: (u8, u16) = (0x17, 8);
const TEXT: (u8, u16) = (0x3F, 0x7FFF);
const BYTES: (u8, u16) = (0x29, 0x7FFF);

/// The kind of value that a locator stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Large {
    /// BLOB.
    Bytes,
    /// CLOB.
    Text,
    /// DBCLOB.
    Graphic,
}

impl Large {
    /// The kind of value that the locators of a column stand for; none when it holds no locators.
    pub fn of_locator(field: &Field) -> Option<Large> {
        match (field.ty, field.lid) {
            (Type::Locator, 0x18) => Some(Large::Bytes),
            (Type::Locator, 0x1A) => Some(Large::Text),
            (Type::Locator, 0x1C) => Some(Large::Graphic),
            _ => None,
        }
    }

    /// The kind of value that locators of a column of large values would stand for, if it can have any.
    pub fn of_value(field: &Field) -> Option<Large> {
        match field.lid {
            0xC8 => Some(Large::Bytes),
            0xCA | 0xCE => Some(Large::Text),
            0xCC => Some(Large::Graphic),
            _ => None,
        }
    }

    /// Type id of its locators.
    pub fn locator_lid(self) -> u8 {
        match self {
            Large::Bytes => 0x18,
            Large::Text => 0x1A,
            Large::Graphic => 0x1C,
        }
    }

    /// Type id of its values.
    pub fn value_lid(self) -> u8 {
        match self {
            Large::Bytes => 0xC8,
            Large::Text => 0xCE,
            Large::Graphic => 0xCC,
        }
    }
}

/// A large value at the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locator {
    /// Its number.
    pub number: u32,
    /// The kind of value that it stands for.
    pub kind: Large,
}

/// A question about a locator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// How long it is.
    Length(Locator),
    /// A part: first position, from 1, and how many.
    Part(Locator, u64, u32),
    /// Nothing more: the server may forget it.
    Free(Locator),
}

/// Asks about locators, all in one flush. The result are the answers up to the first that failed; a
/// failure of the very first is an error. [`Request::Free`] has no answer.
#[derive(Debug)]
pub struct Ask {
    session: Arc<Session>,
    section: PkgNamCsn,
    requests: Vec<Request>,
    answers: Vec<(Field, Bytes)>,
    replies: Replies,
}

impl Ask {
    /// By way of statements in `section`, where the server has no static ones.
    pub fn new(session: Arc<Session>, section: PkgNamCsn, requests: Vec<Request>) -> Ask {
        Ask { replies: Replies::new(&session), session, section, requests, answers: Vec::new() }
    }

    /// Values that are due.
    fn expected(&self) -> usize {
        self.requests.iter().filter(|r| !matches!(r, Request::Free(_))).count()
    }

    /// The section that a request runs in, and the statement that is prepared there for it.
    fn routine(&self, request: &Request) -> (PkgNamCsn, Option<&'static str>) {
        let derby = self.session.product == Product::Derby;
        let fixed = |section| (PkgNamCsn { package: PACKAGE.to_owned(), section, ..self.section.clone() }, None);
        let call = |sql| (self.section.clone(), Some(sql));
        match (request, derby) {
            (Request::Length(Locator { kind: Large::Bytes, .. }), true) => call("? = CALL SYSIBM.BLOBGETLENGTH(?)"),
            (Request::Length(_), true) => call("? = CALL SYSIBM.CLOBGETLENGTH(?)"),
            (Request::Part(Locator { kind: Large::Bytes, .. }, ..), true) => {
                call("? = CALL SYSIBM.BLOBGETBYTES(?,?,?)")
            }
            (Request::Part(..), true) => call("? = CALL SYSIBM.CLOBGETSUBSTRING(?,?,?)"),
            (Request::Free(Locator { kind: Large::Bytes, .. }), true) => call("CALL SYSIBM.BLOBRELEASELOCATOR(?)"),
            (Request::Free(_), true) => call("CALL SYSIBM.CLOBRELEASELOCATOR(?)"),
            (Request::Length(locator), false) => fixed(match locator.kind {
                Large::Bytes => 6,
                Large::Text => 7,
                Large::Graphic => 8,
            }),
            (Request::Part(locator, ..), false) => fixed(match locator.kind {
                Large::Bytes => 3,
                Large::Text => 4,
                Large::Graphic => 5,
            }),
            (Request::Free(_), false) => call("FREE LOCATOR ?"),
        }
    }

    /// The parameters of a request: at Derby the one that comes out stands first.
    fn input(&self, request: &Request) -> Result<Input, FlowError> {
        let derby = self.session.product == Product::Derby;
        let (locator, out) = match request {
            Request::Length(locator) => (locator, Some(BIGINT)),
            Request::Part(locator @ Locator { kind: Large::Bytes, .. }, ..) => (locator, Some(BYTES)),
            Request::Part(locator, ..) => (locator, Some(TEXT)),
            Request::Free(locator) => (locator, None),
        };
        let mut types = Vec::new();
        let mut w = Writer::new();
        if let Some(out) = out.filter(|_| derby) {
            types.push(out);
            w.u8(0xFF);
        }
        types.push(if derby { INTEGER } else { (locator.kind.locator_lid() | 1, 4) });
        w.u8(0);
        w.u32(locator.number);
        if let Request::Part(_, position, len) = request {
            types.extend([if derby { BIGINT } else { INTEGER }, INTEGER]);
            w.u8(0);
            match u32::try_from(*position) {
                _ if derby => w.u64(*position),
                Ok(position) => w.u32(position),
                Err(_) => return Err(FlowError::Settings("a large object of more than 4 GiB".to_owned())),
            }
            w.u8(0);
            w.u32(*len);
        }
        let fields = types.iter().map(|(id, size)| lid::field(*id, size.to_be_bytes(), &self.session.ours, 0));
        let fields: Result<Vec<_>, _> = fields.collect();
        let fields = fields.map_err(|e| FlowError::Settings(e.to_string()))?;
        Ok(Input { fields: Arc::new(fields), row: w.into_vec(), lobs: Vec::new() })
    }
}

impl Flow for Ask {
    type Out = Vec<(Field, Bytes)>;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let encoding = self.session.text;
        let mut chain = Chain::new();
        let mut prepared = None;
        for request in &self.requests {
            let (section, sql) = self.routine(request);
            if let Some(sql) = sql.filter(|sql| prepared != Some(*sql)) {
                chain.command(&PrpSqlStt::new(section.clone()).encode(encoding)?);
                chain.object(&text::sqlstt(sql, &self.session.ours, self.session.sqlam)?);
                prepared = Some(sql);
            }
            let outexp = (!matches!(request, Request::Free(_))).then_some(true);
            chain.command(&ExcSqlStt { outexp, ..ExcSqlStt::new(section) }.encode(encoding)?);
            self.input(request)?.put(&mut chain, &self.session)?;
        }
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Seen, FlowError> {
        if object.cp != cp::SQLDTARD {
            return self.replies.take(&object, &self.session);
        }
        // After a failure nobody can tell which request an answer belongs to.
        if self.replies.error.is_none() && self.replies.refusal.is_none() {
            if self.answers.len() >= self.expected() {
                return Err(FlowError::Misplaced { point: object.cp, why: "no more values were asked for" });
            }
            let answer = output::value(&object, &self.replies.typdef, 0)?;
            self.answers.push(answer.ok_or(FlowError::Missing { what: "a value", command: "EXCSQLSTT" })?);
            return Ok(Seen::Wanted);
        }
        Ok(Seen::Normal)
    }

    fn end(&mut self) -> Result<Step<Self::Out>, FlowError> {
        let expected = self.expected();
        match self.replies.failure() {
            Some(failure) if self.answers.is_empty() => return Err(failure),
            None if self.answers.len() != expected => {
                return Err(FlowError::Missing { what: "SQLDTARD", command: "EXCSQLSTT" });
            }
            _ => {}
        }
        Ok(Step::Done(std::mem::take(&mut self.answers)))
    }
}
