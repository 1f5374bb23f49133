//! ACCSEC, Access Security, and its reply ACCSECRD: the mechanism by which the requester will
//! prove who it is, and public keys or seeds of both sides. A server that does not take the
//! mechanism answers with those that it does take; a new ACCSEC follows. SECCHK comes next.

use super::codepoint as cp;
use super::error::{MessageError, Result};
use super::object::{self, put_bytes, put_u8, put_u16, read_u16};
use super::param;
use super::rdbname;
use super::text::DdmText;
use std::fmt;

/// The command. Its text is EBCDIC even when EXCSAT in the same chain asks for UTF-8.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct AccSec {
    /// SECMEC: the mechanism asked for.
    pub secmec: u16,
    /// RDBNAM: the database. Record-level clients name none.
    pub rdbnam: Option<String>,
    /// SECTKN: the requester's public key or seed. Not a secret.
    pub sectkn: Option<Vec<u8>>,
    /// ENCALG: 2 asks for AES instead of DES. Derby refuses the parameter. It is a list, as in the reply.
    pub encalgs: Vec<u16>,
}

impl AccSec {
    /// The whole object.
    pub fn encode(&self, text: DdmText) -> Result<Vec<u8>> {
        param::message(cp::ACCSEC, |w| {
            put_u16(w, cp::SECMEC, self.secmec);
            if let Some(name) = &self.rdbnam {
                param::put_rdbnam(w, cp::RDBNAM, text, name)?;
            }
            if let Some(token) = &self.sectkn {
                put_bytes(w, cp::SECTKN, token);
            }
            param::put_u16s(w, cp::ENCALG, &self.encalgs);
            Ok(())
        })
    }

    /// From the object's data.
    pub fn decode(body: &[u8], text: DdmText) -> Result<Self> {
        let mut secmec = None;
        let mut out = Self::default();
        for param in object::params(body) {
            let (cp, data) = param?;
            match cp {
                cp::SECMEC => secmec = Some(read_u16(cp::SECMEC, data)?),
                cp::RDBNAM => out.rdbnam = Some(param::padded_text(text, data)),
                cp::SECTKN => out.sectkn = Some(data.to_vec()),
                cp::ENCALG => param::read_u16s(cp::ENCALG, data, &mut out.encalgs)?,
                _ => {}
            }
        }
        out.secmec = secmec.ok_or(MessageError::Missing { message: "ACCSEC", parameter: cp::SECMEC.into() })?;
        Ok(out)
    }
}

impl fmt::Debug for AccSec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccSec")
            .field("secmec", &self.secmec)
            .field("rdbnam", &self.rdbnam.as_deref().map(rdbname::shown))
            .field("sectkn", &self.sectkn)
            .field("encalgs", &self.encalgs)
            .finish()
    }
}

/// The reply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccSecRd {
    /// SECMEC: the mechanism asked for when the server takes it, else all that it takes.
    pub secmecs: Vec<u16>,
    /// SECTKN: the server's public key or seed. Not a secret.
    pub sectkn: Option<Vec<u8>>,
    /// ENCALG: the algorithm agreed; all that the server has when it refuses the mechanism. (Measured by
    /// others: Db2 LUW 11.1.)
    pub encalgs: Vec<u16>,
    /// SECCHKCD: why the mechanism was refused.
    pub secchkcd: Option<u8>,
    /// How several mechanisms are written.
    pub form: Several,
}

/// The two ways to write several mechanisms. A reader takes both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Several {
    /// One parameter for each. (Measured: Derby.)
    #[default]
    Parameters,
    /// One parameter with all values. (Measured by others: Db2 LUW 11.1; JCC takes no other form.)
    Values,
}

impl AccSecRd {
    /// True when the server takes `secmec` as it was asked for: it names this one alone and gives no
    /// reason against it.
    pub fn accepts(&self, secmec: u16) -> bool {
        self.secmecs == [secmec] && self.secchkcd.is_none_or(|code| code == 0)
    }

    /// The whole object.
    pub fn encode(&self, _text: DdmText) -> Result<Vec<u8>> {
        param::message(cp::ACCSECRD, |w| {
            match self.form {
                Several::Parameters => self.secmecs.iter().for_each(|secmec| put_u16(w, cp::SECMEC, *secmec)),
                Several::Values => param::put_u16s(w, cp::SECMEC, &self.secmecs),
            }
            if let Some(token) = &self.sectkn {
                put_bytes(w, cp::SECTKN, token);
            }
            if let Some(code) = self.secchkcd {
                put_u8(w, cp::SECCHKCD, code);
            }
            param::put_u16s(w, cp::ENCALG, &self.encalgs);
            Ok(())
        })
    }

