//! A query and its blocks: OPNQRY (answered by OPNQRYRM, QRYDSC, QRYDTA…), CNTQRY for the next
//! block, CLSQRY (answered by SQLCARD). Objects that may follow OPNQRY: SQLDTA with parameters;
//! CNTQRY: OUTOVR. (DRDA: X'200C', X'2205', X'2006', X'2005'; parameters as measured.)

use super::package::PkgNamCsn;
use crate::wire::ddm::codepoint::{self, CodePoint};
use crate::wire::ddm::command::message;

message! {
    /// OPNQRY: run a prepared query and send its first block.
    OpnQry = OPNQRY {
        /// The section.
        pkgnamcsn: PkgNamCsn = PKGNAMCSN,
        /// The size of a block that the requester prefers: 512 bytes to 10 MiB.
        qryblksz: u32 = QRYBLKSZ,
        /// Blocks that may come beyond the first: -1 as many as the server likes.
        maxblkext: Option<i16> = MAXBLKEXT,
        /// Only for cursors that scroll: rows at a time.
        qryrowset: Option<u32> = QRYROWSET,
        /// 1 = the server closes the query itself once the last row was sent.
        qryclsimp: Option<u8> = QRYCLSIMP,
        /// When a new OUTOVR may come: 1 first fetch only, 2 any, 3 none.
        outovropt: Option<u8> = OUTOVROPT,
        /// Large objects in the dynamic data format. Derby refuses the parameter.
        dyndtafmt: Option<bool> = DYNDTAFMT,
        /// Up to which size a large object travels inside its row.
        smldtasz: Option<u64> = SMLDTASZ,
        /// Up to which size a large object travels after its row.
        meddtasz: Option<u64> = MEDDTASZ,
        /// FRCFIXROW forces the fixed row protocol upon a cursor that was bound for blocks.
        qryblkctl: Option<CodePoint> = QRYBLKCTL,
        /// Answer with the SET statements that restore the session (1).
        rtnsetstt: Option<u8> = RTNSETSTT,
    }
}

impl OpnQry {
    /// Blocks of `qryblksz`, as many as the server likes, the query closed at its end.
    pub fn new(pkgnamcsn: PkgNamCsn, qryblksz: u32) -> Self {
        OpnQry {
            pkgnamcsn,
            qryblksz,
            maxblkext: None,
            qryrowset: None,
            qryclsimp: Some(1),
            outovropt: None,
            dyndtafmt: None,
            smldtasz: None,
            meddtasz: None,
            qryblkctl: None,
            rtnsetstt: None,
        }
    }
}

message! {
    /// OPNQRYRM: the query is open.
    OpnQryRm = OPNQRYRM {
        /// Severity: 0, or 4 with a warning.
        svrcod: u16 = SVRCOD,
        /// Code point of the protocol: see [`OpnQryRm::fixed_row`].
        qryprctyp: CodePoint = QRYPRCTYP,
        /// The cursor outlives a commit.
        sqlcsrhld: Option<bool> = SQLCSRHLD,
        /// The instance of the section, to be said again by CNTQRY and CLSQRY.
        qryinsid: Option<u64> = QRYINSID,
        /// The cursor scrolls.
        qryattscr: Option<bool> = QRYATTSCR,
        /// Sensitivity: 0 unknown, 1 insensitive, 2 sensitive static, 3 sensitive dynamic.
        qryattsns: Option<u8> = QRYATTSNS,
        /// 0 unknown, 1 read-only, 2 delete, 4 update.
        qryattupd: Option<u8> = QRYATTUPD,
        /// The cursor fetches row sets.
        qryattset: Option<bool> = QRYATTSET,
        /// Isolation in effect (Db2 for LUW), not interpreted.
        qryattisol: Option<Vec<u8>> = QRYATTISOL,
    }
}

