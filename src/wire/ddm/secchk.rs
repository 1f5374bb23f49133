//! SECCHK, Security Check, and its reply SECCHKRM: the proof of who the requester is, in the
//! shape that the mechanism agreed by ACCSEC asks for, and the server's verdict.

use std::fmt;

use zeroize::Zeroizing;

use super::codepoint::{self as cp, CodePoint};
use super::error::{MessageError, Result};
use super::object::{self, put_bytes, put_u8, put_u16, read_u16};
use super::param;
use super::rdbname;
use super::text::DdmText;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;

/// A password: wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that puts it on the wire.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The command.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SecChk {
    /// SECMEC: the mechanism agreed.
    pub secmec: u16,
    /// RDBNAM: the database, the same as in ACCSEC.
    pub rdbnam: Option<String>,
    /// USRID in clear.
    pub usrid: Option<String>,
    /// PASSWORD in clear.
    pub password: Option<Secret>,
    /// PASSWORD as the bytes of a substitute: IBM i's mechanisms 6 and 8.
    pub substitute: Option<Zeroizing<Vec<u8>>>,
    /// NEWPASSWORD in clear.
    pub newpassword: Option<Secret>,
    /// SECTKN: encrypted user id, password and new password in this order, a substitute, or a ticket.
    pub sectkns: Vec<Zeroizing<Vec<u8>>>,
    /// SXXFACTOR: an additional factor, from IBM i 7.6 on.
    pub factor: Option<Secret>,
}

/// Mechanisms in which PASSWORD is no text.
const SUBSTITUTES: [u16; 2] = [6, 8];
/// The only form of SXXFACTOR seen.
const FACTOR_VERSION: u16 = 0;
/// The page of an additional factor.
const FACTOR_CCSID: u32 = 1208;

impl SecChk {
    /// The whole object, wiped when dropped.
    pub fn encode(&self, text: DdmText) -> Result<Zeroizing<Vec<u8>>> {
        param::secret_message(cp::SECCHK, self.room(), |w| {
            put_u16(w, cp::SECMEC, self.secmec);
            if let Some(name) = &self.rdbnam {
                param::put_rdbnam(w, cp::RDBNAM, text, name)?;
            }
            param::put_optional(w, cp::USRID, "USRID", text, self.usrid.as_deref())?;
            put_secret(w, cp::PASSWORD, "PASSWORD", text, self.password.as_ref())?;
            if let Some(substitute) = &self.substitute {
                put_bytes(w, cp::PASSWORD, substitute);
            }
            put_secret(w, cp::NEWPASSWORD, "NEWPASSWORD", text, self.newpassword.as_ref())?;
            for token in &self.sectkns {
                put_bytes(w, cp::SECTKN, token);
            }
            if let Some(factor) = &self.factor {
                object::put(w, cp::SXXFACTOR, |w| {
                    w.u16(FACTOR_VERSION);
                    w.u32(FACTOR_CCSID);
                    w.var(factor.expose().as_bytes());
                });
            }
            Ok(())
        })
    }

    /// Bytes that it has at most.
    fn room(&self) -> usize {
        let texts = [self.rdbnam.as_ref(), self.usrid.as_ref()].into_iter().flatten().map(String::len);
        let secrets = [&self.password, &self.newpassword, &self.factor].into_iter().flatten();
        let tokens = self.sectkns.iter().chain(&self.substitute).map(|token| token.len());
        // A page may want three bytes for two of UTF-8; heads and padding come on top.
        let longest = texts.chain(secrets.map(|secret| secret.expose().len())).chain(tokens).map(|len| len * 2 + 32);
        longest.sum::<usize>() + 32
    }

    /// From the object's data.
    pub fn decode(body: &[u8], text: DdmText) -> Result<Self> {
        let mut secmec = None;
        let mut password = None;
        let mut out = Self::default();
        for param in object::params(body) {
            let (cp, data) = param?;
            match cp {
                cp::SECMEC => secmec = Some(read_u16(cp::SECMEC, data)?),
                cp::RDBNAM => out.rdbnam = Some(param::padded_text(text, data)),
                cp::USRID => out.usrid = Some(param::padded_text(text, data)),
                cp::PASSWORD => password = Some(data),
                cp::NEWPASSWORD => out.newpassword = Some(Secret::new(text.decode(data))),
                cp::SECTKN => out.sectkns.push(Zeroizing::new(data.to_vec())),
                cp::SXXFACTOR => out.factor = Some(factor(data)?),
                _ => {}
            }
        }
        out.secmec = secmec.ok_or(MessageError::Missing { message: "SECCHK", parameter: cp::SECMEC.into() })?;
        match password {
            Some(data) if SUBSTITUTES.contains(&out.secmec) => out.substitute = Some(Zeroizing::new(data.to_vec())),
            Some(data) => out.password = Some(Secret::new(text.decode(data))),
            None => {}
        }
        Ok(out)
    }
}

