//! Names of files and members. They become part of CL commands, so only valid names pass: characters that no
//! page has are refused here, the others once the page of the job is known.

use crate::client::config::ConfigError;
use crate::wire::file::system_name::{WIDTH, in_page, is_quoted, may_be_name, unquoted};
use std::fmt;

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
    /// From `LIB/FILE`, `FILE` (by the library list), either with `(MEMBER)` after it. Letters become
    /// upper case, but for names in quotes: `LIB/"a.b"`.
    pub fn parse(text: &str) -> Result<FileName, ConfigError> {
        let text = text.trim();
        let (path, member) = match unquoted(text, '(').and_then(|at| text.split_at_checked(at)) {
            // Without a bracket at its end it has no member, and with one within it is not a name.
            Some((path, rest)) => {
                (path, rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest))
            }
            None => (text, "*FIRST"),
        };
        let path = path.trim_start_matches('/');
        let (library, file) = match unquoted(path, '/').and_then(|at| path.split_at_checked(at)) {
            Some((library, file)) => (library, file.strip_prefix('/').unwrap_or(file)),
            None => ("*LIBL", path),
        };
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

    /// As a job of the page `ccsid` writes it, which has to have all its letters.
    pub fn in_page(&self, ccsid: u16) -> Result<FileName, ConfigError> {
        Ok(FileName {
            library: name_in_page("library", &self.library, ccsid)?,
            file: name_in_page("file", &self.file, ccsid)?,
            member: name_in_page("member", &self.member, ccsid)?,
        })
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

/// A system name in upper case, or one of the special values. Letters beyond ASCII are left to the page of the job.
pub(crate) fn name(what: &str, text: &str, special: &[&str]) -> Result<String, ConfigError> {
    let text = text.trim();
    let upper = if is_quoted(text) { text.to_owned() } else { text.to_ascii_uppercase() };
    if special.contains(&upper.as_str()) || may_be_name(&upper) {
        return Ok(upper);
    }
    let also = if special.is_empty() { String::new() } else { format!(", or one of {}", special.join(", ")) };
    let rule = format!(
        "{text:?} is not a system name: a letter (or $ # @ and what the job's page has in their place), then letters and \
         digits, {WIDTH} at most, or others than blanks, * ? and apostrophes in double quotes{also}"
    );
    Err(ConfigError { setting: what.to_owned(), rule })
}

/// A name, or special value, as a job of the page `ccsid` writes it.
pub(super) fn name_in_page(what: &str, name: &str, ccsid: u16) -> Result<String, ConfigError> {
    if name.starts_with('*') {
        return Ok(name.to_owned());
    }
    in_page(name, ccsid).map_err(|e| ConfigError { setting: what.to_owned(), rule: format!("{name:?} {e}") })
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
            ("lib/\"a.b\"(\"(c/d\")", "LIB/\"a.b\"(\"(c/d\")"),
            ("\"x/y\"/F", "\"x/y\"/F(*FIRST)"),
            ("L/\"A\"(*FILE)", "L/\"A\"(\"A\")"),
            ("L/tabÄpb", "L/TABÄPB(*FIRST)"),
        ] {
            let name = FileName::parse(text).unwrap();
            assert_eq!(name.to_string(), expected);
            assert_eq!(FileName::parse(expected).unwrap(), name);
        }
        for bad in [
            "",
            "A/B/C",
            "LIB/",
            "LIB/ELEVENCHARS",
            "L/F) DLTF FILE(X",
            "L/*FIRST",
            "L/F(*ALL)",
            "L/1A",
            "L/F(A)B",
            "L/\"a b\"",
            "L/\"a",
            "L/a\"",
            "L/\"\"",
            "L/\"a*\"",
            "L/\"ninechars\"",
            "L/\"a'\"",
            "L/\"a\"b\"",
            "L/Ä B",
        ] {
            assert!(FileName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_those_of_the_page_of_the_job() {
        let spelt = |text: &str, ccsid| FileName::parse(text).unwrap().in_page(ccsid).map(|name| name.qualified());
        assert_eq!(spelt("L/tabäpb", 278).unwrap(), "L/TABÄPB");
        assert_eq!(spelt("L/TAB#PB", 278).unwrap(), "L/TABÄPB");
        assert_eq!(spelt("L/\"ABC\"", 37).unwrap(), "L/ABC");
        let e = spelt("L/TABÄPB", 37).unwrap_err();
        assert!(e.rule.contains("page 37") && e.rule.contains("$ # @"), "{}", e.rule);
        assert_eq!(FileName::parse("*LIBL/F").unwrap().in_page(37).unwrap().to_string(), "*LIBL/F(*FIRST)");
    }
}
