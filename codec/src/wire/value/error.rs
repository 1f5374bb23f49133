//! Faults of a value. The reader holds the bytes; an error says which of them is to
//! blame by its offset (`at`) in the value.

use std::fmt;

/// The written form of a value, as an error names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueForm {
    /// DECIMAL, in any form.
    Decimal,
    /// Packed decimal.
    Packed,
    /// Zoned decimal.
    Zoned,
    /// A decimal in characters.
    Characters,
    /// DECFLOAT.
    DecFloat,
    /// DATE.
    Date,
    /// TIME.
    Time,
    /// TIMESTAMP.
    Timestamp,
}

impl fmt::Display for ValueForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ValueForm::Decimal => "DECIMAL",
            ValueForm::Packed => "packed decimal",
            ValueForm::Zoned => "zoned decimal",
            ValueForm::Characters => "numeric character",
            ValueForm::DecFloat => "DECFLOAT",
            ValueForm::Date => "DATE",
            ValueForm::Time => "TIME",
            ValueForm::Timestamp => "TIMESTAMP",
        })
    }
}

/// A value that does not mean anything, or that its target cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// A place of a decimal that holds no digit.
    #[error("{what}: byte {at} holds no decimal digit")]
    Digit {
        /// The form: packed, zoned, …
        what: ValueForm,
        /// Offset of the byte.
        at: usize,
    },
    /// A sign that is neither plus nor minus.
    #[error("{what}: the sign in byte {at} is neither plus nor minus")]
    Sign {
        /// The form.
        what: ValueForm,
        /// Offset of the byte.
        at: usize,
    },
    /// A value of a length that its form does not have.
    #[error("{what}: {len} bytes are not a length it can have")]
    Length {
        /// The form.
        what: ValueForm,
        /// The length found.
        len: usize,
    },
    /// More digits than the target has room for.
    #[error("{what}: more than {precision} digits")]
    Digits {
        /// The form.
        what: ValueForm,
        /// The precision that fits.
        precision: u8,
    },
    /// Text that does not follow its pattern.
    #[error("{what}: byte {at} does not fit the pattern {pattern}")]
    Pattern {
        /// The type.
        what: ValueForm,
        /// Offset of the byte.
        at: usize,
        /// The pattern that was expected.
        pattern: &'static str,
    },
    /// A date, time or zone that is well written but does not exist.
    #[error("{0} does not exist")]
    NoSuch(&'static str),
    /// The time 24:00:00, which SQL has and Arrow's time of day has not.
    #[error("the time 24:00:00 is the end of a day; a time of day ends at 23:59:59")]
    EndOfDay,
    /// A magnitude beyond the target's range.
    #[error("{0} is out of range")]
    Range(&'static str),
    /// Digits that would be lost.
    #[error("{0} cannot be held exactly")]
    Inexact(&'static str),
    /// Infinity or not-a-number where a number is needed.
    #[error("{0} is not a finite number")]
    NotFinite(&'static str),
    /// A boolean that is neither.
    #[error("neither true (1) nor false (0)")]
    Boolean,
}

/// The result of reading or writing one value.
pub type Result<T> = std::result::Result<T, ValueError>;
