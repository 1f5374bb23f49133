//! Statistics of tables (GetStatistics): how many rows they have, where the catalog knows it. It has the second lowest
//! and highest value of a column and not the lowest and highest, so none are told.

use super::nested::{Structs, rows_of};
use super::objects::{Wanted, catalog_name, filter};
use super::reader::{Reader, in_memory};
use super::shared::Shared;
use crate::client::error;
use crate::client::sql::catalog::Catalog;
use crate::client::sql::catalog::listing::StatisticRow;
use adbc_core::constants::ADBC_STATISTIC_ROW_COUNT_KEY;
use adbc_core::error::{Error, Result};
use adbc_core::schemas::{
    GET_STATISTICS_SCHEMA, STATISTIC_VALUE_SCHEMA, STATISTICS_DB_SCHEMA_SCHEMA, STATISTICS_SCHEMA,
};
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int16Array, Int64Array, StringArray, UnionArray, new_empty_array,
    new_null_array,
};
use arrow_schema::{ArrowError, DataType};
use std::sync::Arc;

/// The statistics of the tables that are wanted. Those that are not exact are left out unless they will do.
pub(super) fn statistics(shared: &Shared, wanted: &Wanted<'_>, approximate: bool) -> Result<Reader> {
    let catalog = Catalog::of(shared.client()?);
    let (name, mut rows) = shared.wait(ask(&catalog, wanted))?;
    rows.retain(|row| row.exact || approximate);
    let by_schema: Vec<&[StatisticRow]> = rows.chunk_by(|a, b| a.schema == b.schema).collect();
    let names: StringArray = by_schema.iter().map(|rows| rows.first().map(|row| row.schema.as_str())).collect();
    let sizes: Vec<usize> = by_schema.iter().map(|rows| rows.len()).collect();
    let mut schemas = Structs::new(&STATISTICS_DB_SCHEMA_SCHEMA);
    schemas.rows(by_schema.len(), vec![Arc::new(names), tables(&rows)?.lists(&sizes)?])?;
    let catalogs: Vec<&str> = name.as_deref().into_iter().collect();
    let lists = schemas.lists(&vec![by_schema.len(); catalogs.len()])?;
    let batch = rows_of(&GET_STATISTICS_SCHEMA, vec![Arc::new(StringArray::from(catalogs)), lists])?;
    Ok(in_memory(vec![batch], GET_STATISTICS_SCHEMA.clone()))
}

async fn ask(catalog: &Catalog, wanted: &Wanted<'_>) -> error::Result<(Option<String>, Vec<StatisticRow>)> {
    let name = catalog_name(catalog, wanted).await?;
    // There is no table without a schema.
    let rows = match name.is_some() && wanted.schema != Some("") {
        true => catalog.statistics(&filter(wanted)?).await?.rows,
        false => Vec::new(),
    };
    Ok((name, rows))
}

fn tables(rows: &[StatisticRow]) -> Result<Structs> {
    let names: StringArray = rows.iter().map(|row| Some(row.table.as_str())).collect();
    let keys: Int16Array = rows.iter().map(|_| Some(ADBC_STATISTIC_ROW_COUNT_KEY)).collect();
    let approximate: BooleanArray = rows.iter().map(|row| Some(!row.exact)).collect();
    let columns = new_null_array(&DataType::Utf8, rows.len());
    let mut structs = Structs::new(&STATISTICS_SCHEMA);
    structs.rows(
        rows.len(),
        vec![Arc::new(names), columns, Arc::new(keys), counts(rows).map_err(Error::from)?, Arc::new(approximate)],
    )?;
    Ok(structs)
}

/// The counts: a whole number where it is exact, else a float, as ADBC says.
fn counts(rows: &[StatisticRow]) -> std::result::Result<ArrayRef, ArrowError> {
    let DataType::Union(fields, _) = &*STATISTIC_VALUE_SCHEMA else {
        return Err(ArrowError::SchemaError("the value of a statistic is no union".to_owned()));
    };
    let (mut exact, mut rough) = (Vec::new(), Vec::new());
    let (mut ids, mut offsets) = (Vec::<i8>::new(), Vec::<i32>::new());
    for row in rows {
        let (id, at) = match row.exact {
            true => {
                exact.push(row.rows);
                (0, exact.len())
            }
            false => {
                rough.push(row.rows as f64);
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
