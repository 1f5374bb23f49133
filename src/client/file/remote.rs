//! A member of a file, opened: what it is like, and the ways to its records.

use super::describe::describe_file;
use super::handle::Handle;
use super::name::FileName;
use super::opened::{Remote, about, ufcb};
use super::options::{Mode, OpenOptions};
use super::partition::{Partition, split};
use super::position::Place;
use super::scan::FileStream;
use super::shared::FileInner;
use crate::client::error::{Error, Kind, Phase, Result};
use crate::column::error::ColumnError;
use crate::column::record::decode::RecordDecoder;
use crate::wire::record::control::Which;
use crate::wire::record::format::{FileFormats, RecordFormat};
use arrow_schema::SchemaRef;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Open feedback: the file joins others.
const JOIN: u8 = 0x04;

/// An open member. Cheap to clone; clones share its position.
#[derive(Debug, Clone)]
pub struct RemoteFile(pub(super) Arc<Remote>);

impl RemoteFile {
    pub(super) async fn open(inner: Arc<FileInner>, name: &FileName, mut options: OpenOptions) -> Result<RemoteFile> {
        let formats = match options.declared.take() {
            Some(declared) => declared,
            None => describe_file(&inner, name).await.map_err(|e| about(e, &name.qualified()))?,
        };
        let refuse =
            |kind, state: &str, text: String| Err(Error::new(kind, Phase::Execute, state, text).at(&inner.peer));
        let format = match (&options.format, formats.formats.as_slice()) {
            (None, [only]) => only.clone(),
            (Some(wanted), all) => match all.iter().find(|f| f.name == *wanted) {
                Some(format) => format.clone(),
                None => return refuse(Kind::Programming, "42704", format!("{name} has no record format {wanted}")),
            },
            (None, several) => {
                let names: Vec<&str> = several.iter().map(|f| f.name.as_str()).collect();
                let text = format!(
                    "{name} has {} record formats: choose one with format=… ({})",
                    names.len(),
                    names.join(", ")
                );
                return refuse(Kind::NotSupported, "0A000", text);
            }
        };
        if options.keyed && formats.keys.is_empty() {
            return refuse(Kind::Programming, "42601", format!("{name} has no keys: open it without keyed"));
        }
        let fields = format.placed();
        let named = options.values.on_error_of.keys().map(|field| ("on_error", field));
        let mut named = named.chain(options.force_ccsid.keys().map(|field| ("force_ccsid", field)));
        if let Some((setting, stray)) = named.find(|(_, name)| !fields.iter().any(|f| f.field.name == **name)) {
            return refuse(Kind::Programming, "42703", format!("{setting}: {name} has no field {stray:?}"));
        }
        options.values.values.force_ccsid.append(&mut options.force_ccsid);
        let shown = match &options.columns {
            None => fields.clone(),
            Some(none) if none.is_empty() && options.values.rrn.is_none() => {
                let text = format!("{name}: columns names no field; rrn=True alone gives the record numbers");
                return refuse(Kind::Programming, "42703", text);
            }
            Some(wanted) => {
                let one = |wanted: &String| {
                    fields.iter().find(|f| f.field.name == *wanted).cloned().ok_or_else(|| wanted.clone())
                };
                match wanted.iter().map(one).collect::<std::result::Result<Vec<_>, _>>() {
                    Ok(shown) => shown,
                    Err(missing) => {
                        let text = format!("{name} has no field {missing:?}");
                        return refuse(Kind::Programming, "42703", text);
                    }
                }
            }
        };
        let columns = |e: ColumnError| about(Error::from_column(&e, Phase::Execute).at(&inner.peer), &name.to_string());
        let schema = RecordDecoder::new(&shown, &options.values).map_err(columns)?.schema();
        let first = ufcb(name, &format, &options, options.mode, options.mode != Mode::ReadWrite);
        let handle = Handle::open(&inner, first, fields.len()).await.map_err(|e| about(e, &name.to_string()))?;
        let feedback = handle.feedback.clone();
        if u32::from(feedback.record_length) != format.length {
            let text = format!(
                "{name}: its records have {} bytes, those of the format {} have {}",
                feedback.record_length, format.name, format.length
            );
            return refuse(Kind::Programming, "42705", text);
        }
        if feedback.flags & JOIN != 0 && options.mode != Mode::Read {
            return refuse(Kind::NotSupported, "0A000", format!("{name} is a join logical file, which is only read"));
        }
        if options.values.rrn.is_some() && handle.received().rrn.is_none() {
            return refuse(Kind::NotSupported, "0A000", format!("{name}: the server sends no record numbers"));
        }
        let resolved = |found: &str, asked: &str| if found.is_empty() { asked } else { found }.to_owned();
        let name = FileName {
            library: resolved(&feedback.library, &name.library),
            file: name.file.clone(),
            member: resolved(&feedback.member, &name.member),
        };
        let (spare, place) = match options.mode {
            Mode::Read => (Some(handle), Place::default()),
            Mode::Write | Mode::ReadWrite => (None, Place::with(handle)),
        };
        Ok(RemoteFile(Arc::new(Remote {
            inner,
            name,
            formats,
            format,
            fields,
            shown,
            options,
            feedback,
            schema,
            spare: Mutex::new(spare),
            place: tokio::sync::Mutex::new(place),
            nulled: Mutex::default(),
            closed: AtomicBool::new(false),
        })))
    }

