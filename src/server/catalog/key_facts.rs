//! The facts about keys and indexes.

use super::column_facts::ColumnFacts;
use super::database::{Constraint, Database, Rule, TableInfo};
use super::object_facts::{described, letter, short};
use super::relation::{Asked, Row, facts, id};
use crate::server::error::SqlError;

/// ODBC's numbers for rules of foreign keys: NO ACTION, and not deferrable.
const NO_ACTION: i64 = 3;
const NOT_DEFERRABLE: i64 = 7;
/// ODBC's numbers of SQLStatistics: the table itself, an index.
const STATISTIC_OF_TABLE: i64 = 0;
const OTHER_INDEX: i64 = 3;

fn each_constraint(database: &Database) -> impl Iterator<Item = (&TableInfo, &Constraint)> {
    database.tables.iter().flat_map(|table| table.constraints.iter().map(move |c| (table, c)))
}

/// Every constraint.
pub(super) fn constraints(database: &Database) -> Vec<Row> {
    each_constraint(database)
        .map(|(table, constraint)| {
            let (letter, kind, text) = match &constraint.rule {
                Rule::Primary => ("P", "PRIMARY KEY", None),
                Rule::Unique => ("U", "UNIQUE", None),
                Rule::Foreign { .. } => ("F", "FOREIGN KEY", None),
                Rule::Check(text) => ("K", "CHECK", Some(text)),
            };
            facts! {
                schema: &table.schema,
                table: &table.name,
                constraint: &constraint.name,
                letter: letter,
                // Derby and the catalog of i have other letters for a check.
                check_letter: if letter == "K" { "C" } else { letter },
                kind: kind,
                text: text,
                count: constraint.columns.len(),
                system_schema: short(&table.schema),
                system_table: short(&table.name),
                id: id(&[&table.schema, &table.name, &constraint.name]),
                table_id: id(&[&table.schema, &table.name]),
                schema_id: id(&[&table.schema]),
            }
        })
        .collect()
}

/// The columns of keys.
pub(super) fn keys(database: &Database) -> Vec<Row> {
    let mut rows = Vec::new();
    for (table, constraint) in each_constraint(database) {
        let letter = match &constraint.rule {
            Rule::Primary => "P",
            Rule::Unique => "U",
            Rule::Foreign { .. } => "F",
            Rule::Check(_) => continue,
        };
        for (n, column) in constraint.columns.iter().enumerate() {
            let place = table.columns.fields().iter().position(|f| f.name() == column);
            rows.push(facts! {
                schema: &table.schema,
                table: &table.name,
                constraint: &constraint.name,
                letter: letter,
                column: column,
                sequence: n + 1,
                colno: place.map_or(0, |n| n + 1),
                system_schema: short(&table.schema),
                system_table: short(&table.name),
                system_column: short(column),
                id: id(&[&table.schema, &table.name, &constraint.name]),
            });
        }
    }
    rows
}

/// The name of the key that a foreign key is about: the parent's primary key, or the unique one of these columns.
fn parent_key(database: &Database, schema: &str, name: &str, columns: &[String]) -> Option<(String, bool)> {
    let parent = database.table(schema, name)?;
    let key = parent.keys().find(|key| key.columns == columns)?;
    Some((key.name.clone(), key.rule == Rule::Primary))
}

/// Foreign keys.
pub(super) fn references(database: &Database) -> Vec<Row> {
    let mut rows = Vec::new();
    for (table, constraint) in each_constraint(database) {
        let Rule::Foreign { schema, table: parent, columns } = &constraint.rule else { continue };
        let key = parent_key(database, schema, parent, columns);
        rows.push(facts! {
            schema: &table.schema,
            table: &table.name,
            constraint: &constraint.name,
            parent_schema: schema,
            parent: parent,
            parent_key: key.as_ref().map(|(name, _)| name),
            // Blank for a primary key.
            parent_index_schema: key.as_ref().map(|(_, primary)| if *primary { "" } else { schema.as_str() }),
            parent_index: key.as_ref().map(|(name, primary)| if *primary { "" } else { name.as_str() }),
            count: columns.len(),
            columns: constraint.columns.join(" "),
            parent_columns: columns.join(" "),
            id: id(&[&table.schema, &table.name, &constraint.name]),
            parent_id: key.as_ref().map(|(name, _)| id(&[schema, parent, name])),
        });
    }
    rows
}

