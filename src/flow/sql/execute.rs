//! Runs a prepared statement that is not a query: EXCSQLSTT with SQLDTA, answered by an SQLCARD; several in one
//! chain for several rows of parameters. In autocommit a commit follows. EXCSQLSET sets special registers.

use super::input::{Input, RowBlock};
use super::reply::Replies;
use super::session::Session;
use super::uow;
use crate::flow::error::FlowError;
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::codec::error::WireError;
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use crate::wire::sql::execute::ExcSqlStt;
use crate::wire::sql::package::{PkgNamCsn, TOKEN_ANY};
use crate::wire::sql::prepare::{ExcSqlImm, ExcSqlSet};
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::sql::text;
use std::cmp::Ordering;
use std::sync::Arc;

/// ATMIND: each row of an array stands for itself.
const NOT_ATOMIC: u8 = 1;

/// Objects that a procedure returns beside its SQLCARD.
const RESULTS: [CodePoint; 8] =
    [cp::RSLSETRM, cp::SQLDTARD, cp::SQLRSLRD, cp::OPNQRYRM, cp::SQLCINRD, cp::QRYDSC, cp::QRYDTA, cp::EXTDTA];

/// The rows of parameters that a statement is executed for.
#[derive(Debug)]
enum Given {
    /// Each as a command of its own; a statement without parameters runs once.
    Inputs(Vec<Input>),
    /// Each as a command of its own.
    Rows(RowBlock),
    /// All in one command, which is done for all of them or for none.
    Array(RowBlock),
    /// All in one command, in which each row stands for itself.
    Each(RowBlock),
}

/// The outcome of a statement.
#[derive(Debug, Default)]
pub struct Executed {
    /// Rows changed by each command, where the server counts them.
    pub counts: Vec<Option<u64>>,
    /// The rows that failed where each stands for itself: their positions, and why.
    pub bad: Vec<(usize, Box<Sqlca>)>,
    /// Warnings.
    pub warnings: Vec<Sqlca>,
}

/// A statement among several of a chain that failed. An SQL error does not end a chain: those after it were
/// executed too, unless the server says otherwise. (Measured: Derby.)
#[derive(Debug)]
pub struct Failed {
    /// How many before it were executed.
    pub before: usize,
    /// Why.
    pub error: FlowError,
    /// The server rolled the unit of work back somewhere in the chain. What was executed after that belongs to a
    /// new one.
    pub rolled_back: bool,
}

impl Failed {
    /// Whether this is how `error` ends a unit of work.
    pub fn new(before: usize, error: FlowError) -> Failed {
        Failed { before, rolled_back: ends_unit_of_work(&error), error }
    }
}

/// SQLSTATEs of class 40 say that the transaction was rolled back: -911 of Db2, deadlocks and lock time-outs of
/// Derby, which does not send ABNUOWRM. (Measured: Derby 10.14.)
pub fn ends_work(sqlca: &Sqlca) -> bool {
    sqlca.is_error() && sqlca.sqlstate.starts_with("40")
}

/// Whether the unit of work went with this error.
pub fn ends_unit_of_work(e: &FlowError) -> bool {
    match e {
        FlowError::Sql { sqlca, reply } => {
            ends_work(sqlca) || reply.as_ref().is_some_and(|reply| reply.cp == cp::ABNUOWRM)
        }
        FlowError::Refused(reply) => reply.cp == cp::ABNUOWRM,
        _ => false,
    }
}

/// Runs a prepared statement, once for each row of parameters (once without any).
#[derive(Debug)]
pub struct Execute {
    session: Arc<Session>,
    section: PkgNamCsn,
    given: Given,
    commit: bool,
    /// The statement was prepared for arrays: each command says how many rows it has.
    counted: bool,
    /// The failure of a row is an answer like any other.
    tolerant: bool,
    /// Cards so far, and those of them that were errors, where that is so.
    answered: usize,
    bad: Vec<(usize, Box<Sqlca>)>,
    /// Where the first error came that is not one row's, and the SQLCA of it.
    stopped: Option<(usize, Option<Box<Sqlca>>)>,
    replies: Replies,
    /// The statement brought result sets or output parameters: how many were executed before.
    unread: Option<usize>,
    /// A card or message after the first error said that the unit of work is gone.
    rolled_back: bool,
}

impl Execute {
    /// With `commit` the work is committed in the same flush.
    pub fn new(session: Arc<Session>, section: PkgNamCsn, inputs: Vec<Input>, commit: bool) -> Execute {
        Execute { commit, ..Execute::of(session, section, Given::Inputs(inputs)) }
    }

    /// For rows that are each a command of their own.
    pub fn rows(session: Arc<Session>, section: PkgNamCsn, rows: RowBlock) -> Execute {
        Execute::of(session, section, Given::Rows(rows))
    }

    /// For rows that are one command: atomic, as without ATMIND, and answered by one SQLCARD. (Measured: IBM's CLI
    /// driver.)
    pub fn array(session: Arc<Session>, section: PkgNamCsn, rows: RowBlock) -> Execute {
        Execute::of(session, section, Given::Array(rows))
    }

