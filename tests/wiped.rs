//! What is left of a password in the memory of a process that logged in. Alone in its process: it reads all of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use drdarrow::client::config::Config;
use drdarrow::client::config::security::Security;
use drdarrow::client::sql::connection::Connection;
use drdarrow::flow::secmec::agreement::{EncAlg, KeyPair};
use drdarrow::wire::ddm::accsec::AccSec;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::param;
use drdarrow::wire::ddm::secchk::Secret;
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::dss::header::DssType;
use std::fs::{File, read_to_string};
use std::hint::black_box;
use std::io::{BufRead, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};

/// The bytes of a text, each of them turned: only a login makes the text itself.
const fn turned<const N: usize>(mut bytes: [u8; N]) -> [u8; N] {
    let mut at = 0;
    while at < N {
        bytes[at] ^= 0x5A;
        at += 1;
    }
    bytes
}

/// The password, and its beginning in EBCDIC and in capitals.
const PASSWORD: [u8; 16] = turned(*b"Xq7#Wiped-Secret");
const EBCDIC: [u8; 8] = turned([0xE7, 0x98, 0xF7, 0x7B, 0xE6, 0x89, 0x97, 0x85]);
const UPPER: [u8; 8] = turned(*b"XQ7#WIPE");
const UPPER_EBCDIC: [u8; 8] = turned([0xE7, 0xD8, 0xF7, 0x7B, 0xE6, 0xC9, 0xD7, 0xC5]);
const UTF16: [u8; 8] = turned(*b"X\0q\x007\0#\0");

/// How often what turns to `needle` stands in memory that this process may write.
fn copies(needle: &[u8]) -> usize {
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    let mut piece = vec![0; 1 << 20];
    let own = piece.as_ptr() as u64..piece.as_ptr() as u64 + piece.len() as u64;
    for line in read_to_string("/proc/self/maps").unwrap().lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let bounds = range.split_once('-').unwrap();
        let [start, end] = [bounds.0, bounds.1].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        if !rest.starts_with("rw") || rest.contains("[v") {
            continue;
        }
        let mut at = start;
        while at < end {
            let wanted = (piece.len() as u64).min(end - at) as usize;
            memory.seek(SeekFrom::Start(at)).unwrap();
            let Ok(got) = memory.read(&mut piece[..wanted]) else { break };
            let hit = |place: &usize| piece[*place..].iter().zip(needle).all(|(byte, turned)| byte ^ 0x5A == *turned);
            let ends = got.saturating_sub(needle.len() - 1);
            let places = starts(&piece[..ends], needle[0] ^ 0x5A);
            found += places.iter().filter(|place| hit(place) && !own.contains(&(at + **place as u64))).count();
            // The next piece begins so that nothing is cut in two.
            at += if got == wanted && at + (got as u64) < end { got - needle.len() } else { got.max(1) } as u64;
        }
    }
    piece.fill(0);
    found
}

/// Where a byte stands. The library looks for it, which is quick in a test that is not optimised, too.
fn starts(bytes: &[u8], byte: u8) -> Vec<usize> {
    let (mut rest, mut at, mut found) = (bytes, 0, Vec::new());
    while !rest.is_empty() {
        at += rest.skip_until(byte).unwrap();
        if bytes[at - 1] == byte {
            found.push(at - 1);
        }
    }
    found
}

fn term(point: CodePoint, data: &[u8]) -> Vec<u8> {
    param::message(point, |w| {
        w.bytes(data);
        Ok::<(), ()>(())
    })
    .unwrap()
}

/// Lets everybody in; what it receives is wiped.
fn accept(listener: &TcpListener, class: &str) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut got = vec![0; 1 << 16];
    loop {
        let n = stream.read(&mut got).unwrap();
        if n == 0 {
            return;
        }
        let mut answers = Chain::new();
        let mut at = 0;
        let mut number = 0;
        while at < n {
            let frame = &got[at..at + usize::from(u16::from_be_bytes([got[at], got[at + 1]]))];
            at += frame.len();
            let (kind, point) = (frame[3] & 0x0F, CodePoint::new(u16::from_be_bytes([frame[8], frame[9]])));
            if kind == 1 {
                number += 1;
                answers.frame(DssType::Reply, number, &answer(point, &frame[10..], class));
            }
        }
        got.fill(0);
        send(&mut stream, answers);
    }
}

