//! Building a chain of frames. The flags of a frame depend on the next one, so they are
//! written when that one is known.

use super::header::{DssHeader, DssType, HEADER, SEGMENT};
use crate::wire::codec::error::{Result, WireError};
use bytes::Bytes;
use std::ops::Range;
use zeroize::Zeroize;

/// Where the format byte stands in a frame.
const FORMAT: usize = 3;
/// The length of a segment that another one follows.
const CONTINUED: u16 = 0xFFFF;
/// Shorter bytes are copied: a piece of its own costs the writer more.
const SHARED: usize = 4096;

/// A part of a body.
#[derive(Debug)]
pub enum Part<'a> {
    /// Bytes that the chain gets a copy of.
    Copied(&'a [u8]),
    /// Bytes that the chain shares with whoever has them.
    Shared(Bytes),
}

impl<'a> Part<'a> {
    /// All of `bytes`, shared when they are long.
    pub fn all(bytes: &'a Bytes) -> Part<'a> {
        if bytes.len() < SHARED { Part::Copied(bytes) } else { Part::Shared(bytes.clone()) }
    }

    /// The same of a range of them. An error where they do not have it: what is in front of the part tells its length.
    pub fn of(bytes: &'a Bytes, range: Range<usize>) -> Result<Part<'a>> {
        let (at, need) = (range.start, range.end.saturating_sub(range.start));
        let have = bytes.len().saturating_sub(at);
        let part = bytes.get(range.clone()).ok_or(WireError::Truncated { what: "part".into(), at, need, have })?;
        Ok(if part.len() < SHARED { Part::Copied(part) } else { Part::Shared(bytes.slice(range)) })
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Part::Copied(bytes) => bytes,
            Part::Shared(bytes) => bytes,
        }
    }

    fn copied(&self) -> usize {
        if let Part::Copied(bytes) = self { bytes.len() } else { 0 }
    }
}

/// A chain being built: frames in order, linked, ready for the socket.
#[derive(Debug, Default, Clone)]
pub struct Chain {
    out: Vec<u8>,
    /// Bytes that are not copied, and where in `out` they belong.
    shared: Vec<(usize, Bytes)>,
    /// How many those are together.
    shared_bytes: usize,
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
        self.object_of(&[Part::Copied(object)]);
    }

