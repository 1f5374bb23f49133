//! TLS between our client and our server, with certificates of an authority made here: who is believed,
//! who is not and in which words, what is said when one side speaks TLS and the other does not.

use crate::authority::{Lab, named};
use crate::protocol::Raw;
use crate::support::{column, config, connect, count, rows, start, start_with, table, told};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Int32Array, LargeStringArray, RecordBatch, StringArray};
use drdarrow::client::config::Config;
use drdarrow::client::error::{Error, ErrorClass, Phase};
use drdarrow::client::sql::connection::Connection;
use drdarrow::server::access::Access;
use drdarrow::server::listen::Server;
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::server::tls::{ServerTls, ServerTlsError};
use drdarrow::wire::ddm::secchk::Secret;
use rcgen::{Certificate, KeyPair, date_time_ymd};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A fault is told at once, not when the time is up.
const AT_ONCE: Duration = Duration::from_secs(5);

fn tls(of: &(Certificate, KeyPair)) -> ServerTls {
    ServerTls::from_pem(of.0.pem().as_bytes(), of.1.serialize_pem().as_bytes(), None).unwrap()
}

/// A server with a certificate for these names.
async fn serve_for(lab: &Lab, names: &[&str]) -> Server {
    serve(&lab.issue(&named("db", names))).await
}

async fn serve(of: &(Certificate, KeyPair)) -> Server {
    start_with(ServerSettings { tls: Some(tls(of)), ..ServerSettings::default() }, &MemoryTables::new()).await
}

fn with(server: &Server, settings: &[(&str, &str)]) -> Config {
    let mut config = config(server);
    for (key, value) in settings {
        config.set(key, value).unwrap();
    }
    config
}

async fn good(server: &Server, settings: &[(&str, &str)]) -> Connection {
    let connection = Connection::connect(with(server, settings)).await.unwrap();
    assert_eq!(count(&rows(&connection, "VALUES 1").await), 1);
    connection
}

/// The connection does not come about, for a reason of TLS, and that is known at once.
async fn bad(server: &Server, settings: &[(&str, &str)]) -> Error {
    let started = Instant::now();
    let e = Connection::connect(with(server, settings)).await.unwrap_err();
    assert!(started.elapsed() < AT_ONCE, "{e}");
    assert_eq!((e.kind, e.phase, e.sqlstate.as_deref()), (ErrorClass::Operational, Phase::Tls, Some("08001")), "{e}");
    assert!(!e.connection_usable && e.peer.is_some());
    e
}

fn says(e: &Error, message: &str, hint: &str) {
    assert!(e.message.contains(message), "{message:?} is not in: {e}");
    assert!(e.hint.as_ref().is_some_and(|h| h.contains(hint)), "{hint:?} is not in: {e}");
}

#[tokio::test]
async fn the_right_certificate_is_believed() {
    let lab = Lab::new("Lab CA");
    let ca = lab.ca();
    for (names, asked) in [
        (vec!["127.0.0.1"], None),
        (vec!["other.example", "127.0.0.1"], None),
        (vec!["db.example"], Some("db.example")),
        (vec!["DB.Example"], Some("db.example")),
        (vec!["*.lab.example"], Some("db.lab.example")),
        (vec!["::1"], Some("::1")),
    ] {
        let server = serve_for(&lab, &names).await;
        let mut settings = vec![("tls_ca", ca.as_str())];
        settings.extend(asked.map(|name| ("tls_server_name", name)));
        let connection = good(&server, &settings).await;
        let told = connection.info().tls.unwrap();
        assert!(told.verified && told.version == "TLSv1.3" && told.cipher.starts_with("TLS_"), "{told:?}");
        assert!(connection.warnings().is_empty());
        connection.close().await.unwrap();
        server.shutdown().await;
    }
}

