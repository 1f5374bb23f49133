//! A connection: statements in, results out. Cheap to clone; all clones share one socket.

use super::arrival::{arrive, arrive_over};
use super::client_info;
use super::describe::{StatementDescription, describe};
use super::inner::Inner;
use super::meter::{ConnectionCounters, Times, TimesNow};
use super::missing_package::with_package;
use super::parameters;
use super::procedure::Procedure;
use super::reset::{self, come_back, lose_work};
use super::scroll::{self, ScrollCursor, ScrollOptions};
use super::statement::{Outcome, StatementRun, Wanted, no_rows};
use super::statement_kind::{self, StatementKind};
use super::stream::QueryStream;
use super::update_result::UpdateResult;
use super::xa::goodbye::leave_branches;
use crate::client::config::Config;
use crate::client::config::client_info::ClientInfo;
use crate::client::dial::{self, unreached};
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::server_info::ServerInfo;
use crate::client::token::with_password_of_now;
use crate::client::warning::Warning;
use crate::flow::secmec::line::Line;
use crate::flow::sql::ping::Ping;
use crate::flow::sql::uow::EndWork;
use crate::net::transport::Deadline;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// The answer to a rollback on the way out is waited for this long.
const GOODBYE: Duration = Duration::from_secs(2);
/// Longest statement text: what the architecture's servers take.
const SQL_LIMIT: usize = 2 << 20;

/// A connection to a database.
#[derive(Debug, Clone)]
pub struct Connection(pub(super) Arc<Inner>);

impl Connection {
    /// Connects and logs in at the first address that lets it, all within `config.timeout`.
    pub async fn connect(config: Config) -> Result<Connection> {
        Connection::connect_within(config, Duration::MAX).await
    }

    /// The same within `limit` as well, which later logins of this connection have not.
    pub async fn connect_within(config: Config, limit: Duration) -> Result<Connection> {
        let deadline = Deadline::after(config.timeout.min(limit));
        let arrival = arrive(&config, &Arc::default(), deadline).await?;
        Connection::begin(Inner::new(arrival, config, true), deadline).await
    }

