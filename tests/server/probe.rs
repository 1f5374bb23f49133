//! The look at a host from outside: our server as every product, in clear and over TLS; and servers of
//! other protocols, each by the first bytes that it is known by.

use crate::support::{PERSONAS, start, start_with};
use drdarrow::client::error::{ErrorClass, Phase};
use drdarrow::client::probe::report::{Port, PortState, Report, Service, Severity};
use drdarrow::client::probe::{ProbeTarget, probe};
use drdarrow::server::access::Access;
use drdarrow::server::listen::Server;
use drdarrow::server::persona::{DERBY, IBMI, LUW, Persona};
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::server::tls::ServerTls;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::object::{objects, params};
use drdarrow::wire::dss::deframe::Deframer;
use drdarrow::wire::file::signon::{Body, Stream};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const ALLOWED: Duration = Duration::from_secs(2);
/// The limit is ours; the machine may be busy.
const SLACK: Duration = Duration::from_secs(1);

async fn look(ports: &[u16]) -> Report {
    let started = Instant::now();
    let target = ProbeTarget { ports: ports.to_vec(), timeout: ALLOWED, ..ProbeTarget::new("127.0.0.1") };
    let report = probe(target).await.unwrap();
    assert!(started.elapsed() < ALLOWED + SLACK, "{:?}", started.elapsed());
    report
}

async fn look_at(port: u16) -> Port {
    look(&[port]).await.ports.remove(0)
}

fn codes(report: &Report) -> Vec<(&'static str, Severity)> {
    report.advice.iter().map(|a| (a.code, a.severity)).collect()
}

