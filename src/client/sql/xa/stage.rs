//! How far the branch of a connection is, and what may be done meanwhile.

use super::xid::Xid;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::sql::ends::Ends;

/// How far a branch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Statements belong to it.
    Active,
    /// It waits for its outcome, and the server keeps it whatever happens.
    Prepared,
    /// It was prepared, and has changed nothing: the server has ended it.
    ReadOnly,
    /// It was rolled back before anybody said so.
    RolledBack,
}

/// The branch of a connection.
#[derive(Debug)]
pub(in crate::client::sql) struct OwnBranch {
    pub xid: Xid,
    pub stage: Stage,
    /// It was told to prepare or to commit, and nobody has heard the answer.
    pub told: bool,
    /// Whether statements are committed by themselves after it.
    pub autocommit: bool,
    /// Units of work that had ended when it began.
    pub ends: Ends,
}

/// Branches that a connection works for, or has left for a while.
#[derive(Debug, Default)]
pub(in crate::client::sql) struct OwnBranches {
    pub now: Option<OwnBranch>,
    pub suspended: Vec<OwnBranch>,
}

impl OwnBranches {
    /// Refuses what would end the unit of work of a branch.
    pub(in crate::client::sql) fn outside(&self) -> Result<()> {
        let Some(branch) = &self.now else { return Ok(()) };
        Err(misuse(format!("within {}: tpc_commit() or tpc_rollback() ends it", branch.xid)))
    }

    /// The branch is told to prepare or to commit, or has answered. Others than the connection's own are not meant.
    pub(super) fn tell(&mut self, xid: &Xid, told: bool) {
        if let Some(branch) = self.now.as_mut().filter(|branch| branch.xid == *xid) {
            branch.told = told;
        }
    }

    /// Whether the server may keep the branch when the connection is lost.
    pub(in crate::client::sql) fn may_be_kept(&self) -> bool {
        self.now.as_ref().is_some_and(|branch| branch.told || branch.stage == Stage::Prepared)
    }

    /// Refuses statements between the prepare of a branch and its end.
    pub(in crate::client::sql) fn runs(&self) -> Result<()> {
        match self.now.as_ref().map(|branch| (branch.stage, &branch.xid)) {
            None | Some((Stage::Active, _)) => Ok(()),
            Some((Stage::RolledBack, xid)) => {
                Err(misuse(format!("{xid} was rolled back: tpc_rollback() before other work")))
            }
            Some((_, xid)) => {
                Err(misuse(format!("{xid} is prepared: tpc_commit() or tpc_rollback() before other work")))
            }
        }
    }
}

/// A call that does not fit the state of the connection.
pub(super) fn misuse(text: impl Into<String>) -> Error {
    Error::new(ErrorClass::Programming, Phase::Execute, "25000", text)
}
