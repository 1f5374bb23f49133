//! Peers that say much and mean little, without end: every conversation of the client ends in an error that says
//! what came, in under a second of processor time and under 64 MiB. Alone in its process, because both are counted.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use drdarrow::flow::bounds::LOGIN_FRAME;
use drdarrow::flow::file::connect::{FileConnect, FileIdentity};
use drdarrow::flow::file::exchange::{Exchange, TextEncoding};
use drdarrow::flow::probe::{Hello, Mechanisms};
use drdarrow::flow::secmec::choice::Policy;
use drdarrow::flow::secmec::mechanism::Mechanism;
use drdarrow::flow::secmec::random::Random;
use drdarrow::flow::secmec::requester::Credentials;
use drdarrow::flow::sql::bind::Bind;
use drdarrow::flow::sql::call::Call;
use drdarrow::flow::sql::connect::{Connect, Identity};
use drdarrow::flow::sql::execute::{Execute, Immediate, SetRegisters};
use drdarrow::flow::sql::explain::Explain;
use drdarrow::flow::sql::locator::{Ask, LobKind, LobRequest, Locator};
use drdarrow::flow::sql::prepare::Prepare;
use drdarrow::flow::sql::query::{Close, Continue, Open};
use drdarrow::flow::sql::session::Session;
use drdarrow::flow::sql::uow::EndWork;
use drdarrow::flow::step::Flow;
use drdarrow::net::channel::Channel;
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::object::{put, put_bytes, put_u16};
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::sql::package::{Isolation, PkgNamCsn};
use drdarrow::wire::sql::sqlca::Sqlca;
use drdarrow::wire::value::product::Product;
use drdarrow::wire::value::typdef::TypDef;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Bytes of memory and milliseconds of processor time that an error may cost.
const MEMORY: u64 = 64 << 20;
const PROCESSOR: u64 = 1_000;
/// Longest frame once logged in, as a connection allows it.
const FRAME: usize = 1 << 30;
/// Bytes of a flood that are written at a time.
const WAVE: usize = 64 << 10;

/// Processor time of this process in milliseconds.
fn processor() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after = stat.rsplit(')').next().unwrap();
    let fields: Vec<u64> = after.split_whitespace().skip(11).take(2).map(|n| n.parse().unwrap()).collect();
    // The kernel counts in hundredths of a second.
    fields.iter().sum::<u64>() * 10
}

/// The most memory held since [`forget`], in bytes.
fn most() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10
}

/// Starts the count of memory anew.
fn forget() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    most()
}

/// One frame with this object: in a chain, and another with the same id follows.
fn frame(kind: u8, object: &[u8]) -> Vec<u8> {
    let mut out = (object.len() as u16 + 6).to_be_bytes().to_vec();
    out.extend([0xD0, kind, 0, 1]);
    out.extend(object);
    out
}

fn object(point: CodePoint, data: &[u8]) -> Vec<u8> {
    let mut w = Writer::new();
    put_bytes(&mut w, point, data);
    w.into_vec()
}

fn message(point: CodePoint, severity: u16) -> Vec<u8> {
    let mut w = Writer::new();
    put(&mut w, point, |w| put_u16(w, cp::SVRCOD, severity));
    w.into_vec()
}

