//! The first bytes of a peer, kept: they show what it speaks when it does not speak DRDA.

use std::io::Result;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes kept.
const KEPT: usize = 16;

/// A stream whose first bytes are kept.
#[derive(Debug)]
pub struct KeepPrefix<S> {
    stream: S,
    first: Vec<u8>,
}

impl<S> KeepPrefix<S> {
    pub(super) fn new(stream: S) -> KeepPrefix<S> {
        KeepPrefix { stream, first: Vec::with_capacity(KEPT) }
    }

    /// The first bytes that came.
    pub(super) fn first(&self) -> &[u8] {
        &self.first
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for KeepPrefix<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let before = buf.filled().len();
        let done = Pin::new(&mut self.stream).poll_read(cx, buf);
        let missing = KEPT.saturating_sub(self.first.len());
        if missing > 0 {
            self.first.extend(buf.filled().iter().skip(before).take(missing));
        }
        done
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for KeepPrefix<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
