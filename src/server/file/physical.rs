//! A physical file: its record format and keys, its members, and the locks on them.

use super::locks::{JobId, ObjectLock};
use super::member::{Member, Rules};
use super::message::Fault;
use super::rules::{Duplicates, Quota};
use crate::server::journal::journal::Journal;
use crate::wire::file::buffer::BufferLayout;
use crate::wire::file::format::{FileFormats, KeyField, RecordField, RecordFormat};
use crate::wire::file::key::KeyPath;
use crate::wire::value::record_layout::PlacedField;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use tokio::sync::watch;

/// The longest record: what the system allows.
pub(super) const LONGEST: u32 = 32_766;
/// Fields of a record format, as the system allows.
const FIELDS: usize = 8_000;
/// The memory of a file or member beside its records, and of each field beside its texts.
const COST: usize = 4096;
const FIELD: usize = 1024;

/// The definition of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Definition {
    pub(super) format: RecordFormat,
    pub(super) keys: Vec<KeyField>,
    pub(super) unique: bool,
    pub(super) duplicates: Option<Duplicates>,
    /// A file of source text.
    pub(super) source: bool,
    pub(super) text: String,
}

/// A physical file.
#[derive(Debug)]
pub(super) struct PhysicalFile {
    pub(super) library: String,
    pub(super) name: String,
    pub(super) definition: Definition,
    pub(super) places: Vec<PlacedField>,
    rules: Rules,
    contents: Mutex<Contents>,
    /// Tells when a lock is released.
    released: watch::Sender<()>,
    quota: Arc<Quota>,
    /// The journal of its library; none in QTEMP.
    pub(super) journal: Option<Arc<Journal>>,
    pub(super) created: SystemTime,
    /// The memory that was taken for the definition.
    cost: usize,
}

/// The part of a file that changes.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) members: Vec<Member>,
    pub(super) locks: Vec<ObjectLock>,
    /// New records take the places of deleted ones.
    pub(super) reuse: bool,
}

impl Definition {
    /// Bytes that it takes.
    fn cost(&self) -> usize {
        let texts = |f: &RecordField| {
            let headings: usize = f.headings.iter().map(String::len).sum();
            f.text.len() + headings + f.default.as_ref().map_or(0, String::len)
        };
        COST + self.text.len() + self.format.fields.iter().map(|field| FIELD + texts(field)).sum::<usize>()
    }
}

impl PhysicalFile {
    /// An empty file without members.
    pub(super) fn new(
        library: &str,
        name: &str,
        definition: Definition,
        quota: Arc<Quota>,
        journal: Option<Arc<Journal>>,
    ) -> Result<PhysicalFile, String> {
        let Definition { format, keys, .. } = &definition;
        if format.length == 0 || format.length > LONGEST || format.fields.len() > FIELDS {
            return Err(format!("records of {} bytes and {} fields", format.length, format.fields.len()));
        }
        if format.layout().increment > usize::from(u16::MAX) {
            return Err(format!("record format {} is too large", format.name));
        }
        let path = (!keys.is_empty()).then(|| KeyPath::new(format, keys).map(Arc::new)).transpose()?;
        let mut names = HashSet::new();
        if let Some(twice) = format.fields.iter().find(|field| !names.insert(field.name.as_str())) {
            return Err(format!("field {} is defined twice", twice.name));
        }
        let cost = definition.cost();
        if !quota.take(cost) {
            return Err("no room is left".to_owned());
        }
        let rules = Rules {
            length: format.length as usize,
            path,
            unique: definition.unique,
            duplicates: definition.duplicates.unwrap_or_default(),
            quota: quota.clone(),
        };
        Ok(PhysicalFile {
            library: library.to_owned(),
            name: name.to_owned(),
            places: definition.format.placed(),
            definition,
            rules,
            contents: Mutex::default(),
            released: watch::Sender::new(()),
            quota,
            journal,
            created: SystemTime::now(),
            cost,
        })
    }

    /// How slots of its records lie.
    pub(super) fn layout(&self) -> BufferLayout {
        self.definition.format.layout()
    }

    /// Bytes of a key; none without one.
    pub(super) fn key_width(&self) -> usize {
        self.path().map_or(0, KeyPath::width)
    }

