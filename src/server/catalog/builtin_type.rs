//! The types that a product has, for SQLGETTYPEINFO and SYSCAT.DATATYPES.

use super::column_facts::{family, member, number};
use super::relation::{Row, facts};
use super::value::Value;
use crate::server::persona::Persona;

/// A built-in type.
struct BuiltinType {
    name: &'static str,
    /// COLUMN_SIZE, the largest.
    size: i64,
    /// The marks before and after a literal, with a bar between.
    quotes: &'static str,
    /// CREATE_PARAMS.
    parameters: &'static str,
    /// SEARCHABLE of ODBC: 0 not at all, 1 LIKE only, 2 all but LIKE, 3 all.
    searchable: i64,
    /// MINIMUM_SCALE and MAXIMUM_SCALE.
    scales: Option<(i64, i64)>,
    radix: Option<i64>,
    /// LENGTH in SYSCAT.DATATYPES.
    length: i64,
}

const fn of(name: &'static str, size: i64, length: i64) -> BuiltinType {
    BuiltinType { name, size, quotes: "", parameters: "", searchable: 2, scales: None, radix: None, length }
}

const fn number_type(name: &'static str, size: i64, length: i64, radix: i64, scale: Option<i64>) -> BuiltinType {
    let scales = match scale {
        Some(most) => Some((0, most)),
        None => None,
    };
    BuiltinType { radix: Some(radix), scales, ..of(name, size, length) }
}

const fn text_type(name: &'static str, size: i64, quotes: &'static str, searchable: i64) -> BuiltinType {
    BuiltinType { quotes, parameters: "LENGTH", searchable, ..of(name, size, 0) }
}

/// In the order of JDBC's numbers.
const TYPES: [BuiltinType; 25] = [
    text_type("LONG VARCHAR FOR BIT DATA", 32_700, "X'|'", 0),
    text_type("VARCHAR FOR BIT DATA", 32_672, "X'|'", 3),
    text_type("VARBINARY", 32_672, "BX'|'", 3),
    text_type("CHAR FOR BIT DATA", 255, "X'|'", 3),
    text_type("BINARY", 255, "BX'|'", 3),
    number_type("BIGINT", 19, 8, 10, Some(0)),
    text_type("LONG VARCHAR", 32_700, "'|'", 1),
    text_type("CHAR", 255, "'|'", 3),
    text_type("GRAPHIC", 127, "G'|'", 3),
    BuiltinType { parameters: "PRECISION,SCALE", ..number_type("NUMERIC", 31, 31, 10, Some(31)) },
    BuiltinType { parameters: "PRECISION,SCALE", ..number_type("DECIMAL", 31, 31, 10, Some(31)) },
    number_type("INTEGER", 10, 4, 10, Some(0)),
    number_type("SMALLINT", 5, 2, 10, Some(0)),
    number_type("REAL", 7, 4, 2, None),
    number_type("DOUBLE", 15, 8, 2, None),
    text_type("VARCHAR", 32_672, "'|'", 3),
    text_type("VARGRAPHIC", 16_336, "G'|'", 3),
    of("BOOLEAN", 1, 1),
    BuiltinType { quotes: "'|'", ..of("DATE", 10, 4) },
    BuiltinType { quotes: "'|'", ..of("TIME", 8, 3) },
    BuiltinType { quotes: "'|'", parameters: "SCALE", scales: Some((0, 12)), ..of("TIMESTAMP", 32, 10) },
    BuiltinType { parameters: "PRECISION", ..number_type("DECFLOAT", 34, 16, 10, None) },
    text_type("BLOB", 2_147_483_647, "BLOB(X'|')", 0),
    text_type("CLOB", 2_147_483_647, "'|'", 1),
    text_type("DBCLOB", 1_073_741_823, "G'|'", 1),
];

/// The facts about each type that a product has.
pub(super) fn rows(persona: &Persona, jdbc: bool) -> Vec<Row> {
    let graphic = persona.typdef.dbc != 0;
    let has = |name: &str| match name {
        "DECFLOAT" => persona.decfloat,
        "BINARY" | "VARBINARY" => !persona.bit_data,
        "GRAPHIC" | "VARGRAPHIC" | "DBCLOB" => graphic,
        _ => true,
    };
    let of_persona = TYPES.iter().filter(|t| has(t.name));
    of_persona
        .map(|t| {
            let code = number(t.name, jdbc);
            let (prefix, suffix) = t.quotes.split_once('|').unzip();
            let given = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
            let is_text = matches!(t.name, "CHAR" | "VARCHAR" | "LONG VARCHAR" | "CLOB" | "GRAPHIC" | "VARGRAPHIC");
            facts! {
                name: t.name,
                catalog_name: if t.name == "CHAR" { "CHARACTER" } else { t.name },
                number: code,
                size: t.size,
                prefix: prefix,
                suffix: suffix,
                parameters: given(t.parameters),
                case_sensitive: i64::from(is_text || t.name == "DBCLOB"),
                searchable: t.searchable,
                unsigned: t.radix.map(|_| 0i64),
                fixed: i64::from(matches!(t.name, "DECIMAL" | "NUMERIC")),
                minimum_scale: t.scales.map(|(least, _)| least),
                maximum_scale: t.scales.map(|(_, most)| most),
                family: family(code),
                member: member(code),
                radix: t.radix,
                length: t.length,
                scale: t.scales.map_or(0, |(_, most)| most),
                plain: !t.name.ends_with("BIT DATA"),
            }
        })
        .collect()
}
