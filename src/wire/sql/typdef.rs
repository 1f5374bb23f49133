//! TYPDEFNAM (X'002F') and TYPDEFOVR (X'0035') on the wire: parameters of ACCRDB and ACCRDBRM, and
//! objects that may stand before any data object and hold for those after them. An override may
//! name some of the CCSIDs only; the others stay as they were. (DRDA; measured: Derby states no
//! double-byte CCSID, and puts parameters of ACCRDBRM inside its TYPDEFOVR.)

use crate::wire::codec::error::What;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::command::{self, FoundParams, Param, ParamSlot};
use crate::wire::ddm::error::{MessageError, Result};
use crate::wire::ddm::text::DdmText;
use crate::wire::ddm::{
    codepoint::{self, CodePoint},
    object, param,
};
use crate::wire::value::typdef::{TypDef, TypDefName};

/// The CCSIDs that a TYPDEFOVR names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TypDefOvr {
    /// Single-byte (CCSIDSBC).
    pub sbc: Option<u16>,
    /// Double-byte (CCSIDDBC).
    pub dbc: Option<u16>,
    /// Mixed (CCSIDMBC).
    pub mbc: Option<u16>,
    /// XML (CCSIDXML).
    pub xml: Option<u16>,
}

impl TypDefOvr {
    /// The objects that state an environment; CCSIDs of 0 are left out.
    pub fn of(typdef: &TypDef) -> Self {
        let stated = |ccsid: u16| (ccsid != 0).then_some(ccsid);
        TypDefOvr { sbc: stated(typdef.sbc), dbc: stated(typdef.dbc), mbc: stated(typdef.mbc), xml: stated(typdef.xml) }
    }

    /// Puts the named CCSIDs over those of `typdef`.
    pub fn apply(&self, typdef: &mut TypDef) {
        for (new, old) in [
            (self.sbc, &mut typdef.sbc),
            (self.dbc, &mut typdef.dbc),
            (self.mbc, &mut typdef.mbc),
            (self.xml, &mut typdef.xml),
        ] {
            if let Some(ccsid) = new {
                *old = ccsid;
            }
        }
    }
}

impl Param for TypDefOvr {
    fn write(&self, w: &mut Writer, _: DdmText) -> Result<()> {
        for (ccsid, cp) in [
            (self.sbc, codepoint::CCSIDSBC),
            (self.dbc, codepoint::CCSIDDBC),
            (self.mbc, codepoint::CCSIDMBC),
            (self.xml, codepoint::CCSIDXML),
        ] {
            if let Some(ccsid) = ccsid {
                object::put_u16(w, cp, ccsid);
            }
        }
        Ok(())
    }

    fn read(_: What, data: &[u8], text: DdmText) -> Result<Self> {
        let found = FoundParams::read("TYPDEFOVR", data)?;
        Ok(TypDefOvr {
            sbc: ParamSlot::take(&found, codepoint::CCSIDSBC, text)?,
            dbc: ParamSlot::take(&found, codepoint::CCSIDDBC, text)?,
            mbc: ParamSlot::take(&found, codepoint::CCSIDMBC, text)?,
            xml: ParamSlot::take(&found, codepoint::CCSIDXML, text)?,
        })
    }
}

impl Param for TypDefName {
    fn write(&self, w: &mut Writer, text: DdmText) -> Result<()> {
        w.bytes(&text.encode(self.name())?);
        Ok(())
    }

    /// The names are few, so a server that has not switched its encoding yet is understood too.
    fn read(_: What, data: &[u8], text: DdmText) -> Result<Self> {
        let known = |text: DdmText| TypDefName::from_name(&command::trimmed(data, text));
        known(text).or_else(|| known(DdmText::Ebcdic)).or_else(|| known(DdmText::Utf8)).ok_or_else(|| {
            MessageError::Value {
                what: codepoint::TYPDEFNAM.into(),
                detail: format!("unknown environment {:?}", text.decode(data)),
            }
        })
    }
}

/// Takes an object that precedes data objects: true when it was a TYPDEFNAM or TYPDEFOVR, which is
/// then in force in `typdef`; false when it is something else.
pub fn take(typdef: &mut TypDef, cp: CodePoint, body: &[u8], text: DdmText) -> Result<bool> {
    match cp {
        codepoint::TYPDEFNAM => typdef.name = TypDefName::read(codepoint::TYPDEFNAM.into(), body, text)?,
        codepoint::TYPDEFOVR => TypDefOvr::read(codepoint::TYPDEFOVR.into(), body, text)?.apply(typdef),
        _ => return Ok(false),
    }
    Ok(true)
}

/// Both objects, to stand before data objects of another environment.
pub fn encode(typdef: &TypDef, text: DdmText) -> Result<Vec<u8>> {
    let mut out = param::message(codepoint::TYPDEFNAM, |w| typdef.name.write(w, text))?;
    out.extend(param::message(codepoint::TYPDEFOVR, |w| TypDefOvr::of(typdef).write(w, text))?);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::param::hex;

    #[test]
    fn overrides_are_partial() {
        let mut typdef = TypDef { name: TypDefName::Asc, sbc: 1208, dbc: 1200, mbc: 1208, xml: 0 };
        assert_eq!(take(&mut typdef, codepoint::TYPDEFOVR, &hex("0006119c0025"), DdmText::Utf8), Ok(true));
        assert_eq!((typdef.sbc, typdef.dbc, typdef.mbc), (37, 1200, 1208));
        assert_eq!(take(&mut typdef, codepoint::TYPDEFNAM, &hex("d8e3c4e2d8d3e7f8f6"), DdmText::Utf8), Ok(true));
        assert_eq!(typdef.name, TypDefName::X86);
        assert_eq!(take(&mut typdef, codepoint::SQLCARD, &[0xFF], DdmText::Utf8), Ok(false));
        assert!(take(&mut typdef, codepoint::TYPDEFNAM, b"QTDSQLBC", DdmText::Utf8).is_err());
        assert!(take(&mut typdef, codepoint::TYPDEFOVR, &hex("0005119c25"), DdmText::Utf8).is_err());
        assert!(take(&mut typdef, codepoint::TYPDEFOVR, &hex("0006119c0025 0006119c0025"), DdmText::Utf8).is_err());
    }

    #[test]
    fn both_objects_come_back() {
        let typdef = TypDef { name: TypDefName::X86, sbc: 1208, dbc: 1200, mbc: 1208, xml: 1208 };
        let bytes = encode(&typdef, DdmText::Utf8).unwrap();
        assert_eq!(
            bytes,
            hex("000d002f 51544453514c583836 001c0035 0006119c04b8 0006119d04b0 0006119e04b8 0006191304b8")
        );
        let mut got = TypDef { name: TypDefName::Asc, sbc: 0, dbc: 0, mbc: 0, xml: 0 };
        for (cp, body) in object::params(&bytes).map(|p| p.unwrap()) {
            assert!(take(&mut got, cp, body, DdmText::Utf8).unwrap());
        }
        assert_eq!(got, typdef);
        cut_everywhere(&bytes[17..], |b| TypDefOvr::read(codepoint::TYPDEFOVR.into(), b, DdmText::Utf8));
    }
}
