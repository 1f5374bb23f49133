//! Arrow data across the border: batches, streams and capsules, and results of both sides.

pub(super) mod async_stream;
pub(super) mod batch;
pub(super) mod capsule;
pub(super) mod imported;
pub(super) mod result_table;
pub(super) mod stream;
