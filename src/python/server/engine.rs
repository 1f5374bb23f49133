//! A Python object as the engine of a server: what `drdarrow.server.engine` calls `Engine` and
//! `EngineSession`. Python is entered only for the calls themselves; the rows of a query are pulled through
//! Arrow's C stream interface without its lock.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};
use pyo3::exceptions::{PyLookupError, PyPermissionError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::python::arrow::capsule;
use crate::python::arrow::imported::{self, Imported};
use crate::python::arrow::result_table::Collected;
use crate::python::rows::Rows as Cells;
use crate::python::runtime;
use crate::server::backend::{
    Backend, ConnectError, Done, Interrupt, Login, Parameters, Prepared, Rows, Session as Serving, TableInfo,
    one_by_one,
};
use crate::server::budget::{Budget, Lease, cost};
use crate::server::error::SqlError;

/// A column or parameter as Python describes it: name, Arrow type in Arrow's words, metadata.
type Described = (String, String, HashMap<String, String>);

/// A table as Python tells of it: schema, name, kind, columns, positions of those that are NOT NULL and of
/// those of the primary key.
type Listed = (String, String, String, Vec<Described>, Vec<usize>, Vec<usize>);

/// An engine written in Python.
pub(super) struct Engine(HeldObject);

impl Engine {
    pub(super) fn new(object: Py<PyAny>) -> Engine {
        Engine(HeldObject(Some(object)))
    }
}

impl Backend for Engine {
    fn connect(&self, login: &Login) -> Result<Box<dyn Serving>, ConnectError> {
        inside(|py| {
            let made = self.0.bind(py)?.call_method1("session", (login.user.as_str(), login.database.as_str()));
            match made {
                Ok(object) => Ok(Ok(EngineSession::new(HeldObject(Some(object.unbind()))))),
                Err(e) if e.is_instance_of::<PyLookupError>(py) => Ok(Err(ConnectError::NoDatabase)),
                Err(e) if e.is_instance_of::<PyPermissionError>(py) => Ok(Err(ConnectError::NotAuthorised)),
                Err(e) => Err(e),
            }
        })?
        .map(|session| Box::new(session) as Box<dyn Serving>)
    }
}

/// One connection's session.
struct EngineSession {
    object: Arc<HeldObject>,
    /// Unread results that stand in the way of the session's next statement.
    shared: Vec<Weak<Mutex<Pulled>>>,
    /// The memory that those may take once they are read.
    budget: Option<Budget>,
    /// Nobody waits for the statement any more.
    unwanted: Arc<AtomicBool>,
}

impl Serving for EngineSession {
    fn hold(&mut self, budget: &Budget) {
        self.budget = Some(budget.clone());
    }

    fn prepare(&mut self, sql: &str) -> Result<Prepared, SqlError> {
        self.clear_way()?;
        inside(|py| {
            let described = self.object.bind(py)?.call_method1("prepare", (sql,))?;
            let (statement, columns, parameters): (u64, Option<Vec<Described>>, Vec<Described>) =
                described.extract()?;
            let fields = |described: Vec<Described>| described.into_iter().map(field).collect::<PyResult<Vec<_>>>();
            let columns = columns.map(fields).transpose()?.map(|fields| Arc::new(Schema::new(fields)));
            Ok(Prepared { statement, columns, parameters: fields(parameters)? })
        })
    }

    fn query(&mut self, statement: u64, parameters: &Parameters) -> Result<Rows, SqlError> {
        self.clear_way()?;
        let pulled = inside(|py| {
            let values = match values(py, parameters)?.get_item(0) {
                Ok(row) => row,
                Err(_) => PyTuple::empty(py).into_any(),
            };
            let result = self.object.bind(py)?.call_method1("query", (statement, values))?;
            let reader = imported::reader(&result)?;
            let shared = result.getattr("shared")?.extract::<bool>()?;
            Ok((Pulled::new(reader, HeldObject(Some(result.unbind()))), shared))
        });
        let (pulled, shared) = pulled?;
        let pulled = Arc::new(Mutex::new(pulled));
        if shared {
            self.shared.push(Arc::downgrade(&pulled));
        }
        Ok(Box::new(std::iter::from_fn(move || lock(&pulled).next())))
    }

    fn execute(&mut self, statement: u64, parameters: &Parameters) -> Result<Done, SqlError> {
        self.clear_way()?;
        inside(|py| {
            let object = self.object.bind(py)?;
            if (parameters.rows > 1 || has_nanoseconds(parameters) || is_careful(object)?)
                && let Some(method) = object.getattr_opt("execute_array")?
            {
                return done(&method.call1((statement, array(py, parameters)?, true))?);
            }
            done(&object.call_method1("execute", (statement, values(py, parameters)?))?)
        })
    }

    fn execute_each(&mut self, statement: u64, parameters: &Parameters) -> Vec<Result<Done, SqlError>> {
        if let Err(full) = self.clear_way() {
            return vec![Err(full); parameters.rows];
        }
        let each = inside(|py| {
            let Some(method) = self.object.bind(py)?.getattr_opt("execute_array")? else { return Ok(None) };
            let answers = method.call1((statement, array(py, parameters)?, false))?;
            let answers = answers.extract::<Vec<Bound<'_, PyAny>>>()?;
            // Most are numbers: what is not looked for cannot be missing.
            let row = |answer: &Bound<'_, PyAny>| match done(answer) {
                Ok(done) => Ok(Ok(done)),
                Err(error) => told_in_sql(answer).map(Err).ok_or(error),
            };
            answers.iter().map(row).collect::<PyResult<Vec<_>>>().map(Some)
        });
        match each {
            Ok(Some(each)) if each.len() == parameters.rows => each,
            Ok(Some(_)) => vec![Err(SqlError::system("not one answer for each row")); parameters.rows],
            Ok(None) => one_by_one(parameters, |row| self.execute(statement, row)),
            Err(error) => vec![Err(error); parameters.rows],
        }
    }

    fn execute_gathered(&mut self, statement: u64, rows: &Parameters) -> Option<Vec<Result<Done, SqlError>>> {
        if self.clear_way().is_err() {
            return Some(Vec::new());
        }
        let answer = inside(|py| {
            let Some(method) = self.object.bind(py)?.getattr_opt("execute_gathered")? else { return Ok(None) };
            let answer = method.call1((statement, array(py, rows)?))?;
            let Some((count, next)) = answer.extract::<Option<(usize, Option<Bound<'_, PyAny>>)>>()? else {
                return Ok(None);
            };
            let next = next.map(|e| told_in_sql(&e).unwrap_or_else(|| unforeseen(py, "the answer", &e)));
            Ok(Some((count, next)))
        });
        match answer {
            Ok(None) => None,
            Ok(Some((count, next))) if count + usize::from(next.is_some()) <= rows.rows => {
                let done = Done { count: Some(1), warning: None };
                Some(std::iter::repeat_n(Ok(done), count).chain(next.map(Err)).collect())
            }
            Ok(Some(_)) => Some(vec![Err(SqlError::system("an answer for more rows than there are")); rows.rows]),
            Err(error) => Some(vec![Err(error); rows.rows]),
        }
    }

    fn forget(&mut self, statement: u64) {
        let _ = inside(|py| self.object.bind(py)?.call_method1("forget", (statement,)).map(drop));
    }

    fn set(&mut self, sql: &str) -> Result<(), SqlError> {
        self.clear_way()?;
        inside(|py| self.object.bind(py)?.call_method1("set", (sql,)).map(drop))
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        self.clear_way()?;
        inside(|py| self.object.bind(py)?.call_method0("commit").map(drop))
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        // What was read in the transaction goes with it.
        for pulled in std::mem::take(&mut self.shared).iter().filter_map(Weak::upgrade) {
            lock(&pulled).give_up();
        }
        inside(|py| self.object.bind(py)?.call_method0("rollback").map(drop))
    }

    fn tables(&mut self) -> Result<Vec<TableInfo>, SqlError> {
        self.clear_way()?;
        let tables = inside(|py| {
            let Some(method) = self.object.bind(py)?.getattr_opt("tables")? else { return Ok(None) };
            method.call0()?.extract::<Vec<Listed>>()?.into_iter().map(listed).collect::<PyResult<_>>().map(Some)
        });
        tables?.ok_or_else(|| SqlError::no_routine("SQLTABLES"))
    }

    fn interrupt(&self) -> Option<Interrupt> {
        let object = Arc::downgrade(&self.object);
        let unwanted = self.unwanted.clone();
        Some(Arc::new(move || {
            unwanted.store(true, Ordering::Release);
            if let Some(object) = object.upgrade() {
                let _ = inside(|py| object.bind(py)?.call_method0("interrupt").map(drop));
            }
        }))
    }
}

