//! A journal: its receivers, and the files whose changes it has.

use super::entry::{Author, EntryKind, JournalEntry};
use super::receiver::Receiver;
use arrow_array::RecordBatch;
use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

/// Bytes of a receiver after which another one takes its place.
const FULL: usize = 16 << 20;
/// Receivers that are kept, the attached one among them.
const KEPT: usize = 16;
/// The memory of an entry beside its image.
const ENTRY: usize = 192;
/// Digits at the end of a receiver's name.
const DIGITS: usize = 4;

/// A journal.
#[derive(Debug)]
pub(in crate::server) struct Journal {
    pub(super) library: String,
    pub(super) name: String,
    memory: Arc<JournalMemory>,
    contents: Mutex<Contents>,
}

#[derive(Debug)]
pub(super) struct Contents {
    /// The oldest first; the last one is attached.
    pub(super) receivers: VecDeque<Receiver>,
    /// The files whose changes it has.
    pub(super) files: BTreeSet<String>,
}

/// The memory of all journals of a server, in bytes, and the most that it may be.
#[derive(Debug)]
pub(super) struct JournalMemory {
    used: AtomicUsize,
    most: usize,
    /// The journals that take it.
    journals: Mutex<Vec<Weak<Journal>>>,
}

impl JournalMemory {
    pub(super) fn new(most: usize) -> JournalMemory {
        JournalMemory { used: AtomicUsize::new(0), most, journals: Mutex::default() }
    }

    fn is_full(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.most
    }

    fn journals(&self) -> MutexGuard<'_, Vec<Weak<Journal>>> {
        self.journals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Receivers go until there is room: the oldest of the journal that takes the most.
    fn make_room(&self) {
        let mut journals = self.journals();
        journals.retain(|journal| journal.strong_count() > 0);
        while self.is_full() {
            let all = journals.iter().filter_map(Weak::upgrade).map(|journal| (journal.bytes(), journal));
            match all.max_by_key(|(bytes, _)| *bytes) {
                Some((bytes, journal)) if bytes > 2 * ENTRY => journal.shrink(),
                _ => return,
            }
        }
    }
}

impl Journal {
    /// With one receiver.
    pub(super) fn new(library: &str, name: &str, memory: Arc<JournalMemory>) -> Arc<Journal> {
        let contents = Contents { receivers: VecDeque::new(), files: BTreeSet::new() };
        let (library, name) = (library.to_owned(), name.to_owned());
        let journal = Arc::new(Journal { library, name, memory, contents: contents.into() });
        journal.attach(&mut journal.contents(), false);
        journal.memory.journals().push(Arc::downgrade(&journal));
        journal
    }

    /// Its name.
    pub(in crate::server) fn name(&self) -> &str {
        &self.name
    }

    /// Adds an entry; its number. Receivers go where there is too much.
    pub(in crate::server) fn deposit(&self, entry: &JournalEntry<'_>) -> u64 {
        let mut contents = self.contents();
        let number = self.add(&mut contents, entry);
        if contents.receivers.back().is_some_and(|receiver| receiver.bytes >= FULL) {
            self.attach(&mut contents, false);
        }
        drop(contents);
        if self.memory.is_full() {
            self.memory.make_room();
        }
        number
    }

    /// Begins a unit of work: the number of its first entry, which all of them have.
    pub(in crate::server) fn begin_cycle(&self, author: &Author) -> u64 {
        let mut contents = self.contents();
        let cycle = contents.receivers.back().map_or(0, |receiver| receiver.last + 1);
        self.add(&mut contents, &JournalEntry { cycle, ..JournalEntry::of(EntryKind::BEGIN, author) })
    }

    /// Another receiver takes the place of the attached one; with `reset` its entries begin with 1. Its name.
    pub(in crate::server) fn change_receiver(&self, reset: bool) -> String {
        self.attach(&mut self.contents(), reset)
    }

    /// Deletes a receiver that is not attached; false when there is none of the name.
    pub(in crate::server) fn delete_receiver(&self, name: &str) -> bool {
        let mut contents = self.contents();
        let at = contents.receivers.iter().position(|receiver| receiver.name == name && receiver.detached.is_some());
        let gone = at.and_then(|at| contents.receivers.remove(at));
        self.gone(gone.as_ref());
        gone.is_some()
    }

    /// It has the changes of a file of its library from now on.
    pub(in crate::server) fn begin(&self, file: &str) {
        self.contents().files.insert(file.to_owned());
    }

    /// The file is gone.
    pub(in crate::server) fn end(&self, file: &str) {
        self.contents().files.remove(file);
    }

    /// Its entries, the oldest first.
    pub(super) fn entries(&self) -> Vec<RecordBatch> {
        let contents = self.contents();
        let all = &contents.receivers;
        all.iter().flat_map(|receiver| receiver.entries(&self.library, &self.name, all)).collect()
    }

    /// Whether the numbers of its entries grow from one to the next: they were not begun anew.
    pub(super) fn is_in_order(&self) -> bool {
        let contents = self.contents();
        let mut resets = contents.receivers.iter().map(|receiver| receiver.reset);
        let first = resets.next();
        resets.all(|reset| Some(reset) == first)
    }

