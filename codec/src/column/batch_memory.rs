//! Memory of batches that outlives their reader, for the next one of the same connection: fresh pages from the system
//! cost up to a tenth of the time in which a reader decodes.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use arrow_buffer::Buffer;

/// Less than this is not worth keeping.
const LEAST: usize = 64 << 10;
/// All that is kept.
const MOST: usize = 64 << 20;

/// The use of memory: the column from 0, and which of its buffers.
pub(super) type MemoryPlace = (usize, u8);

/// The memory that readers leave, by what it was for: those of one shape find all that they need. Clones share it, and
/// any two are equal, since no value depends on it.
#[derive(Clone, Default)]
pub struct BatchMemory(Arc<Mutex<KeptMemory>>);

#[derive(Default)]
struct KeptMemory {
    places: BTreeMap<MemoryPlace, VecDeque<Buffer>>,
    bytes: usize,
    /// How often something was taken or left.
    changes: u64,
    /// Somebody is to let go.
    watched: bool,
}

/// Values of rows that were read are nobody's to print.
impl fmt::Debug for BatchMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BatchMemory({} bytes)", self.bytes())
    }
}

impl PartialEq for BatchMemory {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for BatchMemory {}

impl BatchMemory {
    /// Bytes that are kept.
    pub fn bytes(&self) -> usize {
        self.kept().map_or(0, |kept| kept.bytes)
    }

    /// For one who is to let go of what is kept: how often it was used so far. None where nothing is, or another one
    /// does it.
    pub fn watch(&self) -> Option<u64> {
        let mut kept = self.kept().filter(|kept| !kept.watched && !kept.places.is_empty())?;
        kept.watched = true;
        Some(kept.changes)
    }

    /// Lets go of all that is kept, unless it was used more often: then that is how often, for another try.
    pub fn let_go(&self, changes: u64) -> Option<u64> {
        let Some(mut kept) = self.kept() else { return Some(changes) };
        if kept.changes != changes && !kept.places.is_empty() {
            return Some(kept.changes);
        }
        (kept.places, kept.bytes, kept.watched) = (BTreeMap::new(), 0, false);
        None
    }

    /// The buffers that were left for a place. Holders of batches may hold them still.
    pub(super) fn take(&self, place: MemoryPlace) -> VecDeque<Buffer> {
        let Some(mut kept) = self.kept() else { return VecDeque::new() };
        let found = kept.places.remove(&place).unwrap_or_default();
        kept.bytes -= size(&found);
        kept.changes += 1;
        found
    }

    /// Leaves buffers for the next one at this place.
    pub(super) fn leave(&self, place: MemoryPlace, mut buffers: VecDeque<Buffer>) {
        buffers.retain(|buffer| buffer.capacity() >= LEAST);
        let Some(mut kept) = self.kept().filter(|_| !buffers.is_empty()) else { return };
        let before = kept.places.remove(&place).unwrap_or_default();
        kept.bytes -= size(&before);
        let bytes = kept.bytes + size(&buffers);
        if bytes <= MOST {
            kept.bytes = bytes;
            kept.places.insert(place, buffers);
        }
        kept.changes += 1;
    }

    /// None while another thread has it, which a fork may have ended: then nothing is kept.
    fn kept(&self) -> Option<MutexGuard<'_, KeptMemory>> {
        self.0.try_lock().ok()
    }
}

fn size(buffers: &VecDeque<Buffer>) -> usize {
    buffers.iter().map(Buffer::capacity).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: usize) -> VecDeque<Buffer> {
        VecDeque::from([Buffer::from_vec(vec![7u8; bytes])])
    }

    #[test]
    fn what_is_left_is_found_once() {
        let memory = BatchMemory::default();
        memory.leave((0, 0), of(LEAST));
        memory.leave((0, 1), of(LEAST - 1));
        assert!(memory.take((0, 1)).is_empty() && memory.take((1, 0)).is_empty());
        assert_eq!(memory.clone().take((0, 0)).len(), 1);
        assert!(memory.take((0, 0)).is_empty() && memory.watch().is_none());
    }

    #[test]
    fn no_more_than_so_much_is_kept() {
        let memory = BatchMemory::default();
        memory.leave((0, 0), of(MOST / 2));
        memory.leave((1, 0), of(MOST / 2));
        memory.leave((2, 0), of(LEAST));
        memory.leave((1, 0), of(MOST / 4));
        memory.leave((3, 0), of(MOST / 4));
        let found: Vec<usize> = (0..4).map(|n| size(&memory.take((n, 0)))).collect();
        assert_eq!(found, [MOST / 2, MOST / 4, 0, MOST / 4]);
        assert_eq!(memory.kept().unwrap().bytes, 0);
    }

    #[test]
    fn it_is_let_go_unless_it_was_used_meanwhile() {
        let memory = BatchMemory::default();
        memory.leave((0, 0), of(LEAST));
        let before = memory.watch().unwrap();
        assert!(memory.watch().is_none());
        memory.leave((1, 0), of(LEAST));
        let after = memory.let_go(before).unwrap();
        assert_eq!(memory.kept().unwrap().places.len(), 2);
        assert!(memory.let_go(after).is_none() && memory.take((0, 0)).is_empty());
        memory.leave((0, 0), of(LEAST));
        assert!(memory.watch().is_some());
    }
}
