//! Several open readers on one connection, and what ends them.

use super::client::{LOBS, NARROW, WIDE, config, count, rows};
use super::recorded_replies::Book;
use super::server::{Answer, Damage, Edit, build, honest, parts, start};
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::limits::Limits;
use drdarrow::client::sql::connection::Connection;
use drdarrow::client::sql::stream::QueryStream;
use drdarrow::flow::secmec::line::Line;
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::object::{params, put, put_bytes};
use std::time::Duration;

async fn open(connection: &Connection, sql: &str, rows: usize) -> QueryStream {
    let mut stream = connection.query(sql, &[]).await.unwrap();
    stream.set_limits(Limits { rows, bytes: Some(1 << 20), ..Limits::default() });
    stream
}

#[tokio::test(start_paused = true)]
async fn two_readers_in_turns() {
    let (stream, _server) = honest(&Book::derby());
    let connection = Connection::over(stream, Line::Local, config()).await.unwrap();
    for (first, second) in [(NARROW, WIDE), (NARROW, NARROW), (LOBS, WIDE), (WIDE, LOBS)] {
        let (mut a, mut b) = (open(&connection, first, 7).await, open(&connection, second, 5).await);
        let (mut rows_a, mut rows_b) = (0, 0);
        loop {
            let (x, y) = (a.next().await.unwrap(), b.next().await.unwrap());
            rows_a += x.as_ref().map_or(0, |r| r.num_rows());
            rows_b += y.as_ref().map_or(0, |r| r.num_rows());
            if x.is_none() && y.is_none() {
                break;
            }
        }
        let alone = [count(&rows(&connection, first).await.unwrap()), count(&rows(&connection, second).await.unwrap())];
        assert_eq!([rows_a, rows_b], alone);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollback_ends_every_reader() {
    let (stream, _server) = honest(&Book::derby());
    let connection = Connection::over(stream, Line::Local, config()).await.unwrap();
    let (mut a, mut b) = (open(&connection, NARROW, 7).await, open(&connection, WIDE, 5).await);
    assert_eq!(a.next().await.unwrap().unwrap().num_rows(), 7);
    connection.rollback().await.unwrap();
    for reader in [&mut a, &mut b] {
        let e = reader.next().await.unwrap_err();
        assert_eq!((e.sqlstate.as_deref(), e.connection_usable), (Some("24501"), true), "{e:?}");
        assert!(e.message.contains("rollback"));
    }
    assert_eq!(count(&rows(&connection, NARROW).await.unwrap()), 90);
}

#[tokio::test(start_paused = true)]
async fn a_commit_ends_those_that_the_server_does_not_hold() {
    for held in [true, false] {
        let edit: Edit = Box::new(move |_, r, b| {
            if held || !r.has(cp::OPNQRY) {
                return Answer::Bytes(b);
            }
            let mut frames = parts(&b);
            for (_, _, body) in frames.iter_mut().filter(|(_, _, b)| b[2..4] == cp::OPNQRYRM.number().to_be_bytes()) {
                // The first object of the frame is the message; others may share its frame.
                let len = usize::from(u16::from_be_bytes([body[0], body[1]]));
                let mut w = Writer::new();
                put(&mut w, cp::OPNQRYRM, |w| {
                    for param in params(&body[4..len]) {
                        let (point, data) = param.unwrap();
                        put_bytes(w, point, if point == cp::SQLCSRHLD { &[0xF0] } else { data });
                    }
                });
                let rest = body[len..].to_vec();
                *body = [w.into_vec(), rest].concat();
            }
            Answer::Bytes(build(&frames))
        });
        let (stream, _server) = start(&Book::derby(), Damage::None, edit);
        let connection = Connection::over(stream, Line::Local, config()).await.unwrap();
        let mut reader = open(&connection, NARROW, 7).await;
        assert_eq!(reader.next().await.unwrap().unwrap().num_rows(), 7);
        connection.commit().await.unwrap();
        if held {
            let mut got = 7;
            while let Some(batch) = reader.next().await.unwrap() {
                got += batch.num_rows();
            }
            assert_eq!(got, 90);
        } else {
            let e = reader.next().await.unwrap_err();
            assert_eq!((e.sqlstate.as_deref(), e.connection_usable), (Some("24501"), true), "{e:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_reader_keeps_to_its_credit() {
    // A result without end: the same block again and again.
    let block = Book::derby().reply(&format!("CNTQRY: {NARROW}"), 1).unwrap().clone();
    let asked = std::sync::Arc::new(std::sync::Mutex::new(std::collections::HashMap::<u16, usize>::new()));
    let counts = asked.clone();
    let endless: Edit = Box::new(move |_, r, b| {
        if r.has(cp::CNTQRY) {
            *counts.lock().unwrap().entry(r.section).or_default() += 1;
            return Answer::Bytes(block.clone());
        }
        Answer::Bytes(b)
    });
    let (stream, _server) = start(&Book::derby(), Damage::None, endless);
    let mut config = config();
    config.credit = 65_536;
    config.block_size = 8192;
    let connection = Connection::over(stream, Line::Local, config).await.unwrap();
    let idle = open(&connection, NARROW, 7).await;
    let mut busy = open(&connection, NARROW, 50).await;
    for _ in 0..200 {
        assert!(busy.next().await.unwrap().is_some());
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (asked, total) = {
        let asked = asked.lock().unwrap();
        (asked.values().min().copied(), asked.values().sum::<usize>())
    };
    // Eight blocks of 8,192 bytes are the credit; the busy one read on.
    assert!(total > 100, "{total}");
    if asked.is_some_and(|n| n < total) {
        assert!(asked.unwrap() <= 8, "{asked:?}");
    }
    drop(idle);
    drop(busy);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!connection.is_closed());
    assert_eq!(count(&rows(&connection, "SELECT * FROM NOWHERE").await.unwrap_or_default()), 0);
}
