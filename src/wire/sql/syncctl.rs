//! SYNCCTL, by which a transaction manager steers the branches of its transactions (XA), and SYNCCRD, the answer. The null
//! XID stands for local work, which such a connection ends by SYNCCTL as well. (DRDA: X'1055', X'1248'. Measured: IBM's
//! JDBC driver and Derby's client. Numbers are big-endian whatever was agreed for data.)

use super::uow::RlsConv;
use crate::wire::codec::error::What;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint as cp;
use crate::wire::ddm::command::{FoundParams, Param, message};
use crate::wire::ddm::error::{MessageError, Result};
use crate::wire::ddm::object::{put, put_u16, read_u16};
use crate::wire::ddm::text::DdmText;

message! {
    /// SYNCCTL: a step of a branch. (Derby takes SYNCTYPE as the first parameter only.)
    SyncCtl = SYNCCTL {
        /// The step: see [`synctype`].
        synctype: u8 = SYNCTYPE,
        /// The branch, or local work; none for a list.
        xid: Option<WorkId> = XID,
        /// See [`xaflags`].
        xaflags: Option<u32> = XAFLAGS,
        /// How long a new branch may take, in milliseconds; 0 for ever.
        timeout: Option<u64> = TIMEOUT,
        /// IBM's JDBC driver has it on the end of an association. (Derby refuses it there.)
        rlsconv: Option<RlsConv> = RLSCONV,
    }
}

message! {
    /// SYNCCRD: the outcome of a step. (It comes in a frame of the kind of reply messages.)
    SyncCrd = SYNCCRD {
        /// The outcome.
        xaretval: XaRetVal = XARETVAL,
        /// The branches that were asked for.
        prphrclst: Option<Xids> = PRPHRCLST,
    }
}

/// Values of SYNCTYPE.
pub mod synctype {
    /// Prepare.
    pub const PREPARE: u8 = 0x01;
    /// Migrate a resource; nobody is known to do so.
    pub const MIGRATE: u8 = 0x02;
    /// Commit, in one phase or as the second.
    pub const COMMIT: u8 = 0x03;
    /// Roll back.
    pub const ROLLBACK: u8 = 0x04;
    /// Forget an outcome that was not the coordinator's.
    pub const FORGET: u8 = 0x06;
    /// Start, join or resume a branch; begin local work.
    pub const NEW: u8 = 0x09;
    /// A resource has migrated.
    pub const MIGRATED: u8 = 0x0A;
    /// End or suspend an association.
    pub const END: u8 = 0x0B;
    /// List the branches that wait for their outcome.
    pub const LIST: u8 = 0x0C;
}

/// Bits of XAFLAGS, which are those of X/Open.
pub mod xaflags {
    /// Join a branch that others have ended.
    pub const JOIN: u32 = 0x0020_0000;
    /// The end of a list.
    pub const END_SCAN: u32 = 0x0080_0000;
    /// The beginning of a list.
    pub const START_SCAN: u32 = 0x0100_0000;
    /// End the association for a while.
    pub const SUSPEND: u32 = 0x0200_0000;
    /// The work went well.
    pub const SUCCESS: u32 = 0x0400_0000;
    /// Go on with what was suspended.
    pub const RESUME: u32 = 0x0800_0000;
    /// With the null XID.
    pub const LOCAL: u32 = 0x1000_0000;
    /// The work failed: the branch can only be rolled back.
    pub const FAIL: u32 = 0x2000_0000;
    /// Commit without a prepare.
    pub const ONE_PHASE: u32 = 0x4000_0000;
}

/// XARETVAL: the outcome of a step, in X/Open's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XaRetVal(pub i32);

