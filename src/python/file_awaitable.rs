//! The asyncio side of files. `drdarrow/aio_files.py` wraps these in coroutines; what does not wait is asked of
//! the classes that they hold.

use std::sync::Arc;

use arrow_array::RecordBatch as Batch;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::awaitable::{RawConnection, RawStream};
use super::capsule;
use super::collected::Collected;
use super::errors;
use super::file::File;
use super::file_args as args;
use super::files::{self, FileConnection};
use super::guard::Owned;
use super::link::Link;
use super::opened::{self, Opened, Step};
use super::partition::FilePartition;
use super::rows;
use super::runtime;
use super::settings;
use crate::client::error::Result;
use crate::client::file::connection::FileConnection as Client;

/// Connects; an awaitable of a RawFileConnection. Arguments as for `connect_files()`.
#[pyfunction]
#[pyo3(signature = (uri=None, /, **settings))]
pub(super) fn connect_files_async<'py>(
    py: Python<'py>,
    uri: Option<&Bound<'py, PyAny>>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let place = files::connection_place(py, uri, settings)?;
    runtime::asyncio(py, async move {
        let link = Link::connect_files(place.config, place.limits).await?;
        Ok(RawFileConnection { link: Owned::new(link) })
    })
}

/// Opens a file; an awaitable of a RawFile. Arguments as for `open_file()`.
#[pyfunction]
#[pyo3(signature = (uri, /, **settings))]
pub(super) fn open_file_async<'py>(
    py: Python<'py>,
    uri: &Bound<'py, PyAny>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (config, limits, name, options, given) = files::single(py, uri, settings)?;
    runtime::asyncio(py, async move {
        let link = Link::connect_files(config, limits).await?;
        Opened::open(link, true, name, options, given).await.map(|opened| RawFile(Owned::new(opened)))
    })
}

/// Opens a file beside a connection for SQL: an awaitable of a RawFile.
#[pyfunction]
#[pyo3(signature = (connection, path, /, **options))]
pub(super) fn open_file_beside<'py>(
    py: Python<'py>,
    connection: &RawConnection,
    path: &str,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let link = connection.link(py)?.clone();
    let (name, wanted) = args::open(py, path, &link.client.config().options, options)?;
    let given = files::kept(py, options)?;
    runtime::asyncio(py, async move {
        let files = link.files().await?;
        Opened::open(files, false, name, wanted, given).await.map(|opened| RawFile(Owned::new(opened)))
    })
}

/// Runs a CL command beside a connection for SQL: an awaitable of a list of tuples.
#[pyfunction]
pub(super) fn command_beside<'py>(
    py: Python<'py>,
    connection: &RawConnection,
    cl: String,
) -> PyResult<Bound<'py, PyAny>> {
    let link = connection.link(py)?.clone();
    runtime::asyncio(py, async move { said(&*link.files().await?, &cl).await })
}

async fn said(link: &Link<Client>, cl: &str) -> Result<Vec<(String, u16, String)>> {
    link.open()?;
    let _waiting = link.waiting();
    let said = link.client.command(cl).await?;
    Ok(said.into_iter().map(|m| (m.id, m.severity, m.text)).collect())
}

/// A connection for files whose waits are awaitables.
#[pyclass(frozen, module = "drdarrow._core")]
pub(super) struct RawFileConnection {
    link: Owned<Arc<Link<Client>>>,
}

impl RawFileConnection {
    fn link(&self, py: Python<'_>) -> PyResult<&Arc<Link<Client>>> {
        self.link.get().map_err(|e| errors::raise(py, &e))
    }
}

#[pymethods]
impl RawFileConnection {
    /// The same connection with methods that wait: for what does not wait.
    #[getter]
    fn sync(&self, py: Python<'_>) -> PyResult<FileConnection> {
        Ok(FileConnection { link: Owned::new(self.link(py)?.clone()) })
    }

    /// Opens a file: an awaitable of a RawFile.
    #[pyo3(signature = (path, /, **options))]
    fn open_file<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let link = self.link(py)?.clone();
        let (name, wanted) = args::open(py, path, &link.client.config().base.options, options)?;
        let given = files::kept(py, options)?;
        runtime::asyncio(py, async move {
            Opened::open(link, false, name, wanted, given).await.map(|opened| RawFile(Owned::new(opened)))
        })
    }

    /// Makes the changes last.
    fn commit<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        runtime::asyncio(py, self.link(py)?.clone().end_work(true))
    }

    /// Undoes the changes.
    fn rollback<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        runtime::asyncio(py, self.link(py)?.clone().end_work(false))
    }

    /// Runs a CL command: an awaitable of a list of tuples.
    fn command<'py>(&self, py: Python<'py>, cl: String) -> PyResult<Bound<'py, PyAny>> {
        let link = self.link(py)?.clone();
        runtime::asyncio(py, async move { said(&link, &cl).await })
    }

    /// Closes.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        runtime::asyncio(py, self.link(py)?.clone().close())
    }

    /// The end of an `async with` block.
    fn leave<'py>(&self, py: Python<'py>, well: bool) -> PyResult<Bound<'py, PyAny>> {
        runtime::asyncio(py, self.link(py)?.clone().leave(well))
    }

    fn __repr__(&self) -> String {
        match self.link.get() {
            Ok(link) => format!("<drdarrow.aio.AsyncFileConnection {}>", link.describe()),
            Err(_) => "<drdarrow.aio.AsyncFileConnection of another process>".to_owned(),
        }
    }
}

/// An open file whose waits are awaitables.
#[pyclass(frozen, module = "drdarrow._core")]
pub(super) struct RawFile(Owned<Arc<Opened>>);

