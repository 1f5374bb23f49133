//! The personas answer as real servers do: replies held against the bytes of such servers that others
//! published (tests/data/wild).

use crate::found::{block, framed};
use crate::protocol::Raw;
use crate::support::start;
use drdarrow::client::file::config::FileConfig;
use drdarrow::client::file::connection::FileConnection;
use drdarrow::server::access::Access;
use drdarrow::server::file::library::FileStore;
use drdarrow::server::listen::{Server, serve};
use drdarrow::server::persona::{DERBY, IBMI, LUW, Persona, ZOS};
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::accsec::{AccSec, AccSecRd, Several};
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::excsat::{ExcSat, ExcSatRd};
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::sql::execute::ExcSqlStt;
use drdarrow::wire::sql::package::PkgNamCsn;
use drdarrow::wire::sql::prepare::{ExcSqlImm, PrpSqlStt};
use drdarrow::wire::sql::sqlca::Sqlca;
use drdarrow::wire::sql::text::sqlstt;
use drdarrow::wire::sql::uow::RdbCmm;
use drdarrow::wire::value::typdef::TypDef;
use std::sync::Arc;
use tokio::io::AsyncReadExt;

const TEXT: DdmText = DdmText::Ebcdic;

async fn hello(server: &Server, asked: &ExcSat) -> (Raw, ExcSatRd) {
    let mut raw = Raw::connect(server).await;
    let got = raw.ask(&[asked.encode(TEXT).unwrap()]).await;
    assert_eq!(got[0].0, cp::EXCSATRD);
    let attributes = ExcSatRd::decode(&got[0].1, TEXT).unwrap();
    (raw, attributes)
}

/// Exactly the bytes that the server answers with.
async fn bytes(raw: &mut Raw, request: &[u8], len: usize) -> Vec<u8> {
    raw.send(request).await;
    let mut out = vec![0; len];
    raw.0.read_exact(&mut out).await.unwrap();
    out
}

#[tokio::test]
async fn luw_agrees_to_the_levels_that_a_real_one_agrees_to() {
    let server = start(&LUW, &MemoryTables::new()).await;
    let real = ExcSatRd::decode(&framed(&block("luw-11.1-aix64-connect-refused-secmec", "S:"))[0].body, TEXT).unwrap();
    let asked =
        [(cp::AGENT, 10), (cp::SQLAM, 7), (cp::UNICODEMGR, 1208), (cp::RDB, 12), (cp::SECMGR, 10), (cp::CMNTCPIP, 8)];
    let (_, got) = hello(&server, &ExcSat::of_levels(asked.to_vec())).await;
    assert_eq!(got.managers, real.managers);
    let real = ExcSatRd::decode(&framed(&block("luw-11.1-nt64-excsatrd", "S:"))[0].body, TEXT).unwrap();
    let (mut raw, got) = hello(&server, &ExcSat::of_levels(real.managers.clone())).await;
    assert_eq!(got.managers, real.managers);
    assert!(got.extnam.is_some() && got.srvclsnm.is_some() && got.srvnam.is_some() && got.srvrlslv.is_some());
    // The second one is answered with what it asks.
    let later = raw.ask(&[ExcSat::utf8_text().encode(TEXT).unwrap()]).await;
    assert_eq!(later, [(cp::EXCSATRD, block("luw-ccsidmgr-excsatrd-body", "S:"))]);
}

#[tokio::test]
async fn a_mechanism_is_refused_in_the_form_of_the_product() {
    for (persona, form, secchkcd, encalgs) in [
        (&LUW, Several::Values, Some(1), vec![1, 2]),
        (&ZOS, Several::Values, Some(1), vec![1, 2]),
        (&IBMI, Several::Values, None, vec![]),
        (&DERBY, Several::Parameters, Some(1), vec![]),
    ] {
        let server = start(persona, &MemoryTables::new()).await;
        let (mut raw, _) = hello(&server, &ExcSat::of_levels(vec![(cp::SQLAM, 7), (cp::SECMGR, 7)])).await;
        let mut asked = AccSec { secmec: 1, rdbnam: Some("DB".into()), ..AccSec::default() };
        if persona.name != DERBY.name {
            // The cipher that was asked for is the first.
            asked.encalgs = vec![2];
            let got = raw.ask(&[asked.encode(TEXT).unwrap()]).await;
            let turned: Vec<u16> = encalgs.iter().rev().copied().collect();
            assert_eq!(AccSecRd::decode(&got[0].1, TEXT).unwrap().encalgs, turned, "{}", persona.name);
            asked.encalgs.clear();
        }
        let got = raw.ask(&[asked.encode(TEXT).unwrap()]).await;
        assert_eq!(got[0].0, cp::ACCSECRD);
        let offer = AccSecRd::decode(&got[0].1, TEXT).unwrap();
        assert_eq!((offer.form, offer.secchkcd, offer.encalgs), (form, secchkcd, encalgs), "{}", persona.name);
        assert_eq!(offer.secmecs, persona.secmecs);
    }
}