impl OpnQryRm {
    /// A query that only reads, by the fixed row protocol or by limited blocks.
    pub fn read_only(fixed: bool, held: bool, qryinsid: u64) -> Self {
        OpnQryRm {
            svrcod: 0,
            qryprctyp: if fixed { codepoint::FIXROWPRC } else { codepoint::LMTBLKPRC },
            sqlcsrhld: Some(held),
            qryinsid: Some(qryinsid),
            qryattscr: None,
            qryattsns: None,
            qryattupd: Some(1),
            qryattset: None,
            qryattisol: None,
        }
    }

    /// True for the fixed row protocol (one row a block, none with the open), false for limited
    /// blocks.
    pub fn fixed_row(&self) -> bool {
        self.qryprctyp == codepoint::FIXROWPRC
    }
}

message! {
    /// CNTQRY: send the next block.
    CntQry = CNTQRY {
        /// The section.
        pkgnamcsn: PkgNamCsn = PKGNAMCSN,
        /// The size of a block.
        qryblksz: u32 = QRYBLKSZ,
        /// Blocks that may come beyond the first.
        maxblkext: Option<i16> = MAXBLKEXT,
        /// From OPNQRYRM; required at SQLAM 7 and above.
        qryinsid: Option<u64> = QRYINSID,
        /// Large objects of the rows: 1 every row with its own, 2 all of them at the end.
        rtnextdta: Option<u8> = RTNEXTDTA,
        /// Large objects still referred to by earlier blocks may be forgotten.
        freprvref: Option<bool> = FREPRVREF,
        /// Rows at a time, for cursors that scroll.
        qryrowset: Option<u32> = QRYROWSET,
        /// Where the move starts: see [`orientation`](mod@orientation).
        qryscrorn: Option<u8> = QRYSCRORN,
        /// How far.
        qryrownbr: Option<i64> = QRYROWNBR,
        /// Rows sent ahead are to be thrown away.
        qryblkrst: Option<bool> = QRYBLKRST,
        /// Rows are wanted; false only moves.
        qryrtndta: Option<bool> = QRYRTNDTA,
        /// Scroll relative to the requester's position.
        qryrelscr: Option<bool> = QRYRELSCR,
        /// Rows show later changes.
        qryrowsns: Option<bool> = QRYROWSNS,
        /// Fetch again from the table.
        qryrfrtbl: Option<bool> = QRYRFRTBL,
        /// Row count of a multi-row fetch.
        nbrrow: Option<u32> = NBRROW,
        /// Answer with the SET statements that restore the session (1).
        rtnsetstt: Option<u8> = RTNSETSTT,
    }
}

impl CntQry {
    /// The next block of a query that only moves forward.
    pub fn new(pkgnamcsn: PkgNamCsn, qryblksz: u32, qryinsid: Option<u64>) -> Self {
        CntQry {
            pkgnamcsn,
            qryblksz,
            maxblkext: None,
            qryinsid,
            rtnextdta: None,
            freprvref: None,
            qryrowset: None,
            qryscrorn: None,
            qryrownbr: None,
            qryblkrst: None,
            qryrtndta: None,
            qryrelscr: None,
            qryrowsns: None,
            qryrfrtbl: None,
            nbrrow: None,
            rtnsetstt: None,
        }
    }
}

message! {
    /// CLSQRY: close a query before its end, or one that the server left open.
    ClsQry = CLSQRY {
        /// The section.
        pkgnamcsn: PkgNamCsn = PKGNAMCSN,
        /// From OPNQRYRM; required at SQLAM 7 and above.
        qryinsid: Option<u64> = QRYINSID,
        /// Locks taken by the query are to be given back.
        qryclsrls: Option<u8> = QRYCLSRLS,
    }
}

/// Values of RTNEXTDTA.
pub mod rtnextdta {
    /// The large objects of one row with each reply.
    pub const ROW: u8 = 1;
    /// The large objects of all rows of a reply.
    pub const ALL: u8 = 2;
}

/// Values of QRYSCRORN.
pub mod orientation {
    /// Relative to the current row.
    pub const RELATIVE: u8 = 1;
    /// A row by its number; negative from the end.
    pub const ABSOLUTE: u8 = 2;
    /// After the last row.
    pub const AFTER: u8 = 3;
    /// Before the first row.
    pub const BEFORE: u8 = 4;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::param::hex;
    use crate::wire::ddm::text::DdmText::Utf8;

