//! Where the values of one column lie in a block: the row path without boxed values.

use bytes::Bytes;

/// The offset that stands for NULL.
pub const NULL: u32 = u32::MAX;

/// A large object that travelled after its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lob {
    /// The column is NULL.
    Null,
    /// The value (empty when no EXTDTA was due).
    Value(Bytes),
}

/// One column of up to some thousand consecutive rows.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a> {
    /// The block that holds the rows.
    pub buf: &'a [u8],
    /// Row by row: the offset in `buf` of the value (after its null indicator; of its length
    /// prefix where the shape has one), or [`NULL`].
    pub offsets: &'a [u32],
    /// Row by row, for [`Shape::Lob`](super::field::Shape::Lob) columns only; else empty.
    pub lobs: &'a [Lob],
    /// The number of the first of these rows in the result, for error messages.
    pub first_row: u64,
}
