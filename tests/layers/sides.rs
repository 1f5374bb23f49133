//! The law of the two sides: SQL and files meet only in the value model, the columns and the connection. And no file
//! imports another in a circle.

use super::is_below;
use super::source::{paths, resolve, strip, without_tests};
use std::collections::{BTreeMap, BTreeSet};

/// The folders of the two sides, on every layer that has them.
const SIDES: &[&str] = &["sql", "file"];

/// Imports from one side to the other: a connection for SQL opens files beside it.
const MEETINGS: &[(&str, &str)] =
    &[("python/sql/connection", "python/file/connection"), ("python/sql/connection", "python/file/file_classes")];

/// Shared files that import a side of their layer: (file or folder, what it imports).
const HUBS: &[(&str, &str)] = &[
    // It introduces itself as a connection for SQL does.
    ("flow/probe", "flow/sql"),
    // A conversation has the state of both sides and hands commands to them.
    ("server/conversation", "server/sql"),
    ("server/conversation", "server/file"),
    // Derby tells the isolation at the end of a login; the sign-on server is in the page of the jobs.
    ("server/login/commands", "server/sql/special_register"),
    ("server/login/signon", "server/file/message"),
    // The files that a server offers are one of its settings; its connections share them and the packages.
    ("server/settings", "server/file/library"),
    ("server/shared", "server/sql"),
    ("server/shared", "server/file"),
    // An engine of SQL, and its catalog, which has columns in the terms of a product.
    ("server/table", "server/sql"),
    ("server/catalog", "server/sql/describe"),
    // The root of the Python module names its classes.
    ("python", "python/sql"),
    ("python", "python/file"),
];

#[test]
fn the_two_sides_do_not_import_each_other() {
    let mut breaches = Vec::new();
    for (file, used) in imports() {
        for target in used {
            let (from, to) = (side(&file), side(&target));
            let meant = MEETINGS.contains(&(file.as_str(), target.as_str()));
            if from.is_some() && to.is_some() && from != to && !meant {
                breaches.push(format!("{file} imports {target}"));
            }
        }
    }
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn shared_files_do_not_import_a_side_of_their_layer() {
    let mut breaches = Vec::new();
    for (file, used) in imports() {
        for target in used {
            let meant = HUBS.iter().any(|(hub, part)| {
                (file == *hub || *hub != "python" && is_below(&file, hub)) && is_below(&target, part)
            });
            if layer(&file) == layer(&target) && side(&file).is_none() && side(&target).is_some() && !meant {
                breaches.push(format!("{file} imports {target}"));
            }
        }
    }
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn files_do_not_import_each_other_in_circles() {
    let circles = circles(&imports());
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
}

#[test]
fn every_exception_is_in_use() {
    let imports = imports();
    let used = |from: &str, to: &str| {
        imports.iter().any(|(file, used)| is_below(file, from) && used.iter().any(|target| is_below(target, to)))
    };
    for (from, to) in MEETINGS.iter().chain(HUBS) {
        assert!(used(from, to), "{from} does not import {to}");
    }
}

#[test]
fn the_law_sees_sides_children_and_circles() {
    let files = ["a", "a/sql/x", "a/sql/y", "a/sql/y/z", "a/file/x", "b"].map(str::to_owned);
    let of = |name: &str, text: &str| -> Vec<String> { imports_of(name, text, &BTreeSet::from(files.clone())) };
    assert_eq!(of("a/sql/x", "use super::y::Thing; pub(in crate::a::file) fn f() {}"), ["a/sql/y"]);
    assert_eq!(of("a/sql/y", "use z::Thing; use self::z::Other; // crate::b\n"), ["a/sql/y/z"]);
    assert_eq!(of("a/sql/x", "fn f() -> crate::a::file::x::T { crate::b::g() }"), ["a/file/x", "b"]);
    assert_eq!(
        (side("a/sql/x"), side("a/file"), side("a/x/sql"), side("file")),
        (Some("sql"), Some("file"), None, None)
    );

    let graph = |edges: &[(&str, &[&str])]| -> BTreeMap<String, BTreeSet<String>> {
        edges.iter().map(|(a, b)| ((*a).to_owned(), b.iter().map(|b| (*b).to_owned()).collect())).collect()
    };
    assert_eq!(circles(&graph(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])])), ["b <-> c"]);
    assert!(circles(&graph(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])).is_empty());
}

