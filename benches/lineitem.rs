//! TPC-H's LINEITEM in shape, as the bytes that Derby sends for it: one seed, always the same.

#![allow(clippy::indexing_slicing)] // tables of our own

use drdarrow::wire::value::datetext::put_date;
use drdarrow::wire::value::decimal::{Wide, put_packed};
use std::ops::Range;

/// The QRYDSC of `SELECT * FROM LINEITEM`, recorded from Derby: four INTEGER NOT NULL, four
/// DECIMAL(15,2), two VARCHAR(1), three DATE, VARCHAR(25), VARCHAR(10), VARCHAR(44).
#[rustfmt::skip]
pub(crate) const QRYDSC: [u8; 66] = [
    0x33, 0x76, 0xD0, 0x02, 0, 4, 0x02, 0, 4, 0x02, 0, 4, 0x02, 0, 4,
    0x0F, 15, 2, 0x0F, 15, 2, 0x0F, 15, 2, 0x0F, 15, 2, 0x33, 0, 1, 0x33, 0, 1,
    0x21, 0, 10, 0x21, 0, 10, 0x21, 0, 10, 0x33, 0, 25, 0x33, 0, 10, 0x33, 0, 44,
    0x09, 0x71, 0xE0, 0x54, 0, 1, 0xD0, 0, 1, 0x06, 0x71, 0xF0, 0xE0, 0, 0,
];

/// Names of the columns.
pub(crate) const NAMES: [&str; 16] = [
    "L_ORDERKEY",
    "L_PARTKEY",
    "L_SUPPKEY",
    "L_LINENUMBER",
    "L_QUANTITY",
    "L_EXTENDEDPRICE",
    "L_DISCOUNT",
    "L_TAX",
    "L_RETURNFLAG",
    "L_LINESTATUS",
    "L_SHIPDATE",
    "L_COMMITDATE",
    "L_RECEIPTDATE",
    "L_SHIPINSTRUCT",
    "L_SHIPMODE",
    "L_COMMENT",
];

const INSTRUCTIONS: [&[u8]; 4] = [b"DELIVER IN PERSON", b"COLLECT COD", b"NONE", b"TAKE BACK RETURN"];
const MODES: [&[u8]; 7] = [b"REG AIR", b"AIR", b"RAIL", b"SHIP", b"TRUCK", b"MAIL", b"FOB"];
const WORDS: &[u8] =
    b"furiously final requests sleep quickly above the pending blithely regular ideas nag carefully even";
/// 1992-01-02.
const FIRST_DAY: i32 = 8036;
/// One row more than the longest of a block that is cut through its last row.
const ROOM: usize = 256;

/// A small generator (xorshift): the rows need to be varied, not random.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

/// The data of the QRYDTA objects of `rows` rows, each of `size` bytes and cut wherever a row
/// happens to be, but for the last.
pub(crate) fn blocks(rows: u64, size: usize) -> Vec<Vec<u8>> {
    let mut random = Random(19_920_102);
    let (mut blocks, mut out) = (Vec::new(), Vec::with_capacity(size + ROOM));
    for n in 0..rows {
        row(n, &mut random, &mut out);
        if out.len() >= size {
            let mut next = Vec::with_capacity(size + ROOM);
            next.extend_from_slice(&out[size..]);
            out.truncate(size);
            blocks.push(std::mem::replace(&mut out, next));
        }
    }
    blocks.push(out);
    blocks
}

/// One row: no SQLCA, a row follows, the columns with an indicator where they may be NULL.
fn row(n: u64, random: &mut Random, out: &mut Vec<u8>) {
    out.extend([0xFF, 0x00]);
    for value in [n / 4 + 1, 1 + random.below(200_000), 1 + random.below(10_000), n % 4 + 1] {
        out.extend((value as u32).to_be_bytes());
    }
    let quantity = 1 + random.below(50);
    let price = quantity * (90_000 + random.below(20_000));
    for cents in [quantity * 100, price, random.below(11), random.below(9)] {
        out.push(0);
        put_packed(Wide::from(i128::from(cents)), 15, out).unwrap_or_default();
    }
    varchar(pick(b"RAN", random), out);
    varchar(pick(b"OF", random), out);
    let ship = random.below(2400) as i32;
    for day in [ship, ship + random.below(90) as i32, ship + 1 + random.below(30) as i32] {
        out.push(0);
        put_date(FIRST_DAY + day, out).unwrap_or_default();
    }
    varchar(INSTRUCTIONS[random.below(4) as usize], out);
    varchar(MODES[random.below(7) as usize], out);
    let start = random.below(50) as usize;
    varchar(slice(WORDS, start..start + 31 + random.below(14) as usize), out);
}

fn varchar(value: &[u8], out: &mut Vec<u8>) {
    out.push(0);
    out.extend((value.len() as u16).to_be_bytes());
    out.extend_from_slice(value);
}

fn pick<'a>(letters: &'a [u8], random: &mut Random) -> &'a [u8] {
    let i = random.below(letters.len() as u64) as usize;
    slice(letters, i..i + 1)
}

fn slice(bytes: &[u8], range: Range<usize>) -> &[u8] {
    bytes.get(range).unwrap_or_default()
}
