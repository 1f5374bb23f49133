//! Names of the record wing: the ten characters of a system name, and the eight of a declared name
//! (DDM: DCLNAM X'1136'), by which an open file is called in every request after its open.

use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::command::{Param, trimmed};
use crate::wire::ddm::error::{MessageError, Result};
use crate::wire::ddm::text::DdmText;

/// Characters of a system name: a file, library, member, format or field.
pub const WIDTH: usize = 10;

/// DCLNAM: eight bytes, chosen by the requester.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DclNam(pub [u8; 8]);

impl DclNam {
    /// A number in EBCDIC digits, padded with blanks, as IBM's client writes it. Numbers of more
    /// than eight digits begin anew.
    pub fn numbered(number: u32) -> Self {
        let mut out = [0x40; 8];
        for (slot, digit) in out.iter_mut().zip((number % 100_000_000).to_string().bytes()) {
            *slot = 0xF0 | (digit & 0x0F);
        }
        DclNam(out)
    }
}

impl std::fmt::Debug for DclNam {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DclNam({:?})", trimmed(&self.0, DdmText::Ebcdic))
    }
}

impl Param for DclNam {
    fn write(&self, w: &mut Writer, _: DdmText) -> Result<()> {
        w.bytes(&self.0);
        Ok(())
    }

    fn read(what: &'static str, data: &[u8], _: DdmText) -> Result<Self> {
        let mut r = Reader::new(data, what);
        let name = r.array()?;
        r.end()?;
        Ok(DclNam(name))
    }
}

/// Writes a system name, padded with blanks.
pub fn put(w: &mut Writer, what: &'static str, name: &str) -> Result<()> {
    let bytes =
        DdmText::Ebcdic.encode_padded(name, WIDTH).map_err(|source| MessageError::Ccsid { parameter: what, source })?;
    if bytes.len() > WIDTH {
        return Err(MessageError::Limit { what, len: bytes.len(), max: WIDTH });
    }
    w.bytes(&bytes);
    Ok(())
}

/// Reads a system name.
pub fn read(r: &mut Reader<'_>) -> Result<String> {
    Ok(trimmed(r.bytes(WIDTH)?, DdmText::Ebcdic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_names_count() {
        assert_eq!(DclNam::numbered(14).0, [0xF1, 0xF4, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40]);
        assert_eq!(DclNam::numbered(123_456_789).0[..2], [0xF2, 0xF3]);
        assert_eq!(format!("{:?}", DclNam::numbered(7)), "DclNam(\"7\")");
        assert!(DclNam::read("DCLNAM", &[0x40; 7], DdmText::Ebcdic).is_err());
        assert!(DclNam::read("DCLNAM", &[0x40; 9], DdmText::Ebcdic).is_err());
    }

    #[test]
    fn system_names_are_never_cut() {
        let mut w = Writer::new();
        put(&mut w, "file", "CUST").unwrap();
        assert_eq!(read(&mut Reader::new(w.as_slice(), "file")).unwrap(), "CUST");
        assert!(matches!(put(&mut w, "file", "ELEVENCHARS"), Err(MessageError::Limit { len: 11, .. })));
        assert!(matches!(put(&mut w, "file", "日"), Err(MessageError::Ccsid { parameter: "file", .. })));
        assert!(read(&mut Reader::new(&[0x40; 9], "file")).is_err());
    }
}