impl XaRetVal {
    /// Done.
    pub const OK: XaRetVal = XaRetVal(0);
    /// The branch has changed nothing and is over.
    pub const READ_ONLY: XaRetVal = XaRetVal(3);
    /// A prepared branch was rolled back without the coordinator's word.
    pub const HEURISTIC_ROLLBACK: XaRetVal = XaRetVal(6);
    /// It is busy: to be asked again.
    pub const RETRY: XaRetVal = XaRetVal(4);
    /// Nobody knows whether a branch was committed or rolled back.
    pub const HAZARD: XaRetVal = XaRetVal(8);
    /// Rolled back, or to be rolled back, for a reason that is not told.
    pub const ROLLED_BACK: XaRetVal = XaRetVal(100);
    /// Rolled back because of another transaction.
    pub const DEADLOCK: XaRetVal = XaRetVal(102);
    /// Rolled back because of a constraint.
    pub const INTEGRITY: XaRetVal = XaRetVal(103);
    /// Rolled back because of some other error.
    pub const OTHER: XaRetVal = XaRetVal(104);
    /// Rolled back since it took too long.
    pub const TIMEOUT: XaRetVal = XaRetVal(106);
    /// Rolled back, and may succeed another time.
    pub const TRANSIENT: XaRetVal = XaRetVal(107);
    /// The server failed.
    pub const SERVER_ERROR: XaRetVal = XaRetVal(-3);
    /// The server cannot be asked for it now.
    pub const UNAVAILABLE: XaRetVal = XaRetVal(-7);
    /// There is no such branch.
    pub const UNKNOWN: XaRetVal = XaRetVal(-4);
    /// Something in the request is not valid.
    pub const INVALID: XaRetVal = XaRetVal(-5);
    /// The step is not for the state that the branch is in.
    pub const PROTOCOL: XaRetVal = XaRetVal(-6);
    /// There is such a branch already.
    pub const DUPLICATE: XaRetVal = XaRetVal(-8);
    /// The connection has local work that is not ended.
    pub const OUTSIDE: XaRetVal = XaRetVal(-9);
    /// A branch was committed in part.
    pub const HEURISTIC_MIXED: XaRetVal = XaRetVal(5);
    /// A prepared branch was committed without the coordinator's word.
    pub const HEURISTIC_COMMIT: XaRetVal = XaRetVal(7);

    /// True where the branch is rolled back, or can only be rolled back.
    pub fn is_rolled_back(self) -> bool {
        (100..=107).contains(&self.0)
    }

    /// True where a branch has ended without the coordinator's word, which has to be forgotten.
    pub fn is_heuristic(self) -> bool {
        (5..=8).contains(&self.0)
    }

    /// X/Open's name, with its meaning.
    pub fn name(self) -> String {
        let name = match self.0 {
            0 => "XA_OK (done)",
            3 => "XA_RDONLY (the branch has changed nothing and is over)",
            4 => "XA_RETRY (busy: to be asked again)",
            5 => "XA_HEURMIX (heuristic: the branch was committed in part and rolled back in part)",
            6 => "XA_HEURRB (heuristic: the branch was rolled back)",
            7 => "XA_HEURCOM (heuristic: the branch was committed)",
            8 => "XA_HEURHAZ (heuristic: the branch may have been committed or rolled back)",
            100 => "XA_RBROLLBACK (rolled back)",
            101 => "XA_RBCOMMFAIL (rolled back: communication failed)",
            102 => "XA_RBDEADLOCK (rolled back: deadlock)",
            103 => "XA_RBINTEGRITY (rolled back: a constraint is violated)",
            104 => "XA_RBOTHER (rolled back: another error)",
            105 => "XA_RBPROTO (rolled back: error of the protocol)",
            106 => "XA_RBTIMEOUT (rolled back: it took too long)",
            107 => "XA_RBTRANSIENT (rolled back: it may succeed another time)",
            -2 => "XAER_ASYNC (an operation is under way)",
            -3 => "XAER_RMERR (the server failed)",
            -4 => "XAER_NOTA (there is no such branch)",
            -5 => "XAER_INVAL (something in the request is not valid)",
            -6 => "XAER_PROTO (the branch is not in a state for it)",
            -7 => "XAER_RMFAIL (the server is not available)",
            -8 => "XAER_DUPID (there is such a branch already)",
            -9 => "XAER_OUTSIDE (the connection has work that is not ended)",
            other => return format!("XARETVAL {other}, which is not known"),
        };
        name.to_owned()
    }
}

