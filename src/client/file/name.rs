//! Names of files and members. They go into CL commands too, so only what is a name gets through.

use crate::client::config::ConfigError;
use std::fmt;

/// Longest system name.
const WIDTH: usize = 10;
const LIBRARIES: [&str; 2] = ["*LIBL", "*CURLIB"];
const MEMBERS: [&str; 2] = ["*FIRST", "*LAST"];

/// A file and one of its members: `LIB/FILE(MEMBER)`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileName {
    /// The library, or `*LIBL`, `*CURLIB`.
    pub library: String,
    /// The file.
    pub file: String,
    /// The member, or `*FIRST`, `*LAST`.
    pub member: String,
}

impl FileName {
    /// From `LIB/FILE`, `FILE` (by the library list), either with `(MEMBER)` behind it. Letters become
    /// upper case.
    pub fn parse(text: &str) -> Result<FileName, ConfigError> {
        let (path, member) = match text.trim().strip_suffix(')').and_then(|t| t.rsplit_once('(')) {
            Some((path, member)) => (path, member),
            None => (text.trim(), "*FIRST"),
        };
        let path = path.trim_start_matches('/');
        let (library, file) = path.split_once('/').unwrap_or(("*LIBL", path));
        FileName {
            library: name("library", library, &LIBRARIES)?,
            file: name("file", file, &[])?,
            member: String::new(),
        }
        .with_member(member)
    }

    /// Another member of the file; `*FILE` is the one that is called as the file.
    pub fn with_member(self, member: &str) -> Result<FileName, ConfigError> {
        let member = match member.eq_ignore_ascii_case("*FILE") {
            true => self.file.clone(),
            false => name("member", member, &MEMBERS)?,
        };
        Ok(FileName { member, ..self })
    }

    /// `LIB/FILE`, as a CL command takes it.
    pub fn qualified(&self) -> String {
        format!("{}/{}", self.library, self.file)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}({})", self.library, self.file, self.member)
    }
}

/// A system name in upper case, or one of the special values.
pub(crate) fn name(what: &str, text: &str, special: &[&str]) -> Result<String, ConfigError> {
    let upper = text.trim().to_ascii_uppercase();
    if special.contains(&upper.as_str()) {
        return Ok(upper);
    }
    let first = |c: char| c.is_ascii_uppercase() || matches!(c, '$' | '#' | '@');
    let good = upper.starts_with(first)
        && upper.len() <= WIDTH
        && upper.chars().all(|c| first(c) || c.is_ascii_digit() || matches!(c, '_' | '.'));
    if good {
        return Ok(upper);
    }
    let also = if special.is_empty() { String::new() } else { format!(", or one of {}", special.join(", ")) };
    let rule = format!("{text:?} is no system name: a letter, then letters and digits, {WIDTH} at most{also}");
    Err(ConfigError { setting: what.to_owned(), rule })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_their_forms() {
        for (text, expected) in [
            ("testlib/cust", "TESTLIB/CUST(*FIRST)"),
            ("CUST", "*LIBL/CUST(*FIRST)"),
            ("/LIB/F$1(m_1)", "LIB/F$1(M_1)"),
            ("*curlib/X(*last)", "*CURLIB/X(*LAST)"),
            ("LIB/X(*FILE)", "LIB/X(X)"),
        ] {
            assert_eq!(FileName::parse(text).unwrap().to_string(), expected);
        }
        for bad in ["", "A/B/C", "LIB/", "LIB/ELEVENCHARS", "L/F) DLTF FILE(X", "L/*FIRST", "L/F(*ALL)", "L/1A", "L/Ä"]
        {
            assert!(FileName::parse(bad).is_err(), "{bad}");
        }
    }
}
