//! Cells into words side by side, for readers that take many values at once.

use fearless_simd::prelude::*;

use crate::wire::value::cell::NULL;
use crate::wire::value::simd::LANES;

/// Where the cells of a group begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// The first place; [`NULL`] without one.
    low: u32,
    /// One past the last place; 0 without one.
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

    /// True if `after` bytes from every cell on lie in the block, and `before` bytes in front.
    #[inline(always)]
    pub(super) fn lies_in(&self, buf: &[u8], before: usize, after: usize) -> bool {
        self.high == 0 || self.low as usize >= before && self.high as usize - 1 + after <= buf.len()
    }
}

/// The `N` bytes from `on` bytes after the start of every cell, less `back`; of a NULL, any.
#[inline(always)]
pub(super) fn load<const N: usize, T>(
    buf: &[u8],
    offsets: &[u32],
    on: usize,
    back: usize,
    words: &mut [T; LANES],
    read: impl Fn(&[u8; N]) -> T,
) {
    let Some(last) = buf.len().checked_sub(N) else { return };
    for (word, at) in words.iter_mut().zip(offsets) {
        // A NULL lies beyond any block.
        let start = (*at as usize).wrapping_add(on).wrapping_sub(back).min(last);
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

/// Which of up to 64 cells have a value: a bit each, from the right.
#[inline(always)]
pub(super) fn present<S: Simd>(simd: S, offsets: &[u32]) -> u64 {
    let vectors = offsets.chunks_exact(S::u32s::LEN);
    let rest = vectors.remainder().iter().rev().fold(0, |bits, at| bits << 1 | u64::from(*at != NULL));
    let whole = offsets.len() - vectors.remainder().len();
    let masks = vectors.map(|offsets| S::u32s::from_slice(simd, offsets).simd_eq(NULL).to_bitmask());
    let nulls = masks.enumerate().fold(0, |nulls, (i, mask)| nulls | mask << (i * S::u32s::LEN));
    let bits = !nulls & u64::MAX.checked_shr(64 - whole as u32).unwrap_or(0);
    bits | rest.checked_shl(whole as u32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use fearless_simd::dispatch;

    use super::*;
    use crate::wire::codec::instructions::levels;

    #[test]
    fn a_bit_for_every_value() {
        for len in 0..=64usize {
            for seed in [0u64, u64::MAX, 0x9E37_79B9_7F4A_7C15, 1, 1 << 63] {
                let offsets: Vec<u32> = (0..len).map(|i| if seed >> i & 1 == 1 { i as u32 } else { NULL }).collect();
                let expected = seed & u64::MAX.checked_shr(64 - len as u32).unwrap_or(0);
                for (name, level) in levels() {
                    assert_eq!(dispatch!(level, simd => present(simd, &offsets)), expected, "{name} {len}");
                }
            }
        }
    }
}