    /// Logs in over any stream that is already connected: a tunnel, a pipe, a socket opened
    /// elsewhere; over TLS within it where `config` says so. The host and port of `config` only name
    /// the peer, so `line` says who else may be on the stream: [`Line::Local`] when nobody is, else [`Line::Open`].
    pub async fn over<S>(stream: S, line: Line, config: Config) -> Result<Connection>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        config.check()?;
        let (caution, deadline) = (config.caution.afresh(), Deadline::after(config.timeout));
        let dialed = dial::take(Box::new(stream), line, &config, &caution, deadline).await;
        let dialed = dialed.map_err(|e| unreached(e, &config))?;
        let arrival = arrive_over(dialed, caution, config.clone(), &Arc::default(), deadline).await?;
        Connection::begin(Inner::new(arrival, config, false), deadline).await
    }

    async fn begin(inner: Inner, deadline: Deadline) -> Result<Connection> {
        client_info::introduce(&inner, deadline).await.map_err(|e| e.at(&inner.peer))?;
        tracing::info!(peer = %inner.peer, product = inner.session.prdid, "connection opened");
        Ok(Connection(Arc::new(inner)))
    }

    /// Runs a statement: a result set, or what it changed. `rows` are the rows of parameters, a column for each; none
    /// for a statement without. Several rows execute the statement once each, as a [`batch`](Self::batch): all of
    /// them are kept or none.
    pub async fn run(&self, sql: &str, rows: &[RecordBatch]) -> Result<Outcome> {
        if !rows.is_empty() && rows.iter().map(RecordBatch::num_rows).sum::<usize>() != 1 {
            let mut batch = self.batch(sql).await?;
            batch.add(rows).await?;
            return batch.finish().await.map(Outcome::Done);
        }
        self.run_once(sql, rows, Wanted::Anything, &Arc::default()).await
    }

    /// The same with one row of parameters at most; where its time goes is added to `times`.
    pub async fn run_timed(&self, sql: &str, row: RecordBatch, times: &Arc<Times>) -> Result<Outcome> {
        self.run_once(sql, &[row], Wanted::Anything, times).await
    }

    /// The work of the connection so far.
    pub fn counters(&self) -> ConnectionCounters {
        let TimesNow { rows, batches, decoding, .. } = self.0.times.read();
        ConnectionCounters { traffic: self.0.channel.counters().read(), rows, batches, decoding }
    }

    async fn run_once(&self, sql: &str, rows: &[RecordBatch], wanted: Wanted, times: &Arc<Times>) -> Result<Outcome> {
        come_back(&self.0, Phase::Execute).await?;
        self.0.usable(Phase::Execute)?;
        check_sql(sql)?;
        wanted.check(sql)?;
        self.0.may_run(sql)?;
        let query = statement_kind::hint(sql) == StatementKind::Query;
        let _turn = self.0.turn_of(query).await?;
        self.0.usable(Phase::Execute)?;
        self.0.opens_work(query);
        self.0.touch(sql);
        let statement = StatementRun(&self.0, times);
        let deadline = || self.0.config.statement_timeout.map(Deadline::after);
        match with_package!(self.0, deadline(), statement.attempt(sql, rows, wanted).await) {
            Err(e) if !parameters::are_given(rows) && wants_parameters(&e) => Err(statement.counted(sql, e).await),
            other => other,
        }
    }

    /// Opens a cursor that moves; none where the statement is no query by its first word, and was not run. `parameters`
    /// is a row of them, a column for each.
    pub async fn scroll(
        &self,
        sql: &str,
        parameters: &RecordBatch,
        options: ScrollOptions,
    ) -> Result<Option<ScrollCursor>> {
        come_back(&self.0, Phase::Execute).await?;
        self.0.usable(Phase::Execute)?;
        check_sql(sql)?;
        self.0.may_run(sql)?;
        scroll::scroll(&self.0, sql, parameters, options).await
    }

    /// Has a statement described without executing it.
    pub async fn describe(&self, sql: &str) -> Result<StatementDescription> {
        come_back(&self.0, Phase::Execute).await?;
        self.0.usable(Phase::Execute)?;
        check_sql(sql)?;
        describe(&self.0, sql).await
    }

    /// The columns of a query, which is described and not executed. Any other statement is refused.
    pub async fn query_schema(&self, sql: &str) -> Result<SchemaRef> {
        Wanted::Rows.check(sql)?;
        self.describe(sql).await?.columns.ok_or_else(no_rows)
    }

    /// Runs a statement that returns rows; `parameters` holds an array of one element for each. Any other statement
    /// is refused before it does anything.
    pub async fn query(&self, sql: &str, parameters: &[ArrayRef]) -> Result<QueryStream> {
        self.query_row(sql, parameters::one_row(parameters)?).await
    }

    /// The same with its parameters as a batch of one row.
    pub async fn query_row(&self, sql: &str, parameters: RecordBatch) -> Result<QueryStream> {
        self.query_timed(sql, parameters, &Arc::default()).await
    }

    /// The same; where its time goes is added to `times`.
    pub async fn query_timed(&self, sql: &str, row: RecordBatch, times: &Arc<Times>) -> Result<QueryStream> {
        match self.run_once(sql, &[row], Wanted::Rows, times).await? {
            Outcome::Rows(stream) => Ok(stream),
            Outcome::Done(_) | Outcome::Called(_) => Err(no_rows()),
        }
    }

    /// Runs a statement that returns none.
    pub async fn execute(&self, sql: &str, parameters: &[ArrayRef]) -> Result<UpdateResult> {
        match self.run(sql, &[parameters::one_row(parameters)?]).await? {
            Outcome::Done(done) => Ok(done),
            Outcome::Called(called) if called.sets.is_empty() && called.output.is_none() => Ok(called.done),
            Outcome::Rows(_) | Outcome::Called(_) => Err(Error::new(
                ErrorClass::Programming,
                Phase::Execute,
                "07005",
                "the statement returns rows or values",
            )
            .hint("read them with query(), those of a procedure with call()")),
        }
    }

    /// Calls a procedure: `sql` is `CALL NAME(?, …)`, `parameters` holds an array of one element for
    /// each, NULL where a value only comes out.
    pub async fn call(&self, sql: &str, parameters: &[ArrayRef]) -> Result<Procedure> {
        if !statement_kind::is_call(sql) {
            return Err(Error::new(ErrorClass::Programming, Phase::Execute, "42601", "the statement is no CALL"));
        }
        match self.run(sql, &[parameters::one_row(parameters)?]).await? {
            Outcome::Called(called) => Ok(called),
            Outcome::Rows(stream) => {
                Ok(Procedure { output: None, sets: [stream].into(), done: UpdateResult::default() })
            }
            Outcome::Done(done) => Ok(Procedure { output: None, sets: VecDeque::new(), done }),
        }
    }

    /// Makes the changes last. Readers that the server does not hold end with an error.
    pub async fn commit(&self) -> Result<()> {
        self.0.work.outside_of_blocks()?;
        self.commit_now().await
    }

    /// Commits, in a transaction or not.
    pub(super) async fn commit_now(&self) -> Result<()> {
        let _turn = self.0.turn().await?;
        if self.0.is_within() {
            self.0.work.rows.answered().await?;
        }
        if self.0.is_away() {
            return lose_work(&self.0, Phase::Commit);
        }
        self.0.usable(Phase::Commit)?;
        self.0.end_readers(false, "the reader was ended by a commit");
        let commit = EndWork::commit(self.0.session.clone());
        self.0.talk_and_commit(commit, Phase::Commit).await.inspect(|()| self.0.work.committed())
    }

    /// Undoes the changes. Open readers end with an error.
    pub async fn rollback(&self) -> Result<()> {
        self.0.work.outside_of_blocks()?;
        self.rollback_now().await
    }

    /// The same within `limit`; a connection whose server does not answer until then is given up.
    pub async fn rollback_within(&self, limit: Duration) -> Result<()> {
        tokio::time::timeout(limit, self.rollback()).await.unwrap_or_else(|_| {
            let text = format!("a rollback was not answered within {:.1} s", limit.as_secs_f64());
            self.0.channel.abort(&text);
            Err(Error::new(ErrorClass::Operational, Phase::Execute, "57033", text).at(&self.0.peer).broken())
        })
    }

    /// Rolls back, in a transaction or not.
    pub(super) async fn rollback_now(&self) -> Result<()> {
        let _turn = self.0.turn().await?;
        if self.0.is_away() {
            // The end of the connection has undone it, unless it may have been kept.
            let undone = |e: Error| if e.phase == Phase::Commit { Err(e) } else { Ok(()) };
            return lose_work(&self.0, Phase::Execute).or_else(undone);
        }
        self.0.usable(Phase::Execute)?;
        self.0.end_readers(true, "the reader was ended by a rollback");
        let rollback = EndWork::rollback(self.0.session.clone());
        let deadline = self.0.end_deadline();
        self.0.talk_until(rollback, Phase::Execute, deadline).await.inspect(|()| self.0.work.rolled_back())
    }

    /// Rolls back and closes; in autocommit what readers left open did is committed. Closing twice is allowed.
    pub async fn close(&self) -> Result<()> {
        if self.0.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let (session, reading) = (self.0.session.clone(), self.0.is_reading());
        self.0.end_readers(true, "the connection was closed");
        let mut ended = Ok(());
        if self.0.channel.broken().is_none() {
            leave_branches(&self.0, Deadline::after(GOODBYE)).await;
            // Rows of a call that was given up are not committed with what readers did.
            let calling = self.0.work.batches.load(Ordering::Acquire) > 0;
            let commit = reading && self.autocommit() && !calling;
            let goodbye = if commit { EndWork::commit(session) } else { EndWork::rollback(session) };
            let answer = self.0.channel.run(goodbye, Some(Deadline::after(GOODBYE))).await;
            // Whatever becomes of a rollback, the connection ends here and the server undoes the rest.
            if let (true, Err(e)) = (commit, answer) {
                ended = Err(self.0.explained(e, Phase::Commit).await);
            }
        }
        self.abort();
        self.0.found().and(ended)
    }

    /// Makes the connection as it was when it was opened: what is not committed is undone, open results end, and what
    /// statements set or declared for the session is gone, whatever it is: the login is done again on a new socket.
    /// Not within a transaction of [`Transactions`](super::transaction::Transactions). When it fails the connection
    /// is closed.
    pub async fn reset(&self) -> Result<()> {
        reset::reset(&self.0).await
    }

    /// True while the connection is lost and is going to be made again when it is used.
    pub fn is_away(&self) -> bool {
        self.0.is_away()
    }

    /// True when a statement may have left something in the session that a rollback does not undo.
    pub fn is_touched(&self) -> bool {
        self.0.touched.load(Ordering::Acquire)
    }

    /// Breaks off the statement that the server works on for this connection now, or the fetch; from any task. Whoever
    /// waits for it gets the server's answer, SQLCODE -952, and the connection goes on with its unit of work. It may have
    /// ended just before. When nothing runs, nothing happens, and ends of units of work are not broken off. Returns once
    /// the server was told. A server that cannot be told ([`can_interrupt`](Self::can_interrupt)) works on: the wait ends
    /// with SQLSTATE 57014, and the connection is lost unless the answer comes soon.
    pub async fn cancel(&self) -> Result<()> {
        self.0.usable(Phase::Execute)?;
        self.0.cancel().await;
        Ok(())
    }

    /// Whether the server can be told to break off what it runs: it gave a token for that when the connection was made.
    pub fn can_interrupt(&self) -> bool {
        self.0.session.interrupt.is_some()
    }

    /// Gives the connection up at once, without a word to the server.
    pub fn abort(&self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.end_readers(true, "the connection was closed");
        self.0.channel.abort("it was closed");
        tracing::info!(peer = %self.0.peer, "connection closed");
    }

    /// Commits after every statement, from the next one on, or after the transaction under way.
    pub fn set_autocommit(&self, on: bool) {
        let mut blocks = self.0.work.blocks();
        match blocks.begun.is_empty() {
            true => self.0.autocommit.store(on, Ordering::Release),
            false => blocks.autocommit = on,
        }
    }

    /// Whether statements that may change data are refused.
    pub fn read_only(&self) -> bool {
        self.0.read_only.load(Ordering::Acquire)
    }

    /// Refuses statements that may change data, from the next one on, or takes them again. The server is only told so by
    /// the setting `read_only`, which lasts as long as the connection.
    pub fn set_read_only(&self, on: bool) -> Result<()> {
        if !on && self.0.config.read_only {
            let text = "the connection was opened with read_only, as the server was told";
            return Err(Error::new(ErrorClass::Interface, Phase::Execute, "25000", text).hint("open another one"));
        }
        self.0.read_only.store(on, Ordering::Release);
        Ok(())
    }

    /// Refuses what a block of a [`Transactions`](super::transaction::Transactions) forbids.
    pub fn outside_of_blocks(&self) -> Result<()> {
        self.0.work.outside_of_blocks()
    }

    /// Refuses what would have a unit of work of its own beside that of a global transaction.
    pub fn outside_of_branches(&self) -> Result<()> {
        let Err(e) = self.0.work.branches().outside() else { return Ok(()) };
        Err(e.hint("files under commitment control take no part in it: their work would be kept or undone by itself"))
    }

    /// Whether something was done that is neither committed nor undone.
    pub fn is_working(&self) -> bool {
        self.0.is_reading() || self.0.work.open.load(Ordering::Acquire)
    }

    /// Whether every statement is committed.
    pub fn autocommit(&self) -> bool {
        self.0.autocommit.load(Ordering::Acquire)
    }

    /// The settings it was made with.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The same with the address at which it is, and the password of now.
    pub fn config_here(&self) -> Result<Config> {
        let config = {
            let now = self.0.now();
            self.0.config.at(&now.address.0, now.address.1)
        };
        with_password_of_now(config).map_err(|e| e.at(&self.0.peer))
    }

    /// True once closed or lost.
    pub fn is_closed(&self) -> bool {
        let lost = self.0.channel.broken().is_some() && !self.0.config.reconnect;
        self.0.closed.load(Ordering::Acquire) || lost
    }

    /// The server's description of itself.
    pub fn info(&self) -> ServerInfo {
        let now = self.0.now();
        ServerInfo::new(&now.session, &self.0.config.database, &self.0.peer.to_string(), now.tls.as_ref())
    }

    /// Warnings about the connection itself that no listener heard when it was made (`Config::caution`).
    pub fn warnings(&self) -> Vec<Warning> {
        self.0.caution.unheard().iter().map(|text| Warning::general(text)).collect()
    }

    /// Tells the server anew who works here: what `info` names is changed, the rest stays. Not under
    /// the control of transactions. Derby has no place for it: an error.
    pub async fn set_client_info(&self, info: &ClientInfo) -> Result<()> {
        come_back(&self.0, Phase::Execute).await?;
        self.0.usable(Phase::Execute)?;
        if info.is_empty() {
            return Ok(());
        }
        self.0.touched.store(true, Ordering::Release);
        client_info::tell(&self.0, info, self.autocommit(), self.0.config.statement_timeout.map(Deadline::after)).await
    }

    /// Asks whether the server answers within `limit`; the unit of work stays as it is. A statement under way has the
    /// same time to end: then nothing was asked, and the connection stays. Where no answer comes it is given up.
    pub async fn ping(&self, limit: Duration) -> Result<()> {
        let deadline = Deadline::after(limit);
        let late = |_| {
            let text = format!("a statement of this connection did not end within {:.1} s", limit.as_secs_f64());
            Error::new(ErrorClass::Operational, Phase::Execute, "57033", text).at(&self.0.peer)
        };
        let _turn = tokio::time::timeout(limit, self.0.turn()).await.map_err(late)??;
        come_back(&self.0, Phase::Execute).await?;
        self.0.alive(Phase::Execute)?;
        self.0.talk_until(Ping::new(self.0.session.clone()), Phase::Execute, Some(deadline)).await
    }

    /// The security mechanism in force: `encrypted (SECMEC 9, AES-256)`.
    pub fn security(&self) -> String {
        self.0.session.security.to_string()
    }
}

/// True for what servers say of a statement with markers and no values.
fn wants_parameters(e: &Error) -> bool {
    e.connection_usable && matches!(e.sqlstate.as_deref(), Some("07000" | "07001" | "07002" | "07004"))
}

pub(super) fn check_sql(sql: &str) -> Result<()> {
    let bad = |state: &str, text: &str| Err(Error::new(ErrorClass::Programming, Phase::Execute, state, text));
    if statement_kind::is_blank(sql) {
        return bad("42617", "the statement is empty");
    }
    if let Some(at) = sql.find('\0') {
        return bad("42601", &format!("the statement has a NUL character at byte {at}"));
    }
    if sql.len() > SQL_LIMIT {
        return bad("54001", &format!("the statement has {} bytes, the limit is {SQL_LIMIT}", sql.len()));
    }
    Ok(())
}
