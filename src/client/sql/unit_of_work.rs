//! The unit of work of a connection: its state, and a count of its ends.

use super::ends::Ends;
use super::rows_under_way::RowsUnderWay;
use super::xa::stage::OwnBranches;
use crate::client::error::{Error, Result};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use tokio::sync::Mutex;

/// The unit of work of a connection, and who may go on with it.
#[derive(Debug, Default)]
pub(super) struct UnitOfWork {
    /// Held while data is changed.
    pub turn: Arc<Mutex<()>>,
    /// Something was done since the last end of a unit of work that nobody has committed.
    pub open: AtomicBool,
    /// A statement ran that may have committed by itself: a procedure, a COMMIT.
    pub unsure: AtomicBool,
    /// Batches under way.
    pub batches: AtomicUsize,
    /// Batches whose rows are being undone with nobody waiting for it.
    pub undoing: AtomicUsize,
    /// A query ended within a batch; its work ends with that of the batch.
    pub put_off: AtomicBool,
    /// Rows of a batch that are not answered.
    pub rows: Arc<RowsUnderWay>,
    /// The server takes no arrays of rows.
    pub no_arrays: AtomicBool,
    /// The server does not know savepoints.
    pub no_savepoints: AtomicBool,
    /// Blocks of `transaction()` under way.
    blocks: std::sync::Mutex<Blocks>,
    /// Branches of global transactions.
    branches: std::sync::Mutex<OwnBranches>,
    commits: AtomicU64,
    rollbacks: AtomicU64,
    /// How often it was asked to break off what runs.
    pub cancels: AtomicU64,
}

impl UnitOfWork {
    /// How often it was committed and rolled back by others than batches.
    pub(super) fn ends(&self) -> Ends {
        Ends { commits: self.commits.load(Ordering::Acquire), rollbacks: self.rollbacks.load(Ordering::Acquire) }
    }

    /// The blocks under way.
    pub(super) fn blocks(&self) -> MutexGuard<'_, Blocks> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The branches of global transactions.
    pub(super) fn branches(&self) -> MutexGuard<'_, OwnBranches> {
        self.branches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses what would end the unit of work of a block, or of a branch.
    pub(super) fn outside_of_blocks(&self) -> Result<()> {
        self.branches().outside()?;
        match self.blocks().begun.is_empty() {
            true => Ok(()),
            false => Err(Error::interface("within transaction(): its block commits or rolls back when it ends")),
        }
    }

    /// It was committed.
    pub(super) fn committed(&self) {
        self.commits.fetch_add(1, Ordering::AcqRel);
        self.ended();
    }

    /// It was rolled back, by us or by the server.
    pub(super) fn rolled_back(&self) {
        self.rollbacks.fetch_add(1, Ordering::AcqRel);
        self.ended();
    }

    /// Nothing is left of it.
    pub(super) fn ended(&self) {
        self.open.store(false, Ordering::Release);
        self.unsure.store(false, Ordering::Release);
        self.put_off.store(false, Ordering::Release);
    }
}

/// The blocks under way on a connection.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// The name of each, the outermost first.
    pub begun: Vec<u64>,
    /// Who began the first one.
    pub owner: u64,
    /// Whether statements are committed by themselves after it.
    pub autocommit: bool,
    /// Units of work that had ended when it began.
    pub ends: Option<Ends>,
}
