//! DECIMAL and NUMERIC: packed, zoned and numeric character, as 128 or 256 bits.

use arrow_array::types::{Decimal128Type, Decimal256Type};
use arrow_buffer::i256;

use super::frame::Fixed;
use super::primitive::{Framed, Primitive, Read, Target};
use super::{ColumnDecoder, fixed};
use crate::column::error::Reason;
use crate::wire::value::cell::{Cells, NULL};
use crate::wire::value::decimal::{self, Wide};
use crate::wire::value::error::{Result, ValueError};
use crate::wire::value::field::{Field, Type};

/// The decoder of decimals of `precision` digits.
pub(super) fn decoder(field: &Field, precision: u8, target: Target) -> Box<dyn ColumnDecoder> {
    let bytes = fixed(field.shape);
    let wide = match field.ty {
        Type::Zoned => decimal::zoned_wide,
        Type::NumericChar => decimal::chars,
        _ => decimal::packed_wide,
    };
    if precision > 38 {
        let careful = move |cell: &[u8]| Ok(to_i256(in_range(wide(cell)?, precision)?));
        let quick = move |cell: &[u8]| careful(cell).ok();
        return Box::new(Primitive::<Decimal256Type, _>::new(target, Framed { frame: Fixed(bytes), quick, careful }));
    }
    let limit = 10u128.pow(u32::from(precision));
    match (field.ty, bytes) {
        (Type::Packed, 1..=8) => {
            let mask = u64::MAX >> (64 - 8 * bytes);
            let limit = u64::try_from(limit).unwrap_or(u64::MAX);
            Box::new(Primitive::<Decimal128Type, _>::new(target, Packed64 { bytes, mask, limit, precision }))
        }
        (Type::Packed, 9..=16) => {
            let mask = u128::MAX >> (128 - 8 * bytes);
            Box::new(Primitive::<Decimal128Type, _>::new(target, Packed128 { bytes, mask, limit, precision }))
        }
        (Type::Zoned, 1..=16) => {
            let mask = u128::MAX >> (128 - 8 * bytes);
            Box::new(Primitive::<Decimal128Type, _>::new(target, Zoned64 { bytes, mask, limit, precision }))
        }
        (Type::Zoned, _) => narrow(bytes, limit, decimal::zoned, target, precision),
        (Type::Packed, _) => narrow(bytes, limit, decimal::packed, target, precision),
        _ => narrow(bytes, limit, |cell| decimal::chars(cell)?.narrow().ok_or(digits(38)), target, precision),
    }
}

pub(super) fn to_i256(value: Wide) -> i256 {
    i256::from_parts(value.lo, value.hi)
}

/// A pad digit of an even precision, or a lying descriptor, can hold more than the column may.
fn in_range(value: Wide, precision: u8) -> Result<Wide> {
    if decimal::fits(value, precision) { Ok(value) } else { Err(digits(precision)) }
}

fn digits(precision: u8) -> ValueError {
    ValueError::Digits { what: "DECIMAL", precision }
}

fn narrow(
    bytes: usize,
    limit: u128,
    read: impl Fn(&[u8]) -> Result<i128> + Copy + Send + 'static,
    target: Target,
    precision: u8,
) -> Box<dyn ColumnDecoder> {
    let quick = move |cell: &[u8]| read(cell).ok().filter(|v| v.unsigned_abs() < limit);
    let careful = move |cell: &[u8]| {
        let value = read(cell)?;
        if value.unsigned_abs() < limit { Ok(value) } else { Err(Reason::from(digits(precision))) }
    };
    Box::new(Primitive::<Decimal128Type, _>::new(target, Framed { frame: Fixed(bytes), quick, careful }))
}

macro_rules! reader {
    ($(#[$doc:meta])* $name:ident, $word:ty, $size:literal, $read:path, $pad:literal, $careful:path, $value:ident => $widen:expr) => {
        $(#[$doc])*
        struct $name {
            bytes: usize,
            mask: $word,
            limit: $word,
            precision: u8,
        }

        impl Read<i128> for $name {
            #[inline]
            fn fill(&self, cells: &Cells<'_>, values: &mut Vec<i128>) -> bool {
                let mut odd = false;
                values.extend(cells.offsets.iter().map(|at| {
                    let end = (*at as usize).saturating_add(self.bytes);
                    // One load that ends with the value; what precedes it is masked out. Only near
                    // the start of a block is there not enough in front.
                    let load = match cells.buf.get(end.wrapping_sub($size)..end).and_then(|s| s.first_chunk()) {
                        Some(load) => <$word>::from_be_bytes(*load),
                        None if *at == NULL => return 0,
                        None => short(cells.buf, *at as usize, self.bytes).map_or(0, |load| load as $word),
                    };
                    match $read(load & self.mask | $pad & !self.mask) {
                        Some($value) if <$word>::from($value.unsigned_abs()) < self.limit => $widen,
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
                let value = $careful(cell)?;
                if decimal::fits(Wide::from(value), self.precision) { Ok(value) } else { Err(digits(self.precision).into()) }
            }
        }
    };
}

reader! {
    /// Up to 15 digits.
    Packed64, u64, 8, decimal::packed64, 0, decimal::packed, v => i128::from(v)
}
reader! {
    /// Up to 31 digits.
    Packed128, u128, 16, decimal::packed128, 0, decimal::packed, v => v
}
reader! {
    /// Up to 16 digits in EBCDIC; others go the careful way.
    Zoned64, u128, 16, decimal::zoned64, 0xF0F0_F0F0_F0F0_F0F0_F0F0_F0F0_F0F0_F0F0, decimal::zoned, v => i128::from(v)
}

/// A value near the start of a block, byte by byte. When it is cut the caller takes a zero, which
/// is neither packed nor zoned.
#[cold]
fn short(buf: &[u8], at: usize, bytes: usize) -> Option<u128> {
    let cell = buf.get(at..)?.get(..bytes)?;
    Some(cell.iter().fold(0, |word, b| word << 8 | u128::from(*b)))
}
