//! Sockets: the only room that knows tokio's I/O. It knows bytes and the Flow trait.

pub mod channel;
pub mod error;
mod job;
mod recognise;
pub mod trace;
pub mod transport;
