//! Reading from a socket: bytes of a long frame to where they stay, all others into a buffer.

use crate::wire::dss::deframe::Deframer;
use std::io::Result;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes taken from the socket at a time.
const READ: usize = 256 * 1024;
/// The same in front of a long frame, whose bytes would have to be moved.
const LEAD: usize = 16 * 1024;

/// The buffer for bytes that are taken out of it at once.
#[derive(Debug)]
pub(super) struct Incoming(Vec<u8>);

/// So many bytes came; none at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrived {
    /// Into the buffer.
    Apart(usize),
    /// To where they stay: the deframer has to be told.
    InPlace(usize),
}

impl Arrived {
    pub(super) fn bytes(self) -> usize {
        match self {
            Arrived::Apart(n) | Arrived::InPlace(n) => n,
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
            if let Some(mut room) = deframer.room() {
                return reader.read_buf(&mut room).await.map(Arrived::InPlace);
            }
        }
        reader.read(self.0.get_mut(..most).unwrap_or_default()).await.map(Arrived::Apart)
    }

    /// The first bytes that came.
    pub(super) fn bytes(&self, n: usize) -> &[u8] {
        self.0.get(..n).unwrap_or_default()
    }
}
