//! How a statement can fail on the answering side: an SQLCODE with its SQLSTATE and the values
//! that go into the message's text, as an SQLCA carries them.

use crate::column::error::{BadValue, ColumnError, Reason};
use crate::wire::ccsid::error::CcsidError;
use std::fmt;

/// A condition that a statement ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError {
    /// Negative: an error; positive: a warning.
    pub sqlcode: i32,
    /// Five characters.
    pub sqlstate: String,
    /// Values for the message's text.
    pub tokens: Vec<String>,
    /// The transaction is gone, as after a deadlock.
    pub rolled_back: bool,
}

impl SqlError {
    /// A condition with its values.
    pub fn new(sqlcode: i32, sqlstate: &str, tokens: &[&str]) -> SqlError {
        let tokens = tokens.iter().map(|t| (*t).to_owned()).collect();
        SqlError { sqlcode, sqlstate: sqlstate.to_owned(), tokens, rolled_back: false }
    }

    /// -104: the statement cannot be read from `token` on.
    pub fn syntax(token: &str, before: &str, expected: &str) -> SqlError {
        SqlError::new(-104, "42601", &[token, before, expected])
    }

    /// -204: there is no such table.
    pub fn no_table(name: &str) -> SqlError {
        SqlError::new(-204, "42704", &[name])
    }

    /// -206: there is no such column.
    pub fn no_column(name: &str) -> SqlError {
        SqlError::new(-206, "42703", &[name])
    }

    /// -440: there is no such procedure.
    pub fn no_routine(name: &str) -> SqlError {
        SqlError::new(-440, "42884", &[name, "PROCEDURE"])
    }

    /// -817: nothing may be changed here. (The SQLSTATE that IBM documents for Db2 for z/OS and LUW.)
    pub fn read_only() -> SqlError {
        SqlError::new(-817, "25000", &[])
    }

    /// -901: the engine itself failed.
    pub fn system(what: &str) -> SqlError {
        SqlError::new(-901, "58004", &[what])
    }

    /// -952: the statement was broken off.
    pub fn interrupted() -> SqlError {
        SqlError::new(-952, "57014", &[])
    }

    /// True where the statement was broken off.
    pub fn is_interrupted(&self) -> bool {
        self.sqlcode == -952
    }

    /// -911: the transaction was rolled back because of another one.
    pub fn conflict() -> SqlError {
        SqlError { rolled_back: true, ..SqlError::new(-911, "40001", &["68"]) }
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SQLCODE {}, SQLSTATE {}", self.sqlcode, self.sqlstate)?;
        if self.tokens.is_empty() { Ok(()) } else { write!(f, ": {}", self.tokens.join(", ")) }
    }
}

impl std::error::Error for SqlError {}

/// A value that does not go into its column, in either direction.
impl From<&ColumnError> for SqlError {
    fn from(e: &ColumnError) -> SqlError {
        let state = e.sqlstate();
        let code = match state {
            "22001" => -404,
            "22003" => -405,
            "22007" | "22008" => -180,
            "22018" => -420,
            "22021" => -330,
            "23502" => -407,
            "56084" => -351,
            _ => -302,
        };
        let text = match e {
            ColumnError::Value(bad) => place(bad),
            ColumnError::Null { column, .. } => column.clone(),
            other => other.to_string(),
        };
        SqlError::new(code, state, &[&text])
    }
}

/// Where a value is and what is wrong with it, the name last: an SQLCA has little room.
fn place(bad: &BadValue) -> String {
    let BadValue { row, column, reason, .. } = bad;
    let what = match reason {
        Reason::Text(CcsidError::Unencodable { ccsid, ch, .. }) => {
            format!("U+{:04X} is not in CCSID {ccsid}", u32::from(*ch))
        }
        other => other.to_string(),
    };
    format!("row {row}, column {}: {what} ({column})", bad.index + 1)
}
