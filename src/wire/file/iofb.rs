//! S38IOFB (X'D402'): what a read or write did. How many records an S38BUF holds is said here and not
//! by its length.

use super::system_name;
use crate::wire::codec::error::WireError;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::error::Result;
use crate::wire::ddm::text::DdmText;

/// The part that is known.
const KNOWN: usize = 59;
/// The length that a server sends, as IBM's client accepts it.
const SENT: usize = 65;
const WHAT: CodePoint = cp::S38IOFB;

/// S38IOFB: input and output feedback.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IoFeedback {
    /// The record format.
    pub format: String,
    /// Bytes of a record.
    pub record_length: u32,
    /// Records read or written.
    pub records: u16,
    /// Records that are locked.
    pub locked: u16,
    /// Relative record number of the last locked one.
    pub locked_rrn: u32,
    /// The number of its member.
    pub locked_member: u16,
    /// Relative record number of the last record read or written.
    pub rrn: u32,
}

impl IoFeedback {
    /// The data of S38IOFB.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut w = Writer::new();
        system_name::put(&mut w, "format", &self.format, DdmText::Ebcdic)?;
        w.u32(self.record_length);
        w.u16(self.records);
        w.u8(0);
        w.u16(self.locked);
        w.u32(self.locked_rrn);
        w.u16(self.locked_member);
        w.fill(0, 30);
        w.u32(self.rrn);
        w.fill(0, SENT - w.len().min(SENT));
        Ok(w.into_vec())
    }

    /// From the data of S38IOFB.
    pub fn decode(body: &[u8]) -> Result<Self> {
        if body.len() < KNOWN {
            return Err(WireError::Truncated { what: WHAT.into(), at: 0, need: KNOWN, have: body.len() }.into());
        }
        let mut r = Reader::new(body, WHAT);
        let (format, record_length, records) = (system_name::read(&mut r, DdmText::Ebcdic)?, r.u32()?, r.u16()?);
        r.skip(1)?;
        let (locked, locked_rrn, locked_member) = (r.u16()?, r.u32()?, r.u16()?);
        r.skip(30)?;
        Ok(IoFeedback { format, record_length, records, locked, locked_rrn, locked_member, rrn: r.u32()? })
    }
}

#[cfg(test)]
mod tests {
    use super::super::captured::frame;
    use super::*;
    use crate::wire::ddm::object::objects;

    #[test]
    fn feedback_that_was_accepted() {
        for (name, records, rrn) in [("cust-3", 3, 3), ("cust-2", 2, 6), ("cust-end", 0, 0)] {
            let found = objects(&frame(name)).map(|o| o.unwrap()).find(|o| o.cp == cp::S38IOFB).unwrap();
            let got = IoFeedback::decode(&found.body).unwrap();
            assert_eq!((got.format.as_str(), got.record_length, got.records, got.rrn), ("CUSTR", 36, records, rrn));
            assert_eq!(got.encode().unwrap(), found.body, "{name}");
            for cut in 0..KNOWN {
                assert!(IoFeedback::decode(&found.body[..cut]).is_err());
            }
        }
    }
}
