//! Rows as the catalog of a product has them: cells by the names of their columns.

use crate::client::error::{Error, ErrorClass, Phase, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use std::sync::Arc;

/// A row.
#[derive(Debug, Clone)]
pub(super) struct RawRow {
    /// Shared by its rows: a catalog may have a million.
    batch: Arc<RecordBatch>,
    row: usize,
}

impl RawRow {
    /// The rows of a batch.
    pub(super) fn all(batch: &RecordBatch) -> impl Iterator<Item = RawRow> {
        let batch = Arc::new(batch.clone());
        (0..batch.num_rows()).map(move |row| RawRow { batch: batch.clone(), row })
    }

    /// A text without the blanks at its end; none of NULL.
    pub(super) fn text(&self, column: &str) -> Result<Option<String>> {
        let array = self.column(column)?;
        let row = self.row;
        if array.is_null(row) {
            return Ok(None);
        }
        let text = match array.data_type() {
            DataType::Utf8 => array.as_string::<i32>().value(row),
            DataType::LargeUtf8 => array.as_string::<i64>().value(row),
            _ => return self.number(column).map(|n| n.map(|n| n.to_string())),
        };
        Ok(Some(text.trim_end_matches(' ').to_owned()))
    }

    /// The text of the first column.
    pub(super) fn first(&self) -> Result<Option<String>> {
        match self.batch.schema_ref().fields().first() {
            Some(field) => self.text(field.name()),
            None => Ok(None),
        }
    }

    /// A text that says something.
    pub(super) fn words(&self, column: &str) -> Result<Option<String>> {
        Ok(self.text(column)?.filter(|text| !text.is_empty()))
    }

    /// A name, which is there.
    pub(super) fn name(&self, column: &str) -> Result<String> {
        self.text(column)?.ok_or_else(|| self.odd(column, "NULL"))
    }

    /// A number; none of NULL.
    pub(super) fn number(&self, column: &str) -> Result<Option<i64>> {
        let array = self.column(column)?;
        let row = self.row;
        if array.is_null(row) {
            return Ok(None);
        }
        let whole = |n: f64| if n.fract() == 0.0 && n.abs() < 9e15 { Some(n as i64) } else { None };
        let number = match array.data_type() {
            DataType::Boolean => Some(i64::from(array.as_boolean().value(row))),
            DataType::Int16 => Some(array.as_primitive::<Int16Type>().value(row).into()),
            DataType::Int32 => Some(array.as_primitive::<Int32Type>().value(row).into()),
            DataType::Int64 => Some(array.as_primitive::<Int64Type>().value(row)),
            DataType::Float32 => whole(array.as_primitive::<Float32Type>().value(row).into()),
            DataType::Float64 => whole(array.as_primitive::<Float64Type>().value(row)),
            DataType::Decimal128(_, 0) => i64::try_from(array.as_primitive::<Decimal128Type>().value(row)).ok(),
            _ => None,
        };
        number.map(Some).ok_or_else(|| self.odd(column, &array.data_type().to_string()))
    }

    /// A number of things that were counted or estimated; none of NULL, and of a negative one, which says that nobody did.
    pub(super) fn counted(&self, column: &str) -> Result<Option<i64>> {
        let array = self.column(column)?;
        let number = match array.data_type() {
            _ if array.is_null(self.row) => None,
            DataType::Float64 => Some(array.as_primitive::<Float64Type>().value(self.row).round() as i64),
            _ => self.number(column)?,
        };
        Ok(number.filter(|n| *n >= 0))
    }

    /// A number of 32 bits; none of NULL.
    pub(super) fn small(&self, column: &str) -> Result<Option<i32>> {
        let number = self.number(column)?;
        number.map(|n| i32::try_from(n).map_err(|_| self.odd(column, &n.to_string()))).transpose()
    }

    /// A number of 32 bits, which is there.
    pub(super) fn place(&self, column: &str) -> Result<i32> {
        self.small(column)?.ok_or_else(|| self.odd(column, "NULL"))
    }

    /// Whether a text is just this.
    pub(super) fn says(&self, column: &str, text: &str) -> Result<bool> {
        Ok(self.text(column)?.as_deref() == Some(text))
    }

    fn column(&self, column: &str) -> Result<&dyn Array> {
        let found = self.batch.column_by_name(column);
        found.map(AsRef::as_ref).ok_or_else(|| self.odd(column, "nothing"))
    }

    fn odd(&self, column: &str, what: &str) -> Error {
        let text = format!("row {} of the catalog has {what} as {column}", self.row + 1);
        Error::new(ErrorClass::Internal, Phase::Fetch, "58009", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Float64Array, Int16Array, StringArray};

    #[test]
    fn cells_are_read_whatever_their_type_and_never_made_up() {
        let columns: [(&str, ArrayRef); 4] = [
            ("NAME", Arc::new(StringArray::from(vec!["A  "]))),
            ("SMALL", Arc::new(Int16Array::from(vec![7]))),
            ("CARDF", Arc::new(Float64Array::from(vec![1e6]))),
            ("ODD", Arc::new(Float64Array::from(vec![0.5]))),
        ];
        let row = RawRow::all(&RecordBatch::try_from_iter(columns).unwrap()).next().unwrap();
        assert_eq!(row.name("NAME").unwrap(), "A");
        assert_eq!((row.place("SMALL").unwrap(), row.text("SMALL").unwrap().unwrap()), (7, "7".to_owned()));
        assert_eq!(row.number("CARDF").unwrap(), Some(1_000_000));
        assert!(row.number("ODD").is_err() && row.number("NAME").is_err());
        assert_eq!((row.counted("CARDF").unwrap(), row.counted("ODD").unwrap()), (Some(1_000_000), Some(1)));
        assert!(row.text("X").unwrap_err().message.contains("nothing as X"));
    }
}
