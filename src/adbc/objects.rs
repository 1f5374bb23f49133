//! Catalogs, schemas, tables, columns and constraints as one tree (GetObjects). Five lists of the catalog are asked for
//! at most, however many tables there are.

use super::error::of;
use super::nested::{Structs, Texts, rows_of, text_list};
use super::reader::{Reader, in_memory};
use super::shared::Shared;
use crate::client::error;
use crate::client::sql::catalog::Catalog;
use crate::client::sql::catalog::filter::{CatalogFilter, NameFilter};
use crate::client::sql::catalog::listing::{ColumnRow, KINDS, KeyRow, TableRow};
use adbc_core::error::Result;
use adbc_core::options::ObjectDepth;
use adbc_core::schemas::OBJECTS_DB_SCHEMA_SCHEMA;
use adbc_core::schemas::{COLUMN_SCHEMA, CONSTRAINT_SCHEMA, GET_OBJECTS_SCHEMA, TABLE_SCHEMA, USAGE_SCHEMA};
use arrow_array::{ArrayRef, BooleanArray, Int16Array, Int32Array, StringArray, new_null_array};
use arrow_schema::DataType;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The objects that are wanted; a name that is not given takes all.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    pub catalog: Option<&'a str>,
    pub schema: Option<&'a str>,
    pub table: Option<&'a str>,
    pub kinds: Option<Vec<&'a str>>,
    pub column: Option<&'a str>,
}

/// Schema and table.
type TableId = (String, String);

/// The rows of the catalog.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// None where the catalog is filtered out.
    pub catalog: Option<String>,
    pub schemas: Vec<String>,
    pub tables: BTreeMap<String, Vec<TableRow>>,
    pub columns: BTreeMap<TableId, Vec<ColumnRow>>,
    pub keys: BTreeMap<TableId, Vec<KeyRow>>,
}

/// The names of a filter of ADBC: a pattern.
pub(super) fn pattern(name: Option<&str>) -> error::Result<Option<NameFilter>> {
    name.map(NameFilter::like).transpose()
}

/// The filter of the catalog. Objects of the system come where their schema is asked for.
pub(super) fn filter(wanted: &Wanted<'_>) -> error::Result<CatalogFilter> {
    Ok(CatalogFilter { schema: pattern(wanted.schema)?, name: pattern(wanted.table)? })
}

/// The name of the database, if it is wanted.
pub(super) fn catalog_name(shared: &Shared, wanted: &Wanted<'_>) -> Result<Option<String>> {
    let filter = pattern(wanted.catalog).map_err(of)?;
    Ok(Some(shared.catalog()?).filter(|name| filter.as_ref().is_none_or(|filter| filter.takes(name))))
}

/// The tree down to `depth`.
pub(super) fn objects(shared: &Shared, depth: ObjectDepth, wanted: &Wanted<'_>) -> Result<Reader> {
    let catalog = Catalog::of(shared.client()?);
    let told = Told { catalog: catalog_name(shared, wanted)?, ..Told::default() };
    let told = shared.wait(ask(&catalog, depth, wanted, told))?;
    let batch = tree(depth, &told)?;
    Ok(in_memory(vec![batch], GET_OBJECTS_SCHEMA.clone()))
}

