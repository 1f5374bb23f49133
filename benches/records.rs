//! The second case of the kernel: records of a fixed length, as S38BUF carries them.

use std::time::Instant;

use drdarrow::column::file::decode::RecordDecoder;
use drdarrow::column::file::encode::RecordEncoder;
use drdarrow::column::file::options::RecordOptions;

use drdarrow::wire::codec::instructions::{levels, with};
use drdarrow::wire::file::buffer::BufferLayout;
use drdarrow::wire::value::record_layout::PlacedField;

use crate::line;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Records of a block of about a megabyte.
const BLOCK: usize = 4096;
const BATCH: usize = 16 * BLOCK;
/// Passes over a block at each level.
const PASSES: usize = 300;
/// Blocks that are decoded in a round.
const BLOCKS: usize = 128;

/// Prints the figures; the bytes of records per second.
pub(crate) fn run(rounds: usize) -> Result<f64> {
    let format = line::format();
    let (places, layout) = (format.placed(), format.layout());
    let columns: Vec<_> = line::columns(BLOCK).into_iter().map(Some).collect();
    let mut block = Vec::new();
    RecordEncoder::new(&places)?.encode(&columns, 0..BLOCK, &layout.stride_sent(), &mut block)?;
    let mut decoder = RecordDecoder::new(&places, &RecordOptions::default())?;
    let mut seconds = Vec::new();
    for round in 0..=rounds {
        let start = Instant::now();
        for _ in 0..BLOCKS {
            decoder.append(&block, &layout.stride_sent(), BLOCK)?;
            if decoder.len() >= BATCH {
                drop(std::hint::black_box(decoder.finish()?));
            }
        }
        // The first round warms up.
        if round > 0 {
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    seconds.sort_by(f64::total_cmp);
    let (best, median) = (seconds[0], seconds[seconds.len() / 2]);
    let records = (BLOCK * BLOCKS) as f64;
    let rate = records * f64::from(format.length) / median;
    println!(
        "records  {median:.4} s  {:6.2} GB/s  {:.2} M records/s ({:.2} at best) of {} bytes in slots of {}",
        rate / 1e9,
        records / median / 1e6,
        records / best / 1e6,
        format.length,
        layout.increment
    );
    by_level(&places, &layout, &block)?;
    Ok(rate)
}

/// Where the time of a record goes, by level: ns.
fn by_level(places: &[PlacedField], layout: &BufferLayout, block: &[u8]) -> Result<()> {
    println!(
        "  {:26}{}",
        "ns a record at best",
        levels().iter().map(|(name, _)| format!("{name:>9}")).collect::<String>()
    );
    let mut parts: Vec<&[PlacedField]> = places.chunks(1).collect();
    parts.push(places);
    for part in parts {
        let name = part.first().filter(|_| part.len() == 1).map_or("all", |place| &place.field.name);
        let mut line = format!("  {name:26}");
        for (_, level) in levels() {
            let mut decoder = with(level, || RecordDecoder::new(part, &RecordOptions::default()))?;
            let mut best = f64::MAX;
            for _ in 0..PASSES {
                let start = Instant::now();
                decoder.append(block, &layout.stride_sent(), BLOCK)?;
                best = best.min(start.elapsed().as_nanos() as f64 / BLOCK as f64);
                if decoder.len() >= BATCH {
                    drop(std::hint::black_box(decoder.finish()?));
                }
            }
            line += &format!("{best:9.2}");
        }
        println!("{line}");
    }
    Ok(())
}
