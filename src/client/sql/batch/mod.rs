//! Executes a statement once for each of many rows, as one call: all rows are kept, or none wherever the server
//! can undo. An SQL error does not end a DRDA chain: the rows after the one that failed are executed too, and a
//! commit in the chain would keep them. So the commit is sent alone, after all rows, and after a failure the
//! rows are undone.

mod define;
mod failure;
mod remains;
mod send;
mod skipped;
mod under_way;
mod undo;

use self::failure::{Bad, FailureCause};
use self::remains::{Remains, told};
use self::send::{RowSender, appetite};
use self::undo::{Among, CallWork};
use super::ends::Ends;
use super::inner::Inner;
use super::reset::come_back;
use super::sections::SectionLease;
use super::statement_kind;
use super::turn::{Counted, Turn, Undoing};
use super::update_result::UpdateResult;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::warning::Warning;
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
    rows: RowSender,
    sql: String,
    /// It inserts a row of values.
    insert: bool,
    /// Statements that define its table, to be executed before it.
    before: VecDeque<String>,
    /// Some of them were.
    defined: bool,
    /// Ends of units of work that are known to the call.
    ends: Ends,
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

/// A batch is being given up.
#[derive(Debug)]
#[expect(dead_code, reason = "it is there to be dropped")]
pub struct GivingUp(Undoing);

impl GivingUp {
    pub(in crate::client::sql) fn new(inner: Arc<Inner>) -> GivingUp {
        GivingUp(Undoing::new(inner))
    }
}

impl Batch {
    /// Waits for the turn of a batch; none within another one, whose rows are answered then.
    pub(in crate::client::sql) async fn turn(inner: &Inner) -> Result<Option<Turn>> {
        come_back(inner, Phase::Execute).await?;
        inner.usable(Phase::Execute)?;
        let turn = inner.turn().await?;
        if turn.is_none() {
            inner.work.rows.answered().await?;
        }
        inner.usable(Phase::Execute)?;
        Ok(turn)
    }

    /// Begins a call of `sql`, whose turn it is.
    pub(in crate::client::sql) fn begin(inner: &Arc<Inner>, turn: Option<Turn>, sql: String) -> Batch {
        let inner = inner.clone();
        if turn.is_some() {
            inner.work.rows.open();
        }
        let among = Among {
            commits: inner.commits(),
            alone: !(inner.is_within() || inner.is_reading() || inner.work.open.load(Ordering::Acquire)),
            procedure: statement_kind::is_call(&sql),
        };
        Batch(Some(BatchCall {
            insert: statement_kind::is_insert_of_values(&sql),
            sql,
            before: VecDeque::new(),
            defined: false,
            ends: inner.work.ends(),
            ended: false,
            count: Some(0),
            counted: Some(Counted::new(inner.clone())),
            within: turn.is_none(),
            turn,
            rows: RowSender::new(CallWork::new(inner, among)),
        }))
    }

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
        match call.rows.answers().await {
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
        Ok(UpdateResult { count: call.count, warnings: std::mem::take(&mut call.rows.warnings) })
    }

    /// Gives the call up: what its rows did is undone. What is left of it, in words.
    pub async fn undo(&mut self) -> String {
        let Some(call) = &mut self.0 else { return String::new() };
        if call.ended {
            return String::new();
        }
        let rolled_back = call.rows.withdraw().await.rolled_back;
        let left = call.take_back(false, rolled_back).await;
        call.leave();
        left.to_string()
    }

    /// Rows changed by the call that are in the database, as far as is known; after a failure those that stayed.
    pub fn count(&self) -> Option<u64> {
        self.0.as_ref().map_or(Some(0), |call| if call.ended { call.count } else { call.rows.work.done.count })
    }

    /// Rows that are done: executed or left out.
    pub fn rows(&self) -> u64 {
        self.0.as_ref().map_or(0, |call| call.rows.rows())
    }

    /// The server's warnings since it was asked last.
    pub fn take_warnings(&mut self) -> Vec<Warning> {
        self.0.as_mut().map(|call| std::mem::take(&mut call.rows.warnings)).unwrap_or_default()
    }

    /// Runs `make`, which makes rows for this call. What it does on this thread on the same connection does not
    /// wait for the end of the call but belongs to it: it is committed or undone with the rows.
    pub fn within<T>(&self, make: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(call) => call.rows.work.inner.within(make),
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
        let work = &call.rows.work;
        let put_off = work.among.commits && work.inner.work.put_off.load(Ordering::Acquire);
        call.rows.forsake();
        if call.ended || !(call.rows.work.sent || put_off) {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) => {
                let undoing = Undoing::new(call.rows.work.inner.clone());
                drop(runtime.spawn(async move {
                    call.take_back(false, false).await;
                    drop((call, undoing));
                }));
            }
            // Without a runtime nobody can talk to the server either, which undoes what is lost.
            Err(_) => call.rows.work.inner.channel.abort("a call was given up"),
        }
    }
}

