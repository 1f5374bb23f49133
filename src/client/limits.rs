//! Limits of the batches that results and record files are decoded into.

use arrow_array::RecordBatch;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long the rows of a batch wait for more, unless told.
pub(super) const DELAY: Duration = Duration::from_millis(100);

/// Bytes of a batch that is used as soon as it is there, unless told: with the one that its reader still holds it stays
/// in the cache of a processor.
const HOT: usize = 2 << 20;
/// Bytes of a batch that waits until it is full, unless told.
const FULL: usize = 16 << 20;

/// How far a batch may grow; the first limit reached ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows.
    pub rows: usize,
    /// Bytes of Arrow data; none for 2 MiB, or 16 MiB where the rows wait until the batch is full.
    pub bytes: Option<usize>,
    /// How long its rows wait for a server that is slower than their reader, from their first wait on. Zero hands
    /// them out at once; none waits until the batch is full or the rows end.
    pub delay: Option<Duration>,
}

impl Limits {
    /// For those who want all rows before they look at one: nothing is gained by batches that are not full.
    pub fn whole(self) -> Limits {
        Limits { delay: None, ..self }
    }

    /// Bytes of Arrow data, at most.
    pub fn most(&self) -> usize {
        self.bytes.unwrap_or(if self.delay.is_some() { HOT } else { FULL })
    }

    /// With room for a row.
    pub(super) fn of_a_row_or_more(self) -> Limits {
        Limits { rows: self.rows.max(1), bytes: self.bytes.map(|bytes| bytes.max(1)), ..self }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { rows: 65_536, bytes: None, delay: Some(DELAY) }
    }
}

/// The outcome of decoding.
#[derive(Debug)]
pub enum Decoded {
    /// A batch of at least one row.
    Batch(RecordBatch),
    /// The server has to be waited for: no row is in hand, or those that are may wait for more.
    NeedBlock,
    /// There are no more rows.
    End,
}

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
