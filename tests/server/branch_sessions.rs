//! Sessions of branches: what they hold while they are away, and what becomes of them when their connection waits or goes.

use crate::branch_engines::{Engine, served_with, set};
use crate::branches::{NONE, answer, branch, control, open, run, statement, step, xid};
use crate::protocol::Raw;
use crate::raw::{Ask, SQLAM, TEXT, card, section};
use drdarrow::server::error::SqlError;
use drdarrow::server::persona::LUW;
use drdarrow::server::settings::ServerSettings;
use drdarrow::wire::sql::execute::ExcSqlStt;
use drdarrow::wire::sql::prepare::PrpSqlStt;
use drdarrow::wire::sql::syncctl::{SyncCtl, WorkId, XaRetVal, synctype, xaflags};
use drdarrow::wire::sql::text::sqlstt;
use drdarrow::wire::value::typdef::TypDef;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Waits for a condition, with a deadline.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let over = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < over, "never: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Runs a statement that waits; its answer is for later.
async fn begin_waiting(engine: &Engine, raw: &mut Raw) {
    engine.waits.store(true, Relaxed);
    let (command, text) = statement("WAIT");
    Ask::new().then(&command, &text).start(raw).await;
    until("it runs", || engine.take_log().iter().any(|line| line.ends_with("WAIT"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_away_keeps_few_statements_and_all_of_them_can_be_run() {
    let (engine, server) = served_with(ServerSettings::default()).await;
    let mut raw = open(&server).await;
    for n in 1..=100 {
        let command = PrpSqlStt::new(section("SYSSN200", n)).encode(TEXT).unwrap();
        let text = sqlstt(&format!("INSERT {n} {}", "x".repeat(200)), &TypDef::OURS, SQLAM).unwrap();
        Ask::new().then(&command, &[text]).send(&mut raw).await;
    }
    assert_eq!(engine.prepared.load(Relaxed), 100);
    branch(&mut raw, 1).await;
    let kept = engine.prepared.load(Relaxed);
    assert!((1..=32).contains(&kept), "{kept}");
    assert_eq!(step(&mut raw, synctype::PREPARE, 1, NONE).await, XaRetVal::OK);
    assert_eq!(step(&mut raw, synctype::COMMIT, 1, NONE).await, XaRetVal::OK);
    // In another session, and in the one that is back.
    for n in [2, 3] {
        assert_eq!(step(&mut raw, synctype::NEW, n, NONE).await, XaRetVal::OK);
        engine.take_log();
        for statement in [1, 100] {
            let command = ExcSqlStt::new(section("SYSSN200", statement)).encode(TEXT).unwrap();
            Ask::new().then(&command, &[]).send(&mut raw).await;
        }
        let run: Vec<String> = engine.take_log().iter().map(|line| line.replace('x', "")).collect();
        let run: Vec<&str> = run.iter().map(|line| line[2..].trim()).collect();
        assert_eq!(run, ["INSERT 1", "INSERT 100"]);
        assert_eq!(step(&mut raw, synctype::END, n, xaflags::SUCCESS).await, XaRetVal::OK);
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_is_too_long_to_be_kept_is_told() {
    let (engine, server) = served_with(ServerSettings::default()).await;
    let mut raw = open(&server).await;
    let path = |length: usize| format!("SET CURRENT PATH = '{}'", "P".repeat(length));
    set(&mut raw, &path(30_000)).await;
    engine.take_log();
    let (command, text) = statement(&path(40_000));
    let told = card(&LUW, &Ask::new().then(&command, &text).send(&mut raw).await);
    assert_eq!((told.sqlcode, &told.sqlstate[..]), (-101, "54001"));
    assert!(!engine.take_log().iter().any(|line| line.contains("SET")));
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_whose_rows_have_cost_its_transaction_is_told_so_at_its_end() {
    let (engine, server) = served_with(ServerSettings::default()).await;
    let mut raw = open(&server).await;
    let lose = |cause: &str| {
        let error = SqlError { rolled_back: true, ..SqlError::new(-1476, "40506", &[cause]) };
        *engine.lost.lock().unwrap() = Some(error);
    };
    for (n, cause, expected) in [(1, "-803", XaRetVal::INTEGRITY), (2, "-802", XaRetVal::OTHER)] {
        for flags in [xaflags::SUCCESS, xaflags::SUSPEND] {
            assert_eq!(step(&mut raw, synctype::NEW, n, NONE).await, XaRetVal::OK);
            assert_eq!(run(&mut raw, "INSERT 1").await, 0);
            lose(cause);
            engine.take_log();
            assert_eq!(step(&mut raw, synctype::END, n, flags).await, expected);
            assert_eq!(engine.take_log().len(), 1, "it is rolled back");
            if flags == xaflags::SUSPEND {
                assert_eq!(step(&mut raw, synctype::END, n, xaflags::SUCCESS).await, expected);
            }
            assert_eq!(step(&mut raw, synctype::PREPARE, n, NONE).await, expected);
            assert_eq!(step(&mut raw, synctype::COMMIT, n, NONE).await, XaRetVal::UNKNOWN);
        }
    }
    // The transaction after it has nothing to do with that.
    branch(&mut raw, 3).await;
    assert_eq!(step(&mut raw, synctype::COMMIT, 3, xaflags::ONE_PHASE).await, XaRetVal::OK);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_is_rolled_back_in_time_while_its_statement_waits_for_its_turn() {
    let settings = ServerSettings { workers: 1, ..ServerSettings::default() };
    let (engine, server) = served_with(settings).await;
    let (mut busy, mut raw) = (open(&server).await, open(&server).await);
    let begin = SyncCtl { timeout: Some(1500), ..control(synctype::NEW, Some(WorkId::Branch(xid(1))), NONE) };
    assert_eq!(answer(&mut raw, begin).await.xaretval, XaRetVal::OK);
    assert_eq!(run(&mut raw, "INSERT 1").await, 0);
    begin_waiting(&engine, &mut busy).await;
    let (command, text) = statement("INSERT 2");
    Ask::new().then(&command, &text).start(&mut raw).await;
    until("a rollback", || engine.take_log().contains(&"2 ROLLBACK".to_owned())).await;
    engine.waits.store(false, Relaxed);
    assert_eq!(card(&LUW, &raw.answer().await).sqlcode, -918);
    assert!(!engine.take_log().iter().any(|line| line.contains("INSERT 2")));
    assert_eq!(step(&mut raw, synctype::END, 1, xaflags::SUCCESS).await, XaRetVal::TIMEOUT);
    busy.answer().await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_does_not_wait_for_his_turn() {
    let settings = ServerSettings { workers: 1, ..ServerSettings::default() };
    let (engine, server) = served_with(settings).await;
    let (mut busy, mut raw) = (open(&server).await, open(&server).await);
    assert_eq!(run(&mut raw, "INSERT 1").await, 0);
    begin_waiting(&engine, &mut busy).await;
    let (command, text) = statement("INSERT 2");
    Ask::new().then(&command, &text).start(&mut raw).await;
    drop(raw);
    until("its session is gone", || engine.open.load(Relaxed) == 1).await;
    engine.waits.store(false, Relaxed);
    busy.answer().await;
    assert!(!engine.take_log().iter().any(|line| line.contains("INSERT 2")));
    server.shutdown().await;
}
