//! SQL's LIKE, as the arguments of catalog procedures have it: `%` stands for any text, `_` for any character, and `\`
//! before a sign makes it stand for itself. (Read: ODBC, pattern value arguments.)

/// A sign of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// `%`
    AnyText,
    /// `_`
    AnyCharacter,
    /// Any other character, or one after `\`.
    Itself(char),
}

/// The signs of a pattern. A `\` at its end means nothing.
pub fn signs(pattern: &str) -> Vec<Sign> {
    let (mut signs, mut escaped) = (Vec::new(), false);
    for c in pattern.chars() {
        match (c, std::mem::take(&mut escaped)) {
            ('\\', false) => escaped = true,
            ('%', false) => signs.push(Sign::AnyText),
            ('_', false) => signs.push(Sign::AnyCharacter),
            _ => signs.push(Sign::Itself(c)),
        }
    }
    signs
}

/// The signs of a pattern of LIKE, where `escape`, if there is one, makes the sign after it stand for itself; none where
/// it stands before another character, or at the end.
pub fn signs_of_like(pattern: &str, escape: Option<char>) -> Option<Vec<Sign>> {
    let (mut signs, mut escaped) = (Vec::new(), false);
    for c in pattern.chars() {
        let special = matches!(c, '%' | '_') || Some(c) == escape;
        match (c, std::mem::take(&mut escaped)) {
            (_, true) if !special => return None,
            (c, true) => signs.push(Sign::Itself(c)),
            (c, false) if Some(c) == escape => escaped = true,
            ('%', false) => signs.push(Sign::AnyText),
            ('_', false) => signs.push(Sign::AnyCharacter),
            (c, false) => signs.push(Sign::Itself(c)),
        }
    }
    (!escaped).then_some(signs)
}

/// SQL's LIKE, `\` before a sign that stands for itself; without a pattern everything.
pub fn matches(pattern: Option<&str>, text: &str) -> bool {
    pattern.is_none_or(|pattern| takes(&signs(pattern), text))
}

/// Whether a text is what a pattern says.
pub fn takes(signs: &[Sign], text: &str) -> bool {
    // Which beginnings of the text the pattern so far can be.
    let text: Vec<char> = text.chars().collect();
    let mut ends = vec![false; text.len() + 1];
    ends.iter_mut().take(1).for_each(|e| *e = true);
    for part in signs {
        let mut next = vec![false; ends.len()];
        let mut any = false;
        for (n, slot) in next.iter_mut().enumerate() {
            let here = ends.get(n).copied().unwrap_or_default();
            let before = n.checked_sub(1).and_then(|b| Some((ends.get(b).copied()?, *text.get(b)?)));
            any |= here;
            *slot = match part {
                Sign::AnyText => any,
                Sign::AnyCharacter => before.is_some_and(|(end, _)| end),
                Sign::Itself(c) => before.is_some_and(|(end, t)| end && t == *c),
            };
        }
        ends = next;
    }
    ends.last().copied().unwrap_or_default()
}

/// A text without the marks before signs that stand for themselves.
pub fn unescaped(text: &str) -> String {
    let (mut out, mut escaped) = (String::new(), false);
    for c in text.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_like() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("%", "", true),
            ("%", "ANY", true),
            ("A%", "ABC", true),
            ("A%C", "ABC", true),
            ("A%B", "ABC", false),
            ("_B_", "ABC", true),
            ("_", "AB", false),
            ("A\\_B", "A_B", true),
            ("A\\_B", "AXB", false),
            ("%%A%%B", "XXAXXB", true),
            ("ab", "AB", false),
            ("日_", "日本", true),
        ] {
            assert_eq!(matches(Some(pattern), text), expected, "{pattern} {text}");
        }
        let like = |pattern, escape, text| signs_of_like(pattern, escape).map(|signs| takes(&signs, text));
        assert_eq!(like("A+_%", Some('+'), "A_B"), Some(true));
        assert_eq!(like("A+_%", Some('+'), "AXB"), Some(false));
        assert_eq!(like("A++", Some('+'), "A+"), Some(true));
        assert_eq!(like(r"A\_", None, r"A\B"), Some(true));
        assert_eq!((like("A+B", Some('+'), "A"), like("A+", Some('+'), "A")), (None, None));
        assert!(matches(None, "X"));
        assert_eq!(unescaped("A\\_B\\\\C"), "A_B\\C");
    }
}
