//! The decode kernel alone: blocks of LINEITEM rows and records in memory to Arrow record batches, in bytes of
//! the wire per second, beside a `memcpy` of the same bytes in the same run. Then where a row's time goes, at each
//! level of instructions that the processor has.
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
#[path = "nulls.rs"]
mod nulls;
#[path = "records.rs"]
mod records;

use arrow_array::{Array, RecordBatch};
use bytes::Bytes;
use decode::Decoding;
use drdarrow::column::options::Options;
use drdarrow::wire::codec::instructions::{levels, with};
use drdarrow::wire::value::field::Field;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROWS: u64 = 1_000_000;
const BLOCK: usize = 1 << 20;
const ROUNDS: usize = 9;
/// Rows and passes of the short rounds, of which the least time counts.
const FEW: u64 = 16_384;
const PASSES: usize = 100;
/// Bytes of the wire per second.
const GOAL: f64 = 1e9;

fn main() -> Result<()> {
    let fields = decode::fields()?;
    let names: Vec<_> = levels().iter().map(|(name, _)| *name).collect();
    let (widest, others) = names.split_first().ok_or("no instructions")?;
    println!("{}: with {widest}, and held to {}", processor(), others.join(", "));
    let blocks: Vec<Bytes> = lineitem::blocks(ROWS, BLOCK).into_iter().map(Bytes::from).collect();
    let wire: usize = blocks.iter().map(Bytes::len).sum();
    let mut copy = vec![0u8; wire];
    let (mut copying, mut decoding, mut arrow) = (Vec::new(), Vec::new(), 0);
    let mut decoder = Decoding::new(&fields, &Options::default())?;
    for round in 0..=ROUNDS {
        let start = Instant::now();
        duplicate(&blocks, &mut copy);
        let copied = start.elapsed().as_secs_f64();
        let start = Instant::now();
        arrow = 0;
        decoder.pass(&blocks, |batch| arrow += size(&batch))?;
        let decoded = start.elapsed().as_secs_f64();
        if decoder.rows as u64 != ROWS {
            return Err(format!("{} rows were decoded", decoder.rows).into());
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
    breakdown(&fields)?;
    nulls::run()?;
    let records = records::run(ROUNDS)?;
    println!("goal     {:.1} GB/s: {}", GOAL / 1e9, if records >= GOAL { "met" } else { "NOT met" });
    if std::env::args().any(|a| a == "--check") && (rate(decoded) * 1e9).min(records) < GOAL / 10.0 {
        return Err("less than a tenth of the goal".into());
    }
    Ok(())
}

/// Where the time of a row goes, by level.
fn breakdown(fields: &[Field]) -> Result<()> {
    let blocks: Vec<Bytes> = lineitem::blocks(FEW, BLOCK).into_iter().map(Bytes::from).collect();
    let mut copy = vec![0u8; blocks.iter().map(Bytes::len).sum()];
    let mut copied = f64::MAX;
    for _ in 0..PASSES {
        let start = Instant::now();
        duplicate(&blocks, &mut copy);
        copied = copied.min(start.elapsed().as_nanos() as f64);
    }
    let mut names = vec!["walk".to_owned()];
    names.extend(fields.iter().map(|f| format!("{} {}", f.name, f.sql_name())));
    names.push("arrays, UTF-8, drop".to_owned());
    names.push("all".to_owned());
    let mut columns = Vec::new();
    for (_, level) in levels() {
        let (stages, all) = with(level, || Decoding::new(fields, &Options::default())?.least(&blocks, PASSES))?;
        let mut spent = stages.spent;
        spent.push(all);
        columns.push(spent);
    }
    println!("ns a row, the least of {PASSES} passes over {FEW} rows; memcpy {:.2}", copied / FEW as f64);
    println!("  {:26}{}", "", levels().iter().map(|(name, _)| format!("{name:>9}")).collect::<String>());
    for (i, name) in names.iter().enumerate() {
        let figures = columns.iter().map(|spent| format!("{:9.2}", spent[i].as_nanos() as f64 / FEW as f64));
        println!("  {name:26}{}", figures.collect::<String>());
    }
    Ok(())
}

fn duplicate(blocks: &[Bytes], copy: &mut [u8]) {
    let mut at = 0;
    for block in blocks {
        copy[at..at + block.len()].copy_from_slice(block);
        at += block.len();
    }
    std::hint::black_box(copy);
}

/// The processor's name.
fn processor() -> String {
    let facts = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = facts.lines().find_map(|line| line.strip_prefix("model name")).and_then(|rest| rest.split_once(": "));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned())
}

/// Bytes of Arrow.
fn size(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|c| c.to_data().get_slice_memory_size().unwrap_or(0)).sum()
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
