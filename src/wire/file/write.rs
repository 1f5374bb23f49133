//! The writes: S38PUTM (X'D013') adds records, S38UPDAT (X'D019') replaces and S38DEL (X'D007') deletes the
//! one that the last read locked. The first two are chained to an S38BUF with the records. S38IOFB
//! answers, with S38MSGRM after it when something is wrong.

use super::control::{Operation, Optl, Share, Which};
use super::system_name::DclNam;
use crate::wire::ddm::command::message;

message! {
    /// S38PUTM: add the records of the S38BUF that follows; at most as many as the open feedback
    /// allows a block.
    S38PutM = S38PUTM {
        /// The open file.
        dclnam: DclNam = DCLNAM,
    }
}

message! {
    /// S38UPDAT: replace the locked record by the one of the S38BUF that follows.
    S38Updat = S38UPDAT {
        /// The open file.
        dclnam: DclNam = DCLNAM,
        /// The current record.
        optl: Optl = S38OPTL,
    }
}

message! {
    /// S38DEL: delete the locked record.
    S38Del = S38DEL {
        /// The open file.
        dclnam: DclNam = DCLNAM,
        /// IBM's client sends none.
        optl: Option<Optl> = S38OPTL,
    }
}

impl S38Updat {
    /// For the current record.
    pub fn new(dclnam: DclNam) -> Self {
        let optl = Optl { which: Which::Same, share: Share::Update, data: true, operation: Operation::Update };
        S38Updat { dclnam, optl }
    }
}

#[cfg(test)]
mod tests {
    use super::super::captured::object;
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::text::DdmText;

    const TEXT: DdmText = DdmText::Ebcdic;

    #[test]
    fn writes_that_were_seen() {
        let put = object("putm");
        assert_eq!(put.cp, S38PutM::CP);
        let expected = S38PutM { dclnam: DclNam::numbered(14) };
        assert_eq!(S38PutM::decode(&put.body, TEXT).unwrap(), expected);
        assert_eq!(expected.encode(TEXT).unwrap()[4..], put.body);
        cut_everywhere(&put.body, |b| S38PutM::decode(b, TEXT));

        let update = object("updat");
        assert_eq!(update.cp, S38Updat::CP);
        let expected = S38Updat::new(DclNam::numbered(14));
        assert_eq!(S38Updat::decode(&update.body, TEXT).unwrap(), expected);
        assert_eq!(expected.encode(TEXT).unwrap()[4..], update.body);
        cut_everywhere(&update.body, |b| S38Updat::decode(b, TEXT));

        let delete = object("del");
        assert_eq!(delete.cp, S38Del::CP);
        let expected = S38Del { dclnam: DclNam::numbered(14), optl: None };
        assert_eq!(S38Del::decode(&delete.body, TEXT).unwrap(), expected);
        assert_eq!(expected.encode(TEXT).unwrap()[4..], delete.body);
        cut_everywhere(&delete.body, |b| S38Del::decode(b, TEXT));
    }
}
