//! Runs a statement and prints its rows: `cargo run --example query -- drda://app@localhost:1527/DB "VALUES 1"`.

use drdarrow::{BatchSource, Config, Connection, Outcome, QueryStream};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(uri), Some(sql)) = (args.next(), args.next()) else {
        eprintln!("usage: query URI SQL");
        return ExitCode::FAILURE;
    };
    match run(&uri, &sql).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{} {}: {e}", e.sqlstate.as_deref().unwrap_or("-----"), e.phase.name());
            ExitCode::FAILURE
        }
    }
}

async fn run(uri: &str, sql: &str) -> drdarrow::Result<()> {
    let connection = Connection::connect(Config::from_uri(uri)?).await?;
    match connection.run(sql, &[]).await? {
        Outcome::Done(done) => println!("{} rows changed", done.count.unwrap_or(0)),
        Outcome::Rows(stream) => print(stream).await?,
        Outcome::Called(called) => {
            if let Some(output) = called.output {
                println!("parameters: {:?}", output.row.columns());
            }
            for stream in called.sets {
                print(stream).await?;
            }
        }
    }
    connection.commit().await?;
    connection.close().await
}

async fn print(mut stream: QueryStream) -> drdarrow::Result<()> {
    let names: Vec<String> = stream.schema().fields().iter().map(|f| f.to_string()).collect();
    println!("{}", names.join("\n"));
    while let Some(batch) = stream.next().await? {
        println!("{} rows: {:?}", batch.num_rows(), batch.slice(0, batch.num_rows().min(3)).columns());
    }
    Ok(())
}