    /// From the object's data.
    pub fn decode(body: &[u8], _text: DdmText) -> Result<Self> {
        let mut out = Self::default();
        for param in object::params(body) {
            let (cp, data) = param?;
            match cp {
                cp::SECMEC => {
                    let before = out.secmecs.len();
                    param::read_u16s(cp::SECMEC, data, &mut out.secmecs)?;
                    if out.secmecs.len() > before + 1 {
                        out.form = Several::Values;
                    }
                }
                cp::SECTKN => out.sectkn = Some(data.to_vec()),
                cp::ENCALG => param::read_u16s(cp::ENCALG, data, &mut out.encalgs)?,
                cp::SECCHKCD => out.secchkcd = Some(param::read_u8(cp::SECCHKCD, data)?),
                _ => {}
            }
        }
        if out.secmecs.is_empty() && out.secchkcd.is_none() {
            return Err(MessageError::Missing { message: "ACCSECRD", parameter: cp::SECMEC.into() });
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::super::param::{every_cut, hex};
    use super::*;

    const TEXT: DdmText = DdmText::Ebcdic;
    const CLI_AES: &str =
        "006a106d000611a2000900162110e3c5e2e3c4c2404040404040404040404040004411dc6eae414c2123e3bb9db78c8
        cbcabe2835db75ed0583f4eeb83023dd0fd6617c0d0b406c0443cb5c15eeecd3242ccaff73a13203dd52e6eaf6a9b382b7ab2f3c40006
        19090002";
    const CLI_AES_REPLY: &str =
        "005414ac000611a20009004411dc500c400562e67630f16e663d7d7dfaf8a42d4f092887149610252df526a0
        fca1a6fd00c422077f98d6361eb58e4f4a4df61c1bb86abf8c9d1065bafb783e7ffe000619090002";
    const DERBY_SEED: &str =
        "0042106d000611a20008002c21109485949699a87aa35e83998581a3857ea399a4855ea28583a49989a3a8d4858
        388819589a2947ef8000c11dc056b62d90c253f43";

    fn round_trip(raw: &str) -> AccSec {
        let raw = hex(raw);
        let got = AccSec::decode(&raw[4..], TEXT).unwrap();
        assert_eq!(got.encode(TEXT).unwrap(), raw);
        every_cut(&raw[4..], |d| AccSec::decode(d, TEXT));
        got
    }

    fn round_trip_reply(raw: &str) -> AccSecRd {
        let raw = hex(raw);
        let got = AccSecRd::decode(&raw[4..], TEXT).unwrap();
        assert_eq!(got.encode(TEXT).unwrap(), raw);
        every_cut(&raw[4..], |d| AccSecRd::decode(d, TEXT));
        got
    }

    #[test]
    fn requests_seen_on_the_wire() {
        let got = round_trip(CLI_AES);
        assert_eq!((got.secmec, got.rdbnam.as_deref(), got.encalgs), (9, Some("TESTDB"), vec![2]));
        assert_eq!(got.sectkn.unwrap().len(), 64);
        let got = round_trip(DERBY_SEED);
        assert_eq!(got.rdbnam.as_deref(), Some("memory:t;create=true;securityMechanism=8"));
        assert_eq!(got.sectkn.unwrap(), hex("056b62d90c253f43"));
        let got = round_trip("0022106d000611a20003001821109485949699a87aa45e83998581a3857ea399a485");
        assert_eq!((got.secmec, got.rdbnam.as_deref()), (3, Some("memory:u;create=true")));
        let got = round_trip("0016106d000611a20006000c11dc000001a205ee61c5");
        assert_eq!(got.rdbnam, None);
    }

    #[test]
    fn replies_seen_on_the_wire() {
        let got = round_trip_reply("000a14ac000611a20003");
        assert!(got.accepts(3) && !got.accepts(9));
        let got = round_trip_reply(CLI_AES_REPLY);
        assert_eq!((got.accepts(9), got.encalgs), (true, vec![2]));
        let derby = round_trip_reply("001b14ac000611a20003000611a20004000611a20008000511a401");
        assert_eq!((derby.secmecs.as_slice(), derby.secchkcd), (&[3, 4, 8][..], Some(1)));
        assert!(!derby.accepts(3));
    }

    #[test]
    fn a_list_of_algorithms_is_read_on_both_sides() {
        let luw = round_trip_reply("001b14ac000a11a200070009000a000511a401000819090001 0002");
        assert_eq!((luw.secmecs, luw.encalgs, luw.secchkcd), (vec![7, 9, 10], vec![1, 2], Some(1)));
        assert_eq!(round_trip("0012106d000611a2000900081909 00020001").encalgs, [2, 1]);
        let odd = hex("000611a20009 000719090001 00");
        assert!(AccSecRd::decode(&odd, TEXT).is_err() && AccSec::decode(&odd, TEXT).is_err());
    }

    #[test]
    fn one_parameter_may_hold_several_mechanisms() {
        let got = AccSecRd::decode(&hex("000a 11a2 0003 0004 0008 0005 11a4 01"), TEXT).unwrap();
        assert_eq!(got.secmecs, [3, 4, 8]);
        assert!(AccSecRd::decode(&hex("0007 11a2 0003 00"), TEXT).is_err());
    }

    #[test]
    fn the_mechanism_is_required() {
        let none = |message| Err(MessageError::Missing { message, parameter: cp::SECMEC.into() });
        assert_eq!(AccSec::decode(&hex("0006 1909 0002"), TEXT).map(drop), none("ACCSEC"));
        assert_eq!(AccSecRd::decode(&[], TEXT).map(drop), none("ACCSECRD"));
        assert!(AccSecRd::decode(&hex("0005 11a4 1b"), TEXT).is_ok());
    }
}
