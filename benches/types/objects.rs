//! Rows with a large object that travels after them, alone and with 20 INTEGER.

use crate::Result;
use crate::cases::integer;
use crate::column::{HEAD, read};
use crate::environment::{ENVIRONMENTS, Environment};
use crate::report::{Line, Report};
use crate::values::{primitive, texts};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, BinaryArray, StringArray};
use bytes::Bytes;
use drdarrow::column::encode::ColumnEncoder;
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
    let blocks = encode(&fields, &columns)?;
    let bytes: usize = blocks.iter().map(QueryBlock::len).sum();
    let mut encoding = f64::MAX;
    for _ in 0..=report.rounds() {
        let start = Instant::now();
        drop(std::hint::black_box(encode(&fields, &columns)?));
        encoding = encoding.min(start.elapsed().as_nanos() as f64);
    }
    let best = read(report.rounds(), &fields, &blocks, &Options::default(), ROWS)?;
    let [walk, decode, finish] = best.map(|ns| ns / ROWS as f64);
    let encode = Some(encoding / ROWS as f64);
    report.line(name, &Line { bytes: bytes as f64 / ROWS as f64, walk, decode, finish, encode });
    Ok(())
}

/// Cell by cell, as the server does.
fn encode(fields: &[Field], columns: &[ArrayRef]) -> Result<Vec<QueryBlock>> {
    let encoders =
        fields.iter().enumerate().map(|(i, f)| ColumnEncoder::new(f, i)).collect::<std::result::Result<Vec<_>, _>>()?;
    let mut blocks = Vec::new();
    for first in (0..ROWS).step_by(BLOCK) {
        let (mut w, mut lobs) = (Writer::new(), Vec::new());
        for row in first..first + BLOCK {
            w.bytes(&HEAD);
            for (encoder, array) in encoders.iter().zip(columns) {
                if let Some(value) = encoder.encode(array.as_ref(), row, &mut w)? {
                    // All are nullable.
                    lobs.push(Bytes::from([&[0][..], &value].concat()));
                }
            }
        }
        blocks.push(QueryBlock { rows: w.into_vec().into(), lobs });
    }
    Ok(blocks)
}