/// The objects that a peer says again and again, by name.
fn floods() -> Vec<(&'static str, Vec<u8>)> {
    let card = |code, state| Sqlca::encode(Some(&Sqlca::new(code, state, &["tokens of a warning"])), 7, &TypDef::OURS);
    let (warning, error) = (card(1, "01003").unwrap(), card(-204, "42704").unwrap());
    let name = object(cp::TYPDEFNAM, b"QTDSQLASC");
    let mut endless = vec![0xFF, 0xFF, 0xD0, 0x03, 0, 1, 0x80, 0x04, 0x24, 0x08];
    endless.resize(0x7FFF, 0xFF);
    let mut message_without_end = endless.clone();
    message_without_end[3] = 0x02;
    message_without_end[8..10].copy_from_slice(&cp::SQLERRRM.number().to_be_bytes());
    vec![
        ("EXCSATRD", frame(0x53, &object(cp::EXCSATRD, &[]))),
        ("ACCSECRD", frame(0x53, &object(cp::ACCSECRD, &[0, 6, 0x11, 0xA2, 0, 3]))),
        ("empty QRYDTA", frame(0x53, &object(cp::QRYDTA, &[]))),
        ("QRYDTA without rows", frame(0x53, &object(cp::QRYDTA, &[0xFF; 100]))),
        ("EXTDTA", frame(0x53, &object(cp::EXTDTA, &[]))),
        ("a null SQLCARD", frame(0x53, &object(cp::SQLCARD, &[0xFF]))),
        ("a warning", frame(0x53, &warning)),
        ("an error", frame(0x53, &error)),
        ("an unknown object", frame(0x53, &object(CodePoint::new(0x2499), &[1, 2, 3]))),
        ("an unknown message", frame(0x52, &message(CodePoint::new(0x2299), 8))),
        ("TYPDEFNAM", frame(0x53, &name)),
        ("PBSD", frame(0x52, &object(cp::PBSD, &[0, 5, 0xC0, 1, 2]))),
        ("MONITORRD", frame(0x53, &object(cp::MONITORRD, &[]))),
        ("RDBUPDRM", frame(0x52, &message(cp::RDBUPDRM, 0))),
        ("ENDUOWRM", frame(0x52, &message(cp::ENDUOWRM, 4))),
        ("ENDQRYRM", frame(0x52, &message(cp::ENDQRYRM, 4))),
        ("CMDCMPRM", frame(0x52, &message(cp::CMDCMPRM, 0))),
        ("a refusal", frame(0x52, &message(cp::SQLERRRM, 8))),
        ("S38MSGRM", frame(0x52, &message(cp::S38MSGRM, 10))),
        ("S38IOFB", frame(0x53, &object(cp::S38IOFB, &[0; 65]))),
        ("S38BUF", frame(0x53, &object(cp::S38BUF, &[0; 65]))),
        ("SQLDTARD", frame(0x53, &object(cp::SQLDTARD, &[0; 65]))),
        ("RSLSETRM", frame(0x52, &message(cp::RSLSETRM, 0))),
        ("frames without objects", frame(0x53, &[])),
        ("many objects in a frame", frame(0x53, &object(cp::MONITORRD, &[]).repeat(5_000))),
        ("an object without end", endless),
        ("a message without end", message_without_end),
    ]
}

fn session() -> Arc<Session> {
    Arc::new(Session {
        product: Product::Luw,
        prdid: "SQL11059".into(),
        class: "QDB2/LINUXX8664".into(),
        system: String::new(),
        job: String::new(),
        release: String::new(),
        sqlam: 7,
        text: DdmText::Utf8,
        ours: TypDef::OURS,
        theirs: TypDef::OURS,
        rdbnam: drdarrow::wire::ddm::rdbname::RdbName::new("LAB"),
        security: Mechanism::UserOnly,
        servers: Vec::new(),
        interrupt: None,
        two_phase: false,
        branch: drdarrow::flow::sql::session::BranchMark::default(),
    })
}

fn credentials() -> Credentials {
    Credentials { user: "app".to_owned(), ..Credentials::default() }
}

