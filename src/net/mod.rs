//! Sockets: the only module that knows tokio's I/O. It knows bytes and the Flow trait.

mod any_flow;
pub mod any_stream;
pub mod ask;
pub mod channel;
mod correlation;
pub mod counters;
pub mod error;
mod outgoing;
pub mod prefix;
pub mod recognise;
pub mod tls;
pub mod trace;
pub mod transport;
