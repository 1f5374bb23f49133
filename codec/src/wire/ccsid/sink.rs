//! Where UTF-8 is written: characters are looked up as words and stored several bytes at a time, over whatever
//! lies beyond the end of the text.

/// A character in UTF-8 as a word: up to three bytes, the first one lowest, and their number of bits in the top
/// byte. Words below [`SPELLED`] are no characters.
pub(super) type Spelled = u32;

/// The least word that is a character.
pub(super) const SPELLED: Spelled = 8 << 24;
/// Units that room is made for at once.
const WINDOW: usize = 1024;
/// Bytes that a character and the store after it take at most.
const LONGEST: usize = 3;
const SLACK: usize = 8;
/// Most texts are shorter, and a copy of a fixed length is a few instructions.
const SHORT: usize = 32;
/// Bytes made ready at once where memory was reserved.
const AHEAD: usize = 4096;

/// Text being written: the bytes of a vector up to its end, and room after it that means nothing.
#[derive(Debug)]
pub struct Sink<'a> {
    bytes: &'a mut Vec<u8>,
    end: usize,
    /// Bytes made ready beyond what is asked for.
    ahead: usize,
}

impl<'a> Sink<'a> {
    /// Text that goes on after `end` of the bytes in hand; those after it are written over.
    pub fn new(bytes: &'a mut Vec<u8>, end: usize) -> Sink<'a> {
        Sink { bytes, end, ahead: AHEAD }
    }

    /// For one value after the bytes in hand.
    pub(super) fn of_one(bytes: &'a mut Vec<u8>) -> Sink<'a> {
        let end = bytes.len();
        Sink { bytes, end, ahead: 0 }
    }

    /// Bytes of text so far; those after them mean nothing.
    pub fn end(&self) -> usize {
        self.end
    }

    /// Takes back all text after `end`.
    pub fn back_to(&mut self, end: usize) {
        self.end = end.min(self.end);
    }

    /// Appends bytes of UTF-8.
    #[inline]
    pub fn put(&mut self, text: &[u8]) {
        let len = text.len();
        if let Some(place) = self.room(len).get_mut(..len) {
            place.copy_from_slice(text);
            self.end += len;
        }
    }

    /// Appends the first `len` bytes of `text`, which is UTF-8 so far.
    #[inline]
    pub fn put_front(&mut self, text: &[u8], len: usize) {
        let room = self.room(SHORT).first_chunk_mut::<SHORT>();
        if let (true, Some(from), Some(to)) = (len <= SHORT, text.first_chunk::<SHORT>(), room) {
            *to = *from;
            self.end += len;
        } else {
            self.put(text.get(..len).unwrap_or_default());
        }
    }

    /// Appends any character.
    #[inline]
    pub(super) fn put_char(&mut self, ch: char) {
        self.put(ch.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// At least so many bytes to be written to, after the text.
    #[inline]
    pub fn room(&mut self, more: usize) -> &mut [u8] {
        let wanted = self.end + more;
        if self.bytes.len() < wanted {
            self.grow(wanted);
        }
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// So many bytes of the room are text now.
    #[inline]
    pub fn advance(&mut self, bytes: usize) {
        self.end += bytes;
    }

    /// Appends a character for each unit, up to the first one that has none; how many that were.
    #[inline(always)]
    pub(super) fn spell<U: Copy>(&mut self, units: &[U], look: impl Fn(U) -> Spelled) -> usize {
        let mut done = 0;
        for window in units.chunks(WINDOW) {
            let room = self.room(window.len() * LONGEST + SLACK);
            let (good, filled) = window_of(window, room, &look);
            self.end += filled;
            done += good;
            if good < window.len() {
                break;
            }
        }
        done
    }

    #[cold]
    fn grow(&mut self, wanted: usize) {
        self.bytes.reserve(wanted.saturating_sub(self.bytes.len()));
        let ready = self.bytes.capacity().min(wanted + self.ahead);
        self.bytes.resize(ready, 0);
    }
}

/// The word of a character of the basic plane that is not a surrogate; 0 for a surrogate.
#[inline(always)]
pub(super) fn spelled(unit: u16) -> Spelled {
    let unit = u32::from(unit);
    let one = 8 << 24 | unit;
    let two = 16 << 24 | 0x80C0 | unit >> 6 | (unit & 0x3F) << 8;
    let three = 24 << 24 | 0x80_80E0 | unit >> 12 | (unit >> 6 & 0x3F) << 8 | (unit & 0x3F) << 16;
    let long = if unit & 0xF800 == 0xD800 { 0 } else { three };
    match unit {
        0..0x80 => one,
        0x80..0x800 => two,
        _ => long,
    }
}

/// The unit of a character's word.
pub(super) fn unit_of(word: Spelled) -> u16 {
    let [first, second, third, bits] = word.to_le_bytes().map(u16::from);
    match bits {
        8 => first,
        16 => (first & 0x1F) << 6 | second & 0x3F,
        _ => (first & 0x0F) << 12 | (second & 0x3F) << 6 | third & 0x3F,
    }
}

/// Two characters are joined in a word and stored at once, whatever their lengths.
#[inline(always)]
fn window_of<U: Copy>(units: &[U], room: &mut [u8], look: &impl Fn(U) -> Spelled) -> (usize, usize) {
    let (mut done, mut filled) = (0, 0);
    let (pairs, last) = units.as_chunks::<2>();
    for [first, second] in pairs {
        let (first, second) = (look(*first), look(*second));
        let Some(place) = room.get_mut(filled..).and_then(|room| room.first_chunk_mut::<8>()) else { break };
        let bits = first >> 24;
        *place = (u64::from(first & 0xFF_FFFF) | u64::from(second) << (bits & 31)).to_le_bytes();
        if first.min(second) < SPELLED {
            let good = first >= SPELLED;
            return (done + usize::from(good), filled + if good { bits as usize / 8 } else { 0 });
        }
        filled += (bits + (second >> 24)) as usize / 8;
        done += 2;
    }
    if let ([last], Some(place)) = (last, room.get_mut(filled..).and_then(|room| room.first_chunk_mut::<4>())) {
        let last = look(*last);
        *place = last.to_le_bytes();
        if last >= SPELLED {
            filled += (last >> 24) as usize / 8;
            done += 1;
        }
    }
    (done, filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_spelled_as_its_character() {
        for unit in 0..=u16::MAX {
            let word = spelled(unit);
            match char::from_u32(u32::from(unit)) {
                Some(ch) => {
                    let len = ch.len_utf8();
                    assert_eq!(&word.to_le_bytes()[..len], ch.to_string().as_bytes());
                    assert_eq!((word >> 24, unit_of(word)), (len as u32 * 8, unit));
                }
                None => assert_eq!(word, 0),
            }
        }
    }

    #[test]
    fn texts_of_every_length_stop_where_a_unit_is_no_character() {
        let text: Vec<u16> = "Aé日z\u{FFFF}ßüx".encode_utf16().cycle().take(2100).collect();
        for len in (0..70usize).chain([1023, 1024, 1025, 2048, 2100]) {
            for odd in [0, 1, len / 2, len.saturating_sub(1), len] {
                let mut units = text[..len].to_vec();
                if let Some(unit) = units.get_mut(odd) {
                    *unit = 0xD800;
                }
                let good = odd.min(len);
                let mut bytes = b"front".to_vec();
                let mut sink = Sink::new(&mut bytes, 5);
                assert_eq!(sink.spell(&units, spelled), good);
                let end = sink.end();
                let expected = String::from_utf16(&text[..good]).unwrap();
                assert_eq!(std::str::from_utf8(&bytes[..end]).unwrap(), format!("front{expected}"));
            }
        }
    }

    #[test]
    fn text_is_taken_back_and_written_over() {
        let mut bytes = vec![7; 3];
        let mut sink = Sink::new(&mut bytes, 1);
        sink.put(b"abc");
        sink.put_char('日');
        sink.back_to(3);
        sink.put_char('é');
        sink.back_to(9);
        let end = sink.end();
        assert_eq!(&bytes[..end], b"\x07ab\xC3\xA9");
    }
}
