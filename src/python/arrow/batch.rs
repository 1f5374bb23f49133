//! A record batch and a schema as Python sees them: objects that hand out Arrow capsules and know
//! their own size. pyarrow, Polars and others take them as they are.

use std::fmt::Write as _;

use arrow_array::{Array, RecordBatch as Batch};
use arrow_schema::SchemaRef;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::capsule;
use super::requested::Requested;
use crate::python::{errors, rows};

/// The columns of a result: names, Arrow types, nullability. Costs no round trip.
///
/// `pyarrow.schema(schema)` and `polars.Schema(schema)` take it through `__arrow_c_schema__`. Fields
/// carry what SQL knows and Arrow does not as metadata: `drda:type`, `drda:length`,
/// `drda:precision`, `drda:scale`, `drda:ccsid`, `drda:forced_ccsid`, `drda:label`.
#[pyclass(frozen, module = "drdarrow", name = "Schema")]
pub(in crate::python) struct Schema(pub(in crate::python) SchemaRef);

#[pymethods]
impl Schema {
    /// The columns' names, list[str].
    #[getter]
    fn names(&self) -> Vec<String> {
        self.0.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The columns' Arrow types as text, list[str]: `Int32`, `Decimal128(9, 2)`.
    #[getter]
    fn types(&self) -> Vec<String> {
        self.0.fields().iter().map(|field| field.data_type().to_string()).collect()
    }

    /// A PyCapsule `arrow_schema` (Arrow PyCapsule interface).
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        capsule::schema(py, &self.0)
    }

    fn __len__(&self) -> usize {
        self.0.fields().len()
    }

    fn __repr__(&self) -> String {
        format!("<drdarrow.Schema{}>", text(&self.0))
    }
}

/// A batch of rows in Arrow's columns. It owns its data: connection and stream may be closed.
///
/// `pyarrow.record_batch(batch)`, `polars.DataFrame(batch)` and others take it without copying.
#[pyclass(frozen, module = "drdarrow", name = "RecordBatch")]
pub(in crate::python) struct RecordBatch(pub(in crate::python) Batch);

#[pymethods]
impl RecordBatch {
    /// Rows, int.
    #[getter]
    fn num_rows(&self) -> usize {
        self.0.num_rows()
    }

    /// Columns, int.
    #[getter]
    fn num_columns(&self) -> usize {
        self.0.num_columns()
    }

    /// The columns' names, list[str].
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.0.schema_ref().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The columns, a Schema.
    #[getter]
    fn schema(&self) -> Schema {
        Schema(self.0.schema())
    }

    /// Bytes of its values, int.
    #[getter]
    fn nbytes(&self) -> usize {
        self.0.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or_default()).sum()
    }

    /// The PyCapsules `arrow_schema` and `arrow_array`. Columns have the types of a requested schema where those hold
    /// all values of their own.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        let requested = Requested::of(py, self.0.schema_ref(), requested_schema.as_ref())?;
        let batch = requested.batch(&self.0).map_err(|e| errors::interface(py, capsule::text(&e)))?;
        capsule::array(py, &batch)
    }

    /// A PyCapsule `arrow_schema`.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        capsule::schema(py, self.0.schema_ref())
    }

    fn __len__(&self) -> usize {
        self.0.num_rows()
    }

    fn __repr__(&self) -> String {
        format!("<drdarrow.RecordBatch {} rows, {} columns>", self.0.num_rows(), self.0.num_columns())
    }

    /// Its first rows as HTML.
    fn _repr_html_(&self, py: Python<'_>) -> String {
        let (rows, columns) = (self.0.num_rows(), self.0.num_columns());
        let caption = match rows > SHOWN {
            true => format!("{rows} rows, of which the first {SHOWN} are shown, {columns} columns"),
            false => format!("{rows} rows, {columns} columns"),
        };
        // A value that Python has no object for is not shown.
        table(py, &self.0, &caption).unwrap_or_else(|_| html(self.0.schema_ref(), &caption))
    }
}

/// Rows that are shown of a batch.
const SHOWN: usize = 20;
/// Characters that are shown of a value.
const WIDTH: usize = 200;

/// The first rows of a batch as an HTML table.
fn table(py: Python<'_>, batch: &Batch, caption: &str) -> PyResult<String> {
    let mut text = "<table><thead><tr>".to_owned();
    for field in batch.schema_ref().fields() {
        // Writing to a String cannot fail.
        let _ = write!(text, "<th>{}</th>", escaped(field.name()));
    }
    text.push_str("</tr></thead><tbody>");
    for at in 0..batch.num_rows().min(SHOWN) {
        text.push_str("<tr>");
        for value in rows::row(py, batch, at)?.iter() {
            let value = value.str()?.to_string();
            let cut = if value.chars().nth(WIDTH).is_some() { "…" } else { "" };
            let shown: String = value.chars().take(WIDTH).collect();
            let _ = write!(text, "<td>{}{cut}</td>", escaped(&shown));
        }
        text.push_str("</tr>");
    }
    let _ = write!(text, "</tbody></table>{}", paragraph(caption));
    Ok(text)
}

/// The columns of a schema, each on a line of its own.
pub(in crate::python) fn text(schema: &SchemaRef) -> String {
    lines(schema).iter().map(|line| format!("\n  {}", line.join(" "))).collect()
}

/// Text as a paragraph of HTML.
pub(in crate::python) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escaped(text))
}

/// A schema as an HTML table, with a caption below.
pub(in crate::python) fn html(schema: &SchemaRef, caption: &str) -> String {
    let mut text =
        "<table><thead><tr><th>column</th><th>Arrow</th><th>null</th><th>SQL</th></tr></thead><tbody>".to_owned();
    for line in lines(schema) {
        text.push_str("<tr>");
        for cell in line {
            // Writing to a String cannot fail.
            let _ = write!(text, "<td>{}</td>", escaped(&cell));
        }
        text.push_str("</tr>");
    }
    let _ = write!(text, "</tbody></table>{}", paragraph(caption));
    text
}

/// Name, Arrow type, nullability and SQL type of each column.
fn lines(schema: &SchemaRef) -> Vec<[String; 4]> {
    let line = |field: &arrow_schema::FieldRef| {
        let null = if field.is_nullable() { "null" } else { "not null" };
        let sql = field.metadata().get("drda:type").cloned().unwrap_or_default();
        [field.name().clone(), field.data_type().to_string(), null.to_owned(), sql]
    };
    schema.fields().iter().map(line).collect()
}

/// A text in HTML.
pub(in crate::python) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_schema::{DataType, Field};
    use std::sync::Arc;

    #[test]
    fn a_name_is_no_markup() {
        let schema = Arc::new(arrow_schema::Schema::new(vec![Field::new("<b>&", DataType::Int32, false)]));
        let text = html(&schema, "0 rows");
        assert!(text.contains("<td>&lt;b&gt;&amp;</td><td>Int32</td><td>not null</td>"), "{text}");
    }
}
