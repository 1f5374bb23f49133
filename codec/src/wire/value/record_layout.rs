//! Fields of records that all have one length: each has its place, so nothing has to be walked. What a
//! record format knows of a field and a row of SQL does not is kept beside the [`Field`].

use super::date_form::{DateForm, TimeForm};
use super::field::Field;
use std::ops::Range;

/// A form that only fields of records have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldForm {
    /// None: what the [`Field`] says is all.
    #[default]
    Plain,
    /// A date, and what stands between its numbers (ASCII).
    Date(DateForm, u8),
    /// A time, likewise.
    Time(TimeForm, u8),
    /// A binary number with digits after an implied point.
    Scaled,
    /// The character 1 or 0.
    Flag,
    /// Double-byte characters between a shift-out in the first and a shift-in in the last byte.
    DoubleOnly,
    /// As `DoubleOnly`, or single-byte characters alone.
    DoubleOrSingle,
}

/// A field and its place in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedField {
    /// The field. Nullable ones have no indicator in front of them but a byte in the null map.
    pub field: Field,
    /// Which bytes of the null map are about it: its own; or, where the layout is the user's word, those of all
    /// fields of the file that it lies in.
    pub marks: Range<usize>,
    /// Where it begins in the record.
    pub offset: usize,
    /// Bytes that it takes there, a length in front included.
    pub width: usize,
    /// Its form.
    pub form: FieldForm,
    /// The letter of its type in DDS.
    pub dds: char,
    /// Its describing text.
    pub text: String,
}

/// How slots with records in them lie in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stride {
    /// Bytes of a record.
    pub record: usize,
    /// Bytes from one to the next.
    pub increment: usize,
    /// Where in the slot a byte for every field says whether it is NULL: F0 it is not, F1 it is.
    pub null_map: Option<usize>,
    /// Where in the slot the relative record number stands, if it does.
    pub rrn: Option<usize>,
}
