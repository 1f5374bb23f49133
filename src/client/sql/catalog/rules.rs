//! The words for the letters and numbers of catalogs.

/// The kind of a table, by its letter in SYSCAT.TABLES or SYSIBM.SYSTABLES. (Read: IBM's SQL references.)
pub(super) fn table_kind(letter: &str) -> &'static str {
    match letter {
        // Clones, tables of an accelerator, history and archive tables are tables.
        "T" | "U" | "C" | "D" | "R" => "TABLE",
        "V" | "W" => "VIEW",
        "A" => "ALIAS",
        "S" | "M" => "MATERIALIZED QUERY TABLE",
        "N" => "NICKNAME",
        "G" => "GLOBAL TEMPORARY TABLE",
        "P" | "X" => "AUXILIARY TABLE",
        _ => "OTHER",
    }
}

/// The kind of a constraint, by its letter; none of those that hold no rows to anything.
pub(super) fn key_kind(letter: &str) -> Option<&'static str> {
    Some(match letter {
        "P" => "PRIMARY KEY",
        "U" => "UNIQUE",
        "F" | "R" => "FOREIGN KEY",
        "K" | "C" => "CHECK",
        _ => return None,
    })
}

/// The rule of a foreign key, by its letter.
pub(super) fn rule(letter: &str) -> Option<String> {
    let word = match letter {
        "A" => "NO ACTION",
        "C" => "CASCADE",
        "N" => "SET NULL",
        "R" => "RESTRICT",
        "D" => "SET DEFAULT",
        _ => return None,
    };
    Some(word.to_owned())
}

/// The same by its number in JDBC and ODBC.
pub(super) fn numbered_rule(number: i64) -> Option<String> {
    let words = ["CASCADE", "RESTRICT", "SET NULL", "NO ACTION", "SET DEFAULT"];
    usize::try_from(number).ok().and_then(|n| words.get(n)).map(|word| (*word).to_owned())
}

/// The kind of a routine, by its letter.
pub(super) fn routine_kind(letter: &str) -> &'static str {
    match letter {
        "F" => "FUNCTION",
        "M" => "METHOD",
        _ => "PROCEDURE",
    }
}

/// The order of a column in an index, by its letter; none of one that is only included.
pub(super) fn order(letter: &str) -> Option<String> {
    let word = match letter {
        "A" => "ASC",
        "D" => "DESC",
        "R" => "RANDOM",
        _ => return None,
    };
    Some(word.to_owned())
}
