//! Reading sources as far as imports go: what is code, and which paths stand in it.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders with code: that of the crate, and that of the part of it that is a crate by itself.
const ROOTS: &[&str] = &["src", "codec/src"];

/// Every file of code but for tests: its name below its root, its path from the folder of the repository, its text. The
/// root of the crate within is named `codec.rs`.
pub(super) fn files() -> Vec<(String, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut out = Vec::new();
    for root in ROOTS {
        let mut paths = Vec::new();
        collect(&folder.join(root), &mut paths);
        out.extend(paths.iter().map(|path| {
            let below = |root: &Path| path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            let name = match below(folder).as_str() {
                "codec/src/lib.rs" => "codec.rs".to_owned(),
                _ => below(&folder.join(root)),
            };
            (name, below(folder), fs::read_to_string(path).unwrap())
        }));
    }
    out
}

/// The crates that Cargo.toml names as dependencies, as they are written in code.
pub(super) fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut out = Vec::new();
    for line in manifest.lines() {
        if let Some(section) = line.strip_prefix('[') {
            inside = section.starts_with("dependencies]");
        } else if inside && let Some((name, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let name = name.trim().trim_end_matches(".workspace");
            out.push(name.replace('-', "_"));
        }
    }
    out
}

/// The files below a folder, but for those of tests.
fn collect(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() && path.file_name().is_some_and(|n| n != "tests") {
            collect(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") && path.file_name().is_some_and(|n| n != "tests.rs") {
            out.push(path);
        }
    }
}

/// `crate::wire::dss::chain::Chain` or a path from `super`, as `wire/dss/chain/Chain`; none for what
/// stays inside the file.
pub(super) fn resolve(path: &str, stem: &str) -> Option<String> {
    let mut at: Vec<&str> = Vec::new();
    for (n, part) in path.split("::").enumerate() {
        match part {
            "crate" => {}
            "self" if n == 0 => return None,
            // `{self}` after a path.
            "self" => {}
            "super" => {
                if n == 0 {
                    at = stem.split('/').collect();
                }
                at.pop()?;
            }
            "" => break,
            name => at.push(name),
        }
    }
    Some(at.join("/"))
}

/// Every path with its line. Groups in braces are taken apart.
pub(super) fn paths(code: &str) -> Vec<(String, usize)> {
    let chars: Vec<char> = code.chars().collect();
    let mut out = Vec::new();
    let (mut i, mut line) = (0, 1);
    while i < chars.len() {
        let c = chars[i];
        if c == '\n' {
            line += 1;
        }
        let before = i.checked_sub(1).map(|b| chars[b]);
        let starts =
            (c.is_alphabetic() || c == '_') && !before.is_some_and(|b| b.is_alphanumeric() || b == '_' || b == '\'');
        if !starts || i >= 2 && chars[i - 1] == ':' && chars[i - 2] == ':' {
            i += 1;
            continue;
        }
        i = path(&chars, i, "", &mut line, &mut out);
    }
    out
}

/// Reads the path that begins at `i`; gives the position after it.
fn path(chars: &[char], mut i: usize, prefix: &str, line: &mut usize, out: &mut Vec<(String, usize)>) -> usize {
    let mut text = prefix.to_owned();
    loop {
        let start = i;
        while i < chars.len() && (chars[i].is_alphanumeric() || chars[i] == '_') {
            i += 1;
        }
        text.extend(&chars[start..i]);
        if chars.get(i..i + 2) != Some(&[':', ':']) {
            break;
        }
        i += 2;
        match chars.get(i) {
            Some('{') => {
                text.push_str("::");
                i += 1;
                while i < chars.len() && chars[i] != '}' {
                    if chars[i] == '\n' {
                        *line += 1;
                    }
                    if chars[i].is_alphabetic() || chars[i] == '_' {
                        i = path(chars, i, &text, line, out);
                    } else {
                        i += 1;
                    }
                }
                return i + 1;
            }
            Some(c) if c.is_alphabetic() || *c == '_' => text.push_str("::"),
            _ => break,
        }
    }
    // A name alone is a path only inside a group.
    if text.contains("::") || !prefix.is_empty() {
        out.push((text, *line));
    }
    i
}

/// Blanks comments, strings and characters out, keeping the lines.
pub(super) fn strip(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut i = 0;
    let blank = |out: &mut String, c: char| out.push(if c == '\n' { '\n' } else { ' ' });
    while i < chars.len() {
        let next = chars.get(i + 1).copied();
        let end = match chars[i] {
            '/' if next == Some('/') => (i..chars.len()).find(|j| chars[*j] == '\n').unwrap_or(chars.len()),
            '/' if next == Some('*') => {
                let (mut j, mut depth) = (i + 2, 1);
                while j < chars.len() && depth > 0 {
                    match (chars[j], chars.get(j + 1)) {
                        ('/', Some('*')) => (j, depth) = (j + 2, depth + 1),
                        ('*', Some('/')) => (j, depth) = (j + 2, depth - 1),
                        _ => j += 1,
                    }
                }
                j
            }
            'r' if matches!(next, Some('"' | '#'))
                && !i.checked_sub(1).is_some_and(|b| word(chars[b]) && chars[b] != 'b') =>
            {
                let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
                if chars.get(i + 1 + hashes) == Some(&'"') {
                    let mut j = i + 2 + hashes;
                    while j < chars.len()
                        && !(chars[j] == '"'
                            && chars[j + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes)
                    {
                        j += 1;
                    }
                    j + 1 + hashes
                } else {
                    i
                }
            }
            '"' => {
                let mut j = i + 1;
                while j < chars.len() && chars[j] != '"' {
                    j += if chars[j] == '\\' { 2 } else { 1 };
                }
                j + 1
            }
            '\'' if next == Some('\\') => (i + 3..chars.len()).find(|j| chars[*j] == '\'').map_or(i, |j| j + 1),
            '\'' if chars.get(i + 2) == Some(&'\'') => i + 3,
            _ => i,
        };
        if end == i {
            out.push(chars[i]);
            i += 1;
        } else {
            chars[i..end.min(chars.len())].iter().for_each(|c| blank(&mut out, *c));
            i = end;
        }
    }
    out
}

fn word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Blanks out the item after `#[cfg(test)]`: a module in braces, or one item up to its semicolon.
pub(super) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let mut depth = 0usize;
        let end = rest
            .char_indices()
            .find(|(_, c)| {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                depth == 0 && matches!(c, '}' | ';')
            })
            .map_or(rest.len(), |(i, c)| i + c.len_utf8());
        out.extend(rest[..end].chars().filter(|c| *c == '\n'));
        rest = &rest[end..];
    }
    out + rest
}
