//! Running a prepared statement or a procedure: EXCSQLSTT with its parameters in an SQLDTA and the
//! large ones in EXTDTA objects; output parameters come back in an SQLDTARD. SQLDTA and SQLDTARD
//! hold a descriptor (FDODSC) and the data that it describes (FDODTA); OUTOVR is a descriptor
//! alone. (DRDA: X'200B', X'2412', X'2413', X'146C', X'2415'; parameters as measured.)

use super::error::Result;
use super::package::PkgNamCsn;
use super::text::NULL;
use crate::wire::codec::error::What;
use crate::wire::codec::reader::Reader;
use crate::wire::codec::writer::Writer;
use crate::wire::ddm::codepoint::{self, CodePoint};
use crate::wire::ddm::command::message;
use crate::wire::ddm::error::MessageError;
use crate::wire::ddm::object;
use bytes::Bytes;

message! {
    /// EXCSQLSTT: run a prepared statement.
    ExcSqlStt = EXCSQLSTT {
        /// The section.
        pkgnamcsn: PkgNamCsn = PKGNAMCSN,
        /// The statement may commit or roll back. Always true for this client.
        rdbcmtok: Option<bool> = RDBCMTOK,
        /// Output is expected: an SQLDTARD.
        outexp: Option<bool> = OUTEXP,
        /// Answer with the SET statements that restore the session (1).
        rtnsetstt: Option<u8> = RTNSETSTT,
        /// The procedure, when its name is not in the statement.
        prcnam: Option<String> = PRCNAM,
        /// Rows of input; an upper bound in IBM's driver, whose data ends with a byte FD.
        nbrrow: Option<u32> = NBRROW,
        /// 1: each row of an array stands for itself; 0, or nothing: all of them or none.
        atmind: Option<u8> = ATMIND,
        /// Size of a block of result sets.
        qryblksz: Option<u32> = QRYBLKSZ,
        /// Blocks that may come beyond the first of each result set.
        maxblkext: Option<i16> = MAXBLKEXT,
        /// How many result sets: -1 all.
        maxrslcnt: Option<i16> = MAXRSLCNT,
        /// The reports on result sets that are wanted: flags.
        rslsetflg: Option<u8> = RSLSETFLG,
        /// Rows at a time, for cursors that scroll.
        qryrowset: Option<u32> = QRYROWSET,
        /// 1: the server closes result sets once the last row was sent.
        qryclsimp: Option<u8> = QRYCLSIMP,
        /// When a new OUTOVR may come.
        outovropt: Option<u8> = OUTOVROPT,
        /// Large objects of result sets: see [`rtnextdta`](super::query::rtnextdta).
        rtnextdta: Option<u8> = RTNEXTDTA,
        /// Large objects in the dynamic data format.
        dyndtafmt: Option<bool> = DYNDTAFMT,
        /// Up to which size a large object travels inside its row.
        smldtasz: Option<u64> = SMLDTASZ,
        /// Up to which size a large object travels after its row.
        meddtasz: Option<u64> = MEDDTASZ,
    }
}

impl ExcSqlStt {
    /// A statement without output.
    pub fn new(pkgnamcsn: PkgNamCsn) -> Self {
        ExcSqlStt {
            pkgnamcsn,
            rdbcmtok: Some(true),
            outexp: None,
            rtnsetstt: None,
            prcnam: None,
            nbrrow: None,
            atmind: None,
            qryblksz: None,
            maxblkext: None,
            maxrslcnt: None,
            rslsetflg: None,
            qryrowset: None,
            qryclsimp: None,
            outovropt: None,
            rtnextdta: None,
            dyndtafmt: None,
            smldtasz: None,
            meddtasz: None,
        }
    }
}

/// The contents of an SQLDTA or SQLDTARD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedData {
    /// FDODSC: the descriptor.
    pub fdodsc: Bytes,
    /// FDODTA: the data.
    pub fdodta: Bytes,
}

impl DescribedData {
    /// Splits the data of an SQLDTA or SQLDTARD.
    pub fn decode(body: &Bytes) -> Result<DescribedData> {
        const WHAT: &str = "SQLDTA";
        let (mut fdodsc, mut fdodta) = (None, None);
        for part in object::objects(body) {
            let part = part?;
            let slot = match part.cp {
                codepoint::FDODSC => &mut fdodsc,
                codepoint::FDODTA => &mut fdodta,
                _ => continue,
            };
            if slot.replace(part.body).is_some() {
                return Err(MessageError::Duplicate { message: WHAT, parameter: part.cp.into() }.into());
            }
        }
        Ok(DescribedData {
            fdodsc: fdodsc.ok_or(MessageError::Missing { message: WHAT, parameter: codepoint::FDODSC.into() })?,
            fdodta: fdodta.ok_or(MessageError::Missing { message: WHAT, parameter: codepoint::FDODTA.into() })?,
        })
    }

