//! Locators: numbers that stand for large values until the unit of work ends, and OUTOVR, by which a
//! requester says which columns it wants so.

use crate::server::budget::{Budget, Lease};
use crate::server::error::SqlError;
use crate::server::protocol_error::Result;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::fdoca::row::Offsets;
use crate::wire::value::cell::{Lob, NULL};
use crate::wire::value::field::{CCSID_BINARY, Field, Shape};
use crate::wire::value::typdef::TypDef;
use crate::wire::value::types::{Type, TypeId};
use bytes::{Bytes, BytesMut};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;

/// The memory of a locator beside its value.
const COST: usize = 64;
/// The part of a connection's budget that its locators may stand for. Beyond that the oldest are forgotten: a
/// requester that still wants one is told so.
const PART: usize = 2;
/// A value that is shorter than this part of its memory gets memory of its length.
const SPARSE: usize = 4;
/// Width of the placeholder of a value that a locator stands for: it is not looked at.
const PLACEHOLDER: u8 = 4;
/// Group triplets of a descriptor.
const GDA: u8 = 0x76;
const CPT: u8 = 0x7F;

/// How a column's values are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WantedLocators {
    /// As described.
    Value,
    /// By locator.
    Locator,
}

/// A value that a locator stands for.
#[derive(Debug)]
pub(in crate::server) struct KeptLob {
    pub(in crate::server) bytes: Bytes,
    /// The page of its column.
    pub(in crate::server) ccsid: u16,
    /// Where the part that was asked for last has ended, in UTF-16 units and in bytes.
    pub(super) read: Cell<(usize, usize)>,
    /// The memory of the value, which is longer than it while it grows.
    held: usize,
}

impl KeptLob {
    pub(super) fn new(bytes: Bytes, ccsid: u16) -> KeptLob {
        KeptLob { held: bytes.len(), bytes, ccsid, read: Cell::default() }
    }

    /// Puts `part` in the place of a range of the value, which has `held` bytes of memory then.
    fn splice(&mut self, range: Range<usize>, part: &[u8], held: usize) {
        let copied = |old: &[u8]| {
            let mut made = BytesMut::with_capacity(held);
            made.extend_from_slice(old.get(..range.start).unwrap_or_default());
            made.extend_from_slice(part);
            made.extend_from_slice(old.get(range.end..).unwrap_or_default());
            made
        };
        let made = match std::mem::take(&mut self.bytes).try_into_mut() {
            Ok(own) if held == self.held => spliced(own, &range, part),
            Ok(own) => copied(&own),
            // Others have it too, on its way out or in a parameter.
            Err(shared) => copied(&shared),
        };
        (self.bytes, self.held) = (made.freeze(), held);
        self.read.set((0, 0));
    }
}

/// A value with `part` in the place of a range of it. It moves only where its memory does not do.
fn spliced(mut value: BytesMut, range: &Range<usize>, part: &[u8]) -> BytesMut {
    let (old, after) = (value.len(), range.start + part.len());
    let length = old - range.len() + part.len();
    value.resize(length.max(old), 0);
    value.copy_within(range.end..old, after);
    value.truncate(length);
    if let Some(place) = value.get_mut(range.start..after) {
        place.copy_from_slice(part);
    }
    value
}

/// The values that locators stand for, until the unit of work ends.
#[derive(Debug)]
pub(in crate::server) struct Locators {
    next: u32,
    values: BTreeMap<u32, KeptLob>,
    bytes: usize,
    most: usize,
    lease: Lease,
    pub(super) budget: Budget,
}

impl Locators {
    /// None yet.
    pub(in crate::server) fn new(budget: &Budget) -> Locators {
        let most = budget.most() / PART;
        Locators { next: 0, values: BTreeMap::new(), bytes: 0, most, lease: budget.empty(), budget: budget.clone() }
    }

    pub(in crate::server) fn clear(&mut self) {
        self.values.clear();
        self.bytes = 0;
        self.lease.clear();
    }

    /// The value of a locator.
    pub(in crate::server) fn get(&self, locator: u32) -> Option<&KeptLob> {
        self.values.get(&locator)
    }

    /// Forgets one.
    pub(in crate::server) fn release(&mut self, locator: u32) {
        self.bytes -= self.values.remove(&locator).map_or(0, |value| value.held + COST);
        self.lease.force(self.bytes);
    }

    /// Keeps a value and writes its locator in place of it. To the requester those are four bytes, which it sends back as
    /// they are, whatever byte order it declares. (Measured: IBM's JDBC driver.)
    pub(super) fn put(&mut self, field: Option<&Field>, is_null: bool, value: Bytes, w: &mut Writer) {
        let Some(field) = field else { return };
        if field.nullable {
            w.u8(if is_null { 0xFF } else { 0 });
        }
        if is_null {
            return;
        }
        w.u32(self.keep(value, field.ccsid));
    }

