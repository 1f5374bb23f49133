//! Our server with LINEITEM and nothing else, for measurements: `lineitem PERSONA ROWS`. Prints
//! `{"port": N}` once it listens; anybody may connect.

#[path = "../decode.rs"]
mod decode;
#[path = "../lineitem.rs"]
mod lineitem;

use bytes::Bytes;
use decode::{Plain, decode};
use drdarrow::server::listen;
use drdarrow::server::persona::Persona;
use drdarrow::server::settings::Settings;
use drdarrow::server::shared::Access;
use drdarrow::server::table::{MemoryTables, Table};
use std::sync::Arc;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const BLOCK: usize = 1 << 20;

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [persona, rows] = args.as_slice() else { return Err("usage: lineitem PERSONA ROWS".into()) };
    let persona = Persona::named(persona).ok_or("no such persona: luw, derby, ibmi or zos")?;
    let tables = MemoryTables::new();
    tables.put("LINEITEM", table(rows.parse()?)?);
    let server =
        listen::serve(Settings { persona, access: Access::Anyone, ..Settings::default() }, Arc::new(tables)).await?;
    println!("{{\"port\": {}}}", server.address().port());
    std::future::pending().await
}

fn table(rows: u64) -> Result<Table> {
    let blocks: Vec<Bytes> = lineitem::blocks(rows, BLOCK).into_iter().map(Bytes::from).collect();
    let mut batches = Vec::new();
    decode(&decode::fields()?, &blocks, &mut Plain, |batch| batches.push(batch))?;
    let schema = batches.first().ok_or("no rows")?.schema();
    Ok(Table::new(schema, batches).ok_or("batches differ")?)
}