#[tokio::test]
async fn an_unknown_authority_is_not() {
    let lab = Lab::new("Lab CA");
    let (other, ca) = (Lab::new("Other CA"), lab.ca());
    let server = serve_for(&other, &["127.0.0.1"]).await;
    let e = bad(&server, &[("tls_ca", &ca)]).await;
    says(&e, "(CN=db) comes from an authority that is not trusted: \"CN=Other CA\"", "tls_ca=");
    // The system knows neither.
    let e = bad(&server, &[("tls", "require")]).await;
    says(&e, "not trusted", "tls_ca=");
    // The same name, another key.
    let twin = serve_for(&Lab::new("Lab CA"), &["127.0.0.1"]).await;
    bad(&twin, &[("tls_ca", &ca)]).await;
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_not() {
    let lab = Lab::new("Lab CA");
    let ca = lab.ca();
    let mut params = named("db", &["127.0.0.1"]);
    params.not_after = date_time_ymd(2001, 1, 1);
    let e = bad(&serve(&lab.issue(&params)).await, &[("tls_ca", &ca)]).await;
    says(&e, "(CN=db) expired", "clock");
    assert!(e.message.ends_with("days ago"), "{e}");
    params.not_before = date_time_ymd(2998, 1, 1);
    params.not_after = date_time_ymd(2999, 1, 1);
    let e = bad(&serve(&lab.issue(&params)).await, &[("tls_ca", &ca)]).await;
    says(&e, "is not valid yet: it will be in", "clock");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not() {
    let lab = Lab::new("Lab CA");
    let ca = lab.ca();
    let server = serve_for(&lab, &["db.example", "*.lab.example", "192.0.2.7"]).await;
    let e = bad(&server, &[("tls_ca", &ca)]).await;
    says(&e, "is not for \"127.0.0.1\" but for", "tls_server_name");
    assert!(["db.example", "*.lab.example", "192.0.2.7"].iter().all(|name| e.message.contains(name)), "{e}");
    // A wildcard is one label.
    let e = bad(&server, &[("tls_ca", &ca), ("tls_server_name", "a.b.lab.example")]).await;
    says(&e, "is not for \"a.b.lab.example\"", "tls_server_name");
    good(&server, &[("tls_ca", &ca), ("tls_server_name", "a.lab.example")]).await;
    // As on many an IBM i: the name is in the subject only, which nobody looks at any more.
    let nameless = lab.issue(&named("127.0.0.1", &[]));
    let server = serve(&nameless).await;
    let e = bad(&server, &[("tls_ca", &ca)]).await;
    says(&e, "(CN=127.0.0.1) names no host at all", "tls_fingerprint=");
    // What the hint says can be done.
    let hint = e.hint.unwrap();
    let fingerprint = hint.split("tls_fingerprint=").nth(1).unwrap();
    let connection = good(&server, &[("tls_fingerprint", fingerprint)]).await;
    assert!(connection.info().tls.unwrap().verified);
}

#[tokio::test]
async fn a_self_signed_certificate_is_believed_when_it_is_known() {
    let key = KeyPair::generate().unwrap();
    let own = (named("db", &["127.0.0.1"]).self_signed(&key).unwrap(), key);
    let lab = Lab::new("Lab CA");
    let server = serve(&own).await;
    says(&bad(&server, &[("tls_ca", &lab.ca())]).await, "(CN=db) is self-signed and not trusted", "tls_fingerprint=");
    let file = lab.file("own.pem", &own.0.pem());
    good(&server, &[("tls_ca", &file)]).await;
    let fingerprint = drdarrow::net::tls::fingerprint::Fingerprint::of(own.0.der()).to_string();
    for written in [fingerprint.clone(), fingerprint.replace(':', "").to_lowercase()] {
        let connection = good(&server, &[("tls_fingerprint", &written)]).await;
        assert_eq!(connection.info().tls.unwrap().fingerprint.to_string(), fingerprint);
    }
    let other = drdarrow::net::tls::fingerprint::Fingerprint::of(lab.certificate.der()).to_string();
    let e = bad(&server, &[("tls_fingerprint", &other)]).await;
    says(&e, &format!("is not the one of tls_fingerprint: its SHA-256 is {fingerprint}"), "replaced");
}

#[tokio::test]
async fn anybody_will_do_when_that_is_spelled_out() {
    let server = serve_for(&Lab::new("Lab CA"), &["other.example"]).await;
    let connection = good(&server, &[("tls", "insecure")]).await;
    assert!(!connection.info().tls.unwrap().verified);
    let warnings = connection.warnings();
    assert!(warnings[0].message.contains("not verified") && warnings[0].sqlstate == "01000", "{warnings:?}");
}

#[tokio::test]
async fn a_client_shows_its_certificate_when_asked() {
    let lab = Lab::new("Lab CA");
    let (certificate, key) = lab.issue(&named("db", &["127.0.0.1"]));
    let authority = lab.certificate.pem();
    let tls =
        ServerTls::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes(), Some(authority.as_bytes()));
    let settings = ServerSettings { tls: Some(tls.unwrap()), ..ServerSettings::default() };
    let server = start_with(settings, &MemoryTables::new()).await;
    let ca = lab.ca();
    let files = |lab: &Lab| {
        let (certificate, key) = lab.issue(&named("someone", &[]));
        (lab.file("client.pem", &certificate.pem()), lab.file("client.key", &key.serialize_pem()))
    };
    let (cert, key) = files(&lab);
    good(&server, &[("tls_ca", &ca), ("tls_cert", &cert), ("tls_key", &key)]).await;
    let e = bad(&server, &[("tls_ca", &ca)]).await;
    says(&e, "refused the TLS connection: alert CertificateRequired", "tls_cert=");
    let other = Lab::new("Other CA");
    let (cert, key) = files(&other);
    let e = bad(&server, &[("tls_ca", &ca), ("tls_cert", &cert), ("tls_key", &key)]).await;
    says(&e, "refused the TLS connection: alert UnknownCA", "tls_cert=");
}

#[tokio::test]
async fn files_that_do_not_do_are_named() {
    let lab = Lab::new("Lab CA");
    let server = serve_for(&lab, &["127.0.0.1"]).await;
    let (certificate, key) = lab.issue(&named("someone", &[]));
    let (_, another) = lab.issue(&named("someone else", &[]));
    let secret = key.serialize_pem();
    let cert = lab.file("client.pem", &certificate.pem());
    let key = lab.file("client.key", &secret);
    let another = lab.file("another.key", &another.serialize_pem());
    let none = lab.directory.join("none.pem").to_str().unwrap().to_owned();
    let locked = lab.file("locked.key", &secret.replace("PRIVATE", "ENCRYPTED PRIVATE"));
    let directory = lab.directory.to_str().unwrap();
    for (settings, setting, file, words) in [
        (vec![("tls_ca", none.as_str())], "tls_ca", &none, "cannot be read"),
        (vec![("tls_ca", directory)], "tls_ca", &directory.to_owned(), "cannot be read"),
        (vec![("tls_ca", &key)], "tls_ca", &key, "no certificate"),
        (vec![("tls_cert", &key), ("tls_key", &key)], "tls_cert", &key, "no certificate"),
        (vec![("tls_cert", &cert), ("tls_key", &cert)], "tls_key", &cert, "no private key"),
        (vec![("tls_cert", &cert), ("tls_key", &none)], "tls_key", &none, "cannot be read"),
        (vec![("tls_cert", &cert), ("tls_key", &locked)], "tls_key", &locked, "encrypted"),
        (vec![("tls_cert", &cert), ("tls_key", &another)], "tls_key", &another, "does not fit"),
    ] {
        let e = Connection::connect(with(&server, &settings)).await.unwrap_err();
        assert_eq!((e.kind, e.phase), (ErrorClass::Interface, Phase::Config), "{e}");
        let text = format!("{e} {e:?}");
        assert!(e.message.starts_with(setting) && text.contains(file.as_str()) && text.contains(words), "{e}");
        let body: Vec<&str> = secret.lines().filter(|line| !line.starts_with("--")).collect();
        assert!(body.iter().all(|line| !text.contains(line)), "{e}");
    }
    let pem = certificate.pem();
    assert!(matches!(ServerTls::from_pem(b"", secret.as_bytes(), None), Err(ServerTlsError::Certificate(_))));
    assert!(matches!(ServerTls::from_pem(pem.as_bytes(), pem.as_bytes(), None), Err(ServerTlsError::Key(_))));
    assert!(matches!(ServerTls::from_files(cert.as_ref(), another.as_ref(), None), Err(ServerTlsError::Key(_))));
    assert!(ServerTls::from_files(cert.as_ref(), key.as_ref(), Some(cert.as_ref())).is_ok());
    assert!(matches!(
        ServerTls::from_files(cert.as_ref(), key.as_ref(), Some(key.as_ref())),
        Err(ServerTlsError::Authority(_))
    ));
}

#[tokio::test]
async fn the_wrong_port_is_named() {
    let plain = start_with(ServerSettings::default(), &MemoryTables::new()).await;
    let e = bad(&plain, &[("tls", "insecure")]).await;
    says(&e, "did not answer with TLS; it may be the plain port: it answered in DRDA without TLS", "448");
    let server = serve_for(&Lab::new("Lab CA"), &["127.0.0.1"]).await;
    let e = bad(&server, &[]).await;
    assert!(e.message.contains("looks like TLS: use tls=require") && e.message.contains("448"), "{e}");
    // A raw client gets an alert and an end.
    let mut raw = Raw::connect(&server).await;
    raw.send(&[0, 10, 0xD0, 1, 0, 1, 0, 4, 0x10, 0x41]).await;
    let mut got = Vec::new();
    raw.0.read_to_end(&mut got).await.unwrap();
    assert_eq!(got[..2], [0x15, 3], "{got:02X?}");
}

#[tokio::test]
async fn a_peer_that_hangs_up_or_keeps_silent_is_no_tls_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = Config::new("127.0.0.1", listener.local_addr().unwrap().port(), "D").unwrap();
    config.set("tls", "require").unwrap();
    config.set("timeout", "0.5").unwrap();
    let hang_up = async {
        drop(listener.accept().await.unwrap());
        // The second one is left waiting.
        let silent = listener.accept().await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(silent);
    };
    let ask = async {
        let e = Connection::connect(config.clone()).await.unwrap_err();
        assert_eq!((e.phase, e.sqlstate.as_deref()), (Phase::Tls, Some("08001")), "{e}");
        says(&e, "it may be the plain port", "448");
        let e = Connection::connect(config.clone()).await.unwrap_err();
        assert_eq!((e.phase, e.sqlstate.as_deref()), (Phase::Tls, Some("08001")), "{e}");
        says(&e, "no TLS handshake: no answer within 0.5 s", "plain port");
    };
    tokio::join!(hang_up, ask);
}

