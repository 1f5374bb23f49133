//! What a statement leaves behind beside rows.

use crate::wire::drda::sqlca::Sqlca;

/// A warning of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// SQLCODE, above zero.
    pub sqlcode: i32,
    /// SQLSTATE.
    pub sqlstate: String,
    /// In words.
    pub message: String,
}

impl From<&Sqlca> for Warning {
    fn from(sqlca: &Sqlca) -> Warning {
        Warning { sqlcode: sqlca.sqlcode, sqlstate: sqlca.sqlstate.trim().to_owned(), message: sqlca.message() }
    }
}

/// A statement that returned no rows.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// Rows changed, where the server counts them.
    pub count: Option<u64>,
    /// Warnings.
    pub warnings: Vec<Warning>,
}
