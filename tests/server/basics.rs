//! Connecting, selecting, changing.

use crate::support::{PERSONAS, column, config, connect, count, rows, rows_with, start, table, told};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Int32Array, StringArray};
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::sql::connection::Connection;
use drdarrow::server::persona::{DERBY, IBMI, LUW, ZOS};
use drdarrow::server::table::MemoryTables;
use std::sync::Arc;

fn small() -> MemoryTables {
    let tables = MemoryTables::new();
    let ids = Int32Array::from(vec![Some(1), None, Some(-3)]);
    let names = StringArray::from(vec![Some("one"), Some(""), None]);
    tables.put("T", table(vec![column("ID", ids), told(column("NAME", names), "VARCHAR", 20)]));
    tables
}

#[tokio::test]
async fn a_table_is_read_on_every_persona() {
    let tables = small();
    for persona in PERSONAS {
        let server = start(persona, &tables).await;
        let connection = connect(&server).await;
        let got = rows(&connection, "SELECT NAME, ID FROM t").await;
        assert_eq!(count(&got), 3, "{}", persona.name);
        let ids = Int32Array::from(vec![Some(1), None, Some(-3)]);
        assert_eq!(got[0].column(1).as_primitive::<Int32Type>(), &ids, "{}", persona.name);
        assert_eq!(connection.info().prdid, persona.prdid);
        assert_eq!(connection.info().class, persona.class);
        assert_eq!(connection.info().typdef, persona.typdef.name.name());
        connection.close().await.unwrap();
        server.shutdown().await;
    }
}

#[tokio::test]
async fn a_parameter_picks_a_row() {
    let tables = small();
    for persona in PERSONAS {
        let server = start(persona, &tables).await;
        let connection = connect(&server).await;
        let one: ArrayRef = Arc::new(Int32Array::from(vec![-3]));
        assert_eq!(count(&rows_with(&connection, "SELECT * FROM T WHERE ID = ?", &[one]).await), 1);
        let name: ArrayRef = Arc::new(StringArray::from(vec!["one"]));
        assert_eq!(count(&rows_with(&connection, "SELECT * FROM T WHERE NAME = ?", &[name]).await), 1);
        let null: ArrayRef = Arc::new(Int32Array::from(vec![None]));
        assert_eq!(count(&rows_with(&connection, "SELECT * FROM T WHERE ID = ?", &[null]).await), 0);
        let counted = rows(&connection, "SELECT COUNT(*) FROM T").await;
        assert_eq!(counted[0].column(0).as_primitive::<Int32Type>().value(0), 3);
    }
}

#[tokio::test]
async fn a_query_that_is_none_is_not_run() {
    let tables = small();
    for persona in PERSONAS {
        let server = start(persona, &tables).await;
        let connection = connect(&server).await;
        let one: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        for (sql, given) in [
            ("INSERT INTO T (ID) VALUES (7)", None),
            ("INSERT INTO T (ID) VALUES (?)", Some(one.clone())),
            ("/* x */ DELETE FROM T", None),
            ("DELETE FROM T WHERE ID = ?", Some(one)),
            ("CALL NOTHING()", None),
        ] {
            let error = connection.query(sql, given.as_slice()).await.unwrap_err();
            assert_eq!((error.sqlstate.as_deref(), error.connection_usable), (Some("07005"), true), "{sql}");
        }
        assert_eq!(count(&rows(&connection, "SELECT * FROM T").await), 3, "{}", persona.name);
    }
}

#[tokio::test]
async fn errors_have_their_codes() {
    let tables = small();
    for persona in PERSONAS {
        let server = start(persona, &tables).await;
        let connection = connect(&server).await;
        let derby = persona.name == DERBY.name;
        let code = |own: i32| if derby { -20001 } else { own };
        for (sql, own, db2s, derbys) in [
            ("SELECT * FROM NOSUCH", -204, "42704", "42X05"),
            ("SELECT X FROM T", -206, "42703", "42X04"),
            ("SELECT * FRM T", -104, "42601", "42X01"),
            ("INSERT INTO T VALUES (1)", -117, "42802", "42802"),
            ("INSERT INTO T VALUES ('x', 'y')", -420, "22018", "22018"),
            ("CREATE TABLE T (A INTEGER)", -601, "42710", "X0Y32"),
        ] {
            let state = if derby { derbys } else { db2s };
            let e = connection.run(sql, &[]).await.unwrap_err();
            assert_eq!((e.sqlcode, e.sqlstate.as_deref()), (Some(code(own)), Some(state)), "{} {sql}", persona.name);
            assert!(e.connection_usable, "{sql}");
        }
        let e = connection.run("SELECT * FROM NOSUCH", &[]).await.unwrap_err();
        assert!(e.message.contains("NOSUCH is not defined"), "{}: {}", persona.name, e.message);
        assert_eq!(count(&rows(&connection, "SELECT * FROM T").await), 3);
    }
}

