//! Files, record by record: the client against the server in one process.

use super::support::{column, start_with, told};
use arrow_array::array::{ArrayRef, Decimal128Array, Int32Array, StringArray};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use drdarrow::client::batch_source::BatchSource;
use drdarrow::client::error::ErrorClass;
use drdarrow::client::file::config::FileConfig;
use drdarrow::client::file::connection::FileConnection;
use drdarrow::client::file::file_name::FileName;
use drdarrow::client::file::job::Lock;
use drdarrow::client::file::options::OpenOptions;
use drdarrow::client::file::read::{KeyMatch, Position};
use drdarrow::server::access::Access;
use drdarrow::server::file::library::{FileOptions, FileStore};
use drdarrow::server::listen::Server;
use drdarrow::server::persona::IBMI;
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::secchk::Secret;
use drdarrow::wire::file::format::KeyField;
use std::sync::Arc;
use std::time::Duration;

const ROWS: i32 = 5000;

/// LIB/ITEMS: ID unique and the key, NAME, a price, a note that may be NULL.
fn items() -> RecordBatch {
    let ids = Int32Array::from_iter_values(1..=ROWS);
    let names = StringArray::from_iter_values((1..=ROWS).map(|id| format!("NAME{id}")));
    let prices = Decimal128Array::from_iter_values((1..=ROWS).map(|id| i128::from(id) * 5));
    let notes = StringArray::from_iter((1..=ROWS).map(|id| (id % 3 != 0).then(|| format!("é{id}"))));
    let columns = vec![
        (Field::new("ID", DataType::Int32, false), Arc::new(ids) as ArrayRef),
        told((Field::new("NAME", DataType::Utf8, false), Arc::new(names)), "VARCHAR", 12),
        (
            Field::new("PRICE", DataType::Decimal128(9, 2), false),
            Arc::new(prices.with_precision_and_scale(9, 2).unwrap()),
        ),
        told(column("NOTE", notes), "VARCHAR", 10),
    ];
    let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

async fn system() -> (Server, FileStore) {
    let store = FileStore::with_limits(1 << 30, Duration::from_millis(200));
    let key = KeyField { name: "ID".into(), ..KeyField::default() };
    let options = FileOptions { keys: vec![key], unique: true, ..FileOptions::default() };
    let batch = items();
    store.put("LIB/ITEMS", &batch.schema(), &[batch], &options).unwrap();
    let signon = Some("127.0.0.1:0".parse().unwrap());
    let settings = ServerSettings { persona: &IBMI, files: Some(store.clone()), signon, ..ServerSettings::default() };
    (start_with(settings, &MemoryTables::default()).await, store)
}

async fn connect(server: &Server) -> FileConnection {
    let uri = format!("drda://app@127.0.0.1:{}/?signon_port=0", server.address().port());
    FileConnection::connect(FileConfig::from_uri(&uri).unwrap().0).await.unwrap()
}

fn name() -> FileName {
    FileName::parse("LIB/ITEMS").unwrap()
}

fn int(value: i32) -> ArrayRef {
    Arc::new(Int32Array::from(vec![value]))
}

fn id(found: Option<RecordBatch>) -> Option<i32> {
    found.map(|batch| batch.column_by_name("ID").unwrap().as_primitive::<Int32Type>().value(0))
}

async fn numbers(mut scan: drdarrow::client::file::scan::ScanStream) -> Vec<i64> {
    let mut out = Vec::new();
    while let Some(batch) = scan.next().await.unwrap() {
        out.extend(batch.column(0).as_primitive::<Int64Type>().values().iter().copied());
    }
    out
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_put() {
    let (server, store) = system().await;
    let connection = connect(&server).await;
    let file = connection.open(&name(), OpenOptions::read()).await.unwrap();
    assert_eq!(file.records(), ROWS as u32);
    let mut scan = file.scan().await.unwrap();
    let mut at = 0;
    let stored = store.get("LIB/ITEMS").unwrap();
    while let Some(batch) = scan.next().await.unwrap() {
        for (mine, theirs) in batch.columns().iter().zip(items().columns()) {
            assert_eq!(mine.to_data(), theirs.slice(at, batch.num_rows()).to_data());
        }
        for (mine, theirs) in batch.columns().iter().zip(stored.columns()) {
            assert_eq!(mine.to_data(), theirs.slice(at, batch.num_rows()).to_data());
        }
        at += batch.num_rows();
    }
    assert_eq!(at, ROWS as usize);
    connection.close().await.unwrap();
    server.shutdown().await;
}

#[tokio::test]
async fn ranges_and_partitions_with_gaps() {
    let (server, _store) = system().await;
    let connection = connect(&server).await;
    let write = connection.open(&name(), OpenOptions::read_write()).await.unwrap();
    let gap: Vec<u32> = (100..=180).chain([1, 2500, 5000]).collect();
    for rrn in &gap {
        assert!(write.delete_at(*rrn).await.unwrap());
    }
    write.close().await.unwrap();
    let mut options = OpenOptions::read();
    options.set("rrn", "true").unwrap();
    let file = connection.open(&name(), options).await.unwrap();
    let left: Vec<i64> = (1..=ROWS).filter(|n| !gap.contains(&(*n as u32))).map(i64::from).collect();
    let expected =
        |first: i64, last: i64| left.iter().copied().filter(|n| (first..=last).contains(n)).collect::<Vec<_>>();
    for (first, last) in [
        (1, None),
        (1, Some(1)),
        (90, Some(110)),
        (150, Some(200)),
        (181, Some(181)),
        (2500, Some(2501)),
        (4999, None),
        (5000, None),
    ] {
        let found = numbers(file.scan_range(first, last).await.unwrap()).await;
        assert_eq!(found, expected(i64::from(first), last.map_or(i64::MAX, i64::from)), "{first} {last:?}");
    }
    for parts in [1, 3, 16] {
        let mut all = Vec::new();
        for part in file.partitions(parts).await.unwrap() {
            let mut options = part.options.clone();
            options.set("rrn", "true").unwrap();
            all.extend(numbers(part.scan(&connect(&server).await).await.unwrap()).await);
        }
        assert_eq!(all, left, "{parts} parts");
    }
    connection.close().await.unwrap();
    server.shutdown().await;
}

#[tokio::test]
async fn keys_find_and_change_records() {
    let (server, store) = system().await;
    let connection = connect(&server).await;
    let mut options = OpenOptions::read_write();
    options.keyed = true;
    let file = connection.open(&name(), options).await.unwrap();
    for (key, how, expected) in [
        (7, KeyMatch::Equal, Some(7)),
        (0, KeyMatch::Equal, None),
        (7, KeyMatch::After, Some(8)),
        (7, KeyMatch::Before, Some(6)),
        (6000, KeyMatch::AtOrBefore, Some(ROWS)),
        (0, KeyMatch::AtOrAfter, Some(1)),
        (6000, KeyMatch::AtOrAfter, None),
    ] {
        assert_eq!(id(file.read_at(Position::Key(vec![int(key)], how)).await.unwrap()), expected, "{key} {how:?}");
    }
    file.read_at(Position::Key(vec![int(10)], KeyMatch::Equal)).await.unwrap().unwrap();
    assert_eq!(id(file.read_at(Position::Next).await.unwrap()), Some(11));
    assert_eq!(id(file.read_at(Position::Previous).await.unwrap()), Some(10));
    assert_eq!(id(file.read_at(Position::NextEqual).await.unwrap()), None);
    let note: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>]));
    let row = RecordBatch::try_from_iter_with_nullable([("NOTE", note, true)]).unwrap();
    assert!(file.update_key(&[int(4)], &row).await.unwrap());
    assert!(file.delete_key(&[int(5)]).await.unwrap());
    assert!(!file.delete_key(&[int(5)]).await.unwrap());
    let duplicate = RecordBatch::try_from_iter([("ID", int(6))]).unwrap();
    let e = file.write(&duplicate).await.unwrap_err();
    assert_eq!((e.kind, e.sqlstate.as_deref()), (ErrorClass::Integrity, Some("23505")));
    assert_eq!(file.write(&items().slice(4, 1)).await.unwrap(), 1);
    connection.close().await.unwrap();
    let now = store.get("LIB/ITEMS").unwrap();
    assert_eq!(now.num_rows(), ROWS as usize);
    assert!(now.column(3).is_null(3));
    server.shutdown().await;
}