/// The bytes that went through a tap.
#[derive(Default)]
struct Tapped {
    seen: Mutex<Vec<u8>>,
    /// Nothing more is taken from the client.
    shut: AtomicBool,
    /// The client has hung up.
    ended: AtomicBool,
}

/// Passes everything on and keeps what the client sent.
async fn tap(upstream: SocketAddr) -> (u16, Arc<Tapped>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tapped = Arc::new(Tapped::default());
    let kept = tapped.clone();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let (mut from, mut to) = client.into_split();
        let (mut back, mut on) = TcpStream::connect(upstream).await.unwrap().into_split();
        tokio::spawn(async move { tokio::io::copy(&mut back, &mut to).await });
        let mut buf = vec![0; 65_536];
        while let Ok(n @ 1..) = from.read(&mut buf).await {
            kept.seen.lock().unwrap().extend_from_slice(&buf[..n]);
            on.write_all(&buf[..n]).await.unwrap();
            while kept.shut.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        kept.ended.store(true, Ordering::Relaxed);
    });
    (port, tapped)
}

#[tokio::test]
async fn a_password_in_clear_is_not_on_the_wire() {
    // In EBCDIC, as SECCHK has it, and in ASCII.
    const PASSWORD: &str = "ABCDEFGH";
    let in_ebcdic: Vec<u8> = (0xC1..=0xC8).collect();
    let lab = Lab::new("Lab CA");
    let ca = lab.ca();
    for encrypted in [true, false] {
        let access = Access::Users(HashMap::from([("app".to_owned(), Secret::new(PASSWORD))]));
        let tls = encrypted.then(|| tls(&lab.issue(&named("db", &["127.0.0.1"]))));
        let server =
            start_with(ServerSettings { access, tls, ..ServerSettings::default() }, &MemoryTables::new()).await;
        let (port, tapped) = tap(server.address()).await;
        let mut config = config(&server).password(PASSWORD);
        config.port = port;
        config.set("security", "password").unwrap();
        if encrypted {
            config.set("tls_ca", &ca).unwrap();
        }
        let connection = Connection::connect(config).await.unwrap();
        assert_eq!(connection.info().secmec, 3);
        connection.close().await.unwrap();
        let seen = tapped.seen.lock().unwrap().clone();
        let shows = [in_ebcdic.as_slice(), PASSWORD.as_bytes(), b"drdarrow"]
            .iter()
            .any(|secret| seen.windows(secret.len()).any(|part| part == *secret));
        assert_eq!(shows, !encrypted);
    }
}

