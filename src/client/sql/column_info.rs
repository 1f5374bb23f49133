//! A column of a result in SQL terms.

use crate::wire::value::field::Field;

/// A column in SQL terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Name; empty for an expression without one.
    pub name: String,
    /// `DECIMAL`, `VARCHAR`, …
    pub sql_type: &'static str,
    /// Length on the wire.
    pub length: u32,
    /// Digits of a decimal, else 0.
    pub precision: u8,
    /// Digits after the point or of the fraction of a second.
    pub scale: u8,
    /// May be NULL.
    pub nullable: bool,
}

impl From<&Field> for ColumnInfo {
    fn from(field: &Field) -> ColumnInfo {
        ColumnInfo {
            name: field.name.clone(),
            sql_type: field.sql_name(),
            length: field.length,
            precision: field.precision,
            scale: field.scale,
            nullable: field.nullable,
        }
    }
}
