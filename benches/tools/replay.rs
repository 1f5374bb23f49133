//! A server that answers from a recording, as fast as the socket takes it, by the meaning of each
//! command and not by its place: the same command gets the same reply, an open or an execution the
//! recorded one of its statement, and each CNTQRY, or S38GETM of a file, the next block of its own cursor. So requests sent ahead, or
//! in another order, get what the real server would have sent.

use super::Result;
use super::frames::{Request, Scanner, frames};
use super::tape::{self, Exchange};
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

/// A QRYDTA that holds nothing but the end of the rows, recorded from Derby: an SQLCA of level 7 of
/// SQLAM with code 100, and X'FF' for no row.
#[rustfmt::skip]
const NO_MORE: [u8; 72] = [
    0, 0x48, 0xD0, 0x03, 0, 1, 0, 0x42, 0x24, 0x1B, 0,
    0, 0, 0, 100, b'0', b'2', b'0', b'0', b'0', b'C', b'S', b'S', b'1', b'0', b'1', b'4', b'0', 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    b' ', b' ', b' ', b' ', b' ', b' ', b' ', b' ', b' ', b' ', b' ', 0, 0, 0, 0, 0, 0, 0xFF, 0xFF,
];

/// Where the format of a frame stands, in front of the id, and its bits for "another frame follows"
/// and "with the same id".
const FORMAT: usize = 3;
const CHAINED: u8 = 0x40;
const SAME_ID: u8 = 0x10;

/// A recorded query.
struct Query {
    sql: Vec<u8>,
    open: Vec<u8>,
    /// The replies to its CNTQRYs, one after the other.
    blocks: Vec<u8>,
    /// Where each block starts.
    places: Vec<usize>,
    /// The most blocks in a reply.
    most: usize,
}

impl Query {
    /// Adds a recorded reply.
    fn push(&mut self, reply: &[u8]) {
        let before = self.places.len();
        for frame in frames(reply) {
            // What is no block follows one.
            if frame.object == cp::QRYDTA || self.places.len() == before {
                self.places.push(self.blocks.len() + frame.start);
            }
        }
        self.blocks.extend_from_slice(reply);
        self.most = self.most.max(self.places.len() - before);
    }

    /// The next block and as many more as are wanted: a client may ask for more or fewer at a time
    /// than when it was recorded.
    fn reply(&self, next: &mut usize, extra: i16) -> &[u8] {
        let count = usize::try_from(extra).map_or(self.most, |extra| (extra + 1).min(self.most));
        let start = self.places.get(*next).copied();
        *next = (*next + count).min(self.places.len());
        let end = self.places.get(*next).copied().unwrap_or(self.blocks.len());
        start.and_then(|start| self.blocks.get(start..end)).unwrap_or(&NO_MORE)
    }
}

/// Command and statement text: what makes two requests the same.
type Key = (Vec<CodePoint>, Option<Vec<u8>>);

/// The recording, sorted by what asks for it.
#[derive(Default)]
struct Answers {
    queries: Vec<Query>,
    others: HashMap<Key, Vec<Vec<u8>>>,
}

pub(crate) fn run(listen: &str, path: &Path) -> Result<()> {
    let listener = TcpListener::bind(listen)?;
    let exchanges = tape::load(path)?;
    println!("{{\"port\": {}}}", listener.local_addr()?.port());
    answer(&listener, exchanges)
}

/// Answers every connection from the recording.
pub(crate) fn answer(listener: &TcpListener, exchanges: Vec<Exchange>) -> Result<()> {
    let answers = Arc::new(Answers::new(exchanges)?);
    for client in listener.incoming() {
        let (client, answers) = (client?, answers.clone());
        std::thread::spawn(move || {
            if let Err(e) = serve(client, &answers) {
                eprintln!("replay: {e}");
            }
        });
    }
    Ok(())
}

impl Answers {
    fn new(exchanges: Vec<Exchange>) -> Result<Answers> {
        let mut answers = Answers::default();
        let mut prepared = HashMap::new();
        let mut open: HashMap<Vec<u8>, usize> = HashMap::new();
        for exchange in exchanges {
            let frames = frames(&exchange.reply);
            let requests = Request::split(&exchange.request)?;
            let alone = requests.len() == 1;
            for (id, request) in requests {
                let own = frames.iter().filter(|f| alone || f.id == id);
                let reply: Vec<u8> =
                    own.flat_map(|f| exchange.reply.get(f.start..f.end).unwrap_or_default()).copied().collect();
                if request.opens() {
                    let sql = statement(&request, &prepared);
                    open.insert(request.cursor, answers.queries.len());
                    answers.queries.push(Query { sql, open: reply, blocks: Vec::new(), places: Vec::new(), most: 1 });
                } else if let (true, Some(query)) = (request.fetches(), open.get(&request.cursor)) {
                    if let Some(query) = answers.queries.get_mut(*query) {
                        query.push(&reply);
                    }
                } else {
                    note(&request, &mut prepared);
                    answers.others.entry(key(request, &prepared)).or_default().push(reply);
                }
            }
        }
        Ok(answers)
    }
}