#[tokio::test]
async fn work_is_committed_or_undone() {
    for persona in PERSONAS {
        let tables = small();
        let server = start(persona, &tables).await;
        let connection = connect(&server).await;
        let other = connect(&server).await;
        let seen = async |c: &Connection| count(&rows(c, "SELECT * FROM T").await);
        let done = connection.execute("DELETE FROM T WHERE ID = 1", &[]).await.unwrap();
        assert_eq!(done.count, Some(1), "{}", persona.name);
        assert_eq!((seen(&connection).await, seen(&other).await), (2, 3));
        connection.rollback().await.unwrap();
        assert_eq!(seen(&connection).await, 3);
        connection.execute("DELETE FROM T WHERE ID = 1", &[]).await.unwrap();
        connection.commit().await.unwrap();
        assert_eq!((seen(&connection).await, seen(&other).await), (2, 2));
        let none = connection.execute("DELETE FROM T WHERE ID = 99", &[]).await.unwrap();
        assert_eq!(none.count, Some(0));
        connection.execute("INSERT INTO T VALUES (5, 'five')", &[]).await.unwrap();
        other.execute("INSERT INTO T VALUES (6, 'six')", &[]).await.unwrap();
        connection.commit().await.unwrap();
        let e = other.commit().await.unwrap_err();
        let code = if persona.name == DERBY.name { -20001 } else { -911 };
        assert_eq!((e.sqlcode, e.sqlstate.as_deref()), (Some(code), Some("40001")), "{}", persona.name);
        assert_eq!(seen(&other).await, 3);
    }
}

#[tokio::test]
async fn rollback_ends_readers_and_commit_does_not() {
    let tables = MemoryTables::new();
    let ids = Int32Array::from_iter_values(0..500_000);
    tables.put("T", table(vec![column("ID", ids)]));
    for persona in PERSONAS {
        let server = start(persona, &tables).await;
        let mut config = config(&server);
        config.block_size = 65_535;
        let connection = Connection::connect(config).await.unwrap();
        let mut held = connection.query("SELECT * FROM T", &[]).await.unwrap();
        let mut seen = held.next().await.unwrap().unwrap().num_rows();
        connection.commit().await.unwrap();
        while let Some(batch) = held.next().await.unwrap() {
            seen += batch.num_rows();
        }
        assert_eq!(seen, 500_000, "{}", persona.name);
        let mut ended = connection.query("SELECT * FROM T", &[]).await.unwrap();
        ended.next().await.unwrap();
        connection.rollback().await.unwrap();
        assert!(ended.next().await.is_err(), "{}", persona.name);
    }
}

#[tokio::test]
async fn packages_have_to_be_bound() {
    let tables = small();
    for persona in [&IBMI, &ZOS, &LUW] {
        let server = start(persona, &tables).await;
        let mut config = config(&server);
        config.package = Some("MYPKG".to_owned());
        let stubborn = Connection::connect(config.clone()).await.unwrap();
        let e = stubborn.run("SELECT * FROM T", &[]).await.unwrap_err();
        assert_eq!((e.sqlcode, e.sqlstate.as_deref()), (Some(-805), Some("51002")), "{}", persona.name);
        assert!(e.message.contains("NULLID.MYPKG"), "{}", e.message);
        // Without a package of its own the client binds what it needs, once.
        config.package = None;
        let connection = Connection::connect(config).await.unwrap();
        assert_eq!(count(&rows(&connection, "SELECT * FROM T").await), 3);
        assert_eq!(count(&rows(&connect(&server).await, "SELECT * FROM T").await), 3);
    }
}
