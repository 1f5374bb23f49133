//! The job of one connection: its libraries, its open files, the objects that it has allocated, its unit of work. When
//! it ends, so does all of that.

use super::allocation::AllocatedObjects;
use super::commit::Commitment;
use super::job_libraries::JobLibraries;
use super::library::FileStore;
use super::lock_wait::{LockWait, LockWaiter};
use super::locks::JobId;
use super::open_files::OpenFiles;
use crate::server::backend::Interrupt;
use crate::server::journal::entry::Author;
use std::sync::Arc;

/// A job.
pub(in crate::server) struct Job {
    pub(super) id: JobId,
    pub(super) libraries: JobLibraries,
    pub(super) open: OpenFiles,
    pub(super) allocated: AllocatedObjects,
    pub(super) commitment: Commitment,
    pub(super) waiter: LockWaiter,
}

impl Job {
    /// A new one of a user; with `read_only` it changes nothing but what is its own.
    pub(in crate::server) fn new(store: FileStore, read_only: bool, user: &str) -> Job {
        let id = store.next_job();
        let author = Arc::new(Author { job: id, user: user.to_owned() });
        Job {
            id,
            open: OpenFiles::default(),
            allocated: AllocatedObjects::new(id),
            commitment: Commitment::new(author.clone(), store.quota()),
            waiter: LockWaiter::new(store.patience()),
            libraries: JobLibraries::new(store, read_only, author),
        }
    }

    /// Ends its waiting, and work that takes long.
    pub(in crate::server) fn interrupt(&self) -> Interrupt {
        self.waiter.interrupt()
    }

    /// The lock that the command waits for that was not done.
    pub(in crate::server) fn take_wait(&mut self) -> Option<LockWait> {
        self.waiter.take_wait()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.commitment.roll_back(&mut self.open);
        self.open.close_all();
        self.allocated.release_all();
    }
}