    /// A whole SQLDTA: the parameters of a statement.
    pub fn encode_sqldta(&self) -> Result<Vec<u8>> {
        self.encode(codepoint::SQLDTA)
    }

    /// A whole SQLDTARD: the output of a statement.
    pub fn encode_sqldtard(&self) -> Result<Vec<u8>> {
        self.encode(codepoint::SQLDTARD)
    }

    fn encode(&self, cp: CodePoint) -> Result<Vec<u8>> {
        let mut w = head(cp, &self.fdodsc, self.fdodta.len())?;
        w.bytes(&self.fdodta);
        Ok(w.into_vec())
    }
}

/// An SQLDTA up to its data, of which so many bytes follow.
pub fn sqldta_head(fdodsc: &[u8], data: usize) -> Result<Vec<u8>> {
    head(codepoint::SQLDTA, fdodsc, data).map(Writer::into_vec)
}

/// The heads of SQLDTAs that differ in the length of their data only.
#[derive(Debug)]
pub struct SqldtaHeads {
    fdodsc: Vec<u8>,
    /// That of an SQLDTA without data.
    short: Vec<u8>,
}

impl SqldtaHeads {
    /// For data described like this.
    pub fn new(fdodsc: Vec<u8>) -> Result<SqldtaHeads> {
        Ok(SqldtaHeads { short: sqldta_head(&fdodsc, 0)?, fdodsc })
    }

    /// Puts the head of an SQLDTA with so many bytes of data into `out`.
    pub fn put(&self, data: usize, out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        // Both lengths are in their short form as long as the outer one is.
        let lengths = u16::try_from(self.short.len().saturating_add(data)).ok().filter(|all| *all <= PLAIN);
        let Some(all) = lengths else {
            out.extend_from_slice(&sqldta_head(&self.fdodsc, data)?);
            return Ok(());
        };
        let inner = all - (self.short.len() - FDODTA) as u16;
        out.extend_from_slice(&self.short);
        for (at, length) in [(0, all), (self.short.len() - FDODTA, inner)] {
            if let Some(slot) = out.get_mut(at..at + 2) {
                slot.copy_from_slice(&length.to_be_bytes());
            }
        }
        Ok(())
    }
}

/// Longest object whose length takes two bytes.
const PLAIN: u16 = 0x7FFF;
/// Length and code point of an FDODTA.
const FDODTA: usize = 4;

fn head(cp: CodePoint, fdodsc: &[u8], data: usize) -> Result<Writer> {
    bounded(codepoint::SQLDTA, fdodsc.len().saturating_add(data))?;
    let mut inner = Writer::new();
    object::put_bytes(&mut inner, codepoint::FDODSC, fdodsc);
    object::put_head(&mut inner, codepoint::FDODTA, data);
    let mut w = Writer::new();
    object::put_head(&mut w, cp, inner.len() + data);
    w.bytes(inner.as_slice());
    Ok(w)
}

/// The byte after a large value in an EXTDTA that goes to Derby from a client of its own kind:
/// the value is complete.
pub const DERBY_EXTDTA_COMPLETE: u8 = 0x7F;

/// EXTDTA: one large value, as a whole object. A value of a nullable column has an indicator before
/// it; `status` is for Derby only.
pub fn extdta(value: &[u8], nullable: bool, status: Option<u8>) -> Result<Vec<u8>> {
    let (head, tail) = extdta_ends(value.len(), nullable, status)?;
    Ok([head.as_slice(), value, &tail].concat())
}

/// The bytes before and after a value of `len` bytes in its EXTDTA.
pub fn extdta_ends(len: usize, nullable: bool, status: Option<u8>) -> Result<(Vec<u8>, Vec<u8>)> {
    bounded(codepoint::EXTDTA, len)?;
    let mut head = Writer::new();
    object::put_head(&mut head, codepoint::EXTDTA, usize::from(nullable) + len + usize::from(status.is_some()));
    if nullable {
        head.u8(0);
    }
    Ok((head.into_vec(), status.into_iter().collect()))
}

/// The value in the data of an EXTDTA, without copying it; `None` is NULL. `with_status` says that
/// a status byte of Derby's stands at the end: anything but "complete" is an error.
pub fn decode_extdta(body: &Bytes, nullable: bool, with_status: bool) -> Result<Option<Bytes>> {
    let mut r = Reader::new(body, codepoint::EXTDTA);
    let status = usize::from(with_status);
    if nullable {
        match r.u8()? {
            NULL => {
                r.skip(r.left().min(status))?;
                r.end()?;
                return Ok(None);
            }
            0 => {}
            other => return Err(r.invalid(format!("null indicator X'{other:02X}'")).into()),
        }
    }
    let start = r.pos();
    let value = r.left().checked_sub(status).ok_or_else(|| r.invalid("no status byte"))?;
    r.skip(value)?;
    match r.peek() {
        None | Some(DERBY_EXTDTA_COMPLETE) => Ok(Some(body.slice(start..start + value))),
        Some(other) => Err(MessageError::Value {
            what: codepoint::EXTDTA.into(),
            detail: format!("the sender gave the value up with status X'{other:02X}'"),
        }
        .into()),
    }
}

