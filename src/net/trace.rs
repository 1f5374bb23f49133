//! A trace of every frame by name: a wrapper around the stream, so that the conversation itself does not know
//! of it. The printer masks secrets.

use crate::wire::ddm::dump;
use crate::wire::ddm::text::DdmText;
use crate::wire::dss::deframe::{Deframer, Dss};
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose frames are written to the log at level TRACE.
#[derive(Debug)]
pub struct Traced<S> {
    stream: S,
    sent: Watch,
    received: Watch,
}

/// One direction.
#[derive(Debug)]
struct Watch {
    arrow: &'static str,
    /// None once the bytes were no frames.
    frames: Option<Deframer>,
}

impl Watch {
    fn new(arrow: &'static str, limit: usize) -> Watch {
        Watch { arrow, frames: Some(Deframer::new(limit)) }
    }

    fn see(&mut self, mut bytes: &[u8]) {
        let Some(frames) = &mut self.frames else { return };
        while !bytes.is_empty() {
            match frames.feed(&mut bytes) {
                Ok(Some(dss)) => show(self.arrow, &dss),
                Ok(None) => {}
                Err(e) => {
                    tracing::trace!("{} no frame: {e}", self.arrow);
                    self.frames = None;
                    return;
                }
            }
        }
    }
}

fn show(arrow: &str, dss: &Dss) {
    let mut text = String::new();
    // Text in the other encoding is recognised; writing to a string cannot fail.
    let _ = dump::objects(&dss.body, DdmText::Ebcdic, &mut text);
    let chained = if dss.header.chained { ", chained" } else { "" };
    tracing::trace!("{arrow} {:?} {}{chained}\n{}", dss.header.kind, dss.header.id, text.trim_end());
}

impl<S> Traced<S> {
    /// Watches `stream`; frames of more than `limit` bytes end the trace of their direction.
    pub fn new(stream: S, limit: usize) -> Traced<S> {
        Traced { stream, sent: Watch::new("->", limit), received: Watch::new("<-", limit) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Traced<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let before = buf.filled().len();
        let done = Pin::new(&mut self.stream).poll_read(cx, buf);
        let new = buf.filled().get(before..).unwrap_or_default();
        self.received.see(new);
        done
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Traced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(n)) = &done {
            self.sent.see(buf.get(..*n).unwrap_or_default());
        }
        done
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        if let Poll::Ready(Ok(mut left)) = done {
            for buf in bufs {
                let n = left.min(buf.len());
                self.sent.see(buf.get(..n).unwrap_or_default());
                left -= n;
            }
        }
        done
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
