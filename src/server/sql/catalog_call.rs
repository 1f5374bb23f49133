//! A call of a catalog procedure, as it was prepared.

use super::catalog::CatalogProcedure;
use crate::server::backend::Parameters;
use crate::server::error::SqlError;
use arrow_array::{Array, StringArray};
use arrow_schema::DataType;
use std::collections::HashMap;

/// A CALL that this server answers itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CatalogCall {
    pub(super) procedure: CatalogProcedure,
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Argument {
    Marker,
    Constant(Option<String>),
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
        (arguments.len() == procedure.parameters()).then_some(CatalogCall { procedure, arguments })
    }

    /// The fields of the markers.
    pub(super) fn parameters(&self) -> Vec<arrow_schema::Field> {
        let told = [("drda:type", "VARCHAR"), ("drda:length", "128")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let field = arrow_schema::Field::new("", DataType::Utf8, true).with_metadata(HashMap::from(told));
        let markers = self.arguments.iter().filter(|a| **a == Argument::Marker).count();
        vec![field; markers]
    }

    /// The arguments, with the values of the markers.
    pub(super) fn values(&self, parameters: &Parameters) -> std::result::Result<Vec<Option<String>>, SqlError> {
        let mut markers = parameters.columns.iter();
        let value = |argument: &Argument| match argument {
            Argument::Constant(value) => Ok(value.clone()),
            Argument::Marker => {
                let array = markers.next().and_then(|a| a.as_any().downcast_ref::<StringArray>());
                let array = array.ok_or_else(|| SqlError::new(-301, "07006", &["1"]))?;
                Ok((array.len() > 0 && array.is_valid(0)).then(|| array.value(0).to_owned()))
            }
        };
        self.arguments.iter().map(value).collect()
    }
}

/// Markers, texts in quotes and NULLs, with commas.
fn arguments(text: &str) -> Option<Vec<Argument>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let (argument, after) = if let Some(after) = rest.strip_prefix('?') {
            (Argument::Marker, after)
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
                    None => break (Argument::Constant(Some(value)), next),
                }
            }
        } else {
            rest.get(..4).filter(|n| n.eq_ignore_ascii_case("NULL"))?;
            (Argument::Constant(None), rest.get(4..)?)
        };
        out.push(argument);
        match after.trim_start().strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => return after.trim().is_empty().then_some(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_recognised() {
        let call = CatalogCall::of("CALL SYSIBM.SQLTABLES(?,?, ?,?,?)").unwrap();
        assert_eq!((call.procedure, call.parameters().len()), (CatalogProcedure::Tables, 5));
        let call = CatalogCall::of("call sysibm.sqltables('', NULL, 'it''s', ?, 'GETSCHEMAS=1');").unwrap();
        let text = |t: &str| Argument::Constant(Some(t.to_owned()));
        let expected = [text(""), Argument::Constant(None), text("it's"), Argument::Marker, text("GETSCHEMAS=1")];
        assert_eq!(call.arguments, expected);
        for other in [
            "CALL SYSIBM.SQLTABLES(?)",
            "CALL SYSIBM.SQLTABLES(?,?,?,?,'",
            "CALL SYSIBM.SQLTABLES(?,?,?,?,?",
            "CALL SYSIBM.SQLTABLES(?,?,?,?,? ?)",
            "CALL OTHER.SQLTABLES(?,?,?,?,?)",
            "CALL SYSIBM.SQLPROCEDURES(?,?,?,?)",
            "SELECT 1",
            "",
        ] {
            assert_eq!(CatalogCall::of(other), None, "{other}");
        }
    }
}
