//! The beginning of a call's work: its table is defined, its statement prepared, and a savepoint set where one is
//! needed. The definition belongs to the call, and is undone with its rows wherever the server can.

use super::failure::{Bad, FailureCause};
use super::remains::Remains;
use super::skipped::Skipped;
use super::{Batch, BatchCall, ReadyStatement};
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::sql::missing_package::with_package;
use crate::client::sql::parameters::fit_arrays;
use crate::flow::sql::batch::{Begin, Begun};
use crate::flow::sql::execute::{Failed, Immediate, ends_unit_of_work};
use crate::flow::sql::prepare::Prepare;
use crate::net::transport::Deadline;
use crate::wire::value::product::Product;
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use std::sync::Arc;
use std::sync::atomic::Ordering;

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
            call.rows.most = rows.unwrap_or(usize::MAX).max(1);
        }
        self
    }

    /// Leaves out rows that are refused, up to so many: one more ends the call.
    pub fn skipping(mut self, most: usize) -> Batch {
        if let Some(call) = &mut self.0 {
            call.rows.skipped = Some(Skipped::up_to(most));
        }
        self
    }

    /// The rows that were left out since it was asked last: those of the data, which has these columns, and
    /// `error_row`, `error_column`, `error_sqlstate`, `error_sqlcode` and `error_message`.
    /// Once [`settle`](Batch::settle) has waited for the answers it is all of them, and can be asked before
    /// [`finish`](Batch::finish) commits the others.
    pub fn take_skipped(&mut self, schema: &Schema) -> Result<RecordBatch> {
        match self.0.as_mut().and_then(|call| call.rows.skipped.as_mut()) {
            Some(skipped) => skipped.take(schema),
            None => Skipped::up_to(0).take(schema),
        }
    }

    /// The same for rows whose types differ: a batch for each run of rows with the same columns.
    pub fn take_skipped_runs(&mut self) -> Result<Vec<RecordBatch>> {
        match self.0.as_mut().and_then(|call| call.rows.skipped.as_mut()) {
            Some(skipped) => skipped.take_runs(),
            None => Ok(Vec::new()),
        }
    }
}

impl BatchCall {
    /// Prepares the statement, once; -805 has the package bound.
    pub(super) async fn prepare(&mut self) -> std::result::Result<(), Bad> {
        if self.rows.ready.is_some() {
            return if self.rows.work.undo.is_due() { self.rows.work.set_savepoint().await } else { Ok(()) };
        }
        let limit = self.rows.work.inner.config.statement_timeout;
        with_package!(self.rows.work.inner, limit.map(Deadline::after), self.define().await)?;
        // Only this product wants to know it beforehand.
        let counted = self.rows.work.inner.session.product == Product::Zos && self.takes_arrays();
        match with_package!(self.rows.work.inner, limit.map(Deadline::after), self.begin(counted).await) {
            // The attribute may be what is wrong.
            Err(Bad { rolled_back: false, cause: FailureCause::Told(e), .. }) if counted && e.sqlcode.is_some() => {
                self.begin(false).await
            }
            other => other,
        }
    }

    /// True where the server takes arrays of rows, and the statement is one for them.
    pub(super) fn takes_arrays(&self) -> bool {
        // Others have chains. (Read: Db2 for i takes blocks of its own kind only. Measured: Derby would run the first
        // row.)
        self.insert
            && matches!(self.rows.work.inner.session.product, Product::Luw | Product::Zos)
            && !self.rows.work.inner.work.no_arrays.load(Ordering::Acquire)
    }

    async fn begin(&mut self, counted: bool) -> std::result::Result<(), Bad> {
        let inner = self.rows.work.inner.clone();
        let lease = inner.lease(Phase::Execute)?;
        self.rows.work.choose_undo();
        let prepare = Prepare::new(inner.session.clone(), lease.name.clone(), self.sql.clone(), true);
        let prepare = if counted { prepare.for_arrays() } else { prepare };
        let undo = &self.rows.work.undo;
        let savepoint = undo.savepoint().filter(|_| undo.is_due());
        let savepoint = savepoint.map(|savepoint| (savepoint.section(), savepoint.set()));
        self.rows.work.sent = true;
        inner.opens_work(false);
        let begun = inner.talk(Begin::new(inner.session.clone(), prepare, savepoint), Phase::Execute).await?;
        let Begun { prepared, savepoint } = begun;
        let savepoint = match savepoint {
            Some(Err(error)) if prepared.is_ok() && ends_unit_of_work(&error) => {
                return Err(Bad { cause: FailureCause::Flow(error), row: None, among: None, rolled_back: true });
            }
            other => other,
        };
        self.rows.work.undo.was_set(savepoint, &inner, self.rows.work.among);
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(e) => {
                let rolled_back = ends_unit_of_work(&e);
                return Err(Bad { rolled_back, ..inner.explained(e.into(), Phase::Execute).await.into() });
            }
        };
        if !prepared.columns.columns.is_empty() {
            let text = "the statement returns rows: many rows of parameters are for statements that return none";
            return Err(Error::new(ErrorClass::Programming, Phase::Execute, "07005", text).at(&inner.peer).into());
        }
        let parameters = prepared.parameters.map(|p| p.columns).unwrap_or_default();
        let arrays =
            self.takes_arrays() && fit_arrays(&parameters) && (counted || inner.session.product != Product::Zos);
        self.rows.ready = Some(ReadyStatement { lease, parameters: Arc::new(parameters), arrays, counted });
        Ok(())
    }

    /// Executes the statements that come before the rows.
    async fn define(&mut self) -> std::result::Result<(), Bad> {
        if self.before.is_empty() {
            return Ok(());
        }
        let work = &mut self.rows.work;
        work.choose_undo();
        work.sent = true;
        let inner = work.inner.clone();
        inner.opens_work(false);
        if work.undo.is_due() {
            work.set_savepoint().await?;
        }
        if self.before.len() > 1 && !work.undo.is_possible() {
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
            work.touched = true;
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
