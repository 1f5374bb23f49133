//! Text of others in messages, shown without control characters, so that it cannot command a terminal or a log.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with control characters, and those that turn the direction of text, written as escapes: `\x1b`,
/// `\u202e`. Tabs and line feeds stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if !acts(c) {
            out.push(c);
            continue;
        }
        let code = u32::from(c);
        let width = if code > 0xFF { 4 } else { 2 };
        let letter = if code > 0xFF { 'u' } else { 'x' };
        // Writing into a String does not fail.
        let _ = write!(out, "\\{letter}{code:0width$x}");
    }
    Cow::Owned(out)
}

/// A character that does something in place of being shown.
fn acts(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{061C}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_written_as_an_escape() {
        for (text, shown) in [
            ("\u{1b}]0;PWNED\u{7}", "\\x1b]0;PWNED\\x07"),
            ("a\r\nb\tc\0", "a\\x0d\nb\tc\\x00"),
            ("\u{9b}31m\u{85}", "\\x9b31m\\x85"),
            ("user\u{202e}nimda", "user\\u202enimda"),
        ] {
            assert_eq!(printable(text), shown);
        }
        assert!(matches!(printable("Straße 京都 €"), Cow::Borrowed(_)));
    }
}
