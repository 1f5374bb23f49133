//! Values that lie end to end, converted together without a branch where a value ends: where a value's end goes is asked
//! afterwards. Most characters of most pages of single bytes are ASCII, which is looked up by vectors; the others, one by
//! one, stand between runs of those. Anything but characters of the tables is left to the way of single values.

use super::ascii::{Ascii, FromAscii};
use super::single::Single;
use super::sink::{SPELLED, Sink};

/// One of so many characters may be another than ASCII; where more are, each byte is looked up.
const SPARSE: usize = 4;
/// More bytes than this are not converted at once, so that each place has 32 bits.
const MOST: usize = 1 << 28;
/// A copy of so many bytes is a few instructions, and most runs are shorter.
const RUN: usize = 32;
/// The top bit of each byte of a word.
const TOPS: u64 = 0x8080_8080_8080_8080;

/// Where bytes went that were converted together.
#[derive(Debug, Default)]
pub struct Places {
    /// Each byte's place, and that of the end, if `each`.
    places: Vec<u32>,
    each: bool,
    /// Bits of the bytes at which a character is that is not ASCII, how many are in front of each 64, and how far on the
    /// bytes after each of them went; the first entry is about those before all of them.
    bits: Vec<u64>,
    before: Vec<u32>,
    moved: Vec<u32>,
    /// The bytes, where they are ASCII, as they are to be.
    rough: Vec<u8>,
}

impl Places {
    /// Where in what was written a value ends whose bytes end at `end`; `None` beyond the last one.
    #[inline]
    pub fn of(&self, end: usize) -> Option<usize> {
        if self.each {
            return self.places.get(end).map(|place| *place as usize);
        }
        let (bits, before) = (self.bits.get(end / 64)?, self.before.get(end / 64)?);
        let rank = before + (bits & ((1 << (end % 64)) - 1)).count_ones();
        let moved = self.moved.get(rank as usize)?;
        Some((end as u32).wrapping_add(*moved) as usize)
    }

    /// Begins with the place of each of so many bytes.
    fn begin_each(&mut self, bytes: usize) -> &mut [u32] {
        self.each = true;
        self.places.clear();
        self.places.resize(bytes + 1, 0);
        &mut self.places
    }

