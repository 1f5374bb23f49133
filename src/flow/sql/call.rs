//! Calling a procedure: EXCSQLSTT answered by an SQLCARD, or by an SQLDTARD with the parameters that
//! come out; with result sets RSLSETRM names their sections, SQLRSLRD lists them, and each comes as
//! OPNQRYRM, SQLCINRD, QRYDSC and perhaps its first rows. (Measured: Derby.)

use super::input::Input;
use super::query::{OpenedQuery, QueryReply, SLACK};
use super::reply::Replies;
use super::rows::QueryBlock;
use super::session::Session;
use crate::flow::bounds::FRAME;
use crate::flow::error::FlowError;
use crate::flow::placement::once;
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use crate::wire::fdoca::descriptor;
use crate::wire::sql::execute::{DescribedData, ExcSqlStt};
use crate::wire::sql::package::PkgNamCsn;
use crate::wire::sql::query::OpnQryRm;
use crate::wire::sql::resultset::{self, RslSetRm};
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::sql::sqlda::SqlDa;
use crate::wire::value::field::{Field, Shape};
use std::sync::Arc;

/// Result sets are wanted with their descriptions (RSLSETFLG, as Derby's client says it).
const DESCRIBED: u8 = 0x04;
/// As many as there are.
const ALL: i16 = -1;

/// The outcome of a procedure.
#[derive(Debug, Default)]
pub struct Called {
    /// The parameters after the call: their fields, and one row.
    pub output: Option<(Vec<Field>, QueryBlock)>,
    /// Result sets, each with the section that it is fetched from.
    pub sets: Vec<(PkgNamCsn, OpenedQuery)>,
    /// Rows changed, where the server counts them.
    pub count: Option<u64>,
    /// Warnings.
    pub warnings: Vec<Sqlca>,
}

/// Calls a prepared procedure.
#[derive(Debug)]
pub struct Call {
    session: Arc<Session>,
    section: PkgNamCsn,
    input: Option<Input>,
    /// Parameters may come out.
    output: bool,
    block_size: u32,
    /// Sections of the result sets (RSLSETRM).
    sections: Option<Vec<PkgNamCsn>>,
    /// How many SQLRSLRD lists.
    listed: Option<usize>,
    sets: Vec<PendingSet>,
    called: Called,
    replies: Replies,
}

/// A result set as far as it was seen.
#[derive(Debug)]
struct PendingSet {
    message: OpnQryRm,
    described: Option<SqlDa>,
    fields: Option<Vec<Field>>,
    answer: QueryReply,
}

impl Call {
    /// The procedure prepared in `section`; with `output` its parameters are wanted back.
    pub fn new(session: Arc<Session>, section: PkgNamCsn, input: Option<Input>, output: bool, block_size: u32) -> Call {
        Call {
            replies: Replies::new(&session),
            session,
            section,
            input,
            output,
            block_size,
            sections: None,
            listed: None,
            sets: Vec::new(),
            called: Called::default(),
        }
    }

    /// Takes an object that belongs to the result set that came last.
    fn of_set(&mut self, object: Object) -> Result<Reception, FlowError> {
        let Some(set) = self.sets.last_mut() else { return self.replies.take(&object, &self.session) };
        let session = &self.session;
        match object.cp {
            cp::SQLCINRD => {
                let typdef = &self.replies.typdef;
                let described = SqlDa::decode_sqlcinrd(&object.body, session.sqlam, session.server_class(), typdef)?;
                once(&mut set.described, described, object.cp)?;
                return Ok(Reception::Wanted);
            }
            cp::QRYDSC => {
                once(&mut set.fields, descriptor::decode(&object.body, &self.replies.typdef)?, object.cp)?;
                return Ok(Reception::Wanted);
            }
            cp::SQLCARD => match Sqlca::decode(&object.body, session.sqlam, &self.replies.typdef)? {
                Some(sqlca) if sqlca.is_error() => {
                    set.answer.failure = Some(FlowError::Sql { sqlca: Box::new(sqlca), reply: None });
                    return Ok(Reception::Failure);
                }
                Some(sqlca) if sqlca.is_end() => set.answer.closed = true,
                Some(sqlca) if sqlca.sqlcode > 0 => set.answer.warnings.push(sqlca),
                _ => {}
            },
            point @ (cp::QRYDTA | cp::EXTDTA) if set.fields.is_none() => {
                return Err(FlowError::Misplaced { point, why: "rows come before their description" });
            }
            _ => return set.answer.take(object, &mut self.replies, session),
        }
        Ok(Reception::Normal)
    }
}

