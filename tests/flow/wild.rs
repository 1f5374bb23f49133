//! Logins and rows put together from the bytes of real servers that others published (tests/data/wild):
//! each ends as it should.

use super::found::{block, framed};
use drdarrow::flow::error::FlowError;
use drdarrow::flow::probe::{Hello, Mechanisms};
use drdarrow::flow::secmec::choice::Policy;
use drdarrow::flow::secmec::line::Line;
use drdarrow::flow::secmec::mechanism::Security;
use drdarrow::flow::secmec::random::{RANDOM, Random};
use drdarrow::flow::secmec::requester::Credentials;
use drdarrow::flow::sql::connect::{Connect, Identity};
use drdarrow::flow::sql::rows::{Event, QueryBlock, RowAssembler};
use drdarrow::flow::sql::session::Session;
use drdarrow::flow::step::{Flow, Step};
use drdarrow::wire::ddm::accsec::{AccSec, AccSecRd};
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::excsat::ExcSatRd;
use drdarrow::wire::ddm::object::Object;
use drdarrow::wire::ddm::reply::Reply;
use drdarrow::wire::ddm::secchk::{SecChkRm, Secret};
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::fdoca::descriptor;
use drdarrow::wire::fdoca::row::{CHUNK, Offsets};
use drdarrow::wire::sql::accrdb::AccRdbRm;
use drdarrow::wire::value::cell::Lob;
use drdarrow::wire::value::product::Product;
use drdarrow::wire::value::typdef::{TypDef, TypDefName};

const TEXT: DdmText = DdmText::Ebcdic;
const X86: TypDef = TypDef { name: TypDefName::X86, sbc: 819, dbc: 0, mbc: 819, xml: 0 };

fn login(choice: Security, rdbnam: &str) -> Connect {
    let line = Line::Local;
    Connect::new(Identity {
        rdbnam: rdbnam.to_owned(),
        credentials: Credentials { user: "me".into(), password: Some(Secret::new("secret")), ..Credentials::default() },
        policy: Policy { choice, line, password: true, ..Policy::default() },
        random: Random::new([7; RANDOM]),
        correlation: ("NF000001.A123".to_owned(), [1; 6]),
        application: None,
        accounting: String::new(),
        read_only: false,
        two_phase: false,
    })
    .unwrap()
}

/// Hands the flow one reply.
fn hear<F: Flow>(flow: &mut F, reply: Vec<Object>) -> Result<Step<F::Out>, FlowError> {
    for object in reply {
        flow.object(object)?;
    }
    flow.end()
}

fn sent(step: Step<impl Sized>) -> Vec<Object> {
    match step {
        Step::Send(chain) => framed(&chain.into_bytes()),
        Step::Done(_) => panic!("it is done too early"),
    }
}

fn object(message: &[u8]) -> Object {
    let mut chain = Chain::new();
    chain.command(message);
    framed(&chain.into_bytes()).remove(0)
}

fn attributes(class: &str, managers: &[(CodePoint, u16)]) -> Object {
    let answer = ExcSatRd { managers: managers.to_vec(), srvclsnm: Some(class.into()), ..ExcSatRd::default() };
    object(&answer.encode(TEXT).unwrap())
}

fn takes_passwords() -> Object {
    object(&AccSecRd { secmecs: vec![3], ..AccSecRd::default() }.encode(TEXT).unwrap())
}

fn card(body: Vec<u8>) -> Object {
    Object { cp: cp::SQLCARD, body: body.into() }
}

