//! Breaking off what is under way, from any thread.

use adbc_core::CancelHandle;
use adbc_core::error::{Error, Result, Status};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::watch;

/// Something that can be broken off: from the call that begins it to the end of its result.
#[derive(Debug)]
pub(super) struct Operation(watch::Sender<bool>);

impl Operation {
    /// Under way, known to these.
    pub(super) fn begin(known_to: &[&Canceller]) -> Arc<Operation> {
        let operation = Arc::new(Operation(watch::Sender::new(false)));
        for canceller in known_to {
            let mut all = canceller.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|other| other.strong_count() > 0);
            all.push(Arc::downgrade(&operation));
        }
        operation
    }

    /// Waits until it is broken off.
    pub(super) async fn cancelled(&self) {
        // The sender is here, so the wait cannot fail.
        let _ = self.0.subscribe().wait_for(|cancelled| *cancelled).await;
    }
}

/// The operation under way on a connection or of a statement.
#[derive(Debug, Clone, Default)]
pub(super) struct Canceller(Arc<Mutex<Vec<Weak<Operation>>>>);

impl CancelHandle for Canceller {
    fn try_cancel(&self) -> Result<()> {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut any = false;
        for operation in all.iter().filter_map(Weak::upgrade) {
            operation.0.send_replace(true);
            any = true;
        }
        match any {
            true => Ok(()),
            false => Err(Error::with_message_and_status("nothing is under way", Status::InvalidState)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_is_broken_off_and_nothing_else() {
        let (statement, connection) = (Canceller::default(), Canceller::default());
        assert_eq!(statement.try_cancel().unwrap_err().status, Status::InvalidState);
        let over = Operation::begin(&[&statement, &connection]);
        drop(over);
        assert!(statement.try_cancel().is_err());
        let own = Operation::begin(&[&statement, &connection]);
        let other = Operation::begin(&[&connection]);
        statement.try_cancel().unwrap();
        assert_eq!((*own.0.borrow(), *other.0.borrow()), (true, false));
        connection.try_cancel().unwrap();
        assert!(*other.0.borrow());
    }
}
