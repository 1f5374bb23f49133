//! DECIMAL and NUMERIC of more than 38 digits as text or as floats, for libraries without decimals of 256 bits.

use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, OffsetSizeTrait};

use super::cell_layout::Fixed;
use super::decimal::wide_value;
use super::primitive::{DecoderTarget, Framed, Primitive};
use super::varying::{ByteColumn, cells_of, counted_by_column};
use super::{ColumnDecoder, fixed};
use crate::column::error::{ColumnError, Reason};
use crate::column::options::TextErrors;
use crate::wire::value::cell::Cells;
use crate::wire::value::decimal::{self, Wide};
use crate::wire::value::field::Field;
use crate::wire::value::types::Type;

/// As text with all digits after the point.
pub(super) fn text<O: OffsetSizeTrait>(
    field: &Field,
    precision: u8,
    scale: u8,
    target: DecoderTarget,
) -> Box<dyn ColumnDecoder> {
    let value = wide_value(field, precision);
    Box::new(WideTexts {
        frame: Fixed(fixed(field.shape)),
        column: ByteColumn::<O>::new(target),
        value,
        packed: field.ty == Type::Packed,
        precision,
        scale,
    })
}

/// As the nearest float.
pub(super) fn float(field: &Field, precision: u8, scale: u8, target: DecoderTarget) -> Box<dyn ColumnDecoder> {
    let (frame, value) = (Fixed(fixed(field.shape)), wide_value(field, precision));
    let careful = move |cell: &[u8]| {
        let mut text = Vec::with_capacity(80);
        put_text(value(cell)?, precision, scale, &mut text)?;
        // Digits and a point are a float.
        Ok(std::str::from_utf8(&text).ok().and_then(|text| text.parse::<f64>().ok()).unwrap_or(f64::NAN))
    };
    let packed = field.ty == Type::Packed;
    let quick = move |cell: &[u8]| {
        let quick = if packed { packed_float(cell, precision, scale) } else { None };
        quick.or_else(|| careful(cell).ok())
    };
    Box::new(Primitive::<Float64Type>::new(target, Box::new(Framed { frame, quick, careful })))
}

/// Digits of a packed number at most, with the half byte of an even precision.
const DIGITS: usize = 76;
/// Room for a sign, the digits and an exponent.
const ROOM: usize = 1 + DIGITS + 4;

/// Writes the digits of a packed number after the place of its sign: how many, and whether it has a minus. `None` for
/// what is not quite a number.
fn unpack(cell: &[u8], precision: u8, text: &mut [u8; ROOM]) -> Option<(usize, bool)> {
    let (last, front) = cell.split_last()?;
    let count = 2 * front.len() + 1;
    let minus = match last & 0xF {
        0xA | 0xC | 0xE | 0xF => false,
        0xB | 0xD => true,
        _ => return None,
    };
    let digits = text.get_mut(1..=count)?;
    let mut most = last >> 4;
    for (byte, pair) in front.iter().zip(digits.as_chunks_mut::<2>().0) {
        let (upper, lower) = (byte >> 4, byte & 0xF);
        most = most.max(upper).max(lower);
        *pair = [b'0' | upper, b'0' | lower];
    }
    *digits.last_mut()? = b'0' | last >> 4;
    // A digit in the half byte in front may be one too many.
    let known = count <= usize::from(precision) || count == usize::from(precision) + 1 && *digits.first()? == b'0';
    (most <= 9 && known).then_some((count, minus))
}

/// The nearest float of a packed number, by its digits; `None` for what is not quite one.
fn packed_float(cell: &[u8], precision: u8, scale: u8) -> Option<f64> {
    let mut text = [b'0'; ROOM];
    let (count, minus) = unpack(cell, precision, &mut text)?;
    *text.first_mut()? = if minus { b'-' } else { b'+' };
    let exponent = [b'e', b'-', b'0' + scale / 10, b'0' + scale % 10];
    let end = 1 + count + exponent.len();
    text.get_mut(1 + count..end)?.copy_from_slice(&exponent);
    let float = std::str::from_utf8(text.get(..end)?).ok()?.parse::<f64>().ok()?;
    // Zero has no sign.
    Some(if float == 0.0 { 0.0 } else { float })
}

