//! The state of a login: over which line the peer came, how far it is, what was agreed so far. Each question costs the
//! server something, so there are few of them.

use crate::flow::secmec::agreement::{EncAlg, KeyPair};
use crate::flow::secmec::random::Random;
use crate::flow::secmec::substitute::Seeds;
use crate::net::tls::holder::HolderNames;
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

/// How far a login is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Stage {
    /// Nothing was said yet.
    Start,
    /// EXCSAT was answered.
    Exchanged,
    /// A mechanism is agreed.
    Security,
    /// The requester has proved who it is.
    Proved,
}

/// The state of a login.
pub(in crate::server) struct LoginState {
    pub(in crate::server) line: PeerLine,
    /// The names in the certificate that the peer showed.
    pub(in crate::server) holder: Option<HolderNames>,
    pub(in crate::server) stage: Stage,
    /// Too many proofs of its address wait: this one is not looked at.
    pub(in crate::server) too_many_waiting: bool,
    /// The answer is to take so long.
    pub(in crate::server) pause: Duration,
    /// UTF-8 was agreed and is in force after ACCSECRD.
    pub(super) utf8_next: bool,
    /// The mechanism agreed, its number.
    pub(super) secmec: u16,
    /// The algorithm agreed and the requester's public key.
    pub(super) agreed: Option<(EncAlg, Vec<u8>)>,
    /// Both seeds of a password substitute.
    pub(super) seeds: Option<Seeds>,
    /// The database's name in ACCSEC, as either encoding reads it.
    pub(super) announced: Vec<String>,
    /// The user, once proved.
    pub(super) user: String,
    pub(super) random: Random,
    asked: u8,
    commands: u8,
    keys: Vec<(EncAlg, KeyPair)>,
}

impl LoginState {
    /// Of a new connection, with fresh random bytes for keys and seeds.
    pub(in crate::server) fn new(line: PeerLine, random: Random) -> LoginState {
        LoginState {
            line,
            holder: None,
            stage: Stage::Start,
            too_many_waiting: false,
            pause: Duration::ZERO,
            utf8_next: false,
            secmec: 0,
            agreed: None,
            seeds: None,
            announced: Vec::new(),
            user: String::new(),
            random,
            asked: 0,
            commands: 0,
            keys: Vec::new(),
        }
    }

    /// The user, once proved.
    pub(in crate::server) fn user(&self) -> &str {
        &self.user
    }

    /// True for the database that ACCSEC named, if it named one.
    pub(super) fn is_announced(&self, name: &str) -> bool {
        self.announced.is_empty() || self.announced.iter().any(|known| known == name)
    }

    /// One more ACCSEC. RSCLMTRM, and the end, beyond the last.
    pub(super) fn count_accsec(&mut self) -> Result<()> {
        self.asked += 1;
        self.within(self.asked, ASKED)
    }

    /// One more command of any kind; the same.
    pub(in crate::server) fn count_command(&mut self) -> Result<()> {
        self.commands += 1;
        self.within(self.commands, COMMANDS)
    }

    /// The connection's key pair for an algorithm, made once.
    pub(super) fn key(&mut self, algorithm: EncAlg) -> Result<&KeyPair> {
        let at = match self.keys.iter().position(|(known, _)| *known == algorithm) {
            Some(at) => at,
            None => {
                let key = KeyPair::new(algorithm, self.random.private(algorithm)).map_err(ProtocolError::ours)?;
                self.keys.push((algorithm, key));
                self.keys.len() - 1
            }
        };
        self.keys.get(at).map(|(_, key)| key).ok_or_else(|| ProtocolError::ours("no key"))
    }

    /// The user has proved who it is: keys and seeds have served.
    pub(super) fn prove(&mut self, user: String) {
        self.user = user;
        self.stage = Stage::Proved;
        self.keys = Vec::new();
        self.seeds = None;
        self.agreed = None;
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
