//! Where the bytes of a cell begin and end, by the shape of its column; and which cells are NULL.

use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, NullBufferBuilder};
use fearless_simd::{Level, dispatch};

use super::gather::present;
use crate::wire::codec::instructions::level;
use crate::wire::value::cell::NULL;
use crate::wire::value::field::{Field, Shape};

/// A way to find the bytes of a value.
pub(super) trait CellLayout: Copy + Send + 'static {
    /// The bytes of the block from the value's first byte on, and the length of the value, which
    /// the caller checks against it. [`NULL`] lies beyond any block, so it gives `None`.
    fn tail<'a>(&self, buf: &'a [u8], at: usize) -> Option<(&'a [u8], usize)>;

    /// The length of every value, if it is one.
    fn width(&self) -> Option<usize> {
        None
    }

    /// The value.
    #[inline]
    fn cell<'a>(&self, buf: &'a [u8], at: usize) -> Option<&'a [u8]> {
        let (tail, len) = self.tail(buf, at)?;
        tail.get(..len)
    }
}

/// [`Shape::Fixed`].
#[derive(Clone, Copy)]
pub(super) struct Fixed(pub(super) usize);
/// [`Shape::Var`].
#[derive(Clone, Copy)]
pub(super) struct Var;
/// [`Shape::VarChars`].
#[derive(Clone, Copy)]
pub(super) struct VarChars;
/// [`Shape::Pascal`].
#[derive(Clone, Copy)]
pub(super) struct Pascal;
/// [`Shape::NulTerminated`].
#[derive(Clone, Copy)]
pub(super) struct NulTerminated(usize);

impl CellLayout for Fixed {
    #[inline]
    fn tail<'a>(&self, buf: &'a [u8], at: usize) -> Option<(&'a [u8], usize)> {
        Some((buf.get(at..)?, self.0))
    }

    fn width(&self) -> Option<usize> {
        Some(self.0)
    }
}

impl CellLayout for Var {
    #[inline]
    fn tail<'a>(&self, buf: &'a [u8], at: usize) -> Option<(&'a [u8], usize)> {
        let (len, tail) = buf.get(at..)?.split_first_chunk()?;
        Some((tail, usize::from(u16::from_be_bytes(*len))))
    }
}

impl CellLayout for VarChars {
    #[inline]
    fn tail<'a>(&self, buf: &'a [u8], at: usize) -> Option<(&'a [u8], usize)> {
        let (tail, len) = Var.tail(buf, at)?;
        Some((tail, len * 2))
    }
}

impl CellLayout for Pascal {
    #[inline]
    fn tail<'a>(&self, buf: &'a [u8], at: usize) -> Option<(&'a [u8], usize)> {
        let (len, tail) = buf.get(at..)?.split_first()?;
        Some((tail, usize::from(*len)))
    }
}

impl CellLayout for NulTerminated {
    fn tail<'a>(&self, buf: &'a [u8], at: usize) -> Option<(&'a [u8], usize)> {
        let tail = buf.get(at..)?;
        let len = tail.iter().take(self.0).position(|b| *b == 0).unwrap_or(self.0);
        Some((tail, len))
    }
}

/// Something that is built for a frame known only at run time.
pub(super) trait ForCellLayout {
    type Output;
    fn with<F: CellLayout>(self, frame: F) -> Self::Output;
}

/// Builds it for the frame of a column that is not a LOB.
pub(super) fn choose<B: ForCellLayout>(field: &Field, build: B) -> B::Output {
    match field.shape {
        Shape::Fixed(n) => build.with(Fixed(n as usize)),
        // LOBs do not lie in the row; their decoders never ask.
        Shape::Var | Shape::Lob(_) => build.with(Var),
        Shape::VarChars => build.with(VarChars),
        Shape::Pascal => build.with(Pascal),
        Shape::NulTerminated => build.with(NulTerminated(field.length as usize)),
    }
}

/// The validity bits, which are not made before the first NULL.
#[derive(Debug)]
pub(super) struct Validity(NullBufferBuilder, Level);

impl Validity {
    pub(super) fn new() -> Self {
        Validity(NullBufferBuilder::new(0), level())
    }

    /// Takes the bits of a chunk. True when one is NULL.
    pub(super) fn append(&mut self, offsets: &[u32]) -> bool {
        // Without an early exit this is a few vector instructions.
        let any = offsets.iter().fold(false, |any, at| any | (*at == NULL));
        if any {
            let mut words = Vec::with_capacity(offsets.len().div_ceil(64));
            // A loop is compiled for the level, which `collect` is not.
            dispatch!(self.1, simd => for offsets in offsets.chunks(64) {
                words.push(present(simd, offsets));
            });
            self.0.append_buffer(&NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(words), 0, offsets.len())));
        } else {
            self.0.append_n_non_nulls(offsets.len());
        }
        any
    }

    /// Takes one bit.
    pub(super) fn push(&mut self, valid: bool) {
        self.0.append(valid);
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.as_slice().map_or(0, <[u8]>::len)
    }

    pub(super) fn finish(&mut self) -> Option<NullBuffer> {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_but_never_trusted() {
        let buf = [0, 3, b'a', b'b', b'c', 0, 9];
        assert_eq!(Var.cell(&buf, 0), Some(b"abc".as_slice()));
        assert_eq!(Var.cell(&buf, 5), None);
        assert_eq!(Var.cell(&buf, 6), None);
        assert_eq!(Var.cell(&buf, NULL as usize), None);
        assert_eq!(VarChars.cell(&[0, 1, 0, b'x'], 0), Some([0, b'x'].as_slice()));
        assert_eq!(Pascal.cell(&buf, 1), Some(b"abc".as_slice()));
        assert_eq!(Fixed(2).cell(&buf, 2), Some(b"ab".as_slice()));
        assert_eq!(Fixed(8).cell(&buf, 0), None);
        assert_eq!(NulTerminated(9).cell(&buf, 2), Some(b"abc".as_slice()));
        assert_eq!(NulTerminated(2).cell(&buf, 2), Some(b"ab".as_slice()));
        assert_eq!(NulTerminated(9).cell(&[1, 2], 0), None);
    }

    #[test]
    fn no_bits_before_the_first_null() {
        let mut validity = Validity::new();
        assert!(!validity.append(&[1, 2]));
        assert_eq!(validity.bytes(), 0);
        assert!(validity.append(&[3, NULL]));
        assert!(!validity.append(&[4]));
        let bits: Vec<bool> = validity.finish().unwrap().iter().collect();
        assert_eq!(bits, [true, true, true, false, true]);
        assert!(validity.finish().is_none());
    }
}
