//! S38BUF (X'D405'): records in slots of equal length, in both directions. A slot is the record, from the
//! server its relative record number, and a byte for every field that says whether it is NULL. More
//! than 32 KB of them are an object of extended length. (Measured: JTOpen; the gaps mean nothing.)

use super::opnfb::OpenFeedback;
use crate::wire::codec::error::{Result, WireError};
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::object;
use crate::wire::value::record_layout::Stride;

/// A field has a value.
pub const PRESENT: u8 = 0xF0;
/// A field is NULL.
pub const ABSENT: u8 = 0xF1;
/// A field could not be mapped; its bytes mean nothing.
pub const UNMAPPED: u8 = 0xF2;

const WHAT: CodePoint = cp::S38BUF;
/// From the end of the record to its number.
const RRN: usize = 2;
/// From the end of the record to the null map, where a server lays out the slots itself.
const GAP: usize = 11;

/// How a slot is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferLayout {
    /// Bytes of the record.
    pub record: usize,
    /// Bytes of the slot.
    pub increment: usize,
    /// Where the null map stands in slots from the server; none if the file has no such map.
    pub null_map: Option<usize>,
    /// Fields of the record format: the length of the null map.
    pub fields: usize,
}

impl BufferLayout {
    /// As an open file has it, for a format of so many fields.
    pub fn new(open: &OpenFeedback, fields: usize) -> Result<Self> {
        let (record, increment) = (usize::from(open.record_length), usize::from(open.increment));
        let invalid = |detail: String| Err(WireError::invalid(cp::S38OPNFB, 63, detail));
        if record == 0 || increment < record {
            return invalid(format!("an increment of {increment} for records of {record} bytes"));
        }
        let null_map = match usize::from(open.null_map) {
            0 => None,
            at if at < record || at + fields > increment => {
                return invalid(format!("a null map of {fields} at {at} in slots of {increment}"));
            }
            at => Some(at),
        };
        Ok(BufferLayout { record, increment, null_map, fields })
    }

    /// As an open file has it, whose record format is not known: the null map reaches to that of the key, or to the
    /// end of the slot.
    pub fn told(open: &OpenFeedback) -> Result<Self> {
        let (increment, map, key_map) =
            (usize::from(open.increment), usize::from(open.null_map), usize::from(open.null_key_map));
        let end = if (map + 1..increment).contains(&key_map) { key_map } else { increment };
        BufferLayout::new(open, if map == 0 { 0 } else { end.saturating_sub(map) })
    }

    /// As a server lays out the slots of a format: the record, eleven bytes, the null map.
    pub fn of_server(record: usize, fields: usize) -> Self {
        BufferLayout { record, increment: record + GAP + fields, null_map: Some(record + GAP), fields }
    }

    /// Where the null map stands in slots that are sent to a server: at the end.
    pub fn null_map_sent(&self) -> Option<usize> {
        self.null_map.and(self.increment.checked_sub(self.fields)).filter(|at| *at >= self.record)
    }

    /// How slots from a server lie.
    pub fn stride_received(&self) -> Stride {
        let rrn = Some(self.record + RRN).filter(|at| at + 4 <= self.increment);
        Stride { record: self.record, increment: self.increment, null_map: self.null_map, rrn }
    }

    /// How slots that are sent to a server lie.
    pub fn stride_sent(&self) -> Stride {
        Stride { record: self.record, increment: self.increment, null_map: self.null_map_sent(), rrn: None }
    }

    /// So many slots to be sent to a server, all zero, no field NULL.
    pub fn blank(&self, slots: usize) -> Vec<u8> {
        let mut out = vec![0; self.increment * slots];
        if let Some(at) = self.null_map_sent() {
            for slot in out.chunks_exact_mut(self.increment.max(1)) {
                slot.iter_mut().skip(at).for_each(|byte| *byte = PRESENT);
            }
        }
        out
    }
}

/// The slots of an S38BUF.
#[derive(Debug, Clone, Copy)]
pub struct Slots<'a> {
    buf: &'a [u8],
    layout: BufferLayout,
    null_map: Option<usize>,
    count: usize,
}

