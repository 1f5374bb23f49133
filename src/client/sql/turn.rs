//! Turns on a connection. Everything on a connection shares its unit of work, and a batch is kept or undone as
//! a whole: so other changes and ends of units of work wait for the end of a batch. The source of the rows may
//! use the same connection meanwhile and cannot wait for that: its work runs within the batch and belongs to
//! it.

use super::inner::Inner;
use super::statement_kind;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::OwnedMutexGuard;

thread_local! {
    /// The connections whose batches take rows on this thread now.
    static WITHIN: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// The right to change data.
pub(super) type Turn = OwnedMutexGuard<()>;

impl Inner {
    /// Whether what runs on this thread runs within a batch of this connection.
    pub(super) fn is_within(&self) -> bool {
        let me = std::ptr::from_ref(self) as usize;
        WITHIN.with_borrow(|within| within.contains(&me))
    }

    /// Waits until nobody else changes data, and readers that were given up are closed; none within a batch, whose
    /// turn it is already.
    pub(super) async fn turn(&self) -> Result<Option<Turn>> {
        if self.is_within() {
            return Ok(None);
        }
        let turn = async {
            let turn = self.work.turn.clone().lock_owned().await;
            // In this order: a reader may be given up while another statement has the turn.
            self.readers_closed().await;
            turn
        };
        self.in_time(turn).await.map(Some)
    }

    /// A wait for other statements of the connection.
    async fn in_time<T>(&self, wait: impl Future<Output = T>) -> Result<T> {
        let Some(limit) = self.config.statement_timeout else { return Ok(wait.await) };
        let late = |_| {
            let seconds = limit.as_secs_f64();
            let text = format!("another statement of this connection did not end within {seconds:.1} s");
            Error::new(ErrorClass::Operational, Phase::Execute, "57033", text).at(&self.peer)
        };
        tokio::time::timeout(limit, wait).await.map_err(late)
    }

    /// The turn of a statement. A query changes nothing, so it waits for nobody, unless rows are being undone that
    /// it must not see. Nor may it overtake the end of another query that was given up: a server may first read all that
    /// has left.
    pub(super) async fn turn_of(&self, query: bool) -> Result<Option<Turn>> {
        if !query || self.work.undoing.load(Ordering::Acquire) > 0 {
            return self.turn().await;
        }
        if !self.is_within() {
            self.in_time(self.readers_closed()).await?;
        }
        Ok(None)
    }

    /// Whether a statement is to be committed with its own end.
    pub(super) fn commits(&self) -> bool {
        self.autocommit.load(Ordering::Acquire) && !self.is_within()
    }

    /// Notes that a statement runs which is not committed with its own end. In autocommit the work of a query ends
    /// with its rows.
    pub(super) fn opens_work(&self, query: bool) {
        if !self.autocommit.load(Ordering::Acquire) || self.is_within() && !query {
            self.work.open.store(true, Ordering::Release);
        }
    }

    /// Notes a statement that may leave something in the session beside changes of rows.
    pub(super) fn touch(&self, sql: &str) {
        if !statement_kind::leaves_no_trace(sql) {
            self.touched.store(true, Ordering::Release);
        }
        if statement_kind::may_commit(sql) {
            self.work.unsure.store(true, Ordering::Release);
        }
    }

    /// Runs `make`, which makes rows for a batch of this connection: what it does on this thread on the same
    /// connection runs within the batch.
    pub(super) fn within<T>(&self, make: impl FnOnce() -> T) -> T {
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                WITHIN.with_borrow_mut(Vec::pop);
            }
        }
        WITHIN.with_borrow_mut(|within| within.push(std::ptr::from_ref(self) as usize));
        let _leave = Leave;
        make()
    }
}

/// Rows being undone in the background.
#[derive(Debug)]
pub(super) struct Undoing(Arc<Inner>);

impl Undoing {
    pub(super) fn new(inner: Arc<Inner>) -> Undoing {
        inner.work.undoing.fetch_add(1, Ordering::AcqRel);
        Undoing(inner)
    }
}

impl Drop for Undoing {
    fn drop(&mut self) {
        self.0.work.undoing.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A batch under way, counted.
#[derive(Debug)]
pub(super) struct Counted(Arc<Inner>);

impl Counted {
    pub(super) fn new(inner: Arc<Inner>) -> Counted {
        inner.work.batches.fetch_add(1, Ordering::AcqRel);
        Counted(inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.work.batches.fetch_sub(1, Ordering::AcqRel);
    }
}
