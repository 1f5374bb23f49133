//! Views and procedures of catalogs as data: `views/*.txt`. A definition begins at the left edge of a line,
//!
//! ```text
//! SYSCAT.VIEWS | luw ibmi zos | tables where letter=V
//!   VIEWSCHEMA V128 schema, VIEWNAME V128 table, VALID C1 'Y', TEXT V32672 text
//! ```
//!
//! with its name, the personas that have it as a view, the relation of facts whose rows it has, and which of them.
//! Below stand its columns: name, type (`C8` CHAR, `V128` VARCHAR, `S` SMALLINT, `I` INTEGER, `B` BIGINT, `D` DOUBLE,
//! `T` TIMESTAMP, `Y` BOOLEAN), and the fact or the constant that each holds; without one it is NULL. A line that begins with `jdbc`
//! has the columns that ODBC lacks, one with `pick` those that the view has and the result of the procedure has not. `call` gives the parameters of the procedure of the same name, each with the column
//! that it picks rows by and how: `like`, `is`, `in` a list in quotes, `among` (0 for all), `unique` (0 for unique
//! ones). `order` names the columns that order its result.

use super::value::{Value, ValueType};
use std::sync::OnceLock;

const SOURCES: [&str; 5] = [
    include_str!("views/luw.txt"),
    include_str!("views/ibmi.txt"),
    include_str!("views/zos.txt"),
    include_str!("views/derby.txt"),
    include_str!("views/procedures.txt"),
];

/// A view, or the result of a procedure, or both.
#[derive(Debug, Clone, Default)]
pub(super) struct Definition {
    pub(super) schema: &'static str,
    pub(super) name: &'static str,
    pub(super) personas: Vec<&'static str>,
    pub(super) relation: &'static str,
    /// A fact, and the values of it that are wanted.
    pub(super) only: Option<(&'static str, Vec<&'static str>)>,
    pub(super) columns: Vec<Column>,
    pub(super) parameters: Option<Vec<Parameter>>,
    pub(super) order: Vec<&'static str>,
}

/// A column of a definition.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: ValueType,
    pub(super) source: Source,
    pub(super) place: Place,
}

/// The results in which a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// All.
    Everywhere,
    /// Not those for ODBC.
    Jdbc,
    /// The view alone.
    View,
}

/// The contents of a column.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Fact(&'static str),
    Constant(Value),
}

/// A parameter of a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// A SMALLINT; else text.
    pub(super) is_number: bool,
    pub(super) pick: Pick,
}

