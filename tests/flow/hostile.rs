//! Servers that are slow, odd within the rules, or outside of them.

use super::client::{LOBS, NARROW, config, count, rows};
use super::recorded_replies::{Book, Request};
use super::server::{Answer, Damage, Edit, Log, build, honest, parts, start};
use drdarrow::client::config::Config;
use drdarrow::client::config::security::{EncAlg, Security};
use drdarrow::client::error::{Error, Phase};
use drdarrow::client::sql::connection::Connection;
use drdarrow::flow::secmec::line::Line;
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::object::{objects, put, put_bytes, put_u16};
use drdarrow::wire::dss::header::DssType;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

pub type Parts = Vec<(DssType, u16, Vec<u8>)>;

/// A connection to a server whose answers are edited.
pub async fn connect(edit: Edit) -> (Connection, JoinHandle<Log>) {
    let (stream, server) = start(&Book::derby(), Damage::None, edit);
    (Connection::over(stream, Line::Local, config()).await.unwrap(), server)
}

/// Edits the frames of the answers to a command.
pub fn edit(command: CodePoint, mut change: impl FnMut(usize, &mut Parts) + Send + 'static) -> Edit {
    let mut n = 0;
    Box::new(move |_, request: &Request, bytes| {
        if !request.has(command) {
            return Answer::Bytes(bytes);
        }
        let mut frames = parts(&bytes);
        change(n, &mut frames);
        n += 1;
        Answer::Bytes(build(&frames))
    })
}

/// Reads a query with answers edited.
pub async fn read(sql: &str, edit: Edit) -> Result<usize, Error> {
    let (connection, _server) = connect(edit).await;
    let read = async { rows(&connection, sql).await.map(|r| count(&r)) };
    timeout(Duration::from_secs(3600), read).await.expect("a wait without end")
}

pub fn object(cp: CodePoint, data: &[u8]) -> Vec<u8> {
    let mut w = Writer::new();
    put_bytes(&mut w, cp, data);
    w.into_vec()
}

pub fn point(body: &[u8]) -> CodePoint {
    CodePoint::new(u16::from_be_bytes([body[2], body[3]]))
}

