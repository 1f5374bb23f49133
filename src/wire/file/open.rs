//! S38OPEN (X'D011'): opens a member of a file. S38UFCB (X'D11F'), the user file control block, says
//! which one and for what; S38OPNFB answers, messages before it only inform, a message alone is a
//! failure. (Extensions of IBM i to DDM; bytes measured from IBM's client for Java.)

use super::system_name::{self, DclNam};
use crate::wire::codec::error::What;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::command::{Param, message};
use crate::wire::ddm::error::{MessageError, Result};
use crate::wire::ddm::text::DdmText;

message! {
    /// S38OPEN: open a member.
    S38Open = S38OPEN {
        /// The name that the open file is to have.
        dclnam: DclNam = DCLNAM,
        /// Which file, and how.
        ufcb: Ufcb = S38UFCB,
    }
}

/// Marks before a library and a member.
const LIBRARY: u16 = 0x0048;
const MEMBER: u16 = 0x0049;
/// Release and version, in EBCDIC digits.
const RELEASE: [u8; 4] = [0xF0, 0xF1, 0xF0, 0xF0];
const BLOCKED: u8 = 0x20;
const NULL_CAPABLE: u8 = 0x02;

/// Keys of the variable list.
const LVLCHK: u16 = 0x0006;
const FORMATS: u16 = 0x0009;
const SEQONLY: u16 = 0x003A;
const COMMIT: u16 = 0x003B;
const ARRSEQ: u16 = 0x003C;
const END: u16 = 0x7FFF;

/// S38UFCB: which file, and how it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ufcb {
    /// The file.
    pub file: String,
    /// Its library, or `*LIBL`, `*CURLIB`.
    pub library: String,
    /// The member, or `*FIRST`, `*LAST`.
    pub member: String,
    /// The uses of its records that are allowed.
    pub access: OpenAccess,
    /// Slots have a map of NULLs.
    pub null_capable: bool,
    /// ARRSEQ: in the order of arrival (`Some(true)`) or of the keys (`Some(false)`).
    pub arrival: Option<bool>,
    /// COMMIT: under commitment control.
    pub commit: Option<CommitLevel>,
    /// SEQONLY: blocks of so many records, or none (`Some(Blocking::off())`).
    pub blocking: Option<Blocking>,
    /// The record format.
    pub format: Option<String>,
}

/// The uses of the records of an open file that are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenAccess {
    /// Read.
    Read,
    /// Add.
    Write,
    /// Read, add, update and delete.
    ReadWrite,
    /// Read, add and update, in a file of System/36.
    SspReadWrite,
    /// Add, in a file of System/36.
    SspWrite,
}

impl OpenAccess {
    fn options(self) -> u16 {
        match self {
            OpenAccess::Read => 0x1022,
            OpenAccess::Write => 0x1012,
            OpenAccess::ReadWrite => 0x103E,
            OpenAccess::SspReadWrite => 0x102E,
            OpenAccess::SspWrite => 0x101A,
        }
    }

    fn of(options: u16) -> Option<Self> {
        let all = [
            OpenAccess::Read,
            OpenAccess::Write,
            OpenAccess::ReadWrite,
            OpenAccess::SspReadWrite,
            OpenAccess::SspWrite,
        ];
        all.into_iter().find(|access| access.options() == options)
    }
}

/// The level of commitment control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitLevel {
    /// *NONE.
    None,
    /// As the job has it.
    Default,
    /// *CHG.
    Change,
    /// *CS.
    CursorStability,
    /// *ALL.
    All,
}

impl CommitLevel {
    fn code(self) -> u8 {
        match self {
            CommitLevel::None => 0x00,
            CommitLevel::Default => 0x80,
            CommitLevel::Change => 0x82,
            CommitLevel::CursorStability => 0x86,
            CommitLevel::All => 0x87,
        }
    }

    fn of(code: u8) -> Option<Self> {
        let all = [
            CommitLevel::None,
            CommitLevel::Default,
            CommitLevel::Change,
            CommitLevel::CursorStability,
            CommitLevel::All,
        ];
        all.into_iter().find(|level| level.code() == code)
    }
}

/// SEQONLY: whether records travel in blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocking {
    /// *YES: reading ahead and holding back is allowed.
    pub sequential: bool,
    /// Records of a block.
    pub records: u16,
}

impl Blocking {
    /// Blocks of `records`.
    pub fn of(records: u16) -> Self {
        Blocking { sequential: true, records }
    }

    /// One record at a time, as every open that updates needs it.
    pub fn off() -> Self {
        Blocking { sequential: false, records: 1 }
    }
}

impl Param for Ufcb {
    fn write(&self, w: &mut Writer, text: DdmText) -> Result<()> {
        system_name::put(w, "file", &self.file, text)?;
        w.u16(LIBRARY);
        system_name::put(w, "library", &self.library, text)?;
        w.u16(MEMBER);
        system_name::put(w, "member", &self.member, text)?;
        w.fill(0, 12);
        w.u16(self.access.options());
        w.bytes(&RELEASE);
        w.fill(0, 4);
        w.u8(BLOCKED);
        w.fill(0, 3);
        w.u8(if self.null_capable { NULL_CAPABLE } else { 0 });
        w.fill(0, 19);
        w.u16(LVLCHK);
        // No check: the level identifier of the format is not sent either.
        w.u8(0);
        if let Some(arrival) = self.arrival {
            w.u16(ARRSEQ);
            w.u8(if arrival { 0x80 } else { 0 });
        }
        if let Some(level) = self.commit {
            w.u16(COMMIT);
            w.u8(level.code());
        }
        if let Some(blocking) = self.blocking {
            w.u16(SEQONLY);
            w.u8(if blocking.sequential { 0xC0 } else { 0x40 });
            w.u16(blocking.records);
        }
        if let Some(format) = &self.format {
            w.u16(FORMATS);
            // At most one, and one it is.
            w.u16(1);
            w.u16(1);
            system_name::put(w, "format", format, text)?;
        }
        w.u16(END);
        Ok(())
    }

