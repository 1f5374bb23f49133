//! Errors of the messages that both sides share.

use crate::wire::ccsid::error::CcsidError;
use crate::wire::codec::error::{What, WireError};

/// A message that cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Bytes that do not say what they should.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// Text that the encoding in force does not have.
    #[error("{parameter}: {source}")]
    Ccsid {
        /// The parameter.
        parameter: &'static str,
        /// The character.
        #[source]
        source: CcsidError,
    },
    /// A secret that the encoding in force does not have. It never names the character.
    #[error("{parameter}: character {at} of it does not exist in CCSID {ccsid}")]
    Secret {
        /// Where the character stands, from 1.
        at: usize,
        /// The parameter.
        parameter: &'static str,
        /// The page.
        ccsid: u16,
    },
    /// Text that its code page does not hold.
    #[error(transparent)]
    Text(#[from] CcsidError),
    /// A parameter that the architecture requires.
    #[error("{message}: {parameter} is missing")]
    Missing {
        /// The message.
        message: &'static str,
        /// The parameter.
        parameter: What,
    },
    /// A parameter that may stand once stands twice.
    #[error("{message}: {parameter} occurs more than once")]
    Duplicate {
        /// The message.
        message: &'static str,
        /// The parameter that occurs again.
        parameter: What,
    },
    /// Something that is longer than the architecture allows.
    #[error("{what}: {len} bytes are above the limit of {max}")]
    Limit {
        /// The field.
        what: What,
        /// Its length.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// A value without a meaning.
    #[error("{what}: {detail}")]
    Value {
        /// The field.
        what: What,
        /// Expected and got.
        detail: String,
    },
}

/// The result of writing or reading a message.
pub type Result<T> = std::result::Result<T, MessageError>;
