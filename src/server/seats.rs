//! Who has logged in and who has not: when a server is full, a newcomer gets the place of whoever
//! has dallied longest at the door. A slow drip of silent peers would keep everybody out otherwise.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::AbortHandle;

/// A connection's place. It is taken once: by the login, or by a newcomer.
#[derive(Debug, Clone, Default)]
pub(super) struct Seat(Arc<AtomicBool>);

impl Seat {
    /// True for whoever comes first.
    pub(super) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    fn is_taken(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Connections that had not logged in when they were last looked at, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Door(VecDeque<(Seat, AbortHandle)>);

impl Door {
    /// Another has come.
    pub(super) fn enter(&mut self, seat: Seat, task: AbortHandle) {
        // Those behind a slow one are not all waiting any more.
        if self.0.len() == self.0.capacity() {
            self.0.retain(|(seat, task)| !seat.is_taken() && !task.is_finished());
        }
        self.0.push_back((seat, task));
    }

    /// Lets go of the one that has waited longest; false when all have logged in.
    pub(super) fn evict(&mut self) -> bool {
        while let Some((seat, task)) = self.0.pop_front() {
            if !task.is_finished() && seat.take() {
                task.abort();
                return true;
            }
        }
        false
    }
}
