//! The time that the rows of a batch wait for more, before the batch is handed out although it is not full.

use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The wait of one batch. It begins when its rows first have to wait for the server, and goes on
/// while nobody asks.
#[derive(Debug, Default)]
pub(super) struct BatchDelay {
    since: Option<Instant>,
    over: bool,
}

impl BatchDelay {
    /// When the rows in hand are handed out as they are; none where they wait for a full batch.
    pub(super) fn end(&mut self, delay: Option<Duration>) -> Option<Instant> {
        let delay = delay?;
        self.since.get_or_insert_with(Instant::now).checked_add(delay)
    }

    /// The rows in hand are to be handed out.
    pub(super) fn run_out(&mut self) {
        self.over = true;
    }

    /// True when the rows in hand are to be handed out.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// They were handed out.
    pub(super) fn renew(&mut self) {
        *self = BatchDelay::default();
    }
}

/// True when a limit has passed.
pub(super) fn passed(limit: Option<Instant>) -> bool {
    limit.is_some_and(|limit| limit <= Instant::now())
}

/// Waits until a limit has passed: for ever without one.
pub(super) async fn until(limit: Option<Instant>) {
    match limit {
        Some(limit) => sleep_until(limit).await,
        None => std::future::pending().await,
    }
}
