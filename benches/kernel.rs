//! The decode kernel alone: blocks of LINEITEM rows in memory to Arrow record batches, in bytes of
//! the wire per second, beside a `memcpy` of the same bytes in the same run.
//!
//! ```text
//! cargo bench --bench kernel            the figures, and where a row's time goes
//! cargo bench --bench kernel -- --check the same; fails at a tenth of the goal
//! ```
#![allow(clippy::indexing_slicing)] // tables of our own

#[path = "decode.rs"]
mod decode;
#[path = "line.rs"]
mod line;
#[path = "lineitem.rs"]
mod lineitem;
#[path = "records.rs"]
mod records;

use arrow_array::{Array, RecordBatch};
use bytes::Bytes;
use decode::{Plain, Watch, decode};
use drdarrow::wire::value::field::Field;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROWS: u64 = 1_000_000;
const BLOCK: usize = 1 << 20;
const ROUNDS: usize = 9;
/// Bytes of the wire per second.
const GOAL: f64 = 1e9;

fn main() -> Result<()> {
    let fields = decode::fields()?;
    let blocks: Vec<Bytes> = lineitem::blocks(ROWS, BLOCK).into_iter().map(Bytes::from).collect();
    let wire: usize = blocks.iter().map(Bytes::len).sum();
    let mut copy = vec![0u8; wire];
    let (mut copying, mut decoding, mut arrow) = (Vec::new(), Vec::new(), 0);
    for round in 0..=ROUNDS {
        let start = Instant::now();
        let mut at = 0;
        for block in &blocks {
            copy[at..at + block.len()].copy_from_slice(block);
            at += block.len();
        }
        std::hint::black_box(&mut copy);
        let copied = start.elapsed().as_secs_f64();
        let start = Instant::now();
        arrow = 0;
        let rows = decode(&fields, &blocks, &mut Plain, |batch| arrow += size(&batch))?;
        let decoded = start.elapsed().as_secs_f64();
        if rows as u64 != ROWS {
            return Err(format!("{rows} rows were decoded").into());
        }
        // The first round warms up.
        if round > 0 {
            copying.push(copied);
            decoding.push(decoded);
        }
    }
    let (copied, decoded) = (median(&mut copying), median(&mut decoding));
    let rate = |seconds: f64| wire as f64 / seconds / 1e9;
    println!(
        "{ROWS} rows of 16 columns, {:.1} bytes a row on the wire, medians of {ROUNDS}",
        wire as f64 / ROWS as f64
    );
    println!("memcpy   {copied:.4} s  {:6.2} GB/s", rate(copied));
    println!(
        "decode   {decoded:.4} s  {:6.2} GB/s  {:.2} M rows/s  {arrow} bytes of Arrow  {:.1} x the time of memcpy",
        rate(decoded),
        ROWS as f64 / decoded / 1e6,
        decoded / copied
    );
    println!("goal     {:.1} GB/s: {}", GOAL / 1e9, if rate(decoded) * 1e9 >= GOAL { "met" } else { "NOT met" });
    breakdown(&fields, &blocks)?;
    let records = records::run(ROUNDS)?;
    println!("goal     {:.1} GB/s: {}", GOAL / 1e9, if records >= GOAL { "met" } else { "NOT met" });
    if std::env::args().any(|a| a == "--check") && (rate(decoded) * 1e9).min(records) < GOAL / 10.0 {
        return Err("less than a tenth of the goal".into());
    }
    Ok(())
}

/// Sums up by stage: the walk, each column, the making of arrays.
struct Stages {
    last: Instant,
    spent: Vec<Duration>,
}

impl Watch for Stages {
    fn start(&mut self) {
        self.last = Instant::now();
    }

    fn lap(&mut self, stage: usize) {
        let now = Instant::now();
        self.spent[stage] += now - self.last;
        self.last = now;
    }
}

/// Where the time of a row goes.
fn breakdown(fields: &[Field], blocks: &[Bytes]) -> Result<()> {
    let mut stages = Stages { last: Instant::now(), spent: vec![Duration::ZERO; fields.len() + 2] };
    for _ in 0..3 {
        decode(fields, blocks, &mut stages, |batch| drop(std::hint::black_box(batch)))?;
    }
    let mut names = vec!["walk".to_owned()];
    names.extend(fields.iter().map(|f| format!("{} {}", f.name, f.sql_name())));
    names.push("arrays, UTF-8, drop".to_owned());
    let each = |spent: Duration| spent.as_nanos() as f64 / (3 * ROWS) as f64;
    for (name, spent) in names.iter().zip(&stages.spent) {
        println!("  {name:24} {:6.2} ns a row", each(*spent));
    }
    println!("  {:24} {:6.2} ns a row", "all", each(stages.spent.iter().sum()));
    Ok(())
}

/// Bytes of Arrow.
fn size(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|c| c.to_data().get_slice_memory_size().unwrap_or(0)).sum()
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
