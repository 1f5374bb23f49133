//! Rows that go into a table: all of them or none, or each for itself.

use super::Table;
use super::key_index::{KeyIndex, NewKeys};
use super::plan::Operand;
use super::stop::Stop;
use super::value::rows;
use crate::server::backend::{Done, Parameters};
use crate::server::budget::{Lease, cost};
use crate::server::error::SqlError;
use arrow_array::RecordBatch;
use std::sync::{Arc, OnceLock};

/// The outcome of rows, one by one.
pub(super) type Each = Vec<Result<Done, SqlError>>;

/// An INSERT at work.
pub(super) struct Insert<'a> {
    /// The name of the table, what goes into its columns.
    pub(super) name: &'a str,
    pub(super) values: &'a [Operand],
    pub(super) parameters: &'a Parameters,
    pub(super) stop: &'a Stop,
    /// Each row came alone: it is the first one of its statement.
    pub(super) alone: bool,
    /// For rows that are not committed.
    pub(super) lease: Option<&'a mut Lease>,
}

impl Insert<'_> {
    fn rows(&self, table: &Table, of: &[usize]) -> Result<RecordBatch, SqlError> {
        rows(&table.schema, self.values, self.parameters, of, self.stop)
    }

    /// One row, whatever is wrong with others.
    fn row(&self, table: &Table, row: usize) -> Result<RecordBatch, SqlError> {
        if self.alone {
            rows(&table.schema, self.values, &self.parameters.row(row), &[0], self.stop)
        } else {
            self.rows(table, &[row])
        }
    }

    /// Puts the rows, and their keys, where there is memory for them.
    fn put(&mut self, table: &mut Table, batch: RecordBatch, keys: Option<NewKeys>) -> Result<(), SqlError> {
        let bytes = cost(&batch) + keys.as_ref().map_or(0, NewKeys::bytes);
        self.lease.as_mut().map_or(Ok(()), |lease| lease.grow(bytes))?;
        table.batches.push(batch);
        if let Some(keys) = keys {
            let mut index = match Arc::get_mut(&mut table.keys) {
                Some(own) => own.take(),
                None => table.keys.get().cloned(),
            };
            let index = index.get_or_insert_default();
            index.add(keys);
            table.keys = Arc::new(OnceLock::from(std::mem::take(index)));
        }
        Ok(())
    }
}

impl Table {
    /// Adds the rows that an INSERT makes of its parameters, or none; how many they are.
    pub(super) fn insert(&mut self, mut insert: Insert<'_>) -> Result<u64, SqlError> {
        let all: Vec<usize> = (0..insert.parameters.rows).collect();
        let batch = insert.rows(self, &all)?;
        let mut keys = self.keys(insert.stop, insert.lease.as_deref_mut())?;
        if let Some(keys) = &mut keys {
            keys.add(&batch, insert.name)?;
        }
        let count = batch.num_rows() as u64;
        insert.put(self, batch, keys)?;
        Ok(count)
    }

    /// Adds those of the rows that can be added; what became of each.
    pub(super) fn insert_each(&mut self, mut insert: Insert<'_>) -> Result<Each, SqlError> {
        let mut keys = self.keys(insert.stop, insert.lease.as_deref_mut())?;
        let all: Vec<usize> = (0..insert.parameters.rows).collect();
        let whole = insert.rows(self, &all);
        let mut added = Vec::new();
        match (&whole, &mut keys) {
            (Ok(_), None) => added.resize(all.len(), Ok(())),
            (Ok(batch), Some(keys)) => keys.add_each(batch, insert.name, &mut added)?,
            (Err(_), keys) => {
                for row in all.iter().copied() {
                    insert.stop.row(row)?;
                    let made = insert.row(self, row);
                    let add = |batch| keys.as_mut().map_or(Ok(()), |keys| keys.add(&batch, insert.name));
                    added.push(made.and_then(add));
                }
            }
        }
        let good: Vec<usize> = all.iter().copied().filter(|row| added.get(*row).is_some_and(Result::is_ok)).collect();
        let done = |()| Done { count: Some(1), warning: None };
        let each = added.into_iter().map(|row| row.map(done)).collect();
        match whole {
            Ok(batch) if good.len() == all.len() => insert.put(self, batch, keys)?,
            _ if good.is_empty() => {}
            _ => {
                let batch = insert.rows(self, &good)?;
                insert.put(self, batch, keys)?;
            }
        }
        Ok(each)
    }

    /// For the values of the key that rows bring; `None` without a key. lease: for those that the table has, where they
    /// are not known yet.
    fn keys(&self, stop: &Stop, mut lease: Option<&mut Lease>) -> Result<Option<NewKeys>, SqlError> {
        let Some(key) = self.key else { return Ok(None) };
        if self.keys.get().is_none() {
            let mut keys = NewKeys::new(&KeyIndex::default(), &self.schema, key, stop)?;
            for batch in self.batches.iter() {
                let before = keys.bytes();
                keys.add(batch, "")?;
                lease.as_mut().map_or(Ok(()), |lease| lease.grow(keys.bytes() - before))?;
            }
            let mut index = KeyIndex::default();
            index.add(keys);
            // Somebody else may have been faster.
            let _ = self.keys.set(index);
        }
        let index = self.keys.get().cloned().unwrap_or_default();
        NewKeys::new(&index, &self.schema, key, stop).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::budget::ServerBudget;
    use arrow_array::{ArrayRef, Int32Array};

    #[test]
    fn the_keys_that_a_table_has_are_counted_once() {
        let values: ArrayRef = Arc::new(Int32Array::from_iter_values(0..100));
        let batch = RecordBatch::try_from_iter([("A", values)]).unwrap();
        let table = || {
            let mut table = Table::empty(batch.schema(), Some(0));
            table.batches.push(batch.clone());
            table
        };
        let lease = |bytes: usize| ServerBudget::new(1 << 20, bytes).connection().empty();
        let full = table().keys(&Stop::default(), Some(&mut lease(1000))).err().unwrap();
        assert_eq!(full.sqlcode, -289);
        let (table, mut lease) = (table(), lease(1 << 20));
        table.keys(&Stop::default(), Some(&mut lease)).unwrap();
        let bytes = lease.bytes();
        assert!(bytes >= 100 * 64, "{bytes}");
        table.keys(&Stop::default(), Some(&mut lease)).unwrap();
        assert_eq!(lease.bytes(), bytes);
    }
}