impl Param for XaRetVal {
    fn write(&self, w: &mut Writer, text: DdmText) -> Result<()> {
        self.0.cast_unsigned().write(w, text)
    }

    fn read(what: What, data: &[u8], text: DdmText) -> Result<Self> {
        Ok(XaRetVal(u32::read(what, data, text)?.cast_signed()))
    }
}

/// The name of a branch of a global transaction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Xid {
    /// The form of the rest, as the transaction manager means it.
    pub format: i32,
    /// The global transaction.
    pub gtrid: Vec<u8>,
    /// The branch.
    pub bqual: Vec<u8>,
}

impl Xid {
    /// True where the lengths are those of X/Open: 1 to 64 bytes, and 0 to 64.
    pub fn is_valid(&self) -> bool {
        self.format >= 0 && (1..=64).contains(&self.gtrid.len()) && self.bqual.len() <= 64
    }
}

/// XID: what a step is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkId {
    /// Work of this connection alone: the null XID.
    Local,
    /// A branch.
    Branch(Xid),
}

/// The format of the null XID, which has nothing else.
const NULL: i32 = -1;

impl Param for WorkId {
    fn write(&self, w: &mut Writer, _: DdmText) -> Result<()> {
        let WorkId::Branch(xid) = self else {
            w.u32(NULL.cast_unsigned());
            return Ok(());
        };
        w.u32(xid.format.cast_unsigned());
        for part in [&xid.gtrid, &xid.bqual] {
            let max = u32::MAX as usize;
            w.u32(u32::try_from(part.len()).map_err(|_| MessageError::Limit {
                what: cp::XID.into(),
                len: part.len(),
                max,
            })?);
        }
        w.bytes(&xid.gtrid);
        w.bytes(&xid.bqual);
        Ok(())
    }

    fn read(what: What, data: &[u8], _: DdmText) -> Result<Self> {
        let mut r = Reader::new(data, what);
        let format = r.u32()?.cast_signed();
        if format == NULL && r.is_empty() {
            return Ok(WorkId::Local);
        }
        let (gtrid, bqual) = (r.u32()? as usize, r.u32()? as usize);
        let xid = Xid { format, gtrid: r.bytes(gtrid)?.to_vec(), bqual: r.bytes(bqual)?.to_vec() };
        r.end()?;
        Ok(WorkId::Branch(xid))
    }
}

/// PRPHRCLST: branches that wait for their outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xids(pub Vec<Xid>);

impl Param for Xids {
    fn write(&self, w: &mut Writer, text: DdmText) -> Result<()> {
        let (len, max) = (self.0.len(), usize::from(u16::MAX));
        let count = u16::try_from(len).map_err(|_| MessageError::Limit { what: cp::PRPHRCLST.into(), len, max })?;
        put_u16(w, cp::XIDCNT, count);
        for xid in &self.0 {
            let mut done = Ok(());
            put(w, cp::XID, |w| done = WorkId::Branch(xid.clone()).write(w, text));
            done?;
        }
        Ok(())
    }

