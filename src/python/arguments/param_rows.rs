//! Rows of parameters for `executemany()`: Arrow data is taken by rows, any other iterable gives one row after
//! the other. They are taken in chunks of bounded size.

use std::sync::Mutex;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::Field;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyIterator, PyMapping, PyString};

use super::params;
use crate::column::encode::{length, marked};
use crate::python::arrow::capsule;
use crate::python::arrow::imported::{self, Imported};
use crate::python::errors;
use crate::python::wording::kind;

/// A chunk ends after the row with which its texts and bytes exceed this.
const BYTES: usize = 16 << 20;

/// Where rows of parameters come from.
pub(in crate::python) struct ParamRows {
    source: ParamSource,
    /// Rows given so far.
    given: usize,
}

enum ParamSource {
    Arrow {
        reader: Box<Imported>,
        /// The batch in hand and its first row that was not given.
        batch: Option<(RecordBatch, usize)>,
    },
    Rows(Py<PyIterator>),
}

/// One row: an array of one element for each parameter.
pub(in crate::python) type Row = Vec<ArrayRef>;

impl ParamRows {
    /// The rows of an argument of `executemany()`.
    pub(in crate::python) fn of(rows: &Bound<'_, PyAny>) -> PyResult<ParamRows> {
        let py = rows.py();
        if imported::is_arrow(rows)? {
            let reader = Box::new(imported::reader(rows)?);
            return Ok(ParamRows { source: ParamSource::Arrow { reader, batch: None }, given: 0 });
        }
        let refused = || {
            let text = "rows of parameters are Arrow data (a table, a frame, a stream of batches) or an iterable with \
                        one sequence of values per row";
            errors::interface(py, format!("{text}, not {}", kind(rows)))
        };
        let wrong = rows.is_instance_of::<PyString>()
            || rows.is_instance_of::<PyBytes>()
            || rows.is_instance_of::<PyByteArray>()
            || rows.cast::<PyMapping>().is_ok()
            || !rows.hasattr("__iter__")?;
        if wrong {
            return Err(refused());
        }
        let rows = rows.try_iter().map_err(|e| if e.is_instance_of::<PyTypeError>(py) { refused() } else { e })?;
        Ok(ParamRows { source: ParamSource::Rows(rows.unbind()), given: 0 })
    }

    /// True when the next rows are read from Arrow data: their producer may make them wait.
    pub(in crate::python) fn is_arrow(&self) -> bool {
        matches!(self.source, ParamSource::Arrow { .. })
    }

    /// The next rows, at most `most` and not many more bytes than [`BYTES`]; none at the end.
    pub(in crate::python) fn chunk(&mut self, py: Python<'_>, most: usize) -> PyResult<Vec<Row>> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < most && bytes < BYTES {
            let Some(row) = self.next(py)? else { break };
            bytes += row.iter().map(|value| length(value.as_ref(), 0)).sum::<usize>();
            rows.push(row);
        }
        Ok(rows)
    }

    fn next(&mut self, py: Python<'_>) -> PyResult<Option<Row>> {
        let number = self.given + 1;
        let row = match &mut self.source {
            ParamSource::Rows(rows) => match rows.bind(py).clone().next() {
                Some(row) => {
                    let about = |e| errors::at_row(py, e, number as u64);
                    Some(params::row_of_many(&row?, number).map_err(about)?)
                }
                None => None,
            },
            ParamSource::Arrow { reader, batch } => loop {
                if let Some((batch, at)) = batch.as_mut().filter(|(batch, at)| *at < batch.num_rows()) {
                    *at += 1;
                    break Some(batch.columns().iter().map(|column| column.slice(*at - 1, 1)).collect());
                }
                // Its producer may need Python's lock, here or in threads of its own.
                match py.detach(|| reader.next()) {
                    None => break None,
                    Some(Ok(next)) => *batch = Some((with_uuids(next), 0)),
                    Some(Err(e)) => {
                        let text = format!("row {number}: {}", capsule::text(&e));
                        return Err(errors::at_row(py, errors::interface(py, text), number as u64));
                    }
                }
            },
        };
        self.given += usize::from(row.is_some());
        Ok(row)
    }
}

/// A batch whose columns of UUIDs, which fields tell, are told by their values.
fn with_uuids(batch: RecordBatch) -> RecordBatch {
    let is_uuid = |field: &Field| field.metadata().get("ARROW:extension:name").is_some_and(|name| name == "arrow.uuid");
    if !batch.schema_ref().fields().iter().any(|field| is_uuid(field)) {
        return batch;
    }
    let columns = batch.schema_ref().fields().iter().zip(batch.columns()).map(|(field, values)| {
        let marked = is_uuid(field).then(|| marked::uuids(values.clone()).ok()).flatten().unwrap_or(values.clone());
        (field.name().clone(), marked, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap_or(batch.clone())
}

/// Rows of parameters on their way to an asynchronous cursor.
#[pyclass(frozen, module = "drdarrow._core")]
pub(in crate::python) struct RawRows(Mutex<ParamRows>);

#[pymethods]
impl RawRows {
    #[new]
    fn new(rows: &Bound<'_, PyAny>) -> PyResult<RawRows> {
        ParamRows::of(rows).map(|rows| RawRows(Mutex::new(rows)))
    }

    /// True when `chunk()` may wait for somebody else and is not for the thread of an event loop.
    #[getter]
    fn waits(&self) -> bool {
        // In use means that somebody waits.
        self.0.try_lock().is_ok_and(|rows| rows.is_arrow())
    }

    /// The next rows, at most so many; none at the end.
    fn chunk(&self, py: Python<'_>, most: usize) -> PyResult<RawChunk> {
        let Ok(mut rows) = self.0.try_lock() else {
            return Err(errors::interface(py, "the rows are being read already"));
        };
        rows.chunk(py, most).map(|rows| RawChunk(Mutex::new(rows)))
    }
}

/// Some of them.
#[pyclass(frozen, module = "drdarrow._core")]
pub(in crate::python) struct RawChunk(Mutex<Vec<Row>>);

impl RawChunk {
    /// The rows, once.
    pub(in crate::python) fn take(&self) -> Vec<Row> {
        self.0.lock().map(|mut rows| std::mem::take(&mut *rows)).unwrap_or_default()
    }
}

#[pymethods]
impl RawChunk {
    fn __len__(&self) -> usize {
        self.0.lock().map_or(0, |rows| rows.len())
    }
}
