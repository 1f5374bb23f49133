//! Rows on their way to the server. The next ones are encoded while the answer to the last ones is awaited; once
//! rows have failed, those that were not sent yet are not sent.

use crate::client::sql::rows_under_way::{RowsUnderWay, Unanswered};
use crate::flow::error::FlowError;
use crate::flow::sql::execute::{Execute, Executed, Failed};
use crate::flow::step::{Flow, Reception, Step};
use crate::net::channel::Pending;
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use arrow_array::RecordBatch;
use std::sync::Arc;

/// Rows that were sent, or wait to be.
#[derive(Debug)]
pub(super) struct SentRows {
    /// How many rows of the call precede them.
    pub before: u64,
    /// The rows.
    pub rows: RecordBatch,
    /// They are one command.
    pub array: bool,
    /// The answer.
    pub pending: Pending<Result<Executed, Failed>>,
}

/// Executes a statement for some rows, unless others have failed.
#[derive(Debug)]
pub(super) struct SendRows {
    run: Execute,
    unanswered: Unanswered,
}

impl SendRows {
    pub(super) fn new(run: Execute, rows: &Arc<RowsUnderWay>) -> SendRows {
        SendRows { run, unanswered: Unanswered::new(rows) }
    }
}

impl Flow for SendRows {
    type Out = Result<Executed, Failed>;

    fn start(&mut self) -> Result<Chain, FlowError> {
        if self.unanswered.0.is_closed() { Err(FlowError::Withdrawn) } else { self.run.start() }
    }

    fn object(&mut self, object: Object) -> Result<Reception, FlowError> {
        self.run.object(object)
    }

    fn end(&mut self) -> Result<Step<Self::Out>, FlowError> {
        let end = self.run.end();
        if !matches!(end, Ok(Step::Done(Ok(_)) | Step::Send(_))) {
            self.unanswered.0.close();
        }
        end
    }

    fn is_interruptible(&self) -> bool {
        true
    }
}
