//! Large objects by locator: the same values as after their rows, whatever their length.

use crate::support::{column, config, connect, rows, start, table, told};
use arrow_array::{Int32Array, LargeBinaryArray, LargeStringArray, RecordBatch};
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::config::Lobs;
use drdarrow::client::sql::connection::Connection;
use drdarrow::flow::secmec::line::Line;
use drdarrow::server::listen::Server;
use drdarrow::server::persona::{DERBY, IBMI, LUW, Persona, ZOS};
use drdarrow::server::table::MemoryTables;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;

const MIB: usize = 1 << 20;

fn values(persona: &Persona) -> MemoryTables {
    // Derby's positions count characters, which takes a server time: there the longest is shorter.
    let long = "Grüße 日本 𝄞? ".repeat(if persona.name == DERBY.name { MIB / 23 } else { 10 * MIB / 23 });
    let texts = |long: &str, note: &str| {
        let notes = note.repeat(40_000);
        let texts = [None, Some(""), Some("x"), Some(&*"y".repeat(32 << 10)), Some(&notes), Some(long)];
        texts.map(|t| t.map(str::to_owned))
    };
    let wide = texts(&long, "𝄞");
    // The pages of EBCDIC have the letters of Western Europe.
    let texts = if persona.typdef.mbc == 1208 { wide.clone() } else { texts(&"Grüße £? ".repeat(MIB), "é") };
    let bytes = [None, Some(0), Some(1), Some(70_000), Some(MIB), Some(10 * MIB)]
        .map(|n| n.map(|n| (0..n).map(|i| (i * 31 + i / 256) as u8).collect::<Vec<u8>>()));
    let mut columns = vec![
        column("ID", Int32Array::from_iter_values(0..6)),
        told(column("C", LargeStringArray::from_iter(texts.iter().map(Option::as_ref))), "CLOB", i32::MAX as u32),
        told(column("B", LargeBinaryArray::from_iter(bytes.iter().map(Option::as_ref))), "BLOB", i32::MAX as u32),
    ];
    if persona.typdef.dbc != 0 {
        let graphic =
            told(column("G", LargeStringArray::from_iter(wide.iter().rev().map(Option::as_ref))), "DBCLOB", 0);
        columns.push(graphic);
    }
    let tables = MemoryTables::new();
    tables.put("T", table(columns));
    tables
}

async fn by_locator(server: &Server, lob_limit: u32) -> Connection {
    let mut config = config(server);
    config.lobs = Lobs::Locator;
    config.lob_limit = lob_limit;
    Connection::connect(config).await.unwrap()
}

