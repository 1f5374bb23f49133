//! The cursor of PEP 249, and the ways from its result to Arrow.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_schema::{DataType, Field, Schema};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use super::executemany;
use super::procedure;
use super::statement::SharedStatement;
use super::type_code::type_code;
use crate::client::batch_source::BatchSource;
use crate::client::error::{Error, Result};
use crate::client::limits::Limits;
use crate::client::sql::column_info::ColumnInfo;
use crate::python::arguments::given::Given;
use crate::python::arguments::{params, settings};
use crate::python::arrow::result_table::{self, Collected};
use crate::python::arrow::stream::ArrowStream;
use crate::python::ownership::{Owned, OwnedLease};
use crate::python::reader::{ALL_ROWS, ROWS, ResultReader};
use crate::python::{errors, rows, runtime};

/// Executes statements and fetches their rows (PEP 249).
///
/// Made by `Connection.cursor()`. Parameters are question marks. One thread at a time may use a
/// cursor: another one gets InterfaceError. Several cursors of a connection may read side by side.
#[pyclass(frozen, module = "drdarrow", weakref)]
pub(in crate::python) struct Cursor {
    /// The Connection; only handed back, so its class need not be known here.
    connection: Py<PyAny>,
    statement: Owned<Arc<SharedStatement>>,
    messages: Py<PyList>,
    arraysize: AtomicUsize,
}

impl Cursor {
    pub(in crate::python) fn new(py: Python<'_>, connection: Py<PyAny>, statement: Arc<SharedStatement>) -> Cursor {
        let messages = PyList::empty(py).unbind();
        Cursor { connection, statement: Owned::new(statement), messages, arraysize: AtomicUsize::new(1) }
    }

    fn statement(&self, py: Python<'_>) -> PyResult<&Arc<SharedStatement>> {
        self.statement.get().map_err(|e| errors::raise(py, &e))
    }

    /// Waits and decodes, by batches of this size, until there are rows in hand.
    fn fill(
        py: Python<'_>,
        statement: &SharedStatement,
        lease: &mut OwnedLease<Option<ResultReader>>,
        limits: Limits,
    ) -> PyResult<Result<bool>> {
        let Some(feed) = lease.as_mut() else { return Ok(Ok(false)) };
        feed.set_limits(limits);
        if feed.held() > 0 {
            return Ok(Ok(true));
        }
        let filled = runtime::block_on(py, feed.fill())?;
        statement.about().warnings.extend(feed.take_warnings());
        Ok(filled)
    }

    /// Reads the result to its end.
    fn collect(&self, py: Python<'_>) -> PyResult<Collected> {
        let statement = self.statement(py)?;
        let raise = |e| errors::raise(py, &e);
        let mut lease = statement.lease_rows().map_err(raise)?;
        let mut batches = Vec::new();
        let Some(schema) = lease.as_ref().map(ResultReader::schema) else {
            return Err(raise(errors::internal("a result went missing")));
        };
        // Ctrl-C leaves none of these to be fetched again.
        let broken_off = |_: &PyErr| statement.lose();
        let limits = statement.link.limits.whole();
        while Cursor::fill(py, statement, &mut lease, limits).inspect_err(broken_off)?.map_err(raise)? {
            batches.extend(lease.as_mut().and_then(ResultReader::take_batch));
            py.check_signals().inspect_err(broken_off)?;
        }
        Ok(Collected::new(schema, batches))
    }
}

