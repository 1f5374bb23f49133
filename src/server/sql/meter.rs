//! Batches of rows, counted to a connection's budget while they are held.

use crate::server::budget::{Budget, Lease, around, cost};
use crate::server::error::SqlError;
use arrow_array::RecordBatch;

/// The lease for the batches of one query.
pub(in crate::server) struct Meter {
    lease: Lease,
    /// The values are the engine's in any case.
    shared: bool,
}

impl Meter {
    /// For no batch yet.
    pub(in crate::server) fn new(budget: &Budget, shared: bool) -> Meter {
        Meter { lease: budget.empty(), shared }
    }

    /// Counts a batch on its way to the client in place of the one before.
    pub(in crate::server) fn next(&mut self, batch: &RecordBatch) -> Result<(), SqlError> {
        self.lease.batch(self.cost(batch))
    }

    /// Counts a batch that is kept beside the others.
    pub(super) fn more(&mut self, batch: &RecordBatch) -> Result<(), SqlError> {
        self.lease.grow(self.cost(batch))
    }

    /// There are no batches any more.
    pub(in crate::server) fn clear(&mut self) {
        self.lease.clear();
    }

    fn cost(&self, batch: &RecordBatch) -> usize {
        if self.shared { around(batch) } else { cost(batch) }
    }
}
