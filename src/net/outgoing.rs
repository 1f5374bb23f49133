//! Chains that wait for the writer of a socket, in order. One that holds secrets is wiped once it is written.

use crate::wire::dss::chain::Chain;
use std::collections::VecDeque;
use std::io::IoSlice;

/// Pieces that are written at a time.
const PIECES: usize = 64;

/// Chains on their way out.
#[derive(Default)]
pub(super) struct Outgoing {
    chains: VecDeque<Chain>,
    /// Segments of the first one that are written, and bytes of the next.
    segments: usize,
    sent: usize,
}

impl Outgoing {
    /// Appends a chain.
    pub(super) fn add(&mut self, chain: Chain) {
        if !chain.is_empty() {
            self.chains.push_back(chain);
        }
    }

    /// True when all is written.
    pub(super) fn is_empty(&self) -> bool {
        self.chains.is_empty()
    }

    /// Hands the pieces that are to be written next to `write`.
    pub(super) fn next<T>(&self, write: impl FnOnce(&[IoSlice<'_>]) -> T) -> T {
        let mut slices = [IoSlice::new(&[]); PIECES];
        let mut sent = self.sent;
        let mut count = 0;
        let starts = std::iter::once(self.segments).chain(std::iter::repeat(0));
        for piece in self.chains.iter().zip(starts).flat_map(|(chain, start)| chain.segments(start)).flatten() {
            let Some(slice) = slices.get_mut(count) else { break };
            if sent >= piece.len() {
                sent -= piece.len();
                continue;
            }
            *slice = IoSlice::new(piece.get(sent..).unwrap_or_default());
            sent = 0;
            count += 1;
        }
        write(slices.get(..count).unwrap_or_default())
    }

    /// So many more bytes are written.
    pub(super) fn written(&mut self, n: usize) {
        self.sent += n;
        while let Some(chain) = self.chains.front() {
            let Some(segment) = chain.segments(self.segments).next() else {
                self.chains.pop_front();
                self.segments = 0;
                continue;
            };
            let length = segment.iter().map(|piece| piece.len()).sum::<usize>();
            if length > self.sent {
                return;
            }
            self.sent -= length;
            self.segments += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::dss::chain::Part;
    use bytes::Bytes;

    fn chain(byte: u8, secret: bool) -> Chain {
        let mut chain = Chain::new();
        let object = [0, 5, 0x10, 0x6E, byte];
        if secret {
            chain.secret_command(&object)
        } else {
            chain.command(&object)
        };
        chain
    }

    fn rest(out: &Outgoing) -> Vec<u8> {
        out.next(|slices| slices.iter().map(|slice| &**slice).collect::<Vec<_>>().concat())
    }

    #[test]
    fn chains_are_written_one_after_the_other() {
        for (first, second) in [(false, false), (true, false), (false, true), (true, true)] {
            let whole = [chain(1, first).into_bytes(), chain(2, second).into_bytes()].concat();
            let mut out = Outgoing::default();
            out.add(chain(1, first));
            out.written(3);
            out.add(chain(2, second));
            assert_eq!(rest(&out), &whole[3..]);
            out.written(whole.len() - 3);
            assert!(rest(&out).is_empty() && out.is_empty());
            out.add(chain(3, false));
            assert_eq!(rest(&out), chain(3, false).into_bytes());
        }
    }

    #[test]
    fn pieces_are_written_from_any_place() {
        let data = Bytes::from((0..120_000).map(|n| (n / 7) as u8).collect::<Vec<u8>>());
        let mut long = chain(1, false);
        for start in 0..20 {
            long.object_of(&[Part::Copied(&[1, 2, 3]), Part::of(&data, start..start + start * 5_000).unwrap()]);
        }
        let whole = [long.clone().into_bytes(), chain(2, true).into_bytes()].concat();
        for step in [9_999, 32_767, 100_001, usize::MAX] {
            let (mut out, mut seen) = (Outgoing::default(), Vec::new());
            out.add(long.clone());
            out.add(chain(2, true));
            while !out.is_empty() {
                let mut next = rest(&out);
                next.truncate(step);
                out.written(next.len());
                seen.extend(next);
            }
            assert!(seen == whole, "{step}");
        }
    }
}
