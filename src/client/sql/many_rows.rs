//! The work of a connection with many rows: a statement for each of them, a table that takes them by its name.

use super::batch::{Batch, GivingUp};
use super::connection::{Connection, check_sql};
use super::ingest::{self, IngestOptions};
use crate::client::error::Result;
use arrow_array::RecordBatch;
use arrow_schema::Schema;

impl Connection {
    /// Begins a call of `sql` with many rows. Nothing is sent before the first of them; what else changes data on
    /// this connection waits until the call has ended.
    pub async fn batch(&self, sql: &str) -> Result<Batch> {
        check_sql(sql)?;
        self.0.may_run(sql)?;
        let turn = Batch::turn(&self.0).await?;
        self.0.touch(sql);
        Ok(Batch::begin(&self.0, turn, sql.to_owned()))
    }

    /// To be held from when a batch is given up until it is dropped: whatever runs on this connection waits meanwhile.
    pub fn giving_up(&self) -> GivingUp {
        GivingUp::new(self.0.clone())
    }

    /// Begins to put rows with these columns into a table: a [`Batch`] that takes them. `sample` has the first of them,
    /// by which the lengths of texts are measured where the table is created.
    ///
    /// A plain name of a table or column is read as in SQL, in any case; any other one is taken as it is. Columns of
    /// the table that the data has not get their defaults.
    pub async fn ingest(
        &self,
        table: &str,
        schema: &Schema,
        sample: Option<&RecordBatch>,
        options: &IngestOptions,
    ) -> Result<Batch> {
        ingest::ingest(&self.0, table, schema, sample, options).await
    }
}
