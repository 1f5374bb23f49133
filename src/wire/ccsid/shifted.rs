//! EBCDIC with double-byte characters: between shift-out and shift-in, or alone (GRAPHIC).

use super::double::Double;
use super::error::CcsidError;
use super::on_error::BadUnits;
use super::single::Single;
use super::sink::Sink;

const SHIFT_OUT: u8 = 0x0E;
const SHIFT_IN: u8 = 0x0F;

/// Appends a mixed value. Neither shift is a character of the single-byte half, so a run of single
/// bytes ends there by itself.
pub(super) fn decode(
    single: &Single,
    double: &Double,
    src: &[u8],
    out: &mut Sink<'_>,
    trouble: &BadUnits<'_>,
) -> Result<(), CcsidError> {
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
    if single.encode_ascii(src, dst) {
        return Ok(());
    }
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
