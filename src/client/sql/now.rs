//! The end that a connection has at the moment: which server, at which address, under which protection. Another login
//! may change it.

use crate::flow::sql::session::Session;
use crate::net::tls::Secured;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// The other end at the moment.
#[derive(Debug)]
pub(super) struct Now {
    /// As it describes itself.
    pub session: Arc<Session>,
    pub tls: Option<Secured>,
    /// Host and port.
    pub address: (String, u16),
}

impl Now {
    /// Another one.
    pub(super) fn arrived(&mut self, session: Arc<Session>, tls: Option<Secured>, address: (String, u16)) {
        *self = Now { session, tls, address };
    }
}

/// The host and port, as errors name them.
#[derive(Debug)]
pub(super) struct Peer(RwLock<String>);

impl Peer {
    pub(super) fn new(peer: String) -> Peer {
        Peer(RwLock::new(peer))
    }

    /// Another one.
    pub(super) fn set(&self, peer: String) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = peer;
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
