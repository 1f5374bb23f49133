//! Executes a statement once for each of many rows, as one call: all rows are kept, or none wherever the server
//! can undo. An SQL error does not end a DRDA chain: the rows after the one that failed are executed too, and a
//! commit in the chain would keep them. So the commit is sent alone, after all rows, and after a failure the
//! rows are undone.

mod define;
mod remains;
mod send;
mod skipped;
mod under_way;
mod undo;

use self::remains::{Remains, told};
use self::skipped::Skipped;
use self::under_way::SentRows;
use self::undo::{Among, Undo};
use super::connection::Connection;
use super::inner::Inner;
use super::sections::SectionLease;
use super::statement_kind;
use super::turn::{Counted, Turn, Undoing};
use super::unit_of_work::Ends;
use super::update_result::UpdateResult;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::warning::Warning;
use crate::flow::error::FlowError;
use crate::flow::sql::uow::EndWork;
use crate::wire::sql::sqlvar::SqlVar;
use arrow_array::RecordBatch;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::runtime::Handle;

/// Rows for one statement. Dropped before its end, what its rows did is undone in the background, before anything
/// else runs on the connection.
#[derive(Debug)]
pub struct Batch(Option<BatchCall>);

/// The state of a call.
#[derive(Debug)]
struct BatchCall {
    inner: Arc<Inner>,
    sql: String,
    /// It inserts a row of values.
    insert: bool,
    among: Among,
    /// Statements that define its table, to be executed before it.
    before: VecDeque<String>,
    /// Some of them were.
    defined: bool,
    /// Rows in one command, at most.
    most: usize,
    /// The rows that were left out, where they are.
    skipped: Option<Skipped>,
    /// The statement, once it is prepared.
    ready: Option<ReadyStatement>,
    undo: Undo,
    /// Rows that were taken from the caller.
    given: u64,
    /// Those that were sent and are not answered, or wait to be sent.
    under_way: VecDeque<SentRows>,
    /// Rows that were left out without being sent.
    left_out: u64,
    /// The rows that were executed, as far as it was answered.
    done: BatchRows,
    /// Those of them that somebody else committed, who ran within the call.
    kept: BatchRows,
    /// Ends of units of work that are known to the call.
    ends: Ends,
    warnings: Vec<Warning>,
    /// Something was sent.
    sent: bool,
    /// Rows were sent, and are not undone.
    touched: bool,
    /// A row that cannot be undone was not answered.
    unknown: bool,
    ended: bool,
    /// Rows changed that are in the database after the end.
    count: Option<u64>,
    counted: Option<Counted>,
    /// Others wait for its end; none within another call.
    turn: Option<Turn>,
    /// It runs within another call.
    within: bool,
}

/// A prepared statement.
#[derive(Debug)]
struct ReadyStatement {
    lease: SectionLease,
    parameters: Arc<Vec<SqlVar>>,
    /// Rows may be sent as arrays.
    arrays: bool,
    /// It was prepared for arrays, so that each command says how many rows it has.
    counted: bool,
}

/// Executions, and the rows that they changed where the server counts them.
#[derive(Debug, Clone, Copy)]
struct BatchRows {
    rows: u64,
    count: Option<u64>,
}

impl BatchRows {
    const NONE: BatchRows = BatchRows { rows: 0, count: Some(0) };
}

/// The end of a call.
#[derive(Debug)]
enum FailureCause {
    /// Known in words.
    Told(Error),
    /// The server's, which has to be asked for its words.
    Flow(FlowError),
}

/// A failure, and the row that it is about.
#[derive(Debug)]
struct Bad {
    cause: FailureCause,
    row: Option<u64>,
    /// The first and the last of the rows that it is one of.
    among: Option<(u64, u64)>,
    rolled_back: bool,
}

impl Bad {
    fn at(row: u64, error: Error) -> Bad {
        Bad { row: Some(row), ..error.into() }
    }
}

impl From<Error> for Bad {
    fn from(error: Error) -> Bad {
        Bad { cause: FailureCause::Told(error), row: None, among: None, rolled_back: false }
    }
}

impl Connection {
    /// Begins a call of `sql` with many rows. Nothing is sent before the first of them; what else changes data on
    /// this connection waits until the call has ended.
    pub async fn batch(&self, sql: &str) -> Result<Batch> {
        self.0.usable(Phase::Execute)?;
        super::connection::check_sql(sql)?;
        let turn = self.turn_of_batch().await?;
        Ok(self.batch_at(turn, sql.to_owned()))
    }

