//! The facts about a type that programs are told by its name: what it is to them, its numbers in JDBC and ODBC, its
//! sizes, and the products that have it. (Read: IBM's SQL references; ODBC's appendix D.)

use super::product::Product;

/// The kind of a type's values to a program (PEP 249).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeKind {
    /// Text.
    Text,
    /// Bytes.
    Binary,
    /// A number, or a truth value.
    Number,
    /// A date, a time of day or both.
    DateTime,
    /// The identifier of a row.
    RowId,
}

impl TypeKind {
    /// Each with its name in PEP 249.
    pub const ALL: [(TypeKind, &'static str); 5] = [
        (TypeKind::Text, "STRING"),
        (TypeKind::Binary, "BINARY"),
        (TypeKind::Number, "NUMBER"),
        (TypeKind::DateTime, "DATETIME"),
        (TypeKind::RowId, "ROWID"),
    ];
}

/// Digits after the point, as catalogs tell of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digits {
    /// It has no point.
    Absent,
    /// A whole number.
    Zero,
    /// Those of the column.
    Column,
}

/// A type by its name.
#[derive(Debug, Clone, Copy)]
pub struct NamedType {
    /// The name in SQL.
    pub name: &'static str,
    /// The name in eight letters, as QSYS2.SYSCOLUMNS.DATA_TYPE and COLTYPE of Db2 for z/OS have it.
    pub short_name: &'static str,
    /// The kind of its values.
    pub kind: TypeKind,
    /// The number in JDBC.
    pub jdbc: i64,
    /// The number in IBM's ODBC driver.
    pub odbc: i64,
    /// Digits or characters, where every column has the same.
    pub size: Option<i64>,
    /// The base of its digits.
    pub radix: Option<i64>,
    /// Digits after the point.
    pub digits: Digits,
    /// Bytes that a value takes in a table, where every column has the same; without the digits of a second.
    pub stored: Option<i64>,
    /// Bytes of a value in ODBC's default form, where every column has the same.
    pub buffer: Option<i64>,
    /// The products that have it.
    pub products: &'static [Product],
}

/// All products.
const EVERY: &[Product] = &[Product::Derby, Product::Luw, Product::IbmI, Product::Zos, Product::Other];
/// The family of Db2.
pub(super) const DB2: &[Product] = &[Product::Luw, Product::IbmI, Product::Zos, Product::Other];
/// Db2 for i.
pub(super) const IBM_I: &[Product] = &[Product::IbmI];

/// A type of every product, whose columns have lengths of their own.
pub(super) const fn named(name: &'static str, kind: TypeKind, jdbc: i64, odbc: i64) -> NamedType {
    NamedType {
        name,
        short_name: name,
        kind,
        jdbc,
        odbc,
        size: None,
        radix: None,
        digits: Digits::Absent,
        stored: None,
        buffer: None,
        products: EVERY,
    }
}

impl NamedType {
    /// Another short name.
    pub(super) const fn short(self, short_name: &'static str) -> NamedType {
        NamedType { short_name, ..self }
    }

    /// Only these products have it.
    pub(super) const fn only(self, products: &'static [Product]) -> NamedType {
        NamedType { products, ..self }
    }

    /// Values of one width, which have so many digits or characters.
    pub(super) const fn fixed(self, size: i64, stored: i64) -> NamedType {
        NamedType { size: Some(size), stored: Some(stored), ..self }
    }

    /// Whole numbers of so many digits and bytes.
    pub(super) const fn whole(self, size: i64, bytes: i64) -> NamedType {
        NamedType { radix: Some(10), digits: Digits::Zero, buffer: Some(bytes), ..self.fixed(size, bytes) }
    }

    /// Binary floats.
    pub(super) const fn float(self, size: i64, bytes: i64) -> NamedType {
        NamedType { radix: Some(2), buffer: Some(bytes), ..self.fixed(size, bytes) }
    }

    /// Decimal digits, as many as the column has.
    pub(super) const fn decimal(self, digits: Digits) -> NamedType {
        NamedType { radix: Some(10), digits, ..self }
    }

    /// So many bytes in a table, and in ODBC's form.
    pub(super) const fn bytes(self, stored: i64, buffer: Option<i64>) -> NamedType {
        NamedType { stored: Some(stored), buffer, ..self }
    }

    /// The same before the digits of a second.
    pub(super) const fn seconds(self, stored: i64, buffer: Option<i64>) -> NamedType {
        NamedType { digits: Digits::Column, ..self.bytes(stored, buffer) }
    }
}
