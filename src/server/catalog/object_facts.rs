//! The facts about schemas, tables, columns, sequences and rights.

use super::column_facts::{ColumnFacts, family, member};
use super::database::{Database, Rule, TableInfo};
use super::identity_facts::{Numbers, digits};
use super::relation::{Asked, Row, facts, id};
use crate::server::error::SqlError;
use crate::server::persona::Persona;
use crate::server::sql::describe;
use crate::wire::value::field as wire;
use arrow_schema::{DataType, Field};
use std::collections::BTreeSet;

/// (Read: IBM, Db2 SQL Reference, AUTH_LIST_AUTHORITIES_FOR_AUTHID.)
const AUTHORITIES: [&str; 17] = [
    "ACCESSCTRL",
    "BINDADD",
    "CONNECT",
    "CREATETAB",
    "CREATE_EXTERNAL_ROUTINE",
    "CREATE_NOT_FENCED_ROUTINE",
    "DATAACCESS",
    "DBADM",
    "EXPLAIN",
    "IMPLICIT_SCHEMA",
    "LOAD",
    "QUIESCE_CONNECT",
    "SECADM",
    "SQLADM",
    "SYSADM",
    "SYSCTRL",
    "WLMADM",
];

pub(super) fn schemas(database: &Database) -> Vec<Row> {
    let of_tables = database.tables.iter().map(|t| &t.schema).chain(database.sequences.iter().map(|s| &s.schema));
    let of_objects = of_tables.chain(database.procedures.iter().map(|p| &p.schema));
    let names: BTreeSet<&String> = of_objects.chain(&database.schemas).collect();
    let row = |(n, name): (usize, &String)| facts! { schema: name, system_schema: short(name), position: n + 1, id: id(&[name]) };
    names.into_iter().enumerate().map(row).collect()
}

pub(super) fn kinds(database: &Database) -> Vec<Row> {
    // A driver that finds no kind of table asks for no table.
    let some = ["TABLE"].into_iter().chain(database.tables.iter().map(|t| t.kind.as_str()));
    let kinds: BTreeSet<&str> = some.collect();
    kinds.into_iter().map(|kind| facts! { kind: kind }).collect()
}

pub(super) fn table(table: &TableInfo, persona: &Persona) -> Row {
    facts! {
        schema: &table.schema,
        table: &table.name,
        kind: table.kind.as_str(),
        letter: letter(table),
        remark: table.comment.as_ref(),
        label: table.label.as_ref(),
        remark_told: table.comment.as_deref().or(persona.blank_remarks.then_some("")),
        rows: table.rows.unwrap_or(-1),
        known_rows: table.rows,
        insertable: if letter(table) == "T" { "YES" } else { "NO" },
        system_schema: short(&table.schema),
        system_table: short(&table.name),
        count: table.columns.fields().len(),
        keys: table.primary().map_or(0, |key| key.columns.len()),
        parents: table.constraints.iter().filter(|c| matches!(c.rule, Rule::Foreign { .. })).count(),
        text: table.text.as_ref(),
        id: id(&[&table.schema, &table.name]),
        schema_id: id(&[&table.schema]),
    }
}

/// The letter of a table's kind.
pub(super) fn letter(table: &TableInfo) -> &'static str {
    match table.kind.as_str() {
        "VIEW" => "V",
        "ALIAS" => "A",
        _ => "T",
    }
}

pub(super) fn columns(asked: &Asked<'_>) -> Result<Vec<Row>, SqlError> {
    let mut rows = Vec::new();
    for table in &asked.database.tables {
        for (n, arrow) in table.columns.fields().iter().enumerate() {
            rows.push(column(table, n, arrow, asked)?);
        }
    }
    Ok(rows)
}

