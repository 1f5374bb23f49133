//! The answers of catalogs, alike on all products: rows, and the Arrow batches of them. The columns of a batch are the fields
//! of its rows, and always the same.

use crate::client::error::{Error, ErrorClass, Phase, Result};
use arrow_array::{ArrayRef, BooleanArray, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// The kinds of tables. OTHER is one that the catalog of the product knows alone; `native_kind` has its letter.
pub const KINDS: [&str; 9] = [
    "TABLE",
    "VIEW",
    "ALIAS",
    "MATERIALIZED QUERY TABLE",
    "NICKNAME",
    "GLOBAL TEMPORARY TABLE",
    "AUXILIARY TABLE",
    "SYSTEM TABLE",
    "OTHER",
];

/// The kinds of keys, in their order.
pub const KEYS: [&str; 4] = ["PRIMARY KEY", "UNIQUE", "FOREIGN KEY", "CHECK"];

/// A kind of rows.
pub trait Row: Sized {
    /// The columns of its batches.
    fn schema() -> SchemaRef;
    /// The values of some rows, column by column.
    fn arrays(rows: &[Self]) -> Vec<ArrayRef>;
}

/// The rows of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<R> {
    /// The rows, in order.
    pub rows: Vec<R>,
}

impl<R: Row> Listed<R> {
    pub(super) fn of(rows: Vec<R>) -> Listed<R> {
        Listed { rows }
    }

    /// No rows.
    pub fn none() -> Listed<R> {
        Listed { rows: Vec::new() }
    }

    /// All of them as one batch.
    pub fn batch(&self) -> Result<RecordBatch> {
        RecordBatch::try_new(R::schema(), R::arrays(&self.rows))
            .map_err(|e| Error::new(ErrorClass::Internal, Phase::Fetch, "58009", e.to_string()))
    }
}

/// A type of a field.
trait Cell: Clone {
    const NULLABLE: bool;
    fn data_type() -> DataType;
    fn array(values: Vec<Self>) -> ArrayRef;
}

macro_rules! cells {
    ($($type:ty => $data_type:ident, $array:ident;)*) => {$(
        impl Cell for $type {
            const NULLABLE: bool = false;
            fn data_type() -> DataType {
                DataType::$data_type
            }
            fn array(values: Vec<$type>) -> ArrayRef {
                Arc::new($array::from(values))
            }
        }
        impl Cell for Option<$type> {
            const NULLABLE: bool = true;
            fn data_type() -> DataType {
                DataType::$data_type
            }
            fn array(values: Vec<Option<$type>>) -> ArrayRef {
                Arc::new($array::from(values))
            }
        }
    )*};
}

cells! {
    String => Utf8, StringArray;
    bool => Boolean, BooleanArray;
    i16 => Int16, Int16Array;
    i32 => Int32, Int32Array;
    i64 => Int64, Int64Array;
}

macro_rules! rows {
    ($($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_about])* pub $field: $type,)*
        }

        impl Row for $name {
            fn schema() -> SchemaRef {
                Arc::new(Schema::new(vec![
                    $(Field::new(stringify!($field), <$type as Cell>::data_type(), <$type as Cell>::NULLABLE),)*
                ]))
            }

            fn arrays(rows: &[$name]) -> Vec<ArrayRef> {
                vec![$(<$type as Cell>::array(rows.iter().map(|row| row.$field.clone()).collect()),)*]
            }
        }
    )*};
}

