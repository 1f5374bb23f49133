//! What a peer may do before it has logged in, and what failed logins cost: little work, few bytes, some time; and
//! nothing of it keeps others out.

use crate::login::{PASSWORD, users};
use crate::protocol::Raw;
use crate::query_engine::{Query, QueryEngine};
use crate::support::{config, connect, count, rows, start, start_with};
use drdarrow::client::config::Config;
use drdarrow::client::sql::connection::Connection;
use drdarrow::server::backend::{Interrupt, Rows};
use drdarrow::server::error::SqlError;
use drdarrow::server::listen::{Server, serve};
use drdarrow::server::persona::LUW;
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::ddm::accsec::{AccSec, AccSecRd};
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::excsat::ExcSat;
use drdarrow::wire::ddm::object::put;
use drdarrow::wire::ddm::reply::Reply;
use drdarrow::wire::ddm::secchk::{SecChk, SecChkRm, Secret};
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::sql::accrdb::AccRdb;
use drdarrow::wire::sql::prepare::PrpSqlStt;
use drdarrow::wire::sql::query::OpnQry;
use drdarrow::wire::sql::text::sqlstt;
use drdarrow::wire::value::typdef::TypDef;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

const TEXT: DdmText = DdmText::Ebcdic;
/// An honest login takes no longer on a busy machine.
const SOON: Duration = Duration::from_secs(2);

fn excsat() -> Vec<u8> {
    ExcSat::of_levels(vec![(cp::AGENT, 7), (cp::SQLAM, 7), (cp::RDB, 7), (cp::SECMGR, 7)]).encode(TEXT).unwrap()
}

fn accsec(secmec: u16, key: usize) -> Vec<u8> {
    let encalgs = if key > 32 { vec![2] } else { Vec::new() };
    let sectkn = (key > 0).then(|| vec![2; key]);
    AccSec { secmec, sectkn, encalgs, ..AccSec::default() }.encode(TEXT).unwrap()
}

fn points(got: &[(CodePoint, Vec<u8>)]) -> Vec<CodePoint> {
    got.iter().map(|(point, _)| *point).collect()
}

#[tokio::test]
async fn a_fifth_question_about_mechanisms_ends_the_connection() {
    let server = start(&LUW, &MemoryTables::new()).await;
    // All in one chain, and one by one.
    let mut raw = Raw::connect(&server).await;
    let chain: Vec<Vec<u8>> = std::iter::once(excsat()).chain((0..150).map(|_| accsec(9, 64))).collect();
    let got = raw.ask(&chain).await;
    let mut expected = vec![cp::EXCSATRD];
    expected.extend([cp::ACCSECRD; 4]);
    expected.push(cp::RSCLMTRM);
    assert_eq!(points(&got), expected);
    assert!(raw.is_closed().await);
    let mut raw = Raw::connect(&server).await;
    raw.ask(&[excsat()]).await;
    for _ in 0..4 {
        assert_eq!(points(&raw.ask(&[accsec(5, 0)]).await), [cp::ACCSECRD]);
    }
    assert_eq!(points(&raw.ask(&[accsec(4, 0)]).await), [cp::RSCLMTRM]);
    assert!(raw.is_closed().await);
}

#[tokio::test]
async fn a_connection_has_one_key_for_each_algorithm() {
    let server = start(&LUW, &MemoryTables::new()).await;
    let mut keys = Vec::new();
    for _ in 0..2 {
        let mut raw = Raw::connect(&server).await;
        let got = raw.ask(&[excsat(), accsec(9, 64), accsec(7, 32), accsec(7, 64), accsec(9, 32)]).await;
        let key = |at: usize| AccSecRd::decode(&got[at].1, TEXT).unwrap().sectkn.unwrap();
        assert_eq!((key(1), key(2)), (key(3), key(4)));
        keys.extend([key(1), key(2)]);
    }
    // And each connection its own.
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 4);
}

