//! How text and bytes lie in their cells, and where they are found.

use std::ops::Range;

/// How a value lies in its cell.
#[derive(Clone, Copy)]
pub(super) enum StringForm {
    /// Filled to the length of all with this blank.
    Filled([u8; 1]),
    /// Filled with a blank of two bytes.
    FilledWide([u8; 2]),
    /// As long as all are, since no blank is known to be right.
    Whole,
    /// Its number of bytes in front.
    Bytes,
    /// Its number of units of two bytes in front.
    Units,
    /// Its number of bytes in front, and filled to a cell of so many bytes.
    FilledBytes(usize, [u8; 1]),
}

impl StringForm {
    /// True if the value surely fits.
    pub(super) fn takes(self, len: usize, length: usize) -> bool {
        len <= length
            && match self {
                StringForm::Filled(_) | StringForm::Bytes => true,
                StringForm::FilledBytes(width, _) => 2 + len <= width,
                StringForm::FilledWide(_) => (length - len).is_multiple_of(2),
                StringForm::Whole => len == length,
                StringForm::Units => len.is_multiple_of(2),
            }
    }

    /// Blanks.
    pub(super) fn blank(&self) -> &[u8] {
        match self {
            StringForm::Filled(blank) | StringForm::FilledBytes(_, blank) => blank,
            StringForm::FilledWide(blank) => blank,
            _ => &[],
        }
    }

    /// Bytes of a cell, where they are the same for all.
    pub(super) fn width(self, length: usize) -> Option<usize> {
        match self {
            StringForm::Bytes | StringForm::Units => None,
            StringForm::FilledBytes(width, _) => Some(width),
            _ => Some(length),
        }
    }

    /// The length that stands in front of a value; it is at most 65,535, as measured.
    pub(super) fn count(self, len: usize) -> Option<[u8; 2]> {
        match self {
            StringForm::Bytes | StringForm::FilledBytes(..) => Some((len as u16).to_be_bytes()),
            StringForm::Units => Some(((len / 2) as u16).to_be_bytes()),
            _ => None,
        }
    }
}

/// Where the bytes of a cell are found.
pub(super) trait CellSource: Send {
    /// Makes ready the rows to be asked for; false when one of them cannot be.
    fn ready(&mut self, _: Range<usize>) -> bool {
        true
    }
    fn get(&self, row: usize) -> &[u8];
    /// The length of a cell, and its bytes with whatever lies after them.
    fn with_tail(&self, row: usize) -> (usize, &[u8]) {
        let value = self.get(row);
        (value.len(), value)
    }
}
