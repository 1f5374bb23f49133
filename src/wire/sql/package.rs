//! Package names: PKGNAMCSN (database, collection, package, consistency token, section) and
//! PKGNAMCT (the same without a section), and the names of the packages that every Db2 ships.
//! Three names of up to 18 bytes make the short form of 64 bytes; one longer name gives each of
//! the three a two-byte length. (DDM: PKGNAMCSN X'2113', PKGNAMCT X'2112'; both forms measured.)

use crate::wire::codec::error::What;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint::{self as cp, CodePoint};
use crate::wire::ddm::command::{Param, trimmed};
use crate::wire::ddm::error::{MessageError, Result};
use crate::wire::ddm::rdbname::shown;
use crate::wire::ddm::text::DdmText;
use std::fmt;

/// The token of the dynamic packages, raw ASCII bytes in every environment.
pub const TOKEN_DYNAMIC: [u8; 8] = *b"SYSLVL01";
/// The token of EXCSQLSET: no package in particular.
pub const TOKEN_ANY: [u8; 8] = [1; 8];
/// The collection of the dynamic packages, unless a site bound its own.
pub const COLLECTION: &str = "NULLID";
/// Sections for statements with a cursor in a small dynamic package: 1 up to this one.
pub const SECTIONS_SMALL: u16 = 64;
/// The same in a large one.
pub const SECTIONS_LARGE: u16 = 384;

/// The width of a name in the short form, and the least width in the long one.
const WIDTH: usize = 18;
/// The longest name of the long form.
const LONGEST: usize = 255;
/// The longest RDBNAM outside of a package's name: Derby's connection attributes follow it.
const LONGEST_RDBNAM: usize = 1024;

/// A section of a package: what a statement's commands name.
#[derive(Clone, PartialEq, Eq)]
pub struct PkgNamCsn {
    /// Database (RDBNAM).
    pub rdbnam: String,
    /// Collection or schema (RDBCOLID).
    pub collection: String,
    /// Package (PKGID).
    pub package: String,
    /// Consistency token (PKGCNSTKN): never translated.
    pub token: [u8; 8],
    /// Section number (PKGSN).
    pub section: u16,
}

/// A package without a section: what the bind commands name.
#[derive(Clone, PartialEq, Eq)]
pub struct PkgNamCt {
    /// Database (RDBNAM).
    pub rdbnam: String,
    /// Collection or schema (RDBCOLID).
    pub collection: String,
    /// Package (PKGID).
    pub package: String,
    /// Consistency token (PKGCNSTKN).
    pub token: [u8; 8],
}

impl PkgNamCsn {
    /// Section `section` of the dynamic package `package` in collection NULLID.
    pub fn dynamic(rdbnam: &str, package: &str, section: u16) -> Self {
        PkgNamCsn {
            rdbnam: rdbnam.into(),
            collection: COLLECTION.into(),
            package: package.into(),
            token: TOKEN_DYNAMIC,
            section,
        }
    }

    /// The package that the section belongs to.
    pub fn pkgnamct(&self) -> PkgNamCt {
        PkgNamCt {
            rdbnam: self.rdbnam.clone(),
            collection: self.collection.clone(),
            package: self.package.clone(),
            token: self.token,
        }
    }
}

impl Param for PkgNamCsn {
    fn write(&self, w: &mut Writer, text: DdmText) -> Result<()> {
        put_names(w, [&self.rdbnam, &self.collection, &self.package], text)?;
        w.bytes(&self.token);
        w.u16(self.section);
        Ok(())
    }

    fn read(what: What, data: &[u8], text: DdmText) -> Result<Self> {
        let mut r = Reader::new(data, what);
        let [rdbnam, collection, package] = names(&mut r, 10, text)?;
        let token = r.array()?;
        let section = r.u16()?;
        r.end()?;
        Ok(PkgNamCsn { rdbnam, collection, package, token, section })
    }
}

