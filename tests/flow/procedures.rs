//! The reply to a call, as Derby gave it to its own client, and the same with parts changed.

use drdarrow::flow::error::FlowError;
use drdarrow::flow::sql::call::{Call, Called};
use drdarrow::flow::sql::session::Session;
use drdarrow::flow::step::{Flow, Step};
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::object::{Object, objects};
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::deframe::Deframer;
use drdarrow::wire::sql::package::PkgNamCsn;
use drdarrow::wire::sql::sqlca::Sqlca;
use drdarrow::wire::value::product::Product;
use drdarrow::wire::value::typdef::TypDef;
use std::sync::Arc;

/// The first reply with result sets of a capture, object by object.
fn reply() -> Vec<Object> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/captures/derby_meta.hex");
    let text = std::fs::read_to_string(path).unwrap();
    let replies = text.lines().filter(|line| line.starts_with("S1 ")).map(|line| {
        let bytes: Vec<u8> = line[3..].split(' ').flat_map(bytes).collect();
        let (mut deframer, mut input, mut out) = (Deframer::new(1 << 20), bytes.as_slice(), Vec::new());
        while let Some(dss) = deframer.feed(&mut input).unwrap() {
            out.extend(objects(&dss.body).map(Result::unwrap));
        }
        out
    });
    replies.into_iter().find(|objects| objects.iter().any(|o| o.cp == cp::RSLSETRM)).unwrap()
}

/// Hex, or `xx*n` for n times the byte xx.
fn bytes(word: &str) -> Vec<u8> {
    let hex = |h: &str| (0..h.len()).step_by(2).map(|i| u8::from_str_radix(&h[i..i + 2], 16).unwrap()).collect();
    match word.split_once('*') {
        None => hex(word),
        Some((byte, n)) => {
            let byte: Vec<u8> = if byte.is_empty() { vec![0] } else { hex(byte) };
            byte.repeat(n.parse().unwrap())
        }
    }
}

fn session() -> Arc<Session> {
    let typdef = TypDef { dbc: 0, xml: 0, ..TypDef::OURS };
    Arc::new(Session {
        product: Product::Derby,
        prdid: "CSS10140".into(),
        class: "Apache Derby".into(),
        system: String::new(),
        job: String::new(),
        release: String::new(),
        sqlam: 7,
        text: DdmText::Utf8,
        ours: TypDef::OURS,
        theirs: typdef,
        rdbnam: drdarrow::wire::ddm::rdbname::RdbName::new("LAB"),
        security: drdarrow::flow::secmec::mechanism::Mechanism::UserOnly,
        servers: Vec::new(),
        interrupt: None,
        two_phase: false,
        branch: drdarrow::flow::sql::session::BranchMark::default(),
    })
}

fn run(objects: &[Object]) -> Result<Called, FlowError> {
    let section = PkgNamCsn::dynamic("LAB", "SYSSH200", 1);
    let mut call = Call::new(session(), section, None, true, 32_767);
    call.start()?;
    for object in objects {
        call.object(object.clone())?;
    }
    match call.end()? {
        Step::Done(called) => Ok(called),
        Step::Send(_) => panic!("a call is one chain"),
    }
}

fn card(code: i32, state: &str) -> Object {
    let body = Sqlca::encode(Some(&Sqlca::new(code, state, &[])), 7, &TypDef::OURS).unwrap();
    Object { cp: cp::SQLCARD, body: bytes::Bytes::from(body).slice(4..) }
}

#[test]
fn a_result_set_of_derby() {
    let mut called = run(&reply()).unwrap();
    assert!(called.output.is_none() && called.sets.len() == 1);
    let (section, opened) = called.sets.remove(0);
    assert_eq!((section.package.as_str(), section.section), ("SYSLH000", 1));
    assert_eq!((opened.fields.len(), opened.answer.blocks.len(), opened.instance), (10, 1, Some(0)));
    let described = opened.described.unwrap();
    assert_eq!(described.columns[2].name(), "TABLE_NAME");
    assert!(!opened.answer.closed && opened.answer.failure.is_none());
}

#[test]
fn the_end_and_a_failure_after_the_rows_belong_to_the_result_set() {
    let with = |more: &[Object]| run(&[&reply(), more].concat()).unwrap().sets.remove(0).1.answer;
    let end = Object { cp: cp::ENDQRYRM, body: bytes::Bytes::from_static(&[0, 6, 0x11, 0x49, 0, 4]) };
    assert!(with(&[end.clone(), card(100, "02000")]).closed);
    assert!(with(&[card(100, "02000")]).closed);
    let failed = with(&[end, card(-801, "22012")]);
    assert!(matches!(failed.failure, Some(FlowError::Sql { sqlca, .. }) if sqlca.sqlcode == -801));
    let warned = with(&[card(445, "01004")]);
    assert_eq!(warned.warnings[0].sqlcode, 445);
}

#[test]
fn a_call_that_fails_and_replies_with_something_missing() {
    assert!(matches!(run(&[card(-440, "42884")]), Err(FlowError::Sql { .. })));
    assert_eq!(run(&[card(0, "00000")]).unwrap().sets.len(), 0);
    assert!(run(&[]).is_err());
    let whole = reply();
    for (n, object) in whole.iter().enumerate() {
        let needed = matches!(object.cp, cp::RSLSETRM | cp::OPNQRYRM | cp::SQLCINRD | cp::QRYDSC);
        let without: Vec<Object> = [&whole[..n], &whole[n + 1..]].concat();
        if needed || object.cp == cp::SQLCARD {
            assert!(run(&without).is_err(), "{:04X}", object.cp);
        }
        for len in 0..object.body.len() {
            let mut cut = whole.clone();
            cut[n].body.truncate(len);
            let outcome = run(&cut);
            // Parameters at the end of OPNQRYRM may lack; of a QRYDSC that is too short the SQLCINRD tells.
            let told = matches!(object.cp, cp::RSLSETRM | cp::SQLCINRD | cp::SQLRSLRD);
            assert!(!told || outcome.is_err(), "{:04X} cut at {len}", object.cp);
        }
    }
}
