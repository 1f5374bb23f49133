//! Code pages to UTF-8 on one core: 10 MB of text a page, in one value and in values as long as a
//! column's, in bytes of the source per second; the best of some rounds, which is what a core does
//! that nobody else uses.
//!
//! ```text
//! cargo bench --bench pages              the figures, and those of text columns
//! cargo bench --bench pages -- --check   the same; fails at a tenth of the goals
//! cargo bench --bench pages -- --columns those of columns alone
//! ```
#![allow(clippy::indexing_slicing)] // tables of our own

#[path = "text_columns.rs"]
mod text_columns;

use drdarrow::wire::ccsid::codec::Codec;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const SIZE: usize = 10_000_000;
const ROUNDS: usize = 25;
/// Characters of a short value.
const SHORT: usize = 40;
/// Bytes of a page per second: of single-byte ones, of all others.
const GOALS: (f64, f64) = (1e9, 300e6);

const ENGLISH: &str = "The order of 12 pieces was shipped on 2026-11-23 to J. SMITH & SONS, 5 HIGH STREET, LONDON; ";
const GERMAN: &str = "Die Übergabe von 12 Stück erfolgte am 23.11.2026 an Müller & Söhne, Straße der Jugend 5, Köln; ";
const JAPANESE: &str = "ORDER 20261123 東京都千代田区 YAMADA 山田太郎 12 PIECES 出荷済 TEL 03-1234-5678; ";
const KOREAN: &str = "ORDER 20261123 서울특별시 KIM 12 PIECES TEL 02-1234-5678 MEMO NONE; ";
const CHINESE: &str = "ORDER 20261123 北京市 WANG 12 PIECES TEL 010-1234-5678 MEMO NONE; ";

/// Page, what the text is, the text, and whether the page is a single-byte one.
const CASES: [(u16, &str, &str, bool); 17] = [
    (37, "ASCII", ENGLISH, true),
    (500, "ASCII", ENGLISH, true),
    (1047, "ASCII", ENGLISH, true),
    (1140, "ASCII", ENGLISH, true),
    (273, "German", GERMAN, true),
    (1141, "German", GERMAN, true),
    (1252, "German", GERMAN, true),
    (930, "ASCII", "THE ORDER OF 12 PIECES WAS SHIPPED ON 2026-11-23 TO 5 HIGH STREET, LONDON; ", false),
    (939, "ASCII", ENGLISH, false),
    (1399, "ASCII", ENGLISH, false),
    (933, "ASCII", ENGLISH, false),
    (939, "Japanese", JAPANESE, false),
    (1399, "Japanese", JAPANESE, false),
    (933, "Korean", KOREAN, false),
    (1388, "Chinese", CHINESE, false),
    (943, "Japanese", JAPANESE, false),
    (1200, "ASCII", ENGLISH, false),
];

fn main() -> Result<()> {
    let asked = |what: &str| std::env::args().any(|a| a == what);
    if asked("--columns") {
        return text_columns::run();
    }
    let check = asked("--check");
    let mut slow = Vec::new();
    println!("page  text       one value     values of {SHORT} characters");
    for (ccsid, kind, text, single) in CASES {
        let codec = Codec::new(ccsid)?;
        let long = encoded(&codec, text, SIZE)?;
        let short: Vec<char> = text.chars().cycle().take(SHORT * 64).collect();
        let short: Vec<Vec<u8>> =
            short.chunks(SHORT).map(|c| encoded(&codec, &c.iter().collect::<String>(), 1)).collect::<Result<_>>()?;
        let whole = rate(&codec, std::slice::from_ref(&long))?;
        let pieces = rate(&codec, &short)?;
        let goal = if single { GOALS.0 } else { GOALS.1 };
        let met = if whole >= goal { "" } else { "  NOT met" };
        println!("{ccsid:4}  {kind:9} {:5.2} GB/s    {:5.2} GB/s{met}", whole / 1e9, pieces / 1e9);
        if check && whole < goal / 10.0 {
            slow.push(ccsid);
        }
    }
    println!("goals {:.1} GB/s single-byte, {:.1} GB/s others, in one value", GOALS.0 / 1e9, GOALS.1 / 1e9);
    text_columns::run()?;
    if slow.is_empty() { Ok(()) } else { Err(format!("less than a tenth of the goal: {slow:?}").into()) }
}

/// The text in the page, again and again until it has `size` bytes.
fn encoded(codec: &Codec, text: &str, size: usize) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(size + 2 * text.len());
    while out.len() < size {
        codec.encode(text, &mut out)?;
    }
    Ok(out)
}

/// Bytes per second, the best of some rounds of about [`SIZE`] bytes.
fn rate(codec: &Codec, values: &[Vec<u8>]) -> Result<f64> {
    let bytes: usize = values.iter().map(Vec::len).sum();
    let turns = SIZE.div_ceil(bytes);
    let mut out = Vec::with_capacity(3 * SIZE);
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        out.clear();
        let start = Instant::now();
        for _ in 0..turns {
            for value in values {
                codec.decode(value, &mut out)?;
            }
        }
        best = best.min(start.elapsed().as_secs_f64());
        std::hint::black_box(&mut out);
    }
    Ok((turns * bytes) as f64 / best)
}
