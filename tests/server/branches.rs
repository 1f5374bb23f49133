//! SYNCCTL by hand: the states of a branch, steps that are out of order, names that are wrong, floods of branches, and
//! engines that do not keep their word.

use crate::protocol::Raw;
use crate::raw::{Ask, SQLAM, TEXT, card, points, section};
use crate::support::{PERSONAS, column, connect, count, rows, start, start_with, table};
use arrow_array::Int32Array;
use drdarrow::server::backend::{Backend, ConnectError, Done, Login, Parameters, Prepared, Rows, Session};
use drdarrow::server::error::SqlError;
use drdarrow::server::listen::{Server, serve};
use drdarrow::server::persona::LUW;
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::reply::Reply;
use drdarrow::wire::sql::prepare::ExcSqlImm;
use drdarrow::wire::sql::syncctl::{SyncCrd, SyncCtl, WorkId, XaRetVal, Xid, synctype, xaflags};
use drdarrow::wire::sql::text::sqlstt;
use drdarrow::wire::sql::uow::{RdbCmm, RdbRllBck};
use drdarrow::wire::value::typdef::TypDef;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::sleep;

pub(crate) const NONE: u32 = 0;

pub(crate) fn xid(n: u32) -> Xid {
    Xid { format: 1, gtrid: n.to_be_bytes().to_vec(), bqual: vec![7] }
}

pub(crate) fn control(synctype: u8, xid: Option<WorkId>, flags: u32) -> SyncCtl {
    SyncCtl { synctype, xid, xaflags: Some(flags), timeout: None, rlsconv: None }
}

pub(crate) async fn answer(raw: &mut Raw, control: SyncCtl) -> SyncCrd {
    let got = Ask::new().then(&control.encode(TEXT).unwrap(), &[]).send(raw).await;
    assert_eq!(points(&got), [cp::SYNCCRD]);
    SyncCrd::decode(&got[0].1, TEXT).unwrap()
}

/// The outcome of a step of a branch.
pub(crate) async fn step(raw: &mut Raw, synctype: u8, n: u32, flags: u32) -> XaRetVal {
    answer(raw, control(synctype, Some(WorkId::Branch(xid(n))), flags)).await.xaretval
}

pub(crate) async fn waiting(raw: &mut Raw) -> Vec<Xid> {
    answer(raw, control(synctype::LIST, None, xaflags::START_SCAN)).await.prphrclst.unwrap().0
}

pub(crate) fn statement(sql: &str) -> (Vec<u8>, [Vec<u8>; 1]) {
    let command = ExcSqlImm { pkgnamcsn: section("SYSSN200", 1), rdbcmtok: None, rtnsetstt: None };
    (command.encode(TEXT).unwrap(), [sqlstt(sql, &TypDef::OURS, SQLAM).unwrap()])
}

/// The SQLCODE of a statement.
pub(crate) async fn run(raw: &mut Raw, sql: &str) -> i32 {
    let (command, text) = statement(sql);
    card(&LUW, &Ask::new().then(&command, &text).send(raw).await).sqlcode
}

pub(crate) fn tables() -> MemoryTables {
    let tables = MemoryTables::new();
    for name in ["T", "U"] {
        tables.put(name, table(vec![column("A", Int32Array::from(vec![0]))]));
    }
    tables
}

pub(crate) async fn open(server: &Server) -> Raw {
    let mut raw = Raw::connect(server).await;
    raw.login_to_branches("me").await;
    raw
}

pub(crate) async fn in_table(server: &Server, name: &str) -> usize {
    count(&rows(&connect(server).await, &format!("SELECT * FROM {name}")).await)
}

