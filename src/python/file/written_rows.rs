//! Rows to be added to a file, some at a time: as many as fill requests, or as have come when they have waited a while.
//! Those that are not Arrow are put into columns: rows one after the other that name the same fields go together.

use std::iter::Fuse;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Field, Schema};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyIterator, PyList, PyMapping, PyString, PyTuple};

use super::arguments::{named, names};
use super::file_classes::AsyncFile;
use crate::client::error::Result;
use crate::column::encode::lengths;
use crate::python::arguments::columns::RowsBuilder;
use crate::python::arguments::params;
use crate::python::arguments::value::Value;
use crate::python::arrow::imported::{self, Imported};
use crate::python::errors::{self, Raise};
use crate::python::wording::kind;

/// Rows of Python values that are taken at a time.
const CHUNK: usize = 1024;
/// Rows of small batches of Arrow data that are taken at a time.
const GATHERED: usize = 8192;
/// Bytes of their texts that are enough.
const BYTES: usize = 16 << 20;
/// How long rows wait for others that are slow to come.
const PATIENCE: Duration = Duration::from_millis(100);

/// Rows to be added, from wherever they come.
pub(super) enum NewRows {
    Arrow {
        reader: Fuse<Imported>,
        /// Why there are no more.
        failed: Option<ArrowError>,
    },
    Values(Py<PyIterator>),
}

impl NewRows {
    /// Arrow data, or an iterable of rows.
    pub(super) fn of(data: &Bound<'_, PyAny>) -> PyResult<NewRows> {
        if imported::is_arrow(data)? {
            return Ok(NewRows::Arrow { reader: imported::reader(data)?.fuse(), failed: None });
        }
        rows(data).map(|rows| NewRows::Values(rows.unbind()))
    }

    /// The next of them, after `before` that were added; none at the end.
    pub(super) fn chunk(
        &mut self,
        py: Python<'_>,
        fields: &[String],
        before: u64,
    ) -> PyResult<Option<Vec<RecordBatch>>> {
        let taken = match self {
            NewRows::Values(rows) => chunk(&mut rows.bind(py).clone(), fields, before)?,
            NewRows::Arrow { reader, failed } => {
                if failed.is_none() {
                    // Its producer may need Python's lock, here or in threads of its own.
                    let (taken, end) = py.detach(|| gather(reader));
                    *failed = end;
                    if !taken.is_empty() {
                        return Ok(Some(taken));
                    }
                }
                if let Some(e) = failed.take() {
                    return Err(errors::interface(py, format!("the rows: {e}; {}", added(before))));
                }
                Vec::new()
            }
        };
        Ok((!taken.is_empty()).then_some(taken))
    }
}

/// Rows on their way to an asynchronous file.
#[pyclass(frozen, module = "drdarrow._core")]
pub(in crate::python) struct RawRecords(Mutex<NewRows>);

/// Some of them.
#[pyclass(frozen, module = "drdarrow._core")]
pub(in crate::python) struct RecordChunk(Mutex<Vec<RecordBatch>>);

#[pymethods]
impl RawRecords {
    #[new]
    fn new(data: &Bound<'_, PyAny>) -> PyResult<RawRecords> {
        NewRows::of(data).map(|rows| RawRecords(Mutex::new(rows)))
    }

    /// True when `chunk()` may wait for somebody else and is not for the thread of an event loop.
    #[getter]
    fn waits(&self) -> bool {
        // In use means that somebody waits.
        self.0.try_lock().is_ok_and(|rows| matches!(*rows, NewRows::Arrow { .. }))
    }

    /// The next of them for a file, after `before` that were added; None at the end.
    fn chunk(&self, py: Python<'_>, file: &AsyncFile, before: u64) -> PyResult<Option<RecordChunk>> {
        let fields = file.0.get().or_raise(py)?.fields();
        let Ok(mut rows) = self.0.try_lock() else {
            return Err(errors::interface(py, "the rows are being read already"));
        };
        Ok(rows.chunk(py, &fields, before)?.map(|rows| RecordChunk(Mutex::new(rows))))
    }
}

impl RecordChunk {
    /// The rows, once.
    pub(super) fn take(&self) -> Vec<RecordBatch> {
        self.0.lock().map(|mut rows| std::mem::take(&mut *rows)).unwrap_or_default()
    }
}

