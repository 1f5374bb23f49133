//! A call of a procedure that the engine has, as it was prepared.

use super::describe::{self, MODE_IN, MODE_INOUT, MODE_OUT};
use crate::server::backend::{ParameterMode, PreparedCall};
use crate::server::error::SqlError;
use crate::server::persona::Persona;
use crate::wire::sql::sqlda::SqlDa;
use crate::wire::value::field::Field;

/// A call of a procedure, as it was prepared.
#[derive(Debug, Clone)]
pub(super) struct RoutineCall {
    pub(super) prepared: PreparedCall,
    /// The markers.
    pub(super) fields: Vec<Field>,
}

impl RoutineCall {
    /// A call whose markers are described as the persona does.
    pub(super) fn of(prepared: PreparedCall, persona: &Persona) -> std::result::Result<RoutineCall, SqlError> {
        let described =
            prepared.parameters.iter().enumerate().map(|(i, (_, field))| describe::field(field, i, persona));
        Ok(RoutineCall { fields: described.collect::<std::result::Result<_, _>>()?, prepared })
    }

    /// True for a text that is a CALL, or one whose status is wanted.
    pub(super) fn is_one(sql: &str) -> bool {
        let sql = sql.trim_start();
        let sql = sql.strip_prefix('?').and_then(|rest| rest.trim_start().strip_prefix('=')).unwrap_or(sql);
        let (word, rest) = sql.trim_start().split_at_checked(4).unwrap_or_default();
        word.eq_ignore_ascii_case("CALL") && !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
    }

    /// The text of a call by its procedure's name, all of whose arguments are markers.
    pub(super) fn text(name: &str, markers: usize) -> String {
        format!("CALL {name}({})", vec!["?"; markers].join(","))
    }

    /// The description of the markers.
    pub(super) fn parameters(&self) -> SqlDa {
        let modes = self.prepared.parameters.iter().map(|(mode, _)| match mode {
            ParameterMode::In => MODE_IN,
            ParameterMode::InOut => MODE_INOUT,
            ParameterMode::Out => MODE_OUT,
        });
        let columns = self.fields.iter().zip(modes).map(|(field, mode)| describe::sqlvar(field, Some(mode)));
        SqlDa { sqlca: None, header: None, columns: columns.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_recognised() {
        for call in ["CALL P", "call p()", " ? = CALL P(?)", "?=call p(1)", "CALL\tX.P (?, ?)"] {
            assert!(RoutineCall::is_one(call), "{call}");
        }
        for other in ["", "CAL", "CALLED(1)", "SELECT 1", "? CALL P", "? ="] {
            assert!(!RoutineCall::is_one(other), "{other}");
        }
        assert_eq!(RoutineCall::text("S.P", 2), "CALL S.P(?,?)");
        assert_eq!(RoutineCall::text("P", 0), "CALL P()");
    }
}
