//! Answers of the catalog procedures (SYSIBM.SQLTABLES, SQLCOLUMNS, SQLPRIMARYKEYS): the result
//! sets of JDBC's getTables, getColumns and getPrimaryKeys, of ODBC's SQLTables and so on, out of
//! the tables that a backend tells of. (Measured: Derby's JDBC client, IBM's CLI driver.)

use super::describe;
use crate::server::backend::TableInfo;
use crate::server::error::SqlError;
use crate::server::persona::Persona;
use crate::wire::value::field::Field;
use crate::wire::value::types::Type;
use arrow_array::{ArrayRef, Int16Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Schema};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CatalogProcedure {
    Tables,
    Columns,
    PrimaryKeys,
}

impl CatalogProcedure {
    pub(super) fn named(name: &str) -> Option<CatalogProcedure> {
        let known = [("SQLTABLES", Self::Tables), ("SQLCOLUMNS", Self::Columns), ("SQLPRIMARYKEYS", Self::PrimaryKeys)];
        known.into_iter().find(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, procedure)| procedure)
    }

    /// Parameters: catalog, schema, table, for two of them one more, options.
    pub(super) fn parameters(self) -> usize {
        if self == CatalogProcedure::PrimaryKeys { 4 } else { 5 }
    }

    /// The rows for these values of the parameters.
    pub(super) fn answer(
        self,
        values: &[Option<String>],
        tables: &[TableInfo],
        persona: &Persona,
    ) -> Result<RecordBatch, SqlError> {
        let value = |n: usize| values.get(n).and_then(Option::as_deref);
        let options = value(self.parameters() - 1).unwrap_or_default().to_ascii_uppercase();
        let asked = |what: &str| options.contains(what);
        if self == CatalogProcedure::Tables {
            if asked("GETTABLETYPES=1") {
                return kinds(tables);
            }
            if asked("GETCATALOGS=1") {
                return batch(vec![text("TABLE_CAT", Vec::<Option<String>>::new())]);
            }
            if asked("GETSCHEMAS=") {
                return schemas(tables, if asked("GETSCHEMAS=2") { value(1) } else { None });
            }
        }
        let found = tables.iter().filter(|t| like(value(1), &t.schema) && like(value(2), &t.name));
        let jdbc = asked("DATATYPE='JDBC'");
        match self {
            CatalogProcedure::Tables => list(found.filter(|t| of_kind(value(3), &t.kind)), jdbc),
            CatalogProcedure::Columns => columns(found, value(3), jdbc, persona),
            CatalogProcedure::PrimaryKeys => keys(found),
        }
    }
}

type Column = (arrow_schema::Field, ArrayRef);

fn list<'a>(tables: impl Iterator<Item = &'a TableInfo>, jdbc: bool) -> Result<RecordBatch, SqlError> {
    let tables: Vec<&TableInfo> = tables.collect();
    let nothing = || vec![None::<String>; tables.len()];
    let mut made = vec![
        text("TABLE_CAT", nothing()),
        text("TABLE_SCHEM", tables.iter().map(|t| Some(&t.schema))),
        text("TABLE_NAME", tables.iter().map(|t| Some(&t.name))),
        text("TABLE_TYPE", tables.iter().map(|t| Some(&t.kind))),
        text("REMARKS", vec![Some(""); tables.len()]),
    ];
    if jdbc {
        let more = ["TYPE_CAT", "TYPE_SCHEM", "TYPE_NAME", "SELF_REFERENCING_COL_NAME", "REF_GENERATION"];
        made.extend(more.map(|name| text(name, nothing())));
    }
    batch(made)
}

fn kinds(tables: &[TableInfo]) -> Result<RecordBatch, SqlError> {
    let kinds: BTreeSet<&str> = tables.iter().map(|t| t.kind.as_str()).collect();
    batch(vec![text("TABLE_TYPE", kinds.into_iter().map(Some))])
}

fn schemas(tables: &[TableInfo], pattern: Option<&str>) -> Result<RecordBatch, SqlError> {
    let names: BTreeSet<&str> = tables.iter().map(|t| t.schema.as_str()).filter(|s| like(pattern, s)).collect();
    let catalogs = vec![None::<String>; names.len()];
    batch(vec![text("TABLE_SCHEM", names.into_iter().map(Some)), text("TABLE_CATALOG", catalogs)])
}

