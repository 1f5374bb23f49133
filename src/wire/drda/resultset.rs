//! Result sets of a procedure: RSLSETRM names their sections, SQLRSLRD lists them; then each comes
//! with OPNQRYRM, SQLCINRD, QRYDSC and QRYDTA of its own. (DRDA: X'2219', X'2139', X'240E';
//! measured from Derby.)

use super::error::{DrdaError, Result};
use super::package::PkgNamCsn;
use super::text::SqlText;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::command::{self, Param, message};
use crate::wire::ddm::text::DdmText;
use crate::wire::ddm::{codepoint, error, object, param};
use crate::wire::value::typdef::TypDef;

message! {
    /// RSLSETRM: result sets follow.
    RslSetRm = RSLSETRM {
        /// Severity: 0.
        svrcod: u16 = SVRCOD,
        /// The section of each result set.
        pkgsnlst: PkgSnLst = PKGSNLST,
    }
}

/// PKGSNLST: sections, one a result set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PkgSnLst(pub Vec<PkgNamCsn>);

impl Param for PkgSnLst {
    fn write(&self, w: &mut Writer, text: DdmText) -> error::Result<()> {
        self.0.iter().try_for_each(|section| command::Slot::put(section, w, codepoint::PKGNAMCSN, text))
    }

    fn read(_: &'static str, data: &[u8], text: DdmText) -> error::Result<Self> {
        let mut out = Vec::new();
        for param in object::params(data) {
            let (cp, data) = param?;
            if cp == codepoint::PKGNAMCSN {
                out.push(PkgNamCsn::read("PKGNAMCSN", data, text)?);
            }
        }
        Ok(PkgSnLst(out))
    }
}

/// One entry of SQLRSLRD.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResultSet {
    /// Locator: tells result sets apart.
    pub locator: u32,
    /// The cursor's name.
    pub name: String,
    /// Rows, when the server knows.
    pub rows: i32,
}

/// Reads the data of an SQLRSLRD.
pub fn decode(body: &[u8], typdef: &TypDef) -> Result<Vec<ResultSet>> {
    let text = SqlText::new(typdef);
    let order = text.order();
    let mut r = Reader::new(body, "SQLRSLRD");
    let count = r.u16_in(order)?;
    let mut out = Vec::new();
    for _ in 0..count {
        out.push(ResultSet { locator: r.u32_in(order)?, name: text.pair(&mut r)?, rows: r.i32_in(order)? });
    }
    r.end()?;
    Ok(out)
}

/// A whole SQLRSLRD.
pub fn encode(sets: &[ResultSet], typdef: &TypDef) -> Result<Vec<u8>> {
    let text = SqlText::new(typdef);
    let (len, max) = (sets.len(), i16::MAX as usize);
    let count = u16::try_from(len).ok().filter(|_| len <= max);
    let count = count.ok_or(DrdaError::Limit { what: "SQLRSLRD", len, max })?;
    param::message(codepoint::SQLRSLRD, |w| {
        w.u16_in(count, text.order());
        for set in sets {
            w.u32_in(set.locator, text.order());
            text.put_pair(w, "SQLRSNAME", &set.name)?;
            w.i32_in(set.rows, text.order());
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::param::hex;

    #[test]
    fn the_announcement_of_derby() {
        let body = hex("000611490000 00502139004c211300146d656d6f72793a753b6372656174653d7472756500124e554c4c4944\
                        20202020202020202020202000125359534c48303030202020202020202020205359534c564c30310009");
        let got = RslSetRm::decode(&body, DdmText::Utf8).unwrap();
        assert_eq!(got.pkgsnlst.0, [PkgNamCsn::dynamic("memory:u;create=true", "SYSLH000", 9)]);
        assert_eq!(got.encode(DdmText::Utf8).unwrap()[4..], body);
        cut_everywhere(&body, |b| RslSetRm::decode(b, DdmText::Utf8));

        let list = hex("0001000000000000000000000001");
        let sets = decode(&list, &TypDef::OURS).unwrap();
        assert_eq!(sets, [ResultSet { locator: 0, name: String::new(), rows: 1 }]);
        assert_eq!(encode(&sets, &TypDef::OURS).unwrap()[4..], list);
        for cut in 0..list.len() {
            assert!(decode(&list[..cut], &TypDef::OURS).is_err());
        }
    }
}
