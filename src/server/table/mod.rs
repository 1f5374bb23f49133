//! A small engine in memory: Arrow tables that can be read, filtered by their columns, filled and emptied, with
//! transactions. Enough to test a client or a pipeline against; SQL beyond that is another backend's.

mod batches;
mod blanks;
mod clauses;
mod columns;
mod current_schema;
mod held_tables;
mod insert;
mod key_index;
mod memory_tables;
mod objects;
mod plan;
mod savepoint;
mod scan;
mod session;
mod sql;
mod stop;
mod table_change;
mod token;
mod transaction;
mod types;
mod value;

use super::backend::Parameters;
use super::budget::{Lease, around};
use super::error::SqlError;
use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use batches::Batches;
use key_index::KeyIndex;
use plan::Filter;
use scan::Match;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use stop::Stop;

pub use memory_tables::MemoryTables;

/// Tables by their names.
type Tables = BTreeMap<String, Arc<Table>>;

/// A table: batches of one schema.
#[derive(Debug, Clone)]
pub struct Table {
    schema: SchemaRef,
    batches: Batches,
    /// The column whose values differ from row to row.
    key: Option<usize>,
    /// Its values, once they were needed; versions of the table with the same rows share them.
    keys: Arc<OnceLock<KeyIndex>>,
}

impl Table {
    /// Of these batches; `None` when one has other columns.
    pub fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Option<Table> {
        let types = |s: &Schema| s.fields().iter().map(|f| f.data_type().clone()).collect::<Vec<_>>();
        let same = batches.iter().all(|b| types(&b.schema()) == types(&schema));
        same.then(|| Table { batches: batches.into(), ..Table::empty(schema, None) })
    }

    /// Without rows.
    fn empty(schema: SchemaRef, key: Option<usize>) -> Table {
        Table { schema, batches: Batches::default(), key, keys: Arc::default() }
    }

    /// Takes out the rows of a filter; how many they are.
    fn delete(
        &mut self,
        filter: Option<&Filter>,
        parameters: &Parameters,
        stop: &Stop,
        lease: Option<&mut Lease>,
    ) -> Result<u64, SqlError> {
        let filter = Match::of(filter.map(std::slice::from_ref).unwrap_or_default(), self, parameters, stop)?;
        let (mut kept, mut count) = (Vec::new(), 0);
        for batch in self.batches.iter() {
            for (start, rows, hit) in filter.runs(batch)? {
                if hit {
                    count += rows as u64;
                } else {
                    kept.push(batch.slice(start, rows));
                }
            }
        }
        // What is left lies in more pieces than before.
        let more = kept.len().saturating_sub(self.batches.len());
        if let (Some(lease), Some(first)) = (lease, kept.first()) {
            lease.grow(more * around(first))?;
        }
        self.batches = kept.into();
        if count > 0 {
            self.keys = Arc::default();
        }
        Ok(count)
    }

    /// Rows in all.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}