impl EngineSession {
    fn new(object: HeldObject) -> EngineSession {
        EngineSession { object: Arc::new(object), shared: Vec::new(), budget: None, unwanted: Arc::default() }
    }

    /// Reads unread results into memory: the next statement needs their connection. What there is no memory for stays
    /// unread, and the statement fails.
    fn clear_way(&mut self) -> Result<(), SqlError> {
        self.unwanted.store(false, Ordering::Release);
        while let Some(last) = self.shared.last() {
            if let Some(pulled) = last.upgrade() {
                lock(&pulled).read_ahead(self.budget.as_ref(), &self.unwanted)?;
            }
            self.shared.pop();
        }
        Ok(())
    }
}

impl Drop for EngineSession {
    fn drop(&mut self) {
        let _ = inside(|py| self.object.bind(py)?.call_method0("close").map(drop));
    }
}

/// Single rows are to come as arrays.
fn is_careful(session: &Bound<'_, PyAny>) -> PyResult<bool> {
    session.getattr_opt("careful")?.map_or(Ok(false), |careful| careful.is_truthy())
}

/// An object of Python's. Let go of here and now: a reference that is dropped without Python's lock is
/// counted down by whichever thread comes to Python next, at a bad time for a connection to a database.
struct HeldObject(Option<Py<PyAny>>);