/// How the argument of a parameter picks rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    /// It does not.
    Nothing,
    /// By a pattern for a column.
    Like(&'static str),
    /// By the value of a column.
    Is(&'static str),
    /// By a list of values.
    In(&'static str),
    /// By a number; 0 for all.
    Among(&'static str),
    /// 0 for those where a column is not 1.
    Unique(&'static str),
}

/// Every definition, in the order of the files. A mistake in them is found by the test below, and means that there are
/// fewer.
pub(super) fn all() -> &'static [Definition] {
    static ALL: OnceLock<Vec<Definition>> = OnceLock::new();
    ALL.get_or_init(|| SOURCES.iter().flat_map(|text| read(text).unwrap_or_default()).collect())
}

/// The definitions of a file; an error names its line.
fn read(text: &'static str) -> Result<Vec<Definition>, String> {
    let mut out: Vec<Definition> = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let wrong = || format!("line {}: {line}", n + 1);
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if !line.starts_with(' ') {
            out.push(head(line).ok_or_else(wrong)?);
            continue;
        }
        let definition = out.last_mut().ok_or_else(wrong)?;
        let line = line.trim();
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        match first {
            "call" => {
                let parameters: Option<Vec<Parameter>> = items(rest).map(parameter).collect();
                definition.parameters.get_or_insert_default().extend(parameters.ok_or_else(wrong)?);
            }
            "order" => definition.order.extend(items(rest)),
            _ => {
                let (place, rest) = match first {
                    "jdbc" => (Place::Jdbc, rest),
                    "pick" => (Place::View, rest),
                    _ => (Place::Everywhere, line),
                };
                let columns: Option<Vec<Column>> = items(rest).map(|item| column(item, place)).collect();
                definition.columns.extend(columns.ok_or_else(wrong)?);
            }
        }
    }
    Ok(out)
}

/// Parts with commas between; a comma may end the line.
fn items(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn head(line: &'static str) -> Option<Definition> {
    let mut parts = line.split('|').map(str::trim);
    let (name, personas, relation) = (parts.next()?, parts.next()?, parts.next()?);
    let (schema, name) = name.split_once('.')?;
    let (relation, only) = match relation.split_once(" where ") {
        Some((relation, only)) => {
            let (fact, values) = only.split_once('=')?;
            (relation, Some((fact, values.split('/').collect())))
        }
        None => (relation, None),
    };
    let personas = personas.split_whitespace().collect();
    Some(Definition { schema, name, personas, relation, only, ..Definition::default() })
}

fn column(item: &'static str, place: Place) -> Option<Column> {
    let mut words = item.splitn(3, ' ').map(str::trim);
    let (name, kind) = (words.next()?, ValueType::read(words.next()?)?);
    let source = match words.next() {
        None => Source::Constant(Value::Null),
        Some(text) if text.starts_with('\'') => {
            Source::Constant(Value::from(text.strip_prefix('\'')?.strip_suffix('\'')?))
        }
        Some(text) => match text.parse::<i64>() {
            Ok(n) => Source::Constant(Value::from(n)),
            Err(_) => Source::Fact(text),
        },
    };
    Some(Column { name, kind, source, place })
}

fn parameter(item: &'static str) -> Option<Parameter> {
    let mut words = item.split(' ');
    let name = words.next()?;
    let (is_number, how) = match words.next() {
        Some("S") => (true, words.next()),
        other => (false, other),
    };
    let pick = match (how, words.next()) {
        (None, None) => Pick::Nothing,
        (Some("like"), Some(column)) => Pick::Like(column),
        (Some("is"), Some(column)) => Pick::Is(column),
        (Some("in"), Some(column)) => Pick::In(column),
        (Some("among"), Some(column)) => Pick::Among(column),
        (Some("unique"), Some(column)) => Pick::Unique(column),
        _ => return None,
    };
    Some(Parameter { name, is_number, pick })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_is_read_whole() {
        for text in SOURCES {
            let read = read(text).unwrap();
            let heads = text.lines().filter(|line| line.contains('|') && !line.starts_with('#')).count();
            assert_eq!(read.len(), heads);
            for definition in read {
                let names: BTreeSet<&str> = definition.columns.iter().map(|c| c.name).collect();
                assert_eq!(names.len(), definition.columns.len(), "{} has a column twice", definition.name);
                let picked = definition.parameters.iter().flatten().filter_map(|p| match p.pick {
                    Pick::Nothing => None,
                    Pick::Like(c) | Pick::Is(c) | Pick::In(c) | Pick::Among(c) | Pick::Unique(c) => Some(c),
                });
                for column in definition.order.iter().copied().chain(picked) {
                    assert!(names.contains(column), "{}: {column}", definition.name);
                }
            }
        }
    }

    #[test]
    fn a_view_is_there_once_for_a_persona() {
        let mut seen = BTreeSet::new();
        for definition in all() {
            for persona in &definition.personas {
                assert!(["luw", "ibmi", "zos", "derby"].contains(persona), "{persona}");
                let name = (definition.schema, definition.name, persona);
                assert!(seen.insert(name), "{name:?} stands there twice");
            }
        }
        assert!(seen.len() > 100, "{}", seen.len());
    }

    #[test]
    fn a_mistake_is_told() {
        for text in ["A.B", "A.B | luw | tables\n  C X9 d", "  C V1 d", "A.B | luw | tables\n  call P like"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
