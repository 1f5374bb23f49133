//! A server that falls silent, or hangs up, in the middle of a login: the error says how far it came.

use super::scripted_login::Fake;
use drdarrow::client::config::Config;
use drdarrow::client::error::{Error, Phase};
use drdarrow::client::file::config::FileConfig;
use drdarrow::client::file::connection::FileConnection;
use drdarrow::client::sql::connection::Connection;
use drdarrow::flow::secmec::line::Line;
use drdarrow::wire::ddm::object::objects;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::dss::deframe::Deframer;
use drdarrow::wire::dss::header::DssType;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// The replies to one chain of requests, frame by frame.
fn replies(fake: &mut Fake, requests: Vec<(u16, Vec<u8>)>) -> Vec<Vec<u8>> {
    let mut chain = Chain::new();
    for (id, body) in requests {
        for object in objects(&body.into()) {
            if let Some(reply) = fake.answer(&object.unwrap()) {
                chain.frame(DssType::Object, id, &reply);
            }
        }
    }
    let (mut bytes, mut out) = (chain.into_bytes(), Vec::new());
    while !bytes.is_empty() {
        let rest = bytes.split_off(usize::from(u16::from_be_bytes([bytes[0], bytes[1]])));
        out.push(std::mem::replace(&mut bytes, rest));
    }
    out
}

/// Sends `budget` frames, then nothing more; with `hangs_up` it closes there.
async fn serve(mut stream: DuplexStream, class: &'static str, mut budget: usize, hangs_up: bool) {
    let mut fake = Fake::new(class, &[3, 9]);
    let (mut deframer, mut buf, mut requests) = (Deframer::new(1 << 20), vec![0; 65_536], Vec::new());
    while let Ok(n @ 1..) = stream.read(&mut buf).await {
        let mut input = &buf[..n];
        while let Some(dss) = deframer.feed(&mut input).unwrap() {
            requests.push((dss.header.id, dss.body.to_vec()));
            if dss.header.chained {
                continue;
            }
            for frame in replies(&mut fake, std::mem::take(&mut requests)) {
                if budget > 0 {
                    stream.write_all(&frame).await.unwrap();
                    budget -= 1;
                } else if hangs_up {
                    return;
                }
            }
        }
    }
}

const SECURITIES: [&str; 2] = ["password", "encrypted"];

async fn sql(security: &str, budget: usize, hangs_up: bool) -> Error {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::spawn(serve(theirs, "QDB2/LINUXX8664", budget, hangs_up));
    let uri = format!("drda://me:secret@localhost:50000/LAB?timeout=5&security={security}");
    Connection::over(ours, Line::Local, Config::from_uri(&uri).unwrap()).await.unwrap_err()
}

async fn files(security: &str, budget: usize, hangs_up: bool) -> Error {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::spawn(serve(theirs, "QAS", budget, hangs_up));
    let uri = format!("drda://me:secret@localhost:446/?timeout=5&security={security}&signon_port=0&pool=IASP");
    FileConnection::over(ours, Line::Local, FileConfig::from_uri(&uri).unwrap().0).await.unwrap_err()
}

fn told(e: &Error, phase: Phase, words: &str) {
    assert_eq!((e.phase, e.sqlstate.as_deref()), (phase, Some("08001")), "{e}");
    assert!(e.message.contains(words) && e.message.contains("5.0 s"), "{e}");
    assert!(!e.connection_usable && !e.to_string().contains("secret"), "{e}");
}

#[tokio::test(start_paused = true)]
async fn a_login_that_stalls_says_which_reply_did_not_come() {
    for security in SECURITIES {
        for (budget, phase, words) in [
            (0, Phase::Exchange, "connected, but no DRDA reply within"),
            (1, Phase::Security, "connected, EXCSAT answered, but no reply to ACCSEC within"),
            (2, Phase::Security, "connected, EXCSAT and ACCSEC answered, but no reply to SECCHK within"),
            (3, Phase::Access, "the user accepted, but no reply to ACCRDB within"),
        ] {
            told(&sql(security, budget, false).await, phase, words);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_to_files_that_stalls_says_it_too() {
    for security in SECURITIES {
        for (budget, phase, words) in [
            (0, Phase::Exchange, "connected, but no DRDA reply within"),
            (1, Phase::Security, "connected, EXCSAT answered, but no reply to ACCSEC within"),
            (2, Phase::Security, "connected, EXCSAT and ACCSEC answered, but no reply to SECCHK within"),
            (3, Phase::Access, "the user accepted, but no reply to SXXASPRQ within"),
        ] {
            told(&files(security, budget, false).await, phase, words);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_up_is_told_by_the_phase() {
    for security in SECURITIES {
        for (budget, phase) in [(1, Phase::Security), (2, Phase::Security), (3, Phase::Access)] {
            // Without a frame there is nobody to tell apart; hanging up there is about TLS.
            let e = sql(security, budget, true).await;
            assert_eq!((e.phase, e.sqlstate.as_deref()), (phase, Some("08006")), "{e}");
            assert!(e.message.contains("closed the connection"), "{e}");
        }
    }
}
