//! A cursor over borrowed bytes. Every read is checked; nothing is copied.

use super::error::{Result, What, WireError};

/// Which end of a number comes first. DDM itself is big-endian; the integers and floats of SQL
/// data follow the sender's TYPDEFNAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ByteOrder {
    /// Most significant byte first.
    #[default]
    Big,
    /// Least significant byte first (QTDSQLX86).
    Little,
}

/// Reads a byte slice front to back.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    buf: &'a [u8],
    pos: usize,
    what: What,
}

macro_rules! number {
    ($($(#[$doc:meta])* $name:ident $ordered:ident $t:ty, $n:literal;)*) => {$(
        $(#[$doc])*
        pub fn $name(&mut self) -> Result<$t> {
            Ok(<$t>::from_be_bytes(self.array::<$n>()?))
        }
        /// The same, in the byte order of the environment.
        pub fn $ordered(&mut self, order: ByteOrder) -> Result<$t> {
            let raw = self.array::<$n>()?;
            Ok(match order {
                ByteOrder::Big => <$t>::from_be_bytes(raw),
                ByteOrder::Little => <$t>::from_le_bytes(raw),
            })
        }
    )*};
}

impl<'a> Reader<'a> {
    /// A reader over `buf`; `what` names the message in errors.
    pub fn new(buf: &'a [u8], what: impl Into<What>) -> Self {
        Reader { buf, pos: 0, what: what.into() }
    }

    /// The name of what is being read.
    pub fn what(&self) -> What {
        self.what
    }

    /// Offset of the next read.
    pub fn pos(&self) -> usize {
        self.pos
    }

    /// Bytes not yet read.
    pub fn left(&self) -> usize {
        self.buf.len() - self.pos
    }

    /// True when everything was read.
    pub fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// The next `n` bytes.
    pub fn bytes(&mut self, n: usize) -> Result<&'a [u8]> {
        let end = self.pos.checked_add(n);
        match end.and_then(|end| self.buf.get(self.pos..end)) {
            Some(slice) => {
                self.pos += n;
                Ok(slice)
            }
            None => Err(WireError::Truncated { what: self.what, at: self.pos, need: n, have: self.left() }),
        }
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.bytes(N)?);
        Ok(out)
    }

    /// Everything not yet read.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.buf.get(self.pos..).unwrap_or_default();
        self.pos = self.buf.len();
        rest
    }

    /// The next byte without taking it.
    pub fn peek(&self) -> Option<u8> {
        self.buf.get(self.pos).copied()
    }

    /// Steps over `n` bytes.
    pub fn skip(&mut self, n: usize) -> Result<()> {
        self.bytes(n).map(|_| ())
    }

    /// A reader over the next `n` bytes, for an inner structure.
    pub fn sub(&mut self, n: usize, what: impl Into<What>) -> Result<Reader<'a>> {
        Ok(Reader::new(self.bytes(n)?, what))
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    number! {
        /// Two bytes, big-endian.
        u16 u16_in u16, 2;
        /// Four bytes, big-endian.
        u32 u32_in u32, 4;
        /// Eight bytes, big-endian.
        u64 u64_in u64, 8;
        /// Two bytes signed, big-endian.
        i16 i16_in i16, 2;
        /// Four bytes signed, big-endian.
        i32 i32_in i32, 4;
        /// Eight bytes signed, big-endian.
        i64 i64_in i64, 8;
    }

    /// A string with a two-byte big-endian length in front (VCM, VCS).
    pub fn var(&mut self) -> Result<&'a [u8]> {
        let n = self.u16()?;
        self.bytes(usize::from(n))
    }

    /// Complains when bytes are left over.
    pub fn end(&self) -> Result<()> {
        match self.left() {
            0 => Ok(()),
            left => Err(WireError::Trailing { what: self.what, at: self.pos, left }),
        }
    }

    /// An [`WireError::Invalid`] at the current offset.
    pub fn invalid(&self, detail: impl Into<String>) -> WireError {
        WireError::invalid(self.what, self.pos, detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_both_orders() {
        let bytes = [0x01, 0x02, 0x01, 0x02, 0xFF, 0xFE];
        let mut r = Reader::new(&bytes, "numbers");
        assert_eq!(r.u16(), Ok(0x0102));
        assert_eq!(r.u16_in(ByteOrder::Little), Ok(0x0201));
        assert_eq!(r.i16(), Ok(-2));
        assert!(r.end().is_ok());
    }

    #[test]
    fn a_short_buffer_is_an_error_and_moves_nothing() {
        let mut r = Reader::new(&[0, 5, b'a'], "string");
        assert_eq!(r.var(), Err(WireError::Truncated { what: "string".into(), at: 2, need: 5, have: 1 }));
        assert_eq!(r.left(), 1);
        assert_eq!(r.end(), Err(WireError::Trailing { what: "string".into(), at: 2, left: 1 }));
    }
}
