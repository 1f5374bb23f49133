//! Arrow data across the border: batches, streams and capsules, and results of both sides.

pub(super) mod batch;
pub(super) mod capsule;
#[cfg(feature = "server")]
mod fitting;
pub(super) mod imported;
pub(super) mod requested;
pub(super) mod result_table;
mod shared_stream;
pub(super) mod stream;
