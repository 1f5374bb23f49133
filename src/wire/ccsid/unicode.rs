//! UTF-8 (1208) and UTF-16 (1200, 1202, 1204, 13488, 17584).

use super::error::CcsidError;
use super::on_error::BadUnits;
use super::page::UnitOrder;

/// UTF-16 units looked at together.
const CHUNK: usize = 16;
const MARK_BIG: [u8; 2] = [0xFE, 0xFF];
const MARK_LITTLE: [u8; 2] = [0xFF, 0xFE];

/// Appends a value of UTF-8, which is checked.
pub(super) fn decode_utf8(src: &[u8], dst: &mut Vec<u8>, trouble: &BadUnits<'_>) -> Result<(), CcsidError> {
    if simdutf8::basic::from_utf8(src).is_ok() {
        dst.extend_from_slice(src);
        return Ok(());
    }
    let mut at = 0;
    for chunk in src.utf8_chunks() {
        dst.extend_from_slice(chunk.valid().as_bytes());
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            trouble.bad(at, dst)?;
            at += chunk.invalid().len();
        }
    }
    Ok(())
}

/// Appends a value of UTF-16.
pub(super) fn decode_utf16(
    order: UnitOrder,
    src: &[u8],
    dst: &mut Vec<u8>,
    trouble: &BadUnits<'_>,
) -> Result<(), CcsidError> {
    let (units, odd) = src.as_chunks::<2>();
    let (from, marked) = match (order, units.first()) {
        (UnitOrder::Marked, Some(&MARK_BIG)) => (u16::from_be_bytes as fn([u8; 2]) -> u16, 1),
        (UnitOrder::Marked, Some(&MARK_LITTLE)) => (u16::from_le_bytes as fn([u8; 2]) -> u16, 1),
        (UnitOrder::Little, _) => (u16::from_le_bytes as fn([u8; 2]) -> u16, 0),
        _ => (u16::from_be_bytes as fn([u8; 2]) -> u16, 0),
    };
    dst.reserve(units.len());
    // Two copies of the loop, so that the order costs no call per unit.
    if from([0, 1]) == 1 {
        decode_units(u16::from_be_bytes, units, marked, dst, trouble)?;
    } else {
        decode_units(u16::from_le_bytes, units, marked, dst, trouble)?;
    }
    if odd.is_empty() { Ok(()) } else { trouble.bad(src.len() - 1, dst) }
}

/// Appends a text as UTF-16.
pub(super) fn encode_utf16(order: UnitOrder, src: &str, dst: &mut Vec<u8>) {
    dst.reserve(src.len() * 2);
    if order == UnitOrder::Marked && !src.is_empty() {
        dst.extend_from_slice(&MARK_BIG);
    }
    match order {
        UnitOrder::Little => src.encode_utf16().for_each(|u| dst.extend_from_slice(&u.to_le_bytes())),
        UnitOrder::Big | UnitOrder::Marked => src.encode_utf16().for_each(|u| dst.extend_from_slice(&u.to_be_bytes())),
    }
}

/// Appends a character of the basic plane that is not a surrogate.
pub(super) fn push_unit(unit: u16, dst: &mut Vec<u8>) {
    // The masks leave at most eight bits, so `as` cuts nothing.
    match unit {
        0..0x80 => dst.push((unit & 0x7F) as u8),
        0x80..0x800 => dst.extend_from_slice(&[0xC0 | (unit >> 6) as u8, 0x80 | (unit & 0x3F) as u8]),
        _ => dst.extend_from_slice(&[
            0xE0 | (unit >> 12) as u8,
            0x80 | (unit >> 6 & 0x3F) as u8,
            0x80 | (unit & 0x3F) as u8,
        ]),
    }
}

/// Appends any character.
pub(super) fn push_char(ch: char, dst: &mut Vec<u8>) {
    dst.extend_from_slice(ch.encode_utf8(&mut [0; 4]).as_bytes());
}

#[inline(always)]
fn decode_units(
    from: impl Fn([u8; 2]) -> u16,
    units: &[[u8; 2]],
    mut at: usize,
    dst: &mut Vec<u8>,
    trouble: &BadUnits<'_>,
) -> Result<(), CcsidError> {
    while let Some(rest) = units.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(chunk) = rest.first_chunk::<CHUNK>() {
            let values = chunk.map(&from);
            if values.iter().fold(0, |all, v| all | v) < 0x80 {
                dst.extend_from_slice(&values.map(|v| (v & 0x7F) as u8));
                at += CHUNK;
                continue;
            }
        }
        // Up to a chunk one by one; a pair may reach into the next.
        let stop = (at + CHUNK).min(units.len());
        while at < stop {
            let Some(unit) = units.get(at).map(|u| from(*u)) else { break };
            if !(0xD800..0xE000).contains(&unit) {
                push_unit(unit, dst);
                at += 1;
                continue;
            }
            let next = units.get(at + 1).map(|u| from(*u));
            match char::decode_utf16([unit].into_iter().chain(next)).next() {
                Some(Ok(ch)) => {
                    push_char(ch, dst);
                    at += 2;
                }
                _ => {
                    trouble.bad(at * 2, dst)?;
                    at += 1;
                }
            }
        }
    }
    Ok(())
}
