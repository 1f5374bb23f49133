//! Requests that wait for their turn. While some do, replies are kept short: the rows of one client do not hold up the
//! others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The requests of a server that wait for the right to run.
#[derive(Debug, Clone, Default)]
pub(super) struct Crowd(Arc<AtomicUsize>);

impl Crowd {
    /// One more, until the result is dropped.
    pub(super) fn join(&self) -> Waiting {
        self.0.fetch_add(1, Ordering::AcqRel);
        Waiting(self.clone())
    }

    /// True while somebody waits.
    pub(super) fn waits(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }
}

/// A request that waits.
pub(super) struct Waiting(Crowd);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_there_as_long_as_one_waits() {
        let crowd = Crowd::default();
        assert!(!crowd.waits());
        let (one, other) = (crowd.join(), crowd.clone().join());
        drop(one);
        assert!(crowd.waits());
        drop(other);
        assert!(!crowd.waits());
    }
}
