//! The documentation that is made of the table of settings and the names of the mechanisms: `docs/settings.md`, the
//! docstring of `connect()`, the names in its stub. `cargo test --lib -- --ignored write_the_settings` writes them.

use super::{Config, Setting, TABLE};
use crate::flow::secmec::mechanism::{NAMES, Security};
use std::fs;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md");
const STUB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/drdarrow/_core.pyi");
const DOCSTRING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/python/sql/connect_arguments.txt");

/// Where the names of the mechanisms belong in a meaning.
const LINK: &str = "[names](crate::flow::secmec::mechanism::NAMES)";
/// Letters of a line of the docstring.
const WIDTH: usize = 120;

/// The names of the mechanisms, those of one together.
fn names() -> String {
    let (mut built, mut unbuilt) = (Vec::new(), Vec::new());
    for (name, security) in NAMES {
        match security {
            Security::Auto => {}
            Security::Unbuilt(_) => unbuilt.push(format!("`{name}`")),
            _ if security.name() == name => {
                let others = NAMES.iter().filter(|(other, same)| *same == security && *other != name);
                let others: String = others.map(|(other, _)| format!(" (or `{other}`)")).collect();
                built.push(format!("`{name}`{others}"));
            }
            // It stands with the first one.
            _ => {}
        }
    }
    format!("{}. {} are known, but not built", built.join(", "), unbuilt.join(" and "))
}

/// The meaning of a setting, on one line.
fn meaning(setting: &Setting) -> String {
    let line = setting.meaning.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace(LINK, &names())
}

/// The page with the tables of this file in place of those it has.
fn page(old: &str) -> String {
    let mut out = String::new();
    let mut section = "";
    for line in old.split_inclusive('\n') {
        if let Some(heading) = line.strip_prefix("### ") {
            section = heading.trim_end();
        } else if line.starts_with("## ") {
            section = "";
        }
        let mut rows = TABLE.iter().filter(|setting| setting.section == section).peekable();
        if rows.peek().is_none() || !line.starts_with('|') {
            out.push_str(line);
        } else if line.starts_with("|---") {
            out.push_str("| setting | type | default | files | meaning |\n|---|---|---|---|---|\n");
            for setting in rows {
                let Setting { name, python, default, .. } = setting;
                let files = if setting.files { " yes " } else { " " };
                let meaning = meaning(setting);
                out.push_str(&format!("| `{name}` | {python} | {default} |{files}| {meaning} |\n"));
            }
        }
    }
    out
}

fn docstring() -> String {
    let line = |s: &Setting| {
        let meaning = match s.meaning.contains(LINK) {
            true => broken(&format!("    {}: {}", s.name, meaning(s))),
            false => format!("    {}: {}", s.name, s.meaning),
        };
        format!("{meaning}; {}, {}.\n", s.python, s.default)
    };
    TABLE.iter().map(line).collect()
}

/// A long line in several.
fn broken(line: &str) -> String {
    let (mut out, mut length) = (String::new(), 0);
    for word in line.split_inclusive(' ') {
        if length + word.trim_end().len() > WIDTH {
            out.truncate(out.trim_end().len());
            out.push_str("\n        ");
            length = 8;
        }
        out.push_str(word);
        length += word.len();
    }
    out
}

/// The stub with the names of the mechanisms in place of those it has.
fn stub(old: &str) -> String {
    let (before, rest) = old.split_once("    security: Literal[\n").unwrap();
    let (_, after) = rest.split_once("    ]\n").unwrap();
    let names: String = NAMES.iter().map(|(name, _)| format!("        \"{name}\",\n")).collect();
    format!("{before}    security: Literal[\n{names}    ]\n{after}")
}

#[test]
fn the_documentation_is_made_of_the_table() {
    let (old, types) = (fs::read_to_string(PAGE).unwrap(), fs::read_to_string(STUB).unwrap());
    let fresh = page(&old) == old && stub(&types) == types && fs::read_to_string(DOCSTRING).unwrap() == docstring();
    assert!(fresh, "write it anew: cargo test --lib -- --ignored write_the_settings");
    for section in TABLE.iter().map(|setting| setting.section) {
        assert!(old.contains(&format!("\n### {section}\n")), "{section}");
    }
}

/// Writes the documentation.
#[test]
#[ignore = "it writes files"]
fn write_the_settings() {
    fs::write(PAGE, page(&fs::read_to_string(PAGE).unwrap())).unwrap();
    fs::write(STUB, stub(&fs::read_to_string(STUB).unwrap())).unwrap();
    fs::write(DOCSTRING, docstring()).unwrap();
}

#[test]
fn the_defaults_are_those_that_are_documented() {
    let stated = |s: &&Setting| s.text && s.default.starts_with(|c: char| c == '`' || c.is_ascii_digit());
    // One is told at the login, the other follows the host.
    let here = |s: &&Setting| !["application_name", "tls_server_name"].contains(&s.name);
    for setting in TABLE.iter().filter(stated).filter(here) {
        let mut config = Config::empty();
        config.set(setting.name, setting.default.trim_matches('`')).unwrap();
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::empty()), "{}", setting.name);
    }
}
