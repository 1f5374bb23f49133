//! The keys of tables, put together from what a catalog keeps in several places.

use super::listing::KeyRow;
use std::collections::BTreeMap;

/// The name of a constraint in its catalog.
pub(super) type KeyId = [String; 3];

/// The parent of a foreign key.
#[derive(Debug, Clone, Default)]
pub(super) struct Reference {
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) on_delete: Option<String>,
    pub(super) on_update: Option<String>,
}

/// Columns by constraint and place.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyColumns(BTreeMap<KeyId, BTreeMap<i32, String>>);

impl KeyColumns {
    pub(super) fn add(&mut self, of: KeyId, place: i32, column: String) {
        self.0.entry(of).or_default().insert(place, column);
    }
}

/// The keys of some tables.
#[derive(Debug, Default)]
pub(super) struct Keys {
    keys: Vec<(KeyId, KeyRow)>,
    /// The columns of keys.
    pub(super) columns: KeyColumns,
    /// The parents of foreign keys.
    pub(super) references: BTreeMap<KeyId, Reference>,
    /// The columns of the parents, by the foreign key.
    pub(super) parents: KeyColumns,
    /// The conditions of checks.
    pub(super) checks: BTreeMap<KeyId, String>,
}

impl Keys {
    /// A constraint of a table.
    pub(super) fn add(&mut self, id: KeyId, kind: &str, schema: &str, table: &str, name: &str) {
        let [schema, table, name, kind] = [schema, table, name, kind].map(str::to_owned);
        self.keys.push((id, KeyRow { schema, table, name, kind, ..KeyRow::default() }));
    }

    /// Whether there are any of a kind.
    pub(super) fn has(&self, kind: &str) -> bool {
        self.keys.iter().any(|(_, key)| key.kind == kind)
    }

    /// Whether any of them has columns.
    pub(super) fn have_columns(&self) -> bool {
        self.keys.iter().any(|(_, key)| key.kind != "CHECK")
    }

    /// A row for each column of a key, one for a check.
    pub(super) fn rows(self) -> Vec<KeyRow> {
        let mut rows = Vec::new();
        for (id, key) in self.keys {
            if key.kind == "CHECK" {
                rows.push(KeyRow { condition: self.checks.get(&id).cloned(), ..key });
                continue;
            }
            let reference = self.references.get(&id);
            let parents = self.parents.0.get(&id);
            for (place, column) in self.columns.0.get(&id).into_iter().flatten() {
                rows.push(KeyRow {
                    position: Some(*place),
                    column: Some(column.clone()),
                    ref_schema: reference.map(|to| to.schema.clone()),
                    ref_table: reference.map(|to| to.table.clone()),
                    ref_column: parents.and_then(|columns| columns.get(place)).cloned(),
                    on_delete: reference.and_then(|to| to.on_delete.clone()),
                    on_update: reference.and_then(|to| to.on_update.clone()),
                    ..key.clone()
                });
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_a_foreign_key_meet_those_of_its_parent_by_their_place() {
        let id = |name: &str| ["S", "T", name].map(str::to_owned);
        let mut keys = Keys::default();
        keys.add(id("FK"), "FOREIGN KEY", "S", "T", "FK");
        keys.add(id("CK"), "CHECK", "S", "T", "CK");
        for (place, column, parent) in [(2, "B", "Y"), (1, "A", "X")] {
            keys.columns.add(id("FK"), place, column.to_owned());
            keys.parents.add(id("FK"), place, parent.to_owned());
        }
        keys.references.insert(id("FK"), Reference { table: "P".to_owned(), ..Reference::default() });
        keys.checks.insert(id("CK"), "A > 0".to_owned());
        assert!(keys.has("CHECK") && keys.have_columns() && !keys.has("UNIQUE"));
        let rows = keys.rows();
        let pairs: Vec<_> = rows.iter().map(|row| (row.column.as_deref(), row.ref_column.as_deref())).collect();
        assert_eq!(pairs, [(Some("A"), Some("X")), (Some("B"), Some("Y")), (None, None)]);
        assert_eq!(rows[2].condition.as_deref(), Some("A > 0"));
    }
}
