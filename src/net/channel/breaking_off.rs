//! Breaking off a request that was sent: the server is told by another way, and the answer is waited for as ever. Where
//! there is no such way its waiter leaves, and the answer is drained.

use std::fmt::Debug;
use std::future::pending;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

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
