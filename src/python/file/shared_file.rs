//! An open file as its Python classes share it: the sync and the async one drive the same code.

use std::sync::Arc;

use arrow_array::RecordBatch as Batch;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::arguments::{Meant, WantedRecords};
use crate::client::batch_source::BatchSource;
use crate::client::error::Result;
use crate::client::file::connection::FileConnection as Client;
use crate::client::file::file_name::FileName;
use crate::client::file::open_file::OpenFile;
use crate::client::file::options::OpenOptions;
use crate::client::file::read::{KeyMatch, Position};
use crate::client::limits::Limits;
use crate::python::arrow::result_table::{Form, Framed};
use crate::python::ownership::OwnedSlot;
use crate::python::reader::{self, ResultReader};
use crate::python::shared_connection::SharedConnection;
use crate::python::{errors, rows};

/// An open file with its connection.
pub(in crate::python) struct SharedFile {
    pub(super) file: OpenFile,
    pub(in crate::python) link: Arc<SharedConnection<Client>>,
    /// The connection was made for this file alone.
    own: bool,
    /// Arguments of the open, for parts that are read elsewhere.
    pub(super) given: Py<PyDict>,
}

impl SharedFile {
    /// Opens a file on a connection.
    pub(in crate::python) async fn open(
        link: Arc<SharedConnection<Client>>,
        own: bool,
        name: FileName,
        options: OpenOptions,
        given: Py<PyDict>,
    ) -> Result<Arc<SharedFile>> {
        link.open()?;
        let waiting = link.waiting();
        let opened = link.client.open(&name, options).await;
        drop(waiting);
        match opened {
            Ok(file) => Ok(Arc::new(SharedFile { file, link, own, given })),
            Err(e) => {
                if own {
                    // The open is what failed; how the rest ends says nothing.
                    let _ = link.close().await;
                }
                Err(e)
            }
        }
    }

    /// The records that are wanted, as batches.
    pub(super) async fn feed(&self, limits: Limits, wanted: WantedRecords) -> Result<ResultReader> {
        self.link.open()?;
        let _waiting = self.link.waiting();
        let stream = match wanted {
            WantedRecords::All => self.file.scan().await?,
            WantedRecords::Numbers(first, last) => self.file.scan_range(first, last).await?,
            WantedRecords::Keys(keys) => self.file.scan_keys(&keys).await?,
        };
        let mut feed = ResultReader::new(stream, self.link.waits());
        feed.set_limits(limits);
        Ok(feed)
    }

    /// All that is wanted, in the form of a library.
    pub(super) async fn framed(self: Arc<SharedFile>, form: Form, wanted: WantedRecords) -> Result<Framed> {
        let limits = self.link.limits;
        let lease = OwnedSlot::new(Some(self.feed(limits, wanted).await?)).take("stream")?;
        // Of bad values the file itself tells.
        Ok(Framed::new(reader::collect(lease, limits, drop).await?, form, None))
    }

    /// A record by its place.
    pub(super) async fn record(self: Arc<SharedFile>, position: Position) -> Result<Record> {
        self.link.open()?;
        let _waiting = self.link.waiting();
        self.file.read_at(position).await.map(Record)
    }

    /// Closes the file, and a connection that was made for it.
    pub(in crate::python) async fn close(&self) -> Result<()> {
        let closed = self.file.close().await;
        if self.own {
            let rest = self.link.clone().close().await;
            return closed.and(rest);
        }
        closed
    }

    /// The end of a `with` block.
    pub(in crate::python) async fn leave(&self, well: bool) -> Result<()> {
        let closed = self.file.close().await;
        if self.own {
            let rest = self.link.clone().leave(well).await;
            return if well { closed.and(rest) } else { Ok(()) };
        }
        if well { closed } else { Ok(()) }
    }

    /// The names of all fields.
    pub(super) fn fields(&self) -> Vec<String> {
        self.file.format().fields.iter().map(|field| field.name.clone()).collect()
    }

    /// Words for `repr`.
    pub(super) fn describe(&self) -> String {
        let (file, mode) = (self.file.name(), self.file.options().mode.name());
        let state = if self.file.is_closed() { "closed" } else { "open" };
        format!("{file} mode {mode:?} {state}")
    }
}

/// A record, in Python a tuple, or None where there is none.
pub(super) struct Record(Option<Batch>);

impl<'py> IntoPyObject<'py> for Record {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let row = self.0.map(|batch| rows::row(py, &batch, 0)).transpose()?;
        Ok(row.map_or_else(|| py.None().into_bound(py), Bound::into_any))
    }
}

/// The relation to a key.
pub(super) fn by_sign(py: Python<'_>, sign: &str) -> PyResult<KeyMatch> {
    KeyMatch::by_sign(sign)
        .ok_or_else(|| errors::interface(py, format!("how: expected ==, >=, >, <= or <, not {sign:?}")))
}

/// Updates the record that is meant.
pub(super) async fn update(file: &OpenFile, row: Batch, meant: Meant) -> Result<bool> {
    match meant {
        Meant::Current => file.update(&row).await.map(|()| true),
        Meant::Rrn(rrn) => file.update_at(rrn, &row).await,
        Meant::Key(key) => file.update_key(&key, &row).await,
    }
}

/// Deletes the record that is meant.
pub(super) async fn delete(file: &OpenFile, meant: Meant) -> Result<bool> {
    match meant {
        Meant::Current => file.delete().await.map(|()| true),
        Meant::Rrn(rrn) => file.delete_at(rrn).await,
        Meant::Key(key) => file.delete_key(&key).await,
    }
}

/// The description of the records in Python's words.
pub(super) fn format_dict<'py>(py: Python<'py>, file: &OpenFile) -> PyResult<Bound<'py, PyDict>> {
    let (formats, format) = (file.formats(), file.format());
    let out = PyDict::new(py);
    out.set_item("file", &file.name().file)?;
    out.set_item("library", &file.name().library)?;
    out.set_item("name", &format.name)?;
    out.set_item("length", format.length)?;
    out.set_item("text", &format.text)?;
    out.set_item("unique", formats.unique)?;
    out.set_item("keys", formats.keys.iter().map(|key| key.spelt()).collect::<Vec<_>>())?;
    let mut fields = Vec::with_capacity(format.fields.len());
    for field in &format.fields {
        let one = PyDict::new(py);
        one.set_item("name", &field.name)?;
        one.set_item("type", field.dds.0.to_string())?;
        one.set_item("offset", field.offset)?;
        one.set_item("length", field.length)?;
        one.set_item("digits", field.digits)?;
        one.set_item("decimals", field.decimals)?;
        one.set_item("ccsid", field.ccsid)?;
        one.set_item("varying", field.varying)?;
        one.set_item("nullable", field.nullable)?;
        one.set_item("format", &field.format)?;
        one.set_item("separator", field.separator.map(String::from))?;
        one.set_item("text", &field.text)?;
        fields.push(one);
    }
    out.set_item("fields", fields)?;
    Ok(out)
}
