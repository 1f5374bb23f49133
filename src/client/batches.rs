//! How batches are cut, and what decoding comes to, whichever wing the rows are from.

use arrow_array::RecordBatch;

/// How large a batch may grow; the first limit reached ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows.
    pub rows: usize,
    /// Bytes of Arrow data.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { rows: 65_536, bytes: 16 << 20 }
    }
}

/// What there was to decode.
#[derive(Debug)]
pub enum Ready {
    /// A batch of at least one row.
    Batch(RecordBatch),
    /// The server has to be waited for.
    NeedBlock,
    /// There are no more rows.
    End,
}
