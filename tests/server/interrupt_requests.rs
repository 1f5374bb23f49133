//! INTRDBRQS: a statement is broken off by the token of its connection, from another one that has not logged in; and
//! nothing else is.

use crate::interrupt::{Sisyphus, in_the_background};
use crate::protocol::{Raw, excsat};
use crate::query_engine::QueryEngine;
use crate::raw::{Ask, TEXT, card, input, open, points, section};
use crate::support::{PERSONAS, column, start, table};
use arrow_array::StringArray;
use drdarrow::server::listen::{Server, serve};
use drdarrow::server::persona::LUW;
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::sql::accrdb::AccRdbRm;
use drdarrow::wire::sql::execute::ExcSqlStt;
use drdarrow::wire::sql::intrdbrqs::IntRdbRqs;
use drdarrow::wire::sql::package::RdbNam;
use drdarrow::wire::sql::query::OpnQry;
use drdarrow::wire::sql::sndpkt::SndPkt;
use drdarrow::wire::sql::uow::RdbRllBck;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// The token of a connection that has just logged in.
async fn login(raw: &mut Raw) -> Option<Vec<u8>> {
    let got = raw.login().await;
    let (_, body) = got.iter().find(|(point, _)| *point == cp::ACCRDBRM).unwrap();
    AccRdbRm::decode(body, TEXT).unwrap().rdbinttkn
}

/// The answer to an interrupt on a connection of its own, after EXCSAT's.
async fn interrupt(server: &Server, token: &[u8], database: Option<&str>) -> CodePoint {
    let mut raw = Raw::connect(server).await;
    let rdbnam = database.map(|name| RdbNam(name.to_owned()));
    let asked = IntRdbRqs { rdbnam, rdbinttkn: token.to_vec() }.encode(TEXT).unwrap();
    let got = raw.ask(&[excsat(), asked]).await;
    assert_eq!(points(&got)[..got.len() - 1], [cp::EXCSATRD]);
    got.last().unwrap().0
}

