//! Sessions beside one another on tables in memory: what one sees of the other, who gives way, and what is left.

use crate::support::{column, config, connect, count, rows, start, table};
use arrow_array::Int32Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::sql::connection::Connection;
use drdarrow::server::listen::Server;
use drdarrow::server::persona::LUW;
use drdarrow::server::table::MemoryTables;
use std::collections::BTreeSet;
use tokio::task::JoinSet;

fn tables() -> MemoryTables {
    let tables = MemoryTables::new();
    tables.put("N", table(vec![column("A", Int32Array::from_iter_values(0..1000))]));
    tables
}

async fn manual(server: &Server) -> Connection {
    let mut config = config(server);
    config.set("autocommit", "false").unwrap();
    Connection::connect(config).await.unwrap()
}

async fn run(connection: &Connection, sql: &str) -> Result<(), i32> {
    connection.run(sql, &[]).await.map(|_| ()).map_err(|e| e.sqlcode.unwrap_or(0))
}

async fn values(connection: &Connection, sql: &str) -> Vec<i32> {
    let batches = rows(connection, sql).await;
    batches.iter().flat_map(|b| b.column(0).as_primitive::<Int32Type>().values().to_vec()).collect()
}

#[tokio::test]
async fn names_that_differ_in_case_are_two_tables() {
    let tables = tables();
    for (name, value) in [("T", 1), ("t", 2)] {
        tables.put(name, table(vec![column("A", Int32Array::from(vec![value]))]));
    }
    let server = start(&LUW, &tables).await;
    let c = manual(&server).await;
    run(&c, "INSERT INTO T VALUES (3)").await.unwrap();
    assert_eq!(values(&c, "SELECT A FROM T").await, [1, 3]);
    assert_eq!(values(&c, "SELECT A FROM \"t\"").await, [2]);
    run(&c, "DELETE FROM \"t\"").await.unwrap();
    assert_eq!(values(&c, "SELECT A FROM T").await, [1, 3]);
    c.commit().await.unwrap();
    assert_eq!(count(&rows(&connect(&server).await, "SELECT A FROM \"t\"").await), 0);
    // A table that is dropped does not hide the one that is made after it.
    run(&c, "DROP TABLE N").await.unwrap();
    run(&c, "CREATE TABLE \"n\" (A INTEGER)").await.unwrap();
    run(&c, "INSERT INTO \"n\" VALUES (5)").await.unwrap();
    assert_eq!(values(&c, "SELECT A FROM \"n\"").await, [5]);
    c.rollback().await.unwrap();
    assert_eq!(count(&rows(&c, "SELECT * FROM N").await), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_dropped_is_read_to_its_end() {
    let server = start(&LUW, &tables()).await;
    let (reader, other) = (manual(&server).await, connect(&server).await);
    let mut stream = reader.query("SELECT * FROM N", &[]).await.unwrap();
    let mut seen = stream.next().await.unwrap().unwrap().num_rows();
    for sql in ["DROP TABLE N", "CREATE TABLE N (B VARCHAR(3))"] {
        run(&other, sql).await.unwrap();
        other.commit().await.unwrap();
    }
    while let Some(batch) = stream.next().await.unwrap() {
        seen += batch.num_rows();
    }
    assert_eq!(seen, 1000);
    drop(stream);
    reader.commit().await.unwrap();
    assert_eq!(count(&rows(&reader, "SELECT B FROM N").await), 0);
    assert_eq!(run(&reader, "SELECT A FROM N").await, Err(-206));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_a_table_the_second_gives_way() {
    for (mine, other) in [
        ("DELETE FROM N WHERE A = 1", "DELETE FROM N WHERE A = 1"),
        ("DELETE FROM N WHERE A = 1", "DROP TABLE N"),
        ("DROP TABLE N", "INSERT INTO N VALUES (7)"),
        ("CREATE TABLE M (A INTEGER)", "CREATE TABLE M (B INTEGER)"),
    ] {
        let server = start(&LUW, &tables()).await;
        let (first, second) = (manual(&server).await, manual(&server).await);
        run(&first, mine).await.unwrap();
        run(&second, other).await.unwrap();
        first.commit().await.unwrap();
        let failed = second.commit().await.unwrap_err();
        assert_eq!((failed.sqlcode, failed.sqlstate.as_deref()), (Some(-911), Some("40001")), "{mine} {other}");
        assert!(failed.retryable && failed.connection_usable);
        // Nothing of it is left, and the next attempt is one of its own.
        run(&second, "CREATE TABLE FRESH (A INTEGER)").await.unwrap();
        second.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_many_sessions_are_all_there_or_refused() {
    let tables = MemoryTables::new();
    tables.put("N", table(vec![column("A", Int32Array::from(Vec::<i32>::new()))]));
    let server = std::sync::Arc::new(start(&LUW, &tables).await);
    let mut sessions = JoinSet::new();
    for session in 0..16 {
        let server = server.clone();
        sessions.spawn(async move {
            let c = manual(&server).await;
            let mut kept = BTreeSet::new();
            for n in 0..10 {
                let value = session * 100 + n;
                run(&c, &format!("INSERT INTO N VALUES ({value})")).await.unwrap();
                match n % 3 {
                    0 => c.rollback().await.unwrap(),
                    _ if c.commit().await.is_ok() => _ = kept.insert(value),
                    _ => {}
                }
            }
            // Gone in the middle of a transaction.
            run(&c, "INSERT INTO N VALUES (-1)").await.unwrap();
            drop(c);
            kept
        });
    }
    let kept: BTreeSet<i32> = sessions.join_all().await.into_iter().flatten().collect();
    let there = values(&connect(&server).await, "SELECT A FROM N").await;
    assert_eq!(there.len(), kept.len());
    assert_eq!(there.into_iter().collect::<BTreeSet<_>>(), kept);
}

#[tokio::test]
async fn a_definition_that_is_undone_leaves_nothing() {
    let server = start(&LUW, &tables()).await;
    let c = manual(&server).await;
    run(&c, "CREATE TABLE M (A INTEGER NOT NULL PRIMARY KEY)").await.unwrap();
    run(&c, "INSERT INTO M VALUES (1)").await.unwrap();
    run(&c, "SAVEPOINT S ON ROLLBACK RETAIN CURSORS").await.unwrap();
    run(&c, "DROP TABLE M").await.unwrap();
    run(&c, "DROP TABLE N").await.unwrap();
    assert_eq!(run(&c, "SELECT * FROM N").await, Err(-204));
    run(&c, "ROLLBACK TO SAVEPOINT S").await.unwrap();
    assert_eq!(values(&c, "SELECT A FROM M").await, [1]);
    assert_eq!(run(&c, "INSERT INTO M VALUES (1)").await, Err(-803));
    let mut stream = c.query("SELECT * FROM N", &[]).await.unwrap();
    stream.next().await.unwrap();
    c.rollback().await.unwrap();
    drop(stream);
    assert_eq!(run(&c, "SELECT * FROM M").await, Err(-204));
    assert_eq!(count(&rows(&c, "SELECT * FROM N").await), 1000);
}
