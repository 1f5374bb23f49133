//! Every character of every code page as this crate reads it, for comparison with other software.
//!
//! ```text
//! cargo run --example pages           every page
//! cargo run --example pages 37 930    these
//! ```
//!
//! A line `page CCSID FORM` opens each page, lines of `BYTES TEXT` follow, both in hexadecimal, the
//! text as UTF-8. Bytes that stand for nothing are left out. FORM says which bytes were tried: `bytes`
//! each byte alone; `shifted` also each pair between shift-out and shift-in, whose line has the pair
//! with its shifts; `pairs` each pair alone; `led` each byte, each pair from 8000 on, and what is
//! after a single shift.

use drdarrow::wire::ccsid::codec::{Codec, known};
use std::fmt::Write as _;
use std::io::Write as _;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The single shifts of the EUC pages.
const SHIFTS: [&[u8]; 4] = [&[0x8F], &[0x8E, 0xA2], &[0x8E, 0xAC], &[0x8E, 0xAD]];
const UNICODE: [u16; 6] = [1200, 1202, 1204, 1208, 13488, 17584];

fn main() -> Result<()> {
    let wanted = std::env::args().skip(1).map(|a| a.parse()).collect::<std::result::Result<Vec<u16>, _>>()?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for ccsid in known().filter(|c| wanted.is_empty() || wanted.contains(c)) {
        if !UNICODE.contains(&ccsid) {
            out.write_all(page(ccsid)?.as_bytes())?;
        }
    }
    Ok(out.flush()?)
}

fn page(ccsid: u16) -> Result<String> {
    let codec = Codec::new(ccsid)?;
    let means = |bytes: &[u8]| text(&codec, bytes).is_some();
    let pairs = || (0x4040..=u16::MAX).map(u16::to_be_bytes);
    let shifted = |pair: [u8; 2]| [&[0x0E], &pair[..], &[0x0F]].concat();
    let mut units: Vec<Vec<u8>> = (0..=u8::MAX).map(|b| vec![b]).collect();
    let form = if codec.is_single() {
        "bytes"
    } else if codec.blank().len() == 2 {
        units = pairs().map(|pair| pair.to_vec()).collect();
        "pairs"
    } else if !means(&[0x0E]) {
        units.extend(pairs().map(shifted));
        "shifted"
    } else {
        let led = || pairs().filter(|[lead, _]| *lead >= 0x80);
        units.extend(led().filter(|[lead, _]| !means(&[*lead])).map(|pair| pair.to_vec()));
        // Where the shift begins a pair the rest is a character of its own.
        let behind = SHIFTS.iter().flat_map(|shift| led().map(move |pair| [shift, &pair[..]].concat()));
        units.extend(behind.filter(|unit| unit.get(..2).is_some_and(|pair| !means(pair))));
        "led"
    };
    let mut out = format!("page {ccsid} {form}\n");
    for unit in units {
        if let Some(text) = text(&codec, &unit) {
            writeln!(out, "{} {}", hex(&unit), hex(text.as_bytes()))?;
        }
    }
    Ok(out)
}

/// The meaning of the bytes; nothing for a shift that shifts nothing.
fn text(codec: &Codec, bytes: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    codec.decode(bytes, &mut out).ok()?;
    String::from_utf8(out).ok().filter(|text| !text.is_empty())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
