//! The beginning of a batch: the statement is prepared and its parameters described, and a savepoint is set
//! after that in the same chain, for a batch whose rows are undone without the work before them.

use super::prepare::{Prepare, Prepared};
use super::reply::Replies;
use super::session::Session;
use crate::flow::error::FlowError;
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use crate::wire::sql::package::PkgNamCsn;
use crate::wire::sql::prepare::ExcSqlImm;
use crate::wire::sql::text;
use std::sync::Arc;

/// PRPSQLSTT and DSCSQLSTT are answered by one SQLDARD or SQLCARD each.
const PREPARING: usize = 2;

/// The outcome of the beginning.
#[derive(Debug)]
pub struct Begun {
    /// The statement.
    pub prepared: Result<Prepared, FlowError>,
    /// The savepoint, if one was asked for. An SQL error does not end a chain, so it may be set although the
    /// statement was refused.
    pub savepoint: Option<Result<(), FlowError>>,
}

/// Prepares a statement and sets a savepoint.
#[derive(Debug)]
pub struct Begin {
    prepare: Prepare,
    session: Arc<Session>,
    /// The section that SAVEPOINT is executed in, and its text.
    savepoint: Option<(PkgNamCsn, String)>,
    answered: usize,
    set: Option<Replies>,
}

impl Begin {
    /// `prepare` has the parameters described.
    pub fn new(session: Arc<Session>, prepare: Prepare, savepoint: Option<(PkgNamCsn, String)>) -> Begin {
        Begin { prepare, session, savepoint, answered: 0, set: None }
    }
}

impl Flow for Begin {
    type Out = Begun;

    fn start(&mut self) -> Result<Chain, FlowError> {
        let mut chain = self.prepare.start()?;
        if let Some((section, sql)) = &self.savepoint {
            let command = ExcSqlImm { pkgnamcsn: section.clone(), rdbcmtok: self.session.rdbcmtok(), rtnsetstt: None };
            chain.command(&command.encode(self.session.text)?);
            chain.object(&text::sqlstt(sql, &self.session.ours, self.session.sqlam)?);
        }
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        if self.answered == PREPARING && self.savepoint.is_some() {
            let replies = self.set.get_or_insert_with(|| Replies::new(&self.session));
            return replies.take(&object, &self.session);
        }
        self.answered += usize::from(matches!(object.cp, cp::SQLDARD | cp::SQLCARD));
        self.prepare.object(object)
    }

    fn end(&mut self) -> Result<Step<Begun>, FlowError> {
        let prepared = match self.prepare.end() {
            Ok(Step::Done(prepared)) => Ok(prepared),
            Ok(Step::Send(chain)) => return Ok(Step::Send(chain)),
            Err(e @ (FlowError::Sql { .. } | FlowError::Refused(_))) => Err(e),
            Err(e) => return Err(e),
        };
        let missing = || FlowError::Missing { what: "SQLCARD", command: "EXCSQLIMM" };
        let savepoint = self.savepoint.is_some().then(|| {
            let mut replies = self.set.take().ok_or_else(missing)?;
            match replies.failure() {
                Some(e) => Err(e),
                None if replies.cards.is_empty() => Err(missing()),
                None => Ok(()),
            }
        });
        match (&prepared, savepoint) {
            // Without an answer nobody knows whether it is set.
            (Ok(_), Some(Err(e @ FlowError::Missing { .. }))) => Err(e),
            (_, savepoint) => Ok(Step::Done(Begun { prepared, savepoint })),
        }
    }

    fn is_interruptible(&self) -> bool {
        true
    }
}
