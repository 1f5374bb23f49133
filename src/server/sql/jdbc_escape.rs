//! Escapes of JDBC in the text of a statement: `{fn UCASE(A)}`, `{d '2024-02-29'}`, `{oj A LEFT JOIN B ON …}`. Derby's
//! client leaves them to its server; IBM's driver resolves them itself. (Measured.)

use std::borrow::Cow;

/// Escapes, and the words that stand for them.
const ESCAPES: [(&str, &str); 8] = [
    ("fn", ""),
    ("oj", ""),
    ("d", "DATE"),
    ("t", "TIME"),
    ("ts", "TIMESTAMP"),
    ("call", "CALL"),
    ("?", "?"),
    ("escape", "ESCAPE"),
];

/// A statement without escapes. A statement without any stays as it is.
pub(super) fn resolved(sql: &str) -> Cow<'_, str> {
    if !sql.contains('{') {
        return Cow::Borrowed(sql);
    }
    let (mut out, mut rest) = (String::with_capacity(sql.len()), sql);
    // For each open brace whether it is one of an escape.
    let mut open = Vec::new();
    while let Some(first) = rest.chars().next() {
        let part = match first {
            '\'' | '"' => 1 + rest.get(1..).and_then(|rest| rest.find(first)).map_or(rest.len() - 1, |end| end + 1),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '{' => match escape(rest) {
                Some((word, after)) => {
                    open.push(true);
                    out.push_str(word);
                    rest = after;
                    continue;
                }
                None => {
                    open.push(false);
                    1
                }
            },
            '}' if open.pop() == Some(true) => {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            other => other.len_utf8(),
        };
        let (copied, after) = rest.split_at(part);
        out.push_str(copied);
        rest = after;
    }
    Cow::Owned(out)
}

/// The word for an escape at the beginning of a text, and what is after its name.
fn escape(rest: &str) -> Option<(&'static str, &str)> {
    let inner = rest.strip_prefix('{')?.trim_start();
    let end = inner.find(|c: char| !c.is_ascii_alphabetic() && c != '?')?;
    let (name, after) = inner.split_at(end);
    let found = ESCAPES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
    found.map(|(_, word)| (*word, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_what_they_stand_for() {
        for (sql, expected) in [
            ("SELECT 1", "SELECT 1"),
            ("SELECT {fn UCASE('{d}')} FROM T", "SELECT  UCASE('{d}') FROM T"),
            (
                "VALUES ({d '2024-02-29'}, {t'12:34:56'}, { ts '2024-02-29 1:2:3'})",
                "VALUES (DATE '2024-02-29', TIME'12:34:56', TIMESTAMP '2024-02-29 1:2:3')",
            ),
            (
                "SELECT * FROM {oj A LEFT JOIN B ON {fn ABS(A.X)} = B.X}",
                "SELECT * FROM  A LEFT JOIN B ON  ABS(A.X) = B.X",
            ),
            ("{call P(?)}", "CALL P(?)"),
            ("{? = call P(?)}", "? = call P(?)"),
            (
                "SELECT \"{fn\" FROM T -- {fn\n WHERE A = 'it''s {d}' {x 1}",
                "SELECT \"{fn\" FROM T -- {fn\n WHERE A = 'it''s {d}' {x 1}",
            ),
            ("SELECT '{", "SELECT '{"),
            ("SELECT {fn", "SELECT {fn"),
        ] {
            assert_eq!(resolved(sql), expected);
        }
    }
}
