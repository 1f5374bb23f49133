//! The values that the key of a table has: kept from statement to statement, and shared by the versions of the table.

use super::blanks;
use super::stop::Stop;
use super::value::TYPES;
use crate::column::encode::ColumnEncoder;
use crate::server::error::SqlError;
use crate::server::sql::describe;
use crate::wire::codec::writer::Writer;
use crate::wire::value::field::Field;
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use std::collections::HashSet;
use std::sync::Arc;

/// Bytes of a value beside its own.
const VALUE: usize = 64;

/// Values as they are written for the wire.
type Layer = HashSet<Arc<[u8]>>;

/// The values, in layers each of which is at least twice as large as the next: another version of the table has most of
/// them as well.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyIndex(Vec<Arc<Layer>>);

impl KeyIndex {
    fn contains(&self, value: &[u8]) -> bool {
        self.0.iter().any(|layer| layer.contains(value))
    }

    /// Takes over values that it has not.
    pub(super) fn add(&mut self, values: NewKeys) {
        let NewKeys { index, new, .. } = values;
        drop(index);
        let mut last = new;
        while let Some(before) = self.0.pop_if(|before| before.len() < 2 * last.len()) {
            let before = Arc::unwrap_or_clone(before);
            let (mut larger, smaller) = if before.len() > last.len() { (before, last) } else { (last, before) };
            larger.extend(smaller);
            last = larger;
        }
        self.0.push(Arc::new(last));
    }
}

/// Values that are about to come to those of an index.
pub(super) struct NewKeys {
    index: KeyIndex,
    column: usize,
    field: Field,
    new: Layer,
    bytes: usize,
    stop: Stop,
}

impl NewKeys {
    /// None yet. `column` is the key.
    pub(super) fn new(index: &KeyIndex, schema: &Schema, column: usize, stop: &Stop) -> Result<NewKeys, SqlError> {
        let field = Field { nullable: true, ..describe::field(schema.field(column), column, &TYPES)? };
        Ok(NewKeys { index: index.clone(), column, field, new: Layer::new(), bytes: 0, stop: stop.clone() })
    }

    /// The memory that they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds those of a batch's rows; -803 at the first that is there already.
    pub(super) fn add(&mut self, batch: &RecordBatch, table: &str) -> Result<(), SqlError> {
        let mut each = Vec::new();
        self.add_each(batch, table, &mut each)?;
        each.into_iter().collect()
    }

    /// Adds those of a batch's rows that are not there already; -803 for each of the others.
    pub(super) fn add_each(
        &mut self,
        batch: &RecordBatch,
        table: &str,
        each: &mut Vec<Result<(), SqlError>>,
    ) -> Result<(), SqlError> {
        let encoder = ColumnEncoder::new(&self.field, self.column).map_err(|e| SqlError::from(&e))?;
        let mut w = Writer::new();
        for row in 0..batch.num_rows() {
            self.stop.row(row)?;
            w.vec_mut().clear();
            encoder.encode(batch.column(self.column).as_ref(), row, &mut w).map_err(|e| SqlError::from(&e))?;
            let value = blanks::key(&self.field, w.as_slice());
            if self.index.contains(value) || !self.new.insert(value.into()) {
                each.push(Err(SqlError::new(-803, "23505", &["1", table])));
            } else {
                self.bytes += VALUE + value.len();
                each.push(Ok(()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Int32Array};

    fn batch(values: impl IntoIterator<Item = i32>) -> RecordBatch {
        let values: ArrayRef = Arc::new(Int32Array::from_iter_values(values));
        RecordBatch::try_from_iter([("A", values)]).unwrap()
    }

    #[test]
    fn versions_of_a_table_share_the_values_that_both_have() {
        let schema = batch([]).schema();
        let keys = |index: &KeyIndex| NewKeys::new(index, &schema, 0, &Stop::default()).unwrap();
        let mut index = KeyIndex::default();
        let mut versions = Vec::new();
        for n in 0..500 {
            let mut new = keys(&index);
            new.add(&batch([n, -n - 1]), "T").unwrap();
            versions.push(index.clone());
            index.add(new);
            assert!(index.0.len() < 12, "{}", index.0.len());
        }
        for (n, version) in versions.iter().chain([&index]).enumerate() {
            let has = |value| keys(version).add(&batch([value]), "T").is_err();
            let n = n as i32;
            assert!((0..n).all(|value| has(value) && has(-value - 1)) && !has(n) && !has(-n - 1), "{n}");
        }
        let mut new = keys(&index);
        assert_eq!(new.add(&batch([1000, 1001, 1000]), "T").unwrap_err().sqlcode, -803);
        let mut new = keys(&index);
        let mut each = Vec::new();
        new.add_each(&batch([1000, 7, 1001, 1000]), "T", &mut each).unwrap();
        assert_eq!(each.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, false]);
        assert!(new.bytes() > 2 * VALUE);
    }
}
