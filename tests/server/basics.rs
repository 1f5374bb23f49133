//! Connecting, selecting, changing.

use crate::support::{PERSONAS, column, connect, count, rows, start, table, told};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Int32Array, StringArray};
use drdarrow::server::table::MemoryTables;

#[tokio::test]
async fn a_table_is_read_on_every_persona() {
    let tables = MemoryTables::new();
    let ids = Int32Array::from(vec![Some(1), None, Some(-3)]);
    let names = StringArray::from(vec![Some("one"), Some(""), None]);
    tables.put("T", table(vec![column("ID", ids.clone()), told(column("NAME", names.clone()), "VARCHAR", 20)]));
    for persona in PERSONAS {
        let server = start(persona, &tables).await;
        let connection = connect(&server).await;
        let got = rows(&connection, "SELECT * FROM t").await;
        assert_eq!(count(&got), 3, "{}", persona.name);
        assert_eq!(got[0].column(0).as_primitive::<Int32Type>(), &ids, "{}", persona.name);
        assert_eq!(got[0].column(1).as_string::<i32>(), &names, "{}", persona.name);
        connection.close().await.unwrap();
        server.shutdown().await;
    }
}
