//! A file of a million records is read with flat memory: what the reader holds does not grow with the file. The
//! server is this program once more, in a process of its own, so that the memory counted is the reader's alone.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use arrow_array::array::{Decimal128Array, Int32Array, StringArray};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, RecordBatch};
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::file::config::FileConfig;
use drdarrow::client::file::connection::FileConnection;
use drdarrow::client::file::file_name::FileName;
use drdarrow::client::file::options::OpenOptions;
use drdarrow::server::file::library::{FileOptions, FileStore};
use drdarrow::server::listen::serve;
use drdarrow::server::persona::IBMI;
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

const RECORDS: i32 = 1_000_000;
/// Says that this is the process of the server.
const SERVES: &str = "DRDARROW_SERVES_A_FILE";
const ANNOUNCED: &str = "listening on ";
/// Beside three batches.
const SLACK: usize = 16 << 20;

/// ID, AMOUNT, NAME: nothing of one record is in another.
fn records() -> RecordBatch {
    let amounts = Decimal128Array::from_iter_values((0..RECORDS).map(|id| i128::from(id) * 7 - 1000));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("ID", Arc::new(Int32Array::from_iter_values(0..RECORDS))),
        ("AMOUNT", Arc::new(amounts.with_precision_and_scale(9, 2).unwrap())),
        ("NAME", Arc::new(StringArray::from_iter_values((0..RECORDS).map(name)))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn name(id: i32) -> String {
    format!("the record number {id}")
}

/// Bytes in memory.
fn held() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<usize>().unwrap() << 10
}

struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn serves_a_file() {
    if std::env::var_os(SERVES).is_none() {
        return;
    }
    let files = FileStore::new();
    let batch = records();
    files.put("LIB/LARGE", &batch.schema(), &[batch], &FileOptions::default()).unwrap();
    let settings = ServerSettings { persona: &IBMI, files: Some(files), ..ServerSettings::default() };
    let server = serve(settings, Arc::new(MemoryTables::new())).await.unwrap();
    println!("\n{ANNOUNCED}{}", server.address().port());
    // Whoever started this ends it, or has ended: then nothing is to be read any more.
    let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await;
}

#[tokio::test]
async fn memory_is_flat() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "serves_a_file", "--nocapture"]).env(SERVES, "1");
    let mut serving = Serving(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(serving.0.stdout.take().unwrap()).lines();
    let port = lines.find_map(|line| Some(line.unwrap().strip_prefix(ANNOUNCED)?.to_owned())).unwrap();

    let uri = format!("drda://app@127.0.0.1:{port}/?signon_port=0");
    let connection = FileConnection::connect(FileConfig::from_uri(&uri).unwrap().0).await.unwrap();
    let file = connection.open(&FileName::parse("LIB/LARGE").unwrap(), OpenOptions::read()).await.unwrap();
    assert_eq!(file.records(), RECORDS as u32);
    let mut scan = file.scan().await.unwrap();
    let before = held();
    let (mut rows, mut batches, mut largest, mut most) = (0, 0, 0, before);
    while let Some(batch) = scan.next().await.unwrap() {
        let ids = batch.column(0).as_primitive::<Int32Type>().values();
        assert!(ids.iter().copied().eq(rows..rows + batch.num_rows() as i32));
        let names = batch.column(2).as_string::<i32>();
        assert_eq!(names.value(0).trim_end(), name(rows));
        rows += batch.num_rows() as i32;
        batches += 1;
        largest = largest.max(batch.get_array_memory_size());
        most = most.max(held());
    }
    let grown = most - before;
    println!("{rows} records in {batches} batches of at most {largest} bytes; {grown} bytes more than {before}");
    assert_eq!(rows, RECORDS);
    // All of them would be many times as much.
    assert!(batches > 10);
    assert!(grown <= 3 * largest + SLACK, "{grown} bytes more, with batches of {largest}");
    connection.close().await.unwrap();
}
