//! Branches of global transactions: the client's steps beside those of Derby's client, each answer that a server may give,
//! and answers that make no sense.

use super::scripted_login::Fake;
use drdarrow::client::config::Config;
use drdarrow::client::error::{Error, ErrorClass};
use drdarrow::client::sql::connection::Connection;
use drdarrow::client::sql::xa::branch::Vote;
use drdarrow::client::sql::xa::two_phase::TwoPhase;
use drdarrow::client::sql::xa::xid::Xid;
use drdarrow::flow::secmec::line::Line;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::excsat::{ExcSat, ExcSatRd};
use drdarrow::wire::ddm::object::objects;
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::dss::deframe::Deframer;
use drdarrow::wire::dss::header::DssType;
use drdarrow::wire::sql::syncctl::{SyncCrd, SyncCtl, XaRetVal, synctype};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// Says what a server answers to a step; the connection closes for none.
type Answers = Box<dyn FnMut(&SyncCtl) -> Option<Vec<u8>> + Send>;

/// The SYNCCTLs that a server got, as bytes.
type Heard = Arc<Mutex<Vec<Vec<u8>>>>;

fn crd(outcome: i32) -> Vec<u8> {
    SyncCrd { xaretval: XaRetVal(outcome), prphrclst: None }.encode(DdmText::Ebcdic).unwrap()
}

async fn serve(mut stream: DuplexStream, level: Option<u16>, mut answers: Answers, heard: Heard) {
    let (mut fake, mut deframer, mut buf) = (Fake::new("Apache Derby", &[4]), Deframer::new(1 << 20), vec![0; 1 << 14]);
    loop {
        let n = stream.read(&mut buf).await.unwrap_or(0);
        let (mut input, mut reply) = (&buf[..n], Chain::new());
        while let Some(dss) = deframer.feed(&mut input).unwrap() {
            for object in objects(&dss.body).map(Result::unwrap) {
                let body = match object.cp {
                    cp::EXCSAT => {
                        let asked = ExcSat::decode(&object.body, DdmText::Ebcdic).unwrap().level(cp::XAMGR);
                        let mut managers = vec![(cp::SQLAM, 7), (cp::SECMGR, 7)];
                        managers.extend(asked.and(level).map(|level| (cp::XAMGR, level)));
                        let srvclsnm = Some("Apache Derby".to_owned());
                        ExcSatRd { managers, srvclsnm, ..ExcSatRd::default() }.encode(DdmText::Ebcdic).unwrap()
                    }
                    cp::SYNCCTL => {
                        let step = SyncCtl::decode(&object.body, DdmText::Ebcdic).unwrap();
                        heard.lock().unwrap().push(dss.body.to_vec());
                        match answers(&step) {
                            Some(body) => body,
                            None => return,
                        }
                    }
                    _ => fake.answer(&object).unwrap_or_default(),
                };
                let kind = if object.cp == cp::SYNCCTL { DssType::Reply } else { DssType::Object };
                let mut rest = &body[..];
                while rest.len() >= 4 {
                    let (one, others) = rest.split_at(usize::from(u16::from_be_bytes([rest[0], rest[1]])));
                    reply.frame(kind, dss.header.id, one);
                    rest = others;
                }
            }
        }
        if n == 0 || stream.write_all(&reply.into_bytes()).await.is_err() {
            return;
        }
    }
}

async fn connect(two_phase: bool, level: Option<u16>, answers: Answers) -> (Connection, Heard) {
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let heard = Heard::default();
    tokio::spawn(serve(theirs, level, answers, heard.clone()));
    let mut config = Config::from_uri("drda://app@localhost:1527/LAB").unwrap();
    config.two_phase = two_phase;
    (config.timeout, config.statement_timeout) = (Duration::from_secs(20), Some(Duration::from_secs(20)));
    (Connection::over(ours, Line::Local, config).await.unwrap(), heard)
}

fn xid(gtrid: &str, bqual: &str) -> Xid {
    Xid::new(0x1267, gtrid.into(), bqual.into()).unwrap()
}