#[tokio::test]
async fn a_write_that_stops_tells_what_stayed() {
    let (server, store) = system().await;
    let connection = connect(&server).await;
    let file = connection.open(&name(), OpenOptions::write()).await.unwrap();
    let batch = |ids: &[i32], names: &[&str]| {
        let ids: ArrayRef = Arc::new(Int32Array::from(ids.to_vec()));
        let names: ArrayRef = Arc::new(StringArray::from(names.to_vec()));
        RecordBatch::try_from_iter([("ID", ids), ("NAME", names)]).unwrap()
    };
    // A value that does not fit, a key that is there, a field that is not: the rows before it are added.
    let e = file.write(&batch(&[6001, 6002, 6003], &["a", "b", "longer than twelve"])).await.unwrap_err();
    assert_eq!((e.kind, e.sqlstate.as_deref()), (ErrorClass::Data, Some("22001")));
    assert!(e.message.contains("row 3: ") && e.message.ends_with("; 2 rows were added before"), "{e}");
    let e = file.write_after(1000, &batch(&[6003, 1], &["a", "b"])).await.unwrap_err();
    assert_eq!((e.kind, e.sqlstate.as_deref()), (ErrorClass::Integrity, Some("23505")));
    assert!(e.message.contains("row 1002: ") && e.message.ends_with("; 1001 rows were added before"), "{e}");
    let stray = RecordBatch::try_from_iter([("NOPE", int(1))]).unwrap();
    let e = file.write_rows(0, &[batch(&[6004], &["a"]), stray, batch(&[6005], &["a"])]).await.unwrap_err();
    assert_eq!((e.kind, e.sqlstate.as_deref()), (ErrorClass::Programming, Some("42703")));
    assert!(e.message.starts_with("row 2: ") && e.message.ends_with("; 1 row was added before"), "{e}");
    connection.close().await.unwrap();
    let ids = store.get("LIB/ITEMS").unwrap().column(0).as_primitive::<Int32Type>().values()[ROWS as usize..].to_vec();
    assert_eq!(ids, [6001, 6002, 6003, 6004]);
    server.shutdown().await;
}

