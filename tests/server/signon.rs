//! The sign-on server: what it tells, whom it refuses, and bytes that no client sends.

use crate::support::{config, start_with};
use drdarrow::client::sql::connection::Connection;
use drdarrow::flow::secmec::substitute::ibmi::PasswordLevel;
use drdarrow::flow::secmec::substitute::{Seeds, Substitute};
use drdarrow::server::access::Access;
use drdarrow::server::listen::Server;
use drdarrow::server::persona::IBMI;
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::file::signon::{Body, Stream};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn serve(level: u8) -> Server {
    let settings = ServerSettings {
        persona: &IBMI,
        signon: Some("127.0.0.1:0".parse().unwrap()),
        password_level: level,
        access: Access::users([("App".to_owned(), "Secret1".to_owned())]),
        login_timeout: Duration::from_secs(2),
        ..ServerSettings::default()
    };
    start_with(settings, &MemoryTables::new()).await
}

async fn ask(stream: &mut TcpStream, correlation: u32, body: Body) -> Option<Body> {
    stream.write_all(&Stream { correlation, body }.encode().unwrap()).await.ok()?;
    let mut bytes = vec![0; 4];
    stream.read_exact(&mut bytes).await.ok()?;
    bytes.resize(u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize, 0);
    stream.read_exact(&mut bytes[4..]).await.ok()?;
    let reply = Stream::decode(&bytes).unwrap();
    assert_eq!(reply.correlation, correlation);
    Some(reply.body)
}

#[tokio::test]
async fn proofs_of_every_level() {
    for (level, kind, proof) in [(0, 1, PasswordLevel::Des), (3, 3, PasswordLevel::Sha1), (4, 7, PasswordLevel::Sha512)]
    {
        let server = serve(level).await;
        let password = if level == 0 { "secret1" } else { "Secret1" };
        // Nor is a substitute of another level right.
        let other = if level == 0 { PasswordLevel::Sha1 } else { PasswordLevel::Des };
        for (user, password, proof, expected) in [
            ("APP", password, proof, 0),
            ("APP", "wrong", proof, 0x0003_000B),
            ("NOBODY", "?", proof, 0x0003_000B),
            ("APP", password, other, 0x0003_000B),
        ] {
            let mut stream = TcpStream::connect(server.signon_address().unwrap()).await.unwrap();
            let exchange = Body::Exchange { version: 1, level: 5, seed: [7; 8] };
            let reply = ask(&mut stream, 0, exchange).await.unwrap();
            let Body::ExchangeReply { code: 0, seed: Some(seed), password_level, .. } = reply else {
                panic!("{reply:?}");
            };
            assert_eq!(password_level, level);
            let seeds = Seeds::new(&[7; 8], &seed).unwrap();
            let proof = Substitute::IbmI(proof).make(user, password, &seeds).unwrap().to_vec();
            let info = Body::Info { kind, ccsid: 1200, proof, user: Some(user.into()) };
            let reply = ask(&mut stream, 1, info).await.unwrap();
            let Body::InfoReply { code, ccsid, .. } = reply else { panic!("{reply:?}") };
            assert_eq!((code, ccsid), (expected, (expected == 0).then_some(37)), "{user} at level {level}");
            assert_eq!(ask(&mut stream, 2, Body::End).await, None);
        }
    }
}

#[tokio::test]
async fn a_proof_needs_seeds() {
    let server = serve(2).await;
    let mut stream = TcpStream::connect(server.signon_address().unwrap()).await.unwrap();
    let info = Body::Info { kind: 3, ccsid: 1200, proof: vec![0; 20], user: Some("APP".into()) };
    assert!(matches!(ask(&mut stream, 0, info).await, Some(Body::InfoReply { code: 0x0001_000B, .. })));
}

#[tokio::test]
async fn garbage_and_silence_end_the_connection() {
    let server = serve(2).await;
    let good = Stream { correlation: 0, body: Body::Exchange { version: 1, level: 5, seed: [7; 8] } }.encode().unwrap();
    for bytes in
        [b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![0xFF; 64], vec![0, 0, 0, 19], vec![0, 1, 0, 0], good[..20].to_vec()]
    {
        let mut stream = TcpStream::connect(server.signon_address().unwrap()).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        let started = Instant::now();
        assert!(matches!(stream.read(&mut [0; 64]).await, Ok(0) | Err(_)), "{bytes:02X?}");
        assert!(started.elapsed() < Duration::from_secs(20));
    }
    server.shutdown().await;
}

#[tokio::test]
async fn silent_peers_keep_nobody_from_signing_on() {
    let settings = ServerSettings {
        persona: &IBMI,
        signon: Some("127.0.0.1:0".parse().unwrap()),
        max_connections: 5,
        login_timeout: Duration::from_secs(3600),
        ..ServerSettings::default()
    };
    let server = start_with(settings, &MemoryTables::new()).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(server.signon_address().unwrap()).await.unwrap());
    }
    let mut stream = TcpStream::connect(server.signon_address().unwrap()).await.unwrap();
    let exchange = Body::Exchange { version: 1, level: 5, seed: [7; 8] };
    let reply = tokio::time::timeout(Duration::from_secs(5), ask(&mut stream, 0, exchange)).await.unwrap();
    assert!(matches!(reply, Some(Body::ExchangeReply { code: 0, .. })), "{reply:?}");
    // The oldest of them made room.
    let mut oldest = silent.swap_remove(0);
    assert!(matches!(oldest.read(&mut [0; 8]).await, Ok(0) | Err(_)));
    server.shutdown().await;
}

#[tokio::test]
async fn failures_to_sign_on_count_as_failures_to_log_in() {
    let login_delay = Duration::from_millis(400);
    let settings = ServerSettings {
        persona: &IBMI,
        signon: Some("127.0.0.1:0".parse().unwrap()),
        access: Access::users([("App".to_owned(), "Secret1".to_owned())]),
        login_delay,
        ..ServerSettings::default()
    };
    let server = start_with(settings, &MemoryTables::new()).await;
    for _ in 0..5 {
        let mut stream = TcpStream::connect(server.signon_address().unwrap()).await.unwrap();
        ask(&mut stream, 0, Body::Exchange { version: 1, level: 5, seed: [7; 8] }).await.unwrap();
        let info = Body::Info { kind: 3, ccsid: 1200, proof: vec![0; 20], user: Some("APP".into()) };
        let reply = ask(&mut stream, 1, info).await;
        assert!(matches!(reply, Some(Body::InfoReply { code: 0x0003_000B, .. })), "{reply:?}");
    }
    let begun = Instant::now();
    let config = config(&server).password("Secret1");
    Connection::connect(config).await.unwrap();
    assert!(begun.elapsed() >= login_delay, "{:?}", begun.elapsed());
}
