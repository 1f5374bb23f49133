//! A result set as Arrow record batches. Waiting and decoding are separate, so that decoding runs
//! on the consumer's thread while the next blocks are on their way.

pub(super) mod under_construction;
mod wait;

use self::under_construction::UnderConstruction;
use super::column_info::ColumnInfo;
use super::cursor_state::CursorState;
use super::inner::Inner;
use super::lob::{LobForms, PendingRow};
use super::meter::Times;
use super::prefetch::{Fetched, Prefetcher};
use super::sections::SectionLease;
use crate::client::batch_source::{BatchSource, Wait};
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::limits::{BatchDelay, Decoded, Limits};
use crate::client::spare_memory::let_go_soon;
use crate::client::warning::Warning;
use crate::flow::bounds::{OBJECTS_WITHOUT_ROWS, WARNINGS};
use crate::flow::error::FlowError;
use crate::flow::sql::query::{OpenedQuery, QueryReply};
use crate::flow::sql::rows::{Event, QueryBlock, RowAssembler, RowChunk};
use crate::wire::codec::error::WireError;
use crate::wire::ddm::codepoint as cp;
use crate::wire::fdoca::row::CHUNK;
use crate::wire::sql::package::PkgNamCsn;
use crate::wire::value::field::{Field, Shape};
use arrow_schema::SchemaRef;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

/// A result set being read. Dropped before its end, it closes the query in the background.
pub struct QueryStream {
    inner: Arc<Inner>,
    cursor: Arc<CursorState>,
    fields: Vec<Field>,
    rows: RowAssembler,
    /// A row whose large values are still to be fetched.
    parked: Option<PendingRow>,
    batch: UnderConstruction,
    limits: Limits,
    /// How long the rows of the batch wait for more.
    patience: BatchDelay,
    /// Rows hold locators, which end with the unit of work.
    by_locator: bool,
    /// The next row was asked for while others were in hand: they are handed out together, so that no commit
    /// between them ends its locators.
    joined: bool,
    handed_out: u64,
    blocks: mpsc::UnboundedReceiver<Fetched>,
    /// The credit of the blocks being decoded.
    permit: Option<OwnedSemaphorePermit>,
    /// Why the rows end, to be told once what came before is handed out.
    failure: Option<Error>,
    /// In autocommit: what became of the commit, which is awaited before the end is told.
    settled: Option<oneshot::Receiver<Error>>,
    warnings: Vec<Warning>,
    /// Where the time of its statement goes.
    times: Arc<Times>,
    /// Warnings that were too many to be kept.
    unkept: u64,
    /// Objects in a row that brought nothing.
    empty: usize,
    ended: bool,
}

impl std::fmt::Debug for QueryStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryStream")
            .field("schema", self.batch.schema())
            .field("rows", &self.handed_out)
            .finish_non_exhaustive()
    }
}

impl QueryStream {
    /// Takes over the open query of `section`, whose statement lives in `lease`. `fields` are named.
    pub(super) async fn new(
        inner: Arc<Inner>,
        lease: Arc<SectionLease>,
        section: PkgNamCsn,
        opened: OpenedQuery,
        fields: Vec<Field>,
        times: Arc<Times>,
    ) -> Result<QueryStream> {
        let rows_came = opened.answer.blocks.iter().any(|b| !b.is_empty());
        let forms = LobForms::new(fields, inner.config.lobs, rows_came, &inner.session.theirs);
        let holds_locators = forms.by_locator();
        let by_locator = holds_locators.then_some(forms.outovr);
        let (wire, fields) = (forms.rows, forms.values);
        let made = UnderConstruction::new(&fields, &inner.config.options)
            .map_err(|e| Error::from_column(&e, Phase::Execute).at(&inner.peer));
        let lobs = wire.iter().any(|f| matches!(f.shape, Shape::Lob(_)));
        let cursor = CursorState::new(opened.held);
        let (out, blocks) = mpsc::unbounded_channel();
        let (settle, settled) = oneshot::channel();
        let size: usize = opened.answer.blocks.iter().map(|b| b.len()).sum();
        let over = opened.answer.closed || opened.answer.failure.is_some();
        inner.reader_opened(&cursor);
        let pump = Prefetcher {
            inner: inner.clone(),
            lease,
            section,
            cursor: cursor.clone(),
            instance: opened.instance,
            lobs,
            // Locators end with the unit of work: none are asked for ahead.
            eager: !over && by_locator.is_none() && size * 2 >= inner.config.block_size as usize && made.is_ok(),
            by_locator,
            out,
            settle,
        };
        if over || made.is_err() {
            cursor.stop(over);
        }
        tokio::spawn(pump.run());
        let batch = made?;
        let settled = inner.autocommit.load(Ordering::Acquire).then_some(settled);
        let limits = Limits { delay: inner.config.batch_delay, ..Limits::default() };
        let mut stream = QueryStream {
            rows: RowAssembler::of(&inner.session, &wire).with_lob_limit(inner.config.lob_limit as usize),
            parked: None,
            inner,
            cursor,
            batch,
            fields,
            limits,
            patience: BatchDelay::default(),
            by_locator: holds_locators,
            joined: false,
            handed_out: 0,
            blocks,
            permit: None,
            failure: None,
            settled,
            warnings: Vec::new(),
            times,
            unkept: 0,
            empty: 0,
            ended: false,
        };
        if let Some(failure) = stream.take(opened.answer) {
            stream.failure = Some(stream.inner.explained(failure.into(), Phase::Fetch).await);
        }
        Ok(stream)
    }