/// A branch with one row in T, ended.
pub(crate) async fn branch(raw: &mut Raw, n: u32) {
    assert_eq!(step(raw, synctype::NEW, n, NONE).await, XaRetVal::OK);
    assert_eq!(run(raw, "INSERT INTO T VALUES (1)").await, 0);
    assert_eq!(step(raw, synctype::END, n, xaflags::SUCCESS).await, XaRetVal::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_of_a_branch_has_its_steps() {
    let server = start(&LUW, &tables()).await;
    let (mut raw, mut other) = (open(&server).await, open(&server).await);
    use synctype::{COMMIT, END, FORGET, NEW, PREPARE, ROLLBACK};
    // There is none yet.
    for (kind, flags) in [
        (PREPARE, NONE),
        (COMMIT, NONE),
        (COMMIT, xaflags::ONE_PHASE),
        (ROLLBACK, NONE),
        (FORGET, NONE),
        (END, xaflags::SUCCESS),
        (NEW, xaflags::JOIN),
        (NEW, xaflags::RESUME),
    ] {
        assert_eq!(step(&mut raw, kind, 1, flags).await, XaRetVal::UNKNOWN, "{kind:02X}");
    }
    assert_eq!(step(&mut raw, NEW, 1, 0x8000).await, XaRetVal::INVALID);
    assert_eq!(step(&mut raw, NEW, 1, NONE).await, XaRetVal::OK);
    // It is worked for.
    assert_eq!(run(&mut raw, "INSERT INTO T VALUES (1)").await, 0);
    for (kind, flags, expected) in [
        (NEW, NONE, XaRetVal::DUPLICATE),
        (NEW, xaflags::JOIN, XaRetVal::PROTOCOL),
        (NEW, xaflags::RESUME, XaRetVal::PROTOCOL),
        (END, xaflags::SUCCESS, XaRetVal::PROTOCOL),
        (PREPARE, NONE, XaRetVal::PROTOCOL),
        (COMMIT, xaflags::ONE_PHASE, XaRetVal::PROTOCOL),
        (ROLLBACK, NONE, XaRetVal::PROTOCOL),
        (FORGET, NONE, XaRetVal::PROTOCOL),
    ] {
        assert_eq!(step(&mut other, kind, 1, flags).await, expected, "{kind:02X} {flags:X}");
    }
    assert_eq!(step(&mut raw, NEW, 2, NONE).await, XaRetVal::PROTOCOL);
    assert_eq!(step(&mut raw, END, 1, NONE).await, XaRetVal::INVALID);
    // Neither is it ended by anything else.
    for (command, sqlcode) in [
        (RdbCmm { rlsconv: None }.encode(TEXT).unwrap(), -925),
        (RdbRllBck { rlsconv: None }.encode(TEXT).unwrap(), -926),
    ] {
        let told = card(&LUW, &Ask::new().then(&command, &[]).send(&mut raw).await);
        assert_eq!((told.sqlcode, &told.sqlstate[..]), (sqlcode, "2D521"));
    }
    for kind in [NEW, COMMIT, ROLLBACK] {
        let local = control(kind, Some(WorkId::Local), xaflags::LOCAL);
        assert_eq!(answer(&mut raw, local).await.xaretval, XaRetVal::PROTOCOL);
    }
    // Left for a while, and gone on with.
    assert_eq!(step(&mut raw, END, 1, xaflags::SUSPEND).await, XaRetVal::OK);
    assert_eq!(step(&mut other, NEW, 1, xaflags::RESUME).await, XaRetVal::PROTOCOL);
    assert_eq!(step(&mut raw, NEW, 1, xaflags::JOIN).await, XaRetVal::PROTOCOL);
    assert_eq!(step(&mut raw, PREPARE, 1, NONE).await, XaRetVal::PROTOCOL);
    assert_eq!(run(&mut raw, "INSERT INTO U VALUES (1)").await, 0);
    assert_eq!(step(&mut raw, NEW, 1, xaflags::RESUME).await, XaRetVal::OUTSIDE);
    let commit = control(COMMIT, Some(WorkId::Local), xaflags::LOCAL);
    assert_eq!(answer(&mut raw, commit).await.xaretval, XaRetVal::OK);
    assert_eq!((in_table(&server, "T").await, in_table(&server, "U").await), (1, 2));
    assert_eq!(step(&mut raw, NEW, 1, xaflags::RESUME).await, XaRetVal::OK);
    assert_eq!(step(&mut raw, END, 1, xaflags::SUSPEND).await, XaRetVal::OK);
    assert_eq!(step(&mut raw, END, 1, xaflags::SUCCESS).await, XaRetVal::OK);
    // Ended.
    assert_eq!(step(&mut raw, COMMIT, 1, NONE).await, XaRetVal::PROTOCOL);
    assert!(waiting(&mut raw).await.is_empty());
    assert_eq!(step(&mut other, PREPARE, 1, NONE).await, XaRetVal::OK);
    // Prepared.
    assert_eq!(waiting(&mut raw).await, [xid(1)]);
    let rest = control(synctype::LIST, None, xaflags::END_SCAN);
    assert_eq!(answer(&mut raw, rest).await.prphrclst.unwrap().0, []);
    for (kind, flags, expected) in [
        (NEW, NONE, XaRetVal::DUPLICATE),
        (NEW, xaflags::JOIN, XaRetVal::PROTOCOL),
        (PREPARE, NONE, XaRetVal::PROTOCOL),
        (COMMIT, xaflags::ONE_PHASE, XaRetVal::PROTOCOL),
        (FORGET, NONE, XaRetVal::PROTOCOL),
    ] {
        assert_eq!(step(&mut other, kind, 1, flags).await, expected, "{kind:02X} {flags:X}");
    }
    // Nobody else commits what it would change.
    assert_eq!(run(&mut other, "INSERT INTO T VALUES (9)").await, 0);
    let conflict = control(COMMIT, Some(WorkId::Local), xaflags::LOCAL);
    assert_eq!(answer(&mut other, conflict).await.xaretval, XaRetVal::TIMEOUT);
    drop(raw);
    assert_eq!(step(&mut other, COMMIT, 1, NONE).await, XaRetVal::OK);
    assert_eq!(in_table(&server, "T").await, 2);
    server.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_a_step_is_told() {
    let server = start(&LUW, &tables()).await;
    let mut raw = open(&server).await;
    let name = |gtrid: usize, bqual: usize| {
        Some(WorkId::Branch(Xid { format: 1, gtrid: vec![1; gtrid], bqual: vec![2; bqual] }))
    };
    for wrong in [name(0, 1), name(65, 0), name(1, 65), name(20_000, 9_000)] {
        let got = answer(&mut raw, control(synctype::NEW, wrong, NONE)).await;
        assert_eq!(got.xaretval, XaRetVal::INVALID);
    }
    for kind in [synctype::MIGRATE, synctype::MIGRATED] {
        assert_eq!(step(&mut raw, kind, 1, NONE).await, XaRetVal::INVALID);
    }
    let timeout = SyncCtl { timeout: Some(9), ..control(synctype::NEW, Some(WorkId::Local), NONE) };
    assert_eq!(answer(&mut raw, timeout).await.xaretval, XaRetVal::PROTOCOL);
    let unknown = control(0x77, name(1, 1), NONE).encode(TEXT).unwrap();
    let got = Ask::new().then(&unknown, &[]).send(&mut raw).await;
    let reply = Reply::decode(got[0].0, &got[0].1, TEXT).unwrap();
    assert_eq!((reply.cp, reply.codpnt), (cp::VALNSPRM, Some(cp::SYNCTYPE)));
    // Neither can bytes that are no name, nor a step without one: there the connection ends.
    let body = |xid: &[u8]| {
        let xid = [&(xid.len() as u16 + 4).to_be_bytes()[..], &cp::XID.number().to_be_bytes(), xid].concat();
        let body = [&[0, 5, 0x11, 0x87, synctype::NEW][..], &xid].concat();
        [&(body.len() as u16 + 4).to_be_bytes()[..], &cp::SYNCCTL.number().to_be_bytes(), &body].concat()
    };
    let long = [&[0, 0, 0, 1][..], &[0xFF; 8], &[1; 9]].concat();
    for command in [body(&[]), body(&[0, 0, 0, 1]), body(&long), vec![0, 9, 0x10, 0x55, 0, 5, 0x11, 0x87, 9]] {
        let mut raw = open(&server).await;
        let got = Ask::new().then(&command, &[]).send(&mut raw).await;
        assert_eq!(points(&got), [cp::SYNTAXRM], "{command:02X?}");
        assert!(raw.is_closed().await);
    }
    server.shutdown().await;
}

#[tokio::test]
async fn branches_are_for_those_who_have_asked_for_them() {
    for persona in PERSONAS {
        let server = start(persona, &tables()).await;
        let mut raw = Raw::connect(&server).await;
        let command = control(synctype::LIST, None, xaflags::START_SCAN).encode(TEXT).unwrap();
        let got = raw.login_to_branches("me").await;
        let level = got.iter().find(|(manager, _)| *manager == cp::XAMGR).map(|(_, level)| *level);
        let point = Ask::new().then(&command, &[]).send(&mut raw).await[0].0;
        let expected = if persona.name == "ibmi" { (Some(0), cp::CMDNSPRM) } else { (Some(7), cp::SYNCCRD) };
        assert_eq!((level, point), expected, "{}", persona.name);
        // Nor before a login, and no more of them than of other commands.
        let mut raw = Raw::connect(&server).await;
        raw.ask(&[crate::protocol::excsat()]).await;
        for _ in 1..16 {
            assert_eq!(points(&raw.ask(std::slice::from_ref(&command)).await), [cp::RDBNACRM]);
        }
        assert_eq!(points(&raw.ask(&[command]).await), [cp::RSCLMTRM]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_after_a_branch_that_did_not_begin_is_not_run() {
    let server = start(&LUW, &tables()).await;
    let (mut raw, mut other) = (open(&server).await, open(&server).await);
    branch(&mut raw, 1).await;
    let begin = control(synctype::NEW, Some(WorkId::Branch(xid(1))), NONE).encode(TEXT).unwrap();
    let (command, text) = statement("INSERT INTO U VALUES (1)");
    let got = Ask::new().then(&begin, &[]).then(&command, &text).send(&mut other).await;
    assert_eq!(points(&got), [cp::SYNCCRD]);
    let commit = control(synctype::COMMIT, Some(WorkId::Local), xaflags::LOCAL);
    assert_eq!(answer(&mut other, commit).await.xaretval, XaRetVal::OK);
    assert_eq!(in_table(&server, "U").await, 1);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_is_its_users() {
    let server = start(&LUW, &tables()).await;
    let mut raw = open(&server).await;
    branch(&mut raw, 1).await;
    assert_eq!(step(&mut raw, synctype::PREPARE, 1, NONE).await, XaRetVal::OK);
    let mut other = Raw::connect(&server).await;
    other.login_to_branches("you").await;
    assert!(waiting(&mut other).await.is_empty());
    for kind in [synctype::COMMIT, synctype::ROLLBACK, synctype::FORGET] {
        assert_eq!(step(&mut other, kind, 1, NONE).await, XaRetVal::UNKNOWN);
    }
    assert_eq!(step(&mut other, synctype::NEW, 1, NONE).await, XaRetVal::OK);
    assert_eq!(step(&mut raw, synctype::ROLLBACK, 1, NONE).await, XaRetVal::OK);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_whose_time_is_over_is_rolled_back() {
    let server = start(&LUW, &tables()).await;
    let (mut raw, mut other) = (open(&server).await, open(&server).await);
    let begin = |n, timeout| SyncCtl { timeout, ..control(synctype::NEW, Some(WorkId::Branch(xid(n))), NONE) };
    assert_eq!(answer(&mut raw, begin(1, Some(300))).await.xaretval, XaRetVal::OK);
    assert_eq!(run(&mut raw, "INSERT INTO T VALUES (1)").await, 0);
    sleep(Duration::from_millis(700)).await;
    // Nobody has asked anything meanwhile.
    assert_eq!(step(&mut other, synctype::ROLLBACK, 1, NONE).await, XaRetVal::UNKNOWN);
    assert_eq!(run(&mut raw, "INSERT INTO T VALUES (2)").await, -918);
    assert_eq!(step(&mut raw, synctype::END, 1, xaflags::SUCCESS).await, XaRetVal::TIMEOUT);
    assert_eq!(run(&mut raw, "INSERT INTO U VALUES (1)").await, 0);
    let commit = control(synctype::COMMIT, Some(WorkId::Local), xaflags::LOCAL);
    assert_eq!(answer(&mut raw, commit).await.xaretval, XaRetVal::OK);
    // One that was ended, one that is prepared, and one with all the time.
    for (n, timeout, prepares, expected) in
        [(2, 300, false, XaRetVal::UNKNOWN), (3, 300, true, XaRetVal::OK), (4, 0, false, XaRetVal::PROTOCOL)]
    {
        assert_eq!(answer(&mut raw, begin(n, Some(timeout))).await.xaretval, XaRetVal::OK);
        assert_eq!(run(&mut raw, "INSERT INTO T VALUES (1)").await, 0);
        assert_eq!(step(&mut raw, synctype::END, n, xaflags::SUCCESS).await, XaRetVal::OK);
        if prepares {
            assert_eq!(step(&mut raw, synctype::PREPARE, n, NONE).await, XaRetVal::OK);
        }
        sleep(Duration::from_millis(600)).await;
        assert_eq!(step(&mut other, synctype::COMMIT, n, NONE).await, expected);
    }
    assert_eq!((in_table(&server, "T").await, in_table(&server, "U").await), (2, 2));
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_branches_have_bounds() {
    let server = start(&LUW, &tables()).await;
    let mut raw = open(&server).await;
    let mut outcomes = Vec::new();
    for n in 0..505 {
        let begun = step(&mut raw, synctype::NEW, n, NONE).await;
        if begun == XaRetVal::OK {
            assert_eq!(step(&mut raw, synctype::END, n, xaflags::SUCCESS).await, XaRetVal::OK);
        }
        outcomes.push(begun);
    }
    // A user leaves some to the others.
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == XaRetVal::OK).count(), 500);
    assert_eq!(outcomes.last(), Some(&XaRetVal::SERVER_ERROR));
    // They go with their connection.
    drop(raw);
    let mut raw = open(&server).await;
    for _ in 0..100 {
        if step(&mut raw, synctype::NEW, 5000, NONE).await == XaRetVal::OK {
            server.shutdown().await;
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("no branch can be begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn branches_count_in_the_memory_of_their_connection() {
    let settings = ServerSettings { max_connection_memory: 100 << 10, ..ServerSettings::default() };
    let server = start_with(settings, &tables()).await;
    let mut raw = open(&server).await;
    let mut begun = 0;
    while step(&mut raw, synctype::NEW, begun, NONE).await == XaRetVal::OK {
        assert_eq!(step(&mut raw, synctype::END, begun, xaflags::SUCCESS).await, XaRetVal::OK);
        begun += 1;
    }
    assert_eq!(begun, 6);
    assert_eq!(step(&mut raw, synctype::ROLLBACK, 0, NONE).await, XaRetVal::OK);
    assert_eq!(step(&mut raw, synctype::NEW, 99, NONE).await, XaRetVal::OK);
    server.shutdown().await;
}

/// An engine that prepares, and whose commits fail while it is told so.
struct Faithless(Arc<AtomicBool>);

impl Backend for Faithless {
    fn connect(&self, _: &Login) -> Result<Box<dyn Session>, ConnectError> {
        Ok(Box::new(Faithless(self.0.clone())))
    }
}

impl Session for Faithless {
    fn prepare(&mut self, _: &str) -> Result<Prepared, SqlError> {
        Ok(Prepared { statement: 1, columns: None, parameters: Vec::new() })
    }

    fn query(&mut self, _: u64, _: &Parameters) -> Result<Rows, SqlError> {
        Err(SqlError::system("no queries"))
    }

    fn execute(&mut self, _: u64, _: &Parameters) -> Result<Done, SqlError> {
        if self.0.load(Ordering::Relaxed) {
            Err(SqlError::conflict())
        } else {
            Ok(Done { count: Some(1), warning: None })
        }
    }

    fn forget(&mut self, _: u64) {}

    fn set(&mut self, _: &str) -> Result<(), SqlError> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        if self.0.load(Ordering::Relaxed) { Err(SqlError::new(-803, "23505", &[])) } else { Ok(()) }
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_branch_that_cannot_be_committed_is_told_until_it_is_forgotten() {
    let fails = Arc::new(AtomicBool::new(false));
    let server = serve(ServerSettings::default(), Arc::new(Faithless(fails.clone()))).await.unwrap();
    let mut raw = open(&server).await;
    branch(&mut raw, 1).await;
    assert_eq!(step(&mut raw, synctype::PREPARE, 1, NONE).await, XaRetVal::OK);
    branch(&mut raw, 2).await;
    fails.store(true, Ordering::Relaxed);
    assert_eq!(step(&mut raw, synctype::COMMIT, 1, NONE).await, XaRetVal::HEURISTIC_ROLLBACK);
    fails.store(false, Ordering::Relaxed);
    for kind in [synctype::COMMIT, synctype::ROLLBACK] {
        assert_eq!(step(&mut raw, kind, 1, NONE).await, XaRetVal::HEURISTIC_ROLLBACK);
    }
    assert_eq!(waiting(&mut raw).await, [xid(1)]);
    assert_eq!(step(&mut raw, synctype::NEW, 1, NONE).await, XaRetVal::DUPLICATE);
    // Whoever has heard it may forget it, and then its name is free.
    let mut other = open(&server).await;
    assert_eq!(step(&mut other, synctype::FORGET, 1, NONE).await, XaRetVal::OK);
    assert!(waiting(&mut raw).await.is_empty());
    for kind in [synctype::FORGET, synctype::COMMIT, synctype::ROLLBACK] {
        assert_eq!(step(&mut raw, kind, 1, NONE).await, XaRetVal::UNKNOWN);
    }
    branch(&mut other, 1).await;
    assert_eq!(step(&mut other, synctype::COMMIT, 1, xaflags::ONE_PHASE).await, XaRetVal::OK);
    // In one phase nothing was promised.
    fails.store(true, Ordering::Relaxed);
    assert_eq!(step(&mut raw, synctype::COMMIT, 2, xaflags::ONE_PHASE).await, XaRetVal::INTEGRITY);
    assert_eq!(step(&mut raw, synctype::COMMIT, 2, xaflags::ONE_PHASE).await, XaRetVal::UNKNOWN);
    // A branch that an error has rolled back is not committed in part.
    fails.store(false, Ordering::Relaxed);
    assert_eq!(step(&mut raw, synctype::NEW, 3, NONE).await, XaRetVal::OK);
    fails.store(true, Ordering::Relaxed);
    assert_eq!(run(&mut raw, "INSERT INTO T VALUES (1)").await, -911);
    fails.store(false, Ordering::Relaxed);
    assert_eq!(run(&mut raw, "INSERT INTO T VALUES (1)").await, 0);
    assert_eq!(step(&mut raw, synctype::END, 3, xaflags::SUCCESS).await, XaRetVal::TIMEOUT);
    assert_eq!(step(&mut raw, synctype::PREPARE, 3, NONE).await, XaRetVal::TIMEOUT);
    assert_eq!(step(&mut raw, synctype::COMMIT, 3, NONE).await, XaRetVal::UNKNOWN);
    server.shutdown().await;
}
