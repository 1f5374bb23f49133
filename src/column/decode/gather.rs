//! Cells into words side by side, for readers that take many values at once.

use crate::wire::value::cell::NULL;
use crate::wire::value::simd::LANES;

/// Where the cells of a group begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// The first place; [`NULL`] if there is none.
    low: u32,
    /// One past the last place; 0 if there is none.
    high: u32,
    pub(super) nulls: bool,
}

impl Extent {
    /// Without an early exit this is a few vector instructions.
    #[inline(always)]
    pub(super) fn of(offsets: &[u32]) -> Extent {
        let start = Extent { low: NULL, high: 0, nulls: false };
        offsets.iter().fold(start, |extent, at| Extent {
            low: extent.low.min(*at),
            high: extent.high.max(at.wrapping_add(1)),
            nulls: extent.nulls | (*at == NULL),
        })
    }

    /// True if `behind` bytes from every cell on lie in the block, and `before` bytes in front.
    #[inline(always)]
    pub(super) fn lies_in(&self, buf: &[u8], before: usize, behind: usize) -> bool {
        self.high == 0 || self.low as usize >= before && self.high as usize - 1 + behind <= buf.len()
    }
}

/// The `N` bytes that begin `ahead` bytes after every cell, and `behind` in front of that; of a NULL, any.
#[inline(always)]
pub(super) fn load<const N: usize, T>(
    buf: &[u8],
    offsets: &[u32],
    ahead: usize,
    behind: usize,
    words: &mut [T; LANES],
    read: impl Fn(&[u8; N]) -> T,
) {
    let Some(last) = buf.len().checked_sub(N) else { return };
    for (word, at) in words.iter_mut().zip(offsets) {
        // A NULL lies beyond any block.
        let start = (*at as usize).wrapping_add(ahead).wrapping_sub(behind).min(last);
        if let Some(bytes) = buf.get(start..).and_then(|tail| tail.first_chunk()) {
            *word = read(bytes);
        }
    }
}

/// Puts `none` where there is no value.
#[inline(always)]
pub(super) fn blank<T: Copy>(offsets: &[u32], words: &mut [T; LANES], none: T) {
    for (word, at) in words.iter_mut().zip(offsets) {
        *word = if *at == NULL { none } else { *word };
    }
}
