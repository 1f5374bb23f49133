//! The part that a connection and its open readers share.

use super::arrival::{Arrival, named};
use super::cursor_state::CursorState;
use super::meter::Times;
use super::now::{Now, Peer};
use super::read_only;
use super::sections::{SectionLease, Sections};
use super::statement_kind;
use super::unit_of_work::UnitOfWork;
use crate::client::config::Config;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::limits::Decoded;
use crate::column::batch_memory::BatchMemory;
use crate::flow::error::FlowError;
use crate::flow::secmec::caution::Caution;
use crate::flow::sql::bind::Bind;
use crate::flow::sql::execute::ends_work;
use crate::flow::sql::explain::Explain;
use crate::flow::sql::locator::{Ask, LobRequest, Locator};
use crate::flow::sql::session::Session;
use crate::flow::sql::uow::EndWork;
use crate::flow::step::Flow;
use crate::net::channel::Channel;
use crate::net::error::NetError;
use crate::net::transport::Deadline;
use crate::wire::sql::package::Isolation;
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::value::product::Product;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Requests that may be under way at servers shown to take several. (Measured: Derby.)
const DEPTH_DERBY: usize = 4;
/// The text of an error is waited for this long.
const EXPLAIN: Duration = Duration::from_secs(5);

/// The part that a connection and its open readers share.
#[derive(Debug)]
pub(super) struct Inner {
    pub config: Config,
    pub peer: Peer,
    /// The agreement with the server, which another login has to come to as well.
    pub session: Arc<Session>,
    pub channel: Channel,
    now: Mutex<Now>,
    /// It made its socket itself, and can make another.
    pub dials: bool,
    /// Held by whoever connects anew.
    pub returning: tokio::sync::Mutex<()>,
    /// The times of all statements.
    pub times: Times,
    /// A statement ran that may have left something in the session.
    pub touched: AtomicBool,
    pub sections: Arc<Sections>,
    pub readers: Mutex<Vec<Weak<CursorState>>>,
    /// Readers that are closed and end the work of their queries now.
    pub settling: AtomicUsize,
    pub autocommit: AtomicBool,
    /// Statements that may change data are refused.
    pub read_only: AtomicBool,
    /// The unit of work.
    pub work: UnitOfWork,
    /// Warnings about the connection from when it was made.
    pub caution: Caution,
    pub closed: AtomicBool,
    /// Somebody stopped waiting for a commit, and nobody was told what became of it.
    pub untold: AtomicBool,
    /// Why a commit failed that nobody waited for.
    pub lost: Mutex<Option<Error>>,
}

impl Inner {
    /// Of a login. `config` is that with all addresses; `dials` says that it made its socket itself.
    pub(super) fn new(arrival: Arrival, config: Config, dials: bool) -> Inner {
        let Arrival { channel, session, tls, caution, config: found } = arrival;
        // A new password is that of the next login.
        let Config { password, new_password, .. } = config;
        let mut config = Config { password: new_password.or(password), new_password: None, ..config };
        config.options.memory = BatchMemory::default();
        let inner = Inner {
            peer: Peer::new(named(&found)),
            sections: Sections::new(&config, &session.rdbnam),
            now: Mutex::new(Now { session: session.clone(), tls, address: (found.host, found.port) }),
            autocommit: AtomicBool::new(config.autocommit),
            read_only: AtomicBool::new(config.read_only),
            session,
            channel,
            dials,
            returning: tokio::sync::Mutex::default(),
            times: Times::default(),
            touched: AtomicBool::new(false),
            readers: Mutex::default(),
            work: UnitOfWork::default(),
            caution,
            closed: AtomicBool::new(false),
            settling: AtomicUsize::new(0),
            untold: AtomicBool::new(false),
            lost: Mutex::new(None),
            config,
        };
        inner.channel.set_depth(inner.depth());
        inner
    }

    /// The other end at the moment.
    pub(super) fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether statements can run; nothing was sent for `phase` yet.
    pub(super) fn usable(&self, phase: Phase) -> Result<()> {
        self.alive(phase)?;
        self.work.branches().runs()
    }

