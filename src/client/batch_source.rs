//! Anything that yields record batches: the result of a query, the records of a file. Waiting and decoding are
//! separate, so that decoding runs on the thread that consumes the batches.

use super::error::Result;
use super::limits::{Decoded, Limits};
use super::warning::Warning;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use std::pin::Pin;

/// A wait under way.
pub type Wait<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A source of batches. Dropped before its end, it closes what it reads from in the background.
pub trait BatchSource: Send {
    /// The schema of every batch.
    fn schema(&self) -> SchemaRef;

    /// Limits the batches from the next one on.
    fn set_limits(&mut self, limits: Limits);

    /// Decodes what has arrived. It never waits: meant for the thread that consumes the batches.
    fn decode(&mut self) -> Result<Decoded>;

    /// Waits until [`decode`](Self::decode) can go on: for the server, or until the rows in hand have waited as long
    /// as their limits allow. Cancel safe.
    fn wait(&mut self) -> Wait<'_, ()>;

    /// Warnings since the last call.
    fn take_warnings(&mut self) -> Vec<Warning>;

    /// The next batch, decoded where it is polled; none at the end. Cancel safe.
    fn next(&mut self) -> Wait<'_, Option<RecordBatch>> {
        Box::pin(async move {
            loop {
                match self.decode()? {
                    Decoded::Batch(batch) => return Ok(Some(batch)),
                    Decoded::End => return Ok(None),
                    Decoded::NeedBlock => self.wait().await?,
                }
            }
        })
    }
}
