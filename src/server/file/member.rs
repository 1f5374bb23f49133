//! A member: records with their relative numbers, the deleted ones among them, and the access path
//! that orders them by key.

use super::locks::{JobId, RecordLocks};
use super::message::Fault;
use super::rules::{Duplicates, Quota};
use crate::wire::file::key::KeyPath;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Bytes that a record costs beside its own.
const OVERHEAD: usize = 64;

/// A record with its null map.
pub(super) type Record = Box<[u8]>;

/// A place in the access path: the key, and the order among equal ones.
pub(super) type Entry = (Vec<u8>, i64);

/// The facts of its file that a member needs.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// Bytes of a record without its null map.
    pub(super) length: usize,
    pub(super) path: Option<Arc<KeyPath>>,
    pub(super) unique: bool,
    pub(super) duplicates: Duplicates,
    pub(super) quota: Arc<Quota>,
}

#[derive(Debug)]
struct Stored {
    bytes: Record,
    entry: Option<Entry>,
}

/// A member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) locks: RecordLocks,
    /// Unique keys that changes not yet committed have given up or taken: whether others may have them is not yet
    /// decided.
    reserved: HashMap<Vec<u8>, JobId>,
    rules: Rules,
    records: Vec<Option<Stored>>,
    index: BTreeMap<Entry, u32>,
    deleted: BTreeSet<u32>,
    /// Counts the changes of the access path.
    changes: i64,
    bytes: usize,
}

/// Why a record cannot be put.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Another one has the key.
    Duplicate(u32),
    /// Another job's change of this key is not yet committed.
    Pending,
    /// The record is deleted.
    Gone,
    /// There is no room.
    Full,
}

impl Refused {
    /// The message of a write or update.
    pub(super) fn fault(self) -> Fault {
        match self {
            Refused::Duplicate(rrn) => {
                Fault::new("CPF5026", format!("Duplicate key not allowed: record {rrn} has this key."))
            }
            Refused::Pending => Fault::new("CPF5027", "A record with this key is in use by another job."),
            Refused::Gone => Fault::new("CPF501B", "The record that was locked is deleted."),
            Refused::Full => Fault::new("CPF5018", "Maximum size reached."),
        }
    }
}

impl Member {
    pub(super) fn new(name: &str, text: &str, rules: Rules) -> Member {
        Member {
            name: name.to_owned(),
            text: text.to_owned(),
            locks: RecordLocks::default(),
            reserved: HashMap::new(),
            rules,
            records: Vec::new(),
            index: BTreeMap::new(),
            deleted: BTreeSet::new(),
            changes: 0,
            bytes: 0,
        }
    }

    /// The record with a number.
    pub(super) fn get(&self, rrn: u32) -> Option<&[u8]> {
        Some(&*self.records.get(slot(rrn)?)?.as_ref()?.bytes)
    }

    /// Its place in the access path.
    pub(super) fn entry(&self, rrn: u32) -> Option<&Entry> {
        self.records.get(slot(rrn)?)?.as_ref()?.entry.as_ref()
    }

    /// The access path.
    pub(super) fn index(&self) -> &BTreeMap<Entry, u32> {
        &self.index
    }

    /// The highest number in use, deleted records among them.
    pub(super) fn last(&self) -> u32 {
        self.records.len() as u32
    }

    /// Records that are not deleted.
    pub(super) fn count(&self) -> usize {
        self.records.len() - self.deleted.len()
    }

    /// Deleted records.
    pub(super) fn count_deleted(&self) -> usize {
        self.deleted.len()
    }

