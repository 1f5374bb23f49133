//! EXCSAT, Exchange Server Attributes, and its reply EXCSATRD: who each side is and which managers
//! at which levels it has. First on every connection; a later, partial one changes what is agreed
//! (Db2 for LUW: CCSIDMGR 1208 makes DDM text UTF-8; measured: IBM's CLI driver).

use super::codepoint::{self as cp, CodePoint};
use super::error::Result;
use super::object;
use super::param;
use super::text::DdmText;

/// The level by which UNICODEMGR and CCSIDMGR say UTF-8: a CCSID.
pub const UTF8_LEVEL: u16 = 1208;

/// The parameters, in the order in which they are usually written.
pub const ATTRIBUTES: [CodePoint; 5] = [cp::EXTNAM, cp::MGRLVLLS, cp::SRVCLSNM, cp::SRVNAM, cp::SRVRLSLV];

macro_rules! attributes {
    ($(#[$doc:meta])* $name:ident, $cp:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $name {
            /// EXTNAM: the job, process or program.
            pub extnam: Option<String>,
            /// MGRLVLLS: managers and levels. Level 0 in a reply: not supported.
            pub managers: Vec<(CodePoint, u16)>,
            /// SRVCLSNM: the class, such as `QDB2/LINUXX8664`, `QAS`, `Apache Derby`.
            pub srvclsnm: Option<String>,
            /// SRVNAM: the system.
            pub srvnam: Option<String>,
            /// SRVRLSLV: the release.
            pub srvrlslv: Option<String>,
        }

        impl $name {
            /// The message that only states levels.
            pub fn of_levels(managers: Vec<(CodePoint, u16)>) -> Self {
                $name { managers, ..Self::default() }
            }

            /// The level of a manager; none when the list does not name it.
            pub fn level(&self, manager: CodePoint) -> Option<u16> {
                self.managers.iter().find(|(m, _)| *m == manager).map(|(_, level)| *level)
            }

            /// The whole object.
            pub fn encode(&self, text: DdmText) -> Result<Vec<u8>> {
                self.encode_only(&ATTRIBUTES, text)
            }

            /// The object with these parameters only, in this order.
            pub fn encode_only(&self, points: &[CodePoint], text: DdmText) -> Result<Vec<u8>> {
                param::message($cp, |w| {
                    points.iter().try_for_each(|point| match *point {
                        cp::EXTNAM => param::put_optional(w, cp::EXTNAM, "EXTNAM", text, self.extnam.as_deref()),
                        cp::MGRLVLLS if !self.managers.is_empty() => {
                            param::put_levels(w, cp::MGRLVLLS, &self.managers);
                            Ok(())
                        }
                        cp::SRVCLSNM => {
                            param::put_optional(w, cp::SRVCLSNM, "SRVCLSNM", text, self.srvclsnm.as_deref())
                        }
                        cp::SRVNAM => param::put_optional(w, cp::SRVNAM, "SRVNAM", text, self.srvnam.as_deref()),
                        cp::SRVRLSLV => {
                            param::put_optional(w, cp::SRVRLSLV, "SRVRLSLV", text, self.srvrlslv.as_deref())
                        }
                        _ => Ok(()),
                    })
                })
            }

            /// From the object's data.
            pub fn decode(body: &[u8], text: DdmText) -> Result<Self> {
                let mut out = Self::default();
                for param in object::params(body) {
                    let (cp, data) = param?;
                    match cp {
                        cp::EXTNAM => out.extnam = Some(text.decode(data)),
                        cp::MGRLVLLS => param::read_levels(data, &mut out.managers)?,
                        cp::SRVCLSNM => out.srvclsnm = Some(class_name(data, text)),
                        cp::SRVNAM => out.srvnam = Some(text.decode(data)),
                        cp::SRVRLSLV => out.srvrlslv = Some(text.decode(data)),
                        _ => {}
                    }
                }
                Ok(out)
            }
        }
    };
}

attributes! {
    /// The command.
    ExcSat, cp::EXCSAT
}

attributes! {
    /// The reply: the same attributes of the other side.
    ExcSatRd, cp::EXCSATRD
}

impl ExcSat {
    /// The later command that asks Db2 for LUW to switch DDM text to UTF-8.
    pub fn utf8_text() -> Self {
        Self::of_levels(vec![(cp::CCSIDMGR, UTF8_LEVEL)])
    }
}

/// The class name, which JTOpen wraps in an object of its own (CHRSTRDR, X'0009').
fn class_name(data: &[u8], text: DdmText) -> String {
    let mut inner = object::params(data);
    match (inner.next(), inner.next()) {
        (Some(Ok((cp::CHRSTRDR, name))), None) => text.decode(name),
        _ => text.decode(data),
    }
}

