//! Zoned decimals of up to 16 digits, in EBCDIC or ASCII.

use arrow_array::types::Decimal128Type;
use fearless_simd::{Level, dispatch};

use super::ColumnDecoder;
use super::gather::{self, Extent};
use super::primitive::{DecoderTarget, Primitive, Read};
use crate::column::error::Reason;
use crate::wire::codec::instructions::level;
use crate::wire::value::cell::{Cells, NULL};
use crate::wire::value::decimal;
use crate::wire::value::error::{ValueError, ValueForm};
use crate::wire::value::simd::{LANES, ZONED_ZERO};
use crate::wire::value::zoned_vectors;

/// The most digits that are read here.
pub(super) const DIGITS: usize = 16;

/// The decoder of values of so many bytes, which hold `precision` digits at most.
pub(super) fn decoder(bytes: usize, precision: u8, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    let most = 10i64.pow(u32::from(precision).min(18)) - 1;
    Box::new(Primitive::<Decimal128Type>::new(target, Box::new(Zoned { bytes, most, precision, level: level() })))
}

struct Zoned {
    bytes: usize,
    /// The largest magnitude.
    most: i64,
    precision: u8,
    level: Level,
}

/// Characters of a word.
const WORD: usize = 8;
/// Between the zones of EBCDIC and ASCII.
const FLIP: u64 = 0xC0C0_C0C0_C0C0_C0C0;

impl Zoned {
    /// Appends the values of a group; `None`, and nothing appended, if some are odd.
    fn together(&self, group: &Cells<'_>, values: &mut Vec<i128>) -> Option<()> {
        let first = group.offsets.iter().find_map(|at| self.cell(group.buf, *at as usize))?;
        // The zone of the last digit is the sign.
        let ascii = matches!(first, [digit, _, ..] if digit >> 4 == 3) || matches!(first, [digit] if digit >> 4 == 3);
        let flip = if ascii { FLIP } else { 0 };
        let start = values.len();
        let odd = dispatch!(self.level, simd => {
            let (mut high, mut low, mut out) = ([ZONED_ZERO; LANES], [ZONED_ZERO; LANES], [0; LANES]);
            let odd = match self.bytes {
                _ if !self.words(group, flip, &mut high, &mut low) => 1,
                ..=WORD => zoned_vectors::zoned(simd, &low, self.most, &mut out),
                _ => zoned_vectors::zoned_long(simd, &high, &low, self.most, &mut out),
            };
            values.extend(out.iter().take(group.offsets.len()).map(|value| i128::from(*value)));
            odd
        });
        if odd != 0 {
            values.truncate(start);
            return None;
        }
        Some(())
    }

    /// The last eight characters of all cells, and those in front of them, in EBCDIC. False if a cell is cut.
    #[inline(always)]
    fn words(&self, cells: &Cells<'_>, flip: u64, high: &mut [u64; LANES], low: &mut [u64; LANES]) -> bool {
        let (buf, offsets) = (cells.buf, cells.offsets);
        let (front, last) = (self.bytes.saturating_sub(WORD), self.bytes.min(WORD));
        // The last zone is the sign.
        let in_front = |word| padded(word, front, flip);
        let at_end = |word| padded(word, last, flip & !0xFF);
        let extent = Extent::of(offsets);
        if extent.lies_in(buf, self.bytes.next_multiple_of(WORD) - self.bytes, self.bytes) {
            gather::load(buf, offsets, self.bytes, WORD, low, |b| at_end(u64::from_be_bytes(*b)));
            if front > 0 {
                gather::load(buf, offsets, front, WORD, high, |b| in_front(u64::from_be_bytes(*b)));
            }
            if extent.nulls {
                gather::blank(offsets, low, ZONED_ZERO);
                gather::blank(offsets, high, ZONED_ZERO);
            }
        } else {
            // Only near the start of a block is there not enough in front.
            for ((at, high), low) in offsets.iter().zip(high).zip(&mut *low).filter(|((at, _), _)| **at != NULL) {
                let Some((head, tail)) = self.cell(buf, *at as usize).and_then(|cell| cell.split_at_checked(front))
                else {
                    return false;
                };
                (*high, *low) = (in_front(joined(head)), at_end(joined(tail)));
            }
        }
        if flip > 0 {
            // An ASCII plus is the zone of the other digits.
            low.iter_mut().for_each(|word| *word ^= if *word & 0xF0 == 0x30 { 0xC0 } else { 0 });
        }
        true
    }

    fn in_range(&self, value: i128) -> Option<i128> {
        (value.unsigned_abs() <= self.most.unsigned_abs().into()).then_some(value)
    }
}

/// The last characters of a word, some bits flipped, after zeros.
#[inline(always)]
fn padded(word: u64, characters: usize, flip: u64) -> u64 {
    let mask = u64::MAX.checked_shr(64 - 8 * characters as u32).unwrap_or(0);
    (word ^ flip) & mask | ZONED_ZERO & !mask
}

/// A word that ends with these bytes.
#[cold]
fn joined(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

impl Read<i128> for Zoned {
    fn fill(&self, cells: &Cells<'_>, values: &mut Vec<i128>) -> bool {
        let mut odd = false;
        for offsets in cells.offsets.chunks(LANES) {
            let group = Cells { offsets, ..*cells };
            if self.together(&group, values).is_some() {
                continue;
            }
            values.extend(offsets.iter().map(|at| {
                let value = self.cell(cells.buf, *at as usize).and_then(|cell| decimal::zoned(cell).ok());
                value.and_then(|value| self.in_range(value)).unwrap_or_else(|| {
                    odd |= *at != NULL;
                    0
                })
            }));
        }
        odd
    }

    fn cell<'a>(&self, buf: &'a [u8], at: usize) -> Option<&'a [u8]> {
        buf.get(at..)?.get(..self.bytes)
    }

    fn careful(&self, cell: &[u8]) -> Result<i128, Reason> {
        let precision = self.precision;
        self.in_range(decimal::zoned(cell)?)
            .ok_or_else(|| ValueError::Digits { what: ValueForm::Decimal, precision }.into())
    }
}
