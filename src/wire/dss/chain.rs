//! Building a chain of frames. The flags of a frame depend on the next one, so they are
//! written when that one is known.

use super::header::{DssHeader, DssType, HEADER, SEGMENT};
use zeroize::Zeroize;

/// Where the format byte stands in a frame.
const FORMAT: usize = 3;

/// A chain being built: frames in order, linked, ready for the socket.
#[derive(Debug, Default, Clone)]
pub struct Chain {
    out: Vec<u8>,
    /// Where the last frame's format byte stands, and its header.
    last: Option<(usize, DssHeader)>,
    /// It holds a secret: no copy of it is left in memory.
    secret: bool,
}

impl Chain {
    /// An empty chain.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a command with the next correlation id, which it returns.
    pub fn command(&mut self, object: &[u8]) -> u16 {
        let id = self.last_id() + 1;
        self.frame(DssType::Request, id, object);
        id
    }

    /// The same for a command that holds secrets: this chain, and whoever takes its bytes, wipes them.
    pub fn secret_command(&mut self, object: &[u8]) -> u16 {
        self.secret = true;
        self.command(object)
    }

    /// True when a part of it is to be wiped once it is sent.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// Appends an object that belongs to the command before it.
    pub fn object(&mut self, object: &[u8]) {
        self.frame(DssType::Object, self.last_id().max(1), object);
    }

    /// The same with an object in two parts, the first of which is short.
    pub fn object_in_two(&mut self, head: &[u8], body: &[u8]) {
        self.frame_in_two(DssType::Object, self.last_id().max(1), head, body);
    }

    /// Appends a frame of any kind: the answering side states the id.
    pub fn frame(&mut self, kind: DssType, id: u16, body: &[u8]) {
        self.frame_in_two(kind, id, &[], body);
    }

    /// The same with a body of two parts, which saves joining a long one to a short one first.
    pub fn frame_in_two(&mut self, kind: DssType, id: u16, head: &[u8], body: &[u8]) {
        if head.len() > SEGMENT - HEADER {
            return self.frame(kind, id, &[head, body].concat());
        }
        if let Some((at, header)) = self.last.as_mut() {
            header.chained = true;
            header.same_id = header.id == id;
            if let Some(slot) = self.out.get_mut(*at) {
                *slot = header.format();
            }
        }
        let header = DssHeader { kind, chained: false, same_id: false, continue_on_error: false, id };
        let total = head.len() + body.len() + HEADER;
        let first = total.min(SEGMENT);
        self.grow(total + total / SEGMENT * 2);
        let ll = if total > SEGMENT { 0xFFFF } else { first as u16 };
        self.out.extend_from_slice(&ll.to_be_bytes());
        self.out.push(0xD0);
        self.last = Some((self.out.len(), header));
        self.out.push(header.format());
        self.out.extend_from_slice(&id.to_be_bytes());
        self.out.extend_from_slice(head);
        let (now, mut rest) = body.split_at(first - HEADER - head.len());
        self.out.extend_from_slice(now);
        while !rest.is_empty() {
            let (segment, tail) = rest.split_at(rest.len().min(SEGMENT - 2));
            let ll = if tail.is_empty() { segment.len() as u16 + 2 } else { 0xFFFF };
            self.out.extend_from_slice(&ll.to_be_bytes());
            self.out.extend_from_slice(segment);
            rest = tail;
        }
    }

    fn grow(&mut self, more: usize) {
        if !self.secret || self.out.capacity() - self.out.len() >= more {
            return self.out.reserve(more);
        }
        let mut larger = Vec::with_capacity(self.out.len() + more);
        larger.extend_from_slice(&self.out);
        std::mem::replace(&mut self.out, larger).zeroize();
    }

    /// Correlation id of the last frame; 0 when empty.
    pub fn last_id(&self) -> u16 {
        self.last.map_or(0, |(_, header)| header.id)
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// True when nothing was appended.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Takes the frames that are complete, all but the last: whether another one follows that is not known yet.
    pub fn take_linked(&mut self) -> Vec<u8> {
        let Some((at, _)) = self.last.as_mut() else { return Vec::new() };
        // Two bytes of length and one that marks a frame precede it.
        let rest = self.out.split_off(at.saturating_sub(FORMAT));
        *at = FORMAT;
        std::mem::replace(&mut self.out, rest)
    }

    /// The bytes; the last frame is unchained.
    pub fn into_bytes(mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        if self.secret {
            self.out.zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_follow_the_next_frame() {
        let mut chain = Chain::new();
        assert_eq!(chain.command(&[0, 4, 0x20, 0x0D]), 1);
        chain.object(&[0, 4, 0x24, 0x14]);
        assert_eq!(chain.command(&[0, 4, 0x20, 0x0C]), 2);
        let bytes = chain.into_bytes();
        assert_eq!(bytes[3], 0x51);
        assert_eq!(bytes[13], 0x43);
        assert_eq!(bytes[23], 0x01);
    }

    #[test]
    fn a_chain_in_pieces_is_the_same_chain() {
        let fill = |chain: &mut Chain, from: u16| {
            for (id, length) in (from..from + 3).zip([4, 40_000, 9]) {
                chain.frame(DssType::Object, id / 2, &vec![1; length]);
            }
        };
        let mut whole = Chain::new();
        (0..4).for_each(|n| fill(&mut whole, n * 3));
        let mut pieces = Chain::new();
        let mut out = pieces.take_linked();
        for n in 0..4 {
            fill(&mut pieces, n * 3);
            out.extend(pieces.take_linked());
            out.extend(pieces.take_linked());
        }
        out.extend(pieces.into_bytes());
        assert_eq!(out, whole.into_bytes());
    }

    #[test]
    fn two_parts_are_as_good_as_one() {
        for (head, body) in [(0, 0), (4, 0), (8, 100), (8, 32_753), (8, 32_754), (12, 70_000), (40_000, 9)] {
            let (head, body) = (vec![1; head], vec![2; body]);
            let (mut one, mut two) = (Chain::new(), Chain::new());
            one.frame(DssType::Object, 3, &[head.as_slice(), &body].concat());
            two.frame_in_two(DssType::Object, 3, &head, &body);
            assert_eq!(one.into_bytes(), two.into_bytes());
        }
    }

    #[test]
    fn a_long_frame_is_continued() {
        let mut chain = Chain::new();
        chain.frame(DssType::Object, 1, &vec![7; 70_002]);
        let bytes = chain.into_bytes();
        // As Derby's client sends it: FFFF, FFFF, the rest.
        assert_eq!(&bytes[..2], [0xFF, 0xFF]);
        assert_eq!(&bytes[32_767..32_769], [0xFF, 0xFF]);
        let last = u16::from_be_bytes([bytes[65_534], bytes[65_535]]);
        assert_eq!(usize::from(last), bytes.len() - 65_534);
    }
}
