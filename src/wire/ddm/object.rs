//! The DDM object: LL, code point, data. An LL with its high bit set has an extended length
//! after the code point; LL X'8004' runs to the end of its frame. (DDM: DDMOBJ; LL of X'8008'
//! carries four length bytes that count the data only.)

use super::codepoint::CodePoint;
use crate::wire::codec::error::{Result, What, WireError};
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use bytes::Bytes;

/// Longest object with a plain LL.
const PLAIN: usize = 0x7FFF;
/// LL and code point.
const HEAD: usize = 4;

/// One object of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Code point.
    pub cp: CodePoint,
    /// Data after LL and code point.
    pub body: Bytes,
}

/// Splits a frame's body into its objects, sharing the buffer.
pub fn objects(body: &Bytes) -> Objects {
    Objects { body: body.clone(), pos: 0 }
}

/// Iterator over the objects of a frame.
#[derive(Debug)]
pub struct Objects {
    body: Bytes,
    pos: usize,
}

impl Iterator for Objects {
    type Item = Result<Object>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.body.get(self.pos..).unwrap_or_default();
        if rest.is_empty() {
            return None;
        }
        let mut r = Reader::new(rest, What::DdmObject);
        match head(&mut r).and_then(|(cp, len)| r.bytes(len).map(|_| (cp, len))) {
            Ok((cp, len)) => {
                let start = self.pos + r.pos() - len;
                self.pos += r.pos();
                Some(Ok(Object { cp, body: self.body.slice(start..start + len) }))
            }
            Err(e) => {
                self.pos = self.body.len();
                Some(Err(e))
            }
        }
    }
}

/// The code point that a frame's body begins with.
pub fn first(body: &[u8]) -> CodePoint {
    CodePoint::new(body.get(2..4).and_then(|b| b.try_into().ok()).map_or(0, u16::from_be_bytes))
}

/// Iterates over the parameters inside an object's data: (code point, data).
pub fn params(data: &[u8]) -> Params<'_> {
    Params(Reader::new(data, "DDM parameter"))
}

/// Iterator over parameters.
#[derive(Debug)]
pub struct Params<'a>(Reader<'a>);

impl<'a> Iterator for Params<'a> {
    type Item = Result<(CodePoint, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let out = head(&mut self.0).and_then(|(cp, len)| Ok((cp, self.0.bytes(len)?)));
        if out.is_err() {
            self.0.rest();
        }
        Some(out)
    }
}

/// Reads LL, code point and extended length; gives the code point and the length of the data.
fn head(r: &mut Reader<'_>) -> Result<(CodePoint, usize)> {
    let at = r.pos();
    let ll = usize::from(r.u16()?);
    let cp = CodePoint::new(r.u16()?);
    let len = if ll & 0x8000 == 0 {
        ll.checked_sub(4)
            .ok_or_else(|| WireError::invalid(What::DdmObject, at, format!("length {ll} is less than 4")))?
    } else {
        match ll & 0x7FFF {
            4 => r.left(),
            n @ (8 | 10 | 12) => {
                let mut len = 0u64;
                for byte in r.bytes(n - 4)? {
                    len = len << 8 | u64::from(*byte);
                }
                usize::try_from(len).map_err(|_| WireError::TooLong {
                    what: What::DdmObject,
                    len: usize::MAX,
                    max: usize::MAX,
                })?
            }
            n => return Err(WireError::invalid(What::DdmObject, at, format!("extended length of {n} bytes"))),
        }
    };
    Ok((cp, len))
}

/// Writes an object: LL and code point, then what `body` writes, extended when it is long.
pub fn put(w: &mut Writer, cp: CodePoint, body: impl FnOnce(&mut Writer)) {
    let start = w.len();
    w.u16(0);
    w.u16(cp.number());
    body(w);
    let len = w.len() - start;
    if len <= PLAIN {
        w.patch16(start, len as u16);
    } else {
        w.patch16(start, 0x8008);
        w.insert(start + 4, &((len - 4) as u32).to_be_bytes());
    }
}

/// An object with `data`.
pub fn put_bytes(w: &mut Writer, cp: CodePoint, data: &[u8]) {
    put_head(w, cp, data.len());
    w.bytes(data);
}

/// LL and code point, extended where that is needed, of an object with `len` bytes of data.
pub fn put_head(w: &mut Writer, cp: CodePoint, len: usize) {
    let plain = len + HEAD <= PLAIN;
    w.u16(if plain { (len + HEAD) as u16 } else { 0x8008 });
    w.u16(cp.number());
    if !plain {
        w.u32(len as u32);
    }
}

/// An object with a one-byte number.
pub fn put_u8(w: &mut Writer, cp: CodePoint, v: u8) {
    put(w, cp, |w| w.u8(v));
}

/// An object with a two-byte number.
pub fn put_u16(w: &mut Writer, cp: CodePoint, v: u16) {
    put(w, cp, |w| w.u16(v));
}

/// An object with a four-byte number.
pub fn put_u32(w: &mut Writer, cp: CodePoint, v: u32) {
    put(w, cp, |w| w.u32(v));
}

/// Reads a DDM boolean.
pub fn read_bool(what: impl Into<What>, data: &[u8]) -> Result<bool> {
    match data {
        [0xF1] => Ok(true),
        [0xF0] => Ok(false),
        _ => Err(WireError::invalid(what, 0, format!("expected X'F0' or X'F1', got {data:02X?}"))),
    }
}

/// Reads a two-byte number that fills its parameter.
pub fn read_u16(what: impl Into<What>, data: &[u8]) -> Result<u16> {
    let mut r = Reader::new(data, what);
    let v = r.u16()?;
    r.end()?;
    Ok(v)
}

#[cfg(test)]
mod tests {
    use super::super::codepoint as cp;
    use super::*;

    #[test]
    fn objects_round_trip_short_and_long() {
        let long = vec![9u8; 40_000];
        let mut w = Writer::new();
        put_u16(&mut w, cp::SVRCOD, 8);
        put_bytes(&mut w, cp::QRYDTA, &long);
        let body = Bytes::from(w.into_vec());
        let got: Vec<_> = objects(&body).map(Result::unwrap).collect();
        assert_eq!(got[0], Object { cp: cp::SVRCOD, body: Bytes::from_static(&[0, 8]) });
        assert_eq!((got[1].cp, got[1].body.len()), (cp::QRYDTA, 40_000));
        for cut in 1..body.len() {
            let _ = objects(&body.slice(..cut)).collect::<Vec<_>>();
        }
    }

    #[test]
    fn a_streamed_object_runs_to_the_end_of_its_frame() {
        let body = Bytes::from_static(&[0x80, 0x04, 0x24, 0x1B, 1, 2, 3]);
        let got: Vec<_> = objects(&body).map(Result::unwrap).collect();
        assert_eq!(got, [Object { cp: cp::QRYDTA, body: Bytes::from_static(&[1, 2, 3]) }]);
    }

    #[test]
    fn hostile_lengths_are_errors() {
        for bad in [
            &[0u8, 3, 0x24, 0x1B][..],
            &[0x80, 5, 0, 0],
            &[0x80, 0x0C, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            &[0, 9, 0, 0, 1],
        ] {
            assert!(objects(&Bytes::copy_from_slice(bad)).any(|o| o.is_err()), "{bad:02X?}");
        }
    }
}