#[pymethods]
impl Cursor {
    /// One 7-tuple per column of the result, or None without one: name, type_code, None,
    /// internal_size in bytes, precision, scale, null_ok. `type_code` is the SQL type's name, or a more
    /// general one and the SQL type in parentheses, as in "TEXT(CLOB)"; it is equal to one of STRING,
    /// BINARY, NUMBER, DATETIME, ROWID.
    #[getter]
    fn description<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        describe(py, self.statement(py)?)
    }

    /// Rows that the last statement changed; -1 before it, for a result, and where the server does
    /// not count.
    #[getter]
    fn rowcount(&self, py: Python<'_>) -> PyResult<i64> {
        Ok(row_count(self.statement(py)?))
    }

    /// Rows that `fetchmany()` fetches unless told; 1 at first.
    #[getter]
    fn get_arraysize(&self) -> usize {
        self.arraysize.load(Ordering::Relaxed)
    }

    #[setter]
    fn set_arraysize(&self, py: Python<'_>, rows: i64) -> PyResult<()> {
        self.arraysize.store(count(py, "arraysize", rows)?, Ordering::Relaxed);
        Ok(())
    }

    /// Warnings of the server for the last statement: list of (class, instance). They are not raised.
    #[getter]
    fn messages(&self, py: Python<'_>) -> PyResult<Py<PyList>> {
        drain_messages(py, self.statement(py)?, self.messages.bind(py))?;
        Ok(self.messages.clone_ref(py))
    }

    /// The Connection it belongs to.
    #[getter]
    fn connection(&self, py: Python<'_>) -> Py<PyAny> {
        self.connection.clone_ref(py)
    }

    /// Executes a statement and returns the cursor itself.
    ///
    /// `parameters` is a sequence with one value per question mark: None, bool, int, float, Decimal,
    /// str, bytes, bytearray, memoryview, date, time, datetime (one with a zone for types that have one). The
    /// result of the statement before is closed.
    ///
    /// Raises ProgrammingError for the statement, DataError for a value that does not fit,
    /// IntegrityError for a constraint, InterfaceError for misuse, OperationalError for the rest.
    #[pyo3(signature = (operation, parameters=None))]
    fn execute(
        slf: Py<Self>,
        py: Python<'_>,
        operation: &Bound<'_, PyAny>,
        parameters: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<Self>> {
        {
            let cursor = slf.get();
            let statement = cursor.statement(py)?;
            let raise = |e| errors::raise(py, &e);
            statement.usable().map_err(raise)?;
            let (sql, row) = (params::statement(operation)?, params::batch(py, parameters)?);
            let mut lease = statement.lease().map_err(raise)?;
            cursor.messages.bind(py).call_method0("clear")?;
            runtime::block_on(py, statement.execute(&mut lease, &sql, row))?.map_err(raise)?;
        }
        Ok(slf)
    }

    /// Executes a statement once for each row of parameters, a few hundred at a time. The rows are Arrow data
    /// (a table, a frame, a stream), or any iterable with a sequence of values per row; both are read as they
    /// go. `rowcount` is the sum.
    ///
    /// All rows are kept, or none: in autocommit they are committed at the end of the call; else a failure takes
    /// the transaction back to where it was before. Raises as `execute()`: `row` is the row that failed, the first
    /// one is 1, and the message says what is kept where the server cannot undo. After an error `rowcount` is what
    /// is in the table: 0, or -1 when that is unknown.
    #[pyo3(signature = (operation, seq_of_parameters))]
    fn executemany(
        slf: Py<Self>,
        py: Python<'_>,
        operation: &Bound<'_, PyAny>,
        seq_of_parameters: &Bound<'_, PyAny>,
    ) -> PyResult<Py<Self>> {
        {
            let cursor = slf.get();
            let statement = cursor.statement(py)?;
            let raise = |e| errors::raise(py, &e);
            statement.usable().map_err(raise)?;
            let sql = params::statement(operation)?;
            cursor.messages.bind(py).call_method0("clear")?;
            executemany::run(py, statement, &sql, seq_of_parameters)?;
        }
        Ok(slf)
    }

    /// Calls a procedure and returns its parameters as a list, those that come out with their new
    /// values; what was given for one that only comes out does not matter. Result sets are fetched as
    /// of any statement, further ones after `nextset()`.
    ///
    /// `procname` may have a schema; a quoted name is quoted as in SQL. Raises as `execute()`.
    #[pyo3(signature = (procname, parameters=None))]
    fn callproc<'py>(
        slf: Py<Self>,
        py: Python<'py>,
        procname: &Bound<'py, PyAny>,
        parameters: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let given = procedure::given(py, parameters)?;
        let sql = procedure::statement(py, &params::statement(procname)?, given.len())?;
        let slf = Cursor::execute(slf, py, PyString::new(py, &sql).as_any(), Some(given.as_any()))?;
        procedure::returned(py, slf.get().statement(py)?, &given)
    }

    /// Values of a procedure's parameters after its call, as a tuple, None for those that only go
    /// in; None when nothing came out.
    #[getter]
    fn outputs<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        procedure::outputs(py, self.statement(py)?)
    }

    /// Goes on to the next result set of a procedure and gives up what is left of the one in hand: True,
    /// or None when there is no other.
    fn nextset(&self, py: Python<'_>) -> PyResult<Option<bool>> {
        let statement = self.statement(py)?;
        let raise = |e| errors::raise(py, &e);
        let mut lease = statement.lease().map_err(raise)?;
        let _inside = runtime::enter();
        Ok(statement.next_set(&mut lease).map_err(raise)?.then_some(true))
    }

    /// The next row as a tuple, or None at the end.
    ///
    /// Raises ProgrammingError when there is no result, InterfaceError when the cursor is closed.
    fn fetchone<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let statement = self.statement(py)?;
        let raise = |e| errors::raise(py, &e);
        let mut lease = statement.lease_rows().map_err(raise)?;
        if !Cursor::fill(py, statement, &mut lease, ROWS)?.map_err(raise)? {
            return Ok(None);
        }
        let Some(feed) = lease.as_mut() else { return Ok(None) };
        let Some(found) = feed.look(1) else { return Ok(None) };
        let row = rows::row(py, &found.batch, found.at)?;
        feed.skip(1);
        Ok(Some(row))
    }

    /// The next `size` rows, `arraysize` unless given: list of tuples, shorter at the end.
    #[pyo3(signature = (size=None))]
    fn fetchmany<'py>(&self, py: Python<'py>, size: Option<i64>) -> PyResult<Bound<'py, PyList>> {
        let wanted = size.map_or(Ok(self.get_arraysize()), |size| count(py, "size", size))?;
        let statement = self.statement(py)?;
        let raise = |e| errors::raise(py, &e);
        let mut lease = statement.lease_rows().map_err(raise)?;
        let list = PyList::empty(py);
        while list.len() < wanted {
            let filled = Cursor::fill(py, statement, &mut lease, ROWS);
            match filled.inspect_err(|_| if_taken(statement, &list))? {
                Ok(true) => {}
                Ok(false) => break,
                // The rows before the failure first; it is told again by the next fetch.
                Err(_) if !list.is_empty() => break,
                Err(e) => return Err(raise(e)),
            }
            let Some(feed) = lease.as_mut() else { break };
            let Some(found) = feed.look(wanted - list.len()) else { break };
            found.append(&list)?;
            feed.skip(found.len);
        }
        Ok(list)
    }

    /// All remaining rows: list of tuples.
    fn fetchall<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let statement = self.statement(py)?;
        let raise = |e| errors::raise(py, &e);
        let mut lease = statement.lease_rows().map_err(raise)?;
        let list = PyList::empty(py);
        let broken_off = |_: &PyErr| if_taken(statement, &list);
        while Cursor::fill(py, statement, &mut lease, ALL_ROWS).inspect_err(broken_off)?.map_err(raise)? {
            let Some(feed) = lease.as_mut() else { break };
            let Some(found) = feed.look(usize::MAX) else { break };
            found.append(&list)?;
            feed.skip(found.len);
            py.check_signals().inspect_err(broken_off)?;
        }
        Ok(list)
    }

    /// The result as an ArrowStream, which takes it over: the cursor is free for another statement.
    ///
    /// `batch_rows` and `batch_bytes` limit each batch (65,536 rows, 16 MiB unless `connect()` was
    /// told otherwise). A server that is slower than that is not waited for: after `batch_delay` seconds
    /// (0.1) a batch is handed out with the rows that it has. 0 hands them out at once, None waits for full
    /// batches.
    #[pyo3(signature = (batch_rows=None, batch_bytes=None, *, batch_delay=Given::default()))]
    fn fetch_arrow<'py>(
        &self,
        py: Python<'py>,
        batch_rows: Option<&Bound<'py, PyAny>>,
        batch_bytes: Option<&Bound<'py, PyAny>>,
        batch_delay: Given<'py>,
    ) -> PyResult<ArrowStream> {
        let statement = self.statement(py)?;
        let limits = settings::limits(statement.link.limits, batch_rows, batch_bytes, &batch_delay)?;
        let mut feed = statement.hand_over().map_err(|e| errors::raise(py, &e))?;
        feed.set_limits(limits);
        Ok(ArrowStream::new(feed))
    }

    /// The result as a `pyarrow.RecordBatchReader`, read as it is consumed.
    fn fetch_record_batch<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let reader = result_table::library(py, "pyarrow", "arrow")?.getattr("RecordBatchReader")?;
        reader.call_method1("from_stream", (self.fetch_arrow(py, None, None, Given::default())?,))
    }

    /// The result as a `pyarrow.Table`. Needs `pip install drdarrow[arrow]`.
    fn fetch_arrow_table<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        result_table::library(py, "pyarrow", "arrow")?;
        Collected::to_arrow(&Bound::new(py, self.collect(py)?)?)
    }

    /// The result as a `pandas.DataFrame`. Needs `pip install drdarrow[pandas]`.
    ///
    /// Every value is exact: NumPy's types where they hold the column, else pandas' nullable ones.
    /// `dtype_backend` chooses for all columns, as in pandas: `"numpy"`, `"numpy_nullable"`, `"pyarrow"`.
    /// Raises DataError where NumPy's types would change a value.
    #[pyo3(signature = (*, dtype_backend=None))]
    fn fetch_df<'py>(&self, py: Python<'py>, dtype_backend: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        result_table::frames(py, dtype_backend)?;
        Collected::to_pandas(&Bound::new(py, self.collect(py)?)?, dtype_backend)
    }

    /// The result as a `polars.DataFrame`. Needs `pip install drdarrow[polars]`.
    fn fetch_polars<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        for_polars(py, self.statement(py)?)?;
        Collected::to_polars(&Bound::new(py, self.collect(py)?)?)
    }

    /// Closes the cursor and its result. Closing twice is allowed.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let statement = self.statement(py)?;
        let _inside = runtime::enter();
        statement.close().map_err(|e| errors::raise(py, &e))
    }

    /// Does nothing; the server describes the parameters (PEP 249).
    fn setinputsizes(&self, _sizes: &Bound<'_, PyAny>) {}

    /// Does nothing; values are fetched whole (PEP 249).
    #[pyo3(signature = (_size, _column=None, /))]
    fn setoutputsize(&self, _size: &Bound<'_, PyAny>, _column: Option<&Bound<'_, PyAny>>) {}

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.fetchone(py)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        match self.statement.get() {
            Ok(statement) => describe_state(statement, "Cursor"),
            Err(_) => "<drdarrow.Cursor of another process>".to_owned(),
        }
    }
}

