//! An open file: whole as Arrow, or record by record.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch as Batch;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList, PyTuple};

use super::batch::Schema;
use super::capsule;
use super::collected::{self, Collected};
use super::errors;
use super::feed::{Feed, Source};
use super::file_args as args;
use super::guard::Owned;
use super::link::Link;
use super::partition::FilePartition;
use super::rows;
use super::runtime;
use super::settings;
use super::stream::ArrowStream;
use crate::client::error::{Error, Result};
use crate::client::file::connection::FileConnection as Client;
use crate::client::file::place::How;
use crate::client::file::remote::RemoteFile;
use crate::client::stream::Limits;
use crate::wire_names::describe;

/// An open file with its connection: the sync and the async class drive the same code.
pub(super) struct Opened {
    pub(super) file: RemoteFile,
    pub(super) link: Arc<Link<Client>>,
    /// The connection was made for this file alone.
    own: bool,
    /// Arguments of the open, for parts that are read elsewhere.
    pub(super) given: Py<PyDict>,
}