fn query() -> Ask {
    let open = OpnQry::new(section("SYSSH200", 1), 32_767).encode(TEXT).unwrap();
    Ask::new().prepare("WORK").then(&open, &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_ends_by_the_token_of_its_connection() {
    let work = Arc::new(Sisyphus::default());
    let server = serve(ServerSettings::default(), Arc::new(QueryEngine(work.clone()))).await.unwrap();
    let mut raw = Raw::connect(&server).await;
    let token = login(&mut raw).await.unwrap();
    let mut other = Raw::connect(&server).await;
    let others = login(&mut other).await.unwrap();
    assert!(token.len() >= 16 && token != others);
    for database in [None, Some("DB"), Some("db")] {
        query().start(&mut raw).await;
        assert!(in_the_background(&work, true).await);
        // Wrong ones have the same answer, and break nothing off.
        let mut wrong = token.clone();
        wrong[15] ^= 1;
        for (token, database) in [
            (&wrong[..], None),
            (&token[..15], None),
            (&[], None),
            (&[7; 300], None),
            (&others, None),
            (&token, Some("NO")),
        ] {
            assert_eq!(interrupt(&server, token, database).await, cp::CMDCMPRM);
        }
        sleep(Duration::from_millis(150)).await;
        assert!(work.is_working());
        assert_eq!(interrupt(&server, &token, database).await, cp::CMDCMPRM);
        let got = raw.answer().await;
        assert_eq!(points(&got), [cp::SQLCARD, cp::OPNQFLRM, cp::SQLCARD]);
        let told = card(&LUW, &got);
        assert_eq!((told.sqlcode, &told.sqlstate[..]), (-952, "57014"));
        // The connection goes on, and so does the unit of work: there is one to be rolled back.
        let back = RdbRllBck { rlsconv: None }.encode(TEXT).unwrap();
        assert_eq!(points(&Ask::new().then(&back, &[]).send(&mut raw).await), [cp::ENDUOWRM, cp::SQLCARD]);
    }
    // It hit nothing after the connection was gone.
    drop(raw);
    assert_eq!(interrupt(&server, &token, None).await, cp::CMDCMPRM);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_that_comes_while_nothing_runs_is_forgotten() {
    let work = Arc::new(Sisyphus::default());
    let server = serve(ServerSettings::default(), Arc::new(QueryEngine(work.clone()))).await.unwrap();
    let mut raw = Raw::connect(&server).await;
    let token = login(&mut raw).await.unwrap();
    for _ in 0..3 {
        assert_eq!(interrupt(&server, &token, None).await, cp::CMDCMPRM);
    }
    query().start(&mut raw).await;
    assert!(in_the_background(&work, true).await);
    sleep(Duration::from_millis(300)).await;
    assert!(work.is_working());
    interrupt(&server, &token, None).await;
    assert_eq!(card(&LUW, &raw.answer().await).sqlcode, -952);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_waits_for_its_turn_is_interrupted_as_well() {
    let work = Arc::new(Sisyphus::default());
    let settings = ServerSettings { workers: 1, ..ServerSettings::default() };
    let server = serve(settings, Arc::new(QueryEngine(work.clone()))).await.unwrap();
    let (mut first, mut second) = (Raw::connect(&server).await, Raw::connect(&server).await);
    let tokens = [login(&mut first).await.unwrap(), login(&mut second).await.unwrap()];
    query().start(&mut first).await;
    assert!(in_the_background(&work, true).await);
    query().start(&mut second).await;
    sleep(Duration::from_millis(100)).await;
    interrupt(&server, &tokens[1], None).await;
    interrupt(&server, &tokens[0], None).await;
    assert_eq!(card(&LUW, &first.answer().await).sqlcode, -952);
    assert_eq!(card(&LUW, &second.answer().await).sqlcode, -952);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_tables_in_memory_is_undone_and_nothing_before_it() {
    let tables = MemoryTables::new();
    let texts: Vec<String> = (0..200_000).map(|n| format!("some text {n}")).collect();
    tables.put("T", table(vec![column("A", StringArray::from(texts))]));
    let server = start(&LUW, &tables).await;
    let mut raw = Raw::connect(&server).await;
    let token = login(&mut raw).await.unwrap();
    let run = |rows| ExcSqlStt { nbrrow: Some(rows), ..ExcSqlStt::new(section("SYSSH200", 1)) }.encode(TEXT).unwrap();
    let text = |text: &str| [&[0, 0, 0, text.len() as u8], text.as_bytes()].concat();
    let one = input(&[(0x3F, 20)], &text("some text 7"));
    let prepare = || Ask::new().prepare("DELETE FROM T WHERE A = ?");
    assert_eq!(card(&LUW, &prepare().then(&run(1), &[one]).send(&mut raw).await).sqlcode, 0);
    // Each row is searched for in the whole table.
    let rows: Vec<u8> = (0..20_000).flat_map(|n| text(&format!("some text {n}"))).collect();
    prepare().then(&run(20_000), &[input(&[(0x3F, 20)], &rows)]).start(&mut raw).await;
    sleep(Duration::from_millis(300)).await;
    let started = Instant::now();
    interrupt(&server, &token, None).await;
    assert_eq!(card(&LUW, &raw.answer().await).sqlcode, -952);
    assert!(started.elapsed() < Duration::from_secs(10));
    let count = |sql: &str| {
        let open = OpnQry::new(section("SYSSH200", 1), 32_767).encode(TEXT).unwrap();
        Ask::new().prepare(sql).then(&open, &[])
    };
    let got = count("SELECT COUNT(*) FROM T").send(&mut raw).await;
    let rows = &got.iter().find(|(point, _)| *point == cp::QRYDTA).unwrap().1;
    assert!(rows.windows(4).any(|bytes| bytes == 199_999_i32.to_le_bytes()), "{rows:02X?}");
    server.shutdown().await;
}

#[tokio::test]
async fn products_without_interrupts_give_no_token() {
    for persona in PERSONAS {
        let server = start(persona, &MemoryTables::new()).await;
        let mut raw = Raw::connect(&server).await;
        let expected = if persona.interrupts { cp::CMDCMPRM } else { cp::CMDNSPRM };
        assert_eq!(login(&mut raw).await.is_some(), persona.interrupts, "{}", persona.name);
        assert_eq!(interrupt(&server, &[7; 16], None).await, expected, "{}", persona.name);
    }
}

#[tokio::test]
async fn connections_for_interrupts_have_the_limits_of_those_that_log_in() {
    let settings = ServerSettings { login_timeout: Duration::from_millis(400), ..ServerSettings::default() };
    let server = serve(settings, Arc::new(MemoryTables::new())).await.unwrap();
    let asked = IntRdbRqs { rdbnam: None, rdbinttkn: vec![7; 16] }.encode(TEXT).unwrap();
    let mut raw = Raw::connect(&server).await;
    let got = raw.ask(&[vec![excsat()], vec![asked.clone(); 30]].concat()).await;
    assert_eq!(points(&got).iter().filter(|point| **point == cp::CMDCMPRM).count(), 15);
    assert_eq!(points(&got).last(), Some(&cp::RSCLMTRM));
    // It goes when its time is over, and cannot come before EXCSAT.
    let mut raw = Raw::connect(&server).await;
    raw.ask(&[excsat(), asked.clone()]).await;
    assert!(raw.is_closed().await);
    let mut raw = Raw::connect(&server).await;
    assert_eq!(points(&raw.ask(&[asked]).await), [cp::PRCCNVRM]);
    server.shutdown().await;
}

#[tokio::test]
async fn a_packet_is_answered_by_one_of_the_length_that_was_asked_for() {
    for persona in PERSONAS {
        let server = start(persona, &MemoryTables::new()).await;
        let mut raw = open(&server).await;
        for respktsz in [0, 1, 32_000] {
            let command = SndPkt { respktsz, rdbnam: None }.encode(TEXT).unwrap();
            let got = Ask::new().then(&command, &[vec![0, 8, 0x1C, 4, 1, 2, 3, 4]]).send(&mut raw).await;
            assert_eq!((got[0].0, got[0].1.len(), got.len()), (cp::PKTOBJ, respktsz as usize, 1));
        }
    }
}
