//! The rows that a cursor has in hand, and where it is among all.

use crate::client::error::{Error, Phase, Result};
use crate::client::limits::{Decoded, Limits};
use crate::client::sql::inner::Inner;
use crate::client::sql::lob::LobForms;
use crate::client::sql::stream::under_construction::UnderConstruction;
use crate::client::warning::Warning;
use crate::flow::error::FlowError;
use crate::flow::sql::query::QueryReply;
use crate::flow::sql::rows::{Event, RowAssembler};
use crate::flow::sql::scroll::is_hole;
use crate::wire::fdoca::row::{CHUNK, Offsets};
use crate::wire::sql::sqlca::Sqlca;
use crate::wire::value::field::Field;
use arrow_schema::SchemaRef;
use std::sync::Arc;

/// Rows in a set, at most, where it grows as it is read on.
const MOST: u32 = 4096;

/// The rows in hand.
pub(super) struct RowSet {
    inner: Arc<Inner>,
    wire: Vec<Field>,
    batch: UnderConstruction,
    pub(super) limits: Limits,
    /// The rows of the last answer that are not decoded.
    rows: Option<RowAssembler>,
    /// The number of the last row that was handed out in a batch, or stepped over.
    last: u64,
    /// Rows of the last batch: they stand before `last`, one after the other.
    handed: u64,
    /// A row that is not there any more follows those of the batch.
    hole: bool,
    /// No row follows those in hand.
    ended: bool,
    /// The reader was told so.
    beyond: bool,
    /// The row that was deleted last, where the cursor stood.
    pub(super) deleted: Option<u64>,
    /// How many rows there are, once that is known.
    pub(super) count: Option<u64>,
    /// Rows to ask for the next time.
    ahead: u32,
    warnings: Vec<Warning>,
    /// Answers without a row, one after the other.
    empty: u32,
}

impl RowSet {
    pub(super) fn new(inner: &Arc<Inner>, forms: &LobForms) -> Result<RowSet> {
        let batch = UnderConstruction::new(&forms.values, &inner.config.options.apart())
            .map_err(|e| Error::from_column(&e, Phase::Execute).at(&inner.peer))?;
        Ok(RowSet {
            inner: inner.clone(),
            wire: forms.rows.clone(),
            batch,
            limits: Limits::default(),
            rows: None,
            last: 0,
            handed: 0,
            hole: false,
            ended: false,
            beyond: false,
            deleted: None,
            count: None,
            ahead: super::ROWSET,
            warnings: Vec::new(),
            empty: 0,
        })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        self.batch.schema().clone()
    }

    /// Rows before the next one, and whether it is past the last one.
    pub(super) fn at(&self, held: usize) -> (u64, bool) {
        (self.last - (held as u64).min(self.last), self.beyond && held == 0)
    }

    /// The next row is that after `row`; `beyond`: there is no such row, and the reader knows.
    pub(super) fn go_to(&mut self, row: u64, beyond: bool) {
        self.rows = None;
        self.batch.give_up();
        (self.last, self.handed, self.hole) = (row, 0, false);
        (self.ended, self.beyond) = (beyond, beyond);
        self.ahead = super::ROWSET;
    }

    /// Whether the row before the next one was handed out, and not only gone to.
    pub(super) fn was_fetched(&self, held: usize) -> bool {
        self.handed > held as u64
    }

    /// Rows to ask for next: `told`, else more each time.
    pub(super) fn next_rows(&mut self, told: Option<u32>) -> u32 {
        let rows = told.unwrap_or(self.ahead);
        self.ahead = self.ahead.saturating_mul(4).min(MOST);
        rows
    }

    /// The number of the next row to ask for.
    pub(super) fn next_row(&self) -> u64 {
        self.last + u64::from(self.hole) + 1
    }

    /// Takes an answer with rows.
    pub(super) fn take(&mut self, answer: QueryReply) -> std::result::Result<(), FlowError> {
        self.warnings.extend(answer.warnings.iter().map(Warning::from));
        if let Some(failure) = answer.failure {
            return Err(failure);
        }
        self.empty = if answer.blocks.iter().all(|block| block.is_empty()) { self.empty + 1 } else { 0 };
        if self.empty > 3 && !answer.closed {
            return Err(FlowError::Missing { what: "QRYDTA", command: "CNTQRY" });
        }
        let mut rows = self.assembler();
        answer.blocks.into_iter().for_each(|block| rows.push(block));
        if answer.closed {
            rows.close();
        }
        self.rows = Some(rows);
        Ok(())
    }

    fn assembler(&self) -> RowAssembler {
        RowAssembler::of(&self.inner.session, &self.wire).with_lob_limit(self.inner.config.lob_limit as usize)
    }

    /// No row follows.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// The condition in an answer without rows.
    pub(super) fn condition(&self, answer: QueryReply) -> std::result::Result<Option<Sqlca>, FlowError> {
        let mut rows = self.assembler();
        if let Some(failure) = answer.failure {
            return Err(failure);
        }
        answer.blocks.into_iter().for_each(|block| rows.push(block));
        let mut offsets = Offsets::new(self.wire.len());
        while !matches!(rows.next(1, &mut offsets)?, Event::NeedBlock | Event::End) {}
        Ok(rows.condition().cloned())
    }

    /// Whether an answer to a move says that there is a row, or was.
    pub(super) fn is_there(&self, answer: QueryReply) -> std::result::Result<bool, FlowError> {
        Ok(!self.condition(answer)?.is_some_and(|sqlca| sqlca.is_end()))
    }

    pub(super) fn take_warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }

    /// Decodes the rows in hand.
    pub(super) fn decode(&mut self) -> Result<Decoded> {
        if std::mem::take(&mut self.hole) {
            self.last += 1;
            self.handed = 0;
        }
        loop {
            let rows = self.batch.rows();
            if rows >= self.limits.rows || rows > 0 && self.batch.bytes() >= self.limits.most() {
                return self.finish();
            }
            let Some(set) = &mut self.rows else {
                return match (rows, self.ended) {
                    (1.., _) => self.finish(),
                    (0, true) => {
                        self.beyond = true;
                        Ok(Decoded::End)
                    }
                    (0, false) => Ok(Decoded::NeedBlock),
                };
            };
            match set.next(CHUNK.min(self.limits.rows - rows), &mut self.batch.offsets) {
                Ok(Event::Rows(chunk)) => {
                    if let Err(e) = self.batch.append(&chunk) {
                        let row = self.last + 1;
                        self.go_to(self.last, false);
                        return Err(Error { row: e.row.or(Some(row)), ..e }.at(&self.inner.peer));
                    }
                }
                Ok(Event::Warning(sqlca)) => {
                    let row = self.last + rows as u64 + 1;
                    let mut warning = Warning::from(&*sqlca);
                    warning.message = format!("row {row}: {}", warning.message);
                    self.warnings.push(warning);
                    if is_hole(&sqlca) {
                        if rows > 0 {
                            self.hole = true;
                            return self.finish();
                        }
                        self.last += 1;
                        self.handed = 0;
                    }
                }
                Ok(Event::NeedBlock) => self.rows = None,
                Ok(Event::End) => (self.rows, self.ended) = (None, true),
                Err(e) => {
                    self.go_to(self.last, false);
                    return Err(self.inner.error(e.into(), Phase::Fetch));
                }
            }
        }
    }

    fn finish(&mut self) -> Result<Decoded> {
        let batch = self.batch.finish().map_err(|e| e.at(&self.inner.peer))?;
        self.handed = batch.num_rows() as u64;
        self.last += self.handed;
        Ok(Decoded::Batch(batch))
    }
}