#[tokio::test]
async fn a_password_goes_in_clear_only_to_a_verified_server() {
    let fingerprint = "00".repeat(32);
    // Nobody answers there: what is refused, is refused before the first byte.
    let attempt = async |settings: &[(&str, &str)]| {
        let mut config = Config::new("192.0.2.1", 446, "D").unwrap().password("geheim-4711");
        for (key, value) in [("security", "password"), ("timeout", "0.2")].iter().chain(settings) {
            config.set(key, value).unwrap();
        }
        Connection::connect(config).await.unwrap_err()
    };
    for settings in [vec![], vec![("tls", "insecure")]] {
        let e = attempt(&settings).await;
        assert_eq!(e.phase, Phase::Security, "{settings:?}: {e}");
        says(&e, "without TLS to a verified server", "tls=require");
        assert!(!format!("{e:?}").contains("geheim"));
    }
    for settings in [vec![("tls", "require")], vec![("tls_fingerprint", fingerprint.as_str())]] {
        let e = attempt(&settings).await;
        assert_ne!(e.phase, Phase::Security, "{settings:?}: {e}");
    }
}

/// The rows of the table `T`, whatever the batches.
fn cells(batches: &[RecordBatch]) -> impl Iterator<Item = (Option<i32>, Option<&str>)> {
    batches.iter().flat_map(|b| {
        let (ids, names) = (b.column(0).as_primitive::<Int32Type>(), b.column(1).as_string::<i32>());
        ids.iter().zip(names)
    })
}

