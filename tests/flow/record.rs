//! Makes the book of replies anew: the client talks to a real Derby through a relay that notes what
//! it answers. `DERBY=127.0.0.1:1527 cargo test --test flow record -- --ignored`, with the tables of
//! `tests/derby/Load.java` in the database LAB.

use super::client::{DIVISION, LOBS, NARROW, WIDE, WRONG, config, rows};
use super::recorded_replies::{Book, Chains, Request, request};
use drdarrow::client::sql::connection::Connection;
use drdarrow::flow::secmec::line::Line;
use drdarrow::wire::ddm::codepoint as cp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;

#[tokio::test]
#[ignore = "needs a Derby"]
async fn record() {
    let address = std::env::var("DERBY").expect("DERBY=host:port");
    let book = Arc::new(Mutex::new(Book::default()));
    for (block_size, statements) in [(512, &[NARROW, DIVISION][..]), (4096, &[WIDE, LOBS, WRONG])] {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let relay = tokio::spawn(relay(theirs, TcpStream::connect(&address).await.unwrap(), book.clone()));
        let mut config = config();
        config.block_size = block_size;
        let connection = Connection::over(ours, Line::Local, config).await.unwrap();
        for sql in statements {
            match rows(&connection, sql).await {
                Ok(batches) => println!("{sql}: {} rows", super::client::count(&batches)),
                Err(e) => println!("{sql}: {e}"),
            }
        }
        // One that is closed early.
        drop(connection.query(statements[0], &[]).await.unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        connection.execute("SET CURRENT SCHEMA APP", &[]).await.unwrap();
        connection.commit().await.unwrap();
        connection.close().await.unwrap();
        relay.await.unwrap();
    }
    let text = book.lock().unwrap().print(
        "What Derby 10.14.2 answered to this client, by command: NARROW and DIVISION with blocks of\n\
         512 bytes, the other queries with 4,096. A repeated heading is the next answer to the same\n\
         command; requests after the end of a query are among them. Made by tests/flow/record.rs.",
    );
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/derby_conversations.hex");
    std::fs::write(path, text).unwrap();
}

/// Passes one chain at a time on and notes its answer.
async fn relay(mut client: DuplexStream, mut server: TcpStream, book: Arc<Mutex<Book>>) {
    let (mut asked, mut answered) = (Chains::new(), Chains::new());
    let mut buf = vec![0; 1 << 16];
    let mut open: HashMap<u16, Option<String>> = HashMap::new();
    loop {
        let n = client.read(&mut buf).await.unwrap();
        if n == 0 {
            return;
        }
        for chain in asked.feed(&buf[..n]) {
            server.write_all(&chain.bytes).await.unwrap();
            let reply = loop {
                let n = server.read(&mut buf).await.unwrap();
                assert!(n > 0, "Derby closed the connection");
                if let Some(reply) = answered.feed(&buf[..n]).pop() {
                    break reply.bytes;
                }
            };
            note(&request(&chain.frames), &reply, &mut open, &mut book.lock().unwrap());
            client.write_all(&reply).await.unwrap();
        }
    }
}

/// Notes the first answer to every command, and all blocks of the first run of every query.
fn note(request: &Request, reply: &[u8], open: &mut HashMap<u16, Option<String>>, book: &mut Book) {
    let heading = match &request.sql {
        Some(sql) => {
            let heading = Book::heading(request, Some(sql));
            let known = book.replies.contains_key(&heading);
            open.insert(request.section, (!known).then(|| sql.clone()));
            heading
        }
        None if request.has(cp::CNTQRY) => match open.get(&request.section) {
            Some(Some(sql)) => return book.add(&Book::heading(request, Some(sql)), reply.to_vec()),
            _ => return,
        },
        None => Book::heading(request, None),
    };
    if !book.replies.contains_key(&heading) {
        book.add(&heading, reply.to_vec());
    }
}
