//! The room that files, their descriptions and units of work may take, and that all of it is given back.

use crate::protocol::Raw;
use crate::record_requests::*;
use drdarrow::server::file::library::FileStore;
use drdarrow::server::file::rules::StoreError;
use drdarrow::wire::ccsid::codec::Codec;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::file::buffer::BufferLayout;
use drdarrow::wire::file::close::S38Close;
use drdarrow::wire::file::control::{Share, Which};
use drdarrow::wire::file::iofb::IoFeedback;
use drdarrow::wire::file::message::S38MsgRm;
use drdarrow::wire::file::open::{CommitLevel, OpenAccess, S38Open, Ufcb};
use drdarrow::wire::file::session::RllBckUow;
use drdarrow::wire::file::system_name::DclNam;
use drdarrow::wire::file::write::{S38PutM, S38Updat};

#[tokio::test]
async fn room_is_limited() {
    let files = FileStore::with_limits(100_000, LONG);
    let small = batch(3);
    files.put("LIB/F", &small.schema(), &[small], &options()).unwrap();
    let large = batch(200);
    let refused = files.put("LIB/G", &large.schema(), &[large], &options());
    assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
    let server = serve(&files).await;
    let mut raw = connect(&server).await;
    let layout = open(&mut raw, OpenAccess::Write, false).await;
    let put = S38PutM { dclnam: name() }.encode(TEXT).unwrap();
    let slots: Vec<u8> = (10..200).flat_map(|id| slot(layout, id)).collect();
    let got = send(&mut raw, &put, &slots).await;
    let count = IoFeedback::decode(&got[0].1).unwrap().records;
    assert!(message(&got) == "CPF5018" && (60..100).contains(&count), "{count}");
    assert_eq!(message(&raw.ask(&[S38Close::new(name()).encode(TEXT).unwrap()]).await), "");
    assert_eq!(message(&raw.ask(&[command("CLRPFM FILE(LIB/F)")]).await), "CPC3101");
    open(&mut raw, OpenAccess::Write, false).await;
    let got = send(&mut raw, &put, &slots[..layout.increment * 50]).await;
    assert_eq!(IoFeedback::decode(&got[0].1).unwrap().records, 50);
    for at in 0..40 {
        let made = message(&raw.ask(&[command(&format!("CRTPF FILE(QTEMP/F{at}) RCDLEN(10)"))]).await);
        if made != "CPC7301" {
            assert!(at > 2 && (made == "CPF7302" || made == "CPF7306"), "{at} {made}");
            return;
        }
    }
    panic!("files without end");
}

#[tokio::test]
async fn a_unit_of_work_has_an_end() {
    let server = serve(&store(3, LONG)).await;
    let mut raw = connect(&server).await;
    raw.ask(&[command("STRCMTCTL LCKLVL(*ALL)")]).await;
    let under = Ufcb { commit: Some(CommitLevel::All), ..ufcb(OpenAccess::ReadWrite, true) };
    raw.ask(&[S38Open { dclnam: name(), ufcb: under }.encode(TEXT).unwrap()]).await;
    let update = S38Updat::new(name()).encode(TEXT).unwrap();
    let layout = BufferLayout::of_server(1006, 2);
    let mut changed = 0;
    let full = loop {
        let got = raw.ask(&[by_key(Which::KeyAt, Share::Update, 1)]).await;
        let got = if points(&got) == [cp::S38BUF, cp::S38IOFB] {
            send(&mut raw, &update, &slot(layout, 1)).await
        } else {
            got
        };
        if points(&got) != [cp::S38IOFB] {
            break got;
        }
        changed += 1;
        assert!(changed < 20_000);
    };
    assert_eq!(message(&full), "CPF5018");
    assert!(changed > 5_000);
    let got = raw.ask(&[RllBckUow { luwhldcsr: true }.encode(TEXT).unwrap()]).await;
    assert_eq!(points(&got), [cp::ENDUOWRM]);
    assert_eq!(rrns(&raw.ask(&[by_key(Which::KeyAt, Share::Update, 1)]).await, layout), [1]);
    assert_eq!(points(&send(&mut raw, &update, &slot(layout, 1)).await), [cp::S38IOFB]);
}

