//! The wait of a command for a lock of another job. Nothing runs meanwhile, and no thread is held.

use std::time::Instant;
use tokio::sync::watch;
use tokio::time::timeout_at;

/// What a command waits for.
#[derive(Debug)]
pub(in crate::server) struct LockWait {
    released: watch::Receiver<()>,
    deadline: Instant,
}

impl LockWait {
    /// For something that is released, until then at most.
    pub(super) fn new(released: watch::Receiver<()>, deadline: Instant) -> LockWait {
        LockWait { released, deadline }
    }

    /// Ends when the command is to be run again.
    pub(in crate::server) async fn over(mut self) {
        // An error: the file is gone, which the command finds out.
        let _ = timeout_at(self.deadline.into(), self.released.changed()).await;
    }
}
