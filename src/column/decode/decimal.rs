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
        return Box::new(Primitive::<Decimal256Type, _>::new(target, Framed { frame: Fixed(bytes), quick, careful }));
    }
    let limit = 10u128.pow(u32::from(precision));
    match (field.ty, bytes) {
        (Type::Packed, 1..=8) => {
            Box::new(Primitive::<Decimal128Type, _>::new(target, Packed(Words::new(bytes, limit, precision))))
        }
        (Type::Packed, 9..=16) => {
            let mask = u128::MAX >> (128 - 8 * bytes);
            Box::new(Primitive::<Decimal128Type, _>::new(target, Packed128 { bytes, mask, limit, precision }))
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
    Box::new(Primitive::<Decimal128Type, _>::new(target, Framed { frame: Fixed(bytes), quick, careful }))
}

/// Values whose last eight bytes fill a word, read by lanes.
struct Words {
    bytes: usize,
    /// The bytes of the first word that are the value's.
    mask: u64,
    /// The largest magnitude.
    most: i64,
    precision: u8,
    level: Level,
}

impl Words {
    fn new(bytes: usize, limit: u128, precision: u8) -> Words {
        let first = (bytes - 1) % 8 + 1;
        Words {
            bytes,
            mask: u64::MAX >> (64 - 8 * first),
            most: i64::try_from(limit - 1).unwrap_or(i64::MAX),
            precision,
            level: level(),
        }
    }

    /// The word in the block after which `after` bytes of the value follow. One load; what precedes the value, or does
    /// not belong to it, is as in `zero`. A value that is cut gives a zero word, which is neither packed nor zoned.
    #[inline(always)]
    fn load(&self, buf: &[u8], at: u32, after: usize, mask: u64, zero: u64) -> u64 {
        let end = (at as usize).saturating_add(self.bytes - after);
        match buf.get(end.wrapping_sub(8)..end).and_then(|s| s.first_chunk()) {
            Some(load) => u64::from_be_bytes(*load) & mask | zero & !mask,
            None if at == NULL => zero,
            // Only near the start of a block is there not enough in front.
            None => short(buf, at as usize, self.bytes - after).map_or(0, |load| load as u64 & mask | zero & !mask),
        }
    }

    /// The words of all cells in the block after which `after` bytes of the values follow.
    #[inline(always)]
    fn words(&self, cells: &Cells<'_>, extent: &Extent, after: usize, mask: u64, zero: u64, out: &mut [u64; LANES]) {
        let (buf, offsets, bytes) = (cells.buf, cells.offsets, self.bytes - after);
        if extent.lies_in(buf, 8usize.saturating_sub(bytes), self.bytes) {
            gather::load(buf, offsets, bytes, 8, out, |b| u64::from_be_bytes(*b) & mask | zero & !mask);
            if extent.nulls {
                gather::blank(offsets, out, zero);
            }
        } else {
            for (word, at) in out.iter_mut().zip(offsets) {
                *word = self.load(buf, *at, after, mask, zero);
            }
        }
    }

    /// Appends what was read.
    #[inline(always)]
    fn take(&self, cells: &Cells<'_>, out: &[i64; LANES], values: &mut Vec<i128>) {
        values.extend(out.iter().take(cells.offsets.len()).map(|value| i128::from(*value)));
    }

    fn in_range(&self, value: i128) -> std::result::Result<i128, Reason> {
        // No value of these lengths has more digits than the largest magnitude that was wanted, if that is beyond a word.
        let fits = value.unsigned_abs() <= u128::from(self.most.unsigned_abs());
        if fits { Ok(value) } else { Err(digits(self.precision).into()) }
    }
}

macro_rules! reader {
    ($(#[$doc:meta])* $name:ident, $careful:path, ($words:ident, $cells:ident, $extent:ident, $simd:ident, $out:ident) => $read:expr) => {
        $(#[$doc])*
        struct $name(Words);

        impl Read<i128> for $name {
            fn fill(&self, $cells: &Cells<'_>, values: &mut Vec<i128>) -> bool {
                let $words = &self.0;
                let mut out = [0; LANES];
                let odd = dispatch!($words.level, $simd => {
                    let $extent = &Extent::of($cells.offsets);
                    let $out = &mut out;
                    let odd = $read;
                    $words.take($cells, &out, values);
                    odd
                });
                odd != 0
            }

            fn cell<'a>(&self, buf: &'a [u8], at: usize) -> Option<&'a [u8]> {
                buf.get(at..)?.get(..self.0.bytes)
            }

            fn careful(&self, cell: &[u8]) -> std::result::Result<i128, Reason> {
                self.0.in_range($careful(cell)?)
            }
        }
    };
}

reader! {
    /// Up to 15 digits.
    Packed, decimal::packed, (w, cells, extent, simd, out) => {
        let mut all = [PACKED_ZERO; LANES];
        w.words(cells, extent, 0, w.mask, PACKED_ZERO, &mut all);
        packed_vectors::packed(simd, &all, w.most, out)
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
