//! Names of tables and columns, as they are written into statements: always in quotes, so that no name is taken for
//! anything else.

use crate::client::error::{Error, ErrorClass, Phase, Result};

/// A name as SQL would read it, in quotes: a plain one in upper case, any other one as it is.
pub(super) fn quoted(name: &str) -> String {
    as_it_is(&folded(name))
}

/// A name of the database's own in quotes.
pub(super) fn as_it_is(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name as the database has it. In Db2 and Derby a plain name is the same in any case, and stored in upper case.
pub(super) fn folded(name: &str) -> String {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '#' | '@' | '$'));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '#' | '@' | '$');
    if first && name.chars().all(plain) { name.to_ascii_uppercase() } else { name.to_owned() }
}

/// A table's name in quotes. `name` may have a schema and parts in quotes, as in SQL.
pub fn table(schema: Option<&str>, name: &str) -> Result<String> {
    let parts = parts(name).ok_or_else(|| bad(&format!("{name:?} is not the name of a table")))?;
    let parts: Vec<String> = parts.iter().map(|part| as_it_is(part)).collect();
    let mut all: Vec<String> = Vec::new();
    match schema {
        Some(schema) if parts.len() > 1 => {
            return Err(bad(&format!("{name:?} has a schema already, {schema:?} is another one")));
        }
        Some("") => return Err(bad("the schema's name is empty")),
        Some(schema) => all.push(quoted_part(schema)),
        None => {}
    }
    all.extend(parts);
    Ok(all.join("."))
}

/// The error about a text that is no name.
pub(super) fn bad(text: &str) -> Error {
    Error::new(ErrorClass::Programming, Phase::Execute, "42601", text)
}

/// One name in quotes, which may be in quotes already.
pub fn quoted_part(name: &str) -> String {
    match parts(name).as_deref() {
        Some([one]) => as_it_is(one),
        _ => quoted(name),
    }
}

/// The parts of a qualified name as the database has them; none where it is no name.
pub(super) fn parts(name: &str) -> Option<Vec<String>> {
    let (mut all, mut rest) = (Vec::new(), name.trim());
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(inside) => {
                let (text, after) = until_quote(inside)?;
                (text, after)
            }
            None => {
                let (text, after) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
                if text.is_empty() || text.contains('"') || text.contains('\0') {
                    return None;
                }
                (folded(text), after)
            }
        };
        if part.is_empty() || part.contains('\0') {
            return None;
        }
        all.push(part);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(all),
            None => return None,
        }
    }
}

/// The text up to the quote that ends it, and what follows.
fn until_quote(inside: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut rest = inside;
    loop {
        let (before, after) = rest.split_once('"')?;
        text.push_str(before);
        match after.strip_prefix('"') {
            Some(next) => {
                text.push('"');
                rest = next;
            }
            None => return Some((text, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_in_sql() {
        for (name, expected) in [
            ("orders", r#""ORDERS""#),
            ("lab.Orders", r#""LAB"."ORDERS""#),
            (r#""Mixed".t"#, r#""Mixed"."T""#),
            (r#"a."b.c""d""#, r#""A"."b.c""d""#),
            ("select", r#""SELECT""#),
            ("my table", r#""my table""#),
            ("größe", r#""größe""#),
            ("1st", r#""1st""#),
            ("T; DROP TABLE X", r#""T; DROP TABLE X""#),
        ] {
            assert_eq!(table(None, name).unwrap(), expected);
        }
        assert_eq!(table(Some("lab"), "t").unwrap(), r#""LAB"."T""#);
        assert_eq!(table(Some(r#""lab""#), "t").unwrap(), r#""lab"."T""#);
        assert_eq!(table(Some("a.b"), "t").unwrap(), r#""a.b"."T""#);
        for name in ["", " ", "a..b", ".", "a.", r#"""#, r#""a"b"#, r#""""#, r#"a"b"#, "a\0b"] {
            assert!(table(None, name).is_err(), "{name:?}");
        }
        assert!(table(Some("x"), "a.b").is_err() && table(Some(""), "a").is_err());
    }
}
