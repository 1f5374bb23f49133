//! The sign-on server (port 8476), which IBM's clients ask before DDM: it tells the password level and
//! the page of the job, which DDM itself does not. A header of twenty bytes, a template, then items of
//! length, code point and data. (Measured from IBM's client for Java.)

use super::system_name;
use crate::wire::codec::error::{Result as WireResult, WireError};
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::command::trimmed;
use crate::wire::ddm::error::Result;
use crate::wire::ddm::text::DdmText;

/// Bytes of the header.
pub const HEADER: usize = 20;
/// The longest data stream that is taken.
pub const LONGEST: usize = 1 << 20;
const SERVER: u16 = 0xE009;
const WHAT: &str = "sign-on data stream";

/// Request and reply identifiers.
const EXCHANGE: u16 = 0x7003;
const INFO: u16 = 0x7004;
const END: u16 = 0x7006;
const EXCHANGE_REPLY: u16 = 0xF003;
const INFO_REPLY: u16 = 0xF004;

/// Items.
const VERSION: u16 = 0x1101;
const LEVEL: u16 = 0x1102;
const SEED: u16 = 0x1103;
const USER: u16 = 0x1104;
const SUBSTITUTE: u16 = 0x1105;
const NOW: u16 = 0x1106;
const LAST: u16 = 0x1107;
const EXPIRES: u16 = 0x1108;
const CLIENT_CCSID: u16 = 0x1113;
const SERVER_CCSID: u16 = 0x1114;
const TOKEN: u16 = 0x1115;
const PASSWORD_LEVEL: u16 = 0x1119;
const JOB: u16 = 0x111F;
const MESSAGES: u16 = 0x1128;

/// One data stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Counts the requests of a connection; a reply has its request's.
    pub correlation: u32,
    /// Its contents.
    pub body: Body,
}

/// The contents of a data stream.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// 7003: the client's attributes.
    Exchange {
        /// Version.
        version: u32,
        /// Level of the data stream.
        level: u16,
        /// The client's half of the seeds.
        seed: [u8; 8],
    },
    /// F003: the server's attributes.
    ExchangeReply {
        /// Return code, 0 if all is well.
        code: u32,
        /// Version, release and modification, as 00070400.
        version: u32,
        /// Level of the data stream.
        level: u16,
        /// The server's half of the seeds; absent in a refusal.
        seed: Option<[u8; 8]>,
        /// QPWDLVL: 0 to 4.
        password_level: u8,
        /// The server's job.
        job: String,
    },
    /// 7004: who signs on.
    Info {
        /// The kind of the proof: 1 DES, 3 SHA-1, 7 SHA-512 substitute; 2, 5, 6 tokens.
        kind: u8,
        /// The client's page.
        ccsid: u32,
        /// The substitute for a password, or the token.
        proof: Vec<u8>,
        /// The user; a token may do without.
        user: Option<String>,
    },
    /// F004: the user's attributes.
    InfoReply {
        /// Return code, 0 if all is well.
        code: u32,
        /// The time, of this sign-on and the one before.
        times: [Option<[u8; 8]>; 2],
        /// When the password expires.
        expires: Option<[u8; 8]>,
        /// The page of the job.
        ccsid: Option<u32>,
    },
    /// 7006: the end.
    End,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Body::Exchange { level, .. } => write!(f, "Exchange {{ level: {level} }}"),
            Body::ExchangeReply { code, version, level, password_level, job, .. } => write!(
                f,
                "ExchangeReply {{ code: {code:08X}, version: {version:08X}, level: {level}, password_level: {password_level}, job: {job:?} }}"
            ),
            // Never the proof.
            Body::Info { kind, ccsid, proof, user } => {
                write!(f, "Info {{ kind: {kind}, ccsid: {ccsid}, proof: [{} bytes], user: {user:?} }}", proof.len())
            }
            Body::InfoReply { code, ccsid, .. } => write!(f, "InfoReply {{ code: {code:08X}, ccsid: {ccsid:?} }}"),
            Body::End => f.write_str("End"),
        }
    }
}

/// The length of the data stream whose first four bytes these are.
pub fn length(head: [u8; 4]) -> WireResult<usize> {
    let len = u32::from_be_bytes(head) as usize;
    match len {
        HEADER..=LONGEST => Ok(len),
        0..HEADER => Err(WireError::invalid(WHAT, 0, format!("length {len} is less than {HEADER}"))),
        _ => Err(WireError::TooLong { what: WHAT.into(), len, max: LONGEST }),
    }
}