/// The steps that were asked for.
fn steps(heard: &Heard) -> Vec<u8> {
    let decoded = |body: &Vec<u8>| SyncCtl::decode(&body[4..], DdmText::Ebcdic).unwrap().synctype;
    heard.lock().unwrap().iter().map(decoded).collect()
}

/// A branch that is begun, and prepared where that is wanted, at a server that answers the last step so.
async fn at(prepared: bool, last: u8, outcome: i32) -> (Connection, Heard) {
    let answers = move |step: &SyncCtl| Some(crd(if step.synctype == last { outcome } else { 0 }));
    let (connection, heard) = connect(true, Some(7), Box::new(answers)).await;
    TwoPhase(&connection).branch().begin(&xid("g", "b"), None).await.unwrap();
    if prepared {
        assert_eq!(TwoPhase(&connection).branch().prepare().await.unwrap(), Vote::Commit);
    }
    heard.lock().unwrap().clear();
    (connection, heard)
}

/// Names the branch, and says what the server said.
fn tells(e: &Error, name: &str) -> bool {
    let text = e.to_string();
    text.contains("xid(4711, b\"g\", b\"b\")") && text.contains(name)
}

#[tokio::test]
async fn the_steps_are_those_of_derbys_client_byte_for_byte() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/captures/derby_xa.hex");
    let text = std::fs::read_to_string(path).unwrap();
    let of = |side: &str, mark: &str| -> Vec<String> {
        let lines =
            text.lines().filter_map(|line| line.strip_prefix(side)).filter(|line| line.get(16..20) == Some(mark));
        lines.map(|line| line[12..].to_owned()).collect()
    };
    let (theirs, mut replies) = (of("C1 ", "1055"), of("S1 ", "1248").into_iter());
    assert_eq!((theirs.len(), replies.len()), (18, 18));
    let answers = move |_: &SyncCtl| replies.next().map(|line| super::recorded_replies::hex(&line));
    let (connection, heard) = connect(true, Some(7), Box::new(answers)).await;
    let two_phase = TwoPhase(&connection);
    let branch = two_phase.branch();
    branch.begin(&xid("gtrid1", "bq1"), None).await.unwrap();
    assert_eq!(branch.prepare().await.unwrap(), Vote::Commit);
    branch.commit().await.unwrap();
    branch.begin(&xid("gtrid2", "bq2"), None).await.unwrap();
    branch.prepare().await.unwrap();
    assert_eq!(two_phase.recover().await.unwrap(), [xid("gtrid2", "bq2")]);
    branch.rollback().await.unwrap();
    branch.begin(&xid("gtrid3", "bq3"), None).await.unwrap();
    assert_eq!(branch.prepare().await.unwrap(), Vote::ReadOnly);
    branch.commit().await.unwrap();
    connection.commit().await.unwrap();
    branch.begin(&xid("gtrid4", "bq4"), None).await.unwrap();
    branch.commit().await.unwrap();
    let e = two_phase.commit(&xid("gtrid99", "bq99")).await.unwrap_err();
    assert!(e.to_string().contains("XAER_NOTA"), "{e}");
    connection.commit().await.unwrap();
    let hex = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let ours: Vec<String> = heard.lock().unwrap().iter().map(hex).collect();
    for (at, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(ours, theirs, "step {at}");
    }
    assert_eq!(ours.len(), theirs.len());
}

#[tokio::test]
async fn nothing_is_sent_where_the_server_takes_no_part() {
    for (wanted, level) in [(false, Some(7)), (true, None), (true, Some(0)), (true, Some(6))] {
        let (connection, heard) = connect(wanted, level, Box::new(|_| None)).await;
        let two_phase = TwoPhase(&connection);
        for refused in [
            two_phase.branch().begin(&xid("g", "b"), None).await,
            two_phase.recover().await.map(drop),
            two_phase.commit(&xid("g", "b")).await,
            two_phase.forget(&xid("g", "b")).await,
        ] {
            assert_eq!(refused.unwrap_err().kind, ErrorClass::NotSupported);
        }
        assert!(heard.lock().unwrap().is_empty());
    }
}

