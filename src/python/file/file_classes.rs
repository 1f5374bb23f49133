//! An open file and its sister for asyncio: the classes.

use std::sync::Arc;

use pyo3::prelude::*;

use super::arguments::WantedRecords;
use super::shared_file::SharedFile;
use crate::client::limits::Limits;
use crate::python::arrow::stream::ArrowStream;
use crate::python::errors::Raise;
use crate::python::ownership::Owned;
use crate::python::runtime;

/// A file of IBM i, opened by `open_file()` or `FileConnection.open_file()`.
///
/// The whole file as Arrow: iterate over it for `RecordBatch` objects, `fetch_arrow()` and the like, or
/// hand it to `pyarrow.table()`, `polars.from_arrow()`, DuckDB. Each time it is read anew, without locks.
///
/// Record by record: `read()`, `read_key()`, `first()`, `next()` and so on give tuples, None where there is
/// no such record. In mode `"rw"` the record read last is locked, and is the one that `update()` and
/// `delete()` mean.
#[pyclass(frozen, module = "drdarrow", weakref)]
pub(in crate::python) struct File(pub(super) Owned<Arc<SharedFile>>);

/// A file of IBM i. `async for batch in file` reads all of it; see `drdarrow.File`.
#[pyclass(frozen, module = "drdarrow.aio", weakref)]
pub(in crate::python) struct AsyncFile(pub(super) Owned<Arc<SharedFile>>);

impl From<Arc<SharedFile>> for File {
    fn from(opened: Arc<SharedFile>) -> File {
        File(Owned::new(opened))
    }
}

impl From<Arc<SharedFile>> for AsyncFile {
    fn from(opened: Arc<SharedFile>) -> AsyncFile {
        AsyncFile(Owned::new(opened))
    }
}

impl File {
    /// The records that are wanted, in batches of the limits of the connection unless there are others.
    pub(super) fn stream(
        &self,
        py: Python<'_>,
        limits: Option<Limits>,
        wanted: WantedRecords,
    ) -> PyResult<ArrowStream> {
        let opened = self.0.get().or_raise(py)?;
        runtime::wait(py, opened.feed(limits.unwrap_or(opened.link.limits), wanted)).map(ArrowStream::from)
    }
}
