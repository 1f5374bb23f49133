//! Handshakes by the thousand, good ones and all kinds of failing ones, client and server in this one
//! process: afterwards it has no more descriptors and threads than before, and no more memory. Alone in
//! its process, because what is counted belongs to that.
//!
//! `DRDARROW_HANDSHAKES` says how many, ten thousand unless told; `make soak` makes more, so that less is seen too.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

#[path = "server/authority.rs"]
mod authority;

use authority::{Lab, named};
use drdarrow::client::config::Config;
use drdarrow::client::error::Phase;
use drdarrow::client::probe::{ProbeTarget, probe};
use drdarrow::client::sql::connection::Connection;
use drdarrow::server::access::Access;
use drdarrow::server::listen::{Server, serve};
use drdarrow::server::persona::{DERBY, IBMI, LUW, Persona};
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::server::tls::ServerTls;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

const USUALLY: usize = 10_000;
/// At a time.
const TOGETHER: usize = 16;
/// Threads that may block: tokio keeps them a while, so their number is fixed.
const BLOCKING: usize = 8;
/// Bytes that the allocator may hold on to in the last two thirds.
const MEMORY: u64 = 6 << 20;
const DEADLINE: Duration = Duration::from_secs(10);

/// The memory of the process.
#[derive(Debug, Clone, Copy)]
struct Held {
    descriptors: usize,
    threads: usize,
    memory: u64,
}

impl Held {
    fn now() -> Held {
        let count = |of: &str| std::fs::read_dir(of).unwrap().count();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kib: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
        Held { descriptors: count("/proc/self/fd"), threads: count("/proc/self/task"), memory: kib << 10 }
    }

    /// Once sockets that are being closed are closed.
    async fn settled(descriptors: usize) -> Held {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let held = Held::now();
            if held.descriptors <= descriptors || Instant::now() > deadline {
                return held;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Servers and what is needed to ask them.
struct Servers {
    luw: Server,
    ibmi: Server,
    derby: Server,
    tls: Server,
    ca: String,
    _lab: Lab,
}

async fn started(persona: &'static Persona, tls: Option<ServerTls>) -> Server {
    let access = Access::users([("app".to_owned(), "secret".to_owned())]);
    let settings = ServerSettings { persona, access, tls, login_delay: Duration::ZERO, ..ServerSettings::default() };
    serve(settings, Arc::new(MemoryTables::new())).await.unwrap()
}

impl Servers {
    async fn start() -> Servers {
        let lab = Lab::new("Lab CA");
        let (certificate, key) = lab.issue(&named("db", &["127.0.0.1"]));
        let tls = ServerTls::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes(), None).unwrap();
        Servers {
            luw: started(&LUW, None).await,
            ibmi: started(&IBMI, None).await,
            derby: started(&DERBY, None).await,
            tls: started(&LUW, Some(tls)).await,
            ca: lab.ca(),
            _lab: lab,
        }
    }

    /// One handshake; which one, the number says.
    async fn handshake(&self, number: usize) {
        let to = |server: &Server, settings: &[(&str, &str)]| {
            let mut config = Config::new("127.0.0.1", server.address().port(), "SAMPLE").unwrap();
            for (key, value) in [("user", "app"), ("password", "secret"), ("timeout", "10")].iter().chain(settings) {
                config.set(key, value).unwrap();
            }
            config
        };
        match number % 12 {
            0 => good(to(&self.luw, &[])).await,
            1 => good(to(&self.ibmi, &[("security", "encrypted-des")])).await,
            2 => good(to(&self.derby, &[("security", "substitute")])).await,
            3 | 4 => good(to(&self.tls, &[("tls_ca", &self.ca)])).await,
            5 => bad(to(&self.luw, &[("password", "wrong")]), Phase::Security).await,
            6 => bad(to(&self.derby, &[("security", "encrypted")]), Phase::Security).await,
            // Nobody vouches for the certificate; its name is another; the port is the other one.
            7 => bad(to(&self.tls, &[("tls_ca", &self.ca), ("tls_server_name", "other.example")]), Phase::Tls).await,
            8 => match number % 24 {
                8 => bad(to(&self.luw, &[("tls", "insecure")]), Phase::Tls).await,
                _ => bad(to(&self.tls, &[]), Phase::Tls).await,
            },
            9 => {
                // Left in the middle, sooner or later.
                let server = if number % 24 == 9 { &self.tls } else { &self.ibmi };
                let settings: &[(&str, &str)] = if number % 24 == 9 { &[("tls_ca", &self.ca)] } else { &[] };
                let patience = Duration::from_micros(100 * (number as u64 / 12 % 50));
                if let Ok(done) = tokio::time::timeout(patience, Connection::connect(to(server, settings))).await {
                    done.unwrap().close().await.unwrap();
                }
            }
            10 => {
                let server = if number % 24 == 10 { &self.tls } else { &self.luw };
                let mut stream = TcpStream::connect(server.address()).await.unwrap();
                let part = [&b"\0\x20\xd0\x41\0\x01\0\x1a"[..], b"\x16\x03\x01\x02\0\x01", b"GET / HTTP/1.0\r\n\r\n"];
                let _ = stream.write_all(part[number / 24 % 3]).await;
            }
            _ => {
                let ports = vec![self.luw.address().port(), self.derby.address().port()];
                let report =
                    probe(ProbeTarget { ports, timeout: DEADLINE, ..ProbeTarget::new("127.0.0.1") }).await.unwrap();
                assert_eq!(report.drda().count(), 2, "{report:?}");
            }
        }
    }
}

async fn good(config: Config) {
    let connection = Connection::connect(config).await.unwrap();
    // Some say goodbye, some just leave.
    if connection.info().tls.is_none() {
        connection.close().await.unwrap();
    }
}

async fn bad(config: Config, phase: Phase) {
    let e = Connection::connect(config).await.unwrap_err();
    assert_eq!(e.phase, phase, "{e}");
}

async fn run(servers: &Arc<Servers>, numbers: std::ops::Range<usize>) {
    let mut under_way = JoinSet::new();
    for number in numbers {
        if under_way.len() >= TOGETHER {
            under_way.join_next().await.unwrap().unwrap();
        }
        let servers = servers.clone();
        under_way.spawn(async move { servers.handshake(number).await });
    }
    while let Some(done) = under_way.join_next().await {
        done.unwrap();
    }
}

#[test]
fn handshakes_leave_nothing_behind() {
    let all = std::env::var("DRDARROW_HANDSHAKES").map_or(USUALLY, |n| n.parse().unwrap());
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(BLOCKING)
        .thread_keep_alive(Duration::from_secs(600))
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let servers = Arc::new(Servers::start().await);
        let idle = Held::now().descriptors;
        // What is made once, and what the allocator keeps for a busy time, is there after a third.
        run(&servers, 0..all / 3).await;
        let before = Held::settled(idle).await;
        let started = Instant::now();
        run(&servers, all / 3..all).await;
        let after = Held::settled(idle).await;
        println!("{all} handshakes, the last two thirds in {:.1?}\n{before:?}\n{after:?}", started.elapsed());
        assert_eq!((before.descriptors, after.descriptors), (idle, idle));
        assert!(after.threads <= before.threads.max(2 + 2 + BLOCKING), "{before:?} {after:?}");
        assert!(after.memory <= before.memory + MEMORY, "{before:?} {after:?}");
    });
}
