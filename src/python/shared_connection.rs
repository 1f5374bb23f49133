//! A connection, as its Python objects share it: whether somebody waits on it, and whether it was closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::caller::Caller;
use super::runtime;
use super::watch::Watch;
use crate::client::config::Config;
use crate::client::config::client_info::ClientInfo;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::file::config::FileConfig;
use crate::client::file::connection::FileConnection;
use crate::client::limits::Limits;
use crate::client::sql::connection::Connection;
use crate::client::sql::transaction::Transactions;

/// A server that does not answer the goodbye is left after this long.
const GOODBYE: Duration = Duration::from_secs(3);

/// The methods that both kinds of connection have.
pub(super) trait Client: Send + Sync + 'static {
    /// Commits or rolls back.
    fn end_work(&self, commit: bool) -> impl Future<Output = Result<()>> + Send;
    /// Says goodbye.
    fn close(&self) -> impl Future<Output = Result<()>> + Send;
    /// Gives it up at once.
    fn abort(&self);
    /// Closed or lost.
    fn is_closed(&self) -> bool;
}

impl Client for Connection {
    async fn end_work(&self, commit: bool) -> Result<()> {
        if commit { self.commit().await } else { self.rollback().await }
    }

    async fn close(&self) -> Result<()> {
        Connection::close(self).await
    }

    fn abort(&self) {
        Connection::abort(self);
    }

    fn is_closed(&self) -> bool {
        Connection::is_closed(self)
    }
}

impl Client for FileConnection {
    async fn end_work(&self, commit: bool) -> Result<()> {
        if commit { self.commit().await } else { self.rollback().await }
    }

    async fn close(&self) -> Result<()> {
        FileConnection::close(self).await
    }

    fn abort(&self) {
        FileConnection::abort(self);
    }

    fn is_closed(&self) -> bool {
        FileConnection::is_closed(self)
    }
}

/// The client's connection with what only Python needs to know.
pub(super) struct SharedConnection<C: Client = Connection> {
    /// The connection.
    pub(super) client: C,
    /// How large batches may grow unless a result says otherwise.
    pub(super) limits: Limits,
    /// The statements that somebody wants to hear of.
    pub(super) watch: Watch,
    closed: AtomicBool,
    waits: Waits,
    /// The connection for files beside it, once one is used.
    companion: runtime::Turn<Option<Arc<SharedConnection<FileConnection>>>>,
}

/// How many wait on a connection.
#[derive(Clone, Default)]
pub(super) struct Waits(Arc<AtomicUsize>);

/// Somebody waits on the connection.
pub(super) struct Waiting(Waits);

impl Waits {
    /// To be held while waiting for the server.
    pub(super) fn begin(&self) -> Waiting {
        self.0.fetch_add(1, Ordering::AcqRel);
        Waiting(self.clone())
    }
}

impl SharedConnection {
    /// Connects, within `limit` as well as the time of `config`.
    pub(super) async fn connect(
        config: Config,
        limits: Limits,
        watch: Watch,
        limit: Duration,
    ) -> Result<Arc<SharedConnection>> {
        Ok(SharedConnection::of(Connection::connect_within(config, limit).await?, limits, watch))
    }

    /// Tells the server anew who works here.
    pub(super) async fn set_client_info(self: Arc<SharedConnection>, info: ClientInfo) -> Result<()> {
        self.open()?;
        let _waiting = self.waiting();
        self.client.set_client_info(&info).await
    }

    /// Breaks off what the server runs.
    pub(super) async fn cancel(self: Arc<SharedConnection>) -> Result<()> {
        self.open()?;
        self.client.cancel().await
    }

    /// Asks whether the server answers.
    pub(super) async fn ping(self: Arc<SharedConnection>, limit: Duration) -> Result<()> {
        self.open()?;
        let _waiting = self.waiting();
        self.client.ping(limit).await
    }

    /// Undoes what was not committed, within `limit`.
    pub(super) async fn rollback_within(self: Arc<SharedConnection>, limit: Duration) -> Result<()> {
        self.open()?;
        let _waiting = self.waiting();
        self.client.rollback_within(limit).await
    }

    /// Makes it as it was when it was opened.
    pub(super) async fn reset(self: Arc<SharedConnection>) -> Result<()> {
        self.open()?;
        let _waiting = self.waiting();
        let companion = self.companion.lock().await.take();
        if let Some(files) = companion {
            Box::pin(files.close()).await?;
        }
        self.client.reset().await
    }

    /// Whether something may be left that a rollback does not undo: by a statement, or by a command in the job of the
    /// connection for files.
    pub(super) fn is_touched(&self) -> bool {
        self.client.is_touched() || !self.companion.try_lock().is_ok_and(|companion| companion.is_none())
    }