    /// All records with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.records.iter().zip(1..).filter_map(|(r, rrn)| Some((rrn, &*r.as_ref()?.bytes)))
    }

    /// Adds a record after the last one, or in the place of a deleted one; its number.
    pub(super) fn insert(&mut self, record: Record, reuse: bool, job: JobId) -> Result<u32, Refused> {
        let key = self.key(&record);
        self.check(key.as_deref(), None, job)?;
        // A record whose deletion may still be undone keeps its place, and so does one that an open file of this job
        // still stands on.
        let free = || self.deleted.iter().find(|rrn| self.locks.is_free(**rrn));
        let rrn = match reuse.then(free).flatten() {
            Some(rrn) => *rrn,
            None => u32::try_from(self.records.len() + 1).map_err(|_| Refused::Full)?,
        };
        // Records are of one length: the place of a deleted one has its room already.
        if rrn > self.last() {
            let cost = record.len() + key.as_ref().map_or(0, Vec::len) + OVERHEAD;
            if !self.rules.quota.take(cost) {
                return Err(Refused::Full);
            }
            self.bytes += cost;
        }
        self.put(rrn, Some(record));
        Ok(rrn)
    }

    /// Replaces a record; what it was.
    pub(super) fn replace(&mut self, rrn: u32, record: Record, job: JobId) -> Result<Option<Record>, Refused> {
        self.get(rrn).ok_or(Refused::Gone)?;
        let key = self.key(&record);
        self.check(key.as_deref(), Some(rrn), job)?;
        Ok(self.put(rrn, Some(record)))
    }

    /// Deletes a record; what it was.
    pub(super) fn remove(&mut self, rrn: u32) -> Result<Option<Record>, Refused> {
        self.get(rrn).ok_or(Refused::Gone)?;
        Ok(self.put(rrn, None))
    }

    /// Puts back what was there before a change, in the order among equal keys that it had.
    pub(super) fn put_back(&mut self, rrn: u32, record: Option<Record>, order: Option<i64>) {
        self.place(rrn, record, order);
    }

    /// Keeps unique keys of a record from other jobs, the one that it has and the one that it had, until the unit of
    /// work of this job ends.
    pub(super) fn reserve(&mut self, rrn: u32, before: Option<&[u8]>, job: JobId) {
        if self.rules.unique {
            let now = self.entry(rrn).map(|(key, _)| key.clone());
            let then = before.and_then(|before| self.key(before));
            self.reserved.extend(now.into_iter().chain(then).map(|key| (key, job)));
        }
    }

    /// Gives the keys back that a unit of work has kept from others.
    pub(super) fn unreserve(&mut self, job: JobId) {
        self.reserved.retain(|_, holder| *holder != job);
    }

    /// Puts a record, or none, where it belongs, whatever is there; what was.
    fn put(&mut self, rrn: u32, record: Option<Record>) -> Option<Record> {
        self.place(rrn, record, None)
    }

    /// The same, with the order among equal keys where that is known.
    fn place(&mut self, rrn: u32, record: Option<Record>, order: Option<i64>) -> Option<Record> {
        let at = slot(rrn)?;
        if self.records.len() <= at {
            self.records.resize_with(at + 1, || None);
        }
        let key = record.as_ref().and_then(|r| self.key(r));
        let old = self.records.get_mut(at)?.take();
        let kept = old.as_ref().and_then(|o| o.entry.clone());
        if let Some(entry) = &kept {
            self.index.remove(entry);
        }
        let entry = key.map(|key| match (order, kept) {
            (Some(order), _) => (key, order),
            // A record whose key stays keeps its place.
            (None, Some(entry)) if entry.0 == key => entry,
            _ => {
                self.changes += 1;
                let order = match self.rules.duplicates {
                    Duplicates::Fifo => i64::from(rrn),
                    Duplicates::Lifo => -i64::from(rrn),
                    Duplicates::Fcfo => self.changes,
                };
                (key, order)
            }
        });
        if let Some(entry) = &entry {
            self.index.insert(entry.clone(), rrn);
        }
        match record {
            Some(bytes) => {
                self.deleted.remove(&rrn);
                *self.records.get_mut(at)? = Some(Stored { bytes, entry });
            }
            None => {
                self.deleted.insert(rrn);
            }
        }
        old.map(|old| old.bytes)
    }

    /// Deletes everything and begins anew with number 1.
    pub(super) fn clear(&mut self) {
        self.records.clear();
        self.index.clear();
        self.deleted.clear();
        self.rules.quota.give(std::mem::take(&mut self.bytes));
    }

    /// The key of a record.
    pub(super) fn key(&self, record: &[u8]) -> Option<Vec<u8>> {
        let path = self.rules.path.as_ref()?;
        let (data, nulls) = record.split_at_checked(self.rules.length).unwrap_or((record, &[]));
        Some(path.of_record(data, nulls))
    }

    fn check(&self, key: Option<&[u8]>, own: Option<u32>, job: JobId) -> Result<(), Refused> {
        let Some(key) = key.filter(|_| self.rules.unique) else { return Ok(()) };
        if self.reserved.get(key).is_some_and(|holder| *holder != job) {
            return Err(Refused::Pending);
        }
        let range = (key.to_vec(), i64::MIN)..=(key.to_vec(), i64::MAX);
        match self.index.range(range).find(|(_, rrn)| Some(**rrn) != own) {
            Some((_, rrn)) => Err(Refused::Duplicate(*rrn)),
            None => Ok(()),
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.rules.quota.give(self.bytes);
    }
}

/// Where the record with a number is kept.
fn slot(rrn: u32) -> Option<usize> {
    usize::try_from(rrn).ok()?.checked_sub(1)
}
