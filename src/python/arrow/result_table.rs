//! A result read to its end, on its way into a table or data frame of another library. The libraries
//! are imported when they are needed; none is required.

use std::collections::HashMap;
use std::sync::Arc;

#[cfg(feature = "server")]
use arrow_array::RecordBatchReader as _;
use arrow_array::{RecordBatch, RecordBatchIterator};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
#[cfg(feature = "server")]
use pyo3::types::PyList;

use super::capsule;
use super::requested::Requested;
#[cfg(feature = "server")]
use super::{fitting, imported};
use crate::client::error::{Error, ErrorClass, Phase};
use crate::python::errors;
#[cfg(feature = "server")]
use crate::python::rows::Rows;

/// All batches of a result.
#[pyclass(frozen, module = "drdarrow._core")]
pub(in crate::python) struct Collected {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    /// Given back with it.
    _lease: Option<Box<dyn Send + Sync>>,
}

impl Collected {
    pub(in crate::python) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Collected {
        Collected { schema, batches, _lease: None }
    }

    /// The same with a lease for its memory.
    #[cfg(feature = "server")]
    pub(in crate::python) fn leased(batch: RecordBatch, lease: impl Send + Sync + 'static) -> Collected {
        Collected { schema: batch.schema(), batches: vec![batch], _lease: Some(Box::new(lease)) }
    }

    /// Columns and rows.
    #[cfg(feature = "server")]
    pub(in crate::python) fn into_parts(self) -> (SchemaRef, Vec<RecordBatch>) {
        (self.schema, self.batches)
    }
}

/// Reads any object that exports Arrow to its end.
#[cfg(feature = "server")]
#[pyfunction]
pub(in crate::python) fn collect(exporter: &Bound<'_, PyAny>) -> PyResult<Collected> {
    let py = exporter.py();
    let reader = imported::reader(exporter)?;
    let schema = reader.schema();
    let batches = py.detach(|| reader.collect::<Result<Vec<_>, _>>());
    let batches = batches.map_err(|e| errors::interface(py, capsule::text(&e)))?;
    Ok(Collected::new(schema, batches))
}

#[pymethods]
impl Collected {
    /// Name, Arrow type in Arrow's words and metadata of each column.
    fn fields(&self) -> Vec<(String, String, HashMap<String, String>)> {
        let about = |f: &Field| f.metadata().iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let field = |f: &Arc<Field>| (f.name().clone(), f.data_type().to_string(), about(f));
        self.schema.fields().iter().map(field).collect()
    }

    /// How many rows there are.
    #[cfg(feature = "server")]
    fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// How many values of each column are missing.
    #[cfg(feature = "server")]
    fn null_counts(&self) -> Vec<usize> {
        let missing = |n| self.batches.iter().map(|batch| batch.column(n).logical_null_count()).sum();
        (0..self.schema.fields().len()).map(missing).collect()
    }

    /// The same with the texts of some columns as long as these are: position, length, whether blanks fill it,
    /// whether it counts bytes. None where a text is too long, or no text, or where blanks would take much memory.
    #[cfg(feature = "server")]
    fn fitted(&self, py: Python<'_>, columns: Vec<(usize, usize, bool, bool)>) -> Option<Collected> {
        py.detach(|| fitting::fitted(&self.schema, &self.batches, &columns))
            .map(|batches| Collected::new(self.schema.clone(), batches))
    }

    /// The same with numbers as wide as Python's: 16-bit integers as 32-bit ones, 32-bit floats as 64-bit ones. None
    /// where there are no such.
    #[cfg(feature = "server")]
    fn widened(&self, py: Python<'_>) -> Option<Collected> {
        py.detach(|| fitting::widened(&self.schema, &self.batches))
            .map(|(schema, batches)| Collected::new(schema, batches))
    }

    /// The rows as tuples, in a list.
    #[cfg(feature = "server")]
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for batch in &self.batches {
            Rows { batch: batch.clone(), at: 0, len: batch.num_rows() }.append(&list)?;
        }
        Ok(list)
    }

    /// A PyCapsule `arrow_array_stream`; may be called again.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let requested = Requested::of(py, &self.schema, requested_schema.as_ref())?;
        requested.stream(py, RecordBatchIterator::new(self.batches.clone().into_iter().map(Ok), self.schema.clone()))
    }

    /// A PyCapsule `arrow_schema`.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        capsule::schema(py, &self.schema)
    }

    /// As a `pyarrow.Table`, without copying.
    pub(in crate::python) fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        library(slf.py(), "pyarrow", "arrow")?.call_method1("table", (slf,))
    }

    /// As a `pandas.DataFrame`.
    #[pyo3(signature = (dtype_backend=None))]
    pub(in crate::python) fn to_pandas<'py>(
        slf: &Bound<'py, Self>,
        dtype_backend: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let frames = frames(slf.py(), dtype_backend)?;
        frames.call_method1("to_pandas", (Collected::to_arrow(slf)?, dtype_backend))
    }

    /// As a `polars.DataFrame`.
    pub(in crate::python) fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        for_polars(slf.py(), &slf.get().schema)?.call_method1("DataFrame", (slf,))
    }
}

