//! The branches of global transactions that a server knows, whichever connection works for them. A prepared one waits for
//! its outcome as long as the server lives; one that is not prepared is rolled back with the connection that worked for it
//! last, or when its time is over.

use super::switch::OpenSession;
use crate::server::budget::Lease;
use crate::wire::sql::syncctl::{XaRetVal, Xid};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// Branches at a time: each has a session of the engine.
const MOST: usize = 1000;
/// Those of one user.
const MOST_OF_USER: usize = 500;

/// Names a branch: it is its user's, in one database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BranchName {
    pub(super) user: String,
    pub(super) database: String,
    pub(super) xid: Xid,
}

/// The work of a branch.
pub(super) struct Work {
    /// None where nothing was run.
    pub(super) session: Option<OpenSession>,
    pub(super) changed: bool,
    /// It can only be rolled back, for this reason.
    pub(super) doomed: Option<XaRetVal>,
    /// It is rolled back then, unless it is prepared.
    pub(super) deadline: Option<Instant>,
    /// For what the server keeps of it.
    pub(super) _lease: Lease,
    pub(super) timer: Option<Timer>,
}

/// Rolls a branch back at its time, until it is dropped.
pub(super) struct Timer(AbortHandle);

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where the work of a branch is.
enum Place {
    /// A connection does it.
    Active(u64),
    /// A connection has left it for a while.
    Suspended(u64, Work),
    /// Nobody does it; the connection did so last.
    Ended(u64, Work),
    Prepared(Work),
    /// A connection ends it just now. It may be prepared.
    Busy {
        prepared: bool,
    },
    /// Its end is not the one that was promised, or not known, which the coordinator has to hear.
    Heuristic(XaRetVal),
}

#[derive(Default)]
struct Table {
    branches: BTreeMap<BranchName, (u64, Place)>,
    /// Numbers connections and branches.
    next: u64,
}

/// The branches of a server.
#[derive(Clone, Default)]
pub(in crate::server) struct Branches(Arc<Mutex<Table>>);

/// A branch that is being ended. Dropped, it is gone.
pub(super) struct Ending<'a> {
    branches: &'a Branches,
    name: &'a BranchName,
    pub(super) work: Option<Work>,
    after: Option<Place>,
}

impl Ending<'_> {
    /// It is prepared.
    pub(super) fn prepared(mut self) {
        self.after = self.work.take().map(Place::Prepared);
    }

    /// Its end stays known, since it is not the one that was promised.
    pub(super) fn stays(&mut self, outcome: XaRetVal) {
        self.after = Some(Place::Heuristic(outcome));
    }

    /// It is gone.
    pub(super) fn over(mut self) {
        self.after = None;
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut table = self.branches.table();
        match self.after.take() {
            Some(place) => {
                if let Some((_, now)) = table.branches.get_mut(self.name) {
                    *now = place;
                }
            }
            None => drop(table.branches.remove(self.name)),
        }
    }
}

/// The step that ends a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Prepare,
    Commit { one_phase: bool },
    Rollback,
}

impl Branches {
    /// A number for another connection.
    pub(super) fn connection(&self) -> u64 {
        let mut table = self.table();
        table.next += 1;
        table.next
    }

    /// Begins a branch on a connection.
    pub(super) fn start(&self, name: &BranchName, connection: u64) -> Result<(), XaRetVal> {
        let mut table = self.table();
        if table.branches.contains_key(name) {
            return Err(XaRetVal::DUPLICATE);
        }
        let of_user = table.branches.keys().filter(|other| other.user == name.user).count();
        if table.branches.len() >= MOST || of_user >= MOST_OF_USER {
            return Err(XaRetVal::SERVER_ERROR);
        }
        table.next += 1;
        let number = table.next;
        table.branches.insert(name.clone(), (number, Place::Active(connection)));
        Ok(())
    }

    /// Goes on with the work of a branch: of one that nobody does, or of one that this connection has suspended.
    pub(super) fn go_on(&self, name: &BranchName, connection: u64, suspended: bool) -> Result<Work, XaRetVal> {
        let mut table = self.table();
        let (_, place) = table.branches.get_mut(name).ok_or(XaRetVal::UNKNOWN)?;
        let mine = match &*place {
            Place::Ended(_, work) if !suspended => work.doomed.map_or(Ok(()), Err),
            Place::Suspended(by, _) if suspended && *by == connection => Ok(()),
            _ => Err(XaRetVal::PROTOCOL),
        };
        mine?;
        match std::mem::replace(place, Place::Active(connection)) {
            Place::Ended(_, work) | Place::Suspended(_, work) => Ok(work),
            _ => Err(XaRetVal::PROTOCOL),
        }
    }

    /// Leaves a branch that the connection worked for.
    pub(super) fn leave(&self, name: &BranchName, connection: u64, mut work: Work, suspended: bool) {
        let mut table = self.table();
        let Some((number, place)) = table.branches.get_mut(name) else { return };
        work.timer = work.deadline.and_then(|deadline| self.timer(name, *number, deadline));
        *place = if suspended { Place::Suspended(connection, work) } else { Place::Ended(connection, work) };
    }

