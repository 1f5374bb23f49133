//! The types of values, and the table of SQL types: the number that each has in an SQLDA (SQLTYPE), its name, and the
//! ids by which its values are described in an FD:OCA descriptor, with how each lies in a row. Both numbers are even
//! where NULL is not possible, and odd where it is. (DRDA: SQLTYPEs and FD:OCA local identifiers; measured with IBM's
//! CLI driver and Derby. 2000 is Derby's number of user-defined types.)
//!
//! A type has several ids: of text, one for each kind of page. Arrow types are given in `column/kind`. What programs are
//! told of a type by its name stands in a table of its own, at the end.

use super::length_rule::{LengthRule, Page};
use super::named_type::{DB2, Digits, IBM_I, NamedType, TypeKind, named};
use super::product::Product;
use std::fmt;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Two's complement of 1, 2, 4 or 8 bytes (`length`), in `order`.
    Integer,
    /// Float of 4, 8 or 16 bytes (`length`), in `order` and `float` form.
    Float,
    /// Packed decimal of `precision` digits, `scale` of them after the point.
    Packed,
    /// Zoned decimal.
    Zoned,
    /// Numeric character: digits in the environment's character set, sign leading.
    NumericChar,
    /// Decimal floating point, DPD, 8 or 16 bytes, always big-endian.
    DecFloat,
    /// One byte, or two as Db2 for LUW sends it (`length`).
    Boolean,
    /// Text `YYYY-MM-DD` (10 characters).
    Date,
    /// Text `HH.MM.SS` or `HH:MM:SS` (8 characters).
    Time,
    /// Text `YYYY-MM-DD-HH.MM.SS[.f…]`, 19 to 32 characters; `scale` digits after the point.
    Timestamp,
    /// As `Timestamp`, followed by a zone `±HH:MM`; `scale` digits after the point.
    TimestampTz,
    /// Characters in `ccsid`.
    Text,
    /// Double-byte characters in `ccsid`.
    Graphic,
    /// Bytes.
    Binary,
    /// A row identifier: bytes.
    RowId,
    /// An XML document as text in `ccsid` or self-describing.
    Xml,
    /// A file link: characters.
    Datalink,
    /// A 4-byte handle of a value kept by the server (`lid` says of what).
    Locator,
}

impl Type {
    /// True for values whose `scale` counts digits of a second.
    pub fn has_seconds(self) -> bool {
        let seconds = |rule| matches!(rule, LengthRule::Seconds(_) | LengthRule::VarSeconds(_));
        FORMS.iter().any(|form| form.ty == self && seconds(form.length))
    }
}

/// A type as an SQLDA numbers it: `SqlType::VARCHAR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SqlType(u16);

impl SqlType {
    /// A number as it came, which may be odd or unknown.
    pub const fn new(number: u16) -> SqlType {
        SqlType(number & !1)
    }

    /// The even number.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The name in SQL, of a known type.
    pub fn name(self) -> Option<&'static str> {
        SQL_TYPES.iter().find(|known| known.0 == self).map(|known| known.1)
    }

    /// The id by which a parameter of this type is sent, where it has one whatever its value is.
    pub fn sent_as(self) -> Option<TypeId> {
        SQL_TYPES.iter().find(|known| known.0 == self).and_then(|known| known.2)
    }

    /// True for values that do not lie in their rows.
    pub fn is_large(self) -> bool {
        FORMS.iter().any(|form| form.sql_type == self && form.length == LengthRule::Lob)
    }

    /// The first SQL type with values of this type; most have only one.
    pub fn of(ty: Type) -> Option<SqlType> {
        FORMS.iter().find(|form| form.ty == ty).map(|form| form.sql_type)
    }
}

