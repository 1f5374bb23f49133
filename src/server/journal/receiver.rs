//! A receiver: the entries of a journal from one number on, until another receiver takes its place.

use super::columns::{Common, EntryBuilder, microseconds, schema};
use super::entry::JournalEntry;
use arrow_array::{ArrayRef, RecordBatch};
use std::collections::VecDeque;
use std::time::SystemTime;

/// Entries, and bytes of them, that are kept together.
const ENTRIES: usize = 1024;
const BYTES: usize = 256 << 10;

/// A receiver.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) name: String,
    /// Its number among the receivers of the journal, and that of the one with which the sequence numbers begin.
    pub(super) number: i32,
    pub(super) reset: i32,
    /// The number that its first entry has or will have.
    pub(super) first: u64,
    /// The number of its last entry.
    pub(super) last: u64,
    pub(super) attached: SystemTime,
    pub(super) detached: Option<SystemTime>,
    /// Bytes of its entries.
    pub(super) bytes: usize,
    sealed: Vec<(usize, Vec<ArrayRef>)>,
    open: EntryBuilder,
    open_bytes: usize,
}

impl Receiver {
    /// Without entries.
    pub(super) fn new(name: String, number: i32, reset: i32, first: u64) -> Receiver {
        Receiver {
            name,
            number,
            reset,
            first,
            last: first.saturating_sub(1),
            attached: SystemTime::now(),
            detached: None,
            bytes: 0,
            sealed: Vec::new(),
            open: EntryBuilder::new(),
            open_bytes: 0,
        }
    }

    /// Adds an entry; its number.
    pub(super) fn add(&mut self, entry: &JournalEntry<'_>, time: SystemTime, bytes: usize) -> u64 {
        self.last += 1;
        self.open.add(entry, self.last, microseconds(time));
        self.bytes += bytes;
        self.open_bytes += bytes;
        if self.open.len >= ENTRIES || self.open_bytes >= BYTES {
            self.sealed.push((self.open.len, self.open.columns()));
            self.open = EntryBuilder::new();
            self.open_bytes = 0;
        }
        self.last
    }

    /// Its entries, as those of a journal with these names and receivers.
    pub(super) fn entries(&self, library: &str, journal: &str, all: &VecDeque<Receiver>) -> Vec<RecordBatch> {
        let attached = all.back().unwrap_or(self);
        let numbers = [self.number, attached.number, attached.reset];
        let names = |among: fn(i32, i32) -> bool| -> String {
            let named = all.iter().filter(|receiver| among(receiver.number, self.number));
            named.flat_map(|receiver| [receiver.name.as_str(), " "]).collect()
        };
        let (until, since) = (names(|n, own| n <= own), names(|n, own| n >= own));
        let common = Common { receiver: &self.name, library, journal, numbers, until: &until, since: &since };
        let open = (self.open.len > 0).then(|| (self.open.len, self.open.columns()));
        // Batches share their columns: for each entry they would take as much memory as the entry.
        let longest = self.sealed.iter().chain(&open).map(|(len, _)| *len).max().unwrap_or(0);
        let shared = common.columns(longest);
        let batch = |(len, columns): &(usize, Vec<ArrayRef>)| {
            let shared = shared.iter().map(|column| column.slice(0, *len));
            RecordBatch::try_new(schema(), columns.iter().cloned().chain(shared).collect()).ok()
        };
        self.sealed.iter().chain(&open).filter_map(batch).collect()
    }
}
