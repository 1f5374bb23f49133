//! Breaking off a request that was sent: the server is told by another way, and the answer is waited for as ever. Where
//! there is no such way its waiter leaves, and the answer is drained.

use super::state::ChannelState;
use crate::net::error::{ConnectStage, NetError};
use crate::net::transport::Deadline;
use std::fmt::Debug;
use std::future::pending;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// The outcome of a request to break off what the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The server has heard it.
    Heard,
    /// It was not sent, or the server does not do that.
    Refused,
    /// It was sent and not answered: it may still come to the server, and hit a later request.
    Unanswered,
}

/// Tells a server by another way than the channel to break off what it runs for it.
pub trait Interrupter: Debug + Send + Sync {
    /// Tells it once, within a time of its own.
    fn tell(&self) -> Pin<Box<dyn Future<Output = Told> + Send>>;
}

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

/// Those who want to have broken off whatever runs now.
#[derive(Debug, Default)]
pub(super) struct Cancellers(Mutex<Vec<oneshot::Sender<()>>>);

impl Cancellers {
    /// One more; it ends once the server was told.
    pub(super) fn add(&self) -> oneshot::Receiver<()> {
        let (told, wait) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(told);
        wait
    }

    pub(super) fn take(&self) -> Vec<oneshot::Sender<()>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The server is being told to break off what it runs.
#[derive(Debug, Default)]
pub(super) struct Telling {
    under_way: Option<JoinHandle<Told>>,
    /// Who waits for the end of that.
    cancellers: Vec<oneshot::Sender<()>>,
    /// When to tell it again.
    pub(super) again: Option<Instant>,
}

impl Telling {
    pub(super) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Tells the server, unless that is under way.
    pub(super) fn begin(&mut self, interrupter: &dyn Interrupter) {
        if self.under_way.is_none() {
            self.under_way = Some(tokio::spawn(interrupter.tell()));
        }
    }

    /// These wait for it as well.
    pub(super) fn join(&mut self, cancellers: Vec<oneshot::Sender<()>>) {
        self.cancellers.extend(cancellers);
    }

    /// Waits for the outcome; for ever when there is none to come.
    pub(super) async fn told(&mut self) -> Told {
        let Some(task) = &mut self.under_way else { return pending().await };
        let told = task.await.unwrap_or(Told::Unanswered);
        self.under_way = None;
        for canceller in self.cancellers.drain(..) {
            // Who does not wait any more does not mind.
            let _ = canceller.send(());
        }
        told
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if let Some(task) = &self.under_way {
            task.abort();
        }
    }
}