fn keys<'a>(tables: impl Iterator<Item = &'a TableInfo>) -> Result<RecordBatch, SqlError> {
    let mut rows = Vec::new();
    for table in tables {
        let names = table.key.iter().filter_map(|at| table.columns.fields().get(*at));
        rows.extend(names.enumerate().map(|(n, field)| (table, field.name(), n as i16 + 1)));
    }
    batch(vec![
        text("TABLE_CAT", vec![None::<String>; rows.len()]),
        text("TABLE_SCHEM", rows.iter().map(|(t, ..)| Some(&t.schema))),
        text("TABLE_NAME", rows.iter().map(|(t, ..)| Some(&t.name))),
        text("COLUMN_NAME", rows.iter().map(|(_, name, _)| Some(name))),
        small("KEY_SEQ", rows.iter().map(|(.., n)| Some(*n))),
        text("PK_NAME", rows.iter().map(|(t, ..)| Some(format!("{}_KEY", t.name)))),
    ])
}

fn columns<'a>(
    tables: impl Iterator<Item = &'a TableInfo>,
    pattern: Option<&str>,
    jdbc: bool,
    persona: &Persona,
) -> Result<RecordBatch, SqlError> {
    let mut rows: Vec<(&TableInfo, Field, i32)> = Vec::new();
    for table in tables {
        for (n, field) in table.columns.fields().iter().enumerate().filter(|(_, f)| like(pattern, f.name())) {
            rows.push((table, describe::field(field, n, persona)?, n as i32 + 1));
        }
    }
    let code = |f: &Field| code(f, jdbc);
    let nothing = || vec![None::<String>; rows.len()];
    let of = |what: fn(&Field) -> Option<i32>| rows.iter().map(move |(_, f, _)| what(f));
    let mut made = vec![
        text("TABLE_CAT", nothing()),
        text("TABLE_SCHEM", rows.iter().map(|(t, ..)| Some(&t.schema))),
        text("TABLE_NAME", rows.iter().map(|(t, ..)| Some(&t.name))),
        text("COLUMN_NAME", rows.iter().map(|(_, f, _)| Some(&f.name))),
        small("DATA_TYPE", rows.iter().map(|(_, f, _)| Some(code(f)))),
        text("TYPE_NAME", rows.iter().map(|(_, f, _)| Some(f.sql_name()))),
        number("COLUMN_SIZE", of(size)),
        number("BUFFER_LENGTH", of(|f| octets(f).or(size(f)))),
        small("DECIMAL_DIGITS", of(digits).map(|n| n.map(|n| n as i16))),
        small("NUM_PREC_RADIX", of(radix).map(|n| n.map(|n| n as i16))),
        small("NULLABLE", rows.iter().map(|(_, f, _)| Some(i16::from(f.nullable)))),
        text("REMARKS", vec![Some(""); rows.len()]),
        text("COLUMN_DEF", nothing()),
        small("SQL_DATA_TYPE", rows.iter().map(|(_, f, _)| Some(verbose(code(f))))),
        small("SQL_DATETIME_SUB", rows.iter().map(|(_, f, _)| sub(code(f)))),
        number("CHAR_OCTET_LENGTH", of(octets)),
        number("ORDINAL_POSITION", rows.iter().map(|(.., n)| Some(*n))),
        text("IS_NULLABLE", rows.iter().map(|(_, f, _)| Some(if f.nullable { "YES" } else { "NO" }))),
    ];
    if jdbc {
        made.extend(["SCOPE_CATALOG", "SCOPE_SCHEMA", "SCOPE_TABLE"].map(|name| text(name, nothing())));
        made.push(small("SOURCE_DATA_TYPE", vec![None; rows.len()]));
        made.push(text("IS_AUTOINCREMENT", vec![Some("NO"); rows.len()]));
        made.push(text("IS_GENERATEDCOLUMN", vec![Some("NO"); rows.len()]));
    }
    batch(made)
}