    fn read(what: What, data: &[u8], text: DdmText) -> Result<Self> {
        let found = FoundParams::read("PRPHRCLST", data)?;
        let mut xids = Vec::new();
        for (point, data) in found.all().filter(|(point, _)| *point == cp::XID) {
            if let WorkId::Branch(xid) = WorkId::read(point.into(), data, text)? {
                xids.push(xid);
            }
        }
        let count = found.only(cp::XIDCNT)?.map(|data| read_u16(cp::XIDCNT, data)).transpose()?;
        if count.is_some_and(|count| usize::from(count) != xids.len()) {
            return Err(MessageError::Value { what, detail: format!("{count:?} branches, and {} names", xids.len()) });
        }
        Ok(Xids(xids))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::param::hex;
    use DdmText::Ebcdic;

    fn xid() -> Xid {
        Xid { format: 0x1267, gtrid: b"gtrid1".to_vec(), bqual: b"bq1".to_vec() }
    }

    #[test]
    fn the_steps_of_ibms_driver() {
        let of = |synctype| SyncCtl { synctype, xid: None, xaflags: None, timeout: None, rlsconv: None };
        let branch = || Some(WorkId::Branch(xid()));
        let name = "00191801 00001267 00000006 00000003 677472696431 627131";
        for (body, expected) in [
            (
                format!("0005118709 {name} 0008190300000000"),
                SyncCtl { xid: branch(), xaflags: Some(0), ..of(synctype::NEW) },
            ),
            (
                format!("0005118709 {name} 0008190300000000 000c19070000000000001388"),
                SyncCtl { xid: branch(), xaflags: Some(0), timeout: Some(5000), ..of(synctype::NEW) },
            ),
            (
                format!("000511870b {name} 0008190304000000 0005119ff2"),
                SyncCtl {
                    xid: branch(),
                    xaflags: Some(xaflags::SUCCESS),
                    rlsconv: Some(RlsConv::Reuse),
                    ..of(synctype::END)
                },
            ),
            (
                "0005118703 00081801ffffffff 0008190310000000".to_owned(),
                SyncCtl { xid: Some(WorkId::Local), xaflags: Some(xaflags::LOCAL), ..of(synctype::COMMIT) },
            ),
            ("000511870c".to_owned(), of(synctype::LIST)),
        ] {
            let body = hex(&body);
            let got = SyncCtl::decode(&body, Ebcdic).unwrap();
            assert_eq!(got, expected);
            assert_eq!(got.encode(Ebcdic).unwrap()[4..], body);
            cut_everywhere(&body, |b| SyncCtl::decode(b, Ebcdic));
        }
    }

    #[test]
    fn the_answers_of_derby() {
        for (body, expected) in [
            ("0008190400000000", SyncCrd { xaretval: XaRetVal::OK, prphrclst: None }),
            ("00081904fffffffc", SyncCrd { xaretval: XaRetVal::UNKNOWN, prphrclst: None }),
            (
                "0008190400000000 00231905 000619060001 00191801 00001267 00000006 00000003 677472696431 627131",
                SyncCrd { xaretval: XaRetVal::OK, prphrclst: Some(Xids(vec![xid()])) },
            ),
        ] {
            let body = hex(body);
            let got = SyncCrd::decode(&body, Ebcdic).unwrap();
            assert_eq!(got, expected);
            assert_eq!(got.encode(Ebcdic).unwrap()[4..], body);
            cut_everywhere(&body, |b| SyncCrd::decode(b, Ebcdic));
        }
        assert!(SyncCrd::decode(&hex("0008190400000000 000a1905 000619060001"), Ebcdic).is_err());
    }

    #[test]
    fn names_of_branches_have_bounds() {
        for bad in
            ["", "000000", "00001267", "00001267 00000001 00000000", "00001267 ffffffff ffffffff 00", "ffffffff 00"]
        {
            assert!(WorkId::read(cp::XID.into(), &hex(bad), Ebcdic).is_err(), "{bad}");
        }
        let valid = |format, gtrid, bqual| Xid { format, gtrid: vec![0; gtrid], bqual: vec![0; bqual] }.is_valid();
        assert!(valid(0, 1, 0) && valid(i32::MAX, 64, 64));
        assert!(!valid(-1, 1, 0) && !valid(0, 0, 0) && !valid(0, 65, 0) && !valid(0, 1, 65));
    }
}
