//! Entries of journals, as Arrow, decoded by an open file.

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch as Batch};
use arrow_schema::DataType;
use pyo3::prelude::*;

use crate::client::error::{Error, Result};
use crate::client::file::images::{RecordImage, decode_images};
use crate::client::file::open_file::OpenFile;
use crate::python::arrow::batch::RecordBatch;
use crate::python::arrow::imported;
use crate::python::errors;

/// Decodes the images of entries. entries: Arrow data with the number of the record (64-bit integers), the NULLs
/// (text) and the image (long bytes), in this order.
pub(super) fn decode(py: Python<'_>, file: &OpenFile, entries: &Bound<'_, PyAny>) -> PyResult<RecordBatch> {
    let mut reader = imported::reader(entries)?;
    let decoded = py.detach(|| -> Result<Batch> {
        let batches = reader.by_ref().collect::<std::result::Result<Vec<_>, _>>();
        let batches = batches.map_err(|e| Error::interface(e.to_string()))?;
        if batches.iter().any(|batch| !fits(batch)) {
            return Err(Error::interface("entries: expected columns of Int64, Utf8 and LargeBinary"));
        }
        decode_images(file, batches.iter().flat_map(images))
    });
    decoded.map(RecordBatch).map_err(|e| errors::raise(py, &e))
}

fn fits(batch: &Batch) -> bool {
    let types: Vec<&DataType> = batch.columns().iter().map(|column| column.data_type()).collect();
    types == [&DataType::Int64, &DataType::Utf8, &DataType::LargeBinary]
}

/// The images of a batch that fits.
fn images(batch: &Batch) -> impl Iterator<Item = RecordImage<'_>> {
    let rrns = batch.column(0).as_primitive::<Int64Type>();
    let (nulls, data) = (batch.column(1).as_string::<i32>(), batch.column(2).as_binary::<i64>());
    (0..batch.num_rows()).map(move |row| RecordImage {
        rrn: if rrns.is_null(row) { 0 } else { u32::try_from(rrns.value(row)).unwrap_or(0) },
        bytes: data.is_valid(row).then(|| data.value(row)),
        nulls: nulls.is_valid(row).then(|| nulls.value(row)),
    })
}
