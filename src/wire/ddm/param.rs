//! Writing and reading single parameters: text, names, numbers. Parameters come in any order and
//! a receiver steps over those that it does not know. (DDM: parameter lists are unordered.)

use super::codepoint::{self, CodePoint};
use super::error::{MessageError, Result};
use super::object::{self, put_bytes};
use super::text::DdmText;
use crate::wire::codec::error::{What, WireError};
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use zeroize::Zeroizing;

/// Shortest RDBNAM on the wire; a shorter name is padded with blanks.
pub const RDBNAM_WIDTH: usize = 18;
/// Longest RDBNAM that any server takes (Derby, from 10.11).
pub const RDBNAM_MAX: usize = 1024;

/// Writes a whole message: LL, code point, and what `body` writes.
pub fn message<E>(
    cp: CodePoint,
    body: impl FnOnce(&mut Writer) -> std::result::Result<(), E>,
) -> std::result::Result<Vec<u8>, E> {
    let mut w = Writer::new();
    let mut done = Ok(());
    object::put(&mut w, cp, |w| done = body(w));
    done.map(|()| w.into_vec())
}

/// The same for a message with secrets: it has `room` bytes at most, so that nothing is left where it had to grow.
pub fn secret_message<E>(
    cp: CodePoint,
    room: usize,
    body: impl FnOnce(&mut Writer) -> std::result::Result<(), E>,
) -> std::result::Result<Zeroizing<Vec<u8>>, E> {
    let mut w = Writer::with_capacity(room);
    let mut done = Ok(());
    object::put(&mut w, cp, |w| done = body(w));
    let out = Zeroizing::new(w.into_vec());
    done.map(|()| out)
}

/// Writes text as it is.
pub fn put_text(w: &mut Writer, cp: CodePoint, parameter: &'static str, text: DdmText, value: &str) -> Result<()> {
    let bytes = text.encode(value).map_err(|source| MessageError::Ccsid { parameter, source })?;
    put_bytes(w, cp, &bytes);
    Ok(())
}

/// Writes text that may be absent.
pub fn put_optional(
    w: &mut Writer,
    cp: CodePoint,
    parameter: &'static str,
    text: DdmText,
    value: Option<&str>,
) -> Result<()> {
    value.map_or(Ok(()), |value| put_text(w, cp, parameter, text, value))
}

/// Writes a name of a database: padded to 18 when shorter, exact when longer.
pub fn put_rdbnam(w: &mut Writer, cp: CodePoint, text: DdmText, name: &str) -> Result<()> {
    let bytes =
        text.encode_padded(name, RDBNAM_WIDTH).map_err(|source| MessageError::Ccsid { parameter: "RDBNAM", source })?;
    if bytes.len() > RDBNAM_MAX {
        return Err(WireError::TooLong { what: codepoint::RDBNAM.into(), len: bytes.len(), max: RDBNAM_MAX }.into());
    }
    put_bytes(w, cp, &bytes);
    Ok(())
}

/// Reads text; blanks that only pad it are taken off.
pub fn padded_text(text: DdmText, data: &[u8]) -> String {
    let mut out = text.decode(data);
    out.truncate(out.trim_end_matches(' ').len());
    out
}

/// Reads a one-byte number that fills its parameter.
pub fn read_u8(what: impl Into<What>, data: &[u8]) -> Result<u8> {
    let mut r = Reader::new(data, what);
    let v = r.u8()?;
    r.end()?;
    Ok(v)
}

/// Reads a list of two-byte numbers that fills its parameter.
pub fn read_u16s(what: impl Into<What>, data: &[u8], out: &mut Vec<u16>) -> Result<()> {
    let mut r = Reader::new(data, what);
    while !r.is_empty() {
        out.push(r.u16()?);
    }
    Ok(())
}

/// Writes a list of two-byte numbers as one parameter; an empty list is not written.
pub fn put_u16s(w: &mut Writer, cp: CodePoint, values: &[u16]) {
    if !values.is_empty() {
        object::put(w, cp, |w| values.iter().for_each(|value| w.u16(*value)));
    }
}

/// Reads a list of managers with their levels (MGRLVLLS).
pub fn read_levels(data: &[u8], out: &mut Vec<(CodePoint, u16)>) -> Result<()> {
    let mut r = Reader::new(data, codepoint::MGRLVLLS);
    while !r.is_empty() {
        out.push((CodePoint::new(r.u16()?), r.u16()?));
    }
    Ok(())
}

/// Writes a list of managers with their levels (MGRLVLLS).
pub fn put_levels(w: &mut Writer, cp: CodePoint, levels: &[(CodePoint, u16)]) {
    object::put(w, cp, |w| {
        for (manager, level) in levels {
            w.u16(manager.number());
            w.u16(*level);
        }
    });
}

/// The bytes of a line of hex.
#[cfg(test)]
pub(crate) fn hex(line: &str) -> Vec<u8> {
    let digits: Vec<u8> = line.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
}

/// Runs `decode` over every cut of a message's data. A cut inside a parameter has to be an error
/// (a cut between parameters may be a shorter message); none may panic.
#[cfg(test)]
pub(crate) fn every_cut<T>(data: &[u8], decode: impl Fn(&[u8]) -> Result<T>) {
    let mut ends = vec![0];
    for param in object::params(data) {
        ends.push(ends.last().unwrap() + 4 + param.unwrap().1.len());
    }
    for cut in 0..data.len() {
        let got = decode(&data[..cut]);
        assert!(got.is_err() || ends.contains(&cut), "cut at {cut} was accepted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_names_are_padded_never_cut() {
        let wire = |text, name| {
            let mut w = Writer::new();
            put_rdbnam(&mut w, super::super::codepoint::RDBNAM, text, name).map(|()| w.into_vec())
        };
        assert_eq!(wire(DdmText::Ebcdic, "TESTDB").unwrap(), hex("0016 2110 e3c5e2e3c4c2404040404040404040404040"));
        let long = "memory:u;create=true";
        assert_eq!(wire(DdmText::Utf8, long).unwrap(), hex("0018 2110 6d656d6f72793a753b6372656174653d74727565"));
        assert_eq!(padded_text(DdmText::Ebcdic, &hex("e3c5e2e3c4c2404040404040404040404040")), "TESTDB");
        assert!(matches!(wire(DdmText::Ebcdic, "日本"), Err(MessageError::Ccsid { parameter: "RDBNAM", .. })));
        assert!(matches!(wire(DdmText::Utf8, &"x".repeat(1025)), Err(MessageError::Wire(WireError::TooLong { .. }))));
    }

    #[test]
    fn numbers_must_fill_their_parameter() {
        assert_eq!(read_u8(codepoint::SECCHKCD, &[0x0F]), Ok(0x0F));
        assert!(read_u8(codepoint::SECCHKCD, &[]).is_err());
        assert!(read_u8(codepoint::SECCHKCD, &[0, 0]).is_err());
        assert!(read_u16s(codepoint::SECMEC, &[0, 3, 0], &mut Vec::new()).is_err());
        assert!(read_levels(&[0x24, 0x07, 0], &mut Vec::new()).is_err());
    }
}
