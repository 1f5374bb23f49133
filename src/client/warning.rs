//! Result of a statement that returns no rows.

use crate::wire::sql::sqlca::Sqlca;

/// A warning: the server's, or about the connection itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// SQLCODE, above zero; zero when it is not the server's.
    pub sqlcode: i32,
    /// SQLSTATE.
    pub sqlstate: String,
    /// In words.
    pub message: String,
}

impl Warning {
    /// One of our own.
    pub(in crate::client) fn general(message: &str) -> Warning {
        Warning { sqlcode: 0, sqlstate: "01000".to_owned(), message: message.to_owned() }
    }
}

impl From<&Sqlca> for Warning {
    fn from(sqlca: &Sqlca) -> Warning {
        Warning { sqlcode: sqlca.sqlcode, sqlstate: sqlca.sqlstate.trim().to_owned(), message: sqlca.message() }
    }
}
