//! An open member of a file, and the ways to its records.

use super::declared_format::{self, Laid, misfit};
use super::describe::describe_file;
use super::file_name::{FileName, name_in_page};
use super::handle::Handle;
use super::inner::FileInner;
use super::open_member::{OpenMember, about, ufcb};
use super::options::{OpenMode, OpenOptions};
use super::partition::{Partition, split};
use super::position::FilePosition;
use super::range::{KeyRange, Keys};
use super::read::Position;
use super::scan::{ScanPart, ScanStream};
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::column::error::ColumnError;
use crate::column::file::decode::RecordDecoder;
use crate::wire::file::control::Which;
use crate::wire::file::format::{FileFormats, KeyField, RecordFormat};
use crate::wire::file::key::KeyPath;
use crate::wire::value::record_layout::PlacedField;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Open feedback: the file joins others.
const JOIN: u8 = 0x04;
/// Likewise: it has fields that can be NULL.
const NULLABLE: u16 = 0x0040;

/// An open member. Cheap to clone; clones share its position.
#[derive(Debug, Clone)]
pub struct OpenFile(pub(super) Arc<OpenMember>);

impl OpenFile {
    pub(super) async fn open(inner: Arc<FileInner>, name: &FileName, mut options: OpenOptions) -> Result<OpenFile> {
        let refuse =
            |kind, state: &str, text: String| Err(Error::new(kind, Phase::Execute, state, text).at(&inner.peer));
        let declared = options.declared.take();
        let given = declared.is_some();
        let mut formats = match declared {
            Some(declared) => declared,
            None => describe_file(&inner, name).await.map_err(|e| about(e, &name.qualified()))?,
        };
        let mut format = chosen(&formats, &options, name).map_err(|e| e.at(&inner.peer))?;
        if given {
            let called = if format.name.is_empty() { &name.file } else { &format.name };
            let called = name_in_page("format", called, inner.speech().ccsid);
            format.name = called.map_err(|e| Error::from(e).at(&inner.peer))?;
        }
        if options.keyed && formats.keys.is_empty() && !given {
            return refuse(ErrorClass::Programming, "42601", format!("{name} has no keys: open it without keyed"));
        }
        let named = options.values.on_error_of.keys().map(|field| ("on_error", field));
        let mut named = named.chain(options.force_ccsid.keys().map(|field| ("force_ccsid", field)));
        if let Some((setting, stray)) = named.find(|(_, name)| !format.fields.iter().any(|f| f.name == **name)) {
            return refuse(ErrorClass::Programming, "42703", format!("{setting}: {name} has no field {stray:?}"));
        }
        options.values.values.force_ccsid.append(&mut options.force_ccsid);
        let most = formats.formats.iter().map(|format| format.fields.len()).max();
        let mut map = most.filter(|_| !given);
        let mut laid = Laid { read: format.placed(), written: format.placed() };
        // Before the file is opened: a column that cannot be made is the user's to change.
        let mut shown = shown(&laid.read, &options, name).map_err(|e| e.at(&inner.peer))?;
        let columns = |e: ColumnError| about(Error::from_column(&e, Phase::Execute).at(&inner.peer), &name.to_string());
        let schema = RecordDecoder::new(&shown, &options.values).map_err(columns)?.schema();
        options.values.values.memory = inner.memory.clone();
        let first = ufcb(name, &format, &options, options.mode, options.mode != OpenMode::ReadWrite);
        let mut handle = Handle::open(&inner, first, map).await.map_err(|e| about(e, &name.to_string()))?;
        let length = u32::from(handle.feedback.record_length);
        if given && let Some(why) = misfit(&format, length) {
            return refuse(ErrorClass::Programming, "42705", format!("{name}: {why}"));
        }
        if length != format.length {
            let text = format!(
                "{name}: its records have {length} bytes, those of the format {} have {}",
                format.name, format.length
            );
            return refuse(ErrorClass::Programming, "42705", text);
        }
        // What a file said of itself, given back, is as good as asked for; unless it has been changed since.
        let mut path = None;
        let by_user = given && (formats.file.is_empty() || format.fields.len() != handle.layout.fields);
        if given && !by_user {
            map = most;
            handle.lay(map).map_err(|e| about(e, &name.to_string()))?;
        }
        if by_user {
            let own = own(&inner, name, &options, &formats, &handle).await?;
            if options.keyed
                && let Some(own) = &own
            {
                match declared_format::keys(&formats, own) {
                    Ok(keys) => (formats.keys, formats.unique) = (keys, own.unique),
                    Err(why) => return refuse(ErrorClass::Programming, "42705", format!("{name}: {why}")),
                }
            }
            // Marks and keys are those of the file.
            path = Some(match (&own, own.as_ref().and_then(|own| declared_format::own(own, &format))) {
                (Some(file), Some(own)) => order(own, &file.keys),
                _ => Err("a format was given and the file not asked: open it with keyed=True".to_owned()),
            });
            let own = own.as_ref().and_then(|own| declared_format::own(own, &format));
            laid = declared_format::lay(&format, own, handle.layout.fields);
            map = own.map(|own| own.fields.len());
            handle.lay(map).map_err(|e| about(e, &name.to_string()))?;
            shown = self::shown(&laid.read, &options, name).map_err(|e| e.at(&inner.peer))?;
        }
        if options.keyed && formats.keys.is_empty() {
            return refuse(ErrorClass::Programming, "42601", format!("{name} has no keys: open it without keyed"));
        }
        let path = path.unwrap_or_else(|| order(&format, &formats.keys));
        let feedback = handle.feedback.clone();
        if feedback.flags & JOIN != 0 && options.mode != OpenMode::Read {
            return refuse(
                ErrorClass::NotSupported,
                "0A000",
                format!("{name} is a join logical file, which is only read"),
            );
        }
        if options.values.rrn.is_some() && handle.received().rrn.is_none() {
            return refuse(ErrorClass::NotSupported, "0A000", format!("{name}: the server sends no record numbers"));
        }
        let resolved = |found: &str, asked: &str| if found.is_empty() { asked } else { found }.to_owned();
        let name = FileName {
            library: resolved(&feedback.library, &name.library),
            file: name.file.clone(),
            member: resolved(&feedback.member, &name.member),
        };
        let (spare, place) = match options.mode {
            OpenMode::Read => (Some(handle), FilePosition::default()),
            OpenMode::Write | OpenMode::ReadWrite => (None, FilePosition::with(handle)),
        };
        Ok(OpenFile(Arc::new(OpenMember {
            inner,
            name,
            formats,
            format,
            fields: laid.written,
            map,
            shown,
            path,
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
    pub async fn scan(&self) -> Result<ScanStream> {
        self.0.usable()?;
        let spare = self.0.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        let handle = match spare {
            Some(handle) => handle,
            None => self.0.open_to_read(self.0.options.keyed, true).await?,
        };
        ScanStream::new(self.0.clone(), handle, ScanPart::All).await
    }

    /// The records with these keys, in the order of the keys. Where leading fields of a key are given, all records
    /// that begin with them. The file need not be opened `keyed`.
    pub async fn scan_keys(&self, keys: &Keys) -> Result<ScanStream> {
        self.0.usable()?;
        let range = KeyRange::new(&self.0, keys)?;
        let handle = self.0.open_to_read(true, true).await?;
        ScanStream::new(self.0.clone(), handle, ScanPart::Keys(Box::new(range))).await
    }

    /// The records with numbers from `first` to `last`, in the order of arrival.
    pub async fn scan_range(&self, first: u32, last: Option<u32>) -> Result<ScanStream> {
        self.0.usable()?;
        let handle = self.0.open_to_read(false, true).await?;
        has_numbers(&self.0, &handle)?;
        ScanStream::new(self.0.clone(), handle, ScanPart::Numbers(first.max(1), last.unwrap_or(u32::MAX))).await
    }

    /// `count` parts of about equally many record numbers, each to be read on a connection of its own.
    /// The last one is open to records added meanwhile.
    pub async fn partitions(&self, count: usize) -> Result<Vec<Partition>> {
        self.0.usable()?;
        if self.0.formats.logical {
            let text = format!("{} is a logical file: the record numbers belong to others", self.0.name);
            return Err(Error::new(ErrorClass::NotSupported, Phase::Execute, "0A000", text).at(&self.0.inner.peer));
        }
        let handle = self.0.open_to_read(false, false).await?;
        has_numbers(&self.0, &handle)?;
        let last = self.0.at(&handle, Which::Last).await?;
        handle.close().await?;
        Ok(split(&self.0.name, &self.0.options, last.unwrap_or(0), count))
    }

    /// The record at a position; none if there is no such record, or it is deleted.
    pub async fn read_at(&self, position: Position) -> Result<Option<RecordBatch>> {
        self.0.read_at(position).await
    }

    /// Before the first record, or after the last: the next read begins there.
    pub async fn rewind(&self, to_first: bool) -> Result<()> {
        self.0.rewind(to_first).await
    }

    /// Closes it; scans that are under way go on. A read or write of another thread is not waited for: what it
    /// holds open is closed after it.
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

/// Refuses a file without record numbers of its own: where it shows several, they begin anew with each.
fn has_numbers(member: &OpenMember, handle: &Handle) -> Result<()> {
    let several = handle.feedback.flags & JOIN != 0 || handle.feedback.members > 1;
    if !several && handle.received().rrn.is_some() {
        return Ok(());
    }
    let text = format!("{}: its records have no numbers of their own to read ranges by", member.name);
    Err(Error::new(ErrorClass::NotSupported, Phase::Execute, "0A000", text).at(&member.inner.peer))
}

/// The order of keys in records of a format, or the reason why there is none.
fn order(format: &RecordFormat, keys: &[KeyField]) -> std::result::Result<KeyPath, String> {
    if keys.is_empty() { Err("the file has no keys".to_owned()) } else { KeyPath::new(format, keys) }
}

/// The record format that is meant.
fn chosen(formats: &FileFormats, options: &OpenOptions, name: &FileName) -> Result<RecordFormat> {
    match (&options.format, formats.formats.as_slice()) {
        (None, [only]) => Ok(only.clone()),
        (Some(wanted), all) => all.iter().find(|f| f.name == *wanted).cloned().ok_or_else(|| {
            let text = format!("{name} has no record format {wanted}");
            Error::new(ErrorClass::Programming, Phase::Execute, "42704", text)
        }),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|f| f.name.as_str()).collect();
            let text =
                format!("{name} has {} record formats: choose one with format=… ({})", names.len(), names.join(", "));
            Err(Error::new(ErrorClass::NotSupported, Phase::Execute, "0A000", text))
        }
    }
}

/// The fields that are read, in the order of the columns.
fn shown(fields: &[PlacedField], options: &OpenOptions, name: &FileName) -> Result<Vec<PlacedField>> {
    let refuse = |text: String| Error::new(ErrorClass::Programming, Phase::Execute, "42703", text);
    match &options.columns {
        None => Ok(fields.to_vec()),
        Some(none) if none.is_empty() && options.values.rrn.is_none() => {
            Err(refuse(format!("{name}: columns names no field; rrn=True alone gives the record numbers")))
        }
        Some(wanted) => {
            let one = |wanted: &String| {
                let found = fields.iter().find(|f| f.field.name == *wanted).cloned();
                found.ok_or_else(|| refuse(format!("{name} has no field {wanted:?}")))
            };
            wanted.iter().map(one).collect()
        }
    }
}

/// The file's own description, beside a format that the user has given: asked for where fields may be NULL, and
/// where records are read by key. Without an answer the user's word is all there is, and a NULL is an error.
async fn own(
    inner: &Arc<FileInner>,
    name: &FileName,
    options: &OpenOptions,
    declared: &FileFormats,
    handle: &Handle,
) -> Result<Option<FileFormats>> {
    let said = declared.formats.iter().flat_map(|format| &format.fields).any(|field| field.nullable);
    let read = options.mode != OpenMode::Write && handle.feedback.variable & NULLABLE != 0;
    if !options.keyed && !said && !read {
        return Ok(None);
    }
    match describe_file(inner, name).await {
        Ok(own) => Ok(Some(own)),
        Err(e) if e.connection_usable && !(options.keyed && declared.keys.is_empty()) => {
            tracing::debug!(error = %e, "the file does not describe itself");
            Ok(None)
        }
        Err(e) => Err(about(e, &name.qualified())),
    }
}
