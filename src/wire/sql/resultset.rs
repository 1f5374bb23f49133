//! Result sets of a procedure: RSLSETRM names their sections, SQLRSLRD lists them; then each comes
//! with OPNQRYRM, SQLCINRD, QRYDSC and QRYDTA of its own. (DRDA: X'2219', X'2139', X'240E';
//! measured from Derby.)

use super::error::Result;
use super::package::PkgNamCsn;
use super::text::SqlText;
use crate::wire::codec::error::What;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::command::{self, Param, message};
use crate::wire::ddm::error::MessageError;
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
        self.0.iter().try_for_each(|section| command::ParamSlot::put(section, w, codepoint::PKGNAMCSN, text))
    }

    fn read(_: What, data: &[u8], text: DdmText) -> error::Result<Self> {
        let mut out = Vec::new();
        for param in object::params(data) {
            let (cp, data) = param?;
            if cp == codepoint::PKGNAMCSN {
                out.push(PkgNamCsn::read(codepoint::PKGNAMCSN.into(), data, text)?);
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
    pub rows: i64,
}

/// From this level on the number of rows has eight bytes. (Measured: JCC and IBM's CLI driver read it so.)
const WIDE: u16 = 10;

/// Reads the data of an SQLRSLRD at this level of the SQL application manager.
pub fn decode(body: &[u8], sqlam: u16, typdef: &TypDef) -> Result<Vec<ResultSet>> {
    let text = SqlText::new(typdef);
    let order = text.order();
    let mut r = Reader::new(body, codepoint::SQLRSLRD);
    let count = r.u16_in(order)?;
    let mut out = Vec::new();
    for _ in 0..count {
        let (locator, name) = (r.u32_in(order)?, text.pair(&mut r)?);
        let rows = if sqlam >= WIDE { r.i64_in(order)? } else { i64::from(r.i32_in(order)?) };
        out.push(ResultSet { locator, name, rows });
    }
    r.end()?;
    Ok(out)
}

/// A whole SQLRSLRD.
pub fn encode(sets: &[ResultSet], sqlam: u16, typdef: &TypDef) -> Result<Vec<u8>> {
    let text = SqlText::new(typdef);
    let (len, max) = (sets.len(), i16::MAX as usize);
    let count = u16::try_from(len).ok().filter(|_| len <= max);
    let count = count.ok_or(MessageError::Limit { what: codepoint::SQLRSLRD.into(), len, max })?;
    param::message(codepoint::SQLRSLRD, |w| {
        w.u16_in(count, text.order());
        for set in sets {
            w.u32_in(set.locator, text.order());
            text.put_pair(w, "SQLRSNAME", &set.name)?;
            if sqlam >= WIDE {
                w.i64_in(set.rows, text.order());
            } else {
                // More rows than the field holds are a number that is not known.
                w.i32_in(i32::try_from(set.rows).unwrap_or(-1), text.order());
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::param::hex;
    use crate::wire::value::typdef::TypDefName;

    #[test]
    fn the_announcement_of_derby() {
        let body = hex("000611490000 00502139004c211300146d656d6f72793a753b6372656174653d7472756500124e554c4c4944\
                        20202020202020202020202000125359534c48303030202020202020202020205359534c564c30310009");
        let got = RslSetRm::decode(&body, DdmText::Utf8).unwrap();
        assert_eq!(got.pkgsnlst.0, [PkgNamCsn::dynamic("memory:u;create=true", "SYSLH000", 9)]);
        assert_eq!(got.encode(DdmText::Utf8).unwrap()[4..], body);
        cut_everywhere(&body, |b| RslSetRm::decode(b, DdmText::Utf8));

        let list = hex("0001000000000000000000000001");
        let sets = decode(&list, 7, &TypDef::OURS).unwrap();
        assert_eq!(sets, [ResultSet { locator: 0, name: String::new(), rows: 1 }]);
        assert_eq!(encode(&sets, 7, &TypDef::OURS).unwrap()[4..], list);
        for cut in 0..list.len() {
            assert!(decode(&list[..cut], 7, &TypDef::OURS).is_err());
        }
    }

    #[test]
    fn the_number_of_rows_has_eight_bytes_from_level_ten_on() {
        let x86 = TypDef { name: TypDefName::X86, ..TypDef::OURS };
        let wide = hex("0200 00000000 0001 41 0000 0100000001000000 01000000 0001 42 0000 ffffffffffffffff");
        let sets = decode(&wide, 10, &x86).unwrap();
        let set = |locator, name: &str, rows| ResultSet { locator, name: name.to_owned(), rows };
        assert_eq!(sets, [set(0, "A", (1 << 32) + 1), set(1, "B", -1)]);
        assert_eq!(encode(&sets, 10, &x86).unwrap()[4..], wide);
        assert_eq!(decode(&wide, 11, &x86).unwrap(), sets);
        for cut in 0..wide.len() {
            assert!(decode(&wide[..cut], 10, &x86).is_err());
        }
        assert!(decode(&wide, 9, &x86).is_err());
        let narrow = encode(&sets, 9, &x86).unwrap();
        assert_eq!(decode(&narrow[4..], 9, &x86).unwrap(), [set(0, "A", -1), set(1, "B", -1)]);
    }
}
