//! The open files of a job.

use super::cursor::CursorPlace;
use super::locks::{ObjectLock, RecordLock};
use super::message::{Fault, Result};
use super::physical::{Contents, PhysicalFile};
use crate::wire::file::iofb::IoFeedback;
use crate::wire::file::open::CommitLevel;
use crate::wire::file::system_name::DclNam;
use std::collections::HashMap;
use std::sync::Arc;

/// Files that a job may have open at a time.
const MOST: usize = 1000;

/// An open file.
pub(super) struct OpenDataPath {
    pub(super) file: Arc<PhysicalFile>,
    pub(super) member: String,
    pub(super) lock: ObjectLock,
    pub(super) read: bool,
    pub(super) write: bool,
    pub(super) change: bool,
    pub(super) delete: bool,
    /// Records come along the access path.
    pub(super) keyed: bool,
    /// COMMIT, and its level.
    pub(super) commit: Option<CommitLevel>,
    /// The most records of a block.
    pub(super) block: u16,
    pub(super) place: CursorPlace,
    /// The record that the last read locked.
    pub(super) locked: Option<(u32, RecordLock)>,
    /// The slots that a write has written before one that had to be waited for, and the feedback so far.
    pub(super) written: Option<(usize, IoFeedback)>,
}

impl OpenDataPath {
    /// Releases the record that the last read locked; false when it had none.
    pub(super) fn unlock(&mut self, contents: &mut Contents) -> bool {
        let Some((rrn, kind)) = self.locked.take() else { return false };
        if let Some(member) = contents.member(&self.member) {
            member.locks.release(rrn, self.lock.job, kind);
        }
        true
    }

    /// The same, and wakes those that wait for it.
    pub(super) fn release(&mut self) {
        let file = self.file.clone();
        let unlocked = self.unlock(&mut file.contents());
        if unlocked {
            file.wake();
        }
    }
}

/// The open files, by the names that they were declared with.
#[derive(Default)]
pub(super) struct OpenFiles(HashMap<DclNam, OpenDataPath>);

impl OpenFiles {
    /// The open file of a declared name.
    pub(super) fn get(&mut self, name: DclNam) -> Result<&mut OpenDataPath> {
        self.0.get_mut(&name).ok_or_else(|| not_open().into())
    }

    /// An error where no further file may be opened under a name.
    pub(super) fn check_free(&self, name: DclNam) -> Result<()> {
        if self.0.contains_key(&name) {
            return Err(Fault::new("CPF4152", "The name of the open file is in use already.").into());
        }
        if self.0.len() >= MOST {
            return Err(Fault::new("CPF4103", format!("{MOST} files are open already.")).into());
        }
        Ok(())
    }

    /// Adds a file that was opened.
    pub(super) fn insert(&mut self, name: DclNam, open: OpenDataPath) {
        self.0.insert(name, open);
    }

    /// Those under commitment control.
    pub(super) fn committed(&mut self) -> impl Iterator<Item = &mut OpenDataPath> {
        self.0.values_mut().filter(|open| open.commit.is_some())
    }

    /// Closes a file. Records of changes that are not committed stay locked.
    pub(super) fn close(&mut self, name: DclNam) -> Result<()> {
        let mut open = self.0.remove(&name).ok_or_else(not_open)?;
        let file = open.file.clone();
        let mut contents = file.contents();
        open.unlock(&mut contents);
        contents.release(&open.lock);
        drop(contents);
        file.wake();
        Ok(())
    }

    /// Closes all of them.
    pub(super) fn close_all(&mut self) {
        let names: Vec<DclNam> = self.0.keys().copied().collect();
        for name in names {
            let _ = self.close(name);
        }
    }
}

fn not_open() -> Fault {
    Fault::new("CPF4501", "File is not open.")
}
