//! The arguments of `ingest()`: the table, how data goes into it, and who is told how far it is.

use std::time::{Duration, Instant};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::client::sql::ingest::{IngestMode, IngestOptions};

/// Progress is told no more often.
const PAUSE: Duration = Duration::from_millis(100);

/// The table, and how data goes into it.
pub(super) struct IngestRequest {
    pub(super) table: String,
    pub(super) options: IngestOptions,
}

impl IngestRequest {
    /// Of the arguments of `ingest()`.
    pub(super) fn of(
        table: String,
        mode: &str,
        schema: Option<String>,
        types: Option<&Bound<'_, PyDict>>,
        batch_rows: Option<usize>,
        on_error: &str,
        max_skipped: usize,
    ) -> PyResult<IngestRequest> {
        let mode = IngestMode::from_name(mode).ok_or_else(|| {
            PyValueError::new_err(format!("mode is 'append', 'create', 'replace' or 'create_append', not {mode:?}"))
        })?;
        let skip = skipped(on_error, max_skipped)?;
        if batch_rows == Some(0) {
            return Err(PyValueError::new_err("batch_rows is at least 1"));
        }
        let mut given = Vec::new();
        for (name, sql) in types.into_iter().flatten() {
            given.push((name.extract()?, sql.extract()?));
        }
        Ok(IngestRequest {
            table,
            options: IngestOptions { mode, schema, temporary: false, types: given, batch_rows, skip },
        })
    }
}

/// How many rows may be left out, where they may.
pub(super) fn skipped(on_error: &str, most: usize) -> PyResult<Option<usize>> {
    match on_error {
        "raise" => Ok(None),
        "skip" => Ok(Some(most)),
        other => Err(PyValueError::new_err(format!("on_error is 'raise' or 'skip', not {other:?}"))),
    }
}

/// Who is told how far a call is.
pub(super) struct Progress<'py> {
    told: Bound<'py, PyAny>,
    total: Option<u64>,
    last: Option<Instant>,
}

impl<'py> Progress<'py> {
    pub(super) fn new(told: &Bound<'py, PyAny>, data: &Bound<'py, PyAny>) -> Progress<'py> {
        Progress { told: told.clone(), total: total(data), last: None }
    }

    /// So many rows are done. At the end it is told in any case.
    pub(super) fn tell(&mut self, done: u64, end: bool) -> PyResult<()> {
        if !end && self.last.is_some_and(|last| last.elapsed() < PAUSE) {
            return Ok(());
        }
        self.last = Some(Instant::now());
        self.told.call1((done, self.total)).map(drop)
    }
}

/// Raises what is wrong with the arguments of `ingest()`, before any of the data is read.
#[pyfunction]
pub(in crate::python) fn check_ingest(
    table: String,
    mode: &str,
    schema: Option<String>,
    types: Option<&Bound<'_, PyDict>>,
    batch_rows: Option<usize>,
    on_error: &str,
    max_skipped: usize,
) -> PyResult<()> {
    IngestRequest::of(table, mode, schema, types, batch_rows, on_error, max_skipped).map(drop)
}

/// The number of rows, where the data knows it: tables and frames do, streams do not.
#[pyfunction]
pub(in crate::python) fn total_rows(data: &Bound<'_, PyAny>) -> Option<u64> {
    total(data)
}

fn total(data: &Bound<'_, PyAny>) -> Option<u64> {
    let attribute = |name: &str| data.getattr_opt(name).ok().flatten()?.extract::<u64>().ok();
    // Others have to count: the length of a relation of DuckDB runs its query.
    let pandas = || {
        data.get_type().module().is_ok_and(|name| name.to_str().is_ok_and(|n| n.split('.').next() == Some("pandas")))
    };
    let frame = || pandas().then(|| data.len().ok()).flatten();
    attribute("num_rows").or_else(|| attribute("height")).or_else(|| frame().map(|n| n as u64))
}
