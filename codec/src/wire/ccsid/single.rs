//! Single-byte tables: 256 characters, expanded at first use.

use super::directory::{SINGLE, SINGLES};
use super::error::CcsidError;
use super::on_error::BadUnits;
use super::quick::one;
use super::sink::{Sink, Spelled, spelled};
use std::sync::OnceLock;

/// Bytes of a table in the stored form: 256 units and a bitmap of the bytes that are only decoded.
const STORED: usize = 512 + 32;
/// Stands for a character that is not ASCII; its top bit is set in no other.
pub(super) const NOT_ASCII: u8 = 0x80;
/// A stored unit without a character.
const UNDEFINED: u16 = 0xFFFF;
/// Characters of one or two bytes in UTF-8.
const LOW: usize = 0x800;
/// No byte for this character.
const NONE: u16 = 0xFFFF;

static CACHE: [OnceLock<Single>; SINGLES] = [const { OnceLock::new() }; SINGLES];

/// A single-byte page, or the single-byte half of one.
#[derive(Debug)]
pub(super) struct Single {
    /// The character if it is ASCII, else [`NOT_ASCII`].
    ascii: [u8; 256],
    /// The character in UTF-8; 0: no such character.
    utf8: [Spelled; 256],
    /// The byte of every ASCII character; the one that stands for a character without one.
    bytes_of_ascii: ([u8; 256], Option<u8>),
    /// Bytes of the characters that UTF-8 has in one or two bytes, or [`NONE`].
    low: Box<[u16; LOW]>,
    /// For each upper byte of a UTF-16 unit, which row of `bytes`. Row 0 is empty.
    rows: [u8; 256],
    /// Rows of 256 bytes or [`NONE`].
    bytes: Vec<[u16; 256]>,
}

