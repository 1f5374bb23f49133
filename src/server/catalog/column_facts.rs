//! The numbers and names by which catalogs tell of a type: those of JDBC and of IBM's ODBC driver, those of each
//! product; the sizes that a client sees, and those that are stored. (Read: IBM's SQL references, SYSCAT.COLUMNS,
//! SYSCOLUMNS; ODBC's appendix D.)

use crate::wire::value::field::{CCSID_BINARY, Field};
use crate::wire::value::named_type::{Digits, NamedType};
use crate::wire::value::types::{SqlType, Type};

/// A column's type, as a catalog tells of it.
pub(super) struct ColumnFacts<'a>(pub(super) &'a Field);

impl ColumnFacts<'_> {
    /// The name of the type, CHAR FOR BIT DATA told from BINARY.
    pub(super) fn name(&self) -> &'static str {
        match (self.0.sql_name(), self.0.sqltype) {
            ("BINARY", Some(SqlType::CHAR)) => "CHAR FOR BIT DATA",
            (name, _) => name,
        }
    }

    /// The number of the type in JDBC, or in IBM's ODBC driver.
    pub(super) fn number(&self, jdbc: bool) -> i64 {
        number(self.name(), jdbc)
    }

    fn named(&self) -> Option<&'static NamedType> {
        NamedType::of(self.name())
    }

    /// The name in SYSCAT.COLUMNS and SYSIBM.SYSCOLUMNS: without FOR BIT DATA, CHARACTER in full on LUW.
    pub(super) fn plain_name(&self, in_full: bool) -> &'static str {
        let name = self.name();
        match name.strip_suffix(" FOR BIT DATA").unwrap_or(name) {
            "CHAR" if in_full => "CHARACTER",
            plain => plain,
        }
    }

    /// The name in eight letters, as QSYS2.SYSCOLUMNS.DATA_TYPE and COLTYPE of Db2 for z/OS have it.
    pub(super) fn short_name(&self) -> &'static str {
        let plain = self.plain_name(false);
        NamedType::of(plain).map_or(plain, |known| known.short_name)
    }

    /// COLUMN_SIZE: characters, digits.
    pub(super) fn size(&self) -> i64 {
        let field = self.0;
        match (field.ty, self.named().and_then(|known| known.size)) {
            (_, Some(size)) => size,
            (Type::DecFloat, _) if field.length == 8 => 16,
            (Type::DecFloat, _) => 34,
            (Type::Packed | Type::Zoned | Type::NumericChar, _) => i64::from(field.precision),
            _ => self.length(),
        }
    }

    /// DECIMAL_DIGITS: after the point.
    pub(super) fn digits(&self) -> Option<i64> {
        match self.named().map_or(Digits::Absent, |known| known.digits) {
            Digits::Absent => None,
            Digits::Zero => Some(0),
            Digits::Column => Some(i64::from(self.0.scale)),
        }
    }

    /// NUM_PREC_RADIX.
    pub(super) fn radix(&self) -> Option<i64> {
        self.named().and_then(|known| known.radix)
    }

    /// CHAR_OCTET_LENGTH: bytes of text and binary data.
    pub(super) fn octets(&self) -> Option<i64> {
        match self.0.ty {
            Type::Text | Type::Binary => Some(self.length()),
            Type::Graphic => Some(self.length().saturating_mul(2)),
            _ => None,
        }
    }

    /// BUFFER_LENGTH: bytes of a value in ODBC's default form.
    pub(super) fn buffer(&self) -> i64 {
        match (self.0.ty, self.named().and_then(|known| known.buffer)) {
            (_, Some(bytes)) => bytes,
            (Type::Packed | Type::Zoned | Type::NumericChar, _) => self.size() + 2,
            _ => self.octets().unwrap_or_else(|| self.size()),
        }
    }

    /// LENGTH: bytes that a value takes; digits of a DECIMAL; characters of a GRAPHIC.
    pub(super) fn stored(&self) -> i64 {
        let field = self.0;
        match (field.ty, self.named().and_then(|known| known.stored)) {
            (ty, Some(bytes)) if ty.has_seconds() => bytes + (i64::from(field.scale) + 1) / 2,
            (_, Some(bytes)) => bytes,
            (Type::Packed | Type::Zoned | Type::NumericChar, _) => i64::from(field.precision),
            _ => self.length(),
        }
    }

    /// SCALE: of a DECIMAL; the digits of a TIMESTAMP's seconds.
    pub(super) fn scale(&self) -> i64 {
        self.digits().unwrap_or(0)
    }

    /// The type as a definition has it: `VARCHAR(20)`.
    pub(super) fn declared(&self) -> String {
        let name = self.name();
        match self.0.ty {
            Type::Text | Type::Graphic | Type::Binary => match name.split_once(" FOR ") {
                Some((name, rest)) => format!("{name}({}) FOR {rest}", self.length()),
                None => format!("{name}({})", self.length()),
            },
            Type::Packed | Type::Zoned | Type::NumericChar => format!("{name}({},{})", self.0.precision, self.0.scale),
            _ => name.to_owned(),
        }
    }

    /// The page of text; `None` for what is not text; 0 for FOR BIT DATA, where `bits` says so.
    pub(super) fn page(&self, bits: u16) -> Option<i64> {
        let field = self.0;
        match field.ty {
            Type::Text | Type::Graphic => Some(i64::from(field.ccsid)),
            Type::Binary if self.name().ends_with("BIT DATA") => Some(i64::from(bits)),
            _ => None,
        }
    }

    /// The page of text as IBM i tells of it: FOR BIT DATA is 65535.
    pub(super) fn ccsid(&self) -> Option<i64> {
        self.page(CCSID_BINARY)
    }

    /// A letter for the page: B for FOR BIT DATA, S for one byte a character, M for one or more.
    pub(super) fn page_letter(&self, single: u16) -> &'static str {
        match (self.0.ty, self.ccsid()) {
            (Type::Binary, Some(_)) => "B",
            (Type::Text, Some(page)) if page == i64::from(single) => "S",
            (Type::Text, Some(_)) => "M",
            _ => " ",
        }
    }

    fn length(&self) -> i64 {
        i64::from(self.0.length).min(i64::from(i32::MAX))
    }
}

/// The number of a type by its name; that of others where it has none.
pub(super) fn number(name: &str, jdbc: bool) -> i64 {
    let (in_jdbc, in_odbc) = NamedType::of(name).map_or((1111, 0), |known| (known.jdbc, known.odbc));
    if jdbc { in_jdbc } else { in_odbc }
}

/// ODBC's number of the family: dates and times are one.
pub(super) fn family(number: i64) -> i64 {
    if matches!(number, 91..=93) { 9 } else { number }
}

/// ODBC's number of the member of that family.
pub(super) fn member(number: i64) -> Option<i64> {
    matches!(number, 91..=93).then(|| number - 90)
}
