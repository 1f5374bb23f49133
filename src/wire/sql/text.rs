//! Text inside SQL data objects. Unlike DDM parameters it is in the CCSIDs that the sender's
//! TYPDEFOVR names: fixed and VCS fields in the single-byte one, VCM fields in the mixed one. A
//! name is usually a pair of both of which at most one is filled ("m/s").
//! Also the two objects that are nothing but text, SQLSTT (X'2414') and SQLATTR (X'2450'): at
//! SQLAM 7 and above a nullable mixed and a nullable single part with four-byte lengths, below
//! that a VCM and a VCS. (FD:OCA early descriptors; measured: everyone sends `00 len text FF`.)

use super::error::Result;
use crate::wire::ccsid::{codec::Codec, error::CcsidError};
use crate::wire::codec::error::What;
use crate::wire::codec::reader::{ByteOrder, Reader};
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::error::MessageError;
use crate::wire::ddm::{
    codepoint::{self, CodePoint},
    param,
};
use crate::wire::value::typdef::{TypDef, TypDefName};

/// The null indicator of an absent group or string.
pub const NULL: u8 = 0xFF;

/// SQLSTT: the text of a statement, as a whole object.
pub fn sqlstt(statement: &str, typdef: &TypDef, sqlam: u16) -> Result<Vec<u8>> {
    put_text(codepoint::SQLSTT, statement, typdef, sqlam)
}

/// SQLATTR: attributes of a cursor (`WITH HOLD `, `FOR READ ONLY`), as a whole object.
pub fn sqlattr(attributes: &str, typdef: &TypDef, sqlam: u16) -> Result<Vec<u8>> {
    put_text(codepoint::SQLATTR, attributes, typdef, sqlam)
}

/// The text of an SQLSTT's or SQLATTR's data.
pub fn decode(body: &[u8], typdef: &TypDef, sqlam: u16) -> Result<String> {
    let text = SqlText::new(typdef);
    let mut r = Reader::new(body, codepoint::SQLSTT);
    let out = if sqlam < 7 {
        text.pair(&mut r)?
    } else {
        let mixed = long(&mut r)?;
        let single = long(&mut r)?;
        match (mixed, single) {
            (Some(bytes), None) => text.mixed.decode(bytes)?,
            (None, Some(bytes)) => text.single.decode(bytes)?,
            (None, None) => return Err(MessageError::Missing { message: "SQLSTT", parameter: "text".into() }.into()),
            (Some(_), Some(_)) => return Err(r.invalid("both a mixed and a single-byte text").into()),
        }
    };
    r.end()?;
    Ok(out)
}

/// Reads and writes the strings of one sender's data objects.
#[derive(Debug, Clone)]
pub struct SqlText {
    single: Page,
    mixed: Page,
    order: ByteOrder,
}

impl SqlText {
    /// For the environment of the sender. A CCSID that was not stated is taken from the
    /// environment's name: EBCDIC on IBM i and z/OS, else UTF-8.
    pub fn new(typdef: &TypDef) -> Self {
        let stated = |ccsid: u16| (ccsid != 0 && ccsid != 0xFFFF).then_some(ccsid);
        let native = match typdef.name {
            TypDefName::Os400 | TypDefName::S370 => 500,
            TypDefName::Asc | TypDefName::Jvm | TypDefName::X86 => 1208,
        };
        let sbc = stated(typdef.sbc).unwrap_or(native);
        let mbc = stated(typdef.mbc).unwrap_or(sbc);
        SqlText { single: Page::new(sbc), mixed: Page::new(mbc), order: typdef.order() }
    }

    /// Order of the sender's integers.
    pub fn order(&self) -> ByteOrder {
        self.order
    }

    /// A field of so many bytes, blanks included. It only informs, so bytes that do not fit the
    /// page are shown as U+FFFD.
    pub fn fixed(&self, r: &mut Reader<'_>, width: usize) -> Result<String> {
        Ok(self.single.lossy(r.bytes(width)?))
    }

    /// A VCS.
    pub fn single(&self, r: &mut Reader<'_>) -> Result<String> {
        self.single.decode(r.var()?)
    }

    /// A name: VCM and VCS, at most one filled.
    pub fn pair(&self, r: &mut Reader<'_>) -> Result<String> {
        let (bytes, page) = self.raw_pair(r)?;
        page.decode(bytes)
    }

