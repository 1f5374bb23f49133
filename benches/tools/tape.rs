//! A recorded conversation: exchanges in order. In the file each half is `C` or `S`, the number of
//! the exchange and the length of the bytes (four bytes each, big-endian), then the bytes.

use super::Result;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

/// One chain of requests with the whole reply to it.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    pub(crate) request: Vec<u8>,
    pub(crate) reply: Vec<u8>,
}

pub(crate) fn save(path: &Path, exchanges: &[Exchange]) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for (n, exchange) in (0u32..).zip(exchanges) {
        for (side, bytes) in [(b'C', &exchange.request), (b'S', &exchange.reply)] {
            out.write_all(&[side])?;
            out.write_all(&n.to_be_bytes())?;
            out.write_all(&u32::try_from(bytes.len())?.to_be_bytes())?;
            out.write_all(bytes)?;
        }
    }
    Ok(out.flush()?)
}

pub(crate) fn load(path: &Path) -> Result<Vec<Exchange>> {
    let mut file = BufReader::new(File::open(path)?);
    let mut exchanges: Vec<Exchange> = Vec::new();
    let mut head = [0; 9];
    while file.read_exact(&mut head[..1]).is_ok() {
        file.read_exact(&mut head[1..])?;
        let [side, _, _, _, _, a, b, c, d] = head;
        let mut bytes = vec![0; u32::from_be_bytes([a, b, c, d]) as usize];
        file.read_exact(&mut bytes)?;
        match (side, exchanges.last_mut()) {
            (b'C', _) => exchanges.push(Exchange { request: bytes, reply: Vec::new() }),
            (b'S', Some(last)) => last.reply = bytes,
            _ => return Err(format!("{}: not a recording", path.display()).into()),
        }
    }
    Ok(exchanges)
}
