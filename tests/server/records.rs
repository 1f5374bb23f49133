//! Record access by hand: the shape of every reply, waiting for locks, limits, and bytes that no
//! client sends. What IBM's client makes of it is tested with that client.

use crate::protocol::Raw;
use crate::record_requests::*;
use crate::support::start_with;
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use drdarrow::server::persona::{IBMI, LUW};
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::reply::Reply;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::file::buffer;
use drdarrow::wire::file::close::S38Close;
use drdarrow::wire::file::control::{Share, Which};
use drdarrow::wire::file::iofb::IoFeedback;
use drdarrow::wire::file::message::S38MsgRm;
use drdarrow::wire::file::open::{CommitLevel, OpenAccess, S38Open, Ufcb};
use drdarrow::wire::file::read::{S38GetD, S38GetK, S38GetM};
use drdarrow::wire::file::session::{CmmUow, RllBckUow};
use drdarrow::wire::file::write::{S38Del, S38PutM, S38Updat};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn reads_in_every_way() {
    let server = serve(&store(100, LONG)).await;
    let mut raw = connect(&server).await;
    let layout = open(&mut raw, OpenAccess::Read, true).await;
    assert_eq!((layout.record, layout.increment), (1006, 1019));
    for (which, rrn) in
        [(Which::First, 1), (Which::Next, 2), (Which::Same, 2), (Which::Last, 100), (Which::Previous, 99)]
    {
        assert_eq!(rrns(&raw.ask(&[get(which, Share::Read)]).await, layout), [rrn], "{which:?}");
    }
    let many = |which, count| S38GetM::new(name(), which, Share::Read, count).encode(TEXT).unwrap();
    // More than a frame and more than a plain object hold, then what is left.
    assert_eq!(rrns(&raw.ask(&[many(Which::Previous, 80)]).await, layout), (19..=98).rev().collect::<Vec<_>>());
    assert_eq!(rrns(&raw.ask(&[many(Which::Previous, 80)]).await, layout), (1..=18).rev().collect::<Vec<_>>());
    assert_eq!(refusal(&raw.ask(&[many(Which::Previous, 80)]).await), "CPF5001");
    assert_eq!(rrns(&raw.ask(&[many(Which::Next, u16::MAX)]).await, layout).len(), 100);
    let direct = |rrn| S38GetD::new(name(), Share::Read, "F", rrn).encode(TEXT).unwrap();
    assert_eq!(rrns(&raw.ask(&[direct(7)]).await, layout), [7]);
    for rrn in [0, 101, u32::MAX] {
        assert_eq!(refusal(&raw.ask(&[direct(rrn)]).await), "CPF5006");
    }
    assert_eq!(rrns(&raw.ask(&[by_key(Which::KeyAfter, Share::Read, 7)]).await, layout), [8]);
    assert_eq!(refusal(&raw.ask(&[by_key(Which::KeyAt, Share::Read, -7)]).await), "CPF5006");
    // A read that leaves the position where it is.
    assert_eq!(rrns(&raw.ask(&[get(Which::Next, Share::ReadStay)]).await, layout), [9]);
    assert_eq!(rrns(&raw.ask(&[get(Which::Next, Share::Read)]).await, layout), [9]);
    let got = raw.ask(&[S38Close::new(name()).encode(TEXT).unwrap()]).await;
    assert_eq!(S38MsgRm::decode(&got[0].1, TEXT).unwrap(), S38MsgRm::ok());
    assert_eq!(message(&raw.ask(&[get(Which::First, Share::Read)]).await), "CPF4501");
}

