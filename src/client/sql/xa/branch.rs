//! The branch that a connection works for. It ends exactly once, and what is not sure to be ended is an error that names it.

use super::outcome::{agreed, broken_promise, heuristic, refused, still_waits, take, unknown, waits};
use super::stage::{OwnBranch, Stage, misuse};
use super::step::{step, with};
use super::xid::Xid;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::sql::connection::Connection;
use crate::client::sql::inner::Inner;
use crate::client::sql::reset::come_back;
use crate::wire::sql::syncctl::{SyncCtl, XaRetVal, synctype, xaflags};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The branch of a connection.
#[derive(Debug)]
pub struct Branch<'a>(pub(super) &'a Connection);

/// The answer of a server to a prepare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vote {
    /// The branch will be committed or rolled back as it is told.
    Commit,
    /// It has changed nothing and is over.
    ReadOnly,
}

impl Branch<'_> {
    /// Begins a branch: statements belong to it from now on, and autocommit rests. `timeout`: the server rolls it back
    /// when it is over, Derby even if it is prepared.
    pub async fn begin(&self, xid: &Xid, timeout: Option<Duration>) -> Result<()> {
        let inner = &self.0.0;
        agreed(inner)?;
        // Derby takes whole seconds of it, and none for no limit. (Measured.)
        let whole = |timeout: Duration| timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0);
        let timeout = timeout.map(|timeout| whole(timeout).max(1).saturating_mul(1000));
        let start = SyncCtl { timeout, ..step(synctype::NEW, xid) };
        self.associate(start, xid, "begin").await?;
        let autocommit = inner.autocommit.swap(false, Ordering::AcqRel);
        let ends = inner.work.ends();
        inner.work.branches().now =
            Some(OwnBranch { xid: xid.clone(), stage: Stage::Active, told: false, autocommit, ends });
        Ok(())
    }

    /// Goes on with a branch that this connection has suspended.
    pub async fn resume(&self, xid: &Xid) -> Result<()> {
        let inner = &self.0.0;
        agreed(inner)?;
        if !inner.work.branches().suspended.iter().any(|branch| branch.xid == *xid) {
            return Err(misuse(format!("{xid} is not suspended by this connection")));
        }
        self.associate(with(step(synctype::NEW, xid), xaflags::RESUME), xid, "resume").await?;
        inner.autocommit.store(false, Ordering::Release);
        let mut branches = inner.work.branches();
        if let Some(place) = branches.suspended.iter().position(|branch| branch.xid == *xid) {
            let ends = inner.work.ends();
            let branch = branches.suspended.remove(place);
            branches.now = Some(OwnBranch { ends, ..branch });
        }
        Ok(())
    }

    /// Begins to work for a branch, where nothing else is under way.
    async fn associate(&self, start: SyncCtl, xid: &Xid, did: &str) -> Result<()> {
        let inner = &self.0.0;
        if inner.is_within() {
            return Err(misuse("a branch cannot begin while a call of many rows takes them"));
        }
        come_back(inner, Phase::Execute).await?;
        let _turn = inner.turn().await?;
        inner.alive(Phase::Execute)?;
        {
            let mut branches = inner.work.branches();
            match branches.now.as_ref().map(|branch| (branch.stage, branch.autocommit)) {
                Some((Stage::RolledBack, autocommit)) => {
                    branches.now = None;
                    inner.autocommit.store(autocommit, Ordering::Release);
                }
                _ => branches.outside()?,
            }
        }
        inner.work.outside_of_blocks()?;
        if inner.work.open.load(Ordering::Acquire) || inner.is_reading() {
            let text = "statements before it were not committed, or their results are open: commit(), rollback() or \
                        close the cursor before it";
            return Err(misuse(text));
        }
        let [answer] = take(inner, xid, [start]).await?;
        if answer.xaretval != XaRetVal::OK {
            return Err(refused(inner, xid, did, answer.xaretval));
        }
        inner.work.open.store(true, Ordering::Release);
        inner.session.branch.set(true);
        Ok(())
    }

    /// Leaves the branch for a while: the connection does other work, and goes on with it by [`resume`](Self::resume).
    pub async fn suspend(&self) -> Result<Xid> {
        let inner = &self.0.0;
        let (xid, _turn) = self.active().await?;
        inner.end_readers(true, "the reader was ended: its branch was suspended");
        self.whole(&xid).await?;
        let [answer] = take(inner, &xid, [with(step(synctype::END, &xid), xaflags::SUSPEND)]).await?;
        if answer.xaretval != XaRetVal::OK {
            return Err(refused(inner, &xid, "suspend", answer.xaretval));
        }
        inner.session.branch.set(false);
        inner.work.ended();
        let mut branches = inner.work.branches();
        if let Some(branch) = branches.now.take() {
            inner.autocommit.store(branch.autocommit, Ordering::Release);
            branches.suspended.push(branch);
        }
        Ok(xid)
    }

    /// The first phase: the server keeps the branch whatever happens, until it is told its outcome. No statement may run
    /// until then. One that cannot be prepared is rolled back.
    pub async fn prepare(&self) -> Result<Vote> {
        let inner = &self.0.0;
        let (xid, _turn) = self.active().await?;
        inner.end_readers(true, "the reader was ended: its branch was prepared");
        self.whole(&xid).await?;
        let steps = [with(step(synctype::END, &xid), xaflags::SUCCESS), step(synctype::PREPARE, &xid)];
        let [end, prepare] = take(inner, &xid, steps).await?;
        inner.session.branch.set(false);
        match (end.xaretval, prepare.xaretval) {
            (XaRetVal::OK, XaRetVal::OK) => {
                self.goes_on(Stage::Prepared);
                Ok(Vote::Commit)
            }
            (XaRetVal::OK, XaRetVal::READ_ONLY) => {
                self.goes_on(Stage::ReadOnly);
                Ok(Vote::ReadOnly)
            }
            (XaRetVal::OK, answer) => Err(self.undone(&xid, refused(inner, &xid, "prepare", answer)).await),
            (end, _) => {
                let e = self.undone(&xid, refused(inner, &xid, "end", end)).await;
                Err(self.let_go(end, e))
            }
        }
    }

    /// Commits: the second phase of a prepared branch, else in one phase.
    pub async fn commit(&self) -> Result<()> {
        let inner = &self.0.0;
        match self.stage()? {
            (_, Stage::Active) => self.commit_at_once().await,
            (_, Stage::ReadOnly) => self.finish(None),
            (xid, Stage::RolledBack) => {
                let text = format!("{xid} was rolled back: nothing of it is kept");
                Err(Error::new(ErrorClass::Operational, Phase::Commit, "40000", text).at(&inner.peer))
            }
            (xid, Stage::Prepared) => {
                let _turn = inner.turn().await?;
                self.still(&xid, Stage::Prepared)?;
                inner.alive(Phase::Commit).map_err(|e| waits(&xid, e))?;
                let [answer] = take(inner, &xid, [step(synctype::COMMIT, &xid)]).await?;
                match answer.xaretval {
                    XaRetVal::OK => self.finish(None),
                    answer if answer.is_heuristic() => {
                        let told = heuristic(inner, &xid, "commit", answer).await;
                        self.finish(told.err())
                    }
                    answer if answer == XaRetVal::UNKNOWN || answer.is_rolled_back() => {
                        self.finish(Some(broken_promise(inner, &xid, answer)))
                    }
                    answer => Err(still_waits(inner, &xid, "commit", answer)),
                }
            }
        }
    }

    /// In one phase.
    async fn commit_at_once(&self) -> Result<()> {
        let inner = &self.0.0;
        let (ref xid, _turn) = self.active().await?;
        inner.end_readers(true, "the reader was ended by the commit of its branch");
        self.whole(xid).await?;
        let steps =
            [with(step(synctype::END, xid), xaflags::SUCCESS), with(step(synctype::COMMIT, xid), xaflags::ONE_PHASE)];
        let [end, commit] = take(inner, xid, steps).await?;
        inner.session.branch.set(false);
        match (end.xaretval, commit.xaretval) {
            (XaRetVal::OK, XaRetVal::OK) => self.finish(None),
            (end, XaRetVal::OK) => {
                self.goes_on(Stage::RolledBack);
                Err(unknown(inner, xid, &format!("the server answered {} to its end", end.name())))
            }
            (_, answer) if answer.is_rolled_back() => {
                self.goes_on(Stage::RolledBack);
                Err(refused(inner, xid, "commit", answer))
            }
            (_, answer) if answer.is_heuristic() => {
                let told = heuristic(inner, xid, "commit", answer).await;
                self.finish(told.err())
            }
            (XaRetVal::UNKNOWN, answer) => {
                // It was gone before the commit.
                self.goes_on(Stage::RolledBack);
                let e = refused(inner, xid, "commit", answer)
                    .hint("it was rolled back before: its time may have been over");
                Err(self.let_go(XaRetVal::UNKNOWN, e))
            }
            (end, answer) => {
                let e = refused(inner, xid, "commit", answer);
                let [undone] = take(inner, xid, [step(synctype::ROLLBACK, xid)]).await?;
                self.goes_on(Stage::RolledBack);
                // Of a branch that is not there nobody knows how it ended.
                let sure = undone.xaretval == XaRetVal::OK || undone.xaretval.is_rolled_back();
                Err(self.let_go(end, if sure { e } else { unknown(inner, xid, &e.message) }))
            }
        }
    }

    /// Rolls back.
    pub async fn rollback(&self) -> Result<()> {
        let inner = &self.0.0;
        let (xid, stage) = self.stage()?;
        if matches!(stage, Stage::ReadOnly | Stage::RolledBack) {
            return self.finish(None);
        }
        if inner.is_within() {
            return Err(misuse("a branch cannot end while a call of many rows takes them"));
        }
        let _turn = inner.turn().await?;
        self.still(&xid, stage)?;
        inner.alive(Phase::Execute).map_err(|e| if stage == Stage::Prepared { waits(&xid, e) } else { e })?;
        inner.end_readers(true, "the reader was ended by a rollback");
        let answer = match stage {
            Stage::Active => {
                let steps = [with(step(synctype::END, &xid), xaflags::FAIL), step(synctype::ROLLBACK, &xid)];
                let [end, answer] = take(inner, &xid, steps).await?;
                inner.session.branch.set(false);
                self.let_go(end.xaretval, Error::interface(""));
                answer.xaretval
            }
            _ => {
                let [answer] = take(inner, &xid, [step(synctype::ROLLBACK, &xid)]).await?;
                answer.xaretval
            }
        };
        match answer {
            XaRetVal::OK | XaRetVal::UNKNOWN => self.finish(None),
            answer if answer.is_rolled_back() => self.finish(None),
            answer if answer.is_heuristic() => {
                let told = heuristic(inner, &xid, "rollback", answer).await;
                self.finish(told.err())
            }
            answer if stage == Stage::Prepared => Err(still_waits(inner, &xid, "rollback", answer)),
            answer => {
                // The end of the connection does it.
                inner.channel.abort("a branch was not rolled back");
                Err(refused(inner, &xid, "rollback", answer).broken())
            }
        }
    }

    /// The branch and how far it is.
    pub fn stage(&self) -> Result<(Xid, Stage)> {
        let branches = self.0.0.work.branches();
        let branch = branches.now.as_ref().map(|branch| (branch.xid.clone(), branch.stage));
        branch.ok_or_else(|| misuse("the connection works for no branch: tpc_begin() before it"))
    }

    /// Refuses to go on where another call came first.
    fn still(&self, xid: &Xid, stage: Stage) -> Result<()> {
        if self.stage()? == (xid.clone(), stage) {
            return Ok(());
        }
        Err(misuse(format!("{xid} was prepared or ended by another call at the same time")))
    }

    /// The branch, which statements belong to, and the turn.
    async fn active(&self) -> Result<(Xid, Option<crate::client::sql::turn::Turn>)> {
        let inner = &self.0.0;
        if inner.is_within() {
            return Err(misuse("a branch cannot end while a call of many rows takes them"));
        }
        self.stage()?;
        let turn = inner.turn().await?;
        inner.alive(Phase::Commit)?;
        match self.stage()? {
            (xid, Stage::Active) => Ok((xid, turn)),
            (xid, _) => {
                Err(misuse(format!("{xid} is prepared or rolled back: tpc_commit() or tpc_rollback() ends it")))
            }
        }
    }

    /// Rolls back the branch that the server has undone in part: what was done since would be kept alone.
    async fn whole(&self, xid: &Xid) -> Result<()> {
        let inner = &self.0.0;
        let ends = inner.work.branches().now.as_ref().map(|branch| branch.ends);
        if ends == Some(inner.work.ends()) {
            return Ok(());
        }
        let text = format!("the server rolled {xid} back before its end: nothing of it is kept");
        let e = Error::new(ErrorClass::Operational, Phase::Commit, "40000", text).at(&inner.peer);
        let end = with(step(synctype::END, xid), xaflags::FAIL);
        let [_, answer] = take(inner, xid, [end, step(synctype::ROLLBACK, xid)]).await?;
        inner.session.branch.set(false);
        Err(self.rolled_back(answer.xaretval, Error { retryable: true, ..e }))
    }

    /// Rolls back the branch that met `e`.
    async fn undone(&self, xid: &Xid, e: Error) -> Error {
        match take(&self.0.0, xid, [step(synctype::ROLLBACK, xid)]).await {
            Ok([answer]) => self.rolled_back(answer.xaretval, e),
            Err(lost) => Error { message: format!("{}; {}", e.message, lost.message), hint: lost.hint, ..e }.broken(),
        }
    }

    /// `e`, after which the branch was rolled back with this answer. One that is not there is undone.
    fn rolled_back(&self, answer: XaRetVal, e: Error) -> Error {
        if matches!(answer, XaRetVal::OK | XaRetVal::UNKNOWN) || answer.is_rolled_back() {
            self.goes_on(Stage::RolledBack);
            return e;
        }
        let inner = &self.0.0;
        inner.channel.abort("a branch was not rolled back");
        let hint = format!("its rollback was answered {}: the end of the connection does it", answer.name());
        e.hint(hint).broken()
    }

    /// A connection that the server does not let go of its branch is closed: nobody knows what its statements would belong
    /// to. (Measured: Derby, when the time of a branch was over.)
    fn let_go(&self, end: XaRetVal, e: Error) -> Error {
        if end == XaRetVal::OK || end.is_rolled_back() {
            return e;
        }
        self.0.0.channel.abort("the server did not end the work for a branch");
        e.broken()
    }

    /// No statement belongs to it any more.
    fn goes_on(&self, stage: Stage) {
        let inner = &self.0.0;
        inner.work.ended();
        if let Some(branch) = &mut inner.work.branches().now {
            branch.stage = stage;
        }
    }

    /// It is over: the connection does work of its own again.
    fn finish(&self, told: Option<Error>) -> Result<()> {
        let inner: &Inner = &self.0.0;
        inner.session.branch.set(false);
        inner.work.ended();
        if let Some(branch) = inner.work.branches().now.take() {
            inner.autocommit.store(branch.autocommit, Ordering::Release);
        }
        told.map_or(Ok(()), Err)
    }
}
