//! The work of a connection's sockets, counted: requests, bytes, and the time that answers took. Whoever reads the
//! counters while they grow sees each of them as it is, not all of one moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The counters of a connection, over all sockets that it had.
#[derive(Debug, Default)]
pub struct Counters {
    round_trips: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    nanoseconds: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Chains of requests that were sent, each for one answer.
    pub round_trips: u64,
    /// Bytes that were sent.
    pub sent: u64,
    /// Bytes that were received.
    pub received: u64,
    /// How long an answer was under way.
    pub waited: Duration,
}

impl Counters {
    /// The counters now.
    pub fn read(&self) -> Traffic {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Traffic {
            round_trips: get(&self.round_trips),
            sent: get(&self.sent),
            received: get(&self.received),
            waited: Duration::from_nanos(get(&self.nanoseconds)),
        }
    }

    /// One more chain of requests.
    pub(super) fn ask(&self) {
        self.round_trips.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn send(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn receive(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn wait(&self, time: Duration) {
        self.nanoseconds.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