#[tokio::test]
async fn a_close_does_not_wait_for_a_read() {
    let (server, _store) = system().await;
    let (one, other) = (connect(&server).await, connect(&server).await);
    let mine = one.open(&name(), OpenOptions::read_write()).await.unwrap();
    let theirs = other.open(&name(), OpenOptions::read_write()).await.unwrap();
    mine.read_at(Position::Number(9)).await.unwrap().unwrap();
    let reader = theirs.clone();
    let waiting = tokio::spawn(async move { reader.read_at(Position::Number(9)).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    theirs.close().await.unwrap();
    assert!(!waiting.is_finished(), "it was waited for");
    assert_eq!(waiting.await.unwrap().unwrap_err().sqlstate.as_deref(), Some("57033"));
    let e = theirs.read_at(Position::Number(8)).await.unwrap_err();
    assert_eq!((e.kind, e.sqlstate.as_deref()), (ErrorClass::Interface, Some("24501")));
    // What it held open is closed: the file can be had alone.
    mine.close().await.unwrap();
    one.lock(&name(), Lock::Exclusive).await.unwrap();
    server.shutdown().await;
}

#[tokio::test]
async fn files_are_made_filled_and_dropped() {
    let (server, store) = system().await;
    let connection = connect(&server).await;
    connection.command("CRTLIB NEW").await.unwrap();
    let copy = FileName::parse("NEW/COPY").unwrap();
    connection.create(&copy, &items().schema(), &["ID".to_owned()]).await.unwrap();
    let described = connection.describe(&copy).await.unwrap();
    assert_eq!(described.keys.iter().map(|k| k.name.as_str()).collect::<Vec<_>>(), ["ID"]);
    let file = connection.open(&copy, OpenOptions::write()).await.unwrap();
    assert_eq!(file.write(&items()).await.unwrap(), ROWS as u64);
    file.close().await.unwrap();
    let stored = store.get("NEW/COPY").unwrap();
    for (mine, theirs) in stored.columns().iter().zip(items().columns()) {
        assert_eq!(mine.to_data(), theirs.to_data());
    }
    let second = copy.clone().with_member("M2").unwrap();
    connection.add_member(&second).await.unwrap();
    let members = connection.members(&copy).await.unwrap();
    assert_eq!(members.iter().map(|m| (m.name.as_str(), m.records)).collect::<Vec<_>>(), [("COPY", 5000), ("M2", 0)]);
    connection.remove_member(&second).await.unwrap();
    connection.clear_member(&copy).await.unwrap();
    assert_eq!(store.get("NEW/COPY").unwrap().num_rows(), 0);
    let empty = connection.open(&copy, OpenOptions::read()).await.unwrap();
    assert!(empty.scan().await.unwrap().next().await.unwrap().is_none());
    assert!(empty.read_at(Position::First).await.unwrap().is_none());
    assert_eq!(empty.partitions(4).await.unwrap().len(), 1);
    empty.close().await.unwrap();
    connection.delete_file(&copy).await.unwrap();
    assert_eq!(connection.open(&copy, OpenOptions::read()).await.unwrap_err().sqlstate.as_deref(), Some("42704"));
    connection.close().await.unwrap();
    server.shutdown().await;
}

#[tokio::test]
async fn records_and_objects_are_locked_against_others() {
    let (server, _store) = system().await;
    let (one, other) = (connect(&server).await, connect(&server).await);
    let mine = one.open(&name(), OpenOptions::read_write()).await.unwrap();
    let theirs = other.open(&name(), OpenOptions::read_write()).await.unwrap();
    mine.read_at(Position::Number(9)).await.unwrap().unwrap();
    let e = theirs.read_at(Position::Number(9)).await.unwrap_err();
    assert_eq!((e.sqlstate.as_deref(), e.retryable, e.connection_usable), (Some("57033"), true, true), "{e}");
    mine.read_at(Position::Number(10)).await.unwrap().unwrap();
    assert_eq!(id(theirs.read_at(Position::Number(9)).await.unwrap()), Some(9));
    mine.close().await.unwrap();
    theirs.close().await.unwrap();
    one.lock(&name(), Lock::Exclusive).await.unwrap();
    let e = other.lock(&name(), Lock::Exclusive).await.unwrap_err();
    assert_eq!((e.sqlstate.as_deref(), e.retryable), (Some("57033"), true), "{e}");
    one.unlock(&name(), Lock::Exclusive).await.unwrap();
    other.lock(&name(), Lock::Exclusive).await.unwrap();
    one.close().await.unwrap();
    other.close().await.unwrap();
    server.shutdown().await;
}

#[tokio::test]
async fn work_is_committed_or_undone() {
    let (server, store) = system().await;
    let connection = connect(&server).await;
    let mut options = OpenOptions::read_write();
    options.set("commit", "all").unwrap();
    let file = connection.open(&name(), options.clone()).await.unwrap();
    assert!(file.delete_at(1).await.unwrap());
    connection.rollback().await.unwrap();
    assert_eq!(store.get("LIB/ITEMS").unwrap().num_rows(), ROWS as usize);
    assert!(file.delete_at(1).await.unwrap());
    connection.commit().await.unwrap();
    assert!(file.delete_at(2).await.unwrap());
    // Whoever leaves without a commit rolls back.
    connection.close().await.unwrap();
    assert_eq!(store.get("LIB/ITEMS").unwrap().num_rows(), ROWS as usize - 1);
    server.shutdown().await;
}

#[tokio::test]
async fn logins_by_password_level() {
    let store = FileStore::new();
    let batch = items();
    store.put("LIB/ITEMS", &batch.schema(), &[batch], &FileOptions::default()).unwrap();
    let users = [("testuser".to_owned(), "SECRET99".to_owned())];
    for (password_level, secmec) in [(0, 6), (2, 8), (4, 8)] {
        let settings = ServerSettings {
            persona: &IBMI,
            access: Access::users(users.clone()),
            files: Some(store.clone()),
            signon: Some("127.0.0.1:0".parse().unwrap()),
            password_level,
            ..ServerSettings::default()
        };
        let server = start_with(settings, &MemoryTables::default()).await;
        let signon = server.signon_address().unwrap().port();
        let login = async |password: &str, more: &str| {
            let uri = format!("drda://testuser@127.0.0.1:{}/?{more}", server.address().port());
            let (mut config, _) = FileConfig::from_uri(&uri).unwrap();
            config.base.password = Some(Secret::new(password));
            FileConnection::connect(config).await
        };
        // Told by the sign-on server; given; not known, so encrypted.
        for (more, expected) in [
            (format!("signon_port={signon}"), secmec),
            (format!("signon_port=0&password_level={password_level}"), secmec),
            ("signon_port=0".to_owned(), 9),
        ] {
            let connection = login("SECRET99", &more).await.unwrap();
            assert_eq!(connection.info().secmec, expected, "level {password_level}, {more}");
            let file = connection.open(&name(), OpenOptions::read()).await.unwrap();
            assert_eq!(file.records(), ROWS as u32);
            connection.close().await.unwrap();
            let e = login("WRONG", &more).await.unwrap_err();
            assert_eq!((e.kind, e.sqlstate.as_deref()), (ErrorClass::Operational, Some("28000")), "{more}: {e}");
            assert!(!format!("{e:?}").contains("WRONG"));
        }
        server.shutdown().await;
    }
}
