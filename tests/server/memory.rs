//! What clients can make the server hold has bounds, for each of them and for all together. Beyond them a statement
//! fails, the connection goes on, and what was held is given back.

use crate::protocol::Raw;
use crate::query_engine::{Query, QueryEngine};
use crate::raw::{Ask, SQLAM, TEXT, card, input, open, points, section, tables};
use crate::support::{column, config, connect, count, rows, start, start_with, table};
use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::error::Error;
use drdarrow::client::sql::connection::Connection;
use drdarrow::server::backend::Rows;
use drdarrow::server::error::SqlError;
use drdarrow::server::listen::serve;
use drdarrow::server::persona::{DERBY, IBMI, LUW, ZOS};
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::sql::execute::{ExcSqlStt, outovr};
use drdarrow::wire::sql::prepare::{ExcSqlImm, ExcSqlSet, PrpSqlStt};
use drdarrow::wire::sql::query::{CntQry, OpnQry, OpnQryRm};
use drdarrow::wire::sql::text::sqlstt;
use drdarrow::wire::sql::uow::RdbCmm;
use drdarrow::wire::value::typdef::TypDef;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

const MIB: usize = 1 << 20;

fn memory(max_memory: usize, max_connection_memory: usize) -> ServerSettings {
    ServerSettings { max_memory, max_connection_memory, ..ServerSettings::default() }
}

fn numbers() -> MemoryTables {
    let tables = MemoryTables::new();
    tables.put("N", table(vec![column("A", Int32Array::from(vec![1, 2, 3]))]));
    tables
}

fn full(error: &Error, setting: &str) {
    assert_eq!((error.sqlcode, error.sqlstate.as_deref()), (Some(-289), Some("57011")), "{error}");
    assert!(error.message.contains(setting) && error.connection_usable, "{error}");
}

/// Rows without end, in batches of 800 kB that are made for the query.
#[derive(Clone)]
struct Endless;

impl Query for Endless {
    fn columns(&self, _: &str) -> Option<SchemaRef> {
        Some(Arc::new(Schema::new(vec![Field::new("A", DataType::Int64, true)])))
    }

