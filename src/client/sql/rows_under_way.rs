//! The rows of a connection's batch that are not answered yet.

use crate::client::error::{Error, ErrorClass, Phase, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// The rows of a connection's batch that are not answered yet.
#[derive(Debug, Default)]
pub(super) struct RowsUnderWay {
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

    /// Whether no rows are sent any more.
    pub(super) fn is_closed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Waits until the rows that were sent are answered, well or not. The source of the rows does so before it ends
    /// their unit of work or adds to it: a commit must not keep a part of them.
    pub(super) async fn answered(&self) -> Result<()> {
        loop {
            let answered = self.answered.notified();
            if self.unanswered.load(Ordering::Acquire) == 0 {
                break;
            }
            answered.await;
        }
        let text = "rows of the call under way failed: it is being undone";
        match self.is_closed() {
            true => Err(Error::new(ErrorClass::Operational, Phase::Execute, "25000", text)),
            false => Ok(()),
        }
    }
}

/// A request that is counted until it is answered or given up.
#[derive(Debug)]
pub(super) struct Unanswered(pub(super) Arc<RowsUnderWay>);

impl Unanswered {
    /// One more.
    pub(super) fn new(rows: &Arc<RowsUnderWay>) -> Unanswered {
        rows.unanswered.fetch_add(1, Ordering::AcqRel);
        Unanswered(rows.clone())
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.0.unanswered.fetch_sub(1, Ordering::AcqRel);
        self.0.answered.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn a_commit_waits_for_the_rows_before_it() {
        let rows = Arc::new(RowsUnderWay::default());
        assert!(rows.answered().await.is_ok());
        let (one, two) = (Unanswered::new(&rows), Unanswered::new(&rows));
        drop(one);
        assert!(timeout(Duration::from_millis(20), rows.answered()).await.is_err());
        let waiting = tokio::spawn({
            let rows = rows.clone();
            async move { rows.answered().await }
        });
        tokio::task::yield_now().await;
        rows.close();
        drop(two);
        assert_eq!(waiting.await.unwrap().unwrap_err().sqlstate.as_deref(), Some("25000"));
        rows.open();
        assert!(rows.answered().await.is_ok());
    }
}
