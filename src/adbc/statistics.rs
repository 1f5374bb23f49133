//! Statistics (GetStatistics): how many rows tables have, and how many values, NULLs and bytes their columns, where the
//! catalog knows it. It has the second lowest and highest value of a column and not the lowest and highest, so none are
//! told.

use super::nested::{Structs, rows_of};
use super::objects::{Wanted, catalog_name, filter};
use super::reader::{Reader, in_memory};
use super::shared::Shared;
use crate::client::error;
use crate::client::sql::catalog::Catalog;
use crate::client::sql::catalog::listing::StatisticRow;
use adbc_core::constants::{
    ADBC_STATISTIC_AVERAGE_BYTE_WIDTH_KEY, ADBC_STATISTIC_DISTINCT_COUNT_KEY, ADBC_STATISTIC_NULL_COUNT_KEY,
    ADBC_STATISTIC_ROW_COUNT_KEY,
};
use adbc_core::error::{Error, Result};
use adbc_core::schemas::{
    GET_STATISTICS_SCHEMA, STATISTIC_VALUE_SCHEMA, STATISTICS_DB_SCHEMA_SCHEMA, STATISTICS_SCHEMA,
};
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int16Array, Int64Array, StringArray, UnionArray, new_empty_array,
};
use arrow_schema::{ArrowError, DataType};
use std::sync::Arc;

/// A number about a table or column, by the key that ADBC has for it.
struct Statistic<'a> {
    of: &'a StatisticRow,
    key: i16,
    value: i64,
}

/// The statistics of the tables that are wanted. Those that are not exact are left out unless they will do.
pub(super) fn statistics(shared: &Shared, wanted: &Wanted<'_>, approximate: bool) -> Result<Reader> {
    let catalog = Catalog::of(shared.client()?);
    let name = catalog_name(shared, wanted)?;
    let mut rows = match &name {
        Some(_) => shared.wait(ask(&catalog, wanted))?,
        None => Vec::new(),
    };
    rows.retain(|row| row.exact || approximate);
    let rows: Vec<Statistic<'_>> = rows.iter().flat_map(of_row).collect();
    let by_schema: Vec<&[Statistic<'_>]> = rows.chunk_by(|a, b| a.of.schema == b.of.schema).collect();
    let names: StringArray = by_schema.iter().map(|rows| rows.first().map(|row| row.of.schema.as_str())).collect();
    let sizes: Vec<usize> = by_schema.iter().map(|rows| rows.len()).collect();
    let mut schemas = Structs::new(&STATISTICS_DB_SCHEMA_SCHEMA);
    schemas.rows(by_schema.len(), vec![Arc::new(names), tables(&rows)?.lists(&sizes)?])?;
    let catalogs: Vec<&str> = name.as_deref().into_iter().collect();
    let lists = schemas.lists(&vec![by_schema.len(); catalogs.len()])?;
    let batch = rows_of(&GET_STATISTICS_SCHEMA, vec![Arc::new(StringArray::from(catalogs)), lists])?;
    Ok(in_memory(vec![batch], GET_STATISTICS_SCHEMA.clone()))
}

async fn ask(catalog: &Catalog, wanted: &Wanted<'_>) -> error::Result<Vec<StatisticRow>> {
    // There is no table without a schema.
    match wanted.schema != Some("") {
        true => Ok(catalog.statistics(&filter(wanted)?).await?.rows),
        false => Ok(Vec::new()),
    }
}

/// The numbers of a row.
fn of_row(row: &StatisticRow) -> impl Iterator<Item = Statistic<'_>> {
    let numbers = [
        (ADBC_STATISTIC_ROW_COUNT_KEY, row.rows),
        (ADBC_STATISTIC_DISTINCT_COUNT_KEY, row.distinct),
        (ADBC_STATISTIC_NULL_COUNT_KEY, row.nulls),
        (ADBC_STATISTIC_AVERAGE_BYTE_WIDTH_KEY, row.average_bytes),
    ];
    numbers.into_iter().filter_map(move |(key, value)| Some(Statistic { of: row, key, value: value? }))
}

fn tables(rows: &[Statistic<'_>]) -> Result<Structs> {
    let names: StringArray = rows.iter().map(|row| Some(row.of.table.as_str())).collect();
    let columns: StringArray = rows.iter().map(|row| row.of.column.as_deref()).collect();
    let keys: Int16Array = rows.iter().map(|row| Some(row.key)).collect();
    let approximate: BooleanArray = rows.iter().map(|row| Some(!row.of.exact)).collect();
    let values = values(rows).map_err(Error::from)?;
    let mut structs = Structs::new(&STATISTICS_SCHEMA);
    let fields: Vec<ArrayRef> = vec![Arc::new(names), Arc::new(columns), Arc::new(keys), values, Arc::new(approximate)];
    structs.rows(rows.len(), fields)?;
    Ok(structs)
}

/// The numbers: a whole one where it is exact, else a float, as ADBC says.
fn values(rows: &[Statistic<'_>]) -> std::result::Result<ArrayRef, ArrowError> {
    let DataType::Union(fields, _) = &*STATISTIC_VALUE_SCHEMA else {
        return Err(ArrowError::SchemaError("the value of a statistic is no union".to_owned()));
    };
    let (mut exact, mut rough) = (Vec::new(), Vec::new());
    let (mut ids, mut offsets) = (Vec::<i8>::new(), Vec::<i32>::new());
    for row in rows {
        let (id, at) = match row.of.exact {
            true => {
                exact.push(row.value);
                (0, exact.len())
            }
            false => {
                rough.push(row.value as f64);
                (2, rough.len())
            }
        };
        ids.push(id);
        offsets.push(i32::try_from(at - 1).unwrap_or_default());
    }
    let children: Vec<ArrayRef> = fields
        .iter()
        .map(|(id, field)| -> ArrayRef {
            match id {
                0 => Arc::new(Int64Array::from(exact.clone())),
                2 => Arc::new(Float64Array::from(rough.clone())),
                _ => new_empty_array(field.data_type()),
            }
        })
        .collect();
    Ok(Arc::new(UnionArray::try_new(fields.clone(), ids.into(), Some(offsets.into()), children)?))
}
