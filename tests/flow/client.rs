//! The client's side of the conversations: what is asked, and what came of it.

use arrow_array::RecordBatch;
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::config::Config;
use drdarrow::client::error::Error;
use drdarrow::client::sql::connection::Connection;
use std::time::Duration;

/// 150 rows of sixteen columns, recorded with blocks of 4,096 bytes.
pub const WIDE: &str = "SELECT * FROM LINEITEM FETCH FIRST 150 ROWS ONLY";
/// 90 rows of many types and NULLs, recorded with blocks of 512 bytes: most blocks end within a row.
pub const NARROW: &str = "SELECT ID, N, CAST(ID AS BIGINT)*1000000007 B, CAST(N AS DOUBLE)/8 D, CAST(ID AS DECIMAL(9,2)) P, \
     RTRIM(CAST(ID AS CHAR(8)))||'é' V, DATE('2024-02-29') T, N>500 Y FROM INTS WHERE ID<=90";
/// Rows with large objects after them.
pub const LOBS: &str = "SELECT ID, C_VARCHAR, C_CLOB, C_BLOB FROM ALLTYPES ORDER BY ID";
/// A statement that fails.
pub const WRONG: &str = "SELECT * FROM NOWHERE";
/// A query that fails after some rows.
pub const DIVISION: &str = "SELECT ID, 100/(ID-60) Q FROM DIVZERO ORDER BY ID";

/// Settings for a stream that the test holds the other end of.
pub fn config() -> Config {
    let mut config = Config::from_uri("drda://app@localhost:1527/LAB?block_size=512&credit=65536").unwrap();
    config.timeout = Duration::from_secs(5);
    config.statement_timeout = Some(Duration::from_secs(10));
    config
}

/// All rows of a query.
pub async fn rows(connection: &Connection, sql: &str) -> Result<Vec<RecordBatch>, Error> {
    let mut stream = connection.query(sql, &[]).await?;
    let mut out = Vec::new();
    while let Some(batch) = stream.next().await? {
        out.push(batch);
    }
    Ok(out)
}

/// How many rows.
pub fn count(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// The cells in which two results of the same shape differ; none when the shapes differ.
pub fn differences(a: &[RecordBatch], b: &[RecordBatch]) -> Option<usize> {
    let mut cells = 0;
    if a.len() != b.len() {
        return None;
    }
    for (a, b) in a.iter().zip(b) {
        if a.num_rows() != b.num_rows() || a.num_columns() != b.num_columns() {
            return None;
        }
        for (a, b) in a.columns().iter().zip(b.columns()) {
            if a != b {
                cells += (0..a.len()).filter(|i| a.slice(*i, 1).to_data() != b.slice(*i, 1).to_data()).count();
            }
        }
    }
    Some(cells)
}