impl Param for PkgNamCt {
    fn write(&self, w: &mut Writer, text: DdmText) -> Result<()> {
        put_names(w, [&self.rdbnam, &self.collection, &self.package], text)?;
        w.bytes(&self.token);
        Ok(())
    }

    fn read(what: What, data: &[u8], text: DdmText) -> Result<Self> {
        let mut r = Reader::new(data, what);
        let [rdbnam, collection, package] = names(&mut r, 8, text)?;
        let token = r.array()?;
        r.end()?;
        Ok(PkgNamCt { rdbnam, collection, package, token })
    }
}

/// RDBNAM alone: at least 18 bytes wide, sent in its own length when longer.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RdbNam(pub String);

impl fmt::Debug for PkgNamCsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PkgNamCsn({:?}.{:?}, section {})", self.pkgnamct(), self.token, self.section)
    }
}

impl fmt::Debug for PkgNamCt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", shown(&self.rdbnam), self.collection, self.package)
    }
}

impl fmt::Debug for RdbNam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RdbNam({:?})", shown(&self.0))
    }
}

impl Param for RdbNam {
    fn write(&self, w: &mut Writer, text: DdmText) -> Result<()> {
        let name = text.encode_padded(&self.0, WIDTH)?;
        limit(cp::RDBNAM, name.len(), LONGEST_RDBNAM)?;
        w.bytes(&name);
        Ok(())
    }

    fn read(what: What, data: &[u8], text: DdmText) -> Result<Self> {
        limit(what, data.len(), LONGEST_RDBNAM)?;
        Ok(RdbNam(trimmed(data, text)))
    }
}

/// Isolation of a statement: the package that it runs in decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// No commit (*NONE of IBM i).
    NoCommit,
    /// Uncommitted read.
    UncommittedRead,
    /// Cursor stability: what Db2 takes unless told otherwise.
    #[default]
    CursorStability,
    /// Read stability.
    ReadStability,
    /// Repeatable read.
    RepeatableRead,
}

impl Isolation {
    /// The digit in the names of the dynamic packages.
    pub fn digit(self) -> u8 {
        match self {
            Isolation::NoCommit => 0,
            Isolation::UncommittedRead => 1,
            Isolation::CursorStability => 2,
            Isolation::ReadStability => 3,
            Isolation::RepeatableRead => 4,
        }
    }
}

/// The name of a dynamic package: `SYS`, `S`mall or `L`arge, `H`old or `N`o hold, the isolation's
/// digit, a number of two hexadecimal digits; e.g. `SYSSH200`.
pub fn dynamic(hold: bool, isolation: Isolation, large: bool, number: u8) -> String {
    let size = if large { 'L' } else { 'S' };
    let hold = if hold { 'H' } else { 'N' };
    format!("SYS{size}{hold}{}{number:02X}", isolation.digit())
}

/// True for the name of a dynamic package whose cursors outlive a commit without being told to.
pub fn holds(package: &str) -> bool {
    matches!(package.as_bytes(), [b'S', b'Y', b'S', b'S' | b'L', b'H', ..])
}

fn put_names(w: &mut Writer, names: [&String; 3], text: DdmText) -> Result<()> {
    let mut encoded = [const { Vec::new() }; 3];
    for (slot, (name, what)) in encoded.iter_mut().zip(names.into_iter().zip([cp::RDBNAM, cp::RDBCOLID, cp::PKGID])) {
        *slot = text.encode_padded(name, WIDTH)?;
        limit(what, slot.len(), LONGEST)?;
    }
    let short = encoded.iter().all(|name| name.len() == WIDTH);
    for name in &encoded {
        if short { w.bytes(name) } else { w.var(name) }
    }
    Ok(())
}

fn names(r: &mut Reader<'_>, after: usize, text: DdmText) -> Result<[String; 3]> {
    let short = r.left() == 3 * WIDTH + after;
    let mut next = |what: CodePoint| -> Result<String> {
        let name = if short { r.bytes(WIDTH)? } else { r.var()? };
        limit(what, name.len(), LONGEST)?;
        if name.contains(&0) {
            return Err(r.invalid(format!("a zero byte in {what}")).into());
        }
        Ok(trimmed(name, text))
    };
    Ok([next(cp::RDBNAM)?, next(cp::RDBCOLID)?, next(cp::PKGID)?])
}

