//! Decimals as Python's `Decimal`.

use arrow_array::types::{Decimal128Type, DecimalType};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// The `Decimal` of a text.
pub(super) fn parsed<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    DECIMAL.import(py, "decimal", "Decimal")?.call1((text,))
}

/// The `Decimal` of an unscaled integer.
pub(super) fn decimal<'py>(py: Python<'py>, unscaled: i128, precision: u8, scale: i8) -> PyResult<Bound<'py, PyAny>> {
    let mut text = [0; TEXT];
    match short(unscaled, scale, &mut text) {
        Some(text) => parsed(py, text),
        None => parsed(py, &Decimal128Type::format_decimal(unscaled, precision, scale)),
    }
}

/// A place in a table of few values: the bits of the integer, mixed.
pub(super) fn place(unscaled: i128) -> usize {
    (unscaled as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(16) as usize
}

/// Room for 20 digits, a sign and a point.
const TEXT: usize = 24;

/// The text of a decimal that is short enough, without an allocation.
fn short(unscaled: i128, scale: i8, room: &mut [u8; TEXT]) -> Option<&str> {
    let places = usize::try_from(scale).ok().filter(|places| *places < 19)?;
    let mut left = u64::try_from(unscaled.unsigned_abs()).ok()?;
    let mut start = TEXT;
    let mut digits = 0;
    // At least one digit stands before the point.
    while left > 0 || digits <= places {
        if digits == places && places > 0 {
            start = start.checked_sub(1)?;
            *room.get_mut(start)? = b'.';
        }
        start = start.checked_sub(1)?;
        *room.get_mut(start)? = b'0' + (left % 10) as u8;
        left /= 10;
        digits += 1;
    }
    if unscaled < 0 {
        start = start.checked_sub(1)?;
        *room.get_mut(start)? = b'-';
    }
    std::str::from_utf8(room.get(start..)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_are_those_of_arrow() {
        let ends = [0, 1, 9, 10, 99, 100, 12_345, i128::from(u64::MAX), 999_999_999_999_999_999];
        for scale in 0..19 {
            for value in ends.iter().flat_map(|n| [*n, -*n]) {
                let mut room = [0; TEXT];
                let text = short(value, scale, &mut room).unwrap();
                assert_eq!(text, Decimal128Type::format_decimal(value, 38, scale), "{value} {scale}");
            }
        }
        assert_eq!(short(i128::from(u64::MAX) + 1, 2, &mut [0; TEXT]), None);
        assert_eq!(short(1, -2, &mut [0; TEXT]), None);
    }
}
