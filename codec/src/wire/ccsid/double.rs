//! Double-byte tables: up to 65,536 codes, expanded at first use.

use super::directory::{DOUBLE, DOUBLE_BYTES};
use super::page::TableSource;
use super::sink::{SPELLED, Sink, Spelled, spelled, unit_of};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Number of codes.
const CODES: usize = 0x1_0000;
/// Units from here on are places in the list of extras; real surrogates do not occur.
const EXTRA: u16 = 0xD800;

static CACHE: [OnceLock<Double>; DOUBLE.len()] = [const { OnceLock::new() }; DOUBLE.len()];

/// The double-byte characters of a page.
#[derive(Debug)]
pub(super) struct Double {
    /// Code to a character in UTF-8, to 1 and the place among the extras, or to 0.
    words: Vec<Spelled>,
    /// Codes that are not a single unit: a character above U+FFFF, or two characters.
    extras: Vec<(char, Option<char>)>,
    /// Codes that are decoded but not written.
    silent: Vec<u16>,
    /// The way back, made when something is encoded.
    back: OnceLock<Back>,
}

/// Characters to codes.
#[derive(Debug)]
struct Back {
    /// UTF-16 unit to code, or 0, and [`SECOND`].
    codes: Vec<u32>,
    extras: BTreeMap<(char, Option<char>), u16>,
}

/// Marks a character that can be the second of two.
const SECOND: u32 = 0x1_0000;

/// The way back of characters that have a code each.
#[derive(Clone, Copy)]
pub(super) struct Codes<'a>(&'a [u32]);

impl Codes<'_> {
    /// The code of a character that is never the second of two, or 0; `None` for one that may be.
    #[inline(always)]
    pub(super) fn lone(self, unit: u16) -> Option<u16> {
        u16::try_from(*self.0.get(usize::from(unit))?).ok()
    }
}

impl Double {
    /// The table at `place` of the directory.
    pub(super) fn get(place: usize) -> Option<&'static Double> {
        let bytes = stored(DOUBLE.get(place)?);
        Some(CACHE.get(place)?.get_or_init(|| Double::build(base_of(place), bytes).0))
    }

    /// The character of a code; no [`SPELLED`] word if it is not a single one, or none.
    #[inline(always)]
    pub(super) fn word(&self, code: u16) -> Spelled {
        self.words.get(usize::from(code)).copied().unwrap_or(0)
    }

    /// Appends the character of a code; false if it has none.
    pub(super) fn decode(&self, code: u16, out: &mut Sink<'_>) -> bool {
        let word = self.word(code);
        if word >= SPELLED {
            return out.spell(&[word], |word| word) == 1;
        }
        let place = (word as usize).checked_sub(1);
        match place.and_then(|place| self.extras.get(place)) {
            Some((first, second)) => {
                out.put_char(*first);
                second.iter().for_each(|ch| out.put_char(*ch));
                true
            }
            None => false,
        }
    }

    /// The code that stands for two characters.
    #[inline]
    pub(super) fn pair(&self, first: char, second: Option<char>) -> Option<u16> {
        // Few tables have any, and few characters can be second.
        if self.extras.is_empty() {
            return None;
        }
        let second = second?;
        if self.may_be_second(second) { self.back().extras.get(&(first, Some(second))).copied() } else { None }
    }

    /// True if some code may stand for this character and one in front of it.
    #[inline]
    pub(super) fn may_be_second(&self, ch: char) -> bool {
        self.back().codes.get(u32::from(ch) as usize).is_none_or(|code| code & SECOND != 0)
    }

    /// The codes of single characters.
    #[inline]
    pub(super) fn codes(&self) -> Codes<'_> {
        Codes(&self.back().codes)
    }

    /// The code of a character.
    #[inline]
    pub(super) fn code(&self, ch: char) -> Option<u16> {
        match self.back().codes.get(u32::from(ch) as usize) {
            // The mask leaves sixteen bits.
            Some(code) => Some((code & 0xFFFF) as u16).filter(|code| *code != 0),
            None => self.back().extras.get(&(ch, None)).copied(),
        }
    }

    fn back(&self) -> &Back {
        self.back.get_or_init(|| {
            let mut back = Back { codes: vec![0; CODES], extras: BTreeMap::new() };
            for (code, word) in (0..=u16::MAX).zip(&self.words) {
                if *word == 0 || self.silent.binary_search(&code).is_ok() {
                    continue;
                }
                if *word < SPELLED {
                    if let Some(extra) = self.extras.get(*word as usize - 1) {
                        back.extras.insert(*extra, code);
                    }
                } else if let Some(cell) = back.codes.get_mut(usize::from(unit_of(*word))) {
                    *cell = u32::from(code);
                }
            }
            for second in self.extras.iter().filter_map(|(_, second)| *second) {
                if let Some(cell) = back.codes.get_mut(u32::from(second) as usize) {
                    *cell |= SECOND;
                }
            }
            back
        })
    }

    /// Lays the stored segments over `units`; also what is left of the stored bytes (nothing).
    fn build(mut units: Vec<u16>, bytes: &[u8]) -> (Double, &[u8]) {
        let mut rest = lay(&mut units, bytes);
        let mut extras = Vec::new();
        for _ in 0..take16(&mut rest) {
            let (first, second) = (take32(&mut rest), take32(&mut rest));
            // A place must stay a place, so a bad character becomes one that is seen.
            let first = char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER);
            extras.push((first, char::from_u32(second).filter(|ch| *ch != '\0')));
        }
        let silent = (0..take16(&mut rest)).map(|_| take16(&mut rest)).collect();
        let word = |unit: u16| match unit {
            0 => 0,
            extra @ EXTRA..0xE000 => u32::from(extra - EXTRA) + 1,
            unit => spelled(unit),
        };
        let words = units.into_iter().map(word).collect();
        (Double { words, extras, silent, back: OnceLock::new() }, rest)
    }
}

