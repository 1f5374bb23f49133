//! UTF-8 (1208) and UTF-16 (1200, 1202, 1204, 13488, 17584).

use super::error::CcsidError;
use super::on_error::BadUnits;
use super::page::UnitOrder;
use super::sink::{Sink, spelled};

/// UTF-16 units looked at together.
const CHUNK: usize = 8;
const MARK_BIG: [u8; 2] = [0xFE, 0xFF];
const MARK_LITTLE: [u8; 2] = [0xFF, 0xFE];

/// Appends a value of UTF-8, which is checked.
pub(super) fn decode_utf8(src: &[u8], out: &mut Sink<'_>, trouble: &BadUnits<'_>) -> Result<(), CcsidError> {
    if simdutf8::basic::from_utf8(src).is_ok() {
        out.put(src);
        return Ok(());
    }
    let mut at = 0;
    for chunk in src.utf8_chunks() {
        out.put(chunk.valid().as_bytes());
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            trouble.bad(at, out)?;
            at += chunk.invalid().len();
        }
    }
    Ok(())
}

/// Appends a value of UTF-16.
pub(super) fn decode_utf16(
    order: UnitOrder,
    src: &[u8],
    out: &mut Sink<'_>,
    trouble: &BadUnits<'_>,
) -> Result<(), CcsidError> {
    let (units, odd) = src.as_chunks::<2>();
    let (little, marked) = match (order, units.first()) {
        (UnitOrder::Marked, Some(&MARK_BIG)) => (false, 1),
        (UnitOrder::Marked, Some(&MARK_LITTLE)) => (true, 1),
        (UnitOrder::Little, _) => (true, 0),
        _ => (false, 0),
    };
    let units = units.get(marked..).unwrap_or_default();
    // Two copies of the loop, so that the order costs nothing per unit.
    if little {
        decode_units(u16::from_le_bytes, units, marked, out, trouble)?;
    } else {
        decode_units(u16::from_be_bytes, units, marked, out, trouble)?;
    }
    if odd.is_empty() { Ok(()) } else { trouble.bad(src.len() - 1, out) }
}

/// Appends a text as UTF-16.
pub(super) fn encode_utf16(order: UnitOrder, src: &str, dst: &mut Vec<u8>) {
    if order == UnitOrder::Marked && !src.is_empty() {
        dst.extend_from_slice(&MARK_BIG);
    }
    match order {
        UnitOrder::Little => encode_units(u16::to_le_bytes, src, dst),
        UnitOrder::Big | UnitOrder::Marked => encode_units(u16::to_be_bytes, src, dst),
    }
}

#[inline(always)]
fn encode_units(to: impl Fn(u16) -> [u8; 2] + Copy, src: &str, dst: &mut Vec<u8>) {
    let start = dst.len();
    // No character has more units than bytes in UTF-8.
    dst.resize(start + src.len() * 2, 0);
    let places = dst.get_mut(start..).unwrap_or_default().as_chunks_mut::<2>().0;
    let (mut rest, mut filled) = (src, 0);
    while !rest.is_empty() {
        let place = places.get_mut(filled..).and_then(|places| places.first_chunk_mut::<CHUNK>());
        if let (Some(chunk), Some(place)) = (rest.as_bytes().first_chunk::<CHUNK>(), place)
            && chunk.is_ascii()
        {
            *place = chunk.map(|b| to(u16::from(b)));
            filled += CHUNK;
            rest = rest.get(CHUNK..).unwrap_or_default();
            continue;
        }
        let mut chars = rest.chars();
        for ch in chars.by_ref().take(CHUNK) {
            let mut units = [0; 2];
            for unit in ch.encode_utf16(&mut units) {
                if let Some(place) = places.get_mut(filled) {
                    *place = to(*unit);
                }
                filled += 1;
            }
        }
        rest = chars.as_str();
    }
    dst.truncate(start + filled * 2);
}

/// Appends units, of which so many were passed over in the value.
#[inline(always)]
fn decode_units(
    from: impl Fn([u8; 2]) -> u16 + Copy,
    units: &[[u8; 2]],
    passed: usize,
    out: &mut Sink<'_>,
    trouble: &BadUnits<'_>,
) -> Result<(), CcsidError> {
    let mut at = 0;
    while let Some(rest) = units.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(chunk) = rest.first_chunk::<CHUNK>() {
            let values = chunk.map(from);
            if narrow(&values, out) || wide(&values, out) {
                at += CHUNK;
                continue;
            }
        }
        // Up to a chunk one by one; a pair of surrogates may reach into the next.
        let few = rest.get(..CHUNK).unwrap_or(rest);
        let good = out.spell(few, |unit| spelled(from(unit)));
        at += good;
        if good == few.len() {
            continue;
        }
        let pair = rest.get(good..).unwrap_or_default().iter().take(2).map(|unit| from(*unit));
        match char::decode_utf16(pair).next() {
            Some(Ok(ch)) => {
                out.put_char(ch);
                at += 2;
            }
            _ => {
                trouble.bad((passed + at) * 2, out)?;
                at += 1;
            }
        }
    }
    Ok(())
}

/// Appends units that are all ASCII; false, and nothing, if they are not.
#[inline(always)]
fn narrow(values: &[u16; CHUNK], out: &mut Sink<'_>) -> bool {
    if values.iter().fold(0, |all, v| all | v) >= 0x80 {
        return false;
    }
    let room = out.room(CHUNK);
    if let Some(place) = room.first_chunk_mut::<CHUNK>() {
        // Below 0x80, so `as` cuts nothing.
        *place = values.map(|v| v as u8);
        out.advance(CHUNK);
    }
    true
}

/// Appends units that all take three bytes: stores at fixed places, each over the last byte of the one before.
/// False, and nothing, if they do not.
#[inline(always)]
fn wide(values: &[u16; CHUNK], out: &mut Sink<'_>) -> bool {
    let three = |v: &u16| (*v >= 0x800) & (v & 0xF800 != 0xD800);
    if !values.iter().fold(true, |all, v| all & three(v)) {
        return false;
    }
    let Some(place) = out.room(3 * CHUNK + 1).first_chunk_mut::<{ 3 * CHUNK + 1 }>() else { return false };
    for (i, v) in values.iter().enumerate() {
        if let Some(place) = place.get_mut(3 * i..).and_then(|place| place.first_chunk_mut::<4>()) {
            *place = spelled(*v).to_le_bytes();
        }
    }
    out.advance(3 * CHUNK);
    true
}
