//! One value on its way from Arrow to SQL.

use crate::wire::value::datetime::Instant;
use crate::wire::value::decimal::Wide;

/// A value, in the few forms that matter for SQL.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    /// The unscaled value and the scale.
    Decimal(Wide, i32),
    /// A decimal number that has no unscaled value here, not-a-number and the infinities among them.
    Number(&'a str),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// Its 16 bytes.
    Uuid(&'a [u8]),
    /// Days since 1970-01-01.
    Date(i32),
    /// Nanoseconds of the day.
    Time(u64),
    Stamp {
        instant: Instant,
        /// In UTC rather than in local time.
        utc: bool,
    },
}

impl Scalar<'_> {
    /// The bytes to show when the value is at fault.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Scalar::Text(text) => text.as_bytes(),
            Scalar::Bytes(bytes) | Scalar::Uuid(bytes) => bytes,
            _ => &[],
        }
    }
}