    /// Waits for the turn of a batch; none within another one, whose rows are answered then.
    pub(in crate::client::sql) async fn turn_of_batch(&self) -> Result<Option<Turn>> {
        self.0.usable(Phase::Execute)?;
        let turn = self.0.turn().await?;
        if turn.is_none() {
            self.0.work.rows.answered().await?;
        }
        self.0.usable(Phase::Execute)?;
        Ok(turn)
    }

    /// Begins a call of `sql`, whose turn it is.
    pub(in crate::client::sql) fn batch_at(&self, turn: Option<Turn>, sql: String) -> Batch {
        let inner = self.0.clone();
        if turn.is_some() {
            inner.work.rows.open();
        }
        Batch(Some(BatchCall {
            insert: statement_kind::is_insert_of_values(&sql),
            among: Among {
                commits: inner.commits(),
                alone: !(inner.is_within() || inner.is_reading() || inner.work.open.load(Ordering::Acquire)),
                procedure: statement_kind::is_call(&sql),
            },
            sql,
            before: VecDeque::new(),
            defined: false,
            most: usize::MAX,
            skipped: None,
            ready: None,
            undo: Undo::Nothing,
            given: 0,
            left_out: 0,
            under_way: VecDeque::new(),
            done: BatchRows::NONE,
            kept: BatchRows::NONE,
            ends: inner.work.ends(),
            warnings: Vec::new(),
            sent: false,
            touched: false,
            unknown: false,
            ended: false,
            count: Some(0),
            counted: Some(Counted::new(inner.clone())),
            within: turn.is_none(),
            turn,
            inner,
        }))
    }
}

impl Connection {
    /// To be held from when a batch is given up until it is dropped: whatever runs on this connection waits meanwhile.
    pub fn giving_up(&self) -> GivingUp {
        GivingUp(Undoing::new(self.0.clone()))
    }
}

/// A batch is being given up.
#[derive(Debug)]
#[expect(dead_code, reason = "it is there to be dropped")]
pub struct GivingUp(Undoing);

impl Batch {
    /// Executes the statement for some more rows: a column for each parameter, whose type may differ from batch to
    /// batch. On an error the call is over, and what its rows did is undone; [`Error::row`] is the row, counted from 1
    /// over the whole call.
    pub async fn add(&mut self, rows: &[RecordBatch]) -> Result<()> {
        self.send(rows).await?;
        self.settle().await
    }

    /// As [`add`](Self::add), without waiting for the last answers: the next rows can be made meanwhile. A failure of
    /// these rows is told later, by the end of the call at the latest.
    pub async fn send(&mut self, rows: &[RecordBatch]) -> Result<()> {
        let call = self.call()?;
        match call.add(rows).await {
            Ok(()) => Ok(()),
            Err(bad) => Err(call.fail(bad).await),
        }
    }

    /// Waits for the answers to the rows that were sent.
    pub async fn settle(&mut self) -> Result<()> {
        let call = self.call()?;
        match call.answers().await {
            Ok(()) => Ok(()),
            Err(bad) => Err(call.fail(bad).await),
        }
    }

    /// How many rows are best added at a time.
    pub fn appetite(&self) -> usize {
        self.0.as_ref().map_or(1, BatchCall::appetite)
    }

    /// The end of the rows. In autocommit they are committed now.
    pub async fn finish(&mut self) -> Result<UpdateResult> {
        let call = self.call()?;
        match call.finish().await {
            Ok(()) => {}
            Err(bad) => return Err(call.fail(bad).await),
        }
        call.ended = true;
        call.leave();
        Ok(UpdateResult { count: call.count, warnings: std::mem::take(&mut call.warnings) })
    }

    /// Gives the call up: what its rows did is undone. What is left of it, in words.
    pub async fn undo(&mut self) -> String {
        let Some(call) = &mut self.0 else { return String::new() };
        if call.ended {
            return String::new();
        }
        let rolled_back = call.withdraw().await.rolled_back;
        let left = call.take_back(false, rolled_back).await;
        call.leave();
        left.to_string()
    }

    /// Rows changed by the call that are in the database, as far as is known; after a failure those that stayed.
    pub fn count(&self) -> Option<u64> {
        self.0.as_ref().map_or(Some(0), |call| if call.ended { call.count } else { call.done.count })
    }

    /// Rows that are done: executed or left out.
    pub fn rows(&self) -> u64 {
        self.0.as_ref().map_or(0, |call| call.done.rows + call.left_out)
    }

