//! Words from the driver to its border that the interface of `adbc_core` has no place for. Both run on one thread, one
//! right after the other.

use adbc_core::error::Error;
use std::cell::{Cell, RefCell};

thread_local! {
    static AFFECTED: Cell<Option<i64>> = const { Cell::new(None) };
    static FAILURE: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// The rows that a statement changed which was executed for its result.
pub(super) fn affected(rows: Option<i64>) {
    AFFECTED.set(rows);
}

/// Takes what [`affected`] said last.
pub(super) fn take_affected() -> Option<i64> {
    AFFECTED.take()
}

/// The error that ends a result.
pub(super) fn failed(error: &Error) {
    FAILURE.replace(Some(error.clone()));
}

/// Takes what [`failed`] said last.
pub(super) fn take_failure() -> Option<Error> {
    FAILURE.take()
}
