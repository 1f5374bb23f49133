//! The encoding kernel alone: Arrow record batches of LINEITEM to blocks of rows, in bytes of the
//! wire per second, in the environments of the personas; cell by cell for comparison.
//!
//! ```text
//! cargo bench --bench encode            the figures
//! cargo bench --bench encode -- --check the same; fails at a tenth of the goal
//! ```
#![allow(clippy::indexing_slicing)] // tables of our own

#[allow(dead_code)] // the time of each stage is for the other benchmark
#[path = "decode.rs"]
mod decode;
#[path = "lineitem.rs"]
mod lineitem;

use arrow_array::RecordBatch;
use bytes::Bytes;
use decode::Decoding;
use drdarrow::column::encode::ColumnEncoder;
use drdarrow::column::encode::rows::RowEncoder;
use drdarrow::column::options::Options;
use drdarrow::wire::codec::reader::ByteOrder;
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::value::field::Field;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROWS: u64 = 1_000_000;
const BLOCK: usize = 1 << 20;
const ROUNDS: usize = 7;
/// In front of a row: no SQLCA, and a row follows.
const HEAD: [u8; 2] = [0xFF, 0x00];
/// Rows per second.
const GOAL: f64 = 4e6;

fn main() -> Result<()> {
    let fields = decode::fields()?;
    let blocks: Vec<Bytes> = lineitem::blocks(ROWS, BLOCK).into_iter().map(Bytes::from).collect();
    let mut batches = Vec::new();
    Decoding::new(&fields, &Options::default())?.pass(&blocks, |batch| batches.push(batch))?;
    let mut again = Vec::new();
    rows(&fields, &batches, BLOCK, |block| again.extend_from_slice(block))?;
    if again != blocks.concat() {
        return Err("what was decoded is not encoded to the same bytes".into());
    }
    println!("{ROWS} rows of 16 columns, medians of {ROUNDS}");
    let little = |f: &Field| Field { order: ByteOrder::Little, ..f.clone() };
    let ebcdic = |f: &Field| Field { ccsid: if f.ccsid == 0 { 0 } else { 37 }, ..f.clone() };
    let mut slowest = f64::INFINITY;
    for (name, fields) in [
        ("derby", fields.clone()),
        ("luw", fields.iter().map(little).collect()),
        ("ibmi", fields.iter().map(ebcdic).collect()),
    ] {
        slowest = slowest.min(measure(name, || rows(&fields, &batches, BLOCK, |_| ()))?);
        if name == "luw" {
            measure("luw, 32 KiB blocks", || rows(&fields, &batches, 32_767, |_| ()))?;
            measure("luw, cell by cell", || cells(&fields, &batches))?;
        }
    }
    println!("goal     {:.0} M rows/s: {}", GOAL / 1e6, if slowest >= GOAL { "met" } else { "NOT met" });
    if std::env::args().any(|a| a == "--check") && slowest < GOAL / 10.0 {
        return Err("less than a tenth of the goal".into());
    }
    Ok(())
}

/// Encodes all rows into blocks, which are shown and dropped; the bytes.
fn rows(fields: &[Field], batches: &[RecordBatch], block: usize, mut show: impl FnMut(&[u8])) -> Result<usize> {
    let mut bytes = 0;
    let mut w = Writer::new();
    for batch in batches {
        let mut encoder = RowEncoder::new(&HEAD, fields, batch)?;
        let mut at = 0;
        while at < batch.num_rows() {
            let (done, fault) = encoder.encode(at..batch.num_rows(), block, &mut w);
            if let Some(fault) = fault {
                return Err(fault.into());
            }
            at += done;
            if w.len() >= block || at == batch.num_rows() {
                bytes += w.len();
                show(std::hint::black_box(w.as_slice()));
                w.vec_mut().clear();
            }
        }
    }
    Ok(bytes)
}

fn cells(fields: &[Field], batches: &[RecordBatch]) -> Result<usize> {
    let mut bytes = 0;
    let mut w = Writer::new();
    let encoders =
        fields.iter().enumerate().map(|(i, f)| ColumnEncoder::new(f, i)).collect::<std::result::Result<Vec<_>, _>>()?;
    for batch in batches {
        for row in 0..batch.num_rows() {
            w.bytes(&HEAD);
            for (encoder, array) in encoders.iter().zip(batch.columns()) {
                encoder.encode(array.as_ref(), row, &mut w)?;
            }
            if w.len() >= BLOCK {
                bytes += w.len();
                w.vec_mut().clear();
            }
        }
    }
    Ok(bytes + w.len())
}

fn measure(name: &str, run: impl Fn() -> Result<usize>) -> Result<f64> {
    let mut seconds = Vec::new();
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        bytes = std::hint::black_box(run()?);
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let middle = seconds[ROUNDS / 2];
    let rate = ROWS as f64 / middle;
    println!("{name:20} {middle:.4} s  {:5.2} GB/s  {:5.2} M rows/s", bytes as f64 / middle / 1e9, rate / 1e6);
    Ok(rate)
}