    /// The server's warnings since it was asked last.
    pub fn take_warnings(&mut self) -> Vec<Warning> {
        self.0.as_mut().map(|call| std::mem::take(&mut call.warnings)).unwrap_or_default()
    }

    /// Runs `make`, which makes rows for this call. What it does on this thread on the same connection does not
    /// wait for the end of the call but belongs to it: it is committed or undone with the rows.
    pub fn within<T>(&self, make: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(call) => call.inner.within(make),
            None => make(),
        }
    }

    fn call(&mut self) -> Result<&mut BatchCall> {
        let over = || Error::interface("the call is over: its rows were executed or undone");
        self.0.as_mut().filter(|call| !call.ended).ok_or_else(over)
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let Some(mut call) = self.0.take() else { return };
        let put_off = call.among.commits && call.inner.work.put_off.load(Ordering::Acquire);
        // Nobody waits for their answers; those that are not sent yet are not sent.
        call.under_way.clear();
        if call.ended || !(call.sent || put_off) {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) => {
                let undoing = Undoing::new(call.inner.clone());
                drop(runtime.spawn(async move {
                    call.take_back(false, false).await;
                    drop((call, undoing));
                }));
            }
            // Without a runtime nobody can talk to the server either, which undoes what is lost.
            Err(_) => call.inner.channel.abort("a call was given up"),
        }
    }
}

impl BatchCall {
    /// Notes what became of the unit of work within the call: who makes the rows may have ended it.
    async fn look_around(&mut self) -> std::result::Result<(), Bad> {
        let now = self.inner.work.ends();
        if self.ends == now {
            return Ok(());
        }
        // The rows that were sent before that belong to the unit of work that has ended.
        self.answers().await?;
        let before = std::mem::replace(&mut self.ends, now);
        // A savepoint does not outlive its unit of work.
        self.undo.is_gone();
        if now.rollbacks != before.rollbacks && self.done.rows > self.kept.rows {
            let text = "the transaction was rolled back while the rows of the call were made";
            return Err(Error::new(ErrorClass::Operational, Phase::Execute, "40000", text).at(&self.inner.peer).into());
        }
        if now.commits != before.commits {
            self.kept = self.done;
        }
        Ok(())
    }

    async fn finish(&mut self) -> std::result::Result<(), Bad> {
        self.look_around().await?;
        self.answers().await?;
        if !self.before.is_empty() {
            // Without any row.
            self.prepare().await?;
        }
        let work = &self.inner.work;
        let put_off = self.among.commits && work.put_off.load(Ordering::Acquire);
        if !self.sent && !put_off {
            return Ok(());
        }
        self.count = self.done.count;
        if !self.among.commits {
            if let Some(savepoint) = self.undo.savepoint() {
                // It ends with the transaction at the latest.
                savepoint.release(&self.inner).await?;
            }
            return Ok(());
        }
        self.inner.usable(Phase::Execute)?;
        // From now on nothing can be undone.
        self.ended = true;
        self.inner.end_readers(false, "the reader was ended by a commit");
        // Unless somebody waits for its end.
        self.count = None;
        let commit = EndWork::commit(self.inner.session.clone());
        match self.inner.talk_and_commit(commit, Phase::Commit).await {
            Ok(()) => {
                work.ended();
                self.count = self.done.count;
                Ok(())
            }
            Err(e) if e.connection_usable => {
                self.ended = false;
                Err(Bad { rolled_back: true, ..e.into() })
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Undoes what the rows did: the error with what is left of them.
    async fn fail(&mut self, bad: Bad) -> Error {
        let Bad { cause, row, among, rolled_back } = bad;
        let rolled_back = self.withdraw().await.rolled_back || rolled_back;
        let lost = matches!(&cause, FailureCause::Told(e) if !e.connection_usable);
        // A commit whose answer is lost says so itself.
        let left = if self.ended { Remains::Said } else { self.take_back(lost, rolled_back).await };
        self.leave();
        let e = match cause {
            FailureCause::Told(e) => e,
            FailureCause::Flow(e) => self.inner.explained(e.into(), Phase::Execute).await,
        };
        let e = match &left {
            // Whatever was wrong with the row, now the connection is lost.
            Remains::Lost { .. } if e.connection_usable => e.broken(),
            _ => e,
        };
        self.with_definition(told(e, row, among, &left), &left)
    }
}

impl BatchCall {
    /// Others may go on.
    fn leave(&mut self) {
        self.counted = None;
        self.turn = None;
        if std::mem::take(&mut self.within) {
            // Its failure is not that of the call around it, all of whose rows were answered well before it began.
            self.inner.work.rows.open();
        }
    }
}
