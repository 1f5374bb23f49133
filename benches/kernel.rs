//! The decode kernel alone: blocks of LINEITEM rows in memory to Arrow record batches, in bytes of
//! the wire per second, beside a `memcpy` of the same bytes in the same run.
//!
//! ```text
//! cargo bench --bench kernel            the figures, and where a row's time goes
//! cargo bench --bench kernel -- --check the same; fails at a tenth of the goal
//! ```
#![allow(clippy::indexing_slicing)] // tables of our own

#[path = "lineitem.rs"]
mod lineitem;
#[path = "records.rs"]
mod records;

use arrow_array::{RecordBatch, RecordBatchOptions};
use bytes::Bytes;
use drdarrow::column::decode::decoder;
use drdarrow::column::options::Options;
use drdarrow::column::schema::schema;
use drdarrow::flow::rows::{Block, Event, Rows};
use drdarrow::wire::fdoca::descriptor;
use drdarrow::wire::fdoca::row::{CHUNK, Offsets};
use drdarrow::wire::value::cell::Cells;
use drdarrow::wire::value::field::Field;
use drdarrow::wire::value::typdef::TypDef;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROWS: u64 = 1_000_000;
const BLOCK: usize = 1 << 20;
const BATCH: usize = 65_536;
const ROUNDS: usize = 9;
/// Bytes of the wire per second.
const GOAL: f64 = 1e9;

fn main() -> Result<()> {
    let mut fields = descriptor::decode(&lineitem::QRYDSC, &TypDef::OURS)?;
    for (field, name) in fields.iter_mut().zip(lineitem::NAMES) {
        field.name = name.to_owned();
    }
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
        arrow = decode(&fields, &blocks, &mut Plain)?;
        let decoded = start.elapsed().as_secs_f64();
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

/// Told what took how long.
trait Watch {
    fn lap(&mut self, stage: usize);
    fn start(&mut self) {}
}

/// Does not look.
struct Plain;

impl Watch for Plain {
    fn lap(&mut self, _: usize) {}
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

const WALK: usize = 0;

/// Decodes all blocks as a stream of batches does, each dropped at once; the bytes of Arrow made.
fn decode(fields: &[Field], blocks: &[Bytes], watch: &mut impl Watch) -> Result<usize> {
    let options = Options::default();
    let schema = schema(fields, &options)?;
    let mut decoders = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        decoders.push(decoder(field, i, &options)?);
    }
    let mut rows = Rows::new(fields, 7, TypDef::OURS);
    let mut offsets = Offsets::new(fields.len());
    let (mut building, mut arrow, mut total) = (0, 0, 0);
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
                Some(block) => rows.push(Block { rows: block.clone(), lobs: Vec::new() }),
                None => rows.close(),
            },
            Event::Warning(_) | Event::End => {}
        }
        if building == BATCH || rows.has_ended() && building > 0 {
            total += building;
            let options = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut building)));
            let columns = decoders.iter_mut().map(|d| d.finish()).collect::<std::result::Result<Vec<_>, _>>()?;
            let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options)?;
            arrow += batch.columns().iter().map(|c| c.to_data().get_slice_memory_size().unwrap_or(0)).sum::<usize>();
            drop(std::hint::black_box(batch));
            watch.lap(1 + fields.len());
        }
        if rows.has_ended() {
            return if total as u64 == ROWS { Ok(arrow) } else { Err(format!("{total} rows were decoded").into()) };
        }
    }
}

/// Where the time of a row goes.
fn breakdown(fields: &[Field], blocks: &[Bytes]) -> Result<()> {
    let mut stages = Stages { last: Instant::now(), spent: vec![Duration::ZERO; fields.len() + 2] };
    for _ in 0..3 {
        decode(fields, blocks, &mut stages)?;
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

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
