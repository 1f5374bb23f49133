//! A conversation as it was recorded; then cut, split and damaged at every byte. The rows are right
//! or there is an error: never fewer rows without one, never a wait without end, never a panic.

use super::client::{DIVISION, LOBS, NARROW, WIDE, WRONG, config, count, differences, rows};
use super::recorded_replies::Book;
use super::server::{Answer, Damage, Log, honest, start};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::error::{Error, ErrorClass};
use drdarrow::client::sql::connection::Connection;
use drdarrow::flow::secmec::line::Line;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The result of one conversation, query by query; the commit and the close are in it.
type Told = Result<Vec<Vec<RecordBatch>>, Error>;

/// Connects, reads each query, commits, closes.
async fn converse(book: &Book, statements: &[&str], damage: Damage) -> (Told, Log) {
    let (stream, server) = start(book, damage, Box::new(|_, _, bytes| Answer::Bytes(bytes)));
    let talk = async {
        let connection = Connection::over(stream, Line::Local, config()).await?;
        let mut out = Vec::new();
        for sql in statements {
            out.push(rows(&connection, sql).await?);
        }
        connection.commit().await?;
        connection.close().await?;
        Ok(out)
    };
    // Time stands still while anything moves: only a wait without end gets here.
    let told = tokio::time::timeout(Duration::from_secs(3600), talk).await.expect("a wait without end");
    let log = tokio::time::timeout(Duration::from_secs(3600), server).await.expect("a connection left open").unwrap();
    (told, log)
}

pub static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Counts panics of the client's own tasks, which nobody else would see.
pub fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.location().is_some_and(|l| !l.file().contains("tests")) {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            before(info);
        }));
    });
}

#[tokio::test(start_paused = true)]
async fn as_it_was_recorded() {
    let book = Book::derby();
    let (told, log) = converse(&book, &[NARROW, WIDE, LOBS], Damage::None).await;
    let told = told.unwrap();
    let narrow = &told[0][0];
    assert_eq!((told[0].len(), narrow.num_rows()), (1, 90));
    let names: Vec<_> = narrow.schema().fields().iter().map(|f| f.name().clone()).collect();
    assert_eq!(names, ["ID", "N", "B", "D", "P", "V", "T", "Y"]);
    for row in 0..90usize {
        let id = row as i32 + 1;
        let n = (id % 10 != 0).then_some(id * 7 % 1000);
        let value = |column: usize| narrow.column(column).is_valid(row).then_some(row);
        assert_eq!(narrow.column(0).as_primitive::<Int32Type>().value(row), id);
        assert_eq!(value(1).map(|r| narrow.column(1).as_primitive::<Int32Type>().value(r)), n);
        assert_eq!(narrow.column(2).as_primitive::<Int64Type>().value(row), i64::from(id) * 1_000_000_007);
        assert_eq!(
            value(3).map(|r| narrow.column(3).as_primitive::<Float64Type>().value(r)),
            n.map(|n| f64::from(n) / 8.0)
        );
        assert_eq!(narrow.column(4).as_primitive::<Decimal128Type>().value(row), i128::from(id) * 100);
        assert_eq!(narrow.column(5).as_string::<i32>().value(row), format!("{id}é"));
        assert_eq!(narrow.column(6).as_primitive::<Date32Type>().value(row), 19_782);
        assert_eq!(value(7).map(|r| narrow.column(7).as_boolean().value(r)), n.map(|n| n > 500));
    }
    assert_eq!(count(&told[1]), 150);
    let lobs = &told[2][0];
    assert_eq!(lobs.num_rows(), 7);
    let sizes: Vec<usize> = (0..7).map(|r| lobs.column(2).as_string::<i64>().value(r).len()).collect();
    assert!(sizes.iter().any(|n| *n > 0) && lobs.column(2).null_count() > 0, "{sizes:?}");
    // More requests than one a query: the blocks were small, and several were under way.
    assert!(log.requests.len() > 20, "{}", log.requests.len());
    assert_eq!(log.requests.last().unwrap().names(), "RDBRLLBCK");
}

