//! The work of a cursor, without Python: the sync and the async class drive the same code.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::ingest_request::IngestRequest;
use crate::client::batch_source::BatchSource;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::sql::batch::Batch;
use crate::client::sql::column_info::ColumnInfo;
use crate::client::sql::meter::Times;
use crate::client::sql::procedure::Output;
use crate::client::sql::scroll::{ScrollCursor, ScrollOptions, ScrollReader};
use crate::client::sql::statement::Outcome;
use crate::client::sql::stream::QueryStream;
use crate::client::warning::Warning;
use crate::python::arrow::result_table::{Collected, Form, Framed};
use crate::python::errors;
use crate::python::ownership::OwnedSlot;
use crate::python::reader::{self, ReaderLease, ResultReader};
use crate::python::shared_connection::SharedConnection;
use crate::python::watch::Watched;

/// The state of a cursor.
pub(in crate::python) struct SharedStatement {
    /// Its connection.
    pub(in crate::python) link: Arc<SharedConnection>,
    slot: Arc<OwnedSlot<Option<ResultReader>>>,
    /// Result sets of a procedure after the one in hand.
    sets: Mutex<VecDeque<QueryStream>>,
    about: Mutex<About>,
    closed: AtomicBool,
    /// Who wants to hear of the next statement.
    upcoming: Mutex<Option<Watched>>,
    /// Its queries have cursors that move like this.
    moves: Option<ScrollOptions>,
}

/// The facts that a cursor tells of its last statement.
#[derive(Default)]
pub(super) struct About {
    /// Columns of a result set.
    pub(super) columns: Option<Vec<ColumnInfo>>,
    /// The same columns in Arrow.
    pub(super) schema: Option<SchemaRef>,
    /// Rows changed; none where the server does not count.
    pub(super) count: Option<u64>,
    /// The result was given to a stream.
    pub(super) handed_over: bool,
    /// Rows were taken by a fetch that was broken off, and nobody has seen them.
    pub(super) lost: bool,
    /// The values that came out of a procedure's parameters.
    pub(super) output: Option<Output>,
    /// Rows that were left out, in order.
    pub(super) skipped: Vec<RecordBatch>,
    /// The columns of data that goes into a table: rows of it that were left out are one batch.
    ingested: Option<SchemaRef>,
    /// The cursor of the result, where it moves.
    pub(super) scroll: Option<Arc<ScrollCursor>>,
    /// The server's warnings that Python has not seen yet.
    pub(super) warnings: Vec<Warning>,
    /// How many of them were warned of.
    pub(super) heard: usize,
    /// Where the time of the statement goes; none before the first.
    pub(super) times: Option<Arc<Times>>,
    /// Who wants to hear of it.
    pub(super) watched: Option<Watched>,
}

impl SharedStatement {
    /// Nothing executed yet.
    pub(in crate::python) fn new(link: Arc<SharedConnection>) -> Arc<SharedStatement> {
        SharedStatement::moving(link, None)
    }

    /// The same, of a cursor that moves like this.
    pub(super) fn moving(link: Arc<SharedConnection>, moves: Option<ScrollOptions>) -> Arc<SharedStatement> {
        let (slot, closed) = (OwnedSlot::new(None), AtomicBool::new(false));
        let (sets, about, upcoming) = (Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(SharedStatement { link, slot, sets, about, closed, upcoming, moves })
    }

    /// The facts about the last statement.
    pub(super) fn about(&self) -> MutexGuard<'_, About> {
        self.about.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes who wants to hear of the statement that is about to run.
    pub(super) fn watch(&self, watched: Option<Watched>) {
        *self.upcoming.lock().unwrap_or_else(PoisonError::into_inner) = watched;
    }

    /// How long its first answer took, or the longest wait for further rows: where somebody wants to hear of that.
    pub(super) fn slowest(&self) -> Option<Duration> {
        let times = self.about().times.as_ref().map(|times| times.read())?;
        Some(times.answer.max(times.longest)).filter(|took| self.link.watch.is_slow(*took))
    }

    /// It is over without an answer.
    pub(super) fn failed(&self) {
        if let Some(times) = self.about().times.as_ref().filter(|times| times.read().answer.is_zero()) {
            times.answered();
        }
    }

    /// The facts about a statement that begins.
    fn afresh(&self, times: &Arc<Times>) -> About {
        let watched = self.upcoming.lock().unwrap_or_else(PoisonError::into_inner).take();
        About { times: Some(times.clone()), watched, ..About::default() }
    }

    /// Closed by the user.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Misuse when cursor or connection is closed.
    pub(super) fn usable(&self) -> Result<()> {
        if self.is_closed() {
            return Err(Error::interface("the cursor is closed"));
        }
        self.link.open()
    }

    /// Takes the cursor for a statement.
    pub(super) fn lease(&self) -> Result<ReaderLease> {
        self.usable()?;
        self.slot.take("cursor")
    }

    /// As [`lease`](Self::lease); a task waits a moment.
    pub(super) async fn lease_soon(&self) -> Result<ReaderLease> {
        self.usable()?;
        self.slot.take_soon("cursor").await
    }

    /// Takes the cursor for a fetch.
    pub(super) fn lease_rows(&self) -> Result<ReaderLease> {
        self.with_rows(self.lease()?)
    }

    /// As [`lease_rows`](Self::lease_rows); a task waits a moment.
    pub(super) async fn lease_rows_soon(&self) -> Result<ReaderLease> {
        self.with_rows(self.lease_soon().await?)
    }

    /// Rows were taken that nobody will see.
    pub(super) fn lose(&self) {
        self.about().lost = true;
    }

    fn with_rows(&self, lease: ReaderLease) -> Result<ReaderLease> {
        if self.about().lost {
            return Err(Error::interface("rows went with a fetch that was broken off: execute the statement again"));
        }
        if lease.is_some() {
            return Ok(lease);
        }
        Err(match self.about().handed_over {
            true => Error::interface("the rows of this result were handed over to an Arrow stream")
                .hint("execute the statement again, or use connection.query(), which can be read again"),
            false => without_rows(),
        })
    }

    /// The columns of the result.
    pub(super) fn schema(&self) -> Result<SchemaRef> {
        self.usable()?;
        self.about().schema.clone().ok_or_else(without_rows)
    }

    /// Gives the rows away, for a stream.
    pub(super) fn hand_over(&self) -> Result<ResultReader> {
        let mut lease = self.lease_rows()?;
        self.about().handed_over = true;
        lease.take().ok_or_else(|| errors::internal("a result went missing"))
    }

    /// Ends the result, if any, and forgets it.
    pub(in crate::python) async fn close(self: Arc<SharedStatement>) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let taken = self.slot.take_soon("cursor").await.map(|mut lease| self.clear(&mut lease));
        taken.inspect_err(|_| self.closed.store(false, Ordering::Release))
    }

