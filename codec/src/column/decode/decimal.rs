//! DECIMAL and NUMERIC: packed, zoned and numeric character, as 128 or 256 bits.

use arrow_array::types::{Decimal128Type, Decimal256Type};
use arrow_buffer::i256;

use fearless_simd::{Level, dispatch};

use super::cell_layout::Fixed;
use super::gather::{self, Extent};
use super::primitive::{DecoderTarget, Framed, Primitive, Read};
use super::{ColumnDecoder, fixed, zoned};
use crate::column::error::Reason;
use crate::wire::codec::instructions::level;
use crate::wire::value::cell::{Cells, NULL};
use crate::wire::value::decimal::{self, Wide};
use crate::wire::value::error::{Result, ValueError, ValueForm};
use crate::wire::value::field::Field;
use crate::wire::value::packed_vectors;
use crate::wire::value::simd::{LANES, PACKED_ZERO};
use crate::wire::value::types::Type;

/// The decoder of decimals of `precision` digits.
pub(super) fn decoder(field: &Field, precision: u8, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    let bytes = fixed(field.shape);
    if precision > 38 {
        let wide = wide_value(field, precision);
        let careful = move |cell: &[u8]| Ok(to_i256(wide(cell)?));
        let quick = move |cell: &[u8]| careful(cell).ok();
        let reader = Framed { frame: Fixed(bytes), quick, careful };
        return Box::new(Primitive::<Decimal256Type>::new(target, Box::new(reader)));
    }
    let limit = 10u128.pow(u32::from(precision));
    match (field.ty, bytes) {
        (Type::Packed, 1..=8) => {
            Box::new(Primitive::<Decimal128Type>::new(target, Box::new(Packed::new(bytes, limit, precision))))
        }
        (Type::Packed, 9..=16) => {
            let mask = u128::MAX >> (128 - 8 * bytes);
            Box::new(Primitive::<Decimal128Type>::new(target, Box::new(Packed128 { bytes, mask, limit, precision })))
        }
        (Type::Zoned, 1..=zoned::DIGITS) => zoned::decoder(bytes, precision, target),
        (Type::Zoned, _) => narrow(bytes, limit, decimal::zoned, target, precision),
        (Type::Packed, _) => narrow(bytes, limit, decimal::packed, target, precision),
        _ => narrow(bytes, limit, |cell| decimal::chars(cell)?.narrow().ok_or(digits(38)), target, precision),
    }
}

/// The reader of values of `precision` digits, however many.
pub(super) fn wide_value(
    field: &Field,
    precision: u8,
) -> impl Fn(&[u8]) -> std::result::Result<Wide, Reason> + Copy + Send + use<> {
    let wide = match field.ty {
        Type::Zoned => decimal::zoned_wide,
        Type::NumericChar => decimal::chars,
        _ => decimal::packed_wide,
    };
    move |cell: &[u8]| Ok(in_range(wide(cell)?, precision)?)
}

pub(super) fn to_i256(value: Wide) -> i256 {
    i256::from_parts(value.lo, value.hi)
}

/// A pad digit of an even precision, or a lying descriptor, can hold more than the column may.
fn in_range(value: Wide, precision: u8) -> Result<Wide> {
    if decimal::fits(value, precision) { Ok(value) } else { Err(digits(precision)) }
}

fn digits(precision: u8) -> ValueError {
    ValueError::Digits { what: ValueForm::Decimal, precision }
}

fn narrow(
    bytes: usize,
    limit: u128,
    read: impl Fn(&[u8]) -> Result<i128> + Copy + Send + 'static,
    target: DecoderTarget,
    precision: u8,
) -> Box<dyn ColumnDecoder> {
    let quick = move |cell: &[u8]| read(cell).ok().filter(|v| v.unsigned_abs() < limit);
    let careful = move |cell: &[u8]| {
        let value = read(cell)?;
        if value.unsigned_abs() < limit { Ok(value) } else { Err(Reason::from(digits(precision))) }
    };
    Box::new(Primitive::<Decimal128Type>::new(target, Box::new(Framed { frame: Fixed(bytes), quick, careful })))
}

/// Up to 15 digits, packed in a word or less, read by vectors.
struct Packed {
    bytes: usize,
    /// The bytes of the word that are the value's.
    mask: u64,
    /// The largest magnitude.
    most: i64,
    precision: u8,
    level: Level,
}

impl Packed {
    fn new(bytes: usize, limit: u128, precision: u8) -> Packed {
        Packed {
            bytes,
            mask: u64::MAX >> (64 - 8 * bytes.clamp(1, 8)),
            most: i64::try_from(limit - 1).unwrap_or(i64::MAX),
            precision,
            level: level(),
        }
    }

