//! Scenes of IBM's client for Java, played by ours: what it asks is held byte by byte against what that
//! client asked for the same, and answered as that client was answered.

use super::recorded_replies::{Book, Chains, hex, request};
use arrow_array::RecordBatch;
use arrow_array::array::{ArrayRef, Decimal128Array, Int32Array, StringArray};
use arrow_array::cast::AsArray;
use arrow_schema::{DataType, Field, Schema};
use drdarrow::client::error::ErrorClass;
use drdarrow::client::file::config::FileConfig;
use drdarrow::client::file::connection::FileConnection;
use drdarrow::client::file::file_name::FileName;
use drdarrow::client::file::job::Lock;
use drdarrow::client::file::options::{Declared, OpenOptions};
use drdarrow::client::file::read::{KeyMatch, Position};
use drdarrow::flow::secmec::line::Line;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

/// Requests and answers.
type Step = (Vec<u8>, Vec<u8>);

fn scene(name: &str) -> VecDeque<Step> {
    let mut out = VecDeque::new();
    let mut inside = false;
    for line in include_str!("../data/file_scenes.hex").lines() {
        if line.starts_with('[') {
            inside = line == format!("[{name}]");
        } else if let (true, Some(asked)) = (inside, line.strip_prefix("> ")) {
            out.push_back((hex(asked), Vec::new()));
        } else if let (true, Some(told)) = (inside, line.strip_prefix("< ")) {
            out.back_mut().unwrap().1 = hex(told);
        }
    }
    assert!(!out.is_empty(), "{name}");
    out
}

/// A request as the scenes have it: correlations and names of open files blanked, chaining as it is.
fn masked(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at + 6 <= out.len() {
        let len = usize::from(u16::from_be_bytes([out[at], out[at + 1]]));
        out[at + 4..at + 6].fill(0);
        if len >= 22 && out[at + 12..at + 14] == [0x11, 0x36] {
            out[at + 14..at + 22].fill(0x40);
        }
        // That client goes on with the member that it was told, ours with the one that was asked for.
        if out[at + 8..at + 10] == [0xD0, 0x11] {
            out[at + 50..at + 60].fill(0x40);
        }
        at += len;
    }
    out
}

/// Where an open says how many records a block has: in front of its format and its end.
fn without_factor(mut asked: Vec<u8>) -> Vec<u8> {
    if asked[8..10] == [0xD0, 0x11] {
        let at = asked.len() - 2 - 16 - 2;
        asked[at..at + 2].fill(0);
    }
    asked
}

/// Plays a scene; the first open is to be a scan's, which asks for larger blocks. Gives the steps left over.
fn play(name: &str, scans: bool) -> (DuplexStream, JoinHandle<usize>) {
    let (client, mut stream) = tokio::io::duplex(1 << 20);
    let mut steps = scene(name);
    let name = name.to_owned();
    let server = tokio::spawn(async move {
        let book = Book::files();
        let mut script = super::server::Script::new(book);
        let mut chains = Chains::new();
        let mut buf = vec![0; 1 << 14];
        let mut first = scans;
        while let Ok(n @ 1..) = stream.read(&mut buf).await {
            for chain in chains.feed(&buf[..n]) {
                let asked = request(&chain.frames);
                let theirs = asked.sql.is_some() || asked.names() != "S38OPEN";
                let known = script.answer(&asked).filter(|_| {
                    let outfile = asked.sql.as_deref().is_some_and(|sql| sql.contains("DRDA"));
                    let login = ["EXCSAT", "ACCSEC", "SECCHK"].contains(&asked.names().as_str());
                    outfile
                        || login
                        || asked.names() == "S38GETM"
                        || describing(&asked.names(), steps.front(), &chain.bytes)
                });
                let answer = match known {
                    Some(answer) => answer,
                    None => {
                        assert!(theirs);
                        let (expected, answer) = steps.pop_front().unwrap_or_default();
                        let (mut asked, mut expected) = (masked(&chain.bytes), masked(&expected));
                        if std::mem::take(&mut first) {
                            (asked, expected) = (without_factor(asked), without_factor(expected));
                        }
                        assert_eq!(
                            asked,
                            expected,
                            "{name}, {} steps left:\n{asked:02x?}\n{expected:02x?}",
                            steps.len()
                        );
                        answer
                    }
                };
                stream.write_all(&answer).await.unwrap();
            }
        }
        steps.len()
    });
    (client, server)
}