    /// As [`pair`](Self::pair), for text that only informs: what does not fit becomes U+FFFD.
    /// (Servers cut labels and messages at a byte count, in the middle of a character.)
    pub fn pair_lossy(&self, r: &mut Reader<'_>) -> Result<String> {
        let (bytes, page) = self.raw_pair(r)?;
        Ok(page.lossy(bytes))
    }

    /// The bytes of a name and the page that they are in.
    pub fn raw_pair<'a>(&self, r: &mut Reader<'a>) -> Result<(&'a [u8], &Page)> {
        let mixed = r.var()?;
        let single = r.var()?;
        match (mixed, single) {
            (mixed, []) => Ok((mixed, &self.mixed)),
            ([], single) => Ok((single, &self.single)),
            _ => Err(r.invalid("both a mixed and a single-byte text").into()),
        }
    }

    /// A nullable name: an indicator before the VCM and one before the VCS.
    pub fn nullable_pair(&self, r: &mut Reader<'_>) -> Result<Option<String>> {
        let mixed = if present(r)? { Some(r.var()?) } else { None };
        let single = if present(r)? { Some(r.var()?) } else { None };
        match (mixed, single) {
            (None, None) => Ok(None),
            (Some(bytes), None | Some([])) => Ok(Some(self.mixed.lossy(bytes))),
            (None | Some([]), Some(bytes)) => Ok(Some(self.single.lossy(bytes))),
            (Some(_), Some(_)) => Err(r.invalid("both a mixed and a single-byte text").into()),
        }
    }

    /// Writes a field of so many bytes, filled with blanks.
    pub fn put_fixed(&self, w: &mut Writer, what: impl Into<What>, text: &str, width: usize) -> Result<()> {
        let bytes = self.single.encode(text)?;
        let missing = width.checked_sub(bytes.len()).ok_or(MessageError::Limit {
            what: what.into(),
            len: bytes.len(),
            max: width,
        })?;
        w.bytes(&bytes);
        let blank = self.single.encode(" ")?;
        (0..missing).for_each(|_| w.bytes(blank.get(..1).unwrap_or(b" ")));
        Ok(())
    }

    /// Writes a VCS.
    pub fn put_single(&self, w: &mut Writer, what: impl Into<What>, text: &str) -> Result<()> {
        put_var(w, what, &self.single.encode(text)?)
    }

    /// Writes a name in the mixed page.
    pub fn put_pair(&self, w: &mut Writer, what: impl Into<What>, text: &str) -> Result<()> {
        put_var(w, what, &self.mixed.encode(text)?)?;
        w.u16(0);
        Ok(())
    }

    /// Writes a nullable name in the mixed page.
    pub fn put_nullable_pair(&self, w: &mut Writer, what: impl Into<What>, text: Option<&str>) -> Result<()> {
        match text {
            Some(text) => {
                w.u8(0);
                put_var(w, what, &self.mixed.encode(text)?)?;
            }
            None => w.u8(NULL),
        }
        w.u8(NULL);
        Ok(())
    }

    /// The mixed page.
    pub fn mixed(&self) -> &Page {
        &self.mixed
    }
}

/// One code page of a sender. A page without a table is an error only when text in it comes.
#[derive(Debug, Clone)]
pub struct Page(std::result::Result<Codec, CcsidError>);

impl Page {
    fn new(ccsid: u16) -> Self {
        Page(Codec::new(ccsid))
    }