impl Single {
    /// The table at `place` of the directory.
    pub(super) fn get(place: usize) -> Option<&'static Single> {
        let stored = SINGLE.chunks_exact(STORED).nth(place)?;
        Some(CACHE.get(place)?.get_or_init(|| Single::build(stored)))
    }

    /// Appends characters up to the first byte that has none; how many bytes that were.
    #[inline]
    pub(super) fn run(&self, src: &[u8], out: &mut Sink<'_>) -> usize {
        out.spell(src, |byte| self.word(byte))
    }

    /// The character of a byte, or 0.
    #[inline(always)]
    pub(super) fn word(&self, byte: u8) -> Spelled {
        self.utf8.get(usize::from(byte)).copied().unwrap_or(0)
    }

    /// Decodes a whole value of a single-byte page.
    pub(super) fn decode(&self, src: &[u8], out: &mut Sink<'_>, trouble: &BadUnits<'_>) -> Result<(), CcsidError> {
        let mut at = self.run(src, out);
        while at < src.len() {
            trouble.bad(at, out)?;
            at += 1;
            at += self.run(src.get(at..).unwrap_or_default(), out);
        }
        Ok(())
    }

    /// The byte of a character.
    #[inline]
    pub(super) fn byte(&self, ch: char) -> Option<u8> {
        let unit = u16::try_from(u32::from(ch)).ok()?;
        u8::try_from(self.byte_of(unit)).ok()
    }

    /// Appends the bytes of a whole text; the first character without one is the error.
    pub(super) fn encode(&self, src: &str, dst: &mut Vec<u8>) -> Result<(), (usize, char)> {
        if self.encode_ascii(src, dst) || one(src, dst, |src, dst, at| self.encode_quickly(src, dst, at, |_| ())) {
            return Ok(());
        }
        self.encode_carefully(src, dst)
    }

    /// Writes a text in a single-byte page at a place of `dst`, which has room; where its bytes end. Each byte of the text
    /// is told where its character goes.
    #[inline(always)]
    pub(super) fn encode_quickly(
        &self,
        src: &[u8],
        dst: &mut [u8],
        start: usize,
        mut tell: impl FnMut(usize),
    ) -> Option<usize> {
        let (mut at, mut before, mut odd) = (start, 0u8, false);
        for byte in src {
            tell(at);
            // The second byte of a character writes over what the first one wrote, which is nothing good.
            let second = byte & 0xC0 == 0x80;
            let both = u16::from(before & 0x1F) << 6 | u16::from(byte & 0x3F);
            let found = self.low_byte(if second { both } else { u16::from(*byte) });
            // A NULL may begin with a part of a character, which is not that of the value in front.
            odd |= *byte >= 0xE0 || found > 0xFF && *byte < 0xC0 || second && before < 0xC0;
            at = at.saturating_sub(second.into());
            *dst.get_mut(at)? = found as u8;
            at += 1;
            before = *byte;
        }
        (!odd).then_some(at)
    }

    /// As [`encode`](Self::encode), of any characters.
    pub(super) fn encode_carefully(&self, src: &str, dst: &mut Vec<u8>) -> Result<(), (usize, char)> {
        dst.reserve(src.len());
        for (index, ch) in src.chars().enumerate() {
            dst.push(self.byte(ch).ok_or((index, ch))?);
        }
        Ok(())
    }

    /// Appends the bytes of a text of ASCII only; false, and nothing, if it is not, or one is not in the page.
    #[inline]
    pub(super) fn encode_ascii(&self, src: &str, dst: &mut Vec<u8>) -> bool {
        if !src.is_ascii() {
            return false;
        }
        let start = dst.len();
        let mut units = 0;
        dst.extend(src.bytes().map(|b| {
            let unit = self.low.get(usize::from(b)).copied().unwrap_or(NONE);
            units |= unit;
            unit as u8
        }));
        if units > 0xFF {
            dst.truncate(start);
        }
        units <= 0xFF
    }

    /// The byte of every ASCII character, and the one that stands for a character without one.
    pub(super) fn bytes_of_ascii(&self) -> &([u8; 256], Option<u8>) {
        &self.bytes_of_ascii
    }

    /// The character of every byte if it is ASCII, else [`NOT_ASCII`].
    pub(super) fn ascii(&self) -> &[u8; 256] {
        &self.ascii
    }

    /// The byte of a unit below U+0800, or [`NONE`].
    #[inline(always)]
    pub(super) fn low_byte(&self, unit: u16) -> u16 {
        self.low.get(usize::from(unit)).copied().unwrap_or(NONE)
    }

    /// The byte of a unit, or [`NONE`].
    #[inline(always)]
    pub(super) fn byte_of(&self, unit: u16) -> u16 {
        if let Some(byte) = self.low.get(usize::from(unit)) {
            return *byte;
        }
        let [high, low] = unit.to_be_bytes();
        let row = self.rows.get(usize::from(high)).copied().unwrap_or(0);
        self.bytes.get(usize::from(row)).and_then(|row| row.get(usize::from(low))).copied().unwrap_or(NONE)
    }

    /// True if neither a unit nor those near it have a byte.
    #[inline(always)]
    pub(super) fn is_far(&self, unit: u16) -> bool {
        let [high, _] = unit.to_be_bytes();
        self.rows.get(usize::from(high)).is_some_and(|row| *row == 0)
    }

    fn build(stored: &[u8]) -> Single {
        let (units, silent) = stored.split_at_checked(512).unwrap_or_default();
        let mut table = Single {
            ascii: [NOT_ASCII; 256],
            bytes_of_ascii: ([0; 256], None),
            utf8: [0; 256],
            low: Box::new([NONE; LOW]),
            rows: [0; 256],
            bytes: vec![[NONE; 256]],
        };
        for (byte, pair) in (0..=u8::MAX).zip(units.as_chunks::<2>().0) {
            let unit = u16::from_le_bytes(*pair);
            if unit == UNDEFINED || spelled(unit) == 0 {
                continue;
            }
            let place = usize::from(byte);
            if let Some(entry) = table.utf8.get_mut(place) {
                *entry = spelled(unit);
            }
            if let (Ok(ascii @ ..NOT_ASCII), Some(entry)) = (u8::try_from(unit), table.ascii.get_mut(place)) {
                *entry = ascii;
            }
            let only_decoded = silent.get(place / 8).is_some_and(|bits| bits >> (place % 8) & 1 == 1);
            if !only_decoded {
                table.learn(unit, byte);
            }
        }
        table.bytes_of_ascii = table.all_of_ascii();
        table
    }

    fn all_of_ascii(&self) -> ([u8; 256], Option<u8>) {
        let ascii = self.low.get(..usize::from(NOT_ASCII)).unwrap_or_default();
        // Half of all bytes are others.
        let unused = (0..=u8::MAX).find(|byte| !ascii.contains(&u16::from(*byte))).unwrap_or_default();
        let mut table = [unused; 256];
        for (to, from) in table.iter_mut().zip(ascii) {
            *to = u8::try_from(*from).unwrap_or(unused);
        }
        (table, ascii.contains(&NONE).then_some(unused))
    }

    /// Notes that `unit` is written as `byte`.
    fn learn(&mut self, unit: u16, byte: u8) {
        if let Some(cell) = self.low.get_mut(usize::from(unit)) {
            *cell = u16::from(byte);
        }
        let [high, low] = unit.to_be_bytes();
        let Some(row) = self.rows.get_mut(usize::from(high)) else { return };
        if *row == 0 {
            // At most 256 characters, so fewer rows than a byte can name.
            *row = u8::try_from(self.bytes.len()).unwrap_or(0);
            self.bytes.push([NONE; 256]);
        }
        if let Some(cell) = self.bytes.get_mut(usize::from(*row)).and_then(|r| r.get_mut(usize::from(low))) {
            *cell = u16::from(byte);
        }
    }
}
