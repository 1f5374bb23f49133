//! Reply messages: how a server says that a command ended, was refused or could not be understood.
//! All share one shape: a severity and a few parameters that say what it is about. The replies
//! with a meaning of their own (SECCHKRM, ACCRDBRM, OPNQRYRM) have files of their own as well.

use std::fmt;

use super::codepoint::{self as cp, CodePoint};
use super::error::Result;
use super::object::{self, put_bytes, put_u8, put_u16, read_u16};
use super::param;
use super::point::Form;
use super::rdbname;
use super::text::DdmText;

/// One reply message.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// Which one.
    pub cp: CodePoint,
    /// SVRCOD: 0 information, 4 warning, 8 error, 16 severe, 32 access damage, 64 permanent damage,
    /// 128 session damage. A reply without one gets the usual severity of its kind.
    pub svrcod: u16,
    /// RDBNAM: the database it is about.
    pub rdbnam: Option<String>,
    /// CODPNT: the command, object or parameter it is about.
    pub codpnt: Option<CodePoint>,
    /// SYNERRCD: what is wrong with the syntax.
    pub synerrcd: Option<u8>,
    /// PRCCNVCD: what is wrong with the order of things.
    pub prccnvcd: Option<u8>,
    /// SECCHKCD: the verdict on the requester.
    pub secchkcd: Option<u8>,
    /// DSCERRCD: what is wrong with a description of data.
    pub dscerrcd: Option<u8>,
    /// UOWDSP: 1 committed, 2 rolled back.
    pub uowdsp: Option<u8>,
    /// MGRLVLLS: managers at levels that the server does not have.
    pub mgrlvlls: Vec<(CodePoint, u16)>,
    /// RSCNAM: the resource that ran out.
    pub rscnam: Option<String>,
    /// RSCTYP: its kind.
    pub rsctyp: Option<u16>,
    /// RSNCOD: the reason.
    pub rsncod: Option<String>,
    /// SRVDGN: diagnostics in the server's own form.
    pub srvdgn: Option<Vec<u8>>,
    /// Everything else, as it came.
    pub others: Vec<Other>,
}

/// A parameter without a field of its own.
#[derive(Clone, PartialEq, Eq)]
pub struct Other {
    /// Code point.
    pub cp: CodePoint,
    /// Data.
    pub data: Vec<u8>,
}

impl fmt::Debug for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cp.form() == Form::Secret {
            write!(f, "{}[{} bytes]", self.cp, self.data.len())
        } else {
            write!(f, "{} {:02X?}", self.cp, self.data)
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reply { cp, svrcod, rdbnam, codpnt, synerrcd, prccnvcd, secchkcd, dscerrcd, uowdsp, .. } = self;
        let Reply { mgrlvlls, rscnam, rsctyp, rsncod, srvdgn, others, .. } = self;
        f.debug_struct("Reply")
            .field("cp", cp)
            .field("svrcod", svrcod)
            .field("rdbnam", &rdbnam.as_deref().map(rdbname::shown))
            .field("codpnt", codpnt)
            .field("synerrcd", synerrcd)
            .field("prccnvcd", prccnvcd)
            .field("secchkcd", secchkcd)
            .field("dscerrcd", dscerrcd)
            .field("uowdsp", uowdsp)
            .field("mgrlvlls", mgrlvlls)
            .field("rscnam", rscnam)
            .field("rsctyp", rsctyp)
            .field("rsncod", rsncod)
            .field("srvdgn", srvdgn)
            .field("others", others)
            .finish()
    }
}

impl Reply {
    /// A reply of a kind with its usual severity.
    pub fn new(cp: CodePoint) -> Self {
        Reply { cp, svrcod: usual_severity(cp), ..Self::default() }
    }

    /// True when the command failed.
    pub fn is_error(&self) -> bool {
        self.svrcod >= 8
    }

    /// True when the two sides no longer understand each other, or the server is about to hang up.
    pub fn breaks_connection(&self) -> bool {
        let lost =
            matches!(self.cp, cp::SYNTAXRM | cp::PRCCNVRM | cp::DTAMCHRM | cp::DSCINVRM | cp::AGNPRMRM | cp::MGRDEPRM);
        self.is_error() && (lost || self.svrcod >= 16)
    }