impl fmt::Debug for SecChk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths: Vec<usize> = self.sectkns.iter().map(|token| token.len()).collect();
        f.debug_struct("SecChk")
            .field("secmec", &self.secmec)
            .field("rdbnam", &self.rdbnam.as_deref().map(rdbname::shown))
            .field("usrid", &self.usrid)
            .field("password", &self.password)
            .field("substitute_length", &self.substitute.as_ref().map(|s| s.len()))
            .field("newpassword", &self.newpassword)
            .field("sectkn_lengths", &lengths)
            .field("factor", &self.factor)
            .finish()
    }
}

/// The reply.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SecChkRm {
    /// SVRCOD: 0, or 8 and above for a refusal.
    pub svrcod: u16,
    /// SECCHKCD: the verdict; see [`secchkcd_text`].
    pub secchkcd: u8,
    /// SECTKN: the server's next ticket.
    pub sectkn: Option<Vec<u8>>,
    /// SVCERRNO: error number of the server's security service.
    pub svcerrno: Option<u32>,
    /// SRVDGN: diagnostics in the server's own form.
    pub srvdgn: Option<Vec<u8>>,
}

impl SecChkRm {
    /// True when the requester is who it says. Codes 2, 5 and 8 only inform.
    pub fn is_accepted(&self) -> bool {
        self.svrcod < 8 && matches!(self.secchkcd, 0x00 | 0x02 | 0x05 | 0x08)
    }

    /// The whole object.
    pub fn encode(&self, _text: DdmText) -> Result<Vec<u8>> {
        param::message(cp::SECCHKRM, |w| {
            put_u16(w, cp::SVRCOD, self.svrcod);
            put_u8(w, cp::SECCHKCD, self.secchkcd);
            if let Some(token) = &self.sectkn {
                put_bytes(w, cp::SECTKN, token);
            }
            if let Some(number) = self.svcerrno {
                object::put_u32(w, cp::SVCERRNO, number);
            }
            if let Some(diagnostics) = &self.srvdgn {
                put_bytes(w, cp::SRVDGN, diagnostics);
            }
            Ok(())
        })
    }

    /// From the object's data.
    pub fn decode(body: &[u8], _text: DdmText) -> Result<Self> {
        let missing = |point: CodePoint| MessageError::Missing { message: "SECCHKRM", parameter: point.into() };
        let (mut svrcod, mut secchkcd) = (None, None);
        let mut out = Self::default();
        for param in object::params(body) {
            let (cp, data) = param?;
            match cp {
                cp::SVRCOD => svrcod = Some(read_u16(cp::SVRCOD, data)?),
                cp::SECCHKCD => secchkcd = Some(param::read_u8(cp::SECCHKCD, data)?),
                cp::SECTKN => out.sectkn = Some(data.to_vec()),
                // Only informs: a number of another width must not hide the verdict.
                cp::SVCERRNO => out.svcerrno = data.try_into().ok().map(u32::from_be_bytes),
                cp::SRVDGN => out.srvdgn = Some(data.to_vec()),
                _ => {}
            }
        }
        out.svrcod = svrcod.ok_or_else(|| missing(cp::SVRCOD))?;
        out.secchkcd = secchkcd.ok_or_else(|| missing(cp::SECCHKCD))?;
        Ok(out)
    }
}

impl fmt::Debug for SecChkRm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecChkRm")
            .field("svrcod", &self.svrcod)
            .field("secchkcd", &format_args!("{:02X}", self.secchkcd))
            .field("sectkn_length", &self.sectkn.as_ref().map(Vec::len))
            .field("svcerrno", &self.svcerrno)
            .field("srvdgn", &self.srvdgn)
            .finish()
    }
}

