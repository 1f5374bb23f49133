//! The reads: S38GET (X'D00C') one record by its place, S38GETM (X'D00F') several, S38GETD (X'D00D') by
//! relative record number, S38GETK (X'D00E') by key. S38BUF and S38IOFB answer, in one frame or two;
//! or S38IOFB and S38MSGRM: CPF5001 is the end of the file, CPF5006 a record that is not there.

use super::control::{Ctll, Operation, Optl, Share, Which};
use super::system_name::DclNam;
use crate::wire::ddm::command::message;

message! {
    /// S38GET: the record at a place. A server may answer with a block of them where the open
    /// allows it; S38IOFB says how many.
    S38Get = S38GET {
        /// The open file.
        dclnam: DclNam = DCLNAM,
        /// Which record.
        optl: Optl = S38OPTL,
    }
}

message! {
    /// S38GETM: the next or previous records, in the order in which they are read.
    S38GetM = S38GETM {
        /// The open file.
        dclnam: DclNam = DCLNAM,
        /// In which direction.
        optl: Optl = S38OPTL,
        /// How many.
        ctll: Ctll = S38CTLL,
    }
}

message! {
    /// S38GETD: the record with a relative record number.
    S38GetD = S38GETD {
        /// The open file.
        dclnam: DclNam = DCLNAM,
        /// With what lock.
        optl: Optl = S38OPTL,
        /// The format and the number.
        ctll: Ctll = S38CTLL,
    }
}

message! {
    /// S38GETK: the record at a key or beside it.
    S38GetK = S38GETK {
        /// The open file.
        dclnam: DclNam = DCLNAM,
        /// How the record stands to the key.
        optl: Optl = S38OPTL,
        /// The format and the key.
        ctll: Ctll = S38CTLL,
    }
}

impl S38Get {
    /// The record at `which`, its data included.
    pub fn new(dclnam: DclNam, which: Which, share: Share) -> Self {
        S38Get { dclnam, optl: wanted(which, share, Operation::Get) }
    }
}

impl S38GetM {
    /// Up to `count` records in the direction of `which`.
    pub fn new(dclnam: DclNam, which: Which, share: Share, count: u16) -> Self {
        S38GetM { dclnam, optl: wanted(which, share, Operation::Get), ctll: Ctll::count(count) }
    }
}

impl S38GetD {
    /// Record `rrn` of `format`.
    pub fn new(dclnam: DclNam, share: Share, format: &str, rrn: u32) -> Self {
        S38GetD { dclnam, optl: wanted(Which::Rrn, share, Operation::GetDirect), ctll: Ctll::rrn(format, rrn) }
    }
}

impl S38GetK {
    /// The record that stands to a key of `fields` fields as `which` says.
    pub fn new(dclnam: DclNam, which: Which, share: Share, format: &str, fields: u32, key: Vec<u8>) -> Self {
        S38GetK { dclnam, optl: wanted(which, share, Operation::GetKey), ctll: Ctll::key(format, fields, key) }
    }
}

fn wanted(which: Which, share: Share, operation: Operation) -> Optl {
    Optl { which, share, data: true, operation }
}

#[cfg(test)]
mod tests {
    use super::super::captured::object;
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::param::hex;
    use crate::wire::ddm::text::DdmText;

    const TEXT: DdmText = DdmText::Ebcdic;

    /// Known bytes to a value and back, and every cut of them.
    macro_rules! seen {
        ($($frame:literal is $expected:expr, as $t:ty;)*) => {$(
            let frame = object($frame);
            assert_eq!(frame.cp, <$t>::CP);
            assert_eq!(<$t>::decode(&frame.body, TEXT).unwrap(), $expected, $frame);
            assert_eq!($expected.encode(TEXT).unwrap()[4..], frame.body, $frame);
            cut_everywhere(&frame.body, |b| <$t>::decode(b, TEXT));
        )*};
    }

    #[test]
    fn reads_that_were_seen() {
        let name = DclNam::numbered;
        seen! {
            "get-first" is S38Get::new(name(14), Which::First, Share::Update), as S38Get;
            "get-next" is S38Get::new(name(14), Which::Next, Share::Read), as S38Get;
            "getm" is S38GetM::new(name(1), Which::Next, Share::Read, 3), as S38GetM;
            "getd" is S38GetD::new(name(14), Share::Read, "CUSTR", 2), as S38GetD;
            "getk" is S38GetK::new(name(21), Which::KeyAt, Share::Read, "CUSTR", 1, hex("f0f0f0f0f0f5")), as S38GetK;
            "getk-two" is
                S38GetK::new(name(22), Which::KeyAt, Share::Read, "TWOR", 2, hex("c1c1404000002f")), as S38GetK;
            "getk-next-equal" is
                S38GetK::new(name(21), Which::NextEqual, Share::Read, "CUSTR", 1, hex("f0f0f0f0f0f0")), as S38GetK;
        }
    }

    #[test]
    fn options_are_needed() {
        assert!(S38Get::decode(&hex("000c1136f1f4404040404040"), TEXT).is_err());
        assert!(S38GetM::decode(&object("get-next").body, TEXT).is_err());
    }
}
