//! Reading from a socket: bytes of a long frame to where they stay, all others into a buffer.

use crate::wire::codec::error::WireError;
use crate::wire::dss::deframe::{Deframer, Dss};
use std::future::poll_fn;
use std::io::Result;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes taken from the socket at a time.
const READ: usize = 256 * 1024;
/// The same in front of a long frame, whose bytes would have to be moved.
const LEAD: usize = 16 * 1024;

/// The buffer for bytes that are taken out of it at once.
#[derive(Debug)]
pub(super) struct Incoming(Vec<u8>);

/// So many bytes came; none at the end.
#[derive(Debug)]
pub(super) enum Arrived {
    /// Into the buffer.
    Apart(usize),
    /// To where they stay, with the frame if it is whole now.
    InPlace(usize, std::result::Result<Option<Dss>, WireError>),
}

impl Arrived {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Arrived::Apart(n) | Arrived::InPlace(n, _) => *n,
        }
    }
}

impl Default for Incoming {
    fn default() -> Incoming {
        Incoming(vec![0; READ])
    }
}

impl Incoming {
    /// Waits for bytes: for those of the frame in hand, where its deframer has room for them. Cancel safe.
    pub(super) async fn read<R: AsyncRead + Unpin>(
        &mut self,
        reader: &mut R,
        deframer: Option<&mut Deframer>,
    ) -> Result<Arrived> {
        let mut most = READ;
        if let Some(deframer) = deframer {
            if deframer.expects_long() {
                most = LEAD;
            }
            if deframer.room().is_some() {
                return poll_fn(|cx| in_place(cx, reader, deframer)).await;
            }
        }
        reader.read(self.0.get_mut(..most).unwrap_or_default()).await.map(Arrived::Apart)
    }

    /// The first bytes that came.
    pub(super) fn bytes(&self, n: usize) -> &[u8] {
        self.0.get(..n).unwrap_or_default()
    }
}

/// Reads segment after segment of the frame in hand: until it is whole, or the next bytes have to be waited for. The task
/// has more to look after than the socket, which would cost it as much as reading a segment.
fn in_place<R: AsyncRead + Unpin>(
    cx: &mut Context<'_>,
    reader: &mut R,
    deframer: &mut Deframer,
) -> Poll<Result<Arrived>> {
    let mut bytes = 0;
    while let Some(mut room) = deframer.room() {
        let read = pin!(reader.read_buf(&mut room)).poll(cx);
        let n = match read {
            Poll::Pending if bytes > 0 => break,
            read => ready!(read)?,
        };
        // The end after some bytes is seen again by the next one who reads.
        if n == 0 {
            break;
        }
        bytes += n;
        match deframer.filled(n) {
            Ok(None) => {}
            frame => return Poll::Ready(Ok(Arrived::InPlace(bytes, frame))),
        }
    }
    Poll::Ready(Ok(Arrived::InPlace(bytes, Ok(None))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::dss::chain::Chain;
    use crate::wire::dss::header::DssType;

    /// The lengths of the reads, and of the frame that they make.
    async fn reads(mut bytes: &[u8]) -> (Vec<usize>, Option<usize>) {
        let (mut incoming, mut deframer, mut reads) = (Incoming::default(), Deframer::new(1 << 20), Vec::new());
        deframer.expect(220_000);
        loop {
            let arrived = incoming.read(&mut bytes, Some(&mut deframer)).await.unwrap();
            reads.push(arrived.bytes());
            let frame = match arrived {
                Arrived::Apart(n) => deframer.feed(&mut incoming.bytes(n)).unwrap(),
                Arrived::InPlace(_, frame) => frame.unwrap(),
            };
            if frame.is_some() || reads.last() == Some(&0) {
                return (reads, frame.map(|frame| frame.body.len()));
            }
        }
    }

    #[tokio::test]
    async fn a_long_frame_is_read_at_once_as_far_as_it_has_come() {
        let mut chain = Chain::new();
        chain.frame(DssType::Object, 1, &[7; 220_000]);
        let bytes = chain.into_bytes();
        assert_eq!(reads(&bytes).await, (vec![LEAD, bytes.len() - LEAD], Some(220_000)));
        assert_eq!(reads(&bytes[..150_000]).await, (vec![LEAD, 150_000 - LEAD, 0], None));
    }
}
