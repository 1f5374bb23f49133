//! Single-byte tables: 256 characters, expanded at first use.

use super::{
    directory::{SINGLE, SINGLES},
    error::CcsidError,
    trouble::Trouble,
};
use std::sync::OnceLock;

/// Bytes of a table in the stored form: 256 units and a bitmap of the bytes that are only decoded.
const STORED: usize = 512 + 32;
/// Bytes looked at together.
const CHUNK: usize = 16;
/// A stored unit without a character.
const UNDEFINED: u16 = 0xFFFF;
/// No byte for this character.
const NONE: u16 = 0xFFFF;

static CACHE: [OnceLock<Single>; SINGLES] = [const { OnceLock::new() }; SINGLES];

/// A single-byte page, or the single-byte half of one.
#[derive(Debug)]
pub(super) struct Single {
    /// The character if it is ASCII (NUL is not counted), else 0.
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
        let (chunks, tail) = src.as_chunks::<CHUNK>();
        let mut done = 0;
        for chunk in chunks {
            let plain = chunk.map(|b| self.ascii(b));
            if all_set(plain) {
                dst.extend_from_slice(&plain);
            } else {
                let good = self.spell(chunk, dst);
                if good < CHUNK {
                    return done + good;
                }
            }
            done += CHUNK;
        }
        let mut plain = [b' '; CHUNK];
        for (to, from) in plain.iter_mut().zip(tail) {
            *to = self.ascii(*from);
        }
        if all_set(plain) {
            dst.extend_from_slice(plain.get(..tail.len()).unwrap_or_default());
            return src.len();
        }
        done + self.spell(tail, dst)
    }

    /// Decodes a whole value of a single-byte page.
    pub(super) fn decode(&self, src: &[u8], dst: &mut Vec<u8>, trouble: &Trouble<'_>) -> Result<(), CcsidError> {
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

    /// The ASCII character of every byte, `other` where there is none.
    pub(super) fn ascii_or(&self, other: u8) -> [u8; 256] {
        self.ascii.map(|c| if c == 0 { other } else { c })
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

    fn ascii(&self, byte: u8) -> u8 {
        self.ascii.get(usize::from(byte)).copied().unwrap_or(0)
    }

    /// The way for up to a chunk of characters that are not all ASCII.
    fn spell(&self, src: &[u8], dst: &mut Vec<u8>) -> usize {
        // Three bytes are written for each character whatever its length, hence the slack.
        let mut out = [0; CHUNK * 3 + 3];
        let (mut filled, mut good) = (0, 0);
        for byte in src {
            let [a, b, c, len] = self.utf8.get(usize::from(*byte)).copied().unwrap_or_default();
            let Some(slot) = out.get_mut(filled..filled + 3) else { break };
            if len == 0 {
                break;
            }
            slot.copy_from_slice(&[a, b, c]);
            filled += usize::from(len);
            good += 1;
        }
        dst.extend_from_slice(out.get(..filled).unwrap_or_default());
        good
    }

    fn build(stored: &[u8]) -> Single {
        let (units, silent) = stored.split_at_checked(512).unwrap_or_default();
        let mut table = Single { ascii: [0; 256], utf8: [[0; 4]; 256], rows: [0; 256], bytes: vec![[NONE; 256]] };
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

/// True if no byte is 0. All are below 0x80, so the sum carries into no neighbour.
fn all_set(bytes: [u8; CHUNK]) -> bool {
    const TOP: u128 = u128::from_ne_bytes([0x80; CHUNK]);
    const LOW: u128 = u128::from_ne_bytes([0x7F; CHUNK]);
    u128::from_ne_bytes(bytes).wrapping_add(LOW) & TOP == TOP
}
