//! One column: its rows encoded into blocks, and read as a stream of batches reads them.

use crate::Result;
use crate::environment::Environment;
use crate::report::{Line, Report};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::Schema;
use bytes::Bytes;
use drdarrow::column::decode::{ColumnDecoder, decoder};
use drdarrow::column::encode::rows::RowEncoder;
use drdarrow::column::options::Options;
use drdarrow::flow::sql::rows::{Event, QueryBlock, RowAssembler};
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::fdoca::row::{CHUNK, Offsets};
use drdarrow::wire::value::cell::Cells;
use drdarrow::wire::value::field::Field;
use drdarrow::wire::value::typdef::TypDef;
use std::sync::Arc;
use std::time::Instant;

/// In front of a row: no SQLCA, and a row follows.
pub(crate) const HEAD: [u8; 2] = [0xFF, 0x00];
pub(crate) const BLOCK: usize = 1 << 20;

/// A column with its values.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) field: Field,
    /// Written in place of `field` where what it writes is not what is to be read.
    pub(crate) written: Option<Field>,
    pub(crate) options: Options,
    pub(crate) values: usize,
    /// Makes so many.
    pub(crate) make: Box<dyn Fn(usize) -> ArrayRef>,
}

/// Measures a column and tells.
pub(crate) fn measure(report: &mut Report, env: &Environment, case: &Case) -> Result<()> {
    let name = format!("{} {}", env.name, case.name);
    if !report.wants(&name) {
        return Ok(());
    }
    let array = (case.make)(report.count(case.values));
    let rows = array.len() as f64;
    let batch = one(&array)?;
    let written = std::slice::from_ref(case.written.as_ref().unwrap_or(&case.field));
    let fields = std::slice::from_ref(&case.field);
    let mut blocks = Vec::new();
    encode(written, &batch, BLOCK, |block| blocks.push(rows_only(block)))?;
    let bytes: usize = blocks.iter().map(QueryBlock::len).sum();
    let mut best = f64::MAX;
    for _ in 0..report.rounds() {
        best = best.min(encode(written, &batch, BLOCK, |_| ())?);
    }
    let [walk, decode, finish] = read(report.rounds(), fields, &blocks, &case.options, array.len())?;
    let line = Line {
        bytes: bytes as f64 / rows,
        walk: walk / rows,
        decode: decode / rows,
        finish: finish / rows,
        encode: case.written.is_none().then_some(best / rows),
    };
    report.line(&name, &line);
    Ok(())
}

/// A batch of one column.
fn one(array: &ArrayRef) -> Result<RecordBatch> {
    let field = arrow_schema::Field::new("c", array.data_type().clone(), true);
    Ok(RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array.clone()])?)
}

/// Encodes all rows into blocks, which are shown; the nanoseconds without the showing.
pub(crate) fn encode(fields: &[Field], batch: &RecordBatch, block: usize, mut show: impl FnMut(&[u8])) -> Result<f64> {
    let mut w = Writer::new();
    w.vec_mut().reserve(block + block / 8);
    let mut spent = 0;
    let mut start = Instant::now();
    let mut encoder = RowEncoder::new(&HEAD, fields, batch)?;
    let mut at = 0;
    while at < batch.num_rows() {
        let (done, fault) = encoder.encode(at..batch.num_rows(), block, &mut w);
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        at += done;
        if w.len() >= block || at == batch.num_rows() {
            spent += start.elapsed().as_nanos();
            show(std::hint::black_box(w.as_slice()));
            w.vec_mut().clear();
            start = Instant::now();
        }
    }
    Ok(spent as f64)
}

/// Reads all rows into one batch; the best nanoseconds of the walk, of the columns, of making the arrays.
pub(crate) fn read(
    rounds: usize,
    fields: &[Field],
    blocks: &[QueryBlock],
    options: &Options,
    expected: usize,
) -> Result<[f64; 3]> {
    let mut decoders = decoders(fields, options)?;
    let mut best = [f64::MAX; 3];
    // The first round warms up.
    for round in 0..=rounds {
        let mut rows = expected;
        let spent = round_of(&mut decoders, fields, blocks, |array| rows = std::hint::black_box(array).len())?;
        if rows != expected {
            return Err(format!("{rows} rows in place of {expected}").into());
        }
        if round > 0 {
            for (best, spent) in best.iter_mut().zip(spent) {
                *best = best.min(spent);
            }
        }
    }
    Ok(best)
}

/// A decoder for each column.
pub(crate) fn decoders(fields: &[Field], options: &Options) -> Result<Vec<Box<dyn ColumnDecoder>>> {
    let decoders = fields.iter().enumerate().map(|(i, field)| decoder(field, i, options));
    Ok(decoders.collect::<std::result::Result<_, _>>()?)
}

/// A block of rows without large objects.
pub(crate) fn rows_only(rows: &[u8]) -> QueryBlock {
    QueryBlock { rows: Bytes::copy_from_slice(rows), lobs: Vec::new() }
}

/// Reads all rows once; the nanoseconds as [`read`] gives them, and the arrays.
pub(crate) fn round_of(
    decoders: &mut [Box<dyn ColumnDecoder>],
    fields: &[Field],
    blocks: &[QueryBlock],
    mut keep: impl FnMut(ArrayRef),
) -> Result<[f64; 3]> {
    let mut spent = [0.0; 3];
    let mut rows = RowAssembler::new(fields, 7, TypDef::OURS);
    let mut offsets = Offsets::new(fields.len());
    let mut blocks = blocks.iter();
    let mut start = Instant::now();
    let mut lap = |stage: usize| {
        let now = Instant::now();
        spent[stage] += (now - start).as_nanos() as f64;
        start = now;
    };
    while !rows.has_ended() {
        let event = rows.next(CHUNK, &mut offsets)?;
        lap(0);
        match event {
            Event::Rows(chunk) => {
                for (i, decoder) in decoders.iter_mut().enumerate() {
                    let lobs = chunk.lobs.iter().find(|(column, _)| *column == i).map_or(&[][..], |(_, lobs)| lobs);
                    let (buf, offsets) = (&chunk.buf, offsets.column(i));
                    decoder.append(&Cells { buf, offsets, lobs, first_row: chunk.first_row })?;
                }
                lap(1);
            }
            Event::NeedBlock => match blocks.next() {
                Some(block) => rows.push(block.clone()),
                None => rows.close(),
            },
            Event::Warning(_) | Event::End => {}
        }
    }
    for decoder in decoders {
        keep(decoder.finish()?);
    }
    lap(2);
    Ok(spent)
}