/// Appends the text of a packed number, by its digits; `None`, and nothing, for what is not quite one.
fn put_packed_text(cell: &[u8], precision: u8, scale: u8, out: &mut Vec<u8>) -> Option<()> {
    let mut text = [b'0'; ROOM];
    let (count, minus) = unpack(cell, precision, &mut text)?;
    let digits = text.get(1..=count)?;
    let point = count.checked_sub(scale.into())?;
    let zeros = digits.iter().position(|digit| *digit != b'0').unwrap_or(count);
    let (whole, fraction) = digits.split_at_checked(point)?;
    if minus && zeros < count {
        out.push(b'-');
    }
    // One digit stays in front of the point.
    match whole.get(zeros.min(point.saturating_sub(1))..) {
        Some(whole @ [_, ..]) => out.extend_from_slice(whole),
        _ => out.push(b'0'),
    }
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction);
    }
    Some(())
}

struct WideTexts<V, O: OffsetSizeTrait> {
    frame: Fixed,
    column: ByteColumn<O>,
    value: V,
    packed: bool,
    precision: u8,
    scale: u8,
}

impl<V, O> ColumnDecoder for WideTexts<V, O>
where
    V: Fn(&[u8]) -> Result<Wide, Reason> + Send + 'static,
    O: OffsetSizeTrait,
{
    fn append(&mut self, cells: &Cells<'_>) -> Result<(), ColumnError> {
        let (value, packed, precision, scale) = (&self.value, self.packed, self.precision, self.scale);
        self.column.convert(cells.first_row, cells_of(self.frame, cells), |cell, out| {
            let quick = if packed { put_packed_text(cell, precision, scale, out) } else { None };
            quick.map_or_else(|| put_text(value(cell)?, precision, scale, out), Ok)
        })
    }

    counted_by_column!();

    fn finish(&mut self) -> Result<ArrayRef, ColumnError> {
        self.column.finish_text(TextErrors::Strict)
    }
}

