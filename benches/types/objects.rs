//! Rows with a large object that travels after them, alone and with 20 INTEGER.

use crate::Result;
use crate::cases::integer;
use crate::column::{HEAD, read};
use crate::environment::{ENVIRONMENTS, Environment};
use crate::report::{Line, Report};
use crate::tables::batch;
use crate::values::{primitive, texts};
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, BinaryArray, StringArray};
use bytes::Bytes;
use drdarrow::column::encode::ColumnEncoder;
use drdarrow::column::encode::rows::{LargeCells, RowEncoder};
use drdarrow::column::error::ColumnError;
use drdarrow::column::options::Options;
use drdarrow::flow::sql::rows::QueryBlock;
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::value::field::{Field, Shape};
use drdarrow::wire::value::types::Type;
use std::sync::Arc;
use std::time::Instant;

const ROWS: usize = 2048;
/// Rows of a reply.
const BLOCK: usize = 256;

pub(crate) fn run(report: &mut Report) -> Result<()> {
    for env in [&ENVIRONMENTS[0], &ENVIRONMENTS[2]] {
        for (name, ty, size, integers) in [
            ("CLOB 64 B", Type::Text, Some(64), 0),
            ("CLOB 4 KB", Type::Text, Some(4096), 0),
            ("BLOB 64 B", Type::Binary, Some(64), 0),
            ("BLOB 4 KB", Type::Binary, Some(4096), 0),
            ("CLOB 64 B + 20 INTEGER", Type::Text, Some(64), 20),
            ("CLOB 0 B + 20 INTEGER", Type::Text, Some(0), 20),
            ("CLOB NULL + 20 INTEGER", Type::Text, None, 20),
        ] {
            let name = format!("{} {name}", env.name);
            if report.wants(&name) {
                line(report, &name, fields(env, ty, integers), columns(ty, size, integers))?;
            }
        }
    }
    Ok(())
}

fn fields(env: &Environment, ty: Type, integers: usize) -> Vec<Field> {
    let ccsid = if ty == Type::Text { env.page } else { 0 };
    let large = Field { length: 1 << 20, ccsid, ..env.field(ty, Shape::Lob(8)) };
    std::iter::once(large).chain((0..integers).map(|_| integer(env, 4))).collect()
}

fn columns(ty: Type, size: Option<usize>, integers: usize) -> Vec<ArrayRef> {
    let word = "furiously final requests ";
    let value = |n: usize| word.chars().cycle().skip(n % 20).take(size.unwrap_or(0)).collect::<String>();
    let large: ArrayRef = match ty {
        _ if size.is_none() => Arc::new(StringArray::new_null(ROWS)),
        Type::Text => texts(ROWS, |random| value(random.below(20) as usize)),
        _ => Arc::new((0..ROWS).map(|n| Some(value(n).into_bytes())).collect::<BinaryArray>()),
    };
    let integer = |_| Arc::new(primitive::<Int32Type>(ROWS, 0, |r| r.next() as i32)) as ArrayRef;
    std::iter::once(large).chain((0..integers).map(integer)).collect()
}

fn line(report: &mut Report, name: &str, fields: Vec<Field>, columns: Vec<ArrayRef>) -> Result<()> {
    let mut encoder = RowEncoder::new(&HEAD, &fields, &batch(columns)?)?;
    let blocks = encode(&mut encoder)?;
    let bytes: usize = blocks.iter().map(QueryBlock::len).sum();
    let mut encoding = f64::MAX;
    for _ in 0..=report.rounds() {
        let start = Instant::now();
        drop(std::hint::black_box(encode(&mut encoder)?));
        encoding = encoding.min(start.elapsed().as_nanos() as f64);
    }
    let best = read(report.rounds(), &fields, &blocks, &Options::default(), ROWS)?;
    let [walk, decode, finish] = best.map(|ns| ns / ROWS as f64);
    let encode = Some(encoding / ROWS as f64);
    report.line(name, &Line { bytes: bytes as f64 / ROWS as f64, walk, decode, finish, encode });
    Ok(())
}

/// Into blocks of rows with the values after each.
fn encode(encoder: &mut RowEncoder<'_>) -> Result<Vec<QueryBlock>> {
    let mut blocks = Vec::new();
    for first in (0..ROWS).step_by(BLOCK) {
        let (mut w, mut after) = (Writer::new(), After::default());
        let (_, fault) = encoder.encode_large(first..first + BLOCK, usize::MAX, &mut w, &mut after);
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        blocks.push(QueryBlock { rows: w.into_vec().into(), lobs: after.lobs });
    }
    Ok(blocks)
}

/// The values that travel after rows.
#[derive(Default)]
struct After {
    lobs: Vec<Bytes>,
    bytes: usize,
}

impl LargeCells for After {
    fn begin(&mut self) {}

    fn cell(
        &mut self,
        _: usize,
        encoder: &ColumnEncoder<'_>,
        array: &dyn Array,
        row: usize,
        w: &mut Writer,
    ) -> std::result::Result<(), ColumnError> {
        if let Some(value) = encoder.encode(array, row, w)? {
            self.bytes += value.len();
            // All are nullable.
            self.lobs.push(Bytes::from([&[0][..], &value].concat()));
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    /// A fault ends the measurement.
    fn undo(&mut self) {}
}
