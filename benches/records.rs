//! The second case of the kernel: records of a fixed length, as S38BUF carries them, sixteen fields
//! in the shape of LINEITEM with the types of an old file.

use std::sync::Arc;
use std::time::Instant;

use arrow_array::{ArrayRef, Date32Array, Decimal128Array, Int16Array, StringArray};
use drdarrow::column::record::decode::RecordDecoder;
use drdarrow::column::record::encode::RecordEncoder;
use drdarrow::column::record::options::RecordOptions;
use drdarrow::wire::record::format::{DdsType, RecordField, RecordFormat};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Records of a block of about a megabyte.
const BLOCK: usize = 4096;
const BATCH: usize = 16 * BLOCK;
/// Blocks that are decoded in a round.
const BLOCKS: usize = 128;

/// Name, type, bytes, digits, decimals.
const FIELDS: [(&str, DdsType, u32, u8, u8); 16] = [
    ("ORDER", DdsType::ZONED, 9, 9, 0),
    ("PART", DdsType::PACKED, 5, 9, 0),
    ("SUPPLIER", DdsType::PACKED, 4, 7, 0),
    ("LINE", DdsType::BINARY, 2, 4, 0),
    ("QUANTITY", DdsType::PACKED, 5, 9, 2),
    ("PRICE", DdsType::PACKED, 8, 15, 2),
    ("DISCOUNT", DdsType::ZONED, 5, 5, 2),
    ("TAX", DdsType::ZONED, 11, 11, 2),
    ("FLAG", DdsType::CHARACTER, 1, 0, 0),
    ("STATUS", DdsType::CHARACTER, 1, 0, 0),
    ("SHIPPED", DdsType::DATE, 10, 0, 0),
    ("COMMITTED", DdsType::DATE, 10, 0, 0),
    ("RECEIVED", DdsType::DATE, 10, 0, 0),
    ("INSTRUCT", DdsType::CHARACTER, 25, 0, 0),
    ("MODE", DdsType::CHARACTER, 10, 0, 0),
    ("COMMENT", DdsType::CHARACTER, 44, 0, 0),
];

/// Prints the figures; the bytes of records per second.
pub(crate) fn run(rounds: usize) -> Result<f64> {
    let mut format = RecordFormat { name: "LINE".into(), ..RecordFormat::default() };
    for (name, dds, length, digits, decimals) in FIELDS {
        let offset = format.length;
        let ccsid = if dds == DdsType::CHARACTER { 37 } else { 65535 };
        let field =
            RecordField { name: name.into(), dds, offset, length, digits, decimals, ccsid, ..Default::default() };
        format.fields.push(field);
        format.length += length;
    }
    let (places, layout) = (format.placed(), format.layout());
    let mut block = Vec::new();
    RecordEncoder::new(&places)?.encode(&columns(), 0..BLOCK, &layout.stride_sent(), &mut block)?;
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
    let median = seconds[seconds.len() / 2];
    let records = (BLOCK * BLOCKS) as f64;
    let rate = records * f64::from(format.length) / median;
    println!(
        "records  {median:.4} s  {:6.2} GB/s  {:.2} M records/s of {} bytes in slots of {}",
        rate / 1e9,
        records / median / 1e6,
        format.length,
        layout.increment
    );
    for place in &places {
        let mut decoder = RecordDecoder::new(std::slice::from_ref(place), &RecordOptions::default())?;
        let start = Instant::now();
        for _ in 0..BLOCKS {
            decoder.append(&block, &layout.stride_sent(), BLOCK)?;
            if decoder.len() >= BATCH {
                drop(std::hint::black_box(decoder.finish()?));
            }
        }
        println!("  {:24} {:6.2} ns a record", place.field.name, start.elapsed().as_nanos() as f64 / records);
    }
    Ok(rate)
}

fn columns() -> Vec<Option<ArrayRef>> {
    const WORDS: &str = "furiously final requests sleep quickly above the pending blithely regular ideas";
    let rows = || 0..BLOCK as i64;
    let decimal = |n: usize, precision: u8, scale: i8| -> ArrayRef {
        let limit = 10i64.pow(u32::from(precision));
        let values = rows().map(|row| i128::from(row * 7_919_137 * (n as i64 + 1) % limit - row % 2));
        let array = Decimal128Array::from_iter_values(values).with_precision_and_scale(precision, scale);
        Arc::new(array.unwrap_or_else(|_| Decimal128Array::from_iter_values([])))
    };
    let text = |n: usize, width: usize| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows().map(|row| {
            let start = (row as usize * 11 + n) % 30;
            &WORDS[start..start + width.min(1 + row as usize % width)]
        })))
    };
    let mut out = Vec::new();
    for (n, (_, dds, length, digits, decimals)) in FIELDS.into_iter().enumerate() {
        out.push(Some(match dds {
            DdsType::DATE => Arc::new(Date32Array::from_iter_values(rows().map(|row| 8_000 + row as i32))) as ArrayRef,
            DdsType::CHARACTER => text(n, length as usize),
            DdsType::BINARY => Arc::new(Int16Array::from_iter_values(rows().map(|row| row as i16))),
            _ => decimal(n, digits, decimals as i8),
        }));
    }
    out
}