/// The number, as messages of servers tell it.
impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A type as a descriptor numbers it: `TypeId::VARCHAR_MIXED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TypeId(u8);

impl TypeId {
    /// An id as it came, which may be odd or unknown.
    pub const fn new(byte: u8) -> TypeId {
        TypeId(byte)
    }

    /// The id on the wire.
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// The id of the same type that says whether NULL is possible.
    pub const fn with_null(self, possible: bool) -> TypeId {
        TypeId(self.0 & !1 | possible as u8)
    }

    /// The odd id, by which NULL is possible.
    pub const fn nullable(self) -> TypeId {
        self.with_null(true)
    }

    /// True for an odd id.
    pub const fn is_nullable(self) -> bool {
        self.0 & 1 == 1
    }

    /// How its values lie, if it is known.
    pub fn form(self) -> Option<&'static Form> {
        let base = self.with_null(false);
        FORMS.iter().find(|form| form.id == base)
    }
}

impl From<u8> for TypeId {
    fn from(byte: u8) -> TypeId {
        TypeId::new(byte)
    }
}

/// One id with how its values lie.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// The even id.
    pub id: TypeId,
    /// The type of a column that is described by it.
    pub sql_type: SqlType,
    /// The type of its values.
    pub ty: Type,
    /// The meaning of its two length bytes.
    pub length: LengthRule,
    /// The page of its characters.
    pub page: Page,
    /// The length bytes with which a value is sent where nothing else is known of its length.
    pub usual: u16,
}

/// The ids of all types.
pub fn forms() -> impl Iterator<Item = &'static Form> {
    FORMS.iter()
}

impl NamedType {
    /// The facts about a type.
    pub fn of(name: &str) -> Option<&'static NamedType> {
        NAMED.iter().find(|known| known.name == name)
    }

    /// The facts about a type by its name in eight letters, where one type alone has it.
    pub fn of_short(name: &str) -> Option<&'static NamedType> {
        let mut known = NAMED.iter().filter(|known| known.short_name == name);
        known.next().filter(|_| known.next().is_none())
    }

    /// The names of a kind of types.
    pub fn names(kind: TypeKind) -> impl Iterator<Item = &'static str> {
        NAMED.iter().filter(move |known| known.kind == kind).map(|known| known.name)
    }

    /// Those whose columns are all alike.
    pub fn of_one_size() -> impl Iterator<Item = &'static NamedType> {
        NAMED.iter().filter(|known| known.size.is_some())
    }

    /// True where a product has the type of this name, or where nothing is known of it.
    pub fn is_of(name: &str, product: Product) -> bool {
        NamedType::of(name).is_none_or(|known| known.products.contains(&product))
    }
}

/// `SQL type = number, name, id by which a parameter is sent { id = byte: value, length, page, usual length; … }`
macro_rules! types {
    ($($sql:ident = $number:literal, $name:literal, $sent:expr => {
        $($id:ident = $byte:literal: $ty:ident, $length:expr, $page:ident, $usual:literal;)+
    })+) => {
        impl SqlType {
            $(
                #[doc = concat!($name, ".")]
                pub const $sql: SqlType = SqlType($number);
            )+
        }

        impl TypeId {
            $($(
                #[doc = concat!("Of ", $name, ".")]
                pub const $id: TypeId = TypeId($byte);
            )+)+
        }

        const SQL_TYPES: &[(SqlType, &str, Option<TypeId>)] = &[$((SqlType::$sql, $name, $sent)),+];

        const FORMS: &[Form] = &[$($(
            Form {
                id: TypeId::$id,
                sql_type: SqlType::$sql,
                ty: Type::$ty,
                length: $length,
                page: Page::$page,
                usual: $usual,
            },
        )+)+];
    };
}

use LengthRule::*;
use TypeKind::{Binary, DateTime, Number, RowId, Text};

types! {
    INTEGER = 496, "INTEGER", Some(TypeId::INTEGER) => {
        INTEGER = 0x02: Integer, OneOf(&[1, 2, 4, 8]), Absent, 4;
    }
    SMALLINT = 500, "SMALLINT", Some(TypeId::SMALLINT) => {
        SMALLINT = 0x04: Integer, OneOf(&[1, 2, 4, 8]), Absent, 2;
        TINYINT = 0x06: Integer, OneOf(&[1, 2, 4, 8]), Absent, 1;
    }
    BIGINT = 492, "BIGINT", Some(TypeId::BIGINT) => {
        BIGINT = 0x16: Integer, OneOf(&[1, 2, 4, 8]), Absent, 8;
    }
    FLOAT = 480, "FLOAT", Some(TypeId::DOUBLE) => {
        FLOAT16 = 0x08: Float, OneOf(&[4, 8]), Absent, 16;
        DOUBLE = 0x0A: Float, OneOf(&[4, 8]), Absent, 8;
        REAL = 0x0C: Float, OneOf(&[4, 8]), Absent, 4;
    }
    DECIMAL = 484, "DECIMAL", Some(TypeId::DECIMAL) => {
        DECIMAL = 0x0E: Packed, Packed, Absent, 0x1F00;
    }
    NUMERIC = 488, "NUMERIC", Some(TypeId::DECIMAL) => {
        NUMERIC = 0x10: Zoned, Zoned, Single, 0x1F00;
    }
    NUMERIC_CHARACTER = 504, "NUMERIC", None => {
        NUMERIC_CHARACTER = 0x12: NumericChar, SignedZoned, Single, 0x1F00;
    }
    DECFLOAT = 996, "DECFLOAT", Some(TypeId::DECFLOAT) => {
        DECFLOAT = 0xBA: DecFloat, OneOf(&[8, 16]), Absent, 16;
    }
    BOOLEAN = 2436, "BOOLEAN", Some(TypeId::BOOLEAN) => {
        BOOLEAN = 0xBE: Boolean, OneOf(&[1, 2]), Absent, 1;
    }
    DATE = 384, "DATE", Some(TypeId::DATE) => {
        DATE = 0x20: Date, Bytes, Single, 10;
    }
    TIME = 388, "TIME", Some(TypeId::TIME) => {
        TIME = 0x22: Time, Bytes, Single, 8;
    }
    TIMESTAMP = 392, "TIMESTAMP", Some(TypeId::TIMESTAMP) => {
        TIMESTAMP = 0x24: Timestamp, Seconds(20), Single, 32;
    }
    // Db2 for LUW adds the fraction's digits to 148. (Measured: IBM's CLI driver.)
    TIMESTAMP_TZ = 2448, "TIMESTAMP WITH TIME ZONE", Some(TypeId::TIMESTAMP_TZ) => {
        TIMESTAMP_TZ = 0xB6: TimestampTz, VarSeconds(148), Single, 160;
    }
    CHAR = 452, "CHAR", Some(TypeId::VARCHAR_MIXED) => {
        CHAR = 0x30: Text, Bytes, Single, 0x7FFF;
        CHAR_MIXED = 0x3C: Text, Bytes, Mixed, 0x7FFF;
        CHAR_BITS = 0x26: Binary, Bytes, Binary, 0x7FFF;
    }
    VARCHAR = 448, "VARCHAR", Some(TypeId::VARCHAR_MIXED) => {
        VARCHAR = 0x32: Text, Var, Single, 0x7FFF;
        VARCHAR_MIXED = 0x3E: Text, Var, Mixed, 0x7FFF;
        VARCHAR_BITS = 0x28: Binary, Var, Binary, 0x7FFF;
        VARCHAR_B2 = 0xB2: Text, Var, Mixed, 0x7FFF;
    }
    LONG_VARCHAR = 456, "LONG VARCHAR", Some(TypeId::VARCHAR_MIXED) => {
        LONG_VARCHAR = 0x34: Text, Var, Single, 0x7FFF;
        LONG_VARCHAR_MIXED = 0x40: Text, Var, Mixed, 0x7FFF;
        LONG_VARCHAR_BITS = 0x2A: Binary, Var, Binary, 0x7FFF;
    }
    CSTRING = 460, "VARCHAR", Some(TypeId::VARCHAR_MIXED) => {
        CSTRING = 0x2E: Text, NulTerminated, Single, 0x7FFF;
        CSTRING_MIXED = 0x42: Text, NulTerminated, Mixed, 0x7FFF;
        CSTRING_BITS = 0x2C: Binary, NulTerminated, Binary, 0x7FFF;
    }
    PASCAL_STRING = 476, "VARCHAR", None => {
        PASCAL_STRING = 0x46: Text, Pascal, Single, 255;
        PASCAL_STRING_MIXED = 0x48: Text, Pascal, Mixed, 255;
        PASCAL_STRING_BITS = 0x44: Binary, Pascal, Binary, 255;
    }
    GRAPHIC = 468, "GRAPHIC", Some(TypeId::VARCHAR_MIXED) => {
        GRAPHIC = 0x36: Graphic, Characters, Double, 0x3FFF;
    }
    VARGRAPHIC = 464, "VARGRAPHIC", Some(TypeId::VARCHAR_MIXED) => {
        VARGRAPHIC = 0x38: Graphic, VarChars, Double, 0x3FFF;
        VARGRAPHIC_B0 = 0xB0: Graphic, VarChars, Double, 0x3FFF;
    }
    LONG_VARGRAPHIC = 472, "LONG VARGRAPHIC", Some(TypeId::VARCHAR_MIXED) => {
        LONG_VARGRAPHIC = 0x3A: Graphic, VarChars, Double, 0x3FFF;
    }
    BINARY = 912, "BINARY", Some(TypeId::VARCHAR_BITS) => {
        BINARY = 0xC0: Binary, Bytes, Binary, 0x7FFF;
    }
    VARBINARY = 908, "VARBINARY", Some(TypeId::VARCHAR_BITS) => {
        VARBINARY = 0xC2: Binary, Var, Binary, 0x7FFF;
    }
    ROWID = 904, "ROWID", Some(TypeId::VARCHAR_BITS) => {
        ROWID = 0x1E: RowId, Var, Binary, 40;
    }
    UDT = 2000, "UDT", None => {
        UDT = 0x50: Binary, Var, Binary, 0x7FFF;
    }
    DATALINK = 396, "DATALINK", None => {
        DATALINK = 0x4C: Datalink, Var, Single, 0x7FFF;
        DATALINK_MIXED = 0x4E: Datalink, Var, Mixed, 0x7FFF;
    }
    BLOB = 404, "BLOB", Some(TypeId::LONG_VARCHAR_BITS) => {
        BLOB = 0xC8: Binary, Lob, Binary, 0x8008;
    }
    CLOB = 408, "CLOB", Some(TypeId::VARCHAR_MIXED) => {
        CLOB = 0xCA: Text, Lob, Single, 0x8008;
        CLOB_MIXED = 0xCE: Text, Lob, Mixed, 0x8008;
    }
    DBCLOB = 412, "DBCLOB", Some(TypeId::VARCHAR_MIXED) => {
        DBCLOB = 0xCC: Graphic, Lob, Double, 0x8008;
    }
    XML = 988, "XML", Some(TypeId::VARCHAR_MIXED) => {
        XML = 0xC4: Xml, Lob, Xml, 0x8008;
        XML_EXTERNAL = 0xC6: Xml, Lob, Xml, 0x8008;
        XML_BC = 0xBC: Xml, Lob, Xml, 0x8008;
    }
    BLOB_LOCATOR = 960, "LOCATOR", None => {
        BLOB_LOCATOR = 0x18: Locator, Handle, Absent, 4;
    }
    CLOB_LOCATOR = 964, "LOCATOR", None => {
        CLOB_LOCATOR = 0x1A: Locator, Handle, Absent, 4;
    }
    DBCLOB_LOCATOR = 968, "LOCATOR", None => {
        DBCLOB_LOCATOR = 0x1C: Locator, Handle, Absent, 4;
    }
    RESULT_SET_LOCATOR = 972, "LOCATOR", None => {
        RESULT_SET_LOCATOR = 0x14: Locator, Handle, Absent, 4;
    }
}

/// The types by their names: kind, numbers in JDBC and ODBC, and where these are not those of each column: digits, bytes.
const NAMED: &[NamedType] = &[
    named("TINYINT", Number, 1111, 0),
    named("SMALLINT", Number, 5, 5).whole(5, 2),
    named("INTEGER", Number, 4, 4).whole(10, 4),
    named("BIGINT", Number, -5, -5).whole(19, 8),
    named("REAL", Number, 7, 7).float(7, 4).short("FLOAT"),
    named("DOUBLE", Number, 8, 8).float(15, 8).short("FLOAT"),
    named("FLOAT(16)", Number, 1111, 0),
    named("DECIMAL", Number, 3, 3).decimal(Digits::Column),
    named("NUMERIC", Number, 2, 2).decimal(Digits::Column),
    named("DECFLOAT", Number, 1111, -360).decimal(Digits::Absent).only(DB2),
    // Db2 for i has it from 7.5 on.
    named("BOOLEAN", Number, 16, 16).fixed(1, 1).only(&[Product::Luw, Product::Derby]),
    named("DATE", DateTime, 91, 91).bytes(4, Some(6)),
    named("TIME", DateTime, 92, 92).bytes(3, Some(6)),
    named("TIMESTAMP", DateTime, 93, 93).seconds(7, Some(16)).short("TIMESTMP"),
    named("TIMESTAMP WITH TIME ZONE", DateTime, 2014, 95).seconds(9, None).short("TIMESTZ").only(&[Product::Zos]),
    named("CHAR", Text, 1, 1),
    named("VARCHAR", Text, 12, 12),
    named("LONG VARCHAR", Text, -1, -1).short("LONGVAR"),
    named("CLOB", Text, 2005, -99),
    named("CHAR FOR BIT DATA", Binary, -2, -2),
    named("VARCHAR FOR BIT DATA", Binary, -3, -3),
    named("LONG VARCHAR FOR BIT DATA", Binary, -4, -4),
    named("BINARY", Binary, -2, -2).only(DB2),
    named("VARBINARY", Binary, -3, -3).short("VARBIN").only(DB2),
    named("BLOB", Binary, 2004, -98),
    named("GRAPHIC", Text, 1, -95).only(DB2),
    named("VARGRAPHIC", Text, 12, -96).short("VARG").only(DB2),
    named("LONG VARGRAPHIC", Text, 1111, 0).short("LONGVARG").only(DB2),
    named("DBCLOB", Text, 2005, -350).only(DB2),
    named("XML", Text, 2009, -370).only(DB2),
    named("DATALINK", Text, 1111, 0).only(IBM_I),
    named("ROWID", RowId, -8, -100).only(&[Product::IbmI, Product::Zos]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_and_every_id_stands_once() {
        for (n, (sql_type, name, sent)) in SQL_TYPES.iter().enumerate() {
            assert!(SQL_TYPES[..n].iter().all(|other| other.0 != *sql_type), "{name}");
            assert_eq!(SqlType::new(sql_type.number() | 1), *sql_type);
            assert!(sent.is_none_or(|id| id.form().is_some()), "{name}");
        }
        for (n, form) in FORMS.iter().enumerate() {
            assert!(FORMS[..n].iter().all(|other| other.id != form.id), "{form:?}");
            assert_eq!((form.id.is_nullable(), form.id.nullable().is_nullable()), (false, true));
            assert_eq!(form.id.nullable().form().map(|form| form.id), Some(form.id));
        }
    }

    #[test]
    fn both_directions() {
        assert_eq!(SqlType::TIMESTAMP_TZ.name(), Some("TIMESTAMP WITH TIME ZONE"));
        assert_eq!(SqlType::of(Type::TimestampTz), Some(SqlType::TIMESTAMP_TZ));
        assert_eq!(TypeId::new(0xB7).form().map(|form| form.sql_type), Some(SqlType::TIMESTAMP_TZ));
        assert_eq!(SqlType::TIMESTAMP_TZ.sent_as().map(|id| id.nullable().byte()), Some(0xB7));
        assert_eq!((SqlType::new(5000).name(), TypeId::new(0xFE).form().is_some()), (None, false));
    }
}
