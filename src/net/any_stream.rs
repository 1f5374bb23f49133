//! One type for streams of any kind: what is done over a stream is compiled once, however it came about.

use tokio::io::{AsyncRead, AsyncWrite};

/// A stream that bytes go over in both directions.
pub trait AnyStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> AnyStream for S {}

/// One of whatever kind.
pub type BoxedStream = Box<dyn AnyStream>;
