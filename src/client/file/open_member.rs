//! The facts about an open member, for all that read and write it.

use super::file_name::FileName;
use super::handle::Handle;
use super::inner::FileInner;
use super::options::{OpenMode, OpenOptions};
use super::position::FilePosition;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::column::file::decode::RecordDecoder;
use crate::column::file::error::RecordError;
use crate::wire::file::format::{FileFormats, RecordFormat};
use crate::wire::file::key::KeyPath;
use crate::wire::file::open::{Blocking, Ufcb};
use crate::wire::file::opnfb::OpenFeedback;
use crate::wire::value::record_layout::PlacedField;
use arrow_schema::SchemaRef;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of records asked for at a time: as many as of rows.
const BLOCK: usize = 1 << 20;
/// Bytes of a slot beside its record, at least.
const AROUND: usize = 16;
/// The most records that a request can ask for.
const MOST: usize = 0x7FFF;
/// The part that clones share.
#[derive(Debug)]
pub(super) struct OpenMember {
    pub inner: Arc<FileInner>,
    pub name: FileName,
    pub formats: FileFormats,
    pub format: RecordFormat,
    /// All fields, as they are written.
    pub fields: Vec<PlacedField>,
    /// Fields of the file's own formats, the most that one has; none where that is not known.
    pub map: Option<usize>,
    /// Those that are read.
    pub shown: Vec<PlacedField>,
    /// The order of the file's keys, or the reason why it is not known.
    pub path: std::result::Result<KeyPath, String>,
    pub options: OpenOptions,
    pub feedback: OpenFeedback,
    pub schema: SchemaRef,
    /// An open for a scan that nobody has used yet.
    pub spare: Mutex<Option<Handle>>,
    pub place: tokio::sync::Mutex<FilePosition>,
    /// Bad values that were read as NULL, by field.
    pub nulled: Mutex<BTreeMap<String, u64>>,
    /// By the user.
    pub closed: AtomicBool,
}

impl OpenMember {
    pub(super) fn usable(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            let text = format!("{} is closed", self.name);
            return Err(Error::new(ErrorClass::Interface, Phase::Execute, "24501", text).at(&self.inner.peer));
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
        let ufcb = ufcb(&self.name, &self.format, &options, OpenMode::Read, blocked);
        Handle::open(&self.inner, ufcb, self.map).await.map_err(|e| self.about(e))
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
            Some("22") => ErrorClass::Data,
            Some("23") => ErrorClass::Integrity,
            Some("56" | "0A") => ErrorClass::NotSupported,
            Some("58") => ErrorClass::Internal,
            _ => ErrorClass::Programming,
        };
        self.about(Error::new(kind, phase, state, e.to_string()).at(&self.inner.peer))
    }
}

/// The error with the name of what it is about in front.
pub(super) fn about(e: Error, name: &str) -> Error {
    if e.message.contains(name) { e } else { Error { message: format!("{name}: {}", e.message), ..e } }
}

/// So that a block has about [`BLOCK`] bytes; the slots are not known yet.
fn block(format: &RecordFormat) -> u16 {
    let slot = format.length as usize + format.fields.len() + AROUND;
    (BLOCK / slot).clamp(1, MOST) as u16
}

/// The request of an open.
pub(super) fn ufcb(
    name: &FileName,
    format: &RecordFormat,
    options: &OpenOptions,
    mode: OpenMode,
    blocked: bool,
) -> Ufcb {
    Ufcb {
        file: name.file.clone(),
        library: name.library.clone(),
        member: name.member.clone(),
        access: mode.access(),
        null_capable: true,
        // As IBM's client for Java: who only writes is sent no order, or that of arrival if there are keys.
        arrival: match mode {
            OpenMode::Write => options.keyed.then_some(true),
            OpenMode::Read | OpenMode::ReadWrite => Some(!options.keyed),
        },
        commit: options.commit,
        blocking: Some(match (mode, blocked) {
            (OpenMode::ReadWrite, _) => Blocking::off(),
            (_, true) => Blocking::of(block(format)),
            (_, false) => Blocking::of(1),
        }),
        format: Some(format.name.clone()),
    }
}
