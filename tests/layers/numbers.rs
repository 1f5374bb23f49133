//! The law of the table of SQL types: numbers of types stand there and nowhere else. `SqlType` and `TypeId` are made of
//! numbers that came over the wire, never of one that is written down.

use super::source::{files, strip, without_tests};

/// The table.
const TABLE: &str = "wire/value/types.rs";
/// Calls that make a type of a number.
const MAKERS: &[&str] = &["SqlType::new(", "TypeId::new(", "TypeId::from(", "lid::field("];

#[test]
fn numbers_of_types_stand_in_the_table_alone() {
    let mut bare = Vec::new();
    for (_, path, text) in files().iter().filter(|(name, ..)| name != TABLE) {
        bare.extend(written(text).map(|line| format!("{path}:{line}")));
    }
    assert!(bare.is_empty(), "a type by its number:\n{}", bare.join("\n"));
}

#[test]
fn a_number_that_is_written_down_is_seen() {
    let source = "let a = SqlType::new(448);\nlet b = TypeId::new(byte);\nlet c = lid::field(0x03, size, t, 0);\n\
                  #[cfg(test)]\nmod tests { fn f() { TypeId::new(0x03); } }";
    assert_eq!(written(source).collect::<Vec<_>>(), [1, 3]);
}

/// Lines with such a number outside tests.
fn written(source: &str) -> impl Iterator<Item = usize> {
    let code = without_tests(&strip(source));
    let has = |line: &str| {
        let after =
            |maker: &&str| line.split(*maker).skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        MAKERS.iter().any(after)
    };
    let lines: Vec<usize> = code.lines().enumerate().filter(|(_, line)| has(line)).map(|(n, _)| n + 1).collect();
    lines.into_iter()
}
