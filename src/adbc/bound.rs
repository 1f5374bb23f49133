//! Rows of parameters, or for a table: a batch, or a stream of a program's own.

use super::error::fault;
use super::wait::guarded;
use crate::client::imported::{Imported, text};
use adbc_core::error::{Result, Status};
use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use std::collections::VecDeque;
use std::sync::Arc;

/// Rows that were bound. Each batch that is handed out has some.
pub(super) struct BoundRows {
    schema: SchemaRef,
    ahead: VecDeque<RecordBatch>,
    source: Option<Box<dyn RecordBatchReader + Send>>,
    /// The columns of the source that are taken, where not all in order are.
    places: Option<Vec<usize>>,
}

impl From<RecordBatch> for BoundRows {
    fn from(batch: RecordBatch) -> BoundRows {
        BoundRows { schema: batch.schema(), ahead: VecDeque::new(), source: Some(one(batch)), places: None }
    }
}

fn one(batch: RecordBatch) -> Box<dyn RecordBatchReader + Send> {
    let schema = batch.schema();
    Box::new(RecordBatchIterator::new([Ok(batch)], schema))
}

impl From<Box<dyn RecordBatchReader + Send>> for BoundRows {
    fn from(source: Box<dyn RecordBatchReader + Send>) -> BoundRows {
        BoundRows { schema: source.schema(), ahead: VecDeque::new(), source: Some(source), places: None }
    }
}

impl BoundRows {
    /// The same with a column for each of these names, in their order.
    pub(super) fn by_name(mut self, names: &[String]) -> Result<BoundRows> {
        let place = |name: &String| {
            self.schema.index_of(name).map_err(|_| {
                let text = format!("the statement has :{name}, and no column of that name was bound");
                fault(Status::InvalidArguments, "07001", text)
            })
        };
        let places = names.iter().map(place).collect::<Result<Vec<_>>>()?;
        if let Some(unused) = (0..self.schema.fields().len()).find(|at| !places.contains(at)) {
            let name = self.schema.field(unused).name();
            let text = format!("a column {name:?} was bound, and the statement has no :{name}");
            return Err(fault(Status::InvalidArguments, "07001", text));
        }
        self.schema = Arc::new(self.schema.project(&places).map_err(unread)?);
        self.places = Some(places);
        Ok(self)
    }

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
                    Some(batch) => match &self.places {
                        Some(places) => batch.and_then(|batch| batch.project(places)).map_err(unread)?,
                        None => batch.map_err(unread)?,
                    },
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

/// Rows of another library, whose faults are errors.
pub(super) struct CarefulRows(Imported);

/// Rows that were taken over.
pub(super) fn careful(rows: std::result::Result<Imported, ArrowError>) -> Result<CarefulRows> {
    rows.map(CarefulRows).map_err(|e| fault(Status::InvalidArguments, "", text(&e)))
}

impl Iterator for CarefulRows {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let taken = guarded(|| Ok(self.0.next()));
        taken.unwrap_or_else(|e| Some(Err(ArrowError::CDataInterface(e.message))))
    }
}

impl RecordBatchReader for CarefulRows {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }
}

/// Why rows could not be taken from the program.
fn unread(e: ArrowError) -> adbc_core::error::Error {
    fault(Status::InvalidData, "22000", format!("the rows that were bound: {}", text(&e)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Int32Array};
    use arrow_schema::{DataType, Field, Schema};

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
