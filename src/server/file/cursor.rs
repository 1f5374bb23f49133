//! Where an open file stands, and where a read leads from there: in the order of arrival or along
//! the access path.

use super::member::{Entry, Member};
use crate::wire::file::control::Which;
use std::ops::Bound::{Excluded, Included, Unbounded};

/// A position.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum CursorPlace {
    /// Before the first record.
    #[default]
    Before,
    /// On a record, which may be deleted by now.
    On {
        /// Its number.
        rrn: u32,
        /// Its place in the access path when it was read, where the file is read along it.
        entry: Option<Entry>,
    },
    /// After the last record.
    After,
}

impl CursorPlace {
    /// On this record.
    pub(super) fn on(member: &Member, rrn: u32, keyed: bool) -> CursorPlace {
        CursorPlace::On { rrn, entry: member.entry(rrn).filter(|_| keyed).cloned() }
    }

    /// The record that a move leads to.
    pub(super) fn step(&self, member: &Member, keyed: bool, which: Which) -> Option<u32> {
        let found = match which {
            Which::First | Which::Next => true,
            Which::Last | Which::Previous => false,
            Which::Same => {
                let CursorPlace::On { rrn, .. } = self else { return None };
                return member.get(*rrn).map(|_| *rrn);
            }
            // The key is that of the current record, whatever the requester sends.
            Which::NextEqual | Which::PreviousEqual => {
                let rrn =
                    self.step(member, keyed, if which == Which::NextEqual { Which::Next } else { Which::Previous })?;
                return (member.entry(rrn)?.0 == *self.key()?).then_some(rrn);
            }
            Which::NextUnique => return self.beyond(member, true),
            Which::PreviousUnique => return self.beyond(member, false),
            _ => return None,
        };
        let from = if matches!(which, Which::First | Which::Last) { None } else { Some(self) };
        if keyed { along(member, from, found) } else { arrived(member, from, found) }
    }

    fn key(&self) -> Option<&Vec<u8>> {
        match self {
            CursorPlace::On { entry: Some((key, _)), .. } => Some(key),
            _ => None,
        }
    }

    /// The next or previous record with another key.
    fn beyond(&self, member: &Member, forward: bool) -> Option<u32> {
        let Some(key) = self.key() else { return along(member, Some(self), forward) };
        let edge = (key.clone(), if forward { i64::MAX } else { i64::MIN });
        along(member, Some(&CursorPlace::On { rrn: 0, entry: Some(edge) }), forward)
    }
}

/// The record that stands to a key, or to its leading fields, as `which` says.
pub(super) fn seek(member: &Member, which: Which, key: &[u8]) -> Option<u32> {
    let start = (key.to_vec(), i64::MIN);
    let end = after(key).map_or(Unbounded, |key| Excluded((key, i64::MIN)));
    let index = member.index();
    let found = match which {
        Which::KeyBefore => index.range(..start).next_back(),
        Which::KeyAt => index.range((Included(start), end)).next(),
        Which::KeyAtOrAfter => index.range(start..).next(),
        Which::KeyAfter => index.range((after(key)?, i64::MIN)..).next(),
        Which::KeyAtOrBefore => index.range((Unbounded, end)).next_back(),
        _ => None,
    };
    found.map(|(_, rrn)| *rrn)
}

/// The first key after all that begin with these leading fields; none after the highest.
fn after(key: &[u8]) -> Option<Vec<u8>> {
    let last = key.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut out = key.get(..=last)?.to_vec();
    if let Some(byte) = out.last_mut() {
        *byte += 1;
    }
    Some(out)
}

/// Along the access path; from its end where there is no place.
fn along(member: &Member, from: Option<&CursorPlace>, forward: bool) -> Option<u32> {
    let index = member.index();
    let found = match (from, forward) {
        (None | Some(CursorPlace::Before), true) => index.iter().next(),
        (None | Some(CursorPlace::After), false) => index.iter().next_back(),
        (Some(CursorPlace::On { entry: Some(entry), .. }), true) => {
            index.range((Excluded(entry.clone()), Unbounded)).next()
        }
        (Some(CursorPlace::On { entry: Some(entry), .. }), false) => index.range(..entry.clone()).next_back(),
        _ => None,
    };
    found.map(|(_, rrn)| *rrn)
}

