//! The branches of a server by their names: those that wait for their outcome, and the end of one.

use super::branch::Branch;
use super::outcome::{agreed, broken_promise, heuristic, refused, still_waits, take};
use super::stage::misuse;
use super::step::step;
use super::xid::Xid;
use crate::client::error::{Error, Phase, Result, of_outcome};
use crate::client::sql::connection::Connection;
use crate::client::sql::reset::come_back;
use crate::flow::sql::sync::Sync;
use crate::wire::sql::syncctl::{SyncCtl, XaRetVal, synctype, xaflags};
use crate::wire::value::product::Product;
use std::sync::atomic::Ordering;

/// Global transactions on a connection, which has to be made with `two_phase`.
#[derive(Debug)]
pub struct TwoPhase<'a>(pub &'a Connection);

impl<'a> TwoPhase<'a> {
    /// Refuses what the two sides have not agreed to.
    pub fn agreed(&self) -> Result<()> {
        agreed(&self.0.0)
    }

    /// The branch of this connection.
    pub fn branch(&self) -> Branch<'a> {
        Branch(self.0)
    }

    /// The branches of the server that wait for their outcome, whoever prepared them, as far as it shows them.
    pub async fn recover(&self) -> Result<Vec<Xid>> {
        let inner = &self.0.0;
        self.agreed()?;
        come_back(inner, Phase::Execute).await?;
        inner.alive(Phase::Execute)?;
        // IBM's driver asks without flags, the client of Derby with both; Derby takes either. (Measured.)
        let flags = (inner.session.product == Product::Derby).then_some(xaflags::START_SCAN | xaflags::END_SCAN);
        let list = SyncCtl { synctype: synctype::LIST, xid: None, xaflags: flags, timeout: None, rlsconv: None };
        let flow = Sync::new(inner.session.clone(), vec![list]);
        let answers = inner.talk_until(flow, Phase::Execute, inner.end_deadline()).await?;
        let Some(answer) = answers.into_iter().next() else { return Ok(Vec::new()) };
        if answer.xaretval != XaRetVal::OK {
            let (kind, state) = of_outcome(answer.xaretval);
            let text = format!("the list of branches: the server answered {}", answer.xaretval.name());
            return Err(Error::new(kind, Phase::Execute, state, text).at(&inner.peer));
        }
        Ok(answer.prphrclst.map(|list| list.0).unwrap_or_default().into_iter().map(Xid::listed).collect())
    }

    /// Commits a branch that waits. In a transaction it is refused, unless it is the connection's own branch.
    pub async fn commit(&self, xid: &Xid) -> Result<()> {
        self.end(xid, true).await
    }

    /// Rolls back a branch that waits.
    pub async fn rollback(&self, xid: &Xid) -> Result<()> {
        self.end(xid, false).await
    }

    /// Has the server forget a branch that ended without its transaction manager's word.
    pub async fn forget(&self, xid: &Xid) -> Result<()> {
        let inner = &self.0.0;
        self.agreed()?;
        inner.alive(Phase::Execute)?;
        let [answer] = take(inner, xid, [step(synctype::FORGET, xid)]).await?;
        if answer.xaretval == XaRetVal::OK { Ok(()) } else { Err(refused(inner, xid, "forget", answer.xaretval)) }
    }

    async fn end(&self, xid: &Xid, commit: bool) -> Result<()> {
        let inner = &self.0.0;
        self.agreed()?;
        let own = inner.work.branches().now.as_ref().map(|branch| branch.xid == *xid);
        match own {
            Some(true) if commit => return self.branch().commit().await,
            Some(true) => return self.branch().rollback().await,
            Some(false) => inner.work.outside_of_blocks()?,
            None => {}
        }
        come_back(inner, Phase::Commit).await?;
        let _turn = inner.turn().await?;
        inner.alive(Phase::Commit)?;
        inner.work.outside_of_blocks()?;
        if inner.work.open.load(Ordering::Acquire) {
            return Err(misuse("statements before it were not committed: commit() or rollback() before it"));
        }
        let (synctype, did) = if commit { (synctype::COMMIT, "commit") } else { (synctype::ROLLBACK, "rollback") };
        let [answer] = take(inner, xid, [step(synctype, xid)]).await?;
        match answer.xaretval {
            XaRetVal::OK => Ok(()),
            answer if answer.is_rolled_back() && commit => Err(broken_promise(inner, xid, answer)),
            answer if answer.is_rolled_back() => Ok(()),
            answer if answer.is_heuristic() => heuristic(inner, xid, did, answer).await,
            answer @ (XaRetVal::RETRY | XaRetVal::SERVER_ERROR | XaRetVal::UNAVAILABLE) => {
                Err(still_waits(inner, xid, did, answer))
            }
            answer => Err(refused(inner, xid, did, answer)),
        }
    }
}
