//! One result being read: batches are decoded on demand, and handed out whole, in slices or row by row.

use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::ownership::OwnedLease;
use super::rows::Rows;
use super::runtime;
use super::shared_connection::Waits;
use crate::client::error::{Error, Result};
use crate::client::file::scan::ScanStream;
use crate::client::limits::{Decoded, Limits};
use crate::client::sql::stream::QueryStream;
use crate::client::warning::Warning;

/// Rows are fetched in smaller batches than Arrow, and handed out as soon as they are there.
pub(super) const ROWS: Limits = Limits { rows: 4096, bytes: 1 << 20, delay: Some(Duration::ZERO) };
/// For those who want all rows before they look at one.
pub(super) const ALL_ROWS: Limits = Limits { delay: None, ..ROWS };

/// Where batches come from.
pub(super) enum ReaderSource {
    /// A query.
    Query(Box<QueryStream>),
    /// A file.
    File(Box<ScanStream>),
}

impl ReaderSource {
    fn set_limits(&mut self, limits: Limits) {
        match self {
            ReaderSource::Query(stream) => stream.set_limits(limits),
            ReaderSource::File(stream) => stream.set_limits(limits),
        }
    }

    fn decode(&mut self) -> Result<Decoded> {
        match self {
            ReaderSource::Query(stream) => stream.decode(),
            ReaderSource::File(stream) => stream.decode(),
        }
    }

    async fn wait(&mut self) -> Result<()> {
        match self {
            ReaderSource::Query(stream) => stream.wait().await,
            ReaderSource::File(stream) => stream.wait().await,
        }
    }
}

/// The open result of a cursor or a stream.
pub(super) struct ResultReader {
    stream: ReaderSource,
    waits: Waits,
    limits: Limits,
    batch: Option<RecordBatch>,
    /// The first row of `batch` that was not handed out.
    at: usize,
    /// An error that ended the result; it is told again and again, so that no end is a false end.
    failed: Option<Error>,
}

/// The state after a step.
pub(super) enum ReadStep {
    /// Rows in hand.
    Rows,
    /// The server has to be waited for.
    Wait,
    /// No more.
    End,
}

impl ResultReader {
    /// Reads `stream` by rows.
    pub(super) fn new(mut stream: ReaderSource, waits: Waits) -> ResultReader {
        stream.set_limits(ROWS);
        ResultReader { stream, waits, limits: ROWS, batch: None, at: 0, failed: None }
    }

    /// Reads by batches of this size from now on.
    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.stream.set_limits(limits);
    }

    /// The columns.
    pub(super) fn schema(&self) -> SchemaRef {
        match &self.stream {
            ReaderSource::Query(stream) => stream.schema(),
            ReaderSource::File(stream) => stream.schema(),
        }
    }

    /// The server's warnings since the last look.
    pub(super) fn take_warnings(&mut self) -> Vec<Warning> {
        match &mut self.stream {
            ReaderSource::Query(stream) => stream.take_warnings(),
            ReaderSource::File(stream) => stream.take_warnings(),
        }
    }

    /// Decodes until there are rows in hand. CPU only.
    pub(super) fn step(&mut self) -> Result<ReadStep> {
        if self.held() > 0 {
            return Ok(ReadStep::Rows);
        }
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        match self.stream.decode() {
            Ok(Decoded::Batch(batch)) => {
                self.batch = Some(batch);
                self.at = 0;
                Ok(ReadStep::Rows)
            }
            Ok(Decoded::NeedBlock) => Ok(ReadStep::Wait),
            Ok(Decoded::End) => Ok(ReadStep::End),
            Err(e) => {
                self.failed = Some(e.clone());
                Err(e)
            }
        }
    }

    /// Waits for the server.
    pub(super) async fn wait(&mut self) -> Result<()> {
        let _waiting = self.waits.begin();
        self.stream.wait().await.inspect_err(|e| self.failed = Some(e.clone()))
    }

    /// Waits and decodes on this thread until there are rows in hand; false at the end.
    pub(super) async fn fill(&mut self) -> Result<bool> {
        loop {
            match self.step()? {
                ReadStep::Rows => return Ok(true),
                ReadStep::Wait => self.wait().await?,
                ReadStep::End => return Ok(false),
            }
        }
    }

    /// As [`fill`](Self::fill), for a task: decoding goes to the blocking pool.
    pub(super) async fn fill_aside(mut self) -> Result<(ResultReader, Result<bool>)> {
        loop {
            let step;
            (self, step) = runtime::blocking(move || {
                let step = self.step();
                (self, step)
            })
            .await?;
            let outcome = match step {
                Ok(ReadStep::Rows) => Ok(true),
                Ok(ReadStep::End) => Ok(false),
                Ok(ReadStep::Wait) => match self.wait().await {
                    Ok(()) => continue,
                    Err(e) => Err(e),
                },
                Err(e) => Err(e),
            };
            return Ok((self, outcome));
        }
    }

    /// Rows in hand.
    pub(super) fn held(&self) -> usize {
        self.batch.as_ref().map_or(0, RecordBatch::num_rows) - self.at
    }

    /// The rows in hand, at most `most`; they stay until [`skip`](Self::skip).
    pub(super) fn look(&self, most: usize) -> Option<Rows> {
        let batch = self.batch.as_ref().filter(|_| self.held() > 0)?;
        Some(Rows { batch: batch.clone(), at: self.at, len: most.min(self.held()) })
    }

    /// Rows that were handed out.
    pub(super) fn skip(&mut self, rows: usize) {
        self.at += rows.min(self.held());
        if self.held() == 0 {
            self.batch = None;
            self.at = 0;
        }
    }

    /// The rows in hand as a batch, no larger than the limits allow.
    pub(super) fn take_batch(&mut self) -> Option<RecordBatch> {
        let rows = self.look(self.limits.rows)?;
        let batch = match rows.len == rows.batch.num_rows() {
            true => rows.batch,
            false => rows.batch.slice(rows.at, rows.len),
        };
        self.skip(rows.len);
        Some(batch)
    }
}

/// As [`ResultReader::fill`], for a task: decoding goes to the blocking pool. The lease comes back with the
/// answer; when the task is cancelled, the slot has its feed again.
pub(super) async fn fill_elsewhere(
    mut lease: OwnedLease<Option<ResultReader>>,
) -> (Option<OwnedLease<Option<ResultReader>>>, Result<bool>) {
    loop {
        if lease.as_ref().is_some_and(|feed| feed.held() > 0) {
            return (Some(lease), Ok(true));
        }
        let work = move || {
            let step = lease.as_mut().map_or(Ok(ReadStep::End), ResultReader::step);
            (lease, step)
        };
        let step;
        (lease, step) = match runtime::blocking(work).await {
            Ok(done) => done,
            Err(e) => return (None, Err(e)),
        };
        let outcome = match (step, lease.as_mut()) {
            (Ok(ReadStep::Rows), _) => Some(Ok(true)),
            (Ok(ReadStep::Wait), Some(feed)) => feed.wait().await.err().map(Err),
            (Ok(ReadStep::Wait | ReadStep::End), _) => Some(Ok(false)),
            (Err(e), _) => Some(Err(e)),
        };
        if let Some(outcome) = outcome {
            return (Some(lease), outcome);
        }
    }
}
