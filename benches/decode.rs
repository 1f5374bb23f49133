//! Blocks of rows to Arrow record batches, as a stream of batches decodes them.

use crate::lineitem;
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use bytes::Bytes;
use drdarrow::column::decode::{ColumnDecoder, decoder};
use drdarrow::column::options::Options;
use drdarrow::column::schema::schema;
use drdarrow::flow::sql::rows::{Event, QueryBlock, RowAssembler};
use drdarrow::wire::fdoca::descriptor;
use drdarrow::wire::fdoca::row::{CHUNK, Offsets};
use drdarrow::wire::value::cell::Cells;
use drdarrow::wire::value::field::Field;
use drdarrow::wire::value::typdef::TypDef;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Rows of a batch.
const BATCH: usize = 65_536;

/// The columns of LINEITEM as Derby describes them.
pub(crate) fn fields() -> Result<Vec<Field>> {
    let mut fields = descriptor::decode(&lineitem::QRYDSC, &TypDef::OURS)?;
    for (field, name) in fields.iter_mut().zip(lineitem::NAMES) {
        field.name = name.to_owned();
    }
    Ok(fields)
}

/// Time by stage: the walk, each column, the making of arrays.
#[derive(Clone)]
pub(crate) struct Stages {
    last: Instant,
    pub(crate) spent: Vec<Duration>,
}

impl Stages {
    fn new(columns: usize) -> Stages {
        Stages { last: Instant::now(), spent: vec![Duration::ZERO; columns + 2] }
    }

    fn lap(&mut self, stage: usize) {
        let now = Instant::now();
        if let Some(spent) = self.spent.get_mut(stage) {
            *spent += now - self.last;
        }
        self.last = now;
    }

    pub(crate) fn all(&self) -> Duration {
        self.spent.iter().sum()
    }
}

/// The decoders of a result, kept from one pass over its blocks to the next.
pub(crate) struct Decoding {
    fields: Vec<Field>,
    schema: SchemaRef,
    decoders: Vec<Box<dyn ColumnDecoder>>,
    offsets: Offsets,
    /// Rows that were decoded.
    pub(crate) rows: usize,
}

impl Decoding {
    pub(crate) fn new(fields: &[Field], options: &Options) -> Result<Decoding> {
        let decoders = fields.iter().enumerate().map(|(i, field)| decoder(field, i, options));
        Ok(Decoding {
            schema: schema(fields, options)?,
            decoders: decoders.collect::<std::result::Result<_, _>>()?,
            offsets: Offsets::new(fields.len()),
            fields: fields.to_vec(),
            rows: 0,
        })
    }

    /// Decodes all blocks and hands the batches on.
    pub(crate) fn pass(&mut self, blocks: &[Bytes], mut sink: impl FnMut(RecordBatch)) -> Result<Stages> {
        let mut rows = RowAssembler::new(&self.fields, 7, TypDef::OURS);
        let mut building = 0;
        let mut blocks = blocks.iter();
        self.rows = 0;
        let mut stages = Stages::new(self.fields.len());
        loop {
            let event = rows.next(CHUNK.min(BATCH - building), &mut self.offsets)?;
            stages.lap(0);
            match event {
                Event::Rows(chunk) => {
                    for (i, decoder) in self.decoders.iter_mut().enumerate() {
                        let offsets = self.offsets.column(i);
                        decoder.append(&Cells { buf: &chunk.buf, offsets, lobs: &[], first_row: chunk.first_row })?;
                        stages.lap(1 + i);
                    }
                    building += self.offsets.rows();
                }
                Event::NeedBlock => match blocks.next() {
                    Some(block) => rows.push(QueryBlock { rows: block.clone(), lobs: Vec::new() }),
                    None => rows.close(),
                },
                Event::Warning(_) | Event::End => {}
            }
            if building == BATCH || rows.has_ended() && building > 0 {
                self.rows += building;
                let options = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut building)));
                let columns =
                    self.decoders.iter_mut().map(|d| d.finish()).collect::<std::result::Result<Vec<_>, _>>()?;
                sink(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?);
                stages.lap(1 + self.fields.len());
            }
            if rows.has_ended() {
                return Ok(stages);
            }
        }
    }

    /// The least time of every stage in so many passes, and of a pass in all.
    pub(crate) fn least(&mut self, blocks: &[Bytes], passes: usize) -> Result<(Stages, Duration)> {
        let mut least = self.pass(blocks, |batch| drop(std::hint::black_box(batch)))?;
        let mut all = least.all();
        for _ in 0..passes {
            let stages = self.pass(blocks, |batch| drop(std::hint::black_box(batch)))?;
            all = all.min(stages.all());
            for (least, spent) in least.spent.iter_mut().zip(&stages.spent) {
                *least = (*spent).min(*least);
            }
        }
        Ok((least, all))
    }
}
