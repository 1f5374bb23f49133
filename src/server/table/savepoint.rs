//! Savepoints: what a transaction had changed when each was set. Tables are shared until they change again.

use super::table_change::TableChange;
use crate::server::budget::{Budget, Lease};
use crate::server::error::SqlError;
use std::collections::BTreeMap;

/// As many as a transaction may have.
const MOST: usize = 1_000;
/// The bytes of a table, and of each of its batches, once it is changed again.
const TABLE: usize = 256;
const BATCH: usize = 64;

type Changes = BTreeMap<String, TableChange>;

/// The savepoints of a transaction, the oldest first.
#[derive(Default)]
pub(super) struct Savepoints(Vec<Savepoint>);

struct Savepoint {
    name: String,
    /// No other one may have its name while it stands.
    unique: bool,
    changes: Changes,
    _lease: Option<Lease>,
}

impl Savepoints {
    /// Sets one; another of the same name is gone. -881 where one of them is unique, -707 for a name that Db2 keeps.
    pub(super) fn set(
        &mut self,
        name: String,
        unique: bool,
        changes: &Changes,
        budget: Option<&Budget>,
    ) -> Result<(), SqlError> {
        if name.starts_with("SYS") {
            return Err(SqlError::new(-707, "42939", &[&name]));
        }
        if self.0.iter().any(|other| other.name == name && (unique || other.unique)) {
            return Err(SqlError::new(-881, "3B501", &[&name]));
        }
        self.0.retain(|other| other.name != name);
        if self.0.len() >= MOST {
            return Err(SqlError::new(-101, "54001", &[]));
        }
        let batches = |change: &TableChange| change.after.as_ref().map_or(0, |table| table.batches.len());
        let bytes = changes.values().map(|change| TABLE + BATCH * batches(change)).sum();
        let lease = budget.map(|budget| budget.lease(bytes)).transpose()?;
        self.0.push(Savepoint { name, unique, changes: changes.clone(), _lease: lease });
        Ok(())
    }

    /// The changes made before it was set, or before the last one without a name. It stays, later ones are gone.
    pub(super) fn back_to(&mut self, name: Option<&str>) -> Result<Changes, SqlError> {
        let at = match name {
            Some(name) => self.find(name)?,
            None => self.0.len().checked_sub(1).ok_or_else(|| missing(""))?,
        };
        self.0.truncate(at + 1);
        self.0.last().map(|savepoint| savepoint.changes.clone()).ok_or_else(|| missing(""))
    }

    /// Lets it go, and later ones with it.
    pub(super) fn release(&mut self, name: &str) -> Result<(), SqlError> {
        let at = self.find(name)?;
        self.0.truncate(at);
        Ok(())
    }

    /// All of them end with the transaction.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn find(&self, name: &str) -> Result<usize, SqlError> {
        self.0.iter().position(|other| other.name == name).ok_or_else(|| missing(name))
    }
}

/// -880: there is no such savepoint.
fn missing(name: &str) -> SqlError {
    SqlError::new(-880, "3B001", &[name])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(name: &str) -> Changes {
        BTreeMap::from([(name.to_owned(), TableChange { before: None, after: None })])
    }

    #[test]
    fn going_back_keeps_the_savepoint_and_forgets_later_ones() {
        let mut savepoints = Savepoints::default();
        savepoints.set("A".to_owned(), false, &changes("1"), None).unwrap();
        savepoints.set("B".to_owned(), false, &changes("2"), None).unwrap();
        assert_eq!(savepoints.back_to(None).unwrap().keys().next().unwrap(), "2");
        for _ in 0..2 {
            assert_eq!(savepoints.back_to(Some("A")).unwrap().keys().next().unwrap(), "1");
        }
        assert_eq!(savepoints.release("B").unwrap_err().sqlcode, -880);
        savepoints.release("A").unwrap();
        assert_eq!(savepoints.back_to(None).unwrap_err().sqlstate, "3B001");
        for n in 0..MOST {
            savepoints.set(format!("S{n}"), false, &Changes::new(), None).unwrap();
        }
        assert_eq!(savepoints.set("ONE MORE".to_owned(), false, &Changes::new(), None).unwrap_err().sqlcode, -101);
        savepoints.set("S0".to_owned(), false, &changes("3"), None).unwrap();
    }

    #[test]
    fn a_unique_savepoint_keeps_its_name_and_system_names_are_refused() {
        let mut savepoints = Savepoints::default();
        savepoints.set("A".to_owned(), true, &Changes::new(), None).unwrap();
        savepoints.set("B".to_owned(), false, &Changes::new(), None).unwrap();
        for (name, unique, sqlcode) in [("A", false, -881), ("B", true, -881), ("SYSX", false, -707)] {
            assert_eq!(savepoints.set(name.to_owned(), unique, &Changes::new(), None).unwrap_err().sqlcode, sqlcode);
        }
        savepoints.release("A").unwrap();
        savepoints.set("A".to_owned(), false, &Changes::new(), None).unwrap();
    }
}
