//! Locks: of objects (ALCOBJ, and what every open takes) and of records. Both are held by jobs; a
//! job never waits for itself.

use std::collections::HashMap;

/// The number of a job.
pub(super) type JobId = u64;

/// States of a lock on a file or member, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockState {
    SharedRead,
    SharedNoUpdate,
    SharedUpdate,
    ExclusiveRead,
    Exclusive,
}

impl LockState {
    /// From its keyword in CL.
    pub(super) fn of(word: &str) -> Option<LockState> {
        Some(match word {
            "*SHRRD" => LockState::SharedRead,
            "*SHRNUP" => LockState::SharedNoUpdate,
            "*SHRUPD" => LockState::SharedUpdate,
            "*EXCLRD" => LockState::ExclusiveRead,
            "*EXCL" => LockState::Exclusive,
            _ => return None,
        })
    }

    /// True when two jobs may hold these at the same time.
    pub(super) fn goes_with(self, other: LockState) -> bool {
        use LockState::{Exclusive, SharedNoUpdate, SharedRead, SharedUpdate};
        match (self, other) {
            (Exclusive, _) | (_, Exclusive) => false,
            (SharedRead, _) | (_, SharedRead) => true,
            (SharedUpdate, SharedUpdate) | (SharedNoUpdate, SharedNoUpdate) => true,
            _ => false,
        }
    }
}

/// A lock that a job holds on a member, or on all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ObjectLock {
    pub(super) job: JobId,
    pub(super) state: LockState,
    pub(super) member: Option<String>,
    /// It is that of an open file.
    pub(super) open: bool,
}

impl ObjectLock {
    /// An exclusive one on a member, or on all.
    pub(super) fn exclusive(job: JobId, member: Option<String>) -> ObjectLock {
        ObjectLock { job, state: LockState::Exclusive, member, open: false }
    }

    /// True when the other one keeps its job from having this one.
    pub(super) fn meets(&self, other: &ObjectLock) -> bool {
        let same = match (&self.member, &other.member) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        same && !self.state.goes_with(other.state)
    }
}

/// The purpose of a record lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RecordLock {
    /// Nobody else may change it.
    Read,
    /// Nobody else may lock it.
    Update,
}

/// The locked records of a member. A job may hold a record several times over, by several opens.
#[derive(Debug, Default)]
pub(super) struct RecordLocks(HashMap<u32, Vec<(JobId, RecordLock)>>);

impl RecordLocks {
    /// Takes a lock; false when another job is in the way.
    pub(super) fn take(&mut self, rrn: u32, job: JobId, kind: RecordLock) -> bool {
        let held = self.0.entry(rrn).or_default();
        let free = !held.iter().any(|(other, k)| *other != job && (kind.max(*k) == RecordLock::Update));
        if free {
            held.push((job, kind));
        } else if held.is_empty() {
            self.0.remove(&rrn);
        }
        free
    }

    /// True when no job has the record.
    pub(super) fn is_free(&self, rrn: u32) -> bool {
        !self.0.contains_key(&rrn)
    }

    /// True when no record is locked.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives one lock back.
    pub(super) fn release(&mut self, rrn: u32, job: JobId, kind: RecordLock) {
        let Some(held) = self.0.get_mut(&rrn) else { return };
        if let Some(at) = held.iter().position(|h| *h == (job, kind)) {
            held.swap_remove(at);
        }
        if held.is_empty() {
            self.0.remove(&rrn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_objects_go_together_as_documented() {
        use LockState::*;
        let all = [SharedRead, SharedNoUpdate, SharedUpdate, ExclusiveRead, Exclusive];
        let expected = [
            [true, true, true, true, false],
            [true, true, false, false, false],
            [true, false, true, false, false],
            [true, false, false, false, false],
            [false, false, false, false, false],
        ];
        for (a, row) in all.iter().zip(expected) {
            for (b, goes) in all.iter().zip(row) {
                assert_eq!(a.goes_with(*b), goes, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn records_are_locked_as_often_as_they_are_taken() {
        let mut locks = RecordLocks::default();
        assert!(locks.take(1, 7, RecordLock::Update) && locks.take(1, 7, RecordLock::Update));
        assert!(!locks.take(1, 8, RecordLock::Read));
        locks.release(1, 7, RecordLock::Update);
        assert!(!locks.take(1, 8, RecordLock::Update));
        locks.release(1, 7, RecordLock::Update);
        assert!(locks.take(1, 8, RecordLock::Read) && locks.take(1, 9, RecordLock::Read));
        assert!(!locks.take(1, 8, RecordLock::Update));
        locks.release(1, 9, RecordLock::Read);
        assert!(locks.take(1, 8, RecordLock::Update));
        locks.release(2, 8, RecordLock::Update);
    }
}
