//! Text in the engine in memory as Db2 has it: blanks at the end do not count, what is too long is refused.

use crate::support::{PERSONAS, connect, count, rows, rows_with, start};
use arrow_array::{ArrayRef, StringArray};
use drdarrow::server::table::MemoryTables;
use std::sync::Arc;

#[tokio::test]
async fn blanks_at_the_end_do_not_count() {
    for persona in PERSONAS {
        let server = start(persona, &MemoryTables::new()).await;
        let connection = connect(&server).await;
        connection.run("CREATE TABLE T (K CHAR(5) NOT NULL PRIMARY KEY, V VARCHAR(4))", &[]).await.unwrap();
        connection.run("INSERT INTO T VALUES ('ab', 'x ')", &[]).await.unwrap();
        connection.run("INSERT INTO T VALUES ('b        ', 'y         ')", &[]).await.unwrap();
        for key in ["ab", "ab ", "ab   ", "ab             "] {
            assert_eq!(count(&rows(&connection, &format!("SELECT * FROM T WHERE K = '{key}'")).await), 1, "'{key}'");
            let value: ArrayRef = Arc::new(StringArray::from(vec![key]));
            assert_eq!(count(&rows_with(&connection, "SELECT * FROM T WHERE K = ?", &[value]).await), 1, "'{key}'");
        }
        for (value, found) in [("x", 1), ("x   ", 1), ("y", 1), (" x", 0), ("far too long", 0)] {
            assert_eq!(count(&rows(&connection, &format!("SELECT * FROM T WHERE V = '{value}'")).await), found);
        }
        let got = rows(&connection, "SELECT V FROM T WHERE K = 'b'").await;
        assert_eq!(*got[0].column(0).as_ref(), *(&StringArray::from(vec!["y   "]) as &dyn arrow_array::Array));
        let e = connection.run("INSERT INTO T VALUES ('ab  ', NULL)", &[]).await.unwrap_err();
        assert_eq!(e.sqlstate.as_deref(), Some("23505"));
        for insert in ["INSERT INTO T VALUES ('abcdef', NULL)", "INSERT INTO T VALUES ('c', 'abcde')"] {
            let e = connection.run(insert, &[]).await.unwrap_err();
            assert_eq!((e.sqlstate.as_deref(), e.connection_usable), (Some("22001"), true), "{insert}");
        }
        assert_eq!(count(&rows(&connection, "SELECT * FROM T").await), 2);
    }
}
