//! Units of work of record access beside one another: what others may have of it, and what is left of
//! one that is undone, in one file and in several.

use crate::protocol::Raw;
use crate::record_requests::*;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use drdarrow::server::file::library::{FileOptions, FileStore};
use drdarrow::server::file::rules::Duplicates;
use drdarrow::server::listen::Server;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::file::buffer::BufferLayout;
use drdarrow::wire::file::close::S38Close;
use drdarrow::wire::file::control::{Share, Which};
use drdarrow::wire::file::iofb::IoFeedback;
use drdarrow::wire::file::open::{CommitLevel, OpenAccess, S38Open, Ufcb};
use drdarrow::wire::file::session::{CmmUow, RllBckUow};
use drdarrow::wire::file::system_name::DclNam;
use drdarrow::wire::file::write::{S38Del, S38PutM, S38Updat};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(50);

fn commit() -> Vec<u8> {
    CmmUow { luwhldcsr: true }.encode(TEXT).unwrap()
}

fn rollback() -> Vec<u8> {
    RllBckUow { luwhldcsr: true }.encode(TEXT).unwrap()
}

fn put(file: DclNam) -> Vec<u8> {
    S38PutM { dclnam: file }.encode(TEXT).unwrap()
}

fn delete(file: DclNam) -> Vec<u8> {
    S38Del { dclnam: file, optl: None }.encode(TEXT).unwrap()
}

fn ids(files: &FileStore, name: &str) -> Vec<i32> {
    files.get(name).unwrap()["ID"].as_primitive::<Int32Type>().values().to_vec()
}

/// Opens LIB/`file` for everything, by key and under commitment control.
async fn under(raw: &mut Raw, file: &str, as_name: DclNam) {
    let commit = Some(CommitLevel::Change);
    let ufcb = Ufcb { file: file.into(), format: Some(file.into()), commit, ..ufcb(OpenAccess::ReadWrite, true) };
    let got = raw.ask(&[S38Open { dclnam: as_name, ufcb }.encode(TEXT).unwrap()]).await;
    assert_eq!(points(&got), [cp::S38OPNFB]);
}

async fn worker(server: &Server) -> Raw {
    let mut raw = connect(server).await;
    assert_eq!(message(&raw.ask(&[command("STRCMTCTL LCKLVL(*CHG)")]).await), "CPI8351");
    raw
}

fn written(got: &Got) -> u32 {
    assert_eq!(points(got), [cp::S38IOFB]);
    IoFeedback::decode(&got[0].1).unwrap().rrn
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_committed_is_waited_for() {
    let layout = BufferLayout::of_server(1006, 2);
    // The other job waits: for a key that a commit makes a duplicate, or that a rollback frees.
    for (end, refused) in [(commit(), true), (rollback(), false)] {
        let files = store(3, LONG);
        let server = serve(&files).await;
        let (mut mine, mut other) = (worker(&server).await, connect(&server).await);
        under(&mut mine, "F", name()).await;
        open(&mut other, OpenAccess::ReadWrite, true).await;
        assert_eq!(written(&send(&mut mine, &put(name()), &slot(layout, 7)).await), 4);
        let waiting = tokio::spawn(async move { send(&mut other, &put(name()), &slot(layout, 7)).await });
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!waiting.is_finished());
        mine.ask(&[end]).await;
        let got = waiting.await.unwrap();
        if refused {
            assert_eq!(refusal(&got), "CPF5026");
        } else {
            assert_eq!(written(&got), 5);
        }
        assert_eq!(ids(&files, "LIB/F"), [1, 2, 3, 7]);
    }
}

#[tokio::test]
async fn a_key_that_an_update_took_is_not_free() {
    let layout = BufferLayout::of_server(1006, 2);
    let files = store(3, SHORT);
    let server = serve(&files).await;
    let (mut mine, mut other) = (worker(&server).await, connect(&server).await);
    under(&mut mine, "F", name()).await;
    open(&mut other, OpenAccess::ReadWrite, true).await;
    let update = S38Updat::new(name()).encode(TEXT).unwrap();
    for id in [10, 11] {
        mine.ask(&[get(Which::Last, Share::Update)]).await;
        written(&send(&mut mine, &update, &slot(layout, id)).await);
    }
    // The one that it had, the one in between and the one that it has now.
    for id in [3, 10, 11] {
        assert_eq!(refusal(&send(&mut other, &put(name()), &slot(layout, id)).await), "CPF5027", "{id}");
    }
    mine.ask(&[commit()]).await;
    assert_eq!(refusal(&send(&mut other, &put(name()), &slot(layout, 11)).await), "CPF5026");
    for id in [3, 10] {
        written(&send(&mut other, &put(name()), &slot(layout, id)).await);
    }
    assert_eq!(ids(&files, "LIB/F"), [1, 2, 11, 3, 10]);
}