/// A sign if it is below zero, the digits without zeros in front, and all of those after the point.
fn put_text(value: Wide, precision: u8, scale: u8, out: &mut Vec<u8>) -> Result<(), Reason> {
    let start = out.len();
    decimal::put_chars(value, precision, false, out)?;
    let point = start + 1 + usize::from(precision.saturating_sub(scale));
    if point < out.len() {
        out.insert(point, b'.');
    }
    if point == start + 1 {
        out.insert(point, b'0');
    }
    // At least one digit stays in front of the point.
    let whole = out.get(start + 1..point.saturating_sub(1)).unwrap_or_default();
    let zeros = whole.iter().take_while(|digit| **digit == b'0').count();
    let from = if value.is_negative() { start + 1 } else { start };
    out.drain(from..start + 1 + zeros);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::decode::decoder;
    use crate::column::options::{BadValues, Options, WideDecimalAs};
    use crate::wire::value::field::Shape;
    use crate::wire::value::types::Type;
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_schema::DataType;
    use proptest::prelude::*;

    fn decoded(scale: u8, numbers: &[&str], form: WideDecimalAs) -> ArrayRef {
        let field = Field { precision: 45, scale, ..Field::new(Type::Packed, Shape::Fixed(23)) };
        let options = Options { wide_decimal: form, ..Options::default() };
        let mut decoder = decoder(&field, 0, &options).unwrap();
        let (mut buf, mut offsets) = (Vec::new(), Vec::new());
        for number in numbers {
            offsets.push(u32::try_from(buf.len()).unwrap());
            decimal::put_packed(decimal::chars(number.as_bytes()).unwrap(), 45, &mut buf).unwrap();
        }
        decoder.append(&Cells { buf: &buf, offsets: &offsets, lobs: &[], first_row: 1 }).unwrap();
        decoder.finish().unwrap()
    }

    #[test]
    fn every_digit_is_in_the_text() {
        let nines = "9".repeat(45);
        let all = decoded(0, &[&nines, "-1", "0"], WideDecimalAs::Text);
        let texts: Vec<_> = all.as_string::<i32>().iter().flatten().collect();
        assert_eq!(texts, [nines.as_str(), "-1", "0"]);
        let cents = decoded(2, &["-12345", "5", "-5", "0"], WideDecimalAs::Text);
        let texts: Vec<_> = cents.as_string::<i32>().iter().flatten().collect();
        assert_eq!(texts, ["-123.45", "0.05", "-0.05", "0.00"]);
        let parts = decoded(45, &[&nines, "1"], WideDecimalAs::Text);
        let texts: Vec<_> = parts.as_string::<i32>().iter().flatten().collect();
        assert_eq!(texts, [format!("0.{nines}"), format!("0.{}1", "0".repeat(44))]);
    }

    #[test]
    fn a_float_is_the_nearest_one() {
        let floats = decoded(2, &["-12345", &"9".repeat(45), "10"], WideDecimalAs::Float64);
        assert_eq!(floats.as_primitive::<Float64Type>().values(), &[-123.45, 1e43, 0.1]);
    }

    proptest! {
        #[test]
        fn digits_are_their_text_and_the_float_that_it_is(
            mut bytes in proptest::collection::vec(any::<u8>().prop_map(|b| (b % 10 * 16) + b / 10 % 10), 21..36),
            scale in 0u8..40,
            even: bool,
            zeros in 0usize..36,
            odd: Option<(usize, u8)>,
        ) {
            bytes.iter_mut().take(zeros).for_each(|byte| *byte = 0);
            let last = bytes.len() - 1;
            bytes[last] = bytes[last] & 0xF0 | [0xC, 0xD, 0xF, 0xB][zeros % 4];
            if let Some((at, byte)) = odd {
                bytes[at % (last + 1)] = byte;
            }
            let precision = (2 * last + usize::from(!even)) as u8;
            let field = Field { precision, scale, ..Field::new(Type::Packed, Shape::Fixed(bytes.len() as u32)) };
            let careful = wide_value(&field, precision)(&bytes).ok().map(|value| {
                let mut text = Vec::new();
                put_text(value, precision, scale, &mut text).unwrap();
                String::from_utf8(text).unwrap()
            });
            let mut text = b"before".to_vec();
            match put_packed_text(&bytes, precision, scale, &mut text) {
                Some(()) => prop_assert_eq!(Some(&text[6..]), careful.as_ref().map(String::as_bytes)),
                None => prop_assert_eq!((text.len(), odd.is_some() || even), (6, true)),
            }
            let careful = careful.map(|text| text.parse::<f64>().unwrap().to_bits());
            let quick = packed_float(&bytes, precision, scale).map(f64::to_bits);
            prop_assert!(quick.is_none() || quick == careful, "{:02X?}: {:?} {:?}", bytes, quick, careful);
            // Values that need no second look are read at once.
            prop_assert!(odd.is_some() || even || quick.is_some());
        }
    }

    #[test]
    fn short_decimals_stay_decimals_and_bad_ones_are_told() {
        for form in [WideDecimalAs::Text, WideDecimalAs::Float64] {
            let short = Field { precision: 38, ..Field::new(Type::Packed, Shape::Fixed(20)) };
            let options = Options { wide_decimal: form, ..Options::default() };
            let kept = decoder(&short, 0, &options).unwrap().finish().unwrap();
            assert_eq!(kept.data_type(), &DataType::Decimal128(38, 0));
            let wide = Field { precision: 45, ..Field::new(Type::Packed, Shape::Fixed(23)) };
            let blanks = [0x40; 23];
            let cells = Cells { buf: &blanks, offsets: &[0], lobs: &[], first_row: 1 };
            assert!(decoder(&wide, 0, &options).unwrap().append(&cells).is_err());
            let mut lenient = decoder(&wide, 0, &Options { bad_values: BadValues::Null, ..options }).unwrap();
            lenient.append(&cells).unwrap();
            assert_eq!((lenient.nulled(), lenient.finish().unwrap().null_count()), (1, 1));
        }
    }
}
