//! Errors of the messages of the SQL side.

use crate::wire::ccsid::error::CcsidError;
use crate::wire::codec::error::WireError;
use crate::wire::ddm::error::MessageError;

/// A message that cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DrdaError {
    /// An error that messages of both sides have.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// A description of columns that fits none of the known layouts, or several that disagree.
    #[error("{what} at SQLAM {sqlam}: {fits} of {tried} layouts read it; the expected one says: {first}")]
    Layout {
        /// The object.
        what: &'static str,
        /// The level agreed.
        sqlam: u16,
        /// How many layouts consume it exactly, with different results.
        fits: usize,
        /// How many were tried.
        tried: usize,
        /// Why the expected layout does not.
        first: Box<DrdaError>,
    },
}

impl From<WireError> for DrdaError {
    fn from(error: WireError) -> DrdaError {
        DrdaError::Message(error.into())
    }
}

impl From<CcsidError> for DrdaError {
    fn from(error: CcsidError) -> DrdaError {
        DrdaError::Message(error.into())
    }
}

/// The result of reading or writing a message.
pub type Result<T> = std::result::Result<T, DrdaError>;