#[tokio::test]
async fn what_is_written_is_in_the_store() {
    let files = store(3, LONG);
    let server = serve(&files).await;
    let mut raw = connect(&server).await;
    let layout = open(&mut raw, OpenAccess::ReadWrite, true).await;
    let put = S38PutM { dclnam: name() }.encode(TEXT).unwrap();
    let slots: Vec<u8> = (10..50).flat_map(|id| slot(layout, id)).collect();
    let got = send(&mut raw, &put, &slots).await;
    assert_eq!(points(&got), [cp::S38IOFB]);
    assert_eq!(IoFeedback::decode(&got[0].1).unwrap().records, 40);
    // The second has a key that is there: one went in.
    let got = send(&mut raw, &put, &[slot(layout, 60), slot(layout, 1)].concat()).await;
    assert_eq!((IoFeedback::decode(&got[0].1).unwrap().records, message(&got).as_str()), (1, "CPF5026"));
    let mut null = slot(layout, 61);
    let map = layout.null_map_sent().unwrap();
    null[map + 1] = buffer::ABSENT;
    assert_eq!(points(&send(&mut raw, &put, &null).await), [cp::S38IOFB]);
    null[map] = buffer::ABSENT;
    assert_eq!(refusal(&send(&mut raw, &put, &null).await), "CPF5029");
    let update = S38Updat::new(name()).encode(TEXT).unwrap();
    assert_eq!(refusal(&send(&mut raw, &update, &slot(layout, 2)).await), "CPF501B");
    raw.ask(&[by_key(Which::KeyAt, Share::Update, 2)]).await;
    assert_eq!(points(&send(&mut raw, &update, &slot(layout, 77)).await), [cp::S38IOFB]);
    raw.ask(&[by_key(Which::KeyAt, Share::Update, 3)]).await;
    let delete = S38Del { dclnam: name(), optl: None }.encode(TEXT).unwrap();
    assert_eq!(points(&raw.ask(std::slice::from_ref(&delete)).await), [cp::S38IOFB]);
    assert_eq!(refusal(&raw.ask(&[delete]).await), "CPF501B");
    let batch = files.get("LIB/F").unwrap();
    let ids: Vec<i32> = batch["ID"].as_primitive::<Int32Type>().values().to_vec();
    assert_eq!(ids, [1, 77].into_iter().chain(10..50).chain([60, 61]).collect::<Vec<_>>());
    assert!(batch["TXT"].is_null(43) && !batch["TXT"].is_null(42));
    assert_eq!(files.names(), ["LIB/F"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_waited_for_while_others_work() {
    let server = serve(&store(3, LONG)).await;
    let (mut holder, mut waiter, mut third) = (connect(&server).await, connect(&server).await, connect(&server).await);
    let layout = open(&mut holder, OpenAccess::ReadWrite, true).await;
    open(&mut waiter, OpenAccess::ReadWrite, true).await;
    open(&mut third, OpenAccess::ReadWrite, true).await;
    assert_eq!(rrns(&holder.ask(&[by_key(Which::KeyAt, Share::Update, 1)]).await, layout), [1]);
    // Without waiting.
    assert_eq!(refusal(&third.ask(&[by_key(Which::KeyAt, Share::UpdateNoWait, 1)]).await), "CPF5027");
    let waiting = tokio::spawn(async move {
        let got = waiter.ask(&[by_key(Which::KeyAt, Share::Update, 1)]).await;
        (waiter, got)
    });
    // There is one worker, and somebody waits.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    assert_eq!(rrns(&third.ask(&[by_key(Which::KeyAt, Share::Update, 2)]).await, layout), [2]);
    assert_eq!(rrns(&holder.ask(&[get(Which::Last, Share::Update)]).await, layout), [3]);
    let (mut waiter, got) = waiting.await.unwrap();
    assert_eq!(rrns(&got, layout), [1]);
    // Who hangs up while he waits holds nothing up, nor does he keep what he had.
    let ask = by_key(Which::KeyAt, Share::Update, 3);
    let mut chain = Chain::new();
    chain.command(&ask);
    waiter.send(&chain.into_bytes()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(waiter);
    let started = Instant::now();
    assert_eq!(rrns(&third.ask(&[by_key(Which::KeyAt, Share::Update, 1)]).await, layout), [1]);
    assert!(started.elapsed() < Duration::from_secs(20));
    server.shutdown().await;
}

#[tokio::test]
async fn waiting_ends() {
    let server = serve(&store(3, Duration::from_millis(200))).await;
    let (mut holder, mut other) = (connect(&server).await, connect(&server).await);
    open(&mut holder, OpenAccess::ReadWrite, true).await;
    open(&mut other, OpenAccess::ReadWrite, true).await;
    holder.ask(&[by_key(Which::KeyAt, Share::Update, 1)]).await;
    assert_eq!(refusal(&other.ask(&[by_key(Which::KeyAt, Share::Update, 1)]).await), "CPF5027");
    // A block ends before a record that cannot be had.
    let next = S38GetM::new(name(), Which::Next, Share::Read, 10).encode(TEXT).unwrap();
    assert_eq!(points(&other.ask(&[next]).await), [cp::S38BUF, cp::S38IOFB]);
}

#[tokio::test]
async fn files_are_for_those_who_logged_in_where_there_are_some() {
    let server = serve(&store(1, LONG)).await;
    let mut raw = Raw::connect(&server).await;
    let asked = S38Open { dclnam: name(), ufcb: ufcb(OpenAccess::Read, false) }.encode(TEXT).unwrap();
    let got = raw.ask(std::slice::from_ref(&asked)).await;
    assert_eq!(points(&got), [cp::PRCCNVRM]);
    let without = ServerSettings { persona: &IBMI, ..ServerSettings::default() };
    let other = ServerSettings { persona: &LUW, files: Some(store(1, LONG)), ..ServerSettings::default() };
    for settings in [without, other] {
        let server = start_with(settings, &MemoryTables::new()).await;
        let mut raw = connect(&server).await;
        let got = raw.ask(std::slice::from_ref(&asked)).await;
        let reply = Reply::decode(got[0].0, &got[0].1, TEXT).unwrap();
        assert_eq!((reply.cp, reply.codpnt), (cp::CMDNSPRM, Some(cp::S38OPEN)));
    }
}

#[tokio::test]
async fn a_database_and_files_on_one_connection() {
    let server = serve(&store(3, LONG)).await;
    let mut raw = Raw::connect(&server).await;
    raw.login().await;
    let layout = open(&mut raw, OpenAccess::Read, false).await;
    assert_eq!(rrns(&raw.ask(&[get(Which::First, Share::Read)]).await, layout), [1]);
    assert_eq!(message(&raw.ask(&[CmmUow { luwhldcsr: true }.encode(TEXT).unwrap()]).await), "CPF8350");
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let server = serve(&store(3, LONG)).await;
    let wrong_key = S38GetK::new(name(), Which::KeyAt, Share::Read, "F", 1, vec![0; 3]).encode(TEXT).unwrap();
    let no_count = S38GetM::new(name(), Which::Next, Share::Read, 0).encode(TEXT).unwrap();
    let no_slots = S38PutM { dclnam: name() }.encode(TEXT).unwrap();
    for wrong in [wrong_key, no_count, no_slots] {
        let mut raw = connect(&server).await;
        open(&mut raw, OpenAccess::ReadWrite, true).await;
        let got = raw.ask(&[wrong]).await;
        assert_eq!(points(&got), [cp::SYNTAXRM]);
        assert!(raw.is_closed().await);
    }
    let mut raw = connect(&server).await;
    let layout = open(&mut raw, OpenAccess::ReadWrite, true).await;
    let put = S38PutM { dclnam: name() }.encode(TEXT).unwrap();
    let cut = slot(layout, 9);
    assert_eq!(points(&send(&mut raw, &put, &cut[1..]).await), [cp::SYNTAXRM]);
    // What was open is no longer locked.
    let mut raw = connect(&server).await;
    assert_eq!(message(&raw.ask(&[command("DLTF FILE(LIB/F)")]).await), "CPC2191");
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_after_a_login_leaves_the_server_serving() {
    let files = store(3, Duration::from_millis(10));
    let server = serve(&files).await;
    let mut seed = 7u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    let good = [
        S38Open { dclnam: name(), ufcb: ufcb(OpenAccess::ReadWrite, true) }.encode(TEXT).unwrap(),
        get(Which::Next, Share::Update),
        S38GetM::new(name(), Which::Next, Share::Read, 3).encode(TEXT).unwrap(),
        S38GetD::new(name(), Share::Read, "F", 2).encode(TEXT).unwrap(),
        by_key(Which::KeyAtOrAfter, Share::Update, 2),
        S38PutM { dclnam: name() }.encode(TEXT).unwrap(),
        S38Updat::new(name()).encode(TEXT).unwrap(),
        S38Del { dclnam: name(), optl: None }.encode(TEXT).unwrap(),
        command("DSPFFD FILE(LIB/F) OUTPUT(*OUTFILE) OUTFILE(QTEMP/X)"),
        command("ALCOBJ OBJ((LIB/F *FILE *EXCL F))"),
        S38Close::new(name()).encode(TEXT).unwrap(),
    ];
    for _ in 0..150 {
        let mut raw = connect(&server).await;
        for _ in 0..10 {
            let mut chain = Chain::new();
            let mut bytes = good[random() % good.len()].clone();
            if random() % 3 > 0 {
                // After LL and code point, so that it is still a command.
                let at = 4 + random() % (bytes.len() - 4);
                bytes[at] = random() as u8;
            }
            chain.command(&bytes);
            if random() % 2 == 0 {
                let noise: Vec<u8> = (0..random() % 3000).map(|_| random() as u8).collect();
                chain.object(&buffer::encode(&noise));
            }
            if raw.0.write_all(&chain.into_bytes()).await.is_err() || raw.answer().await.is_empty() {
                break;
            }
        }
    }
    let mut raw = connect(&server).await;
    let got = raw.ask(&[command("CHKOBJ OBJ(QGPL) OBJTYPE(*LIB)")]).await;
    assert_eq!(message(&got), "");
    server.shutdown().await;
}

#[tokio::test]
async fn what_may_be_undone_keeps_its_place() {
    let files = store(3, Duration::from_millis(50));
    let server = serve(&files).await;
    let (mut mine, mut other) = (connect(&server).await, connect(&server).await);
    for text in ["CHGPF FILE(LIB/F) REUSEDLT(*YES)", "STRCMTCTL LCKLVL(*CHG)"] {
        mine.ask(&[command(text)]).await;
    }
    let under = Ufcb { commit: Some(CommitLevel::Change), ..ufcb(OpenAccess::ReadWrite, true) };
    mine.ask(&[S38Open { dclnam: name(), ufcb: under }.encode(TEXT).unwrap()]).await;
    let layout = open(&mut other, OpenAccess::ReadWrite, true).await;
    mine.ask(&[by_key(Which::KeyAt, Share::Update, 2)]).await;
    assert_eq!(points(&mine.ask(&[S38Del { dclnam: name(), optl: None }.encode(TEXT).unwrap()]).await), [cp::S38IOFB]);
    let put = S38PutM { dclnam: name() }.encode(TEXT).unwrap();
    assert_eq!(refusal(&send(&mut other, &put, &slot(layout, 2)).await), "CPF5027");
    let got = send(&mut other, &put, &slot(layout, 4)).await;
    assert_eq!(IoFeedback::decode(&got[0].1).unwrap().rrn, 4);
    // Nobody clears or deletes what may still change, though nobody has it open.
    for raw in [&mut mine, &mut other] {
        raw.ask(&[S38Close::new(name()).encode(TEXT).unwrap()]).await;
    }
    assert_eq!(message(&other.ask(&[command("CLRPFM FILE(LIB/F)")]).await), "CPF3130");
    assert_eq!(message(&other.ask(&[command("DLTF FILE(LIB/F)")]).await), "CPF3202");
    let got = mine.ask(&[RllBckUow { luwhldcsr: true }.encode(TEXT).unwrap()]).await;
    assert_eq!(points(&got), [cp::ENDUOWRM]);
    let ids: Vec<i32> = files.get("LIB/F").unwrap()["ID"].as_primitive::<Int32Type>().values().to_vec();
    assert_eq!(ids, [1, 2, 3, 4]);
    // The place of a deletion that stays is taken.
    open(&mut other, OpenAccess::ReadWrite, true).await;
    other.ask(&[by_key(Which::KeyAt, Share::Update, 2)]).await;
    other.ask(&[S38Del { dclnam: name(), optl: None }.encode(TEXT).unwrap()]).await;
    let got = send(&mut other, &put, &slot(layout, 9)).await;
    assert_eq!(IoFeedback::decode(&got[0].1).unwrap().rrn, 2);
}

#[tokio::test]
async fn an_update_never_meets_another_record() {
    let server = serve(&store(3, LONG)).await;
    let mut raw = connect(&server).await;
    let layout = open(&mut raw, OpenAccess::ReadWrite, true).await;
    raw.ask(&[by_key(Which::KeyAt, Share::Update, 1)]).await;
    assert_eq!(rrns(&raw.ask(&[get(Which::Next, Share::Read)]).await, layout), [2]);
    let update = S38Updat::new(name()).encode(TEXT).unwrap();
    assert_eq!(refusal(&send(&mut raw, &update, &slot(layout, 7)).await), "CPF501B");
}
