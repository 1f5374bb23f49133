//! Text of a page that is ASCII in disguise, as nearly all of it is: whole vectors of bytes are looked up at
//! once, in place.

use super::single::{NOT_ASCII, Single};
use super::{SHIFT_IN, SHIFT_OUT};
use crate::wire::codec::instructions::level;
use fearless_simd::{Level, dispatch, prelude::*, u8x16, u8x64};

/// Bytes of a part of the table that one instruction looks up where registers are wide.
const QUARTER: usize = 64;
/// And where they are narrow.
const ROW: usize = 16;
/// Half of the table.
const HALF: usize = 128;
/// The first character of EBCDIC that is no control.
const PRINTED: u8 = 0x40;

/// The ASCII character that each byte of a page means, where there is one.
#[derive(Clone, Copy)]
pub struct Ascii {
    table: [u8; 256],
    /// The widest instructions of this processor.
    level: Level,
}

impl Ascii {
    /// Of a single-byte page, or of the single bytes of one with shifts.
    pub(super) fn new(single: &Single, shifted: bool) -> Ascii {
        let mut table = *single.ascii();
        for shift in [SHIFT_OUT, SHIFT_IN].into_iter().filter(|_| shifted) {
            if let Some(entry) = table.get_mut(usize::from(shift)) {
                *entry = NOT_ASCII;
            }
        }
        Ascii { table, level: level() }
    }

    /// Puts the ASCII character in the place of every byte. False if some bytes have none: those are X'80' now,
    /// which no character is.
    #[inline]
    pub fn translate(&self, text: &mut [u8]) -> bool {
        let all = match self.level.is_fallback() {
            true => self.one_by_one(text),
            false => dispatch!(self.level, simd => self.by_vectors(simd, text)),
        };
        all < NOT_ASCII
    }

    #[inline(always)]
    fn by_vectors<S: Simd>(&self, simd: S, text: &mut [u8]) -> u8 {
        match S::u8s::LEN {
            QUARTER => self.by_quarters(simd, text),
            // Arm looks up tables of 64 bytes with any register.
            _ if cfg!(target_arch = "aarch64") => self.by_quarters(simd, text),
            // In less than 32 bytes at a time so many steps gain nothing.
            ROW => self.one_by_one(text),
            _ => self.by_rows(simd, text),
        }
    }

    /// Four look-ups for 64 bytes: an index beyond its quarter gives zero.
    #[inline(always)]
    fn by_quarters<S: Simd>(&self, simd: S, text: &mut [u8]) -> u8 {
        let mut quarters = [u8x64::splat(simd, NOT_ASCII); 256 / QUARTER];
        for (quarter, part) in quarters.iter_mut().zip(self.table.as_chunks::<QUARTER>().0) {
            *quarter = u8x64::load_array_ref(simd, part);
        }
        let mut all = u8x64::splat(simd, 0);
        let (chunks, rest) = text.as_chunks_mut::<QUARTER>();
        for chunk in chunks {
            let bytes = u8x64::load_array_ref(simd, chunk);
            let mut out = u8x64::splat(simd, 0);
            let mut within = bytes;
            for quarter in quarters {
                out |= quarter.swizzle_dyn_precise(within);
                within -= QUARTER as u8;
            }
            all |= out;
            out.store_array(chunk);
        }
        all.as_slice().iter().fold(self.one_by_one(rest), |all, byte| all | byte)
    }

    /// A look-up for each row of sixteen characters, in two vectors at once.
    #[inline(always)]
    fn by_rows<S: Simd>(&self, simd: S, text: &mut [u8]) -> u8 {
        let mut chunks = text.chunks_exact_mut(2 * S::u8s::LEN);
        let mut all = S::u8s::splat(simd, 0);
        if chunks.len() > 0 {
            let (low, high) = self.table.split_at(HALF);
            let printed = steps::<S, 4>(simd, low.get(PRINTED.into()..).unwrap_or_default());
            let (low, high) = (steps::<S, 8>(simd, low), steps::<S, 8>(simd, high));
            for chunk in &mut chunks {
                let (first, second) = chunk.split_at_mut(S::u8s::LEN);
                let bytes @ [a, b] = [S::u8s::from_slice(simd, first), S::u8s::from_slice(simd, second)];
                let places = bytes.map(|bytes| bytes.bitcast::<S::i8s>());
                let [c, d] = look_up(simd, high, bytes.map(|bytes| (bytes ^ HALF as u8).bitcast()));
                // Most text has no control characters.
                let [e, f] = match a.min(b).simd_lt(PRINTED).any_true() {
                    true => look_up(simd, low, places),
                    false => look_up(simd, printed, places.map(|place| place.saturating_sub(PRINTED.cast_signed()))),
                };
                let (x, y): (S::u8s, S::u8s) = (c | e, d | f);
                all |= x | y;
                x.store_slice(first);
                y.store_slice(second);
            }
        }
        let rest = self.one_by_one(chunks.into_remainder());
        all.as_slice().iter().fold(rest, |all, byte| all | byte)
    }

    fn one_by_one(&self, text: &mut [u8]) -> u8 {
        let (chunks, rest) = text.as_chunks_mut::<ROW>();
        let all = chunks.iter_mut().fold(0, |all, chunk| all | self.each(chunk));
        all | self.each(rest)
    }

