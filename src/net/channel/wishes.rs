//! The wishes about a request under way: that it be broken off, and that its waiter wait no longer.

use super::state::ChannelState;
use crate::net::error::{ConnectStage, NetError};
use crate::net::transport::Deadline;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;
use tokio::time::sleep_until;

/// The wishes about one request, shared by its waiter and the task that owns the socket.
#[derive(Debug)]
pub(in crate::net) struct Wishes {
    shared: Arc<ChannelState>,
    /// A server may break it off.
    interruptible: bool,
    /// It was sent.
    started: AtomicBool,
    /// It is to be broken off.
    unwanted: AtomicBool,
    /// It cannot be: its waiter leaves.
    left: Notify,
}

impl Wishes {
    pub(in crate::net) fn new(shared: &Arc<ChannelState>, interruptible: bool) -> Arc<Wishes> {
        Arc::new(Wishes {
            shared: shared.clone(),
            interruptible,
            started: AtomicBool::new(false),
            unwanted: AtomicBool::new(false),
            left: Notify::new(),
        })
    }

    /// It is being sent.
    pub(in crate::net) fn start(&self) {
        self.started.store(true, Ordering::Release);
    }

    pub(in crate::net) fn is_interruptible(&self) -> bool {
        self.interruptible
    }

    pub(in crate::net) fn is_unwanted(&self) -> bool {
        self.unwanted.load(Ordering::Acquire)
    }

    /// Its waiter need not wait any longer.
    pub(in crate::net) fn leave(&self) {
        self.left.notify_one();
    }

    /// Asks that it be broken off; false when it cannot be, now or at all.
    pub(in crate::net) fn break_off(&self) -> bool {
        if !self.interruptible || !self.shared.can_interrupt() || !self.started.load(Ordering::Acquire) {
            return false;
        }
        self.unwanted.store(true, Ordering::Release);
        self.shared.abandoned.notify_one();
        true
    }

    /// Waits until the wait for the answer is over without one, and says why. After the deadline that is when the
    /// server cannot be made to answer.
    pub(in crate::net) async fn given_up(&self, deadline: Option<Deadline>) -> NetError {
        let Some(deadline) = deadline else {
            self.left.notified().await;
            return NetError::BrokenOff;
        };
        tokio::select! {
            () = self.left.notified() => return NetError::BrokenOff,
            () = sleep_until(deadline.at()) => {}
        }
        if self.break_off() {
            self.left.notified().await;
        }
        deadline.passed(ConnectStage::Reply)
    }
}

/// By which a request under way can be broken off from elsewhere.
#[derive(Debug, Clone)]
pub struct Breaker(pub(super) Arc<Wishes>);

impl Breaker {
    /// Asks for it; false when that is not possible.
    pub fn break_off(&self) -> bool {
        self.0.break_off()
    }
}
