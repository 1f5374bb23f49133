//! Undoes the rows of a call: by a rollback, where the unit of work holds nothing else; by a savepoint, where
//! it does; not at all, where a server has no savepoints.

use super::BatchRows;
use super::failure::{Bad, FailureCause};
use super::remains::Remains;
use crate::client::error::{Error, Phase};
use crate::client::sql::inner::Inner;
use crate::client::sql::sections::SectionLease;
use crate::flow::error::FlowError;
use crate::flow::sql::execute::{Failed, Immediate};
use crate::flow::sql::uow::EndWork;
use crate::wire::sql::package::{Isolation, PkgNamCsn};
use crate::wire::value::product::Product;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How the rows are undone.
#[derive(Debug)]
pub(super) enum Undo {
    /// With the whole unit of work.
    Work,
    /// Back to where the call began.
    Savepoint(BatchSavepoint),
    /// Not at all: one row at a time is sent.
    Nothing,
}

/// A savepoint of a call.
#[derive(Debug)]
pub(super) struct BatchSavepoint {
    name: String,
    lease: SectionLease,
    /// It has to be set before the next row.
    due: bool,
}

/// The state at the beginning of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Among {
    /// The rows are committed at its end.
    pub commits: bool,
    /// Nothing else was in the unit of work.
    pub alone: bool,
    /// It calls a procedure, which may end units of work by itself. A savepoint that is gone then tells of it; a
    /// rollback would not.
    pub procedure: bool,
}

/// The work of a call at the server, and how it is undone.
#[derive(Debug)]
pub(super) struct CallWork {
    pub(super) inner: Arc<Inner>,
    pub(super) among: Among,
    pub(super) undo: Undo,
    /// The rows that were executed, as far as it was answered.
    pub(super) done: BatchRows,
    /// Those of them that somebody else committed, who ran within the call.
    pub(super) kept: BatchRows,
    /// Something was sent.
    pub(super) sent: bool,
    /// Rows were sent, and are not undone.
    pub(super) touched: bool,
    /// A row that cannot be undone was not answered.
    pub(super) unknown: bool,
}

impl Undo {
    /// For a call that began among others' work or alone.
    pub(super) fn choose(inner: &Inner, among: Among) -> Undo {
        // Without commitment control IBM i keeps what was done, whatever comes.
        if inner.session.product == Product::IbmI && inner.config.isolation == Isolation::NoCommit {
            return Undo::Nothing;
        }
        if among.alone && !among.procedure {
            return Undo::Work;
        }
        let known = !inner.work.no_savepoints.load(Ordering::Acquire);
        let lease = if known { inner.sections.take() } else { None };
        match lease {
            Some(lease) => {
                let depth = inner.work.batches.load(Ordering::Acquire);
                Undo::Savepoint(BatchSavepoint { name: format!("DRDARROW{depth}"), lease, due: true })
            }
            None => Undo::without_savepoint(inner, among),
        }
    }

    /// In autocommit a rollback takes nothing with it but the rows of open readers, which are told.
    fn without_savepoint(inner: &Inner, among: Among) -> Undo {
        match among.commits && !among.procedure && !inner.work.open.load(Ordering::Acquire) {
            true => Undo::Work,
            false => Undo::Nothing,
        }
    }

    /// Notes the server's answer to SAVEPOINT.
    pub(super) fn was_set(&mut self, answer: Option<Result<(), FlowError>>, inner: &Inner, among: Among) {
        match (answer, &mut *self) {
            (Some(Ok(())), Undo::Savepoint(savepoint)) => savepoint.due = false,
            (Some(Err(e)), _) => {
                if let FlowError::Sql { sqlca, .. } = &e {
                    tracing::debug!(sqlstate = sqlca.sqlstate, "no savepoint could be set");
                    // Others pass: another savepoint, a trigger, a distributed transaction.
                    if matches!(sqlca.sqlstate.get(..2), Some("42" | "0A" | "56")) {
                        inner.work.no_savepoints.store(true, Ordering::Release);
                    }
                }
                *self = Undo::without_savepoint(inner, among);
            }
            _ => {}
        }
    }

    /// The savepoint, if there is one.
    pub(super) fn savepoint(&self) -> Option<&BatchSavepoint> {
        match self {
            Undo::Savepoint(savepoint) => Some(savepoint),
            Undo::Work | Undo::Nothing => None,
        }
    }

    /// Several rows may be sent at a time.
    pub(super) fn is_possible(&self) -> bool {
        !matches!(self, Undo::Nothing)
    }

    /// The savepoint has to be set.
    pub(super) fn is_due(&self) -> bool {
        self.savepoint().is_some_and(|savepoint| savepoint.due)
    }

    /// The unit of work ended, and the savepoint with it.
    pub(super) fn is_gone(&mut self) {
        if let Undo::Savepoint(savepoint) = self {
            savepoint.due = true;
        }
    }
}

impl BatchSavepoint {
    /// The section that it is set in.
    pub(super) fn section(&self) -> PkgNamCsn {
        self.lease.name.clone()
    }

    /// The statement that sets it. (Db2 for all platforms; Derby 10.14, measured.)
    pub(super) fn set(&self) -> String {
        format!("SAVEPOINT {} ON ROLLBACK RETAIN CURSORS", self.name)
    }

    /// Lets it go; one that the server has lost is gone as well.
    pub(super) async fn release(&self, inner: &Inner) -> Result<(), Error> {
        if self.due {
            return Ok(());
        }
        match self.run(inner, format!("RELEASE SAVEPOINT {}", self.name)).await? {
            Ok(()) => Ok(()),
            Err(failed) => {
                tracing::debug!(error = %failed.error, "a savepoint was not released");
                Ok(())
            }
        }
    }

