//! Rows of a slow server: those in hand are handed out in time, each once and in order.

use super::client::{NARROW, config, count, rows};
use super::recorded_replies::Book;
use super::server::{Answer, Damage, Edit, honest, start};
use arrow_array::RecordBatch;
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::error::Error;
use drdarrow::client::file::config::FileConfig;
use drdarrow::client::file::connection::FileConnection;
use drdarrow::client::file::file_name::FileName;
use drdarrow::client::file::options::OpenOptions;
use drdarrow::client::limits::Limits;
use drdarrow::client::sql::connection::Connection;
use drdarrow::client::sql::stream::QueryStream;
use drdarrow::flow::secmec::line::Line;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use std::time::Duration;
use tokio::time::{Instant, timeout};

const MS: Duration = Duration::from_millis(1);

/// Answers to `command` take so long.
fn slow(command: CodePoint, wait: Duration) -> Edit {
    Box::new(move |_, r, bytes| if r.has(command) { Answer::Late(wait, bytes) } else { Answer::Bytes(bytes) })
}

/// A reader of the 90 rows of NARROW.
async fn open(edit: Edit, delay: Option<Duration>) -> (Connection, QueryStream) {
    let (stream, _server) = start(&Book::derby(), Damage::None, edit);
    let connection = Connection::over(stream, Line::Local, config()).await.unwrap();
    let mut stream = connection.query(NARROW, &[]).await.unwrap();
    stream.set_limits(Limits { delay, ..Limits::default() });
    (connection, stream)
}

/// All rows as one batch, read from a server that is not slow.
async fn whole() -> RecordBatch {
    let (stream, _server) = honest(&Book::derby());
    let connection = Connection::over(stream, Line::Local, config()).await.unwrap();
    let mut all = rows(&connection, NARROW).await.unwrap();
    assert_eq!((all.len(), count(&all)), (1, 90));
    all.remove(0)
}

/// Asserts that the batches are the first rows of the result, each once and in order; how many.
async fn the_rows(batches: &[RecordBatch]) -> usize {
    let (whole, mut at) = (whole().await, 0);
    for batch in batches {
        assert_eq!(*batch, whole.slice(at, batch.num_rows()), "from row {at}");
        at += batch.num_rows();
    }
    at
}

/// The batches to the end, with the time that each was waited for, and the error if there is one.
async fn timed(stream: &mut QueryStream) -> (Vec<(Duration, RecordBatch)>, Option<Error>) {
    let mut out = Vec::new();
    loop {
        let asked = Instant::now();
        match stream.next().await {
            Ok(Some(batch)) => out.push((asked.elapsed(), batch)),
            Ok(None) => return (out, None),
            Err(e) => return (out, Some(e)),
        }
    }
}

