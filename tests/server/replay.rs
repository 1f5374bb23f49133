//! The tools of the benchmarks: what is replayed is what was recorded, also to a client that asks
//! otherwise than when it was recorded.

use crate::support::{column, count, rows, start, table};
use crate::tools::frames::{Request, frames};
use crate::tools::{record, replay};
use arrow_array::{Int32Array, StringArray};
use drdarrow::client::config::Config;
use drdarrow::client::sql::connection::Connection;
use drdarrow::server::persona::LUW;
use drdarrow::server::table::MemoryTables;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

async fn read(port: u16, block: Option<&str>, sql: &[&str]) -> Vec<Vec<arrow_array::RecordBatch>> {
    let mut config = Config::new("127.0.0.1", port, "SAMPLE").unwrap();
    config.set("user", "app").unwrap();
    if let Some(block) = block {
        config.set("block_size", block).unwrap();
    }
    let connection = Connection::connect(config).await.unwrap();
    let mut out = Vec::new();
    for sql in sql {
        out.push(rows(&connection, sql).await);
    }
    connection.close().await.unwrap();
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_replayed_is_what_was_recorded() {
    let tables = MemoryTables::new();
    let texts: Vec<String> = (0..1000).map(|n| format!("row {n} ").repeat(9)).collect();
    let columns =
        vec![column("N", Int32Array::from_iter_values(0..1000)), column("T", StringArray::from_iter_values(texts))];
    tables.put("T", table(columns));
    let server = start(&LUW, &tables).await;
    let statements = ["SELECT * FROM T", "SELECT N FROM T"];

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let target = server.address().to_string();
    let recorder = std::thread::spawn(move || record::proxy(&listener, &target, true).map(record::Log::exchanges));
    let recorded = read(port, Some("8192"), &statements).await;
    let exchanges = recorder.join().unwrap().unwrap();
    assert_eq!(count(&recorded[0]), 1000);
    assert!(exchanges.iter().filter(|e| Request::read(&e.request).unwrap().fetches()).count() > 3);
    for exchange in &exchanges {
        assert_eq!(frames(&exchange.reply).last().map_or(0, |f| f.end), exchange.reply.len());
    }

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || replay::answer(&listener, exchanges));
    assert_eq!(read(port, Some("8192"), &statements).await, recorded);
    // In another order and with other blocks.
    let other = read(port, None, &["SELECT N FROM T", "SELECT * FROM T"]).await;
    assert_eq!(count(&other[0]), 1000);
    assert_eq!(other[1][0].num_columns(), 2);
}

#[test]
fn a_client_that_hangs_up_without_its_last_reply_ends_the_recording() {
    // EXCSAT in a chain of its own: what it asks does not matter.
    const CHAIN: [u8; 10] = [0, 10, 0xD0, 1, 0, 1, 0, 4, 0x10, 0x41];
    let (front, back) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let (address, target) = (front.local_addr().unwrap(), back.local_addr().unwrap().to_string());
    let (done, over) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(record::proxy(&front, &target, true).unwrap().exchanges()));

    let mut client = TcpStream::connect(address).unwrap();
    let (mut server, _) = back.accept().unwrap();
    client.write_all(&CHAIN).unwrap();
    let mut asked = [0; CHAIN.len()];
    server.read_exact(&mut asked).unwrap();
    server.write_all(&CHAIN).unwrap();
    // The reply has come, and is left unread: its client's end is a reset.
    client.peek(&mut asked).unwrap();
    drop(client);
    // The server is told, or it would wait for the next request for ever.
    server.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(server.read(&mut asked).unwrap(), 0);
    drop(server);
    let exchanges = over.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!((exchanges.len(), exchanges[0].reply.as_slice()), (1, CHAIN.as_slice()));
}
