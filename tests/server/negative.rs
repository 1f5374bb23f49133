//! Wrong commands, one by one: which reply the architecture prescribes, what it says, and whether the
//! connection goes on. The bytes are made by hand, from LL to the last parameter.

use crate::protocol::Raw;
use crate::support::start;
use drdarrow::server::listen::Server;
use drdarrow::server::persona::LUW;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::object::{put, put_bytes};
use drdarrow::wire::ddm::reply::Reply;
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::sql::package::PkgNamCsn;
use drdarrow::wire::sql::query::ClsQry;

const TEXT: DdmText = DdmText::Ebcdic;

/// A command of these parameters, and the objects after it.
struct Wrong {
    command: Vec<u8>,
    objects: Vec<Vec<u8>>,
}

type Parameters<'a> = &'a [(CodePoint, &'a [u8])];

fn object(point: CodePoint, parameters: Parameters<'_>) -> Vec<u8> {
    let mut w = Writer::new();
    put(&mut w, point, |w| parameters.iter().for_each(|(point, data)| put_bytes(w, *point, data)));
    w.into_vec()
}

fn wrong(point: CodePoint, parameters: Parameters<'_>) -> Wrong {
    Wrong { command: object(point, parameters), objects: Vec::new() }
}

impl Wrong {
    fn with(mut self, point: CodePoint, data: &[u8]) -> Wrong {
        let mut w = Writer::new();
        put_bytes(&mut w, point, data);
        self.objects.push(w.into_vec());
        self
    }
}

/// PKGNAMCSN as a parameter's data.
fn section(package: &str) -> Vec<u8> {
    let name = PkgNamCsn::dynamic("DB", package, 1);
    let whole = ClsQry { pkgnamcsn: name, qryinsid: None, qryclsrls: None }.encode(TEXT).unwrap();
    whole[8..].to_vec()
}

/// The expected reply: code point, its error code, the code point that it is about.
type Expected = (CodePoint, Option<u8>, Option<CodePoint>);

async fn judge(server: &Server, login: bool, case: Wrong, expected: Expected, goes_on: bool) {
    let mut raw = Raw::connect(server).await;
    if login {
        raw.login().await;
    }
    let mut chain = Chain::new();
    chain.command(&case.command);
    case.objects.iter().for_each(|o| chain.object(o));
    raw.send(&chain.into_bytes()).await;
    let got = raw.answer().await;
    let shown = format!("{:02X?}", case.command);
    let (point, body) = got.last().unwrap_or_else(|| panic!("nothing for {shown}"));
    let reply = Reply::decode(*point, body, TEXT).unwrap();
    let code = reply.synerrcd.or(reply.prccnvcd);
    assert_eq!((reply.cp, code, reply.codpnt), expected, "{shown}");
    assert!(reply.svrcod >= 8, "{shown}");
    if goes_on {
        let got = raw.ask(&[object(cp::RDBRLLBCK, &[])]).await;
        assert_eq!(got.first().map(|(p, _)| *p), Some(cp::ENDUOWRM), "{shown}");
    } else {
        assert!(raw.is_closed().await, "{shown}");
    }
}

#[tokio::test]
async fn what_is_unknown_is_named_and_the_connection_goes_on() {
    let server = start(&LUW, &MemoryTables::new()).await;
    let name = section("SYSSH200");
    let pkg = (cp::PKGNAMCSN, name.as_slice());
    let size = (cp::QRYBLKSZ, &[0, 0, 0x7F, 0xFF][..]);
    let stt = [0, 0, 0, 0, 1, b'X', 0xFF];
    for (case, expected) in [
        // Commands of the architecture that are not built, and one that does not exist.
        (wrong(cp::SYNCCTL, &[]), (cp::CMDNSPRM, None, Some(cp::SYNCCTL))),
        (wrong(cp::DSCRDBTBL, &[pkg]), (cp::CMDNSPRM, None, Some(cp::DSCRDBTBL))),
        (wrong(cp::QRYDTA, &[]), (cp::CMDNSPRM, None, Some(cp::QRYDTA))),
        (wrong(CodePoint::new(0x0001), &[]), (cp::CMDNSPRM, None, Some(CodePoint::new(0x0001)))),
        (wrong(CodePoint::new(0xFFFF), &[]), (cp::CMDNSPRM, None, Some(CodePoint::new(0xFFFF)))),
        // Parameters.
        (wrong(cp::SNDPKT, &[(cp::RESPKTSZ, &[0, 1, 0, 0])]), (cp::VALNSPRM, None, Some(cp::RESPKTSZ))),
        (
            wrong(cp::OPNQRY, &[pkg, size, (CodePoint::new(0x0BAD), &[1])]),
            (cp::PRMNSPRM, None, Some(CodePoint::new(0x0BAD))),
        ),
        (wrong(cp::CLSQRY, &[(CodePoint::new(0xFFFF), &[]), pkg]), (cp::PRMNSPRM, None, Some(CodePoint::new(0xFFFF)))),
        (wrong(cp::RDBCMM, &[(CodePoint::new(0x0001), &[0; 40])]), (cp::PRMNSPRM, None, Some(CodePoint::new(0x0001)))),
        // Objects.
        (
            wrong(cp::PRPSQLSTT, &[pkg]).with(CodePoint::new(0x0BAD), &stt),
            (cp::OBJNSPRM, None, Some(CodePoint::new(0x0BAD))),
        ),
        (
            wrong(cp::EXCSQLSTT, &[pkg]).with(cp::SQLSTT, &stt).with(CodePoint::new(1), &[]),
            (cp::OBJNSPRM, None, Some(CodePoint::new(1))),
        ),
        // Queries that are not open.
        (wrong(cp::CLSQRY, &[pkg]), (cp::QRYNOPRM, None, None)),
        (wrong(cp::CNTQRY, &[pkg, size, (cp::QRYINSID, &[0; 8])]), (cp::QRYNOPRM, None, None)),
        // A package that is not being bound.
        (wrong(cp::BNDSQLSTT, &[pkg]).with(cp::SQLSTT, &stt), (cp::PKGBNARM, None, None)),
    ] {
        judge(&server, true, case, expected, true).await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_says_where_and_ends_the_connection() {
    let server = start(&LUW, &MemoryTables::new()).await;
    let name = section("SYSSH200");
    let pkg = (cp::PKGNAMCSN, name.as_slice());
    let size = (cp::QRYBLKSZ, &[0, 0, 0x7F, 0xFF][..]);
    let small = (cp::QRYBLKSZ, &[0, 0, 1, 0xFF][..]);
    let large = (cp::QRYBLKSZ, &[0x7F, 0xFF, 0xFF, 0xFF][..]);
    let (missing, double, length, value) = (0x0E, 0x12, 0x02, 0x14);
    let syntax = |code, point| (cp::SYNTAXRM, Some(code), Some(point));
    for (case, expected) in [
        (wrong(cp::OPNQRY, &[size]), syntax(missing, cp::PKGNAMCSN)),
        (wrong(cp::OPNQRY, &[pkg]), syntax(missing, cp::QRYBLKSZ)),
        (wrong(cp::OPNQRY, &[pkg, size, size]), syntax(double, cp::QRYBLKSZ)),
        (wrong(cp::OPNQRY, &[pkg, small]), syntax(value, cp::QRYBLKSZ)),
        (wrong(cp::OPNQRY, &[pkg, large]), syntax(value, cp::QRYBLKSZ)),
        (wrong(cp::OPNQRY, &[pkg, (cp::QRYBLKSZ, &[0x7F, 0xFF])]), syntax(length, cp::QRYBLKSZ)),
        (wrong(cp::OPNQRY, &[pkg, (cp::QRYBLKSZ, &[0, 0, 0, 0x7F, 0xFF])]), syntax(length, cp::QRYBLKSZ)),
        (wrong(cp::OPNQRY, &[pkg, size, (cp::QRYROWSET, &[])]), syntax(length, cp::QRYROWSET)),
        (wrong(cp::CNTQRY, &[size]), syntax(missing, cp::PKGNAMCSN)),
        (wrong(cp::CNTQRY, &[pkg, small]), syntax(value, cp::QRYBLKSZ)),
        (wrong(cp::CNTQRY, &[pkg, size, (cp::QRYINSID, &[1])]), syntax(length, cp::QRYINSID)),
        (wrong(cp::CLSQRY, &[]), syntax(missing, cp::PKGNAMCSN)),
        (wrong(cp::CLSQRY, &[pkg, pkg]), syntax(double, cp::PKGNAMCSN)),
        (wrong(cp::PRPSQLSTT, &[pkg]), syntax(missing, cp::SQLSTT)),
        (wrong(cp::EXCSQLIMM, &[pkg]), syntax(missing, cp::SQLSTT)),
        (
            wrong(cp::PRPSQLSTT, &[pkg, (cp::RTNSQLDA, &[7])]).with(cp::SQLSTT, b"\0\0\0\0\x01X\xFF"),
            syntax(value, cp::RTNSQLDA),
        ),
        (wrong(cp::DSCSQLSTT, &[]), syntax(missing, cp::PKGNAMCSN)),
        (wrong(cp::EXCSQLSTT, &[]), syntax(missing, cp::PKGNAMCSN)),
        (wrong(cp::BGNBND, &[]), syntax(missing, cp::PKGNAMCT)),
        (wrong(cp::ENDBND, &[]), syntax(missing, cp::PKGNAMCT)),
        (wrong(cp::EXCSQLSET, &[]), syntax(missing, cp::PKGNAMCSN)),
        (wrong(cp::SNDPKT, &[]), syntax(missing, cp::RESPKTSZ)),
        (wrong(cp::INTRDBRQS, &[]), syntax(missing, cp::RDBINTTKN)),
    ] {
        judge(&server, true, case, expected, false).await;
    }
}

#[tokio::test]
async fn what_comes_too_early_is_out_of_order() {
    let server = start(&LUW, &MemoryTables::new()).await;
    let order = |code| (cp::PRCCNVRM, Some(code), None);
    for point in [cp::ACCSEC, cp::SECCHK, cp::ACCRDB, cp::RDBCMM, cp::OPNQRY, CodePoint::new(0x0BAD)] {
        judge(&server, false, wrong(point, &[]), order(0x06), false).await;
    }
    // An object without its command.
    let mut raw = Raw::connect(&server).await;
    raw.login().await;
    let mut chain = Chain::new();
    chain.object(&object(cp::SQLSTT, &[]));
    raw.send(&chain.into_bytes()).await;
    let got = raw.answer().await;
    let (point, body) = got.last().unwrap();
    let reply = Reply::decode(*point, body, TEXT).unwrap();
    assert_eq!((reply.cp, reply.prccnvcd), (cp::PRCCNVRM, Some(0x03)));
    assert!(raw.is_closed().await);
}