impl Stream {
    /// The whole data stream.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut template = Writer::new();
        let mut items = Writer::new();
        let id = match &self.body {
            Body::Exchange { version, level, seed } => {
                item(&mut items, VERSION, &version.to_be_bytes());
                item(&mut items, LEVEL, &level.to_be_bytes());
                item(&mut items, SEED, seed);
                EXCHANGE
            }
            Body::ExchangeReply { code, version, level, seed, password_level, job } => {
                template.u32(*code);
                item(&mut items, VERSION, &version.to_be_bytes());
                item(&mut items, LEVEL, &level.to_be_bytes());
                if let Some(seed) = seed {
                    item(&mut items, SEED, seed);
                }
                item(&mut items, PASSWORD_LEVEL, &[*password_level]);
                let job = DdmText::Ebcdic.encode(job)?;
                item(&mut items, JOB, &[&37u32.to_be_bytes()[..], &job].concat());
                EXCHANGE_REPLY
            }
            Body::Info { kind, ccsid, proof, user } => {
                template.u8(*kind);
                item(&mut items, CLIENT_CCSID, &ccsid.to_be_bytes());
                item(&mut items, if is_token(*kind) { TOKEN } else { SUBSTITUTE }, proof);
                if let Some(user) = user {
                    let mut name = Writer::new();
                    system_name::put(&mut name, "user", user, DdmText::Ebcdic)?;
                    item(&mut items, USER, name.as_slice());
                }
                item(&mut items, MESSAGES, &[1]);
                INFO
            }
            Body::InfoReply { code, times, expires, ccsid } => {
                template.u32(*code);
                for (cp, time) in [(NOW, times[0]), (LAST, times[1]), (EXPIRES, *expires)] {
                    if let Some(time) = time {
                        item(&mut items, cp, &time);
                    }
                }
                if let Some(ccsid) = ccsid {
                    item(&mut items, SERVER_CCSID, &ccsid.to_be_bytes());
                }
                INFO_REPLY
            }
            Body::End => END,
        };
        let mut w = Writer::new();
        w.u32((HEADER + template.len() + items.len()) as u32);
        w.u16(0);
        w.u16(SERVER);
        w.u32(0);
        w.u32(self.correlation);
        w.u16(template.len() as u16);
        w.u16(id);
        w.bytes(template.as_slice());
        w.bytes(items.as_slice());
        Ok(w.into_vec())
    }

    /// From a whole data stream.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(bytes, WHAT);
        let len = length(r.array()?)?;
        if len != bytes.len() {
            return Err(WireError::Truncated { what: WHAT.into(), at: 0, need: len, have: bytes.len() }.into());
        }
        r.skip(2)?;
        let server = r.u16()?;
        if server != SERVER {
            return Err(r.invalid(format!("server X'{server:04X}', not X'{SERVER:04X}'")).into());
        }
        r.skip(4)?;
        let correlation = r.u32()?;
        let (template, id) = (r.u16()?, r.u16()?);
        let mut template = r.sub(usize::from(template), "sign-on template")?;
        let items = Items::read(&mut r)?;
        let body = match id {
            EXCHANGE => Body::Exchange {
                version: items.u32(VERSION)?.unwrap_or(1),
                level: items.u16(LEVEL)?,
                seed: items.array(SEED)?.ok_or_else(|| missing("the client seed"))?,
            },
            EXCHANGE_REPLY => Body::ExchangeReply {
                code: template.u32()?,
                version: items.u32(VERSION)?.unwrap_or(0),
                level: items.u16(LEVEL)?,
                seed: items.array(SEED)?,
                password_level: items.array::<1>(PASSWORD_LEVEL)?.map_or(0, |[level]| level),
                job: items
                    .get(JOB)
                    .map_or_else(String::new, |job| trimmed(job.get(4..).unwrap_or_default(), DdmText::Ebcdic)),
            },
            INFO => {
                let kind = template.u8()?;
                let cp = if is_token(kind) { TOKEN } else { SUBSTITUTE };
                Body::Info {
                    kind,
                    ccsid: items.u32(CLIENT_CCSID)?.unwrap_or(0),
                    proof: items.get(cp).ok_or_else(|| missing("the substitute or token"))?.to_vec(),
                    user: items.get(USER).map(|name| trimmed(name, DdmText::Ebcdic)),
                }
            }
            INFO_REPLY => Body::InfoReply {
                code: template.u32()?,
                times: [items.array(NOW)?, items.array(LAST)?],
                expires: items.array(EXPIRES)?,
                ccsid: items.u32(SERVER_CCSID)?,
            },
            END => Body::End,
            _ => return Err(WireError::invalid(WHAT, 18, format!("unknown identifier X'{id:04X}'")).into()),
        };
        Ok(Stream { correlation, body })
    }
}