    /// The whole result as an object of a library. Where none can be made of it, the rows are gone.
    pub(super) async fn framed(self: Arc<SharedStatement>, form: Form) -> Result<Framed> {
        let collected = self.clone().collect().await?;
        Ok(Framed::new(collected, form, Some(Box::new(move || self.lose()))))
    }

    /// Reads the result to its end. Broken off, it leaves none of the rows to be fetched again.
    pub(super) async fn collect(self: Arc<SharedStatement>) -> Result<Collected> {
        let lease = self.lease_rows_soon().await?;
        // Until the end is reached: nobody sees them before.
        self.about().lost = true;
        let collected = reader::collect(lease, self.link.limits, |told| self.about().warnings.extend(told)).await;
        self.about().lost = false;
        collected
    }

    /// Closes what is left of the statement before.
    fn clear(&self, lease: &mut ReaderLease) {
        drop(lease.take());
        drop(std::mem::take(&mut *self.sets()));
        let cursor = self.about().scroll.take();
        drop(cursor);
    }

    fn sets(&self) -> MutexGuard<'_, VecDeque<QueryStream>> {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on to the next result set of a procedure: true, or none when there is no other.
    pub(super) async fn next_set(self: Arc<SharedStatement>) -> Result<Option<bool>> {
        let mut lease = self.lease_soon().await?;
        if lease.is_none() && !self.about().handed_over {
            return Err(errors::programming("24000", "there are no result sets: the last statement returned none"));
        }
        let Some(stream) = self.sets().pop_front() else { return Ok(None) };
        self.read(&mut lease, stream);
        Ok(Some(true))
    }

    /// Makes `stream` the result in hand.
    fn read(&self, lease: &mut ReaderLease, stream: QueryStream) {
        let mut about = self.about();
        about.columns = Some(stream.columns());
        about.schema = Some(stream.schema());
        about.handed_over = false;
        about.lost = false;
        let mut feed = ResultReader::new(stream, self.link.waits());
        about.warnings.extend(feed.take_warnings());
        **lease = Some(feed);
    }

    /// Makes the rows of a cursor that moves the result in hand.
    fn move_on(&self, lease: &mut ReaderLease, cursor: Arc<ScrollCursor>, times: Arc<Times>) {
        let mut about = self.about();
        about.columns = Some(cursor.columns());
        about.schema = Some(cursor.schema());
        about.scroll = Some(cursor.clone());
        **lease = Some(ResultReader::new(ScrollReader::new(cursor, times), self.link.waits()));
    }

    /// Executes once. The result of the statement before is closed.
    pub(super) async fn execute(&self, sql: &str, parameters: RecordBatch) -> Result<()> {
        let lease = &mut self.lease_soon().await?;
        self.clear(lease);
        let times = Arc::<Times>::default();
        let fresh = self.afresh(&times);
        *self.about() = fresh;
        let _waiting = self.link.waiting();
        if let Some(options) = self.moves
            && let Some(cursor) = {
                let opened = self.link.client.scroll(sql, &parameters, options).await;
                times.answered();
                opened.map_err(|e| self.as_closed(e))?
            }
        {
            self.move_on(lease, Arc::new(cursor), times);
            return Ok(());
        }
        let outcome = self.link.client.run_timed(sql, parameters, &times).await;
        times.answered();
        match outcome.map_err(|e| self.as_closed(e))? {
            Outcome::Rows(stream) => self.read(lease, stream),
            Outcome::Called(mut called) => {
                let first = called.sets.pop_front();
                *self.sets() = called.sets;
                {
                    let mut about = self.about();
                    about.count = called.done.count.filter(|_| first.is_none());
                    about.warnings = called.done.warnings;
                    about.output = called.output;
                }
                if let Some(stream) = first {
                    self.read(lease, stream);
                }
            }
            Outcome::Done(done) => {
                let mut about = self.about();
                about.count = done.count;
                about.warnings = done.warnings;
            }
        }
        Ok(())
    }