    pub(super) fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, contents: &mut Contents, entry: &JournalEntry<'_>) -> u64 {
        let Some(receiver) = contents.receivers.back_mut() else { return 0 };
        let bytes = ENTRY + entry.image.map_or(0, <[u8]>::len);
        self.memory.used.fetch_add(bytes, Ordering::Relaxed);
        receiver.add(entry, SystemTime::now(), bytes)
    }

    fn attach(&self, contents: &mut Contents, reset: bool) -> String {
        let system = Author::default();
        let (number, begin, first) = match contents.receivers.back() {
            None => (1, 1, 1),
            Some(_) => {
                let end = self.add(contents, &JournalEntry::of(EntryKind::NEXT, &system));
                let last = contents.receivers.back_mut().map(|last| {
                    last.detached = Some(SystemTime::now());
                    (last.number, last.reset)
                });
                let (last, begin) = last.unwrap_or_default();
                let number = last.saturating_add(1);
                if reset { (number, number, 1) } else { (number, begin, end + 1) }
            }
        };
        let digits = format!("{number:0DIGITS$}");
        let base: String = self.name.chars().take(10usize.saturating_sub(digits.len())).collect();
        let name = format!("{base}{digits}");
        contents.receivers.push_back(Receiver::new(name.clone(), number, begin, first));
        self.add(contents, &JournalEntry::of(EntryKind::PREVIOUS, &system));
        while contents.receivers.len() > KEPT {
            self.drop_oldest(contents);
        }
        name
    }

    /// Bytes of its entries.
    fn bytes(&self) -> usize {
        self.contents().receivers.iter().map(|receiver| receiver.bytes).sum()
    }

    /// Its oldest receiver goes. Another one takes its place if it is the only one.
    fn shrink(&self) {
        let mut contents = self.contents();
        if contents.receivers.len() < 2 {
            self.attach(&mut contents, false);
        }
        self.drop_oldest(&mut contents);
    }

    fn drop_oldest(&self, contents: &mut Contents) {
        let oldest = contents.receivers.pop_front();
        self.gone(oldest.as_ref());
    }

    /// The memory of a receiver is free again.
    fn gone(&self, receiver: Option<&Receiver>) {
        self.memory.used.fetch_sub(receiver.map_or(0, |receiver| receiver.bytes), Ordering::Relaxed);
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let contents = self.contents.get_mut().unwrap_or_else(PoisonError::into_inner);
        let bytes = contents.receivers.iter().map(|receiver| receiver.bytes).sum();
        self.memory.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(journal: &Journal, image: &[u8]) -> u64 {
        let author = Author::default();
        journal.deposit(&JournalEntry { image: Some(image), ..JournalEntry::of(EntryKind::ADDED, &author) })
    }

    fn rows(journal: &Journal) -> usize {
        journal.entries().iter().map(RecordBatch::num_rows).sum()
    }

    #[test]
    fn numbers_go_on_from_receiver_to_receiver_unless_they_are_reset() {
        let journal = Journal::new("L", "QSQJRN", Arc::new(JournalMemory::new(1 << 20)));
        // The first entry of a receiver is about the one before it, the last one about the next.
        assert_eq!(added(&journal, b"a"), 2);
        assert_eq!(journal.change_receiver(false), "QSQJRN0002");
        assert_eq!(added(&journal, b"b"), 5);
        assert!(journal.is_in_order());
        assert_eq!(journal.change_receiver(true), "QSQJRN0003");
        assert!(!journal.is_in_order());
        assert_eq!(added(&journal, b"c"), 2);
        assert_eq!(rows(&journal), 8);
        assert!(!journal.delete_receiver("QSQJRN0003") && journal.delete_receiver("QSQJRN0001"));
        assert_eq!(rows(&journal), 5);
    }

    #[test]
    fn batches_share_the_columns_that_entries_have_in_common() {
        let journal = Journal::new("L", "QSQJRN", Arc::new(JournalMemory::new(1 << 24)));
        (0..5000).for_each(|_| _ = added(&journal, b"x"));
        let batches = journal.entries();
        assert!(batches.len() > 4 && rows(&journal) == 5001);
        let [first, second, ..] = &batches[..] else { panic!("{batches:?}") };
        let at = |batch: &RecordBatch, name: &str| {
            batch[name].to_data().buffers().iter().map(|buffer| buffer.data_ptr()).collect::<Vec<_>>()
        };
        for name in ["PROGRAM_NAME", "RECEIVER_NAME", "JOURNAL_NAME", "RECEIVER_NUMBER", "RECEIVERS_UNTIL"] {
            assert_eq!(at(first, name), at(second, name), "{name}");
        }
        assert_ne!(at(first, "SEQUENCE_NUMBER"), at(second, "SEQUENCE_NUMBER"));
    }

    #[test]
    fn a_journal_that_takes_the_most_makes_room_for_others() {
        let memory = Arc::new(JournalMemory::new(100_000));
        let [large, small] = ["L", "M"].map(|library| Journal::new(library, "QSQJRN", memory.clone()));
        (0..95).for_each(|_| _ = added(&large, &[0; 1000 - ENTRY]));
        (0..20).for_each(|_| _ = added(&small, &[0; 1000 - ENTRY]));
        assert_eq!((rows(&large), rows(&small)), (1, 21));
        assert!(memory.used.load(Ordering::Relaxed) <= 100_000);
    }

    #[test]
    fn the_oldest_entries_make_room_for_new_ones() {
        let memory = Arc::new(JournalMemory::new(10_000));
        let journals = ["L", "M"].map(|library| Journal::new(library, "QSQJRN", memory.clone()));
        for image in [1000, 1000, 20_000, 10] {
            for _ in 0..40 {
                let numbers = [0, 1].map(|n| journals.get(n).map(|journal| added(journal, &vec![0; image])));
                assert!(numbers.iter().flatten().all(|number| *number > 0));
            }
            let used = memory.used.load(Ordering::Relaxed);
            assert!(used < 10_000 + 2 * 20_000, "{used}");
        }
        assert!(journals.iter().all(|journal| (1..100).contains(&rows(journal))));
        drop(journals);
        assert!(memory.journals().iter().all(|journal| journal.strong_count() == 0));
        assert_eq!(memory.used.load(Ordering::Relaxed), 0);
    }
}
