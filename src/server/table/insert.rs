//! Rows that go into a table: all of them or none, or each for itself.

use super::Table;
use super::sql::Operand;
use super::stop::Stop;
use super::value::{KeyValues, rows};
use crate::server::backend::{Done, Parameters};
use crate::server::budget::{Lease, cost};
use crate::server::error::SqlError;
use arrow_array::RecordBatch;

/// The outcome of rows, one by one.
pub(super) type Each = Vec<Result<Done, SqlError>>;

/// An INSERT at work.
pub(super) struct Insert<'a> {
    /// The name of the table, what goes into its columns.
    pub(super) name: &'a str,
    pub(super) values: &'a [Operand],
    pub(super) parameters: &'a Parameters,
    pub(super) stop: &'a Stop,
    /// For rows that are not committed.
    pub(super) lease: Option<&'a mut Lease>,
}

impl Insert<'_> {
    fn rows(&self, table: &Table, of: &[usize]) -> Result<RecordBatch, SqlError> {
        rows(&table.schema, self.values, self.parameters, of, self.stop)
    }

    /// Puts the rows where there is memory for them.
    fn put(&mut self, table: &mut Table, batch: RecordBatch) -> Result<(), SqlError> {
        self.lease.as_mut().map_or(Ok(()), |lease| lease.grow(cost(&batch)))?;
        table.batches.push(batch);
        Ok(())
    }
}

impl Table {
    /// Adds the rows that an INSERT makes of its parameters, or none; how many they are.
    pub(super) fn insert(&mut self, mut insert: Insert<'_>) -> Result<u64, SqlError> {
        let all: Vec<usize> = (0..insert.parameters.rows).collect();
        let batch = insert.rows(self, &all)?;
        if let Some(mut keys) = self.keys(insert.stop)? {
            keys.add(&batch, 0, usize::MAX, insert.name)?;
        }
        let count = batch.num_rows() as u64;
        insert.put(self, batch)?;
        Ok(count)
    }

    /// Adds those of the rows that can be added; what became of each.
    pub(super) fn insert_each(&mut self, mut insert: Insert<'_>) -> Result<Each, SqlError> {
        let mut keys = self.keys(insert.stop)?;
        let all: Vec<usize> = (0..insert.parameters.rows).collect();
        let whole = insert.rows(self, &all);
        let (mut good, mut each) = (Vec::new(), Each::with_capacity(all.len()));
        for row in all.iter().copied() {
            insert.stop.row(row)?;
            let made = match &whole {
                Ok(batch) => Ok((batch.clone(), row)),
                Err(_) => insert.rows(self, &[row]).map(|batch| (batch, 0)),
            };
            let added =
                made.and_then(|(batch, at)| keys.as_mut().map_or(Ok(()), |keys| keys.add(&batch, at, 1, insert.name)));
            each.push(added.map(|()| {
                good.push(row);
                Done { count: Some(1), warning: None }
            }));
        }
        match whole {
            Ok(batch) if good.len() == all.len() => insert.put(self, batch)?,
            _ if good.is_empty() => {}
            _ => {
                let batch = insert.rows(self, &good)?;
                insert.put(self, batch)?;
            }
        }
        Ok(each)
    }

    /// The values that the key has; `None` without a key.
    fn keys(&self, stop: &Stop) -> Result<Option<KeyValues>, SqlError> {
        let Some(key) = self.key else { return Ok(None) };
        let mut keys = KeyValues::new(&self.schema, key, stop)?;
        for batch in &self.batches {
            keys.add(batch, 0, usize::MAX, "")?;
        }
        Ok(Some(keys))
    }
}
