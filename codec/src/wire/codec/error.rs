//! Faults of bytes.

use std::fmt;

/// The thing that bytes are read as, or written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The header of a frame.
    DssHeader,
    /// The header of a frame's continuation.
    DssContinuation,
    /// An object: its length and code point.
    DdmObject,
    /// An object or parameter that is known: its code point and name.
    Point(u16, &'static str),
    /// Anything else, in words.
    Words(&'static str),
}

impl From<&'static str> for What {
    fn from(words: &'static str) -> What {
        What::Words(words)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            What::DssHeader => "DSS header",
            What::DssContinuation => "DSS continuation",
            What::DdmObject => "DDM object",
            What::Point(_, name) => name,
            What::Words(words) => words,
        })
    }
}

/// Bytes that do not say what they should. Every variant names the thing being read (`what`)
/// and the offset from the start of the buffer handed to the reader (`at`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The buffer ended too early.
    #[error("{what}: {need} bytes needed at offset {at}, {have} left")]
    Truncated {
        /// The field or message being read.
        what: What,
        /// Offset of the read.
        at: usize,
        /// Bytes asked for.
        need: usize,
        /// Bytes that were left.
        have: usize,
    },
    /// Bytes were left over where the message should have ended.
    #[error("{what}: {left} bytes left over at offset {at}")]
    Trailing {
        /// The message.
        what: What,
        /// Offset of the first byte too many.
        at: usize,
        /// How many.
        left: usize,
    },
    /// A value that the architecture does not allow there.
    #[error("{what} at offset {at}: {detail}")]
    Invalid {
        /// The field.
        what: What,
        /// Its offset.
        at: usize,
        /// Expected and got.
        detail: String,
    },
    /// A length above the limit for its kind.
    #[error("{what}: length {len} is above the limit of {max}")]
    TooLong {
        /// The field.
        what: What,
        /// Claimed or needed length.
        len: usize,
        /// The limit.
        max: usize,
    },
}

impl WireError {
    /// Shorthand for [`WireError::Invalid`].
    pub fn invalid(what: impl Into<What>, at: usize, detail: impl Into<String>) -> Self {
        WireError::Invalid { what: what.into(), at, detail: detail.into() }
    }

    /// The thing that was read.
    pub fn what(&self) -> What {
        match self {
            WireError::Truncated { what, .. }
            | WireError::Trailing { what, .. }
            | WireError::Invalid { what, .. }
            | WireError::TooLong { what, .. } => *what,
        }
    }
}

/// The result of reading or writing bytes.
pub type Result<T> = std::result::Result<T, WireError>;
