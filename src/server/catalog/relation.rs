//! Relations: rows of facts, each under its name.

use super::database::Database;
use super::value::Value;
use crate::server::persona::Persona;

/// The database that facts are taken from, and the product in whose form they are given.
pub(super) struct Asked<'a> {
    pub(super) database: &'a Database,
    pub(super) persona: &'a Persona,
    /// Numbers of types are those of JDBC.
    pub(super) jdbc: bool,
}

/// A row of facts.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) names: &'static [&'static str],
    pub(super) values: Vec<Value>,
}

impl Row {
    /// The position of a fact, which is the same in all rows of a relation.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| *known == name)
    }

    pub(super) fn value(&self, position: usize) -> Value {
        self.values.get(position).cloned().unwrap_or(Value::Null)
    }
}

/// A row of facts, from names and values.
macro_rules! facts {
    ($($name:ident : $value:expr),* $(,)?) => {
        $crate::server::catalog::relation::Row {
            names: &[$(stringify!($name)),*],
            values: vec![$($crate::server::catalog::value::Value::from($value)),*],
        }
    };
}
pub(super) use facts;

/// A name in the form of a UUID, by which Derby's catalogs join.
pub(super) fn id(names: &[&str]) -> Value {
    let mut hash = 0xcbf2_9ce4_8422_2325_6c62_272e_07bb_0142_u128;
    for byte in names.iter().flat_map(|name| name.bytes().chain([0])) {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    let hex = format!("{hash:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Value::from([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_by_every_part_of_a_name() {
        let ids = [id(&["A", "B"]), id(&["AB"]), id(&["A", "", "B"]), id(&["B", "A"])];
        let different: std::collections::BTreeSet<&Value> = ids.iter().collect();
        assert_eq!(different.len(), ids.len());
        assert!(ids.iter().all(|id| id.text().unwrap().len() == 36));
    }
}