impl BatchCall {
    /// Sends rows, and notes the answers to those before them.
    async fn add(&mut self, rows: &[RecordBatch]) -> std::result::Result<(), Bad> {
        self.rows.work.inner.usable(Phase::Execute)?;
        self.look_around().await?;
        for batch in rows.iter().filter(|batch| batch.num_rows() > 0) {
            self.prepare().await?;
            self.rows.send(batch).await?;
        }
        Ok(())
    }

    /// How many rows are best taken at a time.
    fn appetite(&self) -> usize {
        appetite(if self.rows.ready.is_some() { self.rows.arrays() } else { self.takes_arrays() })
    }

    /// Notes what became of the unit of work within the call: who makes the rows may have ended it.
    async fn look_around(&mut self) -> std::result::Result<(), Bad> {
        let now = self.rows.work.inner.work.ends();
        if self.ends == now {
            return Ok(());
        }
        // The rows that were sent before that belong to the unit of work that has ended.
        self.rows.answers().await?;
        let before = std::mem::replace(&mut self.ends, now);
        // A savepoint does not outlive its unit of work.
        self.rows.work.undo.is_gone();
        if now.rollbacks != before.rollbacks && self.rows.work.done.rows > self.rows.work.kept.rows {
            let text = "the transaction was rolled back while the rows of the call were made";
            return Err(Error::new(ErrorClass::Operational, Phase::Execute, "40000", text)
                .at(&self.rows.work.inner.peer)
                .into());
        }
        if now.commits != before.commits {
            self.rows.work.kept = self.rows.work.done;
        }
        Ok(())
    }

    async fn finish(&mut self) -> std::result::Result<(), Bad> {
        self.look_around().await?;
        self.rows.answers().await?;
        if !self.before.is_empty() {
            // Without any row.
            self.prepare().await?;
        }
        let work = &self.rows.work.inner.work;
        let put_off = self.rows.work.among.commits && work.put_off.load(Ordering::Acquire);
        if !self.rows.work.sent && !put_off {
            return Ok(());
        }
        self.count = self.rows.work.done.count;
        if !self.rows.work.among.commits {
            if let Some(savepoint) = self.rows.work.undo.savepoint() {
                // It ends with the transaction at the latest.
                savepoint.release(&self.rows.work.inner).await?;
            }
            return Ok(());
        }
        self.rows.work.inner.usable(Phase::Execute)?;
        // From now on nothing can be undone.
        self.ended = true;
        self.rows.work.inner.end_readers(false, "the reader was ended by a commit");
        // Unless somebody waits for its end.
        self.count = None;
        let commit = EndWork::commit(self.rows.work.inner.session.clone());
        match self.rows.work.inner.talk_and_commit(commit, Phase::Commit).await {
            Ok(()) => {
                work.ended();
                self.count = self.rows.work.done.count;
                Ok(())
            }
            Err(e) if e.connection_usable => {
                self.ended = false;
                Err(Bad { rolled_back: true, ..e.into() })
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Ends the call without its rows: what is left of them. `lost`: there is no connection any more;
    /// `rolled_back`: the server rolled back by itself.
    async fn take_back(&mut self, lost: bool, rolled_back: bool) -> Remains {
        let left = self.rows.work.undone(lost, rolled_back).await;
        self.ended = true;
        self.count = match &left {
            Remains::Unknown { .. } => None,
            Remains::First(_) => self.rows.work.done.count,
            _ => self.rows.work.kept.count,
        };
        left
    }

    /// Undoes what the rows did: the error with what is left of them.
    async fn fail(&mut self, bad: Bad) -> Error {
        let Bad { cause, row, among, rolled_back } = bad;
        let rolled_back = self.rows.withdraw().await.rolled_back || rolled_back;
        let lost = matches!(&cause, FailureCause::Told(e) if !e.connection_usable);
        // A commit whose answer is lost says so itself.
        let left = if self.ended { Remains::Said } else { self.take_back(lost, rolled_back).await };
        self.leave();
        let e = match cause {
            FailureCause::Told(e) => e,
            FailureCause::Flow(e) => self.rows.work.inner.explained(e.into(), Phase::Execute).await,
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
            self.rows.work.inner.work.rows.open();
        }
    }
}
