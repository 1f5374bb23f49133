//! Our server with LINEITEM and nothing else, for measurements: `lineitem PERSONA ROWS`. The persona `ibmi`
//! has files in its place, and a sign-on server: LAB/LINE with so many records, LAB/WARM with a tenth. Prints
//! `{"port": N}` once it listens, and after it `{"signon": M}`; anybody may connect.

#[allow(dead_code)] // the time of each stage is for the benchmarks
#[path = "../decode.rs"]
mod decode;
#[path = "../line.rs"]
mod line;
#[path = "../lineitem.rs"]
mod lineitem;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema};
use bytes::Bytes;
use decode::Decoding;
use drdarrow::column::options::Options;
use drdarrow::server::access::Access;
use drdarrow::server::file::library::{FileOptions, FileStore};
use drdarrow::server::listen;
use drdarrow::server::persona::Persona;
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::{MemoryTables, Table};
use drdarrow::wire::file::format::RecordField;
use std::sync::Arc;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const BLOCK: usize = 1 << 20;

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [persona, rows] = args.as_slice() else { return Err("usage: lineitem PERSONA ROWS".into()) };
    let persona = Persona::named(persona).ok_or("no such persona: luw, derby, ibmi or zos")?;
    let rows: u64 = rows.parse()?;
    let tables = MemoryTables::new();
    let mut settings = ServerSettings { persona, access: Access::Anyone, ..ServerSettings::default() };
    if persona.files {
        let files = FileStore::new();
        fill(&files, "LAB/LINE", rows as usize)?;
        fill(&files, "LAB/WARM", rows as usize / 10)?;
        settings.files = Some(files);
        settings.signon = Some(settings.address);
    } else {
        tables.put("LINEITEM", table(rows)?);
    }
    let server = listen::serve(settings, Arc::new(tables)).await?;
    println!("{{\"port\": {}}}", server.address().port());
    if let Some(address) = server.signon_address() {
        println!("{{\"signon\": {}}}", address.port());
    }
    std::future::pending().await
}

/// A file of so many records.
fn fill(files: &FileStore, name: &str, rows: usize) -> Result<()> {
    let format = line::format();
    let columns = line::columns(rows);
    let of = |(field, column): (&RecordField, &ArrayRef)| Field::new(&field.name, column.data_type().clone(), false);
    let schema = Arc::new(Schema::new(format.fields.iter().zip(&columns).map(of).collect::<Vec<_>>()));
    let batch = RecordBatch::try_new(schema.clone(), columns)?;
    Ok(files.put(name, &schema, &[batch], &FileOptions { format: Some(format), ..FileOptions::default() })?)
}

fn table(rows: u64) -> Result<Table> {
    let blocks: Vec<Bytes> = lineitem::blocks(rows, BLOCK).into_iter().map(Bytes::from).collect();
    let mut batches = Vec::new();
    Decoding::new(&decode::fields()?, &Options::default())?.pass(&blocks, |batch| batches.push(batch))?;
    let schema = batches.first().ok_or("no rows")?.schema();
    Ok(Table::new(schema, batches).ok_or("batches differ")?)
}
