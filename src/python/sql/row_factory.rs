//! Rows in a form of the caller's. A row factory is called with the cursor, once for each result, and returns what makes
//! a row of a tuple: the convention of psycopg. Dicts are made here.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_schema::SchemaRef;
use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};

use super::statement::SharedStatement;
use crate::python::arguments::given::Given;
use crate::python::errors;
use crate::python::rows::collector::PausedCollector;
use crate::python::wording::kind;

/// The argument of `connect()`.
const NAME: &str = "row_factory";

/// The row factory of a cursor, or of the cursors that a connection makes.
#[derive(Default)]
pub(in crate::python) struct RowFactory {
    /// There is one: rows are not as they come.
    used: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    factory: Option<Py<PyAny>>,
    /// The maker of rows of one result, which is known by its columns.
    made: Option<(SchemaRef, Py<PyAny>)>,
}

impl RowFactory {
    /// The one given, else that of the connection.
    pub(super) fn of_cursor(py: Python<'_>, given: &Given<'_>, connection: &RowFactory) -> PyResult<RowFactory> {
        let own = RowFactory::default();
        match given.value() {
            Some(factory) => own.set(factory)?,
            None => own.set(connection.get(py).bind(py))?,
        }
        Ok(own)
    }

    /// That of a connection to be, which is taken out of its settings.
    pub(super) fn taken(settings: Option<&Bound<'_, PyDict>>) -> PyResult<RowFactory> {
        let own = RowFactory::default();
        if let Some((settings, factory)) = settings.zip(settings.map(|s| s.get_item(NAME)).transpose()?.flatten()) {
            settings.del_item(NAME)?;
            own.set(&factory)?;
        }
        Ok(own)
    }

    /// That of a connection of either kind, for a cursor that others make.
    pub(super) fn of_connection(connection: &Bound<'_, PyAny>) -> PyResult<RowFactory> {
        let own = RowFactory::default();
        own.set(&connection.getattr("row_factory")?)?;
        Ok(own)
    }

    /// For Python; None without one.
    pub(super) fn get(&self, py: Python<'_>) -> Py<PyAny> {
        self.state().factory.as_ref().map_or_else(|| py.None(), |factory| factory.clone_ref(py))
    }

    /// Takes a callable, or None for tuples.
    pub(super) fn set(&self, factory: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = factory.py();
        // A class of collections would read the cursor's rows.
        let collects = factory.cast::<PyType>().is_ok_and(|class| {
            class.is_subclass_of::<PyDict>().unwrap_or(true)
                || class.is_subclass_of::<PyTuple>().unwrap_or(true)
                || class.is_subclass_of::<PyList>().unwrap_or(true)
        });
        if !factory.is_none() && (collects || !factory.is_callable()) {
            let text = "row_factory: expected None or a callable that takes the cursor and returns what makes a row of \
                        a tuple, such as drdarrow.rows.dict_row";
            let got = if collects { format!("the class {}", factory.str()?) } else { kind(factory) };
            return Err(errors::interface(py, format!("{text}, not {got}")));
        }
        let state = State { factory: Some(factory.clone().unbind()).filter(|_| !factory.is_none()), made: None };
        self.used.store(state.factory.is_some(), Ordering::Release);
        // It goes when the lock is free again: whatever it holds may have a finalizer.
        let before = std::mem::replace(&mut *self.state(), state);
        drop(before);
        Ok(())
    }

    /// The maker of the rows of the result in hand.
    pub(super) fn maker<'py>(
        &self,
        cursor: &Bound<'py, impl PyTypeInfo>,
        statement: &SharedStatement,
    ) -> PyResult<RowMaker<'py>> {
        let py = cursor.py();
        if !self.used.load(Ordering::Acquire) {
            return Ok(RowMaker::Tuples);
        }
        let schema = statement.about().schema.clone();
        let (factory, made) = {
            let state = self.state();
            let made = state.made.as_ref().zip(schema.as_ref()).filter(|((of, _), schema)| Arc::ptr_eq(of, schema));
            let made = made.map(|((_, maker), _)| maker.clone_ref(py));
            (state.factory.as_ref().map(|factory| factory.clone_ref(py)), made)
        };
        // Without a result the fetch itself says so.
        let (Some(factory), Some(schema)) = (factory, schema) else { return Ok(RowMaker::Tuples) };
        if let Some(made) = made {
            return Ok(RowMaker::of(made.into_bound(py)));
        }
        let maker = factory.bind(py).call1((cursor,))?;
        if !maker.is_callable() {
            let text = format!("row_factory: it returned {}, which cannot be called with a row", kind(&maker));
            return Err(errors::interface(py, text));
        }
        let before = self.state().made.replace((schema, maker.clone().unbind()));
        drop(before);
        Ok(RowMaker::of(maker))
    }

    /// For Python's collector: a factory may hold the cursor or connection that has it.
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // One that is in use now is not garbage.
        let Ok(state) = self.state.try_lock() else { return Ok(()) };
        visit.call(state.factory.as_ref())?;
        visit.call(state.made.as_ref().map(|(_, maker)| maker))
    }

    /// Lets go of what it holds.
    pub(super) fn clear(&self) {
        let before = std::mem::take(&mut *self.state());
        drop(before);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The maker of rows, out of tuples.
pub(super) enum RowMaker<'py> {
    Tuples,
    Dicts(Bound<'py, DictMaker>),
    Other(Bound<'py, PyAny>),
}

impl<'py> RowMaker<'py> {
    fn of(maker: Bound<'py, PyAny>) -> RowMaker<'py> {
        match maker.cast_into_exact::<DictMaker>() {
            Ok(dicts) => RowMaker::Dicts(dicts),
            Err(other) => RowMaker::Other(other.into_inner()),
        }
    }

    /// One row.
    pub(super) fn one(&self, row: Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            RowMaker::Tuples => Ok(row.into_any()),
            RowMaker::Dicts(dicts) => dicts.get().dict(&row).map(Bound::into_any),
            RowMaker::Other(make) => make.call1((row,)),
        }
    }

    /// All rows of a list, in a list. That of the tuples may be the same.
    pub(super) fn all(&self, rows: Bound<'py, PyList>) -> PyResult<Bound<'py, PyList>> {
        if let RowMaker::Tuples = self {
            return Ok(rows);
        }
        let made = PyList::empty(rows.py());
        let _paused = PausedCollector::new(rows.py())?;
        for row in &rows {
            made.append(self.one(row.cast_into()?)?)?;
        }
        Ok(made)
    }
}

/// Makes a dict of a row, by the names of its columns.
#[pyclass(frozen, module = "drdarrow._core")]
pub(in crate::python) struct DictMaker(Vec<Py<PyString>>);

#[pymethods]
impl DictMaker {
    #[new]
    fn new(names: Vec<Bound<'_, PyString>>) -> DictMaker {
        DictMaker(names.into_iter().map(Bound::unbind).collect())
    }

    fn __call__<'py>(&self, row: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyDict>> {
        self.dict(row)
    }
}

impl DictMaker {
    fn dict<'py>(&self, row: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyDict>> {
        let py = row.py();
        if row.len() != self.0.len() {
            return Err(errors::interface(py, format!("{} names for {} values", self.0.len(), row.len())));
        }
        let dict = PyDict::new(py);
        for (name, value) in self.0.iter().zip(row.iter_borrowed()) {
            dict.set_item(name.bind_borrowed(py), value)?;
        }
        Ok(dict)
    }
}
