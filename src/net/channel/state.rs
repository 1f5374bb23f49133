//! The state that the task of a socket and its handles share: whether the connection can be used, and what is allowed.

use super::breaking_off::{Cancellers, Interrupter};
use crate::net::counters::Counters;
use crate::net::error::NetError;
use crate::net::recognise;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::Notify;

/// Known to the task and to its handles.
#[derive(Debug)]
pub(in crate::net) struct ChannelState {
    pub(super) counters: Arc<Counters>,
    /// Why the connection cannot be used, once that is so.
    broken: Mutex<Option<Broken>>,
    /// The first bytes of the peer, until they made a frame.
    head: Mutex<Vec<u8>>,
    /// Somebody stopped waiting, or wants something broken off.
    pub(super) abandoned: Notify,
    /// Requests that may be under way before the reply to the first is complete.
    pub(super) depth: AtomicUsize,
    /// Longest frame that is taken, whatever a conversation allows.
    pub(super) limit: AtomicUsize,
    /// Tells the server to break off what it runs, where that is possible.
    pub(super) interrupter: OnceLock<Arc<dyn Interrupter>>,
    /// Who wants that.
    pub(super) cancellers: Cancellers,
}

/// The end of a connection.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) why: String,
    /// The error itself if nobody was waiting; the next caller gets it.
    pub(super) untold: Option<NetError>,
}

impl ChannelState {
    /// Of a socket about which nothing is known yet.
    pub(super) fn new(counters: Arc<Counters>) -> ChannelState {
        ChannelState {
            counters,
            broken: Mutex::default(),
            head: Mutex::default(),
            abandoned: Notify::new(),
            depth: AtomicUsize::new(1),
            limit: AtomicUsize::new(usize::MAX),
            interrupter: OnceLock::new(),
            cancellers: Cancellers::default(),
        }
    }

    /// The server can be told to break off what it runs.
    pub(super) fn can_interrupt(&self) -> bool {
        self.interrupter.get().is_some()
    }

    /// Why it cannot be used, to be read or set.
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<Broken>> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it cannot be used; the first reason stays.
    pub(super) fn break_with(&self, why: &str) {
        self.lock().get_or_insert_with(|| Broken { why: why.to_owned(), untold: None });
    }

    /// Why it cannot be used, if so.
    pub(super) fn broken(&self) -> Option<String> {
        self.lock().as_ref().map(|broken| broken.why.clone())
    }

    /// Keeps the first bytes; what there is of them.
    pub(super) fn hear(&self, input: &[u8]) -> Vec<u8> {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = recognise::HEAD.saturating_sub(head.len());
        head.extend(input.iter().take(missing));
        head.clone()
    }

    /// The first bytes of the peer so far.
    pub(super) fn heard(&self) -> Vec<u8> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The error of one who asks for something now.
    pub(super) fn gone(&self) -> NetError {
        match &mut *self.lock() {
            Some(broken) => broken.untold.take().unwrap_or_else(|| NetError::Broken(broken.why.clone())),
            None => NetError::Broken("it was closed".to_owned()),
        }
    }
}
