//! Clients that have logged in and mean no good: commands in any order with any objects, chains and frames that are
//! longer than they may be, an engine that is slow. The server answers or hangs up, calls its engine one at a time, and
//! goes on for others.

use crate::raw::{Ask, TEXT, card, input, open, points, section};
use crate::support::{column, connect, count, rows, start, start_with, table};
use arrow_array::{Int32Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use drdarrow::server::backend::{Backend, ConnectError, Done, Login, Parameters, Prepared, Rows, Session};
use drdarrow::server::error::SqlError;
use drdarrow::server::listen::serve;
use drdarrow::server::persona::LUW;
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::sql::execute::{ExcSqlStt, outovr};
use drdarrow::wire::sql::prepare::{DscSqlStt, ExcSqlImm, ExcSqlSet, PrpSqlStt};
use drdarrow::wire::sql::query::{ClsQry, CntQry, OpnQry, OpnQryRm};
use drdarrow::wire::sql::text::sqlstt;
use drdarrow::wire::sql::uow::{RdbCmm, RdbRllBck};
use drdarrow::wire::value::typdef::TypDef;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

const SQLAM: u16 = 7;
/// Ten times what an answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Numbers that look random, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

fn stt(sql: &str) -> Vec<u8> {
    sqlstt(sql, &TypDef::OURS, SQLAM).unwrap()
}

fn object(point: CodePoint, data: &[u8]) -> Vec<u8> {
    [&(data.len() as u16 + 4).to_be_bytes()[..], &point.number().to_be_bytes(), data].concat()
}

/// Commands that are right, of several sections, and some of the other side and of the login.
fn commands() -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for n in [1, 2] {
        let name = || section("SYSSH200", n);
        out.push(PrpSqlStt::new(name()).encode(TEXT).unwrap());
        out.push(PrpSqlStt { rtnsqlda: Some(true), ..PrpSqlStt::new(name()) }.encode(TEXT).unwrap());
        out.push(DscSqlStt { pkgnamcsn: name(), typsqlda: Some(n as u8) }.encode(TEXT).unwrap());
        out.push(OpnQry::new(name(), 32_767).encode(TEXT).unwrap());
        out.push(OpnQry { qryclsimp: Some(2), ..OpnQry::new(name(), 512) }.encode(TEXT).unwrap());
        for instance in [0, 1, u64::MAX] {
            out.push(CntQry::new(name(), 512, Some(instance)).encode(TEXT).unwrap());
            let close = ClsQry { pkgnamcsn: name(), qryinsid: Some(instance), qryclsrls: None };
            out.push(close.encode(TEXT).unwrap());
        }
        out.push(ExcSqlStt::new(name()).encode(TEXT).unwrap());
        out.push(ExcSqlStt { nbrrow: Some(u32::MAX), ..ExcSqlStt::new(name()) }.encode(TEXT).unwrap());
        out.push(ExcSqlStt { outexp: Some(true), ..ExcSqlStt::new(section("SYSSTAT", n)) }.encode(TEXT).unwrap());
        out.push(ExcSqlImm { pkgnamcsn: name(), rdbcmtok: Some(true), rtnsetstt: None }.encode(TEXT).unwrap());
        out.push(ExcSqlSet { pkgnamcsn: name(), rtnsetstt: Some(1) }.encode(TEXT).unwrap());
    }
    out.push(RdbCmm { rlsconv: None }.encode(TEXT).unwrap());
    out.push(RdbRllBck { rlsconv: None }.encode(TEXT).unwrap());
    out.extend(
        [cp::S38CMD, cp::S38OPEN, cp::CMMUOW, cp::SECCHK, cp::ACCRDB, cp::SYNCCTL, cp::QRYDTA].map(|p| object(p, &[])),
    );
    out
}

