//! Rows of parameters for `executemany()`: Arrow data is taken by rows, any other iterable gives one row after
//! the other. They are taken in chunks of bounded size.

use std::sync::Mutex;

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, Field, SchemaRef};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyIterator, PyList, PyMapping, PyString, PyTuple};

use super::columns::RowsBuilder;
use super::named::{self, MarkerNames};
use super::params;
use super::value::Value;
use crate::column::encode::{length, lengths, marked};
use crate::python::arrow::capsule;
use crate::python::arrow::imported::{self, Imported};
use crate::python::errors;
use crate::python::wording::kind;

/// Rows that are taken at a time from code that makes them as it is asked: it may do other things meanwhile.
const MADE: usize = 512;
/// Rows of Python values that are taken at a time at most.
const PYTHON: usize = 8192;
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
        reader: Box<dyn RecordBatchReader + Send>,
        /// The batch in hand and its first row that was not given.
        batch: Option<(RecordBatch, usize)>,
        /// An iterable of the caller's gives them.
        pieces: bool,
        /// The column of each parameter, where they have names.
        columns: Option<Vec<usize>>,
    },
    Rows {
        rows: Py<PyIterator>,
        /// The names of the parameters, where they have names.
        names: Option<MarkerNames>,
        /// They are all there, in a list.
        made: bool,
    },
}

