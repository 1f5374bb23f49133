//! Locators: numbers that stand for large values until the unit of work ends, and OUTOVR, by which a
//! requester says which columns it wants so.

use crate::server::budget::{Budget, Lease};
use crate::server::protocol_error::Result;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::value::field::Field;
use crate::wire::value::types::TypeId;
use bytes::Bytes;
use std::cell::Cell;
use std::collections::BTreeMap;

/// The memory of a locator beside its value.
const COST: usize = 64;
/// The part of a connection's budget that its locators may stand for. Beyond that the oldest are forgotten: a
/// requester that still wants one is told so.
const PART: usize = 2;
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

    /// Keeps a value and writes its locator in place of it.
    pub(super) fn put(&mut self, field: Option<&Field>, is_null: bool, value: Bytes, w: &mut Writer) {
        let Some(field) = field else { return };
        if field.nullable {
            w.u8(if is_null { 0xFF } else { 0 });
        }
        if is_null {
            return;
        }
        self.bytes += value.len() + COST;
        self.next = self.next.wrapping_add(1);
        self.values.insert(self.next, KeptLob { bytes: value, ccsid: field.ccsid, read: Cell::new((0, 0)) });
        while self.values.len() > 1 && (self.bytes > self.most || self.lease.resize(self.bytes).is_err()) {
            let Some((_, oldest)) = self.values.pop_first() else { break };
            self.bytes -= oldest.bytes.len() + COST;
        }
        self.lease.force(self.bytes);
        w.u32_in(self.next, field.order);
    }
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
    use crate::wire::value::field::Shape;
    use crate::wire::value::types::Type;

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
