//! Zoned decimals of up to 16 digits, in EBCDIC or ASCII.

use arrow_array::types::Decimal128Type;
use fearless_simd::{Level, dispatch};

use super::ColumnDecoder;
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
    Box::new(Primitive::<Decimal128Type, _>::new(target, Zoned { bytes, most, precision, level: level() }))
}

struct Zoned {
    bytes: usize,
    /// The largest magnitude.
    most: i64,
    precision: u8,
    level: Level,
}

/// Between the zones of EBCDIC and ASCII.
const FLIP: u64 = 0xC0C0_C0C0_C0C0_C0C0;

impl Zoned {
    /// Appends the values of a group; `None`, and nothing appended, if some are odd.
    fn together(&self, group: &Cells<'_>, values: &mut Vec<i128>) -> Option<()> {
        let first = group.offsets.iter().find_map(|at| self.cell(group.buf, *at as usize))?;
        // The zone of the last digit is the sign.
        let ascii = matches!(first, [digit, _, ..] if digit >> 4 == 3) || matches!(first, [digit] if digit >> 4 == 3);
        let flip = if ascii { FLIP } else { 0 };
        let (mut high, mut low) = ([ZONED_ZERO; LANES], [ZONED_ZERO; LANES]);
        for ((at, high), low) in group.offsets.iter().zip(&mut high).zip(&mut low) {
            if *at == NULL {
                continue;
            }
            let cell = self.cell(group.buf, *at as usize)?;
            let (front, last) = match cell.split_last_chunk::<8>() {
                Some((front, last)) => (front, u64::from_be_bytes(*last) ^ flip & !0xFF),
                None => (&[][..], padded(cell, flip, flip & 0xFF)),
            };
            // An ASCII plus is the zone of the other digits.
            *low = last ^ if ascii && last & 0xF0 == 0x30 { 0xC0 } else { 0 };
            if !front.is_empty() {
                *high = padded(front, flip, 0);
            }
        }
        let mut out = [0; LANES];
        let odd = match self.bytes {
            ..=8 => dispatch!(self.level, simd => zoned_vectors::zoned(simd, &low, self.most, &mut out)),
            _ => dispatch!(self.level, simd => zoned_vectors::zoned_long(simd, &high, &low, self.most, &mut out)),
        };
        if odd != 0 {
            return None;
        }
        values.extend(out.iter().take(group.offsets.len()).map(|value| i128::from(*value)));
        Some(())
    }

    fn in_range(&self, value: i128) -> Option<i128> {
        (value.unsigned_abs() <= self.most.unsigned_abs().into()).then_some(value)
    }
}

/// At most eight digits after zeros; those in the word have their zones flipped, but for `kept` bits of the last.
#[inline(always)]
fn padded(digits: &[u8], flip: u64, kept: u64) -> u64 {
    let word = digits.iter().fold(0, |word, digit| word << 8 | u64::from(*digit));
    let mask = u64::MAX.checked_shr(64 - 8 * digits.len().min(8) as u32).unwrap_or(0);
    (word ^ flip & !kept) & mask | ZONED_ZERO & !mask
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
