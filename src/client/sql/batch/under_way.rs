//! Rows on their way to the server. The next ones are encoded while the answer to the last ones is awaited; once
//! rows have failed, those that were not sent yet are not sent.

use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::sql::inner::Inner;
use crate::flow::error::FlowError;
use crate::flow::sql::execute::{Execute, Executed, Failed};
use crate::flow::step::{Flow, Reception, Step};
use crate::net::channel::Pending;
use crate::wire::ddm::object::Object;
use crate::wire::dss::chain::Chain;
use arrow_array::RecordBatch;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// The rows of a connection's batch that are not answered yet.
#[derive(Debug, Default)]
pub(in crate::client::sql) struct RowsUnderWay {
    /// Rows failed: no others are sent.
    failed: AtomicBool,
    /// Requests without an answer.
    unanswered: AtomicUsize,
    answered: Notify,
}

impl RowsUnderWay {
    /// Rows may be sent, again.
    pub(super) fn open(&self) {
        self.failed.store(false, Ordering::Release);
    }

    /// No rows are sent that are not under way.
    pub(super) fn close(&self) {
        self.failed.store(true, Ordering::Release);
    }
}

impl Inner {
    /// Waits until the rows that were sent are answered. What the source of the rows does on their connection is to
    /// come after them, and a commit must not keep a part of them.
    pub(in crate::client::sql) async fn rows_answered(&self) -> Result<()> {
        let rows = &self.work.rows;
        loop {
            let answered = rows.answered.notified();
            if rows.unanswered.load(Ordering::Acquire) == 0 {
                break;
            }
            answered.await;
        }
        match rows.failed.load(Ordering::Acquire) && self.is_within() {
            true => Err(Error::new(
                ErrorClass::Operational,
                Phase::Execute,
                "25000",
                "rows of the call under way failed: it is being undone",
            )),
            false => Ok(()),
        }
    }
}

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
    pub pending: Pending<std::result::Result<Executed, Failed>>,
}

/// Executes a statement for some rows, unless others have failed.
#[derive(Debug)]
pub(super) struct SendRows {
    run: Execute,
    unanswered: Unanswered,
}

impl SendRows {
    pub(super) fn new(run: Execute, rows: &Arc<RowsUnderWay>) -> SendRows {
        rows.unanswered.fetch_add(1, Ordering::AcqRel);
        SendRows { run, unanswered: Unanswered(rows.clone()) }
    }
}

impl Flow for SendRows {
    type Out = std::result::Result<Executed, Failed>;

    fn start(&mut self) -> std::result::Result<Chain, FlowError> {
        match self.unanswered.0.failed.load(Ordering::Acquire) {
            true => Err(FlowError::Withdrawn),
            false => self.run.start(),
        }
    }

    fn object(&mut self, object: Object) -> std::result::Result<Reception, FlowError> {
        self.run.object(object)
    }

    fn end(&mut self) -> std::result::Result<Step<Self::Out>, FlowError> {
        let end = self.run.end();
        if !matches!(end, Ok(Step::Done(Ok(_)) | Step::Send(_))) {
            self.unanswered.0.close();
        }
        end
    }
}

/// Counted until the request is answered or given up.
#[derive(Debug)]
struct Unanswered(Arc<RowsUnderWay>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.0.unanswered.fetch_sub(1, Ordering::AcqRel);
        self.0.answered.notify_waiters();
    }
}
