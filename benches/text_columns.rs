//! Text columns to Arrow arrays and back: nanoseconds a value, the best of many short rounds.

use arrow_array::{RecordBatch, StringArray};
use bytes::Bytes;
use drdarrow::column::decode::decoder;
use drdarrow::column::encode::rows::RowEncoder;
use drdarrow::column::options::{Options, TextErrors};
use drdarrow::flow::sql::rows::{Event, QueryBlock, RowAssembler};
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::fdoca::row::{CHUNK, Offsets};
use drdarrow::wire::value::cell::Cells;
use drdarrow::wire::value::field::{Field, Shape};
use drdarrow::wire::value::typdef::TypDef;
use drdarrow::wire::value::types::Type;
use std::sync::Arc;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROUNDS: usize = 30;
/// Bytes of text in a round, and rows at most.
const SIZE: usize = 2_000_000;
const ROWS: usize = 20_000;
const BLOCK: usize = 1 << 20;

const WORDS: [&str; 8] = ["order", "12", "pieces", "shipped", "SMITH", "street", "2026-11-23", "London"];
const GERMAN: [&str; 8] = ["Übergabe", "Stück", "erfolgte", "Müller", "Söhne", "Straße", "der", "Köln"];
const JAPANESE: [&str; 8] = ["東京都", "千代田区", "山田太郎", "出荷済", "日本語", "製品", "かな", "カナ"];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Ascii,
    German,
    /// One value in so many is German.
    Few(usize),
    Japanese,
    /// Japanese and ASCII words in turn.
    Mixed,
}