rows! {
    /// A database.
    CatalogRow {
        /// CURRENT SERVER; of Derby the name by which it was connected to.
        name: String,
    }

    /// A schema; on IBM i a library.
    SchemaRow {
        /// Its name.
        name: String,
        /// The name in ten characters of IBM i.
        system_name: Option<String>,
        /// The place in the library list of an IBM i, from 1.
        library_position: Option<i32>,
        /// The comment or text on it.
        remarks: Option<String>,
    }

    /// A table, a view or another thing that a query reads.
    TableRow {
        /// Its schema.
        schema: String,
        /// Its name.
        name: String,
        /// One of [`KINDS`].
        kind: String,
        /// The letter or name of its kind in the catalog.
        native_kind: Option<String>,
        /// How many columns it has.
        columns: Option<i32>,
        /// COMMENT ON.
        remarks: Option<String>,
        /// LABEL ON; on IBM i the text of the file.
        label: Option<String>,
        /// The schema of the table that an alias stands for.
        base_schema: Option<String>,
        /// Its name.
        base_name: Option<String>,
        /// The name of the schema in ten characters of IBM i.
        system_schema: Option<String>,
        /// The name of the file in ten characters of IBM i.
        system_name: Option<String>,
    }

    /// A column of a table or a view.
    ColumnRow {
        /// The schema of the table.
        schema: String,
        /// The table.
        table: String,
        /// Its name.
        name: String,
        /// Its place, from 1.
        position: i32,
        /// The name of its type in full: `VARCHAR FOR BIT DATA`.
        type_name: String,
        /// The type as a definition has it: `VARCHAR(20)`, `DECIMAL(9,2)`.
        declared: String,
        /// The length or precision that the definition states, in its units.
        length: Option<i32>,
        /// Digits after the point; of a TIMESTAMP, of the seconds.
        scale: Option<i32>,
        /// NULL is possible.
        nullable: bool,
        /// The default, as an expression.
        default: Option<String>,
        /// ALWAYS or BY DEFAULT of an identity column.
        identity: Option<String>,
        /// The expression of a generated column, where the catalog has it.
        generated: Option<String>,
        /// The place in the primary key, from 1.
        key_position: Option<i32>,
        /// The page of text; 65535 is FOR BIT DATA. Of Db2 for LUW the code page.
        ccsid: Option<i32>,
        /// COMMENT ON.
        remarks: Option<String>,
        /// LABEL ON; on IBM i the text of the field.
        label: Option<String>,
        /// The heading of a column on IBM i.
        heading: Option<String>,
        /// The name in ten characters of IBM i.
        system_name: Option<String>,
        /// The number of the type in JDBC.
        jdbc_type: Option<i16>,
        /// Characters or digits, as COLUMN_SIZE of JDBC and ODBC has it.
        size: Option<i32>,
        /// Bytes of text and binary data.
        octets: Option<i32>,
        /// The base of the digits of a number.
        radix: Option<i16>,
    }

    /// A column of a key, or a check.
    KeyRow {
        /// The schema of the table.
        schema: String,
        /// The table.
        table: String,
        /// The name of the constraint.
        name: String,
        /// One of [`KEYS`].
        kind: String,
        /// The place of the column in the key, from 1; NULL of a check.
        position: Option<i32>,
        /// The column; NULL of a check.
        column: Option<String>,
        /// The schema of the table that a foreign key is about.
        ref_schema: Option<String>,
        /// That table.
        ref_table: Option<String>,
        /// The column there.
        ref_column: Option<String>,
        /// The rule for deletions of the parent: NO ACTION, RESTRICT, CASCADE, SET NULL, SET DEFAULT.
        on_delete: Option<String>,
        /// The rule for updates of the parent.
        on_update: Option<String>,
        /// The condition of a check.
        condition: Option<String>,
    }

    /// A column of an index.
    IndexRow {
        /// The schema of the table.
        schema: String,
        /// The table.
        table: String,
        /// The schema of the index.
        index_schema: String,
        /// The index.
        name: String,
        /// No two rows have equal values.
        unique: bool,
        /// It is that of the primary key; NULL where the catalog does not tell.
        primary: Option<bool>,
        /// The place of the column in the index, from 1.
        position: i32,
        /// The column.
        column: String,
        /// ASC, DESC or RANDOM; NULL of a column that is only included.
        order: Option<String>,
        /// The name of the index in ten characters of IBM i.
        system_name: Option<String>,
    }

    /// A procedure or a function.
    RoutineRow {
        /// Its schema.
        schema: String,
        /// Its name.
        name: String,
        /// The name that it alone has.
        specific_name: Option<String>,
        /// PROCEDURE, FUNCTION or METHOD.
        kind: String,
        /// How many parameters it has.
        parameters: Option<i32>,
        /// How many results a procedure may have.
        results: Option<i32>,
        /// COMMENT ON.
        remarks: Option<String>,
    }

    /// Numbers about a table, or about one of its columns.
    StatisticRow {
        /// The schema of the table.
        schema: String,
        /// The table.
        table: String,
        /// The column; NULL where the row is about the table.
        column: Option<String>,
        /// The rows of the table; NULL of a column.
        rows: Option<i64>,
        /// The different values of the column.
        distinct: Option<i64>,
        /// The NULLs of the column.
        nulls: Option<i64>,
        /// The bytes that a value of the column takes on average where it is stored, with the one that says NULL.
        average_bytes: Option<i64>,
        /// The numbers are kept with each change; else they are those of the last RUNSTATS.
        exact: bool,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_the_same_columns_with_and_without_rows() {
        let none = Listed::<KeyRow>::of(Vec::new()).batch().unwrap();
        let row = KeyRow { name: "PK".to_owned(), position: Some(1), ..KeyRow::default() };
        let one = Listed::of(vec![row]).batch().unwrap();
        assert_eq!((none.schema(), none.num_rows(), one.num_rows()), (one.schema(), 0, 1));
        let field = one.schema_ref().field_with_name("position").unwrap().clone();
        assert_eq!((field.data_type(), field.is_nullable()), (&DataType::Int32, true));
    }
}