    fn run(&self) -> Result<Rows, SqlError> {
        let batch = || RecordBatch::try_from_iter([("A", Arc::new(Int64Array::from(vec![7; 100_000])) as ArrayRef)]);
        Ok(Box::new(std::iter::repeat_with(move || batch().map_err(|e| SqlError::system(&e.to_string())))))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_ahead_of_many_cursors_are_counted_and_given_back() {
    let server = serve(memory(8 * MIB, 5 * MIB), Arc::new(QueryEngine(Endless))).await.unwrap();
    let (one, other) = (connect(&server).await, connect(&server).await);
    let fill = async |connection: &Connection| {
        let mut open = Vec::new();
        loop {
            let mut stream = match connection.query("ROWS", &[]).await {
                Ok(stream) => stream,
                Err(error) => return (open, error),
            };
            match stream.next().await {
                Ok(batch) => assert!(batch.is_some()),
                Err(error) => return (open, error),
            }
            open.push(stream);
            assert!(open.len() < 100);
        }
    };
    let (held, error) = fill(&one).await;
    full(&error, "max_connection_memory=5242880");
    assert!((3..=6).contains(&held.len()), "{}", held.len());
    let (others, error) = fill(&other).await;
    full(&error, "max_memory=8388608");
    assert!((1..=4).contains(&others.len()), "{}", others.len());
    // Open ones go on.
    for mut stream in held {
        assert!(stream.next().await.unwrap().is_some());
        drop(stream);
    }
    drop(others);
    one.close().await.unwrap();
    other.close().await.unwrap();
    let (held, error) = fill(&connect(&server).await).await;
    full(&error, "max_connection_memory");
    assert!(held.len() >= 3, "{}", held.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_query_needs_no_more_than_its_batch() {
    let server = serve(memory(MIB / 2, MIB / 4), Arc::new(QueryEngine(Endless))).await.unwrap();
    let connection = connect(&server).await;
    let mut stream = connection.query("ROWS", &[]).await.unwrap();
    let mut rows = 0;
    while rows < 1_000_000 {
        rows += stream.next().await.unwrap().unwrap().num_rows();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_asks_for_more_than_anybody_holds_is_cut() {
    let server = serve(ServerSettings::default(), Arc::new(QueryEngine(Endless))).await.unwrap();
    let mut raw = open(&server).await;
    let opnqry = OpnQry::new(section("SYSSH200", 1), 1_000_000).encode(TEXT).unwrap();
    let got = Ask::new().prepare("ROWS").then(&opnqry, &[]).send(&mut raw).await;
    assert_eq!(points(&got)[1..], [cp::OPNQRYRM, cp::QRYDSC, cp::QRYDTA]);
    let instance = OpnQryRm::decode(&got[1].1, TEXT).unwrap().qryinsid;
    let cntqry = CntQry::new(section("SYSSH200", 1), 1_000_000, instance).encode(TEXT).unwrap();
    let got = (0..200).fold(Ask::new(), |ask, _| ask.then(&cntqry, &[])).send(&mut raw).await;
    assert_eq!(got.last().map(|(point, _)| *point), Some(cp::RSCLMTRM));
    assert!((66..72).contains(&got.len()), "{}", got.len());
    // What is asked for now is not much.
    assert_eq!(points(&Ask::new().then(&cntqry, &[]).send(&mut raw).await), [cp::QRYDTA]);
}

#[tokio::test]
async fn prepared_statements_are_counted_until_their_section_is_filled_again() {
    let server = start_with(memory(8 * MIB, MIB), &numbers()).await;
    let mut raw = open(&server).await;
    let prepare = |number: u16, length: usize| {
        let sql = format!("SELECT * FROM N -- {}", "x".repeat(length));
        let command = PrpSqlStt::new(section("SYSSH200", number)).encode(TEXT).unwrap();
        Ask::new().then(&command, &[sqlstt(&sql, &TypDef::OURS, SQLAM).unwrap()])
    };
    for number in 1..=2 {
        assert_eq!(points(&prepare(number, 100_000).send(&mut raw).await), [cp::SQLCARD]);
    }
    let got = prepare(3, 100_000).send(&mut raw).await;
    assert_eq!(points(&got), [cp::SQLERRRM, cp::SQLCARD]);
    let sqlca = card(&LUW, &got);
    assert_eq!((sqlca.sqlcode, sqlca.sqlstate.as_str()), (-289, "57011"));
    assert_eq!(sqlca.tokens, ["max_connection_memory=1048576"]);
    assert_eq!(points(&prepare(1, 10).send(&mut raw).await), [cp::SQLCARD]);
    assert_eq!(points(&prepare(3, 100_000).send(&mut raw).await), [cp::SQLCARD]);
}

#[tokio::test]
async fn changes_that_are_not_committed_are_counted_until_they_are() {
    let server = start_with(memory(MIB, MIB / 2), &numbers()).await;
    let (one, other) = (connect(&server).await, connect(&server).await);
    const MANY: usize = 4000;
    let nines: ArrayRef = Arc::new(Int32Array::from(vec![9; MANY]));
    let many = [RecordBatch::try_from_iter([("N", nines)]).unwrap()];
    let fill = async |connection: &Connection| {
        connection.set_autocommit(false);
        for done in 0..100 {
            if let Err(error) = connection.run("INSERT INTO N VALUES (?)", &many).await {
                full(&error, "max_connection_memory=524288");
                return done;
            }
        }
        panic!("no end of it");
    };
    let before = fill(&one).await;
    assert!((20..=40).contains(&before), "{before}");
    assert_eq!(count(&rows(&one, "SELECT * FROM N").await), 3 + before * MANY);
    one.rollback().await.unwrap();
    let again = fill(&one).await;
    assert!((20..=40).contains(&again), "{again}");
    one.commit().await.unwrap();
    let others = fill(&other).await;
    assert!((20..=40).contains(&others), "{others}");
    assert_eq!(count(&rows(&other, "SELECT * FROM N").await), 3 + (again + others) * MANY);
}

#[tokio::test]
async fn each_row_of_an_array_of_locators_is_counted() {
    let server = start_with(memory(8 * MIB, MIB), &tables()).await;
    let mut raw = open(&server).await;
    let opnqry = OpnQry::new(section("SYSSH200", 1), 32_767).encode(TEXT).unwrap();
    let got = Ask::new().prepare("SELECT C FROM L").then(&opnqry, &[]).send(&mut raw).await;
    let opened = OpnQryRm::decode(&got[1].1, TEXT).unwrap();
    let wanted = outovr(&[&[6, 0x76, 0xD0, 0x1B, 0, 4][..], &[9, 0x71, 0xE0, 0x54, 0, 1, 0xD0, 0, 1]].concat());
    let cntqry = CntQry::new(section("SYSSH200", 1), 32_767, opened.qryinsid).encode(TEXT).unwrap();
    let mut row = Vec::new();
    for _ in 0..3 {
        let got = Ask::new().then(&cntqry, std::slice::from_ref(&wanted)).send(&mut raw).await;
        row = [&[0, 0][..], &got[0].1[3..]].concat();
    }
    let run = async |raw: &mut Raw, rows: u32| {
        let command = ExcSqlStt { nbrrow: Some(rows), ..ExcSqlStt::new(section("SYSSH200", 2)) }.encode(TEXT).unwrap();
        let prepare = PrpSqlStt::new(section("SYSSH200", 2)).encode(TEXT).unwrap();
        let sql = sqlstt("INSERT INTO L VALUES (?)", &TypDef::OURS, SQLAM).unwrap();
        let rows = input(&[(0x1B, 4)], &row.repeat(rows as usize));
        let got = Ask::new().then(&prepare, &[sql]).then(&command, &[rows]).send(raw).await;
        (card(&LUW, &got).sqlcode, card(&LUW, &got).errd[2])
    };
    // 50,000 bytes each: what comes over the line is six a row.
    assert_eq!(run(&mut raw, 100_000).await.0, -289);
    assert_eq!(run(&mut raw, 30).await.0, -289);
    assert_eq!(run(&mut raw, 7).await, (0, 7));
    Ask::new().then(&RdbCmm { rlsconv: None }.encode(TEXT).unwrap(), &[]).send(&mut raw).await;
    let lengths = rows(&connect(&server).await, "SELECT C FROM L").await;
    assert_eq!(count(&lengths), 3 + 7);
}

#[tokio::test]
async fn half_a_request_is_counted_until_its_client_is_gone() {
    let server = start_with(memory(8 * MIB, 6 * MIB), &numbers()).await;
    let (mut one, mut other) = (open(&server).await, open(&server).await);
    let mut chain = Chain::new();
    chain.command(&PrpSqlStt::new(section("SYSSH200", 1)).encode(TEXT).unwrap());
    chain.object(&sqlstt(&"x".repeat(5 * MIB), &TypDef::OURS, SQLAM).unwrap());
    let request = chain.into_bytes();
    let half = request.len() - 1;
    one.send(&request[..half]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    // The server may hang up while this is still being sent.
    let _ = other.0.write_all(&request[..half]).await;
    assert!(other.answer().await.iter().all(|(point, _)| *point == cp::RSCLMTRM));
    assert!(other.is_closed().await);
    one.send(&request[half..]).await;
    assert_eq!(card(&LUW, &one.answer().await).sqlcode, -101);
    // It holds nothing any more.
    let mut third = open(&server).await;
    third.send(&request).await;
    assert_eq!(card(&LUW, &third.answer().await).sqlcode, -101);
    let mut fourth = open(&server).await;
    fourth.send(&request[..half]).await;
    drop(fourth);
    tokio::time::sleep(Duration::from_millis(500)).await;
    third.send(&request).await;
    assert_eq!(card(&LUW, &third.answer().await).sqlcode, -101);
}

#[tokio::test]
async fn a_request_beyond_the_memory_of_its_connection_is_refused_and_the_connection_goes_on() {
    let server = start_with(memory(MIB, 100_000), &numbers()).await;
    let mut raw = open(&server).await;
    let integer = [(0x03, 4)];
    let objects: Vec<Vec<u8>> = (0..2000).map(|_| input(&integer, &[0, 0, 0, 0, 0, 7])).collect();
    let run = |rows: u32| ExcSqlStt { nbrrow: Some(rows), ..ExcSqlStt::new(section("SYSSH200", 1)) }.encode(TEXT);
    let ask = Ask::new().prepare("INSERT INTO N VALUES (?)").then(&run(2000).unwrap(), &objects);
    assert_eq!(points(&ask.send(&mut raw).await), [cp::SQLCARD, cp::RSCLMTRM]);
    let got = Ask::new().then(&run(2).unwrap(), &objects[..2]).send(&mut raw).await;
    assert_eq!(points(&got), [cp::RDBUPDRM, cp::SQLCARD]);
}

#[tokio::test]
async fn statements_are_no_longer_than_two_mebibytes() {
    for persona in [&LUW, &DERBY, &IBMI, &ZOS] {
        let server = start(persona, &numbers()).await;
        let code = if persona.name == DERBY.name { -20001 } else { -101 };
        let connection = connect(&server).await;
        let of = |length: usize| {
            let sql = "SELECT A FROM N --";
            format!("{sql}{}", "x".repeat(length - sql.len()))
        };
        assert_eq!(count(&rows(&connection, &of(2 * MIB)).await), 3, "{}", persona.name);
        let long = of(2 * MIB + 1);
        let mut raw = open(&server).await;
        let got = Ask::new().prepare(&long).send(&mut raw).await;
        assert_eq!(points(&got), [cp::SQLERRRM, cp::SQLCARD]);
        let sqlca = card(persona, &got);
        assert_eq!((sqlca.sqlcode, sqlca.sqlstate.as_str()), (code, "54001"), "{}", persona.name);
        assert_eq!(points(&Ask::new().prepare("SELECT A FROM N").send(&mut raw).await), [cp::SQLCARD]);
    }
    let server = start(&LUW, &numbers()).await;
    let mut raw = open(&server).await;
    let long = sqlstt(&"x".repeat(2 * MIB + 1), &TypDef::OURS, SQLAM).unwrap();
    let immediate =
        ExcSqlImm { pkgnamcsn: section("SYSSH200", 1), rdbcmtok: Some(true), rtnsetstt: None }.encode(TEXT).unwrap();
    let got = Ask::new().then(&immediate, std::slice::from_ref(&long)).send(&mut raw).await;
    assert_eq!((points(&got), card(&LUW, &got).sqlcode), (vec![cp::SQLCARD], -101));
    let set = ExcSqlSet { pkgnamcsn: section("SYSSH200", 1), rtnsetstt: None }.encode(TEXT).unwrap();
    let got = Ask::new().then(&set, &[long]).send(&mut raw).await;
    assert_eq!((points(&got), card(&LUW, &got).sqlcode), (vec![cp::SQLCARD], -101));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_that_nobody_waits_for_makes_room_for_others() {
    let tables = MemoryTables::new();
    tables.put("T", table(vec![column("A", Int32Array::from_iter_values(0..2_000_000))]));
    let server = start_with(ServerSettings { workers: 1, ..ServerSettings::default() }, &tables).await;
    let connection = Connection::connect(config(&server)).await.unwrap();
    connection.set_autocommit(false);
    let connection = Arc::new(connection);
    let none: ArrayRef = Arc::new(Int32Array::from(vec![-1; 10_000]));
    let many = RecordBatch::try_from_iter([("A", none)]).unwrap();
    let asking = connection.clone();
    let task = tokio::spawn(async move { asking.run("DELETE FROM T WHERE A = ?", &[many]).await.map(drop) });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!task.is_finished());
    connection.abort();
    let started = Instant::now();
    let other = connect(&server).await;
    let got = rows(&other, "SELECT A FROM T FETCH FIRST 3 ROWS ONLY").await;
    assert_eq!(count(&got), 3);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert!(task.await.unwrap().is_err());
}
