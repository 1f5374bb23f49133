//! A server that answers from a recording, as fast as the socket takes it, by the meaning of a
//! request and not by its place: the same command gets the same reply, an open the recorded open
//! of its statement, and each CNTQRY the next block of its own cursor. So requests sent ahead, or
//! in another order, get what the real server would have sent.

use super::Result;
use super::frames::{Request, Scanner};
use super::tape::{self, Exchange};
use drdarrow::wire::ddm::codepoint as cp;
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

/// A recorded query.
struct Query {
    sql: Vec<u8>,
    open: Vec<u8>,
    blocks: Vec<Vec<u8>>,
}

/// Commands and statement text: what makes two requests the same.
type Key = (Vec<u16>, Option<Vec<u8>>);

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
        let requests = tape::requests(&exchanges)?;
        for (request, exchange) in requests.into_iter().zip(exchanges) {
            if request.opens() {
                let sql = statement(&request, &prepared);
                open.insert(request.cursor, answers.queries.len());
                answers.queries.push(Query { sql, open: exchange.reply, blocks: Vec::new() });
            } else if let (true, Some(query)) = (request.fetches(), open.get(&request.cursor)) {
                if let Some(query) = answers.queries.get_mut(*query) {
                    query.blocks.push(exchange.reply);
                }
            } else {
                note(&request, &mut prepared);
                answers.others.entry((request.commands, request.sql)).or_default().push(exchange.reply);
            }
        }
        Ok(answers)
    }
}

/// The statement that an open runs: sent along, or prepared in its section before.
fn statement(request: &Request, prepared: &HashMap<Vec<u8>, Vec<u8>>) -> Vec<u8> {
    request.sql.clone().or_else(|| prepared.get(&request.cursor).cloned()).unwrap_or_default()
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
    let mut prepared = HashMap::new();
    let mut cursors: HashMap<Vec<u8>, (&Query, usize)> = HashMap::new();
    let mut served: HashMap<Key, usize> = HashMap::new();
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
            let request = Request::read(&std::mem::take(&mut chain))?;
            if request.opens() {
                let sql = statement(&request, &prepared);
                let query = answers.queries.iter().find(|q| q.sql == sql).ok_or("the recording has no such query")?;
                client.write_all(&query.open)?;
                cursors.insert(request.cursor, (query, 0));
            } else if let (true, Some((query, next))) = (request.fetches(), cursors.get_mut(&request.cursor)) {
                client.write_all(query.blocks.get(*next).map_or(&NO_MORE, Vec::as_slice))?;
                *next += 1;
            } else {
                note(&request, &mut prepared);
                // IBM's CLI driver waits for it.
                let hangs_up = request.commands.contains(&cp::DISCONNECT);
                let key = (request.commands, request.sql);
                let Some(replies) = answers.others.get(&key) else {
                    return Err(format!("the recording has no answer to {:04X?}", key.0).into());
                };
                let turn = served.entry(key).or_default();
                client.write_all(replies.get(*turn).or(replies.last()).map_or(&[][..], Vec::as_slice))?;
                *turn += 1;
                if hangs_up {
                    return Ok(());
                }
            }
        }
    }
}