impl Flow for Call {
    type Out = Called;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let command = ExcSqlStt {
            outexp: self.output.then_some(true),
            qryblksz: Some(self.block_size),
            maxblkext: Some(ALL),
            maxrslcnt: Some(ALL),
            rslsetflg: Some(DESCRIBED),
            rdbcmtok: self.session.rdbcmtok(),
            ..ExcSqlStt::new(self.section.clone())
        };
        let mut chain = Chain::new();
        chain.command(&command.encode(self.session.text)?);
        if let Some(input) = &self.input {
            input.put(&mut chain, &self.session)?;
        }
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        match object.cp {
            cp::RSLSETRM => {
                let sections = RslSetRm::decode(&object.body, self.session.text)?.pkgsnlst.0;
                once(&mut self.sections, sections, object.cp)?;
            }
            cp::SQLRSLRD => {
                let listed = resultset::decode(&object.body, self.session.sqlam, &self.replies.typdef)?.len();
                once(&mut self.listed, listed, object.cp)?;
            }
            cp::OPNQRYRM => {
                let announced = self.sections.as_ref().map_or(0, Vec::len);
                if self.sets.len() >= announced {
                    return Err(FlowError::Misplaced { point: object.cp, why: "no more result sets were announced" });
                }
                let message = OpnQryRm::decode(&object.body, self.session.text)?;
                self.sets.push(PendingSet { message, described: None, fields: None, answer: QueryReply::default() });
            }
            cp::SQLDTARD if self.sets.is_empty() => {
                let output = DescribedData::decode(&object.body)?;
                let fields = descriptor::decode(&output.fdodsc, &self.replies.typdef)?;
                let block = QueryBlock { rows: output.fdodta, lobs: Vec::new() };
                once(&mut self.called.output, (fields, block), object.cp)?;
                return Ok(Reception::Wanted);
            }
            cp::EXTDTA if self.sets.is_empty() => match &mut self.called.output {
                Some((fields, block)) if block.lobs.len() < fields.len() => {
                    block.lobs.push(object.body);
                    return Ok(Reception::Wanted);
                }
                Some(_) => {
                    return Err(FlowError::Misplaced { point: object.cp, why: "there are more than parameters" });
                }
                None => return Err(FlowError::Missing { what: "SQLDTARD", command: "EXCSQLSTT" }),
            },
            _ => return self.of_set(object),
        }
        Ok(Reception::Normal)
    }

    fn longest(&self) -> usize {
        let output = self.called.output.iter().flat_map(|(fields, _)| fields);
        let sets = self.sets.iter().filter_map(|set| set.fields.as_ref()).flatten();
        let large = output.chain(sets).any(|f| matches!(f.shape, Shape::Lob(_)));
        if large { usize::MAX } else { FRAME.max(self.block_size as usize + SLACK) }
    }

    fn room(&self) -> usize {
        self.longest().saturating_mul(1 + self.sets.len())
    }

    fn end(&mut self) -> Result<Step<Called>, FlowError> {
        if let Some(failure) = self.replies.failure() {
            return Err(failure);
        }
        let missing = |what| FlowError::Missing { what, command: "EXCSQLSTT" };
        let replies = std::mem::replace(&mut self.replies, Replies::new(&self.session));
        if replies.cards.is_empty() && self.called.output.is_none() {
            return Err(missing("SQLCARD"));
        }
        let sets = std::mem::take(&mut self.sets);
        let sections = self.sections.take().unwrap_or_default();
        if sets.len() != sections.len() || sets.len() < self.listed.unwrap_or(0) {
            return Err(missing("OPNQRYRM"));
        }
        let mut called = std::mem::take(&mut self.called);
        called.count = replies.cards.first().map_or(Some(0), |c| c.as_ref().map_or(Some(0), Sqlca::update_count));
        called.warnings = replies.warnings();
        for (section, set) in sections.into_iter().zip(sets) {
            let opened = OpenedQuery {
                scrolls: false,
                updatable: false,
                described: Some(set.described.ok_or_else(|| missing("SQLCINRD"))?),
                fields: set.fields.ok_or_else(|| missing("QRYDSC"))?,
                instance: set.message.qryinsid,
                held: set.message.sqlcsrhld == Some(true),
                answer: set.answer,
            };
            called.sets.push((section, opened));
        }
        Ok(Step::Done(called))
    }

    fn is_interruptible(&self) -> bool {
        true
    }
}
