//! The cursor of PEP 249 and its sister for asyncio: what they hold, and how a method comes by their statement.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use pyo3::prelude::*;
use pyo3::types::PyList;
use pyo3::{PyTraverseError, PyVisit};

use super::fetch;
use super::row_factory::RowFactory;
use super::statement::SharedStatement;
use crate::python::errors;
use crate::python::errors::Raise;
use crate::python::ownership::Owned;

/// Executes statements and fetches their rows (PEP 249).
///
/// Made by `Connection.cursor()`. Parameters are question marks. One thread at a time may use a
/// cursor: another one gets InterfaceError. Several cursors of a connection may read side by side.
#[pyclass(frozen, module = "drdarrow", weakref)]
pub(in crate::python) struct Cursor {
    /// The Connection; only handed back, so its class need not be known here.
    pub(super) connection: Py<PyAny>,
    pub(super) statement: Owned<Arc<SharedStatement>>,
    pub(super) messages: Py<PyList>,
    pub(super) arraysize: AtomicUsize,
    pub(super) rows: RowFactory,
}

/// Executes statements and fetches their rows. One task at a time may use it.
#[pyclass(frozen, module = "drdarrow.aio", weakref)]
pub(in crate::python) struct AsyncCursor {
    pub(super) connection: Py<PyAny>,
    pub(super) statement: Owned<Arc<SharedStatement>>,
    pub(super) messages: Py<PyList>,
    pub(super) arraysize: AtomicUsize,
    pub(super) rows: RowFactory,
    /// Rows fetched and not handed out: those of a fetch that was cancelled.
    #[pyo3(get)]
    _kept: Py<PyList>,
    /// An `asyncio.Lock`, of the fetch under way.
    #[pyo3(get)]
    _turn: Py<PyAny>,
}

impl Cursor {
    pub(super) fn new(
        py: Python<'_>,
        connection: Py<PyAny>,
        statement: Arc<SharedStatement>,
        rows: RowFactory,
    ) -> Cursor {
        let messages = PyList::empty(py).unbind();
        Cursor { connection, statement: Owned::new(statement), messages, arraysize: AtomicUsize::new(1), rows }
    }

    /// The statement, for something new.
    pub(super) fn anew(&self, py: Python<'_>) -> PyResult<Arc<SharedStatement>> {
        let statement = self.statement.get().or_raise(py)?;
        statement.usable().or_raise(py)?;
        self.messages.bind(py).call_method0("clear")?;
        Ok(statement.clone())
    }

    /// The statement, for its next result set.
    pub(super) fn next(&self, py: Python<'_>) -> PyResult<Arc<SharedStatement>> {
        self.statement.get().or_raise(py).cloned()
    }

    /// Shows Python's collector what it holds.
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.connection)?;
        visit.call(&self.messages)?;
        self.rows.traverse(visit)
    }

    /// So many rows, made by the row factory. Those that it refuses are lost.
    pub(super) fn made<'py>(slf: &Bound<'py, Cursor>, wanted: usize) -> PyResult<Bound<'py, PyList>> {
        let py = slf.py();
        let statement = slf.get().statement.get().or_raise(py)?;
        let maker = slf.get().rows.maker(slf, statement)?;
        let rows = fetch::many(py, statement, wanted)?;
        maker.all(rows).inspect_err(|_| statement.lose())
    }

    /// Rows that were fetched and not handed out: none.
    pub(super) fn seen(&self, _py: Python<'_>) -> usize {
        0
    }

    /// The same, which are given up.
    pub(super) fn unseen(&self, _py: Python<'_>) -> PyResult<usize> {
        Ok(0)
    }

    /// Nothing speaks against taking the whole result.
    pub(super) fn whole(&self, _py: Python<'_>) -> PyResult<()> {
        Ok(())
    }
}

impl AsyncCursor {
    pub(super) fn new(
        py: Python<'_>,
        connection: Py<PyAny>,
        statement: Arc<SharedStatement>,
        rows: RowFactory,
    ) -> PyResult<AsyncCursor> {
        Ok(AsyncCursor {
            connection,
            statement: Owned::new(statement),
            messages: PyList::empty(py).unbind(),
            arraysize: AtomicUsize::new(1),
            rows,
            _kept: PyList::empty(py).unbind(),
            _turn: py.import("asyncio")?.call_method0("Lock")?.unbind(),
        })
    }

    /// Shows Python's collector what it holds.
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.connection)?;
        visit.call(&self.messages)?;
        visit.call(&self._kept)?;
        visit.call(&self._turn)?;
        self.rows.traverse(visit)
    }

    /// Rows that were fetched and not handed out.
    pub(super) fn seen(&self, py: Python<'_>) -> usize {
        self._kept.bind(py).len()
    }

    /// The same, which are given up.
    pub(super) fn unseen(&self, py: Python<'_>) -> PyResult<usize> {
        let kept = self.seen(py);
        self._kept.bind(py).call_method0("clear")?;
        Ok(kept)
    }

    /// Refuses to go on as if a cancelled fetch had taken nothing.
    pub(super) fn whole(&self, py: Python<'_>) -> PyResult<()> {
        if self._kept.bind(py).is_empty() {
            return Ok(());
        }
        let text = "rows of a fetch that was cancelled are waiting: fetch them as rows, or execute again";
        Err(errors::interface(py, text))
    }

    /// The statement, for something new.
    pub(super) fn anew(&self, py: Python<'_>) -> PyResult<Arc<SharedStatement>> {
        let statement = self.next(py)?;
        statement.usable().or_raise(py)?;
        self.messages.bind(py).call_method0("clear")?;
        Ok(statement)
    }

    /// The statement, for its next result set. Until that comes, nobody goes on after the rows that are given up.
    pub(super) fn next(&self, py: Python<'_>) -> PyResult<Arc<SharedStatement>> {
        let statement = self.statement.get().or_raise(py)?;
        if !self._kept.bind(py).is_empty() {
            self._kept.bind(py).call_method0("clear")?;
            statement.lose();
        }
        Ok(statement.clone())
    }
}
