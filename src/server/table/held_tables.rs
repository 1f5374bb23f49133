//! Tables that a prepared transaction has changed: until it ends nobody else commits changes of them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The names of the tables that are held.
#[derive(Debug, Clone, Default)]
pub(super) struct HeldTables(Arc<Mutex<BTreeSet<String>>>);

/// Tables that one transaction holds, until it is dropped.
pub(super) struct Hold {
    names: Vec<String>,
    all: HeldTables,
}

impl HeldTables {
    /// True where one of these is held.
    pub(super) fn has<'a>(&self, mut names: impl Iterator<Item = &'a String>) -> bool {
        let held = self.names();
        names.any(|name| held.contains(name))
    }

    /// Holds tables that nobody does.
    pub(super) fn hold<'a>(&self, names: impl Iterator<Item = &'a String>) -> Hold {
        let names: Vec<String> = names.cloned().collect();
        self.names().extend(names.iter().cloned());
        Hold { names, all: self.clone() }
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.all.names();
        for name in &self.names {
            held.remove(name);
        }
    }
}
