//! A result set as Arrow record batches. Waiting and decoding are separate, so that decoding runs
//! on the consumer's thread while the next blocks are on their way.

use super::column_info::ColumnInfo;
use super::cursor_state::CursorState;
use super::inner::{Inner, sqlca};
use super::lob::{LobForms, PendingRow};
use super::prefetch::{Fetched, Prefetcher};
use super::sections::SectionLease;
use crate::client::batch_source::{BatchSource, Wait};
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::limits::{BatchDelay, Decoded, Limits, passed, until};
use crate::client::warning::Warning;
use crate::column::decode::{ColumnDecoder, decoder};
use crate::column::error::ColumnError;
use crate::column::schema::schema;
use crate::flow::bounds::{OBJECTS_WITHOUT_ROWS, WARNINGS};
use crate::flow::error::FlowError;
use crate::flow::sql::locator::Ask;
use crate::flow::sql::query::{OpenedQuery, QueryReply};
use crate::flow::sql::rows::{Event, QueryBlock, RowAssembler, RowChunk};
use crate::net::error::{ConnectStage, NetError};
use crate::wire::codec::error::WireError;
use crate::wire::ddm::codepoint as cp;
use crate::wire::fdoca::row::{CHUNK, Offsets};
use crate::wire::sql::package::PkgNamCsn;
use crate::wire::value::cell::Cells;
use crate::wire::value::field::{Field, Shape};
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;

/// A result set being read. Dropped before its end, it closes the query in the background.
pub struct QueryStream {
    inner: Arc<Inner>,
    cursor: Arc<CursorState>,
    fields: Vec<Field>,
    schema: SchemaRef,
    rows: RowAssembler,
    offsets: Offsets,
    /// A row whose large values are still to be fetched.
    parked: Option<PendingRow>,
    decoders: Vec<Box<dyn ColumnDecoder>>,
    limits: Limits,
    /// Rows in the batch being built.
    building: usize,
    /// How long they wait for more.
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
    /// Warnings that were too many to be kept.
    unkept: u64,
    /// Objects in a row that brought nothing.
    empty: usize,
    ended: bool,
}

