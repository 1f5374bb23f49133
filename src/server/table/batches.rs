//! The rows of a table, in batches. Small ones at the end are put together as rows are added, so that there are few of
//! them however the rows came, and a row is copied a few times at most.

use crate::server::budget::cost;
use arrow_array::{Array, ArrayRef, RecordBatch, make_array};
use arrow_data::transform::MutableArrayData;
use std::ops::Deref;

/// So many batches of about one size become one.
const TOGETHER: usize = 8;
/// Rows and bytes of a batch to which no other is added.
const ROWS: usize = 8192;
const BYTES: usize = 1 << 20;

/// Batches of one schema.
#[derive(Debug, Clone, Default)]
pub(super) struct Batches(Vec<RecordBatch>);

impl Deref for Batches {
    type Target = [RecordBatch];

    fn deref(&self) -> &[RecordBatch] {
        &self.0
    }
}

impl From<Vec<RecordBatch>> for Batches {
    fn from(batches: Vec<RecordBatch>) -> Batches {
        Batches(batches)
    }
}

impl Batches {
    /// Adds one at the end.
    pub(super) fn push(&mut self, batch: RecordBatch) {
        self.0.push(batch);
        while let Some(merged) = self.last_together() {
            self.0.truncate(self.0.len() - TOGETHER);
            self.0.push(merged);
        }
    }

    /// The last ones as one, where they are to be.
    fn last_together(&self) -> Option<RecordBatch> {
        let class = size(self.0.last()?)?;
        let alike = self.0.iter().rev().take_while(|batch| size(batch) == Some(class)).count();
        if alike == 0 || alike % TOGETHER != 0 {
            return None;
        }
        let last = self.0.get(self.0.len() - TOGETHER..)?;
        let small = last.iter().map(cost).sum::<usize>() <= BYTES;
        if small { together(last) } else { None }
    }
}

/// The class of sizes that a batch is in; none for one that stays as it is.
fn size(batch: &RecordBatch) -> Option<u32> {
    let rows = batch.num_rows();
    (rows < ROWS).then(|| rows.max(1).ilog(TOGETHER))
}

/// Batches as one, with the schema of the last.
fn together(batches: &[RecordBatch]) -> Option<RecordBatch> {
    let schema = batches.last()?.schema();
    let column = |n: usize| -> Option<ArrayRef> {
        let data: Vec<_> = batches.iter().map(|batch| batch.column(n).to_data()).collect();
        let rows = data.iter().map(|part| part.len()).sum();
        let mut all = MutableArrayData::new(data.iter().collect(), false, rows);
        for (part, of) in data.iter().enumerate() {
            all.try_extend(part, 0, of.len()).ok()?;
        }
        Some(make_array(all.freeze()))
    };
    let columns = (0..schema.fields().len()).map(column).collect::<Option<_>>()?;
    RecordBatch::try_new(schema, columns).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringArray;
    use arrow_array::cast::AsArray;
    use std::sync::Arc;

    fn batch(from: usize, rows: usize, length: usize) -> RecordBatch {
        let text = |n: usize| (!n.is_multiple_of(5)).then(|| format!("{n}{}", "x".repeat(length)));
        let texts: StringArray = (from..from + rows).map(text).collect();
        RecordBatch::try_from_iter_with_nullable([("A", Arc::new(texts) as ArrayRef, true)]).unwrap()
    }

    #[test]
    fn there_are_few_batches_with_the_same_rows_however_they_came() {
        for (sizes, length) in
            [(vec![1], 1), (vec![1, 2, 300], 5), (vec![256], 20), (vec![9000, 3], 1), (vec![7], 3000)]
        {
            let (mut batches, mut rows) = (Batches::default(), 0);
            for n in sizes.iter().cycle().take(20_000 / sizes.iter().sum::<usize>() * sizes.len()) {
                // A part of a longer one, which is not to be taken for all of it.
                batches.push(batch(rows, n + 2, length).slice(0, *n));
                rows += n;
            }
            let got = batches.iter().flat_map(|b| b.column(0).as_string::<i32>().iter()).collect::<StringArray>();
            assert_eq!(&got, batch(0, rows, length).column(0).as_string::<i32>(), "{sizes:?}");
            let most = 40 + rows / ROWS + rows * (length + 8) * 4 / BYTES;
            assert!(batches.len() <= most, "{sizes:?}: {} batches of {rows} rows", batches.len());
            assert!(batches.iter().all(|batch| cost(batch) <= BYTES));
        }
    }

    #[test]
    fn long_values_are_not_copied() {
        let mut batches = Batches::default();
        for n in 0..32 {
            batches.push(batch(n, 1, BYTES / 2));
        }
        assert_eq!(batches.len(), 32);
    }
}
