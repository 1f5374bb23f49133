//! Tables of many columns, in blocks of a megabyte and in small ones; and LINEITEM, by whose cost encoding is judged.

use crate::cases::{decimal, integer};
use crate::column::{BLOCK, HEAD, decoders, encode, read, round_of, rows_only};
use crate::environment::{ENVIRONMENTS, Environment};
use crate::report::{Line, Report};
use crate::values::{dates, decimals, primitive, texts};
use crate::{Result, lineitem};
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::Schema;
use drdarrow::column::encode::rows::RowEncoder;
use drdarrow::column::options::Options;
use drdarrow::flow::sql::rows::QueryBlock;
use drdarrow::wire::codec::reader::ByteOrder;
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::fdoca::descriptor;
use drdarrow::wire::value::field::{Field, Shape};
use drdarrow::wire::value::typdef::TypDef;
use drdarrow::wire::value::types::Type;
use std::sync::Arc;
use std::time::Instant;

const SMALL: usize = 32_767;

/// Tells what a row of LINEITEM costs.
pub(crate) fn lineitem(report: &mut Report) -> Result<()> {
    let fields: Vec<Field> = descriptor::decode(&lineitem::QRYDSC, &TypDef::OURS)?;
    let blocks: Vec<_> = lineitem::blocks(16_384, BLOCK).iter().map(|block| rows_only(block)).collect();
    let mut arrays = Vec::new();
    round_of(&mut decoders(&fields, &Options::default())?, &fields, &blocks, |array| arrays.push(array))?;
    let fields: Vec<Field> = fields.into_iter().map(|f| Field { order: ByteOrder::Little, ..f }).collect();
    let batch = &batch(arrays)?;
    let (rows, bytes) = (batch.num_rows() as f64, blocks.iter().map(QueryBlock::len).sum::<usize>() as f64);
    let mut best = f64::MAX;
    for _ in 0..4 * report.rounds() {
        best = best.min(encode(&fields, batch, BLOCK, |_| ())?);
    }
    let [walk, decode, finish] = read(report.rounds(), &fields, &blocks, &Options::default(), batch.num_rows())?;
    report.lineitem = best / bytes;
    report.heading("LINEITEM, Db2 for LUW, ns a row of 16 columns");
    let (walk, decode, finish, encode) = (walk / rows, decode / rows, finish / rows, Some(best / rows));
    report.line("lineitem", &Line { bytes: bytes / rows, walk, decode, finish, encode });
    Ok(())
}

pub(crate) fn wide(report: &mut Report) -> Result<()> {
    for env in [&ENVIRONMENTS[0], &ENVIRONMENTS[2]] {
        for (name, columns, rows) in
            [("INTEGER", 20, 20_480), ("INTEGER", 200, 2_048), ("mixed", 200, 2_048), ("mixed", 1000, 512)]
        {
            let column = |n: usize| match if name == "mixed" { n % 5 } else { 0 } {
                0 => (integer(env, 4), Arc::new(primitive::<Int32Type>(rows, 0, |r| r.next() as i32)) as ArrayRef),
                1 => (decimal(env, Type::Packed, 15, 2), decimals(rows, 0, 15, 2, 15)),
                2 => (text(env, Type::Text, Shape::Var, 30), words(rows, 7, 11)),
                3 => (text(env, Type::Date, Shape::Fixed(10), 10), dates(rows, 0)),
                _ => (text(env, Type::Text, Shape::Fixed(10), 10), words(rows, 10, 1)),
            };
            let name = format!("{} {columns} columns {name}", env.name);
            let (fields, arrays): (Vec<_>, Vec<_>) = (0..columns).map(column).unzip();
            table(report, &name, &fields, arrays)?;
        }
    }
    Ok(())
}

fn text(env: &Environment, ty: Type, shape: Shape, length: u32) -> Field {
    Field { length, ..env.field(ty, shape) }
}

/// Words of at least `shortest` characters.
fn words(rows: usize, shortest: usize, more: u64) -> ArrayRef {
    texts(rows, |random| {
        "quickly above the pending blithely".chars().take(shortest + random.below(more) as usize).collect()
    })
}

fn table(report: &mut Report, name: &str, fields: &[Field], arrays: Vec<ArrayRef>) -> Result<()> {
    let batch = batch(arrays)?;
    let values = (batch.num_rows() * fields.len()) as f64;
    for (size, told) in [(BLOCK, ""), (SMALL, ", 32 KB blocks"), (SMALL, ", a batch for each")] {
        let (name, small) = (format!("{name}{told}"), told.ends_with("each"));
        if !report.wants(&name) {
            continue;
        }
        let mut blocks = Vec::new();
        encode(fields, &batch, size, |block| blocks.push(rows_only(block)))?;
        let bytes: usize = blocks.iter().map(QueryBlock::len).sum();
        let mut best = f64::MAX;
        for _ in 0..report.rounds() {
            let spent =
                if small { encode_batches(fields, &batch, size)? } else { encode(fields, &batch, size, |_| ())? };
            best = best.min(spent);
        }
        let [walk, decode, finish] = read(report.rounds(), fields, &blocks, &Options::default(), batch.num_rows())?;
        let each = |ns: f64| ns / values;
        let (walk, decode, finish, encode) = (each(walk), each(decode), each(finish), Some(each(best)));
        report.line(&name, &Line { bytes: bytes as f64 / values, walk, decode, finish, encode });
    }
    Ok(())
}

pub(crate) fn batch(arrays: Vec<ArrayRef>) -> Result<RecordBatch> {
    let columns = arrays.iter().map(|a| arrow_schema::Field::new("c", a.data_type().clone(), true));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(columns.collect::<Vec<_>>())), arrays)?)
}

/// The rows of each block as a batch of their own, which the encoder takes one after the other.
fn encode_batches(fields: &[Field], batch: &RecordBatch, block: usize) -> Result<f64> {
    let mut w = Writer::new();
    let mut encoder = RowEncoder::kept(&HEAD, fields, batch)?;
    let (mut at, mut batches) = (0, Vec::new());
    while at < batch.num_rows() {
        let (done, fault) = encoder.encode(at..batch.num_rows(), block, &mut w);
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        batches.push(batch.slice(at, done));
        at += done;
        w.vec_mut().clear();
    }
    let start = Instant::now();
    for batch in &batches {
        encoder.take(batch);
        encoder.encode(0..batch.num_rows(), block, &mut w);
        std::hint::black_box(w.as_slice());
        w.vec_mut().clear();
    }
    Ok(start.elapsed().as_nanos() as f64)
}
