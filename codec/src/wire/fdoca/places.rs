//! The places of a chunk of rows as the walks write them down.

use crate::wire::value::field::Shape;

/// Rows of a chunk.
pub(super) const ROWS: usize = 1024;
/// From a column to the next: columns that lie 4096 bytes apart would share one set of the cache.
pub(super) const STRIDE: usize = ROWS + 16;

/// The offsets of every column.
pub(super) type Places = [[u32; STRIDE]];

/// How to step over a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct WalkStep {
    pub(super) nullable: bool,
    pub(super) shape: Shape,
    /// Longest value, in what the shape counts.
    pub(super) room: u32,
}