    /// The same with an object in parts.
    pub fn object_of(&mut self, parts: &[Part<'_>]) {
        self.frame_of(DssType::Object, self.last_id().max(1), parts);
    }

    /// Appends a frame of any kind: the answering side states the id.
    pub fn frame(&mut self, kind: DssType, id: u16, body: &[u8]) {
        self.frame_of(kind, id, &[Part::Copied(body)]);
    }

    /// The same with a body in parts.
    pub fn frame_of(&mut self, kind: DssType, id: u16, parts: &[Part<'_>]) {
        if let Some((at, header)) = self.last.as_mut() {
            header.chained = true;
            header.same_id = header.id == id;
            if let Some(slot) = self.out.get_mut(*at) {
                *slot = header.format();
            }
        }
        let header = DssHeader { kind, chained: false, same_id: false, continue_on_error: false, id };
        let mut left: usize = parts.iter().map(|part| part.bytes().len()).sum();
        let copied: usize = parts.iter().map(Part::copied).sum();
        self.grow(HEADER + copied + left / SEGMENT * 2 + 2);
        let ll = if left + HEADER > SEGMENT { CONTINUED } else { (left + HEADER) as u16 };
        self.out.extend_from_slice(&ll.to_be_bytes());
        self.out.push(0xD0);
        self.last = Some((self.out.len(), header));
        self.out.push(header.format());
        self.out.extend_from_slice(&id.to_be_bytes());
        let mut room = SEGMENT - HEADER;
        for part in parts {
            let mut start = 0;
            while start < part.bytes().len() {
                if room == 0 {
                    let ll = if left + 2 > SEGMENT { CONTINUED } else { left as u16 + 2 };
                    self.out.extend_from_slice(&ll.to_be_bytes());
                    room = SEGMENT - 2;
                }
                let end = part.bytes().len().min(start + room);
                self.put(part, start..end);
                room -= end - start;
                left -= end - start;
                start = end;
            }
        }
    }

    fn put(&mut self, part: &Part<'_>, range: Range<usize>) {
        match part {
            Part::Copied(bytes) => self.out.extend_from_slice(bytes.get(range).unwrap_or_default()),
            Part::Shared(bytes) => {
                self.shared_bytes += range.len();
                self.shared.push((self.out.len(), bytes.slice(range)));
            }
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
        self.out.len() + self.shared_bytes
    }

    /// True when nothing was appended.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The bytes, in pieces.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.segments(0).flatten().filter(|piece| !piece.is_empty())
    }

    /// The bytes by segments from one on: copied ones and, except in the last, the shared ones after them.
    pub fn segments(&self, from: usize) -> impl Iterator<Item = [&[u8]; 2]> {
        let place = |n: usize| self.shared.get(n).map_or((self.out.len(), &[][..]), |(at, bytes)| (*at, bytes));
        (from..=self.shared.len()).map(move |n| {
            let start = n.checked_sub(1).map_or(0, |before| place(before).0);
            let (end, shared) = place(n);
            [self.out.get(start..end).unwrap_or_default(), shared]
        })
    }

    /// Takes the frames that are complete, all but the last: whether another one follows that is not known yet.
    pub fn take_linked(&mut self) -> Vec<u8> {
        let Some((at, _)) = self.last.as_mut() else { return Vec::new() };
        // Two bytes of length and one that marks a frame precede it.
        let cut = at.saturating_sub(FORMAT);
        *at = FORMAT;
        let rest = self.out.split_off(cut);
        let later = self.shared.split_off(self.shared.partition_point(|(at, _)| *at <= cut));
        let later = later.into_iter().map(|(at, bytes)| (at - cut, bytes)).collect();
        let (out, shared) = (std::mem::replace(&mut self.out, rest), std::mem::replace(&mut self.shared, later));
        let left = self.shared.iter().map(|(_, bytes)| bytes.len()).sum();
        let shared_bytes = std::mem::replace(&mut self.shared_bytes, left) - left;
        Chain { out, shared, shared_bytes, last: None, secret: self.secret }.into_bytes()
    }

    /// The bytes; the last frame is unchained.
    pub fn into_bytes(mut self) -> Vec<u8> {
        if self.shared.is_empty() {
            return std::mem::take(&mut self.out);
        }
        self.pieces().collect::<Vec<_>>().concat()
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
    fn parts_are_as_good_as_a_whole() {
        let shared = |length: usize| Bytes::from(vec![2; length]);
        for (head, body) in
            [(0, 0), (4, 0), (8, 100), (8, 32_753), (8, 32_754), (12, 70_000), (40_000, 9), (40_000, 5_000)]
        {
            let (head, body) = (vec![1; head], shared(body));
            for tail in [&[][..], &[3]] {
                let (mut one, mut copied, mut parts) = (Chain::new(), Chain::new(), Chain::new());
                for id in 1..=2 {
                    one.frame(DssType::Object, id, &[head.as_slice(), &body, tail].concat());
                    copied.frame_of(DssType::Object, id, &[&head, &body[..], tail].map(Part::Copied));
                    let part = Part::all(&body);
                    assert_eq!(matches!(part, Part::Shared(_)), body.len() >= SHARED);
                    parts.frame_of(DssType::Object, id, &[Part::Copied(&head), part, Part::Copied(tail)]);
                }
                assert_eq!((parts.len(), copied.len()), (one.len(), one.len()));
                let mut later = parts.clone();
                let linked = later.take_linked();
                assert_eq!(linked.len() + later.len(), one.len());
                assert_eq!([linked, later.into_bytes()].concat(), one.clone().into_bytes());
                assert_eq!(parts.into_bytes(), one.clone().into_bytes());
                assert_eq!(copied.into_bytes(), one.into_bytes());
            }
        }
    }

    #[test]
    fn a_part_is_all_that_was_asked_for_or_an_error() {
        let data = Bytes::from(vec![7; 10_000]);
        for range in [0..10, 9_990..10_000, 0..9_000, 10_000..10_000] {
            assert_eq!(Part::of(&data, range.clone()).unwrap().bytes(), &data[range]);
        }
        for (start, end) in [(9_999, 10_001), (10_001, 10_001), (5, 4), (0, usize::MAX)] {
            assert!(Part::of(&data, start..end).is_err(), "{start} {end}");
        }
    }

    #[test]
    fn long_values_are_not_copied() {
        let data = Bytes::from(vec![7; 1_000_000]);
        let mut chain = Chain::new();
        chain.command(&[0, 4, 0x20, 0x0B]);
        chain.object_of(&[Part::Copied(&[1; 20]), Part::all(&data)]);
        let within = |piece: &&[u8]| data.as_ptr_range().contains(&piece.as_ptr());
        assert_eq!(chain.pieces().filter(within).map(<[u8]>::len).sum::<usize>(), data.len());
        assert!(chain.out.capacity() < 1_000, "{}", chain.out.capacity());
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
