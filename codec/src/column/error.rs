//! Errors between cells and Arrow, with the column, the row and the bytes.

use std::fmt;

use crate::wire::ccsid::error::CcsidError;
use crate::wire::value::error::{ValueError, ValueForm};
use crate::wire::value::field::Field;

/// The most bytes of a value that an error keeps.
pub const KEPT: usize = 32;

/// The fault of one value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Number, date or time.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// Text.
    #[error(transparent)]
    Text(#[from] CcsidError),
    /// Text said to be UTF-8.
    #[error("the bytes at offset {0} are not UTF-8")]
    Utf8(usize),
    /// A timestamp with more digits than the unit.
    #[error("the fraction of the second is finer than the unit of the column")]
    Finer,
    /// A timestamp outside of what 64 bits hold.
    #[error("the timestamp is outside of the range of its unit")]
    Ticks,
    /// A timestamp after the year 9999.
    #[error(
        "the moment is after 9999-12-31 23:59:59; end_of_time=\"last\" reads it as the last moment of that day, \"next\" as \
         the midnight after it"
    )]
    EndOfTime,
    /// An integer or decimal outside of the target's range.
    #[error("{0} does not fit")]
    Range(String),
    /// Digits after the point, or of a second, that the target has no room for.
    #[error("{0} has more digits after the point than the target")]
    Scale(String),
    /// Text or bytes longer than the target.
    #[error("{len} bytes do not fit into {max}")]
    TooLong {
        /// Encoded length.
        len: usize,
        /// The target's.
        max: usize,
    },
    /// Text or bytes that would have to be padded, where no padding is known to be right.
    #[error("{len} bytes are fewer than the {min} of a fixed length")]
    TooShort {
        /// Length given.
        len: usize,
        /// The target's.
        min: usize,
    },
    /// A zero byte in a value that ends at the first one.
    #[error("a zero byte ends a value of this type")]
    ZeroByte,
    /// A row that the array does not have.
    #[error("the array has only {0} rows")]
    NoRow(usize),
    /// An Arrow value of a type that does not go into the target.
    #[error("a value of Arrow type {from} does not go into {to}")]
    Type {
        /// The Arrow type.
        from: String,
        /// The SQL type.
        to: &'static str,
    },
    /// A field that the system itself could not map; the byte stands in the null map.
    #[error("the system could not map the field (X'{0:02X}' in the null map)")]
    Unmapped(u8),
    /// It lies in several fields of a file, of which some are NULL.
    #[error("a field of the file that it lies in is NULL, or may be, and another is not")]
    PartlyNull,
    /// Text that is not a number.
    #[error("the text is not a value of type {0}")]
    NotA(&'static str),
}

impl Reason {
    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Reason::Value(ValueError::Digit { .. } | ValueError::Sign { .. }) => {
                "the field holds something else; bad_values=\"null\" reads such values as NULL"
            }
            Reason::Value(ValueError::EndOfDay) => "time_unit=\"text\" reads it, bad_values=\"null\" makes it NULL",
            Reason::Value(ValueError::Digits { what: ValueForm::DecFloat, .. } | ValueError::Inexact(_)) => {
                "decfloat=\"text\" is exact, or ask for more digits"
            }
            Reason::Text(CcsidError::Undecodable { .. } | CcsidError::Unclosed { .. }) | Reason::Utf8(_) => {
                "the column may be marked with the wrong CCSID: force_ccsid, or text_errors=\"replace\" or \"raw\""
            }
            Reason::Finer => "timestamp_unit=\"ns\", or timestamp_excess=\"truncate\"",
            Reason::EndOfTime => "bad_values=\"null\" reads it as NULL",
            Reason::Ticks => "timestamp_unit=\"us\" holds the years 0001 to 9999",
            _ => return None,
        })
    }

    fn sqlstate(&self) -> &'static str {
        match self {
            Reason::Value(e) => match e {
                ValueError::Digit { .. } | ValueError::Sign { .. } | ValueError::Boolean => "22018",
                ValueError::Pattern { what: ValueForm::DecFloat, .. } => "22018",
                ValueError::Length { what: ValueForm::Date | ValueForm::Time | ValueForm::Timestamp, .. } => "22007",
                ValueError::Length { .. } => "22018",
                ValueError::Pattern { .. } | ValueError::NoSuch(_) => "22007",
                ValueError::EndOfDay => "22008",
                ValueError::Digits { .. } | ValueError::Range(_) => "22003",
                ValueError::Inexact(_) | ValueError::NotFinite(_) => "22003",
            },
            Reason::Text(_) | Reason::Utf8(_) => "22021",
            Reason::Finer | Reason::Ticks | Reason::EndOfTime => "22008",
            Reason::Range(_) | Reason::Scale(_) => "22003",
            Reason::TooLong { .. } | Reason::TooShort { .. } => "22001",
            Reason::ZeroByte => "22024",
            Reason::NoRow(_) => "07001",
            Reason::Type { .. } => "07006",
            Reason::Unmapped(_) => "22018",
            Reason::PartlyNull => "22002",
            Reason::NotA(_) => "22018",
        }
    }
}

