//! The law of one place: the `impl` blocks of a type stand in few files. A method call is no import, so files that share
//! a type by its methods would know each other without the imports telling.

use super::source::{strip, without_tests};
use std::collections::{BTreeMap, BTreeSet};

/// Files with `impl` blocks of one type.
const MOST: usize = 2;

#[test]
fn the_methods_of_a_type_stand_in_few_files() {
    let mut files: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for (name, _, text) in super::source::files() {
        let layer = name.split('/').next().unwrap().to_owned();
        for of in implemented(&without_tests(&strip(&text))) {
            files.entry((layer.clone(), of)).or_default().insert(name.clone());
        }
    }
    assert!(files.len() > 200, "{}", files.len());
    let too_many: Vec<String> = files
        .iter()
        .filter(|(_, files)| files.len() > MOST)
        .map(|((_, of), files)| format!("{of}: {}", files.iter().cloned().collect::<Vec<_>>().join(", ")))
        .collect();
    assert!(too_many.is_empty(), "\n{}", too_many.join("\n"));
}

#[test]
fn the_law_sees_the_types_of_impl_blocks() {
    let code = "impl Plain {}\nimpl<T: Into<X>, const N: usize> Generic<T> where T: Copy {}\nimpl a::Path<'_> {}
impl fmt::Display for Shown {}\nfn f(x: impl Iterator) {}\n    impl Inner {}\nimpl<'a> From<&'a [u8]> for &'a Borrowed {}";
    assert_eq!(implemented(code), ["Plain", "Generic", "Path"]);
}

/// The types whose methods stand in `impl` blocks at the root of a file, without traits: a trait says by its name where
/// it belongs.
fn implemented(code: &str) -> Vec<String> {
    let mut out = Vec::new();
    for part in code.split("\nimpl").skip(usize::from(!code.starts_with("impl"))) {
        let head = part.trim_start_matches("impl").split('{').next().unwrap_or_default();
        let Some(head) = generics(head) else { continue };
        if head.split(" where ").next().is_some_and(|head| head.contains(" for ")) {
            continue;
        }
        let end = head.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(head.len());
        let name = head[..end].rsplit("::").next().unwrap_or_default();
        if name.starts_with(char::is_uppercase) {
            out.push(name.to_owned());
        }
    }
    out
}

/// The text after the generics of an `impl`; none for a word that only begins so.
fn generics(head: &str) -> Option<&str> {
    if !head.starts_with('<') {
        return head.strip_prefix(' ');
    }
    let mut depth = 0;
    let end = head.char_indices().find(|(at, c)| {
        match c {
            '<' => depth += 1,
            '>' if !head[..*at].ends_with('-') => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    end.map(|(at, _)| head[at + 1..].trim_start())
}