    /// The schema of what is read.
    pub fn schema(&self) -> SchemaRef {
        self.0.schema.clone()
    }

    /// File, library and member as the system found them.
    pub fn name(&self) -> &FileName {
        &self.0.name
    }

    /// Its formats and keys.
    pub fn formats(&self) -> &FileFormats {
        &self.0.formats
    }

    /// The record format in use.
    pub fn format(&self) -> &RecordFormat {
        &self.0.format
    }

    /// How it was opened.
    pub fn options(&self) -> &OpenOptions {
        &self.0.options
    }

    /// Records when it was opened; others may add and delete.
    pub fn records(&self) -> u32 {
        self.0.feedback.records
    }

    /// Fields with bad values that were read as NULL since it was opened, and how many.
    pub fn nulled(&self) -> BTreeMap<String, u64> {
        self.0.nulled.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All records as batches, in the order of arrival or, opened `keyed`, of the keys. Each scan has an
    /// open and a position of its own and reads without locks.
    pub async fn scan(&self) -> Result<FileStream> {
        self.0.usable()?;
        let spare = self.0.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        let handle = match spare {
            Some(handle) => handle,
            None => self.0.open_to_read(self.0.options.keyed, true).await?,
        };
        FileStream::new(self.0.clone(), handle, None).await
    }

    /// The records with numbers from `first` to `last`, in the order of arrival.
    pub async fn scan_range(&self, first: u32, last: Option<u32>) -> Result<FileStream> {
        self.0.usable()?;
        let handle = self.0.open_to_read(false, true).await?;
        self.0.has_numbers(&handle)?;
        FileStream::new(self.0.clone(), handle, Some((first.max(1), last.unwrap_or(u32::MAX)))).await
    }

    /// `count` parts of about equally many record numbers, each to be read on a connection of its own.
    /// The last one is open to records added meanwhile.
    pub async fn partitions(&self, count: usize) -> Result<Vec<Partition>> {
        self.0.usable()?;
        if self.0.formats.logical {
            let text = format!("{} is a logical file: the record numbers belong to others", self.0.name);
            return Err(Error::new(Kind::NotSupported, Phase::Execute, "0A000", text).at(&self.0.inner.peer));
        }
        let handle = self.0.open_to_read(false, false).await?;
        self.0.has_numbers(&handle)?;
        let last = self.0.at(&handle, Which::Last).await?;
        handle.close().await?;
        Ok(split(&self.0.name, &self.0.options, last.unwrap_or(0), count))
    }

    /// Closes it; scans that are under way go on. A read or write of another thread is not waited for: what it
    /// holds open is closed behind it.
    pub async fn close(&self) -> Result<()> {
        if self.0.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let spare = self.0.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        let place = match self.0.place.try_lock() {
            Ok(mut place) => place.take(),
            Err(_) => {
                let remote = self.0.clone();
                tokio::spawn(async move { drop(remote.place.lock().await.take()) });
                None
            }
        };
        if self.0.inner.usable(Phase::Close).is_err() {
            return Ok(());
        }
        for handle in [spare, place].into_iter().flatten() {
            handle.close().await?;
        }
        Ok(())
    }

    /// True once closed, or when its connection is.
    pub fn is_closed(&self) -> bool {
        self.0.usable().is_err()
    }
}

impl Remote {
    /// Refuses a file without record numbers of its own: where it shows several, they begin anew with each.
    fn has_numbers(&self, handle: &Handle) -> Result<()> {
        let several = handle.feedback.flags & JOIN != 0 || handle.feedback.members > 1;
        if !several && handle.received().rrn.is_some() {
            return Ok(());
        }
        let text = format!("{}: its records have no numbers of their own to read ranges by", self.name);
        Err(Error::new(Kind::NotSupported, Phase::Execute, "0A000", text).at(&self.inner.peer))
    }
}
