//! Faults of text.

/// Text that cannot be converted, or a page that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CcsidError {
    /// No table for this CCSID.
    #[error("CCSID {0} is not known")]
    Unknown(u16),
    /// Bytes that mean nothing in the page. `at` is the offset in the value.
    #[error("bytes {bytes:02X?} at offset {at} are not characters of CCSID {ccsid}")]
    Undecodable {
        /// The page.
        ccsid: u16,
        /// Offset of the first bad byte.
        at: usize,
        /// The bad byte and up to three after it.
        bytes: Vec<u8>,
    },
    /// A value that ends between shift-out and shift-in. `at` is the offset of the shift-out.
    #[error("the shift-out at offset {at} is never closed by a shift-in (CCSID {ccsid})")]
    Unclosed {
        /// The page.
        ccsid: u16,
        /// Offset of the shift-out.
        at: usize,
    },
    /// A character that the page does not have. `index` counts characters of the text.
    #[error("character U+{:04X} at index {index} does not exist in CCSID {ccsid}", u32::from(*ch))]
    Unencodable {
        /// The page.
        ccsid: u16,
        /// Index of the character.
        index: usize,
        /// The character.
        ch: char,
    },
}

impl CcsidError {
    /// Where the character that the page does not have stands in the text, from 1; it tells nothing of the text.
    pub fn character(&self) -> usize {
        match self {
            CcsidError::Unencodable { index, .. } => index + 1,
            _ => 0,
        }
    }
}

/// Treatment of bytes that mean nothing in the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Errors {
    /// The first one is an error.
    #[default]
    Strict,
    /// Each becomes U+FFFD.
    Replace,
}