    /// Has each command say that it has one row.
    pub fn counted(self, counted: bool) -> Execute {
        Execute { counted, ..self }
    }

    /// For rows that are one command, in which each stands for itself and is answered by an SQLCARD of its own.
    /// (Measured: IBM's CLI and JDBC drivers.)
    pub fn each(session: Arc<Session>, section: PkgNamCsn, rows: RowBlock) -> Execute {
        Execute::of(session, section, Given::Each(rows)).tolerant()
    }

    /// Takes the failure of a row for an answer, unless the unit of work went with it.
    pub fn tolerant(self) -> Execute {
        Execute { tolerant: true, ..self }
    }

    fn of(session: Arc<Session>, section: PkgNamCsn, given: Given) -> Execute {
        let replies = Replies::new(&session);
        Execute {
            session,
            section,
            given,
            commit: false,
            counted: false,
            tolerant: false,
            answered: 0,
            bad: Vec::new(),
            stopped: None,
            replies,
            unread: None,
            rolled_back: false,
        }
    }

    /// Notes an SQLCARD where each row has one.
    fn note(&mut self, sqlca: Option<Sqlca>) {
        if let Some(sqlca) = sqlca.filter(|sqlca| self.tolerant && sqlca.is_error()) {
            let at = self.answered;
            match &mut self.stopped {
                // The message came right in front of it.
                Some((place, card @ None)) if *place == at => *card = Some(Box::new(sqlca)),
                None if ends_work(&sqlca) => self.stopped = Some((at, Some(Box::new(sqlca)))),
                _ => self.bad.push((at, Box::new(sqlca))),
            }
        }
        self.answered += 1;
    }

    /// The failure that no row of a tolerant call answers for.
    fn stop(&mut self) -> Option<Failed> {
        let (before, sqlca) = self.stopped.take()?;
        let error = match (sqlca, self.replies.refusal.take()) {
            (Some(sqlca), reply) => FlowError::Sql { sqlca, reply },
            (None, Some(reply)) => FlowError::Refused(reply),
            (None, None) => return None,
        };
        let failed = Failed::new(before, error);
        Some(Failed { rolled_back: failed.rolled_back || self.rolled_back, ..failed })
    }

    /// How many answers are due.
    fn answers(&self) -> usize {
        match &self.given {
            Given::Inputs(inputs) => inputs.len().max(1),
            Given::Rows(rows) | Given::Each(rows) => rows.rows,
            Given::Array(_) => 1,
        }
    }
}

impl Flow for Execute {
    type Out = Result<Executed, Failed>;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let mut chain = Chain::new();
        let nbrrow = match &self.given {
            Given::Array(rows) | Given::Each(rows) => u32::try_from(rows.rows).ok(),
            _ => self.counted.then_some(1),
        };
        let atmind = matches!(self.given, Given::Each(_)).then_some(NOT_ATOMIC);
        let command =
            ExcSqlStt { nbrrow, atmind, rdbcmtok: self.session.rdbcmtok(), ..ExcSqlStt::new(self.section.clone()) };
        let command = command.encode(self.session.text)?;
        match &self.given {
            Given::Inputs(inputs) if inputs.is_empty() => drop(chain.command(&command)),
            Given::Inputs(inputs) => {
                for input in inputs {
                    chain.command(&command);
                    input.put(&mut chain, &self.session)?;
                }
            }
            Given::Rows(rows) => rows.put_each(&command, &mut chain)?,
            Given::Array(rows) | Given::Each(rows) => {
                chain.command(&command);
                rows.put_array(&mut chain)?;
            }
        }
        if self.commit {
            chain.command(&uow::ending(&self.session, true)?);
        }
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        if matches!(object.cp, cp::RSLSETRM | cp::SQLDTARD) {
            self.unread.get_or_insert(self.replies.cards.len());
        }
        if self.unread.is_some() && RESULTS.contains(&object.cp) {
            return Ok(Reception::Normal);
        }
        let seen = self.replies.take(&object, &self.session)?;
        if seen == Reception::Failure {
            // Of several errors the first is told; whether the unit of work is gone, any of them may say.
            let gone = match object.cp {
                cp::SQLCARD => Sqlca::decode(&object.body, self.session.sqlam, &self.replies.typdef)?,
                _ => None,
            };
            self.rolled_back |= object.cp == cp::ABNUOWRM || gone.as_ref().is_some_and(ends_work);
            if object.cp == cp::SQLCARD {
                self.note(gone);
            } else if self.tolerant {
                self.stopped.get_or_insert((self.answered, None));
            }
        } else if object.cp == cp::SQLCARD {
            self.note(None);
        }
        // As many as there are rows.
        let due = object.cp == cp::SQLCARD && matches!(self.given, Given::Each(_));
        Ok(if due { Reception::Wanted } else { seen })
    }

    fn end(&mut self) -> Result<Step<Self::Out>, FlowError> {
        if let Some(failed) = self.stop() {
            return Ok(Step::Done(Err(failed)));
        }
        if self.tolerant && self.unread.is_none() && !self.bad.is_empty() {
            match self.answered.cmp(&self.answers()) {
                Ordering::Less => return Err(FlowError::Missing { what: "SQLCARD", command: "EXCSQLSTT" }),
                Ordering::Equal => {}
                Ordering::Greater => {
                    let text = format!("{} answers to {} rows", self.answered, self.answers());
                    return Err(WireError::invalid(cp::SQLCARD, 0, text).into());
                }
            }
            let replies = std::mem::replace(&mut self.replies, Replies::new(&self.session));
            let counts = replies.cards.iter().map(|c| c.as_ref().map_or(Some(0), Sqlca::update_count)).collect();
            let bad = std::mem::take(&mut self.bad);
            return Ok(Step::Done(Ok(Executed { counts, bad, warnings: replies.warnings() })));
        }
        let before = self.replies.error.as_ref().map_or(self.replies.cards.len(), |(_, before)| *before);
        if let Some(error) = self.replies.failure() {
            let failed = Failed::new(before, error);
            let rolled_back = failed.rolled_back || self.rolled_back;
            return Ok(Step::Done(Err(Failed { rolled_back, ..failed })));
        }
        if let Some(before) = self.unread {
            let error = FlowError::Settings(
                "the procedure returns result sets or output parameters, which are not read for a batch of calls"
                    .to_owned(),
            );
            return Ok(Step::Done(Err(Failed::new(before, error))));
        }
        let runs = self.answers();
        let replies = std::mem::replace(&mut self.replies, Replies::new(&self.session));
        if replies.cards.len() < runs {
            return Err(FlowError::Missing { what: "SQLCARD", command: "EXCSQLSTT" });
        }
        if self.commit && self.session.two_phase && !replies.synced {
            return Err(FlowError::Missing { what: "SYNCCRD", command: "SYNCCTL" });
        }
        let counts = replies.cards.iter().take(runs).map(|c| c.as_ref().map_or(Some(0), Sqlca::update_count)).collect();
        Ok(Step::Done(Ok(Executed { counts, bad: Vec::new(), warnings: replies.warnings() })))
    }

    fn is_interruptible(&self) -> bool {
        true
    }
}