    /// The whole object.
    pub fn encode(&self, text: DdmText) -> Result<Vec<u8>> {
        param::message(self.cp, |w| {
            put_u16(w, cp::SVRCOD, self.svrcod);
            if let Some(name) = &self.rdbnam {
                param::put_rdbnam(w, cp::RDBNAM, text, name)?;
            }
            if let Some(point) = self.codpnt {
                put_u16(w, cp::CODPNT, point.number());
            }
            let codes = [
                (cp::SYNERRCD, self.synerrcd),
                (cp::PRCCNVCD, self.prccnvcd),
                (cp::SECCHKCD, self.secchkcd),
                (cp::DSCERRCD, self.dscerrcd),
                (cp::UOWDSP, self.uowdsp),
            ];
            for (cp, code) in codes {
                if let Some(code) = code {
                    put_u8(w, cp, code);
                }
            }
            if !self.mgrlvlls.is_empty() {
                param::put_levels(w, cp::MGRLVLLS, &self.mgrlvlls);
            }
            param::put_optional(w, cp::RSCNAM, "RSCNAM", text, self.rscnam.as_deref())?;
            if let Some(kind) = self.rsctyp {
                put_u16(w, cp::RSCTYP, kind);
            }
            param::put_optional(w, cp::RSNCOD, "RSNCOD", text, self.rsncod.as_deref())?;
            if let Some(diagnostics) = &self.srvdgn {
                put_bytes(w, cp::SRVDGN, diagnostics);
            }
            for other in &self.others {
                put_bytes(w, other.cp, &other.data);
            }
            Ok(())
        })
    }

    /// From a reply's code point and data.
    pub fn decode(cp: CodePoint, body: &[u8], text: DdmText) -> Result<Self> {
        let mut out = Self::new(cp);
        for param in object::params(body) {
            let (cp, data) = param?;
            match cp {
                cp::SVRCOD => out.svrcod = read_u16(cp::SVRCOD, data)?,
                cp::RDBNAM => out.rdbnam = Some(param::padded_text(text, data)),
                cp::CODPNT => out.codpnt = Some(CodePoint::new(read_u16(cp::CODPNT, data)?)),
                cp::SYNERRCD => out.synerrcd = Some(param::read_u8(cp::SYNERRCD, data)?),
                cp::PRCCNVCD => out.prccnvcd = Some(param::read_u8(cp::PRCCNVCD, data)?),
                cp::SECCHKCD => out.secchkcd = Some(param::read_u8(cp::SECCHKCD, data)?),
                cp::DSCERRCD => out.dscerrcd = Some(param::read_u8(cp::DSCERRCD, data)?),
                cp::UOWDSP => out.uowdsp = Some(param::read_u8(cp::UOWDSP, data)?),
                cp::MGRLVLLS => param::read_levels(data, &mut out.mgrlvlls)?,
                cp::RSCNAM => out.rscnam = Some(param::padded_text(text, data)),
                cp::RSNCOD => out.rsncod = Some(param::padded_text(text, data)),
                cp::SRVDGN => out.srvdgn = Some(data.to_vec()),
                _ => match (cp, data) {
                    (cp::RSCTYP, [high, low]) => out.rsctyp = Some(u16::from_be_bytes([*high, *low])),
                    _ => out.others.push(Other { cp, data: data.to_vec() }),
                },
            }
        }
        Ok(out)
    }
}

