//! Every object of every recorded conversation in turn: under a name that is not known, twice, in a frame of
//! another kind, under another correlation id, with other chaining bits. Each is an error, or changes nothing.

use super::alter::{Frame, TALKS, Talk, Told, farewell};
use super::server::{Answer, Edit, frames};
use drdarrow::client::error::Error;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::dss::header::{DssHeader, DssType};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A code point that has no meaning.
const UNKNOWN: CodePoint = CodePoint::new(0x2499);

/// Objects that may stand more than once in a reply: they say nothing that is asked for once.
const REPEATABLE: [CodePoint; 10] = [
    cp::SQLCARD,
    cp::PBSD,
    cp::QRYDTA,
    cp::EXTDTA,
    cp::TYPDEFNAM,
    cp::TYPDEFOVR,
    cp::S38MSGRM,
    cp::ENDUOWRM,
    cp::RDBUPDRM,
    cp::CMDCMPRM,
];

/// The connection is given up, and the cause is told.
fn broken(e: &Error) -> bool {
    matches!(e.sqlstate.as_deref(), Some("58009" | "08007" | "08003")) && !e.connection_usable
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_not_known_is_an_error_wherever_it_stands() {
    for talk in TALKS {
        let (_, count) = talk.honest().await;
        assert!(count > 20, "{count}");
        for n in 0..count - farewell(talk) {
            let told = talk.changed(n, |answer: &mut Vec<Frame>, f, o| answer[f].objects[o].0 = UNKNOWN).await;
            let e = told.map(|rows| rows.len()).expect_err(&format!("{talk:?}: object {n} of {count} is missing"));
            assert!(broken(&e), "{talk:?} {n}: {e:?}");
            let named = e.message.contains("X'2499'") || e.message.contains("is missing in the reply");
            assert!(named, "{talk:?} {n}: {e:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_not_known_is_an_error_beside_those_that_are() {
    for talk in TALKS {
        let (_, count) = talk.honest().await;
        for n in 0..count - farewell(talk) {
            for (kind, behind) in [(DssType::Object, 1), (DssType::Object, 0), (DssType::Reply, 1)] {
                let told = talk
                    .changed(n, move |answer, f, _| {
                        let id = answer[f].id;
                        answer.insert(f + behind, Frame { kind, id, objects: vec![(UNKNOWN, vec![1, 2, 3])] });
                    })
                    .await;
                let e = told.map(|rows| rows.len()).expect_err(&format!("{talk:?}: one at {n} of {count}"));
                assert!(broken(&e) && e.message.contains("X'2499'"), "{talk:?} {n}: {e:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_once_is_an_error_when_it_comes_twice() {
    for talk in TALKS {
        let (right, count) = talk.honest().await;
        for n in 0..count - farewell(talk) {
            let told = talk
                .changed(n, |answer, f, o| {
                    let object = answer[f].objects[o].clone();
                    if !REPEATABLE.contains(&object.0) {
                        answer[f].objects.insert(o, object);
                    } else {
                        answer[f].objects[o].0 = UNKNOWN;
                    }
                })
                .await;
            let e = told.map(|rows| rows == right).expect_err(&format!("{talk:?}: object {n} of {count} twice"));
            assert!(broken(&e), "{talk:?} {n}: {e:?}");
        }
    }
}

/// Runs a conversation in which the header of the `n`th frame of all answers is changed.
async fn with_header(talk: Talk, n: usize, change: fn(&mut DssHeader)) -> (Told, bool) {
    let hit = Arc::new(AtomicBool::new(false));
    let (mut left, seen) = (n, hit.clone());
    let edit: Edit = Box::new(move |_, _, mut bytes| {
        let mut at = 0;
        for frame in frames(&bytes) {
            if left == 0 {
                let mut header = frame.header;
                change(&mut header);
                bytes[at + 3] = header.format();
                bytes[at + 4..at + 6].copy_from_slice(&header.id.to_be_bytes());
                seen.store(true, Ordering::SeqCst);
            }
            left = left.wrapping_sub(1);
            at += length(&bytes[at..]);
        }
        Answer::Bytes(bytes)
    });
    let told = talk.run(edit).await;
    (told, hit.load(Ordering::SeqCst))
}

/// Bytes of the frame that these begin with, continuations and all.
fn length(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let ll = u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        at += usize::from(ll & 0x7FFF);
        if ll & 0x8000 == 0 {
            return at;
        }
    }
}

/// Runs through the headers of all frames.
async fn headers(name: &str, change: fn(&mut DssHeader), harmless: bool) {
    for talk in TALKS {
        let (right, _) = talk.honest().await;
        let mut errors = 0;
        for n in 0.. {
            let (told, hit) = with_header(talk, n, change).await;
            if !hit {
                break;
            }
            match told {
                Ok(rows) => {
                    let last = !with_header(talk, n + farewell(talk), change).await.1;
                    assert!(rows == right && (harmless || last), "{name}: {talk:?}, frame {n}");
                }
                Err(e) => {
                    let waited = matches!(e.sqlstate.as_deref(), Some("57033" | "08001" | "24501"));
                    assert!(waited || broken(&e), "{name}: {talk:?}, frame {n}: {e:?}");
                    errors += 1;
                }
            }
        }
        assert!(errors > 10, "{name}: {errors}");
    }
}

#[tokio::test(start_paused = true)]
async fn correlation_ids_that_no_command_has() {
    headers("high", |h| h.id += 7, false).await;
    headers("higher", |h| h.id ^= 0x0100, false).await;
}

#[tokio::test(start_paused = true)]
async fn frames_that_are_no_replies() {
    headers("request", |h| h.kind = DssType::Request, false).await;
    headers("encrypted", |h| h.kind = DssType::Encrypted, false).await;
    // Some objects may stand in either kind; the others may not.
    let other = |h: &mut DssHeader| h.kind = if h.kind == DssType::Reply { DssType::Object } else { DssType::Reply };
    headers("other", other, true).await;
}

#[tokio::test(start_paused = true)]
async fn chaining_bits_that_contradict_what_follows() {
    headers("same", |h| h.same_id = !h.same_id, false).await;
    headers("continue", |h| h.continue_on_error = !h.chained, true).await;
    // What ends in the middle may do so (Db2 for LUW); what goes on and does not is waited for.
    headers("chained", |h| h.chained = !h.chained, true).await;
}