/// The number of a type in JDBC, or in IBM's ODBC driver.
fn code(field: &Field, jdbc: bool) -> i16 {
    let (in_jdbc, in_odbc) = match field.sql_name() {
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

/// ODBC's number of the family, and of the member of it: dates and times are one.
fn verbose(code: i16) -> i16 {
    if matches!(code, 91..=93) { 9 } else { code }
}

fn sub(code: i16) -> Option<i16> {
    matches!(code, 91..=93).then(|| code - 90)
}

fn size(field: &Field) -> Option<i32> {
    Some(match (field.ty, field.sql_name()) {
        (_, "SMALLINT") => 5,
        (_, "INTEGER") => 10,
        (_, "BIGINT") => 19,
        (_, "REAL") => 7,
        (_, "DOUBLE") => 15,
        (_, "BOOLEAN") => 1,
        (_, "DECFLOAT") => {
            if field.length == 8 {
                16
            } else {
                34
            }
        }
        (Type::Packed | Type::Zoned | Type::NumericChar, _) => i32::from(field.precision),
        _ => i32::try_from(field.length).unwrap_or(i32::MAX),
    })
}

fn digits(field: &Field) -> Option<i32> {
    match field.sql_name() {
        "SMALLINT" | "INTEGER" | "BIGINT" => Some(0),
        "DECIMAL" | "NUMERIC" | "TIMESTAMP" => Some(i32::from(field.scale)),
        _ => None,
    }
}

fn radix(field: &Field) -> Option<i32> {
    match field.sql_name() {
        "SMALLINT" | "INTEGER" | "BIGINT" | "DECIMAL" | "NUMERIC" | "DECFLOAT" => Some(10),
        "REAL" | "DOUBLE" => Some(2),
        _ => None,
    }
}

fn octets(field: &Field) -> Option<i32> {
    let unit = match field.ty {
        Type::Text | Type::Binary => 1,
        Type::Graphic => 2,
        _ => return None,
    };
    Some(i32::try_from(field.length).unwrap_or(i32::MAX).saturating_mul(unit))
}

/// SQL's LIKE, `\` before a sign that stands for itself; without a pattern everything.
fn like(pattern: Option<&str>, text: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    let (mut wanted, mut escaped) = (Vec::new(), false);
    for c in pattern.chars() {
        match c {
            '\\' if !escaped => escaped = true,
            _ => wanted.push((c, !std::mem::take(&mut escaped))),
        }
    }
    // Which beginnings of the text the pattern so far can be.
    let text: Vec<char> = text.chars().collect();
    let mut ends = vec![false; text.len() + 1];
    ends.iter_mut().take(1).for_each(|e| *e = true);
    for part in wanted {
        let mut next = vec![false; ends.len()];
        let mut any = false;
        for (n, slot) in next.iter_mut().enumerate() {
            let here = ends.get(n).copied().unwrap_or_default();
            let before = n.checked_sub(1).and_then(|b| Some((ends.get(b).copied()?, *text.get(b)?)));
            any |= here;
            *slot = match part {
                ('%', true) => any,
                ('_', true) => before.is_some_and(|(end, _)| end),
                (c, _) => before.is_some_and(|(end, t)| end && t == c),
            };
        }
        ends = next;
    }
    ends.last().copied().unwrap_or_default()
}

/// True when a list of kinds in quotes, with commas, has this one; without a list every one is.
fn of_kind(list: Option<&str>, kind: &str) -> bool {
    let Some(list) = list.map(str::trim).filter(|l| !l.is_empty() && *l != "%") else { return true };
    list.split(',').any(|k| k.trim().trim_matches('\'').eq_ignore_ascii_case(kind))
}

fn text<S: AsRef<str>>(name: &str, values: impl IntoIterator<Item = Option<S>>) -> Column {
    let array = StringArray::from_iter(values);
    let told = [("drda:type", "VARCHAR"), ("drda:length", "128")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    (arrow_schema::Field::new(name, DataType::Utf8, true).with_metadata(HashMap::from(told)), Arc::new(array))
}

fn small(name: &str, values: impl IntoIterator<Item = Option<i16>>) -> Column {
    (arrow_schema::Field::new(name, DataType::Int16, true), Arc::new(Int16Array::from_iter(values)))
}

fn number(name: &str, values: impl IntoIterator<Item = Option<i32>>) -> Column {
    (arrow_schema::Field::new(name, DataType::Int32, true), Arc::new(Int32Array::from_iter(values)))
}

fn batch(columns: Vec<Column>) -> Result<RecordBatch, SqlError> {
    let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(|e| SqlError::system(&e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_like() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("%", "", true),
            ("%", "ANY", true),
            ("A%", "ABC", true),
            ("A%C", "ABC", true),
            ("A%B", "ABC", false),
            ("_B_", "ABC", true),
            ("_", "AB", false),
            ("A\\_B", "A_B", true),
            ("A\\_B", "AXB", false),
            ("%%A%%B", "XXAXXB", true),
            ("ab", "AB", false),
            ("日_", "日本", true),
        ] {
            assert_eq!(like(Some(pattern), text), expected, "{pattern} {text}");
        }
        assert!(like(None, "X"));
        assert!(of_kind(Some("'TABLE','VIEW'"), "VIEW") && of_kind(None, "X") && !of_kind(Some("'VIEW'"), "TABLE"));
    }
}