    /// Bytes to text.
    pub fn decode(&self, bytes: &[u8]) -> Result<String> {
        if bytes.is_empty() {
            return Ok(String::new());
        }
        let mut out = Vec::with_capacity(bytes.len());
        self.0.clone()?.decode(bytes, &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// Bytes to text, whatever they are.
    pub fn lossy(&self, bytes: &[u8]) -> String {
        self.decode(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Text to bytes.
    pub fn encode(&self, text: &str) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(text.len());
        self.0.clone()?.encode(text, &mut out)?;
        Ok(out)
    }
}

/// Reads the null indicator of a group: true when the group follows. Strict, so that a wrong
/// layout shows itself.
pub fn present(r: &mut Reader<'_>) -> Result<bool> {
    match r.u8()? {
        0 => Ok(true),
        NULL => Ok(false),
        other => Err(r.invalid(format!("null indicator X'{other:02X}'")).into()),
    }
}

/// Writes bytes after a two-byte length.
pub fn put_var(w: &mut Writer, what: impl Into<What>, bytes: &[u8]) -> Result<()> {
    let max = usize::from(u16::MAX);
    if bytes.len() > max {
        return Err(MessageError::Limit { what: what.into(), len: bytes.len(), max }.into());
    }
    w.var(bytes);
    Ok(())
}

fn put_text(cp: CodePoint, text: &str, typdef: &TypDef, sqlam: u16) -> Result<Vec<u8>> {
    let page = SqlText::new(typdef);
    param::message(cp, |w| {
        if sqlam < 7 {
            return page.put_pair(w, codepoint::SQLSTT, text);
        }
        let bytes = page.mixed.encode(text)?;
        let max = i32::MAX as usize;
        let len = u32::try_from(bytes.len()).ok().filter(|len| *len <= max as u32);
        w.u8(0);
        w.u32(len.ok_or(MessageError::Limit { what: codepoint::SQLSTT.into(), len: bytes.len(), max })?);
        w.bytes(&bytes);
        w.u8(NULL);
        Ok(())
    })
}

/// A nullable string with a four-byte length.
fn long<'a>(r: &mut Reader<'a>) -> Result<Option<&'a [u8]>> {
    if !present(r)? {
        return Ok(None);
    }
    let len = r.u32()?;
    let len = usize::try_from(len).map_err(|_| r.invalid(format!("length {len}")))?;
    Ok(Some(r.bytes(len)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::param::hex;

    #[test]
    fn a_statement_of_ibms_driver() {
        let whole =
            hex("002b 2414 00000000 2373656c65637420692c632066726f6d207420776865726520693d3f20616e6420633d3fff");
        let text = decode(&whole[4..], &TypDef::OURS, 11).unwrap();
        assert_eq!(text, "select i,c from t where i=? and c=?");
        let ours = sqlstt(&text, &TypDef::OURS, 11).unwrap();
        assert_eq!(ours[4..], whole[4..]);
        for cut in 4..whole.len() {
            assert!(decode(&whole[4..cut], &TypDef::OURS, 11).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn attributes_and_the_older_form() {
        let attr = sqlattr("WITH HOLD ", &TypDef::OURS, 7).unwrap();
        assert_eq!(attr, hex("0014 2450 00 0000000a 5749544820484f4c4420 ff"));
        let zos = TypDef { name: TypDefName::S370, sbc: 37, dbc: 0, mbc: 0, xml: 0 };
        let old = sqlstt("A1", &zos, 6).unwrap();
        assert_eq!(old, hex("000a 2414 0002 C1F1 0000"));
        assert_eq!(decode(&old[4..], &zos, 6).unwrap(), "A1");
        assert!(sqlstt(&"x".repeat(70_000), &TypDef::OURS, 6).is_err());
    }

    #[test]
    fn single_byte_texts_are_read_and_doubled_ones_refused() {
        assert_eq!(decode(&hex("FF 00 00000002 4142"), &TypDef::OURS, 7).unwrap(), "AB");
        assert!(decode(&hex("FF FF"), &TypDef::OURS, 7).is_err());
        assert!(decode(&hex("00 00000001 41 00 00000001 42"), &TypDef::OURS, 7).is_err());
        assert!(decode(&hex("01 00000001 41 FF"), &TypDef::OURS, 7).is_err());
        assert!(decode(&hex("00 FFFFFFFF 41 FF"), &TypDef::OURS, 7).is_err());
    }

    #[test]
    fn a_page_without_a_table_matters_only_when_text_comes() {
        let odd = TypDef { sbc: 60_000, mbc: 60_000, ..TypDef::OURS };
        let text = SqlText::new(&odd);
        assert_eq!(text.pair(&mut Reader::new(&[0, 0, 0, 0], "name")).unwrap(), "");
        assert!(text.pair(&mut Reader::new(&[0, 1, 65, 0, 0], "name")).is_err());
        assert_eq!(text.pair_lossy(&mut Reader::new(&[0, 1, 65, 0, 0], "name")).unwrap(), "A");
    }
}
