//! Arrow batches to rows of a query block: an SQLCA indicator, a group indicator, the columns.

use super::backend::Rows;
use super::describe::is_large;
use super::error::SqlError;
use super::locators::{Locators, Wanted};
use crate::column::encode::ColumnEncoder;
use crate::wire::codec::writer::Writer;
use crate::wire::value::field::Field;
use arrow_array::RecordBatch;
use bytes::Bytes;

/// In front of a row: no SQLCA, and a row follows.
const ROW: [u8; 2] = [0xFF, 0x00];

/// The rows of a query, encoded as they are asked for.
pub(super) struct RowSource {
    fields: Vec<Field>,
    rows: Rows,
    batch: Option<RecordBatch>,
    at: usize,
    pub(super) sent: u64,
    end: Option<Result<(), SqlError>>,
}

impl RowSource {
    pub(super) fn new(fields: Vec<Field>, rows: Rows) -> RowSource {
        RowSource { fields, rows, batch: None, at: 0, sent: 0, end: None }
    }

    pub(super) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// How the rows ended, once they did.
    pub(super) fn end(&self) -> Option<&Result<(), SqlError>> {
        self.end.as_ref()
    }

    /// Appends rows to `w` until it holds `bytes` or there are no more; at most `limit` rows. Large
    /// values go to `lobs`, or to `locators` in the columns that are `wanted` so.
    pub(super) fn fill(
        &mut self,
        w: &mut Writer,
        bytes: usize,
        limit: usize,
        wanted: &[Wanted],
        lobs: &mut Vec<(Bytes, bool)>,
        locators: &mut Locators,
    ) {
        let mut taken = 0;
        while self.end.is_none() && w.len() < bytes && taken < limit {
            let batch = match self.next_batch() {
                Some(batch) => batch,
                None => return,
            };
            let made: Result<Vec<_>, _> =
                self.fields.iter().enumerate().map(|(i, f)| ColumnEncoder::new(f, i)).collect();
            let encoders = match made {
                Ok(encoders) => encoders,
                Err(e) => {
                    self.end = Some(Err(SqlError::from(&e)));
                    return;
                }
            };
            while self.at < batch.num_rows() && w.len() < bytes && taken < limit {
                let start = w.len();
                let held = lobs.len();
                w.bytes(&ROW);
                for (column, (encoder, array)) in encoders.iter().zip(batch.columns()).enumerate() {
                    let by_locator = wanted.get(column).is_some_and(|w| *w == Wanted::Locator);
                    let field = self.fields.get(column);
                    let large = field.is_some_and(is_large);
                    let done = if large && by_locator {
                        let mut scratch = Writer::new();
                        encoder.encode(array.as_ref(), self.at, &mut scratch).map(|value| {
                            let is_null = array.is_null(self.at);
                            locators.put(field, is_null, value.unwrap_or_default(), w);
                        })
                    } else {
                        encoder.encode(array.as_ref(), self.at, w).map(|value| {
                            lobs.extend(value.map(|v| (v, field.is_some_and(|f| f.nullable))));
                        })
                    };
                    if let Err(e) = done {
                        w.vec_mut().truncate(start);
                        lobs.truncate(held);
                        let error = SqlError::from(&e);
                        tracing::debug!(error = %e, "a value does not go into its column");
                        self.end = Some(Err(error));
                        return;
                    }
                }
                self.at += 1;
                self.sent += 1;
                taken += 1;
            }
            self.batch = Some(batch);
        }
    }

    /// The batch in hand or the next one with rows; without one the rows have ended.
    fn next_batch(&mut self) -> Option<RecordBatch> {
        if let Some(batch) = self.batch.take().filter(|b| self.at < b.num_rows()) {
            return Some(batch);
        }
        self.at = 0;
        loop {
            match self.rows.next() {
                Some(Ok(batch)) if batch.num_columns() != self.fields.len() => {
                    self.end = Some(Err(SqlError::system("a batch has other columns than were described")));
                    return None;
                }
                Some(Ok(batch)) if batch.num_rows() == 0 => {}
                Some(Ok(batch)) => return Some(batch),
                Some(Err(error)) => {
                    self.end = Some(Err(error));
                    return None;
                }
                None => {
                    self.end = Some(Ok(()));
                    return None;
                }
            }
        }
    }
}
