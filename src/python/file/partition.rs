//! A part of a file that can be sent to another process and read there. It holds no password.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::arguments as args;
use super::shared_file::SharedFile;
use crate::client::config::Config;
use crate::client::error::{Error, Result};
use crate::client::file::carried;
use crate::client::file::config::FileConfig;
use crate::client::file::file_name::FileName;
use crate::client::file::options::{OpenMode, OpenOptions};
use crate::client::limits::Limits;
use crate::python::arrow::stream::{ArrowStream, AsyncArrowStream};
use crate::python::caller::{Caller, ConnectOutcome};
use crate::python::coroutine::spawn;
use crate::python::reader::ResultReader;
use crate::python::shared_connection::SharedConnection;
use crate::python::{errors, runtime};

/// A part of a file: the records with numbers from `first` to `last`. It can be pickled; it holds the
/// address and how the file is opened, but no password.
#[pyclass(frozen, module = "drdarrow", get_all)]
pub(in crate::python) struct FilePartition {
    /// The address of the system with the settings of the connection: `drda://user@host:port/?...`, str.
    pub(super) uri: String,
    /// The file: `LIB/FILE(MEMBER)`, str.
    pub(super) path: String,
    /// Number of the first record, int.
    pub(super) first: u32,
    /// Number of the last record, int; None is as many as there are.
    pub(super) last: Option<u32>,
    /// How the file is opened, dict.
    pub(super) options: Py<PyDict>,
}

/// Parts of a file, made where Python's lock is held.
pub(super) struct Parts(Arc<SharedFile>, Vec<(u32, Option<u32>)>);

impl Parts {
    /// About equal ones.
    pub(super) async fn of(opened: Arc<SharedFile>, count: usize) -> Result<Parts> {
        let waiting = opened.link.waiting();
        let parts = opened.file.partitions(count).await?;
        drop(waiting);
        Ok(Parts(opened, parts.into_iter().map(|part| (part.first, part.last)).collect()))
    }
}

impl<'py> IntoPyObject<'py> for Parts {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let Parts(opened, ranges) = self;
        let uri = opened.link.client.config().address();
        let path = opened.file.name().to_string();
        let one = |(first, last)| {
            let options = opened.given.clone_ref(py);
            FilePartition { uri: uri.clone(), path: path.clone(), first, last, options }
        };
        ranges.into_iter().map(one).collect::<Vec<_>>().into_pyobject(py)
    }
}

/// A part and the way to it.
struct PartitionPlace {
    config: FileConfig,
    limits: Limits,
    name: FileName,
    options: OpenOptions,
    given: Py<PyDict>,
    range: (u32, Option<u32>),
}

impl FilePartition {
    /// With the settings of whoever reads it.
    fn place<'py>(
        &self,
        py: Python<'py>,
        uri: Option<&Bound<'py, PyAny>>,
        settings: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<PartitionPlace> {
        let another = settings.is_some_and(|settings| settings.contains("user").unwrap_or(false));
        let ours = if another { anybody(&self.uri) } else { self.uri.clone() };
        let refused = |e| errors::raise(py, &Error::from(e));
        let mut alone = FileConfig::beside(Config::empty());
        let address = ours.as_str().into_pyobject(py)?.into_any();
        let place = args::place(py, Some(uri.unwrap_or(&address)), settings)?;
        if uri.is_none() {
            alone.apply_uri(&ours).map_err(refused)?;
            let given =
                |name: &str| matches!(settings.map(|all| all.get_item(name)), Some(Ok(Some(v))) if !v.is_none());
            carried::check(&alone, &place.config, given).map_err(refused)?;
        }
        let (name, options) = args::open(py, &self.path, &place.config.base.options, Some(self.options.bind(py)))?;
        Ok(PartitionPlace {
            config: place.config,
            limits: place.limits,
            name,
            options: OpenOptions { mode: OpenMode::Read, keyed: false, ..options },
            given: self.options.clone_ref(py),
            range: (self.first, self.last),
        })
    }
}

impl PartitionPlace {
    /// Connects and begins to read.
    async fn read(self) -> Result<ResultReader> {
        let link = SharedConnection::connect_files(self.config, self.limits).await?;
        let opened = SharedFile::open(link, true, self.name, self.options, self.given).await?;
        opened.feed(self.limits, args::WantedRecords::Numbers(self.range.0, self.range.1)).await
    }
}

/// Connects and reads a part: an AsyncArrowStream. Arguments as for `drdarrow.FilePartition.open`.
#[pyfunction]
#[pyo3(signature = (part, uri=None, /, **settings))]
pub(in crate::python) fn open_partition_async<'py>(
    py: Python<'py>,
    part: &FilePartition,
    uri: Option<&Bound<'py, PyAny>>,
    settings: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    spawn(py, "open_partition", reading::<AsyncArrowStream>(py, part, uri, settings))
}

/// The making of a stream of a part.
fn reading<S: From<ResultReader> + 'static>(
    py: Python<'_>,
    part: &FilePartition,
    uri: Option<&Bound<'_, PyAny>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<impl Future<Output = Result<ConnectOutcome<S>>> + Send + 'static> {
    let (caller, mut place) = (Caller::here(py)?, part.place(py, uri, settings)?);
    caller.listen(&mut place.config.base);
    Ok(caller.hear(async move { place.read().await.map(S::from) }))
}

/// The address for somebody else.
fn anybody(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else { return uri.to_owned() };
    let (authority, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
    format!("{scheme}://{address}{after}")
}

#[pymethods]
impl FilePartition {
    #[new]
    fn new(uri: String, path: String, first: u32, last: Option<u32>, options: Py<PyDict>) -> FilePartition {
        FilePartition { uri, path, first, last, options }
    }

    /// Connects and reads the part: an ArrowStream. Settings as for `connect_files()`: user, password and
    /// the like.
    ///
    /// `uri` is another way to the same system. Of the partition's own address what weakens the way is not taken, as
    /// `tls_fingerprint` or `security="password"`: it is for the reader to give. `host` has to be the partition's.
    #[pyo3(signature = (uri=None, /, **settings))]
    fn open<'py>(
        &self,
        py: Python<'py>,
        uri: Option<&Bound<'py, PyAny>>,
        settings: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<ConnectOutcome<ArrowStream>> {
        runtime::wait(py, reading(py, self, uri, settings)?)
    }

    /// `open(uri, password=password, host=host)`.
    #[pyo3(signature = (uri=None, password=None, *, host=None))]
    fn read<'py>(
        &self,
        py: Python<'py>,
        uri: Option<&Bound<'py, PyAny>>,
        password: Option<&Bound<'py, PyAny>>,
        host: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<ConnectOutcome<ArrowStream>> {
        let settings = PyDict::new(py);
        settings.set_item("password", password)?;
        settings.set_item("host", host)?;
        self.open(py, uri, Some(&settings))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let py = slf.py();
        let part = slf.get();
        let arguments = (&part.uri, &part.path, part.first, part.last, part.options.bind(py)).into_pyobject(py)?;
        PyTuple::new(py, [slf.get_type().into_any(), arguments.into_any()])
    }

    fn __repr__(&self) -> String {
        let last = self.last.map_or_else(|| "end".to_owned(), |last| last.to_string());
        format!("<drdarrow.FilePartition {} records {} to {last}>", self.path, self.first)
    }
}