async fn ask(catalog: &Catalog, depth: ObjectDepth, wanted: &Wanted<'_>, mut told: Told) -> error::Result<Told> {
    // An object without a schema is asked for: no product has such.
    if told.catalog.is_none() || depth == ObjectDepth::Catalogs || wanted.schema == Some("") {
        return Ok(told);
    }
    let filter = filter(wanted)?;
    told.schemas = catalog.schemas(&filter).await?.rows.into_iter().map(|row| row.name).collect();
    if depth == ObjectDepth::Schemas {
        return Ok(told);
    }
    // A kind that no product has takes nothing.
    let kinds: Option<Vec<&str>> =
        wanted.kinds.as_ref().map(|kinds| kinds.iter().copied().filter(|kind| KINDS.contains(kind)).collect());
    let none =
        kinds.as_ref().is_some_and(Vec::is_empty) && wanted.kinds.as_ref().is_some_and(|kinds| !kinds.is_empty());
    let tables = if none { Vec::new() } else { catalog.tables(&filter, &kinds.unwrap_or_default()).await?.rows };
    for table in tables {
        if !told.schemas.contains(&table.schema) {
            told.schemas.push(table.schema.clone());
        }
        told.tables.entry(table.schema.clone()).or_default().push(table);
    }
    told.schemas.sort();
    if depth == ObjectDepth::Tables || told.tables.is_empty() {
        return Ok(told);
    }
    let names = pattern(wanted.column)?;
    for column in catalog.columns(&filter).await?.rows {
        if names.as_ref().is_none_or(|names| names.takes(&column.name)) {
            told.columns.entry((column.schema.clone(), column.table.clone())).or_default().push(column);
        }
    }
    for key in catalog.keys(&filter).await?.rows {
        told.keys.entry((key.schema.clone(), key.table.clone())).or_default().push(key);
    }
    Ok(told)
}

fn tree(depth: ObjectDepth, told: &Told) -> Result<arrow_array::RecordBatch> {
    let catalogs: Vec<&str> = told.catalog.as_deref().into_iter().collect();
    let mut schemas = Structs::new(&OBJECTS_DB_SCHEMA_SCHEMA);
    if depth != ObjectDepth::Catalogs && told.catalog.is_some() {
        let names: StringArray = told.schemas.iter().map(|name| Some(name.as_str())).collect();
        schemas.rows(told.schemas.len(), vec![Arc::new(names), tables(depth, told)?])?;
    }
    let lists = match depth {
        ObjectDepth::Catalogs => schemas.nulls(catalogs.len())?,
        _ => schemas.lists(&vec![told.schemas.len(); catalogs.len()])?,
    };
    rows_of(&GET_OBJECTS_SCHEMA, vec![Arc::new(StringArray::from(catalogs)), lists])
}

/// The tables of each schema.
fn tables(depth: ObjectDepth, told: &Told) -> Result<ArrayRef> {
    let mut structs = Structs::new(&TABLE_SCHEMA);
    if depth == ObjectDepth::Schemas {
        return structs.nulls(told.schemas.len());
    }
    let of = |schema: &String| told.tables.get(schema).map(Vec::as_slice).unwrap_or_default();
    let all: Vec<&TableRow> = told.schemas.iter().flat_map(of).collect();
    let names: StringArray = all.iter().map(|table| Some(table.name.as_str())).collect();
    let kinds: StringArray = all.iter().map(|table| Some(table.kind.as_str())).collect();
    let (columns, keys) = match depth {
        ObjectDepth::Tables => {
            (Structs::new(&COLUMN_SCHEMA).nulls(all.len())?, Structs::new(&CONSTRAINT_SCHEMA).nulls(all.len())?)
        }
        _ => (columns(&all, told)?, constraints(&all, told)?),
    };
    structs.rows(all.len(), vec![Arc::new(names), Arc::new(kinds), columns, keys])?;
    let sizes: Vec<usize> = told.schemas.iter().map(|schema| of(schema).len()).collect();
    structs.lists(&sizes)
}