fn send(stream: &mut TcpStream, chain: Chain) {
    stream.write_all(&chain.into_bytes()).unwrap();
}

fn answer(point: CodePoint, body: &[u8], class: &str) -> Vec<u8> {
    let ebcdic = |text: &str| DdmText::Ebcdic.encode(text).unwrap();
    match point {
        cp::EXCSAT => {
            let levels = [0x1403u16, 7, 0x2407, 7, 0x1440, 7].iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<u8>>();
            term(cp::EXCSATRD, &[term(cp::SRVCLSNM, &ebcdic(class)), term(cp::MGRLVLLS, &levels)].concat())
        }
        cp::ACCSEC => {
            let asked = AccSec::decode(body, DdmText::Ebcdic).unwrap();
            let mut out = term(cp::SECMEC, &asked.secmec.to_be_bytes());
            if let (7 | 9, Some(theirs)) = (asked.secmec, &asked.sectkn) {
                let algorithm = if theirs.len() == 64 { EncAlg::Aes } else { EncAlg::Des };
                let random: Vec<u8> = (1..=algorithm.key_len() as u8).collect();
                out.extend(term(cp::SECTKN, KeyPair::new(algorithm, &random).unwrap().public()));
            } else if asked.sectkn.is_some() {
                out.extend(term(cp::SECTKN, &[7; 8]));
            }
            term(cp::ACCSECRD, &out)
        }
        cp::SECCHK => term(cp::SECCHKRM, &[term(cp::SVRCOD, &[0, 0]), term(cp::SECCHKCD, &[0])].concat()),
        cp::ACCRDB => {
            let over = term(cp::TYPDEFOVR, &term(cp::CCSIDSBC, &[0x04, 0xB8]));
            let types = term(cp::TYPDEFNAM, &ebcdic("QTDSQLASC"));
            term(cp::ACCRDBRM, &[term(cp::SVRCOD, &[0, 0]), term(cp::PRDID, &ebcdic("CSS10140")), types, over].concat())
        }
        _ => term(cp::ENDUOWRM, &[term(cp::SVRCOD, &[0, 4]), term(cp::UOWDSP, &[1])].concat()),
    }
}

/// Logs in, closes, and lets everything go.
fn login(security: Security, level: Option<u8>, class: &'static str) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || accept(&listener, class));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut config = Config::new("127.0.0.1", port, "LAB").unwrap();
        config.user = Some("me".to_owned());
        config.security = security;
        config.password_level = level;
        let mut password = String::with_capacity(PASSWORD.len());
        password
            .extend(PASSWORD.iter().take(if level == Some(0) { 10 } else { 16 }).map(|byte| char::from(byte ^ 0x5A)));
        config.password = Some(Secret::new(password));
        let connection = Connection::connect(config).await.unwrap();
        connection.close().await.unwrap();
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    server.join().unwrap();
}

#[test]
fn no_copy_of_a_password_is_left_when_a_connection_is_gone() {
    // The search finds what is there.
    let witness: Vec<u8> = black_box(PASSWORD.iter().map(|byte| byte ^ 0x5A).collect());
    assert!(copies(&PASSWORD) >= 1, "a copy that is there was not found");
    drop(zeroize::Zeroizing::new(witness));
    let luw = "QDB2/LINUXX8664";
    for (security, level, class) in [
        (Security::Password, None, luw),
        (Security::Encrypted(EncAlg::Aes), None, luw),
        (Security::Encrypted(EncAlg::Des), None, luw),
        (Security::EncryptedPassword(EncAlg::Aes), None, luw),
        (Security::Substitute, Some(0), "QAS"),
        (Security::Substitute, Some(2), "QAS"),
        (Security::Substitute, Some(4), "QAS"),
        (Security::Substitute, None, "Apache Derby"),
    ] {
        for _ in 0..3 {
            login(security, level, class);
        }
        let found = [&PASSWORD[..8], &EBCDIC, &UPPER, &UPPER_EBCDIC, &UTF16].map(copies);
        assert_eq!(found, [0; 5], "UTF-8, EBCDIC, capitals, UTF-16: {security:?} {level:?}");
    }
}