/// Each outcome: XARETVAL, its name, and the class and SQLSTATE of its error.
const OUTCOMES: [(i32, &str, ErrorClass, &str); 21] = [
    (4, "XA_RETRY", ErrorClass::Operational, "57033"),
    (5, "XA_HEURMIX", ErrorClass::Integrity, "40003"),
    (6, "XA_HEURRB", ErrorClass::Integrity, "40000"),
    (8, "XA_HEURHAZ", ErrorClass::Integrity, "40003"),
    (100, "XA_RBROLLBACK", ErrorClass::Operational, "40000"),
    (101, "XA_RBCOMMFAIL", ErrorClass::Operational, "40000"),
    (102, "XA_RBDEADLOCK", ErrorClass::Operational, "40001"),
    (103, "XA_RBINTEGRITY", ErrorClass::Integrity, "40002"),
    (104, "XA_RBOTHER", ErrorClass::Operational, "40000"),
    (105, "XA_RBPROTO", ErrorClass::Operational, "40000"),
    (106, "XA_RBTIMEOUT", ErrorClass::Operational, "40001"),
    (107, "XA_RBTRANSIENT", ErrorClass::Operational, "40001"),
    (-2, "XAER_ASYNC", ErrorClass::Programming, "25000"),
    (-3, "XAER_RMERR", ErrorClass::Operational, "58004"),
    (-4, "XAER_NOTA", ErrorClass::Programming, "25000"),
    (-5, "XAER_INVAL", ErrorClass::Programming, "25000"),
    (-6, "XAER_PROTO", ErrorClass::Programming, "25000"),
    (-7, "XAER_RMFAIL", ErrorClass::Operational, "58004"),
    (-8, "XAER_DUPID", ErrorClass::Programming, "25000"),
    (-9, "XAER_OUTSIDE", ErrorClass::Programming, "25000"),
    (4711, "XARETVAL 4711", ErrorClass::Programming, "25000"),
];

#[tokio::test]
async fn each_outcome_of_a_second_phase_is_told_by_name() {
    use synctype::{COMMIT, FORGET};
    for (outcome, name, kind, state) in OUTCOMES {
        let (connection, heard) = at(true, COMMIT, outcome).await;
        let branch = TwoPhase(&connection).branch();
        let e = branch.commit().await.unwrap_err();
        assert!(tells(&e, name), "{e}");
        // It had promised: others may have committed, so that doing it again would double their parts.
        let broken = outcome == -4 || (100..=107).contains(&outcome);
        let expected = if broken { (ErrorClass::Integrity, Some("40003")) } else { (kind, Some(state)) };
        assert_eq!((e.kind, e.sqlstate.as_deref()), expected, "{e}");
        assert!(!(broken && e.retryable), "{e}");
        let heuristic = (5..=8).contains(&outcome);
        assert_eq!(steps(&heard), if heuristic { vec![COMMIT, FORGET] } else { vec![COMMIT] });
        // A branch that may still wait can be told again.
        let over = heuristic || broken;
        assert_eq!(branch.stage().is_err(), over, "{name}");
        assert!(!connection.is_closed());
    }
    // As it was to end.
    let (connection, heard) = at(true, COMMIT, 7).await;
    TwoPhase(&connection).branch().commit().await.unwrap();
    assert_eq!(steps(&heard), [COMMIT, FORGET]);
}

