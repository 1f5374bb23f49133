//! Sends the rows of a call: as arrays, many rows in one command, where the server takes them, else in chains of
//! commands. Of an array that fails no row is executed, and the server names none: its rows are sent once more, in
//! ever smaller parts, to find the row.

use super::ReadyStatement;
use super::failure::{Bad, FailureCause, is_of_a_row, is_refusal};
use super::skipped::Skipped;
use super::under_way::{SendRows, SentRows};
use super::undo::CallWork;
use crate::client::error::{Error, ErrorClass, Phase};
use crate::client::sql::parameters::{Piece, Room, RowsToSend};
use crate::client::warning::Warning;
use crate::flow::error::FlowError;
use crate::flow::sql::execute::{Execute, Executed, Failed};
use crate::net::error::NetError;
use crate::net::transport::Deadline;
use crate::wire::codec::error::WireError;
use crate::wire::ddm::codepoint as cp;
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::value::product::Product;
use arrow_array::RecordBatch;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::Ordering;

/// Rows of one chain.
const CHAIN_ROWS: usize = 256;
/// Chains whose rows are taken at a time.
const CHAINS: usize = 4;
/// Rows of one array, at most. (Read: Db2 for LUW and for z/OS, FOR n ROWS.)
const ARRAY_ROWS: usize = 32_767;
/// Rows of one array in which each stands for itself: each has an answer.
const EACH_ROWS: usize = 4096;
/// Bytes of parameters in one chain or array, unless one row has more.
const BYTES: usize = 8 << 20;
/// So few rows are sent one by one to find the one that fails.
const FEW: usize = 32;
/// Requests that may be unanswered while the next one is encoded.
const AHEAD: usize = 2;

/// Rows that were taken back from the way to the server.
#[derive(Default)]
pub(super) struct Withdrawn {
    /// Those that were not sent.
    pub not_sent: Vec<SentRows>,
    /// The server rolled the unit of work back meanwhile.
    pub rolled_back: bool,
}

/// How many rows are best taken at a time: of arrays, or of chains.
pub(super) fn appetite(arrays: bool) -> usize {
    if arrays { ARRAY_ROWS } else { CHAINS * CHAIN_ROWS }
}

type Result<T> = std::result::Result<T, Bad>;

/// Sends the rows of a call, and judges the answers.
#[derive(Debug)]
pub(super) struct RowSender {
    pub(super) work: CallWork,
    /// The statement, once it is prepared.
    pub(super) ready: Option<ReadyStatement>,
    /// Rows in one command, at most.
    pub(super) most: usize,
    /// The rows that were left out, where they are.
    pub(super) skipped: Option<Skipped>,
    /// The encoders of the batch before.
    kept: Option<RowsToSend>,
    /// Rows that were taken from the caller.
    given: u64,
    /// Those that were sent and are not answered, or wait to be sent.
    under_way: VecDeque<SentRows>,
    /// Rows that were left out without being sent.
    left_out: u64,
    pub(super) warnings: Vec<Warning>,
    /// How often it had been asked to break something off when the call began.
    cancels: u64,
}

impl RowSender {
    pub(super) fn new(work: CallWork) -> RowSender {
        RowSender {
            cancels: work.inner.work.cancels.load(Ordering::Acquire),
            work,
            ready: None,
            most: usize::MAX,
            skipped: None,
            kept: None,
            given: 0,
            under_way: VecDeque::new(),
            left_out: 0,
            warnings: Vec::new(),
        }
    }

    /// Rows that are done: executed or left out.
    pub(super) fn rows(&self) -> u64 {
        self.work.done.rows + self.left_out
    }

    /// Nobody waits for answers; rows that are not sent yet are not sent.
    pub(super) fn forsake(&mut self) {
        self.under_way.clear();
    }

    /// Sends rows of the prepared statement, and notes the answers to those before them.
    pub(super) async fn send(&mut self, batch: &RecordBatch) -> Result<()> {
        let before = self.given;
        let Some(mut rows) = self.rows_of(batch, before).await? else { return Ok(()) };
        while self.given < before + batch.num_rows() as u64 {
            let at = (self.given - before) as usize;
            let (piece, count) = match rows.next(at, self.room(), &self.work.inner.session) {
                Ok(next) => next,
                Err(bad) => {
                    // Rows before it may have failed.
                    self.answers().await?;
                    self.leave_out(batch, at, bad.error)?;
                    (self.given, self.left_out) = (self.given + 1, self.left_out + 1);
                    continue;
                }
            };
            self.submit(piece, batch.slice(at, count)).await?;
        }
        rows.rest();
        self.kept = Some(rows);
        Ok(())
    }

