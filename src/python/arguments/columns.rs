//! Rows of Python values as Arrow batches: a builder for each parameter. A batch ends where a value has another type
//! than those above it, so that no value is changed to fit its neighbours; NULL goes with every type.

use std::sync::Arc;

use arrow_array::array::{Array, ArrayRef, NullArray};
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int8Builder, Int64Builder,
    StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Field, Schema};
use pyo3::types::{PyBytesMethods, PyStringMethods};

use super::value::Value;
use crate::client::error::Result;
use crate::column::encode::marked;
use crate::python::errors;

/// Values that a column has room for at first.
const ROOM: usize = 16;
/// Bytes that the texts of a column have at most together: their offsets have 32 bits.
const LONGEST: usize = i32::MAX as usize;
/// Digits of the widest decimal of 128 bits.
const DIGITS: u8 = 38;

/// Rows as they come, column by column.
#[derive(Default)]
pub(in crate::python) struct RowsBuilder {
    columns: Vec<ColumnBuilder>,
    rows: usize,
    /// Batches that have ended.
    done: Vec<RecordBatch>,
    /// The names of the columns, if they have any.
    names: Vec<String>,
}

impl RowsBuilder {
    /// For columns with these names, or without any.
    pub(in crate::python) fn named(names: &[String]) -> RowsBuilder {
        RowsBuilder { names: names.to_vec(), ..RowsBuilder::default() }
    }

    /// Adds a row.
    pub(in crate::python) fn push(&mut self, row: Vec<Value<'_>>) -> Result<()> {
        let fits = self.columns.len() == row.len() && self.columns.iter().zip(&row).all(|(c, value)| c.takes(value));
        if !fits {
            self.end_batch()?;
            self.columns.resize_with(row.len(), ColumnBuilder::default);
        }
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(value)?;
        }
        self.rows += 1;
        Ok(())
    }

    /// All rows.
    pub(in crate::python) fn finish(mut self) -> Result<Vec<RecordBatch>> {
        self.end_batch()?;
        Ok(self.done)
    }

    fn end_batch(&mut self) -> Result<()> {
        let columns = std::mem::take(&mut self.columns);
        let rows = std::mem::take(&mut self.rows);
        if rows > 0 {
            self.done.push(batch(columns, rows, &self.names).map_err(|e| errors::internal(e.to_string()))?);
        }
        Ok(())
    }
}

fn batch(columns: Vec<ColumnBuilder>, rows: usize, names: &[String]) -> std::result::Result<RecordBatch, ArrowError> {
    let columns = columns.into_iter().map(ColumnBuilder::finish).collect::<std::result::Result<Vec<ArrayRef>, _>>()?;
    let name = |n: usize| names.get(n).cloned().unwrap_or_else(|| (n + 1).to_string());
    let field = |(n, array): (usize, &ArrayRef)| Field::new(name(n), array.data_type().clone(), true);
    let fields: Vec<Field> = columns.iter().enumerate().map(field).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
}

/// One column. Its type is that of the first value that is not NULL.
#[derive(Default)]
struct ColumnBuilder {
    /// NULLs before the first value.
    nulls: usize,
    values: Option<Values>,
}

enum Values {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Float(Float64Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp {
        ticks: TimestampMicrosecondBuilder,
        utc: bool,
    },
    Decimal(Decimals),
    /// A value of another type, which stands alone.
    Other(ArrayRef),
}

impl ColumnBuilder {
    /// True when the value has the type of the column.
    fn takes(&self, value: &Value<'_>) -> bool {
        match (&self.values, value) {
            (Some(Values::Other(_)), _) => false,
            (_, Value::Null) => true,
            // What is alone has no NULL above it either.
            (None, Value::Array(_)) => false,
            (None, _) => true,
            (Some(Values::Timestamp { utc, .. }), Value::Timestamp { utc: other, .. }) => utc == other,
            (Some(Values::Text(b)), Value::Text(_)) => b.values_slice().len() + value.bytes() <= LONGEST,
            (Some(Values::Bytes(b)), Value::Bytes(_)) => b.values_slice().len() + value.bytes() <= LONGEST,
            (Some(values), value) => matches!(
                (values, value),
                (Values::Boolean(_), Value::Boolean(_))
                    | (Values::Integer(_), Value::Integer(_))
                    | (Values::Float(_), Value::Float(_))
                    | (Values::Date(_), Value::Date(_))
                    | (Values::Time(_), Value::Time(_))
                    | (Values::Decimal(_), Value::Decimal { .. })
            ),
        }
    }

