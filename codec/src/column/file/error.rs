//! Errors between records and Arrow, with the field, the record and the bytes. File and
//! member are known further up.

use std::fmt;

use crate::column::error::{BadValue, ColumnError, Reason};

/// A value of a record that means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadField {
    /// The relative record number; 0 if the record has none.
    pub rrn: u32,
    /// Where the field begins in the record, from 0.
    pub offset: usize,
    /// The field as a column (its row counts the records of the batch from 1), the bytes, the reason.
    pub value: BadValue,
}

impl fmt::Display for BadField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BadValue { column, row, bytes, reason, .. } = &self.value;
        match self.rrn {
            0 => write!(f, "field {column}, record {row} of the block")?,
            rrn => write!(f, "field {column}, relative record number {rrn}")?,
        }
        write!(f, ", offset {}: {reason}", self.offset)?;
        if !bytes.is_empty() {
            f.write_str("; bytes ")?;
            bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}"))?;
        }
        f.write_str(" (on_error=\"null\" reads such values as NULL, on_error=\"raw\" gives the bytes)")
    }
}

/// Errors between records and Arrow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A value that means nothing.
    #[error("{0}")]
    Value(Box<BadField>),
    /// A NULL in a field that has none.
    #[error("field {field}, relative record number {rrn}: NULL in a field that its description does not call nullable")]
    Null {
        /// The field.
        field: String,
        /// The relative record number.
        rrn: u32,
    },
    /// The description of the slots and the slots themselves, or the fields, disagree.
    #[error("{0}")]
    Layout(String),
    /// A column that cannot be made.
    #[error(transparent)]
    Column(#[from] ColumnError),
    /// Columns that Arrow does not make a batch of.
    #[error("the columns do not make a batch: {0}")]
    Batch(String),
}

impl RecordError {
    /// The SQLSTATE of the error.
    pub fn sqlstate(&self) -> &'static str {
        match self {
            RecordError::Value(bad) => ColumnError::Value(Box::new(bad.value.clone())).sqlstate(),
            RecordError::Null { .. } => "23502",
            RecordError::Layout(_) | RecordError::Batch(_) => "58009",
            RecordError::Column(e) => e.sqlstate(),
        }
    }

    /// Why a value is bad, where one is.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            RecordError::Value(bad) => Some(&bad.value.reason),
            _ => None,
        }
    }
}
