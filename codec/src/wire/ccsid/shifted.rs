//! EBCDIC with double-byte characters: between shift-out and shift-in, or alone (GRAPHIC).

use super::double::Double;
use super::error::CcsidError;
use super::on_error::BadUnits;
use super::quick::one;
use super::single::Single;
use super::sink::{SPELLED, Sink};
use super::{SHIFT_IN, SHIFT_OUT};

/// Bytes of a value whose runs are not looked for.
const SHORT: usize = 24;

/// Appends a mixed value. Neither shift is a character of the single-byte half, so a run of single
/// bytes ends there by itself.
pub(super) fn decode(
    single: &Single,
    double: &Double,
    src: &[u8],
    out: &mut Sink<'_>,
    trouble: &BadUnits<'_>,
) -> Result<(), CcsidError> {
    if src.len() <= SHORT && decode_short(single, double, src, out).is_some() {
        return Ok(());
    }
    let mut at = 0;
    loop {
        at += single.run(src.get(at..).unwrap_or_default(), out);
        match src.get(at) {
            None => return Ok(()),
            Some(&SHIFT_OUT) => {
                let opened = at;
                at = pairs(double, src, at + 1, out, trouble)?;
                if src.get(at) != Some(&SHIFT_IN) {
                    return trouble.unclosed(opened, out);
                }
            }
            Some(_) => trouble.bad(at, out)?,
        }
        at += 1;
    }
}

/// Appends a mixed value character by character: its runs are too short for a loop each. `None`, and nothing, if there is
/// anything in it but characters of one word and shifts in turn.
#[inline]
fn decode_short(single: &Single, double: &Double, src: &[u8], out: &mut Sink<'_>) -> Option<()> {
    let room = out.room(SHORT * 3 + 1);
    let (mut end, mut rest, mut within) = (0, src, false);
    loop {
        let (word, tail) = match (within, rest) {
            (false, []) => break,
            (false, [SHIFT_OUT, tail @ ..]) | (true, [SHIFT_IN, tail @ ..]) => {
                (within, rest) = (!within, tail);
                continue;
            }
            (false, [byte, tail @ ..]) => (single.word(*byte), tail),
            (true, [lead, trail, tail @ ..]) => (double.word(u16::from_be_bytes([*lead, *trail])), tail),
            (true, _) => return None,
        };
        if word < SPELLED {
            return None;
        }
        // The next character is written over the fourth byte.
        *room.get_mut(end..)?.first_chunk_mut()? = word.to_le_bytes();
        end += (word >> 27) as usize;
        rest = tail;
    }
    out.advance(end);
    Some(())
}

/// Appends a value of double-byte characters alone.
pub(super) fn decode_pairs(
    double: &Double,
    src: &[u8],
    out: &mut Sink<'_>,
    trouble: &BadUnits<'_>,
) -> Result<(), CcsidError> {
    let (codes, odd) = src.as_chunks::<2>();
    let mut at = 0;
    loop {
        let rest = codes.get(at..).unwrap_or_default();
        at += out.spell(rest, |code| double.word(u16::from_be_bytes(code)));
        let Some(code) = codes.get(at) else { break };
        if !double.decode(u16::from_be_bytes(*code), out) {
            trouble.bad(at * 2, out)?;
        }
        at += 1;
    }
    if odd.is_empty() { Ok(()) } else { trouble.bad(src.len() - 1, out) }
}

/// Appends a text as a mixed value, back in single bytes at its end.
pub(super) fn encode(single: &Single, double: &Double, src: &str, dst: &mut Vec<u8>) -> Result<(), (usize, char)> {
    // ASCII is never a part of two characters that have one code.
    let quick = |src: &[u8], dst: &mut [u8], at| encode_mixed(single, double, Doubled::Shifted, src, dst, at);
    if single.encode_ascii(src, dst) || one(src, dst, quick) {
        return Ok(());
    }
    encode_carefully(single, double, src, dst)
}

/// As [`encode`], of any characters.
pub(super) fn encode_carefully(
    single: &Single,
    double: &Double,
    src: &str,
    dst: &mut Vec<u8>,
) -> Result<(), (usize, char)> {
    dst.reserve(src.len() + 2);
    let mut out = false;
    walk(
        double,
        src,
        |ch| single.byte(ch),
        |unit| {
            if out != unit.is_err() {
                out = !out;
                dst.push(if out { SHIFT_OUT } else { SHIFT_IN });
            }
            match unit {
                Ok(byte) => dst.push(byte),
                Err(code) => dst.extend_from_slice(&code.to_be_bytes()),
            }
        },
    )?;
    if out {
        dst.push(SHIFT_IN);
    }
    Ok(())
}

/// The way of a page with its double-byte characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubled {
    /// Puts them between shifts.
    Shifted,
    /// Writes them as they are: their first byte is no character.
    Plain,
}