    #[inline(always)]
    fn each(&self, text: &mut [u8]) -> u8 {
        text.iter_mut().fold(0, |all, byte| {
            *byte = self.table.get(usize::from(*byte)).copied().unwrap_or(NOT_ASCII);
            all | *byte
        })
    }
}

/// The first of some rows, and the difference from each row to the next.
type Steps<S, const N: usize> = [<S as Simd>::u8s; N];

#[inline(always)]
fn steps<S: Simd, const N: usize>(simd: S, rows: &[u8]) -> Steps<S, N> {
    let mut before = S::u8s::splat(simd, 0);
    let mut steps = [before; N];
    for (step, row) in steps.iter_mut().zip(rows.as_chunks::<ROW>().0) {
        let row = S::u8s::block_splat(u8x16::load_array_ref(simd, row));
        *step = row ^ before;
        before = row;
    }
    steps
}

/// Joins the steps up to each byte's row: after that its place is below zero, for which there is a zero. This is how
/// x86 looks up, and the library says so of no other processor.
#[inline(always)]
fn look_up<S: Simd, const N: usize>(simd: S, steps: Steps<S, N>, mut places: [S::i8s; 2]) -> [S::u8s; 2] {
    let mut found = [S::u8s::splat(simd, 0); 2];
    for step in steps {
        for (found, place) in found.iter_mut().zip(&mut places) {
            *found ^= step.swizzle_dyn_within_blocks(place.bitcast::<S::u8s>());
            *place = place.saturating_sub(ROW as i8);
        }
    }
    found
}

/// The byte that a page has for each ASCII character.
#[derive(Debug, Clone, Copy)]
pub struct FromAscii {
    single: &'static Single,
    level: Level,
}

impl FromAscii {
    pub(super) fn new(single: &'static Single) -> FromAscii {
        FromAscii { single, level: level() }
    }

    /// Puts its byte in the place of every character of a text of ASCII only. False if the page has not all of them:
    /// then the bytes mean nothing.
    #[inline]
    pub fn translate(&self, text: &mut [u8]) -> bool {
        let (table, missing) = *self.single.bytes_of_ascii();
        // Its table is about the other direction.
        Ascii { table, level: self.level }.translate(text);
        missing.is_none_or(|missing| !text.contains(&missing))
    }
}

impl std::fmt::Debug for Ascii {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ascii").field("level", &self.level).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::codec::{Codec, known};
    use super::*;
    use crate::wire::codec::instructions::levels;

    #[test]
    fn every_byte_of_every_page_at_every_place() {
        for ascii in known().filter_map(|ccsid| Codec::new(ccsid).unwrap().ascii()) {
            for (name, level) in levels() {
                let ascii = Ascii { level, ..ascii };
                for shift in 0..=u8::MAX {
                    let mut text: Vec<u8> = (0..=u8::MAX).map(|b| b.wrapping_add(shift)).collect();
                    let expected: Vec<u8> = text.iter().map(|b| ascii.table[usize::from(*b)]).collect();
                    assert_eq!(ascii.translate(&mut text), expected.is_ascii(), "{name}");
                    assert_eq!(text, expected, "{name}");
                }
            }
        }
    }

    #[test]
    fn texts_of_every_length_and_one_odd_byte() {
        let ascii = Codec::new(37).unwrap().ascii().unwrap();
        for (_, level) in levels() {
            let ascii = Ascii { level, ..ascii };
            for len in 0..300 {
                let mut text = vec![0x81; len];
                assert!(ascii.translate(&mut text));
                assert_eq!(text, vec![b'a'; len]);
                for odd in [0, len / 2, len.saturating_sub(1)].into_iter().filter(|at| *at < len) {
                    let mut text = vec![0x81; len];
                    text[odd] = 0x43;
                    assert!(!ascii.translate(&mut text));
                    assert!(text.iter().enumerate().all(|(at, b)| *b == if at == odd { NOT_ASCII } else { b'a' }));
                }
            }
        }
    }

    #[test]
    fn ascii_becomes_what_the_page_writes() {
        let mut pages = 0;
        for codec in known().map(|ccsid| Codec::new(ccsid).unwrap()) {
            let Some(quick) = codec.from_ascii() else { continue };
            pages += 1;
            for (name, level) in levels() {
                let quick = FromAscii { level, ..quick };
                let same = |text: &str| {
                    let (mut bytes, mut expected) = (text.as_bytes().to_vec(), Vec::new());
                    let known = codec.encode(text, &mut expected).is_ok();
                    assert_eq!(quick.translate(&mut bytes), known, "{codec:?} {name} {text:?}");
                    assert!(!known || bytes == expected, "{codec:?} {name} {text:?}");
                };
                for character in (0..128u8).map(char::from) {
                    same(&character.to_string());
                    same(&format!("{}{character}{}", "text in front ".repeat(9), "and after it ".repeat(11)));
                }
            }
        }
        assert!(pages > 100, "{pages}");
    }

    #[test]
    fn which_pages_have_a_quick_way() {
        let ascii = |ccsid| Codec::new(ccsid).unwrap().ascii();
        let mut shifted = [0x0E, 0x45, 0x62, 0x0F, 0xC1];
        assert!(!ascii(939).unwrap().translate(&mut shifted));
        assert_eq!((shifted[0], shifted[3], shifted[4]), (NOT_ASCII, NOT_ASCII, b'A'));
        // There are lead bytes, and bytes that are not characters by themselves.
        assert!([943, 300, 1200, 1208].iter().all(|ccsid| ascii(*ccsid).is_none()));
    }
}
