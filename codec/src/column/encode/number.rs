//! Numbers and booleans.

use super::scalar::Scalar;
use super::shortest::Shortest;
use super::{Result, refused};
use crate::column::error::Reason;
use crate::wire::codec::reader::ByteOrder;
use crate::wire::codec::writer::Writer;
use crate::wire::value::decfloat::{Class, DecFloat};
use crate::wire::value::decimal::{self, Wide};
use crate::wire::value::error::ValueError;
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::float;
use crate::wire::value::typdef::FloatForm;
use crate::wire::value::types::Type;

/// Two's complement of the field's width.
pub(super) fn integer(field: &Field, scalar: &Scalar<'_>, w: &mut Writer) -> Result<()> {
    let value = match scalar {
        Scalar::Integer(v) => *v,
        Scalar::Boolean(b) => i128::from(*b),
        other => fixed_point(field, other, 0)?.narrow().ok_or_else(|| out_of_range(other))?,
    };
    let range = |_| out_of_range(&Scalar::Integer(value));
    match width(field) {
        1 => w.u8(i8::try_from(value).map_err(range)?.cast_unsigned()),
        2 => w.i16_in(i16::try_from(value).map_err(range)?, field.order),
        4 => w.i32_in(i32::try_from(value).map_err(range)?, field.order),
        _ => w.i64_in(i64::try_from(value).map_err(range)?, field.order),
    }
    Ok(())
}

/// IEEE or hexadecimal, four or eight bytes; rounded to the nearest.
pub(super) fn float(field: &Field, scalar: &Scalar<'_>, w: &mut Writer) -> Result<()> {
    let value = match scalar {
        Scalar::Float(v) => *v,
        Scalar::Integer(v) => {
            let float = *v as f64;
            // An integer that does not survive was meant to be exact.
            if float as i128 != *v {
                return Err(ValueError::Inexact("the integer").into());
            }
            float
        }
        Scalar::Decimal(v, scale) => nearest(&number_text(*v, *scale)).ok_or_else(|| out_of_range(scalar))?,
        Scalar::Text(text) => nearest(text.trim()).ok_or(Reason::NotA(field.sql_name()))?,
        // Only those come here that are very large or very small.
        Scalar::Number(text) => {
            let value = nearest(finite(text)?).filter(|value| *value != 0.0 || text_is_zero(text));
            value.ok_or_else(|| out_of_range(scalar))?
        }
        _ => return Err(refused(field)),
    };
    match (field.float, width(field)) {
        (FloatForm::Hexadecimal, 4) => w.bytes(&float::to_hex32(value)?),
        (FloatForm::Hexadecimal, _) => w.bytes(&float::to_hex64(value)?),
        (FloatForm::Ieee, 4) => {
            let single = value as f32;
            if matches!(scalar, Scalar::Integer(_)) && f64::from(single) != value {
                return Err(ValueError::Inexact("the integer").into());
            }
            if single.is_infinite() != value.is_infinite() || (single == 0.0) != (value == 0.0) {
                return Err(out_of_range(scalar));
            }
            match field.order {
                ByteOrder::Big => w.bytes(&single.to_be_bytes()),
                ByteOrder::Little => w.bytes(&single.to_le_bytes()),
            }
        }
        (FloatForm::Ieee, _) => match field.order {
            ByteOrder::Big => w.bytes(&value.to_be_bytes()),
            ByteOrder::Little => w.bytes(&value.to_le_bytes()),
        },
    }
    Ok(())
}

/// Packed, zoned or numeric character.
pub(super) fn decimal(field: &Field, scalar: &Scalar<'_>, w: &mut Writer) -> Result<()> {
    let value = fixed_point(field, scalar, i32::from(field.scale))?;
    let put = match field.ty {
        Type::Packed => decimal::put_packed(value, field.precision, w.vec_mut()),
        Type::Zoned => decimal::put_zoned(value, field.precision, ebcdic(field), w.vec_mut()),
        _ => decimal::put_chars(value, field.precision, ebcdic(field), w.vec_mut()),
    };
    put.map_err(|_| out_of_range(scalar))
}

/// Decimal floating point; nothing is rounded.
pub(super) fn decfloat(field: &Field, scalar: &Scalar<'_>, w: &mut Writer) -> Result<()> {
    let number = match scalar {
        Scalar::Integer(v) => number_text(Wide::from(*v), 0),
        Scalar::Decimal(v, scale) => number_text(*v, *scale),
        Scalar::Float(v) => Shortest::of_decfloat(*v).as_str().to_owned(),
        Scalar::Text(text) => text.trim().to_owned(),
        Scalar::Number(text) => (*text).to_owned(),
        _ => return Err(refused(field)),
    };
    let number: DecFloat = number.parse().map_err(|e| match e {
        ValueError::Pattern { .. } => Reason::NotA(field.sql_name()),
        other => other.into(),
    })?;
    Ok(number.put(width(field), w.vec_mut())?)
}

