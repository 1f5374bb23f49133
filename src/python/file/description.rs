//! The system's description of a file that is not open, as Python values.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::client::error::Result;
use crate::client::file::connection::FileConnection;
use crate::client::file::file_name::FileName;

/// The record formats and keys of a file, in Python a dict.
pub(super) struct Described {
    file: String,
    library: String,
    logical: bool,
    unique: bool,
    keys: Vec<String>,
    /// Name, length, names of the fields.
    formats: Vec<(String, u32, Vec<String>)>,
}

/// Members, in Python a list of dicts: name, text, records, deleted ones.
pub(super) struct Members(Vec<(String, String, u64, u64)>);

impl Described {
    /// Asks for them.
    pub(super) async fn ask(client: &FileConnection, name: &FileName) -> Result<Described> {
        let found = client.describe(name).await?;
        let formats = found.formats.into_iter().map(|format| {
            let fields = format.fields.into_iter().map(|field| field.name).collect();
            (format.name, format.length, fields)
        });
        Ok(Described {
            formats: formats.collect(),
            keys: found.keys.iter().map(|key| key.spelt()).collect(),
            file: found.file,
            library: found.library,
            logical: found.logical,
            unique: found.unique,
        })
    }
}

impl Members {
    /// Asks for them.
    pub(super) async fn ask(client: &FileConnection, name: &FileName) -> Result<Members> {
        let found = client.members(name).await?;
        Ok(Members(found.into_iter().map(|m| (m.name, m.text, m.records, m.deleted)).collect()))
    }
}

impl<'py> IntoPyObject<'py> for Described {
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let out = PyDict::new(py);
        out.set_item("file", self.file)?;
        out.set_item("library", self.library)?;
        out.set_item("logical", self.logical)?;
        out.set_item("unique", self.unique)?;
        out.set_item("keys", self.keys)?;
        let formats = PyList::empty(py);
        for (name, length, fields) in self.formats {
            let one = PyDict::new(py);
            one.set_item("name", name)?;
            one.set_item("length", length)?;
            one.set_item("fields", fields)?;
            formats.append(one)?;
        }
        out.set_item("formats", formats)?;
        Ok(out)
    }
}

impl<'py> IntoPyObject<'py> for Members {
    type Target = PyList;
    type Output = Bound<'py, PyList>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for (name, text, records, deleted) in self.0 {
            let one = PyDict::new(py);
            one.set_item("name", name)?;
            one.set_item("text", text)?;
            one.set_item("records", records)?;
            one.set_item("deleted", deleted)?;
            list.append(one)?;
        }
        Ok(list)
    }
}
