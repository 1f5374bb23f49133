//! Asking ahead: a task per open query keeps requests under way while the reader decodes. Byte
//! credit bounds what may wait, so an idle reader neither grows memory nor holds up its neighbours.

use super::connection::Inner;
use super::sections::Lease;
use crate::flow::query::{Answer, Close, Continue};
use crate::net::channel::Pending;
use crate::net::error::NetError;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

/// How long the close of an unfinished reader may take before the connection is given up.
const CLOSE: Duration = Duration::from_secs(30);

/// What reader, pump and connection know of an open query.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    /// The server keeps it open over a commit.
    pub held: bool,
    ended: Mutex<Option<String>>,
    /// Why it ended was set, for the reader.
    pub changed: Notify,
    demand: Notify,
    stop: Notify,
    /// The reader has seen the last row: the server has closed the query.
    exhausted: AtomicBool,
}

impl Cursor {
    pub(super) fn new(held: bool) -> Arc<Cursor> {
        Arc::new(Cursor { held, ..Cursor::default() })
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

    /// The reader needs a block now.
    pub(super) fn demand(&self) {
        self.demand.notify_one();
    }

    /// The reader wants no more; `exhausted` when it has seen the end.
    pub(super) fn stop(&self, exhausted: bool) {
        if exhausted {
            self.exhausted.store(true, Ordering::Release);
        }
        self.stop.notify_one();
    }
}

/// A reply with the credit that it takes up until it is decoded.
pub(super) type Fetched = Result<(Answer, OwnedSemaphorePermit), NetError>;

/// The pump of one query.
pub(super) struct Pump {
    pub inner: Arc<Inner>,
    pub lease: Lease,
    pub cursor: Arc<Cursor>,
    pub instance: Option<u64>,
    pub lobs: bool,
    /// Ask ahead from the start.
    pub eager: bool,
    pub out: mpsc::UnboundedSender<Fetched>,
}

impl Pump {
    pub(super) async fn run(self) {
        let mut under_way = VecDeque::new();
        let closed = self.fetch(&mut under_way).await;
        let goodbye = async {
            for (mut pending, _) in under_way {
                // The answers come in order and belong to nobody.
                let _ = pending.wait(None).await;
            }
            if !closed && !self.cursor.exhausted.load(Ordering::Acquire) {
                let close = Close::new(self.inner.session.clone(), self.lease.name.clone(), self.instance);
                // A query that is not open any more refuses; that is as good as closed.
                let _ = self.inner.channel.run(close, None).await;
            }
        };
        if tokio::time::timeout(CLOSE, goodbye).await.is_err() {
            self.inner.channel.abort("the server did not close a query in time");
        }
        drop(self.lease);
        self.inner.reader_closed(&self.cursor).await;
    }

    /// Fetches until the reader stops or the server closes the query (true).
    async fn fetch(&self, under_way: &mut VecDeque<(Pending<Answer>, OwnedSemaphorePermit)>) -> bool {
        let config = &self.inner.config;
        let credit = Arc::new(Semaphore::new(config.credit as usize));
        let depth = if self.lobs { 1 } else { self.inner.depth() };
        let mut hungry = self.eager;
        loop {
            let wants = hungry && under_way.len() < depth;
            tokio::select! {
                biased;
                () = self.cursor.stop.notified() => return false,
                permit = credit.clone().acquire_many_owned(config.block_size), if wants => {
                    let Ok(permit) = permit else { return false };
                    let flow = Continue::new(
                        self.inner.session.clone(), self.lease.name.clone(), self.instance, config.block_size, self.lobs,
                    );
                    match self.inner.channel.submit(flow) {
                        Ok(pending) => under_way.push_back((pending, permit)),
                        Err(e) => {
                            let _ = self.out.send(Err(e));
                            return false;
                        }
                    }
                }
                result = first(under_way), if !under_way.is_empty() => {
                    let Some((_, permit)) = under_way.pop_front() else { continue };
                    match result {
                        Ok(answer) => {
                            let closed = answer.closed || answer.failure.is_some();
                            // A short answer means that the end is near: wait until it is read.
                            let size: usize = answer.blocks.iter().map(|b| b.len()).sum();
                            hungry = size * 2 >= config.block_size as usize;
                            if self.out.send(Ok((answer, permit))).is_err() {
                                return false;
                            }
                            if closed {
                                return true;
                            }
                        }
                        Err(e) => {
                            let _ = self.out.send(Err(e));
                            return false;
                        }
                    }
                }
                () = self.cursor.demand.notified() => hungry = true,
            }
        }
    }
}

async fn first(under_way: &mut VecDeque<(Pending<Answer>, OwnedSemaphorePermit)>) -> Result<Answer, NetError> {
    match under_way.front_mut() {
        Some((pending, _)) => pending.wait(None).await,
        None => std::future::pending().await,
    }
}