impl HeldObject {
    fn bind<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let object = self.0.as_ref().map(|object| object.bind(py));
        object.ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("gone"))
    }
}

impl Drop for HeldObject {
    fn drop(&mut self) {
        let mut object = std::mem::ManuallyDrop::new(self.0.take());
        runtime::inside(|_| drop(object.take()));
    }
}

/// A result being read.
struct Pulled {
    reader: Option<Imported>,
    /// Rows that were read because the connection was needed, with leases for them.
    held: VecDeque<(Result<RecordBatch, SqlError>, Option<Lease>)>,
    result: Option<HeldObject>,
}

impl Pulled {
    fn new(reader: Imported, result: HeldObject) -> Pulled {
        Pulled { reader: Some(reader), held: VecDeque::new(), result: Some(result) }
    }

    /// The next batch, wherever it is.
    fn next(&mut self) -> Option<Result<RecordBatch, SqlError>> {
        self.held.pop_front().map(|(batch, _)| batch).or_else(|| self.pull())
    }

    fn pull(&mut self) -> Option<Result<RecordBatch, SqlError>> {
        let reader = self.reader.as_mut()?;
        let Some(pulled) = runtime::foreign(|| reader.next()) else {
            return Some(Err(SqlError::system("the program ends")));
        };
        match pulled {
            Some(Ok(batch)) => Some(Ok(batch)),
            None => {
                self.close();
                None
            }
            Some(Err(error)) => {
                self.release();
                let trouble = self.trouble(&error);
                self.close();
                Some(Err(trouble))
            }
        }
    }

    fn read_ahead(&mut self, budget: Option<&Budget>, unwanted: &AtomicBool) -> Result<(), SqlError> {
        // The next batch is most likely as long as the one before.
        let mut bytes = 1;
        loop {
            if unwanted.load(Ordering::Acquire) {
                return Err(SqlError::interrupted());
            }
            if self.reader.is_some() {
                budget.map(|budget| budget.lease(bytes)).transpose()?;
            }
            let Some(batch) = self.pull() else { return Ok(()) };
            let lease = budget.zip(batch.as_ref().ok()).map(|(budget, batch)| {
                let mut lease = budget.empty();
                bytes = cost(batch);
                lease.force(bytes);
                lease
            });
            self.held.push_back((batch, lease));
        }
    }

    fn give_up(&mut self) {
        self.close();
        self.held.clear();
        self.held.push_back((Err(SqlError::new(-501, "24501", &[])), None));
    }

    /// The SQL error for the engine's words.
    fn trouble(&self, error: &ArrowError) -> SqlError {
        let words = capsule::text(error);
        let told = inside(|py| {
            let Some(result) = &self.result else { return Ok(unforeseen(py, "the stream", &words)) };
            let told = result.bind(py)?.call_method1("trouble", (words.as_str(),))?;
            Ok(told_in_sql(&told).unwrap_or_else(|| unforeseen(py, "the stream", &words)))
        });
        told.unwrap_or_else(|e| e)
    }

    /// Lets go of the stream. Once the interpreter ends nobody may call its owner any more: it is left.
    fn release(&mut self) {
        let reader = self.reader.take();
        let mut reader = std::mem::ManuallyDrop::new(reader);
        runtime::foreign(|| drop(reader.take()));
    }

    fn close(&mut self) {
        // The stream first: the connection below it is free then.
        self.release();
        if let Some(result) = self.result.take() {
            let _ = inside(|py| result.bind(py)?.call_method0("close").map(drop));
        }
    }
}

impl Drop for Pulled {
    fn drop(&mut self) {
        self.close();
    }
}