/// The bytes of a table.
fn stored(source: &TableSource) -> &'static [u8] {
    DOUBLE_BYTES.get(source.start..source.end).unwrap_or_default()
}

/// The units of the table that the one at `place` is a difference to.
fn base_of(place: usize) -> Vec<u16> {
    match DOUBLE.get(place).and_then(|source| source.base) {
        // A base stands in front of its differences.
        Some(base) if base < place => {
            let mut units = base_of(base);
            lay(&mut units, DOUBLE.get(base).map_or(&[], stored));
            units
        }
        _ => vec![0; CODES],
    }
}

/// Lays the stored segments over `units`; the bytes after them.
fn lay<'a>(units: &mut [u16], bytes: &'a [u8]) -> &'a [u8] {
    let mut rest = bytes;
    let (mut end, mut unit) = (0, 0);
    for _ in 0..number(&mut rest) {
        let first = end + number(&mut rest);
        let form = number(&mut rest);
        end = first + form / 2 + 1;
        let Some(cells) = units.get_mut(first..end) else { break };
        let consecutive = form % 2 == 1;
        for (i, cell) in cells.iter_mut().enumerate() {
            let step = if consecutive && i > 0 { 0 } else { difference(&mut rest) };
            unit = step.wrapping_add(unit).wrapping_add(1);
            *cell = unit;
        }
    }
    rest
}

/// A number of up to 21 bits: seven a byte, the highest first; the last byte has no top bit.
fn number(rest: &mut &[u8]) -> usize {
    let mut number = 0;
    for _ in 0..3 {
        let Some((byte, tail)) = rest.split_first() else { break };
        *rest = tail;
        number = number << 7 | usize::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

/// A difference of sixteen bits, stored with its sign in the lowest bit: small ones are short.
fn difference(rest: &mut &[u8]) -> u16 {
    // The mask leaves sixteen bits.
    let folded = (number(rest) & 0xFFFF) as u16;
    (folded >> 1) ^ (folded & 1).wrapping_neg()
}

fn take16(rest: &mut &[u8]) -> u16 {
    match rest.split_first_chunk() {
        Some((head, tail)) => {
            *rest = tail;
            u16::from_be_bytes(*head)
        }
        None => 0,
    }
}

fn take32(rest: &mut &[u8]) -> u32 {
    u32::from(take16(rest)) << 16 | u32::from(take16(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_tables_are_read_to_their_last_byte() {
        for source in &DOUBLE {
            let (table, rest) = Double::build(vec![0; CODES], stored(source));
            assert!(rest.is_empty());
            assert!(table.silent.is_sorted());
            assert!(table.extras.iter().all(|(ch, _)| *ch != char::REPLACEMENT_CHARACTER));
        }
    }

    #[test]
    fn a_cut_table_is_no_panic() {
        for source in &DOUBLE {
            let bytes = stored(source);
            for cut in (0..bytes.len()).step_by(997) {
                Double::build(vec![0; CODES], &bytes[..cut]);
            }
        }
    }

    #[test]
    fn a_difference_builds_on_its_base() {
        // 16684 has the characters of 300 and more.
        let place = DOUBLE.iter().position(|s| s.base == Some(0) && stored(s).len() > 10_000).unwrap();
        let (base, wide) = (Double::get(0).unwrap(), Double::get(place).unwrap());
        let count = |t: &Double| t.words.iter().filter(|word| **word != 0).count();
        assert_eq!((count(base), count(wide)), (11_635, 22_102));
        assert_eq!(wide.code('\u{20B9F}'), Some(0xB38D));
        assert_eq!(wide.pair('か', Some('\u{309A}')), Some(0xECB5));
        assert_eq!(base.pair('か', Some('\u{309A}')), None);
    }
}