/// Writes a text in a page of single and double bytes at a place of `dst`, which has room; where its bytes end.
#[inline(always)]
pub(super) fn encode_mixed(
    single: &Single,
    double: &Double,
    doubled: Doubled,
    src: &[u8],
    dst: &mut [u8],
    start: usize,
) -> Option<usize> {
    let codes = double.codes();
    let (mut at, mut rest, mut within) = (start, src, false);
    while !rest.is_empty() {
        if within {
            while let [a @ 0xE0..0xF0, b, c, tail @ ..] = rest {
                let unit = three(*a, *b, *c);
                let Some(code) = codes.lone(unit).filter(|code| *code != 0 && single.is_far(unit)) else { break };
                *dst.get_mut(at..)?.first_chunk_mut()? = code.to_be_bytes();
                (at, rest) = (at + 2, tail);
            }
        } else {
            while let [a @ ..0x80, tail @ ..] = rest {
                *dst.get_mut(at)? = u8::try_from(single.low_byte(u16::from(*a))).ok()?;
                (at, rest) = (at + 1, tail);
            }
        }
        if rest.is_empty() {
            break;
        }
        // The first character of a run, or one that is rare.
        let (unit, tail) = next(rest)?;
        rest = tail;
        let byte = single.byte_of(unit);
        // ASCII is never a part of two characters that have one code.
        let code = if unit < 0x80 { 0 } else { codes.lone(unit)? };
        let (wide, bytes) = match u8::try_from(byte) {
            Ok(byte) => (false, [byte, 0]),
            Err(_) if code == 0 => return None,
            Err(_) => (true, code.to_be_bytes()),
        };
        if wide != within {
            within = wide;
            if doubled == Doubled::Shifted {
                *dst.get_mut(at)? = if wide { SHIFT_OUT } else { SHIFT_IN };
                at += 1;
            }
        }
        // Of one byte the second is written over.
        *dst.get_mut(at..)?.first_chunk_mut()? = bytes;
        at += 1 + usize::from(wide);
    }
    if within && doubled == Doubled::Shifted {
        *dst.get_mut(at)? = SHIFT_IN;
        at += 1;
    }
    Some(at)
}

/// The character in front if UTF-8 has it in up to three bytes, and what follows it.
#[inline(always)]
fn next(text: &[u8]) -> Option<(u16, &[u8])> {
    match text {
        [a @ ..0x80, rest @ ..] => Some((u16::from(*a), rest)),
        [a @ 0xC0..0xE0, b, rest @ ..] => Some((u16::from(a & 0x1F) << 6 | u16::from(b & 0x3F), rest)),
        [a @ 0xE0..0xF0, b, c, rest @ ..] => Some((three(*a, *b, *c), rest)),
        _ => None,
    }
}

/// The character of three bytes of UTF-8.
#[inline(always)]
fn three(a: u8, b: u8, c: u8) -> u16 {
    u16::from(a) << 12 | u16::from(b & 0x3F) << 6 | u16::from(c & 0x3F)
}

/// Appends a text as double-byte characters alone.
pub(super) fn encode_pairs(double: &Double, src: &str, dst: &mut Vec<u8>) -> Result<(), (usize, char)> {
    dst.reserve(src.len());
    walk(
        double,
        src,
        |_| None,
        |unit| {
            if let Err(code) = unit {
                dst.extend_from_slice(&code.to_be_bytes());
            }
        },
    )
}

/// Hands out a byte (`Ok`) or a code (`Err`) for each character, two characters at once where the page
/// has a code for both. A byte is preferred to a code.
pub(super) fn walk(
    double: &Double,
    src: &str,
    byte: impl Fn(char) -> Option<u8>,
    mut put: impl FnMut(Result<u8, u16>),
) -> Result<(), (usize, char)> {
    let mut chars = src.chars().enumerate();
    while let Some((index, ch)) = chars.next() {
        let mut after = chars.clone();
        if let Some(code) = double.pair(ch, after.next().map(|(_, next)| next)) {
            put(Err(code));
            chars = after;
        } else if let Some(byte) = byte(ch) {
            put(Ok(byte));
        } else {
            put(Err(double.code(ch).ok_or((index, ch))?));
        }
    }
    Ok(())
}

/// Appends pairs from offset `at` on; the offset of the shift-in, or of the end. No code has the byte of
/// shift-in in it, so a run of characters ends there by itself.
fn pairs(
    double: &Double,
    src: &[u8],
    mut at: usize,
    out: &mut Sink<'_>,
    trouble: &BadUnits<'_>,
) -> Result<usize, CcsidError> {
    loop {
        let rest = src.get(at..).unwrap_or_default();
        let run = out.spell(rest.as_chunks::<2>().0, |code| double.word(u16::from_be_bytes(code)));
        at += run * 2;
        let (lead, trail) = match src.get(at..).unwrap_or_default() {
            [] | [SHIFT_IN, ..] => return Ok(at),
            // Half a character, then the shift or the end.
            [_] | [_, SHIFT_IN, ..] => {
                trouble.bad(at, out)?;
                at += 1;
                continue;
            }
            [lead, trail, ..] => (*lead, *trail),
        };
        if !double.decode(u16::from_be_bytes([lead, trail]), out) {
            trouble.bad(at, out)?;
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::super::codec::{Tables, known};
    use super::*;

    #[test]
    fn no_character_has_the_byte_of_a_shift_in() {
        for codec in known().map(|ccsid| super::super::codec::Codec::new(ccsid).unwrap()) {
            if let Tables::Shifted(single, double) = codec.tables {
                for byte in 0..=u8::MAX {
                    for code in [[SHIFT_IN, byte], [byte, SHIFT_IN]] {
                        assert_eq!(double.word(u16::from_be_bytes(code)), 0, "{codec:?}");
                    }
                }
                let mut bytes = Vec::new();
                assert_eq!(single.run(&[SHIFT_OUT], &mut Sink::new(&mut bytes, 0)), 0);
                assert_eq!(single.run(&[SHIFT_IN], &mut Sink::new(&mut bytes, 0)), 0);
            }
        }
    }
}
