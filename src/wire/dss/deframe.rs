//! Taking frames out of a byte stream. Continuation headers are removed here, once; a frame's
//! buffer grows as its bytes arrive, never by what a length claims.

use super::header::{DssHeader, DssType, HEADER};
use crate::wire::codec::error::{Result, What, WireError};
use bytes::{Bytes, BytesMut};

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
        }
    }

    /// Says how large the frames asked for may be (the QRYBLKSZ in force), so that a continued
    /// frame is collected without regrowing. Our own number, not the peer's.
    pub fn expect(&mut self, bytes: usize) {
        self.expect = bytes.min(self.limit);
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
                    self.body = BytesMut::with_capacity(if more { FIRST_GROWTH.max(self.expect) } else { left });
                    self.state = DeframeState::Segment { header, left, more };
                }
                DeframeState::Continuation { header } => {
                    let Some(raw) = self.collect::<2>(input) else { return Ok(None) };
                    let ll = u16::from_be_bytes(raw);
                    let len = usize::from(ll & 0x7FFF);
                    if len <= 2 {
                        return Err(WireError::invalid(What::DssContinuation, 0, format!("length {len}")));
                    }
                    self.state = DeframeState::Segment { header, left: len - 2, more: ll & 0x8000 != 0 };
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
                    if more {
                        self.state = DeframeState::Continuation { header };
                    } else {
                        self.state = DeframeState::Header;
                        let passed_over = std::mem::take(&mut self.passed_over);
                        return Ok(Some(Dss { header, body: std::mem::take(&mut self.body).freeze(), passed_over }));
                    }
                }
            }
        }
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
