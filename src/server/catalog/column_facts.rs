//! The numbers and names by which catalogs tell of a type: those of JDBC and of IBM's ODBC driver, those of each
//! product; the sizes that a client sees, and those that are stored. (Read: IBM's SQL references, SYSCAT.COLUMNS,
//! SYSCOLUMNS; ODBC's appendix D.)

use crate::wire::value::field::{CCSID_BINARY, Field};
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

    /// The name in SYSCAT.COLUMNS and SYSIBM.SYSCOLUMNS: without FOR BIT DATA, CHARACTER in full on LUW.
    pub(super) fn plain_name(&self, in_full: bool) -> &'static str {
        match self.name() {
            "CHAR" | "CHAR FOR BIT DATA" if in_full => "CHARACTER",
            "CHAR" | "CHAR FOR BIT DATA" => "CHAR",
            "VARCHAR FOR BIT DATA" => "VARCHAR",
            "LONG VARCHAR FOR BIT DATA" => "LONG VARCHAR",
            other => other,
        }
    }

    /// The name in eight letters, as QSYS2.SYSCOLUMNS.DATA_TYPE and COLTYPE of Db2 for z/OS have it.
    pub(super) fn short_name(&self) -> &'static str {
        match self.plain_name(false) {
            "VARGRAPHIC" => "VARG",
            "LONG VARGRAPHIC" => "LONGVARG",
            "LONG VARCHAR" => "LONGVAR",
            "VARBINARY" => "VARBIN",
            "TIMESTAMP" => "TIMESTMP",
            "TIMESTAMP WITH TIME ZONE" => "TIMESTZ",
            "REAL" | "DOUBLE" => "FLOAT",
            other => other,
        }
    }

    /// COLUMN_SIZE: characters, digits.
    pub(super) fn size(&self) -> i64 {
        let field = self.0;
        match (field.ty, self.name()) {
            (_, "SMALLINT") => 5,
            (_, "INTEGER") => 10,
            (_, "BIGINT") => 19,
            (_, "REAL") => 7,
            (_, "DOUBLE") => 15,
            (_, "BOOLEAN") => 1,
            (_, "DECFLOAT") if field.length == 8 => 16,
            (_, "DECFLOAT") => 34,
            (Type::Packed | Type::Zoned | Type::NumericChar, _) => i64::from(field.precision),
            _ => self.length(),
        }
    }

    /// DECIMAL_DIGITS: after the point.
    pub(super) fn digits(&self) -> Option<i64> {
        match self.name() {
            "SMALLINT" | "INTEGER" | "BIGINT" => Some(0),
            "DECIMAL" | "NUMERIC" | "TIMESTAMP" | "TIMESTAMP WITH TIME ZONE" => Some(i64::from(self.0.scale)),
            _ => None,
        }
    }

    /// NUM_PREC_RADIX.
    pub(super) fn radix(&self) -> Option<i64> {
        match self.name() {
            "SMALLINT" | "INTEGER" | "BIGINT" | "DECIMAL" | "NUMERIC" | "DECFLOAT" => Some(10),
            "REAL" | "DOUBLE" => Some(2),
            _ => None,
        }
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
        match self.name() {
            "SMALLINT" => 2,
            "INTEGER" | "REAL" => 4,
            "BIGINT" | "DOUBLE" => 8,
            "DECIMAL" | "NUMERIC" => self.size() + 2,
            "DATE" | "TIME" => 6,
            "TIMESTAMP" => 16,
            _ => self.octets().unwrap_or_else(|| self.size()),
        }
    }

    /// LENGTH: bytes that a value takes; digits of a DECIMAL; characters of a GRAPHIC.
    pub(super) fn stored(&self) -> i64 {
        let field = self.0;
        match (field.ty, self.name()) {
            (_, "SMALLINT") => 2,
            (_, "INTEGER" | "REAL" | "DATE") => 4,
            (_, "BIGINT" | "DOUBLE") => 8,
            (_, "TIME") => 3,
            (_, "TIMESTAMP") => 7 + (i64::from(field.scale) + 1) / 2,
            (_, "TIMESTAMP WITH TIME ZONE") => 9 + (i64::from(field.scale) + 1) / 2,
            (_, "BOOLEAN") => 1,
            (Type::Packed | Type::Zoned | Type::NumericChar, _) => i64::from(field.precision),
            _ => self.length(),
        }
    }

    /// SCALE: of a DECIMAL; the digits of a TIMESTAMP's seconds.
    pub(super) fn scale(&self) -> i64 {
        match self.name() {
            "DECIMAL" | "NUMERIC" | "TIMESTAMP" | "TIMESTAMP WITH TIME ZONE" => i64::from(self.0.scale),
            _ => 0,
        }
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

/// The number of a type by its name.
pub(super) fn number(name: &str, jdbc: bool) -> i64 {
    let (in_jdbc, in_odbc) = match name {
        "SMALLINT" => (5, 5),
        "INTEGER" => (4, 4),
        "BIGINT" => (-5, -5),
        "REAL" => (7, 7),
        "DOUBLE" => (8, 8),
        "DECIMAL" => (3, 3),
        "NUMERIC" => (2, 2),
        "DECFLOAT" => (1111, -360),
        "BOOLEAN" => (16, 16),
        "CHAR" => (1, 1),
        "VARCHAR" => (12, 12),
        "LONG VARCHAR" => (-1, -1),
        "GRAPHIC" => (1, -95),
        "VARGRAPHIC" => (12, -96),
        "CHAR FOR BIT DATA" | "BINARY" => (-2, -2),
        "VARCHAR FOR BIT DATA" | "VARBINARY" => (-3, -3),
        "LONG VARCHAR FOR BIT DATA" => (-4, -4),
        "DATE" => (91, 91),
        "TIME" => (92, 92),
        "TIMESTAMP" => (93, 93),
        "TIMESTAMP WITH TIME ZONE" => (2014, 95),
        "CLOB" => (2005, -99),
        "DBCLOB" => (2005, -350),
        "BLOB" => (2004, -98),
        "XML" => (2009, -370),
        "ROWID" => (-8, -100),
        _ => (1111, 0),
    };
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