    fn read(what: What, data: &[u8], text: DdmText) -> Result<Self> {
        let mut r = Reader::new(data, what);
        let file = system_name::read(&mut r, text)?;
        expect(&mut r, LIBRARY)?;
        let library = system_name::read(&mut r, text)?;
        expect(&mut r, MEMBER)?;
        let member = system_name::read(&mut r, text)?;
        r.skip(12)?;
        let options = r.u16()?;
        let access = OpenAccess::of(options).ok_or_else(|| r.invalid(format!("open options X'{options:04X}'")))?;
        r.skip(4 + 4 + 1 + 3)?;
        let null_capable = r.u8()? & NULL_CAPABLE != 0;
        r.skip(19)?;
        let mut out = Ufcb {
            file,
            library,
            member,
            access,
            null_capable,
            arrival: None,
            commit: None,
            blocking: None,
            format: None,
        };
        let mut seen = Vec::new();
        loop {
            let key = r.u16()?;
            if seen.contains(&key) {
                return Err(r.invalid(format!("key X'{key:04X}' stands twice")).into());
            }
            seen.push(key);
            match key {
                LVLCHK => {
                    if r.u8()? != 0 {
                        return Err(r.invalid("a check of the level without a level").into());
                    }
                }
                ARRSEQ => out.arrival = Some(r.u8()? & 0x80 != 0),
                COMMIT => {
                    let code = r.u8()?;
                    let level = CommitLevel::of(code);
                    out.commit = Some(level.ok_or_else(|| r.invalid(format!("commit level X'{code:02X}'")))?);
                }
                SEQONLY => out.blocking = Some(Blocking { sequential: r.u8()? & 0x80 != 0, records: r.u16()? }),
                FORMATS => {
                    let (_, count) = (r.u16()?, r.u16()?);
                    if count != 1 {
                        return Err(r.invalid(format!("{count} record formats, not one")).into());
                    }
                    out.format = Some(system_name::read(&mut r, text)?);
                }
                END => break,
                _ => return Err(r.invalid(format!("unknown key X'{key:04X}'")).into()),
            }
        }
        r.end()?;
        Ok(out)
    }
}

fn expect(r: &mut Reader<'_>, key: u16) -> Result<()> {
    match r.u16()? {
        found if found == key => Ok(()),
        found => Err(MessageError::from(r.invalid(format!("X'{found:04X}' where X'{key:04X}' is due")))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::captured::object;
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;

    const TEXT: DdmText = DdmText::Ebcdic;

    fn round_trip(name: &str) -> S38Open {
        let frame = object(name);
        assert_eq!(frame.cp, S38Open::CP);
        let got = S38Open::decode(&frame.body, TEXT).unwrap();
        assert_eq!(got.encode(TEXT).unwrap()[4..], frame.body, "{name}");
        cut_everywhere(&frame.body, |b| S38Open::decode(b, TEXT));
        let ufcb = &frame.body[16..];
        for cut in 0..ufcb.len() {
            assert!(Ufcb::read("S38UFCB".into(), &ufcb[..cut], TEXT).is_err(), "{name} cut at {cut}");
        }
        got
    }

    #[test]
    fn opens_that_were_seen() {
        let read = round_trip("open-read");
        assert_eq!(read.dclnam, DclNam::numbered(1));
        assert_eq!(
            read.ufcb,
            Ufcb {
                file: "CUST".into(),
                library: "TESTLIB".into(),
                member: "*FIRST".into(),
                access: OpenAccess::Read,
                null_capable: true,
                arrival: Some(true),
                commit: None,
                blocking: Some(Blocking::of(3)),
                format: Some("CUSTR".into()),
            }
        );
        assert_eq!(round_trip("open-keyed").ufcb.arrival, Some(false));
        let write = round_trip("open-write").ufcb;
        assert_eq!((write.access, write.arrival, write.blocking), (OpenAccess::Write, None, Some(Blocking::of(10))));
        for (name, level) in [
            ("open-commit-all", CommitLevel::All),
            ("open-commit-chg", CommitLevel::Change),
            ("open-commit-cs", CommitLevel::CursorStability),
            ("open-commit-none", CommitLevel::None),
            ("open-commit-default", CommitLevel::Default),
        ] {
            let ufcb = round_trip(name).ufcb;
            assert_eq!((ufcb.access, ufcb.commit), (OpenAccess::ReadWrite, Some(level)), "{name}");
            assert_eq!(ufcb.blocking, Some(Blocking::off()));
        }
        let ssp = round_trip("open-ssp").ufcb;
        assert_eq!((ssp.access, ssp.format), (OpenAccess::SspReadWrite, None));
        let ssp = round_trip("open-ssp-write").ufcb;
        assert_eq!((ssp.access, ssp.null_capable), (OpenAccess::SspWrite, false));
    }

    #[test]
    fn unknown_keys_and_options_are_refused() {
        let body = object("open-read").body[16..].to_vec();
        let with = |at: usize, byte: u8| {
            let mut changed = body.clone();
            changed[at] = byte;
            Ufcb::read("S38UFCB".into(), &changed, TEXT)
        };
        assert!(with(47, 0x99).is_err());
        assert!(with(81, 0x99).is_err());
        assert!(with(11, 0x4A).is_err());
        let twice = [&body[..83], &body[80..]].concat();
        assert!(Ufcb::read("S38UFCB".into(), &twice, TEXT).is_err());
    }
}