/// One slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordSlot<'a> {
    /// The record.
    pub record: &'a [u8],
    /// Its relative record number; 0 in slots that were sent to a server.
    pub rrn: u32,
    /// A byte for every field, or nothing.
    pub nulls: &'a [u8],
}

impl<'a> Slots<'a> {
    /// The records that a server sent; how many is said by S38IOFB.
    pub fn received(body: &'a [u8], layout: BufferLayout, count: usize) -> Result<Self> {
        Self::new(body, layout, layout.null_map, count)
    }

    /// The records that were sent to a server, as many as there are.
    pub fn sent(body: &'a [u8], layout: BufferLayout) -> Result<Self> {
        let count = body.len() / layout.increment.max(1);
        if !body.len().is_multiple_of(layout.increment.max(1)) {
            return Err(WireError::Trailing {
                what: WHAT.into(),
                at: count * layout.increment,
                left: body.len() - count * layout.increment,
            });
        }
        Self::new(body, layout, layout.null_map_sent(), count)
    }

    fn new(body: &'a [u8], layout: BufferLayout, null_map: Option<usize>, count: usize) -> Result<Self> {
        let need = count.saturating_mul(layout.increment);
        match body.get(..need) {
            Some(buf) if layout.increment > 0 => Ok(Slots { buf, layout, null_map, count }),
            _ => Err(WireError::Truncated { what: WHAT.into(), at: 0, need, have: body.len() }),
        }
    }

    /// All of them, end to end.
    pub fn bytes(&self) -> &'a [u8] {
        self.buf
    }

    /// Their layout, for decoding column by column.
    pub fn stride(&self) -> Stride {
        Stride { null_map: self.null_map, ..self.layout.stride_received() }
    }

    /// How they are laid out.
    pub fn layout(&self) -> BufferLayout {
        self.layout
    }

    /// Where the null map stands in each.
    pub fn null_map(&self) -> Option<usize> {
        self.null_map
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The slot at `index`.
    pub fn get(&self, index: usize) -> Option<RecordSlot<'a>> {
        let slot = self.buf.get(index * self.layout.increment..)?.get(..self.layout.increment)?;
        let (record, after) = slot.split_at_checked(self.layout.record)?;
        let rrn = after.get(RRN..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_be_bytes(*b));
        let nulls = self.null_map.and_then(|at| slot.get(at..at + self.layout.fields)).unwrap_or_default();
        Some(RecordSlot { record, rrn, nulls })
    }

    /// One by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RecordSlot<'a>> + use<'a> {
        let all = *self;
        let none = RecordSlot { record: &[], rrn: 0, nulls: &[] };
        (0..self.count).map(move |index| all.get(index).unwrap_or(none))
    }
}

/// Appends a slot as a server sends it.
pub fn put_received(layout: &BufferLayout, slot: &RecordSlot<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(slot.record.get(..layout.record).unwrap_or(slot.record));
    out.resize(start + layout.increment, 0);
    if let Some(place) = out.get_mut(start + layout.record + RRN..start + layout.record + RRN + 4) {
        place.copy_from_slice(&slot.rrn.to_be_bytes());
    }
    if let Some(map) = layout.null_map.and_then(|at| out.get_mut(start + at..start + at + layout.fields)) {
        map.fill(PRESENT);
        map.iter_mut().zip(slot.nulls).for_each(|(to, from)| *to = *from);
    }
}

/// Puts relative record numbers into slots from a server, one each.
pub fn number(layout: &BufferLayout, slots: &mut [u8], rrns: impl IntoIterator<Item = u32>) {
    let at = layout.record + RRN;
    for (slot, rrn) in slots.chunks_exact_mut(layout.increment.max(1)).zip(rrns) {
        if let Some(place) = slot.get_mut(at..at + 4) {
            place.copy_from_slice(&rrn.to_be_bytes());
        }
    }
}

/// The whole object around slots.
pub fn encode(slots: &[u8]) -> Vec<u8> {
    let mut w = Writer::new();
    object::put_bytes(&mut w, cp::S38BUF, slots);
    w.into_vec()
}