/// A fetch is broken off: the rows that it holds are lost.
fn if_taken(statement: &SharedStatement, rows: &Bound<'_, PyList>) {
    if !rows.is_empty() {
        statement.lose();
    }
}

/// A number of rows.
pub(super) fn count(py: Python<'_>, what: &str, rows: i64) -> PyResult<usize> {
    usize::try_from(rows)
        .map_err(|_| errors::raise(py, &Error::interface(format!("{what}: expected a number of rows"))))
}

/// PEP 249's description.
pub(super) fn describe<'py>(py: Python<'py>, statement: &SharedStatement) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let (columns, schema) = {
        let about = statement.about();
        (about.columns.clone(), about.schema.clone())
    };
    let (Some(columns), Some(schema)) = (columns, schema) else { return Ok(None) };
    let one = |((index, column), field): ((usize, ColumnInfo), &Arc<Field>)| {
        let name = if column.name.is_empty() { (index + 1).to_string() } else { column.name };
        let (numeric, size) = match field.data_type() {
            DataType::Decimal128(p, s) | DataType::Decimal256(p, s) => {
                (Some((*p, u8::try_from(*s).unwrap_or(0))), column.length)
            }
            // One of four bytes with a wider range than floats of four bytes have.
            DataType::Float64 => (None, 8),
            _ => ((column.precision > 0).then_some((column.precision, column.scale)), column.length),
        };
        let (precision, scale) = numeric.unzip();
        let code = type_code(column.sql_type, field.data_type());
        (name, code, None::<u8>, size, precision, scale, column.nullable)
    };
    let columns = columns.into_iter().enumerate().zip(schema.fields());
    Ok(Some(PyTuple::new(py, columns.map(one).collect::<Vec<_>>())?))
}

