//! Reads a query through the client and says what it took: `fetch URI SQL [WARM-UP-SQL]`. With `LIB/FILE`
//! and another in place of SQL it reads a file by its records.

use arrow_array::{Array, RecordBatch};
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::config::Config;
use drdarrow::client::file::config::FileConfig;
use drdarrow::client::file::connection::FileConnection;
use drdarrow::client::file::file_name::FileName;
use drdarrow::client::file::options::OpenOptions;
use drdarrow::client::sql::connection::Connection;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (uri, sql, warm) = match args.as_slice() {
        [uri, sql] => (uri, sql, None),
        [uri, sql, warm] => (uri, sql, Some(warm)),
        _ => return Err("usage: fetch URI SQL [WARM-UP-SQL]".into()),
    };
    let source = match FileName::parse(sql) {
        Ok(_) => Source::Files(FileConnection::connect(FileConfig::from_uri(uri)?.0).await?),
        Err(_) => Source::Queries(Connection::connect(Config::from_uri(uri)?).await?),
    };
    if let Some(warm) = warm {
        source.read(warm).await?;
    }
    let (start, cpu) = (Instant::now(), cpu_seconds()?);
    let (rows, bytes) = source.read(sql).await?;
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    let rss = status("VmHWM:")? / 1024;
    println!(
        "{{\"rows\": {rows}, \"seconds\": {seconds:.6}, \"cpu\": {cpu:.6}, \"rss_mb\": {rss}, \"arrow_bytes\": {bytes}}}"
    );
    source.close().await
}

/// The things to read: answer sets, or files.
enum Source {
    Queries(Connection),
    Files(FileConnection),
}

impl Source {
    /// Reads all of it: rows and bytes of Arrow.
    async fn read(&self, what: &str) -> Result<(usize, usize)> {
        let (mut rows, mut bytes) = (0, 0);
        let mut take = |batch: RecordBatch| {
            rows += batch.num_rows();
            bytes += batch.columns().iter().map(|c| c.get_buffer_memory_size()).sum::<usize>();
        };
        match self {
            Source::Queries(connection) => {
                let mut stream = connection.query(what, &[]).await?;
                while let Some(batch) = stream.next().await? {
                    take(batch);
                }
            }
            Source::Files(connection) => {
                let file = connection.open(&FileName::parse(what)?, OpenOptions::read()).await?;
                let mut scan = file.scan().await?;
                while let Some(batch) = scan.next().await? {
                    take(batch);
                }
            }
        }
        Ok((rows, bytes))
    }

    async fn close(&self) -> Result<()> {
        match self {
            Source::Queries(connection) => connection.close().await?,
            Source::Files(connection) => connection.close().await?,
        }
        Ok(())
    }
}

/// CPU time of all threads so far. (Linux.)
fn cpu_seconds() -> Result<f64> {
    let mut total = 0u64;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        total += text.split(' ').next().unwrap_or("0").parse::<u64>()?;
    }
    Ok(total as f64 / 1e9)
}

/// A number of /proc/self/status.
fn status(name: &str) -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|l| l.strip_prefix(name)).ok_or("no such line")?;
    Ok(line.split_whitespace().next().unwrap_or("0").parse()?)
}
