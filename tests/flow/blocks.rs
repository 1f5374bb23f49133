//! Blocks of rows in which something is wrong: SQLCAs that cannot be any, values longer than declared, large
//! objects that do not come, ends within a row; and blocks that are odd within the rules.

use super::client::{LOBS, NARROW};
use super::hostile::{Parts, connect, edit, object, point, read};
use super::recorded_replies::Book;
use super::server::parts;
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::error::Error;
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::object::{put, put_u16};
use drdarrow::wire::dss::header::DssType;

/// The SQLCA of a warning as Derby would put it in front of a row, after its indicator.
fn warning() -> Vec<u8> {
    // The end's SQLCA of the recorded answers, with another code.
    let book = Book::derby();
    let last = book.reply(&format!("CNTQRY: {NARROW}"), usize::MAX).unwrap();
    let mut body = parts(last)[0].2[4..].to_vec();
    body.truncate(body.len() - 1);
    body[1..10].copy_from_slice(&[0, 0, 0, 1, b'0', b'1', b'0', b'0', b'3']);
    body
}

#[tokio::test(start_paused = true)]
async fn a_warning_in_front_of_a_row_cut_anywhere() {
    let warning = warning();
    for cut in 0..warning.len() + 12 {
        let warning = warning.clone();
        let edit = edit(cp::CNTQRY, move |n, frames| {
            if n != 0 {
                return;
            }
            // The first block of a continued query begins within a row or with one; warn at its first whole row.
            let at = first_row(&frames[0].2[4..]);
            let mut data = frames[0].2[4..].to_vec();
            data.splice(at..=at, warning.iter().copied());
            let (head, tail) = data.split_at(at + cut);
            let id = frames[0].1;
            *frames =
                vec![(DssType::Object, id, object(cp::QRYDTA, head)), (DssType::Object, id, object(cp::QRYDTA, tail))];
        });
        let (connection, _server) = connect(edit).await;
        let mut stream = connection.query(NARROW, &[]).await.unwrap();
        let mut got = 0;
        while let Some(batch) = stream.next().await.unwrap() {
            got += batch.num_rows();
        }
        let warnings = stream.take_warnings();
        assert_eq!((got, warnings.len()), (90, 1), "cut {cut}: {warnings:?}");
        assert_eq!((warnings[0].sqlcode, warnings[0].sqlstate.as_str()), (1, "01003"));
    }
}

/// Where in a block the first whole row of NARROW begins: FF 00, then an ID that follows others.
fn first_row(data: &[u8]) -> usize {
    (0..data.len()).find(|i| data[*i..].starts_with(&[0xFF, 0x00, 0, 0, 0])).unwrap()
}

#[tokio::test(start_paused = true)]
async fn empty_answers_are_not_the_end() {
    for (times, empty) in [(3, Vec::new()), (3, object(cp::QRYDTA, &[])), (20, object(cp::QRYDTA, &[]))] {
        // The blocks wait while the empty answers go out.
        let mut held: std::collections::VecDeque<Parts> = Default::default();
        let edit = edit(cp::CNTQRY, move |n, frames| {
            held.push_back(frames.clone());
            if (2..2 + times).contains(&n) {
                let id = frames[0].1;
                let body = if empty.is_empty() { object(CodePoint::new(0xC000), &[]) } else { empty.clone() };
                *frames = vec![(DssType::Object, id, body)];
                if empty.is_empty() {
                    // A frame with nothing of the query at all but a warning-free SQLCARD.
                    *frames = vec![(DssType::Object, id, object(cp::SQLCARD, &[0xFF]))];
                }
            } else {
                *frames = held.pop_front().unwrap();
            }
        });
        assert_eq!(read(NARROW, edit).await.unwrap(), 90);
    }
    // Without end it is an error in the end.
    let edit = edit(cp::CNTQRY, move |_, frames| {
        let id = frames[0].1;
        *frames = vec![(DssType::Object, id, object(cp::QRYDTA, &[]))];
    });
    let e = read(NARROW, edit).await.unwrap_err();
    assert_eq!((e.sqlstate.as_deref(), e.connection_usable), (Some("58009"), false));
}