#[tokio::test]
async fn few_commands_come_before_a_login_and_any_number_after() {
    let server = start(&LUW, &MemoryTables::new()).await;
    let mut w = Writer::new();
    put(&mut w, cp::SYNCRSY, |_| {});
    let unknown = w.into_vec();
    let mut raw = Raw::connect(&server).await;
    let got = raw.ask(&vec![excsat(); 100]).await;
    let mut expected = vec![cp::EXCSATRD; 16];
    expected.push(cp::RSCLMTRM);
    assert_eq!(points(&got), expected);
    assert!(raw.is_closed().await);
    let mut raw = Raw::connect(&server).await;
    raw.ask(&[excsat()]).await;
    for _ in 1..16 {
        assert_eq!(points(&raw.ask(std::slice::from_ref(&unknown)).await), [cp::CMDNSPRM]);
    }
    assert_eq!(points(&raw.ask(std::slice::from_ref(&unknown)).await), [cp::RSCLMTRM]);
    assert!(raw.is_closed().await);
    let mut raw = Raw::connect(&server).await;
    raw.login().await;
    assert_eq!(points(&raw.ask(&vec![excsat(); 100]).await), vec![cp::EXCSATRD; 100]);
}

#[tokio::test]
async fn a_login_takes_few_bytes_however_they_are_cut() {
    let server = start(&LUW, &MemoryTables::new()).await;
    let mut raw = Raw::connect(&server).await;
    raw.ask(&[excsat()]).await;
    for _ in 0..2 {
        assert_eq!(points(&raw.ask(&[accsec(5, 30_000)]).await), [cp::ACCSECRD]);
    }
    assert_eq!(points(&raw.ask(&[accsec(5, 30_000)]).await), [cp::SYNTAXRM]);
    assert!(raw.is_closed().await);
}

/// Works until it is told to stop, and counts who does.
#[derive(Clone, Default)]
struct Busy(Arc<(Mutex<bool>, Condvar, AtomicUsize)>);

impl Busy {
    /// A server of two workers with this engine.
    async fn served(&self) -> Server {
        let settings = ServerSettings { workers: 2, ..ServerSettings::default() };
        serve(settings, Arc::new(QueryEngine(self.clone()))).await.unwrap()
    }