fn objects() -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = [
        "SELECT * FROM N",
        "SELECT A FROM N WHERE A = ?",
        "INSERT INTO N VALUES (?)",
        "INSERT INTO N VALUES (7)",
        "DELETE FROM N",
        "CREATE TABLE M (A INTEGER)",
        "DROP TABLE M",
        "DROP TABLE N",
        "SAVEPOINT S ON ROLLBACK RETAIN CURSORS",
        "ROLLBACK TO SAVEPOINT S",
        "SET SCHEMA X",
        "SELEKT",
        "",
    ]
    .map(stt)
    .to_vec();
    out.push(object(cp::SQLATTR, &stt("WITH HOLD SCROLL")[4..]));
    out.push(input(&[(0x03, 4)], &[0, 0, 0, 0, 0, 7]));
    out.push(input(&[(0x03, 4), (0x03, 4)], &[0, 0, 0, 0, 0, 7]));
    out.push(input(&[(0x03, 4)], &[0; 3]));
    out.push(input(&[(0xCB, 0x8004)], &[0, 0, 0, 0, 0, 9]));
    out.push(object(cp::SQLDTA, &[0, 10, 0, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]));
    out.push(object(cp::EXTDTA, b"\0some"));
    out.push(object(cp::EXTDTA, b""));
    out.push(outovr(&[6, 0x76, 0xD0, 0x1B, 0, 4]));
    out.push(object(cp::OUTOVR, &[1, 2]));
    out.push(object(cp::TYPDEFNAM, &[0xFF; 300]));
    out.push(object(cp::TYPDEFOVR, &[0, 6, 0x11, 0x9C, 0x7F, 0xFF]));
    out.push(object(cp::QRYDTA, &[0; 40]));
    out.push(object(cp::OPNQRY, &[]));
    out
}

