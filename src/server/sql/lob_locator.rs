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
use bytes::Bytes;
use std::cell::Cell;
use std::collections::BTreeMap;

/// The memory of a locator beside its value.
const COST: usize = 64;
/// The part of a connection's budget that its locators may stand for. Beyond that the oldest are forgotten: a
/// requester that still wants one is told so.
const PART: usize = 2;
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
}

/// The values that locators stand for, until the unit of work ends.
#[derive(Debug)]
pub(in crate::server) struct Locators {
    next: u32,
    values: BTreeMap<u32, KeptLob>,
    bytes: usize,
    most: usize,
    lease: Lease,
}

impl Locators {
    /// None yet.
    pub(in crate::server) fn new(budget: &Budget) -> Locators {
        let most = budget.most() / PART;
        Locators { next: 0, values: BTreeMap::new(), bytes: 0, most, lease: budget.empty() }
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
        self.bytes -= self.values.remove(&locator).map_or(0, |value| value.bytes.len() + COST);
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
        self.values.insert(self.next, KeptLob { bytes: value, ccsid, read: Cell::new((0, 0)) });
        while self.values.len() > 1 && (self.bytes > self.most || self.lease.resize(self.bytes).is_err()) {
            let Some((_, oldest)) = self.values.pop_first() else { break };
            self.bytes -= oldest.bytes.len() + COST;
        }
        self.lease.force(self.bytes);
        self.next
    }

    /// Puts another value in the place of a locator's, as far as there is memory for it.
    pub(super) fn change(&mut self, locator: u32, value: Bytes) -> std::result::Result<(), SqlError> {
        let Some(kept) = self.values.get_mut(&locator) else { return Ok(()) };
        let bytes = self.bytes - kept.bytes.len() + value.len();
        self.lease.resize(bytes)?;
        self.bytes = bytes;
        *kept = KeptLob { bytes: value, ccsid: kept.ccsid, read: Cell::new((0, 0)) };
        Ok(())
    }
}

/// The values that locators among parameters stand for, with their pages.
pub(super) type Located = BTreeMap<u32, (Bytes, u16)>;

impl Locators {
    /// The values of all locators.
    pub(super) fn located(&self) -> Located {
        self.values.iter().map(|(locator, kept)| (*locator, (kept.bytes.clone(), kept.ccsid))).collect()
    }
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
            let number = data.get(*at as usize..).and_then(|rest| Reader::new(rest, "locator").u32().ok());
            lobs.push(match (*at, number.and_then(|number| located.get(&number))) {
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
}
