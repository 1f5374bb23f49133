//! The engine itself: named tables in one database, which sessions share.

use super::held_tables::HeldTables;
use super::session::MemorySession;
use super::{Table, Tables};
use crate::server::backend::{Backend, ConnectError, Login, Session};
use std::sync::{Arc, Mutex, PoisonError};

/// The engine: named tables in one database.
#[derive(Debug, Clone, Default)]
pub struct MemoryTables {
    database: Option<String>,
    tables: Arc<Mutex<Tables>>,
    held: HeldTables,
}

impl MemoryTables {
    /// Without a table yet; the database is whatever a client calls it.
    pub fn new() -> MemoryTables {
        MemoryTables::default()
    }

    /// Without a table yet, in a database of this name: there is no other.
    pub fn named(database: &str) -> MemoryTables {
        MemoryTables { database: Some(database.to_owned()), ..MemoryTables::default() }
    }

    /// Adds a table or replaces it.
    pub fn put(&self, name: &str, table: Table) {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), Arc::new(table));
    }

    pub(super) fn session(&self, user: &str) -> MemorySession {
        MemorySession::new(user, self.tables.clone(), self.held.clone())
    }
}

impl Backend for MemoryTables {
    fn connect(&self, login: &Login) -> Result<Box<dyn Session>, ConnectError> {
        let asked = login.database.trim();
        if self.database.as_ref().is_some_and(|name| !name.eq_ignore_ascii_case(asked)) {
            return Err(ConnectError::NoDatabase);
        }
        let mut session = self.session(&login.user);
        asked.clone_into(&mut session.database);
        Ok(Box::new(session))
    }
}
