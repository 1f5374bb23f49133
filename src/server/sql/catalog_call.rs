//! A call of a catalog procedure, as it was prepared.

use crate::server::backend::Parameters;
use crate::server::catalog::procedure::{Argument, CatalogProcedure};
use crate::server::error::SqlError;
use arrow_schema::Field;

/// A CALL that this server answers itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CatalogCall {
    pub(super) procedure: CatalogProcedure,
    /// `None` for a marker.
    arguments: Vec<Option<Argument>>,
}

impl CatalogCall {
    /// The call that a statement is, if it is one of these.
    pub(super) fn of(sql: &str) -> Option<CatalogCall> {
        let (call, rest) = sql.trim().trim_end_matches(';').split_once(char::is_whitespace)?;
        let (name, rest) = rest.trim().split_once('(')?;
        let (schema, name) = name.trim().split_once('.')?;
        let ours = call.eq_ignore_ascii_case("CALL") && schema.trim().eq_ignore_ascii_case("SYSIBM");
        let procedure = CatalogProcedure::named(name.trim()).filter(|_| ours)?;
        let arguments = arguments(rest.trim_end().strip_suffix(')')?)?;
        (arguments.len() == procedure.fields().len()).then_some(CatalogCall { procedure, arguments })
    }

    /// The call by a procedure's name alone, all of whose arguments are markers; -440 for another procedure.
    pub(super) fn by_name(name: &str) -> Result<CatalogCall, SqlError> {
        let procedure = CatalogProcedure::named(name).ok_or_else(|| SqlError::no_routine(name.trim()))?;
        Ok(CatalogCall { procedure, arguments: vec![None; procedure.fields().len()] })
    }

    /// The fields of the markers.
    pub(super) fn parameters(&self) -> Vec<Field> {
        let fields = self.procedure.fields().into_iter().zip(&self.arguments);
        fields.filter(|(_, argument)| argument.is_none()).map(|(field, _)| field).collect()
    }

    /// The arguments, with the values of the markers.
    pub(super) fn values(&self, parameters: &Parameters) -> Result<Vec<Argument>, SqlError> {
        let mut markers = parameters.columns.iter();
        let mut value = |argument: &Option<Argument>| match argument {
            Some(constant) => Ok(constant.clone()),
            None => {
                let value = markers.next().and_then(Argument::of);
                value.ok_or_else(|| SqlError::new(-301, "07006", &["1"]))
            }
        };
        self.arguments.iter().map(&mut value).collect()
    }
}

/// Markers, texts in quotes, whole numbers and NULLs, with commas.
fn arguments(text: &str) -> Option<Vec<Option<Argument>>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let (argument, after) = if let Some(after) = rest.strip_prefix('?') {
            (None, after)
        } else if let Some(mut after) = rest.strip_prefix('\'') {
            let mut value = String::new();
            loop {
                let (part, next) = after.split_once('\'')?;
                value.push_str(part);
                match next.strip_prefix('\'') {
                    Some(next) => {
                        value.push('\'');
                        after = next;
                    }
                    None => break (Some(Argument::text(&value)), next),
                }
            }
        } else if let Some((digits, after)) = number(rest) {
            (Some(Argument::number(digits)), after)
        } else {
            rest.get(..4).filter(|n| n.eq_ignore_ascii_case("NULL"))?;
            (Some(Argument::NULL), rest.get(4..)?)
        };
        out.push(argument);
        match after.trim_start().strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => return after.trim().is_empty().then_some(out),
        }
    }
}

/// A whole number, and the text after it.
fn number(text: &str) -> Option<(i64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, after) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_recognised() {
        let call = CatalogCall::of("CALL SYSIBM.SQLTABLES(?,?, ?,?,?)").unwrap();
        assert_eq!((call.procedure.name(), call.parameters().len()), ("SQLTABLES", 5));
        let call = CatalogCall::of("call sysibm.sqltables('', NULL, 'it''s', ?, 'GETSCHEMAS=1');").unwrap();
        let text = |t: &str| Some(Argument::text(t));
        let expected = [text(""), Some(Argument::NULL), text("it's"), None, text("GETSCHEMAS=1")];
        assert_eq!(call.arguments, expected);
        let call = CatalogCall::of("CALL SYSIBM.SQLGETTYPEINFO(12, ?)").unwrap();
        assert_eq!(call.arguments, [Some(Argument::number(12)), None]);
        for other in [
            "CALL SYSIBM.SQLTABLES(?)",
            "CALL SYSIBM.SQLTABLES(?,?,?,?,'",
            "CALL SYSIBM.SQLTABLES(?,?,?,?,?",
            "CALL SYSIBM.SQLTABLES(?,?,?,?,? ?)",
            "CALL OTHER.SQLTABLES(?,?,?,?,?)",
            "CALL SYSIBM.SQLPROCEDURES(?,?,?)",
            "CALL SYSIBM.SQLSCHEMAS(?,?,?,?,?)",
            "SELECT 1",
            "",
        ] {
            assert_eq!(CatalogCall::of(other), None, "{other}");
        }
    }
}
