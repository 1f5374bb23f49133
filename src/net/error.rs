//! What can go wrong between us and a server before the meaning of bytes matters.

use crate::flow::error::FlowError;
use std::time::Duration;

/// How far a connection had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Resolving the host's name.
    Dns,
    /// Opening the TCP connection.
    Tcp,
    /// Waiting for the first DRDA reply.
    FirstReply,
    /// Waiting for a later reply.
    Reply,
}

/// A failure of the transport, or a conversation's own error carried through.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The host's name has no address.
    #[error("cannot resolve {host}: {source}")]
    Dns {
        /// The name.
        host: String,
        /// What the resolver said.
        source: std::io::Error,
    },
    /// No address of the host took the connection.
    #[error("cannot connect to {host}:{port}: {source}")]
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What the system said of the last address.
        source: std::io::Error,
    },
    /// The deadline passed.
    #[error("no answer within {:.1} s", after.as_secs_f64())]
    Timeout {
        /// What was being waited for.
        stage: Stage,
        /// The time allowed.
        after: Duration,
    },
    /// The server closed or reset the connection while a reply was due.
    #[error("the server closed the connection{}", source.as_ref().map(|e| format!(": {e}")).unwrap_or_default())]
    Closed {
        /// What was being waited for.
        stage: Stage,
        /// What the system said; none for an orderly close.
        source: Option<std::io::Error>,
    },
    /// What answered does not speak DRDA.
    #[error("{what}")]
    NotDrda {
        /// The protocol recognised, and its first bytes.
        what: String,
    },
    /// The connection was given up earlier.
    #[error("the connection is no longer usable: {0}")]
    Broken(String),
    /// The conversation's own error.
    #[error(transparent)]
    Flow(#[from] FlowError),
}