/// Fills QTEMP/SRC with lines of source.
async fn source(raw: &mut Raw, lines: &[String]) {
    let fresh = ["DLTF QTEMP/SRC", "CRTSRCPF QTEMP/SRC RCDLEN(92) MBR(SRC)"];
    for text in fresh {
        raw.ask(&[command(text)]).await;
    }
    let declared = DclNam::numbered(9);
    let source = Ufcb { file: "SRC".into(), library: "QTEMP".into(), format: None, ..ufcb(OpenAccess::Write, false) };
    raw.ask(&[S38Open { dclnam: declared, ufcb: source }.encode(TEXT).unwrap()]).await;
    let layout = BufferLayout::of_server(92, 3);
    let codec = Codec::new(37).unwrap();
    let slot = |line: &String| {
        let mut out = layout.blank(1);
        out[..12].fill(0xF0);
        let mut text = Vec::new();
        codec.encode(&format!("{line:80}"), &mut text).unwrap();
        out[12..92].copy_from_slice(&text);
        out
    };
    for block in lines.chunks(1000) {
        let slots: Vec<u8> = block.iter().flat_map(slot).collect();
        let got = send(raw, &S38PutM { dclnam: declared }.encode(TEXT).unwrap(), &slots).await;
        assert_eq!(points(&got), [cp::S38IOFB]);
    }
    raw.ask(&[S38Close::new(declared).encode(TEXT).unwrap()]).await;
}

#[tokio::test]
async fn descriptions_take_room_too() {
    const ROOM: usize = 64 << 20;
    let files = FileStore::with_limits(ROOM, LONG);
    let server = serve(&files).await;
    let mut raw = connect(&server).await;
    let field = |at: usize| format!("                  F{at:05}         1A         TEXT('field')");
    let head = "                R WIDER".to_owned();
    let mut lines: Vec<String> = [head].into_iter().chain((0..8000).map(field)).collect();
    source(&mut raw, &lines).await;
    let mut made = 0;
    loop {
        let got = raw.ask(&[command(&format!("CRTPF QGPL/W{made} SRCFILE(QTEMP/SRC) SRCMBR(SRC) MBR(*NONE)"))]).await;
        if message(&got) != "CPC7301" {
            assert_eq!(message(&got), "CPF7302");
            break;
        }
        made += 1;
    }
    // Each of them is some megabytes of names and texts.
    assert!((2..20).contains(&made), "{made}");
    // And so are the rows about them, of which there is not room for all.
    let all = command("DSPFFD FILE(QGPL/*ALL) OUTPUT(*OUTFILE) OUTFILE(QTEMP/X)");
    assert!(message(&raw.ask(&[all]).await).starts_with("CPF"));
    for file in 0..made {
        assert_eq!(message(&raw.ask(&[command(&format!("DLTF QGPL/W{file}"))]).await), "CPC2191");
    }
    // What cannot be is refused, whatever it would cost.
    for (line, times, why) in [
        (field(8000), 1, "8001 fields"),
        ("                K F00001".to_owned(), 121, "121 fields"),
        (field(1), 1, "twice"),
    ] {
        lines.truncate(if line.contains("F08000") { 8001 } else { 10 });
        lines.extend(std::iter::repeat_n(line, times));
        source(&mut raw, &lines).await;
        let got = raw.ask(&[command("CRTPF QGPL/W SRCFILE(QTEMP/SRC) SRCMBR(SRC)")]).await;
        let said = S38MsgRm::decode(&got[0].1, TEXT).unwrap();
        let text = String::from_utf8(
            said.s38mtext
                .map(|t| {
                    let mut out = Vec::new();
                    Codec::new(37).unwrap().decode(&t.0, &mut out).unwrap();
                    out
                })
                .unwrap(),
        )
        .unwrap();
        assert!(text.contains(why), "{text}");
    }
    // All is given back.
    let left = room_left(&mut raw).await;
    assert!(left > ROOM / 1100, "{left}");
}

/// Records of a thousand bytes that there is still room for.
async fn room_left(raw: &mut Raw) -> usize {
    raw.ask(&[command("DLTF QTEMP/SRC")]).await;
    raw.ask(&[command("DLTF QTEMP/X")]).await;
    raw.ask(&[command("CRTPF QTEMP/BIG RCDLEN(1000)")]).await;
    let declared = DclNam::numbered(8);
    let big = Ufcb { file: "BIG".into(), library: "QTEMP".into(), format: None, ..ufcb(OpenAccess::Write, false) };
    raw.ask(&[S38Open { dclnam: declared, ufcb: big }.encode(TEXT).unwrap()]).await;
    let layout = BufferLayout::of_server(1000, 1);
    let mut count = 0;
    loop {
        let got = send(raw, &S38PutM { dclnam: declared }.encode(TEXT).unwrap(), &layout.blank(500)).await;
        count += usize::from(IoFeedback::decode(&got[0].1).unwrap().records);
        if points(&got) != [cp::S38IOFB] {
            return count;
        }
    }
}