/// A chain of commands and objects put together by chance, one byte of it sometimes wrong.
fn chain(random: &mut Random, commands: &[Vec<u8>], objects: &[Vec<u8>]) -> Vec<u8> {
    let mut chain = Chain::new();
    for _ in 0..=random.below(5) {
        let mut command = random.of(commands).clone();
        if random.below(8) == 0 && command.len() > 4 {
            let at = 4 + random.below(command.len() - 4);
            command[at] = random.below(256) as u8;
        }
        chain.command(&command);
        for _ in 0..random.below(4) {
            let object: &Vec<u8> = random.of(objects);
            chain.object(object);
        }
    }
    chain.into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_and_objects_by_chance_disturb_nobody() {
    let tables = MemoryTables::new();
    tables.put("N", table(vec![column("A", Int32Array::from_iter_values(0..1000))]));
    tables.put("GOOD", table(vec![column("A", Int32Array::from_iter_values(0..10))]));
    let server = start_with(ServerSettings { workers: 2, ..ServerSettings::default() }, &tables).await;
    let good = connect(&server).await;
    let (commands, objects) = (commands(), objects());
    let mut random = Random(11);
    let (mut raw, mut fresh) = (open(&server).await, 0);
    for round in 0..3000 {
        let bytes = chain(&mut random, &commands, &objects);
        let answered = timeout(PATIENCE, async {
            raw.0.write_all(&bytes).await.ok()?;
            let got = raw.answer().await;
            let ends = got.iter().any(|(point, _)| {
                [cp::SYNTAXRM, cp::PRCCNVRM, cp::DTAMCHRM, cp::DSCINVRM, cp::CMDCHKRM].contains(point)
            });
            (!got.is_empty() && !ends).then_some(())
        });
        let answered = answered.await.unwrap_or_else(|_| panic!("round {round}: no reply to {bytes:02X?}"));
        if answered.is_none() {
            (raw, fresh) = (open(&server).await, fresh + 1);
        }
        if round % 300 == 0 {
            let started = Instant::now();
            assert_eq!(count(&rows(&good, "SELECT * FROM GOOD").await), 10);
            assert!(started.elapsed() < Duration::from_secs(5));
        }
    }
    // Some of it makes sense, some does not.
    assert!((100..2900).contains(&fresh), "{fresh}");
    timeout(PATIENCE, server.shutdown()).await.unwrap();
}

/// An engine whose rows take their time, and which is asked for one thing at a time.
#[derive(Clone, Default)]
struct Slow {
    busy: Arc<AtomicBool>,
    clashes: Arc<AtomicUsize>,
}

impl Slow {
    fn work(&self, time: Duration) {
        let clash = self.busy.swap(true, Ordering::AcqRel);
        self.clashes.fetch_add(usize::from(clash), Ordering::AcqRel);
        std::thread::sleep(time);
        self.busy.store(false, Ordering::Release);
    }
}

impl Backend for Slow {
    fn connect(&self, _: &Login) -> Result<Box<dyn Session>, ConnectError> {
        Ok(Box::new(self.clone()))
    }
}

fn schema() -> Arc<Schema> {
    Arc::new(Schema::new(vec![Field::new("A", DataType::Int32, true)]))
}

impl Session for Slow {
    fn prepare(&mut self, sql: &str) -> Result<Prepared, SqlError> {
        self.work(Duration::ZERO);
        let columns = sql.starts_with("SELECT").then(schema);
        Ok(Prepared { statement: 1, columns, parameters: Vec::new() })
    }

    fn query(&mut self, _: u64, _: &Parameters) -> Result<Rows, SqlError> {
        self.work(Duration::ZERO);
        let (engine, mut first) = (self.clone(), true);
        Ok(Box::new(std::iter::from_fn(move || {
            // The first row is there at once, the next is not.
            engine.work(Duration::from_millis(if std::mem::take(&mut first) { 0 } else { 130 }));
            Some(Ok(RecordBatch::try_new(schema(), vec![Arc::new(Int32Array::from(vec![1]))]).unwrap()))
        })))
    }

    fn execute(&mut self, _: u64, _: &Parameters) -> Result<Done, SqlError> {
        self.work(Duration::ZERO);
        Ok(Done::default())
    }

    fn forget(&mut self, _: u64) {
        self.work(Duration::ZERO);
    }

    fn set(&mut self, _: &str) -> Result<(), SqlError> {
        self.work(Duration::ZERO);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        self.work(Duration::ZERO);
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        self.work(Duration::ZERO);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_engine_is_asked_for_one_thing_at_a_time() {
    let engine = Slow::default();
    let server = serve(ServerSettings::default(), Arc::new(engine.clone())).await.unwrap();
    let (commands, mut objects) = (commands(), objects());
    objects.truncate(3);
    let mut random = Random(5);
    let mut raw = open(&server).await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        let bytes = chain(&mut random, &commands, &objects);
        let got = timeout(PATIENCE, async {
            raw.0.write_all(&bytes).await.ok()?;
            Some(raw.answer().await).filter(|got| !got.is_empty())
        });
        if got.await.unwrap().is_none() {
            drop(raw);
            // What it had under way ends first.
            tokio::time::sleep(Duration::from_millis(300)).await;
            raw = open(&server).await;
        }
    }
    assert_eq!(engine.clashes.load(Ordering::Acquire), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_too_many_is_not_run() {
    let engine = Slow::default();
    let server = serve(ServerSettings::default(), Arc::new(engine.clone())).await.unwrap();
    let mut raw = open(&server).await;
    let held = |ask: Ask| {
        let command = PrpSqlStt::new(section("SYSSH200", 1)).encode(TEXT).unwrap();
        let attributes = object(cp::SQLATTR, &stt("FOR READ ONLY")[4..]);
        ask.then(&command, &[attributes, stt("SELECT 1")])
    };
    // Rows go out whole, and none with the open: nothing is asked of the engine yet.
    let opnqry = OpnQry { qryblkctl: Some(cp::FRCFIXROW), ..OpnQry::new(section("SYSSH200", 1), 32_767) };
    let opnqry = opnqry.encode(TEXT).unwrap();
    held(Ask::new()).send(&mut raw).await;
    for _ in 0..1024 {
        assert_eq!(points(&Ask::new().then(&opnqry, &[]).send(&mut raw).await)[..1], [cp::OPNQRYRM]);
    }
    // One more would read ahead.
    let more = OpnQry::new(section("SYSSH200", 1), 32_767).encode(TEXT).unwrap();
    assert_eq!(points(&Ask::new().then(&more, &[]).send(&mut raw).await).last(), Some(&cp::RSCLMTRM));
    let commit = RdbCmm { rlsconv: None }.encode(TEXT).unwrap();
    for _ in 0..3 {
        assert_eq!(points(&Ask::new().then(&commit, &[]).send(&mut raw).await)[..1], [cp::ENDUOWRM]);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(engine.clashes.load(Ordering::Acquire), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_of_objects_that_is_too_long_is_refused_and_the_connection_goes_on() {
    let tables = MemoryTables::new();
    tables.put("N", table(vec![column("A", Int32Array::from(vec![1]))]));
    let server = start_with(ServerSettings { max_request: 200_000, ..ServerSettings::default() }, &tables).await;
    let mut raw = open(&server).await;
    let run = ExcSqlStt::new(section("SYSSH200", 1)).encode(TEXT).unwrap();
    let row = || input(&[(0x03, 4)], &[0, 0, 0, 0, 0, 7]);
    let long = {
        // An extended length of four bytes.
        let data = vec![7; 1 << 20];
        [&[0x80, 8][..], &cp::EXTDTA.number().to_be_bytes(), &(data.len() as u32).to_be_bytes(), &data].concat()
    };
    let ask = Ask::new().prepare("INSERT INTO N VALUES (?)").then(&run, &[row(), long.clone(), row()]);
    assert_eq!(points(&ask.send(&mut raw).await), [cp::SQLCARD, cp::RSCLMTRM]);
    let got = Ask::new().then(&run, &[row()]).send(&mut raw).await;
    assert_eq!((points(&got), card(&LUW, &got).sqlcode), (vec![cp::RDBUPDRM, cp::SQLCARD], 0));
    // Without end it is not borne with, nor where the command itself is so long.
    let mut endless = Chain::new();
    endless.command(&run);
    (0..4).for_each(|_| endless.object(&long));
    raw.send(&endless.into_bytes()).await;
    assert_eq!(raw.answer().await.first().map(|(point, _)| *point), Some(cp::SYNTAXRM));
    assert!(raw.is_closed().await);
    let mut raw = open(&server).await;
    let mut chain = Chain::new();
    chain.command(&object(cp::EXCSQLSTT, &[0; 4]).into_iter().chain(vec![0; 300_000]).collect::<Vec<_>>());
    let _ = raw.0.write_all(&chain.into_bytes()).await;
    assert!(raw.answer().await.iter().all(|(point, _)| *point == cp::SYNTAXRM));
}

#[tokio::test]
async fn queries_side_by_side_are_kept_apart() {
    let tables = MemoryTables::new();
    tables.put("N", table(vec![column("A", Int32Array::from_iter_values(0..10_000))]));
    let server = start(&LUW, &tables).await;
    let mut raw = open(&server).await;
    Ask::new().prepare("SELECT * FROM N").send(&mut raw).await;
    let opnqry = OpnQry::new(section("SYSSH200", 1), 512).encode(TEXT).unwrap();
    let mut instances = Vec::new();
    for _ in 0..5 {
        let got = Ask::new().then(&opnqry, &[]).send(&mut raw).await;
        instances.push(OpnQryRm::decode(&got[0].1, TEXT).unwrap().qryinsid.unwrap());
    }
    let ask = |instance: u64| {
        let command = CntQry::new(section("SYSSH200", 1), 512, Some(instance)).encode(TEXT).unwrap();
        Ask::new().then(&command, &[])
    };
    let mut blocks = Vec::new();
    for instance in &instances {
        blocks.push(ask(*instance).send(&mut raw).await);
    }
    // Each is where it would be alone.
    assert!(blocks.iter().all(|block| block == &blocks[0] && points(block) == [cp::QRYDTA]));
    let close = ClsQry { pkgnamcsn: section("SYSSH200", 1), qryinsid: Some(instances[2]), qryclsrls: None };
    let close = close.encode(TEXT).unwrap();
    assert_eq!(points(&Ask::new().then(&close, &[]).send(&mut raw).await), [cp::SQLCARD]);
    assert_eq!(points(&ask(instances[2]).send(&mut raw).await), [cp::QRYNOPRM]);
    assert_eq!(points(&ask(instances[3]).send(&mut raw).await), [cp::QRYDTA]);
    let rollback = RdbRllBck { rlsconv: None }.encode(TEXT).unwrap();
    Ask::new().then(&rollback, &[]).send(&mut raw).await;
    for instance in instances {
        assert_eq!(points(&ask(instance).send(&mut raw).await), [cp::QRYNOPRM]);
    }
}