/// Runs a statement that has neither parameters nor a result: EXCSQLIMM, one round trip.
#[derive(Debug)]
pub struct Immediate {
    run: Execute,
    sql: String,
    sheltered: bool,
}

impl Immediate {
    /// With `commit` the work is committed in the same flush.
    pub fn new(session: Arc<Session>, section: PkgNamCsn, sql: String, commit: bool) -> Immediate {
        Immediate { run: Execute::new(session, section, Vec::new(), commit), sql, sheltered: false }
    }

    /// It undoes or keeps the work of others, and is not to be broken off.
    pub fn sheltered(self) -> Immediate {
        Immediate { sheltered: true, ..self }
    }
}

impl Flow for Immediate {
    type Out = Result<Executed, Failed>;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let session = &self.run.session;
        let command = ExcSqlImm { pkgnamcsn: self.run.section.clone(), rdbcmtok: session.rdbcmtok(), rtnsetstt: None };
        let mut chain = Chain::new();
        chain.command(&command.encode(session.text)?);
        chain.object(&text::sqlstt(&self.sql, &session.ours, session.sqlam)?);
        if self.run.commit {
            chain.command(&uow::ending(session, true)?);
        }
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        self.run.object(object)
    }

    fn end(&mut self) -> Result<Step<Self::Out>, FlowError> {
        self.run.end()
    }

    fn is_interruptible(&self) -> bool {
        !self.sheltered
    }
}

/// Sets special registers.
#[derive(Debug)]
pub struct SetRegisters {
    session: Arc<Session>,
    section: PkgNamCsn,
    statements: Vec<String>,
    replies: Replies,
}

impl SetRegisters {
    /// Each of `statements` is a SET statement.
    pub fn new(session: Arc<Session>, section: PkgNamCsn, statements: Vec<String>) -> SetRegisters {
        SetRegisters { replies: Replies::new(&session), session, section, statements }
    }
}

impl Flow for SetRegisters {
    type Out = Vec<Sqlca>;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let mut chain = Chain::new();
        let section = PkgNamCsn { token: TOKEN_ANY, section: 1, ..self.section.clone() };
        chain.command(&ExcSqlSet { pkgnamcsn: section, rtnsetstt: None }.encode(self.session.text)?);
        for statement in &self.statements {
            chain.object(&text::sqlstt(statement, &self.session.ours, self.session.sqlam)?);
        }
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        self.replies.take(&object, &self.session)
    }

    fn end(&mut self) -> Result<Step<Vec<Sqlca>>, FlowError> {
        if let Some(failure) = self.replies.failure() {
            return Err(failure);
        }
        Ok(Step::Done(std::mem::replace(&mut self.replies, Replies::new(&self.session)).warnings()))
    }
}