/// OUTOVR: how output columns are wanted, as a whole object.
pub fn outovr(descriptor: &[u8]) -> Vec<u8> {
    let mut w = Writer::new();
    object::put_bytes(&mut w, codepoint::OUTOVR, descriptor);
    w.into_vec()
}

/// The four-byte length of an object bounds what one can carry.
fn bounded(what: impl Into<What>, len: usize) -> Result<()> {
    let max = i32::MAX as usize;
    if len > max { Err(MessageError::Limit { what: what.into(), len, max }.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::error::DrdaError;
    use super::*;
    use crate::wire::ddm::command::cut_everywhere;
    use crate::wire::ddm::param::hex;
    use crate::wire::ddm::text::DdmText::Utf8;

    const CLI: &str = "004421135445535444422020202020202020202020204e554c4c4944202020202020202020202020\
                       5359535348323030202020202020202020205359534c564c30310004";

    #[test]
    fn commands_of_ibms_driver_and_derbys_client_come_back_byte_for_byte() {
        for parameters in [
            "00052105f1",
            "00052105f1 00052111f1 0005210e01 000821140000ffff 00062141ffff 00062140ffff 0005214bf1 \
             000c2136000000000000ffff",
            "00052105f1 0005210e01 0008213a00000001 0005215901",
            "00052105f1 00052111f1 0008211400007fff 00062141ffff 00062140ffff 0005214204 0008215600000040",
        ] {
            let body = hex(&format!("{CLI} {parameters}"));
            let got = ExcSqlStt::decode(&body, Utf8).unwrap();
            assert_eq!((got.rdbcmtok, got.pkgnamcsn.section), (Some(true), 4));
            assert_eq!(got.encode(Utf8).unwrap()[4..], body);
            cut_everywhere(&body, |b| ExcSqlStt::decode(b, Utf8));
        }
        let plain = ExcSqlStt::new(PkgNamCsn::dynamic("TESTDB", "SYSSH200", 4)).encode(Utf8).unwrap();
        assert_eq!(plain[4..], hex(&format!("{CLI} 00052105f1")));
    }

    #[test]
    fn parameters_and_outputs() {
        let body = Bytes::from(hex("000d0010 0976d01b0004030004 000a147a000001000000"));
        let got = DescribedData::decode(&body).unwrap();
        assert_eq!((got.fdodsc.len(), got.fdodta.as_ref()), (9, &hex("000001000000")[..]));
        assert_eq!(got.encode_sqldta().unwrap()[4..], body);
        assert_eq!(got.encode_sqldtard().unwrap()[..4], hex("001b2413"));
        for cut in 0..body.len() {
            assert!(DescribedData::decode(&body.slice(..cut)).is_err(), "cut at {cut}");
        }
        let twice = Bytes::from(hex("00050010 00 00050010 00"));
        assert!(matches!(DescribedData::decode(&twice), Err(DrdaError::Message(MessageError::Duplicate { .. }))));
    }

    #[test]
    fn heads_made_at_once_are_those_made_one_by_one() {
        for descriptor in [vec![], vec![9; 12], vec![7; 30_000], vec![7; 40_000]] {
            let heads = SqldtaHeads::new(descriptor.clone()).unwrap();
            let mut out = vec![1, 2, 3];
            for data in [0, 1, 100, 2_700, 2_759, 2_760, 32_735, 32_736, 32_747, 32_748, 32_755, 70_000] {
                heads.put(data, &mut out).unwrap();
                assert_eq!(out, sqldta_head(&descriptor, data).unwrap(), "{} {data}", descriptor.len());
            }
        }
    }

    #[test]
    fn large_values() {
        let big = vec![0x78; 70_000];
        let whole = extdta(&big, true, Some(DERBY_EXTDTA_COMPLETE)).unwrap();
        assert_eq!(whole[..9], hex("8008146C0001117200"));
        let body = Bytes::from(whole).slice(8..);
        assert_eq!(decode_extdta(&body, true, true).unwrap().unwrap(), big);
        assert_eq!(extdta(&[1, 2], false, None).unwrap(), hex("0006146C0102"));
        let read = |text: &str, nullable, status| decode_extdta(&Bytes::from(hex(text)), nullable, status);
        assert_eq!(read("FF", true, false), Ok(None));
        assert_eq!(read("FF7F", true, true), Ok(None));
        assert_eq!(read("00", true, false), Ok(Some(Bytes::new())));
        assert!(read("", true, false).is_err());
        assert!(read("", false, true).is_err());
        assert!(read("0161", true, false).is_err());
        assert!(read("006101", true, true).is_err());
        assert!(read("FF00", true, false).is_err());
        assert_eq!(outovr(&hex("0671F0E00000")), hex("000a24150671F0E00000"));
    }
}
