//! S38OPNFB (X'D404'): what an open file is like. The increment and the place of the null map say how
//! its records lie in S38BUF; both come from here and are never computed by a requester.

use super::system_name;
use crate::wire::codec::error::WireError;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::error::Result;
use crate::wire::ddm::text::DdmText;

/// The part that is known; what a server adds after it is stepped over.
const KNOWN: usize = 94;
/// The length that a server sends, as IBM's client accepts it.
const SENT: usize = 120;
const WHAT: CodePoint = cp::S38OPNFB;

/// S38OPNFB: open feedback.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenFeedback {
    /// 40, 44, C0, C4 (hexadecimal) read only; 20, 24, A0, A4 write only; else both.
    pub open_type: u8,
    /// The file.
    pub file: String,
    /// The library that it was found in.
    pub library: String,
    /// The member that was opened.
    pub member: String,
    /// Bytes of a record.
    pub record_length: u16,
    /// Bytes of the buffer for reading.
    pub input_length: u32,
    /// Bytes of the buffer for writing.
    pub output_length: u32,
    /// Records at the time of the open, deleted ones not counted.
    pub records: u32,
    /// AR arrival; KU unique keys; KF, KL, KC keys with duplicates in the order of arrival, its reverse
    /// or change; KN keys with duplicates.
    pub access: String,
    /// Records with equal keys are allowed.
    pub duplicate_keys: bool,
    /// A file of source text.
    pub source: bool,
    /// The part of the UFCB that is in force.
    pub parameters: [u8; 10],
    /// The most records of a block.
    pub block: u16,
    /// Bytes from one record of S38BUF to the next.
    pub increment: u16,
    /// 80 (hexadecimal) a logical file, 04 a join.
    pub flags: u8,
    /// Members of physical files below.
    pub members: u16,
    /// Bytes of the longest record.
    pub longest: u16,
    /// How many seconds a locked record is waited for.
    pub record_wait: u32,
    /// Second byte: 80 (hexadecimal) records of varying length, 40 fields that can be NULL.
    pub variable: u16,
    /// Where the null map stands in a slot.
    pub null_map: u16,
    /// Where the null map of the key stands in a slot; 0 for none.
    pub null_key_map: u16,
    /// The file's CCSID.
    pub ccsid: u16,
    /// The fixed part of a record of varying length.
    pub fixed_length: u16,
    /// Bytes of the shortest record.
    pub shortest: u16,
}

impl OpenFeedback {
    /// The data of S38OPNFB.
    pub fn encode(&self, text: DdmText) -> Result<Vec<u8>> {
        let mut w = Writer::new();
        w.u8(self.open_type);
        system_name::put(&mut w, "file", &self.file, text)?;
        system_name::put(&mut w, "library", &self.library, text)?;
        system_name::put(&mut w, "member", &self.member, text)?;
        w.u16(self.record_length);
        w.u16(0);
        w.u32(self.input_length);
        w.u32(self.output_length);
        w.u32(self.records);
        let access = DdmText::Ebcdic.encode_padded(&self.access, 2)?;
        w.bytes(access.get(..2).unwrap_or_default());
        w.u8(if self.duplicate_keys { 0xC4 } else { 0x40 });
        w.u8(if self.source { 0xE8 } else { 0xD5 });
        w.bytes(&self.parameters);
        w.u16(self.block);
        w.u16(self.increment);
        w.u8(self.flags);
        w.u16(self.members);
        w.fill(0, 4);
        w.u16(self.longest);
        w.u32(self.record_wait);
        w.u16(self.variable);
        w.u16(self.null_map);
        w.u16(self.null_key_map);
        w.fill(0, 4);
        w.u16(self.ccsid);
        w.u16(self.fixed_length);
        w.u16(self.shortest);
        w.fill(0, SENT - w.len().min(SENT));
        Ok(w.into_vec())
    }

    /// From the data of S38OPNFB.
    pub fn decode(body: &[u8], text: DdmText) -> Result<Self> {
        if body.len() < KNOWN {
            return Err(WireError::Truncated { what: WHAT.into(), at: 0, need: KNOWN, have: body.len() }.into());
        }
        let mut r = Reader::new(body, WHAT);
        let open_type = r.u8()?;
        let (file, library, member) =
            (system_name::read(&mut r, text)?, system_name::read(&mut r, text)?, system_name::read(&mut r, text)?);
        let record_length = r.u16()?;
        r.skip(2)?;
        let (input_length, output_length, records) = (r.u32()?, r.u32()?, r.u32()?);
        let access = DdmText::Ebcdic.decode(r.bytes(2)?);
        let (duplicate_keys, source) = (r.u8()? == 0xC4, r.u8()? == 0xE8);
        let parameters = r.array()?;
        let (block, increment, flags, members) = (r.u16()?, r.u16()?, r.u8()?, r.u16()?);
        r.skip(4)?;
        let (longest, record_wait, variable) = (r.u16()?, r.u32()?, r.u16()?);
        let (null_map, null_key_map) = (r.u16()?, r.u16()?);
        r.skip(4)?;
        let (ccsid, fixed_length, shortest) = (r.u16()?, r.u16()?, r.u16()?);
        Ok(OpenFeedback {
            open_type,
            file,
            library,
            member,
            record_length,
            input_length,
            output_length,
            records,
            access,
            duplicate_keys,
            source,
            parameters,
            block,
            increment,
            flags,
            members,
            longest,
            record_wait,
            variable,
            null_map,
            null_key_map,
            ccsid,
            fixed_length,
            shortest,
        })
    }

    /// True when records come in the order of their keys.
    pub fn is_keyed(&self) -> bool {
        self.access.starts_with('K')
    }
}

#[cfg(test)]
mod tests {
    use super::super::captured::object;
    use super::*;

    const TEXT: DdmText = DdmText::Job(37);

    #[test]
    fn feedback_that_was_accepted() {
        for (name, file, length, block, increment, null_map) in
            [("opnfb", "CUST", 36, 3, 52, 47), ("opnfb-alltyp", "ALLTYP", 132, 13, 161, 143)]
        {
            let frame = object(name);
            assert_eq!(frame.cp, crate::wire::ddm::codepoint::S38OPNFB);
            let got = OpenFeedback::decode(&frame.body, TEXT).unwrap();
            assert_eq!((got.file.as_str(), got.library.as_str(), got.member.as_str()), (file, "TESTLIB", file));
            assert_eq!(
                (got.record_length, got.block, got.increment, got.null_map),
                (length, block, increment, null_map)
            );
            assert_eq!((got.access.as_str(), got.is_keyed(), got.record_wait, got.ccsid), ("AR", false, 60, 37));
            assert_eq!(got.encode(TEXT).unwrap(), frame.body, "{name}");
            for cut in 0..KNOWN {
                assert!(OpenFeedback::decode(&frame.body[..cut], TEXT).is_err());
            }
            assert_eq!(OpenFeedback::decode(&frame.body[..KNOWN], TEXT).unwrap(), got);
        }
    }
}