    /// The bytes of a word that ends with the value, those before it as in a zero.
    #[inline(always)]
    fn masked(&self, word: u64) -> u64 {
        word & self.mask | PACKED_ZERO & !self.mask
    }

    /// The word of a cell. One that is cut gives a zero word, which is not packed.
    #[inline(always)]
    fn load(&self, buf: &[u8], at: u32) -> u64 {
        let end = (at as usize).saturating_add(self.bytes);
        match buf.get(end.wrapping_sub(8)..end).and_then(|s| s.first_chunk()) {
            Some(load) => self.masked(u64::from_be_bytes(*load)),
            None if at == NULL => PACKED_ZERO,
            // Only near the start of a block is there not enough in front.
            None => short(buf, at as usize, self.bytes).map_or(0, |load| self.masked(load as u64)),
        }
    }

    /// The words of all cells.
    #[inline(always)]
    fn words(&self, cells: &Cells<'_>, out: &mut [u64; LANES]) {
        let (buf, offsets) = (cells.buf, cells.offsets);
        let extent = Extent::of(offsets);
        if extent.lies_in(buf, 8usize.saturating_sub(self.bytes), self.bytes) {
            gather::load(buf, offsets, self.bytes, 8, out, |b| self.masked(u64::from_be_bytes(*b)));
            if extent.nulls {
                gather::blank(offsets, out, PACKED_ZERO);
            }
        } else {
            for (word, at) in out.iter_mut().zip(offsets) {
                *word = self.load(buf, *at);
            }
        }
    }
}

impl Read<i128> for Packed {
    fn fill(&self, cells: &Cells<'_>, values: &mut Vec<i128>) -> bool {
        let mut out = [0; LANES];
        let odd = dispatch!(self.level, simd => {
            let mut words = [PACKED_ZERO; LANES];
            self.words(cells, &mut words);
            let odd = packed_vectors::packed(simd, &words, self.most, &mut out);
            values.extend(out.iter().take(cells.offsets.len()).map(|value| i128::from(*value)));
            odd
        });
        odd != 0
    }

    fn cell<'a>(&self, buf: &'a [u8], at: usize) -> Option<&'a [u8]> {
        buf.get(at..)?.get(..self.bytes)
    }

    fn careful(&self, cell: &[u8]) -> std::result::Result<i128, Reason> {
        let value: i128 = decimal::packed(cell)?;
        // No value of these lengths has more digits than the largest magnitude that was wanted, if that is beyond a word.
        let fits = value.unsigned_abs() <= u128::from(self.most.unsigned_abs());
        if fits { Ok(value) } else { Err(digits(self.precision).into()) }
    }
}

/// Up to 31 digits, packed.
struct Packed128 {
    bytes: usize,
    mask: u128,
    limit: u128,
    precision: u8,
}

impl Read<i128> for Packed128 {
    #[inline]
    fn fill(&self, cells: &Cells<'_>, values: &mut Vec<i128>) -> bool {
        let mut odd = false;
        values.extend(cells.offsets.iter().map(|at| {
            let end = (*at as usize).saturating_add(self.bytes);
            // One load that ends with the value; what precedes it is masked out. Only near
            // the start of a block is there not enough in front.
            let load = match cells.buf.get(end.wrapping_sub(16)..end).and_then(|s| s.first_chunk()) {
                Some(load) => u128::from_be_bytes(*load),
                None if *at == NULL => return 0,
                None => short(cells.buf, *at as usize, self.bytes).unwrap_or(0),
            };
            match decimal::packed128(load & self.mask) {
                Some(value) if value.unsigned_abs() < self.limit => value,
                _ => {
                    odd = true;
                    0
                }
            }
        }));
        odd
    }

    fn cell<'a>(&self, buf: &'a [u8], at: usize) -> Option<&'a [u8]> {
        buf.get(at..)?.get(..self.bytes)
    }

    fn careful(&self, cell: &[u8]) -> std::result::Result<i128, Reason> {
        let value = decimal::packed(cell)?;
        if value.unsigned_abs() < self.limit { Ok(value) } else { Err(digits(self.precision).into()) }
    }
}

/// A value near the start of a block, byte by byte. When it is cut the caller takes a zero, which
/// is neither packed nor zoned.
#[cold]
fn short(buf: &[u8], at: usize, bytes: usize) -> Option<u128> {
    let cell = buf.get(at..)?.get(..bytes)?;
    Some(cell.iter().fold(0, |word, b| word << 8 | u128::from(*b)))
}