#[tokio::test]
async fn several_files_are_undone_together() {
    let layout = BufferLayout::of_server(1006, 2);
    let files = store(3, SHORT);
    for (file, duplicates) in [("FI", Duplicates::Fifo), ("LI", Duplicates::Lifo), ("FC", Duplicates::Fcfo)] {
        let rows = batch(4);
        let options = FileOptions { unique: false, duplicates, ..options() };
        files.put(&format!("LIB/{file}"), &rows.schema(), &[rows], &options).unwrap();
    }
    let server = serve(&files).await;
    let mut raw = worker(&server).await;
    let names = ["F", "FI", "LI", "FC"];
    let before: Vec<_> = names.iter().map(|file| files.get(&format!("LIB/{file}")).unwrap()).collect();
    for (at, file) in names.iter().enumerate() {
        let declared = DclNam::numbered(at as u32 + 10);
        under(&mut raw, file, declared).await;
        let get = |which| drdarrow::wire::file::read::S38Get::new(declared, which, Share::Update).encode(TEXT).unwrap();
        raw.ask(&[get(Which::First)]).await;
        let update = S38Updat::new(declared).encode(TEXT).unwrap();
        written(&send(&mut raw, &update, &slot(layout, 9)).await);
        raw.ask(&[get(Which::First)]).await;
        assert_eq!(points(&raw.ask(&[delete(declared)]).await), [cp::S38IOFB]);
        written(&send(&mut raw, &put(declared), &[slot(layout, 20), slot(layout, 21)].concat()).await);
        // A close ends nothing.
        raw.ask(&[S38Close::new(declared).encode(TEXT).unwrap()]).await;
        assert_ne!(ids(&files, &format!("LIB/{file}")), before[at]["ID"].as_primitive::<Int32Type>().values()[..]);
    }
    assert_eq!(points(&raw.ask(&[rollback()]).await), [cp::ENDUOWRM]);
    for (file, before) in names.iter().zip(&before) {
        assert_eq!(files.get(&format!("LIB/{file}")).unwrap(), *before, "{file}");
    }
    assert_eq!(message(&raw.ask(&[command("ENDCMTCTL")]).await), "CPI8351");
    // Nothing is locked any more.
    let mut other = connect(&server).await;
    for file in names {
        assert_eq!(message(&other.ask(&[command(&format!("DLTF LIB/{file}"))]).await), "CPC2191");
    }
}

#[tokio::test]
async fn a_record_that_the_same_job_deleted_is_not_updated() {
    let files = store(3, SHORT);
    let server = serve(&files).await;
    let mut raw = connect(&server).await;
    raw.ask(&[command("CHGPF FILE(LIB/F) REUSEDLT(*YES)")]).await;
    let layout = open(&mut raw, OpenAccess::ReadWrite, true).await;
    let second = DclNam::numbered(2);
    raw.ask(&[S38Open { dclnam: second, ufcb: ufcb(OpenAccess::ReadWrite, true) }.encode(TEXT).unwrap()]).await;
    raw.ask(&[by_key(Which::KeyAt, Share::Update, 2)]).await;
    let again = drdarrow::wire::file::read::S38GetD::new(second, Share::Update, "F", 2).encode(TEXT).unwrap();
    raw.ask(&[again]).await;
    assert_eq!(points(&raw.ask(&[delete(second)]).await), [cp::S38IOFB]);
    // Nor does another one get its place as long as the first still means it.
    assert_eq!(written(&send(&mut raw, &put(second), &slot(layout, 4)).await), 4);
    let update = S38Updat::new(name()).encode(TEXT).unwrap();
    assert_eq!(refusal(&send(&mut raw, &update, &slot(layout, 5)).await), "CPF501B");
    assert_eq!(refusal(&raw.ask(&[delete(name())]).await), "CPF501B");
    assert_eq!(ids(&files, "LIB/F"), [1, 3, 4]);
    raw.ask(&[get(Which::First, Share::Update)]).await;
    assert_eq!(written(&send(&mut raw, &put(second), &slot(layout, 6)).await), 2);
}
