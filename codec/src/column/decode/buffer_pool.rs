//! Memory of batches that were handed out, filled again once nobody holds them: for a reader that
//! lets each batch go, fresh pages from the system would cost half as much as decoding into them.

use std::collections::VecDeque;

use arrow_buffer::{ArrowNativeType, Buffer};

use crate::column::batch_memory::{BatchMemory, MemoryPlace};

/// A loop holds its batch while the next one is made, so the one before is the one that is free.
const KEPT: usize = 2;

/// A batch that fills less than this part of long memory gets less.
const SPARSE: usize = 4;
const LONG: usize = 64 << 10;

/// The buffers of the last batches, shared with their holders.
#[derive(Debug, Default)]
pub(super) struct BufferPool {
    last: VecDeque<Buffer>,
    memory: BatchMemory,
    place: MemoryPlace,
}

impl BufferPool {
    /// With what the reader before left at this place.
    pub(super) fn new(memory: &BatchMemory, place: MemoryPlace) -> BufferPool {
        BufferPool { last: memory.take(place), memory: memory.clone(), place }
    }

    /// The first values as a buffer to be handed out, which is remembered. A few are copied: their holder is not to hold
    /// the memory of many.
    pub(super) fn hand_out<T: ArrowNativeType>(&mut self, values: Vec<T>, used: usize) -> Buffer {
        let room = values.capacity();
        let is_sparse = room * size_of::<T>() >= LONG && used < room / SPARSE;
        let few = is_sparse.then(|| Buffer::from_slice_ref(values.get(..used).unwrap_or_default()));
        let buffer = Buffer::from_vec(values);
        self.keep(&buffer);
        few.unwrap_or_else(|| buffer.slice_with_length(0, used * size_of::<T>()))
    }

    /// Remembers a buffer that is about to be handed out.
    pub(super) fn keep(&mut self, buffer: &Buffer) {
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(buffer.clone());
    }

    /// A vector in memory that is free again, holding what it held; else an empty one.
    pub(super) fn take<T: ArrowNativeType>(&mut self) -> Vec<T> {
        for _ in 0..self.last.len() {
            match self.last.pop_front().map(Buffer::into_vec) {
                Some(Ok(free)) => return free,
                Some(Err(held)) => self.last.push_back(held),
                None => {}
            }
        }
        Vec::new()
    }
}

impl Drop for BufferPool {
    fn drop(&mut self) {
        self.memory.leave(self.place, std::mem::take(&mut self.last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_is_filled_again() {
        let mut spares = BufferPool::default();
        let held = Buffer::from_vec(vec![1u32, 2, 3]);
        spares.keep(&held);
        assert!(spares.take::<u32>().is_empty());
        let slice = held.slice(4);
        drop(held);
        assert!(spares.take::<u32>().is_empty());
        assert_eq!(slice.typed_data::<u32>(), [2, 3]);
        drop(slice);
        assert_eq!(spares.take::<u32>(), [1, 2, 3]);
        assert!(spares.take::<u32>().is_empty());
    }

    #[test]
    fn the_last_two_are_kept() {
        let mut spares = BufferPool::default();
        for n in 0..5u8 {
            spares.keep(&Buffer::from_vec(vec![n]));
        }
        assert_eq!((spares.take::<u8>(), spares.take::<u8>(), spares.take::<u8>()), (vec![3], vec![4], vec![]));
    }
}
