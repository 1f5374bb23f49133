//! PEP 249's `type_code`: a name that programs understand which know types of databases in general.
//!
//! It is the SQL type where its name says what Python gets. Else it is a type that does, and the SQL type in
//! parentheses: `TEXT(CLOB)`, `BINARY(ROWID)`. Polars makes a column of the first word, and would make bytes of a CLOB,
//! text of CHAR FOR BIT DATA and floats of NUMERIC. (Read: polars/io/database/_inference.py of Polars 2.1.)

use arrow_schema::DataType;

/// The name for a column of an SQL type that has become an Arrow type.
pub(super) fn type_code(sql: &str, arrow: &DataType) -> String {
    let known: &[&str] = match arrow {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => &["TEXT", "CHAR", "VARCHAR", "LONG VARCHAR"],
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => &["BINARY", "BLOB"],
        DataType::Decimal128(..) | DataType::Decimal256(..) => &["DECIMAL"],
        DataType::Float64 => &["DOUBLE"],
        DataType::Boolean => &["BOOLEAN"],
        _ => &[],
    };
    match known {
        [general, ..] if !known.contains(&sql) => format!("{general}({sql})"),
        _ => sql.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_mislead_stands_in_parentheses() {
        for (sql, arrow, expected) in [
            ("BIGINT", DataType::Int64, "BIGINT"),
            ("DECIMAL", DataType::Decimal128(9, 2), "DECIMAL"),
            ("NUMERIC", DataType::Decimal128(9, 2), "DECIMAL(NUMERIC)"),
            ("VARCHAR", DataType::Utf8, "VARCHAR"),
            ("CLOB", DataType::LargeUtf8, "TEXT(CLOB)"),
            ("VARCHAR FOR BIT DATA", DataType::Binary, "BINARY(VARCHAR FOR BIT DATA)"),
            ("VARCHAR FOR BIT DATA", DataType::Utf8, "TEXT(VARCHAR FOR BIT DATA)"),
            ("CHAR", DataType::Binary, "BINARY(CHAR)"),
            ("REAL", DataType::Float32, "REAL"),
            ("REAL", DataType::Float64, "DOUBLE(REAL)"),
            ("DECFLOAT", DataType::Utf8, "TEXT(DECFLOAT)"),
            ("DECFLOAT", DataType::Decimal128(9, 2), "DECIMAL(DECFLOAT)"),
            ("ROWID", DataType::Binary, "BINARY(ROWID)"),
        ] {
            assert_eq!(type_code(sql, &arrow), expected);
        }
    }
}