impl RawFile {
    fn opened(&self, py: Python<'_>) -> PyResult<&Arc<Opened>> {
        self.0.get().map_err(|e| errors::raise(py, &e))
    }

    fn go<'py>(&self, py: Python<'py>, step: Step) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        runtime::asyncio(py, async move { opened.step(step).await.map(Record) })
    }
}

#[pymethods]
impl RawFile {
    /// The same file with methods that wait: for what does not wait.
    #[getter]
    fn sync(&self, py: Python<'_>) -> PyResult<File> {
        Ok(File(Owned::new(self.opened(py)?.clone())))
    }

    /// All records, or a range: an awaitable of a RawStream.
    #[pyo3(signature = (first=None, last=None, batch_rows=None, batch_bytes=None))]
    fn fetch_arrow<'py>(
        &self,
        py: Python<'py>,
        first: Option<u32>,
        last: Option<u32>,
        batch_rows: Option<&Bound<'py, PyAny>>,
        batch_bytes: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        let limits = settings::limits(opened.link.limits, batch_rows, batch_bytes)?;
        let range = first.map(|first| (first, last));
        runtime::asyncio(py, async move { opened.feed(limits, range).await.map(RawStream::new) })
    }

    /// All records: an awaitable of a Collected.
    fn collect<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        runtime::asyncio(py, async move {
            let mut feed = opened.feed(opened.link.limits, None).await?;
            let mut batches = Vec::new();
            let schema = feed.schema();
            loop {
                let filled;
                (feed, filled) = feed.fill_aside().await?;
                if !filled? {
                    return Ok(Collected::new(schema, batches));
                }
                batches.extend(feed.take_batch());
            }
        })
    }

    fn read<'py>(&self, py: Python<'py>, rrn: u32) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        runtime::asyncio(py, async move { opened.file.read(rrn).await.map(Record) })
    }

    fn read_key<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>, how: &str) -> PyResult<Bound<'py, PyAny>> {
        let (key, how) = (args::key(key)?, opened::by_sign(py, how)?);
        let opened = self.opened(py)?.clone();
        runtime::asyncio(py, async move { opened.file.read_key(&key, how).await.map(Record) })
    }

    fn first<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.go(py, Step::First)
    }

    fn last<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.go(py, Step::Last)
    }

    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.go(py, Step::Next)
    }

    fn previous<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.go(py, Step::Previous)
    }

    fn next_equal<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.go(py, Step::NextEqual)
    }

    fn previous_equal<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.go(py, Step::PreviousEqual)
    }

    /// Adds records: an awaitable of how many. Arrow data is read here and now.
    fn write<'py>(&self, py: Python<'py>, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        if !data.hasattr("__arrow_c_stream__")? && !data.hasattr("__arrow_c_array__")? {
            let rows = args::records(data, &opened.fields())?;
            return runtime::asyncio(py, async move { opened.file.write_rows(&rows).await });
        }
        let batches = capsule::reader(data)?.collect::<std::result::Result<Vec<Batch>, _>>();
        let batches = batches.map_err(|e| errors::interface(py, format!("the rows: {e}")))?;
        runtime::asyncio(py, async move {
            let mut written = 0;
            for batch in &batches {
                written += opened.file.write(batch).await?;
            }
            Ok(written)
        })
    }

    /// Updates a record: an awaitable of a bool.
    #[pyo3(signature = (row, *, rrn=None, key=None))]
    fn update<'py>(
        &self,
        py: Python<'py>,
        row: &Bound<'py, PyAny>,
        rrn: Option<u32>,
        key: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        let (row, key) = (args::record(row, &opened.fields())?, key.map(args::key).transpose()?);
        runtime::asyncio(py, async move { opened::update(&opened.file, row, rrn, key).await })
    }

    /// Deletes a record: an awaitable of a bool.
    #[pyo3(signature = (*, rrn=None, key=None))]
    fn delete<'py>(
        &self,
        py: Python<'py>,
        rrn: Option<u32>,
        key: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        let key = key.map(args::key).transpose()?;
        runtime::asyncio(py, async move { opened::delete(&opened.file, rrn, key).await })
    }

    /// Parts of a file: an awaitable of a list of FilePartition.
    fn partitions<'py>(&self, py: Python<'py>, count: usize) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        runtime::asyncio(py, async move {
            let parts = opened.file.partitions(count).await?;
            Ok(Parts(opened, parts.into_iter().map(|part| (part.first, part.last)).collect()))
        })
    }

    /// Closes the file.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        runtime::asyncio(py, async move { opened.close().await })
    }

    /// The end of an `async with` block.
    fn leave<'py>(&self, py: Python<'py>, well: bool) -> PyResult<Bound<'py, PyAny>> {
        let opened = self.opened(py)?.clone();
        runtime::asyncio(py, async move { opened.leave(well).await })
    }

    fn __repr__(&self) -> String {
        match self.0.get() {
            Ok(opened) => opened.describe("aio.AsyncFile"),
            Err(_) => "<drdarrow.aio.AsyncFile of another process>".to_owned(),
        }
    }
}

/// A record as a tuple, or None.
struct Record(Option<Batch>);

impl<'py> IntoPyObject<'py> for Record {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let row: Option<Bound<'py, PyTuple>> = self.0.map(|batch| rows::row(py, &batch, 0)).transpose()?;
        Ok(row.map_or_else(|| py.None().into_bound(py), Bound::into_any))
    }
}

/// Ranges of a file, made into parts where Python's lock is held.
struct Parts(Arc<Opened>, Vec<(u32, Option<u32>)>);

impl<'py> IntoPyObject<'py> for Parts {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let parts: Vec<FilePartition> = self.0.parts(py, self.1);
        parts.into_pyobject(py)
    }
}