/// Runs a conversation with a peer that floods it from its first word on, and measures what the error costs.
async fn flooded<F: Flow + 'static>(command: &str, limit: usize, make: impl Fn() -> F)
where
    F::Out: std::fmt::Debug,
{
    for (name, frame) in floods() {
        let (client, mut server) = tokio::io::duplex(1 << 20);
        let before = (processor(), forget());
        let peer = tokio::spawn(async move {
            let mut buf = [0; 4096];
            assert!(server.read(&mut buf).await.unwrap() > 0);
            let wave = frame.repeat(WAVE.div_ceil(frame.len()));
            while server.write_all(&wave).await.is_ok() {}
        });
        let channel = Channel::spawn(Box::new(client), limit);
        let told = tokio::time::timeout(Duration::from_secs(20), channel.run(make(), None)).await;
        let told = told.unwrap_or_else(|_| panic!("{command}, {name}: a wait without end"));
        let cost = (processor() - before.0, most().saturating_sub(before.1));
        let e = told.map(|out| format!("{out:?}")).expect_err(&format!("{command}, {name}: no error"));
        assert!(cost.0 <= PROCESSOR && cost.1 <= MEMORY, "{command}, {name}: {} ms, {} bytes: {e}", cost.0, cost.1);
        assert!(!e.to_string().is_empty() && channel.broken().is_some(), "{command}, {name}: {e}");
        drop(channel);
        peer.abort();
    }
}

#[tokio::test]
async fn a_flood_is_an_error_that_costs_little() {
    let random = || Random::new([7; drdarrow::flow::secmec::random::RANDOM]);
    let section = || PkgNamCsn::dynamic("LAB", "SYSSH200", 1);
    let identity = || Identity {
        rdbnam: "LAB".to_owned(),
        credentials: credentials(),
        policy: Policy::default(),
        random: random(),
        correlation: ("00000000.0000".to_owned(), [0; 6]),
        application: None,
        accounting: String::new(),
        read_only: false,
        two_phase: false,
    };
    flooded("login", LOGIN_FRAME, || Connect::new(identity()).unwrap()).await;
    flooded("EXCSAT", LOGIN_FRAME, Hello::new).await;
    flooded("ACCSEC", LOGIN_FRAME, || Mechanisms::new(None, &random()).unwrap()).await;
    flooded("PRPSQLSTT", FRAME, || Prepare::new(session(), section(), "SELECT 1".into(), true)).await;
    flooded("OPNQRY", FRAME, || Open::new(session(), section(), Some("SELECT 1".into()), None, 32_767)).await;
    flooded("CNTQRY", FRAME, || Continue::new(session(), section(), Some(1), 32_767, false)).await;
    flooded("CLSQRY", FRAME, || Close::new(session(), section(), Some(1))).await;
    flooded("EXCSQLSTT", FRAME, || Execute::new(session(), section(), Vec::new(), true)).await;
    flooded("EXCSQLIMM", FRAME, || Immediate::new(session(), section(), "SET X = 1".into(), false)).await;
    flooded("EXCSQLSET", FRAME, || SetRegisters::new(session(), section(), vec!["SET X = 1".into()])).await;
    flooded("BGNBND", FRAME, || Bind::new(session(), section(), Isolation::CursorStability)).await;
    flooded("CALL", FRAME, || Call::new(session(), section(), None, true, 32_767)).await;
    flooded("message text", FRAME, || Explain::new(session(), section(), Sqlca::new(-1, "42X05", &[]))).await;
    let length = LobRequest::Length(Locator { number: 1, kind: LobKind::Text });
    flooded("locators", FRAME, || Ask::new(session(), section(), vec![length])).await;
    flooded("RDBCMM", FRAME, || EndWork::commit(session())).await;
    flooded("RDBRLLBCK", FRAME, || EndWork::rollback(session())).await;
    let file = || FileIdentity {
        credentials: credentials(),
        policy: Policy::default(),
        pool: None,
        application: None,
        ccsid: 37,
    };
    flooded("file login", LOGIN_FRAME, || FileConnect::new(file(), random()).unwrap()).await;
    let speech = TextEncoding { text: DdmText::Ebcdic, ccsid: 37 };
    for command in [cp::S38OPEN, cp::S38CLOSE, cp::S38CMD, cp::S38GETM, cp::S38PUTM, cp::CMMUOW] {
        let name = command.name().unwrap();
        flooded(name, FRAME, || Exchange::new(speech, &object(command, &[]))).await;
    }
}