/// A server that does the same with every connection.
async fn answering<F>(answer: impl Fn(TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    port
}

/// A server that says `text` at once, and no more.
async fn greeting(text: &'static [u8]) -> u16 {
    answering(move |mut stream| async move {
        let _ = stream.write_all(text).await;
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await
}

fn certificate(names: &[&str], until: (i32, u8, u8)) -> ServerTls {
    let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap();
    params.not_after = date_time_ymd(until.0, until.1, until.2);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    ServerTls::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes(), None).unwrap()
}

async fn secure(persona: &'static Persona, tls: ServerTls) -> Server {
    start_with(ServerSettings { persona, tls: Some(tls), ..ServerSettings::default() }, &MemoryTables::new()).await
}

#[tokio::test]
async fn every_persona_introduces_itself() {
    for persona in PERSONAS {
        let plain = start(persona, &MemoryTables::new()).await;
        let tls = secure(persona, certificate(&["127.0.0.1"], (2040, 1, 1))).await;
        let report = look(&[plain.address().port(), tls.address().port()]).await;
        assert_eq!(report.drda().count(), 2, "{report:?}");
        for port in &report.ports {
            assert_eq!((port.state, port.service), (PortState::Open, Service::Drda));
            let server = port.server.as_ref().unwrap();
            let (product, version) = match persona.name {
                "luw" => ("Db2 for Linux, UNIX and Windows", "12.1.0"),
                "derby" => ("Apache Derby", "10.14.2.0"),
                "ibmi" => ("Db2 for i", "7.5.0"),
                _ => ("Db2 for z/OS", "13.1.5"),
            };
            assert_eq!((server.product, server.version.as_deref()), (product, Some(version)), "{server:?}");
            assert_eq!(server.class, persona.class);
            let mut numbers = persona.secmecs.to_vec();
            numbers.sort_unstable();
            let told: Vec<u16> = server.mechanisms.as_ref().unwrap().iter().map(|m| m.number).collect();
            assert_eq!((told, server.complete), (numbers, true));
            assert_eq!(server.cipher, (persona.name != "derby").then_some("AES-256"));
            assert!(server.managers.contains(&(
                "SQLAM",
                if persona.name == "derby" { 7 } else { if persona.name == "luw" { 11 } else { 10 } }
            )));
            match &port.tls {
                None => assert_eq!(port.port, plain.address().port()),
                Some(tls) => {
                    let seen = tls.seen.as_ref().unwrap();
                    assert_eq!(tls.version, Some("TLSv1.3"));
                    assert!(seen.name_fits && !seen.trusted && seen.certificate.names.self_issued, "{seen:?}");
                    assert_eq!(seen.certificate.hosts, ["127.0.0.1"]);
                }
            }
        }
        // On this machine nothing is grave; with the twin, TLS is not missing.
        assert!(report.advice.iter().all(|a| a.severity == Severity::Info && a.code != "no-tls"), "{report:?}");
        assert!(codes(&report).contains(&("certificate-self-signed", Severity::Info)));
    }
}

#[tokio::test]
async fn certificates_near_their_end() {
    let old = secure(&LUW, certificate(&["db.example"], (2020, 1, 1))).await;
    let report = look(&[old.address().port()]).await;
    assert_eq!(report.ports[0].service, Service::Drda);
    assert!(codes(&report).contains(&("certificate-expired", Severity::Critical)), "{report:?}");
    assert!(codes(&report).contains(&("certificate-name", Severity::Info)), "{report:?}");
    assert_eq!(report.ports[0].tls.as_ref().unwrap().seen.as_ref().unwrap().certificate.not_after, Some(1_577_836_800));
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_shows_its_own() {
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let pem = own.pem();
    let tls = ServerTls::from_pem(pem.as_bytes(), key.serialize_pem().as_bytes(), Some(pem.as_bytes())).unwrap();
    let server = secure(&LUW, tls).await;
    let port = look_at(server.address().port()).await;
    assert_eq!(port.service, Service::Other("TLS"), "{port:?}");
    assert!(port.tls.as_ref().unwrap().seen.as_ref().unwrap().name_fits);
    assert!(port.words.contains("CertificateRequired"), "{port:?}");
}

#[tokio::test]
async fn a_server_that_asks_for_passwords_offers_no_bare_names() {
    let access = Access::users([("app".to_owned(), "secret".to_owned())]);
    let server =
        start_with(ServerSettings { persona: &DERBY, access, ..ServerSettings::default() }, &MemoryTables::new()).await;
    let report = look(&[server.address().port()]).await;
    let told: Vec<&str> =
        report.ports[0].server.as_ref().unwrap().mechanisms.as_ref().unwrap().iter().map(|m| m.name).collect();
    assert_eq!(told, ["USRIDPWD", "USRSSBPWD"]);
    assert!(!codes(&report).iter().any(|(code, _)| *code == "user-only"));
}

#[tokio::test]
async fn other_servers_are_named_by_what_they_say() {
    for (text, name) in [
        (&b"SSH-2.0-OpenSSH_9.2p1\r\n"[..], "SSH"),
        (b"220 mail.example ESMTP Postfix\r\n", "SMTP"),
        (b"220 (vsFTPd 3.0.5)\r\n", "FTP"),
        (b"+OK POP3 ready\r\n", "POP3"),
        (b"* OK IMAP4rev1\r\n", "IMAP"),
        (b"RFB 003.008\n", "VNC"),
        (b"\x4a\0\0\0\x0a8.0.36\0\x08\0\0\0", "MySQL"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
    ] {
        let port = look_at(greeting(text).await).await;
        assert_eq!((port.state, port.service), (PortState::Open, Service::Other(name)), "{port:?}");
    }
}

#[tokio::test]
async fn other_servers_are_named_by_what_they_answer() {
    /// Answers `then` to whoever begins with `first`, and hangs up on others.
    async fn picky(first: &'static [u8], then: &'static [u8]) -> u16 {
        answering(move |mut stream| async move {
            let mut heard = vec![0; first.len()];
            if stream.read_exact(&mut heard).await.is_ok() && heard == first {
                let _ = stream.write_all(then).await;
                let _ = stream.read(&mut heard).await;
            }
        })
        .await
    }
    for (first, then, name) in [
        (&b"GET /"[..], &b"HTTP/1.1 200 OK\r\n\r\n"[..], "HTTP"),
        (b"GET /", b"-ERR wrong number of arguments for 'get' command\r\n", "Redis"),
        (&[0, 0, 0, 8, 4, 0xD2, 0x16, 0x2F], b"N", "PostgreSQL"),
        (&[0x12, 1, 0], b"\x04\x01\0\x2b\0\0\x01\0\0\0\x10\0", "SQL Server (TDS)"),
    ] {
        let port = look_at(picky(first, then).await).await;
        assert_eq!(port.service, Service::Other(name), "{port:?}");
    }
}

#[tokio::test]
async fn the_sign_on_server_tells_its_password_level() {
    let reply = Stream {
        correlation: 0,
        body: Body::ExchangeReply {
            code: 0,
            version: 0x0007_0500,
            level: 10,
            seed: Some([1; 8]),
            password_level: 1,
            job: "123456/QUSER/QZSOSIGN".to_owned(),
        },
    };
    let reply = reply.encode().unwrap();
    let port = answering(move |mut stream| {
        let reply = reply.clone();
        async move {
            let mut heard = [0; 20];
            if stream.read_exact(&mut heard).await.is_ok() && heard[18..] == [0x70, 0x03] {
                let _ = stream.write_all(&reply).await;
                let _ = stream.read(&mut heard).await;
            }
        }
    })
    .await;
    let report = look(&[port]).await;
    let found = &report.ports[0];
    assert_eq!(found.service, Service::SignOn, "{found:?}");
    let told = found.sign_on.as_ref().unwrap();
    assert_eq!((told.release.as_str(), told.password_level), ("7.5.0", 1));
    assert_eq!(told.job, "123456/QUSER/QZSOSIGN");
    assert_eq!(codes(&report), [("password-level", Severity::Warning)]);
}

#[tokio::test]
async fn our_own_sign_on_server() {
    let signon = Some("127.0.0.1:0".parse().unwrap());
    let settings = ServerSettings { persona: &IBMI, signon, ..ServerSettings::default() };
    let server = start_with(settings, &MemoryTables::new()).await;
    let (drda, signon) = (server.address().port(), server.signon_address().unwrap().port());
    let report = look(&[drda, signon]).await;
    let of = |number: u16| report.ports.iter().find(|p| p.port == number).unwrap();
    assert_eq!((of(drda).service, of(signon).service), (Service::Drda, Service::SignOn), "{report:?}");
    assert!(of(signon).sign_on.as_ref().unwrap().release.starts_with("7."));
}

#[tokio::test]
async fn ports_that_say_nothing_useful() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let silent = greeting(b"").await;
    let hangs_up = answering(|stream| async move { drop(stream) }).await;
    let drips = answering(|mut stream| async move {
        for byte in std::iter::repeat_n(b"\x7f\x01", 600).flatten() {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    })
    .await;
    // A frame of 32 KiB that never ends; a frame whose object lies about its length; a flood.
    let unfinished = greeting(b"\x7f\xff\xd0\x03\0\x01").await;
    let hostile = greeting(b"\0\x10\xd0\x03\0\x01\xff\xff\x14\x43\0\0\0\0\0\0").await;
    let flood = answering(|mut stream| async move { while stream.write_all(&[0xD0; 65536]).await.is_ok() {} }).await;
    let all = [closed, silent, hangs_up, drips, unfinished, hostile, flood];
    let report = look(&all).await;
    let of = |number: u16| report.ports.iter().find(|p| p.port == number).unwrap();
    assert_eq!((of(closed).state, of(closed).address), (PortState::Refused, None));
    for number in [silent, hangs_up, drips, unfinished, hostile, flood] {
        let port = of(number);
        assert_eq!((port.state, port.service), (PortState::Open, Service::Unknown), "{port:?}");
        assert!(!port.words.is_empty(), "{port:?}");
    }
    assert!(of(drips).words.contains("answered"), "{:?}", of(drips));
    assert!(report.advice.is_empty() && report.drda().next().is_none());
}

#[tokio::test]
async fn a_server_that_stops_in_the_middle_is_told_as_far_as_it_came() {
    let server = start(&IBMI, &MemoryTables::new()).await;
    let to = server.address();
    // Hangs up after the second question.
    let port = answering(move |stream| async move {
        let (mut theirs, mut ours) = (TcpStream::connect(to).await.unwrap(), stream);
        let (mut buf, mut back, mut questions) = ([0; 4096], [0; 4096], 0);
        loop {
            tokio::select! {
                n = ours.read(&mut buf) => {
                    let n = n.unwrap_or(0);
                    questions += 1;
                    if n == 0 || questions > 1 || theirs.write_all(&buf[..n]).await.is_err() {
                        return;
                    }
                }
                n = theirs.read(&mut back) => { let _ = ours.write_all(&back[..n.unwrap_or(0)]).await; }
            }
        }
    })
    .await;
    let report = look(&[port]).await;
    let server = report.ports[0].server.as_ref().unwrap();
    assert_eq!((server.product, server.mechanisms.as_ref()), ("Db2 for i", None));
    assert!(server.refusal.as_ref().unwrap().contains("closed"), "{server:?}");
    assert!(codes(&report).contains(&("mechanisms-untold", Severity::Info)));
}

#[tokio::test]
async fn nothing_that_is_sent_logs_in() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let server = start(&LUW, &MemoryTables::new()).await;
    let (to, kept) = (server.address(), sent.clone());
    let port = answering(move |mut ours| {
        let kept = kept.clone();
        async move {
            let mut theirs = TcpStream::connect(to).await.unwrap();
            let (mut there, mut back) = ([0; 4096], [0; 4096]);
            loop {
                tokio::select! {
                    n = ours.read(&mut there) => match n {
                        Ok(n) if n > 0 => {
                            kept.lock().unwrap().extend_from_slice(&there[..n]);
                            theirs.write_all(&there[..n]).await.unwrap();
                        }
                        _ => return,
                    },
                    n = theirs.read(&mut back) => {
                        if ours.write_all(&back[..n.unwrap_or(0)]).await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    })
    .await;
    assert_eq!(look_at(port).await.service, Service::Drda);
    let sent = sent.lock().unwrap().clone();
    let (mut commands, mut parameters) = (Vec::new(), Vec::new());
    let (mut frames, mut input) = (Deframer::new(1 << 16), sent.as_slice());
    while let Some(dss) = frames.feed(&mut input).unwrap() {
        for object in objects(&dss.body) {
            let object = object.unwrap();
            commands.push(object.cp);
            parameters.extend(params(&object.body).map(|p| p.unwrap().0));
        }
    }
    assert!(frames.is_idle());
    // No SECCHK, no ACCRDB, no USRID, no PASSWORD, no RDBNAM.
    assert_eq!(commands, [cp::EXCSAT, cp::ACCSEC, cp::ACCSEC]);
    parameters.sort_unstable();
    parameters.dedup();
    let known = [cp::EXTNAM, cp::SRVCLSNM, cp::SRVNAM, cp::SRVRLSLV, cp::MGRLVLLS, cp::SECMEC, cp::SECTKN, cp::ENCALG];
    assert!(parameters.iter().all(|p| known.contains(p)), "{parameters:04X?}");
}

#[tokio::test]
async fn hosts_that_are_none() {
    for (host, kind, phase) in [
        ("no.such.host.invalid", ErrorClass::Operational, Phase::Dns),
        ("http://x", ErrorClass::Interface, Phase::Config),
        ("", ErrorClass::Interface, Phase::Config),
    ] {
        let e = probe(ProbeTarget::new(host)).await.unwrap_err();
        assert_eq!((e.kind, e.phase), (kind, phase), "{e}");
    }
}
