//! Whom to trust: the ways to verify a server's certificate.

use super::fingerprint::Fingerprint;
use std::path::PathBuf;

/// Whom to believe that a server is the one that was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The authorities of the operating system.
    System,
    /// The authorities in a PEM file, no others.
    Authorities(PathBuf),
    /// The one certificate with this SHA-256, whatever it says.
    Pinned(Fingerprint),
    /// Any server.
    Anybody,
}

impl Trust {
    /// True when the server has proved who it is, so that secrets may go to it.
    pub fn is_verified(&self) -> bool {
        *self != Trust::Anybody
    }
}