#[cfg(test)]
mod tests {
    use super::super::param::{every_cut, hex};
    use super::*;

    const DERBY_EXCSAT: &str =
        "006110410010115e84859982a8849583948189950009116dc4859982a8001e115ac4d5c3f1f0f1f4f061f1f04b
        f1f44bf24bf04060404d6f6f6f5d001814041403000724070007240f0007144000071c0804b8000e1147d8c4c5d9c2e861d1e5d4";
    const DERBY_EXCSATRD: &str =
        "007f1443001d115ed585a3a6969992e28599a58599c39695a3999693409481899500181404140300072407
        0007240f0007144000071c0804b800101147c1978183888540c4859982a80018116dd585a3a6969992e28599a58599c39695a3999693
        001e115ac3e2e2f1f0f1f4f061f1f04bf1f44bf24bf04060404d6f6f6f5d";
    const CLI_EXCSAT: &str =
        "00d910410094115e97a8a38896954040404040404040404040404040f0f0f0f0f4f8f2c3f0f0f000000000000000000000000000000000
        0000000000000000000000000000000060f0f0f0f1999696a34040404040404040404040404040404040404040404040404040e3c5e2e3
        c4c24040f0c4c2f240404040404040404040404040f0f0f1a29785838981936df8f7f3f4f94040f04040001c14041403000a2407000b14
        740005240f000c1440000b1c0804b800131147d8c4c2f261d3c9d5e4e7e7f8f6f6f40006116da594000c115ae2d8d3f1f2f0f1f4";

    #[test]
    fn what_the_derby_client_sends() {
        let got = ExcSat::decode(&hex(DERBY_EXCSAT)[4..], DdmText::Ebcdic).unwrap();
        assert_eq!(got.extnam.as_deref(), Some("derbydncmain"));
        assert_eq!(got.srvnam.as_deref(), Some("Derby"));
        assert_eq!(got.srvrlslv.as_deref(), Some("DNC10140/10.14.2.0 - (???)"));
        assert_eq!(got.srvclsnm.as_deref(), Some("QDERBY/JVM"));
        assert_eq!((got.level(cp::SQLAM), got.level(cp::UNICODEMGR)), (Some(7), Some(UTF8_LEVEL)));
        assert_eq!(got.level(cp::XAMGR), None);
        // It orders its parameters differently, so only the value comes back.
        let again = got.encode(DdmText::Ebcdic).unwrap();
        assert_eq!(ExcSat::decode(&again[4..], DdmText::Ebcdic).unwrap(), got);
    }

    #[test]
    fn what_the_derby_server_and_the_cli_driver_send_comes_back_byte_for_byte() {
        let raw = hex(DERBY_EXCSATRD);
        let got = ExcSatRd::decode(&raw[4..], DdmText::Ebcdic).unwrap();
        assert_eq!(got.srvclsnm.as_deref(), Some("Apache Derby"));
        assert_eq!(got.encode(DdmText::Ebcdic).unwrap(), raw);
        let raw = hex(CLI_EXCSAT);
        let got = ExcSat::decode(&raw[4..], DdmText::Ebcdic).unwrap();
        assert_eq!(got.srvclsnm.as_deref(), Some("QDB2/LINUXX8664"));
        assert_eq!(got.level(cp::SQLAM), Some(11));
        assert_eq!(got.encode(DdmText::Ebcdic).unwrap(), raw);
    }

    #[test]
    fn the_switch_to_utf8() {
        assert_eq!(ExcSat::utf8_text().encode(DdmText::Ebcdic).unwrap(), hex("000c1041 00081404 14cc04b8"));
    }

    #[test]
    fn a_class_name_in_an_object_and_unknown_parameters() {
        let got = ExcSat::decode(&hex("0006 D142 FFFF 000b1147 0007 0009 d8c1e2"), DdmText::Ebcdic).unwrap();
        assert_eq!(got.srvclsnm.as_deref(), Some("QAS"));
    }

    #[test]
    fn cuts_are_errors() {
        every_cut(&hex(DERBY_EXCSAT)[4..], |d| ExcSat::decode(d, DdmText::Ebcdic));
        every_cut(&hex(DERBY_EXCSATRD)[4..], |d| ExcSatRd::decode(d, DdmText::Ebcdic));
        assert!(ExcSat::decode(&hex("0007 1404 140300"), DdmText::Ebcdic).is_err());
    }
}