/// The statement that an open runs: sent along, or prepared in its section before.
fn statement(request: &Request, prepared: &HashMap<Vec<u8>, Vec<u8>>) -> Vec<u8> {
    request.sql.clone().or_else(|| prepared.get(&request.cursor).cloned()).unwrap_or_default()
}

/// An execution is that of the statement in its section: others may come before it, or not. (Measured: IBM's CLI driver
/// calls a procedure when it meets a server for the first time.)
fn key(request: Request, prepared: &HashMap<Vec<u8>, Vec<u8>>) -> Key {
    let executes = request.commands == [cp::EXCSQLSTT];
    let sql = if executes { Some(statement(&request, prepared)) } else { request.sql };
    (request.commands, sql)
}

fn note(request: &Request, prepared: &mut HashMap<Vec<u8>, Vec<u8>>) {
    if let Some(sql) = &request.sql {
        prepared.insert(request.cursor.clone(), sql.clone());
    }
}

fn serve(mut client: TcpStream, answers: &Answers) -> Result<()> {
    client.set_nodelay(true)?;
    let mut buf = vec![0; 64 * 1024];
    let mut scanner = Scanner::default();
    let mut chain = Vec::new();
    let mut talk = Talk::default();
    loop {
        let n = client.read(&mut buf)?;
        let mut input = buf.get(..n).unwrap_or_default();
        if input.is_empty() {
            return Ok(());
        }
        while !input.is_empty() {
            let before = input;
            let ended = scanner.feed(&mut input)?;
            chain.extend_from_slice(before.get(..before.len() - input.len()).unwrap_or_default());
            if !ended {
                continue;
            }
            let requests = Request::split(&std::mem::take(&mut chain))?;
            // IBM's CLI driver waits for it.
            let hangs_up = requests.iter().any(|(_, r)| r.commands == [cp::DISCONNECT]);
            let mut replies = Vec::with_capacity(requests.len());
            for (id, request) in requests {
                replies.push((id, talk.reply(request, answers)?));
            }
            client.write_all(&linked(&replies))?;
            if hangs_up {
                return Ok(());
            }
        }
    }
}

/// How far one connection is.
#[derive(Default)]
struct Talk<'a> {
    prepared: HashMap<Vec<u8>, Vec<u8>>,
    cursors: HashMap<Vec<u8>, (&'a Query, usize)>,
    served: HashMap<Key, usize>,
}

impl<'a> Talk<'a> {
    fn reply(&mut self, request: Request, answers: &'a Answers) -> Result<&'a [u8]> {
        if request.opens() {
            let sql = statement(&request, &self.prepared);
            let query = answers.queries.iter().find(|q| q.sql == sql).ok_or("the recording has no such query")?;
            self.cursors.insert(request.cursor, (query, 0));
            return Ok(&query.open);
        }
        if let (true, Some((query, next))) = (request.fetches(), self.cursors.get_mut(&request.cursor)) {
            return Ok(query.reply(next, request.extra));
        }
        note(&request, &mut self.prepared);
        let key = key(request, &self.prepared);
        let Some(replies) = answers.others.get(&key) else {
            // No answer is needed where the recording has none either.
            let known = key.0 == [cp::DISCONNECT];
            return if known { Ok(&[]) } else { Err(format!("the recording has no answer to {:04X?}", key.0).into()) };
        };
        let turn = self.served.entry(key).or_default();
        let reply = replies.get(*turn).or(replies.last()).map_or(&[][..], Vec::as_slice);
        *turn += 1;
        Ok(reply)
    }
}

/// One chain of the replies to a chain of commands. A client may chain its commands in another way
/// than when it was recorded. (Measured: IBM's CLI driver, once it knows the server.)
fn linked<'a>(replies: &[(u16, &'a [u8])]) -> Cow<'a, [u8]> {
    let mut out = match replies {
        [(_, only)] => Cow::Borrowed(*only),
        _ => Cow::Owned(replies.iter().flat_map(|(_, reply)| *reply).copied().collect()),
    };
    let ids = replies.iter().flat_map(|(id, reply)| frames(reply).into_iter().map(|_| *id)).collect::<Vec<_>>();
    for (n, frame) in frames(&out).into_iter().enumerate() {
        let Some(id) = ids.get(n) else { break };
        let [high, low] = id.to_be_bytes();
        let follows = match ids.get(n + 1) {
            None => 0,
            Some(next) if next == id => CHAINED | SAME_ID,
            Some(_) => CHAINED,
        };
        let place = frame.start + FORMAT..frame.start + FORMAT + 3;
        let Some(&[format, old_high, old_low]) = out.get(place.clone()) else { break };
        let header = [format & !(CHAINED | SAME_ID) | follows, high, low];
        if header != [format, old_high, old_low]
            && let Some(slot) = out.to_mut().get_mut(place)
        {
            slot.copy_from_slice(&header);
        }
    }
    out
}