    /// Keeps a value; its locator.
    pub(super) fn keep(&mut self, value: Bytes, ccsid: u16) -> u32 {
        self.bytes += value.len() + COST;
        self.next = self.next.wrapping_add(1);
        self.values.insert(self.next, KeptLob::new(value, ccsid));
        while self.values.len() > 1 && (self.bytes > self.most || self.lease.resize(self.bytes).is_err()) {
            let Some((_, oldest)) = self.values.pop_first() else { break };
            self.bytes -= oldest.held + COST;
        }
        self.lease.force(self.bytes);
        self.next
    }

    /// Puts `part` in the place of a range of a locator's value, as far as there is memory for it. A value that grows
    /// part by part is not copied for each of them.
    pub(super) fn splice(
        &mut self,
        locator: u32,
        range: Range<usize>,
        part: &[u8],
    ) -> std::result::Result<(), SqlError> {
        let Some(kept) = self.values.get_mut(&locator) else { return Ok(()) };
        let length = kept.bytes.len() - range.len() + part.len();
        let others = self.bytes - kept.held;
        let held = if length > kept.held {
            let left = self.lease.room().saturating_sub(others + length);
            length + length.min(left / 2)
        } else if length < kept.held / SPARSE {
            length
        } else {
            kept.held
        };
        self.lease.resize(others + held)?;
        self.bytes = others + held;
        kept.splice(range, part, held);
        Ok(())
    }

    /// Puts the values of the locators in some rows into `located`. The bytes that they take once each row has a copy.
    pub(super) fn locate(&self, (fields, data): (&[Field], &[u8]), offsets: &Offsets, located: &mut Located) -> usize {
        let columns = fields.iter().enumerate().filter(|(_, field)| field.ty == Type::Locator);
        let numbers = columns.flat_map(|(column, _)| offsets.column(column)).filter_map(|at| number(data, *at));
        let lengths = numbers.filter_map(|number| {
            let kept = self.get(number)?;
            located.entry(number).or_insert_with(|| (kept.bytes.clone(), kept.ccsid));
            Some(kept.bytes.len())
        });
        lengths.fold(0, usize::saturating_add)
    }
}

/// The values that locators among parameters stand for, with their pages.
pub(super) type Located = BTreeMap<u32, (Bytes, u16)>;

/// The locator at an offset.
fn number(data: &[u8], at: u32) -> Option<u32> {
    data.get(at as usize..).and_then(|rest| Reader::new(rest, "locator").u32().ok())
}

/// The field of a locator's value, where the field is one of a locator.
pub(super) fn value_field(field: &Field, typdef: &TypDef) -> Option<Field> {
    let (ty, ccsid) = match field.lid.with_null(false) {
        TypeId::BLOB_LOCATOR => (Type::Binary, CCSID_BINARY),
        TypeId::CLOB_LOCATOR => (Type::Text, typdef.mbc),
        TypeId::DBCLOB_LOCATOR => (Type::Graphic, typdef.dbc),
        _ => return None,
    };
    Some(Field { ty, ccsid, shape: Shape::Lob(PLACEHOLDER), length: 0, ..field.clone() })
}

/// Finds the values that locators in some rows stand for. -423 for a locator that stands for nothing, -332 for text in
/// another page than the field's.
pub(super) fn find_values(
    (fields, data): (&[Field], &[u8]),
    offsets: &Offsets,
    (located, typdef): (&Located, &TypDef),
    lobs: &mut [Vec<Lob>],
) -> std::result::Result<(), SqlError> {
    for (column, (field, lobs)) in fields.iter().zip(lobs).enumerate() {
        let Some(value_field) = value_field(field, typdef) else { continue };
        for at in offsets.column(column) {
            lobs.push(match (*at, number(data, *at).and_then(|number| located.get(&number))) {
                (NULL, _) => Lob::Null,
                (_, Some((_, page))) if value_field.ty != Type::Binary && *page != value_field.ccsid && *page != 0 => {
                    return Err(SqlError::new(-332, "57017", &[&page.to_string(), &value_field.ccsid.to_string()]));
                }
                (_, Some((value, _))) => Lob::Value(value.clone()),
                (_, None) => return Err(SqlError::new(-423, "0F001", &[])),
            });
        }
    }
    Ok(())
}

/// True for the statement by which Db2 forgets a locator.
pub(super) fn is_free(sql: &str) -> bool {
    sql.split_whitespace().map(str::to_ascii_uppercase).eq(["FREE", "LOCATOR", "?"])
}

