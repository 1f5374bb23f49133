//! Bytes that no client sends, while a good client is served.

use crate::protocol::Raw;
use crate::support::{column, config, connect, count, rows, start, start_with, table};
use arrow_array::Int32Array;
use drdarrow::client::config::Config;
use drdarrow::client::sql::connection::Connection;
use drdarrow::server::persona::LUW;
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::reply::Reply;
use drdarrow::wire::ddm::text::DdmText;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A small generator: the tests have to be the same each time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next() as u8).collect()
    }
}

#[tokio::test]
async fn garbage_is_refused_with_a_reason() {
    let server = start(&LUW, &MemoryTables::new()).await;
    let cases: [(&[u8], u8); 6] = [
        (b"GET / HTTP/1.1\r\n\r\n", 0x03),
        (&[0, 5, 0xD0, 1, 0, 1], 0x01),
        (&[0, 10, 0xD0, 9, 0, 1, 0, 4, 0x10, 0x41], 0x04),
        (&[0, 10, 0xD0, 1, 0, 0, 0, 4, 0x10, 0x41], 0x13),
        (&[0, 10, 0xD0, 0x11, 0, 1, 0, 4, 0x10, 0x41], 0x1A),
        (&[0, 10, 0xD0, 1, 0, 1, 0, 3, 0x10, 0x41], 0x07),
    ];
    for (bytes, code) in cases {
        let mut raw = Raw::connect(&server).await;
        raw.send(bytes).await;
        let got = raw.answer().await;
        let (point, body) = got.first().unwrap();
        let reply = Reply::decode(*point, body, DdmText::Ebcdic).unwrap();
        assert_eq!((reply.cp, reply.synerrcd), (cp::SYNTAXRM, Some(code)), "{bytes:02X?}");
        assert!(raw.is_closed().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_leaves_the_server_serving() {
    let server = start(&LUW, &MemoryTables::new()).await;
    let good = connect(&server).await;
    let mut noise = Noise(7);
    for round in 0..300 {
        let mut raw = Raw::connect(&server).await;
        let mut bytes = match round % 4 {
            0 => noise.bytes(200),
            // A frame that claims more than it has, or is longer than a login may be.
            1 => [vec![0xFF, 0xFF, 0xD0, 1, 0, 1], noise.bytes(100)].concat(),
            2 => [vec![0, 40, 0xD0, 1, 0, 1, 0x80, 0x08, 0x10, 0x41, 0xFF, 0xFF, 0xFF, 0xFF], noise.bytes(26)].concat(),
            _ => [vec![0, 50, 0xD0, 1, 0, 1, 0, 44, 0x10, 0x41], noise.bytes(40)].concat(),
        };
        let cut = noise.next() as usize % (bytes.len() + 1);
        bytes.truncate(cut);
        // It may hang up before everything is sent.
        let _ = raw.0.write_all(&bytes).await;
        if round % 50 == 0 {
            let started = Instant::now();
            assert_eq!(count(&rows(&good, "VALUES 1").await), 1);
            assert!(started.elapsed() < Duration::from_secs(2));
        }
    }
    let mut raw = Raw::connect(&server).await;
    let endless = [vec![0xFF, 0xFF, 0xD0, 1, 0, 1], vec![0; 32_761]].concat();
    let _ = raw.0.write_all(&endless).await;
    for _ in 0..8 {
        let _ = raw.0.write_all(&[vec![0xFF, 0xFF], vec![0; 32_765]].concat()).await;
    }
    // Too long for a login: refused and closed (a reset is one way to see it).
    raw.answer().await;
    assert_eq!(count(&rows(&connect(&server).await, "VALUES 1").await), 1);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drip_of_silent_ones_keeps_nobody_out() {
    // Nobody is let go for being slow here.
    let hour = Duration::from_secs(3600);
    let settings = ServerSettings { max_connections: 5, login_timeout: hour, ..ServerSettings::default() };
    let server = start_with(settings, &MemoryTables::new()).await;
    let mut good = vec![connect(&server).await, connect(&server).await];
    let mut silent = VecDeque::new();
    for _ in 0..50 {
        let mut raw = Raw::connect(&server).await;
        raw.send(&[0]).await;
        silent.push_back(raw);
        if silent.len() > 3 {
            // The oldest of them.
            assert!(silent.pop_front().unwrap().is_closed().await);
        }
    }
    for mut raw in silent {
        good.push(connect(&server).await);
        assert!(raw.is_closed().await);
    }
    // Those that have logged in stay, however many come.
    for _ in 0..3 {
        assert!(Raw::connect(&server).await.is_closed().await);
        assert!(Connection::connect(config(&server)).await.is_err());
    }
    for connection in &good {
        assert_eq!(count(&rows(connection, "VALUES 1").await), 1);
    }
    server.shutdown().await;
}

/// Connections that mean no good, and how many at a time.
const HOSTILE: usize = 10_000;
const AT_A_TIME: usize = 64;
/// The memory that the server may need for all of that.
const MEMORY: usize = 100 << 20;
/// Ten times what a good client waits for on a quiet machine.
const PATIENCE: Duration = Duration::from_secs(1);
/// Set in the process that is the server.
const SERVES: &str = "DRDARROW_TEST_SERVES";

/// The server alone in a process, so that its memory can be told; the test below starts it.
#[tokio::test]
#[ignore = "is started by another test"]
async fn a_server_of_its_own() {
    if std::env::var_os(SERVES).is_none() {
        return;
    }
    let tables = MemoryTables::new();
    tables.put("N", table(vec![column("A", Int32Array::from_iter_values(0..1000))]));
    let server = start(&LUW, &tables).await;
    println!("\nport {}", server.address().port());
    // Until the other end of the pipe is gone.
    let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
}

struct Apart(Child, u16);

impl Apart {
    fn start() -> Apart {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "hostile::a_server_of_its_own", "--nocapture"])
            .env(SERVES, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.find_map(|l| l.strip_prefix("port ")?.parse().ok()).unwrap();
        Apart(child, port)
    }

    async fn connect(&self) -> Connection {
        let mut config = Config::new("127.0.0.1", self.1, "SAMPLE").unwrap();
        config.set("user", "app").unwrap();
        Connection::connect(config).await.unwrap()
    }

    /// The most memory that it ever had, in bytes.
    fn peak(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One connection that means no good.
async fn attack(port: u16, kind: usize, mut noise: Noise) {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let claim = [0, 40, 0xD0, 1, 0, 1, 0x80, 0x08, 0x10, 0x41, 0x7F, 0xFF, 0xFF, 0xFF];
    let bytes = match kind {
        // Nothing, noise, half a frame.
        0 => Vec::new(),
        1 => noise.bytes(300),
        2 => [vec![0, 50, 0xD0, 1, 0, 1, 0, 44, 0x10, 0x41], noise.bytes(20)].concat(),
        // Lengths beyond all that follows: of an object, of a frame, of a frame without end.
        3 => [claim.to_vec(), noise.bytes(26)].concat(),
        4 => [vec![0xFF, 0xFF, 0xD0, 1, 0, 1], noise.bytes(500)].concat(),
        5 => [vec![0xFF, 0xFF, 0xD0, 1, 0, 1], vec![0; 32_761], vec![0xFF, 0xFF], vec![0; 32_765]].concat(),
        // A login, and after it a claim or noise.
        _ => {
            let mut raw = Raw(stream);
            raw.login().await;
            stream = raw.0;
            let long =
                [vec![0xFF, 0xFF, 0xD0, 3, 0, 1, 0x80, 0x0C, 0x24, 0x14], vec![0x7F; 8], vec![0; 32_749]].concat();
            if kind == 6 { long } else { noise.bytes(400) }
        }
    };
    // It may hang up before all is sent.
    if kind == 2 {
        for byte in bytes {
            let _ = stream.write_all(&[byte]).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    } else {
        let _ = stream.write_all(&bytes).await;
    }
    if kind % 2 == 1 {
        let _ = tokio::time::timeout(Duration::from_millis(50), stream.read(&mut [0; 512])).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_attacks_cost_little_and_disturb_nobody() {
    let server = Apart::start();
    let good = server.connect().await;
    let mut slowest = Duration::ZERO;
    let mut running = JoinSet::new();
    for n in 0..HOSTILE {
        if running.len() >= AT_A_TIME {
            running.join_next().await.unwrap().unwrap();
        }
        running.spawn(attack(server.1, n % 8, Noise(n as u64)));
        if n % 500 == 0 {
            let started = Instant::now();
            assert_eq!(count(&rows(&good, "SELECT * FROM N").await), 1000);
            slowest = slowest.max(started.elapsed());
            // Nor do they keep others from coming in.
            let started = Instant::now();
            assert_eq!(count(&rows(&server.connect().await, "VALUES 1").await), 1);
            slowest = slowest.max(started.elapsed());
        }
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
    assert!(slowest < PATIENCE, "{slowest:?}");
    assert!(server.peak() < MEMORY, "{} bytes", server.peak());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_clients_at_a_time() {
    let server = std::sync::Arc::new(Apart::start());
    let all = std::sync::Arc::new(tokio::sync::Barrier::new(200));
    let mut clients = JoinSet::new();
    for _ in 0..200 {
        let (server, all) = (server.clone(), all.clone());
        clients.spawn(async move {
            let connection = server.connect().await;
            all.wait().await;
            let mut seen = 0;
            for _ in 0..3 {
                seen += count(&rows(&connection, "SELECT * FROM N").await);
            }
            seen
        });
    }
    let mut seen = Vec::new();
    while let Some(done) = clients.join_next().await {
        seen.push(done.unwrap());
    }
    assert_eq!(seen, vec![3000; 200]);
    assert!(server.peak() < MEMORY, "{} bytes", server.peak());
}
