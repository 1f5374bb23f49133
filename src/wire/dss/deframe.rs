//! Taking frames out of a byte stream. Continuation headers are removed here, once; a frame's
//! buffer grows as its bytes arrive, never by what a length claims. The bytes of a long frame can be read to where they
//! stay, segment by segment.

use super::frame_pool::FramePool;
use super::header::{DssHeader, DssType, HEADER};
use crate::wire::codec::error::{Result, What, WireError};
use bytes::buf::Limit;
use bytes::{BufMut, Bytes, BytesMut};

/// A whole frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dss {
    /// Its header.
    pub header: DssHeader,
    /// Its cargo: one or more DDM objects.
    pub body: Bytes,
    /// The cargo was longer than is taken, and is not there; so long it was.
    pub passed_over: usize,
}

/// First buffer of a continued frame; it doubles from there as bytes arrive.
const FIRST_GROWTH: usize = 64 * 1024;
/// Bytes of the header of a segment after the first.
const CONTINUATION: usize = 2;
/// A segment with fewer bytes left is not worth a read of its own.
const WORTH: usize = 8 * 1024;

/// Eats bytes as they come, yields frames.
#[derive(Debug)]
pub struct Deframer {
    state: DeframeState,
    header: Vec<u8>,
    body: BytesMut,
    limit: usize,
    /// The bytes that the frame in hand is expected to hold at most, to reserve in one go.
    expect: usize,
    /// Bytes of a frame of objects that are read and not kept, where it is longer than the limit.
    patience: usize,
    /// Bytes of the frame in hand that were not kept.
    passed_over: usize,
    /// Memory of frames before, where it is kept.
    pool: Option<FramePool>,
}

#[derive(Debug)]
enum DeframeState {
    Header,
    Segment { header: DssHeader, left: usize, more: bool },
    Continuation { header: DssHeader },
}