/// Refuses columns that Polars does not take while the result can still be had in another way.
pub(super) fn for_polars(py: Python<'_>, statement: &SharedStatement) -> PyResult<()> {
    let schema = statement.about().schema.clone();
    result_table::for_polars(py, &schema.unwrap_or_else(|| Arc::new(Schema::empty()))).map(drop)
}

/// PEP 249's rowcount.
pub(super) fn row_count(statement: &SharedStatement) -> i64 {
    statement.about().count.and_then(|count| i64::try_from(count).ok()).unwrap_or(-1)
}

/// Moves the server's new remarks into the list that Python sees.
pub(super) fn drain_messages(py: Python<'_>, statement: &SharedStatement, list: &Bound<'_, PyList>) -> PyResult<()> {
    let warnings = std::mem::take(&mut statement.about().warnings);
    for warning in &warnings {
        list.append(errors::warning(py, warning)?)?;
    }
    Ok(())
}

/// Words for `repr`.
pub(super) fn describe_state(statement: &SharedStatement, name: &str) -> String {
    let state = match (statement.is_closed(), statement.about().columns.as_ref()) {
        (true, _) => "closed".to_owned(),
        (false, Some(columns)) => format!("{} columns", columns.len()),
        (false, None) => "no result".to_owned(),
    };
    format!("<drdarrow.{name} {state}>")
}
