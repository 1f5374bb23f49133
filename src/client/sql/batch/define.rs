//! The definition of a call's table: it belongs to the call, and is undone with its rows wherever the server can.

use super::remains::Remains;
use super::skipped::Skipped;
use super::undo::Undo;
use super::{Bad, Batch, BatchCall, FailureCause};
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::flow::sql::execute::{Failed, Immediate};
use arrow_array::RecordBatch;
use arrow_schema::Schema;

impl Batch {
    /// Executes `statements` first, in the same unit of work.
    pub(in crate::client::sql) fn after(mut self, statements: Vec<String>) -> Batch {
        if let Some(call) = &mut self.0 {
            call.before = statements.into();
        }
        self
    }

    /// Sends so many rows at a time, at most.
    pub(in crate::client::sql) fn at_most(mut self, rows: Option<usize>) -> Batch {
        if let Some(call) = &mut self.0 {
            call.most = rows.unwrap_or(usize::MAX).max(1);
        }
        self
    }

    /// Leaves out rows that the server refuses.
    pub(in crate::client::sql) fn skipping(mut self, skip: bool) -> Batch {
        if let Some(call) = &mut self.0 {
            call.skipped = skip.then(Skipped::default);
        }
        self
    }

    /// The rows that were left out since it was asked last: those of the data, which has these columns, and
    /// `error_row`, `error_sqlstate`, `error_sqlcode` and `error_message`.
    pub fn take_skipped(&mut self, schema: &Schema) -> Result<RecordBatch> {
        let skipped = self.0.as_mut().and_then(|call| call.skipped.as_mut());
        skipped.map_or_else(|| Skipped::default().take(schema), |skipped| skipped.take(schema))
    }
}

impl BatchCall {
    /// Decides how rows are undone, once.
    pub(super) fn choose_undo(&mut self) {
        if !self.sent {
            self.undo = Undo::choose(&self.inner, self.among);
        }
    }

    /// Executes the statements that come before the rows.
    pub(super) async fn define(&mut self) -> std::result::Result<(), Bad> {
        if self.before.is_empty() {
            return Ok(());
        }
        self.choose_undo();
        self.sent = true;
        let inner = self.inner.clone();
        inner.opens_work(false);
        if self.undo.is_due() {
            self.set_savepoint().await?;
        }
        if self.before.len() > 1 && !self.undo.is_possible() {
            let text = "the table is not replaced: the server could not undo that, and a failure would lose it";
            let e = Error::new(ErrorClass::NotSupported, Phase::Execute, "0A000", text).at(&inner.peer);
            let cure = "drop the table by a statement of your own and create it anew (mode=\"create\"), or ingest in a \
                        transaction that can be undone";
            return Err(e.hint(cure).into());
        }
        while let Some(sql) = self.before.front() {
            let lease = inner.lease(Phase::Execute)?;
            tracing::debug!(sql, "the table of a call is defined");
            let flow = Immediate::new(inner.session.clone(), lease.name.clone(), sql.clone(), false);
            self.touched = true;
            if let Err(Failed { error, rolled_back, .. }) = inner.talk(flow, Phase::Execute).await? {
                return Err(Bad { cause: FailureCause::Flow(error), row: None, among: None, rolled_back });
            }
            self.defined = true;
            self.before.pop_front();
        }
        Ok(())
    }

    /// The error, with what is left of the table's definition.
    pub(super) fn with_definition(&self, e: Error, left: &Remains) -> Error {
        let stays = self.defined && matches!(left, Remains::First(_) | Remains::Unknown { .. });
        match stays {
            true => Error { message: format!("{}; the definition of the table may have stayed", e.message), ..e },
            false => e,
        }
    }
}
