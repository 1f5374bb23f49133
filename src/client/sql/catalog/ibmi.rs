//! The catalog of Db2 for i: QSYS2. (Read: IBM i SQL Reference, Db2 for i catalog views; IBM i Services.) Names of ten
//! characters are padded there.

use super::ask::Ask;
use super::column_type::CatalogType;
use super::filter::{CatalogFilter, Condition};
use super::indexes::Indexes;
use super::keys::{KeyId, Keys, Reference};
use super::listing::{ColumnRow, IndexRow, KeyRow, RoutineRow, SchemaRow, StatisticRow, TableRow};
use super::raw::RawRow;
use super::rules::order;
use crate::client::error::Result;
use crate::wire::value::field::CCSID_BINARY;
use crate::wire::value::product::Product;
use std::collections::{BTreeMap, BTreeSet};

const IBM_I: Product = Product::IbmI;
/// FOR BIT DATA.
const BITS: i32 = CCSID_BINARY as i32;

fn of_table(filter: &CatalogFilter) -> Vec<Condition> {
    filter.conditions(IBM_I, "TABLE_SCHEMA", "TABLE_NAME")
}

/// Libraries in the order in which names without one are looked for.
pub(super) async fn library_list(ask: &Ask) -> Result<Vec<String>> {
    let mut places = Vec::new();
    for row in ask.rows("SELECT ORDINAL_POSITION, SCHEMA_NAME FROM QSYS2.LIBRARY_LIST_INFO", &[]).await? {
        places.push((row.place("ORDINAL_POSITION")?, row.name("SCHEMA_NAME")?));
    }
    places.sort();
    Ok(places.into_iter().map(|(_, name)| name).collect())
}

