//! Waits that end because the user wants an end of the work, and not because they took too long: what the server does for
//! them is to end as well.

use std::cell::Cell;

thread_local! {
    static WANTED: Cell<bool> = const { Cell::new(false) };
}

/// Drops work that this thread waited for, because the user wants it to end.
#[cfg(feature = "python")]
pub(crate) fn give_up<T>(work: T) {
    WANTED.set(true);
    drop(work);
    WANTED.set(false);
}

/// Whether work is dropped like that on this thread now.
pub(crate) fn is_wanted() -> bool {
    WANTED.get()
}
