//! Memory of batches that were handed out, filled again once nobody holds them: for a reader that
//! lets each batch go, fresh pages from the system would cost half as much as decoding into them.

use std::collections::VecDeque;

use arrow_buffer::{ArrowNativeType, Buffer};

/// A loop holds its batch while the next one is made, so the one before is the one that is free.
const KEPT: usize = 2;

/// The buffers of the last batches, shared with their holders.
#[derive(Debug, Default)]
pub(super) struct BufferPool(VecDeque<Buffer>);

impl BufferPool {
    /// Remembers a buffer that is about to be handed out.
    pub(super) fn keep(&mut self, buffer: &Buffer) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(buffer.clone());
    }

    /// A vector in memory that is free again, holding what it held; else an empty one.
    pub(super) fn take<T: ArrowNativeType>(&mut self) -> Vec<T> {
        for _ in 0..self.0.len() {
            match self.0.pop_front().map(Buffer::into_vec) {
                Some(Ok(free)) => return free,
                Some(Err(held)) => self.0.push_back(held),
                None => {}
            }
        }
        Vec::new()
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
