//! Arrow batches to rows of a query block: an SQLCA indicator, a group indicator, the columns.

use super::batch_reader::{BatchReader, Wait};
use super::describe::is_large;
use super::lob_locator::{Locators, WantedLocators};
use super::meter::Meter;
use crate::column::encode::ColumnEncoder;
use crate::column::encode::rows::{LargeCells, RowEncoder};
use crate::column::error::ColumnError;
use crate::server::backend::Rows;
use crate::server::error::SqlError;
use crate::wire::codec::writer::Writer;
use crate::wire::value::field::{Field, Shape};
use arrow_array::{Array, RecordBatch};
use bytes::Bytes;
use std::ops::Range;

/// In front of a row: no SQLCA, and a row follows.
const ROW: [u8; 2] = [0xFF, 0x00];

/// Width of a placeholder of Db2 outside the dynamic data format, and the mark that no length is told, which stands alone:
/// IBM's JDBC driver reads no EXTDTA where a length is told. (Measured.)
const PLAIN: u8 = 8;
const UNKNOWN: u64 = 1 << 63;

/// The rows of a query, encoded as they are asked for.
pub(in crate::server) struct RowSource {
    fields: Vec<Field>,
    /// A column has large values.
    large: bool,
    /// Kept from one block to the next.
    encoder: Option<RowEncoder<'static>>,
    rows: BatchReader,
    batch: Option<RecordBatch>,
    at: usize,
    pub(super) sent: u64,
    end: Option<Result<(), SqlError>>,
    /// For the batch in hand; none where that is counted elsewhere.
    meter: Option<Meter>,
}

impl RowSource {
    pub(in crate::server) fn new(fields: Vec<Field>, rows: Rows, meter: Option<Meter>) -> RowSource {
        RowSource {
            large: fields.iter().any(is_large),
            encoder: None,
            fields,
            rows: BatchReader::new(rows),
            batch: None,
            at: 0,
            sent: 0,
            end: None,
            meter,
        }
    }

    pub(in crate::server) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// How the rows ended, once they did.
    pub(super) fn end(&self) -> Option<&Result<(), SqlError>> {
        self.end.as_ref()
    }

    /// The engine, while a thread waits for it.
    pub(in crate::server) fn away(&mut self) -> Option<&mut BatchReader> {
        Some(&mut self.rows).filter(|rows| rows.is_away())
    }

    /// The engine's rows.
    pub(super) fn into_reader(self) -> BatchReader {
        self.rows
    }

    /// Appends rows to `w` until it holds `bytes` with the large values beside it, there are no more, or the engine makes
    /// those that are there `wait` too long; at most `limit` rows. Returns how many there were.
    pub(super) fn fill(
        &mut self,
        w: &mut Writer,
        bytes: usize,
        limit: usize,
        large: &mut LargeValues<'_>,
        wait: &mut Wait,
    ) -> usize {
        let mut taken = 0;
        while self.end.is_none() && w.len() + large.held < bytes && taken < limit {
            let Some(batch) = self.next_batch(!w.is_empty(), wait) else { break };
            let rows = self.at..batch.num_rows().min(self.at.saturating_add(limit - taken));
            let (done, fault) = self.encode(&batch, rows, bytes, w, large);
            if let Some(fault) = fault {
                let fault = in_result(fault, self.sent + done as u64 + 1);
                tracing::debug!(error = %fault, "a value does not go into its column");
                self.end = Some(Err(SqlError::from(&fault)));
            }
            self.at += done;
            if let Some(encoder) = self.encoder.as_mut().filter(|_| self.at >= batch.num_rows()) {
                encoder.rest();
            }
            self.sent += done as u64;
            taken += done;
            self.batch = Some(batch);
        }
        taken
    }

