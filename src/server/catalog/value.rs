//! Values of the catalog, and the Arrow columns that they become.

use crate::server::error::SqlError;
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int16Array, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, TimeUnit};
use std::collections::HashMap;
use std::sync::Arc;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Number(i64),
    Text(String),
    /// Higher than all others, as Db2 has it.
    Null,
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn number(&self) -> Option<i64> {
        if let Value::Number(n) = self { Some(*n) } else { None }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Value {
        Value::Text(text.clone())
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Value {
        Value::Number(n)
    }
}

impl From<usize> for Value {
    fn from(n: usize) -> Value {
        Value::Number(i64::try_from(n).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    /// As most columns of catalogs have it.
    fn from(yes: bool) -> Value {
        Value::from(if yes { "Y" } else { "N" })
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueType {
    Char(u32),
    Varchar(u32),
    Smallint,
    Integer,
    Bigint,
    Double,
    Timestamp,
    /// Of the texts Y and N.
    Boolean,
}

impl ValueType {
    /// From its sign in a definition: `C1`, `V128`, `S`, `I`, `B`, `D`, `T`, `Y`.
    pub(super) fn read(sign: &str) -> Option<ValueType> {
        let length = || sign.get(1..).and_then(|n| n.parse().ok());
        Some(match sign.get(..1)? {
            "C" => ValueType::Char(length()?),
            "V" => ValueType::Varchar(length()?),
            "S" if sign.len() == 1 => ValueType::Smallint,
            "I" if sign.len() == 1 => ValueType::Integer,
            "B" if sign.len() == 1 => ValueType::Bigint,
            "D" if sign.len() == 1 => ValueType::Double,
            "T" if sign.len() == 1 => ValueType::Timestamp,
            "Y" if sign.len() == 1 => ValueType::Boolean,
            _ => return None,
        })
    }

    /// The column.
    pub(super) fn field(self, name: &str) -> Field {
        let told = |kind: &str, length: u32| {
            let told = [("drda:type", kind.to_owned()), ("drda:length", length.to_string())];
            let told: HashMap<String, String> = told.map(|(k, v)| (k.to_owned(), v)).into();
            Field::new(name, DataType::Utf8, true).with_metadata(told)
        };
        match self {
            ValueType::Char(length) => told("CHAR", length),
            ValueType::Varchar(length) => told("VARCHAR", length),
            ValueType::Smallint => Field::new(name, DataType::Int16, true),
            ValueType::Integer => Field::new(name, DataType::Int32, true),
            ValueType::Bigint => Field::new(name, DataType::Int64, true),
            ValueType::Double => Field::new(name, DataType::Float64, true),
            ValueType::Timestamp => Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, None), true),
            ValueType::Boolean => Field::new(name, DataType::Boolean, true),
        }
    }

    /// The values of a column. One that does not fit is an error.
    pub(super) fn array(self, name: &str, values: impl Iterator<Item = Value>) -> Result<ArrayRef, SqlError> {
        let values: Vec<Value> = values.collect();
        let wrong = || SqlError::system(&format!("catalog column {name}: a value of another type"));
        let good = values.iter().all(|value| match self {
            ValueType::Char(_) | ValueType::Varchar(_) => value.number().is_none(),
            ValueType::Smallint => value.text().is_none() && value.number().is_none_or(|n| i16::try_from(n).is_ok()),
            ValueType::Integer => value.text().is_none() && value.number().is_none_or(|n| i32::try_from(n).is_ok()),
            ValueType::Bigint | ValueType::Double => value.text().is_none(),
            ValueType::Timestamp => *value == Value::Null,
            ValueType::Boolean => {
                value.number().is_none() && value.text().is_none_or(|text| ["Y", "N"].contains(&text))
            }
        });
        if !good {
            return Err(wrong());
        }
        let numbers = values.iter().map(Value::number);
        Ok(match self {
            ValueType::Char(length) => {
                let filled = |text: &str| format!("{text:<width$}", width = length as usize);
                Arc::new(StringArray::from_iter(values.iter().map(|v| v.text().map(filled))))
            }
            ValueType::Varchar(length) => {
                let short = |text: &str| cut(text, length as usize).to_owned();
                Arc::new(StringArray::from_iter(values.iter().map(|v| v.text().map(short))))
            }
            ValueType::Boolean => {
                Arc::new(BooleanArray::from_iter(values.iter().map(|v| v.text().map(|text| text == "Y"))))
            }
            ValueType::Smallint => Arc::new(Int16Array::from_iter(numbers.map(|n| n.map(|n| n as i16)))),
            ValueType::Integer => Arc::new(Int32Array::from_iter(numbers.map(|n| n.map(|n| n as i32)))),
            ValueType::Bigint => Arc::new(Int64Array::from_iter(numbers)),
            ValueType::Double => Arc::new(Float64Array::from_iter(numbers.map(|n| n.map(|n| n as f64)))),
            ValueType::Timestamp => Arc::new(TimestampMicrosecondArray::from(vec![None; values.len()])),
        })
    }
}

/// The beginning of a text that fits into so many bytes: texts of views and comments may be longer than a catalog's
/// columns, names are not.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;

    #[test]
    fn values_are_as_long_as_their_columns() {
        let array = |kind: &str, value: Value| {
            let kind = ValueType::read(kind).unwrap();
            kind.array("X", [value, Value::Null].into_iter())
        };
        let text = |array: ArrayRef| array.as_any().downcast_ref::<StringArray>().unwrap().value(0).to_owned();
        assert_eq!(text(array("C3", "A".into()).unwrap()), "A  ");
        assert_eq!(text(array("V3", "aéé".into()).unwrap()), "aé");
        assert!(array("S", 40_000i64.into()).is_err() && array("V3", 1i64.into()).is_err());
        assert!(array("I", 40_000i64.into()).unwrap().is_null(1));
        assert_eq!(ValueType::read("S2"), None);
        assert_eq!(ValueType::read("X"), None);
    }
}