/// Items by code point; the ones that nobody asks for are stepped over.
struct Items<'a>(Vec<(u16, &'a [u8])>);

impl<'a> Items<'a> {
    fn read(r: &mut Reader<'a>) -> WireResult<Self> {
        let mut out = Vec::new();
        while !r.is_empty() {
            let at = r.pos();
            let len = r.u32()? as usize;
            let cp = r.u16()?;
            let data =
                len.checked_sub(6).ok_or_else(|| WireError::invalid(WHAT, at, format!("an item of {len} bytes")))?;
            out.push((cp, r.bytes(data)?));
        }
        Ok(Items(out))
    }

    fn get(&self, cp: u16) -> Option<&'a [u8]> {
        self.0.iter().find(|(found, _)| *found == cp).map(|(_, data)| *data)
    }

    fn array<const N: usize>(&self, cp: u16) -> WireResult<Option<[u8; N]>> {
        let Some(data) = self.get(cp) else { return Ok(None) };
        let mut r = Reader::new(data, "sign-on item");
        let out = r.array()?;
        r.end()?;
        Ok(Some(out))
    }

    fn u32(&self, cp: u16) -> WireResult<Option<u32>> {
        Ok(self.array(cp)?.map(u32::from_be_bytes))
    }

    fn u16(&self, cp: u16) -> WireResult<u16> {
        Ok(self.array(cp)?.map_or(0, u16::from_be_bytes))
    }
}

fn item(w: &mut Writer, cp: u16, data: &[u8]) {
    w.u32(data.len() as u32 + 6);
    w.u16(cp);
    w.bytes(data);
}

fn is_token(kind: u8) -> bool {
    matches!(kind, 2 | 5 | 6)
}

fn missing(what: &str) -> WireError {
    WireError::invalid(WHAT, HEADER, format!("{what} is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::param::hex;

    fn bytes(name: &str) -> Vec<u8> {
        let all = include_str!("../../../tests/data/record_frames.hex");
        hex(all.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' ')).unwrap())
    }

    #[test]
    fn a_sign_on_that_was_seen() {
        for (name, correlation) in [
            ("signon-exchange", 0),
            ("signon-exchange-reply", 0),
            ("signon-info", 1),
            ("signon-info-reply", 1),
            ("signon-end", 2),
            ("signon-exchange-21", 0),
            ("signon-info-21", 1),
            ("signon-info-des", 1),
        ] {
            let raw = bytes(name);
            let got = Stream::decode(&raw).unwrap();
            assert_eq!(got.correlation, correlation, "{name}");
            assert_eq!(got.encode().unwrap(), raw, "{name}");
            for cut in 0..raw.len() {
                assert!(Stream::decode(&raw[..cut]).is_err(), "{name} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_is_learnt_from_it() {
        match Stream::decode(&bytes("signon-exchange-reply")).unwrap().body {
            Body::ExchangeReply { code: 0, version: 0x0007_0400, level: 5, seed: Some(_), password_level: 2, job } => {
                assert_eq!(job, "123456/QUSER/QZSOSIGN");
            }
            other => panic!("{other:?}"),
        }
        match Stream::decode(&bytes("signon-info-reply")).unwrap().body {
            Body::InfoReply { code: 0, ccsid: Some(37), expires: None, .. } => {}
            other => panic!("{other:?}"),
        }
        match Stream::decode(&bytes("signon-info-21")).unwrap().body {
            Body::Info { kind: 7, ccsid: 1200, proof, user } => {
                assert_eq!((proof.len(), user.as_deref()), (64, Some("TESTUSER")));
            }
            other => panic!("{other:?}"),
        }
        let shown = format!("{:?}", Stream::decode(&bytes("signon-info")).unwrap());
        assert!(shown.contains("[20 bytes]") && shown.contains("TESTUSER"), "{shown}");
    }

    #[test]
    fn lengths_of_a_stranger_are_held() {
        assert!(length([0, 0, 0, 19]).is_err());
        assert!(length([0x7F, 0, 0, 0]).is_err());
        assert_eq!(length([0, 0, 0, 20]), Ok(20));
        let mut raw = bytes("signon-exchange");
        raw[23] = 5;
        assert!(Stream::decode(&raw).is_err());
        let mut raw = bytes("signon-exchange");
        raw[7] = 8;
        assert!(Stream::decode(&raw).is_err());
    }
}
