//! A Python object as the engine of a server: what `drdarrow.server.engine` calls `Engine` and
//! `EngineSession`. Python is entered only for the calls themselves; the rows of a query are pulled through
//! Arrow's C stream interface without its lock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use pyo3::exceptions::{PyLookupError, PyPermissionError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::calls::{HeldObject, inside, told_in_sql, unforeseen};
use super::catalog::{CatalogViews, Described, Objects, field};
use super::pulled::{Loss, Pulled, Pulling, lock};
use crate::python::arrow::capsule;
use crate::python::arrow::imported;
use crate::python::arrow::result_table::Collected;
use crate::python::rows::Rows as Cells;
use crate::server::backend::{
    Backend, Called, CalledRows, ConnectError, Done, Interrupt, Login, ParameterMode, Parameters, Prepared,
    PreparedCall, Rows, Session as Serving, one_by_one,
};
use crate::server::budget::Budget;
use crate::server::catalog::database::Database;
use crate::server::catalog::view::Catalog;
use crate::server::error::SqlError;

/// An engine written in Python.
pub(super) struct Engine(HeldObject);

impl Engine {
    pub(super) fn new(object: Py<PyAny>) -> Engine {
        Engine(HeldObject::new(object))
    }
}

impl Backend for Engine {
    fn connect(&self, login: &Login) -> Result<Box<dyn Serving>, ConnectError> {
        inside(|py| {
            let engine = self.0.bind(py)?;
            let reading = login.read_only && engine.hasattr("reading_session")?;
            let method = if reading { "reading_session" } else { "session" };
            let made = engine.call_method1(method, (login.user.as_str(), login.database.as_str()));
            match made {
                Ok(object) => Ok(Ok(EngineSession::new(HeldObject::new(object.unbind())))),
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
    /// Rows that the last query has changed, if it was one over those of a change.
    changed: Option<u64>,
    /// The memory that those may take once they are read.
    budget: Option<Budget>,
    /// The statement is to end.
    unwanted: Arc<AtomicBool>,
    pulling: Pulling,
    /// The transaction is gone, and the requester does not know it yet.
    loss: Loss,
}

impl Serving for EngineSession {
    fn hold(&mut self, budget: &Budget) {
        self.budget = Some(budget.clone());
    }

    fn prepare(&mut self, sql: &str) -> Result<Prepared, SqlError> {
        self.clear_way()?;
        inside(|py| prepared(&self.object.bind(py)?.call_method1("prepare", (sql,))?))
    }

    fn prepare_updatable(&mut self, sql: &str) -> Result<Prepared, SqlError> {
        self.clear_way()?;
        inside(|py| {
            let Some(method) = self.object.bind(py)?.getattr_opt("prepare_updatable")? else { return Ok(None) };
            prepared(&method.call1((sql,))?).map(Some)
        })?
        .ok_or_else(|| SqlError::new(-511, "42829", &[]))
    }

    fn prepare_at_row(&mut self, sql: &str, of: u64) -> Result<Prepared, SqlError> {
        self.clear_way()?;
        inside(|py| prepared(&self.object.bind(py)?.call_method1("prepare_at_row", (sql, of))?))
    }

    fn query(&mut self, statement: u64, parameters: &Parameters) -> Result<Rows, SqlError> {
        self.clear_way()?;
        self.changed = None;
        inside(|py| {
            let values = first_row(py, parameters)?;
            let result = self.object.bind(py)?.call_method1("query", (statement, values))?;
            self.changed = result.getattr_opt("changed")?.map(|count| count.extract()).transpose()?.flatten();
            self.rows(result)
        })
    }

    fn prepare_call(&mut self, sql: &str) -> Result<PreparedCall, SqlError> {
        self.clear_way()?;
        inside(|py| {
            let Some(method) = self.object.bind(py)?.getattr_opt("prepare_call")? else { return Ok(None) };
            let made = method.call1((sql,))?;
            let (statement, procedure) = (made.get_item(0)?.extract()?, made.get_item(1)?.extract()?);
            let parameters: Vec<(String, Described)> = made.get_item(2)?.extract()?;
            let reads = made.getattr_opt("reads")?.map(|reads| reads.extract()).transpose()?.unwrap_or(false);
            let marker = |(mode, described): (String, Described)| Ok((parameter_mode(&mode)?, field(described)?));
            let parameters = parameters.into_iter().map(marker).collect::<PyResult<Vec<_>>>()?;
            Ok(Some(PreparedCall { statement, procedure, parameters, reads }))
        })?
        .ok_or_else(|| SqlError::no_routine("CALL"))
    }

    fn call(&mut self, statement: u64, parameters: &Parameters) -> Result<Called, SqlError> {
        self.clear_way()?;
        inside(|py| {
            let values = first_row(py, parameters)?;
            let called = self.object.bind(py)?.call_method1("call", (statement, values))?;
            let (status, changed, values, results) = called.extract::<PythonCalled<'_>>()?;
            let values = values.map(|result| self.rows(result)).transpose()?;
            let results = results.into_iter().map(|(name, columns, result)| {
                let fields = columns.into_iter().map(field).collect::<PyResult<Vec<_>>>()?;
                Ok(CalledRows { name, schema: Arc::new(Schema::new(fields)), rows: self.rows(result)? })
            });
            let results = results.collect::<PyResult<Vec<_>>>()?;
            Ok(Called { status, changed, values, results })
        })
    }

    fn rows_changed(&mut self) -> Option<u64> {
        self.changed.take()
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

    fn reset(&mut self) -> Result<(), SqlError> {
        self.clear_way()?;
        inside(|py| match self.object.bind(py)?.getattr_opt("reset")? {
            Some(method) => method.call0().map(drop),
            None => Ok(()),
        })
    }

    fn lost(&self) -> Option<SqlError> {
        self.loss.check().err()
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
        self.loss.forget();
        inside(|py| self.object.bind(py)?.call_method0("rollback").map(drop))
    }

    fn prepare_to_commit(&mut self) -> Result<(), SqlError> {
        self.clear_way()
    }

    fn appear_as(&mut self, catalog: &Catalog) {
        let views = CatalogViews::new(catalog.clone(), self.budget.clone());
        // An engine without views of the catalog has no such method.
        let _ = inside(|py| {
            let Some(method) = self.object.bind(py)?.getattr_opt("appear_as")? else { return Ok(()) };
            method.call1((views,)).map(drop)
        });
    }

    fn database(&mut self) -> Result<Database, SqlError> {
        self.clear_way()?;
        let objects = inside(|py| {
            let Some(method) = self.object.bind(py)?.getattr_opt("objects")? else { return Ok(None) };
            method.call0()?.extract::<Objects>()?.database().map(Some)
        });
        objects?.ok_or_else(|| SqlError::no_routine("SQLTABLES"))
    }

    fn changed(&self) -> Option<bool> {
        if self.loss.check().is_err() {
            // What it had changed is missing, and nobody may take it for a transaction that has only read.
            return Some(true);
        }
        inside(|py| self.object.bind(py)?.getattr_opt("changed")?.map(|changed| changed.is_truthy()).transpose())
            .ok()?
    }

    fn interrupt(&self) -> Option<Interrupt> {
        let object = Arc::downgrade(&self.object);
        let (unwanted, pulling) = (self.unwanted.clone(), self.pulling.clone());
        Some(Arc::new(move || {
            unwanted.store(true, Ordering::Release);
            if pulling.interrupt() {
                return;
            }
            if let Some(object) = object.upgrade() {
                let _ = inside(|py| object.bind(py)?.call_method0("interrupt").map(drop));
            }
        }))
    }
}

impl EngineSession {
    fn new(object: HeldObject) -> EngineSession {
        EngineSession {
            object: Arc::new(object),
            shared: Vec::new(),
            changed: None,
            budget: None,
            unwanted: Arc::default(),
            pulling: Pulling::default(),
            loss: Loss::default(),
        }
    }

    /// The rows of a result.
    fn rows(&mut self, result: Bound<'_, PyAny>) -> PyResult<Rows> {
        let reader = imported::reader(&result)?;
        let shared = result.getattr("shared")?.extract::<bool>()?;
        let result = HeldObject::new(result.unbind());
        let pulled = Pulled::new(reader, result, self.pulling.clone(), self.loss.clone(), shared);
        let pulled = Arc::new(Mutex::new(pulled));
        if shared {
            self.shared.push(Arc::downgrade(&pulled));
        }
        Ok(Box::new(std::iter::from_fn(move || lock(&pulled).next())))
    }

    /// Reads unread results into memory: the next statement needs their connection. What there is no memory for stays
    /// unread, and the statement fails. So does every statement after the rows of one have cost the transaction, until
    /// that is rolled back.
    fn clear_way(&mut self) -> Result<(), SqlError> {
        self.loss.check()?;
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

/// `drdarrow.server.engine.Called`.
type PythonCalled<'py> = (i32, bool, Option<Bound<'py, PyAny>>, Vec<(String, Vec<Described>, Bound<'py, PyAny>)>);

/// Which way a marker of a CALL goes.
fn parameter_mode(mode: &str) -> PyResult<ParameterMode> {
    match mode {
        "IN" => Ok(ParameterMode::In),
        "OUT" => Ok(ParameterMode::Out),
        "INOUT" => Ok(ParameterMode::InOut),
        _ => Err(pyo3::exceptions::PyValueError::new_err(format!("{mode:?} is not IN, OUT or INOUT"))),
    }
}

/// A statement as Python describes it.
fn prepared(described: &Bound<'_, PyAny>) -> PyResult<Prepared> {
    let (statement, columns, parameters): (u64, Option<Vec<Described>>, Vec<Described>) = described.extract()?;
    let fields = |described: Vec<Described>| described.into_iter().map(field).collect::<PyResult<Vec<_>>>();
    let columns = columns.map(fields).transpose()?.map(|fields| {
        let told = fields.into_iter().map(|field| {
            let nullable = !field.metadata().contains_key("drda:required");
            field.with_nullable(nullable)
        });
        Arc::new(Schema::new(told.collect::<Vec<_>>()))
    });
    Ok(Prepared { statement, columns, parameters: fields(parameters)? })
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

/// The values of the first row of parameters.
fn first_row<'py>(py: Python<'py>, parameters: &Parameters) -> PyResult<Bound<'py, PyAny>> {
    Ok(match values(py, parameters)?.get_item(0) {
        Ok(row) => row,
        Err(_) => PyTuple::empty(py).into_any(),
    })
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
