//! Commands of the control language, as far as their form goes: `LIB/CMD KEY(value) KEY((a b) (c))`,
//! values without a keyword in front by their place.

use super::message::{CCSID, Fault, Result};
use crate::wire::file::system_name::{in_page, is_quoted, unquoted};
use std::collections::HashMap;

/// Brackets within brackets.
const DEPTH: usize = 8;
/// The longest command.
const LONGEST: usize = 32_702;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ClValue {
    /// A word in upper case: a name, a number, a special value.
    Word(String),
    /// Text between quotes.
    Text(String),
    /// Values in brackets.
    List(Vec<ClValue>),
}

/// A command as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// Its name without library.
    pub(super) name: String,
    given: Vec<(Option<String>, Vec<ClValue>)>,
}

/// A command with its parameters by keyword.
#[derive(Debug)]
pub(super) struct BoundCommand(HashMap<&'static str, Vec<ClValue>>);

impl Command {
    /// From its text.
    pub(super) fn parse(text: &str) -> Result<Command> {
        let wrong = |at: usize| -> Fault {
            Fault::new("CPF0006", format!("The command cannot be read from character {} on.", at + 1))
        };
        if text.len() > LONGEST {
            return Err(wrong(LONGEST).into());
        }
        let chars: Vec<char> = text.chars().collect();
        let mut reader = Chars { chars: &chars, at: 0 };
        reader.blanks();
        let name = reader.word();
        let name = name.rsplit_once('/').map_or(name.as_str(), |(_, name)| name).to_owned();
        let mut given = Vec::new();
        loop {
            reader.blanks();
            match reader.peek() {
                None => break,
                Some('\'' | '(') => given.push((None, vec![reader.value(0).ok_or_else(|| wrong(reader.at))?])),
                Some(_) => {
                    let word = reader.word();
                    if word.is_empty() {
                        return Err(wrong(reader.at).into());
                    }
                    match reader.peek() {
                        Some('(') => match reader.value(0) {
                            Some(ClValue::List(values)) => given.push((Some(word), values)),
                            _ => return Err(wrong(reader.at).into()),
                        },
                        _ => given.push((None, vec![ClValue::Word(word)])),
                    }
                }
            }
        }
        match name.is_empty() {
            true => Err(wrong(0).into()),
            false => Ok(Command { name, given }),
        }
    }

    /// Parameters in their order; a word alone is a keyword without values. None where a value stands
    /// without a keyword.
    pub(super) fn into_words(self) -> Option<Vec<(String, Vec<ClValue>)>> {
        let word = |(keyword, mut values): (Option<String>, Vec<ClValue>)| match (keyword, values.pop()) {
            (Some(keyword), last) => Some((keyword, values.into_iter().chain(last).collect())),
            (None, Some(ClValue::Word(word))) => Some((word, Vec::new())),
            (None, _) => None,
        };
        self.given.into_iter().map(word).collect()
    }

    /// Sorts the parameters by keyword; those without one are the first of `keywords`. Others than
    /// these are an error.
    pub(super) fn bind(self, keywords: &[&'static str]) -> Result<BoundCommand> {
        let mut out = HashMap::new();
        for (at, (keyword, mut values)) in self.given.into_iter().enumerate() {
            // Brackets stand around several values, with and without a keyword in front.
            if let (None, [ClValue::List(several)]) = (&keyword, values.as_mut_slice()) {
                values = std::mem::take(several);
            }
            let known = match &keyword {
                Some(word) => keywords.iter().find(|k| *k == word),
                None => keywords.get(at),
            };
            let told = keyword.unwrap_or_else(|| format!("{}", at + 1));
            let Some(known) = known else {
                return Err(Fault::new("CPD0043", format!("Keyword {told} is not known for {}.", self.name)).into());
            };
            if out.insert(*known, values).is_some() {
                return Err(Fault::new("CPD0041", format!("Keyword {told} stands twice.")).into());
            }
        }
        Ok(BoundCommand(out))
    }
}

impl BoundCommand {
    /// All values of a parameter.
    pub(super) fn values(&self, keyword: &str) -> &[ClValue] {
        self.0.get(keyword).map_or(&[], Vec::as_slice)
    }

    /// The first value of a parameter: a word or text.
    pub(super) fn word(&self, keyword: &str) -> Option<String> {
        match self.values(keyword).first()? {
            ClValue::Word(word) | ClValue::Text(word) => Some(word.clone()),
            ClValue::List(_) => None,
        }
    }

    /// A parameter that has to be there.
    pub(super) fn need(&self, keyword: &str) -> Result<String> {
        self.word(keyword).ok_or_else(|| Fault::new("CPD0071", format!("Parameter {keyword} is required.")).into())
    }

    /// Library and name of an object; `*LIBL` where no library is said.
    pub(super) fn object(&self, keyword: &str) -> Result<(String, String)> {
        Ok(qualified(&self.need(keyword)?))
    }

    /// A number.
    pub(super) fn number(&self, keyword: &str) -> Result<Option<u32>> {
        let Some(word) = self.word(keyword) else { return Ok(None) };
        let wrong = |_| Fault::new("CPD0074", format!("Value {word} of parameter {keyword} is no number."));
        Ok(Some(word.parse().map_err(wrong)?))
    }

    /// The text of a TEXT parameter.
    pub(super) fn text(&self) -> String {
        self.word("TEXT").filter(|text| text != "*BLANK" && text != "*SRCMBRTXT").unwrap_or_default()
    }
}

/// Library and name.
pub(super) fn qualified(word: &str) -> (String, String) {
    match unquoted(word, '/').and_then(|at| word.split_at_checked(at)) {
        Some((library, name)) => (library.to_owned(), name.strip_prefix('/').unwrap_or(name).to_owned()),
        None => ("*LIBL".to_owned(), word.to_owned()),
    }
}

struct Chars<'a> {
    chars: &'a [char],
    at: usize,
}

impl Chars<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Up to a blank or bracket. Names between quotes keep their case, and lose quotes that they do not need.
    fn word(&mut self) -> String {
        let rest = self.chars.get(self.at..).unwrap_or_default();
        let mut quoted = false;
        let within = |c: &&char| {
            quoted ^= **c == '"';
            quoted || !c.is_whitespace() && !matches!(c, '(' | ')' | '\'')
        };
        let word: String = rest.iter().take_while(within).collect();
        self.at += word.chars().count();
        let one = |part: &str| match is_quoted(part) {
            true => in_page(part, CCSID).unwrap_or_else(|_| part.to_owned()),
            false => part.to_uppercase(),
        };
        let Some(at) = unquoted(&word, '/') else { return one(&word) };
        let (library, name) = word.split_at_checked(at).unwrap_or_default();
        format!("{}/{}", one(library), one(name.strip_prefix('/').unwrap_or(name)))
    }

    fn value(&mut self, depth: usize) -> Option<ClValue> {
        match self.peek()? {
            '(' if depth < DEPTH => {
                self.at += 1;
                let mut out = Vec::new();
                loop {
                    self.blanks();
                    if self.peek()? == ')' {
                        self.at += 1;
                        return Some(ClValue::List(out));
                    }
                    out.push(self.value(depth + 1)?);
                }
            }
            '(' | ')' => None,
            '\'' => {
                self.at += 1;
                let mut out = String::new();
                loop {
                    let c = self.peek()?;
                    self.at += 1;
                    if c == '\'' {
                        if self.peek() != Some('\'') {
                            return Some(ClValue::Text(out));
                        }
                        self.at += 1;
                    }
                    out.push(c);
                }
            }
            _ => Some(ClValue::Word(self.word())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_the_client_sends() {
        let text = "QSYS/CRTPF FILE(L/F) RCDLEN(80) MBR(M) TEXT('it''s (one)') FILETYPE(*DATA)";
        let command = Command::parse(text).unwrap();
        assert_eq!(command.name, "CRTPF");
        let bound = command.bind(&["FILE", "RCDLEN", "MBR", "TEXT", "FILETYPE"]).unwrap();
        assert_eq!(bound.object("FILE").unwrap(), ("L".into(), "F".into()));
        assert_eq!(bound.number("RCDLEN").unwrap(), Some(80));
        assert_eq!(bound.word("TEXT").unwrap(), "it's (one)");
        let locks = Command::parse("qsys/dlcobj obj((L/F *FILE *EXCL M) (L/G *FILE *SHRRD))").unwrap();
        let bound = locks.bind(&["OBJ"]).unwrap();
        assert!(matches!(bound.values("OBJ"), [ClValue::List(a), ClValue::List(b)] if a.len() == 4 && b.len() == 3));
        let locks = Command::parse("DLCOBJ ((L/F *FILE *EXCL) (L/G *FILE *EXCL))").unwrap().bind(&["OBJ"]).unwrap();
        assert!(matches!(locks.values("OBJ"), [ClValue::List(_), ClValue::List(_)]));
        let quoted = Command::parse("dltf file(lib/\"a)b/c\")").unwrap().bind(&["FILE"]).unwrap();
        assert_eq!(quoted.object("FILE").unwrap(), ("LIB".into(), "\"a)b/c\"".into()));
        let plain = Command::parse("dltf file(\"LIB\"/f)").unwrap().bind(&["FILE"]).unwrap();
        assert_eq!(plain.object("FILE").unwrap(), ("LIB".into(), "F".into()));
        let plain = Command::parse("  DSPLIB QGPL  ").unwrap().bind(&["LIB"]).unwrap();
        assert_eq!(plain.word("LIB").unwrap(), "QGPL");
    }

    #[test]
    fn what_is_no_command_is_told() {
        let id = |text: &str| match Command::parse(text) {
            Err(super::super::message::Failure::Told(faults)) => faults[0].id,
            other => panic!("{other:?}"),
        };
        let deep = format!("X Y{}", "(".repeat(100_000));
        for text in ["", "  ", "X Y(", "X Y('", "X )", "X Y(a))", "(X)", &deep[..2000], "X Y((((((((((a))))))))))"] {
            assert_eq!(id(text), "CPF0006", "{}", &text[..text.len().min(20)]);
        }
        assert!(Command::parse("X A(1) A(2)").unwrap().bind(&["A"]).is_err());
        assert!(Command::parse("X B(1)").unwrap().bind(&["A"]).is_err());
        assert!(Command::parse("X 1 2").unwrap().bind(&["A"]).is_err());
        assert!(Command::parse("X A(B)").unwrap().bind(&["A"]).unwrap().number("A").is_err());
    }
}
