//! Engines of branches: which session is told what, and ends that fail, that nobody knows, or that take their time. One that
//! keeps a log.

use crate::branches::{NONE, answer, branch, control, open, run, statement, step, waiting, xid};
use crate::protocol::Raw;
use crate::raw::Ask;
use drdarrow::server::backend::{Backend, ConnectError, Done, Login, Parameters, Prepared, Rows, Session};
use drdarrow::server::error::SqlError;
use drdarrow::server::listen::{Server, serve};
use drdarrow::server::settings::ServerSettings;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::sql::syncctl::{WorkId, XaRetVal, synctype, xaflags};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// An engine that keeps a log.
#[derive(Default)]
pub(crate) struct Engine {
    sessions: AtomicUsize,
    /// Statements that its sessions have prepared and not forgotten.
    pub(crate) prepared: AtomicUsize,
    pub(crate) open: AtomicUsize,
    /// Of the next error with which rows have ended.
    pub(crate) lost: Mutex<Option<SqlError>>,
    /// Statements that begin with WAIT do so meanwhile.
    pub(crate) waits: AtomicBool,
    log: Mutex<Vec<String>>,
    commits_fail: AtomicBool,
    rollbacks_fail: AtomicBool,
    commits_wait: AtomicBool,
}

impl Engine {
    /// The log so far.
    pub(crate) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

struct Logged(Arc<Engine>);

struct LoggedSession {
    engine: Arc<Engine>,
    number: usize,
    statements: Vec<String>,
}

impl Backend for Logged {
    fn connect(&self, _: &Login) -> Result<Box<dyn Session>, ConnectError> {
        let number = self.0.sessions.fetch_add(1, Relaxed) + 1;
        self.0.open.fetch_add(1, Relaxed);
        Ok(Box::new(LoggedSession { engine: self.0.clone(), number, statements: Vec::new() }))
    }
}

impl Drop for LoggedSession {
    fn drop(&mut self) {
        self.engine.open.fetch_sub(1, Relaxed);
    }
}

/// Until a condition is no more, but not for ever.
fn wait_while(condition: &AtomicBool) {
    let until = Instant::now() + Duration::from_secs(20);
    while condition.load(Relaxed) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl LoggedSession {
    fn done(&self, sql: &str) {
        self.engine.log.lock().unwrap().push(format!("{} {sql}", self.number));
    }
}

impl Session for LoggedSession {
    fn prepare(&mut self, sql: &str) -> Result<Prepared, SqlError> {
        self.statements.push(sql.to_owned());
        self.engine.prepared.fetch_add(1, Relaxed);
        Ok(Prepared { statement: self.statements.len() as u64, columns: None, parameters: Vec::new() })
    }

    fn query(&mut self, _: u64, _: &Parameters) -> Result<Rows, SqlError> {
        Err(SqlError::system("no queries"))
    }

    fn execute(&mut self, statement: u64, _: &Parameters) -> Result<Done, SqlError> {
        let sql = &self.statements[statement as usize - 1];
        self.done(sql);
        if sql.starts_with("WAIT") {
            wait_while(&self.engine.waits);
        }
        Ok(Done { count: sql.starts_with("INSERT").then_some(1), warning: None })
    }

    fn forget(&mut self, _: u64) {
        self.engine.prepared.fetch_sub(1, Relaxed);
    }

    fn set(&mut self, sql: &str) -> Result<(), SqlError> {
        self.done(sql);
        Ok(())
    }

    fn reset(&mut self) -> Result<(), SqlError> {
        self.done("RESET");
        Ok(())
    }

    fn lost(&self) -> Option<SqlError> {
        self.engine.lost.lock().unwrap().clone()
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        wait_while(&self.engine.commits_wait);
        if self.engine.commits_fail.load(Relaxed) { Err(SqlError::new(-803, "23505", &[])) } else { Ok(()) }
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        self.done("ROLLBACK");
        *self.engine.lost.lock().unwrap() = None;
        if self.engine.rollbacks_fail.load(Relaxed) { Err(SqlError::system("no more")) } else { Ok(()) }
    }
}

/// A SET that succeeds: it has no SQLCA.
pub(crate) async fn set(raw: &mut Raw, sql: &str) {
    let (command, text) = statement(sql);
    assert_eq!(Ask::new().then(&command, &text).send(raw).await, [(cp::SQLCARD, vec![0xFF])], "{sql}");
}

async fn served() -> (Arc<Engine>, Server) {
    served_with(ServerSettings::default()).await
}

pub(crate) async fn served_with(settings: ServerSettings) -> (Arc<Engine>, Server) {
    let engine = Arc::new(Engine::default());
    (engine.clone(), serve(settings, Arc::new(Logged(engine))).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_those_of_the_connection_whatever_session_it_has() {
    let (engine, server) = served().await;
    let (mut one, mut two) = (open(&server).await, open(&server).await);
    set(&mut one, "SET SCHEMA S1").await;
    for sql in ["SET SCHEMA OLD", "SET SCHEMA S2"] {
        set(&mut two, sql).await;
    }
    branch(&mut one, 1).await;
    engine.take_log();
    assert_eq!(step(&mut two, synctype::NEW, 1, xaflags::JOIN).await, XaRetVal::OK);
    assert_eq!(run(&mut two, "INSERT 2").await, 0);
    set(&mut two, "SET PATH P").await;
    assert_eq!(step(&mut two, synctype::END, 1, xaflags::SUCCESS).await, XaRetVal::OK);
    assert_eq!(run(&mut two, "INSERT 3").await, 0);
    let told = |log: Vec<String>| log.into_iter().filter(|line| !line.ends_with("ROLLBACK")).collect::<Vec<_>>();
    let log = told(engine.take_log());
    // The settings of the other connection go first.
    assert_eq!(log[..4], ["1 RESET", "1 SET SCHEMA S2", "1 INSERT 2", "1 SET PATH P"]);
    assert_eq!(log[4..], ["2 SET SCHEMA S2", "2 SET PATH P", "2 INSERT 3"]);
    // And so it is the other way round.
    assert_eq!(step(&mut one, synctype::NEW, 1, xaflags::JOIN).await, XaRetVal::OK);
    assert_eq!(run(&mut one, "INSERT 3").await, 0);
    assert_eq!(step(&mut one, synctype::END, 1, xaflags::SUCCESS).await, XaRetVal::OK);
    assert_eq!(told(engine.take_log()), ["1 RESET", "1 SET SCHEMA S1", "1 INSERT 3"]);
    // The session of a branch of another connection is not for local work.
    assert_eq!(step(&mut two, synctype::COMMIT, 1, xaflags::ONE_PHASE).await, XaRetVal::OK);
    assert_eq!(run(&mut one, "INSERT 4").await, 0);
    assert_eq!(told(engine.take_log()), ["3 SET SCHEMA S1", "3 INSERT 4"]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registers_may_be_set_as_often_as_one_likes() {
    let (_, server) = served().await;
    let mut raw = open(&server).await;
    for n in 0..300 {
        set(&mut raw, &format!("SET CURRENT PACKAGE PATH = 'P{n}'")).await;
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_failed_is_told_by_what_is_known_of_it() {
    let (engine, server) = served().await;
    let mut raw = open(&server).await;
    let local = || control(synctype::COMMIT, Some(WorkId::Local), xaflags::LOCAL);
    assert_eq!(run(&mut raw, "INSERT 1").await, 0);
    engine.take_log();
    engine.commits_fail.store(true, Relaxed);
    assert_eq!(answer(&mut raw, local()).await.xaretval, XaRetVal::INTEGRITY);
    assert_eq!(engine.take_log(), ["1 ROLLBACK"]);
    branch(&mut raw, 1).await;
    assert_eq!(step(&mut raw, synctype::PREPARE, 1, NONE).await, XaRetVal::OK);
    engine.rollbacks_fail.store(true, Relaxed);
    assert_eq!(run(&mut raw, "INSERT 2").await, 0);
    assert_eq!(answer(&mut raw, local()).await.xaretval, XaRetVal::SERVER_ERROR);
    for _ in 0..2 {
        assert_eq!(step(&mut raw, synctype::COMMIT, 1, NONE).await, XaRetVal::HAZARD);
    }
    assert_eq!(waiting(&mut raw).await, [xid(1)]);
    assert_eq!(step(&mut raw, synctype::FORGET, 1, NONE).await, XaRetVal::OK);
    assert_eq!(waiting(&mut raw).await, []);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_is_being_committed_is_asked_for_again() {
    let (engine, server) = served().await;
    let (mut raw, mut other) = (open(&server).await, open(&server).await);
    branch(&mut raw, 1).await;
    assert_eq!(step(&mut raw, synctype::PREPARE, 1, NONE).await, XaRetVal::OK);
    engine.commits_wait.store(true, Relaxed);
    let first = tokio::spawn(async move { step(&mut raw, synctype::COMMIT, 1, NONE).await });
    sleep(Duration::from_millis(300)).await;
    assert_eq!(step(&mut other, synctype::COMMIT, 1, NONE).await, XaRetVal::RETRY);
    assert_eq!(step(&mut other, synctype::ROLLBACK, 1, NONE).await, XaRetVal::UNAVAILABLE);
    assert_eq!(waiting(&mut other).await, [xid(1)]);
    engine.commits_wait.store(false, Relaxed);
    assert_eq!(first.await.unwrap(), XaRetVal::OK);
    assert_eq!(step(&mut other, synctype::COMMIT, 1, NONE).await, XaRetVal::UNKNOWN);
    server.shutdown().await;
}
