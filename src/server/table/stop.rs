//! Statements that are broken off, since nobody waits for them any more or a client says so: their loops look here.

use crate::server::error::SqlError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows between two looks.
const ROWS: usize = 1024;

/// Set when the statement under way is to end.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Another statement begins.
    pub(super) fn begin(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// It is to end.
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// -952 when it is to end.
    pub(super) fn look(&self) -> Result<(), SqlError> {
        if self.0.load(Ordering::Acquire) { Err(SqlError::interrupted()) } else { Ok(()) }
    }

    /// The same every so many rows.
    pub(super) fn row(&self, row: usize) -> Result<(), SqlError> {
        if row.is_multiple_of(ROWS) { self.look() } else { Ok(()) }
    }
}
