//! The common part of the tests of record access by hand: a file of records, commands and what their
//! replies tell.

use crate::protocol::Raw;
use crate::support::start_with;
use arrow_array::*;
use arrow_schema::{Field, Schema};
use drdarrow::server::file::library::{FileOptions, FileStore};
use drdarrow::server::listen::Server;
use drdarrow::server::persona::IBMI;
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::file::buffer::{self, BufferLayout, Slots};
use drdarrow::wire::file::control::{Share, Which};
use drdarrow::wire::file::format::KeyField;
use drdarrow::wire::file::iofb::IoFeedback;
use drdarrow::wire::file::message::S38MsgRm;
use drdarrow::wire::file::open::{Blocking, OpenAccess, S38Open, Ufcb};
use drdarrow::wire::file::opnfb::OpenFeedback;
use drdarrow::wire::file::read::{S38Get, S38GetK};
use drdarrow::wire::file::session::S38Cmd;
use drdarrow::wire::file::system_name::DclNam;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const TEXT: DdmText = DdmText::Ebcdic;
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) type Got = Vec<(CodePoint, Vec<u8>)>;

pub(crate) fn name() -> DclNam {
    DclNam::numbered(1)
}

/// ID is the unique key; records of 1,006 bytes.
pub(crate) fn batch(rows: i32) -> RecordBatch {
    let text = Field::new("TXT", arrow_schema::DataType::Utf8, true);
    let text = text.with_metadata(HashMap::from([("drda:length".to_owned(), "1000".to_owned())]));
    let schema = Schema::new(vec![Field::new("ID", arrow_schema::DataType::Int32, false), text]);
    let ids = Int32Array::from_iter_values(1..=rows);
    let texts = StringArray::from_iter((1..=rows).map(|i| (i % 3 > 0).then(|| format!("text {i}"))));
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids), Arc::new(texts)]).unwrap()
}

pub(crate) fn options() -> FileOptions {
    let key = KeyField { name: "ID".into(), ..KeyField::default() };
    FileOptions { keys: vec![key], unique: true, ..FileOptions::default() }
}

pub(crate) fn store(rows: i32, wait: Duration) -> FileStore {
    let store = FileStore::with_limits(16 << 20, wait);
    let batch = batch(rows);
    store.put("lib/f", &batch.schema(), &[batch], &options()).unwrap();
    store
}

pub(crate) async fn serve(files: &FileStore) -> Server {
    let settings =
        ServerSettings { persona: &IBMI, files: Some(files.clone()), workers: 1, ..ServerSettings::default() };
    start_with(settings, &MemoryTables::new()).await
}

pub(crate) async fn connect(server: &Server) -> Raw {
    let mut raw = Raw::connect(server).await;
    raw.login_to_files().await;
    raw
}

pub(crate) fn ufcb(access: OpenAccess, keyed: bool) -> Ufcb {
    Ufcb {
        file: "F".into(),
        library: "LIB".into(),
        member: "*FIRST".into(),
        access,
        null_capable: true,
        arrival: Some(!keyed),
        commit: None,
        blocking: Some(Blocking::of(100)),
        format: Some("F".into()),
    }
}

pub(crate) async fn open(raw: &mut Raw, access: OpenAccess, keyed: bool) -> BufferLayout {
    let got = raw.ask(&[S38Open { dclnam: name(), ufcb: ufcb(access, keyed) }.encode(TEXT).unwrap()]).await;
    assert_eq!(points(&got), [cp::S38OPNFB]);
    let feedback = OpenFeedback::decode(&got[0].1, TEXT).unwrap();
    assert_eq!((feedback.library.as_str(), feedback.member.as_str()), ("LIB", "F"));
    assert_eq!(feedback.is_keyed(), keyed);
    BufferLayout::new(&feedback, 2).unwrap()
}

/// A command with the slots after it.
pub(crate) async fn send(raw: &mut Raw, command: &[u8], slots: &[u8]) -> Got {
    let mut chain = Chain::new();
    chain.command(command);
    chain.object(&buffer::encode(slots));
    raw.send(&chain.into_bytes()).await;
    raw.answer().await
}

pub(crate) fn points(got: &Got) -> Vec<CodePoint> {
    got.iter().map(|(p, _)| *p).collect()
}

/// Numbers of the records that came.
pub(crate) fn rrns(got: &Got, layout: BufferLayout) -> Vec<u32> {
    assert_eq!(points(got), [cp::S38BUF, cp::S38IOFB]);
    let feedback = IoFeedback::decode(&got[1].1).unwrap();
    let slots = Slots::received(&got[0].1, layout, usize::from(feedback.records)).unwrap();
    assert_eq!(slots.bytes().len(), got[0].1.len());
    let rrns: Vec<u32> = slots.iter().map(|s| s.rrn).collect();
    assert_eq!(rrns.last(), Some(&feedback.rrn));
    rrns
}

/// The message after an S38IOFB that counts no record.
pub(crate) fn refusal(got: &Got) -> String {
    assert_eq!(points(got), [cp::S38IOFB, cp::S38MSGRM]);
    assert_eq!(IoFeedback::decode(&got[0].1).unwrap().records, 0);
    message(got)
}

pub(crate) fn message(got: &Got) -> String {
    S38MsgRm::decode(&got.last().unwrap().1, TEXT).unwrap().id().to_owned()
}

pub(crate) fn get(which: Which, share: Share) -> Vec<u8> {
    S38Get::new(name(), which, share).encode(TEXT).unwrap()
}

pub(crate) fn by_key(which: Which, share: Share, id: i32) -> Vec<u8> {
    S38GetK::new(name(), which, share, "F", 1, id.to_be_bytes().to_vec()).encode(TEXT).unwrap()
}

pub(crate) fn command(text: &str) -> Vec<u8> {
    S38Cmd::new(text, 37).unwrap().encode(TEXT).unwrap()
}

pub(crate) fn slot(layout: BufferLayout, id: i32) -> Vec<u8> {
    let mut out = layout.blank(1);
    out[..4].copy_from_slice(&id.to_be_bytes());
    out
}
