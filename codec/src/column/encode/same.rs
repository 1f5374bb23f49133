//! Numbers that lie in their cell as in their array, but for the order of the bytes: a way for single values that asks
//! nothing twice.

use arrow_array::types::*;
use arrow_array::{Array, ArrowPrimitiveType, PrimitiveArray};

use super::{ABSENT, PRESENT};
use crate::wire::codec::reader::ByteOrder;
use crate::wire::codec::writer::Writer;
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::typdef::FloatForm;
use crate::wire::value::types::Type;

/// The kinds of these numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Same {
    I16,
    I32,
    I64,
    F32,
    F64,
}

impl Same {
    /// The kind of a field.
    pub(super) fn of(field: &Field) -> Option<Same> {
        Some(match (field.ty, field.shape, field.float) {
            (Type::Integer, Shape::Fixed(2), _) => Same::I16,
            (Type::Integer, Shape::Fixed(4), _) => Same::I32,
            (Type::Integer, Shape::Fixed(8), _) => Same::I64,
            (Type::Float, Shape::Fixed(4), FloatForm::Ieee) => Same::F32,
            (Type::Float, Shape::Fixed(8), FloatForm::Ieee) => Same::F64,
            _ => return None,
        })
    }

    /// Writes the value at a row; false, and nothing written, where it takes the way of every value.
    #[inline]
    pub(super) fn encode(self, field: &Field, array: &dyn Array, row: usize, w: &mut Writer) -> bool {
        macro_rules! numbers {
            ($kind:ty) => {
                put::<$kind, _>(field, array, row, w, |v| match field.order {
                    ByteOrder::Big => v.to_be_bytes(),
                    ByteOrder::Little => v.to_le_bytes(),
                })
            };
        }
        match self {
            Same::I16 => numbers!(Int16Type),
            Same::I32 => numbers!(Int32Type),
            Same::I64 => numbers!(Int64Type),
            Same::F32 => numbers!(Float32Type),
            Same::F64 => numbers!(Float64Type),
        }
        .is_some()
    }
}

#[inline]
fn put<T: ArrowPrimitiveType, const N: usize>(
    field: &Field,
    array: &dyn Array,
    row: usize,
    w: &mut Writer,
    bytes: impl Fn(T::Native) -> [u8; N],
) -> Option<()> {
    let array: &PrimitiveArray<T> = array.as_any().downcast_ref()?;
    let value = *array.values().get(row)?;
    match array.nulls().is_some_and(|nulls| nulls.is_null(row)) {
        true if !field.nullable => return None,
        true => w.u8(ABSENT),
        false => {
            if field.nullable {
                w.u8(PRESENT);
            }
            w.bytes(&bytes(value));
        }
    }
    Some(())
}