/// In the order of arrival; from its end where there is no place.
fn arrived(member: &Member, from: Option<&CursorPlace>, forward: bool) -> Option<u32> {
    let last = member.last();
    match (from, forward) {
        (None | Some(CursorPlace::Before), true) => (1..=last).find(|rrn| member.get(*rrn).is_some()),
        (Some(CursorPlace::On { rrn, .. }), true) => {
            (rrn.saturating_add(1)..=last).find(|rrn| member.get(*rrn).is_some())
        }
        (None | Some(CursorPlace::After), false) => (1..=last).rev().find(|rrn| member.get(*rrn).is_some()),
        (Some(CursorPlace::On { rrn, .. }), false) => {
            (1..(*rrn).min(last + 1)).rev().find(|rrn| member.get(*rrn).is_some())
        }
        (Some(CursorPlace::After), true) | (Some(CursorPlace::Before), false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::member::{Refused, Rules};
    use super::super::rules::{Duplicates, Quota};
    use super::*;
    use crate::wire::file::format::{DdsType, KeyField, RecordField, RecordFormat};
    use crate::wire::file::key::KeyPath;
    use std::sync::Arc;

    fn member(unique: bool, duplicates: Duplicates) -> Member {
        let field = RecordField { name: "K".into(), dds: DdsType::CHARACTER, length: 1, ..RecordField::default() };
        let format = RecordFormat { length: 1, fields: vec![field], ..RecordFormat::default() };
        let path = KeyPath::new(&format, &[KeyField { name: "K".into(), ..KeyField::default() }]).unwrap();
        let quota = Arc::new(Quota::new(1 << 20));
        Member::new("M", "", Rules { length: 1, path: Some(Arc::new(path)), unique, duplicates, quota })
    }

    fn filled(keys: &[u8], duplicates: Duplicates) -> Member {
        let mut out = member(false, duplicates);
        for key in keys {
            out.insert(Box::new([*key, 0xF0]), false, 1).unwrap();
        }
        out
    }

    fn walk(member: &Member, keyed: bool, which: Which, mut place: CursorPlace) -> Vec<u32> {
        let mut out = Vec::new();
        while let Some(rrn) = place.step(member, keyed, which) {
            place = CursorPlace::on(member, rrn, keyed);
            out.push(rrn);
        }
        out
    }

    #[test]
    fn both_orders_both_ways() {
        let mut m = filled(b"cabb", Duplicates::Fifo);
        assert_eq!(walk(&m, false, Which::Next, CursorPlace::Before), [1, 2, 3, 4]);
        assert_eq!(walk(&m, true, Which::Next, CursorPlace::Before), [2, 3, 4, 1]);
        assert_eq!(walk(&m, true, Which::Previous, CursorPlace::After), [1, 4, 3, 2]);
        assert_eq!(walk(&m, true, Which::NextUnique, CursorPlace::Before), [2, 3, 1]);
        assert_eq!(walk(&m, true, Which::PreviousUnique, CursorPlace::After), [1, 4, 2]);
        let on = CursorPlace::on(&m, 3, true);
        m.remove(3).unwrap();
        assert_eq!(on.step(&m, true, Which::Same), None);
        assert_eq!((on.step(&m, true, Which::Next), on.step(&m, true, Which::Previous)), (Some(4), Some(2)));
        assert_eq!(walk(&m, false, Which::Previous, CursorPlace::After), [4, 2, 1]);
        assert_eq!(CursorPlace::Before.step(&m, false, Which::Previous), None);
        assert_eq!(CursorPlace::After.step(&m, true, Which::Next), None);
        assert_eq!((m.count(), m.count_deleted(), m.last()), (3, 1, 4));
        assert_eq!(m.insert(Box::new([b'z', 0xF0]), true, 1), Ok(3));
    }

    #[test]
    fn the_order_of_equal_keys() {
        let mut m = filled(b"aaa", Duplicates::Lifo);
        assert_eq!(walk(&m, true, Which::Next, CursorPlace::Before), [3, 2, 1]);
        m = filled(b"aba", Duplicates::Fcfo);
        m.replace(1, Box::new([b'b', 0xF0]), 1).unwrap();
        m.replace(1, Box::new([b'a', 0xF0]), 1).unwrap();
        assert_eq!(walk(&m, true, Which::Next, CursorPlace::Before), [3, 1, 2]);
        assert_eq!(walk(&m, true, Which::NextEqual, CursorPlace::on(&m, 3, true)), [1]);
        assert_eq!(walk(&m, true, Which::PreviousEqual, CursorPlace::on(&m, 1, true)), [3]);
    }

    #[test]
    fn keys_are_sought() {
        let m = filled(b"bbdf", Duplicates::Fifo);
        for (which, found) in [
            (Which::KeyAt, [None, Some(1), None, Some(4)]),
            (Which::KeyBefore, [None, None, Some(2), Some(3)]),
            (Which::KeyAtOrBefore, [None, Some(2), Some(2), Some(4)]),
            (Which::KeyAtOrAfter, [Some(1), Some(1), Some(3), Some(4)]),
            (Which::KeyAfter, [Some(1), Some(3), Some(3), None]),
        ] {
            assert_eq!(["a", "b", "c", "f"].map(|k| seek(&m, which, k.as_bytes())), found, "{which:?}");
        }
    }

    #[test]
    fn unique_keys_are_kept_unique() {
        let mut m = member(true, Duplicates::Fifo);
        m.insert(Box::new([b'a', 0xF0]), false, 1).unwrap();
        m.insert(Box::new([b'b', 0xF0]), false, 1).unwrap();
        assert_eq!(m.insert(Box::new([b'a', 0xF0]), false, 1), Err(Refused::Duplicate(1)));
        assert_eq!(m.replace(2, Box::new([b'a', 0xF0]), 1), Err(Refused::Duplicate(1)));
        assert!(m.replace(2, Box::new([b'b', 0xF0]), 1).is_ok());
        let before = m.remove(1).unwrap();
        m.reserve(1, before.as_deref(), 2);
        assert_eq!(m.insert(Box::new([b'a', 0xF0]), false, 1), Err(Refused::Pending));
        assert_eq!(m.insert(Box::new([b'a', 0xF0]), false, 2), Ok(3));
        // Whether the new one stays is not decided either.
        m.unreserve(2);
        m.reserve(3, None, 2);
        assert_eq!(m.insert(Box::new([b'a', 0xF0]), false, 1), Err(Refused::Pending));
        assert_eq!(m.insert(Box::new([b'a', 0xF0]), false, 2), Err(Refused::Duplicate(3)));
        m.unreserve(2);
        assert_eq!(m.insert(Box::new([b'a', 0xF0]), false, 1), Err(Refused::Duplicate(3)));
    }

    #[test]
    fn a_change_that_is_undone_leaves_the_order_as_it_was() {
        for order in [Duplicates::Fifo, Duplicates::Lifo, Duplicates::Fcfo] {
            let mut m = filled(b"aaa", order);
            let then = walk(&m, true, Which::Next, CursorPlace::Before);
            for change in [Some(b'b'), None] {
                let at = m.entry(1).map(|(_, order)| *order);
                let before = match change {
                    Some(key) => m.replace(1, Box::new([key, 0xF0]), 1),
                    None => m.remove(1),
                };
                m.put_back(1, before.unwrap(), at);
                assert_eq!(walk(&m, true, Which::Next, CursorPlace::Before), then, "{order:?}");
            }
        }
    }

    #[test]
    fn a_deleted_record_is_neither_changed_nor_deleted() {
        let mut m = filled(b"ab", Duplicates::Fifo);
        m.remove(1).unwrap();
        assert_eq!(m.remove(1), Err(Refused::Gone));
        assert_eq!(m.replace(1, Box::new([b'c', 0xF0]), 1), Err(Refused::Gone));
        assert_eq!((m.count(), m.get(1)), (1, None));
    }

    #[test]
    fn places_are_used_again_without_more_room() {
        let mut m = filled(b"ab", Duplicates::Fifo);
        // More often than there would be room for.
        for _ in 0..20_000 {
            m.remove(2).unwrap();
            assert_eq!(m.insert(Box::new([b'b', 0xF0]), true, 1), Ok(2));
        }
        m.remove(2).unwrap();
        // Not while an open file stands on it.
        m.locks.take(2, 1, super::super::locks::RecordLock::Update);
        assert_eq!(m.insert(Box::new([b'b', 0xF0]), true, 1), Ok(3));
    }
}