fn column(table: &TableInfo, n: usize, arrow: &Field, asked: &Asked<'_>) -> Result<Row, SqlError> {
    let field = described(arrow, n, asked)?;
    let facts = ColumnFacts(&field);
    let told = |key: &str| arrow.metadata().get(key);
    let nullable = arrow.is_nullable();
    let identity = told("drda:identity").map(String::as_str);
    let changed = told("drda:change").map(String::as_str);
    let expression = told("drda:generated");
    let default = told("drda:default").filter(|_| identity.or(changed).is_none() && expression.is_none());
    let numbers = Numbers::of(&field, arrow);
    let place = table.primary().and_then(|key| key.columns.iter().position(|c| c == arrow.name()));
    let number = facts.number(asked.jdbc);
    Ok(facts! {
        schema: &table.schema,
        table: &table.name,
        letter: letter(table),
        column: arrow.name(),
        position: n + 1,
        colno: n,
        number: number,
        family: family(number),
        member: member(number),
        name: facts.name(),
        catalog_name: facts.plain_name(true),
        plain_name: facts.plain_name(false),
        short_name: facts.short_name(),
        size: facts.size(),
        buffer: facts.buffer(),
        digits: facts.digits(),
        radix: facts.radix(),
        precision: facts.radix().map(|_| facts.size()),
        octets: facts.octets(),
        characters: facts.octets().map(|_| facts.size()),
        length: facts.stored(),
        short_length: if facts.stored() > i64::from(i16::MAX) { 4 } else { facts.stored() },
        length2: if facts.stored() > i64::from(i16::MAX) { facts.stored() } else { 0 },
        scale: facts.scale(),
        // Six digits of a second are told as none.
        zos_scale: if facts.short_name() == "TIMESTMP" && facts.scale() == 6 { 0 } else { facts.scale() },
        fraction: facts.short_name().starts_with("TIMEST").then(|| facts.scale()),
        units: facts.octets().map(|_| "OCTETS"),
        declared: facts.declared() + if nullable { "" } else { " NOT NULL" },
        codepage: facts.page(0).unwrap_or(0),
        page: facts.ccsid(),
        bits: facts.page_letter(asked.persona.typdef.sbc),
        nullable: i64::from(nullable),
        nulls: nullable,
        nulls_in_full: if nullable { "YES" } else { "NO" },
        remark: told("drda:comment"),
        remark_or_blank: told("drda:comment").map_or("", String::as_str),
        label: told("drda:label"),
        heading: told("drda:heading"),
        default: default,
        has_default: match identity {
            Some("ALWAYS") => "I",
            Some(_) => "J",
            None if changed == Some("ALWAYS") => "E",
            None if changed.is_some() => "F",
            None if default.is_some() || nullable => "Y",
            None => "N",
        },
        keyseq: place.map(|n| n + 1),
        keyseq_or_0: place.map_or(0, |n| n + 1),
        identity: identity.is_some(),
        identity_in_full: if identity.is_some() { "YES" } else { "NO" },
        changed: changed.is_some(),
        generated: match identity.or(changed) {
            Some("ALWAYS") => "A",
            Some(_) => "D",
            None if expression.is_some() => "A",
            None => " ",
        },
        generation: identity,
        expression: expression,
        expression_after_as: expression.map(|words| format!("AS {words}")),
        generated_in_full: if expression.is_some() { "YES" } else { "NO" },
        start: identity.map(|_| numbers.start),
        increment: identity.map(|_| numbers.increment),
        least: identity.map(|_| numbers.least),
        most: identity.map(|_| numbers.most),
        cycles: identity.map(|_| numbers.cycles),
        cycles_in_full: identity.map(|_| if numbers.cycles { "YES" } else { "NO" }),
        cache: identity.map(|_| numbers.cache),
        ordered: identity.map(|_| numbers.ordered),
        ordered_in_full: identity.map(|_| if numbers.ordered { "YES" } else { "NO" }),
        system_schema: short(&table.schema),
        system_table: short(&table.name),
        system_column: short(arrow.name()),
        table_id: id(&[&table.schema, &table.name]),
    })
}

/// A column in the product's terms; text where it has no such type, so that the others are told of all the same.
pub(super) fn described(arrow: &Field, n: usize, asked: &Asked<'_>) -> Result<wire::Field, SqlError> {
    describe::field(arrow, n, asked.persona).or_else(|_| {
        let text = Field::new(arrow.name(), DataType::Utf8, arrow.is_nullable());
        describe::field(&text, n, asked.persona)
    })
}

/// The name that a system without long ones has for an object; none where it would have to make one up.
pub(super) fn short(name: &str) -> Option<&str> {
    Some(name).filter(|name| name.len() <= 10)
}

pub(super) fn sequences(database: &Database) -> Vec<Row> {
    let each = database.sequences.iter();
    each.map(|s| {
        facts! {
            schema: &s.schema,
            name: &s.name,
            start: s.start,
            increment: s.increment,
            least: s.least,
            most: s.most,
            cycles: s.cycles,
            cycles_in_full: if s.cycles { "YES" } else { "NO" },
            cache: s.cache,
            ordered: s.ordered,
            ordered_in_full: if s.ordered { "YES" } else { "NO" },
            data_type: s.data_type.split('(').next(),
            precision: digits(&s.data_type),
            id: id(&[&s.schema, &s.name]),
            schema_id: id(&[&s.schema]),
        }
    })
    .collect()
}

/// The rights that everybody has who may log in.
fn rights(table: &TableInfo, read_only: bool) -> &'static [&'static str] {
    if read_only || letter(table) == "V" { &["SELECT"] } else { &["DELETE", "INSERT", "SELECT", "UPDATE"] }
}

pub(super) fn privileges(database: &Database) -> Vec<Row> {
    let mut rows = Vec::new();
    for table in &database.tables {
        for right in rights(table, database.read_only) {
            rows.push(facts! {
                schema: &table.schema,
                table: &table.name,
                right: *right,
                may_change: rights(table, database.read_only).len() > 1,
            });
        }
    }
    rows
}

/// The authorities over a database: those of everybody who may log in, and those of nobody.
pub(super) fn authorities(database: &Database) -> Vec<Row> {
    let of_all = |name: &str| match name {
        "CONNECT" => true,
        "BINDADD" | "CREATETAB" | "IMPLICIT_SCHEMA" => !database.read_only,
        _ => false,
    };
    AUTHORITIES.iter().map(|name| facts! { authority: *name, of_all: of_all(name) }).collect()
}

pub(super) fn column_privileges(database: &Database) -> Vec<Row> {
    let mut rows = Vec::new();
    for table in &database.tables {
        for right in rights(table, database.read_only).iter().filter(|right| **right != "DELETE") {
            for column in table.columns.fields() {
                // The owner, by whose name the schema goes, may hand his rights on.
                for (grantee, grantable) in [(table.schema.as_str(), "YES"), ("PUBLIC", "NO")] {
                    rows.push(facts! {
                        schema: &table.schema,
                        table: &table.name,
                        column: column.name(),
                        right: *right,
                        grantee: grantee,
                        grantable: grantable,
                    });
                }
            }
        }
    }
    rows
}