    async fn run(&self, inner: &Inner, sql: String) -> Result<Result<(), Failed>, Error> {
        let flow = Immediate::new(inner.session.clone(), self.lease.name.clone(), sql, false).sheltered();
        Ok(inner.talk(flow, Phase::Execute).await?.map(drop))
    }
}

impl CallWork {
    pub(super) fn new(inner: Arc<Inner>, among: Among) -> CallWork {
        CallWork {
            inner,
            among,
            undo: Undo::Nothing,
            done: BatchRows::NONE,
            kept: BatchRows::NONE,
            sent: false,
            touched: false,
            unknown: false,
        }
    }

    /// Decides how rows are undone, once.
    pub(super) fn choose_undo(&mut self) {
        if !self.sent {
            self.undo = Undo::choose(&self.inner, self.among);
        }
    }

    /// Sets the savepoint anew after the unit of work ended within the call.
    pub(super) async fn set_savepoint(&mut self) -> Result<(), Bad> {
        let Undo::Savepoint(savepoint) = &self.undo else { return Ok(()) };
        let answer = savepoint.run(&self.inner, savepoint.set()).await.map_err(Bad::from)?;
        let answer = match answer {
            Err(Failed { rolled_back: true, error, .. }) => {
                return Err(Bad { cause: FailureCause::Flow(error), row: None, among: None, rolled_back: true });
            }
            answer => answer.map_err(|failed| failed.error),
        };
        self.undo.was_set(Some(answer), &self.inner, self.among);
        Ok(())
    }

    /// Undoes what the rows did: what is left of them. `lost`: there is no connection any more; `rolled_back`: the
    /// server rolled back by itself.
    pub(super) async fn undone(&mut self, lost: bool, rolled_back: bool) -> Remains {
        let inner = self.inner.clone();
        if lost || inner.channel.broken().is_some() {
            return self.lost();
        }
        if rolled_back {
            // Rows after that were executed in a new unit of work.
            return match self.roll_back("the reader was ended: the server rolled back").await {
                Ok(()) => Remains::RolledBack { committed: self.kept.rows, commits: self.among.commits },
                Err(_) => self.lost(),
            };
        }
        if !self.touched {
            let ended = match (self.undo.savepoint(), self.among.commits && inner.work.put_off.load(Ordering::Acquire))
            {
                (Some(savepoint), _) => savepoint.release(&inner).await,
                (None, true) => self.roll_back("").await,
                (None, false) => Ok(()),
            };
            return if ended.is_ok() { Remains::NotBegun } else { self.lost() };
        }
        match &self.undo {
            Undo::Work => match self.roll_back("the reader was ended by a rollback").await {
                Ok(()) => Remains::none(self.kept.rows, false),
                Err(_) => self.lost(),
            },
            Undo::Savepoint(savepoint) => match savepoint.go_back(&inner).await {
                Ok(true) => self.settle(Remains::none(self.kept.rows, !self.among.commits)).await,
                Ok(false) => match self.roll_back("the reader was ended by a rollback").await {
                    // It may have ended units of work from within.
                    Ok(()) if self.among.procedure => Remains::Unknown { transaction: true },
                    Ok(()) => Remains::RolledBack { committed: self.kept.rows, commits: self.among.commits },
                    Err(_) => self.lost(),
                },
                Err(_) => self.lost(),
            },
            Undo::Nothing if self.unknown => Remains::Unknown { transaction: false },
            Undo::Nothing => self.settle(Remains::First(self.done.rows)).await,
        }
    }

    /// In autocommit the unit of work ends with the call, whatever became of its rows: work from before is
    /// committed, and locks go. While nothing but queries is open, it ends with them.
    async fn settle(&self, left: Remains) -> Remains {
        let work = self.inner.work.open.load(Ordering::Acquire) || matches!(left, Remains::First(_));
        if !self.among.commits || !work && self.inner.is_reading() {
            return left;
        }
        let commit = EndWork::commit(self.inner.session.clone());
        match self.inner.talk_and_commit(commit, Phase::Commit).await {
            Ok(()) => {
                self.inner.work.ended();
                left
            }
            Err(e) => {
                self.inner.channel.abort(&e.message);
                Remains::Unknown { transaction: true }
            }
        }
    }

    /// Rolls the unit of work back. Where that fails the connection is given up, so that the server does it.
    async fn roll_back(&self, why: &str) -> Result<(), Error> {
        let inner = &self.inner;
        inner.end_readers(true, why);
        let flow = EndWork::rollback(inner.session.clone());
        match inner.talk_until(flow, Phase::Execute, inner.end_deadline()).await {
            Ok(()) => {
                inner.work.rolled_back();
                Ok(())
            }
            Err(e) => {
                inner.channel.abort(&e.message);
                Err(e)
            }
        }
    }

    /// The rows left when the connection is lost: the server undoes what was not committed.
    fn lost(&self) -> Remains {
        match self.undo {
            Undo::Nothing if self.inner.config.isolation == Isolation::NoCommit && self.touched => {
                Remains::Unknown { transaction: false }
            }
            _ => Remains::Lost { committed: self.kept.rows, commits: self.among.commits },
        }
    }
}

impl BatchSavepoint {
    /// Back to it; false when it is not there any more.
    async fn go_back(&self, inner: &Inner) -> Result<bool, Error> {
        if self.due {
            return Ok(true);
        }
        if self.run(inner, format!("ROLLBACK TO SAVEPOINT {}", self.name)).await?.is_err() {
            return Ok(false);
        }
        self.release(inner).await?;
        Ok(true)
    }
}
