//! Two-phase commit as the Python classes share it: the `tpc_*` methods of PEP 249.

use std::sync::Arc;
use std::time::Duration;

use super::xid::GivenXid;
use crate::client::error::Result;
use crate::client::sql::xa::branch::Vote;
use crate::client::sql::xa::two_phase::TwoPhase;
use crate::client::sql::xa::xid::Xid;
use crate::python::shared_connection::SharedConnection;

/// The end of a branch.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Commit,
    Rollback,
}

impl SharedConnection {
    /// Begins a branch.
    pub(super) async fn tpc_begin(self: Arc<Self>, xid: Xid, timeout: Option<Duration>) -> Result<()> {
        self.open()?;
        let _waiting = self.waiting();
        TwoPhase(&self.client).branch().begin(&xid, timeout).await
    }

    /// The first phase: whether there will be a second one.
    pub(super) async fn tpc_prepare(self: Arc<Self>) -> Result<bool> {
        self.open()?;
        let _waiting = self.waiting();
        Ok(TwoPhase(&self.client).branch().prepare().await? == Vote::Commit)
    }

    /// Ends the branch of the connection, or one that waits.
    pub(super) async fn tpc_end(self: Arc<Self>, xid: Option<Xid>, end: End) -> Result<()> {
        self.open()?;
        let _waiting = self.waiting();
        let two_phase = TwoPhase(&self.client);
        match (xid, end) {
            (None, End::Commit) => two_phase.branch().commit().await,
            (None, End::Rollback) => two_phase.branch().rollback().await,
            (Some(xid), End::Commit) => two_phase.commit(&xid).await,
            (Some(xid), End::Rollback) => two_phase.rollback(&xid).await,
        }
    }

    /// The branches that wait.
    pub(super) async fn tpc_recover(self: Arc<Self>) -> Result<Vec<GivenXid>> {
        self.open()?;
        let _waiting = self.waiting();
        Ok(TwoPhase(&self.client).recover().await?.into_iter().map(GivenXid::from).collect())
    }
}