    /// Ends the association of a branch that the connection has suspended.
    pub(super) fn end_suspended(&self, name: &BranchName, connection: u64, fail: bool) -> Result<(), XaRetVal> {
        let mut table = self.table();
        let (_, place) = table.branches.get_mut(name).ok_or(XaRetVal::UNKNOWN)?;
        match std::mem::replace(place, Place::Busy { prepared: false }) {
            Place::Suspended(by, mut work) if by == connection => {
                work.doomed = work.doomed.or(fail.then_some(XaRetVal::ROLLED_BACK));
                let done = work.doomed.map_or(Ok(()), Err);
                *place = Place::Ended(connection, work);
                done
            }
            other => {
                *place = other;
                Err(XaRetVal::PROTOCOL)
            }
        }
    }

    /// Takes a branch out to end it.
    pub(super) fn end<'a>(&'a self, name: &'a BranchName, step: Step) -> Result<Ending<'a>, XaRetVal> {
        let mut table = self.table();
        let (_, place) = table.branches.get_mut(name).ok_or(XaRetVal::UNKNOWN)?;
        let prepared = matches!(place, Place::Prepared(_));
        let work = match (std::mem::replace(place, Place::Busy { prepared }), step) {
            (Place::Ended(_, work), Step::Prepare | Step::Rollback | Step::Commit { one_phase: true })
            | (Place::Prepared(work), Step::Rollback | Step::Commit { one_phase: false }) => work,
            (other, step) => {
                let refusal = match (&other, step) {
                    (Place::Heuristic(outcome), Step::Rollback | Step::Commit { .. }) => *outcome,
                    // Its outcome is not told wrongly as long as it is not there.
                    (Place::Busy { .. }, Step::Commit { .. }) => XaRetVal::RETRY,
                    (Place::Busy { .. }, _) => XaRetVal::UNAVAILABLE,
                    _ => XaRetVal::PROTOCOL,
                };
                *place = other;
                return Err(refusal);
            }
        };
        Ok(Ending { branches: self, name, work: Some(work), after: None })
    }

    /// Forgets a branch whose outcome the coordinator has heard.
    pub(super) fn forget(&self, name: &BranchName) -> Result<(), XaRetVal> {
        let mut table = self.table();
        match table.branches.get(name) {
            None => Err(XaRetVal::UNKNOWN),
            Some((_, Place::Heuristic(_))) => {
                table.branches.remove(name);
                Ok(())
            }
            Some(_) => Err(XaRetVal::PROTOCOL),
        }
    }

    /// The branches of a user that wait for their outcome.
    pub(super) fn waiting(&self, user: &str, database: &str) -> Vec<Xid> {
        let table = self.table();
        let waits =
            |place: &Place| matches!(place, Place::Prepared(_) | Place::Heuristic(_) | Place::Busy { prepared: true });
        let all = table
            .branches
            .iter()
            .filter(|(name, (_, place))| name.user == user && name.database == database && waits(place));
        all.map(|(name, _)| name.xid.clone()).collect()
    }

    /// The connection's branch is gone.
    pub(super) fn drop_active(&self, name: &BranchName, connection: u64) {
        let mut table = self.table();
        if matches!(table.branches.get(name), Some((_, Place::Active(by))) if *by == connection) {
            table.branches.remove(name);
        }
    }

    /// The connection is gone: branches that are not prepared are rolled back.
    pub(super) fn hang_up(&self, connection: u64) {
        let theirs = |place: &Place| match place {
            Place::Active(by) | Place::Suspended(by, _) | Place::Ended(by, _) => *by == connection,
            Place::Prepared(_) | Place::Busy { .. } | Place::Heuristic(_) => false,
        };
        let mut table = self.table();
        let names = table.branches.iter().filter(|(_, (_, place))| theirs(place)).map(|(name, _)| name.clone());
        let names: Vec<BranchName> = names.collect();
        let gone: Vec<_> = names.iter().filter_map(|name| table.branches.remove(name)).collect();
        drop(table);
        // Rolled back here, where others can go on.
        drop(gone);
    }

    /// The server stops: all are rolled back.
    pub(in crate::server) fn clear(&self) {
        let all = std::mem::take(&mut self.table().branches);
        let prepared = all.values().filter(|(_, place)| matches!(place, Place::Prepared(_))).count();
        if prepared > 0 {
            tracing::warn!(prepared, "the server stops: prepared branches of global transactions are rolled back");
        }
        drop(all);
    }

    /// To roll a branch back at its time, if nobody works for it then and it is not prepared.
    fn timer(&self, name: &BranchName, number: u64, deadline: Instant) -> Option<Timer> {
        let runtime = Handle::try_current().ok()?;
        let (table, name): (Weak<Mutex<Table>>, _) = (Arc::downgrade(&self.0), name.clone());
        let task = runtime.spawn(async move {
            tokio::time::sleep_until(deadline.into()).await;
            let Some(branches) = table.upgrade().map(Branches) else { return };
            let _ = tokio::task::spawn_blocking(move || branches.expire(&name, number)).await;
        });
        Some(Timer(task.abort_handle()))
    }

    fn expire(&self, name: &BranchName, number: u64) {
        let mut table = self.table();
        let idle = |place: &Place| matches!(place, Place::Ended(..) | Place::Suspended(..));
        if !table.branches.get(name).is_some_and(|(now, place)| *now == number && idle(place)) {
            return;
        }
        let gone = table.branches.remove(name);
        drop(table);
        drop(gone);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