    async fn until(&self, working: usize) {
        let begun = Instant::now();
        while self.0.2.load(Ordering::Relaxed) < working {
            assert!(begun.elapsed() < Duration::from_secs(20), "{working} are not at work");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Query for Busy {
    fn run(&self) -> Result<Rows, SqlError> {
        self.0.2.fetch_add(1, Ordering::Relaxed);
        let limit = Duration::from_secs(30);
        let _unused = self.0.1.wait_timeout_while(self.0.0.lock().unwrap(), limit, |stop| !*stop).unwrap();
        Err(SqlError::new(-952, "57014", &[]))
    }

    fn interrupt(&self) -> Option<Interrupt> {
        let all = self.0.clone();
        Some(Arc::new(move || {
            *all.0.lock().unwrap() = true;
            all.1.notify_all();
        }))
    }
}

async fn soon(server: &Server) {
    let begun = Instant::now();
    drop(connect(server).await);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_on_every_worker_keep_no_login_out() {
    let busy = Busy::default();
    let server = busy.served().await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let connection = connect(&server).await;
        asking.spawn(async move { connection.query("WORK", &[]).await.map(drop) });
    }
    busy.until(2).await;
    for _ in 0..5 {
        soon(&server).await;
    }
    server.shutdown_within(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_in_the_chain_of_a_login_keep_no_login_out() {
    let busy = Busy::default();
    let server = busy.served().await;
    let mut peers = Vec::new();
    for _ in 0..20 {
        let mut chain = Chain::new();
        let section = drdarrow::wire::sql::package::PkgNamCsn::dynamic("DB", "SYSSH200", 1);
        let check = SecChk { secmec: 4, usrid: Some("me".into()), ..SecChk::default() };
        for command in [
            excsat(),
            accsec(4, 0),
            check.encode(TEXT).unwrap().to_vec(),
            AccRdb::new("DB", "DNC10140", &TypDef::OURS).encode(TEXT).unwrap(),
            PrpSqlStt::new(section.clone()).encode(TEXT).unwrap(),
        ] {
            chain.command(&command);
        }
        chain.object(&sqlstt("WORK", &TypDef::OURS, 7).unwrap());
        chain.command(&OpnQry::new(section, 32_767).encode(TEXT).unwrap());
        let mut raw = Raw::connect(&server).await;
        raw.send(&chain.into_bytes()).await;
        peers.push(raw);
    }
    // As many as there are workers.
    busy.until(2).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(busy.0.2.load(Ordering::Relaxed), 2);
    for _ in 0..5 {
        soon(&server).await;
    }
    server.shutdown_within(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_that_never_log_in_keep_no_login_out() {
    let server = start_with(ServerSettings { workers: 2, ..ServerSettings::default() }, &MemoryTables::new()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut flood = Chain::new();
    flood.command(&excsat());
    for _ in 0..150 {
        flood.command(&accsec(9, 64));
    }
    let flood = flood.into_bytes();
    let mut peers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (stop, flood, to) = (stop.clone(), flood.clone(), server.address());
        peers.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let mut stream = TcpStream::connect(to).await.unwrap();
                while stream.write_all(&flood).await.is_ok() && !stop.load(Ordering::Relaxed) {}
            }
        });
    }
    for _ in 0..20 {
        soon(&server).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop.store(true, Ordering::Relaxed);
    peers.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_asks_nothing_is_closed() {
    let settings = ServerSettings {
        idle_timeout: Some(Duration::from_millis(600)),
        max_connections: 2,
        ..ServerSettings::default()
    };
    let server = start_with(settings, &MemoryTables::new()).await;
    let (mut idle, asking) = (Raw::connect(&server).await, connect(&server).await);
    idle.login().await;
    let begun = Instant::now();
    // Whoever asks stays.
    while begun.elapsed() < Duration::from_secs(2) {
        assert_eq!(count(&rows(&asking, "VALUES 1").await), 1);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(idle.is_closed().await);
    // Its place is free.
    soon(&server).await;
    server.shutdown().await;
}

/// A login in clear from an address of this machine; the verdict and how long it took.
async fn attempt(server: &Server, from: &str, user: &str, password: &str) -> (u8, Duration) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    let mut raw = Raw(socket.connect(server.address()).await.unwrap());
    let begun = Instant::now();
    let check =
        SecChk { secmec: 3, usrid: Some(user.into()), password: Some(Secret::new(password)), ..SecChk::default() };
    let got = raw.ask(&[excsat(), accsec(3, 0), check.encode(TEXT).unwrap().to_vec()]).await;
    let code = SecChkRm::decode(&got.last().unwrap().1, TEXT).unwrap().secchkcd;
    (code, begun.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_logins_take_longer_and_longer_and_only_theirs() {
    let (wrong, right) = (LUW.bad_login, 0);
    let login_delay = Duration::from_millis(500);
    let settings = ServerSettings { access: users(), login_delay, ..ServerSettings::default() };
    let server = start_with(settings, &MemoryTables::new()).await;
    for n in 0..4 {
        let (code, took) = attempt(&server, "127.0.0.2", &format!("user{n}"), "guess").await;
        assert!(code == wrong && took < login_delay, "{n}: {took:?}");
    }
    // The fifth is answered as the others; those after it are looked at later, right ones as well.
    assert_eq!(attempt(&server, "127.0.0.2", "user4", "guess").await.0, wrong);
    let (code, took) = attempt(&server, "127.0.0.2", "user5", "guess").await;
    assert!(code == wrong && took >= login_delay, "{took:?}");
    let (code, took) = attempt(&server, "127.0.0.2", "app", PASSWORD).await;
    assert!(code == right && took >= 2 * login_delay, "{took:?}");
    // Nobody else waits.
    let (code, took) = attempt(&server, "127.0.0.1", "app", PASSWORD).await;
    assert!(code == right && took < login_delay, "{took:?}");
    // A name whose password is guessed from everywhere: wrong ones are answered late, the right one at once.
    for n in 3..8 {
        attempt(&server, &format!("127.0.0.{n}"), "app", "guess").await;
    }
    let (code, took) = attempt(&server, "127.0.0.9", "app", "guess").await;
    assert!(code == wrong && took >= login_delay, "{took:?}");
    let (code, took) = attempt(&server, "127.0.0.10", "app", PASSWORD).await;
    assert!(code == right && took < login_delay, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_side_by_side_are_no_quicker() {
    const RETRY: u8 = 0x09;
    let settings = ServerSettings { access: users(), login_delay: Duration::from_secs(1), ..ServerSettings::default() };
    let server = Arc::new(start_with(settings, &MemoryTables::new()).await);
    let mut guesses = tokio::task::JoinSet::new();
    for n in 0..60 {
        let server = server.clone();
        guesses.spawn(async move { attempt(&server, "127.0.0.2", "app", &format!("guess {n}")).await.0 });
    }
    let told = guesses.join_all().await;
    let refused = told.iter().filter(|code| **code == RETRY).count();
    assert!(refused >= 30 && told.iter().all(|code| matches!(*code, RETRY | 0x0F)), "{told:?}");
    soon_with_password(&server).await;
}

async fn soon_with_password(server: &Server) {
    let begun = Instant::now();
    let mut config: Config = config(server).password(PASSWORD);
    config.set("security", "password").unwrap();
    let connection = Connection::connect(config).await.unwrap();
    assert_eq!(count(&rows(&connection, "VALUES 1").await), 1);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_comes_after_a_proof_in_whatever_order_ends_the_connection() {
    let check = |password: &str| {
        let proof =
            SecChk { secmec: 3, usrid: Some("app".into()), password: Some(Secret::new(password)), ..SecChk::default() };
        proof.encode(TEXT).unwrap().to_vec()
    };
    let open = || AccRdb::new("DB", "DNC10140", &TypDef::OURS).encode(TEXT).unwrap();
    let good = || check(PASSWORD);
    let server =
        start_with(ServerSettings { access: users(), ..ServerSettings::default() }, &MemoryTables::new()).await;
    let order = |got: &[(CodePoint, Vec<u8>)]| {
        let (point, body) = got.last().unwrap();
        Reply::decode(*point, body, TEXT).unwrap().prccnvcd
    };
    // SECCHK twice, ACCSEC after SECCHK, a proof by another mechanism, a database before a proof.
    for chain in [
        vec![excsat(), accsec(3, 0), good(), good()],
        vec![excsat(), accsec(3, 0), good(), accsec(3, 0)],
        vec![excsat(), accsec(9, 64), good()],
        vec![excsat(), accsec(3, 0), open()],
        vec![excsat(), good()],
        vec![excsat(), open()],
    ] {
        let mut raw = Raw::connect(&server).await;
        let got = raw.ask(&chain).await;
        assert_eq!((got.last().unwrap().0, order(&got)), (cp::PRCCNVRM, Some(0x11)), "{:?}", points(&got));
        assert!(raw.is_closed().await);
    }
    // Nothing is done of what a chain has after a proof that does not hold.
    let mut raw = Raw::connect(&server).await;
    let got = raw.ask(&[excsat(), accsec(3, 0), check("wrong"), good(), open()]).await;
    assert_eq!(points(&got), [cp::EXCSATRD, cp::ACCSECRD, cp::SECCHKRM]);
    assert!(raw.is_closed().await);
}