#[cfg(test)]
mod tests {
    use super::super::captured::{frame, object};
    use super::super::opnfb::OpenFeedback;
    use super::*;
    use crate::wire::ddm::object::objects;
    use crate::wire::ddm::text::DdmText;
    use bytes::Bytes;

    fn layout() -> BufferLayout {
        BufferLayout::new(&OpenFeedback::decode(&object("opnfb").body, DdmText::Job(37)).unwrap(), 5).unwrap()
    }

    #[test]
    fn slots_that_were_accepted() {
        let layout = layout();
        assert_eq!(layout, BufferLayout { record: 36, increment: 52, null_map: Some(47), fields: 5 });
        assert_eq!(layout, BufferLayout::of_server(36, 5));
        let body = objects(&frame("cust-3")).next().unwrap().unwrap().body;
        let slots = Slots::received(&body, layout, 3).unwrap();
        let rrns: Vec<u32> = slots.iter().map(|s| s.rrn).collect();
        assert_eq!(rrns, [1, 2, 3]);
        assert!(slots.iter().all(|s| s.record.len() == 36 && s.nulls.len() == 5));
        assert_eq!(slots.get(1).unwrap().nulls, [PRESENT, PRESENT, PRESENT, PRESENT, ABSENT]);
        assert_eq!(slots.get(3), None);
        let mut again = Vec::new();
        slots.iter().for_each(|s| put_received(&layout, &s, &mut again));
        assert_eq!(again, body);
        again.chunks_mut(52).for_each(|slot| slot[38..42].fill(0));
        assert_ne!(again, body);
        number(&layout, &mut again, [1, 2, 3]);
        assert_eq!(again, body);
        assert_eq!(encode(&again)[4..], body);
        for cut in 0..body.len() {
            assert!(Slots::received(&body[..cut], layout, 3).is_err());
        }
        assert!(Slots::received(&body, layout, 4).is_err());
        assert!(Slots::received(&body, layout, usize::MAX).is_err());
    }

    #[test]
    fn slots_that_were_sent() {
        let body = object("updat-slot").body;
        let slots = Slots::sent(&body, layout()).unwrap();
        assert_eq!(slots.len(), 1);
        assert_eq!(slots.get(0).unwrap().nulls[4], ABSENT);
        let mut made = layout().blank(1);
        made[..36].copy_from_slice(slots.get(0).unwrap().record);
        made[51] = ABSENT;
        assert_eq!(made, body);
        assert!(Slots::sent(&body[..51], layout()).is_err());
    }

    #[test]
    fn many_slots_are_an_object_of_extended_length() {
        let data = vec![7; 40_000];
        let whole = Bytes::from(encode(&data));
        assert_eq!(whole[..8], [0x80, 0x08, 0xD4, 0x05, 0, 0, 0x9C, 0x40]);
        let found = objects(&whole).next().unwrap().unwrap();
        assert_eq!((found.cp, found.body.len()), (cp::S38BUF, 40_000));
    }

    #[test]
    fn layouts_that_lie_are_refused() {
        let open = OpenFeedback::decode(&object("opnfb").body, DdmText::Job(37)).unwrap();
        let with = |open: OpenFeedback| BufferLayout::new(&open, 5);
        assert!(with(OpenFeedback { increment: 35, ..open.clone() }).is_err());
        assert!(with(OpenFeedback { record_length: 0, ..open.clone() }).is_err());
        assert!(with(OpenFeedback { null_map: 48, ..open.clone() }).is_err());
        assert!(with(OpenFeedback { null_map: 20, ..open.clone() }).is_err());
        assert_eq!(with(OpenFeedback { null_map: 0, ..open.clone() }).unwrap().null_map_sent(), None);
        // Of a file whose fields are not known: as many as there is room for.
        assert_eq!(BufferLayout::told(&open).unwrap(), layout());
        assert_eq!(BufferLayout::told(&OpenFeedback { null_key_map: 51, ..open.clone() }).unwrap().fields, 4);
        assert_eq!(BufferLayout::told(&OpenFeedback { null_map: 0, ..open.clone() }).unwrap().fields, 0);
        assert!(BufferLayout::told(&OpenFeedback { null_map: 60, ..open }).is_err());
    }
}
