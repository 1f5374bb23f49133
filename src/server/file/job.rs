//! The job of one connection: its files in QTEMP, its library list, the files that it has open, its
//! locks and the changes that are not yet committed. When it ends, so does all of that.

use super::cursor::CursorPlace;
use super::library::{FileStore, GENERAL, Library};
use super::lock_wait::LockWait;
use super::locks::{JobId, ObjectLock, RecordLock};
use super::member::{Record, Refused};
use super::message::{Failure, Fault, Result};
use super::physical::{Contents, PhysicalFile};
use crate::server::backend::Interrupt;
use crate::wire::file::iofb::IoFeedback;
use crate::wire::file::open::CommitLevel;
use crate::wire::file::system_name::DclNam;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

/// Where each job has files of its own.
pub(super) const QTEMP: &str = "QTEMP";

/// The memory of a note of a change beside its bytes.
const NOTE: usize = 256;
/// The longest time that a command waits.
const LONGEST: Duration = Duration::from_secs(3600);

/// A job.
pub(in crate::server) struct Job {
    pub(super) store: FileStore,
    pub(super) id: JobId,
    /// Files of others are not to be changed.
    read_only: bool,
    pub(super) qtemp: Library,
    /// CURLIB.
    pub(super) current: String,
    /// The library list; none for all libraries there are.
    pub(super) list: Option<Vec<String>>,
    pub(super) open: HashMap<DclNam, OpenDataPath>,
    /// Object locks by command.
    pub(super) explicit: Vec<(Arc<PhysicalFile>, ObjectLock)>,
    /// Commitment control is started, at this level.
    pub(super) commitment: Option<CommitLevel>,
    pub(super) changes: Vec<RecordChange>,
    /// Records that stay locked until the unit of work ends.
    pub(super) kept: Vec<KeptLock>,
    /// Bytes that these take.
    charged: usize,
    interrupted: Arc<AtomicBool>,
    /// What the command under way waits for.
    waiting: Option<LockWait>,
    /// It waits until then at most.
    deadline: Option<Instant>,
    /// Slots of a write that were written before one had to be waited for, and what is to be told of them.
    pub(super) written: Option<(usize, IoFeedback)>,
}

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
}

/// A change that can be undone.
pub(super) struct RecordChange {
    pub(super) file: Arc<PhysicalFile>,
    pub(super) member: String,
    pub(super) rrn: u32,
    /// The record before the change; none for one that was added.
    pub(super) before: Option<Record>,
    /// Its order among records with equal keys.
    pub(super) order: Option<i64>,
}

/// A record lock of a unit of work.
pub(super) struct KeptLock {
    pub(super) file: Arc<PhysicalFile>,
    pub(super) member: String,
    pub(super) rrn: u32,
    pub(super) kind: RecordLock,
}

impl Job {
    /// A new one; with `read_only` it changes nothing but what is its own.
    pub(in crate::server) fn new(store: FileStore, read_only: bool) -> Job {
        Job {
            id: store.next_job(),
            read_only,
            store,
            qtemp: Library::new(),
            current: GENERAL.to_owned(),
            list: None,
            open: HashMap::new(),
            explicit: Vec::new(),
            commitment: None,
            changes: Vec::new(),
            kept: Vec::new(),
            charged: 0,
            interrupted: Arc::default(),
            waiting: None,
            deadline: None,
            written: None,
        }
    }

    /// Ends its waiting, and work that takes long.
    pub(in crate::server) fn interrupt(&self) -> Interrupt {
        let flag = self.interrupted.clone();
        Arc::new(move || flag.store(true, Ordering::Relaxed))
    }

    /// What the command that was not done waits for.
    pub(in crate::server) fn take_wait(&mut self) -> Option<LockWait> {
        self.waiting.take()
    }

    /// The command under way is done: the next one waits anew.
    pub(super) fn command_ended(&mut self) {
        (self.waiting, self.deadline, self.written) = (None, None, None);
    }

    /// A part of the command is done: the next one waits anew.
    pub(super) fn waits_anew(&mut self) {
        self.deadline = None;
    }

    /// An error when nobody waits any more for work that takes long.
    pub(super) fn is_wanted(&self) -> Result<()> {
        match self.interrupted.load(Ordering::Relaxed) {
            true => Err(Fault::new("CPF9898", "The job ends.").into()),
            false => Ok(()),
        }
    }

    /// An error of this identifier where nothing may be changed in the library; the job's own is QTEMP.
    pub(super) fn may_change(&self, library: &str, id: &'static str, undone: impl FnOnce() -> String) -> Result<()> {
        if self.read_only && library != QTEMP {
            return Err(Fault::new(id, format!("{}: this server is read-only.", undone())).into());
        }
        Ok(())
    }

