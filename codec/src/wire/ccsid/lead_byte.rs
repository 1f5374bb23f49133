//! ASCII with lead bytes: the PC pages (932, 943, 949, 950, 1381, 1386 and so on) and the EUC pages
//! (954, 964, 970, 1383).

use super::double::Double;
use super::error::CcsidError;
use super::on_error::BadUnits;
use super::page::Plane;
use super::quick::one;
use super::shifted::{Doubled, encode_mixed, walk};
use super::single::Single;
use super::sink::Sink;

/// Appends a value. A lead byte is not a character of the single-byte half, so a run of single bytes ends
/// there by itself.
pub(super) fn decode(
    (single, double, extra): (&Single, &Double, &[Plane]),
    src: &[u8],
    dst: &mut Sink<'_>,
    trouble: &BadUnits<'_>,
) -> Result<(), CcsidError> {
    let mut at = 0;
    loop {
        let rest = src.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        let taken = run_of((double, extra), rest, dst);
        if taken > 0 {
            at += taken;
            continue;
        }
        let run = single.run(rest, dst);
        at += run;
        if run == 0 {
            trouble.bad(at, dst)?;
            at += bad_len(extra, rest);
        }
    }
}

/// Appends a text.
pub(super) fn encode(
    (single, double, planes): (&Single, &Double, &[Plane]),
    src: &str,
    dst: &mut Vec<u8>,
) -> Result<(), (usize, char)> {
    // ASCII is never a part of two characters that have one code.
    let quick = |src: &[u8], dst: &mut [u8], at| encode_mixed(single, double, Doubled::Plain, src, dst, at);
    if single.encode_ascii(src, dst) || planes.is_empty() && one(src, dst, quick) {
        return Ok(());
    }
    encode_carefully((single, double, planes), src, dst)
}

/// As [`encode`], of any characters.
pub(super) fn encode_carefully(
    (single, double, planes): (&Single, &Double, &[Plane]),
    src: &str,
    dst: &mut Vec<u8>,
) -> Result<(), (usize, char)> {
    dst.reserve(src.len());
    walk(
        double,
        src,
        |ch| single.byte(ch),
        |unit| match unit {
            Ok(byte) => dst.push(byte),
            Err(code) => {
                let [lead, trail] = code.to_be_bytes();
                let marks = (lead | 0x7F, trail | 0x7F);
                match planes.iter().find(|plane| (plane.lead, plane.trail) == marks) {
                    Some(plane) => {
                        dst.extend_from_slice(plane.prefix);
                        dst.extend_from_slice(&[lead | 0x80, trail | 0x80]);
                    }
                    None => dst.extend_from_slice(&[lead, trail]),
                }
            }
        },
    )
}

/// Appends the characters of more than one byte that `rest` begins with; their length, or 0.
fn run_of((double, extra): (&Double, &[Plane]), rest: &[u8], dst: &mut Sink<'_>) -> usize {
    if extra.is_empty() {
        let word = |[lead, trail]: [u8; 2]| match lead {
            0x80.. => double.word(u16::from_be_bytes([lead, trail])),
            _ => 0,
        };
        let run = dst.spell(rest.as_chunks::<2>().0, word);
        if run > 0 {
            return run * 2;
        }
    }
    long(double, extra, rest, dst)
}

/// Appends the character of more than one byte that `rest` begins with; its length, or 0.
fn long(double: &Double, extra: &[Plane], rest: &[u8], dst: &mut Sink<'_>) -> usize {
    for plane in extra {
        if let Some(after) = rest.strip_prefix(plane.prefix) {
            let code = match after {
                // The tops of both are taken off, so they have to be there.
                [lead @ 0x80..=0xFF, trail @ 0x80..=0xFF, ..] => [lead & plane.lead, trail & plane.trail],
                _ => return 0,
            };
            let found = double.decode(u16::from_be_bytes(code), dst);
            return if found { plane.prefix.len() + 2 } else { 0 };
        }
    }
    match rest {
        // Without the top bit it would be a code of another plane.
        [_, 0..0x80, ..] if !extra.is_empty() => 0,
        [lead @ 0x80..=0xFF, trail, ..] if double.decode(u16::from_be_bytes([*lead, *trail]), dst) => 2,
        _ => 0,
    }
}

/// How many bytes a bad character is: what its lead byte asks for, but never a byte that is ASCII.
fn bad_len(planes: &[Plane], rest: &[u8]) -> usize {
    let asked = planes.iter().find(|p| rest.starts_with(p.prefix)).map_or(2, |p| p.prefix.len() + 2);
    rest.iter().take(asked).skip(1).take_while(|b| **b >= 0x80).count() + 1
}
