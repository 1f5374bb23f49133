//! Sockets: the only module that knows tokio's I/O. It knows bytes and the Flow trait.

pub mod ask;
pub mod certificate;
pub mod channel;
mod correlation;
pub mod error;
pub mod fingerprint;
mod job;
pub mod opening;
mod outgoing;
pub mod pem;
pub mod recognise;
pub mod tls;
pub mod trace;
pub mod transport;
pub mod trust;
mod verify;
