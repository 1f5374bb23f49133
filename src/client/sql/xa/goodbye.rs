//! The end of a connection within a branch: it is closed, or lost and made again.

use super::outcome::lost_branch;
use super::stage::Stage;
use super::step::{step, with};
use super::xid::Xid;
use crate::client::error::{Error, Phase};
use crate::client::sql::inner::Inner;
use crate::flow::sql::sync::Sync;
use crate::net::transport::Deadline;
use crate::wire::sql::syncctl::{synctype, xaflags};
use std::sync::atomic::Ordering;

/// Rolls back the branches that are not prepared, that which the connection works for and those that it has suspended, as
/// far as the server still listens. Not each server does so by itself. (Measured: Derby keeps them.)
pub(in crate::client::sql) async fn leave_branches(inner: &Inner, deadline: Deadline) {
    let left: Vec<Xid> = {
        let mut branches = inner.work.branches();
        let suspended = std::mem::take(&mut branches.suspended);
        let active = branches.now.iter().filter(|branch| branch.stage == Stage::Active);
        active.chain(&suspended).map(|branch| branch.xid.clone()).collect()
    };
    for xid in left {
        let steps = vec![with(step(synctype::END, &xid), xaflags::FAIL), step(synctype::ROLLBACK, &xid)];
        if let Err(e) = inner.channel.run(Sync::new(inner.session.clone(), steps), Some(deadline)).await {
            tracing::debug!(error = %e, "a branch was not rolled back by its connection");
        }
    }
}

/// The connection was lost: no statement belongs to its branches any more. The error is about one
/// that the server may keep.
pub(in crate::client::sql) fn lose_branch(inner: &Inner, why: &str, phase: Phase) -> Option<Error> {
    inner.session.branch.set(false);
    let mut branches = inner.work.branches();
    branches.suspended.clear();
    let branch = branches.now.as_mut()?;
    match (branch.stage, branch.told) {
        (Stage::RolledBack, _) => None,
        (Stage::Active, false) => {
            branch.stage = Stage::RolledBack;
            None
        }
        (Stage::ReadOnly | Stage::Prepared | Stage::Active, told) => {
            inner.autocommit.store(branch.autocommit, Ordering::Release);
            let kept = branches.may_be_kept();
            let xid = branches.now.take()?.xid;
            kept.then(|| lost_branch(inner, &xid, told, why, phase))
        }
    }
}