/// Name, type, shape, page, text, characters of a value.
type Case = (&'static str, Type, Shape, u16, Kind, usize);

const CASES: [Case; 41] = [
    ("VARCHAR(1)", Type::Text, Shape::Var, 1208, Kind::Ascii, 1),
    ("VARCHAR", Type::Text, Shape::Var, 1208, Kind::Ascii, 4),
    ("VARCHAR", Type::Text, Shape::Var, 1208, Kind::Ascii, 20),
    ("VARCHAR", Type::Text, Shape::Var, 1208, Kind::Ascii, 200),
    ("VARCHAR", Type::Text, Shape::Var, 1208, Kind::Ascii, 2000),
    ("VARCHAR", Type::Text, Shape::Var, 1208, Kind::Few(1000), 20),
    ("VARCHAR", Type::Text, Shape::Var, 1208, Kind::Few(20), 20),
    ("VARCHAR", Type::Text, Shape::Var, 1208, Kind::German, 4),
    ("VARCHAR", Type::Text, Shape::Var, 1208, Kind::German, 20),
    ("VARCHAR", Type::Text, Shape::Var, 1208, Kind::German, 200),
    ("VARCHAR", Type::Text, Shape::Var, 1208, Kind::Japanese, 4),
    ("VARCHAR", Type::Text, Shape::Var, 1208, Kind::Japanese, 20),
    ("VARCHAR", Type::Text, Shape::Var, 1208, Kind::Japanese, 200),
    ("VARCHAR", Type::Text, Shape::Var, 1208, Kind::Japanese, 2000),
    ("VARCHAR(1)", Type::Text, Shape::Var, 37, Kind::Ascii, 1),
    ("VARCHAR", Type::Text, Shape::Var, 37, Kind::Ascii, 20),
    ("VARCHAR", Type::Text, Shape::Var, 37, Kind::Ascii, 200),
    ("VARCHAR", Type::Text, Shape::Var, 37, Kind::Few(1000), 20),
    ("VARCHAR", Type::Text, Shape::Var, 37, Kind::Few(1000), 200),
    ("VARCHAR", Type::Text, Shape::Var, 37, Kind::Few(20), 20),
    ("VARCHAR", Type::Text, Shape::Var, 37, Kind::Few(20), 200),
    ("VARCHAR", Type::Text, Shape::Var, 37, Kind::German, 4),
    ("VARCHAR", Type::Text, Shape::Var, 37, Kind::German, 20),
    ("VARCHAR", Type::Text, Shape::Var, 37, Kind::German, 200),
    ("VARCHAR", Type::Text, Shape::Var, 37, Kind::German, 2000),
    ("VARCHAR", Type::Text, Shape::Var, 1252, Kind::German, 20),
    ("CHAR(10)", Type::Text, Shape::Fixed(10), 37, Kind::Ascii, 6),
    ("CHAR(100)", Type::Text, Shape::Fixed(100), 37, Kind::Ascii, 50),
    ("CHAR(1)", Type::Text, Shape::Fixed(1), 37, Kind::Ascii, 1),
    ("VARCHAR", Type::Text, Shape::Var, 1399, Kind::Ascii, 20),
    ("VARCHAR", Type::Text, Shape::Var, 1399, Kind::Ascii, 200),
    ("VARCHAR", Type::Text, Shape::Var, 1399, Kind::Japanese, 4),
    ("VARCHAR", Type::Text, Shape::Var, 1399, Kind::Japanese, 20),
    ("VARCHAR", Type::Text, Shape::Var, 1399, Kind::Mixed, 20),
    ("VARCHAR", Type::Text, Shape::Var, 1399, Kind::Japanese, 2000),
    ("VARCHAR", Type::Text, Shape::Var, 943, Kind::Japanese, 20),
    ("VARGRAPHIC", Type::Graphic, Shape::VarChars, 300, Kind::Japanese, 20),
    ("VARGRAPHIC", Type::Graphic, Shape::VarChars, 1200, Kind::Ascii, 20),
    ("VARGRAPHIC", Type::Graphic, Shape::VarChars, 1200, Kind::Japanese, 20),
    ("VARGRAPHIC", Type::Graphic, Shape::VarChars, 1200, Kind::Japanese, 200),
    ("GRAPHIC(10)", Type::Graphic, Shape::Fixed(20), 1200, Kind::Ascii, 6),
];

pub(crate) fn run() -> Result<()> {
    println!("column       page  text        decode ns  of which finish   encode ns");
    for (name, ty, shape, ccsid, kind, chars) in CASES {
        let length = if let Shape::Fixed(n) = shape { n } else { 32_000 };
        let field = Field { ccsid, length, nullable: true, ..Field::new(ty, shape) };
        let texts: Vec<String> = (0..ROWS.min(SIZE / chars)).map(|row| text(kind, row, chars)).collect();
        let batch = RecordBatch::try_from_iter([("C", Arc::new(StringArray::from(texts)) as _)])?;
        let fields = [field];
        let (mut encode, mut decode, mut finish) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
        let mut w = Writer::new();
        for _ in 0..ROUNDS {
            w.vec_mut().clear();
            let start = Instant::now();
            let (rows, fault) =
                RowEncoder::new(&[0xFF, 0x00], &fields, &batch)?.encode(0..batch.num_rows(), usize::MAX, &mut w);
            encode = encode.min(start.elapsed().as_secs_f64());
            if let Some(fault) = fault {
                return Err(format!("{fault} after {rows} rows").into());
            }
        }
        let blocks: Vec<Bytes> = w.as_slice().chunks(BLOCK).map(Bytes::copy_from_slice).collect();
        let options = Options { text_errors: TextErrors::Strict, ..Options::default() };
        let mut column = decoder(&fields[0], 0, &options)?;
        for _ in 0..ROUNDS {
            let mut rows = RowAssembler::new(&fields, 7, TypDef::OURS);
            blocks.iter().for_each(|block| rows.push(QueryBlock { rows: block.clone(), lobs: Vec::new() }));
            rows.close();
            let mut offsets = Offsets::new(1);
            let mut appending = 0.0;
            while let Event::Rows(chunk) = rows.next(CHUNK, &mut offsets)? {
                let cells =
                    Cells { buf: &chunk.buf, offsets: offsets.column(0), lobs: &[], first_row: chunk.first_row };
                let start = Instant::now();
                column.append(&cells)?;
                appending += start.elapsed().as_secs_f64();
            }
            let start = Instant::now();
            let array = column.finish()?;
            let finished = start.elapsed().as_secs_f64();
            if array.len() != batch.num_rows() {
                return Err("rows are missing".into());
            }
            finish = finish.min(finished);
            decode = decode.min(appending + finished);
        }
        let each = |seconds: f64| seconds * 1e9 / batch.num_rows() as f64;
        let kind = match kind {
            Kind::Ascii => "ASCII",
            Kind::German => "German",
            Kind::Few(1000) => "German .1%",
            Kind::Few(_) => "German 5%",
            Kind::Japanese => "Japanese",
            Kind::Mixed => "mixed",
        };
        println!(
            "{name:11} {ccsid:5}  {kind:10} {chars:4} {:8.1} {:8.1} {:12.1}",
            each(decode),
            each(finish),
            each(encode)
        );
    }
    Ok(())
}

/// Words up to so many characters, give or take a third.
fn text(kind: Kind, row: usize, chars: usize) -> String {
    let mut seed = row as u64 * 2 + 1;
    let mut next = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    let (words, between) = match kind {
        Kind::Ascii => (WORDS, " "),
        Kind::Few(n) if row % n != n / 2 => (WORDS, " "),
        Kind::Few(_) | Kind::German => (GERMAN, " "),
        Kind::Japanese | Kind::Mixed => (JAPANESE, ""),
    };
    let wanted = if chars < 3 { chars } else { chars - chars / 3 + next() % (chars / 3 * 2 + 1) };
    let mut out = String::new();
    let mut count = 0;
    while count < wanted {
        let word = match kind {
            Kind::Mixed if count % 2 == 0 => WORDS[next() % 8],
            _ => words[next() % 8],
        };
        for ch in word.chars().chain(between.chars()).take(wanted - count) {
            out.push(ch);
            count += 1;
        }
    }
    if matches!(kind, Kind::German) && out.is_ascii() && chars > 1 {
        out.pop();
        out.push('ß');
    }
    out
}
