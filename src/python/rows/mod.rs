//! Arrow rows as Python's tuples, for the row methods of PEP 249. Their cells need nothing but the standard library:
//! int, float, Decimal, str, bytes, bool, date, time, datetime, None.
//!
//! Rows are made column by column, and zipped: that takes half the time of one row after the other.

mod cells;
pub(super) mod collector;
mod decimals;
mod moments;
mod recent;

use arrow_array::RecordBatch;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyTuple};

use cells::cells;
use collector::PausedCollector;

/// Rows that are made at a time.
const CHUNK: usize = 4096;

/// Rows of one batch, on their way to Python.
pub(super) struct Rows {
    /// The batch.
    pub(super) batch: RecordBatch,
    /// The first row.
    pub(super) at: usize,
    /// How many.
    pub(super) len: usize,
}

impl Rows {
    /// As tuples, after those in `list`. An error is that of the first row that has one; the rows before it are there.
    pub(super) fn append(&self, list: &Bound<'_, PyList>) -> PyResult<()> {
        let py = list.py();
        let end = self.at + self.len;
        for at in (self.at..end).step_by(CHUNK) {
            let len = CHUNK.min(end - at);
            match tuples(py, &self.batch, at, len) {
                Ok(rows) => extend(list, &rows)?,
                Err(_) => (at..at + len).try_for_each(|at| list.append(row(py, &self.batch, at)?))?,
            }
        }
        Ok(())
    }
}

impl<'py> IntoPyObject<'py> for Rows {
    type Target = PyList;
    type Output = Bound<'py, PyList>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        self.append(&list)?;
        Ok(list)
    }
}

/// One row of a batch.
pub(super) fn row<'py>(py: Python<'py>, batch: &RecordBatch, at: usize) -> PyResult<Bound<'py, PyTuple>> {
    let mut row = Vec::with_capacity(batch.num_columns());
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        row.extend(cells(py, field, column.as_ref(), at..at + 1)?);
    }
    PyTuple::new(py, row)
}

/// An iterator of so many rows.
fn tuples<'py>(py: Python<'py>, batch: &RecordBatch, at: usize, len: usize) -> PyResult<Bound<'py, PyAny>> {
    static ZIP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        columns.push(PyList::new(py, cells(py, field, column.as_ref(), at..at + len)?)?);
    }
    if columns.is_empty() {
        return Ok(PyList::new(py, (0..len).map(|_| PyTuple::empty(py)))?.into_any());
    }
    ZIP.import(py, "builtins", "zip")?.call1(PyTuple::new(py, columns)?)
}

fn extend(list: &Bound<'_, PyList>, rows: &Bound<'_, PyAny>) -> PyResult<()> {
    let _paused = PausedCollector::new(list.py())?;
    list.call_method1("extend", (rows,)).map(drop)
}

/// Rows for those who take one at a time, made in advance: the more were taken, the more at once.
#[derive(Default)]
pub(super) struct RowsAhead {
    /// The number in its batch of the first row that is made.
    first: usize,
    made: Option<Py<PyList>>,
    next: usize,
}

impl RowsAhead {
    /// Rows that are made in advance at most.
    const MOST: usize = 256;

    /// Row `at` of a batch, after which there are `left` with itself. The batch is the same until
    /// [`clear`](Self::clear).
    pub(super) fn row<'py>(
        &mut self,
        py: Python<'py>,
        batch: &RecordBatch,
        at: usize,
        left: usize,
    ) -> PyResult<Bound<'py, PyTuple>> {
        if let (Some(place), Some(made)) = (at.checked_sub(self.first), &self.made)
            && let Ok(row) = made.bind(py).get_item(place)
        {
            return Ok(row.cast_into()?);
        }
        self.made = None;
        let len = (self.next * 2).clamp(1, Self::MOST).min(left);
        let ahead = PyList::empty(py);
        // A row that has no form in Python is told when it is its turn.
        if len == 1 || tuples(py, batch, at, len).and_then(|rows| extend(&ahead, &rows)).is_err() {
            self.next = 1;
            return row(py, batch, at);
        }
        let row = ahead.get_item(0)?.cast_into()?;
        (self.first, self.made, self.next) = (at, Some(ahead.unbind()), len);
        Ok(row)
    }

    /// Forgets the rows; the next ones are of another batch.
    pub(super) fn clear(&mut self) {
        self.made = None;
    }
}