    async fn rows_of(&mut self, batch: &RecordBatch, before: u64) -> Result<Option<RowsToSend>> {
        let Some(ready) = &self.ready else { return Ok(None) };
        let made = match self.kept.take().filter(|rows| rows.is_for(&ready.parameters)) {
            Some(mut rows) => rows.take(batch).map(|()| rows),
            None => RowsToSend::new(&ready.parameters, batch, &self.work.inner.session),
        };
        match made {
            Ok(rows) => Ok(Some(rows)),
            Err(bad) => {
                self.answers().await?;
                Err(Bad::at(before + bad.row as u64 + 1, bad.error))
            }
        }
    }

    /// Rows are sent as arrays.
    pub(super) fn arrays(&self) -> bool {
        // How this product answers for each row of an array is not known.
        let each = self.skipped.is_some() && self.work.inner.session.product == Product::Zos;
        let wanted = !each && self.work.undo.is_possible() && !self.work.inner.work.no_arrays.load(Ordering::Acquire);
        wanted && self.ready.as_ref().is_some_and(|ready| ready.arrays)
    }

    /// How much is sent at a time.
    fn room(&self) -> Room {
        let rows = match self.work.undo.is_possible() {
            true if self.arrays() => {
                let rows = if self.skipped.is_some() { EACH_ROWS } else { ARRAY_ROWS };
                return Room { rows: rows.min(self.most), bytes: BYTES, array: true };
            }
            true => CHAIN_ROWS.min(self.most),
            // None after the first that fails.
            false => 1,
        };
        Room { rows, bytes: BYTES, array: false }
    }

    fn run_for(&self, piece: Piece, array: bool) -> Option<Execute> {
        let ready = self.ready.as_ref()?;
        let (session, section) = (self.work.inner.session.clone(), ready.lease.name.clone());
        let run = match piece {
            Piece::Rows(rows) if array && self.skipped.is_some() => Execute::each(session, section, rows),
            Piece::Single(input) => Execute::new(session, section, vec![input], false).counted(ready.counted),
            Piece::Rows(rows) if array => Execute::array(session, section, rows),
            Piece::Rows(rows) => Execute::rows(session, section, rows).counted(ready.counted),
        };
        Some(if self.skipped.is_some() { run.tolerant() } else { run })
    }

    /// Sends `rows`, which are `piece`, and waits for answers while too many are due.
    async fn submit(&mut self, piece: Piece, rows: RecordBatch) -> Result<()> {
        let array = self.room().array && matches!(piece, Piece::Rows(_));
        let Some(run) = self.run_for(piece, array) else { return Ok(()) };
        let (inner, before) = (&self.work.inner, self.given);
        if inner.work.cancels.load(Ordering::Acquire) != self.cancels {
            let e = Error::new(ErrorClass::Operational, Phase::Execute, "57014", "the call was broken off");
            return Err(e.at(&inner.peer).into());
        }
        let flow = SendRows::new(run, &inner.work.rows);
        let pending = inner.channel.submit(flow).map_err(|e| inner.error(e, Phase::Execute))?;
        self.work.touched = true;
        self.given += rows.num_rows() as u64;
        self.under_way.push_back(SentRows { before, rows, array, pending });
        let most = if self.work.undo.is_possible() { inner.depth().max(AHEAD) } else { 0 };
        while self.under_way.len() > most {
            self.answer().await?;
        }
        Ok(())
    }

    /// Waits for all answers.
    pub(super) async fn answers(&mut self) -> Result<()> {
        while !self.under_way.is_empty() {
            self.answer().await?;
        }
        Ok(())
    }

    /// Waits for the answer to the rows that were sent first.
    async fn answer(&mut self) -> Result<()> {
        let deadline = self.work.inner.config.statement_timeout.map(Deadline::after);
        let Some(sent) = self.under_way.front_mut() else { return Ok(()) };
        self.work.unknown = true;
        let answer = sent.pending.wait(deadline).await;
        self.work.unknown = false;
        let Some(sent) = self.under_way.pop_front() else { return Ok(()) };
        match answer {
            Ok(Ok(executed)) => self.executed(&sent, executed).await,
            Ok(Err(failed)) => self.failed(sent, failed).await,
            Err(e) => {
                self.work.unknown = true;
                Err(self.work.inner.explained(e, Phase::Execute).await.into())
            }
        }
    }

    async fn executed(&mut self, sent: &SentRows, executed: Executed) -> Result<()> {
        let count = executed.counts.iter().copied().sum::<Option<u64>>();
        let rows = sent.rows.num_rows();
        if sent.array {
            self.all_taken(count, executed.bad.len(), rows, among(sent))?;
        }
        self.count(rows as u64, count);
        self.warnings.extend(executed.warnings.iter().map(Warning::from));
        self.bad_rows(sent, 0, executed.bad).await
    }

