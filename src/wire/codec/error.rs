//! Faults of bytes.

/// Bytes that do not say what they should. Every variant names the thing being read (`what`)
/// and the offset from the start of the buffer handed to the reader (`at`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The buffer ended too early.
    #[error("{what}: {need} bytes needed at offset {at}, {have} left")]
    Truncated {
        /// The field or message being read.
        what: &'static str,
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
        what: &'static str,
        /// Offset of the first byte too many.
        at: usize,
        /// How many.
        left: usize,
    },
    /// A value that the architecture does not allow there.
    #[error("{what} at offset {at}: {detail}")]
    Invalid {
        /// The field.
        what: &'static str,
        /// Its offset.
        at: usize,
        /// Expected and got.
        detail: String,
    },
    /// A length above the limit for its kind.
    #[error("{what}: length {len} is above the limit of {max}")]
    TooLong {
        /// The field.
        what: &'static str,
        /// Claimed or needed length.
        len: usize,
        /// The limit.
        max: usize,
    },
}

impl WireError {
    /// Shorthand for [`WireError::Invalid`].
    pub fn invalid(what: &'static str, at: usize, detail: impl Into<String>) -> Self {
        WireError::Invalid { what, at, detail: detail.into() }
    }
}

/// The result of reading or writing bytes.
pub type Result<T> = std::result::Result<T, WireError>;