/// The columns of foreign keys, each with the one of the parent.
pub(super) fn pairs(database: &Database) -> Vec<Row> {
    let mut rows = Vec::new();
    for (table, constraint) in each_constraint(database) {
        let Rule::Foreign { schema, table: parent, columns } = &constraint.rule else { continue };
        let key = parent_key(database, schema, parent, columns).map(|(name, _)| name);
        for (n, (column, parent_column)) in constraint.columns.iter().zip(columns).enumerate() {
            let place = table.columns.fields().iter().position(|f| f.name() == column);
            rows.push(facts! {
                schema: &table.schema,
                table: &table.name,
                constraint: &constraint.name,
                column: column,
                sequence: n + 1,
                colno: place.map_or(0, |n| n + 1),
                parent_schema: schema,
                parent: parent,
                parent_key: key.as_ref(),
                parent_column: parent_column,
                update_rule: NO_ACTION,
                delete_rule: NO_ACTION,
                deferrability: NOT_DEFERRABLE,
            });
        }
    }
    rows
}

/// An index, or the one that a key has.
struct AnyIndex<'a> {
    name: &'a str,
    /// P of a primary key, U of a unique one, D.
    rule: &'static str,
    of_key: bool,
    columns: Vec<(&'a str, bool)>,
}

impl AnyIndex<'_> {
    fn row(&self, table: &TableInfo) -> Row {
        let names = self.columns.iter().map(|(column, falls)| format!("{}{column}", if *falls { "-" } else { "+" }));
        let unique_key = self.of_key && self.rule == "U";
        facts! {
            schema: &table.schema,
            table: &table.name,
            index: self.name,
            rule: self.rule,
            // Db2 for z/OS tells the index of a unique key from another.
            rule_of_key: if unique_key { "C" } else { self.rule },
            of_key: if self.of_key { "Y" } else { "N" },
            required: i64::from(self.of_key),
            columns: names.collect::<String>(),
            count: self.columns.len(),
            rows: table.rows.unwrap_or(-1),
            id: id(&[&table.schema, &table.name, self.name]),
            table_id: id(&[&table.schema, &table.name]),
            schema_id: id(&[&table.schema]),
            user_defined: i64::from(!self.of_key),
            system_schema: short(&table.schema),
            system_table: short(&table.name),
            system_index: short(self.name),
            descriptor: self.descriptor(table),
        }
    }

    /// The text of Derby's description of an index: `UNIQUE BTREE (3 DESC, 1)`.
    fn descriptor(&self, table: &TableInfo) -> String {
        let place = |column: &str| table.columns.fields().iter().position(|f| f.name() == column).map_or(0, |n| n + 1);
        let parts = self
            .columns
            .iter()
            .map(|(column, falls)| format!("{}{}", place(column), if *falls { " DESC" } else { "" }));
        let unique = if self.rule == "D" { "" } else { "UNIQUE " };
        format!("{unique}BTREE ({})", parts.collect::<Vec<_>>().join(", "))
    }
}

/// Indexes, those of keys among them.
pub(super) fn indexes(database: &Database) -> Vec<Row> {
    each_index(database, |table, index| vec![index.row(table)])
}

/// The same with those of foreign keys, which Derby has.
pub(super) fn conglomerates(database: &Database) -> Vec<Row> {
    let foreign = each_constraint(database).filter(|(_, key)| matches!(key.rule, Rule::Foreign { .. }));
    let of_foreign = foreign.map(|(table, key)| {
        let columns = key.columns.iter().map(|column| (column.as_str(), false)).collect();
        AnyIndex { name: &key.name, rule: "D", of_key: true, columns }.row(table)
    });
    indexes(database).into_iter().chain(of_foreign).collect()
}