pub(super) async fn schemas(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<SchemaRow>> {
    let select = "SELECT SCHEMA_NAME, SYSTEM_SCHEMA_NAME, SCHEMA_TEXT FROM QSYS2.SYSSCHEMAS";
    let rows = ask.rows(select, &filter.of_schema(IBM_I, "SCHEMA_NAME")).await?;
    let list = library_list(ask).await?;
    let schema = |row: &RawRow| {
        let name = row.name("SCHEMA_NAME")?;
        let place = list.iter().position(|library| *library == name);
        Ok(SchemaRow {
            system_name: row.words("SYSTEM_SCHEMA_NAME")?,
            library_position: place.and_then(|n| i32::try_from(n + 1).ok()),
            remarks: row.words("SCHEMA_TEXT")?,
            name,
        })
    };
    rows.iter().map(schema).collect()
}

pub(super) async fn tables(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<TableRow>> {
    let select = "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, SYSTEM_TABLE, COLUMN_COUNT, LONG_COMMENT, TABLE_TEXT, \
                  BASE_TABLE_SCHEMA, BASE_TABLE_NAME, SYSTEM_TABLE_SCHEMA, SYSTEM_TABLE_NAME FROM QSYS2.SYSTABLES";
    let table = |row: &RawRow| {
        let letter = row.name("TABLE_TYPE")?;
        let kind = match letter.as_str() {
            // Physical files that DDS made are tables, logical ones are read as views are.
            "T" | "P" if row.says("SYSTEM_TABLE", "Y")? => "SYSTEM TABLE",
            "T" | "P" => "TABLE",
            "V" | "L" => "VIEW",
            "A" => "ALIAS",
            "M" => "MATERIALIZED QUERY TABLE",
            _ => "OTHER",
        };
        Ok(TableRow {
            schema: row.name("TABLE_SCHEMA")?,
            name: row.name("TABLE_NAME")?,
            kind: kind.to_owned(),
            native_kind: Some(letter),
            columns: row.small("COLUMN_COUNT")?,
            remarks: row.words("LONG_COMMENT")?,
            label: row.words("TABLE_TEXT")?,
            base_schema: row.words("BASE_TABLE_SCHEMA")?,
            base_name: row.words("BASE_TABLE_NAME")?,
            system_schema: row.words("SYSTEM_TABLE_SCHEMA")?,
            system_name: row.words("SYSTEM_TABLE_NAME")?,
        })
    };
    ask.rows(select, &of_table(filter)).await?.iter().map(table).collect()
}

pub(super) async fn columns(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<ColumnRow>> {
    let select = "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, SYSTEM_COLUMN_NAME, ORDINAL_POSITION, DATA_TYPE, LENGTH, \
                  NUMERIC_SCALE, DATETIME_PRECISION, CCSID, IS_NULLABLE, HAS_DEFAULT, COLUMN_DEFAULT, IS_IDENTITY, \
                  IDENTITY_GENERATION, COLUMN_HEADING, COLUMN_TEXT, LONG_COMMENT, USER_DEFINED_TYPE_SCHEMA, \
                  USER_DEFINED_TYPE_NAME FROM QSYS2.SYSCOLUMNS";
    let rows = ask.rows(select, &of_table(filter)).await?;
    let mut columns = rows.iter().map(column).collect::<Result<Vec<_>>>()?;
    let places = primary_keys(ask, filter).await?;
    for column in &mut columns {
        let of = [column.schema.clone(), column.table.clone(), column.name.clone()];
        column.key_position = places.get(&of).copied();
    }
    Ok(columns)
}

/// The places of columns in primary keys, which are told with the keys alone.
async fn primary_keys(ask: &Ask, filter: &CatalogFilter) -> Result<BTreeMap<[String; 3], i32>> {
    let (of_table, mut places) = (of_table(filter), BTreeMap::new());
    let primary = [of_table.as_slice(), &[Condition::is("CONSTRAINT_TYPE", "PRIMARY KEY")]].concat();
    let rows = ask.rows("SELECT CONSTRAINT_SCHEMA, CONSTRAINT_NAME FROM QSYS2.SYSCST", &primary).await?;
    let keys = rows.iter().map(id).collect::<Result<BTreeSet<KeyId>>>()?;
    if keys.is_empty() {
        return Ok(places);
    }
    let select = "SELECT CONSTRAINT_SCHEMA, CONSTRAINT_NAME, TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION \
                  FROM QSYS2.SYSKEYCST";
    for row in ask.rows(select, &of_table).await? {
        if keys.contains(&id(&row)?) {
            let of = [row.name("TABLE_SCHEMA")?, row.name("TABLE_NAME")?, row.name("COLUMN_NAME")?];
            places.insert(of, row.place("ORDINAL_POSITION")?);
        }
    }
    Ok(places)
}

fn column(row: &RawRow) -> Result<ColumnRow> {
    let ccsid = row.small("CCSID")?;
    let distinct = row.words("USER_DEFINED_TYPE_NAME")?;
    let scale = match row.number("DATETIME_PRECISION")? {
        Some(digits) => digits,
        None => row.number("NUMERIC_SCALE")?.unwrap_or_default(),
    };
    let kind = CatalogType {
        schema: row.words("USER_DEFINED_TYPE_SCHEMA")?.filter(|_| distinct.is_some()),
        name: distinct.map_or_else(|| row.name("DATA_TYPE"), Ok)?,
        length: row.number("LENGTH")?.unwrap_or_default(),
        scale,
        bits: ccsid == Some(BITS),
        characters: None,
    };
    let generation = row.words("IDENTITY_GENERATION")?;
    let identity = row.says("IS_IDENTITY", "YES")?;
    let mut column = ColumnRow {
        schema: row.name("TABLE_SCHEMA")?,
        table: row.name("TABLE_NAME")?,
        name: row.name("COLUMN_NAME")?,
        position: row.place("ORDINAL_POSITION")?,
        nullable: row.says("IS_NULLABLE", "Y")?,
        default: row.words("COLUMN_DEFAULT")?.filter(|_| !identity),
        identity: generation.filter(|_| identity),
        ccsid,
        remarks: row.words("LONG_COMMENT")?,
        label: row.words("COLUMN_TEXT")?,
        heading: row.words("COLUMN_HEADING")?,
        system_name: row.words("SYSTEM_COLUMN_NAME")?,
        ..ColumnRow::default()
    };
    kind.tell(&mut column);
    Ok(column)
}

pub(super) async fn keys(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<KeyRow>> {
    let of_table = of_table(filter);
    let of_joined = filter.conditions(IBM_I, "C.TABLE_SCHEMA", "C.TABLE_NAME");
    let mut keys = Keys::default();
    let select =
        "SELECT CONSTRAINT_SCHEMA, CONSTRAINT_NAME, CONSTRAINT_TYPE, TABLE_SCHEMA, TABLE_NAME FROM QSYS2.SYSCST";
    for row in ask.rows(select, &of_table).await? {
        let (schema, table) = (row.name("TABLE_SCHEMA")?, row.name("TABLE_NAME")?);
        keys.add(id(&row)?, &row.name("CONSTRAINT_TYPE")?, &schema, &table, &row.name("CONSTRAINT_NAME")?);
    }
    if keys.has("CHECK") {
        let select = "SELECT C.CONSTRAINT_SCHEMA, C.CONSTRAINT_NAME, H.CHECK_CLAUSE FROM QSYS2.SYSCST C \
                      JOIN QSYS2.SYSCHKCST H ON H.CONSTRAINT_SCHEMA = C.CONSTRAINT_SCHEMA \
                      AND H.CONSTRAINT_NAME = C.CONSTRAINT_NAME";
        for row in ask.rows(select, &of_joined).await? {
            keys.checks.insert(id(&row)?, row.name("CHECK_CLAUSE")?);
        }
    }
    if keys.have_columns() {
        let select = "SELECT CONSTRAINT_SCHEMA, CONSTRAINT_NAME, COLUMN_NAME, ORDINAL_POSITION FROM QSYS2.SYSKEYCST";
        for row in ask.rows(select, &of_table).await? {
            keys.columns.add(id(&row)?, row.place("ORDINAL_POSITION")?, row.name("COLUMN_NAME")?);
        }
    }
    if keys.has("FOREIGN KEY") {
        let select = "SELECT C.CONSTRAINT_SCHEMA, C.CONSTRAINT_NAME, R.DELETE_RULE, R.UPDATE_RULE, \
                      K.TABLE_SCHEMA AS REF_SCHEMA, K.TABLE_NAME AS REF_TABLE, K.COLUMN_NAME, K.ORDINAL_POSITION \
                      FROM QSYS2.SYSCST C JOIN QSYS2.SYSREFCST R ON R.CONSTRAINT_SCHEMA = C.CONSTRAINT_SCHEMA \
                      AND R.CONSTRAINT_NAME = C.CONSTRAINT_NAME \
                      JOIN QSYS2.SYSKEYCST K ON K.CONSTRAINT_SCHEMA = R.UNIQUE_CONSTRAINT_SCHEMA \
                      AND K.CONSTRAINT_NAME = R.UNIQUE_CONSTRAINT_NAME";
        for row in ask.rows(select, &of_joined).await? {
            let id = id(&row)?;
            keys.parents.add(id.clone(), row.place("ORDINAL_POSITION")?, row.name("COLUMN_NAME")?);
            let reference = Reference {
                schema: row.name("REF_SCHEMA")?,
                table: row.name("REF_TABLE")?,
                on_delete: row.words("DELETE_RULE")?,
                on_update: row.words("UPDATE_RULE")?,
            };
            keys.references.insert(id, reference);
        }
    }
    Ok(keys.rows())
}

/// The name of a constraint, whose schema is its own.
fn id(row: &RawRow) -> Result<KeyId> {
    Ok([row.name("CONSTRAINT_SCHEMA")?, String::new(), row.name("CONSTRAINT_NAME")?])
}

pub(super) async fn indexes(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<IndexRow>> {
    let select = "SELECT INDEX_SCHEMA, INDEX_NAME, SYSTEM_INDEX_NAME, TABLE_SCHEMA, TABLE_NAME, IS_UNIQUE \
                  FROM QSYS2.SYSINDEXES";
    let mut indexes = Indexes::default();
    for row in ask.rows(select, &of_table(filter)).await? {
        let rule = row.name("IS_UNIQUE")?;
        indexes.add(IndexRow {
            schema: row.name("TABLE_SCHEMA")?,
            table: row.name("TABLE_NAME")?,
            index_schema: row.name("INDEX_SCHEMA")?,
            name: row.name("INDEX_NAME")?,
            // V is unique where it is not NULL, E an encoded vector.
            unique: matches!(rule.as_str(), "U" | "V"),
            primary: Some(false),
            system_name: row.words("SYSTEM_INDEX_NAME")?,
            ..IndexRow::default()
        });
    }
    let part = "SELECT INDEX_SCHEMA, INDEX_NAME, COLUMN_NAME, ORDINAL_POSITION, ORDERING FROM QSYS2.SYSKEYS";
    let join = "SELECT K.INDEX_SCHEMA, K.INDEX_NAME, K.COLUMN_NAME, K.ORDINAL_POSITION, K.ORDERING \
                FROM QSYS2.SYSINDEXES I JOIN QSYS2.SYSKEYS K ON K.INDEX_SCHEMA = I.INDEX_SCHEMA \
                AND K.INDEX_NAME = I.INDEX_NAME";
    let of_all = filter.conditions(IBM_I, "I.TABLE_SCHEMA", "I.TABLE_NAME");
    for row in indexes.parts(ask, part, ["INDEX_SCHEMA", "INDEX_NAME"], join, &of_all).await? {
        let of = (row.name("INDEX_SCHEMA")?, row.name("INDEX_NAME")?);
        let falls = order(&row.name("ORDERING")?);
        indexes.column(of, row.place("ORDINAL_POSITION")?, row.name("COLUMN_NAME")?, falls);
    }
    Ok(indexes.rows())
}

pub(super) async fn procedures(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<RoutineRow>> {
    let select = "SELECT ROUTINE_SCHEMA, ROUTINE_NAME, SPECIFIC_NAME, ROUTINE_TYPE, IN_PARMS, OUT_PARMS, INOUT_PARMS, \
                  MAX_DYNAMIC_RESULT_SETS, LONG_COMMENT FROM QSYS2.SYSROUTINES";
    let routine = |row: &RawRow| {
        let mut parameters = 0i32;
        for part in ["IN_PARMS", "OUT_PARMS", "INOUT_PARMS"] {
            parameters = parameters.saturating_add(row.small(part)?.unwrap_or_default());
        }
        Ok(RoutineRow {
            schema: row.name("ROUTINE_SCHEMA")?,
            name: row.name("ROUTINE_NAME")?,
            specific_name: row.words("SPECIFIC_NAME")?,
            kind: row.name("ROUTINE_TYPE")?,
            parameters: Some(parameters),
            results: row.small("MAX_DYNAMIC_RESULT_SETS")?,
            remarks: row.words("LONG_COMMENT")?,
        })
    };
    let conditions = filter.conditions(IBM_I, "ROUTINE_SCHEMA", "ROUTINE_NAME");
    ask.rows(select, &conditions).await?.iter().map(routine).collect()
}

pub(super) async fn statistics(ask: &Ask, filter: &CatalogFilter) -> Result<Vec<StatisticRow>> {
    let of_table = of_table(filter);
    let mut all = Vec::new();
    let mut members = BTreeMap::new();
    let select = "SELECT TABLE_SCHEMA, TABLE_NAME, NUMBER_ROWS, NUMBER_PARTITIONS FROM QSYS2.SYSTABLESTAT";
    for row in ask.rows(select, &of_table).await? {
        let (schema, table) = (row.name("TABLE_SCHEMA")?, row.name("TABLE_NAME")?);
        members.insert((schema.clone(), table.clone()), row.number("NUMBER_PARTITIONS")?);
        let rows = row.counted("NUMBER_ROWS")?;
        all.push(StatisticRow { schema, table, rows, exact: true, ..StatisticRow::default() });
    }
    let select = "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, NUMBER_DISTINCT_VALUES FROM QSYS2.SYSCOLUMNSTAT";
    for row in ask.rows(select, &of_table).await? {
        let (schema, table) = (row.name("TABLE_SCHEMA")?, row.name("TABLE_NAME")?);
        // The values of several members cannot be added.
        if members.get(&(schema.clone(), table.clone())) != Some(&Some(1)) {
            continue;
        }
        let (column, distinct) = (Some(row.name("COLUMN_NAME")?), row.counted("NUMBER_DISTINCT_VALUES")?);
        all.push(StatisticRow { schema, table, column, distinct, ..StatisticRow::default() });
    }
    Ok(all)
}