    /// Executes a query; any other statement is refused before it does anything.
    pub(super) async fn query(&self, sql: &str, parameters: RecordBatch) -> Result<()> {
        let lease = &mut self.lease_soon().await?;
        let _waiting = self.link.waiting();
        let times = Arc::<Times>::default();
        let fresh = self.afresh(&times);
        *self.about() = fresh;
        let answer = self.link.client.query_timed(sql, parameters, &times).await;
        times.answered();
        let stream = answer.map_err(|e| self.as_closed(e))?;
        self.read(lease, stream);
        Ok(())
    }

    /// Begins a call with many rows. The result of the statement before is closed.
    /// `skip` is how many rows may be left out, where they may.
    pub(super) async fn begin_many(&self, lease: &mut ReaderLease, sql: &str, skip: Option<usize>) -> Result<Batch> {
        self.clear(lease);
        let fresh = self.afresh(&Arc::default());
        *self.about() = About { count: Some(0), ..fresh };
        let _waiting = self.link.waiting();
        let batch = self.link.client.batch(sql).await.map_err(|e| self.as_closed(e))?;
        Ok(match skip {
            Some(most) => batch.skipping(most),
            None => batch,
        })
    }

    /// Begins to put rows with these columns into a table. The result of the statement before is closed.
    pub(super) async fn begin_ingest(
        &self,
        lease: &mut ReaderLease,
        request: &IngestRequest,
        schema: &SchemaRef,
        sample: Option<&RecordBatch>,
    ) -> Result<Batch> {
        self.clear(lease);
        let fresh = self.afresh(&Arc::default());
        *self.about() = About { count: Some(0), ingested: Some(schema.clone()), ..fresh };
        let _waiting = self.link.waiting();
        let begun = self.link.client.ingest(&request.table, schema, sample, &request.options).await;
        begun.map_err(|e| self.as_closed(e))
    }

    /// Executes the statement for some of its rows.
    /// Their outcome is waited for where the next rows are made by somebody's code, which may use the connection.
    pub(in crate::python) async fn add(&self, batch: &mut Batch, rows: Vec<RecordBatch>, settled: bool) -> Result<()> {
        let _waiting = self.link.waiting();
        let added = if settled { batch.add(&rows).await } else { batch.send(&rows).await };
        self.note(batch);
        added.map_err(|e| self.as_closed(e))
    }

    /// Waits for the answers to its last rows.
    pub(super) async fn settle(&self, batch: &mut Batch) -> Result<()> {
        let _waiting = self.link.waiting();
        let settled = batch.settle().await;
        self.note(batch);
        settled.map_err(|e| self.as_closed(e))
    }

    /// Ends it, after its last row.
    pub(super) async fn finish(&self, batch: &mut Batch) -> Result<()> {
        self.settle(batch).await?;
        let _waiting = self.link.waiting();
        // Whatever may be wrong with them is told while the rows can be undone.
        let columns = self.about().ingested.clone();
        let skipped = match columns {
            Some(columns) => batch.take_skipped(&columns).map(|skipped| vec![skipped]),
            None => batch.take_skipped_runs(),
        };
        let skipped = match skipped {
            Ok(skipped) => skipped,
            Err(e) => {
                let left = self.undo(batch).await;
                return Err(Error { message: format!("{}; {left}", e.message), ..e });
            }
        };
        // If nobody waits for its end, the outcome is unknown.
        self.about().count = None;
        let finished = batch.finish().await;
        self.note(batch);
        let done = finished.map_err(|e| self.as_closed(e))?;
        let mut about = self.about();
        if let Some(times) = &about.times {
            times.answered();
        }
        about.skipped = skipped;
        about.warnings.extend(done.warnings);
        Ok(())
    }

    /// Undoes what its rows did: what is left of it, in words.
    pub(super) async fn undo(&self, batch: &mut Batch) -> String {
        let _waiting = self.link.waiting();
        let left = batch.undo().await;
        self.note(batch);
        left
    }

    fn note(&self, batch: &mut Batch) {
        let mut about = self.about();
        about.count = batch.count();
        about.warnings.extend(batch.take_warnings());
    }

    /// A wait that was broken off by `close()` in another thread says so.
    fn as_closed(&self, e: Error) -> Error {
        match self.link.open() {
            Err(_) if e.kind != ErrorClass::Interface => {
                Error { message: format!("the connection was closed: {}", e.message), phase: Phase::Execute, ..e }
            }
            _ => e,
        }
    }
}

fn without_rows() -> Error {
    errors::programming("24000", "there are no rows to fetch: the last statement returned none")
}