/// The files that each file imports, by their paths without `.rs` and `/mod.rs`. A file that declares
/// others is not held against those below it: they share its types, and it names them.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let sources = super::source::files();
    let stem = |name: &str| name.trim_end_matches(".rs").trim_end_matches("/mod").to_owned();
    let files: BTreeSet<String> = sources.iter().map(|(name, ..)| stem(name)).collect();
    let used = |(name, _, text): &(String, String, String)| {
        let name = &stem(name);
        let used = imports_of(name, text, &files);
        let related = |other: &String| is_below(other, name) || is_below(name, other);
        // The root of a layer names its sides; below a layer, a file that declares others is one with them.
        let used = used.into_iter().filter(|other| !related(other) || !name.contains('/') && other.contains('/'));
        (name.clone(), used.collect())
    };
    sources.iter().map(used).collect()
}

/// The files of `files` that the text of a file names.
fn imports_of(name: &str, source: &str, files: &BTreeSet<String>) -> Vec<String> {
    let code = without_visibility(&without_tests(&strip(source)));
    let mut out = BTreeSet::new();
    for (path, _) in paths(&code) {
        let first = path.split("::").next().unwrap_or_default();
        let target = match first {
            "crate" | "super" => resolve(&path, name),
            "self" => Some(format!("{name}/{}", path.split("::").skip(1).collect::<Vec<_>>().join("/"))),
            child => {
                let child = format!("{name}/{child}");
                files.contains(&child).then(|| format!("{name}/{}", path.replace("::", "/")))
            }
        };
        let Some(target) = target else { continue };
        let mut at = target.as_str();
        while !files.contains(at) {
            let Some((parent, _)) = at.rsplit_once('/') else { break };
            at = parent;
        }
        if files.contains(at) && at != name {
            out.insert(at.to_owned());
        }
    }
    out.into_iter().collect()
}

/// The files that reach one another, a line for each group.
fn circles(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let related = |a: &str, b: &str| is_below(a, b) || is_below(b, a);
    let reach = |start: &String| -> BTreeSet<String> {
        let (mut seen, mut todo) = (BTreeSet::new(), vec![start.clone()]);
        while let Some(at) = todo.pop() {
            for next in imports.get(&at).into_iter().flatten().filter(|next| !related(&at, next)) {
                if seen.insert(next.clone()) {
                    todo.push(next.clone());
                }
            }
        }
        seen
    };
    let all: BTreeMap<&String, BTreeSet<String>> = imports.keys().map(|file| (file, reach(file))).collect();
    let mut groups: BTreeSet<String> = BTreeSet::new();
    for (file, reached) in &all {
        if reached.contains(*file) {
            let group: Vec<&str> =
                reached.iter().filter(|b| all.get(b).is_some_and(|r| r.contains(*file))).map(String::as_str).collect();
            groups.insert(group.join(" <-> "));
        }
    }
    groups.into_iter().collect()
}

/// Blanks out `pub(in crate::x)`, which names who may see an item and imports nothing.
fn without_visibility(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(start) = out.find("pub(in ") {
        let end = out[start..].find(')').map_or(out.len(), |n| start + n + 1);
        out.replace_range(start..end, "pub");
    }
    out
}

fn layer(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

/// The side that a file is on: the folder below its layer.
fn side(path: &str) -> Option<&'static str> {
    let folder = path.split('/').nth(1)?;
    SIDES.iter().find(|side| **side == folder).copied()
}
