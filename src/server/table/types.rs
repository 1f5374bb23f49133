//! The types of CREATE TABLE as fields.

use crate::column::kind::plain_types;
use arrow_schema::{DataType, Field, TimeUnit};
use std::collections::HashMap;

/// The field that a column's type makes, with the lengths that stood after its name.
pub(super) fn data_type(name: &str, word: &str, numbers: &[u32], bits: bool) -> Option<Field> {
    let first = numbers.first().copied();
    let of = |data_type| Field::new(name, data_type, true);
    let told = |data_type, sql: &str, length| told(of(data_type), sql, length);
    let plain = |word: &str| plain_types().find(|(name, _)| *name == word).map(|(_, data_type)| data_type);
    Some(match (word, bits) {
        ("INT", false) => of(DataType::Int32),
        ("TIMESTAMP", false) => {
            let digits = first.unwrap_or(6);
            let unit = match digits {
                0 => TimeUnit::Second,
                1..=3 => TimeUnit::Millisecond,
                4..=6 => TimeUnit::Microsecond,
                7..=12 => TimeUnit::Nanosecond,
                _ => return None,
            };
            let scale = HashMap::from([("drda:scale".to_owned(), digits.to_string())]);
            of(DataType::Timestamp(unit, None)).with_metadata(scale)
        }
        ("DECIMAL" | "DEC" | "NUMERIC", false) => {
            let (p, s) = (first.unwrap_or(5), numbers.get(1).copied().unwrap_or(0));
            let (p, s) = (u8::try_from(p).ok().filter(|p| (1..=31).contains(p))?, i8::try_from(s).ok()?);
            if u8::try_from(s).ok()? > p {
                return None;
            }
            of(DataType::Decimal128(p, s))
        }
        ("DECFLOAT", false) => {
            let bytes = match first {
                Some(16) => 8,
                None | Some(34) => 16,
                _ => return None,
            };
            told(DataType::Utf8, "DECFLOAT", Some(bytes))
        }
        ("CHAR", false) => told(DataType::Utf8, "CHAR", Some(fixed(first)?)),
        ("VARCHAR", false) => told(DataType::Utf8, "VARCHAR", Some(varying(first)?)),
        ("GRAPHIC", false) => told(DataType::Utf8, "GRAPHIC", Some(fixed(first)?)),
        ("VARGRAPHIC", false) => told(DataType::Utf8, "VARGRAPHIC", Some(varying(first)?)),
        ("DBCLOB", false) => told(DataType::LargeUtf8, "DBCLOB", large(first)?),
        ("CLOB", false) => told(DataType::LargeUtf8, "CLOB", large(first)?),
        ("BLOB", false) => told(DataType::LargeBinary, "BLOB", large(first)?),
        ("CHAR", true) => told(DataType::Binary, "CHAR FOR BIT DATA", Some(fixed(first)?)),
        ("VARCHAR", true) => told(DataType::Binary, "VARCHAR FOR BIT DATA", Some(varying(first)?)),
        ("BINARY", false) => told(DataType::Binary, "BINARY", Some(fixed(first)?)),
        ("VARBINARY", false) => told(DataType::Binary, "VARBINARY", Some(varying(first)?)),
        (word, false) => of(plain(word)?),
        _ => return None,
    })
}

/// A length up to which values are filled, if a product has it: IBM i has the longest ones, of 32,766 bytes.
fn fixed(length: Option<u32>) -> Option<u32> {
    Some(length.unwrap_or(1)).filter(|length| (1..=32_767).contains(length))
}

/// A length of values that need not have it. No product has one of 0.
fn varying(length: Option<u32>) -> Option<u32> {
    length.filter(|length| *length > 0)
}

/// The same of a large object, which may have none.
fn large(length: Option<u32>) -> Option<Option<u32>> {
    if length == Some(0) { None } else { Some(length) }
}

/// A field of an SQL type that Arrow does not have.
pub(super) fn told(field: Field, name: &str, length: Option<u32>) -> Field {
    let mut metadata = HashMap::from([("drda:type".to_owned(), name.to_owned())]);
    metadata.extend(length.map(|n| ("drda:length".to_owned(), n.to_string())));
    field.with_metadata(metadata)
}
