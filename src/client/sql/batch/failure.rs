//! Why a call ends: the failure, and the row that it is about.

use crate::client::error::Error;
use crate::flow::error::FlowError;
use crate::wire::ddm::codepoint as cp;

/// The classes of SQLSTATE that say that a value or row is wrong, and not the server, the transaction or the
/// statement; applications raise those with a first letter beyond H, or 7 and up.
const OF_A_ROW: [&str; 8] = ["09", "21", "22", "23", "27", "38", "44", "54"];

/// The end of a call.
#[derive(Debug)]
pub(super) enum FailureCause {
    /// Known in words.
    Told(Error),
    /// The server's, which has to be asked for its words.
    Flow(FlowError),
}

/// A failure, and the row that it is about.
#[derive(Debug)]
pub(super) struct Bad {
    pub(super) cause: FailureCause,
    pub(super) row: Option<u64>,
    /// The first and the last of the rows that it is one of.
    pub(super) among: Option<(u64, u64)>,
    pub(super) rolled_back: bool,
}

impl Bad {
    pub(super) fn at(row: u64, error: Error) -> Bad {
        Bad { row: Some(row), ..error.into() }
    }

    /// The SQLSTATE.
    pub(super) fn state(&self) -> Option<&str> {
        match &self.cause {
            FailureCause::Flow(FlowError::Sql { sqlca, .. }) => Some(sqlca.sqlstate.as_str()),
            FailureCause::Flow(_) => None,
            FailureCause::Told(e) => e.sqlstate.as_deref(),
        }
    }

    /// The SQLCODE.
    pub(super) fn sqlcode(&self) -> Option<i32> {
        match &self.cause {
            FailureCause::Flow(FlowError::Sql { sqlca, .. }) => Some(sqlca.sqlcode),
            FailureCause::Flow(_) => None,
            FailureCause::Told(e) => e.sqlcode,
        }
    }
}

impl From<Error> for Bad {
    fn from(error: Error) -> Bad {
        Bad { cause: FailureCause::Told(error), row: None, among: None, rolled_back: false }
    }
}

/// True when the server does not know such a command, or not so much data: no row was taken.
pub(super) fn is_refusal(e: &FlowError) -> bool {
    let unknown = [cp::SYNTAXRM, cp::PRMNSPRM, cp::VALNSPRM, cp::CMDNSPRM, cp::OBJNSPRM];
    matches!(e, FlowError::Refused(reply) if unknown.contains(&reply.cp))
}

/// True for the SQLSTATE of a value or row that is wrong.
pub(super) fn is_of_a_row(state: &str) -> bool {
    let of_applications = |c: char| matches!(c, '7'..='9' | 'I'..='Z');
    state.get(..2).is_some_and(|class| OF_A_ROW.contains(&class)) || state.starts_with(of_applications)
}

#[cfg(test)]
mod tests {
    use super::is_of_a_row;

    #[test]
    fn a_row_is_looked_for_where_one_is_at_fault() {
        for state in ["23505", "22001", "22003", "23502", "21504", "38001", "75001", "U0001", "54010"] {
            assert!(is_of_a_row(state), "{state}");
        }
        for state in ["40001", "57014", "57033", "08006", "42601", "58004", "", "5"] {
            assert!(!is_of_a_row(state), "{state}");
        }
    }
}
