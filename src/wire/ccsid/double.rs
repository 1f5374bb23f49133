//! Double-byte tables: up to 65,536 codes, expanded at first use.

use super::{
    directory::DOUBLE,
    unicode::{push_char, push_unit},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

/// Number of codes.
const CODES: usize = 0x1_0000;
/// Units from here on are places in the list of extras; real surrogates do not occur.
const EXTRA: u16 = 0xD800;

static CACHE: [OnceLock<Double>; DOUBLE.len()] = [const { OnceLock::new() }; DOUBLE.len()];

/// The double-byte characters of a page.
#[derive(Debug)]
pub(super) struct Double {
    /// Code to UTF-16 unit, place among the extras, or 0.
    units: Vec<u16>,
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
    /// UTF-16 unit to code, or 0.
    codes: Vec<u16>,
    /// The characters that can be the second of two.
    seconds: BTreeSet<char>,
    extras: BTreeMap<(char, Option<char>), u16>,
}

impl Double {
    /// The table at `place` of the directory.
    pub(super) fn get(place: usize) -> Option<&'static Double> {
        let source = DOUBLE.get(place)?;
        Some(CACHE.get(place)?.get_or_init(|| {
            let base = source.base.and_then(Double::get).map(|base| base.units.clone());
            Double::build(base.unwrap_or_else(|| vec![0; CODES]), source.bytes).0
        }))
    }

    /// Appends the character of a code; false if it has none.
    pub(super) fn decode(&self, code: u16, dst: &mut Vec<u8>) -> bool {
        match self.units.get(usize::from(code)).copied().unwrap_or(0) {
            0 => false,
            extra @ EXTRA..0xE000 => match self.extras.get(usize::from(extra - EXTRA)) {
                Some((first, second)) => {
                    push_char(*first, dst);
                    second.iter().for_each(|ch| push_char(*ch, dst));
                    true
                }
                None => false,
            },
            unit => {
                push_unit(unit, dst);
                true
            }
        }
    }

    /// The code that stands for two characters.
    pub(super) fn pair(&self, first: char, second: Option<char>) -> Option<u16> {
        // Few tables have any, and few characters can be second.
        if self.extras.is_empty() || !self.back().seconds.contains(&second?) {
            return None;
        }
        self.back().extras.get(&(first, second)).copied()
    }

    /// The code of a character.
    pub(super) fn code(&self, ch: char) -> Option<u16> {
        match u16::try_from(u32::from(ch)) {
            Ok(unit) => self.back().codes.get(usize::from(unit)).copied().filter(|code| *code != 0),
            Err(_) => self.back().extras.get(&(ch, None)).copied(),
        }
    }

    fn back(&self) -> &Back {
        self.back.get_or_init(|| {
            let seconds = self.extras.iter().filter_map(|(_, second)| *second).collect();
            let mut back = Back { codes: vec![0; CODES], seconds, extras: BTreeMap::new() };
            for (code, unit) in (0..=u16::MAX).zip(&self.units) {
                if *unit == 0 || self.silent.binary_search(&code).is_ok() {
                    continue;
                }
                if (EXTRA..0xE000).contains(unit) {
                    if let Some(extra) = self.extras.get(usize::from(unit - EXTRA)) {
                        back.extras.insert(*extra, code);
                    }
                } else if let Some(cell) = back.codes.get_mut(usize::from(*unit)) {
                    *cell = code;
                }
            }
            back
        })
    }

    /// Lays the stored segments over `units`; also what is left of the stored bytes (nothing).
    fn build(mut units: Vec<u16>, bytes: &[u8]) -> (Double, &[u8]) {
        let mut rest = bytes;
        for _ in 0..take16(&mut rest) {
            let first = usize::from(take16(&mut rest));
            let count = take16(&mut rest);
            let len = usize::from(count & 0x7FFF);
            let Some(cells) = units.get_mut(first..first + len) else { break };
            if count & 0x8000 != 0 {
                let start = take16(&mut rest);
                cells.iter_mut().zip(start..=u16::MAX).for_each(|(cell, unit)| *cell = unit);
            } else {
                cells.iter_mut().for_each(|cell| *cell = take16(&mut rest));
            }
        }
        let mut extras = Vec::new();
        for _ in 0..take16(&mut rest) {
            let (first, second) = (take32(&mut rest), take32(&mut rest));
            // A place must stay a place, so a bad character becomes one that is seen.
            let first = char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER);
            extras.push((first, char::from_u32(second).filter(|ch| *ch != '\0')));
        }
        let silent = (0..take16(&mut rest)).map(|_| take16(&mut rest)).collect();
        (Double { units, extras, silent, back: OnceLock::new() }, rest)
    }
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
            let (table, rest) = Double::build(vec![0; CODES], source.bytes);
            assert!(rest.is_empty());
            assert!(table.silent.is_sorted());
            assert!(table.extras.iter().all(|(ch, _)| *ch != char::REPLACEMENT_CHARACTER));
        }
    }

    #[test]
    fn a_cut_table_is_no_panic() {
        for source in &DOUBLE {
            for cut in (0..source.bytes.len()).step_by(997) {
                Double::build(vec![0; CODES], &source.bytes[..cut]);
            }
        }
    }

    #[test]
    fn a_difference_builds_on_its_base() {
        // 16684 has the characters of 300 and more.
        let place = DOUBLE.iter().position(|s| s.base == Some(0) && s.bytes.len() > 10_000).unwrap();
        let (base, wide) = (Double::get(0).unwrap(), Double::get(place).unwrap());
        let count = |t: &Double| t.units.iter().filter(|u| **u != 0).count();
        assert_eq!((count(base), count(wide)), (11_635, 22_102));
        assert_eq!(wide.code('\u{20B9F}'), Some(0xB38D));
        assert_eq!(wide.pair('か', Some('\u{309A}')), Some(0xECB5));
        assert_eq!(base.pair('か', Some('\u{309A}')), None);
    }
}
