//! A transaction over tables that others use as well: what it sees, what it has changed, and what becomes of that.

use super::held_tables::{HeldTables, Hold};
use super::savepoint::Savepoints;
use super::table_change::TableChange;
use super::{Table, Tables};
use crate::server::budget::{Budget, Lease};
use crate::server::error::SqlError;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The transaction of a session; another one begins where it ends.
pub(super) struct Transaction {
    committed: Arc<Mutex<Tables>>,
    changed: BTreeMap<String, TableChange>,
    held: HeldTables,
    /// The tables that are changed, once the transaction is prepared.
    hold: Option<Hold>,
    savepoints: Savepoints,
    budget: Option<Budget>,
    /// For changes that are not committed.
    pub(super) pending: Option<Lease>,
}

impl Transaction {
    /// Over the tables that are committed.
    pub(super) fn new(committed: Arc<Mutex<Tables>>, held: HeldTables) -> Transaction {
        Transaction {
            committed,
            changed: BTreeMap::new(),
            held,
            hold: None,
            savepoints: Savepoints::default(),
            budget: None,
            pending: None,
        }
    }

    /// The memory that its changes may take.
    pub(super) fn bound(&mut self, budget: &Budget) {
        self.budget = Some(budget.clone());
        self.pending = Some(budget.empty());
    }

    /// A table as it sees it, with its full name.
    pub(super) fn table(&self, name: &str) -> Result<(String, Arc<Table>), SqlError> {
        let tables = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = |name: &str| match self.changed.get(name) {
            Some(change) => change.after.as_ref(),
            None => tables.get(name),
        };
        // One of just this name goes before those that differ in case.
        let others = self.changed.keys().chain(tables.keys()).filter(|other| other.eq_ignore_ascii_case(name));
        let named = std::iter::once(name).chain(others.map(String::as_str));
        let mut found = named.filter_map(|name| seen(name).map(|table| (name.to_owned(), table.clone())));
        found.next().ok_or_else(|| SqlError::no_table(name))
    }

    /// The tables that it sees.
    pub(super) fn tables(&self) -> Tables {
        let mut seen = self.committed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (name, change) in &self.changed {
            match &change.after {
                Some(table) => seen.insert(name.clone(), table.clone()),
                None => seen.remove(name),
            };
        }
        seen
    }

    /// Changes a table where it is, once it is this transaction's own. What fails changes nothing.
    pub(super) fn alter<T>(
        &mut self,
        name: &str,
        change: impl FnOnce(&str, &mut Table) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let (name, table) = self.table(name)?;
        if !self.changed.contains_key(&name) {
            let mut own = Table::clone(&table);
            let done = change(&name, &mut own)?;
            self.change(name, Some(table), Some(own));
            return Ok(done);
        }
        drop(table);
        let own = self.changed.get_mut(&name).and_then(|change| change.after.as_mut());
        change(&name, Arc::make_mut(own.ok_or_else(|| SqlError::no_table(&name))?))
    }

    /// Notes how a statement leaves a table that it has seen as `before`: what others commit meanwhile is a conflict.
    pub(super) fn change(&mut self, name: String, before: Option<Arc<Table>>, after: Option<Table>) {
        let change = self.changed.entry(name).or_insert(TableChange { before, after: None });
        change.after = after.map(Arc::new);
    }

    /// Sets a savepoint; one that is unique keeps its name to itself.
    pub(super) fn set_savepoint(&mut self, name: String, unique: bool) -> Result<(), SqlError> {
        self.savepoints.set(name, unique, &self.changed, self.budget.as_ref())
    }

    /// Undoes what was changed after a savepoint, or after the last one without a name.
    pub(super) fn back_to(&mut self, name: Option<&str>) -> Result<(), SqlError> {
        self.changed = self.savepoints.back_to(name)?;
        Ok(())
    }

    /// Lets a savepoint go.
    pub(super) fn release(&mut self, name: &str) -> Result<(), SqlError> {
        self.savepoints.release(name)
    }

    /// From now on no other commits a change of these tables. An error has rolled it back.
    pub(super) fn prepare_to_commit(&mut self) -> Result<(), SqlError> {
        let tables = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        if self.hold.is_none() && self.conflicts(&tables) {
            drop(tables);
            self.rollback();
            return Err(SqlError::conflict());
        }
        if self.hold.is_none() {
            self.hold = Some(self.held.hold(self.changed.keys()));
        }
        Ok(())
    }

    /// Something is changed.
    pub(super) fn has_changes(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Makes the changes last.
    pub(super) fn commit(&mut self) -> Result<(), SqlError> {
        let committed = self.committed.clone();
        let mut tables = committed.lock().unwrap_or_else(PoisonError::into_inner);
        let conflicts = self.hold.take().is_none() && self.conflicts(&tables);
        let changed = std::mem::take(&mut self.changed);
        self.ended();
        if conflicts {
            return Err(SqlError::conflict());
        }
        for (name, change) in changed {
            match change.after {
                Some(table) => tables.insert(name, table),
                None => tables.remove(&name),
            };
        }
        Ok(())
    }

    /// Undoes the changes.
    pub(super) fn rollback(&mut self) {
        self.changed.clear();
        self.hold = None;
        self.ended();
    }

    /// True where others have committed, or are to commit, a change of a table that this transaction has changed.
    fn conflicts(&self, tables: &Tables) -> bool {
        let untouched = |(name, change): (&String, &TableChange)| match (tables.get(name), &change.before) {
            (Some(now), Some(before)) => Arc::ptr_eq(now, before),
            (None, None) => true,
            _ => false,
        };
        !self.changed.iter().all(untouched) || self.held.has(self.changed.keys())
    }

    /// Nothing is pending any more.
    fn ended(&mut self) {
        self.savepoints.clear();
        self.pending = self.budget.as_ref().map(Budget::empty);
    }
}
