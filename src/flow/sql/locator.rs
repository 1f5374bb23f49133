//! Locators: numbers that stand for large values which the server keeps until the unit of work
//! ends. Their length and parts of them come by routines: Derby's in SYSIBM are called, those of Db2
//! are the static sections of the package SYSSTAT. (DRDA: LOB locators, FD:OCA types X'18' to
//! X'1D'; measured: Derby's JDBC client, IBM's CLI driver. The sections for DBCLOB are inferred.)

use super::input::Input;
use super::output;
use super::reply::Replies;
use super::session::Session;
use crate::flow::error::FlowError;
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use crate::wire::fdoca::lid;
use crate::wire::sql::execute::{ExcSqlStt, decode_extdta};
use crate::wire::sql::package::PkgNamCsn;
use crate::wire::sql::placeholder::Placeholder;
use crate::wire::sql::prepare::PrpSqlStt;
use crate::wire::sql::text;
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::product::Product;
use crate::wire::value::types::{Type, TypeId};
use bytes::Bytes;
use std::sync::Arc;

/// Package of the static routines.
const PACKAGE: &str = "SYSSTAT";

/// The kind of value that a locator stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LobKind {
    /// BLOB.
    Bytes,
    /// CLOB.
    Text,
    /// DBCLOB.
    Graphic,
}

impl LobKind {
    /// The kind of value that the locators of a column stand for; none when it holds no locators.
    pub fn of_locator(field: &Field) -> Option<LobKind> {
        match (field.ty, field.lid) {
            (Type::Locator, TypeId::BLOB_LOCATOR) => Some(LobKind::Bytes),
            (Type::Locator, TypeId::CLOB_LOCATOR) => Some(LobKind::Text),
            (Type::Locator, TypeId::DBCLOB_LOCATOR) => Some(LobKind::Graphic),
            _ => None,
        }
    }

    /// The kind of value that locators of a column of large values would stand for, if it can have any.
    pub fn of_value(field: &Field) -> Option<LobKind> {
        match field.lid {
            TypeId::BLOB => Some(LobKind::Bytes),
            TypeId::CLOB | TypeId::CLOB_MIXED => Some(LobKind::Text),
            TypeId::DBCLOB => Some(LobKind::Graphic),
            _ => None,
        }
    }

    /// Type id of its locators.
    pub fn locator_id(self) -> TypeId {
        match self {
            LobKind::Bytes => TypeId::BLOB_LOCATOR,
            LobKind::Text => TypeId::CLOB_LOCATOR,
            LobKind::Graphic => TypeId::DBCLOB_LOCATOR,
        }
    }

    /// Type id of its values.
    pub fn value_id(self) -> TypeId {
        match self {
            LobKind::Bytes => TypeId::BLOB,
            LobKind::Text => TypeId::CLOB_MIXED,
            LobKind::Graphic => TypeId::DBCLOB,
        }
    }
}

/// A large value at the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locator {
    /// Its number.
    pub number: u32,
    /// The kind of value that it stands for.
    pub kind: LobKind,
}

/// A question about a locator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LobRequest {
    /// How long it is.
    Length(Locator),
    /// A part: first position, from 1, and how many.
    Part(Locator, u64, u32),
    /// Nothing more: the server may forget it.
    Free(Locator),
}

/// Asks about locators, all in one flush. The result are the answers up to the first that failed; a
/// failure of the very first is an error. [`LobRequest::Free`] has no answer.
#[derive(Debug)]
pub struct Ask {
    session: Arc<Session>,
    section: PkgNamCsn,
    requests: Vec<LobRequest>,
    answers: Vec<(Field, Bytes)>,
    /// The last answer follows as EXTDTA.
    follows: bool,
    replies: Replies,
}

impl Ask {
    /// By way of statements in `section`, where the server has no static ones.
    pub fn new(session: Arc<Session>, section: PkgNamCsn, requests: Vec<LobRequest>) -> Ask {
        Ask { replies: Replies::new(&session), session, section, requests, answers: Vec::new(), follows: false }
    }

    /// Values that are due.
    fn expected(&self) -> usize {
        self.requests.iter().filter(|r| !matches!(r, LobRequest::Free(_))).count()
    }