/// One byte, or two as an integer of the environment.
pub(super) fn boolean(field: &Field, scalar: &Scalar<'_>, w: &mut Writer) -> Result<()> {
    let bit = match scalar {
        Scalar::Boolean(b) => *b,
        Scalar::Integer(0) => false,
        Scalar::Integer(1) => true,
        Scalar::Integer(_) => return Err(ValueError::Boolean.into()),
        _ => return Err(refused(field)),
    };
    match width(field) {
        1 => w.u8(u8::from(bit)),
        _ => w.u16_in(u16::from(bit), field.order),
    }
    Ok(())
}

fn width(field: &Field) -> u32 {
    match field.shape {
        Shape::Fixed(n) => n,
        _ => 0,
    }
}

/// Digits follow the character set of the environment.
pub(super) fn ebcdic(field: &Field) -> bool {
    !matches!(field.ccsid, 367 | 437 | 819 | 850 | 858 | 1208 | 1252)
}

fn out_of_range(scalar: &Scalar<'_>) -> Reason {
    Reason::Range(shown(scalar))
}

fn shown(scalar: &Scalar<'_>) -> String {
    match scalar {
        Scalar::Integer(v) => v.to_string(),
        Scalar::Decimal(v, scale) => number_text(*v, *scale),
        Scalar::Float(v) => shortest(*v),
        Scalar::Text(text) | Scalar::Number(text) => text.chars().take(80).collect(),
        _ => "the value".to_owned(),
    }
}

/// The value as an integer of `10^-scale`, exactly.
fn fixed_point(field: &Field, scalar: &Scalar<'_>, scale: i32) -> Result<Wide> {
    let (value, from) = match scalar {
        Scalar::Integer(v) => (Wide::from(*v), 0),
        Scalar::Boolean(b) => (Wide::from(i128::from(*b)), 0),
        Scalar::Decimal(v, from) => (*v, *from),
        Scalar::Float(v) if !v.is_finite() => return Err(ValueError::NotFinite("the float").into()),
        Scalar::Float(v) => parse(&shortest(*v)).ok_or_else(|| out_of_range(scalar))?,
        Scalar::Text(text) => parse(text.trim()).ok_or_else(|| match text.trim().parse::<DecFloat>() {
            Ok(number) if number.class != Class::Finite => ValueError::NotFinite("the text").into(),
            _ => Reason::NotA(field.sql_name()),
        })?,
        Scalar::Number(text) => {
            finite(text)?;
            return Err(out_of_range(scalar));
        }
        _ => return Err(refused(field)),
    };
    if scale >= from {
        decimal::scale_up(value, scale.abs_diff(from)).ok_or_else(|| out_of_range(scalar))
    } else {
        decimal::scale_down(value, from.abs_diff(scale)).ok_or_else(|| Reason::Scale(shown(scalar)))
    }
}

/// The text of a decimal number, unless it is not a number or infinite.
fn finite(text: &str) -> Result<&str> {
    match text.bytes().any(|byte| byte.is_ascii_digit()) && !text.to_ascii_lowercase().contains("nan") {
        true => Ok(text),
        false => Err(ValueError::NotFinite("the Decimal").into()),
    }
}

fn text_is_zero(text: &str) -> bool {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    !mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

fn shortest(v: f64) -> String {
    Shortest::of(v).as_str().to_owned()
}

/// The nearest float of decimal text. `None` when it is not a number or infinite.
fn nearest(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|v| v.is_finite())
}

/// Digits with a sign, point and exponent as an unscaled value and a scale.
fn parse(text: &str) -> Option<(Wide, i32)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // The point out of the way; a digit in front lets ".5" through but not a bare sign.
    let digits = [whole, fraction].concat();
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(&digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value = decimal::chars(digits.as_bytes()).ok()?;
    let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    Some((value, scale))
}

/// An unscaled value and its scale as text that keeps both.
fn number_text(value: Wide, scale: i32) -> String {
    let mut digits = Vec::new();
    // Everything that 256 bits of Arrow hold has at most 76 digits; more is shown as unknown.
    if decimal::put_chars(value, decimal::MAX_DIGITS as u8, false, &mut digits).is_err() {
        return "a value of more than 76 digits".to_owned();
    }
    let text = String::from_utf8_lossy(&digits);
    let plain = text.get(1..).unwrap_or_default().trim_start_matches('0');
    let sign = if value.is_negative() { "-" } else { "" };
    let plain = if plain.is_empty() { "0" } else { plain };
    if scale == 0 { format!("{sign}{plain}") } else { format!("{sign}{plain}E{}", -i64::from(scale)) }
}
