//! Text and bytes, and how a value of any length is laid into the field's shape.

use std::borrow::Cow;

use bytes::Bytes;

use super::scalar::Scalar;
use super::{Result, marked, refused};
use crate::column::error::Reason;
use crate::wire::ccsid::codec::Codec;
use crate::wire::codec::writer::Writer;
use crate::wire::value::field::{Field, Shape};
use crate::wire::value::types::TypeId;

/// The bytes of the value in the field's page.
pub(super) fn value<'a>(field: &Field, codec: Option<&Codec>, scalar: &Scalar<'a>) -> Result<Cow<'a, [u8]>> {
    match (codec, scalar) {
        (Some(codec), Scalar::Text(text)) if codec.is_utf8() => Ok(Cow::Borrowed(text.as_bytes())),
        (Some(codec), Scalar::Text(text)) => {
            let mut out = Vec::with_capacity(text.len());
            codec.encode(text, &mut out)?;
            Ok(Cow::Owned(out))
        }
        (None, Scalar::Bytes(bytes) | Scalar::Uuid(bytes)) => Ok(Cow::Borrowed(bytes)),
        (Some(codec), Scalar::Uuid(bytes)) => {
            let mut out = Vec::with_capacity(36);
            codec.encode(&marked::uuid_text(bytes), &mut out)?;
            Ok(Cow::Owned(out))
        }
        _ => Err(refused(field)),
    }
}

/// The padding of a fixed length: blanks of the page, zeros for BINARY; empty where nothing is known to
/// be right.
pub(super) fn padding(field: &Field, codec: Option<&Codec>) -> Vec<u8> {
    let Some(codec) = codec else {
        // FOR BIT DATA is padded with the blank of a page that the field does not tell.
        return if matches!(field.lid, TypeId::BINARY | TypeId::VARBINARY) { vec![0] } else { Vec::new() };
    };
    let mut blank = Vec::new();
    // A purely double-byte page has only the wide blank.
    for candidate in [" ", "\u{3000}"] {
        blank.clear();
        if codec.encode(candidate, &mut blank).is_ok() && !blank.is_empty() {
            break;
        }
    }
    blank
}

/// Lays `value` into the shape of the field.
pub(super) fn put(field: &Field, padding: &[u8], value: &[u8], w: &mut Writer) -> Result<()> {
    let len = value.len();
    let too_long = |max: usize| Reason::TooLong { len, max };
    match field.shape {
        Shape::Fixed(n) => {
            let n = n as usize;
            let missing = n.checked_sub(len).ok_or_else(|| too_long(n))?;
            if missing > 0 && (padding.is_empty() || !missing.is_multiple_of(padding.len())) {
                return Err(Reason::TooShort { len, min: n });
            }
            w.bytes(value);
            for _ in 0..missing.checked_div(padding.len()).unwrap_or(0) {
                w.bytes(padding);
            }
        }
        Shape::Var => {
            // A timestamp's length is checked by its digits.
            let max = if field.ty.has_seconds() { 65_535 } else { limit(field, 65_535) };
            if len > max {
                return Err(too_long(max));
            }
            w.var(value);
        }
        Shape::VarChars => {
            let max = limit(field, 65_535).saturating_mul(2);
            if len > max || !len.is_multiple_of(2) {
                return Err(too_long(max));
            }
            w.u16(u16::try_from(len / 2).map_err(|_| too_long(max))?);
            w.bytes(value);
        }
        Shape::Pascal => {
            let max = limit(field, 255);
            w.u8(u8::try_from(len).ok().filter(|_| len <= max).ok_or_else(|| too_long(max))?);
            w.bytes(value);
        }
        Shape::NulTerminated => {
            let max = limit(field, 65_535);
            if len > max {
                return Err(too_long(max));
            }
            if value.contains(&0) {
                return Err(Reason::ZeroByte);
            }
            w.bytes(value);
            w.u8(0);
        }
        // Handled by `placeholder`.
        Shape::Lob(_) => return Err(refused(field)),
    }
    Ok(())
}

/// The most that a value may have of what the field's length counts, where `most` is what its shape
/// can tell. A length of zero was not told.
pub(super) fn limit(field: &Field, most: usize) -> usize {
    match field.length as usize {
        0 => most,
        length => most.min(length),
    }
}

/// Before a length of eight bytes: the value follows as EXTDTA.
const FOLLOWS: u8 = 0x02;

/// The big-endian length that stands in the row for a large value, which is given back. Its top bit
/// would mean that the length is unknown. In nine bytes a mode precedes it.
pub(super) fn placeholder(width: u8, value: &[u8], w: &mut Writer) -> Result<Option<Bytes>> {
    let width = usize::from(width);
    let len = value.len() as u64;
    let bits = (8 * width).min(64);
    let max = if bits == 0 { 0 } else { u64::MAX >> (64 - bits) >> 1 };
    if len > max {
        return Err(Reason::TooLong { len: value.len(), max: usize::try_from(max).unwrap_or(usize::MAX) });
    }
    w.fill(FOLLOWS, width.saturating_sub(8));
    let bytes = len.to_be_bytes();
    w.bytes(bytes.get(8 - width.min(8)..).unwrap_or_default());
    Ok((!value.is_empty()).then(|| Bytes::copy_from_slice(value)))
}