fn lock(pulled: &Mutex<Pulled>) -> MutexGuard<'_, Pulled> {
    pulled.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls Python; its exceptions become conditions of SQL.
fn inside<T>(call: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T, SqlError> {
    let called = runtime::inside(|py| {
        call(py).map_err(|e| {
            let value = e.value(py).as_any();
            told_in_sql(value).unwrap_or_else(|| {
                let kind = value.get_type().name().map_or_else(|_| "an exception".to_owned(), |name| name.to_string());
                unforeseen(py, &kind, value)
            })
        })
    });
    called.unwrap_or_else(|| Err(SqlError::system("the program ends")))
}

/// The client's error for an exception that says nothing in SQL: its kind and a number, by which the log tells the
/// rest.
fn unforeseen<'py>(py: Python<'py>, kind: &str, error: impl IntoPyObject<'py>) -> SqlError {
    let told = py.import("drdarrow.server.unforeseen").and_then(|module| {
        let told = module.call_method1("unforeseen", (kind, error))?;
        Ok(told_in_sql(&told))
    });
    told.ok().flatten().unwrap_or_else(|| SqlError::system(kind))
}

/// Python's datetime has none: such a row goes in as an array.
fn has_nanoseconds(parameters: &Parameters) -> bool {
    parameters.columns.iter().any(|column| matches!(column.data_type(), DataType::Timestamp(TimeUnit::Nanosecond, _)))
}

/// The answer of `execute`: rows changed, or None.
fn done(answer: &Bound<'_, PyAny>) -> PyResult<Done> {
    let count = answer.extract::<Option<u64>>()?;
    let warning = (count == Some(0)).then(|| SqlError::new(100, "02000", &[]));
    Ok(Done { count, warning })
}

/// An exception that says what it is in SQL.
fn told_in_sql(error: &Bound<'_, PyAny>) -> Option<SqlError> {
    Some(SqlError {
        sqlcode: error.getattr("sqlcode").ok()?.extract().ok()?,
        sqlstate: error.getattr("sqlstate").ok()?.extract().ok()?,
        tokens: error.getattr("tokens").ok()?.extract().ok()?,
        rolled_back: error.getattr("rolled_back").ok()?.extract().ok()?,
    })
}

fn field((name, data_type, metadata): Described) -> PyResult<Field> {
    let data_type: DataType =
        data_type.parse().map_err(|e: ArrowError| pyo3::exceptions::PyValueError::new_err(capsule::text(&e)))?;
    Ok(Field::new(name, data_type, true).with_metadata(metadata))
}

fn listed((schema, name, kind, columns, required, key): Listed) -> PyResult<TableInfo> {
    let fields = columns.into_iter().enumerate().map(|(n, column)| {
        let nullable = !required.contains(&n);
        Ok(field(column)?.with_nullable(nullable))
    });
    let columns = Arc::new(Schema::new(fields.collect::<PyResult<Vec<_>>>()?));
    Ok(TableInfo { schema, name, kind, columns, key })
}

/// Parameters as Arrow data: columns 1, 2 and so on, and the number of the row, from 0, as column 0.
fn array(py: Python<'_>, parameters: &Parameters) -> PyResult<Py<Collected>> {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..parameters.rows as i64));
    let columns: Vec<ArrayRef> = std::iter::once(numbers).chain(parameters.columns.iter().cloned()).collect();
    let field = |(n, column): (usize, &ArrayRef)| Field::new(n.to_string(), column.data_type().clone(), true);
    let schema = Arc::new(Schema::new(columns.iter().enumerate().map(field).collect::<Vec<_>>()));
    let batch = RecordBatch::try_new(schema.clone(), columns)
        .map_err(|e| pyo3::exceptions::PyValueError::new_err(capsule::text(&e)))?;
    Py::new(py, Collected::new(schema, vec![batch]))
}

/// Parameters as tuples.
fn values<'py>(py: Python<'py>, parameters: &Parameters) -> PyResult<Bound<'py, PyList>> {
    let fields: Vec<Field> = parameters
        .columns
        .iter()
        .enumerate()
        .map(|(n, column)| Field::new((n + 1).to_string(), column.data_type().clone(), true))
        .collect();
    if fields.is_empty() {
        return PyList::new(py, std::iter::repeat_n(PyTuple::empty(py), parameters.rows));
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), parameters.columns.clone())
        .map_err(|e| pyo3::exceptions::PyValueError::new_err(capsule::text(&e)))?;
    Cells { at: 0, len: batch.num_rows(), batch }.into_pyobject(py)
}
