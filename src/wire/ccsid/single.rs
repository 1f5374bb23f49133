//! Single-byte tables: 256 characters, expanded at first use.

use super::directory::{SINGLE, SINGLES};
use super::error::CcsidError;
use super::on_error::BadUnits;
use std::sync::OnceLock;

/// Bytes of a table in the stored form: 256 units and a bitmap of the bytes that are only decoded.
const STORED: usize = 512 + 32;
/// Bytes looked at together.
const CHUNK: usize = 16;
/// Bytes that room is made for at once: few first, as many values and runs are short.
const FIRST_WINDOW: usize = 64;
const LAST_WINDOW: usize = 4096;
/// Stands for a character that is not ASCII; its top bit is set in no other.
pub(super) const NOT_ASCII: u8 = 0x80;
/// A stored unit without a character.
const UNDEFINED: u16 = 0xFFFF;
/// No byte for this character.
const NONE: u16 = 0xFFFF;

static CACHE: [OnceLock<Single>; SINGLES] = [const { OnceLock::new() }; SINGLES];

/// A single-byte page, or the single-byte half of one.
#[derive(Debug)]
pub(super) struct Single {
    /// The character if it is ASCII, else [`NOT_ASCII`].
    ascii: [u8; 256],
    /// The character in UTF-8: three bytes and their number; 0: no such character.
    utf8: [[u8; 4]; 256],
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
    pub(super) fn run(&self, src: &[u8], dst: &mut Vec<u8>) -> usize {
        let (mut done, mut size) = (0, FIRST_WINDOW);
        while let Some(rest) = src.get(done..).filter(|rest| !rest.is_empty()) {
            let window = rest.get(..size).unwrap_or(rest);
            let good = self.window(window, dst);
            done += good;
            if good < window.len() {
                break;
            }
            size = (size * 2).min(LAST_WINDOW);
        }
        done
    }

    /// Decodes a whole value of a single-byte page.
    pub(super) fn decode(&self, src: &[u8], dst: &mut Vec<u8>, trouble: &BadUnits<'_>) -> Result<(), CcsidError> {
        dst.reserve(src.len());
        let mut at = self.run(src, dst);
        while at < src.len() {
            trouble.bad(at, dst)?;
            at += 1;
            at += self.run(src.get(at..).unwrap_or_default(), dst);
        }
        Ok(())
    }

    /// The byte of a character.
    pub(super) fn byte(&self, ch: char) -> Option<u8> {
        let unit = u16::try_from(u32::from(ch)).ok()?;
        let [high, low] = unit.to_be_bytes();
        let row = self.rows.get(usize::from(high)).copied().unwrap_or(0);
        let byte = self.bytes.get(usize::from(row))?.get(usize::from(low)).copied()?;
        u8::try_from(byte).ok()
    }

    /// Appends the bytes of a whole text; the first character without one is the error.
    pub(super) fn encode(&self, src: &str, dst: &mut Vec<u8>) -> Result<(), (usize, char)> {
        if src.is_ascii() && self.encode_ascii(src.as_bytes(), dst) {
            return Ok(());
        }
        dst.reserve(src.len());
        for (index, ch) in src.chars().enumerate() {
            dst.push(self.byte(ch).ok_or((index, ch))?);
        }
        Ok(())
    }

    /// The character of every byte if it is ASCII, else [`NOT_ASCII`].
    pub(super) fn ascii(&self) -> &[u8; 256] {
        &self.ascii
    }

    /// Appends the bytes of a text of ASCII only; false, and nothing, if one of them is not in the page.
    fn encode_ascii(&self, src: &[u8], dst: &mut Vec<u8>) -> bool {
        let row = self.rows.first().and_then(|row| self.bytes.get(usize::from(*row)));
        let Some(row) = row else { return false };
        let start = dst.len();
        let mut units = 0;
        dst.extend(src.iter().map(|b| {
            let unit = row.get(usize::from(*b)).copied().unwrap_or(NONE);
            units |= unit;
            unit as u8
        }));
        if units > 0xFF {
            dst.truncate(start);
        }
        units <= 0xFF
    }