#[tokio::test]
async fn a_large_result_is_the_same() {
    let tables = MemoryTables::new();
    let ids = Int32Array::from_iter_values(0..200_000);
    let names = StringArray::from_iter_values((0..200_000).map(|i| format!("name {i}")));
    tables.put("T", table(vec![column("ID", ids), told(column("NAME", names), "VARCHAR", 20)]));
    let lab = Lab::new("Lab CA");
    let tls = Some(tls(&lab.issue(&named("db", &["127.0.0.1"]))));
    let server = start_with(ServerSettings { tls, ..ServerSettings::default() }, &tables).await;
    let plain = start(ServerSettings::default().persona, &tables).await;
    let secured = Connection::connect(with(&server, &[("tls_ca", &lab.ca())])).await.unwrap();
    let got = rows(&secured, "SELECT * FROM T").await;
    assert_eq!(count(&got), 200_000);
    // A batch may end early where the next block is late, so rows are compared and not batches.
    assert!(cells(&got).eq(cells(&rows(&connect(&plain).await, "SELECT * FROM T").await)));
    // More in one direction than the stream keeps back.
    tables.put("B", table(vec![column("C", LargeStringArray::from(vec!["x"]))]));
    let large: ArrayRef = Arc::new(LargeStringArray::from(vec!["é".repeat(5_000_000)]));
    secured.execute("INSERT INTO B VALUES (?)", std::slice::from_ref(&large)).await.unwrap();
    let got = rows(&secured, "SELECT C FROM B").await;
    let texts: Vec<Option<&str>> = got.iter().flat_map(|b| b.column(0).as_string::<i64>().iter()).collect();
    assert!(texts.len() == 2 && texts[1] == Some(large.as_string::<i64>().value(0)));
}

