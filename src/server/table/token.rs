//! Statements in words.

use crate::server::error::SqlError;

/// A word of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A word in upper case, or a sign.
    Word(String),
    /// A name in quotes.
    Quoted(String),
    Text(String),
    Number(String),
}

/// The words of a statement, without blanks and remarks.
pub(super) fn tokens(sql: &str) -> Result<Vec<Token>, SqlError> {
    let mut out = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let take = |stop: fn(char) -> bool| rest.find(stop).unwrap_or(rest.len());
        let n = match first {
            c if c.is_whitespace() => c.len_utf8(),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '\'' | '"' => {
                let (value, n) = quoted(rest, first).ok_or_else(|| SqlError::new(-10, "42603", &[rest]))?;
                out.push(if first == '"' { Token::Quoted(value) } else { Token::Text(value) });
                n
            }
            c if c.is_ascii_digit() => {
                let n = take(|c| !c.is_ascii_digit() && c != '.');
                out.push(Token::Number(rest.get(..n).unwrap_or_default().to_owned()));
                n
            }
            c if c.is_alphabetic() || c == '_' => {
                let n = take(|c| !c.is_alphanumeric() && !matches!(c, '_' | '$' | '#' | '@'));
                out.push(Token::Word(rest.get(..n).unwrap_or_default().to_uppercase()));
                n
            }
            c => {
                out.push(Token::Word(c.to_string()));
                c.len_utf8()
            }
        };
        rest = rest.get(n..).unwrap_or_default();
    }
    Ok(out)
}

/// The text in quotes, doubled ones being one, and its length with them.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            value.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
            chars.next();
            value.push(quote);
        } else {
            return Some((value, at + 1));
        }
    }
    None
}
