//! A connection as its Python objects share it: who is waiting on it, and whether it was closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::runtime;
use crate::client::client_info::ClientInfo;
use crate::client::config::Config;
use crate::client::connection::Connection;
use crate::client::error::{Error, Kind, Phase, Result};
use crate::client::stream::Limits;

/// A server that does not answer the goodbye is left after this long.
const GOODBYE: Duration = Duration::from_secs(3);

/// The client's connection with what only Python needs to know.
pub(super) struct Link {
    /// The connection.
    pub(super) client: Connection,
    /// How large batches may grow unless a result says otherwise.
    pub(super) limits: Limits,
    closed: AtomicBool,
    waiting: AtomicUsize,
}

/// Somebody waits on the connection.
pub(super) struct Waiting(Arc<Link>);

impl Link {
    /// Connects.
    pub(super) async fn connect(config: Config, limits: Limits) -> Result<Arc<Link>> {
        let client = Connection::connect(config).await?;
        Ok(Arc::new(Link { client, limits, closed: AtomicBool::new(false), waiting: AtomicUsize::new(0) }))
    }

    /// Misuse when the user has closed it.
    pub(super) fn open(&self) -> Result<()> {
        match self.closed.load(Ordering::Acquire) {
            true => Err(Error::new(Kind::Interface, Phase::Execute, "08003", "the connection is closed").broken()),
            false => Ok(()),
        }
    }

    /// Closed by the user or lost.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) || self.client.is_closed()
    }

    /// To be held while waiting for the server.
    pub(super) fn waiting(self: &Arc<Link>) -> Waiting {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        Waiting(self.clone())
    }

    /// Ends the unit of work.
    pub(super) async fn end_work(self: Arc<Link>, commit: bool) -> Result<()> {
        self.open()?;
        let _waiting = self.waiting();
        if commit { self.client.commit().await } else { self.client.rollback().await }
    }

    /// Tells the server anew who works here.
    pub(super) async fn set_client_info(self: Arc<Link>, info: ClientInfo) -> Result<()> {
        self.open()?;
        let _waiting = self.waiting();
        self.client.set_client_info(&info).await
    }

    /// Closes; work that was not committed is undone by the server. A wait of another thread or task
    /// is broken off.
    pub(super) async fn close(self: Arc<Link>) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        if self.waiting.load(Ordering::Acquire) > 0 {
            self.client.abort();
            return Ok(());
        }
        let goodbye = Abort(Some(&self.client));
        match runtime::within(GOODBYE, self.client.close()).await {
            Some(outcome) => {
                goodbye.disarm();
                // A lost connection is closed as well as any.
                outcome.or_else(|e| if e.connection_usable { Err(e) } else { Ok(()) })
            }
            None => Ok(()),
        }
    }

    /// The end of a `with` block: commits when it went well, else rolls back, and closes. Only a
    /// failing commit is told: the block's own exception says more than a failing rollback.
    pub(super) async fn leave(self: Arc<Link>, well: bool) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Ok(());
        }
        let ended = if well || !self.client.is_closed() { self.clone().end_work(well).await } else { Ok(()) };
        let closed = self.close().await;
        if well { ended.and(closed) } else { Ok(()) }
    }

    /// For `repr`: `drda://host:port/DATABASE product prdid open`.
    pub(super) fn describe(&self) -> String {
        let info = self.client.info();
        let state = if self.is_closed() { "closed" } else { "open" };
        format!("drda://{}/{} {} {} {state}", info.peer, info.database, info.product, info.prdid)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Gives the connection up unless the goodbye came through.
struct Abort<'a>(Option<&'a Connection>);

impl Abort<'_> {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Abort<'_> {
    fn drop(&mut self) {
        if let Some(client) = self.0 {
            client.abort();
        }
    }
}