    /// Begins a transaction, or a savepoint within one.
    pub(super) async fn begin_block(self: Arc<SharedConnection>, owner: u64, block: u64) -> Result<()> {
        self.open()?;
        let _waiting = self.waiting();
        Transactions(&self.client).begin(owner, block).await
    }

    /// Keeps or undoes what was done since.
    pub(super) async fn end_block(self: Arc<SharedConnection>, block: u64, well: bool) -> Result<()> {
        self.open()?;
        let _waiting = self.waiting();
        Transactions(&self.client).end(block, well).await
    }

    /// The connection for files with the same address and login, made when it is first asked for.
    pub(super) async fn files(&self, caller: &Caller) -> Result<Arc<SharedConnection<FileConnection>>> {
        self.open()?;
        let known = self.companion.lock().await.clone();
        if let Some(known) = known.filter(|known| !known.is_closed()) {
            return Ok(known);
        }
        let mut config = FileConfig::beside(self.client.config_here()?);
        caller.listen(&mut config.base);
        let made = SharedConnection::connect_files(config, self.limits).await?;
        *self.companion.lock().await = Some(made.clone());
        Ok(made)
    }

    /// For `repr`: `drda://host:port/DATABASE product prdid open`.
    pub(super) fn describe(&self) -> String {
        let info = self.client.info();
        let state = match self.is_closed() {
            true => "closed",
            false if self.client.is_away() => "lost, to be made again",
            false => "open",
        };
        format!("drda://{}/{} {} {} {state}", info.peer, info.database, info.product, info.prdid)
    }
}

impl SharedConnection<FileConnection> {
    /// Connects.
    pub(super) async fn connect_files(
        config: FileConfig,
        limits: Limits,
    ) -> Result<Arc<SharedConnection<FileConnection>>> {
        Ok(SharedConnection::of(FileConnection::connect(config).await?, limits, Watch::default()))
    }

    /// Asks something of the system.
    pub(super) async fn ask<T, F>(self: Arc<Self>, work: impl FnOnce(FileConnection) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.open()?;
        let _waiting = self.waiting();
        work(self.client.clone()).await
    }

    /// For `repr`: `drda://host:port job open`.
    pub(super) fn describe(&self) -> String {
        let info = self.client.info();
        let state = if self.is_closed() { "closed" } else { "open" };
        format!("drda://{} job {} {state}", info.peer, info.job)
    }
}

impl<C: Client> SharedConnection<C> {
    fn of(client: C, limits: Limits, watch: Watch) -> Arc<SharedConnection<C>> {
        let (closed, waits) = (AtomicBool::new(false), Waits::default());
        Arc::new(SharedConnection { client, limits, watch, closed, waits, companion: runtime::Turn::default() })
    }

    /// Misuse when the user has closed it.
    pub(super) fn open(&self) -> Result<()> {
        match self.closed.load(Ordering::Acquire) {
            true => {
                Err(Error::new(ErrorClass::Interface, Phase::Execute, "08003", "the connection is closed").broken())
            }
            false => Ok(()),
        }
    }

    /// Closed by the user or lost.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) || self.client.is_closed()
    }

    /// To be held while waiting for the server.
    pub(super) fn waiting(&self) -> Waiting {
        self.waits.begin()
    }

    /// Counts who waits.
    pub(super) fn waits(&self) -> Waits {
        self.waits.clone()
    }

    /// Ends the unit of work.
    pub(super) async fn end_work(self: Arc<Self>, commit: bool) -> Result<()> {
        self.open()?;
        let _waiting = self.waiting();
        self.client.end_work(commit).await
    }

    /// Closes; work that was not committed is undone by the server. A wait of another thread or task
    /// is broken off.
    pub(super) async fn close(self: Arc<Self>) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let companion = self.companion.lock().await.take();
        if let Some(files) = companion {
            // It is the other one whose failure is worth telling.
            let _ = Box::pin(files.close()).await;
        }
        if self.waits.0.load(Ordering::Acquire) > 0 {
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
    pub(super) async fn leave(self: Arc<Self>, well: bool) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Ok(());
        }
        let ended = if well || !self.client.is_closed() { self.clone().end_work(well).await } else { Ok(()) };
        let closed = self.close().await;
        if well { ended.and(closed) } else { Ok(()) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Gives the connection up unless the goodbye came through.
struct Abort<'a, C: Client>(Option<&'a C>);

impl<C: Client> Abort<'_, C> {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl<C: Client> Drop for Abort<'_, C> {
    fn drop(&mut self) {
        if let Some(client) = self.0 {
            client.abort();
        }
    }
}
