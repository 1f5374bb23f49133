//! A column or parameter: what it means ([`Type`]), how its bytes lie in a row (`Shape`), and the
//! numbers that qualify both. Built from an FD:OCA descriptor or a record format.

use super::typdef::FloatForm;
use super::types::{SqlType, Type, TypeId};
use crate::wire::codec::reader::ByteOrder;

/// CCSID 65535: bytes that are not text.
pub const CCSID_BINARY: u16 = 65535;

/// How the value lies in a row, after its null indicator if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// So many bytes.
    Fixed(u32),
    /// A two-byte big-endian count of bytes, then the bytes.
    Var,
    /// A two-byte big-endian count of two-byte characters, then the characters.
    VarChars,
    /// A one-byte count of bytes, then the bytes.
    Pascal,
    /// Bytes up to a zero byte; at most `length` of them.
    NulTerminated,
    /// A placeholder of so many bytes; when it is not zero an EXTDTA object follows with the value.
    Lob(u8),
}

/// One column or parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The column's name; empty for an expression without one.
    pub name: String,
    /// The type.
    pub ty: Type,
    /// How it lies.
    pub shape: Shape,
    /// May be NULL: an indicator byte precedes it. From the descriptor's type id, never from the SQLDA.
    pub nullable: bool,
    /// The even DRDA type id (SQL data), 0 for a record field.
    pub lid: TypeId,
    /// Length in bytes, for graphic types in characters, as the descriptor gives it.
    pub length: u32,
    /// Decimal digits, 0 where it has no meaning.
    pub precision: u8,
    /// Digits after the point or of the fraction of a second.
    pub scale: u8,
    /// Code page of text; 0 = not text; [`CCSID_BINARY`] = bytes.
    pub ccsid: u16,
    /// Byte order of integers and floats.
    pub order: ByteOrder,
    /// Form of floats.
    pub float: FloatForm,
    /// The SQL type of the SQLDA, when one was read.
    pub sqltype: Option<SqlType>,
    /// The column's label or heading, when the server gave one.
    pub label: Option<String>,
}

impl Field {
    /// A nameless field with everything else zero: the start for a literal update.
    pub fn new(ty: Type, shape: Shape) -> Self {
        Field {
            name: String::new(),
            ty,
            shape,
            nullable: false,
            lid: TypeId::default(),
            length: 0,
            precision: 0,
            scale: 0,
            ccsid: 0,
            order: ByteOrder::Big,
            float: FloatForm::Ieee,
            sqltype: None,
            label: None,
        }
    }

    /// The type in SQL words, for metadata and messages: `DECIMAL`, `VARCHAR`, …
    pub fn sql_name(&self) -> &'static str {
        match (self.ty, self.shape) {
            (Type::Integer, _) => match self.length {
                1 => "TINYINT",
                2 => "SMALLINT",
                4 => "INTEGER",
                _ => "BIGINT",
            },
            (Type::Float, _) => match self.length {
                4 => "REAL",
                8 => "DOUBLE",
                _ => "FLOAT(16)",
            },
            (Type::Text, Shape::Lob(_)) => "CLOB",
            (Type::Text, Shape::Fixed(_)) => "CHAR",
            (Type::Text, _) => match self.sqltype {
                Some(SqlType::LONG_VARCHAR) => "LONG VARCHAR",
                Some(SqlType::CHAR) => "CHAR",
                _ => "VARCHAR",
            },
            (Type::Graphic, Shape::Lob(_)) => "DBCLOB",
            (Type::Graphic, Shape::Fixed(_)) => "GRAPHIC",
            (Type::Graphic, _) => "VARGRAPHIC",
            (Type::Binary, Shape::Lob(_)) => "BLOB",
            (Type::Binary, Shape::Fixed(_)) => "BINARY",
            (Type::Binary, _) => match self.sqltype {
                Some(SqlType::CHAR) => "CHAR FOR BIT DATA",
                Some(SqlType::VARCHAR) => "VARCHAR FOR BIT DATA",
                Some(SqlType::LONG_VARCHAR) => "LONG VARCHAR FOR BIT DATA",
                _ => "VARBINARY",
            },
            (ty, _) => SqlType::of(ty).and_then(SqlType::name).unwrap_or_default(),
        }
    }
}