/// The severity of a reply that does not say one.
fn usual_severity(cp: CodePoint) -> u16 {
    match cp {
        cp::CMDCMPRM | cp::ACCRDBRM | cp::OPNQRYRM | cp::RSLSETRM | cp::RDBUPDRM => 0,
        cp::ENDQRYRM | cp::ENDUOWRM => 4,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::super::param::{every_cut, hex};
    use super::*;

    const TEXT: DdmText = DdmText::Utf8;

    fn round_trip(raw: &str) -> Reply {
        let raw = hex(raw);
        let point = CodePoint::new(u16::from_be_bytes([raw[2], raw[3]]));
        assert!(point.is_reply_message());
        let got = Reply::decode(point, &raw[4..], TEXT).unwrap();
        assert_eq!(got.encode(TEXT).unwrap(), raw);
        every_cut(&raw[4..], |d| Reply::decode(point, d, TEXT));
        got
    }

    #[test]
    fn replies_seen_on_the_wire() {
        let got = round_trip("00222218000611490000001821106d656d6f72793a753b6372656174653d74727565");
        assert_eq!((got.is_error(), got.rdbnam.as_deref()), (false, Some("memory:u;create=true")));
        let got = round_trip("000f220c00061149000400052115 01");
        assert_eq!(got.describe(), "ENDUOWRM: the unit of work has ended; committed");
        assert_eq!(got.sqlstate(), "00000");
        let got = round_trip("000a2213000611490008");
        assert_eq!((got.is_error(), got.breaks_connection()), (true, false));
        assert_eq!(got.describe(), "SQLERRRM: SQL error; severity 8");
    }

    #[test]
    fn a_database_is_shown_without_its_attributes() {
        let rdbnam = Some("NIX;create=true;password=geheim".to_owned());
        let reply = Reply { rdbnam, ..Reply::new(cp::RDBNFNRM) };
        let shown = format!("{reply:?} {}", reply.describe());
        assert!(shown.contains("\"NIX\"") && !shown.contains("geheim") && !shown.contains("create"), "{shown}");
    }

    #[test]
    fn unknown_parameters_are_kept() {
        let got = round_trip("0016 2205 0006 1149 0000 0006 2102 2417 0006 D142 0102");
        assert_eq!(got.others.len(), 2);
        assert_eq!(got.others[0], Other { cp: cp::QRYPRCTYP, data: vec![0x24, 0x17] });
        let token = Other { cp: cp::SECTKN, data: b"sesame".to_vec() };
        assert_eq!(format!("{token:?}"), "SECTKN[6 bytes]");
    }

    #[test]
    fn what_a_server_does_not_support() {
        let states = [
            (cp::CMDNSPRM, "58014", "the server does not support the command EXCSQLSET"),
            (cp::OBJNSPRM, "58015", "the server does not support the object EXCSQLSET"),
            (cp::PRMNSPRM, "58016", "the server does not support the parameter EXCSQLSET"),
            (cp::VALNSPRM, "58017", "the server does not support the value of EXCSQLSET"),
        ];
        for (point, state, words) in states {
            let reply = Reply { codpnt: Some(cp::EXCSQLSET), ..Reply::new(point) };
            assert_eq!((reply.sqlstate(), reply.breaks_connection()), (state, false));
            assert!(reply.describe().contains(words), "{}", reply.describe());
        }
        let reply = Reply { mgrlvlls: vec![(cp::SQLAM, 11)], ..Reply::new(cp::MGRLVLRM) };
        assert_eq!(reply.sqlstate(), "58010");
        assert_eq!(
            reply.describe(),
            "MGRLVLRM: the server does not have a manager at the level asked for; manager SQLAM at level 11; severity 8"
        );
        let raw = reply.encode(TEXT).unwrap();
        assert_eq!(Reply::decode(cp::MGRLVLRM, &raw[4..], TEXT), Ok(reply));
    }

    #[test]
    fn protocol_faults_end_the_connection() {
        // What Derby answers to a PRDID that it does not take.
        let got = round_trip("0015124c 000611490008 0006 000c 112e 0005 114a 14");
        assert_eq!((got.sqlstate(), got.breaks_connection()), ("58009", true));
        assert_eq!(
            got.describe(),
            "SYNTAXRM: the server could not read what was sent; please report it; SYNERRCD 14, required value not \
             found; at PRDID; severity 8"
        );
        let got = Reply { prccnvcd: Some(0x06), ..Reply::new(cp::PRCCNVRM) };
        assert!(got.describe().contains("PRCCNVCD 06, EXCSAT was not the first command"));
        assert_eq!(Reply { svrcod: 64, ..Reply::new(cp::AGNPRMRM) }.sqlstate(), "57013");
        assert_eq!(Reply::new(cp::RSCLMTRM).sqlstate(), "57012");
        assert_eq!(Reply::new(cp::RDBNFNRM).sqlstate(), "08004");
        assert_eq!(Reply::new(cp::CMDCHKRM).sqlstate(), "58008");
        assert_eq!(Reply { svrcod: 16, ..Reply::new(cp::CMDCHKRM) }.sqlstate(), "58009");
    }

    #[test]
    fn a_reply_without_a_severity_gets_its_usual_one() {
        assert_eq!(Reply::decode(cp::RDBAFLRM, &[], TEXT).unwrap().svrcod, 8);
        assert_eq!(Reply::decode(cp::ENDQRYRM, &[], TEXT).unwrap().svrcod, 4);
    }

    #[test]
    fn odd_resource_types_do_not_hide_the_reply() {
        let got = Reply::decode(cp::RSCLMTRM, &hex("0005 111f 07 0006 112d 4142"), TEXT).unwrap();
        assert_eq!((got.rsctyp, got.rscnam.as_deref(), got.others.len()), (None, Some("AB"), 1));
    }
}
