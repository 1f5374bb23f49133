//! The result of a statement that returned no rows.

use crate::client::warning::Warning;

/// A statement that returned no rows.
#[derive(Debug, Clone, Default)]
pub struct UpdateResult {
    /// Rows changed, where the server counts them.
    pub count: Option<u64>,
    /// Warnings.
    pub warnings: Vec<Warning>,
}
