//! The state of a connection before it has logged in: over which line it came, how often it asked. Each question of
//! a login costs the server something, so there are few of them.

use crate::flow::secmec::agreement::{EncAlg, KeyPair};
use crate::flow::secmec::random::Random;
use crate::server::protocol_error::{ProtocolError, Result};
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::reply::Reply;
use std::net::SocketAddr;
use std::time::Duration;

/// ACCSECs of a connection: a requester asks for its mechanism, and then for those of the list.
const ASKED: u8 = 4;
/// Commands before a login. Six are enough for every client that is known.
const COMMANDS: u8 = 16;
/// Before the end of a connection that asks for more.
const PAUSE: Duration = Duration::from_secs(1);

/// How a peer is connected.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct PeerLine {
    pub(in crate::server) peer: SocketAddr,
    /// Nobody but the two ends reads what is sent: TLS, or the loopback.
    pub(in crate::server) private: bool,
}

impl PeerLine {
    /// Of a peer, encrypted or not.
    pub(in crate::server) fn new(peer: SocketAddr, tls: bool) -> PeerLine {
        PeerLine { peer, private: tls || peer.ip().to_canonical().is_loopback() }
    }
}

/// A connection without a login.
pub(in crate::server) struct Entry {
    pub(in crate::server) line: PeerLine,
    /// Too many proofs of its address wait: this one is not looked at.
    pub(in crate::server) too_many_waiting: bool,
    /// The answer is to take so long.
    pub(in crate::server) pause: Duration,
    asked: u8,
    commands: u8,
    keys: Vec<(EncAlg, KeyPair)>,
}

impl Entry {
    pub(in crate::server) fn new(line: PeerLine) -> Entry {
        Entry { line, too_many_waiting: false, pause: Duration::ZERO, asked: 0, commands: 0, keys: Vec::new() }
    }

    /// One more ACCSEC. RSCLMTRM, and the end, beyond the last.
    pub(in crate::server) fn asks(&mut self) -> Result<()> {
        self.asked += 1;
        self.within(self.asked, ASKED)
    }

    /// One more command of any kind; the same.
    pub(in crate::server) fn commands(&mut self) -> Result<()> {
        self.commands += 1;
        self.within(self.commands, COMMANDS)
    }

    /// The connection's key pair for an algorithm, made once.
    pub(in crate::server) fn key(&mut self, algorithm: EncAlg, random: &Random) -> Result<&KeyPair> {
        let at = match self.keys.iter().position(|(known, _)| *known == algorithm) {
            Some(at) => at,
            None => {
                let key = KeyPair::new(algorithm, random.private(algorithm)).map_err(ProtocolError::ours)?;
                self.keys.push((algorithm, key));
                self.keys.len() - 1
            }
        };
        self.keys.get(at).map(|(_, key)| key).ok_or_else(|| ProtocolError::ours("no key"))
    }

    /// Whoever asks for more than anybody needs is told so late: it would come again at once.
    fn within(&mut self, count: u8, most: u8) -> Result<()> {
        if count <= most {
            return Ok(());
        }
        self.pause = PAUSE;
        Err(ProtocolError { close: true, ..ProtocolError::reply(Reply { svrcod: 16, ..Reply::new(cp::RSCLMTRM) }) })
    }
}