/// The columns of indexes.
pub(super) fn indexed(database: &Database) -> Vec<Row> {
    each_index(database, parts)
}

fn each_index(database: &Database, of: fn(&TableInfo, &AnyIndex<'_>) -> Vec<Row>) -> Vec<Row> {
    let mut rows = Vec::new();
    for table in &database.tables {
        rows.extend(of_table(table).iter().flat_map(|index| of(table, index)));
    }
    rows
}

fn of_table(table: &TableInfo) -> Vec<AnyIndex<'_>> {
    let of_keys = table.keys().map(|key| AnyIndex {
        name: &key.name,
        rule: if key.rule == Rule::Primary { "P" } else { "U" },
        of_key: true,
        columns: key.columns.iter().map(|column| (column.as_str(), false)).collect(),
    });
    let others = table.indexes.iter().map(|index| AnyIndex {
        name: &index.name,
        rule: if index.unique { "U" } else { "D" },
        of_key: false,
        columns: index.columns.iter().map(|(column, falls)| (column.as_str(), *falls)).collect(),
    });
    of_keys.chain(others).collect()
}

fn parts(table: &TableInfo, index: &AnyIndex<'_>) -> Vec<Row> {
    let columns = index.columns.iter().enumerate();
    columns
        .map(|(n, (column, falls))| {
            let place = table.columns.fields().iter().position(|f| f.name() == column);
            facts! {
                schema: &table.schema,
                table: &table.name,
                index: index.name,
                of_key: if index.of_key { "Y" } else { "N" },
                column: *column,
                sequence: n + 1,
                colno: place.map_or(0, |n| n + 1),
                order: if *falls { "D" } else { "A" },
                system_schema: short(&table.schema),
                system_index: short(index.name),
                system_column: short(column),
            }
        })
        .collect()
}

/// The table itself, then the columns of its indexes.
pub(super) fn statistics(asked: &Asked<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for table in asked.database.tables.iter().filter(|t| letter(t) == "T") {
        let mut put = |index: Option<&AnyIndex<'_>>, n: usize, part: Option<(&str, bool)>| {
            rows.push(facts! {
                schema: &table.schema,
                table: &table.name,
                not_unique: index.map(|index| i64::from(index.rule == "D")),
                qualifier: index.map(|_| &table.schema),
                index: index.map(|index| index.name),
                kind: if index.is_some() { OTHER_INDEX } else { STATISTIC_OF_TABLE },
                sequence: index.map(|_| n + 1),
                column: part.map(|(column, _)| column),
                order: part.map(|(_, falls)| if falls { "D" } else { "A" }),
                rows: if index.is_none() { table.rows } else { None },
            });
        };
        // Derby tells of indexes only. (Read: apache/derby, metadata.properties.)
        if !asked.persona.calls {
            put(None, 0, None);
        }
        for index in of_table(table) {
            for (n, part) in index.columns.iter().enumerate() {
                put(Some(&index), n, Some(*part));
            }
        }
    }
    rows
}

/// The columns that name a row best: of the primary key, else of the first unique key without NULL.
pub(super) fn best(asked: &Asked<'_>) -> Result<Vec<Row>, SqlError> {
    let mut rows = Vec::new();
    for table in &asked.database.tables {
        let whole = |key: &&Constraint| !key.columns.iter().any(|column| table.is_nullable(column));
        let Some(key) = table.primary().or_else(|| table.keys().find(whole)) else { continue };
        for name in &key.columns {
            let Some((n, arrow)) = table.columns.fields().find(name) else { continue };
            let field = described(arrow, n, asked)?;
            let facts = ColumnFacts(&field);
            rows.push(facts! {
                schema: &table.schema,
                table: &table.name,
                column: name,
                // A row of the best columns, for as long as the session lasts; no pseudo-column.
                of: 1i64,
                scope: 2i64,
                pseudo: 1i64,
                number: facts.number(asked.jdbc),
                name: facts.name(),
                size: facts.size(),
                buffer: facts.buffer(),
                digits: facts.digits(),
            });
        }
    }
    Ok(rows)
}
