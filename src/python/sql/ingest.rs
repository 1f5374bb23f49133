//! `ingest()`: Arrow data into a table by its name. The rows are a call as those of `executemany()` are.

use std::sync::Arc;

use arrow_array::RecordBatch as Batch;
use pyo3::prelude::*;

use super::executemany;
use super::ingest_request::{IngestRequest, Progress};
use super::statement::SharedStatement;
use super::telling;
use crate::client::error::Error;
use crate::python::arguments::param_rows::ParamRows;
use crate::python::arrow::batch::RecordBatch;
use crate::python::{errors, runtime};

/// The call in words, for those who watch statements.
pub(super) fn described(table: &str) -> String {
    format!("ingest into {table}")
}

/// The whole call, for a thread that waits.
pub(super) fn run(
    py: Python<'_>,
    statement: &Arc<SharedStatement>,
    request: &IngestRequest,
    data: &Bound<'_, PyAny>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Ingested> {
    let raise = |e: Error| errors::raise(py, &e);
    let mut rows = ParamRows::arrow(data)?;
    let (schema, sample) = rows.peek(py)?;
    let mut progress = progress.map(|told| Progress::new(told, data));
    let mut lease = statement.lease().map_err(raise)?;
    let begun = async {
        telling::failing(statement, statement.begin_ingest(&mut lease, request, &schema, sample.as_ref()).await)
    };
    let begun = runtime::block_on(py, begun)?;
    executemany::drive(py, statement, begun.map_err(raise)?, &mut rows, progress.as_mut())?;
    telling::tell(py, statement)?;
    Ingested::of(py, statement)
}

/// The outcome of `ingest()`.
#[pyclass(frozen, module = "drdarrow", name = "Ingested")]
pub(in crate::python) struct Ingested {
    rows: Option<u64>,
    skipped: Py<RecordBatch>,
}

impl Ingested {
    /// That of the call which ended last.
    pub(super) fn of(py: Python<'_>, statement: &SharedStatement) -> PyResult<Ingested> {
        let (rows, skipped) = {
            let mut about = statement.about();
            (about.count, about.skipped.pop())
        };
        let skipped = skipped.unwrap_or_else(|| Batch::new_empty(Arc::new(arrow_schema::Schema::empty())));
        Ok(Ingested { rows, skipped: Py::new(py, RecordBatch(skipped))? })
    }
}

#[pymethods]
impl Ingested {
    /// Rows that were inserted, int; None where the server does not count.
    #[getter]
    fn rows(&self) -> Option<u64> {
        self.rows
    }

    /// The rows that were left out, a RecordBatch: the columns of the data, and `error_row` (the first row is 1),
    /// `error_column`, `error_sqlstate`, `error_sqlcode`, `error_message`. It has rows with `on_error="skip"` only.
    #[getter]
    fn skipped(&self, py: Python<'_>) -> Py<RecordBatch> {
        self.skipped.clone_ref(py)
    }

    fn __repr__(&self) -> String {
        let rows = self.rows.map_or_else(|| "unknown".to_owned(), |rows| rows.to_string());
        format!("<drdarrow.Ingested rows={rows} skipped={}>", self.skipped.get().0.num_rows())
    }
}