#[tokio::test]
async fn of_two_calls_at_once_one_ends_the_branch() {
    use synctype::{COMMIT, END, ROLLBACK};
    for prepared in [false, true] {
        let (connection, heard) = at(prepared, 0xFF, 0).await;
        let branch = TwoPhase(&connection).branch();
        let (first, second) = tokio::join!(branch.commit(), branch.rollback());
        first.unwrap();
        assert_eq!(second.unwrap_err().kind, ErrorClass::Programming);
        assert_eq!(steps(&heard), if prepared { vec![COMMIT] } else { vec![END, COMMIT] });
        heard.lock().unwrap().clear();
        branch.begin(&xid("g", "b"), None).await.unwrap();
        let (first, second) = tokio::join!(branch.prepare(), branch.rollback());
        first.unwrap();
        assert_eq!(second.unwrap_err().kind, ErrorClass::Programming);
        branch.rollback().await.unwrap();
        assert_eq!(steps(&heard).last(), Some(&ROLLBACK));
        assert!(!connection.is_closed());
    }
}

#[tokio::test]
async fn a_branch_that_cannot_be_prepared_is_rolled_back() {
    use synctype::{END, PREPARE, ROLLBACK};
    for (outcome, name, kind, state) in OUTCOMES {
        let (connection, heard) = at(false, PREPARE, outcome).await;
        let branch = TwoPhase(&connection).branch();
        let e = branch.prepare().await.unwrap_err();
        assert!(tells(&e, name), "{e}");
        assert_eq!((e.kind, e.sqlstate.as_deref()), (kind, Some(state)), "{e}");
        assert_eq!(steps(&heard), [END, PREPARE, ROLLBACK]);
        let e = branch.commit().await.unwrap_err();
        assert!(e.to_string().contains("was rolled back"), "{e}");
        let e = connection.execute("DELETE FROM T", &[]).await.unwrap_err();
        assert_eq!(e.kind, ErrorClass::Programming);
        branch.rollback().await.unwrap();
        assert!(branch.stage().is_err());
    }
    let (connection, _) = at(false, END, -4).await;
    let e = TwoPhase(&connection).branch().prepare().await.unwrap_err();
    assert!(tells(&e, "XAER_NOTA") && !e.connection_usable && connection.is_closed(), "{e}");
    let (connection, heard) = at(false, END, 102).await;
    let e = TwoPhase(&connection).branch().prepare().await.unwrap_err();
    assert!(tells(&e, "XA_RBDEADLOCK") && e.retryable, "{e}");
    assert_eq!(steps(&heard), [END, PREPARE, ROLLBACK]);
}

#[tokio::test]
async fn each_outcome_of_a_commit_in_one_phase_is_told_by_name() {
    use synctype::{COMMIT, END, FORGET, ROLLBACK};
    for (outcome, name, kind, state) in OUTCOMES {
        let (connection, heard) = at(false, COMMIT, outcome).await;
        let e = TwoPhase(&connection).branch().commit().await.unwrap_err();
        assert!(tells(&e, name), "{e}");
        assert_eq!((e.kind, e.sqlstate.as_deref()), (kind, Some(state)), "{e}");
        let after: &[u8] = match outcome {
            5..=8 => &[FORGET],
            100..=107 => &[],
            _ => &[ROLLBACK],
        };
        assert_eq!(steps(&heard), [&[END, COMMIT], after].concat(), "{name}");
    }
    // A branch that is not there any more may have been committed.
    let answers = |step: &SyncCtl| {
        Some(crd(match step.synctype {
            COMMIT => -3,
            ROLLBACK => -4,
            _ => 0,
        }))
    };
    let (connection, _) = connect(true, Some(7), Box::new(answers)).await;
    let branch = TwoPhase(&connection).branch();
    branch.begin(&xid("g", "b"), None).await.unwrap();
    let e = branch.commit().await.unwrap_err();
    assert!(tells(&e, "XAER_RMERR") && e.sqlstate.as_deref() == Some("08007"), "{e}");
}