/// The outfiles are closed too; the scene has its own closes only at its end.
fn describing(names: &str, next: Option<&Step>, bytes: &[u8]) -> bool {
    names == "S38CLOSE" && next.is_none_or(|(expected, _)| masked(bytes) != masked(expected))
}

async fn connect(stream: DuplexStream) -> FileConnection {
    let uri = "drda://testuser:SECRET99@localhost:446/?signon_port=0&security=substitute&password_level=2";
    FileConnection::over(stream, Line::Local, FileConfig::from_uri(uri).unwrap().0).await.unwrap()
}

fn cust() -> FileName {
    FileName::parse("TESTLIB/CUST").unwrap()
}

fn name(found: Option<RecordBatch>) -> Option<String> {
    found.map(|batch| batch.column_by_name("NAME").unwrap().as_string::<i32>().value(0).trim_end().to_owned())
}

fn number(value: i128) -> ArrayRef {
    Arc::new(Decimal128Array::from(vec![value]).with_precision_and_scale(6, 0).unwrap())
}

fn text(value: Option<&str>) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

fn row(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true))).unwrap()
}

#[tokio::test]
async fn records_by_place_and_number() {
    let (stream, server) = play("read", true);
    let connection = connect(stream).await;
    let file = connection.open(&cust(), OpenOptions::read()).await.unwrap();
    assert_eq!(name(file.read_at(Position::First).await.unwrap()).as_deref(), Some("ALPHA"));
    assert_eq!(name(file.read_at(Position::Next).await.unwrap()).as_deref(), Some("BETA"));
    assert_eq!(name(file.read_at(Position::Last).await.unwrap()).as_deref(), Some("THETA"));
    assert!(name(file.read_at(Position::Previous).await.unwrap()).is_some());
    assert_eq!(name(file.read_at(Position::Number(3)).await.unwrap()).as_deref(), Some("GAMMA"));
    assert_eq!(name(file.read_at(Position::Number(4)).await.unwrap()), None, "deleted");
    file.rewind(true).await.unwrap();
    file.rewind(false).await.unwrap();
    assert_eq!(name(file.read_at(Position::Next).await.unwrap()), None, "the end");
    file.close().await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(server.await.unwrap(), 0);
}

#[tokio::test]
async fn records_by_key() {
    let (stream, server) = play("keyed", true);
    let connection = connect(stream).await;
    let options = OpenOptions { keyed: true, ..OpenOptions::read() };
    let file = connection.open(&cust(), options).await.unwrap();
    let mut found = Vec::new();
    for (key, how) in [
        (5, KeyMatch::Equal),
        (4, KeyMatch::Equal),
        (5, KeyMatch::After),
        (4, KeyMatch::AtOrAfter),
        (5, KeyMatch::Before),
        (4, KeyMatch::AtOrBefore),
    ] {
        found.push(name(file.read_at(Position::Key(vec![number(key)], how)).await.unwrap()).unwrap_or_default());
    }
    assert_eq!(found, ["EPSILON", "", "THETA", "EPSILON", "GAMMA", "GAMMA"]);
    let none: ArrayRef = Arc::new(Int32Array::from(vec![None]));
    assert_eq!(
        file.read_at(Position::Key(vec![none], KeyMatch::Equal)).await.unwrap_err().sqlstate.as_deref(),
        Some("22004")
    );
    file.close().await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(server.await.unwrap(), 0);
}

#[tokio::test]
async fn records_are_changed() {
    let (stream, server) = play("change", false);
    let connection = connect(stream).await;
    let file = connection.open(&cust(), OpenOptions::read_write()).await.unwrap();
    // Nothing was read yet that could be meant.
    assert_eq!(file.delete().await.unwrap_err().sqlstate.as_deref(), Some("24504"));
    file.read_at(Position::First).await.unwrap().unwrap();
    file.update(&row(vec![("NAME", text(Some("UPDATED"))), ("note", text(None))])).await.unwrap();
    // The update let go of the record.
    assert_eq!(file.delete().await.unwrap_err().sqlstate.as_deref(), Some("24504"));
    let quantity: ArrayRef = Arc::new(Int32Array::from(vec![77]));
    assert!(file.update_at(2, &row(vec![("QTY", quantity)])).await.unwrap());
    file.read_at(Position::Number(3)).await.unwrap().unwrap();
    file.delete().await.unwrap();
    assert!(file.delete_at(5).await.unwrap());
    let balance = Decimal128Array::from(vec![1234]).with_precision_and_scale(7, 2).unwrap();
    let new = row(vec![
        ("CUSNUM", number(20)),
        ("NAME", text(Some("NEW"))),
        ("BAL", Arc::new(balance)),
        ("QTY", Arc::new(Int32Array::from(vec![9]))),
        ("NOTE", text(Some("abc"))),
    ]);
    assert_eq!(file.write(&new).await.unwrap(), 1);
    // What is not given is NULL, or the default of its type.
    let duplicate = row(vec![("CUSNUM", number(20)), ("NAME", text(Some("DUP")))]);
    let e = file.write(&duplicate).await.unwrap_err();
    assert_eq!((e.kind, e.sqlstate.as_deref(), e.connection_usable), (ErrorClass::Integrity, Some("23505"), true));
    assert!(e.message.contains("row 1: ") && e.message.contains("CPF5026"), "{e}");
    file.close().await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(server.await.unwrap(), 0);
}