    /// Whether the connection can be used.
    pub(super) fn alive(&self, phase: Phase) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            let e = Error::new(ErrorClass::Interface, phase, "08003", "the connection is closed");
            return Err(e.at(&self.peer).broken());
        }
        self.found()?;
        self.intact(phase)
    }

    /// Refuses a COMMIT or ROLLBACK within a block, which a server would run without telling, and changes on a
    /// connection that only reads.
    pub(super) fn may_run(&self, sql: &str) -> Result<()> {
        if self.read_only.load(Ordering::Acquire) {
            read_only::check(sql)?;
        }
        if statement_kind::ends_work(sql) { self.work.outside_of_blocks() } else { Ok(()) }
    }

    /// Whether the server can be talked to.
    fn intact(&self, phase: Phase) -> Result<()> {
        let Some(why) = self.channel.broken() else { return Ok(()) };
        Err(Error { phase, ..self.error(NetError::Broken(why), Phase::Execute) })
    }

    /// Decodes; that is added to the times of the connection and of a statement.
    pub(super) fn decoding(&self, times: &Times, decode: impl FnOnce() -> Result<Decoded>) -> Result<Decoded> {
        let begun = Instant::now();
        let decoded = decode();
        let rows = match &decoded {
            Ok(Decoded::Batch(batch)) => Some(batch.num_rows()),
            _ => None,
        };
        let took = begun.elapsed();
        times.decoded(took, rows);
        self.times.decoded(took, rows);
        decoded
    }

    pub(super) fn depth(&self) -> usize {
        if self.session.product == Product::Derby { DEPTH_DERBY } else { 1 }
    }

    pub(super) fn reader_opened(&self, cursor: &Arc<CursorState>) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|r| r.strong_count() > 0);
        readers.push(Arc::downgrade(cursor));
    }

    /// In autocommit the work of a query ends with its last reader; the error is that of the commit. Whoever ended a
    /// reader from outside ends its work as well: a commit here could come before a rollback there.
    pub(super) async fn reader_closed(&self, cursor: &Arc<CursorState>) -> Result<()> {
        let idle = {
            let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            readers.retain(|r| r.strong_count() > 0 && !std::ptr::eq(r.as_ptr(), Arc::as_ptr(cursor)));
            self.settling.fetch_add(1, Ordering::AcqRel);
            readers.is_empty()
        };
        let mut ended = Ok(());
        if idle && self.autocommit.load(Ordering::Acquire) && cursor.why_ended().is_none() {
            ended = match self.intact(Phase::Commit) {
                // Its work ends with that of the batch: a commit now would keep the rows so far.
                Ok(()) if self.work.batches.load(Ordering::Acquire) > 0 => {
                    self.work.put_off.store(true, Ordering::Release);
                    Ok(())
                }
                Ok(()) => {
                    let commit = EndWork::commit(self.session.clone());
                    self.talk_and_commit(commit, Phase::Commit).await.inspect(|()| self.work.ended())
                }
                Err(e) => Err(e),
            };
        }
        self.settling.fetch_sub(1, Ordering::AcqRel);
        ended.map_err(|e| Error { message: format!("the commit after the query: {}", e.message), ..e })
    }

    /// True while a query is open, or its work not ended.
    pub(super) fn is_reading(&self) -> bool {
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.iter().any(|r| r.strong_count() > 0) || self.settling.load(Ordering::Acquire) > 0
    }

    /// Waits until the server has closed the queries whose readers were given up: they are closed in the background,
    /// and neither an end of the unit of work nor a change of their tables may overtake that.
    pub(super) async fn readers_closed(&self) {
        let given_up: Vec<Arc<CursorState>> = {
            let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            readers.iter().filter_map(Weak::upgrade).filter(|cursor| cursor.is_stopped()).collect()
        };
        for cursor in given_up {
            cursor.closed().await;
        }
    }

    /// Keeps the error of a commit that nobody waits for, for the next use of the connection.
    pub(super) fn lose(&self, e: Error) {
        tracing::debug!(error = %e, "nobody waits for a commit that failed");
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(e);
    }

    /// The error that was kept.
    pub(super) fn found(&self) -> Result<()> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    /// Has the request under way broken off. Rows that are fetched come by many requests, and rows of a call are sent by
    /// many: those that this one belongs to end, also when it was over just before.
    pub(super) async fn cancel(&self) {
        let asking: Vec<Arc<CursorState>> = {
            let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            readers.iter().filter_map(Weak::upgrade).filter(|cursor| cursor.is_asking()).collect()
        };
        self.work.cancels.fetch_add(1, Ordering::AcqRel);
        self.channel.cancel().await;
        for cursor in asking {
            cursor.cancel();
        }
    }

    /// Ends readers whose cursors the server no longer has.
    pub(super) fn end_readers(&self, held_too: bool, why: &str) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|reader| match reader.upgrade() {
            Some(cursor) if held_too || !cursor.held => {
                cursor.end(why);
                false
            }
            Some(_) => true,
            None => false,
        });
    }

    pub(super) fn error(&self, e: NetError, phase: Phase) -> Error {
        // A caller that stopped waiting for a commit learns here that its outcome is unknown.
        let untold = self.untold.load(Ordering::Acquire) && self.loses_the_answer(&e);
        let phase = if untold { Phase::Commit } else { phase };
        let lost = matches!(&e, NetError::Closed { .. } | NetError::Broken(_));
        let e = self.without_secrets(Error::from_net(e, phase)).at(&self.peer);
        match self.channel.broken() {
            None => self.give_up_after(e),
            Some(_) if lost && phase != Phase::Commit && !self.autocommit.load(Ordering::Acquire) => {
                self.with_lost_work(e)
            }
            Some(_) => {
                if untold && self.is_away() {
                    // This error tells of it, and the unit of work is over.
                    self.work.rolled_back();
                    self.untold.store(false, Ordering::Release);
                }
                e.broken()
            }
        }
    }

    /// The error of a connection that was lost within a unit of work and outside of a commit.
    fn with_lost_work(&self, e: Error) -> Error {
        if !self.config.reconnect || self.closed.load(Ordering::Acquire) {
            return Error { retryable: self.undoes_all(), ..e.broken() };
        }
        let lost = self.lost_work(&e.message, e.phase);
        self.work.rolled_back();
        self.touched.store(false, Ordering::Release);
        lost
    }

    /// Whether the end of the connection undoes the whole unit of work, so that all of it may be done again: there is
    /// commitment control, nothing ran in it that may have committed by itself, and it is no branch that waits.
    fn undoes_all(&self) -> bool {
        self.config.isolation != Isolation::NoCommit
            && !self.work.unsure.load(Ordering::Acquire)
            && !self.work.branches().may_be_kept()
    }

    /// The error of a unit of work that went with its connection.
    pub(super) fn lost_work(&self, why: &str, phase: Phase) -> Error {
        let lost = |state: &str, text: String| Error::new(ErrorClass::Operational, phase, state, text).at(&self.peer);
        if self.undoes_all() {
            let text = "the connection was lost, and its unit of work with it: nothing of it was kept";
            return Error { retryable: true, ..lost("08507", format!("{text} ({why})")) };
        }
        let text = "the connection was lost within a unit of work, of which statements may have been kept: the outcome is \
                    unknown";
        lost("08007", format!("{text} ({why})"))
    }

    /// True when the connection was lost and the user chose to have it made again.
    pub(super) fn is_away(&self) -> bool {
        self.config.reconnect && !self.closed.load(Ordering::Acquire) && self.channel.broken().is_some()
    }

    /// The error without secrets of Derby's attributes, which a server may repeat.
    pub(super) fn without_secrets(&self, e: Error) -> Error {
        Error { message: self.config.without_secrets(&e.message), ..e }
    }

    /// A connection that an error calls unusable is closed, so that nobody goes on with it.
    pub(super) fn give_up_after(&self, e: Error) -> Error {
        if !e.connection_usable {
            self.channel.abort(&e.message);
        }
        e
    }

    /// The error with the server's own words, where it has to be asked for them.
    pub(super) async fn explained(&self, e: NetError, phase: Phase) -> Error {
        let sqlca = sqlca(&e);
        if sqlca.as_ref().is_some_and(ends_work) {
            self.work.rolled_back();
        }
        let e = self.error(e, phase);
        match sqlca {
            Some(sqlca) => self.in_words(e, sqlca).await,
            None => e,
        }
    }

    /// `e`, which came with `sqlca`, in the server's words.
    pub(super) async fn in_words(&self, e: Error, sqlca: Sqlca) -> Error {
        let asks = self.session.product == Product::Derby && self.channel.broken().is_none();
        let Some(lease) = (if asks { self.sections.take() } else { None }) else { return e };
        let ask = Explain::new(self.session.clone(), lease.name.clone(), sqlca);
        match self.channel.run(ask, Some(Deadline::after(EXPLAIN))).await {
            Ok(Some(words)) => {
                let (code, state) = (e.sqlcode.unwrap_or(0), e.sqlstate.as_deref().unwrap_or(""));
                let message = format!("{words} (SQLCODE {code}, SQLSTATE {state})");
                self.without_secrets(Error { message, ..e })
            }
            // Without an answer the arguments of the message have to do.
            Ok(None) | Err(_) => e,
        }
    }

    /// A section to run a statement in.
    pub(super) fn lease(&self, phase: Phase) -> Result<SectionLease> {
        let none = || Error::new(ErrorClass::Operational, phase, "54000", "too many open readers on this connection");
        self.sections.take().ok_or_else(none)
    }

    /// Binds the package of the pool's first section.
    pub(super) async fn bind(&self, deadline: Option<Deadline>) -> Result<()> {
        let Some(lease) = self.sections.take() else { return Ok(()) };
        tracing::debug!(package = lease.name.package, "binding a missing package");
        let bind = Bind::new(self.session.clone(), lease.name.clone(), self.config.isolation);
        self.talk_until(bind, Phase::Execute, deadline)
            .await
            .map_err(|e| e.hint("the package is missing and could not be bound: name one that exists with package=…"))
    }

    /// Tells the server in the background that these locators are not needed any more. Those that it
    /// does not hear of end with the unit of work.
    pub(super) fn free(self: &Arc<Inner>, locators: Vec<Locator>) {
        // Without a runtime there is no task left that could talk to the server either.
        let (Ok(runtime), Some(lease)) = (Handle::try_current(), self.sections.take()) else { return };
        let requests = locators.into_iter().map(LobRequest::Free).collect();
        let flow = Ask::new(self.session.clone(), lease.name.clone(), requests);
        let Ok(mut pending) = self.channel.submit(flow) else { return };
        runtime.spawn(async move {
            if let Err(e) = pending.wait(None).await {
                tracing::debug!(error = %e, "a locator was not freed");
            }
            drop(lease);
        });
    }

    pub(super) async fn talk<F: Flow + 'static>(&self, flow: F, phase: Phase) -> Result<F::Out> {
        self.talk_until(flow, phase, self.config.statement_timeout.map(Deadline::after)).await
    }

    /// When the end of a unit of work is waited for no longer.
    pub(super) fn end_deadline(&self) -> Option<Deadline> {
        Some(Deadline::after(self.config.end_limit()))
    }

    pub(super) async fn talk_until<F: Flow + 'static>(
        &self,
        flow: F,
        phase: Phase,
        deadline: Option<Deadline>,
    ) -> Result<F::Out> {
        match self.channel.run(flow, deadline).await {
            Ok(out) => Ok(out),
            Err(e) => Err(self.explained(e, phase).await),
        }
    }

    /// As [`talk`](Self::talk) for a conversation with a commit in it, alone or after a statement: when its answer
    /// is lost, so is the outcome of the commit.
    pub(super) async fn talk_and_commit<F: Flow + 'static>(&self, flow: F, phase: Phase) -> Result<F::Out> {
        let statement = || self.config.statement_timeout.map(Deadline::after);
        let deadline = if phase == Phase::Commit { self.end_deadline() } else { statement() };
        let mut waited = Waited { untold: &self.untold, to_the_end: false };
        let result = self.channel.run(flow, deadline).await;
        waited.to_the_end = true;
        match result {
            Ok(out) => {
                self.untold.store(false, Ordering::Release);
                Ok(out)
            }
            Err(e) => {
                let lost = self.loses_the_answer(&e);
                if lost {
                    // Kept or not, it is over: the error says that nobody knows.
                    self.work.ended();
                }
                Err(self.explained(e, if lost { Phase::Commit } else { phase }).await)
            }
        }
    }

    /// True when the request may have been obeyed although this came of it.
    pub(super) fn loses_the_answer(&self, e: &NetError) -> bool {
        match e {
            NetError::Timeout { .. } | NetError::BrokenOff | NetError::Closed { .. } | NetError::Broken(_) => true,
            NetError::Flow(FlowError::Missing { .. }) => true,
            // An error of writing is not about the server's bytes.
            NetError::Flow(
                FlowError::Wire(_)
                | FlowError::Misplaced { .. }
                | FlowError::Flood { .. }
                | FlowError::Message(_)
                | FlowError::Drda(_),
            ) => self.channel.broken().is_some(),
            _ => false,
        }
    }
}

/// The error of a session that went with its connection, between two units of work.
pub(super) fn lost_session(why: &str, phase: Phase) -> Error {
    let text =
        format!("the connection was lost, and with it what statements had set or declared for the session ({why})");
    Error { retryable: true, ..Error::new(ErrorClass::Operational, phase, "08507", text) }
}

/// A wait for a commit; dropped before its end, it notes that.
struct Waited<'a> {
    untold: &'a AtomicBool,
    to_the_end: bool,
}

impl Drop for Waited<'_> {
    fn drop(&mut self) {
        if !self.to_the_end {
            self.untold.store(true, Ordering::Release);
        }
    }
}

/// The SQLCA that an error came with.
pub(super) fn sqlca(e: &NetError) -> Option<Sqlca> {
    match e {
        NetError::Flow(FlowError::Sql { sqlca, .. }) => Some(Sqlca::clone(sqlca)),
        _ => None,
    }
}