#[tokio::test]
async fn a_rollback_is_done_where_there_is_nothing_left() {
    use synctype::{END, FORGET, ROLLBACK};
    for prepared in [false, true] {
        for outcome in [-4, 0, 6, 100, 107] {
            let (connection, heard) = at(prepared, ROLLBACK, outcome).await;
            let branch = TwoPhase(&connection).branch();
            branch.rollback().await.unwrap();
            assert!(branch.stage().is_err());
            let (first, last): (&[u8], &[u8]) =
                (if prepared { &[] } else { &[END] }, if outcome == 6 { &[FORGET] } else { &[] });
            assert_eq!(steps(&heard), [first, &[ROLLBACK], last].concat());
        }
        for (outcome, name) in [(5, "XA_HEURMIX"), (7, "XA_HEURCOM"), (8, "XA_HEURHAZ")] {
            let (connection, _) = at(prepared, ROLLBACK, outcome).await;
            let e = TwoPhase(&connection).branch().rollback().await.unwrap_err();
            assert!(tells(&e, name) && e.kind == ErrorClass::Integrity, "{e}");
        }
        for (outcome, name) in [(4, "XA_RETRY"), (-3, "XAER_RMERR"), (-7, "XAER_RMFAIL"), (-6, "XAER_PROTO")] {
            let (connection, _) = at(prepared, ROLLBACK, outcome).await;
            let e = TwoPhase(&connection).branch().rollback().await.unwrap_err();
            assert!(tells(&e, name), "{e}");
            // The end of the connection undoes it, unless it is prepared.
            assert_eq!(connection.is_closed(), !prepared);
        }
    }
}

#[tokio::test]
async fn a_lost_answer_names_the_branch_and_the_cure() {
    use synctype::{COMMIT, NEW, PREPARE, ROLLBACK};
    for (prepared, last, state) in [
        (false, PREPARE, None),
        (false, COMMIT, Some("08007")),
        (true, COMMIT, Some("08007")),
        (false, ROLLBACK, None),
        (true, ROLLBACK, None),
        (false, NEW, None),
    ] {
        let answers = move |step: &SyncCtl| (step.synctype != last).then(|| crd(0));
        let (connection, _) = connect(true, Some(7), Box::new(answers)).await;
        let branch = TwoPhase(&connection).branch();
        let begun = branch.begin(&xid("g", "b"), None).await;
        if prepared {
            branch.prepare().await.unwrap();
        }
        let e = match last {
            NEW => begun,
            PREPARE => branch.prepare().await.map(drop),
            COMMIT => branch.commit().await,
            _ => branch.rollback().await,
        }
        .unwrap_err();
        assert!(tells(&e, if last == NEW { "" } else { "tpc_recover()" }), "{e}");
        assert_eq!(e.kind, ErrorClass::Operational);
        assert!(!e.connection_usable && connection.is_closed());
        if let Some(state) = state {
            assert_eq!(e.sqlstate.as_deref(), Some(state));
        }
    }
}

#[tokio::test]
async fn answers_that_make_no_sense_are_errors() {
    let hex = |text: &str| super::recorded_replies::hex(&text.replace(' ', ""));
    for body in [
        hex("0004 1248"),
        hex("000b 1248 0007 1904 000000"),
        hex("000d 1248 0009 1904 0000000000"),
        // A list that is shorter than it says, one that is cut, a name longer than its list.
        hex("0016 1248 0008 1904 00000000 000a 1905 0006 1906 ffff"),
        hex("0012 1248 0008 1904 00000000 0006 1906"),
        hex("0026 1248 0008 1904 00000000 001a 1905 0006 1906 0001 0010 1801 00001267 ffffffff ffffffff"),
        hex("0004 1249"),
        [crd(0), crd(0), crd(0)].concat(),
    ] {
        for last in [synctype::LIST, synctype::PREPARE, synctype::COMMIT, synctype::NEW] {
            let body = body.clone();
            let answers = move |step: &SyncCtl| Some(if step.synctype == last { body.clone() } else { crd(0) });
            let (connection, _) = connect(true, Some(7), Box::new(answers)).await;
            let two_phase = TwoPhase(&connection);
            let begun = two_phase.branch().begin(&xid("g", "b"), None).await;
            let e = match last {
                synctype::NEW => begun,
                synctype::LIST => two_phase.recover().await.map(drop),
                synctype::PREPARE => two_phase.branch().prepare().await.map(drop),
                _ => two_phase.branch().commit().await,
            };
            let e = e.unwrap_err();
            assert!(connection.is_closed(), "{e}");
            if last == synctype::COMMIT {
                assert_eq!(e.sqlstate.as_deref(), Some("08007"), "{e}");
            }
        }
    }
}

