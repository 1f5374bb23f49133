//! Executes a statement once for each of many rows, as one call: all rows are kept, or none wherever the server
//! can undo. An SQL error does not end a DRDA chain: the rows after the one that failed are executed too, and a
//! commit in the chain would keep them. So the commit is sent alone, after all rows, and after a failure the
//! rows are undone.

mod remains;
mod undo;

use self::remains::{Remains, told};
use self::undo::{Among, Undo};
use super::connection::Connection;
use super::inner::Inner;
use super::parameters;
use super::sections::SectionLease;
use super::statement_kind;
use super::turn::{Counted, Turn, Undoing};
use super::unit_of_work::Ends;
use super::update_result::UpdateResult;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::warning::Warning;
use crate::flow::error::FlowError;
use crate::flow::sql::batch::{Begin, Begun};
use crate::flow::sql::execute::{Execute, Failed, Input};
use crate::flow::sql::prepare::Prepare;
use crate::flow::sql::uow::EndWork;
use crate::net::transport::Deadline;
use crate::wire::sql::sqlvar::SqlVar;
use arrow_array::RecordBatch;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::runtime::Handle;

/// Rows of parameters in one chain.
const CHAIN_ROWS: usize = 256;
/// Bytes of parameters in one chain, unless one row has more.
const CHAIN_BYTES: usize = 8 << 20;

/// Rows for one statement. Dropped before its end, what its rows did is undone in the background, before anything
/// else runs on the connection.
#[derive(Debug)]
pub struct Batch(Option<BatchCall>);

/// The state of a call.
#[derive(Debug)]
struct BatchCall {
    inner: Arc<Inner>,
    sql: String,
    among: Among,
    /// The statement, once it is prepared.
    ready: Option<ReadyStatement>,
    undo: Undo,
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
    /// A chain of rows is not answered.
    under_way: bool,
    ended: bool,
    /// Rows changed that are in the database after the end.
    count: Option<u64>,
    counted: Option<Counted>,
    /// Others wait for its end; none within another call.
    turn: Option<Turn>,
}

/// A prepared statement.
#[derive(Debug)]
struct ReadyStatement {
    lease: SectionLease,
    parameters: Vec<SqlVar>,
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
    rolled_back: bool,
}

impl Bad {
    fn at(row: u64, error: Error) -> Bad {
        Bad { cause: FailureCause::Told(error), row: Some(row), rolled_back: false }
    }
}

impl From<Error> for Bad {
    fn from(error: Error) -> Bad {
        Bad { cause: FailureCause::Told(error), row: None, rolled_back: false }
    }
}

impl Connection {
    /// Begins a call of `sql` with many rows. Nothing is sent before the first of them; what else changes data on
    /// this connection waits until the call has ended.
    pub async fn batch(&self, sql: &str) -> Result<Batch> {
        self.0.usable(Phase::Execute)?;
        super::connection::check_sql(sql)?;
        let turn = self.0.turn().await?;
        self.0.usable(Phase::Execute)?;
        let inner = self.0.clone();
        Ok(Batch(Some(BatchCall {
            sql: sql.to_owned(),
            among: Among {
                commits: inner.commits(),
                alone: !(inner.is_within() || inner.is_reading() || inner.work.open.load(Ordering::Acquire)),
                procedure: statement_kind::is_call(sql),
            },
            ready: None,
            undo: Undo::Nothing,
            done: BatchRows::NONE,
            kept: BatchRows::NONE,
            ends: inner.work.ends(),
            warnings: Vec::new(),
            sent: false,
            touched: false,
            under_way: false,
            ended: false,
            count: Some(0),
            counted: Some(Counted::new(inner.clone())),
            turn,
            inner,
        })))
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
        let call = self.call()?;
        match call.add(rows).await {
            Ok(()) => Ok(()),
            Err(bad) => Err(call.fail(bad).await),
        }
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
        let left = call.take_back(false, false).await;
        call.leave();
        left.to_string()
    }

    /// Rows changed by the call that are in the database, as far as is known; after a failure those that stayed.
    pub fn count(&self) -> Option<u64> {
        self.0.as_ref().map_or(Some(0), |call| if call.ended { call.count } else { call.done.count })
    }