    /// Whether the server took all `rows` of an array, where it counts them: those `among` which they are.
    fn all_taken(&self, count: Option<u64>, bad: usize, rows: usize, among: (u64, u64)) -> Result<()> {
        let Some(count) = count.filter(|count| *count + bad as u64 != rows as u64) else { return Ok(()) };
        self.work.inner.work.no_arrays.store(true, Ordering::Release);
        let text = format!("the server took {count} of {rows} rows that were sent as one array");
        let e = Error::new(ErrorClass::Operational, Phase::Execute, "58009", text).at(&self.work.inner.peer);
        let e = e.hint("this connection sends no arrays any more: try again");
        Err(Bad { among: Some(among), ..e.into() })
    }

    /// Leaves out rows that failed, by their positions after row `from` of those that were sent.
    async fn bad_rows(&mut self, sent: &SentRows, from: usize, bad: Vec<(usize, Box<Sqlca>)>) -> Result<()> {
        for (at, sqlca) in bad {
            let at = from + at;
            if at >= sent.rows.num_rows() {
                let text = format!("an answer for row {} of {} that were sent", at + 1, sent.rows.num_rows());
                let e = FlowError::from(WireError::invalid(cp::SQLCARD, 0, text));
                return Err(self.work.inner.explained(e.into(), Phase::Execute).await.into());
            }
            let state = sqlca.sqlstate.clone();
            let error = NetError::from(FlowError::Sql { sqlca, reply: None });
            let error = self.work.inner.explained(error, Phase::Execute).await;
            if !is_of_a_row(&state) {
                return Err(Bad::at(sent.before + at as u64 + 1, error));
            }
            let number = sent.before + at as u64 + 1;
            if let Some(skipped) = &mut self.skipped {
                skipped.push(&sent.rows, at, number, error).map_err(|e| Bad::at(number, e))?;
            }
        }
        Ok(())
    }

    /// Leaves out the next row to be given, row `at` of `rows`, which cannot be sent; or else that is the end.
    fn leave_out(&mut self, rows: &RecordBatch, at: usize, error: Error) -> Result<()> {
        let number = self.given + 1;
        match &mut self.skipped {
            Some(skipped) if error.sqlstate.as_deref().is_some_and(is_of_a_row) => {
                skipped.push(rows, at, number, error).map_err(|e| Bad::at(number, e))
            }
            _ => Err(Bad::at(number, error)),
        }
    }

    fn count(&mut self, rows: u64, count: Option<u64>) {
        self.work.done.rows += rows;
        self.work.done.count = self.work.done.count.zip(count).map(|(a, b)| a + b);
    }

    /// Some rows failed. Those that were sent after them are awaited, none is sent any more.
    async fn failed(&mut self, sent: SentRows, failed: Failed) -> Result<()> {
        let mut rest = self.withdraw().await;
        let Failed { before, error, rolled_back } = failed;
        let rolled_back = rolled_back || rest.rolled_back;
        let refused = before == 0 && is_refusal(&error);
        if !sent.array || self.skipped.is_some() && !refused {
            let row = Some(sent.before + before as u64 + 1);
            // The one answer to an array may be about any of its rows.
            let whole = sent.array && before == 0 && sent.rows.num_rows() > 1;
            let (row, among) = if whole { (None, Some(among(&sent))) } else { (row, None) };
            return Err(Bad { cause: FailureCause::Flow(error), row, among, rolled_back });
        }
        let bad = Bad { cause: FailureCause::Flow(error), row: None, among: Some(among(&sent)), rolled_back };
        if !refused {
            let state = bad.state().filter(|state| is_of_a_row(state)).map(str::to_owned);
            // Where it is no row's fault nobody looks for one.
            let Some(state) = state else { return Err(bad) };
            match self.search(&sent).await {
                Err(found) if !rolled_back || found.state() == Some(state.as_str()) => {
                    return Err(Bad { rolled_back: rolled_back || found.rolled_back, ..found });
                }
                // Rows before them are gone, or it was the next one of its kind.
                Err(_) => return Err(bad),
                Ok(()) if rolled_back => return Err(bad),
                Ok(()) => {}
            }
        } else if rolled_back {
            return Err(bad);
        } else {
            self.one_by_one(&sent).await?;
        }
        tracing::debug!(refused, "the server takes the rows of an array one by one only");
        self.work.inner.work.no_arrays.store(true, Ordering::Release);
        for sent in rest.not_sent.drain(..) {
            self.one_by_one(&sent).await?;
        }
        Ok(())
    }

    /// Executes the statement for each of some rows by itself, in chains.
    async fn one_by_one(&mut self, sent: &SentRows) -> Result<()> {
        self.work.inner.work.rows.open();
        let Some(mut rows) = self.again(sent)? else { return Ok(()) };
        let count = sent.rows.num_rows();
        let changed = self.run(&mut rows, sent, 0..count, false).await?;
        self.count(count as u64, changed);
        Ok(())
    }

