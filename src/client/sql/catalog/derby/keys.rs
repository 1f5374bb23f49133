//! Keys and indexes of Derby: the SYS tables have their names, the catalog procedures their columns, table by table.

use super::{OPTIONS, tables};
use crate::client::error::Result;
use crate::client::sql::catalog::ask::{Ask, text};
use crate::client::sql::catalog::filter::CatalogFilter;
use crate::client::sql::catalog::keys::{Keys, Reference};
use crate::client::sql::catalog::listing::{IndexRow, KeyRow, TableRow};
use crate::client::sql::catalog::raw::RawRow;
use crate::client::sql::catalog::rules::{key_kind, numbered_rule, order};
use arrow_array::Int16Array;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All indexes, not the unique ones alone.
const ALL: i16 = 1;
/// The row about the table itself.
const OF_TABLE: i64 = 0;

pub(in crate::client::sql::catalog) async fn keys(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<KeyRow>> {
    let mut keys = Keys::default();
    let ids = table_ids(ask).await?;
    let wanted: BTreeSet<(String, String)> =
        tables(ask, filter).await?.into_iter().map(|table| (table.schema, table.name)).collect();
    // The tables that have constraints, with their kinds, and the constraints by their ids.
    let mut kinds: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    let mut unique = BTreeMap::new();
    let mut checks = BTreeMap::new();
    for row in ask.rows("SELECT CONSTRAINTID, TABLEID, CONSTRAINTNAME, TYPE FROM SYS.SYSCONSTRAINTS", &[]).await? {
        let Some(of) = ids.get(&row.name("TABLEID")?).filter(|of| wanted.contains(of)) else { continue };
        let Some(kind) = key_kind(&row.name("TYPE")?) else { continue };
        let name = row.name("CONSTRAINTNAME")?;
        let id = [of.0.clone(), of.1.clone(), name.clone()];
        keys.add(id.clone(), kind, &of.0, &of.1, &name);
        kinds.entry(of.clone()).or_default().insert(kind);
        match kind {
            "UNIQUE" => drop(unique.insert(row.name("CONSTRAINTID")?, id)),
            "CHECK" => drop(checks.insert(row.name("CONSTRAINTID")?, id)),
            _ => {}
        }
    }
    if !checks.is_empty() {
        for row in ask.rows("SELECT CONSTRAINTID, CHECKDEFINITION FROM SYS.SYSCHECKS", &[]).await? {
            if let Some(id) = checks.get(&row.name("CONSTRAINTID")?) {
                keys.checks.insert(id.clone(), row.name("CHECKDEFINITION")?);
            }
        }
    }
    let indexes = if unique.is_empty() { BTreeMap::new() } else { indexes_of_keys(ask).await? };
    for ((schema, table), kinds) in &kinds {
        let of = |name: String| [schema.clone(), table.clone(), name];
        if kinds.contains("PRIMARY KEY") {
            let arguments = [text(None), text(Some(schema)), text(Some(table)), text(Some(OPTIONS))];
            for row in ask.call("SQLPRIMARYKEYS", &arguments).await? {
                keys.columns.add(of(row.name("PK_NAME")?), row.place("KEY_SEQ")?, row.name("COLUMN_NAME")?);
            }
        }
        if kinds.contains("UNIQUE") {
            let columns = of_indexes(ask, schema, table).await?;
            for (id, key) in unique.iter().filter(|(_, key)| (&key[0], &key[1]) == (schema, table)) {
                let index = indexes.get(id);
                for row in columns.iter() {
                    if row.words("INDEX_NAME")?.as_ref() == index {
                        keys.columns.add(key.clone(), row.place("ORDINAL_POSITION")?, row.name("COLUMN_NAME")?);
                    }
                }
            }
        }
        if kinds.contains("FOREIGN KEY") {
            let options = format!("{OPTIONS};IMPORTEDKEY=1");
            let parent = [text(None), text(None), text(None)];
            let child = [text(None), text(Some(schema)), text(Some(table)), text(Some(&options))];
            for row in ask.call("SQLFOREIGNKEYS", &[parent.as_slice(), &child].concat()).await? {
                let (id, place) = (of(row.name("FK_NAME")?), row.place("KEY_SEQ")?);
                let reference = Reference {
                    schema: row.name("PKTABLE_SCHEM")?,
                    table: row.name("PKTABLE_NAME")?,
                    on_delete: row.number("DELETE_RULE")?.and_then(numbered_rule),
                    on_update: row.number("UPDATE_RULE")?.and_then(numbered_rule),
                };
                keys.references.insert(id.clone(), reference);
                keys.columns.add(id.clone(), place, row.name("FKCOLUMN_NAME")?);
                keys.parents.add(id, place, row.name("PKCOLUMN_NAME")?);
            }
        }
    }
    Ok(keys.rows())
}

/// Schema and name of each table, by its id.
async fn table_ids(ask: &Ask) -> Result<BTreeMap<String, (String, String)>> {
    let mut schemas = BTreeMap::new();
    for row in ask.rows("SELECT SCHEMAID, SCHEMANAME FROM SYS.SYSSCHEMAS", &[]).await? {
        schemas.insert(row.name("SCHEMAID")?, row.name("SCHEMANAME")?);
    }
    let mut ids = BTreeMap::new();
    for row in ask.rows("SELECT TABLEID, SCHEMAID, TABLENAME FROM SYS.SYSTABLES", &[]).await? {
        if let Some(schema) = schemas.get(&row.name("SCHEMAID")?) {
            ids.insert(row.name("TABLEID")?, (schema.clone(), row.name("TABLENAME")?));
        }
    }
    Ok(ids)
}

/// The names of the indexes of keys, by the ids of the constraints.
async fn indexes_of_keys(ask: &Ask) -> Result<BTreeMap<String, String>> {
    let mut names = BTreeMap::new();
    for row in ask.rows("SELECT CONGLOMERATEID, CONGLOMERATENAME FROM SYS.SYSCONGLOMERATES", &[]).await? {
        names.insert(row.name("CONGLOMERATEID")?, row.text("CONGLOMERATENAME")?.unwrap_or_default());
    }
    let mut keys = BTreeMap::new();
    for row in ask.rows("SELECT CONSTRAINTID, CONGLOMERATEID FROM SYS.SYSKEYS", &[]).await? {
        if let Some(name) = names.get(&row.name("CONGLOMERATEID")?) {
            keys.insert(row.name("CONSTRAINTID")?, name.clone());
        }
    }
    Ok(keys)
}

/// The columns of a table's indexes.
async fn of_indexes(ask: &Ask, schema: &str, table: &str) -> Result<Vec<RawRow>> {
    let small = |n: i16| Arc::new(Int16Array::from(vec![n]));
    let names = [text(None), text(Some(schema)), text(Some(table))];
    let arguments = [names.as_slice(), &[small(ALL), small(0), text(Some(OPTIONS))]].concat();
    let rows = ask.call("SQLSTATISTICS", &arguments).await?;
    let about_columns = |row: &RawRow| Ok(row.number("TYPE")? != Some(OF_TABLE));
    rows.into_iter().filter_map(|row| about_columns(&row).map(|is| is.then_some(row)).transpose()).collect()
}

pub(in crate::client::sql::catalog) async fn indexes(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<IndexRow>> {
    let tables = tables(ask, filter).await?;
    let mut rows = Vec::new();
    for TableRow { schema, name: table, .. } in tables.into_iter().filter(|table| table.kind == "TABLE") {
        for row in of_indexes(ask, &schema, &table).await? {
            rows.push(IndexRow {
                schema: schema.clone(),
                table: table.clone(),
                index_schema: row.words("INDEX_QUALIFIER")?.unwrap_or_else(|| schema.clone()),
                name: row.name("INDEX_NAME")?,
                unique: row.number("NON_UNIQUE")? == Some(0),
                primary: None,
                position: row.place("ORDINAL_POSITION")?,
                column: row.name("COLUMN_NAME")?,
                order: row.text("ASC_OR_DESC")?.and_then(|letter| order(&letter)),
                system_name: None,
            });
        }
    }
    Ok(rows)
}
