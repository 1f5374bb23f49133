//! The end of a connection within a branch: it is closed, or lost and made again.

use super::outcome::lost_branch;
use super::stage::Stage;
use super::step::{step, with};
use crate::client::error::{Error, Phase};
use crate::client::sql::inner::Inner;
use crate::flow::sql::sync::Sync;
use crate::net::transport::Deadline;
use crate::wire::sql::syncctl::{synctype, xaflags};
use std::sync::atomic::Ordering;

/// Rolls back the branch that is not prepared, as far as the server still listens: it does so by itself, too.
pub(in crate::client::sql) async fn leave_branch(inner: &Inner, deadline: Deadline) {
    let (xid, stage) = match &inner.work.branches().now {
        Some(branch) => (branch.xid.clone(), branch.stage),
        None => return,
    };
    if stage == Stage::Active {
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
