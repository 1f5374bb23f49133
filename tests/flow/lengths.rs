//! Every length of every recorded answer made another one: of frames, of objects, of parameters. The rows are
//! right or there is an error: never fewer rows without one, never a wait without end, never a panic.

use super::alter::{TALKS, farewell};
use super::replay::{PANICS, watch_panics};
use super::server::{Answer, Edit};
use drdarrow::wire::ddm::object::params;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where lengths of two bytes stand in an answer. Frames longer than a segment keep their first.
fn lengths(bytes: &[u8]) -> Vec<usize> {
    let at = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    let (mut out, mut frame) = (Vec::new(), 0);
    while frame + 6 <= bytes.len() {
        out.push(frame);
        let end = frame + at(frame);
        let mut object = frame + 6;
        while object + 4 <= end && at(frame) & 0x8000 == 0 {
            out.push(object);
            let len = at(object);
            if len & 0x8000 != 0 || len < 4 {
                break;
            }
            let data = &bytes[object + 4..object + len];
            if params(data).all(|p| p.is_ok()) {
                let mut parameter = object + 4;
                for param in params(data) {
                    out.push(parameter);
                    parameter += 4 + param.unwrap().1.len();
                }
            }
            object += len;
        }
        if at(frame) & 0x8000 != 0 {
            break;
        }
        frame = end;
    }
    out
}

#[tokio::test(start_paused = true)]
async fn a_length_that_is_wrong_loses_nothing_silently() {
    watch_panics();
    let wrong: [fn(u16) -> u16; 5] = [|n| n.wrapping_add(1), |n| n.wrapping_sub(1), |n| n << 1, |_| 0, |_| 0xFFFF];
    for talk in TALKS {
        let (right, _) = talk.honest().await;
        for change in wrong {
            let (mut errors, mut same) = (0, 0);
            for n in 0.. {
                let hit = Arc::new(AtomicBool::new(false));
                let (mut before, seen) = (0, hit.clone());
                let edit: Edit = Box::new(move |_, _, mut bytes| {
                    let places = lengths(&bytes);
                    if let Some(at) = usize::checked_sub(n, before).and_then(|n| places.get(n)) {
                        let value = change(u16::from_be_bytes([bytes[*at], bytes[at + 1]]));
                        bytes[*at..at + 2].copy_from_slice(&value.to_be_bytes());
                        seen.store(true, Ordering::SeqCst);
                    }
                    before += places.len();
                    Answer::Bytes(bytes)
                });
                let panics = PANICS.load(Ordering::SeqCst);
                let told = talk.run(edit).await;
                assert_eq!(PANICS.load(Ordering::SeqCst), panics, "{talk:?}: length {n} made the client panic");
                if !hit.load(Ordering::SeqCst) {
                    break;
                }
                match told {
                    Ok(rows) => {
                        assert!(rows == right, "{talk:?}: other rows without an error, length {n}");
                        same += 1;
                    }
                    Err(e) => {
                        assert!(!e.message.is_empty(), "{e:?}");
                        errors += 1;
                    }
                }
            }
            // What is left over is the farewell, and lengths of names that only inform.
            assert!(errors > 3 * same && errors > 10 * farewell(talk), "{talk:?}: {errors} errors, {same} without");
        }
    }
}