/// A security check code in words, with the SQLSTATE it becomes. A wrong user id and a wrong
/// password read the same.
pub fn secchkcd_text(code: u8) -> (&'static str, &'static str) {
    match code {
        0x00 => ("accepted", "00000"),
        0x01 => ("the server does not support the security mechanism", "08001"),
        0x02 => ("information from the DCE security service", "00000"),
        0x03 => ("the DCE security service failed; try again", "08001"),
        0x04 => ("the DCE security service failed", "08001"),
        0x05 => ("information from the GSSAPI security service", "00000"),
        0x06 => ("the GSSAPI security service failed; try again", "08001"),
        0x07 => ("the GSSAPI security service failed", "08001"),
        0x08 => ("information from the server's security service", "00000"),
        0x09 => ("the server's security service failed; try again", "08001"),
        0x0A => ("the server's security service failed", "08001"),
        0x0B => ("the security token is missing or invalid", "28000"),
        0x0E => ("password expired", "28000"),
        0x0F | 0x13 => ("user id or password is wrong", "28000"),
        0x10 => ("password missing", "28000"),
        0x12 => ("user id missing", "28000"),
        0x14 => ("user id revoked or disabled", "28000"),
        0x15 => ("new password not allowed", "28000"),
        0x16 => ("the server's connectivity rules refuse this requester", "08004"),
        0x17 => ("the server's GSSAPI credential is invalid", "28000"),
        0x18 => ("the server's GSSAPI credential has expired", "28000"),
        0x19 => ("the server wants another security token", "28000"),
        0x1A => ("the security mechanism cannot switch users", "28000"),
        0x1B => ("the server does not support the encryption algorithm", "08001"),
        0x1C => ("user id not allowed", "28000"),
        _ => ("refused for a reason that is not known", "28000"),
    }
}

/// The data of SXXFACTOR.
fn factor(data: &[u8]) -> Result<Secret> {
    let mut r = Reader::new(data, cp::SXXFACTOR);
    let (_version, _ccsid) = (r.u16()?, r.u32()?);
    let text = DdmText::Utf8.decode(r.var()?);
    r.end()?;
    Ok(Secret::new(text))
}