#[tokio::test(start_paused = true)]
async fn a_large_object_that_does_not_come() {
    for lost in 0..4 {
        let mut seen = 0;
        let edit = edit(cp::CNTQRY, move |_, frames| {
            frames.retain(|(_, _, body)| {
                let keep = point(body) != cp::EXTDTA || seen != lost;
                seen += usize::from(point(body) == cp::EXTDTA);
                keep
            });
        });
        let e = read(LOBS, edit).await.unwrap_err();
        assert!(!e.connection_usable && e.sqlstate.as_deref() == Some("58009"), "{e:?}");
    }
    // Nor may one come that no row has.
    let surplus = edit(cp::CNTQRY, |n, frames| {
        if n == 0 {
            let id = frames[0].1;
            frames.push((DssType::Object, id, object(cp::EXTDTA, b"\0surplus")));
        }
    });
    assert!(read(LOBS, surplus).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn closed_within_a_row() {
    let mut message = Writer::new();
    put(&mut message, cp::ENDQRYRM, |w| put_u16(w, cp::SVRCOD, 4));
    let message = message.into_vec();
    for keep in [1, 2, 20] {
        let message = message.clone();
        let edit = edit(cp::CNTQRY, move |n, frames| {
            if n == 3 {
                let (_, id, body) = frames[0].clone();
                let at = first_row(&body[4..]);
                *frames = vec![
                    (DssType::Object, id, object(cp::QRYDTA, &body[4..4 + at + keep])),
                    (DssType::Reply, id, message.clone()),
                ];
            }
        });
        let e = read(NARROW, edit).await.unwrap_err();
        assert_eq!((e.sqlstate.as_deref(), e.connection_usable), (Some("58009"), false), "{e:?}");
    }
}

/// Puts an SQLCA in front of the first whole row of the first block.
async fn with_sqlca(sqlca: Vec<u8>) -> Result<usize, Error> {
    let edit = edit(cp::CNTQRY, move |n, frames| {
        if n == 0 {
            let mut data = frames[0].2[4..].to_vec();
            let at = first_row(&data);
            data.splice(at..=at, sqlca.iter().copied());
            frames[0].2 = object(cp::QRYDTA, &data);
        }
    });
    read(NARROW, edit).await
}

#[tokio::test(start_paused = true)]
async fn an_sqlca_in_a_row_that_cannot_be_one_swallows_nothing() {
    let good = warning();
    assert_eq!(with_sqlca(good.clone()).await.unwrap(), 90);
    // Every byte of the SQLSTATE in turn, the length of the database's name, that of the tokens.
    for (at, byte) in [(5, 0), (6, 0xFF), (7, b' '), (8, b'-'), (9, 0x1A)] {
        let mut bad = good.clone();
        bad[at] = byte;
        let e = with_sqlca(bad).await.unwrap_err();
        assert!(e.message.contains("is no SQLSTATE") && !e.connection_usable, "{at}: {e:?}");
    }
    let lengths = good.len() - 7;
    for at in [lengths, lengths + 2, lengths + 4] {
        for claim in [[0, 1], [0, 9], [0x20, 0], [0xFF, 0xFF]] {
            let mut bad = good.clone();
            bad[at..at + 2].copy_from_slice(&claim);
            let told = with_sqlca(bad).await;
            assert!(told.is_err(), "{at} {claim:02X?}: {told:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_longer_than_declared_names_its_column_and_row() {
    // V is VARCHAR(9), which Derby counts in UTF-16 units of up to three bytes each. (Measured.)
    for (len, fits) in [(9u8, true), (27, true), (28, false), (150, false)] {
        let edit = edit(cp::CNTQRY, move |n, frames| {
            if n == 0 {
                let mut data = frames[0].2[4..].to_vec();
                let at = first_row(&data);
                // "19é" of the row that is cut in two before, or of a whole one: two letters more than digits.
                let value = (at..data.len()).find(|i| data[*i..].starts_with(&[0xC3, 0xA9])).unwrap() + 2;
                let start = (at..value).rev().find(|i| usize::from(data[*i]) == value - *i - 1 && data[i - 1] == 0);
                let start = start.unwrap();
                data.splice(start..value, std::iter::once(len).chain(std::iter::repeat_n(b'x', len.into())));
                frames[0].2 = object(cp::QRYDTA, &data);
            }
        });
        match read(NARROW, edit).await {
            Ok(rows) => assert!(fits && rows == 90, "{len}: {rows} rows"),
            Err(e) => {
                assert!(!fits && !e.connection_usable && e.sqlstate.as_deref() == Some("58009"), "{len}: {e:?}");
                let what = format!("a value of {len} bytes, declared with 27");
                assert!(e.message.starts_with("column V: ") && e.message.contains(&what), "{e:?}");
                assert!(e.message.contains("row ") && e.message.contains("column 6"), "{e:?}");
            }
        }
    }
}