/// Reads an OUTOVR: three bytes a column, a type id of a locator or zero for "as it is".
pub(super) fn wanted(body: &[u8], fields: &[Field]) -> Result<Vec<WantedLocators>> {
    let mut r = Reader::new(body, cp::OUTOVR);
    let mut out = Vec::new();
    while !r.is_empty() {
        let (len, kind, _) = (usize::from(r.u8()?), r.u8()?, r.u8()?);
        let mut triplet = r.sub(len.saturating_sub(3), cp::OUTOVR)?;
        while matches!(kind, GDA | CPT) && !triplet.is_empty() && out.len() < fields.len() {
            let [id, _, _] = triplet.array::<3>()?;
            let locators = [TypeId::BLOB_LOCATOR, TypeId::CLOB_LOCATOR, TypeId::DBCLOB_LOCATOR];
            let locator = locators.contains(&TypeId::new(id).with_null(false));
            out.push(if locator { WantedLocators::Locator } else { WantedLocators::Value });
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::budget::ServerBudget;
    use crate::wire::fdoca::row::{Counts, Walker};

    #[test]
    fn the_oldest_locators_go_first() {
        let budget = ServerBudget::new(1 << 20, 1 << 20).connection();
        let mut locators = Locators::new(&budget);
        let field = Field { nullable: true, ..Field::new(Type::Text, Shape::Lob(8)) };
        let big = Bytes::from(vec![0; 1 << 18]);
        let mut w = Writer::new();
        for _ in 0..3 {
            locators.put(Some(&field), false, big.clone(), &mut w);
        }
        locators.put(Some(&field), true, Bytes::new(), &mut w);
        assert_eq!(w.as_slice(), [0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0xFF]);
        assert!(locators.get(2).is_none() && locators.get(3).is_some());
        locators.release(3);
        locators.release(3);
        assert_eq!(locators.bytes, 0);
        locators.put(Some(&field), false, big.clone(), &mut w);
        // Others need the memory: the newest is kept all the same.
        let _others = budget.lease((3 << 18) - COST).unwrap();
        locators.put(Some(&field), false, big, &mut w);
        assert!(locators.get(4).is_none() && locators.get(5).is_some());
        locators.clear();
        assert_eq!(budget.lease((1 << 18) + COST).map(drop), Ok(()));
    }

    #[test]
    fn a_value_grows_in_its_memory_and_all_of_that_is_counted() {
        const STEP: usize = 1 << 10;
        let budget = ServerBudget::new(1 << 20, 1 << 20).connection();
        let mut locators = Locators::new(&budget);
        let locator = locators.keep(Bytes::new(), 0);
        let place = |locators: &Locators| locators.get(locator).unwrap().bytes.as_ptr();
        let (mut whole, mut moves) = (Vec::new(), 0);
        while whole.len() < 256 * STEP {
            let before = place(&locators);
            let part = vec![(whole.len() / STEP) as u8; STEP];
            locators.splice(locator, whole.len()..whole.len(), &part).unwrap();
            whole.extend(part);
            moves += usize::from(place(&locators) != before);
            assert_eq!(budget.empty().room(), (1 << 20) - COST - locators.get(locator).unwrap().held);
        }
        assert!(moves < 16, "{moves}");
        // A longer and a shorter part, and one for a value that somebody else has.
        let others = locators.get(locator).unwrap().bytes.clone();
        for (range, part) in [(5..9, "longer than that"), (100..5000, "x"), (0..0, ""), (7..8, "y")] {
            locators.splice(locator, range.clone(), part.as_bytes()).unwrap();
            whole.splice(range, part.bytes());
            assert_eq!(locators.get(locator).unwrap().bytes, whole);
        }
        assert_eq!((others.len(), others[5]), (256 * STEP, 0));
        // What is cut off is given back, and only what is given back.
        let before = locators.bytes;
        locators.splice(locator, 1000..whole.len(), &[]).unwrap();
        assert_eq!(locators.bytes, 1000 + COST);
        assert!(before > 256 * STEP);
        assert_eq!(locators.get(locator).unwrap().bytes, whole[..1000]);
        let own = std::mem::take(&mut locators.values.get_mut(&locator).unwrap().bytes).try_into_mut().unwrap();
        assert_eq!(own.capacity(), 1000);
        // Beyond the budget nothing changes.
        locators.splice(locator, 0..0, &vec![0; 1 << 20]).unwrap_err();
        assert_eq!(locators.bytes, 1000 + COST);
    }

    #[test]
    fn each_row_has_a_copy_of_its_value() {
        let budget = ServerBudget::new(1 << 20, 1 << 20).connection();
        let mut locators = Locators::new(&budget);
        let (one, _, three) = (
            locators.keep(Bytes::from_static(b"12345"), 0),
            locators.keep(Bytes::new(), 0),
            locators.keep("12".into(), 0),
        );
        let fields = [Field { nullable: false, ..Field::new(Type::Locator, Shape::Fixed(4)) }];
        let data: Vec<u8> = [one, three, 99, one].into_iter().flat_map(u32::to_be_bytes).collect();
        let (walker, mut offsets) = (Walker::new(&fields, Counts::Units), Offsets::new(1));
        let mut rows = vec![];
        data.chunks(4).for_each(|row| rows.extend([&[0], row].concat()));
        let mut at = 0;
        for row in 1..=4 {
            at = walker.walk(&rows, at, true, row, &mut offsets).unwrap().end;
        }
        assert_eq!(at, rows.len());
        let mut located = Located::new();
        assert_eq!(locators.locate((&fields, &rows), &offsets, &mut located), 12);
        assert_eq!(located.keys().collect::<Vec<_>>(), [&one, &three]);
    }
}
