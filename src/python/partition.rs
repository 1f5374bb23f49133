//! A part of a file that can be sent to another process and read there. It holds no password.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::errors;
use super::file_args as args;
use super::link::Link;
use super::opened::Opened;
use super::runtime;
use super::stream::ArrowStream;
use crate::client::file::settings::FileConfig;

/// A part of a file: the records with numbers from `first` to `last`. It can be pickled; it holds the
/// address and how the file is opened, but no password.
#[pyclass(frozen, module = "drdarrow", get_all)]
pub(super) struct FilePartition {
    /// The address of the system: `drda://user@host:port/`, str.
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

impl FilePartition {
    /// The address of a connection, without its password.
    fn uri_of(config: &FileConfig) -> String {
        let base = &config.base;
        let host = if base.host.contains(':') { format!("[{}]", base.host) } else { base.host.clone() };
        let mut uri = format!("drda://{host}:{}/", base.port);
        let mut said = Vec::new();
        let numbers = [
            ("signon_port", config.signon_port.map(u32::from)),
            ("job_ccsid", config.job_ccsid.map(u32::from)),
            ("password_level", base.password_level.map(u32::from)),
        ];
        said.extend(numbers.iter().filter_map(|(key, value)| value.map(|value| format!("{key}={value}"))));
        said.extend(config.pool.as_ref().map(|pool| format!("pool={pool}")));
        if !said.is_empty() {
            uri.push('?');
            uri.push_str(&said.join("&"));
        }
        uri
    }
}

impl Opened {
    /// The parts of a file, for Python.
    pub(super) fn parts(&self, py: Python<'_>, ranges: Vec<(u32, Option<u32>)>) -> Vec<FilePartition> {
        let uri = FilePartition::uri_of(self.link.client.config());
        let path = self.file.name().to_string();
        let one = |(first, last)| {
            let options = self.given.clone_ref(py);
            FilePartition { uri: uri.clone(), path: path.clone(), first, last, options }
        };
        ranges.into_iter().map(one).collect()
    }
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
    /// `uri` is another way to the same system.
    #[pyo3(signature = (uri=None, /, **settings))]
    fn open<'py>(
        &self,
        py: Python<'py>,
        uri: Option<&Bound<'py, PyAny>>,
        settings: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<ArrowStream> {
        let raise = |e| errors::raise(py, &e);
        let ours = self.uri.clone().into_pyobject(py)?.into_any();
        let place = args::place(py, Some(uri.unwrap_or(&ours)), settings)?;
        let (name, mut options) = args::open(py, &self.path, &place.config.base.options, Some(self.options.bind(py)))?;
        options.mode = crate::client::file::options::Mode::Read;
        options.keyed = false;
        let (given, limits) = (self.options.clone_ref(py), place.limits);
        let range = (self.first, self.last);
        let made = runtime::block_on(py, async move {
            let link = Link::connect_files(place.config, limits).await?;
            let opened = Opened::open(link, true, name, options, given).await?;
            opened.feed(limits, Some(range)).await
        })?;
        Ok(ArrowStream::new(made.map_err(raise)?))
    }

    /// `open(uri, password=password)`.
    #[pyo3(signature = (uri=None, password=None))]
    fn read<'py>(
        &self,
        py: Python<'py>,
        uri: Option<&Bound<'py, PyAny>>,
        password: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<ArrowStream> {
        let settings = PyDict::new(py);
        settings.set_item("password", password)?;
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