impl ParamRows {
    /// The rows of an argument of `executemany()`, by name where the parameters have names.
    pub(in crate::python) fn of(rows: &Bound<'_, PyAny>, names: Option<MarkerNames>) -> PyResult<ParamRows> {
        let py = rows.py();
        if imported::is_arrow(rows)? {
            let reader = Box::new(imported::reader(rows)?);
            let columns = names.map(|names| names.columns(&reader.schema())).transpose();
            let columns = columns.map_err(|e| errors::raise(py, &e))?;
            let source = ParamSource::Arrow { reader, batch: None, pieces: false, columns };
            return Ok(ParamRows { source, given: 0 });
        }
        let refused = || {
            let text = "rows of parameters are Arrow data (a table, a frame, a stream of batches) or an iterable with \
                        one sequence of values per row, or a mapping where the statement has names";
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
        let made = rows.cast_exact::<PyList>().is_ok() || rows.cast_exact::<PyTuple>().is_ok();
        let rows = rows.try_iter().map_err(|e| if e.is_instance_of::<PyTypeError>(py) { refused() } else { e })?;
        Ok(ParamRows { source: ParamSource::Rows { rows: rows.unbind(), names, made }, given: 0 })
    }

    /// The rows of an argument of `ingest()`: Arrow data, or an iterable of it.
    pub(in crate::python) fn arrow(data: &Bound<'_, PyAny>) -> PyResult<ParamRows> {
        let pieces = !imported::is_arrow(data)?;
        let reader: Box<dyn RecordBatchReader + Send> = match pieces {
            false => Box::new(imported::reader(data)?),
            true => Box::new(Batches::of(data)?),
        };
        Ok(ParamRows { source: ParamSource::Arrow { reader, batch: None, pieces, columns: None }, given: 0 })
    }

    /// The columns of Arrow data, and its first batch if it has rows.
    pub(in crate::python) fn peek(&mut self, py: Python<'_>) -> PyResult<(SchemaRef, Option<RecordBatch>)> {
        let ParamSource::Arrow { reader, batch, .. } = &mut self.source else {
            return Err(errors::interface(py, "the rows are no Arrow data"));
        };
        let schema = reader.schema();
        while batch.as_ref().is_none_or(|(batch, _)| batch.num_rows() == 0) {
            match py.detach(|| reader.next()) {
                None => return Ok((schema, None)),
                Some(Ok(next)) => *batch = Some((with_uuids(next), 0)),
                Some(Err(e)) => return Err(failure(py, e, 1)),
            }
        }
        Ok((schema, batch.as_ref().map(|(batch, _)| batch.clone())))
    }

    /// True when the next rows are read from Arrow data: their producer may make them wait.
    pub(in crate::python) fn is_arrow(&self) -> bool {
        matches!(self.source, ParamSource::Arrow { .. })
    }

    /// True when the next rows are made by code of the caller's, which may use the connection.
    pub(in crate::python) fn runs_code(&self) -> bool {
        matches!(self.source, ParamSource::Rows { made: false, .. } | ParamSource::Arrow { pieces: true, .. })
    }

    /// The next rows, at most `most` and not many more bytes than [`BYTES`]; none at the end.
    pub(in crate::python) fn chunk(&mut self, py: Python<'_>, most: usize) -> PyResult<Vec<RecordBatch>> {
        let ParamRows { source, given } = self;
        match source {
            ParamSource::Rows { rows, names, made } => {
                let most = most.min(if *made { PYTHON } else { MADE });
                from_python(&mut rows.bind(py).clone(), names.as_ref(), given, most)
            }
            ParamSource::Arrow { reader, batch, columns, .. } => {
                let mut next =
                    || reader.next().map(|next| next.and_then(|batch| of_columns(batch, columns.as_deref())));
                from_arrow(py, &mut next, batch, given, most)
            }
        }
    }
}

/// Rows of Python values, column by column.
fn from_python(
    rows: &mut Bound<'_, PyIterator>,
    names: Option<&MarkerNames>,
    given: &mut usize,
    most: usize,
) -> PyResult<Vec<RecordBatch>> {
    let py = rows.py();
    let raise = |e| errors::raise(py, &e);
    let mut taken = RowsBuilder::named(names.map_or(&[], |names| names.names()));
    let (mut count, mut bytes) = (0, 0);
    while count < most && bytes < BYTES {
        let Some(row) = rows.next() else { break };
        let number = *given + 1;
        let row = row?;
        let values = match names {
            Some(names) => names.values(&row, Some(number)),
            None if named::is_mapping(&row) => Err(params::without_names(&row, number)),
            None => params::values(&row, Some(number)),
        };
        let row = values.map_err(|e| errors::at_row(py, e, number as u64))?;
        bytes += row.iter().map(Value::bytes).sum::<usize>();
        taken.push(row).map_err(raise)?;
        (count, *given) = (count + 1, number);
    }
    taken.finish().map_err(raise)
}

/// Rows of Arrow data as they are.
fn from_arrow(
    py: Python<'_>,
    next: &mut (dyn FnMut() -> Option<Result<RecordBatch, ArrowError>> + Send),
    in_hand: &mut Option<(RecordBatch, usize)>,
    given: &mut usize,
    most: usize,
) -> PyResult<Vec<RecordBatch>> {
    let (mut taken, mut count, mut bytes) = (Vec::new(), 0, 0);
    while count < most && bytes < BYTES {
        if let Some((batch, at)) = in_hand.as_mut().filter(|(batch, at)| *at < batch.num_rows()) {
            let start = *at;
            let rest = batch.slice(start, (batch.num_rows() - start).min(most - count));
            let all = rest.columns().iter().map(|column| lengths(column.as_ref())).sum::<Option<usize>>();
            if let Some(all) = all.filter(|all| bytes + all < BYTES) {
                let rows = rest.num_rows();
                (*at, bytes, count, *given) = (start + rows, bytes + all, count + rows, *given + rows);
                taken.push(rest);
                continue;
            }
            while *at < batch.num_rows() && count < most && bytes < BYTES {
                bytes += batch.columns().iter().map(|column| length(column.as_ref(), *at)).sum::<usize>();
                (*at, count, *given) = (*at + 1, count + 1, *given + 1);
            }
            taken.push(batch.slice(start, *at - start));
            continue;
        }
        // Its producer may need Python's lock, here or in threads of its own.
        match py.detach(&mut *next) {
            None => break,
            Some(Ok(next)) => *in_hand = Some((with_uuids(next), 0)),
            Some(Err(e)) => return Err(failure(py, e, *given + 1)),
        }
    }
    Ok(taken)
}

/// The columns of a batch that parameters take, in their order.
fn of_columns(batch: RecordBatch, columns: Option<&[usize]>) -> Result<RecordBatch, ArrowError> {
    columns.map_or(Ok(batch.clone()), |columns| batch.project(columns))
}

/// Why there is no row of this number.
fn failure(py: Python<'_>, e: ArrowError, number: usize) -> PyErr {
    let e = match e {
        ArrowError::ExternalError(e) => match e.downcast::<PyErr>() {
            Ok(raised) => return *raised,
            Err(e) => ArrowError::ExternalError(e),
        },
        e => e,
    };
    let text = format!("row {number}: {}", capsule::text(&e));
    errors::at_row(py, errors::interface(py, text), number as u64)
}

/// Arrow data that an iterable gives piece by piece.
struct Batches {
    pieces: Py<PyIterator>,
    current: Imported,
    schema: SchemaRef,
}

impl Batches {
    fn of(data: &Bound<'_, PyAny>) -> PyResult<Batches> {
        let py = data.py();
        let refused = |what: &str| {
            let text = format!("the data is Arrow data (a table, a frame, a stream) or an iterable of it, not {what}");
            errors::interface(py, text)
        };
        let mut pieces = data.try_iter().map_err(|_| refused(&kind(data)))?;
        let first = pieces.next().ok_or_else(|| refused("an iterable without any"))??;
        if !imported::is_arrow(&first)? {
            return Err(refused(&format!("{} of {}", kind(data), kind(&first))));
        }
        let current = imported::reader(&first)?;
        Ok(Batches { pieces: pieces.unbind(), schema: current.schema(), current })
    }

