//! Conversations in which one thing is changed: an object, its frame, or one of its lengths.

use super::client::{LOBS, NARROW, WIDE, config, rows};
use super::files;
use super::recorded_replies::Book;
use super::server::{Answer, Damage, Edit, frames, start};
use arrow_array::RecordBatch;
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::error::Error;
use drdarrow::client::file::connection::FileConnection;
use drdarrow::client::sql::connection::Connection;
use drdarrow::flow::secmec::line::Line;
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::ddm::codepoint::CodePoint;
use drdarrow::wire::ddm::object::{objects, put_bytes};
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::dss::header::DssType;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// One frame of an answer, taken apart.
#[derive(Debug, Clone)]
pub struct Frame {
    pub kind: DssType,
    pub id: u16,
    pub objects: Vec<(CodePoint, Vec<u8>)>,
}

/// The frames of an answer.
pub fn apart(bytes: &[u8]) -> Vec<Frame> {
    let objects = |body| objects(body).map(|o| o.unwrap()).map(|o| (o.cp, o.body.to_vec())).collect();
    frames(bytes).iter().map(|f| Frame { kind: f.header.kind, id: f.header.id, objects: objects(&f.body) }).collect()
}

/// An answer of these frames.
pub fn together(frames: &[Frame]) -> Vec<u8> {
    let mut chain = Chain::new();
    for frame in frames {
        let mut w = Writer::new();
        frame.objects.iter().for_each(|(cp, data)| put_bytes(&mut w, *cp, data));
        chain.frame(frame.kind, frame.id, w.as_slice());
    }
    chain.into_bytes()
}

/// Which conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talk {
    Sql,
    File,
}

pub const TALKS: [Talk; 2] = [Talk::Sql, Talk::File];

/// Objects of the answer to the farewell, which nobody is told of.
pub fn farewell(talk: Talk) -> usize {
    if talk == Talk::Sql { 2 } else { 1 }
}

/// The result of a conversation.
pub type Told = Result<Vec<RecordBatch>, Error>;

impl Talk {
    pub fn book(self) -> Book {
        match self {
            Talk::Sql => Book::derby(),
            Talk::File => Book::files(),
        }
    }

    /// Runs it whole, against a server whose answers are edited.
    pub async fn run(self, edit: Edit) -> Told {
        let (stream, _server) = start(&self.book(), Damage::None, edit);
        let talk = async {
            let mut out = Vec::new();
            match self {
                Talk::Sql => {
                    let connection = Connection::over(stream, Line::Local, config()).await?;
                    for sql in [NARROW, WIDE, LOBS] {
                        out.extend(rows(&connection, sql).await?);
                    }
                    connection.execute("SET CURRENT SCHEMA APP", &[]).await?;
                    connection.commit().await?;
                    // One that is not read to its end is closed in the background, before the next.
                    drop(connection.query(WIDE, &[]).await?);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    out.extend(rows(&connection, NARROW).await?);
                    // Answers that came too late for the rows are seen here.
                    connection.commit().await?;
                    connection.close().await?;
                }
                Talk::File => {
                    let connection = FileConnection::over(stream, Line::Local, files::config()).await?;
                    let file = connection.open(&files::cust(), files::numbered()).await?;
                    let mut scan = file.scan().await?;
                    while let Some(batch) = scan.next().await? {
                        out.push(batch);
                    }
                    drop(scan);
                    file.close().await?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    connection.close().await?;
                }
            }
            Ok(out)
        };
        // Time stands still while anything moves: only a wait without end gets here.
        tokio::time::timeout(Duration::from_secs(3600), talk).await.expect("a wait without end")
    }

    /// As it was recorded, and the number of objects in its answers.
    pub async fn honest(self) -> (Vec<RecordBatch>, usize) {
        let count = Arc::new(AtomicUsize::new(0));
        let seen = count.clone();
        let edit: Edit = Box::new(move |_, _, bytes| {
            seen.fetch_add(apart(&bytes).iter().map(|f| f.objects.len()).sum(), Ordering::SeqCst);
            Answer::Bytes(bytes)
        });
        let told = self.run(edit).await.unwrap();
        (told, count.load(Ordering::SeqCst))
    }

    /// Runs it with the `n`th object of all answers changed: `change` gets the frames of its answer, and where in
    /// them it is.
    pub async fn changed(self, n: usize, change: impl Fn(&mut Vec<Frame>, usize, usize) + Send + 'static) -> Told {
        let mut before = 0;
        let edit: Edit = Box::new(move |_, _, bytes| {
            let mut answer = apart(&bytes);
            let place = |(f, frame): (usize, &Frame)| (0..frame.objects.len()).map(move |o| (f, o)).collect::<Vec<_>>();
            let places: Vec<_> = answer.iter().enumerate().flat_map(place).collect();
            let place = n.checked_sub(before).and_then(|n| places.get(n));
            before += places.len();
            match place {
                None => Answer::Bytes(bytes),
                Some((frame, object)) => {
                    change(&mut answer, *frame, *object);
                    Answer::Bytes(together(&answer))
                }
            }
        });
        self.run(edit).await
    }
}
