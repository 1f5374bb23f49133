//! The few statements that the engine knows, once they are read.

use super::types::told;
use arrow_array::{ArrayRef, Int32Array, Int64Array, NullArray, StringArray};
use arrow_schema::{DataType, Field};
use std::sync::Arc;

/// A statement, understood.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    Values(Vec<Literal>),
    Select {
        table: String,
        columns: SelectedColumns,
        /// All of them hold.
        filters: Vec<Filter>,
        /// No row is taken, whatever the filters say.
        never: bool,
        /// Equal rows come once.
        distinct: bool,
        limit: Option<usize>,
    },
    Insert {
        table: String,
        /// Those that are named; else all of the table.
        columns: Option<Vec<String>>,
        values: Vec<Operand>,
    },
    Delete {
        table: String,
        filter: Option<Filter>,
    },
    Create {
        table: String,
        fields: Vec<Field>,
        /// The column of the primary key.
        key: Option<usize>,
    },
    Drop {
        table: String,
    },
    Savepoint {
        name: String,
        unique: bool,
    },
    /// The last savepoint without a name.
    BackTo(Option<String>),
    Release(String),
    /// Special registers: nothing here depends on them.
    Set,
    SetSchema(SchemaName),
    /// The value of one.
    Register(Register),
}

#[derive(Debug, Clone)]
pub(super) enum SelectedColumns {
    All,
    Count,
    /// COUNT_BIG, a DECIMAL(31,0).
    CountBig,
    Named(Vec<String>),
}

/// A special register that has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Register {
    /// CURRENT SCHEMA.
    Schema,
    /// CURRENT SERVER: the database.
    Server,
}

/// The name that a SET gives to the current schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SchemaName {
    Told(String),
    /// The user's, which is also that of the start.
    User,
    Marker,
}

/// A condition about a column.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    pub(super) column: String,
    pub(super) test: Comparison,
    pub(super) value: Operand,
}

/// How a column is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// `=`
    Equal,
    /// `LIKE`, or `NOT LIKE`, with the character of ESCAPE.
    Like { not: bool, escape: Option<char> },
}

#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// The parameter at this position.
    Marker(usize),
    Literal(Literal),
}

#[derive(Debug, Clone)]
pub(super) enum Literal {
    Null,
    Integer(i64),
    /// Text, or a number with a point.
    Text(String),
}

impl Literal {
    /// An array of the one value.
    pub(super) fn array(&self) -> ArrayRef {
        match self {
            Literal::Null => Arc::new(NullArray::new(1)),
            Literal::Integer(n) => match i32::try_from(*n) {
                Ok(n) => Arc::new(Int32Array::from(vec![n])),
                Err(_) => Arc::new(Int64Array::from(vec![*n])),
            },
            Literal::Text(text) => Arc::new(StringArray::from(vec![text.as_str()])),
        }
    }

    /// The column that it is alone.
    pub(super) fn field(&self, name: &str) -> Field {
        let data_type = self.array_type();
        let field = Field::new(name, data_type, matches!(self, Literal::Null));
        match self {
            Literal::Text(text) => told(field, "VARCHAR", Some(text.len().max(1) as u32)),
            _ => field,
        }
    }

    fn array_type(&self) -> DataType {
        match self {
            Literal::Null => DataType::Null,
            Literal::Integer(n) if i32::try_from(*n).is_ok() => DataType::Int32,
            Literal::Integer(_) => DataType::Int64,
            Literal::Text(_) => DataType::Utf8,
        }
    }
}
