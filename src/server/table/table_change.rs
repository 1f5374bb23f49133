//! The change of a table by a transaction.

use super::Table;
use std::sync::Arc;

/// A table as a transaction found it, and as it left it; `None`: there is none.
#[derive(Debug, Clone)]
pub(super) struct TableChange {
    pub(super) before: Option<Arc<Table>>,
    pub(super) after: Option<Arc<Table>>,
}
