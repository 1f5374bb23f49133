//! Integers and decimals of any array as unscaled integers of one scale.

use std::ops::Range;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_buffer::ScalarBuffer;
use arrow_schema::DataType;
use fearless_simd::{Level, dispatch};

use super::{Marks, each};
use crate::wire::codec::instructions::level;

/// Values of an array as they lie.
enum Source {
    I8(ScalarBuffer<i8>),
    I16(ScalarBuffer<i16>),
    I32(ScalarBuffer<i32>),
    I64(ScalarBuffer<i64>),
    U8(ScalarBuffer<u8>),
    U16(ScalarBuffer<u16>),
    U32(ScalarBuffer<u32>),
    U64(ScalarBuffer<u64>),
    I128(ScalarBuffer<i128>),
}

/// A value with room for every other one.
trait Wide: Copy {
    fn wide(self) -> i128;
}

impl<T: Copy + Into<i128>> Wide for T {
    #[inline(always)]
    fn wide(self) -> i128 {
        self.into()
    }
}

/// Runs the same for values of each width.
macro_rules! each {
    ($source:expr, $values:ident => $body:expr) => {
        match $source {
            Source::I8($values) => $body,
            Source::I16($values) => $body,
            Source::I32($values) => $body,
            Source::I64($values) => $body,
            Source::U8($values) => $body,
            Source::U16($values) => $body,
            Source::U32($values) => $body,
            Source::U64($values) => $body,
            Source::I128($values) => $body,
        }
    };
}

/// Numbers of fixed point on their way to another scale.
pub(super) struct Exact {
    source: Source,
    /// Digits after the point.
    pub(super) scale: i32,
    /// Values are multiplied by this, and divided by that.
    up: u128,
    down: u128,
    /// The largest magnitude of the result.
    most: u128,
    small: Vec<i64>,
    large: Vec<i128>,
    level: Level,
}

impl Exact {
    /// The values of an array, at their own scale.
    pub(super) fn of(array: &dyn Array) -> Option<Exact> {
        let (source, scale) = match array.data_type() {
            DataType::Int8 => (Source::I8(array.as_primitive::<Int8Type>().values().clone()), 0),
            DataType::Int16 => (Source::I16(array.as_primitive::<Int16Type>().values().clone()), 0),
            DataType::Int32 => (Source::I32(array.as_primitive::<Int32Type>().values().clone()), 0),
            DataType::Int64 => (Source::I64(array.as_primitive::<Int64Type>().values().clone()), 0),
            DataType::UInt8 => (Source::U8(array.as_primitive::<UInt8Type>().values().clone()), 0),
            DataType::UInt16 => (Source::U16(array.as_primitive::<UInt16Type>().values().clone()), 0),
            DataType::UInt32 => (Source::U32(array.as_primitive::<UInt32Type>().values().clone()), 0),
            DataType::UInt64 => (Source::U64(array.as_primitive::<UInt64Type>().values().clone()), 0),
            DataType::Decimal32(_, s) => (Source::I32(array.as_primitive::<Decimal32Type>().values().clone()), *s),
            DataType::Decimal64(_, s) => (Source::I64(array.as_primitive::<Decimal64Type>().values().clone()), *s),
            DataType::Decimal128(_, s) => (Source::I128(array.as_primitive::<Decimal128Type>().values().clone()), *s),
            _ => return None,
        };
        let (small, large) = (Vec::new(), Vec::new());
        Some(Exact { source, scale: scale.into(), up: 1, down: 1, most: u128::MAX, small, large, level: level() })
    }

    /// The same at another scale, of at most so large a magnitude.
    pub(super) fn scaled(self, scale: i32, most: u128) -> Option<Exact> {
        let places = scale.abs_diff(self.scale);
        let power = 10u128.checked_pow(places)?;
        let (up, down) = if scale >= self.scale { (power, 1) } else { (1, power) };
        Some(Exact { scale, up, down, most, ..self })
    }

    /// The values of `rows`, a zero for each NULL; `None` if one is too large or would lose a digit. For results below
    /// 2^63 only.
    pub(super) fn small(&mut self, rows: Range<usize>, marks: &Marks) -> Option<&[i64]> {
        let good = dispatch!(self.level, _simd => self.narrow(rows, marks));
        good.then_some(&self.small)
    }

    #[inline(always)]
    fn narrow(&mut self, rows: Range<usize>, marks: &Marks) -> bool {
        self.small.clear();
        self.small.resize(rows.len(), 0);
        let out = self.small.as_mut_slice();
        let mut lost = 0;
        each!(&self.source, values => {
            for (to, v) in out.iter_mut().zip(values.get(rows.clone()).unwrap_or_default()) {
                let wide = v.wide();
                *to = wide as i64;
                // All of the upper half is the sign of the lower one.
                lost |= (wide >> 64) as i64 ^ *to >> 63;
            }
        });
        let mut odd = lost != 0;
        if let Some(nulls) = &marks.nulls {
            each(nulls, rows, out, |_, null, v| *v &= i64::from(null) - 1);
        }
        if self.down > 1 {
            let Ok(down) = i64::try_from(self.down) else { return false };
            for v in out.iter_mut() {
                let quotient = *v / down;
                odd |= quotient * down != *v;
                *v = quotient;
            }
        }
        // So that no product has more than 63 bits.
        let most = self.most.min(i64::MAX.unsigned_abs().into()) / self.up;
        let (Ok(up), Ok(most)) = (i64::try_from(self.up), u64::try_from(most)) else { return false };
        odd |= out.iter().fold(false, |odd, v| odd | (v.unsigned_abs() > most));
        if up > 1 {
            out.iter_mut().for_each(|v| *v = v.wrapping_mul(up));
        }
        !odd
    }

    /// As [`small`](Self::small), of any magnitude.
    pub(super) fn large(&mut self, rows: Range<usize>, marks: &Marks) -> Option<&[i128]> {
        self.large.clear();
        let out = &mut self.large;
        each!(&self.source, values => {
            out.extend(values.get(rows.clone()).unwrap_or_default().iter().map(|v| v.wide()));
        });
        if let Some(nulls) = &marks.nulls {
            each(nulls, rows, out, |_, null, v| *v &= i128::from(null) - 1);
        }
        let mut odd = false;
        if self.down > 1 {
            let down = i128::try_from(self.down).ok()?;
            for v in out.iter_mut() {
                let quotient = *v / down;
                odd |= quotient * down != *v;
                *v = quotient;
            }
        }
        let up = i128::try_from(self.up).ok()?;
        let most = self.most.min(i128::MAX.unsigned_abs()) / self.up;
        for v in out.iter_mut() {
            odd |= v.unsigned_abs() > most;
            *v = v.wrapping_mul(up);
        }
        (!odd).then_some(out)
    }
}
