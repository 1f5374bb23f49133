//! The position in an open file.

use super::handle::Handle;
use crate::column::file::decode::RecordDecoder;
use crate::wire::value::record_layout::Stride;
use bytes::Bytes;
use std::collections::BTreeMap;

/// The position in a file, and the open that it belongs to.
#[derive(Debug, Default)]
pub(super) struct FilePosition {
    pub handle: Option<Handle>,
    /// The slot of the record that was read last.
    pub current: Option<Bytes>,
    /// Made when the first record is decoded.
    pub decoder: Option<RecordDecoder>,
    /// Values that were counted as made NULL.
    pub counted: BTreeMap<String, u64>,
}

impl FilePosition {
    pub(super) fn with(handle: Handle) -> FilePosition {
        FilePosition { handle: Some(handle), ..FilePosition::default() }
    }

    /// Gives the open file up.
    pub(super) fn take(&mut self) -> Option<Handle> {
        self.current = None;
        self.handle.take()
    }
}

/// The relative record number in a slot.
pub(super) fn number(slot: &[u8], stride: &Stride) -> Option<u32> {
    let bytes = slot.get(stride.rrn?..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}
