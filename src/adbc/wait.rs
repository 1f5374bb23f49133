//! Waiting for the client on the caller's thread, and keeping panics on this side of the border.

use super::cancel::Operation;
use super::error::{cancelled, of};
use crate::client::error;
use crate::client::process;
use adbc_core::error::{Error, Result, Status};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};

/// Waits for `work` on this thread, unless it is broken off.
pub(super) fn wait<T>(operation: &Operation, work: impl Future<Output = error::Result<T>>) -> Result<T> {
    let mut output = None;
    wait_for(operation, pin!(async { output = Some(work.await) }))?;
    output.ok_or_else(cancelled)?.map_err(of)
}

/// [`wait`] once for all futures: the runtime's code is not repeated for each.
fn wait_for(operation: &Operation, work: Pin<&mut dyn Future<Output = ()>>) -> Result<()> {
    let runtime = process::runtime().map_err(of)?;
    runtime.block_on(async {
        tokio::select! {
            biased;
            () = operation.cancelled() => Err(cancelled()),
            () = work => Ok(()),
        }
    })
}

/// Runs `work`; a panic is an error. `adbc_ffi` would refuse every later call of the process.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| cause.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Error::with_message_and_status(format!("a fault of the driver: {text}"), Status::Internal))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let e = guarded::<()>(|| std::panic::panic_any("broken".to_owned())).unwrap_err();
        assert_eq!((e.status, e.message.as_str()), (Status::Internal, "a fault of the driver: broken"));
        assert_eq!(guarded(|| Ok(1)).unwrap(), 1);
    }
}