    /// Finds the first row of an array that failed: halves of it are sent as arrays, until few rows are left, which
    /// are sent one by one. That row's error, unless all of them are executed now.
    async fn search(&mut self, sent: &SentRows) -> Result<()> {
        self.work.inner.work.rows.open();
        let Some(mut rows) = self.again(sent)? else { return Ok(()) };
        let count = sent.rows.num_rows();
        // Rows that are executed; rows that are known to be good; the first that fails is before the end.
        let (mut inside, mut good, mut end, mut gone) = (0, 0, count, false);
        let mut changed = Some(0);
        while end - good > FEW {
            let middle = good + (end - good) / 2;
            match self.run(&mut rows, sent, inside..middle, true).await {
                Ok(more) => {
                    changed = changed.zip(more).map(|(a, b)| a + b);
                    (inside, good) = (middle, middle);
                }
                Err(bad) if bad.state().is_some_and(is_of_a_row) => {
                    end = middle;
                    if bad.rolled_back {
                        (inside, gone, changed) = (0, true, Some(0));
                    }
                }
                Err(bad) => return Err(Bad { rolled_back: bad.rolled_back || gone, ..bad }),
            }
        }
        for (range, array) in [(inside..good, true), (good..end, false), (end..count, false)] {
            let done = self.run(&mut rows, sent, range, array).await;
            let more = done.map_err(|bad| Bad { rolled_back: bad.rolled_back || gone, ..bad })?;
            changed = changed.zip(more).map(|(a, b)| a + b);
        }
        self.count(count as u64, changed);
        Ok(())
    }

    /// The rows of an array, to be sent once more.
    fn again(&self, sent: &SentRows) -> Result<Option<RowsToSend>> {
        let Some(ready) = &self.ready else { return Ok(None) };
        let rows = RowsToSend::new(&ready.parameters, &sent.rows, &self.work.inner.session);
        rows.map(Some).map_err(|bad| Bad::at(sent.before + bad.row as u64 + 1, bad.error))
    }

    /// Executes the statement for some of `sent`, and waits for the answers.
    async fn run(
        &mut self,
        rows: &mut RowsToSend,
        sent: &SentRows,
        range: Range<usize>,
        array: bool,
    ) -> Result<Option<u64>> {
        let (mut at, mut changed) = (range.start, Some(0));
        while at < range.end {
            let first = sent.before + at as u64;
            let most = if array { ARRAY_ROWS } else { CHAIN_ROWS };
            let room = Room { rows: most.min(range.end - at), bytes: BYTES, array };
            let next = rows.next(at, room, &self.work.inner.session);
            let (piece, count) = next.map_err(|bad| Bad::at(sent.before + bad.row as u64 + 1, bad.error))?;
            let Some(run) = self.run_for(piece, array) else { break };
            match self.work.inner.talk(run, Phase::Execute).await? {
                Ok(executed) => {
                    let rows = executed.counts.iter().copied().sum::<Option<u64>>();
                    if array {
                        self.all_taken(rows, executed.bad.len(), count, (first + 1, first + count as u64))?;
                    }
                    changed = changed.zip(rows).map(|(a, b)| a + b);
                    self.warnings.extend(executed.warnings.iter().map(Warning::from));
                    self.bad_rows(sent, at, executed.bad).await?;
                }
                Err(Failed { before, error, rolled_back }) => {
                    let row = (!array).then_some(first + before as u64 + 1);
                    let among = array.then(|| among(sent));
                    return Err(Bad { cause: FailureCause::Flow(error), row, among, rolled_back });
                }
            }
            at += count;
        }
        Ok(changed)
    }

    /// Sends no more rows, and waits for the answers to those that were sent.
    pub(super) async fn withdraw(&mut self) -> Withdrawn {
        let mut all = Withdrawn::default();
        self.work.inner.work.rows.close();
        while let Some(sent) = self.under_way.front_mut() {
            let deadline = self.work.inner.config.statement_timeout.map(Deadline::after);
            let answer = sent.pending.wait(deadline).await;
            let Some(sent) = self.under_way.pop_front() else { break };
            match answer {
                Ok(Err(failed)) => all.rolled_back |= failed.rolled_back,
                Err(NetError::Flow(FlowError::Withdrawn)) => all.not_sent.push(sent),
                Ok(Ok(_)) | Err(_) => {}
            }
        }
        all
    }
}

/// The first and the last of some rows.
fn among(sent: &SentRows) -> (u64, u64) {
    (sent.before + 1, sent.before + sent.rows.num_rows() as u64)
}