    /// Begins with the bytes whose top bit is set in what `odd` makes of eight of them; how many those are.
    fn begin_sparse(&mut self, text: &[u8], odd: impl Fn(u64) -> u64) -> usize {
        self.each = false;
        self.bits.clear();
        self.before.clear();
        self.moved.clear();
        self.moved.push(0);
        let mut count = 0;
        let (groups, rest) = text.as_chunks::<64>();
        let mut last = [0; 64];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        for group in groups.iter().chain((!rest.is_empty()).then_some(&last)) {
            let words = || group.as_chunks().0.iter().map(|word| odd(u64::from_le_bytes(*word)) & TOPS);
            let bits = match words().fold(0, |all, tops| all | tops) {
                0 => 0,
                // The top bits of all eight bytes side by side, that of the first one lowest.
                _ => (0..)
                    .step_by(8)
                    .zip(words())
                    .fold(0, |bits, (n, tops)| bits | ((tops >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << n),
            };
            self.bits.push(bits);
            self.before.push(count);
            count += bits.count_ones();
        }
        // A value may end after the last of them.
        self.bits.push(0);
        self.before.push(count);
        count as usize
    }
}

/// Copies the first bytes of a run to the front of `to`.
#[inline(always)]
fn copy(from: &[u8], len: usize, to: &mut [u8]) -> Option<()> {
    match (from.first_chunk::<RUN>(), to.first_chunk_mut::<RUN>()) {
        (Some(from), Some(to)) if len <= RUN => *to = *from,
        _ => to.get_mut(..len)?.copy_from_slice(from.get(..len)?),
    }
    Some(())
}

/// Writes what is ASCII in `rough` with another character at each of the bits: `other` writes it at the front of what it
/// is given, and says how many bytes it took and wrote. Where the last one ends.
#[inline(always)]
fn weave(
    rough: &[u8],
    bits: &[u64],
    moved: &mut Vec<u32>,
    room: &mut [u8],
    other: impl Fn(usize, &mut [u8]) -> Option<(usize, usize)>,
) -> Option<usize> {
    let (mut from, mut end) = (0, 0);
    for (n, bits) in bits.iter().enumerate() {
        let mut bits = *bits;
        while bits != 0 {
            let at = 64 * n + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let run = at - from;
            copy(rough.get(from..)?, run, room.get_mut(end..)?)?;
            let (taken, written) = other(at, room.get_mut(end + run..)?)?;
            (from, end) = (at + taken, end + run + written);
            moved.push((end as u32).wrapping_sub(from as u32));
        }
    }
    let last = rough.get(from..)?;
    room.get_mut(end..end + last.len())?.copy_from_slice(last);
    Some(end + last.len())
}

/// Appends values of single bytes; false, and nothing, where one is no character.
pub(super) fn decode_single(single: &'static Single, src: &[u8], places: &mut Places, out: &mut Sink<'_>) -> bool {
    if src.len() > MOST {
        return false;
    }
    let mut rough = std::mem::take(&mut places.rough);
    rough.clear();
    rough.extend_from_slice(src);
    Ascii::new(single, false).translate(&mut rough);
    let others = places.begin_sparse(&rough, |word| word);
    let end = if SPARSE * others > src.len() {
        let room = out.room(3 * src.len() + 4);
        decode_each(single, src, places.begin_each(src.len()), room)
    } else {
        // A character has three bytes at most, and a store writes four.
        let room = out.room(src.len() + 2 * others + RUN);
        weave(&rough, &places.bits, &mut places.moved, room, |at, to| {
            let word = single.word(*src.get(at)?);
            *to.first_chunk_mut()? = word.to_le_bytes();
            (word >= SPELLED).then_some((1, (word >> 27) as usize))
        })
    };
    places.rough = rough;
    out.advance(end.unwrap_or(0));
    end.is_some()
}

/// Looks up each byte.
#[inline]
fn decode_each(single: &Single, src: &[u8], places: &mut [u32], room: &mut [u8]) -> Option<usize> {
    let (mut end, mut least) = (0, u32::MAX);
    for (byte, place) in src.iter().zip(places.iter_mut()) {
        *place = end;
        let word = single.word(*byte);
        least = least.min(word);
        *room.get_mut(end as usize..)?.first_chunk_mut()? = word.to_le_bytes();
        end += word >> 27;
    }
    *places.last_mut()? = end;
    (least >= SPELLED).then_some(end as usize)
}

/// Appends values that end at these places of a text, which become those where their bytes end; false, and nothing, where
/// one of them takes the way of single values.
pub(super) fn encode_single(
    single: &Single,
    from_ascii: Option<&FromAscii>,
    text: &[u8],
    ends: &mut [usize],
    places: &mut Places,
    dst: &mut Vec<u8>,
) -> bool {
    let mut rough = std::mem::take(&mut places.rough);
    rough.clear();
    rough.extend_from_slice(text);
    let start = dst.len();
    let within = ends.last().is_none_or(|last| *last <= text.len());
    let end = if within && text.len() <= MOST && from_ascii.is_some_and(|quick| quick.translate(&mut rough)) {
        // The first byte of such a character has both upper bits.
        let others = places.begin_sparse(text, |word| word & word << 1);
        dst.resize(start + text.len() + RUN, 0);
        let room = dst.get_mut(start..).unwrap_or_default();
        if SPARSE * others > text.len() {
            let mut slots = places.begin_each(text.len()).iter_mut();
            let mut tell = |at: usize| slots.next().into_iter().for_each(|slot| *slot = at as u32);
            let end = single.encode_quickly(text, room, 0, &mut tell);
            tell(end.unwrap_or(0));
            end
        } else {
            weave(&rough, &places.bits, &mut places.moved, room, |at, to| {
                let (unit, taken) = match text.get(at..)? {
                    [a @ 0xC0..0xE0, b @ 0x80..0xC0, ..] => (u16::from(a & 0x1F) << 6 | u16::from(b & 0x3F), 2),
                    [a @ 0xE0..0xF0, b @ 0x80..0xC0, c @ 0x80..0xC0, ..] => {
                        (u16::from(*a) << 12 | u16::from(b & 0x3F) << 6 | u16::from(c & 0x3F), 3)
                    }
                    // A NULL may hold a part of a character, and the next value is not its rest.
                    _ => return None,
                };
                *to.first_mut()? = u8::try_from(single.byte_of(unit)).ok()?;
                Some((taken, 1))
            })
        }
    } else {
        None
    };
    places.rough = rough;
    dst.truncate(start + end.unwrap_or(0));
    if end.is_some() {
        // No value ends beyond the text, so each has a place.
        ends.iter_mut().for_each(|end| *end = start + places.of(*end).unwrap_or(0));
    }
    end.is_some()
}