    /// The key, for a file that has one.
    pub(super) fn path(&self) -> Option<&KeyPath> {
        self.rules.path.as_deref()
    }

    /// Formats and keys as DSPFFD and DSPFD describe them.
    pub(super) fn formats(&self) -> FileFormats {
        FileFormats {
            file: self.name.clone(),
            library: self.library.clone(),
            logical: false,
            formats: vec![self.definition.format.clone()],
            keys: self.definition.keys.clone(),
            unique: self.definition.unique,
        }
    }

    /// Its contents. Nothing else but its journal is locked while this is.
    pub(super) fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who wait that a lock was released.
    pub(super) fn wake(&self) {
        self.released.send_replace(());
    }

    /// Hears of what is released from now on. Whoever asks while the contents are locked misses nothing.
    pub(super) fn releases(&self) -> watch::Receiver<()> {
        self.released.subscribe()
    }

    /// Adds a member.
    pub(super) fn add_member(&self, contents: &mut Contents, name: &str, text: &str) -> Result<(), Fault> {
        if contents.members.iter().any(|m| m.name == name) {
            return Err(Fault::new("CPF5812", format!("Member {name} already in file {}.", self.name)));
        }
        if !self.quota.take(COST) {
            return Err(Fault::new("CPF7306", "Member not added: no room is left."));
        }
        contents.members.push(Member::new(name, text, self.rules.clone()));
        Ok(())
    }

    /// Removes all members, which nobody uses: the file is deleted.
    pub(super) fn remove_members(&self, contents: &mut Contents) {
        self.quota.give(COST * std::mem::take(&mut contents.members).len());
    }

    /// Removes a member that nobody else uses.
    pub(super) fn remove_member(&self, contents: &mut Contents, name: &str) {
        let before = contents.members.len();
        contents.members.retain(|m| m.name != name);
        self.quota.give(COST * (before - contents.members.len()));
    }
}

impl Contents {
    /// The name of the member that is meant: a name, `*FIRST` or `*LAST`.
    pub(super) fn resolve(&self, member: &str) -> Option<String> {
        match member {
            "*FIRST" => self.members.first(),
            "*LAST" => self.members.last(),
            name => self.members.iter().find(|m| m.name == name),
        }
        .map(|m| m.name.clone())
    }

    /// A member by its name.
    pub(super) fn member(&mut self, name: &str) -> Option<&mut Member> {
        self.members.iter_mut().find(|m| m.name == name)
    }

    /// True when another job's lock, or an open file of the same one, is in the way.
    pub(super) fn meets(&self, wanted: &ObjectLock, own_opens: bool) -> bool {
        self.locks.iter().any(|held| (held.job != wanted.job || own_opens && held.open) && held.meets(wanted))
    }

    /// True when records of a member, or of any, are locked: changes may still be undone.
    pub(super) fn is_pending(&self, member: Option<&str>) -> bool {
        self.members.iter().any(|m| member.is_none_or(|name| m.name == name) && !m.locks.is_empty())
    }

    /// Gives back one lock.
    pub(super) fn release(&mut self, lock: &ObjectLock) -> bool {
        let at = self.locks.iter().position(|held| held == lock);
        at.map(|at| self.locks.swap_remove(at)).is_some()
    }

    /// Gives back all locks of a job.
    pub(super) fn release_all(&mut self, job: JobId) {
        self.locks.retain(|held| held.job != job);
    }
}

impl Drop for PhysicalFile {
    fn drop(&mut self) {
        let members = self.contents.get_mut().map_or(0, |c| c.members.len());
        self.quota.give(self.cost + COST * members);
    }
}

/// A record format of fields one after the other. Its level identifier follows from what the fields
/// are, so that equal formats have equal ones.
pub(super) fn record_format(name: &str, text: &str, mut fields: Vec<RecordField>) -> RecordFormat {
    let mut length: u32 = 0;
    let mut hash: u64 = 0xCBF2_9CE4_8422_2325;
    for field in &mut fields {
        field.offset = length;
        length = length.saturating_add(field.length);
        let facts = format!("{} {:?} {} {}", field.name, field.dds, field.length, field.decimals);
        hash = facts.bytes().fold(hash, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3));
    }
    let level = format!("{:013X}", hash >> 12);
    RecordFormat { name: name.to_owned(), level, text: text.to_owned(), length, fields }
}
