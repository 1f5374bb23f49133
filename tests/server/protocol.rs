//! Commands that are unknown, out of order or wrongly made: the reply that the architecture
//! prescribes, byte by byte on a bare socket.

use crate::support::{PERSONAS, start};
use drdarrow::server::listen::Server;
use drdarrow::server::persona::{DERBY, LUW};
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::ddm::accsec::AccSec;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::excsat::{ExcSat, ExcSatRd};
use drdarrow::wire::ddm::object::{objects, put, put_u16};
use drdarrow::wire::ddm::reply::Reply;
use drdarrow::wire::ddm::secchk::SecChk;
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::dss::deframe::Deframer;
use drdarrow::wire::sql::accrdb::AccRdb;
use drdarrow::wire::value::typdef::TypDef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TEXT: DdmText = DdmText::Ebcdic;

pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn connect(server: &Server) -> Raw {
        Raw(TcpStream::connect(server.address()).await.unwrap())
    }

    /// Sends commands in one chain; the reply's code points with their data, up to the end.
    pub(crate) async fn ask(&mut self, commands: &[Vec<u8>]) -> Vec<(CodePoint, Vec<u8>)> {
        let mut chain = Chain::new();
        for command in commands {
            chain.command(command);
        }
        self.send(&chain.into_bytes()).await;
        self.answer().await
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    pub(crate) async fn answer(&mut self) -> Vec<(CodePoint, Vec<u8>)> {
        let mut deframer = Deframer::new(1 << 20);
        let mut out = Vec::new();
        let mut buf = [0; 4096];
        loop {
            let n = self.0.read(&mut buf).await.unwrap_or(0);
            if n == 0 {
                return out;
            }
            let mut input = &buf[..n];
            while let Some(dss) = deframer.feed(&mut input).unwrap() {
                out.extend(objects(&dss.body).map(|o| o.unwrap()).map(|o| (o.cp, o.body.to_vec())));
                if !dss.header.chained {
                    return out;
                }
            }
        }
    }

    /// Level 7, user id only, everything in one chain.
    pub(crate) async fn login(&mut self) -> Vec<(CodePoint, Vec<u8>)> {
        let got = self.ask(&[excsat(), accsec(), secchk("DB"), accrdb("DNC10140")]).await;
        let points: Vec<CodePoint> = got.iter().map(|(p, _)| *p).collect();
        assert_eq!(points[..4], [cp::EXCSATRD, cp::ACCSECRD, cp::SECCHKRM, cp::ACCRDBRM]);
        got
    }

    /// A login of a user who takes part in global transactions; the levels that were agreed.
    pub(crate) async fn login_to_branches(&mut self, user: &str) -> Vec<(CodePoint, u16)> {
        let managers = vec![(cp::AGENT, 7), (cp::SQLAM, 7), (cp::RDB, 7), (cp::SECMGR, 7), (cp::XAMGR, 12)];
        let check = SecChk { secmec: 4, rdbnam: Some("DB".into()), usrid: Some(user.into()), ..SecChk::default() };
        let excsat = ExcSat::of_levels(managers).encode(TEXT).unwrap();
        let check = check.encode(TEXT).unwrap().to_vec();
        let got = self.ask(&[excsat, accsec(), check, accrdb("DNC10140")]).await;
        assert!(got.iter().any(|(point, _)| *point == cp::ACCRDBRM));
        ExcSatRd::decode(&got[0].1, TEXT).unwrap().managers
    }

    /// A login that opens no database, as requesters of files make it.
    pub(crate) async fn login_to_files(&mut self) {
        let mut chain = Chain::new();
        let check = SecChk { secmec: 4, usrid: Some("me".into()), ..SecChk::default() };
        let asked = AccSec { secmec: 4, ..AccSec::default() };
        for command in [excsat(), asked.encode(TEXT).unwrap(), check.encode(TEXT).unwrap().to_vec()] {
            chain.command(&command);
        }
        self.send(&chain.into_bytes()).await;
        let points: Vec<CodePoint> = self.answer().await.iter().map(|(p, _)| *p).collect();
        assert_eq!(points, [cp::EXCSATRD, cp::ACCSECRD, cp::SECCHKRM]);
    }

    pub(crate) async fn is_closed(&mut self) -> bool {
        let read = tokio::time::timeout(std::time::Duration::from_secs(10), async { self.0.read(&mut [0; 64]).await });
        matches!(read.await, Ok(Ok(0) | Err(_)))
    }
}

pub(crate) fn excsat() -> Vec<u8> {
    let managers = vec![(cp::AGENT, 7), (cp::SQLAM, 7), (cp::RDB, 7), (cp::SECMGR, 7)];
    ExcSat::of_levels(managers).encode(TEXT).unwrap()
}