    /// The columns in SQL terms.
    pub fn columns(&self) -> Vec<ColumnInfo> {
        self.fields.iter().map(ColumnInfo::from).collect()
    }

    /// Rows handed out so far.
    pub fn rows(&self) -> u64 {
        self.handed_out
    }

    /// Keeps a warning, or counts it.
    fn warn(&mut self, warning: Warning) {
        if self.warnings.len() < WARNINGS { self.warnings.push(warning) } else { self.unkept += 1 }
    }

    /// The rows end here: what came before is handed out first.
    fn fail(&mut self, e: Error) {
        self.failure = Some(e);
        self.end();
    }

    fn take(&mut self, answer: QueryReply) -> Option<FlowError> {
        answer.warnings.iter().for_each(|sqlca| self.warn(Warning::from(sqlca)));
        // A server may answer without rows, but not for ever.
        self.empty = if answer.blocks.iter().all(QueryBlock::is_empty) { self.empty + answer.idle.max(1) } else { 0 };
        if self.empty > OBJECTS_WITHOUT_ROWS && !answer.closed && answer.failure.is_none() {
            let what = format!("{} objects in a row brought nothing", self.empty);
            return Some(WireError::invalid(cp::QRYDTA, 0, what).into());
        }
        for block in answer.blocks {
            self.rows.push(block);
        }
        if answer.failure.is_none() && answer.closed {
            self.rows.close();
        }
        answer.failure
    }

    fn append(&mut self, chunk: &RowChunk) -> Result<()> {
        let done = self.batch.append(chunk);
        done.map_err(|e| self.spoiled(e))
    }

    fn finish(&mut self) -> Result<Decoded> {
        self.patience.renew();
        self.joined = false;
        let batch = self.batch.finish();
        let batch = batch.map_err(|e| self.spoiled(e))?;
        self.handed_out += batch.num_rows() as u64;
        Ok(Decoded::Batch(batch))
    }

    /// The rows end here: a value cannot be decoded.
    fn spoiled(&mut self, e: Error) -> Error {
        self.end();
        e.at(&self.inner.peer)
    }

    /// Warns of the bad values that were made NULL.
    fn count_nulled(&mut self) {
        for (count, field) in self.batch.nulled().zip(&self.fields).filter(|(count, _)| *count > 0) {
            let text = format!("column {}: {count} values that mean nothing were read as NULL", field.name);
            self.warnings.push(Warning::general(&text));
        }
    }

    /// No more rows are there at the moment.
    fn short_of_rows(&mut self) -> Result<Decoded> {
        if self.patience.is_over() { self.finish() } else { Ok(Decoded::NeedBlock) }
    }

    /// No more rows are read.
    fn end(&mut self) {
        self.ended = true;
        self.permit = None;
        self.let_go();
        self.cursor.stop(self.rows.has_ended());
    }

    /// The row in hand is not wanted any more.
    fn let_go(&mut self) {
        let parked = self.parked.take().filter(|parked| !parked.is_whole());
        if let Some(parked) = parked.filter(|_| self.cursor.why_ended().is_none()) {
            self.inner.free(parked.reading.locators());
        }
    }

    /// No batch comes any more.
    fn let_go_of_memory(&mut self) {
        self.batch.let_go();
        let_go_soon(&self.inner.config.options.memory);
    }

