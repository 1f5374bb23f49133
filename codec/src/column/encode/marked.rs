//! Values for which SQL has a type and Arrow has not, as parameters: a struct whose first member's name is
//! the kind. A parameter is an array without a field, so Arrow's extension types cannot be used.

use std::sync::Arc;

use arrow_array::array::{Array, ArrayRef, Decimal128Array, FixedSizeBinaryArray, Int8Array, StringArray, StructArray};
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int8Type};
use arrow_schema::{ArrowError, DECIMAL128_MAX_PRECISION, DataType, Field};

use super::scalar::Scalar;
use crate::wire::value::decimal::Wide;

/// A UUID, by the name of Arrow's extension.
const UUID: &str = "arrow.uuid";
/// A decimal number that no decimal of Arrow holds: a large exponent, NaN, an infinity.
const NUMBER: &str = "drda.number";
/// Decimals that have each a scale of its own.
const DECIMAL: &str = "drda.decimal";

/// A UUID: it goes into text of 36 characters and into 16 bytes.
pub fn uuid(bytes: [u8; 16]) -> Result<ArrayRef, ArrowError> {
    uuids(Arc::new(FixedSizeBinaryArray::try_from_iter(std::iter::once(bytes))?))
}

/// Values of 16 bytes as UUIDs.
pub fn uuids(bytes: ArrayRef) -> Result<ArrayRef, ArrowError> {
    one_member(UUID, bytes)
}

/// A decimal number as text, which may be `NaN`, `sNaN` or `Infinity` too: it goes into DECFLOAT, and where it is finite
/// into whatever holds it.
pub fn number(text: &str) -> Result<ArrayRef, ArrowError> {
    one_member(NUMBER, Arc::new(StringArray::from(vec![text])))
}

/// Decimals, by their unscaled values and scales; both are NULL where one is.
pub fn decimals(unscaled: Decimal128Array, scales: Int8Array) -> Result<ArrayRef, ArrowError> {
    let field = |name: &str, values: &dyn Array| Field::new(name, values.data_type().clone(), true);
    let fields = vec![field(DECIMAL, &unscaled), field("scale", &scales)];
    Ok(Arc::new(StructArray::try_new(fields.into(), vec![Arc::new(unscaled), Arc::new(scales)], None)?))
}

fn one_member(name: &str, values: ArrayRef) -> Result<ArrayRef, ArrowError> {
    let field = Field::new(name, values.data_type().clone(), true);
    Ok(Arc::new(StructArray::try_new(vec![field].into(), vec![values], None)?))
}

/// The value at `row`, if the array holds such values.
pub(super) fn scalar(array: &dyn Array, row: usize) -> Option<Scalar<'_>> {
    if let Some((unscaled, scales)) = decimal_parts(array) {
        let value = || Scalar::Decimal(Wide::from(unscaled.value(row)), scales.value(row).into());
        return Some(if unscaled.is_null(row) { Scalar::Null } else { value() });
    }
    let (name, values) = member(array)?;
    Some(match (name, values.data_type()) {
        _ if values.is_null(row) => Scalar::Null,
        (UUID, DataType::FixedSizeBinary(16)) => Scalar::Uuid(values.as_fixed_size_binary().value(row)),
        (NUMBER, DataType::Utf8) => Scalar::Number(values.as_string::<i32>().value(row)),
        _ => return None,
    })
}

/// The first value of an array that marks its values, as an array of one without the mark; `None` for any other array.
pub fn first(array: &dyn Array) -> Option<ArrayRef> {
    let Some((unscaled, scales)) = decimal_parts(array) else {
        let (_, values) = member(array).filter(|(name, _)| matches!(*name, UUID | NUMBER))?;
        return Some(values.slice(0, values.len().min(1)));
    };
    let scale = scales.iter().next().flatten().unwrap_or_default();
    let one = unscaled.slice(0, unscaled.len().min(1)).with_precision_and_scale(DECIMAL128_MAX_PRECISION, scale);
    Some(Arc::new(one.ok()?))
}

/// The type of an array in words.
pub(super) fn type_name(array: &dyn Array) -> String {
    match member(array) {
        Some((UUID, _)) => "UUID".to_owned(),
        Some((NUMBER, _)) => "Decimal".to_owned(),
        None if decimal_parts(array).is_some() => "Decimal".to_owned(),
        _ => array.data_type().to_string(),
    }
}

fn member(array: &dyn Array) -> Option<(&str, &ArrayRef)> {
    let members = array.as_struct_opt()?;
    match (members.fields().as_ref(), members.columns()) {
        ([field], [values]) => Some((field.name(), values)),
        _ => None,
    }
}

fn decimal_parts(array: &dyn Array) -> Option<(&Decimal128Array, &Int8Array)> {
    let members = array.as_struct_opt()?;
    match (members.fields().as_ref(), members.columns()) {
        ([field, _], [unscaled, scales]) if field.name() == DECIMAL => {
            Some((unscaled.as_primitive_opt::<Decimal128Type>()?, scales.as_primitive_opt::<Int8Type>()?))
        }
        _ => None,
    }
}

/// A UUID as text: 8, 4, 4, 4 and 12 digits.
pub(super) fn uuid_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (n, byte) in bytes.iter().enumerate() {
        if matches!(n, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 0xF] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
    text
}