#[tokio::test]
async fn records_are_changed_by_key() {
    let (stream, server) = play("keyed change", false);
    let connection = connect(stream).await;
    let options = OpenOptions { keyed: true, ..OpenOptions::read_write() };
    let file = connection.open(&cust(), options).await.unwrap();
    assert!(file.update_key(&[number(8)], &row(vec![("NAME", text(Some("KEYUPD")))])).await.unwrap());
    assert!(file.delete_key(&[number(8)]).await.unwrap());
    assert!(!file.delete_key(&[number(88)]).await.unwrap());
    file.close().await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(server.await.unwrap(), 0);
}

#[tokio::test]
async fn work_is_committed_and_rolled_back() {
    let (stream, server) = play("commit", false);
    let connection = connect(stream).await;
    let mut options = OpenOptions::read_write();
    options.set("commit", "chg").unwrap();
    let file = connection.open(&cust(), options).await.unwrap();
    connection.commit().await.unwrap();
    connection.rollback().await.unwrap();
    file.close().await.unwrap();
    // Whoever leaves without a commit rolls back.
    connection.close().await.unwrap();
    assert_eq!(server.await.unwrap(), 0);
}

/// A format that is given is not asked for.
#[tokio::test]
async fn records_of_a_declared_format_are_added() {
    let (stream, server) = play("blocks", true);
    let connection = connect(stream).await;
    let mut options = OpenOptions::write();
    let part = |parts: &[(&str, &str)]| parts.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let fields = vec![
        part(&[("name", "ID"), ("type", "B"), ("digits", "9")]),
        part(&[("name", "DATA"), ("type", "A"), ("length", "996")]),
    ];
    options.declare(Declared { name: "BIGR".into(), fields, ..Declared::default() }).unwrap();
    let file = connection.open(&FileName::parse("TESTLIB/BIG").unwrap(), options).await.unwrap();
    let ids: ArrayRef = Arc::new(Int32Array::from(vec![1000, 1001, 1002]));
    let data: ArrayRef = Arc::new(StringArray::from(vec!["W0", "W1", "W2"]));
    assert_eq!(file.write(&row(vec![("ID", ids), ("DATA", data)])).await.unwrap(), 3);
    let read = file.read_at(Position::First).await.unwrap_err();
    assert!(read.connection_usable && read.message.contains("to add records"), "{read}");
    file.close().await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(server.await.unwrap(), 0);
}

#[tokio::test]
async fn commands_run_in_the_job() {
    let (stream, server) = play("job", false);
    let connection = connect(stream).await;
    let e = connection.command("DSPLIB QGPL").await.unwrap_err();
    assert_eq!((e.sqlstate.as_deref(), e.connection_usable), (Some("42601"), true));
    assert!(e.message.contains("CPF0001"), "{e}");
    let member = FileName::parse("TESTLIB/CUST(CUST)").unwrap();
    connection.lock(&member, Lock::Exclusive).await.unwrap();
    let new = FileName::parse("TESTLIB/NEWF(NEWF)").unwrap();
    connection.remove_member(&new).await.unwrap();
    connection.delete_file(&new).await.unwrap();
    let none = Schema::new(vec![Field::new("A", DataType::Boolean, false)]);
    assert_eq!(connection.create(&new, &none, &[]).await.unwrap_err().kind, ErrorClass::NotSupported);
    connection.close().await.unwrap();
    assert_eq!(server.await.unwrap(), 0);
}
