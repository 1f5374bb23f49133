//! The third case of the kernel: columns with NULLs at random, and with a bad value here and there.

use bytes::Bytes;
use drdarrow::column::options::{BadValues, Options};
use drdarrow::wire::codec::instructions::{levels, with};
use drdarrow::wire::fdoca::descriptor;
use drdarrow::wire::value::typdef::TypDef;

use crate::decode::Decoding;
use crate::lineitem::Random;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROWS: usize = 65_536;
const PASSES: usize = 60;

/// Name, type id and size of the descriptor, a good value, a bad one.
type Case = (&'static str, [u8; 3], &'static [u8], &'static [u8]);

#[rustfmt::skip]
const CASES: [Case; 3] = [
    ("INTEGER", [0x03, 0, 4], &[1, 2, 3, 4], &[1, 2, 3, 4]),
    ("DECIMAL(15,2)", [0x0F, 15, 2], &[0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9C], &[0x40; 8]),
    ("DATE", [0x21, 0, 10], b"2024-02-29", b"0000-00-00"),
];

/// Prints the figures: ns a row of one column.
pub(crate) fn run() -> Result<()> {
    println!("one column, ns a row, the least of {PASSES} passes over {ROWS} rows");
    println!("  {:26}{}", "", levels().iter().map(|(name, _)| format!("{name:>9}")).collect::<String>());
    for (name, ty, good, bad) in CASES {
        for (what, nulls, odd) in
            [("", 0, 0), (", 10 % NULL", 102, 0), (", 50 % NULL", 512, 0), (", one in 1,024 bad", 0, 1)]
        {
            if odd > 0 && good == bad {
                continue;
            }
            let block = block(good, bad, nulls, odd);
            let mut line = format!("  {:26}", format!("{name}{what}"));
            for (_, level) in levels() {
                let fields = descriptor::decode(&describe(ty), &TypDef::OURS)?;
                let options = Options { bad_values: BadValues::Null, ..Options::default() };
                let blocks = [block.clone()];
                let (_, all) = with(level, || Decoding::new(&fields, &options)?.least(&blocks, PASSES))?;
                line += &format!("{:9.2}", all.as_nanos() as f64 / ROWS as f64);
            }
            println!("{line}");
        }
    }
    Ok(())
}

/// The descriptor of rows of one column.
fn describe(ty: [u8; 3]) -> Vec<u8> {
    let [id, a, b] = ty;
    [&[0x06, 0x76, 0xD0, id, a, b][..], &[0x09, 0x71, 0xE0, 0x54, 0, 1, 0xD0, 0, 1, 0x06, 0x71, 0xF0, 0xE0, 0, 0]]
        .concat()
}

/// Rows of which so many of 1,024 are NULL, or bad.
fn block(good: &[u8], bad: &[u8], nulls: u64, odd: u64) -> Bytes {
    let mut random = Random(1_024);
    let mut out = Vec::new();
    for row in 0..ROWS as u64 {
        out.extend([0xFF, 0x00]);
        if random.below(1_024) < nulls {
            out.push(0xFF);
            continue;
        }
        out.push(0);
        out.extend_from_slice(if row % 1_024 < odd { bad } else { good });
    }
    Bytes::from(out)
}
