//! Ending a unit of work: RDBCMM or RDBRLLBCK, answered by ENDUOWRM and SQLCARD.

use super::reply::Replies;
use super::session::Session;
use crate::flow::error::FlowError;
use crate::flow::placement::once;
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::ddm::reply::Reply;
use crate::wire::dss::chain::Chain;
use crate::wire::sql::uow::{RdbCmm, RdbRllBck};
use std::sync::Arc;

/// UOWDSP of a unit of work that was rolled back.
const ROLLED_BACK: u8 = 2;

/// Commits or rolls back.
#[derive(Debug)]
pub struct EndWork {
    session: Arc<Session>,
    commit: bool,
    /// ENDUOWRM came: the unit of work was committed (1) or rolled back (2).
    ended: Option<u8>,
    replies: Replies,
}

impl EndWork {
    /// Makes the changes last.
    pub fn commit(session: Arc<Session>) -> EndWork {
        EndWork { commit: true, ended: None, replies: Replies::new(&session), session }
    }

    /// Undoes the changes.
    pub fn rollback(session: Arc<Session>) -> EndWork {
        EndWork { commit: false, ended: None, replies: Replies::new(&session), session }
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

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        if object.cp == cp::ENDUOWRM {
            let reply = Reply::decode(object.cp, &object.body, self.session.text)?;
            once(&mut self.ended, reply.uowdsp.unwrap_or(0), object.cp)?;
        }
        self.replies.take(&object, &self.session)
    }

    fn end(&mut self) -> Result<Step<()>, FlowError> {
        if let Some(failure) = self.replies.failure() {
            return Err(failure);
        }
        match self.ended {
            Some(ROLLED_BACK) if self.commit => Err(FlowError::RolledBack),
            Some(_) => Ok(Step::Done(())),
            // Without a reply that the work has ended, the outcome is unknown.
            None => {
                let command = if self.commit { "RDBCMM" } else { "RDBRLLBCK" };
                Err(FlowError::Missing { what: "ENDUOWRM", command })
            }
        }
    }
}