/// The columns of each table.
fn columns(tables: &[&TableRow], told: &Told) -> Result<ArrayRef> {
    let of = |table: &&TableRow| {
        told.columns.get(&(table.schema.clone(), table.name.clone())).map(Vec::as_slice).unwrap_or_default()
    };
    let all: Vec<&ColumnRow> = tables.iter().flat_map(of).collect();
    let text = |value: fn(&ColumnRow) -> Option<&str>| -> ArrayRef {
        Arc::new(all.iter().map(|column| value(column)).collect::<StringArray>())
    };
    let short = |value: fn(&ColumnRow) -> Option<i16>| -> ArrayRef {
        Arc::new(all.iter().map(|column| value(column)).collect::<Int16Array>())
    };
    let int = |value: fn(&ColumnRow) -> Option<i32>| -> ArrayRef {
        Arc::new(all.iter().map(|column| value(column)).collect::<Int32Array>())
    };
    let flag = |value: fn(&ColumnRow) -> bool| -> ArrayRef {
        Arc::new(all.iter().map(|column| Some(value(column))).collect::<BooleanArray>())
    };
    let none = |data_type: &DataType| new_null_array(data_type, all.len());
    let mut structs = Structs::new(&COLUMN_SCHEMA);
    structs.rows(
        all.len(),
        vec![
            text(|column| Some(&column.name)),
            int(|column| Some(column.position)),
            text(|column| column.remarks.as_deref()),
            short(|column| column.jdbc_type),
            text(|column| Some(&column.type_name)),
            int(|column| column.size),
            short(|column| column.scale.and_then(|scale| scale.try_into().ok())),
            short(|column| column.radix),
            short(|column| Some(column.nullable.into())),
            text(|column| column.default.as_deref()),
            short(|column| column.jdbc_type),
            // The part of a date that a type of ODBC is: the number has it already.
            none(&DataType::Int16),
            int(|column| column.octets),
            text(|column| Some(if column.nullable { "YES" } else { "NO" })),
            none(&DataType::Utf8),
            none(&DataType::Utf8),
            none(&DataType::Utf8),
            flag(|column| column.identity.is_some()),
            flag(|column| column.generated.is_some()),
        ],
    )?;
    let sizes: Vec<usize> = tables.iter().map(|table| of(table).len()).collect();
    structs.lists(&sizes)
}

/// The constraints of each table: the rows of one stand together.
fn constraints(tables: &[&TableRow], told: &Told) -> Result<ArrayRef> {
    let of = |table: &&TableRow| -> Vec<&[KeyRow]> {
        let rows = told.keys.get(&(table.schema.clone(), table.name.clone())).map(Vec::as_slice).unwrap_or_default();
        rows.chunk_by(|a, b| (&a.kind, &a.name) == (&b.kind, &b.name)).collect()
    };
    let by_table: Vec<Vec<&[KeyRow]>> = tables.iter().map(of).collect();
    let all: Vec<&[KeyRow]> = by_table.iter().flatten().copied().collect();
    let first = |value: fn(&KeyRow) -> &str| -> ArrayRef {
        Arc::new(all.iter().map(|rows| rows.first().map(value)).collect::<StringArray>())
    };
    let columns: Vec<Texts<'_>> =
        all.iter().map(|rows| rows.iter().filter_map(|row| row.column.as_deref()).collect()).collect();
    let mut structs = Structs::new(&CONSTRAINT_SCHEMA);
    structs.rows(
        all.len(),
        vec![
            first(|row| &row.name),
            first(|row| &row.kind),
            text_list(&columns)?,
            usage(&all, told.catalog.as_deref())?,
        ],
    )?;
    let sizes: Vec<usize> = by_table.iter().map(Vec::len).collect();
    structs.lists(&sizes)
}

/// The columns that foreign keys are about; NULL of other constraints.
fn usage(constraints: &[&[KeyRow]], catalog: Option<&str>) -> Result<ArrayRef> {
    let is_foreign = |rows: &&[KeyRow]| rows.first().is_some_and(|row| row.kind == "FOREIGN KEY");
    let all: Vec<&KeyRow> = constraints.iter().filter(|rows| is_foreign(rows)).flat_map(|rows| rows.iter()).collect();
    let text = |value: fn(&KeyRow) -> Option<&str>| -> ArrayRef {
        Arc::new(all.iter().map(|row| value(row)).collect::<StringArray>())
    };
    let catalogs: StringArray = all.iter().map(|_| catalog).collect();
    let mut structs = Structs::new(&USAGE_SCHEMA);
    structs.rows(
        all.len(),
        vec![
            Arc::new(catalogs),
            text(|row| row.ref_schema.as_deref()),
            text(|row| Some(row.ref_table.as_deref().unwrap_or_default())),
            text(|row| Some(row.ref_column.as_deref().unwrap_or_default())),
        ],
    )?;
    let sizes: Vec<Option<usize>> = constraints.iter().map(|rows| is_foreign(rows).then_some(rows.len())).collect();
    structs.some_lists(&sizes)
}
