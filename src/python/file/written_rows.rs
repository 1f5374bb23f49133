//! Rows to be added to a file. Those that are not Arrow are taken a thousand at a time and put into columns: rows one
//! after the other that name the same fields go together.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Field, Schema};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyIterator, PyList, PyMapping, PyString, PyTuple};

use super::arguments::{named, names};
use crate::client::error::Result;
use crate::python::arguments::columns::RowsBuilder;
use crate::python::arguments::params;
use crate::python::errors;
use crate::python::wording::kind;

/// Rows that are taken at a time.
const CHUNK: usize = 1024;
/// Rows of small batches of Arrow data that are written at a time.
const GATHERED: usize = 8192;

/// The next batches of Arrow data, until they fill requests; how it ended, once it has.
pub(super) fn gather(
    batches: &mut impl Iterator<Item = std::result::Result<RecordBatch, ArrowError>>,
) -> (Vec<RecordBatch>, Option<std::result::Result<(), ArrowError>>) {
    let (mut taken, mut rows) = (Vec::new(), 0);
    while rows < GATHERED {
        match batches.next() {
            None => return (taken, Some(Ok(()))),
            Some(Err(e)) => return (taken, Some(Err(e))),
            Some(Ok(batch)) => {
                rows += batch.num_rows();
                taken.push(batch);
            }
        }
    }
    (taken, None)
}

/// Rows that are not Arrow, one by one; a dict is a single row.
pub(super) fn rows<'py>(rows: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyIterator>> {
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
pub(super) fn chunk(rows: &mut Bound<'_, PyIterator>, fields: &[String], before: u64) -> PyResult<Vec<RecordBatch>> {
    let py = rows.py();
    let mut taken = NamedRows::default();
    for (row, number) in rows.take(CHUNK).zip(before + 1..) {
        let row = row.map_err(|e| noted(py, e, &added(before)))?;
        let wrong =
            |e| noted(py, errors::at_row(py, e, number), &format!("it is about row {number}; {}", added(before)));
        taken.push(&row, fields).map_err(wrong)?;
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
pub(super) fn added(rows: u64) -> String {
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
