//! Rows of parameters, or for a table: a batch, or a stream of a program's own.

use super::error::fault;
use adbc_core::error::{Result, Status};
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use std::collections::VecDeque;

/// Rows that were bound. Each batch that is handed out has some.
pub(super) struct BoundRows {
    schema: SchemaRef,
    ahead: VecDeque<RecordBatch>,
    source: Option<Box<dyn RecordBatchReader + Send>>,
}

impl From<RecordBatch> for BoundRows {
    fn from(batch: RecordBatch) -> BoundRows {
        BoundRows { schema: batch.schema(), ahead: [batch].into(), source: None }
    }
}

impl From<Box<dyn RecordBatchReader + Send>> for BoundRows {
    fn from(source: Box<dyn RecordBatchReader + Send>) -> BoundRows {
        BoundRows { schema: source.schema(), ahead: VecDeque::new(), source: Some(source) }
    }
}

impl BoundRows {
    /// The columns.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next rows; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let batch = match (self.ahead.pop_front(), &mut self.source) {
                (Some(batch), _) => batch,
                (None, Some(source)) => match source.next() {
                    Some(batch) => batch.map_err(unread)?,
                    None => return Ok(None),
                },
                (None, None) => return Ok(None),
            };
            if batch.num_rows() > 0 {
                return Ok(Some(batch));
            }
        }
    }

    /// The next row alone.
    pub(super) fn next_row(&mut self) -> Result<Option<RecordBatch>> {
        let Some(batch) = self.next()? else { return Ok(None) };
        if batch.num_rows() > 1 {
            self.ahead.push_front(batch.slice(1, batch.num_rows() - 1));
        }
        Ok(Some(batch.slice(0, 1)))
    }

    /// The next rows, which stay.
    pub(super) fn peek(&mut self) -> Result<Option<&RecordBatch>> {
        if let Some(batch) = self.next()? {
            self.ahead.push_front(batch);
        }
        Ok(self.ahead.front())
    }

    /// True for more than one row.
    pub(super) fn are_many(&mut self) -> Result<bool> {
        let Some(first) = self.next()? else { return Ok(false) };
        let many = first.num_rows() > 1 || self.peek()?.is_some();
        self.ahead.push_front(first);
        Ok(many)
    }
}

/// Why rows could not be taken from the program.
fn unread(e: ArrowError) -> adbc_core::error::Error {
    fault(Status::InvalidData, "22000", format!("the rows that were bound: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Int32Array, RecordBatchIterator};
    use arrow_schema::{DataType, Field, Schema};
    use std::sync::Arc;

    fn rows(sizes: &[&[i32]]) -> BoundRows {
        let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Int32, true)]));
        let batches: Vec<std::result::Result<RecordBatch, ArrowError>> = sizes
            .iter()
            .map(|values| {
                let array: ArrayRef = Arc::new(Int32Array::from(values.to_vec()));
                RecordBatch::try_new(schema.clone(), vec![array])
            })
            .collect();
        let source: Box<dyn RecordBatchReader + Send> = Box::new(RecordBatchIterator::new(batches, schema));
        source.into()
    }

    #[test]
    fn empty_batches_are_passed_over() {
        let mut none = rows(&[&[], &[]]);
        assert!(!none.are_many().unwrap() && none.peek().unwrap().is_none() && none.next_row().unwrap().is_none());
        let mut one = rows(&[&[], &[1], &[]]);
        assert!(!one.are_many().unwrap());
        assert_eq!(one.next().unwrap().unwrap().num_rows(), 1);
        let mut three = rows(&[&[], &[1], &[2, 3]]);
        assert!(three.are_many().unwrap());
        let mut single = 0;
        while let Some(row) = three.next_row().unwrap() {
            assert_eq!(row.num_rows(), 1);
            single += 1;
        }
        assert_eq!(single, 3);
    }
}
