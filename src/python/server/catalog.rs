//! The objects of a Python engine, and the catalog's views over them in Python's hands.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{ArrowError, DataType, Field, Schema};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::python::arrow::capsule;
use crate::python::arrow::result_table::Collected;
use crate::server::budget::{Budget, cost};
use crate::server::catalog::database::{
    Constraint, Database, IndexInfo, Mode, ProcedureInfo, ProcedureParameter, Rule, SequenceInfo, TableInfo,
};
use crate::server::catalog::view::Catalog;

/// A column or parameter as Python describes it: name, Arrow type in Arrow's words, metadata.
pub(super) type Described = (String, String, HashMap<String, String>);

/// `drdarrow.server.engine.Objects`.
#[derive(FromPyObject)]
pub(super) struct Objects {
    tables: Vec<ListedTable>,
    sequences: Vec<ListedSequence>,
    schemas: Vec<String>,
    procedures: Vec<ListedProcedure>,
}

#[derive(FromPyObject)]
struct ListedTable {
    schema: String,
    name: String,
    kind: String,
    columns: Vec<Described>,
    /// Positions of those that are NOT NULL.
    required: Vec<usize>,
    constraints: Vec<ListedConstraint>,
    indexes: Vec<ListedIndex>,
    comment: Option<String>,
    label: Option<String>,
    rows: Option<i64>,
    text: Option<String>,
}

#[derive(FromPyObject)]
struct ListedConstraint {
    name: String,
    rule: String,
    columns: Vec<String>,
    /// Schema, name and columns of the table that a foreign key is about.
    parent: Option<(String, String, Vec<String>)>,
    /// The condition of a check.
    text: Option<String>,
}

#[derive(FromPyObject)]
struct ListedIndex {
    name: String,
    unique: bool,
    columns: Vec<(String, bool)>,
}

#[derive(FromPyObject)]
struct ListedSequence {
    schema: String,
    name: String,
    start: i64,
    increment: i64,
    least: i64,
    most: i64,
    cycles: bool,
    r#type: String,
    cache: i64,
    ordered: bool,
}

#[derive(FromPyObject)]
struct ListedProcedure {
    schema: String,
    name: String,
    specific: String,
    /// Each with its mode.
    parameters: Vec<(String, Described)>,
    results: i64,
    access: String,
    deterministic: bool,
    text: Option<String>,
}

impl Objects {
    /// As the catalog has them.
    pub(super) fn database(self) -> PyResult<Database> {
        Ok(Database {
            tables: self.tables.into_iter().map(ListedTable::info).collect::<PyResult<_>>()?,
            sequences: self.sequences.into_iter().map(ListedSequence::info).collect(),
            procedures: self.procedures.into_iter().map(ListedProcedure::info).collect::<PyResult<_>>()?,
            schemas: self.schemas,
            read_only: false,
        })
    }
}

impl ListedTable {
    fn info(self) -> PyResult<TableInfo> {
        let required = self.required;
        let fields = self.columns.into_iter().enumerate().map(|(n, column)| {
            let nullable = !required.contains(&n);
            Ok(field(column)?.with_nullable(nullable))
        });
        Ok(TableInfo {
            schema: self.schema,
            name: self.name,
            kind: self.kind,
            columns: Arc::new(Schema::new(fields.collect::<PyResult<Vec<_>>>()?)),
            constraints: self.constraints.into_iter().map(ListedConstraint::info).collect::<PyResult<_>>()?,
            indexes: self.indexes.into_iter().map(ListedIndex::info).collect(),
            comment: self.comment,
            label: self.label,
            rows: self.rows,
            text: self.text,
        })
    }
}

impl ListedConstraint {
    fn info(self) -> PyResult<Constraint> {
        let rule = match (self.rule.as_str(), self.parent) {
            ("PRIMARY KEY", _) => Rule::Primary,
            ("UNIQUE", _) => Rule::Unique,
            ("CHECK", _) => Rule::Check(self.text.unwrap_or_default()),
            ("FOREIGN KEY", Some((schema, table, columns))) => Rule::Foreign { schema, table, columns },
            _ => return Err(PyValueError::new_err(format!("constraint {}: {:?} is not known", self.name, self.rule))),
        };
        Ok(Constraint { name: self.name, rule, columns: self.columns })
    }
}

impl ListedIndex {
    fn info(self) -> IndexInfo {
        IndexInfo { name: self.name, unique: self.unique, columns: self.columns }
    }
}

impl ListedSequence {
    fn info(self) -> SequenceInfo {
        SequenceInfo {
            schema: self.schema,
            name: self.name,
            start: self.start,
            increment: self.increment,
            least: self.least,
            most: self.most,
            cycles: self.cycles,
            data_type: self.r#type,
            cache: self.cache,
            ordered: self.ordered,
        }
    }
}

impl ListedProcedure {
    fn info(self) -> PyResult<ProcedureInfo> {
        let parameter = |(mode, column): (String, Described)| {
            let mode = match mode.as_str() {
                "IN" => Mode::In,
                "OUT" => Mode::Out,
                "INOUT" => Mode::InOut,
                _ => return Err(PyValueError::new_err(format!("parameter {}: mode {mode:?} is not known", column.0))),
            };
            Ok(ProcedureParameter { mode, column: field(column)? })
        };
        Ok(ProcedureInfo {
            parameters: self.parameters.into_iter().map(parameter).collect::<PyResult<_>>()?,
            schema: self.schema,
            name: self.name,
            specific: self.specific,
            results: self.results,
            access: self.access,
            deterministic: self.deterministic,
            text: self.text,
        })
    }
}

/// A column of Python's.
pub(super) fn field((name, data_type, metadata): Described) -> PyResult<Field> {
    let data_type: DataType = data_type.parse().map_err(|e: ArrowError| PyValueError::new_err(capsule::text(&e)))?;
    Ok(Field::new(name, data_type, true).with_metadata(metadata))
}

/// The views of a product's catalog.
#[pyclass(frozen, module = "drdarrow._core")]
pub(super) struct CatalogViews(Catalog, Option<Budget>);

impl CatalogViews {
    /// With the memory that rows may take.
    pub(super) fn new(catalog: Catalog, budget: Option<Budget>) -> CatalogViews {
        CatalogViews(catalog, budget)
    }
}

#[pymethods]
impl CatalogViews {
    /// Their names, `SCHEMA.NAME` in upper case.
    fn names(&self) -> Vec<String> {
        self.0.names()
    }

    /// Whether entries of journals come in the order of their numbers.
    fn journals_in_order(&self, py: Python<'_>) -> bool {
        py.detach(|| self.0.journals_in_order())
    }

    /// The rows of one over these objects. SqlError -289 without the memory for them.
    fn rows(&self, py: Python<'_>, name: &str, objects: Objects) -> PyResult<Collected> {
        if let Some((schema, batches)) = py.detach(|| self.0.held(name)) {
            return Ok(Collected::new(schema, batches));
        }
        let database = objects.database()?;
        let made = py.detach(|| self.0.rows(name, &database));
        let batch = made.map_err(|e| PyRuntimeError::new_err(e.to_string()))?;
        match self.1.as_ref().map(|budget| budget.lease(cost(&batch))).transpose() {
            Ok(lease) => Ok(Collected::leased(batch, lease)),
            Err(full) => {
                let class = py.import("drdarrow.server.engine")?.getattr("SqlError")?;
                Err(PyErr::from_value(class.call1((full.sqlcode, full.sqlstate, full.tokens.join(" ")))?))
            }
        }
    }
}
