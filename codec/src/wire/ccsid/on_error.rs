//! Treatment of a bad unit: an error, or a mark in the text.

use super::error::{CcsidError, Errors};
use super::sink::Sink;

/// U+FFFD in UTF-8.
const MARK: [u8; 3] = [0xEF, 0xBF, 0xBD];

/// One value being decoded, and what its reader wants done about bad units.
#[derive(Debug, Clone, Copy)]
pub(super) struct BadUnits<'a> {
    pub(super) ccsid: u16,
    pub(super) errors: Errors,
    pub(super) src: &'a [u8],
}

impl BadUnits<'_> {
    /// The unit at offset `at` means nothing.
    #[cold]
    pub(super) fn bad(&self, at: usize, out: &mut Sink<'_>) -> Result<(), CcsidError> {
        let bytes = self.src.iter().skip(at).take(4).copied().collect();
        self.settle(CcsidError::Undecodable { ccsid: self.ccsid, at, bytes }, out)
    }

    /// The value ends before the shift-out at `at` is closed.
    #[cold]
    pub(super) fn unclosed(&self, at: usize, out: &mut Sink<'_>) -> Result<(), CcsidError> {
        self.settle(CcsidError::Unclosed { ccsid: self.ccsid, at }, out)
    }

    fn settle(&self, error: CcsidError, out: &mut Sink<'_>) -> Result<(), CcsidError> {
        match self.errors {
            Errors::Strict => Err(error),
            Errors::Replace => {
                out.put(&MARK);
                Ok(())
            }
        }
    }
}
