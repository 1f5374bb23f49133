//! A proxy for one connection. It stores every exchange, and measures how long a query had no
//! request under way: the time that the client kept the server idle.

use super::Result;
use super::frames::{Request, Scanner};
use super::tape::{self, Exchange};
use drdarrow::wire::ddm::codepoint as cp;
use std::io::{Error, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const BUFFER: usize = 256 * 1024;

/// One exchange, as it was seen.
struct Seen {
    exchange: Exchange,
    asked: Instant,
    answered: Option<Instant>,
}

/// Exchanges in order; replies come in the order of the requests.
#[derive(Default)]
pub(crate) struct Log {
    seen: Vec<Seen>,
    answered: usize,
}

pub(crate) fn run(listen: &str, target: &str, path: Option<&Path>) -> Result<()> {
    let listener = TcpListener::bind(listen)?;
    println!("{{\"port\": {}}}", listener.local_addr()?.port());
    let log = proxy(&listener, target, path.is_some())?;
    report(&log)?;
    if let Some(path) = path {
        tape::save(path, &log.exchanges())?;
    }
    Ok(())
}

/// Passes one connection on to the target until both have ended. The replies are kept if so told.
pub(crate) fn proxy(listener: &TcpListener, target: &str, keep: bool) -> Result<Log> {
    let (client, _) = listener.accept()?;
    let server = TcpStream::connect(target)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let log = Mutex::new(Log::default());
    std::thread::scope(|scope| {
        let up = scope
            .spawn(|| pump(&client, &server, |chain| log.lock().unwrap_or_else(PoisonError::into_inner).ask(chain)));
        let down = scope.spawn(|| {
            pump(&server, &client, |chain| {
                log.lock().unwrap_or_else(PoisonError::into_inner).answer(if keep { chain } else { Vec::new() });
            })
        });
        for side in [up, down] {
            if let Ok(Err(e)) = side.join() {
                eprintln!("record: {e}");
            }
        }
    });
    Ok(log.into_inner().unwrap_or_else(PoisonError::into_inner))
}

impl Log {
    /// The bytes that were said.
    pub(crate) fn exchanges(self) -> Vec<Exchange> {
        self.seen.into_iter().map(|s| s.exchange).collect()
    }

    fn ask(&mut self, chain: Vec<u8>) {
        let exchange = Exchange { request: chain, reply: Vec::new() };
        self.seen.push(Seen { exchange, asked: Instant::now(), answered: None });
    }

    fn answer(&mut self, chain: Vec<u8>) {
        if let Some(seen) = self.seen.get_mut(self.answered) {
            seen.exchange.reply = chain;
            seen.answered = Some(Instant::now());
        }
        self.answered += 1;
    }
}

/// Copies one direction until its end, which the other side is told in any case. One that has hung up is no failure: a
/// client for files leaves without the reply to its last close.
fn pump(from: &TcpStream, to: &TcpStream, chain: impl FnMut(Vec<u8>)) -> Result<()> {
    let passed = pass(from, to, chain);
    let told = to.shutdown(Shutdown::Write);
    match passed.and_then(|()| Ok(told?)) {
        Err(e) if e.downcast_ref().is_some_and(hung_up) => Ok(()),
        done => done,
    }
}

fn hung_up(e: &Error) -> bool {
    matches!(e.kind(), ErrorKind::NotConnected | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

/// Copies one direction and hands on each chain when it is complete.
fn pass(mut from: &TcpStream, mut to: &TcpStream, mut chain: impl FnMut(Vec<u8>)) -> Result<()> {
    let mut buf = vec![0; BUFFER];
    let mut scanner = Scanner::default();
    let mut collected = Vec::new();
    loop {
        let n = from.read(&mut buf)?;
        let mut input = buf.get(..n).unwrap_or_default();
        if input.is_empty() {
            return Ok(());
        }
        // Noted before it is passed on: the other side cannot answer what was not noted yet.
        let all = input;
        while !input.is_empty() {
            let before = input;
            let ended = scanner.feed(&mut input)?;
            collected.extend_from_slice(before.get(..before.len() - input.len()).unwrap_or_default());
            if ended {
                chain(std::mem::take(&mut collected));
            }
        }
        to.write_all(all)?;
    }
}

/// One query from its first request to its last reply.
struct Query {
    from: Instant,
    to: Instant,
    /// While no request was under way.
    idle: Duration,
    requests: usize,
    /// The block size asked for.
    block: u32,
}

/// Says of the longest query how much of its time no request was under way, and its block size. Without a query it
/// says how many requests there were.
fn report(log: &Log) -> Result<()> {
    let mut queries: Vec<Query> = Vec::new();
    for seen in &log.seen {
        let (request, Some(to)) = (Request::read(&seen.exchange.request)?, seen.answered) else { continue };
        if request.opens() {
            queries.push(Query { from: seen.asked, to, idle: Duration::ZERO, requests: 1, block: request.block });
        } else if matches!(request.commands.first(), Some(&(cp::CNTQRY | cp::S38GETM)))
            && let Some(query) = queries.last_mut()
        {
            query.idle += seen.asked.saturating_duration_since(query.to);
            query.to = to;
            query.requests += 1;
        }
    }
    let Some(query) = queries.iter().max_by_key(|q| q.to - q.from) else {
        println!("{{\"requests\": {}}}", log.seen.len());
        return Ok(());
    };
    let (all, idle) = ((query.to - query.from).as_secs_f64(), query.idle.as_secs_f64());
    println!(
        "{{\"requests\": {}, \"block\": {}, \"seconds\": {all:.6}, \"idle\": {idle:.6}, \"idle_share\": {:.5}}}",
        query.requests,
        query.block,
        idle / all
    );
    Ok(())
}
