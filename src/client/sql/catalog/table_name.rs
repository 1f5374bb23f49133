//! The name of a table as SQL has it.

use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::client::sql::identifier;
use std::fmt;

/// A table's name, as the catalog has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableName {
    pub(super) schema: Option<String>,
    pub(super) name: String,
}

impl TableName {
    /// `NAME` or `SCHEMA.NAME`; a part in double quotes is as it is, a plain one in upper case.
    pub(super) fn parse(text: &str) -> Result<TableName> {
        match identifier::parts(text).as_deref() {
            Some([name]) => Ok(TableName { schema: None, name: name.clone() }),
            Some([schema, name]) => Ok(TableName { schema: Some(schema.clone()), name: name.clone() }),
            Some(_) => {
                let text = format!("{text:?} has more parts than SCHEMA.NAME: a connection has one database");
                Err(Error::new(ErrorClass::Programming, Phase::Execute, "42601", text))
            }
            None => Err(identifier::bad(&format!("{text:?} is not the name of a table"))),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", identifier::as_it_is(schema))?;
        }
        f.write_str(&identifier::as_it_is(&self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_as_in_sql() {
        let shown = |text: &str| TableName::parse(text).map(|name| name.to_string());
        assert_eq!(shown("orders").unwrap(), r#""ORDERS""#);
        assert_eq!(shown(r#"shop."a.b""c""#).unwrap(), r#""SHOP"."a.b""c""#);
        for text in ["", "a.b.c", "a.", r#""a"#] {
            assert_eq!(shown(text).unwrap_err().sqlstate.as_deref(), Some("42601"), "{text}");
        }
    }
}