impl Deframer {
    /// A deframer that refuses frames of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Deframer {
            state: DeframeState::Header,
            header: Vec::with_capacity(HEADER),
            body: BytesMut::new(),
            limit,
            expect: 0,
            patience: 0,
            passed_over: 0,
            pool: None,
        }
    }

    /// The same, which fills the memory of long frames again once nobody holds them, until
    /// [`let_go`](Self::let_go).
    pub fn pooled(limit: usize) -> Self {
        Deframer { pool: Some(FramePool::default()), ..Deframer::new(limit) }
    }

    /// Says how large the frames asked for may be (the QRYBLKSZ in force), so that a continued
    /// frame is collected without regrowing. Our own number, not the peer's.
    pub fn expect(&mut self, bytes: usize) {
        self.expect = bytes.min(self.limit);
    }

    /// True when a frame of several segments was asked for.
    pub fn expects_long(&self) -> bool {
        self.expect > FIRST_GROWTH
    }

    /// Keeps no memory of frames that are gone.
    pub fn let_go(&mut self) {
        if let Some(pool) = &mut self.pool {
            *pool = FramePool::default();
        }
    }

    /// True when there is memory to let go.
    pub fn holds_spares(&self) -> bool {
        self.pool.as_ref().is_some_and(|pool| !pool.is_empty())
    }

    /// Reads on to the end of a frame of objects that is longer than the limit, up to so many bytes, in place of refusing
    /// it: what follows it can be read then.
    pub fn pass_over(&mut self, most: usize) {
        self.patience = most;
    }

    /// Changes the longest frame that is taken, from the bytes that come next on.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Bytes that the begun frame takes to hold.
    pub fn held(&self) -> usize {
        self.body.len()
    }

    /// True when no frame has been begun.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, DeframeState::Header) && self.header.is_empty()
    }

    /// Takes bytes from the front of `input` until a frame is whole or `input` is empty.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Option<Dss>> {
        loop {
            match self.state {
                DeframeState::Header => {
                    let Some(raw) = self.collect::<HEADER>(input) else { return Ok(None) };
                    let (header, len, more) = DssHeader::parse(&raw)?;
                    let left = len - HEADER;
                    self.body = if more { self.long_body() } else { BytesMut::with_capacity(left) };
                    self.state = DeframeState::Segment { header, left, more };
                }
                DeframeState::Continuation { header } => {
                    let Some(raw) = self.collect::<CONTINUATION>(input) else { return Ok(None) };
                    let ll = u16::from_be_bytes(raw);
                    let len = usize::from(ll & 0x7FFF);
                    if len <= CONTINUATION {
                        return Err(WireError::invalid(What::DssContinuation, 0, format!("length {len}")));
                    }
                    self.state = DeframeState::Segment { header, left: len - CONTINUATION, more: ll & 0x8000 != 0 };
                }
                DeframeState::Segment { header, left, more } => {
                    let n = left.min(input.len());
                    let len = self.passed_over + self.body.len() + n;
                    let passes = header.kind == DssType::Object && len <= self.patience;
                    if self.passed_over > 0 || self.body.len() + n > self.limit {
                        if !passes {
                            return Err(WireError::TooLong { what: "DSS".into(), len, max: self.limit });
                        }
                        (self.body, self.passed_over) = (BytesMut::new(), len);
                    }
                    let (head, tail) = input.split_at(n);
                    if self.passed_over == 0 {
                        self.body.extend_from_slice(head);
                    }
                    *input = tail;
                    if n < left {
                        self.state = DeframeState::Segment { header, left: left - n, more };
                        return Ok(None);
                    }
                    if !more {
                        return Ok(Some(self.whole(header)));
                    }
                    self.state = DeframeState::Continuation { header };
                }
            }
        }
    }

    /// Room for the bytes that come next, where they are the rest of a segment and the header of the next one. As many as
    /// were read into it are told to [`filled`](Self::filled).
    pub fn room(&mut self) -> Option<Limit<&mut BytesMut>> {
        let DeframeState::Segment { left, more, .. } = self.state else { return None };
        if left < WORTH || self.passed_over > 0 || self.body.len() + left > self.limit {
            return None;
        }
        let most = left + if more { CONTINUATION } else { 0 };
        self.body.reserve(most);
        Some((&mut self.body).limit(most))
    }

    /// So many bytes were read into its [`room`](Self::room): the frame, if it is whole now.
    pub fn filled(&mut self, n: usize) -> Result<Option<Dss>> {
        let DeframeState::Segment { header, left, more } = self.state else { return Ok(None) };
        let Some(beyond) = n.checked_sub(left) else {
            self.state = DeframeState::Segment { header, left: left - n, more };
            return Ok(None);
        };
        if !more {
            return Ok(Some(self.whole(header)));
        }
        self.state = DeframeState::Continuation { header };
        let end = self.body.len().saturating_sub(beyond);
        let mut next = [0; CONTINUATION];
        let came = self.body.get(end..).unwrap_or_default();
        next.iter_mut().zip(came).for_each(|(to, from)| *to = *from);
        self.body.truncate(end);
        self.feed(&mut next.get(..beyond).unwrap_or_default())
    }

    /// An empty buffer for a frame of several segments.
    fn long_body(&mut self) -> BytesMut {
        let spare = self.pool.as_mut().and_then(|pool| pool.take(self.expect));
        spare.unwrap_or_else(|| BytesMut::with_capacity(FIRST_GROWTH.max(self.expect)))
    }

    /// The frame in hand, to which all has come.
    fn whole(&mut self, header: DssHeader) -> Dss {
        self.state = DeframeState::Header;
        let body = std::mem::take(&mut self.body).freeze();
        if let Some(pool) = &mut self.pool
            && body.len() > FIRST_GROWTH
        {
            pool.keep(&body);
        }
        Dss { header, body, passed_over: std::mem::take(&mut self.passed_over) }
    }

    /// Collects `N` header bytes over any number of calls.
    fn collect<const N: usize>(&mut self, input: &mut &[u8]) -> Option<[u8; N]> {
        let n = (N - self.header.len()).min(input.len());
        let (head, tail) = input.split_at(n);
        self.header.extend_from_slice(head);
        *input = tail;
        let raw = self.header.as_slice().try_into().ok()?;
        self.header.clear();
        Some(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::super::chain::Chain;
    use super::*;

    fn all(bytes: &[u8], cuts: usize) -> Vec<Dss> {
        let mut deframer = Deframer::new(1 << 20);
        let mut out = Vec::new();
        for mut piece in bytes.chunks(cuts) {
            while let Some(dss) = deframer.feed(&mut piece).unwrap() {
                out.push(dss);
            }
        }
        assert!(deframer.is_idle());
        out
    }

    #[test]
    fn any_split_gives_the_same_frames() {
        let body: Vec<u8> = (0..70_002u32).map(|i| i as u8).collect();
        let mut chain = Chain::new();
        chain.frame(DssType::Reply, 1, b"abcd");
        chain.frame(DssType::Object, 1, &body);
        chain.frame(DssType::Reply, 2, b"efgh");
        let bytes = chain.into_bytes();
        for cuts in [1, 2, 3, 7, 4096, 32_767, 100_000] {
            let frames = all(&bytes, cuts);
            assert_eq!(frames.len(), 3);
            assert_eq!(frames[1].body, body);
            assert!(frames[1].header.chained && !frames[2].header.chained);
        }
    }

    #[test]
    fn bytes_that_are_read_to_where_they_stay_give_the_same_frames() {
        let body: Vec<u8> = (0..200_003u32).map(|i| (i * 31) as u8).collect();
        let mut chain = Chain::new();
        chain.frame(DssType::Object, 1, &body);
        chain.frame(DssType::Reply, 1, b"abcd");
        chain.frame(DssType::Object, 2, &body[..60_000]);
        let bytes = chain.into_bytes();
        for read in [1, 5, 32_765, 32_766, 32_767, 40_000] {
            let (mut deframer, mut rest, mut out, mut direct) = (Deframer::pooled(1 << 20), &bytes[..], Vec::new(), 0);
            deframer.expect(body.len());
            while !rest.is_empty() {
                let found = match deframer.room() {
                    Some(mut room) => {
                        let n = room.remaining_mut().min(read).min(rest.len());
                        room.put_slice(&rest[..n]);
                        (rest, direct) = (&rest[n..], direct + n);
                        deframer.filled(n).unwrap()
                    }
                    None => {
                        let n = read.min(100).min(rest.len());
                        let (mut piece, after) = rest.split_at(n);
                        rest = after;
                        let found = deframer.feed(&mut piece).unwrap();
                        rest = &bytes[bytes.len() - rest.len() - piece.len()..];
                        found
                    }
                };
                out.extend(found);
            }
            assert!(deframer.is_idle());
            assert_eq!(out.iter().map(|dss| dss.body.len()).collect::<Vec<_>>(), [200_003, 4, 60_000]);
            assert!(out[0].body == body && out[2].body == body[..60_000] && direct > 180_000, "{read}: {direct}");
        }
    }

    #[test]
    fn room_for_more_than_is_allowed_is_not_given() {
        let mut deframer = Deframer::new(40_000);
        let mut chain = Chain::new();
        chain.frame(DssType::Object, 1, &[7; 50_000]);
        let bytes = chain.into_bytes();
        assert!(deframer.room().is_none());
        assert!(deframer.feed(&mut &bytes[..HEADER]).unwrap().is_none());
        let n = deframer.room().unwrap().remaining_mut();
        deframer.room().unwrap().put_slice(&bytes[HEADER..HEADER + n]);
        assert!(deframer.filled(n).unwrap().is_none());
        assert!(deframer.room().is_none());
        assert!(deframer.feed(&mut &bytes[HEADER + n..]).is_err());
        // The header of a segment that cannot be one, read along with the segment before.
        let mut deframer = Deframer::new(1 << 20);
        assert!(deframer.feed(&mut &bytes[..HEADER]).unwrap().is_none());
        let mut room = deframer.room().unwrap();
        room.put_slice(&bytes[HEADER..HEADER + n - CONTINUATION]);
        room.put_slice(&[0x80, 2]);
        assert!(deframer.filled(n).is_err());
    }

    #[test]
    fn memory_is_filled_again_once_nobody_holds_it_and_let_go_when_told() {
        let mut chain = Chain::new();
        chain.frame(DssType::Object, 1, &[7; 100_000]);
        let bytes = chain.into_bytes();
        let next = |deframer: &mut Deframer| deframer.feed(&mut &bytes[..]).unwrap().unwrap().body;
        let mut deframer = Deframer::pooled(1 << 20);
        deframer.expect(100_000);
        let (first, second) = (next(&mut deframer), next(&mut deframer));
        assert_ne!(first.as_ptr(), second.as_ptr());
        let place = first.as_ptr();
        drop(first);
        assert_eq!(next(&mut deframer).as_ptr(), place);
        assert!(deframer.holds_spares() && second == [7; 100_000][..]);
        deframer.let_go();
        assert!(!deframer.holds_spares());
        assert!(!Deframer::new(1 << 20).holds_spares());
    }

    #[test]
    fn a_long_frame_of_objects_is_passed_over_where_that_is_wanted() {
        let frames = |kind: DssType, length: usize, patience: usize, cuts: usize| {
            let mut chain = Chain::new();
            chain.frame(kind, 1, &vec![7; length]);
            chain.frame(DssType::Request, 2, b"abcd");
            let mut deframer = Deframer::new(100);
            deframer.pass_over(patience);
            let (bytes, mut out) = (chain.into_bytes(), Vec::new());
            for mut piece in bytes.chunks(cuts) {
                while let Some(dss) = deframer.feed(&mut piece)? {
                    out.push((dss.body.len(), dss.passed_over));
                    assert_eq!(deframer.held(), 0);
                }
            }
            Ok::<_, WireError>(out)
        };
        for cuts in [1, 3, 99, 40_000, 100_000] {
            assert_eq!(frames(DssType::Object, 100, 0, cuts).unwrap(), [(100, 0), (4, 0)]);
            for length in [101, 32_761, 32_762, 70_000] {
                assert_eq!(frames(DssType::Object, length, 70_000, cuts).unwrap(), [(0, length), (4, 0)], "{cuts}");
                assert!(frames(DssType::Object, length, length - 1, cuts).is_err());
                assert!(frames(DssType::Request, length, 70_000, cuts).is_err());
            }
        }
    }

    #[test]
    fn limits_and_bad_continuations_are_errors() {
        let mut deframer = Deframer::new(10);
        assert!(
            deframer.feed(&mut &[0, 20, 0xD0, 2, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14][..]).is_err()
        );
        let mut deframer = Deframer::new(1 << 20);
        let mut bytes = vec![0x80, 7, 0xD0, 3, 0, 1, 9];
        bytes.extend([0, 2]);
        assert!(deframer.feed(&mut &bytes[..]).is_err());
    }
}
