//! The batch that the rows of a result go into.

use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::column::decode::{ColumnDecoder, decoder};
use crate::column::error::ColumnError;
use crate::column::options::Options;
use crate::column::schema::schema;
use crate::flow::sql::rows::RowChunk;
use crate::wire::fdoca::row::Offsets;
use crate::wire::value::cell::Cells;
use crate::wire::value::field::Field;
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;

/// A batch under construction: one decoder for each column.
pub(in crate::client::sql) struct UnderConstruction {
    schema: SchemaRef,
    decoders: Vec<Box<dyn ColumnDecoder>>,
    /// Where the cells of the rows are that come next.
    pub(in crate::client::sql) offsets: Offsets,
    rows: usize,
}

impl UnderConstruction {
    /// For rows of these fields.
    pub(in crate::client::sql) fn new(
        fields: &[Field],
        options: &Options,
    ) -> std::result::Result<UnderConstruction, ColumnError> {
        let decoders = fields.iter().enumerate().map(|(index, field)| decoder(field, index, options));
        let decoders = decoders.collect::<std::result::Result<_, _>>()?;
        let schema = schema(fields, options)?;
        Ok(UnderConstruction { schema, decoders, offsets: Offsets::new(fields.len()), rows: 0 })
    }

    /// The schema of every batch.
    pub(in crate::client::sql) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows so far.
    pub(in crate::client::sql) fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of Arrow data so far.
    pub(in crate::client::sql) fn bytes(&self) -> usize {
        self.decoders.iter().map(|decoder| decoder.bytes()).sum()
    }

    /// Decodes the rows whose cells were found. After an error nothing of the batch is left.
    pub(in crate::client::sql) fn append(&mut self, chunk: &RowChunk) -> Result<()> {
        for (column, decoder) in self.decoders.iter_mut().enumerate() {
            let lobs = chunk.lobs.iter().find(|(c, _)| *c == column).map_or(&[][..], |(_, values)| values);
            let cells =
                Cells { buf: &chunk.buf, offsets: self.offsets.column(column), lobs, first_row: chunk.first_row };
            if let Err(e) = decoder.append(&cells) {
                // The columns are no longer of one length: what was begun is lost with the reader.
                self.rows = 0;
                return Err(Error::from_column(&e, Phase::Fetch));
            }
        }
        self.rows += self.offsets.rows();
        Ok(())
    }

    /// The batch; the next one begins.
    pub(in crate::client::sql) fn finish(&mut self) -> Result<RecordBatch> {
        let rows = std::mem::take(&mut self.rows);
        let mut columns = Vec::with_capacity(self.decoders.len());
        for decoder in &mut self.decoders {
            columns.push(decoder.finish().map_err(|e| Error::from_column(&e, Phase::Fetch))?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|e| Error::new(ErrorClass::Internal, Phase::Fetch, "58004", e.to_string()))
    }

    /// Gives the rows up.
    pub(in crate::client::sql) fn give_up(&mut self) {
        self.rows = 0;
    }

    /// The bad values of each column that were made NULL.
    pub(in crate::client::sql) fn nulled(&self) -> impl Iterator<Item = u64> {
        self.decoders.iter().map(|decoder| decoder.nulled())
    }

    /// No batch comes after this: the memory of the last ones is left to the next reader.
    pub(in crate::client::sql) fn let_go(&mut self) {
        self.decoders.clear();
    }
}
