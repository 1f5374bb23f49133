//! A SET of a register that Derby's clients keep in mind: the current schema or the isolation.

use crate::server::backend::Parameters;
use crate::server::error::SqlError;
use arrow_array::{Array, StringArray};
use arrow_schema::DataType;
use std::collections::HashMap;

/// Isolation in the numbering of JDBC, by Derby's names for it.
const LEVELS: [(&str, u8); 10] = [
    ("RR", 8),
    ("SERIALIZABLE", 8),
    ("RS", 4),
    ("REPEATABLE READ", 4),
    ("CS", 2),
    ("READ COMMITTED", 2),
    ("CURSOR STABILITY", 2),
    ("RESET", 2),
    ("UR", 1),
    ("DIRTY READ", 1),
];

/// The isolation at the start of a connection: read committed.
pub(in crate::server) const READ_COMMITTED: u8 = 2;

/// A SET of a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) enum Register {
    /// The current schema; none stands for a marker.
    Schema(Option<String>),
    /// Isolation in the numbering of JDBC.
    Isolation(u8),
}

impl Register {
    /// The register that a statement sets, if it is one of these.
    pub(super) fn of(sql: &str) -> Option<Register> {
        let spaced = sql.trim().trim_end_matches(';').replace('=', " ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let is = |word: &str, name: &str| word.eq_ignore_ascii_case(name);
        let words = match words.as_slice() {
            [set, current, rest @ ..] if is(set, "SET") && is(current, "CURRENT") => rest,
            [set, rest @ ..] if is(set, "SET") => rest,
            _ => return None,
        };
        match words {
            [what, "?"] if is(what, "SCHEMA") => Some(Register::Schema(None)),
            [what, name] if is(what, "SCHEMA") => name_of(name).map(|name| Register::Schema(Some(name))),
            [what, level @ ..] if is(what, "ISOLATION") => {
                let level = level.join(" ").to_ascii_uppercase();
                let level = level.strip_prefix("TO ").unwrap_or(&level);
                LEVELS.iter().find(|(name, _)| *name == level).map(|(_, n)| Register::Isolation(*n))
            }
            _ => None,
        }
    }

    /// The fields of the markers.
    pub(super) fn parameters(&self) -> Vec<arrow_schema::Field> {
        let told = [("drda:type", "VARCHAR"), ("drda:length", "128")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let field = arrow_schema::Field::new("", DataType::Utf8, true).with_metadata(HashMap::from(told));
        if *self == Register::Schema(None) { vec![field] } else { Vec::new() }
    }

    /// The register with the value of its marker.
    pub(super) fn with(self, parameters: &Parameters) -> std::result::Result<Register, SqlError> {
        if self != Register::Schema(None) {
            return Ok(self);
        }
        let array = parameters.columns.first().and_then(|a| a.as_any().downcast_ref::<StringArray>());
        match array.filter(|a| a.len() > 0 && a.is_valid(0)) {
            Some(array) => Ok(Register::Schema(Some(array.value(0).to_owned()))),
            None => Err(SqlError::new(-301, "07006", &["1"])),
        }
    }

    /// The statement for the backend.
    pub(in crate::server) fn sql(&self) -> std::result::Result<String, SqlError> {
        match self {
            Register::Schema(Some(name)) if !name.is_empty() && !name.contains('"') => {
                Ok(format!("SET SCHEMA \"{name}\""))
            }
            Register::Schema(name) => Err(SqlError::no_table(name.as_deref().unwrap_or_default())),
            Register::Isolation(level) => {
                let name = LEVELS.iter().find(|(_, n)| n == level).map_or("CS", |(name, _)| name);
                Ok(format!("SET CURRENT ISOLATION = {name}"))
            }
        }
    }
}

/// A name as it is meant: what stands in no quotes is in upper case.
fn name_of(text: &str) -> Option<String> {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote)) {
            return (!inner.contains(quote)).then(|| inner.to_owned());
        }
    }
    let plain = text.chars().all(|c| c.is_alphanumeric() || c == '_');
    (plain && !text.eq_ignore_ascii_case("USER")).then(|| text.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_recognised() {
        let schema = |name: &str| Some(Register::Schema(Some(name.to_owned())));
        assert_eq!(Register::of("set schema ?"), Some(Register::Schema(None)));
        assert_eq!(Register::of("SET CURRENT SCHEMA = shop;"), schema("SHOP"));
        assert_eq!(Register::of("SET SCHEMA=\"Shop\""), schema("Shop"));
        assert_eq!(Register::of("SET CURRENT SCHEMA 'shop'"), schema("shop"));
        assert_eq!(Register::of("SET CURRENT ISOLATION = RR"), Some(Register::Isolation(8)));
        assert_eq!(Register::of("set isolation to read committed"), Some(Register::Isolation(2)));
        for other in
            ["", "SET", "SET SCHEMA", "SET SCHEMA USER", "SET PATH X", "SET ISOLATION XX", "SELECT 1", "SET SCHEMA A B"]
        {
            assert_eq!(Register::of(other), None, "{other}");
        }
        assert_eq!(Register::Isolation(1).sql().unwrap(), "SET CURRENT ISOLATION = UR");
        assert_eq!(Register::Schema(Some("a".into())).sql().unwrap(), "SET SCHEMA \"a\"");
        assert!(Register::Schema(Some("a\" b".into())).sql().is_err());
    }
}