    /// The next piece, which has the same columns.
    fn piece(&self, py: Python<'_>) -> PyResult<Option<Imported>> {
        let Some(piece) = self.pieces.bind(py).clone().next() else { return Ok(None) };
        let next = imported::reader(&piece?)?;
        let names = |schema: &SchemaRef| schema.fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
        let schema = next.schema();
        let (wanted, got) = (names(&self.schema), names(&schema));
        if wanted != got {
            let text = format!(
                "the columns of the first batch are {}, those of another one {}",
                wanted.join(", "),
                got.join(", ")
            );
            return Err(errors::interface(py, text));
        }
        let mut fields = self.schema.fields().iter().zip(schema.fields());
        let Some((first, other)) = fields.find(|(first, other)| first.data_type() != other.data_type()) else {
            return Ok(Some(next));
        };
        let (name, first, other) = (first.name(), first.data_type(), other.data_type());
        let text = format!("column {name:?} of the first batch has type {first}, that of another one {other}");
        Err(errors::interface(py, format!("{text}: cast one of them")))
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(next) = self.current.next() {
                return Some(next);
            }
            match Python::attach(|py| self.piece(py)) {
                Ok(next) => self.current = next?,
                Err(e) => return Some(Err(ArrowError::ExternalError(Box::new(e)))),
            }
        }
    }
}

impl RecordBatchReader for Batches {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
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
pub(in crate::python) struct RawRows {
    rows: Mutex<ParamRows>,
    /// The statement as servers know it.
    #[pyo3(get)]
    statement: String,
}

#[pymethods]
impl RawRows {
    #[new]
    fn new(operation: &Bound<'_, PyAny>, rows: &Bound<'_, PyAny>) -> PyResult<RawRows> {
        let (statement, names) = named::many(operation)?;
        ParamRows::of(rows, names).map(|rows| RawRows { rows: Mutex::new(rows), statement })
    }

    /// Those of Arrow data for a table.
    #[staticmethod]
    fn arrow(data: &Bound<'_, PyAny>) -> PyResult<RawRows> {
        ParamRows::arrow(data).map(|rows| RawRows { rows: Mutex::new(rows), statement: String::new() })
    }

    /// Waits for the first of them.
    #[pyo3(name = "peek")]
    fn wait_for_first(&self, py: Python<'_>) -> PyResult<()> {
        self.first(py).map(drop)
    }

    /// True when `chunk()` may wait for somebody else and is not for the thread of an event loop.
    #[getter]
    fn waits(&self) -> bool {
        // In use means that somebody waits.
        self.rows.try_lock().is_ok_and(|rows| rows.is_arrow())
    }

    /// The next rows, at most so many; none at the end.
    fn chunk(&self, py: Python<'_>, most: usize) -> PyResult<RawChunk> {
        let Ok(mut rows) = self.rows.try_lock() else {
            return Err(errors::interface(py, "the rows are being read already"));
        };
        let settled = rows.runs_code();
        rows.chunk(py, most).map(|rows| RawChunk { rows: Mutex::new(rows), settled })
    }
}

impl RawRows {
    /// The columns, and the first batch if there are rows.
    pub(in crate::python) fn first(&self, py: Python<'_>) -> PyResult<(SchemaRef, Option<RecordBatch>)> {
        match self.rows.try_lock() {
            Ok(mut rows) => rows.peek(py),
            Err(_) => Err(errors::interface(py, "the rows are being read already")),
        }
    }
}

/// Some of them.
#[pyclass(frozen, module = "drdarrow._core")]
pub(in crate::python) struct RawChunk {
    rows: Mutex<Vec<RecordBatch>>,
    settled: bool,
}

impl RawChunk {
    /// The rows, once, and whether the answer to them is waited for before others are made.
    pub(in crate::python) fn take(&self) -> (Vec<RecordBatch>, bool) {
        (self.rows.lock().map(|mut rows| std::mem::take(&mut *rows)).unwrap_or_default(), self.settled)
    }
}

#[pymethods]
impl RawChunk {
    fn __len__(&self) -> usize {
        self.rows.lock().map_or(0, |rows| rows.iter().map(RecordBatch::num_rows).sum())
    }
}
