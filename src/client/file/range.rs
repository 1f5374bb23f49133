//! Records by their keys: all with a key or its leading fields, or those from one key to another. The server is
//! asked for the first of them, and then for blocks along its access path. The range ends by the keys in the
//! records, compared as the file's description orders them. If the server orders them otherwise, its keys come
//! in disorder, which is an error.

use super::open_member::OpenMember;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::wire::file::control::Which;
use crate::wire::file::key::KeyPath;
use crate::wire::value::record_layout::Stride;
use arrow_array::ArrayRef;

/// The keys of the records that are wanted. A key is an array of one element for each key field, or the first ones.
#[derive(Debug, Clone)]
pub enum Keys {
    /// This one: all records that begin with it.
    Of(Vec<ArrayRef>),
    /// From the lower to the higher one, both included; without fields it is open on that side.
    Between(Vec<ArrayRef>, Vec<ArrayRef>),
}

/// The start of a read by key.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub which: Which,
    pub fields: u32,
    pub key: Vec<u8>,
}

/// A range of keys, being read.
#[derive(Debug)]
pub(super) struct KeyRange {
    path: KeyPath,
    /// Leading key fields that are looked at.
    fields: usize,
    /// Where it begins; none at the first record.
    pub start: Option<Start>,
    /// The bounds in the order of the access path, as their leading fields compare.
    first: Vec<u8>,
    last: Vec<u8>,
    /// The key of the record before.
    previous: Vec<u8>,
}

/// The part of a block that a range takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// All of it.
    All,
    /// So many records; the range ends there.
    First(usize),
    /// After so many, a key that should not be there: the server's order is another one.
    Disorder(usize),
}

impl KeyRange {
    /// Of a file, if it has keys that can be compared.
    pub(super) fn new(remote: &OpenMember, keys: &Keys) -> Result<KeyRange> {
        let refuse = |kind, state: &str, text: String| {
            let text = format!("{}: {text}", remote.name);
            Err(Error::new(kind, Phase::Execute, state, text).at(&remote.inner.peer))
        };
        let path = match &remote.path {
            Ok(path) => path.clone(),
            Err(why) => return refuse(ErrorClass::Programming, "42601", format!("no range of keys: {why}")),
        };
        let (low, high) = match keys {
            Keys::Of(key) => (key, key),
            Keys::Between(low, high) => (low, high),
        };
        let fields = low.len().max(high.len());
        let odd = remote.formats.keys.iter().take(fields).find(|key| key.own_sequence);
        if let Some(odd) = odd {
            let text = format!(
                "key field {} is ordered by a table or by parts of its digits, which only the system knows: read such \
                 records by read_key and next_equal",
                odd.name
            );
            return refuse(ErrorClass::NotSupported, "0A000", text);
        }
        let bytes = |key: &[ArrayRef]| if key.is_empty() { Ok(Vec::new()) } else { remote.key(key) };
        let equal = matches!(keys, Keys::Of(_));
        let (low, high) = (
            KeyBound::new(&path, low.len(), if equal { remote.key(low)? } else { bytes(low)? }),
            KeyBound::new(&path, high.len(), bytes(high)?),
        );
        let (Some(low), Some(high)) = (low, high) else {
            return refuse(ErrorClass::Internal, "58004", "a key has not the length of its fields".to_owned());
        };
        // High and low are meant by value: of a field that descends the higher value comes first.
        let turned = path.descends(path.common(&low.order, &high.order));
        let (first, last) = if turned { (high, low) } else { (low, high) };
        let start = (first.fields > 0).then_some(Start {
            which: if equal { Which::KeyAt } else { Which::KeyAtOrAfter },
            fields: first.fields as u32,
            key: first.bytes,
        });
        Ok(KeyRange { path, fields, start, first: first.order, last: last.order, previous: Vec::new() })
    }

    /// Looks at the keys of `count` slots.
    pub(super) fn take(&mut self, slots: &[u8], stride: &Stride, count: usize) -> Taken {
        let mut key = Vec::new();
        for (at, slot) in slots.chunks_exact(stride.increment.max(1)).take(count).enumerate() {
            let nulls = stride.null_map.and_then(|at| slot.get(at..)).unwrap_or_default();
            key.clear();
            self.path.read(slot.get(..stride.record).unwrap_or_default(), nulls, self.fields, &mut key);
            let bound = |bound: &[u8]| key.get(..bound.len()).unwrap_or(&key).cmp(bound);
            if key < self.previous || bound(&self.first).is_lt() {
                return Taken::Disorder(at);
            }
            if bound(&self.last).is_gt() {
                return Taken::First(at);
            }
            std::mem::swap(&mut key, &mut self.previous);
        }
        Taken::All
    }
}

/// One end of a range.
struct KeyBound {
    fields: usize,
    /// As it lies in a record.
    bytes: Vec<u8>,
    /// As it compares.
    order: Vec<u8>,
}

impl KeyBound {
    fn new(path: &KeyPath, fields: usize, bytes: Vec<u8>) -> Option<KeyBound> {
        let order = if fields == 0 { Vec::new() } else { path.of_request(u32::try_from(fields).ok()?, &bytes)? };
        Some(KeyBound { fields, bytes, order })
    }
}