/// The form in which a library has a whole result. It is imported before anything is read.
pub(in crate::python) enum Form {
    /// `pyarrow.Table`
    Table,
    /// `pandas.DataFrame`, with its `dtype_backend`
    Pandas(Option<Py<PyAny>>),
    /// `polars.DataFrame`
    Polars,
}

impl Form {
    pub(in crate::python) fn table(py: Python<'_>) -> PyResult<Form> {
        library(py, "pyarrow", "arrow").map(|_| Form::Table)
    }

    pub(in crate::python) fn pandas(py: Python<'_>, dtype_backend: Option<&Bound<'_, PyAny>>) -> PyResult<Form> {
        frames(py, dtype_backend).map(|_| Form::Pandas(dtype_backend.map(|given| given.clone().unbind())))
    }

    /// Refuses columns that Polars does not take while the result can still be had in another way.
    pub(in crate::python) fn polars(py: Python<'_>, schema: Option<&SchemaRef>) -> PyResult<Form> {
        for_polars(py, schema.unwrap_or(&Arc::new(Schema::empty()))).map(|_| Form::Polars)
    }
}

/// A whole result, to be made an object of a library where it meets Python: for a task of asyncio that is not the
/// thread of its loop.
pub(in crate::python) struct Framed {
    collected: Collected,
    form: Form,
    failed: Option<Failed>,
}

/// Called when no object can be made of a result.
type Failed = Box<dyn FnOnce() + Send>;

impl Framed {
    pub(in crate::python) fn new(collected: Collected, form: Form, failed: Option<Failed>) -> Framed {
        Framed { collected, form, failed }
    }
}

impl<'py> IntoPyObject<'py> for Framed {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let collected = Bound::new(py, self.collected)?;
        let made = match self.form {
            Form::Table => Collected::to_arrow(&collected),
            Form::Pandas(backend) => Collected::to_pandas(&collected, backend.as_ref().map(|given| given.bind(py))),
            Form::Polars => Collected::to_polars(&collected),
        };
        made.inspect_err(|_| {
            if let Some(failed) = self.failed {
                failed();
            }
        })
    }
}

/// Polars, if it takes these columns: it panics at decimals of 256 bits.
fn for_polars<'py>(py: Python<'py>, schema: &SchemaRef) -> PyResult<Bound<'py, PyModule>> {
    let polars = library(py, "polars", "polars")?;
    let Some(wide) = schema.fields().iter().find(|f| matches!(f.data_type(), DataType::Decimal256(..))) else {
        return Ok(polars);
    };
    let text = format!("column {:?}: Polars has no {}", wide.name(), wide.data_type());
    let cure =
        "wide_decimal=\"text\" or \"float64\" when connecting; fetch_arrow_table() and fetch_df() have it exactly";
    Err(errors::raise(py, &Error::new(ErrorClass::NotSupported, Phase::Fetch, "56084", text).hint(cure)))
}

/// Gives the maker of data frames of pandas; refuses a wrong `dtype_backend` before anything is read.
fn frames<'py>(py: Python<'py>, dtype_backend: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyModule>> {
    library(py, "pandas", "pandas")?;
    library(py, "pyarrow", "pandas")?;
    let frames = py.import("drdarrow.frames")?;
    frames.call_method1("checked", (dtype_backend,))?;
    Ok(frames)
}

/// Imports a library or says how to install it.
pub(in crate::python) fn library<'py>(py: Python<'py>, name: &str, extra: &str) -> PyResult<Bound<'py, PyModule>> {
    py.import(name).map_err(|e| {
        if !e.is_instance_of::<PyImportError>(py) {
            return e;
        }
        let error = errors::interface(py, format!("{name} is not installed: pip install drdarrow[{extra}]"));
        error.set_cause(py, Some(e));
        error
    })
}
