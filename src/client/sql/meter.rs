//! Where time went: of a connection as a whole, and of each statement. Only sums are kept, so that nothing grows.

use crate::net::counters::Traffic;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The work of a connection so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionCounters {
    /// Over its sockets.
    pub traffic: Traffic,
    /// Rows of results that were decoded.
    pub rows: u64,
    /// Batches that they came in.
    pub batches: u64,
    /// How long decoding took.
    pub decoding: Duration,
}

/// The times of a statement, and what it brought. Whoever runs it adds to them.
#[derive(Debug)]
pub struct Times {
    begun: Instant,
    /// From its begin to the first answer, and to the latest thing that happened.
    answer: AtomicU64,
    latest: AtomicU64,
    preparing: AtomicU64,
    waiting: AtomicU64,
    longest: AtomicU64,
    decoding: AtomicU64,
    rows: AtomicU64,
    batches: AtomicU64,
}

/// The same at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimesNow {
    /// From its begin to the first answer, with the rows in it.
    pub answer: Duration,
    /// From its begin to the latest wait or decoding.
    pub elapsed: Duration,
    /// How long it was prepared, where that was an exchange of its own.
    pub preparing: Duration,
    /// How long its reader waited for rows after the first answer.
    pub waiting: Duration,
    /// The longest of these waits.
    pub longest: Duration,
    /// How long decoding took.
    pub decoding: Duration,
    /// Rows decoded.
    pub rows: u64,
    /// Batches of them.
    pub batches: u64,
}

impl Default for Times {
    fn default() -> Times {
        let zero = AtomicU64::default;
        let (answer, latest, preparing, waiting, longest) = (zero(), zero(), zero(), zero(), zero());
        let (decoding, rows, batches) = (zero(), zero(), zero());
        Times { begun: Instant::now(), answer, latest, preparing, waiting, longest, decoding, rows, batches }
    }
}

impl Times {
    /// The times now.
    pub fn read(&self) -> TimesNow {
        let time = |time: &AtomicU64| Duration::from_nanos(time.load(Ordering::Relaxed));
        TimesNow {
            answer: time(&self.answer),
            elapsed: time(&self.latest),
            preparing: time(&self.preparing),
            waiting: time(&self.waiting),
            longest: time(&self.longest),
            decoding: time(&self.decoding),
            rows: self.rows.load(Ordering::Relaxed),
            batches: self.batches.load(Ordering::Relaxed),
        }
    }

    /// The first answer is there.
    pub fn answered(&self) {
        self.answer.store(nanoseconds(self.begun.elapsed()), Ordering::Relaxed);
        self.happened();
    }

    fn happened(&self) {
        self.latest.store(nanoseconds(self.begun.elapsed()), Ordering::Relaxed);
    }

    pub(super) fn prepared(&self, time: Duration) {
        add(&self.preparing, time);
    }

    pub(super) fn waited(&self, time: Duration) {
        add(&self.waiting, time);
        self.longest.fetch_max(nanoseconds(time), Ordering::Relaxed);
        self.happened();
    }

    /// Decoding for so long gave a batch of so many rows, or none yet.
    pub(super) fn decoded(&self, time: Duration, rows: Option<usize>) {
        add(&self.decoding, time);
        self.happened();
        if let Some(rows) = rows {
            self.rows.fetch_add(rows as u64, Ordering::Relaxed);
            self.batches.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn add(sum: &AtomicU64, time: Duration) {
    sum.fetch_add(nanoseconds(time), Ordering::Relaxed);
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_what_was_added() {
        let times = Times::default();
        times.prepared(Duration::from_millis(3));
        times.decoded(Duration::from_millis(1), None);
        times.decoded(Duration::from_millis(1), Some(10));
        times.waited(Duration::from_millis(4));
        times.waited(Duration::from_millis(3));
        let now = times.read();
        assert_eq!((now.preparing.as_millis(), now.waiting.as_millis(), now.decoding.as_millis()), (3, 7, 2));
        assert_eq!(now.longest.as_millis(), 4);
        assert_eq!((now.rows, now.batches), (10, 1));
    }
}
