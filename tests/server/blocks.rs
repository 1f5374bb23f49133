//! Many rows, several readers, large objects.

use crate::support::{PERSONAS, column, config, connect, count, rows, start, table, told};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, Int32Array, LargeBinaryArray, LargeStringArray, PrimitiveArray, StringArray};
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::sql::connection::Connection;
use drdarrow::server::table::MemoryTables;

fn numbers(rows: i32) -> MemoryTables {
    let tables = MemoryTables::new();
    let ids = PrimitiveArray::<Int32Type>::from_iter_values(0..rows);
    let names = StringArray::from_iter_values((0..rows).map(|i| format!("name {i}")));
    tables.put("T", table(vec![column("ID", ids), told(column("NAME", names), "VARCHAR", 20)]));
    tables
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_rows_in_blocks_of_any_size() {
    let tables = numbers(100_000);
    for persona in PERSONAS {
        let server = start(persona, &tables).await;
        for block in [32_767, 65_535, 10_485_760] {
            let mut config = config(&server);
            config.block_size = block;
            config.credit = 4 * block;
            let connection = Connection::connect(config).await.unwrap();
            let got = rows(&connection, "SELECT * FROM T").await;
            assert_eq!(count(&got), 100_000, "{} {block}", persona.name);
            let sum: i64 =
                got.iter().flat_map(|b| b.column(0).as_primitive::<Int32Type>().values().to_vec()).map(i64::from).sum();
            assert_eq!(sum, 4_999_950_000);
            assert_eq!(got.last().unwrap().column(1).as_string::<i32>().iter().last(), Some(Some("name 99999")));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_side_by_side_and_given_up() {
    let tables = numbers(20_000);
    for persona in PERSONAS {
        let server = start(persona, &tables).await;
        let mut config = config(&server);
        config.block_size = 4096;
        let connection = Connection::connect(config).await.unwrap();
        let mut a = connection.query("SELECT * FROM T", &[]).await.unwrap();
        let mut b = connection.query("SELECT NAME FROM T", &[]).await.unwrap();
        let dropped = connection.query("SELECT * FROM T", &[]).await.unwrap();
        drop(dropped);
        let (mut in_a, mut in_b) = (0, 0);
        loop {
            let (x, y) = (a.next().await.unwrap(), b.next().await.unwrap());
            in_a += x.as_ref().map_or(0, |b| b.num_rows());
            in_b += y.as_ref().map_or(0, |b| b.num_rows());
            if x.is_none() && y.is_none() {
                break;
            }
        }
        assert_eq!((in_a, in_b), (20_000, 20_000), "{}", persona.name);
        assert_eq!(count(&rows(&connection, "SELECT * FROM T FETCH FIRST 3 ROWS ONLY").await), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_objects_of_every_size() {
    let big = |n: usize| "x".repeat(n);
    let texts = [Some(big(0)), None, Some(big(1)), Some(big(32 << 10)), Some(big(1 << 20)), Some("ende".to_owned())];
    let bytes: Vec<Option<&[u8]>> = texts.iter().map(|t| t.as_ref().map(|t| t.as_bytes())).collect();
    let clobs = LargeStringArray::from_iter(texts.iter().map(|t| t.as_deref()));
    let blobs = LargeBinaryArray::from_iter(bytes);
    let tables = MemoryTables::new();
    let ids = Int32Array::from_iter_values(0..6);
    tables.put("T", table(vec![column("ID", ids), column("C", clobs.clone()), column("B", blobs.clone())]));
    for persona in PERSONAS {
        let server = start(persona, &tables).await;
        let connection = connect(&server).await;
        let mut at = 0;
        for batch in rows(&connection, "SELECT * FROM T").await {
            let rows = batch.num_rows();
            assert_eq!(batch.column(1).to_data(), clobs.slice(at, rows).to_data(), "{}", persona.name);
            assert_eq!(batch.column(2).to_data(), blobs.slice(at, rows).to_data(), "{}", persona.name);
            at += rows;
        }
        assert_eq!(at, 6, "{}", persona.name);
        connection.execute("CREATE TABLE L (C CLOB(2000000), B BLOB(2000000))", &[]).await.unwrap();
        for row in 0..6 {
            let input = [clobs.slice(row, 1)].map(|a| std::sync::Arc::new(a) as arrow_array::ArrayRef);
            let more = std::sync::Arc::new(blobs.slice(row, 1)) as arrow_array::ArrayRef;
            let done = connection.execute("INSERT INTO L VALUES (?, ?)", &[input[0].clone(), more]).await.unwrap();
            assert_eq!(done.count, Some(1), "{}", persona.name);
        }
        let back = rows(&connection, "SELECT * FROM L").await;
        assert_eq!(count(&back), 6);
        connection.rollback().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_clients_at_once() {
    let server = start(PERSONAS[0], &numbers(2_000)).await;
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let config = config(&server);
        clients.spawn(async move {
            let connection = Connection::connect(config).await.unwrap();
            let seen = count(&rows(&connection, "SELECT * FROM T").await);
            connection.close().await.unwrap();
            seen
        });
    }
    while let Some(seen) = clients.join_next().await {
        assert_eq!(seen.unwrap(), 2_000);
    }
    server.shutdown().await;
}