#[tokio::test]
async fn a_suspended_branch_is_gone_on_with() {
    use synctype::{COMMIT, END, NEW};
    let (connection, heard) = at(false, 0xFF, 0).await;
    let branch = TwoPhase(&connection).branch();
    let name = branch.suspend().await.unwrap();
    assert!(branch.stage().is_err() && branch.prepare().await.is_err());
    connection.commit().await.unwrap();
    branch.begin(&xid("other", ""), None).await.unwrap();
    assert_eq!(branch.resume(&name).await.unwrap_err().kind, ErrorClass::Programming);
    branch.commit().await.unwrap();
    branch.resume(&name).await.unwrap();
    assert!(branch.resume(&name).await.is_err());
    branch.commit().await.unwrap();
    assert_eq!(steps(&heard), [END, COMMIT, NEW, END, COMMIT, NEW, END, COMMIT]);
    let last = SyncCtl::decode(&heard.lock().unwrap()[5][4..], DdmText::Ebcdic).unwrap();
    assert_eq!(last.xaflags, Some(drdarrow::wire::sql::syncctl::xaflags::RESUME));
}

#[tokio::test]
async fn a_connection_that_closes_rolls_its_branch_back_unless_it_is_prepared() {
    use synctype::{END, ROLLBACK};
    for prepared in [false, true] {
        let (connection, heard) = at(prepared, 0xFF, 0).await;
        connection.close().await.unwrap();
        // The last one is the end of local work.
        assert_eq!(steps(&heard), if prepared { vec![ROLLBACK] } else { vec![END, ROLLBACK, ROLLBACK] });
        let last = heard.lock().unwrap().last().cloned().unwrap();
        assert!(last.ends_with(&[0x00, 0x08, 0x19, 0x03, 0x10, 0, 0, 0]));
    }
}

/// The names in steps, in their order.
fn named(heard: &Heard) -> Vec<(u8, String)> {
    let heard = heard.lock().unwrap();
    let all = heard.iter().map(|step| SyncCtl::decode(&step[4..], DdmText::Ebcdic).unwrap());
    all.map(|step| (step.synctype, format!("{:?}", step.xid))).collect()
}

#[tokio::test]
async fn a_connection_that_closes_rolls_its_suspended_branches_back() {
    use synctype::{END, ROLLBACK};
    let (connection, heard) = at(false, 0xFF, 0).await;
    let branch = TwoPhase(&connection).branch();
    branch.suspend().await.unwrap();
    branch.begin(&xid("second", ""), None).await.unwrap();
    branch.suspend().await.unwrap();
    branch.begin(&xid("third", ""), None).await.unwrap();
    heard.lock().unwrap().clear();
    connection.close().await.unwrap();
    assert_eq!(steps(&heard), [END, ROLLBACK, END, ROLLBACK, END, ROLLBACK, ROLLBACK]);
    let named = named(&heard);
    let names: std::collections::BTreeSet<&String> = named[..6].iter().map(|(_, name)| name).collect();
    assert_eq!(names.len(), 3);
    assert!(named.chunks(2).take(3).all(|pair| pair[0].1 == pair[1].1));
}

#[test]
fn names_have_bounds() {
    for (format, gtrid, bqual) in [(-1, 1, 1), (1 << 31, 1, 1), (0, 0, 1), (0, 65, 0), (0, 1, 65)] {
        assert!(Xid::new(format, vec![0; gtrid], vec![0; bqual]).is_err());
    }
    let longest = Xid::new(i64::from(i32::MAX), vec![0; 64], vec![b'"'; 2]).unwrap();
    assert!(longest.to_string().ends_with(r#", b"\"\"")"#), "{longest}");
}
