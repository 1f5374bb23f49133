//! Rules for every file: the order of equal keys, the room there is, the reasons to refuse one.

use crate::column::error::ColumnError;
use crate::column::file::error::RecordError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The order of records with equal keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// The one with the lowest relative record number first.
    #[default]
    Fifo,
    /// The one with the highest first.
    Lifo,
    /// The one whose key was changed first.
    Fcfo,
}

/// Why a file cannot be put or handed out.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A name that no file can have.
    #[error("{0:?} is no name of a file: LIBRARY/FILE, each of at most ten characters, is")]
    Name(String),
    /// There is no such file or member.
    #[error("there is no {0}")]
    NotFound(String),
    /// The record format, the keys or the room do not allow it.
    #[error("{file}: {reason}")]
    Refused {
        /// The file.
        file: String,
        /// Why not.
        reason: String,
    },
    /// A column that no field can be made of.
    #[error("{file}: {source}")]
    Column {
        /// The file.
        file: String,
        /// The column and the reason.
        source: ColumnError,
    },
    /// A value that does not go into its field, or out of it.
    #[error("{file}: {source}")]
    Record {
        /// The file.
        file: String,
        /// The field, the record and the reason.
        source: RecordError,
    },
}

/// The room that is left for files.
#[derive(Debug)]
pub(super) struct Quota {
    used: AtomicUsize,
    limit: usize,
}

impl Quota {
    pub(super) fn new(limit: usize) -> Quota {
        Quota { used: AtomicUsize::new(0), limit }
    }

    /// False when there is not so much left.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let taken = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok()
    }

    pub(super) fn give(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}
