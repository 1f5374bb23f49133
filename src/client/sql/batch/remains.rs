//! The rows that are left of a call that ended without success, in words.

use crate::client::error::Error;
use std::fmt;

/// The rows in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Remains {
    /// No row was sent.
    NotBegun,
    /// No row but those that were committed within the call.
    None {
        /// So many of the first rows.
        committed: u64,
        /// Work of the transaction from before the call is as it was.
        others: bool,
    },
    /// The first so many rows.
    First(u64),
    /// As [`Remains::None`], but the server rolled everything back.
    RolledBack {
        /// So many of the first rows were committed before.
        committed: u64,
        /// In autocommit.
        commits: bool,
    },
    /// As [`Remains::None`], because the connection is lost.
    Lost {
        /// So many of the first rows were committed before.
        committed: u64,
        /// In autocommit.
        commits: bool,
    },
    /// The outcome is unknown.
    Unknown {
        /// The transaction was rolled back as far as there was one.
        transaction: bool,
    },
    /// The error says it.
    Said,
}

impl Remains {
    /// No row but the first ones, if they were committed.
    pub(super) fn none(committed: u64, others: bool) -> Remains {
        Remains::None { committed, others }
    }
}

impl fmt::Display for Remains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let no_row = |committed: u64| match committed {
            0 => "no row of the call is kept".to_owned(),
            1 => "row 1, which was committed meanwhile, is kept, no other".to_owned(),
            n => format!("rows 1 to {n}, which were committed meanwhile, are kept, no others"),
        };
        match self {
            Remains::NotBegun | Remains::Said => Ok(()),
            Remains::None { committed, others } => {
                f.write_str(&no_row(*committed))?;
                f.write_str(if *others { "; the transaction is as it was before" } else { "" })
            }
            Remains::First(0) => f.write_str("no row of the call is kept, and none after it was executed"),
            Remains::First(1) => f.write_str("row 1 was executed and is kept, no other was executed"),
            Remains::First(n) => write!(f, "rows 1 to {n} were executed and are kept, no others were executed"),
            Remains::RolledBack { committed, commits } => {
                f.write_str(if *commits { "the server rolled back" } else { ROLLED_BACK })?;
                write!(f, "; {}", no_row(*committed))
            }
            Remains::Lost { committed, commits } => {
                f.write_str(&no_row(*committed))?;
                let what = if *commits { "what was not committed" } else { "the whole transaction" };
                write!(f, ": with the connection the server undoes {what}")
            }
            Remains::Unknown { transaction } => {
                f.write_str("which rows of the call are kept is not known")?;
                f.write_str(if *transaction { "; the transaction was rolled back as far as it went" } else { "" })
            }
        }
    }
}

/// Beyond the call.
const ROLLED_BACK: &str = "the server rolled back the whole transaction, with the work before the call";

/// The error about a row, with what is left of the call.
pub(super) fn told(e: Error, row: Option<u64>, among: Option<(u64, u64)>, left: &Remains) -> Error {
    let mut message = e.message;
    message = match (row, among) {
        (Some(row), _) => format!("row {row}: {message}"),
        (None, Some((first, last))) => format!("rows {first} to {last}: {message}"),
        (None, None) => message,
    };
    let left = match left {
        Remains::NotBegun if row.is_some() => "no row of the call was executed".to_owned(),
        left => left.to_string(),
    };
    if !left.is_empty() {
        message = format!("{message}; {left}");
    }
    Error { message, row, ..e }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::error::{ErrorClass, Phase};

    #[test]
    fn an_error_says_which_row_it_is_about_and_what_is_left() {
        let e = || Error::new(ErrorClass::Integrity, Phase::Execute, "23505", "a key twice");
        let told = |row, left| told(e(), row, None, &left);
        let bad = told(Some(101), Remains::none(0, true));
        assert_eq!(bad.row, Some(101));
        assert_eq!(
            bad.message,
            "row 101: a key twice; no row of the call is kept; the transaction is as it was before"
        );
        let bad = told(Some(3), Remains::First(2));
        assert_eq!(bad.message, "row 3: a key twice; rows 1 to 2 were executed and are kept, no others were executed");
        let bad = told(Some(3), Remains::RolledBack { committed: 0, commits: false });
        assert!(bad.message.contains("the whole transaction, with the work before the call; no row of the call"));
        let bad = told(None, Remains::Lost { committed: 512, commits: true });
        assert!(bad.message.contains("rows 1 to 512, which were committed meanwhile, are kept, no others"));
        let bad = super::told(e(), None, Some((1, 600)), &Remains::none(0, false));
        assert_eq!((bad.row, bad.message.as_str()), (None, "rows 1 to 600: a key twice; no row of the call is kept"));
        let bad = told(None, Remains::Lost { committed: 512, commits: true });
        assert_eq!((bad.row, told(None, Remains::NotBegun).message.as_str()), (None, "a key twice"));
    }
}