    /// As [`run`](Self::run), of a few bytes: room for the longest characters is made beforehand, so
    /// that each goes straight into its place.
    fn window(&self, src: &[u8], dst: &mut Vec<u8>) -> usize {
        let start = dst.len();
        dst.resize(start + src.len() * 3 + CHUNK, 0);
        let room = dst.get_mut(start..).unwrap_or_default();
        let (chunks, tail) = src.as_chunks::<CHUNK>();
        let (mut done, mut filled) = (0, 0);
        for chunk in chunks {
            if self.translate(chunk, room, filled) {
                filled += CHUNK;
                done += CHUNK;
                continue;
            }
            let good = self.spell(chunk, room, &mut filled);
            done += good;
            if good < CHUNK {
                dst.truncate(start + filled);
                return done;
            }
        }
        if self.translate(tail, room, filled) {
            filled += tail.len();
            done += tail.len();
        } else {
            done += self.spell(tail, room, &mut filled);
        }
        dst.truncate(start + filled);
        done
    }

    /// The way for text that is ASCII: one look-up a byte. False if one byte is not; what was written
    /// then means nothing.
    #[inline(always)]
    fn translate(&self, src: &[u8], room: &mut [u8], at: usize) -> bool {
        let place = room.get_mut(at..at + src.len()).unwrap_or_default();
        let mut all = 0;
        for (to, from) in place.iter_mut().zip(src) {
            *to = self.ascii.get(usize::from(*from)).copied().unwrap_or(NOT_ASCII);
            all |= *to;
        }
        all < NOT_ASCII
    }

    /// The way for a few characters that are not all ASCII; how many bytes of `src` are characters.
    #[inline(always)]
    fn spell(&self, src: &[u8], room: &mut [u8], filled: &mut usize) -> usize {
        for (good, byte) in src.iter().enumerate() {
            let spelled = self.utf8.get(usize::from(*byte)).copied().unwrap_or_default();
            let [.., len] = spelled;
            let place = room.get_mut(*filled..).and_then(|room| room.first_chunk_mut::<4>());
            let (1.., Some(place)) = (len, place) else { return good };
            // Four bytes are written for each character whatever its length; the next one is written over the rest.
            *place = spelled;
            *filled += usize::from(len);
        }
        src.len()
    }

    fn build(stored: &[u8]) -> Single {
        let (units, silent) = stored.split_at_checked(512).unwrap_or_default();
        let mut table =
            Single { ascii: [NOT_ASCII; 256], utf8: [[0; 4]; 256], rows: [0; 256], bytes: vec![[NONE; 256]] };
        for (byte, pair) in (0..=u8::MAX).zip(units.as_chunks::<2>().0) {
            let unit = u16::from_le_bytes(*pair);
            let Some(ch) = char::from_u32(u32::from(unit)).filter(|_| unit != UNDEFINED) else { continue };
            let place = usize::from(byte);
            let mut spelled = [0; 4];
            let len = ch.encode_utf8(&mut spelled).len();
            spelled = [spelled[0], spelled[1], spelled[2], u8::try_from(len).unwrap_or(0)];
            if let Some(entry) = table.utf8.get_mut(place) {
                *entry = spelled;
            }
            if let (true, Some(entry)) = (ch.is_ascii(), table.ascii.get_mut(place)) {
                *entry = spelled[0];
            }
            let only_decoded = silent.get(place / 8).is_some_and(|bits| bits >> (place % 8) & 1 == 1);
            if !only_decoded {
                table.learn(unit, byte);
            }
        }
        table
    }

    /// Notes that `unit` is written as `byte`.
    fn learn(&mut self, unit: u16, byte: u8) {
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
