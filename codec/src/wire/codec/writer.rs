//! A growing byte buffer. Lengths are never computed by hand: `ddm::object::put` takes the body as a
//! closure and patches the length in when it returns.

use super::reader::ByteOrder;

/// Collects bytes.
#[derive(Debug, Default, Clone)]
pub struct Writer {
    buf: Vec<u8>,
}

macro_rules! number {
    ($($(#[$doc:meta])* $name:ident $ordered:ident $t:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(&mut self, v: $t) {
            self.buf.extend_from_slice(&v.to_be_bytes());
        }
        /// The same, in the byte order of the environment.
        #[inline]
        pub fn $ordered(&mut self, v: $t, order: ByteOrder) {
            match order {
                ByteOrder::Big => self.buf.extend_from_slice(&v.to_be_bytes()),
                ByteOrder::Little => self.buf.extend_from_slice(&v.to_le_bytes()),
            }
        }
    )*};
}

impl Writer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty buffer with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Writer { buf: Vec::with_capacity(bytes) }
    }

    /// Bytes written so far.
    pub fn len(&self) -> usize {
        self.buf.len()
    }

    /// True when nothing was written.
    pub fn is_empty(&self) -> bool {
        self.buf.is_empty()
    }

    /// The bytes written so far.
    pub fn as_slice(&self) -> &[u8] {
        &self.buf
    }

    /// Gives the buffer away.
    pub fn into_vec(self) -> Vec<u8> {
        self.buf
    }

    /// The buffer itself, for encoders that append in bulk.
    pub fn vec_mut(&mut self) -> &mut Vec<u8> {
        &mut self.buf
    }

    /// One byte.
    pub fn u8(&mut self, v: u8) {
        self.buf.push(v);
    }

    number! {
        /// Two bytes, big-endian.
        u16 u16_in u16;
        /// Four bytes, big-endian.
        u32 u32_in u32;
        /// Eight bytes, big-endian.
        u64 u64_in u64;
        /// Two bytes signed, big-endian.
        i16 i16_in i16;
        /// Four bytes signed, big-endian.
        i32 i32_in i32;
        /// Eight bytes signed, big-endian.
        i64 i64_in i64;
    }

    /// Raw bytes.
    pub fn bytes(&mut self, v: &[u8]) {
        self.buf.extend_from_slice(v);
    }

    /// `n` copies of `byte`.
    pub fn fill(&mut self, byte: u8, n: usize) {
        self.buf.resize(self.buf.len() + n, byte);
    }

    /// A two-byte length, then the bytes (VCM, VCS). Anything beyond 65,535 bytes is cut by the
    /// caller's check, never here: the length saturates so that a reader notices.
    pub fn var(&mut self, v: &[u8]) {
        self.u16(u16::try_from(v.len()).unwrap_or(u16::MAX));
        self.bytes(v);
    }

    /// Overwrites two bytes at `at`.
    pub fn patch16(&mut self, at: usize, v: u16) {
        if let Some(slot) = self.buf.get_mut(at..at + 2) {
            slot.copy_from_slice(&v.to_be_bytes());
        }
    }

    /// Inserts bytes at `at`, moving the rest.
    pub fn insert(&mut self, at: usize, bytes: &[u8]) {
        if at <= self.buf.len() {
            self.buf.splice(at..at, bytes.iter().copied());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_put_in_front_afterwards() {
        let mut w = Writer::new();
        w.u8(0xAA);
        w.u16(0);
        w.bytes(b"xyz");
        w.patch16(1, 5);
        assert_eq!(w.as_slice(), [0xAA, 0, 5, b'x', b'y', b'z']);
    }
}
