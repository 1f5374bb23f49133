//! A scripted server: it reads chains, answers each by its commands, and may be told to change an
//! answer, to damage its bytes at one position, or to fall silent.

use super::recorded_replies::{Book, Chains, Request, request};
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::dss::deframe::{Deframer, Dss};
use drdarrow::wire::dss::header::DssType;
use std::collections::HashMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

/// The damage to one byte of all that the server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    None,
    /// The connection closes before it.
    Cut(usize),
    /// It comes a while later.
    Split(usize),
    /// It is another one.
    Flip(usize, u8),
}

/// The bytes to send for a request.
pub enum Answer {
    Bytes(Vec<u8>),
    /// Nothing, for ever; the connection stays.
    Silence,
    /// The connection closes.
    Close,
    /// After so long.
    Late(Duration, Vec<u8>),
}

/// Changes what the book says to a request: the number of the request from 0, and the answer.
pub type Edit = Box<dyn FnMut(usize, &Request, Vec<u8>) -> Answer + Send>;

/// The state of a server when its client left.
#[derive(Debug, Default, Clone)]
pub struct Log {
    pub requests: Vec<Request>,
    pub received: Vec<u8>,
    pub sent: usize,
    /// Bytes sent when each request came.
    pub at: Vec<usize>,
}

/// Starts a server; gives the client's end.
pub fn start(book: &Book, damage: Damage, edit: Edit) -> (DuplexStream, JoinHandle<Log>) {
    let (client, server) = tokio::io::duplex(1 << 20);
    (client, tokio::spawn(serve(server, Script::new(book.clone()), damage, edit)))
}

/// A server that changes nothing.
pub fn honest(book: &Book) -> (DuplexStream, JoinHandle<Log>) {
    start(book, Damage::None, Box::new(|_, _, bytes| Answer::Bytes(bytes)))
}

/// Chooses answers from a book.
pub struct Script {
    book: Book,
    /// The statement open in each section, and how often it was continued.
    open: HashMap<u16, (String, usize)>,
}

impl Script {
    pub fn new(book: Book) -> Script {
        Script { book, open: HashMap::new() }
    }

    /// The answer; none when there is nothing about such a request in the book.
    pub fn answer(&mut self, request: &Request) -> Option<Vec<u8>> {
        let (heading, n) = if request.has(cp::CNTQRY) || request.has(cp::S38GETM) {
            let (sql, n) = self.open.get_mut(&request.section)?;
            *n += 1;
            (Book::heading(request, Some(sql)), *n - 1)
        } else {
            if let Some(sql) = &request.sql {
                self.open.insert(request.section, (sql.clone(), 0));
            }
            (Book::heading(request, request.sql.as_deref()), 0)
        };
        self.book.reply(&heading, n).cloned()
    }
}

pub async fn serve(mut stream: DuplexStream, mut script: Script, damage: Damage, mut edit: Edit) -> Log {
    let mut log = Log::default();
    let mut chains = Chains::new();
    let mut buf = vec![0; 1 << 14];
    loop {
        let n = stream.read(&mut buf).await.unwrap_or(0);
        if n == 0 {
            return log;
        }
        log.received.extend_from_slice(&buf[..n]);
        for chain in chains.feed(&buf[..n]) {
            let request = request(&chain.frames);
            let Some(reply) = script.answer(&request) else { return log };
            log.requests.push(request);
            log.at.push(log.sent);
            let number = log.requests.len() - 1;
            let mut bytes = match edit(number, &log.requests[number], reply) {
                Answer::Bytes(bytes) => bytes,
                Answer::Late(wait, bytes) => {
                    tokio::time::sleep(wait).await;
                    bytes
                }
                Answer::Close => return log,
                Answer::Silence => {
                    // What the client still says is read, so that it can go on saying it.
                    while let Ok(n @ 1..) = stream.read(&mut buf).await {
                        log.received.extend_from_slice(&buf[..n]);
                        log.requests
                            .extend(chains.feed(&buf[..n]).iter().map(|c| super::recorded_replies::request(&c.frames)));
                    }
                    return log;
                }
            };
            let end = log.sent + bytes.len();
            match damage {
                Damage::Cut(at) if at < end => {
                    let _ = stream.write_all(&bytes[..at - log.sent]).await;
                    return log;
                }
                Damage::Split(at) if (log.sent..end).contains(&at) => {
                    let _ = stream.write_all(&bytes[..at - log.sent]).await;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    let _ = stream.write_all(&bytes[at - log.sent..]).await;
                    log.sent = end;
                    continue;
                }
                Damage::Flip(at, mask) if (log.sent..end).contains(&at) => bytes[at - log.sent] ^= mask,
                _ => {}
            }
            if stream.write_all(&bytes).await.is_err() {
                return log;
            }
            log.sent = end;
        }
    }
}

/// The frames of an answer.
pub fn frames(mut bytes: &[u8]) -> Vec<Dss> {
    let mut deframer = Deframer::new(64 << 20);
    let mut out = Vec::new();
    while let Some(dss) = deframer.feed(&mut bytes).unwrap() {
        out.push(dss);
    }
    assert!(deframer.is_idle(), "an answer that ends within a frame");
    out
}

/// Frames as (kind, correlation id, body), to build an answer of.
pub fn parts(bytes: &[u8]) -> Vec<(DssType, u16, Vec<u8>)> {
    frames(bytes).into_iter().map(|f| (f.header.kind, f.header.id, f.body.to_vec())).collect()
}

/// An answer of these frames, chained.
pub fn build(parts: &[(DssType, u16, Vec<u8>)]) -> Vec<u8> {
    let mut chain = Chain::new();
    for (kind, id, body) in parts {
        chain.frame(*kind, *id, body);
    }
    chain.into_bytes()
}