    /// The section that a request runs in, and the statement that is prepared there for it.
    fn routine(&self, request: &LobRequest) -> (PkgNamCsn, Option<&'static str>) {
        let derby = self.session.product == Product::Derby;
        let fixed = |section| (PkgNamCsn { package: PACKAGE.to_owned(), section, ..self.section.clone() }, None);
        let call = |sql| (self.section.clone(), Some(sql));
        match (request, derby) {
            (LobRequest::Length(Locator { kind: LobKind::Bytes, .. }), true) => {
                call("? = CALL SYSIBM.BLOBGETLENGTH(?)")
            }
            (LobRequest::Length(_), true) => call("? = CALL SYSIBM.CLOBGETLENGTH(?)"),
            (LobRequest::Part(Locator { kind: LobKind::Bytes, .. }, ..), true) => {
                call("? = CALL SYSIBM.BLOBGETBYTES(?,?,?)")
            }
            (LobRequest::Part(..), true) => call("? = CALL SYSIBM.CLOBGETSUBSTRING(?,?,?)"),
            (LobRequest::Free(Locator { kind: LobKind::Bytes, .. }), true) => call("CALL SYSIBM.BLOBRELEASELOCATOR(?)"),
            (LobRequest::Free(_), true) => call("CALL SYSIBM.CLOBRELEASELOCATOR(?)"),
            (LobRequest::Length(locator), false) => fixed(match locator.kind {
                LobKind::Bytes => 6,
                LobKind::Text => 7,
                LobKind::Graphic => 8,
            }),
            (LobRequest::Part(locator, ..), false) => fixed(match locator.kind {
                LobKind::Bytes => 3,
                LobKind::Text => 4,
                LobKind::Graphic => 5,
            }),
            (LobRequest::Free(_), false) => call("FREE LOCATOR ?"),
        }
    }

    /// The parameters of a request: at Derby the one that comes out stands first.
    fn input(&self, request: &LobRequest) -> Result<Input, FlowError> {
        let derby = self.session.product == Product::Derby;
        let (locator, out) = match request {
            LobRequest::Length(locator) => (locator, Some(TypeId::BIGINT)),
            LobRequest::Part(locator @ Locator { kind: LobKind::Bytes, .. }, ..) => {
                (locator, Some(TypeId::VARCHAR_BITS))
            }
            LobRequest::Part(locator, ..) => (locator, Some(TypeId::VARCHAR_MIXED)),
            LobRequest::Free(locator) => (locator, None),
        };
        let mut types = Vec::new();
        let mut w = Writer::new();
        if let Some(out) = out.filter(|_| derby) {
            types.push(out);
            w.u8(0xFF);
        }
        types.push(if derby { TypeId::INTEGER } else { locator.kind.locator_id() });
        w.u8(0);
        w.u32(locator.number);
        if let LobRequest::Part(_, position, len) = request {
            types.extend([if derby { TypeId::BIGINT } else { TypeId::INTEGER }, TypeId::INTEGER]);
            w.u8(0);
            match u32::try_from(*position) {
                _ if derby => w.u64(*position),
                Ok(position) => w.u32(position),
                Err(_) => return Err(FlowError::Settings("a large object of more than 4 GiB".to_owned())),
            }
            w.u8(0);
            w.u32(*len);
        }
        let fields = types.iter().map(|id| lid::usual(id.nullable(), &self.session.ours));
        let fields: Result<Vec<_>, _> = fields.collect();
        let fields = fields.map_err(|e| FlowError::Settings(e.to_string()))?;
        Ok(Input { fields: Arc::new(fields), row: w.into_vec().into(), lobs: Vec::new() })
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
            let outexp = (!matches!(request, LobRequest::Free(_))).then_some(true);
            chain.command(
                &ExcSqlStt { outexp, rdbcmtok: self.session.rdbcmtok(), ..ExcSqlStt::new(section) }.encode(encoding)?,
            );
            self.input(request)?.put(&mut chain, &self.session)?;
        }
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        if object.cp == cp::EXTDTA
            && let (true, Some((field, answer))) = (std::mem::take(&mut self.follows), self.answers.last_mut())
        {
            let value = decode_extdta(&object.body, field.nullable, false)?;
            *answer = value.ok_or(FlowError::Missing { what: "a value", command: "EXCSQLSTT" })?;
            return Ok(Reception::Wanted);
        }
        if object.cp != cp::SQLDTARD {
            return self.replies.take(&object, &self.session);
        }
        // After a failure nobody can tell which request an answer belongs to.
        if self.replies.error.is_none() && self.replies.refusal.is_none() {
            if self.answers.len() >= self.expected() {
                return Err(FlowError::Misplaced { point: object.cp, why: "no more values were asked for" });
            }
            let answer = output::value(&object, &self.replies.typdef, 0)?;
            let answer = answer.ok_or(FlowError::Missing { what: "a value", command: "EXCSQLSTT" })?;
            // A part may stand after its row. (Measured: IBM's JDBC driver takes no other form.)
            let large = matches!(answer.0.shape, Shape::Lob(_));
            self.follows = large && !Placeholder::new(&answer.1, answer.0.order).is_empty();
            self.answers.push(if large { (answer.0, Bytes::new()) } else { answer });
            return Ok(Reception::Wanted);
        }
        Ok(Reception::Normal)
    }

    fn end(&mut self) -> Result<Step<Self::Out>, FlowError> {
        let expected = self.expected();
        match self.replies.failure() {
            Some(failure) if self.answers.is_empty() => return Err(failure),
            None if self.answers.len() != expected || self.follows => {
                return Err(FlowError::Missing { what: "SQLDTARD", command: "EXCSQLSTT" });
            }
            _ => {}
        }
        Ok(Step::Done(std::mem::take(&mut self.answers)))
    }
}
