//! The unit of work: RDBCMM commits, RDBRLLBCK rolls back; ENDUOWRM and an SQLCARD answer, as they
//! also do when a statement itself ended the unit of work. (DRDA: X'200E', X'200F', X'220C'.)

use super::package::RdbNam;
use crate::wire::codec::error::What;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::command::{Param, message};
use crate::wire::ddm::error::{MessageError, Result};
use crate::wire::ddm::text::DdmText;

message! {
    /// RDBCMM: commit.
    RdbCmm = RDBCMM {
        /// The fate of the connection; IBM's driver asks for [`RlsConv::Reuse`].
        rlsconv: Option<RlsConv> = RLSCONV,
    }
}

message! {
    /// RDBRLLBCK: roll back.
    RdbRllBck = RDBRLLBCK {
        /// The fate of the connection.
        rlsconv: Option<RlsConv> = RLSCONV,
    }
}

message! {
    /// ENDUOWRM: the unit of work has ended.
    EndUowRm = ENDUOWRM {
        /// Severity: 4.
        svrcod: u16 = SVRCOD,
        /// How it ended.
        uowdsp: UowDsp = UOWDSP,
        /// The database.
        rdbnam: Option<RdbNam> = RDBNAM,
    }
}

/// RLSCONV: what becomes of a connection after the unit of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RlsConv {
    /// It stays.
    Keep,
    /// It ends.
    Terminate,
    /// It may serve another requester.
    Reuse,
}

/// UOWDSP: how a unit of work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UowDsp {
    /// Committed.
    Committed,
    /// Rolled back.
    RolledBack,
}

impl Param for RlsConv {
    fn write(&self, w: &mut Writer, _: DdmText) -> Result<()> {
        w.u8(match self {
            RlsConv::Keep => 0xF0,
            RlsConv::Terminate => 0xF1,
            RlsConv::Reuse => 0xF2,
        });
        Ok(())
    }

    fn read(what: What, data: &[u8], _: DdmText) -> Result<Self> {
        match data {
            [0xF0] => Ok(RlsConv::Keep),
            [0xF1] => Ok(RlsConv::Terminate),
            [0xF2] => Ok(RlsConv::Reuse),
            _ => Err(MessageError::Value { what, detail: format!("{data:02X?}") }),
        }
    }
}

impl Param for UowDsp {
    fn write(&self, w: &mut Writer, _: DdmText) -> Result<()> {
        w.u8(match self {
            UowDsp::Committed => 1,
            UowDsp::RolledBack => 2,
        });
        Ok(())
    }

    fn read(what: What, data: &[u8], _: DdmText) -> Result<Self> {
        match data {
            [1] => Ok(UowDsp::Committed),
            [2] => Ok(UowDsp::RolledBack),
            _ => Err(MessageError::Value { what, detail: format!("{data:02X?}") }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::param::hex;
    use DdmText::Utf8;

    #[test]
    fn the_ends_of_a_unit_of_work() {
        assert_eq!(RdbCmm { rlsconv: Some(RlsConv::Reuse) }.encode(Utf8).unwrap(), hex("0009200e0005119ff2"));
        assert_eq!(RdbRllBck { rlsconv: None }.encode(Utf8).unwrap(), hex("0004200f"));
        assert_eq!(RdbCmm::decode(&hex("0005119ff2"), Utf8).unwrap().rlsconv, Some(RlsConv::Reuse));
        assert_eq!(RdbRllBck::decode(&[], Utf8).unwrap().rlsconv, None);
        assert!(RdbCmm::decode(&hex("0005119ff3"), Utf8).is_err());
        let body = hex("0006114900040005211502");
        let got = EndUowRm::decode(&body, Utf8).unwrap();
        assert_eq!(got, EndUowRm { svrcod: 4, uowdsp: UowDsp::RolledBack, rdbnam: None });
        assert_eq!(got.encode(Utf8).unwrap()[4..], body);
        cut_everywhere(&body, |b| EndUowRm::decode(b, Utf8));
        assert!(EndUowRm::decode(&hex("0006114900040005211503"), Utf8).is_err());
    }
}