impl std::fmt::Debug for QueryStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryStream")
            .field("schema", &self.schema)
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
    ) -> Result<QueryStream> {
        let phase = Phase::Execute;
        let options = &inner.config.options;
        let rows_came = opened.answer.blocks.iter().any(|b| !b.is_empty());
        let forms = LobForms::new(fields, inner.config.lobs, rows_came, &inner.session.theirs);
        let holds_locators = forms.by_locator();
        let by_locator = holds_locators.then_some(forms.outovr);
        let (wire, fields) = (forms.rows, forms.values);
        let fail = |e: ColumnError| Error::from_column(&e, phase).at(&inner.peer);
        let decoders = fields.iter().enumerate().map(|(i, f)| decoder(f, i, options).map_err(fail));
        let made: Result<Vec<_>> = decoders.collect();
        let made = made.and_then(|d| Ok((d, schema(&fields, options).map_err(fail)?)));
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
        let (decoders, schema) = made?;
        let settled = inner.autocommit.load(Ordering::Acquire).then_some(settled);
        let limits = Limits { delay: inner.config.batch_delay, ..Limits::default() };
        let mut stream = QueryStream {
            rows: RowAssembler::of(&inner.session, &wire).with_lob_limit(inner.config.lob_limit as usize),
            offsets: Offsets::new(fields.len()),
            parked: None,
            inner,
            cursor,
            schema,
            decoders,
            fields,
            limits,
            building: 0,
            patience: BatchDelay::default(),
            by_locator: holds_locators,
            joined: false,
            handed_out: 0,
            blocks,
            permit: None,
            failure: None,
            settled,
            warnings: Vec::new(),
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

    /// Waits for a block, for large values, or for the rows in hand to be due.
    async fn ready(&mut self) -> Result<()> {
        if self.ended {
            if let Some(settled) = &mut self.settled {
                // Nothing is said where all went well.
                self.failure = settled.await.ok();
                self.settled = None;
            }
            return Ok(());
        }
        let handed_out = if self.building > 0 { self.patience.end(self.limits.delay) } else { None };
        if self.parked.is_some() {
            // Those that came with the open may be many.
            if passed(handed_out) && !self.joined {
                self.patience.run_out();
                return Ok(());
            }
            self.fetch_large().await;
            return Ok(());
        }
        if let Ok(received) = self.blocks.try_recv() {
            self.receive(received).await;
            return Ok(());
        }
        if passed(handed_out) && !self.joined {
            self.patience.run_out();
            // Who allowed a wait reads on; who did not may never ask again.
            if !self.by_locator && self.limits.delay != Some(Duration::ZERO) {
                self.cursor.demand();
            }
            return Ok(());
        }
        self.joined |= self.by_locator && self.building > 0;
        self.cursor.demand();
        let limit = self.inner.config.statement_timeout;
        let gives_up = limit.and_then(|limit| Instant::now().checked_add(limit));
        tokio::select! {
            biased;
            // Ended from outside: decode() tells why.
            () = self.cursor.changed.notified() => {}
            received = self.blocks.recv() => {
                let lost = || Err(NetError::Broken(self.inner.channel.broken().unwrap_or_default()));
                let received = received.unwrap_or_else(lost);
                self.receive(received).await;
            }
            () = until(handed_out), if !self.joined => self.patience.run_out(),
            () = until(gives_up) => {
                self.inner.channel.abort("a fetch took longer than statement_timeout");
                let e = NetError::Timeout { stage: ConnectStage::Reply, after: limit.unwrap_or_default() };
                self.fail(Error::from_net(e, Phase::Fetch).at(&self.inner.peer).broken());
            }
        }
        Ok(())
    }

    /// Takes in what the pump has fetched.
    async fn receive(&mut self, received: Fetched) {
        match received {
            Ok((answer, permit)) => {
                self.permit = Some(permit);
                if let Some(failure) = self.take(answer) {
                    // Kept before it is asked about: a caller that stops waiting here must not lose it.
                    let failure = failure.into();
                    let sqlca = sqlca(&failure);
                    let e = self.inner.error(failure, Phase::Fetch);
                    self.failure = Some(e.clone());
                    if let Some(sqlca) = sqlca {
                        self.failure = Some(self.inner.in_words(e, sqlca).await);
                    }
                }
            }
            Err(e) => {
                let e = self.inner.without_secrets(Error::from_net(e, Phase::Fetch)).at(&self.inner.peer);
                self.failure =
                    Some(Error { message: format!("{} after {} rows", e.message, self.rows.delivered()), ..e });
            }
        }
    }

    /// Fetches the large values of the row in hand. Cancel safe: what was fetched is kept.
    async fn fetch_large(&mut self) {
        let Some(lease) = self.inner.sections.take() else {
            return self.fail(Error::new(ErrorClass::Operational, Phase::Fetch, "54000", "too many open readers"));
        };
        while let Some(parked) = self.parked.as_mut() {
            let requests = parked.reading.next();
            if requests.is_empty() {
                self.inner.free(parked.reading.locators());
                return;
            }
            let ask = Ask::new(self.inner.session.clone(), lease.name.clone(), requests);
            let failure = match self.inner.talk(ask, Phase::Fetch).await {
                Ok(answers) => parked.reading.take(answers).err().map(|e| self.error(e)),
                // Ended from outside: decode() tells why.
                Err(_) if self.cursor.why_ended().is_some() => return,
                Err(e) => Some(e),
            };
            if let Some(e) = failure {
                return self.fail(e);
            }
        }
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

    fn size(&self) -> usize {
        self.decoders.iter().map(|d| d.bytes()).sum()
    }

    fn append(&mut self, chunk: &RowChunk) -> Result<()> {
        for (column, decoder) in self.decoders.iter_mut().enumerate() {
            let lobs = chunk.lobs.iter().find(|(c, _)| *c == column).map_or(&[][..], |(_, values)| values);
            let cells =
                Cells { buf: &chunk.buf, offsets: self.offsets.column(column), lobs, first_row: chunk.first_row };
            if let Err(e) = decoder.append(&cells) {
                // The columns are no longer of one length: what was begun is lost with the reader.
                self.building = 0;
                self.end();
                return Err(Error::from_column(&e, Phase::Fetch).at(&self.inner.peer));
            }
        }
        self.building += self.offsets.rows();
        Ok(())
    }

    /// No more rows are there at the moment.
    fn short_of_rows(&mut self) -> Result<Decoded> {
        if self.patience.is_over() { self.batch() } else { Ok(Decoded::NeedBlock) }
    }

    fn batch(&mut self) -> Result<Decoded> {
        let rows = std::mem::take(&mut self.building);
        self.patience.renew();
        self.joined = false;
        let mut columns = Vec::with_capacity(self.decoders.len());
        for decoder in &mut self.decoders {
            match decoder.finish() {
                Ok(array) => columns.push(array),
                Err(e) => {
                    self.end();
                    return Err(Error::from_column(&e, Phase::Fetch).at(&self.inner.peer));
                }
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|e| Error::new(ErrorClass::Internal, Phase::Fetch, "58004", e.to_string()))?;
        self.handed_out += rows as u64;
        Ok(Decoded::Batch(batch))
    }

    /// Warns of the bad values that were made NULL.
    fn count_nulled(&mut self) {
        for (decoder, field) in self.decoders.iter().zip(&self.fields) {
            let count = decoder.nulled();
            if count > 0 {
                let text = format!("column {}: {count} values that mean nothing were read as NULL", field.name);
                self.warnings.push(Warning::general(&text));
            }
        }
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
        self.schema.clone()
    }

    fn set_limits(&mut self, limits: Limits) {
        self.limits = limits.of_a_row_or_more();
    }

    fn decode(&mut self) -> Result<Decoded> {
        if let Some(why) = self.cursor.why_ended().filter(|_| !self.ended) {
            self.building = 0;
            self.end();
            return Err(self.error(FlowError::ReaderEnded(why)));
        }
        loop {
            if self.ended {
                if self.building > 0 {
                    return self.batch();
                }
                self.count_nulled();
                // They keep the memory of the last batches.
                self.decoders.clear();
                return match (self.failure.take(), &self.settled) {
                    (Some(e), _) => {
                        self.settled = None;
                        Err(e)
                    }
                    (None, Some(_)) => Ok(Decoded::NeedBlock),
                    (None, None) => Ok(Decoded::End),
                };
            }
            if self.building >= self.limits.rows || self.building > 0 && self.size() >= self.limits.bytes {
                return self.batch();
            }
            if let Some(parked) = self.parked.take() {
                if !parked.is_whole() {
                    self.parked = Some(parked);
                    return self.short_of_rows();
                }
                self.append(&parked.finish())?;
                continue;
            }
            let limit = CHUNK.min(self.limits.rows - self.building);
            match self.rows.next(limit, &mut self.offsets) {
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

    fn wait(&mut self) -> Wait<'_, ()> {
        Box::pin(self.ready())
    }

    fn take_warnings(&mut self) -> Vec<Warning> {
        let unkept = std::mem::take(&mut self.unkept);
        if unkept > 0 {
            self.warnings.push(Warning::general(&format!("{unkept} more warnings were not kept")));
        }
        std::mem::take(&mut self.warnings)
    }
}

impl Drop for QueryStream {
    fn drop(&mut self) {
        self.let_go();
        self.cursor.stop(self.rows.has_ended());
    }
}
