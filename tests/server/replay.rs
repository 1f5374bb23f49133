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
use std::net::TcpListener;

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