/// One value and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadValue {
    /// The column's name.
    pub column: String,
    /// Its place, from 0.
    pub index: usize,
    /// The row's number in the result, or in the array being sent, from 1.
    pub row: u64,
    /// The value's bytes, at most [`KEPT`] of them.
    pub bytes: Vec<u8>,
    /// The fault.
    pub reason: Reason,
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {} \"{}\", row {}: {}", self.index + 1, self.column, self.row, self.reason)?;
        if !self.bytes.is_empty() {
            f.write_str("; bytes ")?;
            for byte in &self.bytes {
                write!(f, "{byte:02X}")?;
            }
        }
        match self.reason.hint() {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// Errors between cells and Arrow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// A value that cannot be converted.
    #[error("{0}")]
    Value(Box<BadValue>),
    /// A type that has no Arrow form here; known when the answer set is described.
    #[error("column {} \"{column}\": {what} (type {number}) is not supported", .index + 1)]
    Unsupported {
        /// The column's name.
        column: String,
        /// Its place, from 0.
        index: usize,
        /// The SQL type number, else the DRDA type id.
        number: u16,
        /// The type in words.
        what: String,
    },
    /// A page that is not known, so that nothing of the column can be read.
    #[error("column {} \"{column}\": {reason}; name the right one with force_ccsid, or 65535 for bytes", .index + 1)]
    Ccsid {
        /// The column's name.
        column: String,
        /// Its place, from 0.
        index: usize,
        /// Which.
        reason: CcsidError,
    },
    /// A NULL in a column that is described as NOT NULL.
    #[error("column {} \"{column}\", row {row}: NULL in a column that is NOT NULL", .index + 1)]
    Null {
        /// The column's name.
        column: String,
        /// Its place, from 0.
        index: usize,
        /// The row's number, from 1.
        row: u64,
    },
    /// More text or bytes in one batch than 32-bit offsets reach.
    #[error("column {} \"{column}\": more than 2 GiB in one batch; ask for smaller batches", .index + 1)]
    TooLarge {
        /// The column's name.
        column: String,
        /// Its place, from 0.
        index: usize,
    },
    /// A cell that is not within its block: the server's description and its rows disagree.
    #[error("column {} \"{column}\", row {row}: the value reaches beyond its row", .index + 1)]
    Cut {
        /// The column's name.
        column: String,
        /// Its place, from 0.
        index: usize,
        /// The row's number, from 1.
        row: u64,
    },
}

impl ColumnError {
    /// The SQLSTATE of the error.
    pub fn sqlstate(&self) -> &'static str {
        match self {
            ColumnError::Value(bad) => bad.reason.sqlstate(),
            ColumnError::Unsupported { .. } => "56084",
            ColumnError::Ccsid { .. } => "22021",
            ColumnError::Null { .. } => "23502",
            ColumnError::TooLarge { .. } => "54010",
            ColumnError::Cut { .. } => "58009",
        }
    }

    /// Advice to the user, where there is some.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            ColumnError::Value(bad) => bad.reason.hint(),
            _ => None,
        }
    }
}

/// A column as errors name it.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) index: usize,
    pub(super) nullable: bool,
}

impl Column {
    pub(super) fn new(field: &Field, index: usize) -> Self {
        Column { name: field.name.clone(), index, nullable: field.nullable }
    }

    pub(super) fn value(&self, row: u64, bytes: &[u8], reason: Reason) -> ColumnError {
        ColumnError::Value(Box::new(BadValue {
            column: self.name.clone(),
            index: self.index,
            row,
            bytes: bytes.iter().take(KEPT).copied().collect(),
            reason,
        }))
    }

    pub(super) fn null(&self, row: u64) -> ColumnError {
        ColumnError::Null { column: self.name.clone(), index: self.index, row }
    }

    pub(super) fn cut(&self, row: u64) -> ColumnError {
        ColumnError::Cut { column: self.name.clone(), index: self.index, row }
    }

    pub(super) fn too_large(&self) -> ColumnError {
        ColumnError::TooLarge { column: self.name.clone(), index: self.index }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::value::field::Shape;
    use crate::wire::value::types::Type;

    #[test]
    fn the_message_says_where_what_and_what_to_do() {
        let mut field = Field::new(Type::Packed, Shape::Fixed(3));
        field.name = "PRICE".into();
        let reason = ValueError::Digit { what: ValueForm::Packed, at: 1 }.into();
        let error = Column::new(&field, 2).value(17, &[0x12, 0xA4, 0x5C], reason);
        assert_eq!(
            error.to_string(),
            "column 3 \"PRICE\", row 17: packed decimal: byte 1 holds no decimal digit; bytes 12A45C \
             (the field holds something else; bad_values=\"null\" reads such values as NULL)"
        );
        assert_eq!(error.sqlstate(), "22018");
    }
}
