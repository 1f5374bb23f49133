//! Short text and bytes in cells of one length.

use std::ops::Range;

use super::cells::{CellMaker, made, store};
use super::string_form::{CellSource, StringForm};
use super::{BulkColumn, Marks};

/// Short values of one length, or filled to one: made side by side, each in one store of `N` bytes.
struct Filled<S, const N: usize> {
    source: S,
    length: usize,
    form: StringForm,
}

/// A column of such values, of at most `N` bytes.
pub(super) fn filled<S: CellSource + 'static, const N: usize>(
    marks: Marks,
    source: S,
    length: usize,
    form: StringForm,
) -> Option<Box<dyn BulkColumn>> {
    made(marks, length, Filled::<S, N> { source, length, form })
}

impl<S: CellSource, const N: usize> CellMaker for Filled<S, N> {
    fn make(&mut self, rows: Range<usize>, marks: &Marks, cells: &mut [u8]) -> bool {
        let blank = self.form.blank().first().copied().unwrap_or_default();
        self.source.ready(rows.clone())
            && rows.enumerate().all(|(n, row)| {
                let (len, bytes) = self.source.with_tail(row);
                let cell = match bytes.first_chunk() {
                    Some(bytes) => front(bytes, len, blank),
                    None => {
                        let mut part = [0; N];
                        part.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
                        front(&part, len, blank)
                    }
                };
                store::<N>(cells, n * self.length, &cell);
                self.form.takes(len, self.length) || marks.is_null(row)
            })
    }
}

/// The longest of these values.
pub(super) const LONGEST: usize = 64;
/// Which bytes are of a value, and which are blanks: as many are of it as stand in front of the middle.
#[allow(clippy::indexing_slicing)] // at compile time
const MASKS: [u8; 2 * LONGEST] = {
    let (mut masks, mut n) = ([0; 2 * LONGEST], 0);
    while n < LONGEST {
        masks[n] = 0xFF;
        n += 1;
    }
    masks
};

/// So many bytes, and then blanks.
#[inline(always)]
fn front<const N: usize>(bytes: &[u8; N], len: usize, blank: u8) -> [u8; N] {
    const { assert!(N <= LONGEST) };
    let mut out = [blank; N];
    if let Some(mask) = MASKS.get(LONGEST - len.min(N)..).and_then(|tail| tail.first_chunk::<N>()) {
        for ((to, from), mask) in out.iter_mut().zip(bytes).zip(mask) {
            *to ^= (*to ^ from) & mask;
        }
    }
    out
}
