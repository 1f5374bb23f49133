//! Asking ahead: a task per open query keeps requests under way while the reader decodes. Byte
//! credit bounds what may wait, so an idle reader neither grows memory nor holds up its neighbours.

use super::cursor_state::CursorState;
use super::inner::Inner;
use super::sections::SectionLease;
use crate::client::error::Error;
use crate::flow::sql::query::{Close, Continue, QueryReply};
use crate::net::channel::Pending;
use crate::net::error::NetError;
use crate::net::transport::Deadline;
use crate::wire::sql::package::PkgNamCsn;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// How long the close of an unfinished reader may take before the connection is given up.
const CLOSE: Duration = Duration::from_secs(30);

/// How long an answer that nobody waits for any more may take before the server is told to break off what it is at.
const PATIENCE: Duration = Duration::from_millis(600);

/// A reply with the credit that it takes up until it is decoded.
pub(super) type Fetched = Result<(QueryReply, OwnedSemaphorePermit), NetError>;

/// The pump of one query.
pub(super) struct Prefetcher {
    pub inner: Arc<Inner>,
    /// The section that the statement lives in, until the last of its result sets is over.
    pub lease: Arc<SectionLease>,
    /// The section that the query is fetched from.
    pub section: PkgNamCsn,
    pub cursor: Arc<CursorState>,
    pub instance: Option<u64>,
    pub lobs: bool,
    /// Rows hold locators: they are asked for one by one, and the first time with this descriptor.
    pub by_locator: Option<Option<Vec<u8>>>,
    /// Ask ahead from the start.
    pub eager: bool,
    pub out: mpsc::UnboundedSender<Fetched>,
    /// For the error of the commit after the query.
    pub settle: oneshot::Sender<Error>,
}

impl Prefetcher {
    pub(super) async fn run(mut self) {
        let _over = Over(self.cursor.clone());
        let mut under_way = VecDeque::new();
        let closed = self.fetch(&mut under_way).await;
        let goodbye = async {
            for (pending, _) in under_way {
                // The answers come in order, and nobody waits for them.
                patiently(pending).await;
            }
            if !closed && !self.cursor.is_exhausted() {
                let close = Close::new(self.inner.session.clone(), self.section.clone(), self.instance);
                // A query that is not open any more refuses; that is as good as closed.
                if let Ok(pending) = self.inner.channel.submit(close) {
                    patiently(pending).await;
                }
            }
        };
        if tokio::time::timeout(CLOSE, goodbye).await.is_err() {
            self.inner.channel.abort("the server did not close a query in time");
        }
        drop(self.lease);
        // Of a connection that is gone its next user hears anyway.
        let gone = self.inner.channel.broken().is_some();
        if let Err(e) = self.inner.reader_closed(&self.cursor).await
            && let Err(unheard) = self.settle.send(e)
            && !gone
        {
            self.inner.lose(unheard);
        }
    }

    /// The request for the next block.
    fn ask(&mut self) -> Continue {
        let (session, block_size) = (self.inner.session.clone(), self.inner.config.block_size);
        let flow = Continue::new(session, self.section.clone(), self.instance, block_size, self.lobs);
        match self.by_locator.as_mut().map(Option::take) {
            None => flow,
            Some(None) => flow.by_row(),
            Some(Some(outovr)) => flow.by_row().with_override(&outovr),
        }
    }

    /// Fetches until the reader stops or the server closes the query (true).
    async fn fetch(&mut self, under_way: &mut VecDeque<(Pending<QueryReply>, OwnedSemaphorePermit)>) -> bool {
        let inner = self.inner.clone();
        let config = &inner.config;
        let credit = Arc::new(Semaphore::new(config.credit as usize));
        let depth = if self.lobs || self.by_locator.is_some() { 1 } else { self.inner.depth() };
        let mut hungry = self.eager;
        let mut refused = None;
        loop {
            if let Some(e) = refused.take_if(|_| under_way.is_empty()) {
                let _ = self.out.send(Err(e));
                return false;
            }
            let wants = hungry && refused.is_none() && under_way.len() < depth;
            tokio::select! {
                biased;
                () = self.cursor.stopped() => return false,
                permit = credit.clone().acquire_many_owned(config.block_size), if wants => {
                    let Ok(permit) = permit else { return false };
                    let flow = self.ask();
                    match self.inner.channel.submit(flow) {
                        Ok(pending) => {
                            self.cursor.asks(Some(pending.breaker()));
                            under_way.push_back((pending, permit));
                        }
                        // An earlier request may know the cause.
                        Err(e) => refused = Some(e),
                    }
                }
                result = first(under_way), if !under_way.is_empty() => {
                    let Some((_, permit)) = under_way.pop_front() else { continue };
                    self.cursor.asks(under_way.front().map(|(pending, _)| pending.breaker()));
                    match result {
                        Ok(answer) => {
                            let closed = answer.closed || answer.failure.is_some();
                            // A short answer means that the end is near: wait until it is read.
                            let size: usize = answer.blocks.iter().map(|b| b.len()).sum();
                            hungry = self.by_locator.is_none() && size * 2 >= config.block_size as usize;
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
                () = self.cursor.demanded() => hungry = true,
            }
        }
    }
}

/// Tells those who wait for the end of a query, the commit after it included; also when its task is dropped.
pub(super) struct Over(pub(super) Arc<CursorState>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Waits for an answer that nobody wants: what takes its time is broken off.
async fn patiently<T>(mut pending: Pending<T>) {
    if let Err(NetError::Timeout { .. }) = pending.wait(Some(Deadline::after(PATIENCE))).await {
        let _ = pending.wait(None).await;
    }
}

async fn first(under_way: &mut VecDeque<(Pending<QueryReply>, OwnedSemaphorePermit)>) -> Result<QueryReply, NetError> {
    match under_way.front_mut() {
        Some((pending, _)) => pending.wait(None).await,
        None => std::future::pending().await,
    }
}