fn joined(batches: &[RecordBatch]) -> Vec<RecordBatch> {
    batches.iter().flat_map(|b| (0..b.num_rows()).map(|row| b.slice(row, 1))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_values_as_after_their_rows() {
    for persona in [&LUW, &DERBY, &IBMI, &ZOS] {
        let server = start(persona, &values(persona)).await;
        let inline = rows(&connect(&server).await, "SELECT * FROM T").await;
        let located = by_locator(&server, 1 << 30).await;
        let got = rows(&located, "SELECT * FROM T").await;
        assert_eq!(got[0].schema(), inline[0].schema());
        assert_eq!(joined(&got), joined(&inline), "{}", persona.name);
        // Another reader of the connection goes on between the pieces.
        let mut a = located.query("SELECT C, ID FROM T", &[]).await.unwrap();
        let mut b = located.query("SELECT B, ID FROM T", &[]).await.unwrap();
        let (x, y) = tokio::join!(a.next(), b.next());
        assert!(x.unwrap().unwrap().num_rows() > 0 && y.unwrap().unwrap().num_rows() > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_is_refused_after_the_rows_before_it() {
    for persona in [&LUW, &DERBY] {
        let server = start(persona, &values(persona)).await;
        let connection = by_locator(&server, 100_000).await;
        let mut stream = connection.query("SELECT ID, B FROM T", &[]).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().num_rows(), 4);
        let error = stream.next().await.unwrap_err();
        assert_eq!(error.sqlstate.as_deref(), Some("54010"));
        assert!(error.message.contains("B") && error.message.contains("row 5"), "{error}");
        assert_eq!(rows(&connection, "VALUES 1").await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn locators_end_with_the_reader_that_a_rollback_ends() {
    let server = start(&LUW, &values(&LUW)).await;
    let connection = by_locator(&server, 1 << 30).await;
    let mut stream = connection.query("SELECT C FROM T", &[]).await.unwrap();
    stream.wait().await.unwrap();
    connection.rollback().await.unwrap();
    assert_eq!(stream.next().await.unwrap_err().sqlstate.as_deref(), Some("24501"));
}

/// OUTOVR for one column of text by locator: what a server that insists on locators has decided itself.
const OUTOVR: [u8; 25] =
    [0, 25, 0x24, 0x15, 6, 0x76, 0xD0, 0x1B, 0, 4, 9, 0x71, 0xE0, 0x54, 0, 1, 0xD0, 0, 1, 6, 0x71, 0xF0, 0xE0, 0, 0];

/// A connection through which the client sees the descriptor of text as one of locators, and all rows
/// hold them though it did not ask for any; what it sends is noted.
async fn described_by_locator(server: &Server) -> (DuplexStream, Arc<Mutex<Vec<u8>>>) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (mut from, mut to) = tokio::io::split(theirs);
    let (mut read, mut write) = TcpStream::connect(server.address()).await.unwrap().into_split();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let note = sent.clone();
    tokio::spawn(async move {
        let mut buf = vec![0; 1 << 16];
        while let Ok(n @ 1..) = from.read(&mut buf).await {
            note.lock().unwrap().extend_from_slice(&buf[..n]);
            let mut chain = buf[..n].to_vec();
            if chain[8..10] == [0x20, 0x06] && chain[3] == 1 {
                // CNTQRY alone: an object with the same id is chained to it.
                chain[3] = 0x51;
                chain.extend([0, 6 + OUTOVR.len() as u8, 0xD0, 3, chain[4], chain[5]]);
                chain.extend(OUTOVR);
            }
            write.write_all(&chain).await.unwrap();
        }
    });
    tokio::spawn(async move {
        let mut buf = vec![0; 1 << 16];
        while let Ok(n @ 1..) = read.read(&mut buf).await {
            // In a QRYDSC: parts of values are described alike.
            let found = buf[..n].windows(8).position(|w| w == [0x24, 0x1A, 6, 0x76, 0xD0, 0xCF, 0x80, 8]);
            if let Some(at) = found {
                buf[at + 5..at + 8].copy_from_slice(&[0x1B, 0, 4]);
            }
            if to.write_all(&buf[..n]).await.is_err() {
                return;
            }
        }
    });
    (ours, sent)
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_the_server_describes_as_locators() {
    let server = start(&LUW, &values(&LUW)).await;
    let inline = rows(&connect(&server).await, "SELECT C FROM T").await;
    for mode in [Lobs::Inline, Lobs::Locator] {
        let (stream, sent) = described_by_locator(&server).await;
        let mut config = config(&server);
        config.lobs = mode;
        let connection = Connection::over(stream, Line::Local, config).await.unwrap();
        let got = rows(&connection, "SELECT C FROM T").await;
        assert_eq!(joined(&got), joined(&inline));
        assert_eq!(got[0].schema(), inline[0].schema());
        // Each of the five values is given back by itself; NULL has no locator.
        rows(&connection, "VALUES 1").await;
        let sent = sent.lock().unwrap();
        assert_eq!(sent.windows(14).filter(|w| w == b"FREE LOCATOR ?").count(), 5);
        let asked = sent.windows(OUTOVR.len()).any(|w| w == OUTOVR);
        assert_eq!(asked, mode == Lobs::Locator);
    }
}
