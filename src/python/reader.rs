//! One result being read: batches are decoded on demand, and handed out whole, in slices or row by row.

use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::arrow::result_table::Collected;
use super::ownership::OwnedLease;
use super::rows::{Rows, RowsAhead};
use super::shared_connection::Waits;
use super::{errors, runtime};
use crate::client::batch_source::{BatchSource, Wait};
use crate::client::error::{Error, Result};
use crate::client::limits::{Decoded, Limits};
use crate::client::warning::Warning;

/// Rows are fetched in smaller batches than Arrow, and handed out as soon as they are there.
pub(super) const ROWS: Limits = Limits { rows: 4096, bytes: Some(1 << 20), delay: Some(Duration::ZERO) };
/// For those who want all rows before they look at one.
pub(super) const ALL_ROWS: Limits = Limits { delay: None, ..ROWS };

/// The open result of a cursor or a stream.
pub(super) struct ResultReader {
    stream: Box<dyn BatchSource>,
    waits: Waits,
    limits: Limits,
    batch: Option<RecordBatch>,
    /// The first row of `batch` that was not handed out.
    at: usize,
    ahead: RowsAhead,
    /// An error that ended the result; it is told again and again, so that no end is a false end.
    failed: Option<Error>,
}

impl ResultReader {
    /// Reads `stream` by rows.
    pub(super) fn new(stream: impl BatchSource + 'static, waits: Waits) -> ResultReader {
        let mut reader = ResultReader {
            stream: Box::new(stream),
            waits,
            limits: ROWS,
            batch: None,
            at: 0,
            ahead: RowsAhead::default(),
            failed: None,
        };
        reader.set_limits(ROWS);
        reader
    }

    /// Decodes, and keeps the batch: whether there is one, none when the server has to be waited for. CPU only.
    fn step(&mut self) -> Result<Option<bool>> {
        Ok(match self.decode()? {
            Decoded::Batch(batch) => {
                self.batch = Some(batch);
                Some(true)
            }
            Decoded::NeedBlock => None,
            Decoded::End => Some(false),
        })
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
            self.ahead.clear();
        }
    }

    /// Gives up the rows in hand, and forgets how the result ended: its cursor has moved.
    pub(super) fn discard(&mut self) {
        (self.batch, self.at, self.failed) = (None, 0, None);
        self.ahead.clear();
    }

    /// Takes the next row in hand.
    pub(super) fn take_row<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let held = self.held();
        let Some(batch) = self.batch.as_ref().filter(|_| held > 0) else { return Ok(None) };
        let row = self.ahead.row(py, batch, self.at, held)?;
        self.skip(1);
        Ok(Some(row))
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

    fn remember<T>(&mut self, outcome: Result<T>) -> Result<T> {
        outcome.inspect_err(|e| self.failed = Some(e.clone()))
    }
}

/// The batches that follow those in hand.
impl BatchSource for ResultReader {
    fn schema(&self) -> SchemaRef {
        self.stream.schema()
    }

    fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.stream.set_limits(limits);
    }

    fn decode(&mut self) -> Result<Decoded> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let decoded = self.stream.decode();
        self.remember(decoded)
    }

    fn wait(&mut self) -> Wait<'_, ()> {
        Box::pin(async {
            let _waiting = self.waits.begin();
            let waited = self.stream.wait().await;
            self.remember(waited)
        })
    }

    fn take_warnings(&mut self) -> Vec<Warning> {
        self.stream.take_warnings()
    }
}

/// A result that is being read.
pub(super) type ReaderLease = OwnedLease<Option<ResultReader>>;

/// Waits and decodes until there are rows in hand; false at the end. The lease comes back with the answer; when the
/// wait is broken off, the slot has its reader again.
pub(super) async fn fill(mut lease: ReaderLease) -> (Option<ReaderLease>, Result<bool>) {
    loop {
        if lease.as_ref().is_some_and(|reader| reader.held() > 0) {
            return (Some(lease), Ok(true));
        }
        // The batch is in the reader's hands before anything can be broken off.
        let work = move || {
            let more = lease.as_mut().map_or(Ok(Some(false)), ResultReader::step);
            (lease, more)
        };
        let more;
        (lease, more) = match runtime::compute(work).await {
            Ok(done) => done,
            Err(e) => return (None, Err(e)),
        };
        let outcome = match (more, lease.as_mut()) {
            (Ok(Some(more)), _) => Ok(more),
            (Ok(None), None) => Ok(false),
            (Ok(None), Some(reader)) => match reader.wait().await {
                Ok(()) => continue,
                Err(e) => Err(e),
            },
            (Err(e), _) => Err(e),
        };
        return (Some(lease), outcome);
    }
}

/// The whole of a result, in batches of this size. `warnings` are those of the server meanwhile.
pub(super) async fn collect(
    mut lease: ReaderLease,
    limits: Limits,
    mut warnings: impl FnMut(Vec<Warning>),
) -> Result<Collected> {
    let Some(reader) = lease.as_mut() else { return Err(errors::internal("a result went missing")) };
    reader.set_limits(limits.whole());
    let (schema, mut batches) = (reader.schema(), Vec::new());
    loop {
        let (back, filled) = fill(lease).await;
        let Some(mut back) = back else { return filled.map(|_| Collected::new(schema, batches)) };
        let read = back.as_mut().map(|reader| (reader.take_warnings(), reader.take_batch()));
        let (told, batch) = read.unwrap_or_default();
        warnings(told);
        if !filled? {
            return Ok(Collected::new(schema, batches));
        }
        batches.extend(batch);
        lease = back;
    }
}