    /// Adds a value that the column takes.
    fn push(&mut self, value: Value<'_>) -> Result<()> {
        if let Value::Null = value {
            match &mut self.values {
                Some(values) => values.push_null(),
                None => self.nulls += 1,
            }
            return Ok(());
        }
        if self.values.is_none() {
            let values = self.values.insert(Values::for_type_of(&value));
            (0..self.nulls).for_each(|_| values.push_null());
        }
        match (&mut self.values, value) {
            (Some(Values::Boolean(b)), Value::Boolean(v)) => b.append_value(v),
            (Some(Values::Integer(b)), Value::Integer(v)) => b.append_value(v),
            (Some(Values::Float(b)), Value::Float(v)) => b.append_value(v),
            (Some(Values::Text(b)), Value::Text(v)) => {
                b.append_value(v.to_str().map_err(|_| errors::internal("text that is not Unicode"))?);
            }
            (Some(Values::Bytes(b)), Value::Bytes(v)) => b.append_value(v.as_bytes()),
            (Some(Values::Date(b)), Value::Date(v)) => b.append_value(v),
            (Some(Values::Time(b)), Value::Time(v)) => b.append_value(v),
            (Some(Values::Timestamp { ticks, .. }), Value::Timestamp { micros, .. }) => ticks.append_value(micros),
            (Some(Values::Decimal(b)), Value::Decimal { unscaled, precision, scale }) => {
                b.push(unscaled, precision, scale);
            }
            // The one value of the column is there; no other is taken.
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> std::result::Result<ArrayRef, ArrowError> {
        match self.values {
            None => Ok(Arc::new(NullArray::new(self.nulls))),
            Some(values) => values.finish(),
        }
    }
}

impl Values {
    /// For values of the type that this one has.
    fn for_type_of(value: &Value<'_>) -> Values {
        match value {
            Value::Boolean(_) => Values::Boolean(BooleanBuilder::with_capacity(ROOM)),
            Value::Null | Value::Integer(_) => Values::Integer(Int64Builder::with_capacity(ROOM)),
            Value::Float(_) => Values::Float(Float64Builder::with_capacity(ROOM)),
            Value::Text(_) => Values::Text(StringBuilder::with_capacity(ROOM, ROOM * ROOM)),
            Value::Bytes(_) => Values::Bytes(BinaryBuilder::with_capacity(ROOM, ROOM * ROOM)),
            Value::Date(_) => Values::Date(Date32Builder::with_capacity(ROOM)),
            Value::Time(_) => Values::Time(Time64MicrosecondBuilder::with_capacity(ROOM)),
            Value::Timestamp { utc, .. } => {
                Values::Timestamp { ticks: TimestampMicrosecondBuilder::with_capacity(ROOM), utc: *utc }
            }
            Value::Decimal { .. } => Values::Decimal(Decimals::default()),
            Value::Array(array) => Values::Other(array.clone()),
        }
    }

    fn push_null(&mut self) {
        match self {
            Values::Boolean(b) => b.append_null(),
            Values::Integer(b) => b.append_null(),
            Values::Float(b) => b.append_null(),
            Values::Text(b) => b.append_null(),
            Values::Bytes(b) => b.append_null(),
            Values::Date(b) => b.append_null(),
            Values::Time(b) => b.append_null(),
            Values::Timestamp { ticks, .. } => ticks.append_null(),
            Values::Decimal(b) => b.push_null(),
            Values::Other(_) => {}
        }
    }

    fn finish(self) -> std::result::Result<ArrayRef, ArrowError> {
        Ok(match self {
            Values::Boolean(mut b) => Arc::new(b.finish()),
            Values::Integer(mut b) => Arc::new(b.finish()),
            Values::Float(mut b) => Arc::new(b.finish()),
            Values::Text(mut b) => Arc::new(b.finish()),
            Values::Bytes(mut b) => Arc::new(b.finish()),
            Values::Date(mut b) => Arc::new(b.finish()),
            Values::Time(mut b) => Arc::new(b.finish()),
            Values::Timestamp { mut ticks, utc } => Arc::new(ticks.finish().with_timezone_opt(utc.then_some("UTC"))),
            Values::Decimal(b) => return b.finish(),
            Values::Other(array) => array,
        })
    }
}

/// Decimals, each with the scale that it came with.
#[derive(Default)]
struct Decimals {
    unscaled: Decimal128Builder,
    scales: Int8Builder,
    precision: u8,
    /// The scale of all of them, until another one comes.
    scale: Option<i8>,
    mixed: bool,
}

impl Decimals {
    fn push(&mut self, unscaled: i128, precision: u8, scale: i8) {
        self.unscaled.append_value(unscaled);
        self.scales.append_value(scale);
        self.precision = self.precision.max(precision);
        self.mixed |= *self.scale.get_or_insert(scale) != scale;
    }

    fn push_null(&mut self) {
        self.unscaled.append_null();
        self.scales.append_null();
    }

    /// A column of decimals where all have one scale, else one that keeps the scale of each.
    fn finish(mut self) -> std::result::Result<ArrayRef, ArrowError> {
        let unscaled = self.unscaled.finish();
        if self.mixed {
            return marked::decimals(unscaled.with_precision_and_scale(DIGITS, 0)?, self.scales.finish());
        }
        Ok(Arc::new(unscaled.with_precision_and_scale(self.precision.max(1), self.scale.unwrap_or(0))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::array::UInt8Array;
    use arrow_schema::DataType;

    fn of(values: Vec<Value<'_>>) -> Vec<(DataType, usize)> {
        let mut rows = RowsBuilder::default();
        values.into_iter().for_each(|value| rows.push(vec![value]).unwrap());
        let batches = rows.finish().unwrap();
        batches.iter().map(|batch| (batch.column(0).data_type().clone(), batch.column(0).null_count())).collect()
    }

    fn decimal(unscaled: i128, precision: u8, scale: i8) -> Value<'static> {
        Value::Decimal { unscaled, precision, scale }
    }

    #[test]
    fn a_batch_ends_where_the_type_changes() {
        let values = vec![Value::Null, Value::Integer(1), Value::Null, Value::Float(1.5), Value::Integer(2)];
        assert_eq!(of(values), [(DataType::Int64, 2), (DataType::Float64, 0), (DataType::Int64, 0)]);
        assert_eq!(of(vec![Value::Null, Value::Null]), [(DataType::Null, 0)]);
        let array = || Value::Array(Arc::new(UInt8Array::from(vec![7])));
        let types = [(DataType::Null, 0), (DataType::UInt8, 0), (DataType::UInt8, 0), (DataType::Null, 0)];
        assert_eq!(of(vec![Value::Null, array(), array(), Value::Null]), types);
        let stamp = |utc| Value::Timestamp { micros: 0, utc };
        assert_eq!(of(vec![stamp(true), stamp(false)]).len(), 2);
    }

    #[test]
    fn decimals_keep_their_scales() {
        assert_eq!(of(vec![decimal(15, 2, 1), decimal(-1234, 4, 1)]), [(DataType::Decimal128(4, 1), 0)]);
        let mixed = of(vec![decimal(15, 2, 1), Value::Null, decimal(150, 3, 2)]);
        assert!(matches!(mixed.as_slice(), [(DataType::Struct(_), _)]), "{mixed:?}");
    }
}
