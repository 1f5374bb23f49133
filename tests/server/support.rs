//! A server on a free port and a client that connects to it.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema};
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::config::Config;
use drdarrow::client::sql::connection::Connection;
use drdarrow::server::listen::{Server, serve};
use drdarrow::server::persona::{DERBY, IBMI, LUW, Persona, ZOS};
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::{MemoryTables, Table};
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) const PERSONAS: [&Persona; 4] = [&LUW, &DERBY, &IBMI, &ZOS];

pub(crate) fn table(columns: Vec<(Field, ArrayRef)>) -> Table {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), arrays).unwrap();
    Table::new(schema, vec![batch]).unwrap()
}

pub(crate) fn column(name: &str, array: impl arrow_array::Array + 'static) -> (Field, ArrayRef) {
    (Field::new(name, array.data_type().clone(), true), Arc::new(array))
}

pub(crate) fn told((field, array): (Field, ArrayRef), sql: &str, length: u32) -> (Field, ArrayRef) {
    let metadata =
        HashMap::from([("drda:type".to_owned(), sql.to_owned()), ("drda:length".to_owned(), length.to_string())]);
    (field.with_metadata(metadata), array)
}

pub(crate) async fn start(persona: &'static Persona, tables: &MemoryTables) -> Server {
    start_with(ServerSettings { persona, ..ServerSettings::default() }, tables).await
}

pub(crate) async fn start_with(settings: ServerSettings, tables: &MemoryTables) -> Server {
    serve(settings, Arc::new(tables.clone())).await.unwrap()
}

pub(crate) fn config(server: &Server) -> Config {
    let mut config = Config::new("127.0.0.1", server.address().port(), "SAMPLE").unwrap();
    config.set("user", "app").unwrap();
    config
}

pub(crate) async fn connect(server: &Server) -> Connection {
    Connection::connect(config(server)).await.unwrap()
}

pub(crate) async fn rows(connection: &Connection, sql: &str) -> Vec<RecordBatch> {
    rows_with(connection, sql, &[]).await
}

pub(crate) async fn rows_with(connection: &Connection, sql: &str, parameters: &[ArrayRef]) -> Vec<RecordBatch> {
    let mut stream = connection.query(sql, parameters).await.unwrap();
    let mut out = Vec::new();
    while let Some(batch) = stream.next().await.unwrap() {
        out.push(batch);
    }
    out
}

pub(crate) fn count(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}
