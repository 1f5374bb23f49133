//! The types that a product has, for SQLGETTYPEINFO and SYSCAT.DATATYPES.

use super::column_facts::{family, member, number};
use super::relation::{Row, facts};
use super::value::Value;
use crate::server::persona::Persona;
use crate::wire::value::named_type::{Digits, NamedType};

/// A built-in type, with what its name does not tell.
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
    /// MAXIMUM_SCALE; the least one is 0.
    scale: Option<i64>,
    /// LENGTH in SYSCAT.DATATYPES.
    length: i64,
}

const fn of(name: &'static str, size: i64, length: i64) -> BuiltinType {
    BuiltinType { name, size, quotes: "", parameters: "", searchable: 2, scale: None, length }
}

const fn decimal_type(name: &'static str) -> BuiltinType {
    BuiltinType { parameters: "PRECISION,SCALE", scale: Some(31), ..of(name, 31, 31) }
}

const fn text_type(name: &'static str, size: i64, quotes: &'static str, searchable: i64) -> BuiltinType {
    BuiltinType { quotes, parameters: "LENGTH", searchable, ..of(name, size, 0) }
}

/// A type whose columns are all alike: its sizes are among the facts about its name.
const fn plain_type(name: &'static str) -> BuiltinType {
    of(name, 0, 0)
}

/// In the order of JDBC's numbers; of types whose columns are all alike those that are not here follow.
const TYPES: [BuiltinType; 25] = [
    text_type("LONG VARCHAR FOR BIT DATA", 32_700, "X'|'", 0),
    text_type("VARCHAR FOR BIT DATA", 32_672, "X'|'", 3),
    text_type("VARBINARY", 32_672, "BX'|'", 3),
    text_type("CHAR FOR BIT DATA", 255, "X'|'", 3),
    text_type("BINARY", 255, "BX'|'", 3),
    plain_type("BIGINT"),
    text_type("LONG VARCHAR", 32_700, "'|'", 1),
    text_type("CHAR", 255, "'|'", 3),
    text_type("GRAPHIC", 127, "G'|'", 3),
    decimal_type("NUMERIC"),
    decimal_type("DECIMAL"),
    plain_type("INTEGER"),
    plain_type("SMALLINT"),
    plain_type("REAL"),
    plain_type("DOUBLE"),
    text_type("VARCHAR", 32_672, "'|'", 3),
    text_type("VARGRAPHIC", 16_336, "G'|'", 3),
    plain_type("BOOLEAN"),
    BuiltinType { quotes: "'|'", ..of("DATE", 10, 4) },
    BuiltinType { quotes: "'|'", ..of("TIME", 8, 3) },
    BuiltinType { quotes: "'|'", parameters: "SCALE", scale: Some(12), ..of("TIMESTAMP", 32, 10) },
    BuiltinType { parameters: "PRECISION", ..of("DECFLOAT", 34, 16) },
    text_type("BLOB", 2_147_483_647, "BLOB(X'|')", 0),
    text_type("CLOB", 2_147_483_647, "'|'", 1),
    text_type("DBCLOB", 1_073_741_823, "G'|'", 1),
];

/// The facts about each type that a product has.
pub(super) fn rows(persona: &Persona, jdbc: bool) -> Vec<Row> {
    let others = NamedType::of_one_size().map(|known| plain_type(known.name));
    let others = others.filter(|other| TYPES.iter().all(|listed| listed.name != other.name));
    let of_persona = TYPES.into_iter().chain(others).filter(|t| persona.has(t.name));
    of_persona
        .map(|t| {
            let known = NamedType::of(t.name);
            let (size, length) = known.and_then(|known| known.size.zip(known.stored)).unwrap_or((t.size, t.length));
            let whole = known.is_some_and(|known| known.digits == Digits::Zero);
            let scale = t.scale.or(whole.then_some(0));
            let radix = known.and_then(|known| known.radix);
            let code = number(t.name, jdbc);
            let (prefix, suffix) = t.quotes.split_once('|').unzip();
            let given = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
            let is_text = matches!(t.name, "CHAR" | "VARCHAR" | "LONG VARCHAR" | "CLOB" | "GRAPHIC" | "VARGRAPHIC");
            facts! {
                name: t.name,
                catalog_name: if t.name == "CHAR" { "CHARACTER" } else { t.name },
                number: code,
                size: size,
                prefix: prefix,
                suffix: suffix,
                parameters: given(t.parameters),
                case_sensitive: i64::from(is_text || t.name == "DBCLOB"),
                searchable: t.searchable,
                unsigned: radix.map(|_| 0i64),
                fixed: i64::from(matches!(t.name, "DECIMAL" | "NUMERIC")),
                minimum_scale: scale.map(|_| 0i64),
                maximum_scale: scale,
                family: family(code),
                member: member(code),
                radix: radix,
                length: length,
                scale: scale.unwrap_or(0),
                plain: !t.name.ends_with("BIT DATA"),
            }
        })
        .collect()
}