fn accsec() -> Vec<u8> {
    AccSec { secmec: 4, rdbnam: Some("DB".into()), ..AccSec::default() }.encode(TEXT).unwrap()
}

fn secchk(rdbnam: &str) -> Vec<u8> {
    let check = SecChk { secmec: 4, rdbnam: Some(rdbnam.into()), usrid: Some("me".into()), ..SecChk::default() };
    check.encode(TEXT).unwrap().to_vec()
}

fn accrdb(prdid: &str) -> Vec<u8> {
    AccRdb::new("DB", prdid, &TypDef::OURS).encode(TEXT).unwrap()
}

fn command(point: CodePoint) -> Vec<u8> {
    let mut w = Writer::new();
    put(&mut w, point, |_| {});
    w.into_vec()
}

fn reply(got: &[(CodePoint, Vec<u8>)]) -> Reply {
    let (point, body) = got.last().unwrap();
    Reply::decode(*point, body, TEXT).unwrap()
}

async fn open(server: &Server) -> Raw {
    let mut raw = Raw::connect(server).await;
    raw.login().await;
    raw
}

#[tokio::test]
async fn an_unknown_command_is_named_and_the_connection_goes_on() {
    for persona in PERSONAS {
        let server = start(persona, &MemoryTables::new()).await;
        let mut raw = open(&server).await;
        for point in [CodePoint::new(0x2099), cp::DSCRDBTBL, cp::SYNCCTL] {
            let got = reply(&raw.ask(&[command(point)]).await);
            assert_eq!((got.cp, got.codpnt, got.svrcod), (cp::CMDNSPRM, Some(point), 8));
        }
        let got = raw.ask(&[command(cp::RDBCMM)]).await;
        assert_eq!(got.iter().map(|(p, _)| *p).collect::<Vec<_>>(), [cp::ENDUOWRM, cp::SQLCARD]);
    }
}

#[tokio::test]
async fn the_order_of_a_login_is_kept() {
    let server = start(&LUW, &MemoryTables::new()).await;
    let cases: [(Vec<Vec<u8>>, u8); 4] = [
        (vec![accsec()], 0x06),
        (vec![excsat(), secchk("DB")], 0x11),
        (vec![excsat(), accsec(), accrdb("DNC10140")], 0x11),
        (vec![excsat(), accsec(), secchk("OTHER")], 0x12),
    ];
    for (commands, code) in cases {
        let mut raw = Raw::connect(&server).await;
        let got = reply(&raw.ask(&commands).await);
        assert_eq!((got.cp, got.prccnvcd), (cp::PRCCNVRM, Some(code)));
        assert!(raw.is_closed().await);
    }
    let mut raw = Raw::connect(&server).await;
    let got = reply(&raw.ask(&[excsat(), command(cp::RDBCMM)]).await);
    assert_eq!(got.cp, cp::RDBNACRM);
    let got = reply(&open(&server).await.ask(&[accrdb("X")]).await);
    assert_eq!(got.cp, cp::RDBACCRM);
}

#[tokio::test]
async fn derby_insists_on_its_own_clients() {
    let server = start(&DERBY, &MemoryTables::new()).await;
    let mut raw = Raw::connect(&server).await;
    let got = reply(&raw.ask(&[excsat(), accsec(), secchk("DB"), accrdb("SQL11058")]).await);
    assert_eq!((got.cp, got.codpnt, got.synerrcd), (cp::SYNTAXRM, Some(cp::PRDID), Some(0x14)));
    assert!(raw.is_closed().await);
    let mut raw = Raw::connect(&server).await;
    let mut w = Writer::new();
    put(&mut w, cp::ACCSEC, |w| {
        put_u16(w, cp::SECMEC, 4);
        put_u16(w, cp::ENCALG, 2);
    });
    let got = reply(&raw.ask(&[excsat(), w.into_vec()]).await);
    assert_eq!((got.cp, got.codpnt, got.synerrcd), (cp::SYNTAXRM, Some(cp::ENCALG), Some(0x1D)));
}

#[tokio::test]
async fn queries_that_are_not_open_and_parameters_that_are_missing() {
    let server = start(&LUW, &MemoryTables::new()).await;
    let mut raw = open(&server).await;
    let section = drdarrow::wire::sql::package::PkgNamCsn::dynamic("DB", "SYSSH200", 1);
    let cntqry = drdarrow::wire::sql::query::CntQry::new(section, 32_767, Some(1)).encode(TEXT).unwrap();
    assert_eq!(reply(&raw.ask(&[cntqry]).await).cp, cp::QRYNOPRM);
    let got = reply(&raw.ask(&[command(cp::CNTQRY)]).await);
    assert_eq!((got.cp, got.synerrcd), (cp::SYNTAXRM, Some(0x0E)));
    assert!(raw.is_closed().await);
}
