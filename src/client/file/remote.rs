//! A member of a file, opened: what it is like, and the ways to its records.

use super::describe::describe_file;
use super::handle::Handle;
use super::name::FileName;
use super::options::{Mode, OpenOptions};
use super::partition::{Partition, split};
use super::place::Place;
use super::scan::FileStream;
use super::shared::FileInner;
use crate::client::error::{Error, Kind, Phase, Result};
use crate::column::error::ColumnError;
use crate::column::record::decode::RecordDecoder;
use crate::column::record::error::RecordError;
use crate::wire::record::control::Which;
use crate::wire::record::format::{FileFormats, RecordFormat};
use crate::wire::record::open::{Blocking, Ufcb};
use crate::wire::record::opnfb::OpenFeedback;
use crate::wire::value::place::Placed;
use arrow_schema::SchemaRef;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of records asked for at a time: as many as of rows.
const BLOCK: usize = 1 << 20;
/// What a slot has beside its record, at least.
const AROUND: usize = 16;
/// The most records that a request can ask for.
const MOST: usize = 0x7FFF;
/// Open feedback: the file joins others.
const JOIN: u8 = 0x04;

/// An open member. Cheap to clone; clones share its position.
#[derive(Debug, Clone)]
pub struct RemoteFile(pub(super) Arc<Remote>);

/// What the clones share.
#[derive(Debug)]
pub(super) struct Remote {
    pub inner: Arc<FileInner>,
    pub name: FileName,
    pub formats: FileFormats,
    pub format: RecordFormat,
    /// All fields.
    pub fields: Vec<Placed>,
    /// Those that are read.
    pub shown: Vec<Placed>,
    pub options: OpenOptions,
    pub feedback: OpenFeedback,
    pub schema: SchemaRef,
    /// An open for a scan that nobody has used yet.
    spare: Mutex<Option<Handle>>,
    pub place: tokio::sync::Mutex<Place>,
    /// Bad values that were read as NULL, by field.
    nulled: Mutex<BTreeMap<String, u64>>,
    closed: AtomicBool,
}

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
        let shown = match &options.columns {
            None => fields.clone(),
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
        let last = self.0.at(&handle, Which::Last).await?;
        handle.close().await?;
        Ok(split(&self.0.name, &self.0.options, last.unwrap_or(0), count))
    }

    /// Closes it; scans that are under way go on.
    pub async fn close(&self) -> Result<()> {
        if self.0.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let spare = self.0.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        let place = self.0.place.lock().await.take();
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
    pub(super) fn usable(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            let text = format!("{} is closed", self.name);
            return Err(Error::new(Kind::Interface, Phase::Execute, "24501", text).at(&self.inner.peer));
        }
        self.inner.usable(Phase::Execute)
    }

    /// Counts what a decoder has made NULL since `counted` was brought up to date.
    pub(super) fn count(&self, decoder: &RecordDecoder, counted: &mut BTreeMap<String, u64>) {
        for (field, now) in decoder.nulled() {
            let before = counted.insert(field.to_owned(), now).unwrap_or(0);
            let mut all = self.nulled.lock().unwrap_or_else(PoisonError::into_inner);
            *all.entry(field.to_owned()).or_default() += now.saturating_sub(before);
        }
    }

    /// Another open, read only.
    pub(super) async fn open_to_read(&self, keyed: bool, blocked: bool) -> Result<Handle> {
        let options = OpenOptions { keyed, ..self.options.clone() };
        let ufcb = ufcb(&self.name, &self.format, &options, Mode::Read, blocked);
        Handle::open(&self.inner, ufcb, self.fields.len()).await.map_err(|e| self.about(e))
    }

    /// Records of a block, before the server has a say.
    pub(super) fn block(&self) -> u16 {
        block(&self.format)
    }

    /// An error with the name of the file in front.
    pub(super) fn about(&self, e: Error) -> Error {
        about(e, &self.name.to_string())
    }

    /// Values that do not become Arrow, or the other way round.
    pub(super) fn bad(&self, e: &RecordError, phase: Phase) -> Error {
        let state = e.sqlstate();
        let kind = match state.get(..2) {
            Some("22") => Kind::Data,
            Some("23") => Kind::Integrity,
            Some("56" | "0A") => Kind::NotSupported,
            Some("58") => Kind::Internal,
            _ => Kind::Programming,
        };
        self.about(Error::new(kind, phase, state, e.to_string()).at(&self.inner.peer))
    }
}

fn about(e: Error, name: &str) -> Error {
    if e.message.contains(name) { e } else { Error { message: format!("{name}: {}", e.message), ..e } }
}

/// So that a block has about [`BLOCK`] bytes; the slots are not known yet.
fn block(format: &RecordFormat) -> u16 {
    let slot = format.length as usize + format.fields.len() + AROUND;
    (BLOCK / slot).clamp(1, MOST) as u16
}

fn ufcb(name: &FileName, format: &RecordFormat, options: &OpenOptions, mode: Mode, blocked: bool) -> Ufcb {
    Ufcb {
        file: name.file.clone(),
        library: name.library.clone(),
        member: name.member.clone(),
        access: mode.access(),
        null_capable: true,
        // As IBM's client for Java: who only writes is sent no order, or that of arrival if there are keys.
        arrival: match mode {
            Mode::Write => options.keyed.then_some(true),
            Mode::Read | Mode::ReadWrite => Some(!options.keyed),
        },
        commit: options.commit,
        blocking: Some(match (mode, blocked) {
            (Mode::ReadWrite, _) => Blocking::off(),
            (_, true) => Blocking::of(block(format)),
            (_, false) => Blocking::of(1),
        }),
        format: Some(format.name.clone()),
    }
}
