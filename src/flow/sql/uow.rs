//! Ending a unit of work: RDBCMM or RDBRLLBCK, answered by ENDUOWRM and SQLCARD; where XAMGR was agreed SYNCCTL with the null
//! XID, answered by SYNCCRD. (Measured: the clients of IBM and Derby. Derby takes RDBCMM there as well.)

use super::reply::Replies;
use super::session::Session;
use crate::flow::error::FlowError;
use crate::flow::placement::once;
use crate::flow::step::{Flow, Reception, Step};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::object::Object;
use crate::wire::ddm::reply::Reply;
use crate::wire::dss::chain::Chain;
use crate::wire::sql::syncctl::{SyncCtl, WorkId, synctype, xaflags};
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

/// The command that commits or rolls back.
pub(super) fn ending(session: &Session, commit: bool) -> Result<Vec<u8>, FlowError> {
    let command = match (session.two_phase, commit) {
        (true, _) => {
            let synctype = if commit { synctype::COMMIT } else { synctype::ROLLBACK };
            let (xid, xaflags) = (Some(WorkId::Local), Some(xaflags::LOCAL));
            SyncCtl { synctype, xid, xaflags, timeout: None, rlsconv: None }.encode(session.text)?
        }
        (false, true) => RdbCmm { rlsconv: None }.encode(session.text)?,
        (false, false) => RdbRllBck { rlsconv: None }.encode(session.text)?,
    };
    Ok(command)
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
        chain.command(&ending(&self.session, self.commit)?);
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
        let command = match (self.session.two_phase, self.commit) {
            (true, _) => "SYNCCTL",
            (false, true) => "RDBCMM",
            (false, false) => "RDBRLLBCK",
        };
        match self.ended {
            _ if self.session.two_phase && self.replies.synced => Ok(Step::Done(())),
            // Without a reply that the work has ended, the outcome is unknown.
            _ if self.session.two_phase => Err(FlowError::Missing { what: "SYNCCRD", command }),
            Some(ROLLED_BACK) if self.commit => Err(FlowError::RolledBack),
            Some(_) => Ok(Step::Done(())),
            None => Err(FlowError::Missing { what: "ENDUOWRM", command }),
        }
    }
}
