//! The second case of the kernel: records of a fixed length, as S38BUF carries them.

use std::time::Instant;

use drdarrow::column::file::decode::RecordDecoder;
use drdarrow::column::file::encode::RecordEncoder;
use drdarrow::column::file::options::RecordOptions;

use crate::line;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Records of a block of about a megabyte.
const BLOCK: usize = 4096;
const BATCH: usize = 16 * BLOCK;
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
    for place in &places {
        let mut decoder = RecordDecoder::new(std::slice::from_ref(place), &RecordOptions::default())?;
        let mut best = f64::MAX;
        for _ in 0..=rounds {
            let start = Instant::now();
            for _ in 0..BLOCKS {
                decoder.append(&block, &layout.stride_sent(), BLOCK)?;
                if decoder.len() >= BATCH {
                    drop(std::hint::black_box(decoder.finish()?));
                }
            }
            best = best.min(start.elapsed().as_secs_f64());
        }
        println!("  {:24} {:6.2} ns a record at best", place.field.name, best * 1e9 / records);
    }
    Ok(rate)
}
