//! The objects of a database, as its engine knows them.

use arrow_schema::{Field, Schema, SchemaRef};
use std::sync::Arc;

/// The objects that there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Database {
    /// Tables and views, in order of schema and name.
    pub tables: Vec<TableInfo>,
    /// Sequences.
    pub sequences: Vec<SequenceInfo>,
    /// Procedures that clients made.
    pub procedures: Vec<ProcedureInfo>,
    /// Schemas that are there without a table.
    pub schemas: Vec<String>,
    /// Nobody can change it.
    pub read_only: bool,
}

/// A table or a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableInfo {
    /// The schema that it is in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// TABLE, VIEW, ALIAS.
    pub kind: String,
    /// Its columns, with metadata as [`Prepared::columns`](crate::server::backend::Prepared::columns) has them; and
    /// `drda:comment`, `drda:heading`, `drda:default` (an expression), `drda:generated` (the one that makes the values),
    /// `drda:change` and `drda:identity` (`ALWAYS` or `BY DEFAULT`), the latter with `drda:start`, `drda:increment`,
    /// `drda:least`, `drda:most`, `drda:cycles`, `drda:cache`, `drda:ordered`.
    pub columns: SchemaRef,
    /// Its keys and checks.
    pub constraints: Vec<Constraint>,
    /// Its indexes, those of keys left out.
    pub indexes: Vec<IndexInfo>,
    /// COMMENT ON.
    pub comment: Option<String>,
    /// LABEL ON.
    pub label: Option<String>,
    /// Rows, where that is known without counting.
    pub rows: Option<i64>,
    /// The statement that made a view.
    pub text: Option<String>,
}

/// A key or a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Its name.
    pub name: String,
    /// The rule that rows are held to.
    pub rule: Rule,
    /// The columns of a key, in its order.
    pub columns: Vec<String>,
}

/// The demand of a constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// PRIMARY KEY.
    Primary,
    /// UNIQUE.
    Unique,
    /// CHECK of a condition.
    Check(String),
    /// FOREIGN KEY to the columns of another table.
    Foreign {
        /// The schema of the other table.
        schema: String,
        /// Its name.
        table: String,
        /// Its columns, in the order of the key.
        columns: Vec<String>,
    },
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexInfo {
    /// Its name; its schema is the table's.
    pub name: String,
    /// No two rows have equal values.
    pub unique: bool,
    /// Its columns, and whether high values come first.
    pub columns: Vec<(String, bool)>,
}

/// A sequence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SequenceInfo {
    /// The schema that it is in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// START WITH.
    pub start: i64,
    /// INCREMENT BY.
    pub increment: i64,
    /// MINVALUE.
    pub least: i64,
    /// MAXVALUE.
    pub most: i64,
    /// CYCLE.
    pub cycles: bool,
    /// Its type: SMALLINT, INTEGER, BIGINT, DECIMAL(31, 0).
    pub data_type: String,
    /// CACHE.
    pub cache: i64,
    /// ORDER.
    pub ordered: bool,
}

/// A procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcedureInfo {
    /// The schema that it is in.
    pub schema: String,
    /// Its name, which others may have that have other parameters.
    pub name: String,
    /// The name that it alone has in its schema.
    pub specific: String,
    /// Its parameters, in their order.
    pub parameters: Vec<ProcedureParameter>,
    /// How many results it may have.
    pub results: i64,
    /// Its access to data: CONTAINS, READS, MODIFIES.
    pub access: String,
    /// DETERMINISTIC.
    pub deterministic: bool,
    /// The statement that made it, where it is written in SQL.
    pub text: Option<String>,
}

/// A parameter of a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcedureParameter {
    /// Which way its value goes.
    pub mode: Mode,
    /// Its name and type, with metadata as columns of tables have it.
    pub column: Field,
}

/// The way of a parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// IN.
    In,
    /// OUT.
    Out,
    /// INOUT.
    InOut,
}

impl Default for TableInfo {
    fn default() -> TableInfo {
        TableInfo {
            schema: String::new(),
            name: String::new(),
            kind: String::new(),
            columns: Arc::new(Schema::empty()),
            constraints: Vec::new(),
            indexes: Vec::new(),
            comment: None,
            label: None,
            rows: None,
            text: None,
        }
    }
}

impl TableInfo {
    /// The constraints that no two rows may have in common: primary and unique keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Constraint> {
        self.constraints.iter().filter(|c| matches!(c.rule, Rule::Primary | Rule::Unique))
    }

    /// The primary key.
    pub(super) fn primary(&self) -> Option<&Constraint> {
        self.constraints.iter().find(|c| c.rule == Rule::Primary)
    }

    /// True for a column that may be NULL.
    pub(super) fn is_nullable(&self, column: &str) -> bool {
        self.columns.field_with_name(column).is_ok_and(arrow_schema::Field::is_nullable)
    }
}

impl Database {
    /// A table by its schema and name.
    pub(super) fn table(&self, schema: &str, name: &str) -> Option<&TableInfo> {
        self.tables.iter().find(|t| t.schema == schema && t.name == name)
    }
}
