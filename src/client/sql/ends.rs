//! The number of ended units of work.

/// How often units of work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub commits: u64,
    pub rollbacks: u64,
}
