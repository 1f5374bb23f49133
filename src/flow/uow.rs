//! Ending a unit of work: RDBCMM or RDBRLLBCK, answered by ENDUOWRM and SQLCARD.

use super::error::FlowError;
use super::reply::Replies;
use super::session::Session;
use super::step::{Flow, Seen, Step};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::drda::uow::{RdbCmm, RdbRllBck};
use crate::wire::dss::chain::Chain;
use std::sync::Arc;

/// Commits or rolls back.
#[derive(Debug)]
pub struct EndWork {
    session: Arc<Session>,
    commit: bool,
    /// ENDUOWRM came.
    ended: bool,
    replies: Replies,
}

impl EndWork {
    /// Makes the changes last.
    pub fn commit(session: Arc<Session>) -> EndWork {
        EndWork { commit: true, ended: false, replies: Replies::new(&session), session }
    }

    /// Undoes the changes.
    pub fn rollback(session: Arc<Session>) -> EndWork {
        EndWork { commit: false, ended: false, replies: Replies::new(&session), session }
    }
}

impl Flow for EndWork {
    type Out = ();

    fn start(&mut self) -> Result<Chain, FlowError> {
        let mut chain = Chain::new();
        let text = self.session.text;
        chain.command(&if self.commit {
            RdbCmm { rlsconv: None }.encode(text)?
        } else {
            RdbRllBck { rlsconv: None }.encode(text)?
        });
        Ok(chain)
    }

    fn object(&mut self, object: Object) -> Result<Seen, FlowError> {
        self.ended |= object.cp == cp::ENDUOWRM;
        self.replies.take(&object, &self.session)
    }

    fn end(&mut self) -> Result<Step<()>, FlowError> {
        if let Some(failure) = self.replies.failure() {
            return Err(failure);
        }
        // Without a word that the work has ended, nobody knows whether it has.
        if !self.ended && self.replies.cards.is_empty() {
            let command = if self.commit { "RDBCMM" } else { "RDBRLLBCK" };
            return Err(FlowError::Missing { what: "ENDUOWRM", command });
        }
        Ok(Step::Done(()))
    }
}