    /// The file that is meant: by a library's name, `*LIBL`, `*CURLIB`.
    pub(super) fn find(&self, library: &str, file: &str) -> Option<Arc<PhysicalFile>> {
        match library {
            QTEMP => self.qtemp.get(file).cloned(),
            "*CURLIB" => self.store.find(&self.current, file),
            "*LIBL" | "" => {
                let own = self.qtemp.get(file).cloned();
                own.or_else(|| self.store.find(&self.current, file)).or_else(|| {
                    let libraries =
                        self.list.clone().unwrap_or_else(|| self.store.libraries(|all| all.keys().cloned().collect()));
                    libraries.iter().find_map(|library| self.find_in(library, file))
                })
            }
            name => self.store.find(name, file),
        }
    }

    fn find_in(&self, library: &str, file: &str) -> Option<Arc<PhysicalFile>> {
        if library == QTEMP { self.qtemp.get(file).cloned() } else { self.store.find(library, file) }
    }

    /// The name of the library that is meant.
    pub(super) fn library(&self, name: &str) -> String {
        match name {
            "*CURLIB" | "*LIBL" | "" => self.current.clone(),
            name => name.to_owned(),
        }
    }

    /// The open file of a declared name.
    pub(super) fn open_file(&mut self, name: DclNam) -> Result<&mut OpenDataPath> {
        self.open.get_mut(&name).ok_or_else(|| Fault::new("CPF4501", "File is not open.").into())
    }

    /// Does something that another job may be in the way of: `work` gives none then. The command is to be run again
    /// once that job has released something ([`Failure::Waits`]); none when the time is over. No thread waits: those
    /// who are to release it need one to run on.
    pub(super) fn patiently<T>(
        &mut self,
        file: &PhysicalFile,
        work: impl FnMut(&mut Self, &mut MutexGuard<'_, Contents>) -> Result<Option<T>>,
        wait: bool,
    ) -> Result<Option<T>> {
        self.patiently_for(file, work, (!wait).then_some(Duration::ZERO))
    }

    /// The same for so long, or as long as usual.
    pub(super) fn patiently_for<T>(
        &mut self,
        file: &PhysicalFile,
        mut work: impl FnMut(&mut Self, &mut MutexGuard<'_, Contents>) -> Result<Option<T>>,
        wait: Option<Duration>,
    ) -> Result<Option<T>> {
        let mut contents = file.contents();
        if let Some(done) = work(self, &mut contents)? {
            return Ok(Some(done));
        }
        if wait.is_some_and(|wait| wait.is_zero()) {
            return Ok(None);
        }
        let (now, usual) = (Instant::now(), self.store.patience());
        let deadline = *self.deadline.get_or_insert(now + wait.unwrap_or(usual).min(LONGEST));
        if now >= deadline || self.is_wanted().is_err() {
            return Ok(None);
        }
        self.waiting = Some(LockWait::new(file.releases(), deadline));
        Err(Failure::Waits)
    }

    /// Takes room for something to be undone, or to stay locked, until the unit of work ends.
    pub(super) fn charge(&mut self, bytes: usize) -> Result<()> {
        if !self.store.quota().take(bytes + NOTE) {
            return Err(Refused::Full.fault().into());
        }
        self.charged += bytes + NOTE;
        Ok(())
    }

    /// Gives back the room of something that was not done.
    pub(super) fn uncharge(&mut self, bytes: usize) {
        self.store.quota().give(bytes + NOTE);
        self.charged -= bytes + NOTE;
    }

    /// Gives all of that room back.
    pub(super) fn discharge(&mut self) {
        self.store.quota().give(std::mem::take(&mut self.charged));
    }

    /// Lets go of the record that the last read of an open file locked; false when it had none.
    pub(super) fn unlock(open: &mut OpenDataPath, contents: &mut Contents, job: JobId) -> bool {
        let Some((rrn, kind)) = open.locked.take() else { return false };
        if let Some(member) = contents.member(&open.member) {
            member.locks.release(rrn, job, kind);
        }
        true
    }

    /// Closes an open file. What is not committed stays locked.
    pub(super) fn close(&mut self, name: DclNam) -> Result<()> {
        let mut open =
            self.open.remove(&name).ok_or_else(|| Failure::from(Fault::new("CPF4501", "File is not open.")))?;
        let file = open.file.clone();
        let mut contents = file.contents();
        Job::unlock(&mut open, &mut contents, self.id);
        contents.release(&open.lock);
        drop(contents);
        file.wake();
        Ok(())
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.roll_back();
        let names: Vec<DclNam> = self.open.keys().copied().collect();
        for name in names {
            let _ = self.close(name);
        }
        for (file, _) in std::mem::take(&mut self.explicit) {
            file.contents().release_all(self.id);
            file.wake();
        }
    }
}