    /// Encodes rows of the batch in hand: how many, and why the one after them is not.
    fn encode(
        &mut self,
        batch: &RecordBatch,
        rows: Range<usize>,
        bytes: usize,
        w: &mut Writer,
        large: &mut LargeValues<'_>,
    ) -> (usize, Option<ColumnError>) {
        let mut encoder = match self.encoder.take() {
            Some(mut encoder) => {
                // At its first row it is another batch than before.
                if self.at == 0 {
                    encoder.take(batch);
                }
                encoder
            }
            None => match RowEncoder::kept(&ROW, &self.fields, batch) {
                Ok(encoder) => encoder,
                Err(fault) => return (0, Some(fault)),
            },
        };
        let done = match self.large {
            true => encoder.encode_large(rows, bytes, w, large),
            false => encoder.encode(rows, bytes, w),
        };
        self.encoder = Some(encoder);
        done
    }

    /// The batch in hand or the next one with rows; without one the rows have ended, or it has not come yet.
    fn next_batch(&mut self, rows: bool, wait: &mut Wait) -> Option<RecordBatch> {
        if let Some(batch) = self.batch.take().filter(|b| self.at < b.num_rows()) {
            return Some(batch);
        }
        self.at = 0;
        loop {
            match self.rows.next(wait.until(rows))? {
                Some(Ok(batch)) if batch.num_columns() != self.fields.len() => {
                    return self.ended(Err(SqlError::system("a batch has other columns than were described")));
                }
                Some(Ok(batch)) if batch.num_rows() == 0 => {}
                Some(Ok(batch)) => match self.meter.as_mut().map_or(Ok(()), |meter| meter.next(&batch)) {
                    Ok(()) => return Some(batch),
                    Err(full) => return self.ended(Err(full)),
                },
                Some(Err(error)) => return self.ended(Err(error)),
                None => return self.ended(Ok(())),
            }
        }
    }

    /// There is no batch, and there will be none.
    fn ended(&mut self, end: Result<(), SqlError>) -> Option<RecordBatch> {
        if let Some(meter) = &mut self.meter {
            meter.clear();
        }
        self.end = Some(end);
        None
    }
}

/// The fault with the row's number in the result in place of that in its batch.
fn in_result(fault: ColumnError, row: u64) -> ColumnError {
    match fault {
        ColumnError::Value(mut bad) => {
            bad.row = row;
            ColumnError::Value(bad)
        }
        ColumnError::Null { column, index, .. } => ColumnError::Null { column, index, row },
        other => other,
    }
}

/// Where large values go: to `lobs`, or to `locators` in the columns that are `wanted` so.
pub(super) struct LargeValues<'a> {
    wanted: &'a [WantedLocators],
    lobs: &'a mut Vec<(Bytes, bool)>,
    locators: &'a mut Locators,
    /// Bytes of `lobs`.
    held: usize,
    /// How many there were when the row began, and their bytes.
    before: (usize, usize),
}

impl<'a> LargeValues<'a> {
    /// Appends to `lobs`.
    pub(super) fn new(
        wanted: &'a [WantedLocators],
        lobs: &'a mut Vec<(Bytes, bool)>,
        locators: &'a mut Locators,
    ) -> LargeValues<'a> {
        let held = lobs.iter().map(|(value, _)| value.len()).sum();
        LargeValues { wanted, before: (lobs.len(), held), lobs, locators, held }
    }
}

impl LargeCells for LargeValues<'_> {
    fn begin(&mut self) {
        self.before = (self.lobs.len(), self.held);
    }

    fn cell(
        &mut self,
        column: usize,
        encoder: &ColumnEncoder<'_>,
        array: &dyn Array,
        row: usize,
        w: &mut Writer,
    ) -> Result<(), ColumnError> {
        let field = encoder.field();
        if self.wanted.get(column) == Some(&WantedLocators::Locator) {
            let value = encoder.encode(array, row, &mut Writer::new())?;
            self.locators.put(Some(field), array.is_null(row), value.unwrap_or_default(), w);
            return Ok(());
        }
        let Some(value) = encoder.encode(array, row, w)? else { return Ok(()) };
        if field.shape == Shape::Lob(PLAIN) {
            let start = w.len() - usize::from(PLAIN);
            w.vec_mut().truncate(start);
            w.u64(UNKNOWN);
        }
        self.held += value.len();
        self.lobs.push((value, field.nullable));
        Ok(())
    }

    fn bytes(&self) -> usize {
        self.held
    }

    fn undo(&mut self) {
        let (count, held) = self.before;
        self.lobs.truncate(count);
        self.held = held;
    }
}