    const CLI: &str = "004421135445535444422020202020202020202020204e554c4c4944202020202020202020202020\
                       5359535348323030202020202020202020205359534c564c30310004";
    const DERBY: &str = "004c211300146d656d6f72793a753b6372656174653d7472756500124e554c4c4944202020202020\
                         20202020202000125359534c48303030202020202020202020205359534c564c30310007";

    #[test]
    fn opens_of_ibms_driver_and_derbys_client_come_back_byte_for_byte() {
        let cli = hex(&format!(
            "{CLI} 000821140000ffff 00062141ffff 0005215d01 0005214bf1 000c2136000000000000ffff 0005210e01"
        ));
        let got = OpnQry::decode(&cli, Utf8).unwrap();
        let want = OpnQry {
            maxblkext: Some(-1),
            dyndtafmt: Some(true),
            smldtasz: Some(65535),
            rtnsetstt: Some(1),
            ..OpnQry::new(PkgNamCsn::dynamic("TESTDB", "SYSSH200", 4), 65535)
        };
        assert_eq!(got, want);
        assert_eq!(got.encode(Utf8).unwrap()[4..], cli);
        cut_everywhere(&cli, |b| OpnQry::decode(b, Utf8));

        let scroll = hex(&format!("{DERBY} 0008211400007fff 00062141ffff 0008215600000040 0005215d01"));
        let got = OpnQry::decode(&scroll, Utf8).unwrap();
        assert_eq!((got.qryblksz, got.qryrowset, got.qryclsimp), (32767, Some(64), Some(1)));
        assert_eq!(got.encode(Utf8).unwrap()[4..], scroll);
    }

    #[test]
    fn fetches_come_back_byte_for_byte() {
        let cli = hex(&format!("{CLI} 000821140000ffff 000c215b0000000000000001 0005214cf0 0005210e01"));
        let got = CntQry::decode(&cli, Utf8).unwrap();
        assert_eq!((got.qryinsid, got.freprvref, got.rtnsetstt), (Some(1), Some(false), Some(1)));
        assert_eq!(got.encode(Utf8).unwrap()[4..], cli);
        let last = hex(&format!(
            "{DERBY} 0008211400007fff 00062141ffff 000c215b0000000000000003 0008215600000001 0005215202 \
             000c213dffffffffffffffff 00052154f1 00052155f1"
        ));
        let got = CntQry::decode(&last, Utf8).unwrap();
        assert_eq!((got.qryscrorn, got.qryrownbr), (Some(orientation::ABSOLUTE), Some(-1)));
        assert_eq!(got.encode(Utf8).unwrap()[4..], last);
        cut_everywhere(&last, |b| CntQry::decode(b, Utf8));

        let close = hex(&format!("{DERBY} 000c215b0000000000000003"));
        let got = ClsQry::decode(&close, Utf8).unwrap();
        assert_eq!((got.qryinsid, got.pkgnamcsn.section), (Some(3), 7));
        assert_eq!(got.encode(Utf8).unwrap()[4..], close);
        cut_everywhere(&close, |b| ClsQry::decode(b, Utf8));
    }

    #[test]
    fn replies_of_derby_and_of_zos() {
        let derby =
            hex("00061149000000062102241800 05211ff1 000c215b0000000000000003 00052149f1 0005215702 0005215004");
        let got = OpnQryRm::decode(&derby, Utf8).unwrap();
        assert!(got.fixed_row());
        assert_eq!((got.qryinsid, got.qryattscr, got.qryattupd), (Some(3), Some(true), Some(4)));
        assert_eq!(got.encode(Utf8).unwrap()[4..], derby);
        cut_everywhere(&derby, |b| OpnQryRm::decode(b, Utf8));
        let zos = OpnQryRm::decode(&hex("000611490000000621022417"), Utf8).unwrap();
        assert!(!zos.fixed_row());
        assert_eq!(zos.qryinsid, None);
    }
}
