//! S38FEOD (X'D00B') puts the position before the first record or after the last, S38CLOSE (X'D004')
//! ends the use of an open file. S38IOFB answers the one, S38MSGRM with nothing to say the other.

use super::control::{Operation, Optl, Share, Which};
use super::system_name::DclNam;
use crate::wire::codec::error::What;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::command::{Param, message};
use crate::wire::ddm::error::{MessageError, Result};
use crate::wire::ddm::text::DdmText;

message! {
    /// S38FEOD: go to an end of the file. An S38BUF of [`FEOD_DATA`] is chained to it.
    S38Feod = S38FEOD {
        /// The open file.
        dclnam: DclNam = DCLNAM,
        /// To which end.
        optl: Optl = S38OPTL,
    }
}

message! {
    /// S38CLOSE: end the use of an open file.
    S38Close = S38CLOSE {
        /// The open file.
        dclnam: DclNam = DCLNAM,
        /// For how long.
        s38clost: CloseType = S38CLOST,
    }
}

/// The contents of the S38BUF after S38FEOD.
pub const FEOD_DATA: [u8; 1] = [0];

/// S38CLOST: for how long a file is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseType {
    /// For good.
    Permanent,
}

impl S38Feod {
    /// Before the first record.
    pub fn before_first(dclnam: DclNam) -> Self {
        Self::to(dclnam, Which::First)
    }

    /// After the last record.
    pub fn after_last(dclnam: DclNam) -> Self {
        Self::to(dclnam, Which::Last)
    }

    fn to(dclnam: DclNam, which: Which) -> Self {
        S38Feod { dclnam, optl: Optl { which, share: Share::ReadRelease, data: false, operation: Operation::Get } }
    }
}

impl S38Close {
    /// For good.
    pub fn new(dclnam: DclNam) -> Self {
        S38Close { dclnam, s38clost: CloseType::Permanent }
    }
}

impl Param for CloseType {
    fn write(&self, w: &mut Writer, _: DdmText) -> Result<()> {
        w.u8(2);
        Ok(())
    }

    fn read(what: What, data: &[u8], _: DdmText) -> Result<Self> {
        let mut r = Reader::new(data, what);
        let code = r.u8()?;
        r.end()?;
        match code {
            2 => Ok(CloseType::Permanent),
            _ => Err(MessageError::Value { what, detail: format!("X'{code:02X}'") }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::captured::object;
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;

    const TEXT: DdmText = DdmText::Ebcdic;

    #[test]
    fn ends_that_were_seen() {
        let feod = object("feod");
        assert_eq!(feod.cp, S38Feod::CP);
        let expected = S38Feod::before_first(DclNam::numbered(14));
        assert_eq!(S38Feod::decode(&feod.body, TEXT).unwrap(), expected);
        assert_eq!(expected.encode(TEXT).unwrap()[4..], feod.body);
        cut_everywhere(&feod.body, |b| S38Feod::decode(b, TEXT));
        assert_eq!(object("feod-buffer").body[..], FEOD_DATA);
        assert_eq!(S38Feod::after_last(expected.dclnam).encode(TEXT).unwrap()[20..], [2, 2, 1, 1]);

        let close = object("close");
        assert_eq!(close.cp, S38Close::CP);
        let expected = S38Close::new(DclNam::numbered(1));
        assert_eq!(S38Close::decode(&close.body, TEXT).unwrap(), expected);
        assert_eq!(expected.encode(TEXT).unwrap()[4..], close.body);
        cut_everywhere(&close.body, |b| S38Close::decode(b, TEXT));
        assert!(CloseType::read("S38CLOST".into(), &[1], TEXT).is_err());
    }
}