#[tokio::test]
async fn luw_tells_of_the_session_after_accrdbrm() {
    let real = framed(&block("luw-8.2-linux-connected", "S:"));
    let real = Sqlca::decode(&real[2].body, 7, &TypDef { sbc: 819, mbc: 819, ..LUW.typdef }).unwrap().unwrap();
    for (persona, follows) in [(&LUW, true), (&ZOS, false), (&IBMI, false)] {
        let server = start(persona, &MemoryTables::new()).await;
        let mut raw = Raw::connect(&server).await;
        let got = raw.login().await;
        assert_eq!(got.len(), if follows { 5 } else { 4 }, "{}", persona.name);
        let Some((cp::SQLCARD, body)) = got.get(4) else { continue };
        let card = Sqlca::decode(body, 7, &persona.typdef).unwrap().unwrap();
        assert_eq!((card.sqlcode, card.sqlstate.as_str(), card.errd), (0, "00000", real.errd));
        assert_eq!(card.tokens.len(), real.tokens.len());
        assert_eq!(card.tokens[2..5], ["ME      ", "DB", "QDB2/LINUXX8664"]);
        assert_eq!(card.rdbnam, format!("{:<18}", "DB"));
    }
}

fn section() -> PkgNamCsn {
    PkgNamCsn::dynamic("DB", "SYSSH200", 1)
}

fn immediate() -> ExcSqlImm {
    ExcSqlImm { pkgnamcsn: section(), rdbcmtok: Some(true), rtnsetstt: None }
}

fn statement(sql: &str) -> Vec<u8> {
    sqlstt(sql, &TypDef::OURS, 7).unwrap()
}

#[tokio::test]
async fn luw_answers_ddl_and_a_commit_byte_for_byte() {
    let real = block("luw-11.5-update-commit", "S:");
    // The name of the database is another one.
    let names = |name: &str| DdmText::Ebcdic.encode(&format!("{name:<18}")).unwrap();
    let (hrx, ours) = (names("HRX"), names("DB"));
    let at: Vec<usize> = (0..real.len()).filter(|i| real[*i..].starts_with(&hrx)).collect();
    assert_eq!(at.len(), 2);
    let mut wanted = real;
    at.iter().for_each(|at| wanted[*at..*at + 18].copy_from_slice(&ours));

    let server = start(&LUW, &MemoryTables::new()).await;
    let mut raw = Raw::connect(&server).await;
    raw.login().await;
    let mut chain = Chain::new();
    chain.command(&immediate().encode(TEXT).unwrap());
    chain.object(&statement("CREATE TABLE T (A INTEGER)"));
    chain.command(&RdbCmm { rlsconv: None }.encode(TEXT).unwrap());
    assert_eq!(bytes(&mut raw, &chain.into_bytes(), wanted.len()).await, wanted);

    // The same when the statement was prepared; a change of rows has a count.
    let mut chain = Chain::new();
    chain.command(&PrpSqlStt::new(section()).encode(TEXT).unwrap());
    chain.object(&statement("CREATE TABLE U (A INTEGER)"));
    chain.command(&ExcSqlStt::new(section()).encode(TEXT).unwrap());
    raw.send(&chain.into_bytes()).await;
    let got = raw.answer().await;
    assert_eq!(got.iter().map(|(p, _)| *p).collect::<Vec<_>>(), [cp::SQLCARD, cp::RDBUPDRM, cp::SQLCARD]);
    assert_eq!(got[2].1, [0xFF]);
    let mut chain = Chain::new();
    chain.command(&immediate().encode(TEXT).unwrap());
    chain.object(&statement("INSERT INTO T VALUES (1)"));
    raw.send(&chain.into_bytes()).await;
    let got = raw.answer().await;
    assert_eq!(got.len(), 1, "the unit of work had its first change");
    assert_eq!(Sqlca::decode(&got[0].1, 7, &LUW.typdef).unwrap().unwrap().errd[2], 1);
}

#[tokio::test]
async fn zos_turns_to_utf8_when_it_is_asked_first() {
    for (persona, level) in [(&ZOS, 1208), (&DERBY, 1208), (&LUW, 0), (&IBMI, 0)] {
        let server = start(persona, &MemoryTables::new()).await;
        let asked = ExcSat::of_levels(vec![(cp::SQLAM, 7), (cp::UNICODEMGR, 1208)]);
        let (_, got) = hello(&server, &asked).await;
        assert_eq!(got.level(cp::UNICODEMGR), Some(level), "{}", persona.name);
        let connection = crate::support::connect(&server).await;
        connection.close().await.unwrap();
    }
}

async fn file_server(persona: &'static Persona) -> Server {
    let settings = ServerSettings { persona, files: Some(FileStore::new()), ..ServerSettings::default() };
    serve(ServerSettings { access: Access::Anyone, ..settings }, Arc::new(MemoryTables::new())).await.unwrap()
}

#[tokio::test]
async fn ibm_i_answers_the_ping_of_its_file_server_byte_for_byte() {
    let server = file_server(&IBMI).await;
    let mut raw = Raw::connect(&server).await;
    let wanted = block("ibmi-ddm-excsatrd", "S:");
    assert_eq!(bytes(&mut raw, &block("ibmi-ddm-excsatrd", "C:"), wanted.len()).await, wanted);
    // Our own client names its release and is told the server's.
    let uri = format!("drda://me@127.0.0.1:{}/?signon_port=0", server.address().port());
    let connection = FileConnection::connect(FileConfig::from_uri(&uri).unwrap().0).await.unwrap();
    let info = connection.info();
    assert_eq!((info.class.as_str(), info.release.as_str()), ("QAS", IBMI.release));
    assert_eq!(info.job, IBMI.job);
}
