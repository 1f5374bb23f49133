//! Calls with many rows: what the objects of their replies come to.

use crate::sessions::session;
use drdarrow::flow::error::FlowError;
use drdarrow::flow::sql::batch::{Begin, Begun};
use drdarrow::flow::sql::execute::{Execute, Executed, Failed};
use drdarrow::flow::sql::input::Input;
use drdarrow::flow::sql::prepare::Prepare;
use drdarrow::flow::step::{Flow, Step};
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::object::{Object, objects};
use drdarrow::wire::ddm::reply::Reply;
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::deframe::Deframer;
use drdarrow::wire::sql::layout::SqldaLayout;
use drdarrow::wire::sql::package::PkgNamCsn;
use drdarrow::wire::sql::sqlca::Sqlca;
use drdarrow::wire::sql::sqlda::SqlDa;
use drdarrow::wire::value::product::Product;
use drdarrow::wire::value::typdef::TypDef;
use std::sync::Arc;

fn section(n: u16) -> PkgNamCsn {
    PkgNamCsn::dynamic("LAB", "SYSSH200", n)
}

fn object(cp: CodePoint, whole: Vec<u8>) -> Object {
    Object { cp, body: bytes::Bytes::from(whole).slice(4..) }
}

fn card(code: i32, state: &str) -> Object {
    object(cp::SQLCARD, Sqlca::encode(Some(&Sqlca::new(code, state, &[])), 7, &TypDef::OURS).unwrap())
}

fn described() -> Object {
    let session = session(Product::Luw);
    let layout = SqldaLayout::expected(7, session.server_class());
    object(cp::SQLDARD, SqlDa::default().encode(7, layout, &TypDef::OURS).unwrap())
}

fn gone() -> Object {
    object(cp::ABNUOWRM, Reply::new(cp::ABNUOWRM).encode(DdmText::Utf8).unwrap())
}

fn run<F: Flow>(mut flow: F, replies: &[Object]) -> Result<F::Out, FlowError> {
    flow.start()?;
    for reply in replies {
        flow.object(reply.clone())?;
    }
    match flow.end()? {
        Step::Done(out) => Ok(out),
        Step::Send(_) => panic!("it is one chain"),
    }
}

fn rows(n: usize) -> Vec<Input> {
    (0..n).map(|_| Input { fields: Arc::new(Vec::new()), row: Vec::new().into(), lobs: Vec::new() }).collect()
}

fn execute(replies: &[Object]) -> Result<Executed, Failed> {
    run(Execute::new(session(Product::Luw), section(1), rows(4), false), replies).unwrap()
}

fn begin(replies: &[Object]) -> Result<Begun, FlowError> {
    let session = session(Product::Luw);
    let prepare = Prepare::new(session.clone(), section(1), "INSERT INTO T VALUES (1)".to_owned(), true);
    run(Begin::new(session, prepare, Some((section(3), "SAVEPOINT A ON ROLLBACK RETAIN CURSORS".to_owned()))), replies)
}

#[test]
fn the_first_failure_is_told_and_the_rows_before_it_are_counted() {
    let failed = execute(&[card(0, "00000"), card(-803, "23505"), card(0, "00000"), card(-530, "23503")]).unwrap_err();
    assert_eq!((failed.before, failed.rolled_back), (1, false));
    assert!(matches!(failed.error, FlowError::Sql { sqlca, .. } if sqlca.sqlcode == -803));
    assert_eq!(
        execute(&[card(0, "00000"), card(0, "00000"), card(0, "00000"), card(0, "00000")]).unwrap().counts.len(),
        4
    );
}

#[test]
fn a_unit_of_work_that_is_gone_is_seen_wherever_it_is_said() {
    let (done, deadlock, other) = (card(0, "00000"), card(-911, "40001"), card(-803, "23505"));
    let gone_at = |replies: &[Object]| {
        let failed = execute(replies).unwrap_err();
        assert!(failed.rolled_back, "{failed:?}");
        failed.before
    };
    // Db2 sends the message before the card, Derby only the card (measured), of a lock time-out as well.
    assert_eq!(gone_at(&[done.clone(), done.clone(), gone(), deadlock.clone(), done.clone()]), 2);
    assert_eq!(gone_at(&[done.clone(), card(-30_001, "40XL1"), done.clone(), done.clone()]), 1);
    // After another failure, and without any card.
    assert_eq!(gone_at(&[other.clone(), done.clone(), deadlock, done.clone()]), 0);
    assert_eq!(gone_at(&[other, done.clone(), done.clone(), gone(), card(-904, "57011")]), 0);
    assert_eq!(gone_at(&[done.clone(), done, gone()]), 2);
    assert!(!execute(&[card(-913, "57033")]).unwrap_err().rolled_back);
}

#[test]
fn a_row_without_values_is_a_command_without_data() {
    let mut flow = Execute::new(session(Product::Luw), section(1), rows(3), false);
    let (bytes, mut deframer, mut seen) = (flow.start().unwrap().into_bytes(), Deframer::new(1 << 20), Vec::new());
    let mut input = &bytes[..];
    while let Some(dss) = deframer.feed(&mut input).unwrap() {
        seen.extend(objects(&dss.body).map(|o| o.unwrap().cp));
    }
    assert_eq!(seen, [cp::EXCSQLSTT; 3]);
}

#[test]
fn a_savepoint_is_told_apart_from_the_statement() {
    let begun = begin(&[described(), described(), card(0, "00000")]).unwrap();
    assert!(begun.prepared.is_ok() && matches!(begun.savepoint, Some(Ok(()))));
    let begun = begin(&[described(), described(), card(-104, "42601")]).unwrap();
    assert!(begun.prepared.is_ok() && matches!(begun.savepoint, Some(Err(FlowError::Sql { .. }))));
    // The statement is refused, and its description with it; the savepoint is set none the less.
    let begun = begin(&[card(-204, "42704"), card(-514, "26501"), card(0, "00000")]).unwrap();
    assert!(matches!(begun.prepared, Err(FlowError::Sql { sqlca, .. }) if sqlca.sqlcode == -204));
    assert!(matches!(begun.savepoint, Some(Ok(()))));
    // A server that ends the chain there.
    let begun = begin(&[card(-204, "42704")]).unwrap();
    assert!(begun.prepared.is_err() && matches!(begun.savepoint, Some(Err(FlowError::Missing { .. }))));
    assert!(matches!(begin(&[described(), described()]), Err(FlowError::Missing { .. })));
}
