//! Results as ADBC has them: a reader of record batches, which decodes on the thread that reads.

use super::aside;
use super::cancel::Operation;
use super::error::{fault, of};
use super::wait::{guarded, wait};
use crate::client::batch_source::BatchSource;
use crate::client::limits::Decoded;
use crate::client::process::Owned;
use crate::client::sql::stream::QueryStream;
use adbc_core::error::{Error, Result, Status};
use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use std::sync::Arc;

/// A result in the hands of a program.
pub(super) type Reader = Box<dyn RecordBatchReader + Send + 'static>;

/// The result of the next row of parameters; none after the last one.
pub(super) type NextStream = Box<dyn FnMut() -> Result<Option<QueryStream>> + Send>;

/// Batches that are in memory already.
pub(super) fn in_memory(batches: Vec<RecordBatch>, schema: SchemaRef) -> Reader {
    Box::new(RecordBatchIterator::new(batches.into_iter().map(Ok), schema))
}

/// The result of a statement that returns no rows: no columns.
pub(super) fn nothing() -> Reader {
    in_memory(Vec::new(), Arc::new(Schema::empty()))
}

/// Rows that come from the server while they are read.
pub(super) struct ResultReader {
    schema: SchemaRef,
    /// None at the end.
    reading: Option<Reading>,
}

struct Reading {
    stream: Owned<QueryStream>,
    next: Option<NextStream>,
    operation: Arc<Operation>,
}

impl ResultReader {
    /// Reads `stream`, and then those that `next` gives.
    pub(super) fn new(stream: QueryStream, next: Option<NextStream>, operation: Arc<Operation>) -> ResultReader {
        let schema = stream.schema();
        ResultReader { schema, reading: Some(Reading { stream: Owned::new(stream), next, operation }) }
    }

    /// Reads the rest, which nobody wants.
    pub(super) fn finish(&mut self) -> Result<()> {
        while self.read()?.is_some() {}
        Ok(())
    }

    /// The first rows, of which there are few; empty for an empty result.
    pub(super) fn row(&mut self) -> Result<Option<RecordBatch>> {
        let row = self.read()?;
        self.finish().map(|()| row)
    }

    fn read(&mut self) -> Result<Option<RecordBatch>> {
        let Some(reading) = &mut self.reading else { return Ok(None) };
        loop {
            let stream = reading.stream.get_mut().map_err(of)?;
            match stream.decode().map_err(of)? {
                Decoded::Batch(batch) => return Ok(Some(batch)),
                Decoded::NeedBlock => wait(&reading.operation, stream.wait())?,
                Decoded::End => match reading.next.as_mut().map_or(Ok(None), |next| next())? {
                    Some(stream) if stream.schema() == self.schema => reading.stream = Owned::new(stream),
                    Some(_) => {
                        let text = "the columns of the result differ from those for the row of parameters before";
                        return Err(fault(Status::InvalidState, "22000", text));
                    }
                    None => {
                        self.reading = None;
                        return Ok(None);
                    }
                },
            }
        }
    }
}

impl Iterator for ResultReader {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        guarded(|| self.read()).map_err(|e| self.fail(e)).transpose()
    }
}

impl ResultReader {
    /// The rows end here.
    fn fail(&mut self, e: Error) -> ArrowError {
        self.reading = None;
        aside::failed(&e);
        ArrowError::ExternalError(Box::new(e))
    }
}

impl RecordBatchReader for ResultReader {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}
