//! The bare socket: sends the recorded requests one by one and throws the replies away. Against
//! the real server it finds the server's own speed, against `replay` the ceiling of the socket.

use super::Result;
use super::frames::{Request, Scanner};
use super::tape;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Instant;

pub(crate) fn run(target: &str, path: &Path) -> Result<()> {
    let exchanges = tape::load(path)?;
    let mut server = TcpStream::connect(target)?;
    server.set_nodelay(true)?;
    let mut buf = vec![0; 1 << 20];
    let mut scanner = Scanner::default();
    // The last query counts; those before it warmed the recorded client up.
    let (mut start, mut end, mut bytes) = (Instant::now(), Instant::now(), 0);
    for exchange in &exchanges {
        let request = Request::read(&exchange.request)?;
        if request.opens() {
            (start, bytes) = (Instant::now(), 0);
        }
        server.write_all(&exchange.request)?;
        loop {
            let n = server.read(&mut buf)?;
            let mut input = buf.get(..n).unwrap_or_default();
            if input.is_empty() {
                return Err("the server closed the connection".into());
            }
            bytes += n;
            if scanner.feed(&mut input)? {
                break;
            }
        }
        if request.opens() || request.fetches() {
            end = Instant::now();
        }
    }
    println!("{{\"seconds\": {:.6}, \"bytes\": {bytes}}}", (end - start).as_secs_f64());
    Ok(())
}
