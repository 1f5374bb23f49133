//! The state of a connection before it has logged in: over which line it came, how often it asked. Each question of
//! a login costs the server something, so there are few of them.

use super::protocol_error::{ProtocolError, Result};
use crate::flow::secmec::agreement::{EncAlg, KeyPair};
use crate::flow::secmec::random::Random;
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
pub(super) struct EntryLine {
    pub(super) peer: SocketAddr,
    /// Nobody but the two ends reads what is sent: TLS, or the loopback.
    pub(super) private: bool,
}

impl EntryLine {
    /// Of a peer, encrypted or not.
    pub(super) fn new(peer: SocketAddr, tls: bool) -> EntryLine {
        EntryLine { peer, private: tls || peer.ip().to_canonical().is_loopback() }
    }
}

/// A connection without a login.
pub(super) struct Entry {
    pub(super) line: EntryLine,
    /// Too many proofs of its address wait: this one is not looked at.
    pub(super) crowded: bool,
    /// The answer is to take so long.
    pub(super) pause: Duration,
    asked: u8,
    commands: u8,
    keys: Vec<(EncAlg, KeyPair)>,
}

impl Entry {
    pub(super) fn new(line: EntryLine) -> Entry {
        Entry { line, crowded: false, pause: Duration::ZERO, asked: 0, commands: 0, keys: Vec::new() }
    }

    /// One more ACCSEC. RSCLMTRM, and the end, beyond the last.
    pub(super) fn asks(&mut self) -> Result<()> {
        self.asked += 1;
        self.within(self.asked, ASKED)
    }

    /// One more command of any kind; the same.
    pub(super) fn commands(&mut self) -> Result<()> {
        self.commands += 1;
        self.within(self.commands, COMMANDS)
    }

    /// The connection's key pair for an algorithm, made once.
    pub(super) fn key(&mut self, algorithm: EncAlg, random: &Random) -> Result<&KeyPair> {
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
