//! The journals of a server, and what SQL sees of them.

use super::columns::schema;
use super::journal::{Journal, JournalMemory};
use super::views;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The name of a library's journal, as schemas of SQL have it.
const NAME: &str = "QSQJRN";
/// The table function, by its full name.
pub(in crate::server) const FUNCTION: &str = "QSYS2.DISPLAY_JOURNAL";

/// The journals, by their libraries. Copies share them.
#[derive(Debug, Clone)]
pub(in crate::server) struct Journals(Arc<JournalsInner>);

#[derive(Debug)]
struct JournalsInner {
    all: Mutex<BTreeMap<String, Arc<Journal>>>,
    memory: Arc<JournalMemory>,
}

impl Journals {
    /// None yet; their entries take so many bytes at most.
    pub(in crate::server) fn new(bytes: usize) -> Journals {
        Journals(Arc::new(JournalsInner { all: Mutex::default(), memory: Arc::new(JournalMemory::new(bytes)) }))
    }

    /// The journal of a library, which is made where there is none.
    pub(in crate::server) fn of(&self, library: &str) -> Arc<Journal> {
        let mut all = self.0.all.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || Journal::new(library, NAME, self.0.memory.clone());
        all.entry(library.to_owned()).or_insert_with(made).clone()
    }

    /// The journal of a library, where there is one.
    pub(in crate::server) fn find(&self, library: &str) -> Option<Arc<Journal>> {
        self.0.all.lock().unwrap_or_else(PoisonError::into_inner).get(library).cloned()
    }

    /// A library is gone, and its journal with it.
    pub(in crate::server) fn forget(&self, library: &str) {
        self.0.all.lock().unwrap_or_else(PoisonError::into_inner).remove(library);
    }

    /// The names of the function and the views by which SQL sees them.
    pub(in crate::server) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(FUNCTION).chain(views::NAMES)
    }

    /// The columns of the function or a view; none where there is none of the name.
    pub(in crate::server) fn schema(&self, name: &str) -> Option<SchemaRef> {
        if name == FUNCTION { Some(schema()) } else { views::schema(name) }
    }

    /// Whether the rows of the function are in the order of their numbers, journal by journal.
    pub(in crate::server) fn in_order(&self) -> bool {
        self.0.all.lock().unwrap_or_else(PoisonError::into_inner).values().all(|journal| journal.is_in_order())
    }

    /// The rows of the function, as if everything had been asked for, or of a view.
    pub(in crate::server) fn rows(&self, name: &str) -> Option<Vec<RecordBatch>> {
        let all: Vec<Arc<Journal>> =
            self.0.all.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        match name {
            FUNCTION => Some(all.iter().flat_map(|journal| journal.entries()).collect()),
            _ => views::rows(name, &all).map(|batch| vec![batch]),
        }
    }
}