#[tokio::test(start_paused = true)]
async fn silence_ends_at_the_deadline() {
    // At the login, at a statement, at a fetch, at a commit.
    let begin = Instant::now();
    let (stream, _server) = start(&Book::derby(), Damage::None, Box::new(|_, _, _| Answer::Silence));
    let e = Connection::over(stream, Line::Local, config()).await.unwrap_err();
    assert_eq!((e.phase, e.sqlstate.as_deref()), (Phase::Exchange, Some("08001")), "{e:?}");
    assert!(e.message.contains("no DRDA reply") && begin.elapsed() < Duration::from_secs(6), "{e}");
    for command in [cp::OPNQRY, cp::CNTQRY, cp::RDBCMM] {
        let quiet: Edit = Box::new(move |_, r, b| if r.has(command) { Answer::Silence } else { Answer::Bytes(b) });
        let (connection, _server) = connect(quiet).await;
        let begin = Instant::now();
        let e = match rows(&connection, NARROW).await {
            Err(e) => e,
            Ok(_) => connection.commit().await.unwrap_err(),
        };
        let state = if command == cp::RDBCMM { "08007" } else { "57033" };
        assert_eq!(e.sqlstate.as_deref(), Some(state), "{e:?}");
        assert!(begin.elapsed() < Duration::from_secs(13), "{:?}", begin.elapsed());
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(connection.is_closed());
        let e = connection.commit().await.unwrap_err();
        assert!(!e.connection_usable, "{e:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_frees_the_connection() {
    // The answer comes in time to be drained: the connection goes on, the query was closed.
    let slow: Edit =
        Box::new(|n, _, b| if n == 2 { Answer::Late(Duration::from_secs(1), b) } else { Answer::Bytes(b) });
    let (connection, server) = connect(slow).await;
    assert!(timeout(Duration::from_millis(100), connection.query(NARROW, &[])).await.is_err());
    assert_eq!(count(&rows(&connection, NARROW).await.unwrap()), 90);
    connection.close().await.unwrap();
    drop(connection);
    let log = server.await.unwrap();
    let opened: Vec<u16> = log.requests.iter().filter(|r| r.has(cp::OPNQRY)).map(|r| r.section).collect();
    let closed = log.requests.iter().position(|r| r.has(cp::CLSQRY));
    let again = log.requests.iter().rposition(|r| r.has(cp::OPNQRY)).unwrap();
    assert!(opened[0] != opened[1] || closed.is_some_and(|c| c < again), "a section in use was used again");
    assert!(closed.is_some(), "the query given up was left open");
    // It does not come: the connection is given up, and says so.
    let quiet: Edit = Box::new(|n, _, b| if n == 2 { Answer::Silence } else { Answer::Bytes(b) });
    let (connection, _server) = connect(quiet).await;
    assert!(timeout(Duration::from_millis(100), connection.query(NARROW, &[])).await.is_err());
    let begin = Instant::now();
    let e = rows(&connection, NARROW).await.unwrap_err();
    assert!(!e.connection_usable && begin.elapsed() < Duration::from_secs(5), "{e:?}");
}

#[tokio::test(start_paused = true)]
async fn replies_in_other_frames() {
    // Every object in a frame of its own, and all of them in one frame where its kind and the ids allow it.
    let apart = |_: usize, frames: &mut Parts| {
        let all = std::mem::take(frames);
        for (kind, id, body) in all {
            for found in objects(&body.into()) {
                let found = found.unwrap();
                frames.push((kind, id, object(found.cp, &found.body)));
            }
        }
    };
    let together = move |n: usize, frames: &mut Parts| {
        apart(n, frames);
        let all = std::mem::take(frames);
        for (kind, id, body) in all {
            match frames.last_mut() {
                Some((before, last, bytes)) if *last == id && *before == kind => bytes.extend(body),
                _ => frames.push((kind, id, body)),
            }
        }
    };
    for sql in [NARROW, LOBS] {
        let right = read(sql, Box::new(|_, _, b| Answer::Bytes(b))).await.unwrap();
        for command in [cp::OPNQRY, cp::CNTQRY] {
            assert_eq!(read(sql, edit(command, apart)).await.unwrap(), right);
            assert_eq!(read(sql, edit(command, together)).await.unwrap(), right);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn unchained_in_mid_reply() {
    // The reply to PRPSQLSTT ends its chain although OPNQRY is still to be answered.
    let edit: Edit = Box::new(|_, r, b| {
        if !r.has(cp::OPNQRY) {
            return Answer::Bytes(b);
        }
        let frames = parts(&b);
        let at = frames.iter().position(|(_, id, _)| *id == 2).unwrap();
        Answer::Bytes([build(&frames[..at]), build(&frames[at..])].concat())
    });
    assert_eq!(read(NARROW, edit).await.unwrap(), 90);
}

#[tokio::test(start_paused = true)]
async fn unchained_after_a_failure() {
    // A server that goes on with the chain after a failed command, unchained or not, and one that
    // stops there: the next statement gets its own answer.
    for stops in [false, true] {
        let edit: Edit = Box::new(move |_, r, b| {
            if r.sql.as_deref() != Some(super::client::WRONG) {
                return Answer::Bytes(b);
            }
            let frames = parts(&b);
            let at = frames.iter().position(|(_, id, _)| *id == 2).unwrap_or(frames.len());
            let rest = if at == frames.len() {
                build(&[(DssType::Reply, 2, object(cp::OPNQFLRM, &[0, 6, 0x11, 0x49, 0, 8]))])
            } else {
                build(&frames[at..])
            };
            Answer::Bytes(if stops { build(&frames[..at]) } else { [build(&frames[..at]), rest].concat() })
        });
        let (connection, _server) = connect(edit).await;
        let e = rows(&connection, super::client::WRONG).await.unwrap_err();
        assert_eq!(e.sqlstate.as_deref(), Some("42X05"), "{e:?}");
        assert_eq!(count(&rows(&connection, NARROW).await.unwrap()), 90, "stops: {stops}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_informs_is_stepped_over() {
    let mut message = Writer::new();
    put(&mut message, cp::RDBUPDRM, |w| put_u16(w, cp::SVRCOD, 0));
    let extras: Vec<(DssType, Vec<u8>)> = vec![
        (DssType::Reply, message.into_vec()),
        (DssType::Object, object(CodePoint::new(0xC000), &[0, 5, 0xC0, 1, 2])),
        (DssType::Object, object(CodePoint::new(0x1C00), &[1, 2, 3])),
    ];
    for command in [cp::EXCSAT, cp::ACCRDB, cp::OPNQRY, cp::CNTQRY, cp::RDBCMM] {
        let extras = extras.clone();
        let edit = edit(command, move |_, frames| {
            for (kind, body) in &extras {
                let (first, last) = (frames[0].1, frames[frames.len() - 1].1);
                frames.insert(0, (*kind, first, body.clone()));
                frames.push((*kind, last, body.clone()));
            }
        });
        let (stream, _server) = start(&Book::derby(), Damage::None, edit);
        let connection = Connection::over(stream, Line::Local, config()).await.unwrap();
        assert_eq!(count(&rows(&connection, NARROW).await.unwrap()), 90, "{command:04X}");
        connection.commit().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn no_secret_goes_to_a_server_that_wants_it_otherwise() {
    for (security, offered) in [
        (Security::Encrypted(EncAlg::Aes), 3u16),
        (Security::Encrypted(EncAlg::Des), 3),
        (Security::Substitute, 3),
        (Security::Substitute, 4),
        (Security::Password, 9),
        (Security::Password, 4),
    ] {
        let edit: Edit = Box::new(move |_, r, b| {
            if !r.has(cp::EXCSAT) && !r.has(cp::ACCSEC) {
                return Answer::Bytes(b);
            }
            let recorded = parts(&b);
            let mut frames = Vec::new();
            if r.has(cp::EXCSAT) {
                frames.push(recorded[0].clone());
            }
            if r.has(cp::ACCSEC) {
                let mut w = Writer::new();
                put(&mut w, cp::ACCSECRD, |w| put_u16(w, cp::SECMEC, offered));
                frames.push((DssType::Reply, r.commands.len() as u16, w.into_vec()));
            }
            Answer::Bytes(build(&frames))
        });
        let mut book = Book::derby();
        for heading in ["EXCSAT", "ACCSEC"] {
            book.add(heading, book.replies["EXCSAT ACCSEC"][0].clone());
        }
        let (stream, server) = start(&book, Damage::None, edit);
        let mut config = Config { security, ..config() }.password("Tr0ub4dor&3");
        config.user = Some("confidant".to_owned());
        let e = Connection::over(stream, Line::Local, config).await.unwrap_err();
        assert!(e.message.contains("offers") && e.hint.is_some(), "{e:?}");
        let log = server.await.unwrap();
        assert!(!log.requests.iter().any(|r| r.has(cp::SECCHK)), "{security:?} {offered}");
        assert!(!super::secrets::shows(&log.received, "Tr0ub4dor&3"));
    }
}

/// The client's error at a peer that answers with these bytes and then stays silent or closes.
async fn answered(bytes: &[u8], close: bool) -> Error {
    let (client, mut server) = tokio::io::duplex(1 << 20);
    let bytes = bytes.to_vec();
    let peer = tokio::spawn(async move {
        let mut buf = [0; 4096];
        assert!(server.read(&mut buf).await.unwrap() > 0);
        let _ = server.write_all(&bytes).await;
        if !close {
            while matches!(server.read(&mut buf).await, Ok(1..)) {}
        }
    });
    let e =
        timeout(Duration::from_secs(60), Connection::over(client, Line::Local, config())).await.unwrap().unwrap_err();
    peer.await.unwrap();
    e
}

#[tokio::test(start_paused = true)]
async fn peers_of_other_protocols() {
    for (bytes, word) in [
        (&b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"[..], "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
        (&[0x15, 3, 1, 0, 2, 2, 10], "TLS"),
        (&[0x15, 3, 3, 0, 2, 2, 50], "TLS"),
        (b"220 mail ESMTP\r\n", "SMTP"),
        (&[0; 64], "does not speak DRDA"),
    ] {
        for close in [false, true] {
            let e = answered(bytes, close).await;
            let phase = if word == "TLS" { Phase::Tls } else { Phase::Exchange };
            assert!(e.message.contains(word) && e.phase == phase, "{word}: {e:?}");
            assert_eq!(e.sqlstate.as_deref(), Some("08001"));
        }
    }
    // Fewer bytes than a header has, and what may be the beginning of one.
    for close in [false, true] {
        let e = answered(b"+OK", close).await;
        assert!(e.message.contains("POP3") && !e.connection_usable && e.phase == Phase::Exchange, "{e:?}");
        let e = answered(&[0, 20, 0xD0], close).await;
        assert!(!e.message.contains("does not speak") && e.sqlstate.as_deref() == Some("08001"), "{e:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn frames_with_hostile_lengths() {
    let before = resident();
    let mut endless = vec![0xFF, 0xFF, 0xD0, 2, 0, 1];
    endless.extend(vec![0; 0x7FFF - 6]);
    for bytes in [
        // Lengths below the header's, unknown formats, an empty continuation.
        &[0u8, 0, 0xD0, 2, 0, 1][..],
        &[0, 5, 0xD0, 2, 0, 1],
        &[0, 6, 0xD0, 9, 0, 1],
        &[0x80, 6, 0xD0, 2, 0, 1, 0, 2],
        &[0x80, 6, 0xD0, 2, 0, 1, 0, 0],
        // An object of 100 MB, of 4 GB, of more than there is memory, in a frame of 16 bytes.
        &[0, 0x10, 0xD0, 2, 0, 1, 0x80, 8, 0x14, 0x43, 0x06, 0, 0, 0, 0, 0],
        &[0, 0x10, 0xD0, 2, 0, 1, 0x80, 8, 0x14, 0x43, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0],
        &[0, 0x12, 0xD0, 2, 0, 1, 0x80, 12, 0x14, 0x43, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        // An object shorter than its own head, and one that reaches beyond its frame.
        &[0, 0x0A, 0xD0, 2, 0, 1, 0, 3, 0x14, 0x43],
        &[0, 0x0A, 0xD0, 2, 0, 1, 0x7F, 0xFF, 0x14, 0x43],
        &endless,
    ] {
        let e = answered(bytes, false).await;
        assert!(!e.connection_usable, "{bytes:02X?}: {e:?}");
    }
    assert!(resident() < before + (64 << 20), "memory grew from {before} to {}", resident());
}

/// Resident memory of this process, in bytes.
pub fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    status.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).map_or(0, |pages| pages * 4096)
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_nobody_asked_for() {
    let (client, server) = tokio::io::duplex(1 << 20);
    let (mut read, mut write) = tokio::io::split(client);
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let (mut near_read, mut near_write) = tokio::io::split(theirs);
    tokio::spawn(async move { tokio::io::copy(&mut near_read, &mut write).await });
    let log = tokio::spawn(super::server::serve(
        server,
        super::server::Script::new(Book::derby()),
        Damage::None,
        Box::new(|_, _, b| Answer::Bytes(b)),
    ));
    let (surplus, mut more) = tokio::sync::mpsc::channel::<Vec<u8>>(1);
    tokio::spawn(async move {
        let mut buf = vec![0; 1 << 16];
        loop {
            tokio::select! {
                n = read.read(&mut buf) => match n { Ok(n @ 1..) => near_write.write_all(&buf[..n]).await.unwrap(), _ => return },
                bytes = more.recv() => match bytes { Some(bytes) => near_write.write_all(&bytes).await.unwrap(), None => return },
            }
        }
    });
    let connection = Connection::over(ours, Line::Local, config()).await.unwrap();
    assert_eq!(count(&rows(&connection, NARROW).await.unwrap()), 90);
    surplus.send(build(&[(DssType::Object, 1, object(cp::SQLCARD, &[0xFF]))])).await.unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(connection.is_closed());
    let e = rows(&connection, NARROW).await.unwrap_err();
    assert!(!e.connection_usable && e.message.contains("nothing had asked for"), "{e:?}");
    drop(connection);
    drop(surplus);
    let _ = log.await;
}

#[tokio::test(start_paused = true)]
async fn a_commit_without_an_answer_is_of_unknown_outcome() {
    // Closed, damaged, or answered with something else.
    for n in 0..3 {
        let edit: Edit = Box::new(move |_, r, b| match n {
            _ if !r.has(cp::RDBCMM) => Answer::Bytes(b),
            0 => Answer::Close,
            1 => Answer::Bytes(vec![0, 3, 0xD0, 2, 0, 1]),
            _ => Answer::Bytes(build(&[(DssType::Object, 1, object(CodePoint::new(0x2FFF), &[]))])),
        });
        let (connection, _server) = connect(edit).await;
        let e = connection.commit().await.unwrap_err();
        assert_eq!((e.sqlstate.as_deref(), e.connection_usable), (Some("08007"), false), "{n}: {e:?}");
        assert!(connection.is_closed());
    }
    let (stream, _server) = honest(&Book::derby());
    Connection::over(stream, Line::Local, config()).await.unwrap().commit().await.unwrap();
}