fn limit(what: impl Into<What>, len: usize, max: usize) -> Result<()> {
    if len > max { Err(MessageError::Limit { what: what.into(), len, max }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::param::hex;

    fn read(hex_text: &str, text: DdmText) -> PkgNamCsn {
        let bytes = hex(hex_text);
        let got = PkgNamCsn::read("PKGNAMCSN".into(), &bytes, text).unwrap();
        let mut w = Writer::new();
        got.write(&mut w, text).unwrap();
        assert_eq!(w.as_slice(), bytes);
        for cut in 0..bytes.len() {
            assert!(PkgNamCsn::read("PKGNAMCSN".into(), &bytes[..cut], text).is_err(), "cut at {cut}");
        }
        got
    }

    #[test]
    fn the_short_form_of_ibms_driver() {
        let got = read(
            "5445535444422020202020202020202020204e554c4c4944202020202020202020202020\
             5359535348323030202020202020202020205359534c564c30310004",
            DdmText::Utf8,
        );
        assert_eq!(got, PkgNamCsn::dynamic("TESTDB", "SYSSH200", 4));
    }

    #[test]
    fn the_long_form_of_derbys_client() {
        let got = read(
            "00146d656d6f72793a753b6372656174653d747275650012 4e554c4c4944202020202020202020202020\
             00125359534c48303030202020202020202020205359534c564c30310007",
            DdmText::Utf8,
        );
        assert_eq!(got, PkgNamCsn::dynamic("memory:u;create=true", "SYSLH000", 7));
    }

    #[test]
    fn names_in_ebcdic_with_a_token_in_ascii() {
        let got = read(
            "9485949699a87aa440404040404040404040d5e4d3d3c9c4404040404040404040404040\
             e2e8e2d3c8f0f0f0404040404040404040405359534c564c30310002",
            DdmText::Ebcdic,
        );
        assert_eq!(got, PkgNamCsn::dynamic("memory:u", "SYSLH000", 2));
    }

    #[test]
    fn a_package_without_section_and_a_name_too_long() {
        let name = PkgNamCsn::dynamic("TESTDB", "SYSSH200", 1).pkgnamct();
        let mut w = Writer::new();
        name.write(&mut w, DdmText::Utf8).unwrap();
        assert_eq!(w.len(), 62);
        assert_eq!(PkgNamCt::read("PKGNAMCT".into(), w.as_slice(), DdmText::Utf8), Ok(name.clone()));
        let long = PkgNamCt { rdbnam: "x".repeat(256), ..name };
        let error = long.write(&mut Writer::new(), DdmText::Utf8);
        assert_eq!(error, Err(MessageError::Limit { what: cp::RDBNAM.into(), len: 256, max: 255 }));
    }

    #[test]
    fn package_names_follow_the_pattern() {
        assert_eq!(dynamic(true, Isolation::CursorStability, false, 0), "SYSSH200");
        assert_eq!(dynamic(false, Isolation::UncommittedRead, true, 0x1F), "SYSLN11F");
        assert!(holds("SYSSH200") && holds("SYSLH000") && !holds("SYSSN200") && !holds("SYSSTAT"));
        let mut w = Writer::new();
        RdbNam("AB".into()).write(&mut w, DdmText::Ebcdic).unwrap();
        assert_eq!((w.len(), &w.as_slice()[..3]), (18, &[0xC1, 0xC2, 0x40][..]));
        assert_eq!(RdbNam::read("RDBNAM".into(), w.as_slice(), DdmText::Ebcdic), Ok(RdbNam("AB".into())));
        assert!(RdbNam::read("RDBNAM".into(), &[0xC1; 1025], DdmText::Ebcdic).is_err());
    }
}
