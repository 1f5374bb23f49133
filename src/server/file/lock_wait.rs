//! Commands that other jobs are in the way of. Such a command ends without a reply and is run again once a lock is
//! released. No thread waits meanwhile: those who are to release the lock need one to run on.

use super::message::{Failure, Fault, Result};
use super::physical::{Contents, PhysicalFile};
use crate::server::backend::Interrupt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::timeout_at;

/// The longest time that a command waits.
const LONGEST: Duration = Duration::from_secs(3600);

/// How long a command waits for a lock.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    /// Not at all.
    None,
    /// As long as the server's setting says.
    Usual,
    /// As long as the command says.
    For(Duration),
}

/// The waiting of one job.
pub(super) struct LockWaiter {
    usual: Duration,
    interrupted: Arc<AtomicBool>,
    /// The wait of the command under way.
    waiting: Option<LockWait>,
    /// It ends then at the latest.
    deadline: Option<Instant>,
}

impl LockWaiter {
    /// Of a job that usually waits so long.
    pub(super) fn new(usual: Duration) -> LockWaiter {
        LockWaiter { usual, interrupted: Arc::default(), waiting: None, deadline: None }
    }

    /// The usual time.
    pub(super) fn usual(&self) -> Duration {
        self.usual
    }

    /// Ends the waiting, and work that takes long.
    pub(super) fn interrupt(&self) -> Interrupt {
        let flag = self.interrupted.clone();
        Arc::new(move || flag.store(true, Ordering::Relaxed))
    }

    /// The wait of a command that was not done.
    pub(super) fn take_wait(&mut self) -> Option<LockWait> {
        self.waiting.take()
    }

    /// The command under way is done: the next one waits anew.
    pub(super) fn command_ended(&mut self) {
        (self.waiting, self.deadline) = (None, None);
    }

    /// A part of the command is done: the next one waits anew.
    pub(super) fn part_ended(&mut self) {
        self.deadline = None;
    }

    /// An error when nobody waits any more for work that takes long.
    pub(super) fn check_wanted(&self) -> Result<()> {
        match self.interrupted.load(Ordering::Relaxed) {
            true => Err(Fault::new("CPF9898", "The job ends.").into()),
            false => Ok(()),
        }
    }

    /// Does something that another job may be in the way of: `work` gives none then. The command is to be run again
    /// once that job has released something ([`Failure::Waits`]); none when the time is over.
    pub(super) fn attempt<T>(
        &mut self,
        file: &PhysicalFile,
        patience: Patience,
        work: impl FnOnce(&mut MutexGuard<'_, Contents>) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let mut contents = file.contents();
        if let Some(done) = work(&mut contents)? {
            return Ok(Some(done));
        }
        let wait = match patience {
            Patience::None => return Ok(None),
            Patience::Usual => self.usual,
            Patience::For(wait) if wait.is_zero() => return Ok(None),
            Patience::For(wait) => wait,
        };
        let now = Instant::now();
        let deadline = *self.deadline.get_or_insert(now + wait.min(LONGEST));
        if now >= deadline || self.check_wanted().is_err() {
            return Ok(None);
        }
        self.waiting = Some(LockWait::new(file.releases(), deadline));
        Err(Failure::Waits)
    }
}

/// The wait of one command: for a release, up to a deadline.
#[derive(Debug)]
pub(in crate::server) struct LockWait {
    released: watch::Receiver<()>,
    deadline: Instant,
}

impl LockWait {
    /// For something that is released, until then at most.
    pub(super) fn new(released: watch::Receiver<()>, deadline: Instant) -> LockWait {
        LockWait { released, deadline }
    }

    /// Ends when the command is to be run again.
    pub(in crate::server) async fn over(mut self) {
        // An error: the file is gone, which the command finds out.
        let _ = timeout_at(self.deadline.into(), self.released.changed()).await;
    }
}
