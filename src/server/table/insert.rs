//! Rows that go into a table: all of them or none, or each for itself.

use super::Table;
use super::sql::Operand;
use super::value::{Keys, rows};
use crate::server::backend::{Done, Parameters};
use crate::server::error::SqlError;

/// What became of rows, one by one.
pub(super) type Each = Vec<Result<Done, SqlError>>;

impl Table {
    /// Adds the rows that an INSERT makes of these parameters, or none; how many they are.
    pub(super) fn insert(&mut self, name: &str, values: &[Operand], parameters: &Parameters) -> Result<u64, SqlError> {
        let all: Vec<usize> = (0..parameters.rows).collect();
        let batch = rows(&self.schema, values, parameters, &all)?;
        if let Some(mut keys) = self.keys()? {
            keys.add(&batch, 0, usize::MAX, name)?;
        }
        let count = batch.num_rows() as u64;
        self.batches.push(batch);
        Ok(count)
    }

    /// Adds those of the rows that can be added; what became of each.
    pub(super) fn insert_each(
        &mut self,
        name: &str,
        values: &[Operand],
        parameters: &Parameters,
    ) -> Result<Each, SqlError> {
        let mut keys = self.keys()?;
        let all: Vec<usize> = (0..parameters.rows).collect();
        let whole = rows(&self.schema, values, parameters, &all);
        let (mut good, mut each) = (Vec::new(), Each::with_capacity(parameters.rows));
        for row in 0..parameters.rows {
            let made = match &whole {
                Ok(batch) => Ok((batch.clone(), row)),
                Err(_) => rows(&self.schema, values, parameters, &[row]).map(|batch| (batch, 0)),
            };
            let added = made.and_then(|(batch, at)| keys.as_mut().map_or(Ok(()), |keys| keys.add(&batch, at, 1, name)));
            each.push(added.map(|()| {
                good.push(row);
                Done { count: Some(1), warning: None }
            }));
        }
        match whole {
            Ok(batch) if good.len() == all.len() => self.batches.push(batch),
            _ if good.is_empty() => {}
            _ => self.batches.push(rows(&self.schema, values, parameters, &good)?),
        }
        Ok(each)
    }

    /// The values that the key has; `None` without a key.
    fn keys(&self) -> Result<Option<Keys>, SqlError> {
        let Some(key) = self.key else { return Ok(None) };
        let mut keys = Keys::new(&self.schema, key)?;
        for batch in &self.batches {
            keys.add(batch, 0, usize::MAX, "")?;
        }
        Ok(Some(keys))
    }
}
