//! The columns that statements name, and those of their results.

use super::Table;
use super::plan::{Filter, Literal, Operand, SelectedColumns};
use crate::server::error::SqlError;
use arrow_array::{ArrayRef, Decimal128Array, Int32Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Columns that a SELECT may name.
const MOST_COLUMNS: usize = i16::MAX as usize;

/// The position of a column; one of just this name goes before those that differ in case.
pub(super) fn column(table: &Table, name: &str) -> Result<usize, SqlError> {
    let fields = table.schema.fields();
    let exact = fields.iter().position(|f| f.name() == name);
    let found = exact.or_else(|| fields.iter().position(|f| f.name().eq_ignore_ascii_case(name)));
    found.ok_or_else(|| SqlError::no_column(name))
}

/// The marker of a filter has the type of the column.
pub(super) fn markers(filters: &[Filter], table: &Table) -> Result<Vec<Field>, SqlError> {
    let mut markers = Vec::new();
    for filter in filters {
        let field = table.schema.field(column(table, &filter.column)?).clone().with_nullable(true);
        if matches!(filter.value, Operand::Marker(_)) {
            markers.push(field);
        }
    }
    Ok(markers)
}

pub(super) fn pick(table: &Table, columns: &SelectedColumns) -> Result<Vec<usize>, SqlError> {
    match columns {
        SelectedColumns::All => Ok((0..table.schema.fields().len()).collect()),
        SelectedColumns::Named(names) if names.len() > MOST_COLUMNS => {
            let text = format!("{} columns; a result has at most {MOST_COLUMNS}", names.len());
            Err(SqlError::new(-840, "54004", &[&text]))
        }
        SelectedColumns::Named(names) => {
            let (mut exact, mut folded) = (HashMap::new(), HashMap::new());
            for (n, field) in table.schema.fields().iter().enumerate() {
                exact.entry(field.name().as_str()).or_insert(n);
                folded.entry(field.name().to_ascii_uppercase()).or_insert(n);
            }
            let place = |name: &String| exact.get(name.as_str()).or_else(|| folded.get(&name.to_ascii_uppercase()));
            names.iter().map(|name| place(name).copied().ok_or_else(|| SqlError::no_column(name))).collect()
        }
        SelectedColumns::Count | SelectedColumns::CountBig => Ok(Vec::new()),
    }
}

/// The values of all columns of a row that an INSERT makes. One that it does not name is NULL.
pub(super) fn placed<'a>(
    table: &Table,
    columns: Option<&[String]>,
    values: &'a [Operand],
) -> Result<Cow<'a, [Operand]>, SqlError> {
    let fields = table.schema.fields();
    if values.len() != columns.map_or(fields.len(), <[String]>::len) {
        return Err(SqlError::new(-117, "42802", &[]));
    }
    let Some(names) = columns else { return Ok(Cow::Borrowed(values)) };
    let mut row = vec![None; fields.len()];
    let named = pick(table, &SelectedColumns::Named(names.to_vec()))?;
    for ((at, name), value) in named.into_iter().zip(names).zip(values) {
        match row.get_mut(at) {
            Some(place @ None) => *place = Some(value.clone()),
            _ => return Err(SqlError::new(-121, "42701", &[name])),
        }
    }
    let row = row.into_iter().zip(fields).map(|(value, field)| match value {
        None if !field.is_nullable() => Err(SqlError::new(-407, "23502", &[field.name()])),
        value => Ok(value.unwrap_or(Operand::Literal(Literal::Null))),
    });
    row.collect::<Result<Vec<_>, _>>().map(Cow::Owned)
}

/// The column of a number of rows; none where something else is asked for.
pub(super) fn count_schema(columns: &SelectedColumns) -> Option<SchemaRef> {
    let kind = match columns {
        SelectedColumns::Count => DataType::Int32,
        SelectedColumns::CountBig => DataType::Decimal128(31, 0),
        _ => return None,
    };
    Some(Arc::new(Schema::new(vec![Field::new("1", kind, false)])))
}

/// The row that has it.
pub(super) fn counted(count: i64, schema: SchemaRef) -> Result<RecordBatch, SqlError> {
    let array: ArrayRef = match schema.field(0).data_type() {
        DataType::Int32 => {
            let count = i32::try_from(count).map_err(|_| SqlError::new(-802, "22003", &[]))?;
            Arc::new(Int32Array::from(vec![count]))
        }
        kind => Arc::new(Decimal128Array::from(vec![i128::from(count)]).with_data_type(kind.clone())),
    };
    RecordBatch::try_new(schema, vec![array]).map_err(|e| SqlError::system(&e.to_string()))
}

pub(super) fn literal_schema(literals: &[Literal]) -> SchemaRef {
    let field = |(i, l): (usize, &Literal)| l.field(&(i + 1).to_string());
    Arc::new(Schema::new(literals.iter().enumerate().map(field).collect::<Vec<_>>()))
}
