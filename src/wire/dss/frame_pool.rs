//! Memory of frames that were handed out, filled again once nobody holds them: fresh pages from the system cost as much
//! as reading a frame into them.

use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// More frames than this are not in use at once: those of one reply, and of the next one that comes meanwhile.
const KEPT: usize = 8;
/// A longer frame is a single large value, after which none like it need come.
const LONGEST: usize = 4 << 20;

/// The last long frames, shared with their holders.
#[derive(Debug, Default)]
pub(super) struct FramePool(VecDeque<Bytes>);

impl FramePool {
    /// Remembers a frame that is about to be handed out.
    pub(super) fn keep(&mut self, frame: &Bytes) {
        if frame.len() > LONGEST {
            return;
        }
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(frame.clone());
    }

    /// An empty buffer of at least so many bytes, in memory that is free again.
    pub(super) fn take(&mut self, least: usize) -> Option<BytesMut> {
        for _ in 0..self.0.len() {
            match self.0.pop_front()?.try_into_mut() {
                Ok(mut free) if free.capacity() >= least => {
                    free.clear();
                    return Some(free);
                }
                // Too short: frames have become longer.
                Ok(_) => {}
                Err(held) => self.0.push_back(held),
            }
        }
        None
    }

    /// True when there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
