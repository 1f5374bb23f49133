//! Tables about tables: what the catalog of a database tells, as Python sees it.

use std::sync::Arc;

use arrow_array::RecordBatch;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyIterator, PyList, PyTuple};

use super::catalog_text;
use crate::client::error::Result;
use crate::client::sql::catalog::Catalog;
use crate::client::sql::catalog::filter::{CatalogFilter, NameFilter};
use crate::client::sql::catalog::listing::{Listed, Row, TableRow};
use crate::python::arrow::batch::Schema;
use crate::python::arrow::capsule;
use crate::python::arrow::result_table::Collected;
use crate::python::errors::Raise;
use crate::python::rows::{self, Rows};
use crate::python::shared_connection::SharedConnection;

/// A table by its name as SQL has it, by schema and name as they are, or by a row about one of its columns.
#[derive(FromPyObject)]
pub(super) enum GivenTable {
    Written(String),
    Exact(String, String),
    Known { schema: String, table: String },
}

/// Kinds of tables: one, or several.
#[derive(FromPyObject)]
pub(super) enum Kinds {
    One(String),
    Several(Vec<String>),
}

/// The objects that are wanted: a schema by its name, objects by a pattern.
pub(super) fn wanted(py: Python<'_>, schema: Option<&str>, like: Option<&str>) -> PyResult<CatalogFilter> {
    let schema = schema.map(NameFilter::named).transpose().or_raise(py)?;
    let name = like.map(NameFilter::pattern).transpose().or_raise(py)?;
    Ok(CatalogFilter { schema, name })
}

pub(super) async fn catalogs(link: Arc<SharedConnection>) -> Result<CatalogTable> {
    let _waiting = (link.open()?, link.waiting());
    CatalogTable::of("CatalogInfo", &Catalog::of(&link.client).catalogs().await?)
}

/// `filter` has a pattern of names, which here are those of schemas.
pub(super) async fn schemas(link: Arc<SharedConnection>, filter: CatalogFilter) -> Result<CatalogTable> {
    let _waiting = (link.open()?, link.waiting());
    let filter = CatalogFilter { schema: filter.name, name: None };
    CatalogTable::of("SchemaInfo", &Catalog::of(&link.client).schemas(&filter).await?)
}

pub(super) async fn tables(
    link: Arc<SharedConnection>,
    filter: CatalogFilter,
    kinds: Option<Kinds>,
) -> Result<CatalogTable> {
    let _waiting = (link.open()?, link.waiting());
    let kinds = match kinds {
        None => Vec::new(),
        Some(Kinds::One(kind)) => vec![kind.to_ascii_uppercase()],
        Some(Kinds::Several(kinds)) if kinds.is_empty() => {
            return CatalogTable::of("TableInfo", &Listed::<TableRow>::none());
        }
        Some(Kinds::Several(kinds)) => kinds.iter().map(|kind| kind.to_ascii_uppercase()).collect(),
    };
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    CatalogTable::of("TableInfo", &Catalog::of(&link.client).tables(&filter, &kinds).await?)
}

pub(super) async fn columns(link: Arc<SharedConnection>, table: GivenTable) -> Result<CatalogTable> {
    let _waiting = (link.open()?, link.waiting());
    let catalog = Catalog::of(&link.client);
    let of_table = table.found(&catalog).await?;
    CatalogTable::of("ColumnInfo", &catalog.columns(&of_table).await?)
}

pub(super) async fn keys(link: Arc<SharedConnection>, table: GivenTable) -> Result<CatalogTable> {
    let _waiting = (link.open()?, link.waiting());
    let catalog = Catalog::of(&link.client);
    let of_table = table.found(&catalog).await?;
    CatalogTable::of("KeyInfo", &catalog.keys(&of_table).await?)
}

pub(super) async fn indexes(link: Arc<SharedConnection>, table: GivenTable) -> Result<CatalogTable> {
    let _waiting = (link.open()?, link.waiting());
    let catalog = Catalog::of(&link.client);
    let of_table = table.found(&catalog).await?;
    CatalogTable::of("IndexInfo", &catalog.indexes(&of_table).await?)
}

pub(super) async fn procedures(link: Arc<SharedConnection>, filter: CatalogFilter) -> Result<CatalogTable> {
    let _waiting = (link.open()?, link.waiting());
    CatalogTable::of("ProcedureInfo", &Catalog::of(&link.client).procedures(&filter).await?)
}

