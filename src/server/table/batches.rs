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

/// So many of whatever sizes become one as well.
const MANY: usize = 2 * TOGETHER * TOGETHER;

/// Batches of one schema.
#[derive(Debug, Clone, Default)]
pub(super) struct Batches {
    batches: Vec<RecordBatch>,
    sizes: Vec<Size>,
}

/// That of a batch: its class, and its bytes.
#[derive(Debug, Clone, Copy)]
struct Size {
    class: Option<u32>,
    bytes: usize,
}

impl Size {
    fn of(batch: &RecordBatch) -> Size {
        Size { class: class(batch.num_rows()), bytes: cost(batch) }
    }
}

impl Deref for Batches {
    type Target = [RecordBatch];

    fn deref(&self) -> &[RecordBatch] {
        &self.batches
    }
}

impl From<Vec<RecordBatch>> for Batches {
    fn from(batches: Vec<RecordBatch>) -> Batches {
        let sizes = batches.iter().map(Size::of).collect();
        Batches { batches, sizes }
    }
}

impl Batches {
    /// Adds one at the end.
    pub(super) fn push(&mut self, batch: RecordBatch) {
        self.sizes.push(Size::of(&batch));
        self.batches.push(batch);
        while let Some(from) = self.last_together().and_then(|count| self.batches.len().checked_sub(count)) {
            let Some(merged) = self.batches.get(from..).and_then(together) else { return };
            self.batches.truncate(from);
            self.sizes.truncate(from);
            self.sizes.push(Size::of(&merged));
            self.batches.push(merged);
        }
    }

    /// How many of the last ones are to be one. Small ones go first.
    fn last_together(&self) -> Option<usize> {
        let class = self.sizes.last()?.class?;
        (class..=ROWS.ilog(TOGETHER)).find_map(|most| self.run(most))
    }

    /// The same of those that are in a class or one below it, and have few bytes together.
    fn run(&self, most: u32) -> Option<usize> {
        let (mut count, mut alike, mut bytes, mut largest, mut full) = (0, 0, 0, 0, false);
        for size in self.sizes.iter().rev() {
            let Some(class) = size.class.filter(|class| *class <= most) else { break };
            full = bytes + size.bytes > BYTES;
            if full {
                break;
            }
            count += 1;
            alike += usize::from(class == most);
            bytes += size.bytes;
            largest = largest.max(size.bytes);
        }
        // A batch of half the bytes is not copied once more for a few small ones.
        let full = full && bytes > BYTES / 2 && largest <= bytes / 2;
        (count > 1 && (alike >= TOGETHER || count >= MANY || full)).then_some(count)
    }
}

/// The class of sizes that a batch is in; none for one that stays as it is.
fn class(rows: usize) -> Option<u32> {
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
            [(vec![1], 1), (vec![1, 2, 300], 5), (vec![256], 20), (vec![9000, 3], 1), (vec![7], 3000), (vec![70, 1], 1)]
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
    fn a_row_is_copied_a_few_times_at_most() {
        for sizes in [vec![1], vec![1, 2, 300], vec![64, 1], vec![1, 1, 1, 1, 1, 1, 1, 8], vec![4096, 1, 9]] {
            let (mut batches, mut rows, mut copied) = (Batches::default(), 0, 0);
            for n in sizes.iter().cycle().take(40_000 / sizes.iter().sum::<usize>() * sizes.len()) {
                let before = batches.len();
                batches.push(batch(rows, *n, 1));
                rows += n;
                if batches.len() <= before {
                    copied += batches.last().unwrap().num_rows();
                }
            }
            assert!(copied <= 12 * rows, "{sizes:?}: {copied} of {rows}");
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