fn batches(timed: &[(Duration, RecordBatch)]) -> Vec<RecordBatch> {
    timed.iter().map(|(_, batch)| batch.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_handed_out_when_the_server_makes_it_wait() {
    for delay in [0, 100, 700] {
        let delay = MS * delay;
        let (_connection, mut stream) = open(slow(cp::CNTQRY, MS * 5000), Some(delay)).await;
        let (timed, e) = timed(&mut stream).await;
        assert!(e.is_none(), "{e:?}");
        // The rows that came with the open wait for no more than the delay, the others for their block besides.
        let first = timed[0].0;
        assert!(first >= delay && first <= delay + MS, "{first:?}");
        for (waited, _) in &timed {
            assert!(*waited <= MS * 5000 + delay + MS, "{waited:?}");
        }
        assert!(timed.len() > 5, "{} batches", timed.len());
        assert_eq!(the_rows(&batches(&timed)).await, 90);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_delay_batches_are_full() {
    let (_connection, mut stream) = open(slow(cp::CNTQRY, MS * 5000), None).await;
    let (timed, e) = timed(&mut stream).await;
    assert!(e.is_none(), "{e:?}");
    assert_eq!(batches(&timed), [whole().await]);
}

#[tokio::test(start_paused = true)]
async fn a_server_in_time_fills_the_batches() {
    // Blocks of seven rows or so, 20 ms apart.
    let (_connection, mut stream) = open(slow(cp::CNTQRY, MS * 20), Some(MS * 1000)).await;
    let (found, _) = timed(&mut stream).await;
    assert_eq!(batches(&found), [whole().await]);
    // The delay counts from the first wait, not from the last block: no row is held for longer.
    let (_connection, mut stream) = open(slow(cp::CNTQRY, MS * 20), Some(MS * 50)).await;
    let (found, _) = timed(&mut stream).await;
    assert!(found.len() > 2 && found.iter().all(|(waited, _)| *waited <= MS * 71), "{found:?}");
    assert_eq!(the_rows(&batches(&found)).await, 90);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_given_up_loses_no_row() {
    for delay in [Some(Duration::ZERO), Some(MS * 100), None] {
        for patience in [1, 30, 99, 100, 101, 1700] {
            let (_connection, mut stream) = open(slow(cp::CNTQRY, MS * 1000), delay).await;
            let mut found = Vec::new();
            loop {
                match timeout(MS * patience, stream.next()).await {
                    Err(_) => {}
                    Ok(Ok(Some(batch))) => found.push(batch),
                    Ok(Ok(None)) => break,
                    Ok(Err(e)) => panic!("{e:?}"),
                }
            }
            assert_eq!(the_rows(&found).await, 90, "{delay:?} {patience}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_runs_while_nobody_asks() {
    let (_connection, mut stream) = open(slow(cp::CNTQRY, MS * 5000), Some(MS * 100)).await;
    assert!(timeout(MS * 10, stream.next()).await.is_err());
    tokio::time::sleep(MS * 500).await;
    let asked = Instant::now();
    assert!(stream.next().await.unwrap().is_some());
    assert_eq!(asked.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn rows_come_before_the_error_after_them() {
    for delay in [Some(Duration::ZERO), Some(MS * 100), None] {
        // The third block never comes: statement_timeout, ten seconds, ends the wait.
        let mut blocks = 0;
        let edit: Edit = Box::new(move |_, r, bytes| {
            blocks += usize::from(r.has(cp::CNTQRY));
            if blocks > 2 { Answer::Silence } else { Answer::Bytes(bytes) }
        });
        let (_connection, mut stream) = open(edit, delay).await;
        let (timed, e) = timed(&mut stream).await;
        let (e, found) = (e.unwrap(), the_rows(&batches(&timed)).await);
        assert!(e.message.contains("statement_timeout") || !e.connection_usable, "{e:?}");
        assert!((14..90).contains(&found), "{found} rows");
    }
}

/// One row at a time and nothing asked ahead: who reads a row and goes on with something else does not wait for the
/// next one.
#[tokio::test(start_paused = true)]
async fn the_connection_is_free_after_the_rows_in_hand() {
    let config = drdarrow::client::config::Config { block_size: 32_768, ..config() };
    let (stream, _server) = start(&Book::derby(), Damage::None, slow(cp::CNTQRY, MS * 5000));
    let connection = Connection::over(stream, Line::Local, config).await.unwrap();
    let mut stream = connection.query(NARROW, &[]).await.unwrap();
    stream.set_limits(Limits { delay: Some(Duration::ZERO), ..Limits::default() });
    let asked = Instant::now();
    assert!(stream.next().await.unwrap().is_some());
    connection.commit().await.unwrap();
    assert!(asked.elapsed() < MS * 10, "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_scan_hands_out_what_it_has() {
    let book = Book::files();
    let edit = || slow(cp::S38GETM, MS * 2000);
    for (delay, batches) in [(Some(Duration::ZERO), 2), (Some(MS * 100), 2), (None, 1)] {
        let (stream, _server) = start(&book, Damage::None, edit());
        let uri = "drda://testuser:SECRET99@localhost:446/?signon_port=0&security=substitute&password_level=2";
        let mut config = FileConfig::from_uri(uri).unwrap().0;
        config.base.batch_delay = delay;
        let connection = FileConnection::over(stream, Line::Local, config).await.unwrap();
        let name = FileName::parse("TESTLIB/CUST").unwrap();
        let file = connection.open(&name, OpenOptions::read()).await.unwrap();
        let mut scan = file.scan().await.unwrap();
        let (mut found, mut waited) = (Vec::new(), Vec::new());
        loop {
            let asked = Instant::now();
            let Some(batch) = scan.next().await.unwrap() else { break };
            waited.push(asked.elapsed());
            found.push(batch);
        }
        assert_eq!(found.len(), batches, "{delay:?}");
        let held = delay.unwrap_or(MS * 4000);
        assert!(waited[0] <= MS * 2001 + held, "{waited:?}");
        assert!(count(&found) > 0);
    }
}
