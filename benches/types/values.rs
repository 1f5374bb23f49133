//! Values, varied and always the same.

use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, PrimitiveArray, StringArray};
use arrow_buffer::i256;
use arrow_schema::DataType;
use std::sync::Arc;

/// A small generator (xorshift).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Random {
        Random(0x9E37_79B9_7F4A_7C15)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }

    /// Up to so many digits, mostly all of them, with a sign.
    fn digits(&mut self, digits: u32) -> i128 {
        let wide = (u128::from(self.next()) << 64 | u128::from(self.next())) % 10u128.pow(digits);
        let value = wide.cast_signed();
        if self.next() & 4096 == 0 { value } else { -value }
    }
}

/// Values of which so many in a hundred are NULL.
pub(crate) fn primitive<T: ArrowPrimitiveType>(
    n: usize,
    nulls: u64,
    mut value: impl FnMut(&mut Random) -> T::Native,
) -> PrimitiveArray<T> {
    let mut random = Random::new();
    (0..n).map(|_| (random.below(100) >= nulls).then(|| value(&mut random))).collect()
}

pub(crate) fn booleans(n: usize) -> ArrayRef {
    let mut random = Random::new();
    Arc::new((0..n).map(|_| Some(random.next() & 4096 == 0)).collect::<BooleanArray>())
}

/// Decimals of these digits; `used` of them at most are not zero.
pub(crate) fn decimals(n: usize, nulls: u64, precision: u8, scale: i8, used: u8) -> ArrayRef {
    let kind = match precision {
        ..=38 => DataType::Decimal128(precision, scale),
        _ => DataType::Decimal256(precision, scale),
    };
    if precision <= 38 {
        let values = primitive::<Decimal128Type>(n, nulls, |random| random.digits(used.into()));
        return Arc::new(values.with_data_type(kind));
    }
    let values = primitive::<Decimal256Type>(n, nulls, |random| {
        let high = i256::from_i128(random.digits(u32::from(used) - 38));
        let low = i256::from_i128(random.digits(37).abs());
        high.wrapping_mul(i256::from_i128(10i128.pow(38))).wrapping_add(low)
    });
    Arc::new(values.with_data_type(kind))
}

/// Days from 1950 to 2050.
pub(crate) fn day(random: &mut Random) -> i32 {
    random.below(36_500) as i32 - 7_300
}

pub(crate) fn dates(n: usize, nulls: u64) -> ArrayRef {
    Arc::new(primitive::<Date32Type>(n, nulls, day))
}

pub(crate) fn times(n: usize) -> ArrayRef {
    Arc::new(primitive::<Time32SecondType>(n, 0, |random| random.below(86_400) as i32))
}

/// Moments of these years with `digits` digits of a second, in a unit of as many or more.
pub(crate) fn stamps<T: ArrowTimestampType>(n: usize, nulls: u64, digits: u32, utc: bool) -> ArrayRef {
    let unit: u32 = match T::UNIT {
        arrow_schema::TimeUnit::Second => 0,
        arrow_schema::TimeUnit::Millisecond => 3,
        arrow_schema::TimeUnit::Microsecond => 6,
        arrow_schema::TimeUnit::Nanosecond => 9,
    };
    let step = 10i64.pow(unit.saturating_sub(digits));
    let values = primitive::<T>(n, nulls, |random| {
        let seconds = i64::from(day(random)) * 86_400 + random.below(86_400) as i64;
        let second = 10i64.pow(unit);
        seconds * second + random.below(second as u64) as i64 / step * step
    });
    Arc::new(values.with_timezone_opt(utc.then_some("UTC")))
}

/// Texts, each made from its row's number.
pub(crate) fn texts(n: usize, mut text: impl FnMut(&mut Random) -> String) -> ArrayRef {
    let mut random = Random::new();
    Arc::new((0..n).map(|_| Some(text(&mut random))).collect::<StringArray>())
}

/// The same values, but for NULLs by chance.
pub(crate) fn with_nulls(array: ArrayRef, nulls: u64) -> ArrayRef {
    let mut random = Random::new();
    let texts: Option<&StringArray> = array.as_any().downcast_ref();
    match texts.filter(|_| nulls > 0) {
        Some(texts) => {
            let kept = texts.iter().map(|text| text.filter(|_| random.below(100) >= nulls));
            Arc::new(kept.collect::<StringArray>())
        }
        None => array,
    }
}

/// Cells as they lie, each of `width` bytes; one in a thousand is blank.
pub(crate) fn mostly_good(cells: &[u8], width: usize) -> ArrayRef {
    let blank = vec![0x40; width];
    let cells = cells.chunks_exact(width).enumerate();
    Arc::new(
        cells.map(|(n, cell)| Some(if n % 1000 == 500 { blank.as_slice() } else { cell })).collect::<BinaryArray>(),
    )
}