    fn error(&self, e: FlowError) -> Error {
        let broken =
            matches!(e, FlowError::Wire(_) | FlowError::Drda(_) | FlowError::Lob { .. } | FlowError::Overlong { .. });
        let column = match &e {
            FlowError::Lob { column, .. } | FlowError::LobLimit { column, .. } | FlowError::Overlong { column, .. } => {
                self.fields.get(column - 1)
            }
            _ => None,
        };
        let named = column.map(|field| format!("column {}: ", field.name)).unwrap_or_default();
        let e = self.inner.without_secrets(Error::from_flow(e, Phase::Fetch)).at(&self.inner.peer);
        let e = Error { message: format!("{named}{}", e.message), ..e };
        let gone = self.inner.closed.load(Ordering::Acquire) || self.inner.channel.broken().is_some();
        self.inner.give_up_after(if broken || gone { e.broken() } else { e })
    }
}

impl BatchSource for QueryStream {
    fn schema(&self) -> SchemaRef {
        self.batch.schema().clone()
    }

    fn set_limits(&mut self, limits: Limits) {
        self.limits = limits.of_a_row_or_more();
    }

    fn decode(&mut self) -> Result<Decoded> {
        let (inner, times) = (self.inner.clone(), self.times.clone());
        inner.decoding(&times, || self.decode_rows())
    }

    fn wait(&mut self) -> Wait<'_, ()> {
        let (times, begun) = (self.times.clone(), Instant::now());
        let waiting = self.ready();
        Box::pin(async move {
            let waited = waiting.await;
            times.waited(begun.elapsed());
            waited
        })
    }

    fn take_warnings(&mut self) -> Vec<Warning> {
        let unkept = std::mem::take(&mut self.unkept);
        if unkept > 0 {
            self.warnings.push(Warning::general(&format!("{unkept} more warnings were not kept")));
        }
        std::mem::take(&mut self.warnings)
    }
}

impl QueryStream {
    fn decode_rows(&mut self) -> Result<Decoded> {
        if let Some(why) = self.cursor.why_ended().filter(|_| !self.ended) {
            self.batch.give_up();
            self.end();
            return Err(self.error(FlowError::ReaderEnded(why)));
        }
        if self.cursor.is_cancelled() && !self.ended {
            self.batch.give_up();
            self.end();
            let e = Error::new(ErrorClass::Operational, Phase::Fetch, "57014", "the fetch was broken off");
            return Err(e.at(&self.inner.peer));
        }
        loop {
            if self.ended {
                if self.batch.rows() > 0 {
                    return self.finish();
                }
                self.count_nulled();
                self.let_go_of_memory();
                return match (self.failure.take(), &self.settled) {
                    (Some(e), _) => {
                        self.settled = None;
                        Err(e)
                    }
                    (None, Some(_)) => Ok(Decoded::NeedBlock),
                    (None, None) => Ok(Decoded::End),
                };
            }
            let rows = self.batch.rows();
            if rows >= self.limits.rows || rows > 0 && self.batch.bytes() >= self.limits.most() {
                return self.finish();
            }
            if let Some(parked) = self.parked.take() {
                if !parked.is_whole() {
                    self.parked = Some(parked);
                    return self.short_of_rows();
                }
                self.append(&parked.finish())?;
                continue;
            }
            let limit = CHUNK.min(self.limits.rows - rows);
            match self.rows.next(limit, &mut self.batch.offsets) {
                Ok(Event::Rows(chunk)) if chunk.locators.is_empty() => self.append(&chunk)?,
                Ok(Event::Rows(chunk)) => {
                    let (product, limit) = (self.inner.session.product, self.inner.config.lob_limit as usize);
                    self.parked = Some(PendingRow::new(chunk, &self.fields, product, limit));
                }
                Ok(Event::Warning(sqlca)) => self.warn(Warning::from(&*sqlca)),
                Ok(Event::NeedBlock) => {
                    self.permit = None;
                    if self.failure.is_none() {
                        return self.short_of_rows();
                    }
                    self.end();
                }
                Ok(Event::End) => self.end(),
                Err(e) => {
                    let e = self.error(e);
                    self.fail(e);
                }
            }
        }
    }
}

impl Drop for QueryStream {
    fn drop(&mut self) {
        self.let_go();
        self.let_go_of_memory();
        self.cursor.stop(self.rows.has_ended());
    }
}