#[test]
fn a_server_that_encrypts_refuses_a_password_in_clear_by_naming_what_it_takes() {
    let objects = framed(&block("luw-11.1-aix64-connect-refused-secmec", "S:"));
    let mut flow = login(Security::Password, "SAMPLE");
    flow.start().unwrap();
    let error = hear(&mut flow, objects).unwrap_err();
    assert!(matches!(error, FlowError::Mechanism { .. }), "{error:?}");
    let text = error.to_string();
    for words in ["password in clear (SECMEC 3)", "offers 7 (USRENCPWD", "9 (EUSRIDPWD", "10 (EUSRIDNWPWD"] {
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn the_next_mechanism_is_asked_for_when_the_first_is_refused_with_a_list() {
    let mut objects = framed(&block("luw-11.1-aix64-connect-refused-secmec", "S:"));
    let offer = objects.pop().unwrap();
    let mut flow = login(Security::Auto, "SAMPLE");
    flow.start().unwrap();
    let asked = |step| {
        let objects = sent(step);
        let asked = AccSec::decode(&objects[0].body, TEXT).unwrap();
        (asked.secmec, asked.encalgs)
    };
    assert_eq!(asked(hear(&mut flow, objects).unwrap()), (9, vec![2]));
    assert_eq!(asked(hear(&mut flow, vec![offer]).unwrap()), (7, vec![2]));
    // An acceptance may list every cipher: the length of the key says which it is.
    let key =
        |n| AccSecRd { secmecs: vec![7], encalgs: vec![1, 2], sectkn: Some(vec![0x21; n]), ..AccSecRd::default() };
    let proof = sent(hear(&mut flow, vec![object(&key(64).encode(TEXT).unwrap())]).unwrap());
    assert_eq!(proof[0].cp, cp::SECCHK);
}

#[test]
fn the_probe_lists_the_mechanisms_of_a_server_that_encrypts() {
    let mut objects = framed(&block("luw-11.1-aix64-connect-refused-secmec", "S:"));
    let offer = objects.pop().unwrap();
    let mut hello = Hello::new();
    hello.start().unwrap();
    match hear(&mut hello, objects).unwrap() {
        Step::Done(found) => assert_eq!(found.srvclsnm.as_deref(), Some("QDB2/AIX64")),
        Step::Send(_) => panic!("one question is enough"),
    }
    let mut flow = Mechanisms::new(Some("SAMPLE"), &Random::new([7; RANDOM])).unwrap();
    flow.start().unwrap();
    let asked = sent(hear(&mut flow, vec![offer]).unwrap());
    assert_eq!(AccSec::decode(&asked[0].body, TEXT).unwrap().secmec, 9);
    let key = AccSecRd { secmecs: vec![9], encalgs: vec![1, 2], sectkn: Some(vec![0x21; 64]), ..AccSecRd::default() };
    match hear(&mut flow, vec![object(&key.encode(TEXT).unwrap())]).unwrap() {
        Step::Done(found) => {
            assert_eq!((found.mechanisms, found.complete), (vec![7, 9, 10], true));
            assert_eq!(found.algorithm.map(|a| a.number()), Some(2));
        }
        Step::Send(_) => panic!("there is no question left"),
    }
}

/// A login with EXCSATRD and ACCSECRD made here, as far as the proof and the access.
fn proved(class: &str, rdbnam: &str, reply: Vec<Object>) -> (Connect, Result<Step<Session>, FlowError>) {
    let levels = [(cp::AGENT, 7), (cp::SQLAM, 7), (cp::CMNTCPIP, 5), (cp::RDB, 8), (cp::SECMGR, 8)];
    let mut flow = login(Security::Password, rdbnam);
    flow.start().unwrap();
    let proof = sent(hear(&mut flow, vec![attributes(class, &levels), takes_passwords()]).unwrap());
    assert_eq!(proof.iter().map(|o| o.cp).collect::<Vec<_>>(), [cp::SECCHK, cp::ACCRDB]);
    let heard = hear(&mut flow, reply);
    (flow, heard)
}

#[test]
fn db2_luw_8_2_is_logged_in_to() {
    let (mut flow, step) = proved("QDB2/LINUX", "MYDB2DB", framed(&block("luw-8.2-linux-connected", "S:")));
    assert_eq!(sent(step.unwrap())[0].cp, cp::EXCSAT);
    let levels = block("luw-ccsidmgr-excsatrd-body", "S:");
    let last = Object { cp: cp::EXCSATRD, body: levels.into() };
    let Step::Done(session) = hear(&mut flow, vec![last]).unwrap() else { panic!("it goes on") };
    assert_eq!((session.product, session.prdid.as_str()), (Product::Luw, "SQL08024"));
    assert_eq!((session.theirs, session.text), (TypDef { mbc: 0, ..X86 }, DdmText::Utf8));
}

#[test]
fn informix_is_logged_in_to_and_its_refusal_has_the_right_code() {
    let file = "informix-15.0.1-objects";
    let check = object(&SecChkRm::default().encode(TEXT).unwrap());
    let opened = object(&AccRdbRm::new("IFX12100", X86).encode(TEXT).unwrap());
    let reply = vec![check.clone(), opened, card(block(file, "SQLCARD behind ACCRDBRM"))];
    let Step::Done(session) = proved("IDS/UNIX64", "sysmaster", reply).1.unwrap() else { panic!("it goes on") };
    assert_eq!((session.theirs, session.prdid.as_str()), (X86, "IFX12100"));

    // Whatever the class lets us guess: there is no SQLCODE of -1046085633.
    for class in ["IDS/UNIX64", "another", "QDB2/AIX64"] {
        let refused = Reply { rdbnam: Some("NOSUCH".into()), ..Reply::new(cp::RDBNFNRM) };
        let refused = object(&refused.encode(TEXT).unwrap());
        let reply = vec![check.clone(), refused, card(block(file, "SQLCARD of an error"))];
        match proved(class, "NOSUCH", reply).1 {
            Err(FlowError::Sql { sqlca, reply: Some(_) }) => {
                assert_eq!((sqlca.sqlcode, sqlca.sqlstate.as_str()), (-23103, "IX000"), "{class}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_card_after_accrdbrm_is_in_the_environment_that_accrdbrm_names() {
    let check = object(&SecChkRm::default().encode(TEXT).unwrap());
    // An SQLCODE that both orders allow: -65,537 here, -257 in the other.
    let body = [&[0, 0xFF, 0xFF, 0xFE, 0xFF][..], b"IX000IFX12100", &[0xFF, 0xFF]].concat();
    for (typdef, sqlcode) in [(X86, -65_537), (TypDef { name: TypDefName::Asc, ..X86 }, -257)] {
        for class in ["QDB2/AIX64", "QDB2/LINUXX8664", "another"] {
            let opened = object(&AccRdbRm::new("SQL11055", typdef).encode(TEXT).unwrap());
            match proved(class, "SAMPLE", vec![check.clone(), opened, card(body.clone())]).1 {
                Err(FlowError::Sql { sqlca, .. }) => assert_eq!(sqlca.sqlcode, sqlcode, "{class}"),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// The large objects of a row of four columns: INTEGER, CLOB, BLOB, INTEGER.
fn large(row: Vec<u8>, lobs: &[&[u8]]) -> Result<Vec<Vec<u8>>, FlowError> {
    let dsc = [
        0x0F, 0x76, 0xD0, 3, 0, 4, 0xCB, 0x80, 4, 0xC9, 0x80, 4, 3, 0, 4, 0x09, 0x71, 0xE0, 0x54, 0, 1, 0xD0, 0, 1,
        0x06, 0x71, 0xF0, 0xE0, 0, 0,
    ];
    let fields = descriptor::decode(&dsc, &X86).unwrap();
    let mut reader = RowAssembler::new(&fields, 7, X86);
    reader.push(QueryBlock { rows: row.into(), lobs: lobs.iter().map(|lob| lob.to_vec().into()).collect() });
    reader.close();
    let mut offsets = Offsets::new(fields.len());
    let mut out = Vec::new();
    loop {
        match reader.next(CHUNK, &mut offsets)? {
            Event::Rows(chunk) => {
                for (_, lobs) in &chunk.lobs {
                    out.extend(lobs.iter().map(|lob| match lob {
                        Lob::Value(bytes) => bytes.to_vec(),
                        Lob::Null => panic!("no value is NULL"),
                    }));
                }
            }
            Event::End => return Ok(out),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_length_of_a_large_object_is_taken_in_either_byte_order() {
    let file = "informix-15.0.1-objects";
    let (text, bytes) = (block(file, "EXTDTA of the TEXT"), block(file, "EXTDTA of the BYTE"));
    let row = block(file, "QRYDTA of");
    let lobs: [&[u8]; 2] = [&text, &bytes];
    let wanted = [text[1..].to_vec(), bytes[1..].to_vec()];
    assert_eq!(large(row.clone(), &lobs).unwrap(), wanted);
    let mut turned = row.clone();
    assert_eq!((turned[8], turned[13]), (16, 4));
    turned[8..12].reverse();
    turned[13..17].reverse();
    assert_eq!(large(turned, &lobs).unwrap(), wanted);

    // A length whose low byte has its top bit is a length, not the mark of an unknown one.
    let long = [vec![0], vec![b'x'; 0x90]].concat();
    let mut row = row;
    row[8] = 0x90;
    assert_eq!(large(row.clone(), &[&long, &bytes]).unwrap()[0].len(), 0x90);
    let error = large(row, &lobs).unwrap_err();
    assert!(error.to_string().contains("144 bytes were announced and 16 came"), "{error}");
}