pub(super) async fn statistics(link: Arc<SharedConnection>, table: GivenTable) -> Result<CatalogTable> {
    let _waiting = (link.open()?, link.waiting());
    let catalog = Catalog::of(&link.client);
    let of_table = table.found(&catalog).await?;
    CatalogTable::of("StatisticInfo", &catalog.statistics(&of_table).await?)
}

impl GivenTable {
    /// The table that there is, by its schema and name. Whoever has a row about it knows that it is there.
    async fn found(self, catalog: &Catalog) -> Result<CatalogFilter> {
        let (schema, name) = match self {
            GivenTable::Written(name) => names(catalog.table(&name).await?),
            GivenTable::Exact(schema, name) => names(catalog.table_of(&schema, &name).await?),
            GivenTable::Known { schema, table } => (schema, table),
        };
        Ok(CatalogFilter { schema: Some(NameFilter::is(schema)), ..CatalogFilter::of_name(name) })
    }
}

fn names(table: TableRow) -> (String, String) {
    (table.schema, table.name)
}

/// The answer of a catalog: rows with names, and Arrow data for pyarrow, pandas, Polars, DuckDB. It is shown as text, and
/// as HTML in notebooks. It owns its data: the connection may be closed.
#[pyclass(frozen, module = "drdarrow")]
pub(in crate::python) struct CatalogTable {
    batch: RecordBatch,
    /// The class of its rows in `drdarrow.types`.
    rows: &'static str,
}

impl CatalogTable {
    fn of<R: Row>(rows: &'static str, listed: &Listed<R>) -> Result<CatalogTable> {
        Ok(CatalogTable { batch: listed.batch()?, rows })
    }

    fn collected<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, Collected>> {
        Bound::new(py, Collected::new(self.batch.schema(), vec![self.batch.clone()]))
    }

    /// A row with the names of its columns.
    fn named<'py>(&self, row: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        row.py().import("drdarrow.types")?.getattr(self.rows)?.call_method1("_make", (row,))
    }
}

#[pymethods]
impl CatalogTable {
    /// The columns' names, list[str].
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.batch.schema_ref().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The columns, a Schema.
    #[getter]
    fn schema(&self) -> Schema {
        Schema(self.batch.schema())
    }

    /// A PyCapsule `arrow_array_stream`; may be called again.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.collected(py)?.call_method1("__arrow_c_stream__", (requested_schema,))
    }

    /// A PyCapsule `arrow_schema`.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        capsule::schema(py, self.batch.schema_ref())
    }

    /// As a `pyarrow.Table`, without copying.
    fn to_arrow<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Collected::to_arrow(&self.collected(py)?)
    }

    /// As a `pandas.DataFrame`.
    #[pyo3(signature = (dtype_backend=None))]
    fn to_pandas<'py>(
        &self,
        py: Python<'py>,
        dtype_backend: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Collected::to_pandas(&self.collected(py)?, dtype_backend)
    }

    /// As a `polars.DataFrame`.
    fn to_polars<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Collected::to_polars(&self.collected(py)?)
    }

    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    /// A row by its number; a negative one counts from the end.
    fn __getitem__<'py>(&self, py: Python<'py>, index: isize) -> PyResult<Bound<'py, PyAny>> {
        let at = if index < 0 { self.batch.num_rows().checked_add_signed(index) } else { usize::try_from(index).ok() };
        match at.filter(|at| *at < self.batch.num_rows()) {
            Some(at) => self.named(rows::row(py, &self.batch, at)?.as_any()),
            None => Err(PyIndexError::new_err(format!("row {index} of {}", self.batch.num_rows()))),
        }
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        let list = PyList::empty(py);
        Rows { batch: self.batch.clone(), at: 0, len: self.batch.num_rows() }.append(&list)?;
        let named = list.iter().map(|row| self.named(&row)).collect::<PyResult<Vec<_>>>()?;
        PyTuple::new(py, named)?.try_iter()
    }

    /// The rows as text. Columns without a value are named below.
    fn __repr__(&self) -> String {
        catalog_text::text(&self.batch)
    }

    fn _repr_html_(&self) -> String {
        catalog_text::html(&self.batch)
    }
}
