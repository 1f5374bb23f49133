//! Rows that were left out of a call, and why.

use crate::client::error::{Error, Result};
use arrow_array::array::{ArrayRef, Int32Array, Int64Array, StringArray, make_array};
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_data::transform::MutableArrayData;
use arrow_schema::{DataType, Field, Schema};
use std::sync::Arc;

/// Rows that were left out.
#[derive(Debug, Default)]
pub(super) struct Skipped(Vec<SkippedRow>);

#[derive(Debug)]
struct SkippedRow {
    /// Its number over the whole call, from 1.
    number: u64,
    error: Error,
    values: RecordBatch,
}

impl Skipped {
    /// Notes row `at` of `rows`, which is `number` of the call.
    pub(super) fn push(&mut self, rows: &RecordBatch, at: usize, number: u64, error: Error) -> Result<()> {
        // The rows beside it are not to be held for it.
        let values = joined(&[rows.slice(at, 1)], &rows.schema())?;
        self.0.push(SkippedRow { number, error, values });
        Ok(())
    }

    /// The rows, in order, with a column each for their numbers, SQLSTATE, SQLCODE and message after those of the data.
    pub(super) fn take(&mut self, schema: &Schema) -> Result<RecordBatch> {
        let mut rows = std::mem::take(&mut self.0);
        rows.sort_by_key(|row| row.number);
        let values: Vec<RecordBatch> = rows.iter().map(|row| row.values.clone()).collect();
        let values = joined(&values, schema)?;
        let why: [(&str, DataType, ArrayRef); 4] = [
            (
                "error_row",
                DataType::Int64,
                Arc::new(Int64Array::from_iter(rows.iter().map(|r| i64::try_from(r.number).ok()))),
            ),
            (
                "error_sqlstate",
                DataType::Utf8,
                Arc::new(StringArray::from_iter(rows.iter().map(|r| r.error.sqlstate.clone()))),
            ),
            ("error_sqlcode", DataType::Int32, Arc::new(Int32Array::from_iter(rows.iter().map(|r| r.error.sqlcode)))),
            (
                "error_message",
                DataType::Utf8,
                Arc::new(StringArray::from_iter_values(rows.iter().map(|r| &r.error.message))),
            ),
        ];
        let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
        let mut columns = values.columns().to_vec();
        for (name, data_type, column) in why {
            fields.push(Arc::new(Field::new(name, data_type, true)));
            columns.push(column);
        }
        batch(Schema::new(fields), columns, rows.len())
    }
}

/// Batches of the same columns as one, without what they share with others.
fn joined(batches: &[RecordBatch], schema: &Schema) -> Result<RecordBatch> {
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let column = |n: usize, field: &Field| {
        let arrays: Vec<_> = batches.iter().filter_map(|batch| batch.columns().get(n)).map(|a| a.to_data()).collect();
        if arrays.iter().any(|array| array.data_type() != field.data_type()) {
            return Err(Error::interface(format!("column {:?} has another type than before", field.name())));
        }
        if arrays.is_empty() {
            return Ok(arrow_array::array::new_empty_array(field.data_type()));
        }
        let mut all = MutableArrayData::new(arrays.iter().collect(), true, rows);
        for (n, array) in arrays.iter().enumerate() {
            all.try_extend(n, 0, array.len()).map_err(|e| Error::interface(format!("rows that were left out: {e}")))?;
        }
        Ok(make_array(all.freeze()))
    };
    let columns = schema.fields().iter().enumerate().map(|(n, field)| column(n, field)).collect::<Result<Vec<_>>>()?;
    batch(schema.clone(), columns, rows)
}

fn batch(schema: Schema, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(schema), columns, &options)
        .map_err(|e| Error::interface(format!("rows that were left out: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::error::{ErrorClass, Phase};
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;

    #[test]
    fn rows_that_were_left_out_come_in_order_with_their_values() {
        let rows = RecordBatch::try_from_iter([
            ("k", Arc::new(Int64Array::from_iter_values(0..100)) as ArrayRef),
            (
                "t",
                Arc::new(StringArray::from_iter((0..100).map(|n| (n % 2 == 0).then(|| format!("v{n}"))))) as ArrayRef,
            ),
        ])
        .unwrap();
        let error =
            |code| Error { sqlcode: Some(code), ..Error::new(ErrorClass::Integrity, Phase::Execute, "23505", "twice") };
        let mut skipped = Skipped::default();
        skipped.push(&rows, 7, 1008, error(-803)).unwrap();
        skipped.push(&rows, 40, 41, error(-407)).unwrap();
        let all = skipped.take(&rows.schema()).unwrap();
        assert_eq!(all.column(0).as_primitive::<Int64Type>().values().as_ref(), [40, 7]);
        assert_eq!(all.column(1).as_string::<i32>().iter().collect::<Vec<_>>(), [Some("v40"), None]);
        assert_eq!(all.column_by_name("error_row").unwrap().as_primitive::<Int64Type>().values().as_ref(), [41, 1008]);
        assert_eq!(all.schema().field(4).name(), "error_sqlcode");
        assert_eq!(skipped.take(&rows.schema()).unwrap().num_rows(), 0);
    }
}
