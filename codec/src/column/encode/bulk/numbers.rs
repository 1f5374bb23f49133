//! Integers and floats.

use std::ops::Range;

use arrow_array::Array;
use arrow_array::types::*;
use arrow_buffer::{ArrowNativeType, ScalarBuffer};
use arrow_schema::DataType;

use super::cells::{CellMaker, fixed, made, store};
use super::exact::Exact;
use super::{BulkColumn, Marks, Target};
use crate::wire::codec::reader::ByteOrder;
use crate::wire::value::field::Shape;
use crate::wire::value::float::{to_hex32, to_hex64};
use crate::wire::value::typdef::FloatForm;

/// Two's complement.
pub(super) fn integer(target: Target<'_>, marks: Marks, array: &dyn Array) -> Option<Box<dyn BulkColumn>> {
    let big = target.field.order == ByteOrder::Big;
    macro_rules! same {
        ($kind:ty, $n:literal) => {
            fixed::<$kind, $n>(marks, array, |_| true, move |v| if big { v.to_be_bytes() } else { v.to_le_bytes() })
        };
    }
    match (target.field.shape, array.data_type()) {
        (Shape::Fixed(1), DataType::Int8) => same!(Int8Type, 1),
        (Shape::Fixed(2), DataType::Int16) => same!(Int16Type, 2),
        (Shape::Fixed(4), DataType::Int32) => same!(Int32Type, 4),
        (Shape::Fixed(8), DataType::Int64) => same!(Int64Type, 8),
        (Shape::Fixed(width @ (1 | 2 | 4 | 8)), _) => {
            // Whether they fit is seen when they are written.
            let values = Exact::of(array)?.scaled(0, u128::MAX >> 1)?;
            made(marks, width as usize, Integers::new(values, width as usize, big))
        }
        _ => None,
    }
}

/// IEEE or hexadecimal.
pub(super) fn float(target: Target<'_>, marks: Marks, array: &dyn Array) -> Option<Box<dyn BulkColumn>> {
    let big = target.field.order == ByteOrder::Big;
    match (target.field.float, target.field.shape, array.data_type()) {
        (FloatForm::Ieee, Shape::Fixed(4), DataType::Float32) => fixed::<Float32Type, 4>(
            marks,
            array,
            |_| true,
            move |v| if big { v.to_be_bytes() } else { v.to_le_bytes() },
        ),
        (FloatForm::Ieee, Shape::Fixed(8), DataType::Float64) => fixed::<Float64Type, 8>(
            marks,
            array,
            |_| true,
            move |v| if big { v.to_be_bytes() } else { v.to_le_bytes() },
        ),
        (FloatForm::Ieee, Shape::Fixed(8), DataType::Float32) => fixed::<Float32Type, 8>(
            marks,
            array,
            |_| true,
            move |v| if big { f64::from(v).to_be_bytes() } else { f64::from(v).to_le_bytes() },
        ),
        (FloatForm::Ieee, Shape::Fixed(4), DataType::Float64) => fixed::<Float64Type, 4>(
            marks,
            array,
            // Rounded, but neither to an infinity nor to zero.
            |v| ((v as f32).is_infinite() == v.is_infinite()) & ((v as f32 == 0.0) == (v == 0.0)),
            move |v| if big { (v as f32).to_be_bytes() } else { (v as f32).to_le_bytes() },
        ),
        (FloatForm::Hexadecimal, Shape::Fixed(width @ (4 | 8)), DataType::Float64) => {
            hexadecimal::<Float64Type>(marks, width, array, |v| v)
        }
        (FloatForm::Hexadecimal, Shape::Fixed(width @ (4 | 8)), DataType::Float32) => {
            hexadecimal::<Float32Type>(marks, width, array, f64::from)
        }
        _ => None,
    }
}

fn hexadecimal<T: arrow_array::ArrowPrimitiveType>(
    marks: Marks,
    width: u32,
    array: &dyn Array,
    value: impl Fn(T::Native) -> f64 + Send + 'static,
) -> Option<Box<dyn BulkColumn>> {
    use arrow_array::cast::AsArray;
    let values = array.as_primitive_opt::<T>()?.values().clone();
    made(marks, width as usize, Hexadecimal { values, value, short: width == 4 })
}

struct Hexadecimal<V: ArrowNativeType, F> {
    values: ScalarBuffer<V>,
    value: F,
    short: bool,
}

impl<V: ArrowNativeType, F: Fn(V) -> f64 + Send> CellMaker for Hexadecimal<V, F> {
    fn make(&mut self, rows: Range<usize>, marks: &Marks, cells: &mut [u8]) -> bool {
        let values = self.values.get(rows.clone()).unwrap_or_default();
        for (n, (row, v)) in rows.zip(values).enumerate() {
            let value = if marks.is_null(row) { 0.0 } else { (self.value)(*v) };
            if self.short {
                let Ok(bytes) = to_hex32(value) else { return false };
                store(cells, 4 * n, &bytes);
            } else {
                let Ok(bytes) = to_hex64(value) else { return false };
                store(cells, 8 * n, &bytes);
            }
        }
        true
    }
}

/// Integers of another width than their array's, or of decimals.
pub(super) struct Integers {
    values: Exact,
    width: usize,
    big: bool,
}

impl Integers {
    pub(super) fn new(values: Exact, width: usize, big: bool) -> Integers {
        Integers { values, width, big }
    }
}

impl CellMaker for Integers {
    fn make(&mut self, rows: Range<usize>, marks: &Marks, cells: &mut [u8]) -> bool {
        let Some(values) = self.values.small(rows, marks) else { return false };
        // Bits that are not the value's own.
        let spare = 64 - 8 * self.width.min(8);
        let width = self.width;
        let fit = values.iter().fold(true, |fit, v| fit & (v << spare >> spare == *v));
        let values = values.iter().enumerate();
        if self.big {
            values.for_each(|(n, v)| store(cells, n * width, &(v << spare).to_be_bytes()));
        } else {
            values.for_each(|(n, v)| store(cells, n * width, &v.to_le_bytes()));
        }
        fit
    }
}
