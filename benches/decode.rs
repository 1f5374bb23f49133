//! Blocks of rows to Arrow record batches, as a stream of batches decodes them.

use crate::lineitem;
use arrow_array::{RecordBatch, RecordBatchOptions};
use bytes::Bytes;
use drdarrow::column::decode::decoder;
use drdarrow::column::options::Options;
use drdarrow::column::schema::schema;
use drdarrow::flow::sql::rows::{Event, QueryBlock, RowAssembler};
use drdarrow::wire::fdoca::descriptor;
use drdarrow::wire::fdoca::row::{CHUNK, Offsets};
use drdarrow::wire::value::cell::Cells;
use drdarrow::wire::value::field::Field;
use drdarrow::wire::value::typdef::TypDef;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Rows of a batch.
const BATCH: usize = 65_536;
/// The stage of the walk; the columns follow, then the making of arrays.
pub(crate) const WALK: usize = 0;

/// The columns of LINEITEM as Derby describes them.
pub(crate) fn fields() -> Result<Vec<Field>> {
    let mut fields = descriptor::decode(&lineitem::QRYDSC, &TypDef::OURS)?;
    for (field, name) in fields.iter_mut().zip(lineitem::NAMES) {
        field.name = name.to_owned();
    }
    Ok(fields)
}

/// Told what took how long.
pub(crate) trait Watch {
    fn lap(&mut self, stage: usize);
    fn start(&mut self) {}
}

/// Does not look.
pub(crate) struct Plain;

impl Watch for Plain {
    fn lap(&mut self, _: usize) {}
}

/// Decodes all blocks as a stream of batches does and hands the batches on; the rows.
pub(crate) fn decode(
    fields: &[Field],
    blocks: &[Bytes],
    watch: &mut impl Watch,
    mut sink: impl FnMut(RecordBatch),
) -> Result<usize> {
    let options = Options::default();
    let schema = schema(fields, &options)?;
    let mut decoders = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        decoders.push(decoder(field, i, &options)?);
    }
    let mut rows = RowAssembler::new(fields, 7, TypDef::OURS);
    let mut offsets = Offsets::new(fields.len());
    let (mut building, mut total) = (0, 0);
    let mut blocks = blocks.iter();
    watch.start();
    loop {
        let event = rows.next(CHUNK.min(BATCH - building), &mut offsets)?;
        watch.lap(WALK);
        match event {
            Event::Rows(chunk) => {
                for (i, decoder) in decoders.iter_mut().enumerate() {
                    let offsets = offsets.column(i);
                    decoder.append(&Cells { buf: &chunk.buf, offsets, lobs: &[], first_row: chunk.first_row })?;
                    watch.lap(1 + i);
                }
                building += offsets.rows();
            }
            Event::NeedBlock => match blocks.next() {
                Some(block) => rows.push(QueryBlock { rows: block.clone(), lobs: Vec::new() }),
                None => rows.close(),
            },
            Event::Warning(_) | Event::End => {}
        }
        if building == BATCH || rows.has_ended() && building > 0 {
            total += building;
            let options = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut building)));
            let columns = decoders.iter_mut().map(|d| d.finish()).collect::<std::result::Result<Vec<_>, _>>()?;
            sink(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?);
            watch.lap(1 + fields.len());
        }
        if rows.has_ended() {
            return Ok(total);
        }
    }
}
