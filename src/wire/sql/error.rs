//! Errors of the messages of the SQL side.

use crate::wire::ccsid::error::CcsidError;
use crate::wire::codec::error::WireError;
use crate::wire::ddm::error::MessageError;

/// A message that cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DrdaError {
    /// Bytes too few, too many or not allowed.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// An error that messages of both sides have.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// Text that its code page does not hold.
    #[error(transparent)]
    Ccsid(#[from] CcsidError),
    /// A parameter or object that the message needs is not there.
    #[error("{message}: {parameter} is missing")]
    Missing {
        /// The message.
        message: &'static str,
        /// The parameter that is missing.
        parameter: &'static str,
    },
    /// A parameter that may stand once stands twice.
    #[error("{message}: {parameter} occurs more than once")]
    Duplicate {
        /// The message.
        message: &'static str,
        /// The parameter that occurs again.
        parameter: &'static str,
    },
    /// Something that is longer than the architecture allows.
    #[error("{what}: {len} bytes are above the limit of {max}")]
    Limit {
        /// The field.
        what: &'static str,
        /// Its length.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// A value without a meaning.
    #[error("{what}: {detail}")]
    Value {
        /// The field.
        what: &'static str,
        /// Expected and got.
        detail: String,
    },
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

/// The result of reading or writing a message.
pub type Result<T> = std::result::Result<T, DrdaError>;