    /// Rows that were executed.
    pub fn rows(&self) -> u64 {
        self.0.as_ref().map_or(0, |call| call.done.rows)
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
    async fn add(&mut self, rows: &[RecordBatch]) -> std::result::Result<(), Bad> {
        self.inner.usable(Phase::Execute)?;
        self.look_around()?;
        if rows.iter().all(|batch| batch.num_rows() == 0) {
            return Ok(());
        }
        self.prepare().await?;
        let mut inputs = self.encode(rows)?.into_iter().peekable();
        while inputs.peek().is_some() {
            let limit = if self.undo.is_possible() { CHAIN_ROWS } else { 1 };
            let (mut chain, mut bytes) = (Vec::new(), 0);
            while chain.len() < limit
                && let Some(input) = inputs.next_if(|input| chain.is_empty() || bytes + input.bytes() <= CHAIN_BYTES)
            {
                bytes += input.bytes();
                chain.push(input);
            }
            self.execute(chain).await?;
        }
        Ok(())
    }

    /// Prepares the statement, once; -805 has the package bound.
    async fn prepare(&mut self) -> std::result::Result<(), Bad> {
        if self.ready.is_some() {
            return if self.undo.is_due() { self.set_savepoint().await } else { Ok(()) };
        }
        match self.begin().await {
            Err(Bad { cause: FailureCause::Told(e), .. })
                if e.sqlcode == Some(-805) && self.inner.config.package.is_none() =>
            {
                self.inner.bind(self.inner.config.statement_timeout.map(Deadline::after)).await?;
                self.begin().await
            }
            other => other,
        }
    }

    async fn begin(&mut self) -> std::result::Result<(), Bad> {
        let inner = self.inner.clone();
        let lease = inner.lease(Phase::Execute)?;
        self.undo = Undo::choose(&inner, self.among);
        let prepare = Prepare::new(inner.session.clone(), lease.name.clone(), self.sql.clone(), true);
        let savepoint = self.undo.savepoint().map(|savepoint| (savepoint.section(), savepoint.set()));
        self.sent = true;
        inner.opens_work(false);
        let begun = inner.talk(Begin::new(inner.session.clone(), prepare, savepoint), Phase::Execute).await?;
        let Begun { prepared, savepoint } = begun;
        self.undo.was_set(savepoint, &inner, self.among);
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(e) => return Err(inner.explained(e.into(), Phase::Execute).await.into()),
        };
        if !prepared.columns.columns.is_empty() {
            let text = "the statement returns rows: many rows of parameters are for statements that return none";
            return Err(Error::new(ErrorClass::Programming, Phase::Execute, "07005", text).at(&inner.peer).into());
        }
        let parameters = prepared.parameters.map(|p| p.columns).unwrap_or_default();
        self.ready = Some(ReadyStatement { lease, parameters });
        Ok(())
    }

    /// Encodes rows as the server described the parameters, before any of them is sent.
    fn encode(&self, rows: &[RecordBatch]) -> std::result::Result<Vec<Input>, Bad> {
        let Some(ready) = &self.ready else { return Ok(Vec::new()) };
        let mut inputs = Vec::new();
        for batch in rows {
            let before = self.done.rows + inputs.len() as u64;
            let encoded = parameters::encode(&ready.parameters, batch, &self.inner.session);
            inputs.extend(encoded.map_err(|bad| Bad::at(before + bad.row as u64 + 1, bad.error))?);
        }
        Ok(inputs)
    }

    /// Executes the statement for the rows of one chain.
    async fn execute(&mut self, rows: Vec<Input>) -> std::result::Result<(), Bad> {
        let Some(ready) = &self.ready else { return Ok(()) };
        let sent = rows.len() as u64;
        let flow = Execute::new(self.inner.session.clone(), ready.lease.name.clone(), rows, false);
        self.touched = true;
        self.under_way = true;
        let answer = self.inner.talk(flow, Phase::Execute).await?;
        self.under_way = false;
        match answer {
            Ok(executed) => {
                let count = executed.counts.iter().copied().sum::<Option<u64>>();
                self.done.rows += sent;
                self.done.count = self.done.count.zip(count).map(|(a, b)| a + b);
                self.warnings.extend(executed.warnings.iter().map(Warning::from));
                Ok(())
            }
            Err(Failed { before, error, rolled_back }) => {
                let row = Some(self.done.rows + before as u64 + 1);
                Err(Bad { cause: FailureCause::Flow(error), row, rolled_back })
            }
        }
    }

    /// Notes what became of the unit of work within the call: who makes the rows may have ended it.
    fn look_around(&mut self) -> std::result::Result<(), Bad> {
        let now = self.inner.work.ends();
        let before = std::mem::replace(&mut self.ends, now);
        if before == now {
            return Ok(());
        }
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
        self.look_around()?;
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
                Err(Bad { cause: FailureCause::Told(e), row: None, rolled_back: true })
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Undoes what the rows did: the error with what is left of them.
    async fn fail(&mut self, bad: Bad) -> Error {
        let Bad { cause, row, rolled_back } = bad;
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
        told(e, row, &left)
    }
}

impl BatchCall {
    /// Others may go on.
    fn leave(&mut self) {
        self.counted = None;
        self.turn = None;
    }
}
