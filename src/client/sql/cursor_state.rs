//! An open query, as its reader, its pump and its connection share it.

use crate::net::channel::wishes::Breaker;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, Semaphore};

/// State of an open query, shared by its reader, its pump and its connection.
#[derive(Debug)]
pub(super) struct CursorState {
    /// The server keeps it open over a commit.
    pub held: bool,
    ended: Mutex<Option<String>>,
    /// The fetch was broken off.
    broken_off: AtomicBool,
    /// Why it ended was set, for the reader.
    pub changed: Notify,
    demand: Notify,
    stop: Notify,
    /// By which the request for rows under way is broken off.
    asking: Mutex<Option<Breaker>>,
    /// The reader has seen the last row: the server has closed the query.
    exhausted: AtomicBool,
    /// The reader wants no more.
    stopped: AtomicBool,
    /// Closed once the server has heard of that.
    over: Semaphore,
}

impl CursorState {
    pub(super) fn new(held: bool) -> Arc<CursorState> {
        Arc::new(CursorState {
            held,
            ended: Mutex::default(),
            broken_off: AtomicBool::new(false),
            changed: Notify::new(),
            demand: Notify::new(),
            stop: Notify::new(),
            asking: Mutex::default(),
            exhausted: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            over: Semaphore::new(0),
        })
    }

    /// Ends the reader from outside: its next fetch is an error.
    pub(super) fn end(&self, why: &str) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| why.to_owned());
        self.changed.notify_one();
        self.exhausted.store(true, Ordering::Release);
        self.stop.notify_one();
    }

    pub(super) fn why_ended(&self) -> Option<String> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A request for rows is under way, or was answered.
    pub(super) fn asks(&self, breaker: Option<Breaker>) {
        *self.asking.lock().unwrap_or_else(PoisonError::into_inner) = breaker;
    }

    /// Has the request for rows under way broken off; false when there is none, or that is not possible.
    pub(super) fn break_off(&self) -> bool {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(Breaker::break_off)
    }

    /// True while rows are asked for.
    pub(super) fn is_asking(&self) -> bool {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Ends the reader from outside, as the user wants it.
    pub(super) fn cancel(&self) {
        self.broken_off.store(true, Ordering::Release);
        self.changed.notify_one();
        self.stop.notify_one();
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.broken_off.load(Ordering::Acquire)
    }

    /// The reader needs a block now.
    pub(super) fn demand(&self) {
        self.demand.notify_one();
    }

    /// The reader wants no more; `exhausted` when it has seen the end.
    pub(super) fn stop(&self, exhausted: bool) {
        if exhausted {
            self.exhausted.store(true, Ordering::Release);
        }
        self.stopped.store(true, Ordering::Release);
        self.stop.notify_one();
    }

    /// The reader has given it up.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// The server has closed it, or was told to, and its work has ended.
    pub(super) fn close(&self) {
        self.over.close();
    }

    /// Waits for that.
    pub(super) async fn closed(&self) {
        // It never has a permit: the wait ends when it is closed.
        let _ = self.over.acquire().await;
    }

    /// The server has closed the query by itself.
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted.load(Ordering::Acquire)
    }

    pub(super) async fn stopped(&self) {
        self.stop.notified().await;
    }

    pub(super) async fn demanded(&self) {
        self.demand.notified().await;
    }
}