#[tokio::test(start_paused = true)]
async fn failing_statements_leave_the_connection_usable() {
    let book = Book::derby();
    let (stream, _server) = honest(&book);
    let connection = Connection::over(stream, Line::Local, config()).await.unwrap();
    let e = rows(&connection, WRONG).await.unwrap_err();
    assert_eq!((e.kind, e.sqlstate.as_deref(), e.connection_usable), (ErrorClass::Programming, Some("42X05"), true));
    // Rows before the error are handed out, the error comes after them, once.
    let mut stream = connection.query(DIVISION, &[]).await.unwrap();
    let batch = stream.next().await.unwrap().unwrap();
    // Derby gives up the rows of the block that fails.
    assert_eq!(batch.num_rows(), 50);
    let e = stream.next().await.unwrap_err();
    assert_eq!((e.kind, e.sqlstate.as_deref(), e.connection_usable), (ErrorClass::Data, Some("22012"), true));
    drop(stream);
    assert_eq!(count(&rows(&connection, NARROW).await.unwrap()), 90);
}

/// Where in the server's bytes each answer to a query lies: (first, end) of rows of `sql`.
struct Sweep {
    book: Book,
    statements: Vec<&'static str>,
    right: Vec<Vec<RecordBatch>>,
    sent: usize,
}

impl Sweep {
    async fn new(statements: &[&'static str]) -> Sweep {
        watch_panics();
        let book = Book::derby();
        let (told, log) = converse(&book, statements, Damage::None).await;
        Sweep { book, statements: statements.to_vec(), right: told.unwrap(), sent: log.sent }
    }

    /// Runs with this damage: the number of cells that differ, or the error.
    async fn run(&self, damage: Damage) -> Result<Option<usize>, Error> {
        let panics = PANICS.load(Ordering::SeqCst);
        let (told, _) = converse(&self.book, &self.statements, damage).await;
        assert_eq!(PANICS.load(Ordering::SeqCst), panics, "{damage:?} made the client panic");
        let told = told?;
        let mut cells = Some(0);
        for (sql, (got, right)) in self.statements.iter().zip(told.iter().zip(&self.right)) {
            let (got_rows, right_rows) = (count(got), count(right));
            assert!(got_rows == right_rows, "{damage:?}: {got_rows} rows of {right_rows} and no error: {sql}");
            cells = cells.zip(differences(got, right)).map(|(a, b)| a + b);
        }
        Ok(cells)
    }
}

#[tokio::test(start_paused = true)]
async fn cut_at_every_byte() {
    let sweep = Sweep::new(&[NARROW]).await;
    for at in 0..sweep.sent {
        match sweep.run(Damage::Cut(at)).await {
            Err(e) => assert!(!e.connection_usable, "cut at {at}: {e:?}"),
            // Only the farewell was cut.
            Ok(cells) => assert!(cells == Some(0) && at > sweep.sent - 120, "cut at {at} was not seen"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn split_at_every_byte() {
    let sweep = Sweep::new(&[NARROW]).await;
    for at in 0..sweep.sent {
        assert_eq!(sweep.run(Damage::Split(at)).await.unwrap(), Some(0), "split at {at}");
    }
}

/// Every byte becomes another one: the rows are right, or one cell is another value, or there is an
/// error. A name or another detail of a description may differ too.
async fn flip(mask: u8, first: usize, step: usize) {
    let sweep = Sweep::new(&[NARROW]).await;
    let (mut right, mut one, mut errors) = (0, 0, 0);
    for at in (first..sweep.sent).step_by(step) {
        match sweep.run(Damage::Flip(at, mask)).await {
            Err(_) => errors += 1,
            Ok(Some(0)) => right += 1,
            Ok(Some(1)) => one += 1,
            Ok(cells) => panic!("byte {at} flipped by {mask:02X} changed {cells:?} cells"),
        }
    }
    // The sweep went where it was meant to.
    assert!(right > 300 && one > 900 && errors > 700, "{right} {one} {errors}");
}

#[tokio::test(start_paused = true)]
async fn lowest_bit_flipped_at_every_byte() {
    flip(0x01, 0, 1).await;
}

#[tokio::test(start_paused = true)]
async fn highest_bit_flipped_at_every_even_byte() {
    flip(0x80, 0, 2).await;
}

#[tokio::test(start_paused = true)]
async fn every_bit_flipped_at_every_odd_byte() {
    flip(0xFF, 1, 2).await;
}

/// The larger answers are damaged at some positions only.
#[tokio::test(start_paused = true)]
async fn large_objects_and_long_rows_damaged_here_and_there() {
    let sweep = Sweep::new(&[WIDE, LOBS]).await;
    for at in (0..sweep.sent).step_by(97) {
        assert_eq!(sweep.run(Damage::Split(at)).await.unwrap(), Some(0), "split at {at}");
        let _ = sweep.run(Damage::Cut(at + 31)).await;
        let _ = sweep.run(Damage::Flip(at + 62, 0xFF)).await;
    }
}