/// As text, but an error never says which character it was.
fn put_secret(
    w: &mut Writer,
    cp: CodePoint,
    parameter: &'static str,
    text: DdmText,
    value: Option<&Secret>,
) -> Result<()> {
    let Some(secret) = value else { return Ok(()) };
    let bytes = text.encode(secret.expose()).map_err(|e| MessageError::Secret {
        at: e.character(),
        parameter,
        ccsid: text.ccsid(),
    })?;
    put_bytes(w, cp, &Zeroizing::new(bytes));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::param::{every_cut, hex};
    use super::*;

    fn round_trip(raw: &str, text: DdmText) -> SecChk {
        let raw = hex(raw);
        let got = SecChk::decode(&raw[4..], text).unwrap();
        assert_eq!(*got.encode(text).unwrap(), raw);
        every_cut(&raw[4..], |d| SecChk::decode(d, text));
        got
    }

    #[test]
    fn clear_text_as_the_derby_client_sends_it() {
        let got = round_trip(
            "0039106e000611a20003001821106d656d6f72793a753b6372656174653d74727565000711a0617070001011a1416263313233217c
            5e5b5d78",
            DdmText::Utf8,
        );
        assert_eq!((got.secmec, got.usrid.as_deref()), (3, Some("app")));
        assert_eq!(got.rdbnam.as_deref(), Some("memory:u;create=true"));
        assert_eq!(got.password.as_ref().map(Secret::expose), Some("Abc123!|^[]x"));
        assert!(!format!("{got:?}").contains("Abc"), "{got:?}");
    }

    #[test]
    fn parameters_in_the_order_of_the_cli_driver() {
        let raw = hex(
            "0035106e000611a2000300162110544553544442202020202020202020202020000c11a15365637265743132000911a07573657231",
        );
        let got = SecChk::decode(&raw[4..], DdmText::Utf8).unwrap();
        assert_eq!((got.rdbnam.as_deref(), got.usrid.as_deref()), (Some("TESTDB"), Some("user1")));
        assert_eq!(got.password, Some(Secret::new("Secret12")));
        every_cut(&raw[4..], |d| SecChk::decode(d, DdmText::Utf8));
    }

    #[test]
    fn tokens_in_their_order() {
        let got = round_trip(
            "0048106e000611a2000900162110e3c5e2e3c4c2404040404040404040404040001411dc2ba4eeb8ff5de5aece5f803e21272f930014
            11dcf50315d1b3d2ce5719c585ef4e13e518",
            DdmText::Ebcdic,
        );
        assert_eq!(got.sectkns.len(), 2);
        assert_eq!(*got.sectkns[0], hex("2ba4eeb8ff5de5aece5f803e21272f93"));
        assert!(format!("{got:?}").contains("sectkn_lengths: [16, 16]"));
        let got = round_trip(
            "0055106e000611a20008002c21106d656d6f72793a743b6372656174653d747275653b73656375726974794d656368616e69736d3d38
            000711a0617070001811dcb3066e50fdb76f21ebc0b6909a32d9efc41d574a",
            DdmText::Utf8,
        );
        assert_eq!((got.usrid.as_deref(), got.sectkns[0].len()), (Some("app"), 20));
    }

    #[test]
    fn substitutes_as_jtopen_sends_them() {
        for (raw, user, bytes) in [
            ("0024106e000611a20006000e11a0e3c5e2e3e4e2c5d94040000c11a18c8a6c8a318db205", "TESTUSER", 8),
            (
                "0030106e000611a20008000e11a0e3c5e2e3e4e2c5d94040001811a1eb1ef5cf5454fcdddc5ffde99e02a739e9647936",
                "TESTUSER",
                20,
            ),
        ] {
            let raw = hex(raw);
            let got = SecChk::decode(&raw[4..], DdmText::Ebcdic).unwrap();
            assert_eq!((got.usrid.as_deref(), got.substitute.as_ref().unwrap().len()), (Some(user), bytes));
            assert!(
                got.password.is_none() && format!("{got:?}").contains(&format!("substitute_length: Some({bytes})"))
            );
            let padded = SecChk { usrid: Some(format!("{user}  ")), ..got };
            assert_eq!(*padded.encode(DdmText::Ebcdic).unwrap(), raw);
        }
    }

    #[test]
    fn an_additional_factor() {
        let chk = SecChk { secmec: 8, factor: Some(Secret::new("123456")), ..SecChk::default() };
        let raw = chk.encode(DdmText::Ebcdic).unwrap();
        assert_eq!(raw[10..], hex("0012 d142 0000 000004b8 0006 313233343536"));
        assert_eq!(SecChk::decode(&raw[4..], DdmText::Ebcdic), Ok(chk.clone()));
        assert!(!format!("{chk:?}").contains("123456"));
        every_cut(&raw[4..], |d| SecChk::decode(d, DdmText::Ebcdic));
        assert!(SecChk::decode(&hex("0006 11a2 0008 000e d142 0000 000004b8 0006 3132"), DdmText::Ebcdic).is_err());
    }

    #[test]
    fn a_password_that_the_page_lacks_is_not_repeated_in_the_error() {
        let chk = SecChk { secmec: 3, password: Some(Secret::new("geheim日")), ..SecChk::default() };
        let error = chk.encode(DdmText::Ebcdic).unwrap_err();
        assert_eq!(error, MessageError::Secret { at: 7, parameter: "PASSWORD", ccsid: 500 });
        assert!(!error.to_string().contains('日'));
        assert!(chk.encode(DdmText::Utf8).is_ok());
    }

    #[test]
    fn verdicts() {
        let raw = hex("000f1219000611490000000511a400");
        let got = SecChkRm::decode(&raw[4..], DdmText::Ebcdic).unwrap();
        assert!(got.is_accepted());
        assert_eq!(got.encode(DdmText::Ebcdic).unwrap(), raw);
        every_cut(&raw[4..], |d| SecChkRm::decode(d, DdmText::Ebcdic));
        let refused = SecChkRm {
            svrcod: 8,
            secchkcd: 0x0E,
            sectkn: Some(vec![1, 2]),
            svcerrno: Some(7),
            srvdgn: Some(b"why".to_vec()),
        };
        let raw = refused.encode(DdmText::Ebcdic).unwrap();
        assert_eq!(SecChkRm::decode(&raw[4..], DdmText::Ebcdic), Ok(refused.clone()));
        assert!(!refused.is_accepted());
        assert!(SecChkRm::decode(&hex("0006 1149 0000"), DdmText::Ebcdic).is_err());
        assert!(!SecChkRm::decode(&hex("0006 1149 0008 0005 11a4 00"), DdmText::Ebcdic).unwrap().is_accepted());
    }

    #[test]
    fn one_text_for_a_wrong_user_and_a_wrong_password() {
        assert_eq!(secchkcd_text(0x0F), secchkcd_text(0x13));
        assert_eq!(secchkcd_text(0x0E), ("password expired", "28000"));
        assert_eq!(secchkcd_text(0x14).1, "28000");
        assert_eq!(secchkcd_text(0xFF).1, "28000");
    }
}