#[tokio::test]
async fn a_server_that_stops_taking_holds_nobody_up() {
    let tables = MemoryTables::new();
    tables.put("B", table(vec![column("C", LargeStringArray::from(vec!["x"]))]));
    let lab = Lab::new("Lab CA");
    let tls = Some(tls(&lab.issue(&named("db", &["127.0.0.1"]))));
    let server = start_with(ServerSettings { tls, ..ServerSettings::default() }, &tables).await;
    let (port, tapped) = tap(server.address()).await;
    let mut config = with(&server, &[("tls_ca", &lab.ca()), ("statement_timeout", "0.5")]);
    config.port = port;
    let connection = Connection::connect(config).await.unwrap();
    tapped.shut.store(true, Ordering::Relaxed);
    let large: ArrayRef = Arc::new(LargeStringArray::from(vec!["x".repeat(30_000_000)]));
    let started = Instant::now();
    // Preparing is over before the tap closes, or waits in it.
    let e = connection.execute("INSERT INTO B VALUES (?)", &[large]).await.unwrap_err();
    assert_eq!(e.sqlstate.as_deref(), Some("57033"), "{e}");
    connection.close().await.unwrap();
    drop(connection);
    assert!(started.elapsed() < AT_ONCE);
    // The goodbye of TLS waits for a second, then the socket is closed.
    tokio::time::sleep(Duration::from_secs(2)).await;
    tapped.shut.store(false, Ordering::Relaxed);
    let ended = async {
        while !tapped.ended.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(AT_ONCE, ended).await.expect("the client has hung up");
}

#[tokio::test]
async fn garbage_in_place_of_a_handshake_is_let_go() {
    let lab = Lab::new("Lab CA");
    let tls = Some(tls(&lab.issue(&named("db", &["127.0.0.1"]))));
    let settings = ServerSettings {
        tls,
        max_connections: 3,
        login_timeout: Duration::from_millis(300),
        ..ServerSettings::default()
    };
    let server = start_with(settings, &MemoryTables::new()).await;
    let ca = lab.ca();
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x16, 3, 1, 0xFF, 0xFF], &[0x16, 3, 1, 0, 4, 1, 0xFF, 0xFF, 0xFF]]
    {
        let mut raw = Raw::connect(&server).await;
        raw.send(garbage).await;
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(AT_ONCE, raw.0.read_to_end(&mut rest)).await.expect("it is let go");
    }
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(TcpStream::connect(server.address()).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(800)).await;
    good(&server, &[("tls_ca", &ca)]).await;
    let last = TcpStream::connect(server.address()).await.unwrap();
    tokio::time::timeout(AT_ONCE, server.shutdown()).await.expect("a handshake under way does not hold it up");
    drop(last);
}

/// OpenSSL as the client: the handshake, judged by somebody else.
#[tokio::test(flavor = "multi_thread")]
async fn openssl_believes_the_server() {
    let lab = Lab::new("Lab CA");
    let server = serve_for(&lab, &["db.example"]).await;
    let (address, ca, other) = (server.address().to_string(), lab.ca(), Lab::new("Other CA").ca());
    for (version, ca, name, good) in [
        ("-tls1_3", &ca, "db.example", true),
        ("-tls1_2", &ca, "db.example", true),
        ("-tls1_3", &ca, "other.example", false),
        ("-tls1_3", &other, "db.example", false),
    ] {
        let mut command = std::process::Command::new("openssl");
        command.args(["s_client", "-connect", &address, "-CAfile", ca, "-verify_hostname", name, version]);
        command.args(["-verify_return_error", "-brief"]).stdin(std::process::Stdio::null());
        let done = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        assert_eq!(done.status.success(), good, "{version} {name}: {}", String::from_utf8_lossy(&done.stderr));
    }
}