/// The next batches of Arrow data, and why there are no more.
fn gather(
    batches: &mut impl Iterator<Item = std::result::Result<RecordBatch, ArrowError>>,
) -> (Vec<RecordBatch>, Option<ArrowError>) {
    let (mut taken, mut rows, mut bytes, began) = (Vec::new(), 0, 0, Instant::now());
    while rows < GATHERED && bytes < BYTES && (taken.is_empty() || began.elapsed() < PATIENCE) {
        match batches.next() {
            None => break,
            Some(Err(e)) => return (taken, Some(e)),
            Some(Ok(batch)) => {
                rows += batch.num_rows();
                bytes += batch.columns().iter().filter_map(|column| lengths(column.as_ref())).sum::<usize>();
                taken.push(batch);
            }
        }
    }
    (taken, None)
}

/// Rows that are not Arrow, one by one; a dict is a single row.
fn rows<'py>(rows: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyIterator>> {
    let py = rows.py();
    if rows.is_instance_of::<PyString>() || rows.is_instance_of::<PyBool>() || !rows.hasattr("__iter__")? {
        return Err(errors::interface(
            py,
            format!("rows: expected Arrow data or an iterable of rows, not {}", kind(rows)),
        ));
    }
    match rows.cast::<PyMapping>() {
        Ok(_) => PyTuple::new(py, [rows])?.try_iter(),
        Err(_) => rows.try_iter(),
    }
}

/// The next of them, column by column; nothing when there are no more. `before` were written.
fn chunk(rows: &mut Bound<'_, PyIterator>, fields: &[String], before: u64) -> PyResult<Vec<RecordBatch>> {
    let py = rows.py();
    let (mut taken, began) = (NamedRows::default(), Instant::now());
    for (row, number) in rows.take(CHUNK).zip(before + 1..) {
        let row = row.map_err(|e| noted(py, e, &added(before)))?;
        let wrong =
            |e| noted(py, errors::at_row(py, e, number), &format!("it is about row {number}; {}", added(before)));
        taken.push(&row, fields).map_err(wrong)?;
        if taken.bytes >= BYTES || began.elapsed() >= PATIENCE {
            break;
        }
    }
    taken.end().map_err(|e| errors::raise(py, &e))?;
    Ok(taken.done)
}

/// Rows as they come.
#[derive(Default)]
struct NamedRows {
    /// The fields of those in hand.
    names: Vec<String>,
    rows: RowsBuilder,
    done: Vec<RecordBatch>,
    /// Bytes of the texts of all.
    bytes: usize,
}

impl NamedRows {
    /// Adds a row: a dict by the names of fields, or a sequence in the order of `fields`.
    fn push(&mut self, row: &Bound<'_, PyAny>, fields: &[String]) -> PyResult<()> {
        let py = row.py();
        let raise = |e| errors::raise(py, &e);
        let (own, values) = match row.cast::<PyMapping>() {
            Ok(map) => {
                let own = if same(&map.keys()?, &self.names) { None } else { Some(names(map)?) };
                (Some(own), params::values(map.values()?.as_any(), None)?)
            }
            Err(_) => (None, params::values(row, None)?),
        };
        let names = match &own {
            Some(own) => Some(own.as_deref().unwrap_or(&self.names)),
            None => None,
        };
        let names = named(py, names, fields, values.len())?;
        if self.names != names {
            let names = names.to_vec();
            self.end().map_err(raise)?;
            self.names = names;
        }
        self.bytes += values.iter().map(Value::bytes).sum::<usize>();
        self.rows.push(values).map_err(raise)
    }

    /// Ends the batches in hand.
    fn end(&mut self) -> Result<()> {
        for batch in std::mem::take(&mut self.rows).finish()? {
            let fields = self.names.iter().zip(batch.columns());
            let fields = fields.map(|(name, column)| Field::new(name, column.data_type().clone(), true));
            let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            let batch = RecordBatch::try_new_with_options(schema, batch.columns().to_vec(), &options);
            self.done.push(batch.map_err(|e| errors::internal(e.to_string()))?);
        }
        Ok(())
    }
}

/// Whether a row names just these.
fn same(keys: &Bound<'_, PyList>, names: &[String]) -> bool {
    let is = |(key, name): (Bound<'_, PyAny>, &String)| key.cast::<PyString>().is_ok_and(|key| key == name.as_str());
    keys.len() == names.len() && keys.iter().zip(names).all(is)
}

/// In words.
fn added(rows: u64) -> String {
    match rows {
        0 => "no row was added".to_owned(),
        1 => "1 row was added before".to_owned(),
        n => format!("{n} rows were added before"),
    }
}

/// An exception, whosever it is, with a note.
pub(super) fn noted(py: Python<'_>, e: PyErr, note: &str) -> PyErr {
    // An exception that takes no notes is told without.
    let _ = e.value(py).call_method1("add_note", (note,));
    e
}
