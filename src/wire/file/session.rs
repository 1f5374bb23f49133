//! Requests that concern the job rather than an open file: S38CMD (X'D006') runs a CL command,
//! CMMUOW (X'105A') and RLLBCKUOW (X'105B') end a unit of work, SXXASPRQ (X'D02A') attaches an
//! independent disk pool. S38MSGRM answers the first, ENDUOWRM the next two, CMDCMPRM the last.
//! Locks of objects and commitment control are commands too: ALCOBJ, DLCOBJ, STRCMTCTL, ENDCMTCTL.

use crate::wire::ccsid::codec::Codec;
use crate::wire::ccsid::error::{CcsidError, Errors};
use crate::wire::codec::error::What;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::command::{Param, message, trimmed};
use crate::wire::ddm::error::Result;
use crate::wire::ddm::param::RDBNAM_WIDTH;
use crate::wire::ddm::reply::Reply;
use crate::wire::ddm::text::DdmText;

message! {
    /// S38CMD: run a CL command in the job.
    S38Cmd = S38CMD {
        /// Its text, in the page of the job.
        s38cmdst: Vec<u8> = S38CMDST,
    }
}

message! {
    /// CMMUOW: commit.
    CmmUow = CMMUOW {
        /// Files stay open and positioned.
        luwhldcsr: bool = LUWHLDCSR,
    }
}

message! {
    /// RLLBCKUOW: roll back.
    RllBckUow = RLLBCKUOW {
        /// Files stay open and positioned.
        luwhldcsr: bool = LUWHLDCSR,
    }
}

message! {
    /// SXXASPRQ: attach an independent disk pool.
    SxxAspRq = SXXASPRQ {
        /// Its name.
        rdbnam: Pool = RDBNAM,
    }
}

/// The name of an independent disk pool, as a database name is written: 18 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool(pub String);

impl Param for Pool {
    fn write(&self, w: &mut Writer, text: DdmText) -> Result<()> {
        w.bytes(&text.encode_padded(&self.0, RDBNAM_WIDTH)?);
        Ok(())
    }

    fn read(_: What, data: &[u8], text: DdmText) -> Result<Self> {
        Ok(Pool(trimmed(data, text)))
    }
}

impl S38Cmd {
    /// A command for a job of the page `ccsid`.
    pub fn new(command: &str, ccsid: u16) -> std::result::Result<Self, CcsidError> {
        let mut s38cmdst = Vec::with_capacity(command.len());
        Codec::new(ccsid)?.encode(command, &mut s38cmdst)?;
        Ok(S38Cmd { s38cmdst })
    }

    /// The command, in a job of the page `ccsid`.
    pub fn command(&self, ccsid: u16) -> std::result::Result<String, CcsidError> {
        let mut out = Vec::with_capacity(self.s38cmdst.len());
        Codec::new(ccsid)?.decode_with(&self.s38cmdst, &mut out, Errors::Strict)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}

/// ENDUOWRM: how a server says that a unit of work has ended.
pub fn ended(committed: bool) -> Reply {
    Reply { uowdsp: Some(if committed { 1 } else { 2 }), ..Reply::new(cp::ENDUOWRM) }
}

#[cfg(test)]
mod tests {
    use super::super::captured::object;
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;

    const TEXT: DdmText = DdmText::Ebcdic;

    #[test]
    fn commands_are_in_the_page_of_the_job() {
        let frame = object("cmd");
        assert_eq!(frame.cp, S38Cmd::CP);
        let expected = S38Cmd::new("DSPLIB QGPL", 37).unwrap();
        assert_eq!(S38Cmd::decode(&frame.body, TEXT).unwrap(), expected);
        assert_eq!(expected.encode(TEXT).unwrap()[4..], frame.body);
        assert_eq!(expected.command(37).unwrap(), "DSPLIB QGPL");
        cut_everywhere(&frame.body, |b| S38Cmd::decode(b, TEXT));
        assert_ne!(S38Cmd::new("[x]", 37).unwrap(), S38Cmd::new("[x]", 273).unwrap());
        assert!(S38Cmd::new("日", 37).is_err());
    }

    #[test]
    fn units_of_work_and_pools_that_were_seen() {
        let hold = CmmUow { luwhldcsr: true };
        assert_eq!(CmmUow::decode(&object("commit").body, TEXT).unwrap(), hold);
        assert_eq!(hold.encode(TEXT).unwrap()[4..], object("commit").body);
        cut_everywhere(&object("commit").body, |b| CmmUow::decode(b, TEXT));
        let hold = RllBckUow { luwhldcsr: true };
        assert_eq!(RllBckUow::decode(&object("rollback").body, TEXT).unwrap(), hold);
        assert_eq!(hold.encode(TEXT).unwrap()[4..], object("rollback").body);
        let end = object("enduow");
        assert_eq!(Reply::decode(end.cp, &end.body, TEXT).unwrap(), ended(true));
        assert_eq!(ended(true).encode(TEXT).unwrap()[4..], end.body);
        let pool = SxxAspRq { rdbnam: Pool("MYIASP".into()) };
        assert_eq!(SxxAspRq::decode(&object("asprq").body, TEXT).unwrap(), pool);
        assert_eq!(pool.encode(TEXT).unwrap()[4..], object("asprq").body);
        cut_everywhere(&object("asprq").body, |b| SxxAspRq::decode(b, TEXT));
    }
}
