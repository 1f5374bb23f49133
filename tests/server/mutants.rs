//! Commands of record access that are nearly right: cut at every byte, with every byte wrong, with
//! lengths and numbers beyond all that follows; and commands of the control language put together by
//! chance. The server answers or hangs up, at once, and goes on as before.

use crate::protocol::Raw;
use crate::record_requests::*;
use drdarrow::server::file::library::FileStore;
use drdarrow::server::listen::Server;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::file::buffer::{self, BufferLayout};
use drdarrow::wire::file::close::{S38Close, S38Feod};
use drdarrow::wire::file::control::{Share, Which};
use drdarrow::wire::file::open::{CommitLevel, OpenAccess, S38Open, Ufcb};
use drdarrow::wire::file::read::{S38GetD, S38GetM};
use drdarrow::wire::file::session::{CmmUow, Pool, RllBckUow, SxxAspRq};
use drdarrow::wire::file::system_name::DclNam;
use drdarrow::wire::file::write::{S38Del, S38PutM, S38Updat};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

/// Ten times what an answer takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection with a file that is open, for as long as the server lets it live.
struct Asker<'a> {
    server: &'a Server,
    raw: Option<Raw>,
}

impl Asker<'_> {
    async fn ask(&mut self, asked: &[u8], object: Option<&[u8]>) {
        let mut raw = match self.raw.take() {
            Some(raw) => raw,
            None => {
                let mut raw = connect(self.server).await;
                assert_eq!(message(&raw.ask(&[command("STRCMTCTL LCKLVL(*ALL)")]).await), "CPI8351");
                open(&mut raw, OpenAccess::ReadWrite, true).await;
                raw
            }
        };
        let mut chain = Chain::new();
        chain.command(asked);
        if let Some(object) = object {
            chain.object(object);
        }
        let started = Instant::now();
        let sent = raw.0.write_all(&chain.into_bytes()).await.is_ok();
        let got = if sent { raw.answer().await } else { Vec::new() };
        assert!(started.elapsed() < PATIENCE, "{asked:02X?}");
        // After a complaint about the form the server hangs up; after S38CLOSE there is nothing to ask for.
        assert!(!got.is_empty(), "no reply to {asked:02X?}");
        let over = got.iter().any(|(point, _)| *point == cp::SYNTAXRM);
        self.raw = (!over && asked[2..4] != cp::S38CLOSE.number().to_be_bytes()).then_some(raw);
    }
}

fn commands() -> Vec<Vec<u8>> {
    let under = Ufcb { commit: Some(CommitLevel::All), ..ufcb(OpenAccess::ReadWrite, true) };
    vec![
        S38Open { dclnam: DclNam::numbered(3), ufcb: under }.encode(TEXT).unwrap(),
        get(Which::Next, Share::Update),
        S38GetM::new(name(), Which::Next, Share::Read, 3).encode(TEXT).unwrap(),
        S38GetD::new(name(), Share::Read, "F", 2).encode(TEXT).unwrap(),
        by_key(Which::KeyAtOrAfter, Share::Update, 2),
        S38PutM { dclnam: name() }.encode(TEXT).unwrap(),
        S38Updat::new(name()).encode(TEXT).unwrap(),
        S38Del { dclnam: name(), optl: None }.encode(TEXT).unwrap(),
        S38Feod::before_first(name()).encode(TEXT).unwrap(),
        command("ADDPFM LIB/F M"),
        S38Close::new(name()).encode(TEXT).unwrap(),
        CmmUow { luwhldcsr: true }.encode(TEXT).unwrap(),
        RllBckUow { luwhldcsr: true }.encode(TEXT).unwrap(),
        SxxAspRq { rdbnam: Pool("P".into()) }.encode(TEXT).unwrap(),
    ]
}

async fn still_serves(server: &Server, files: &FileStore) {
    let mut raw = connect(server).await;
    assert_eq!(message(&raw.ask(&[command("CHKOBJ OBJ(LIB/F) OBJTYPE(*FILE)")]).await), "");
    assert!(files.get("LIB/F").is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_byte_of_every_command() {
    let files = store(3, Duration::from_millis(1));
    let server = serve(&files).await;
    let layout = BufferLayout::of_server(1006, 2);
    let slots = buffer::encode(&slot(layout, 9));
    let mut asker = Asker { server: &server, raw: None };
    for good in commands() {
        let object = matches!(good[3], 0x13 | 0x19 | 0x0B).then_some(slots.as_slice());
        for at in 4..good.len() {
            asker.ask(&good[..at], object).await;
            // A length that fits what is left, so that the cut is deeper inside.
            let mut cut = good[..at].to_vec();
            cut[..2].copy_from_slice(&(at as u16).to_be_bytes());
            asker.ask(&cut, object).await;
            for byte in [0x00, 0x7F, 0x80, 0xFF] {
                let mut wrong = good.clone();
                wrong[at] = byte;
                asker.ask(&wrong, object).await;
                if at + 4 <= good.len() {
                    wrong[at..at + 4].fill(byte);
                    asker.ask(&wrong, object).await;
                }
            }
        }
    }
    still_serves(&server, &files).await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_that_are_none() {
    let files = store(3, Duration::from_millis(1));
    let server = serve(&files).await;
    let layout = BufferLayout::of_server(1006, 2);
    let mut asker = Asker { server: &server, raw: None };
    for good in commands().into_iter().filter(|c| matches!(c[3], 0x13 | 0x19 | 0x0B)) {
        for object in [
            vec![],
            vec![0],
            vec![0, 4],
            vec![0, 4, 0xD4, 0x05],
            vec![0xFF, 0xFF, 0xD4, 0x05],
            // A long object that claims more than it has, all there is, and nothing.
            [&[0x80, 0x08, 0xD4, 0x05, 0xFF, 0xFF, 0xFF, 0xFF][..], &slot(layout, 9)].concat(),
            [&[0x80, 0x08, 0xD4, 0x05, 0x7F, 0xFF, 0xFF, 0xFF][..], &slot(layout, 9)].concat(),
            [0x80, 0x08, 0xD4, 0x05, 0, 0, 0, 0].to_vec(),
            [0x80, 0x10, 0xD4, 0x05, 0xFF, 0xFF, 0xFF, 0xFF].to_vec(),
            buffer::encode(&[]),
            buffer::encode(&slot(layout, 9)[1..]),
            buffer::encode(&slot(layout, 9).repeat(40)[..40_000]),
            [buffer::encode(&slot(layout, 9)), buffer::encode(&slot(layout, 10))].concat(),
        ] {
            asker.ask(&good, Some(&object)).await;
        }
    }
    still_serves(&server, &files).await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn control_language_by_chance() {
    const WORDS: &[&str] = &[
        "CRTPF",
        "CRTSRCPF",
        "DSPFFD",
        "DSPFD",
        "DLTF",
        "ADDPFM",
        "RMVM",
        "CLRPFM",
        "CHGPF",
        "CRTLIB",
        "DLTLIB",
        "ALCOBJ",
        "DLCOBJ",
        "CHKOBJ",
        "STRCMTCTL",
        "ENDCMTCTL",
        "COMMIT",
        "ROLLBACK",
        "ADDLIBLE",
        "RMVLIBLE",
        "CHGCURLIB",
        "FILE",
        "OUTPUT",
        "OUTFILE",
        "TYPE",
        "MBR",
        "OBJ",
        "LIB",
        "RCDLEN",
        "SRCFILE",
        "SRCMBR",
        "LCKLVL",
        "OUTMBR",
        "TEXT",
        "LIB/F",
        "LIB/G",
        "QTEMP/X",
        "QGPL/Y",
        "*LIBL/F",
        "*CURLIB/F",
        "LIB/*ALL",
        "*ALL",
        "*FIRST",
        "*LAST",
        "*OUTFILE",
        "*MBR",
        "*ACCPTH",
        "*FILE",
        "*EXCL",
        "*SHRRD",
        "*CHG",
        "*YES",
        "F",
        "M2",
        "10",
        "92",
        "32766",
        "-1",
        "0",
        "'it''s'",
        "''",
        "'",
        "/",
        "//",
        "*",
        "(",
        ")",
        "((",
        "))",
        ",",
        ".",
        "\u{e9}",
    ];
    let files = FileStore::with_limits(4 << 20, Duration::from_millis(1));
    let rows = batch(3);
    files.put("LIB/F", &rows.schema(), &[rows], &options()).unwrap();
    let server = serve(&files).await;
    let mut raw = connect(&server).await;
    let mut seed = 11u64;
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for _ in 0..4000 {
        // A command, and after it parameters that are more or less in brackets.
        let mut text = WORDS[random(21)].to_owned();
        for _ in 0..random(6) {
            let (word, value) = (WORDS[random(WORDS.len())], WORDS[random(WORDS.len())]);
            text += &match random(4) {
                0 => format!(" {word}"),
                1 => format!(" {word}({value})"),
                2 => format!(" {word}({value} {})", WORDS[random(WORDS.len())]),
                _ => format!(" {word}(({value} *FILE *EXCL))"),
            };
        }
        let started = Instant::now();
        let got = raw.ask(&[command(&text)]).await;
        assert!(!got.is_empty() && got.iter().all(|(point, _)| *point == cp::S38MSGRM), "{text}: {got:02X?}");
        assert!(started.elapsed() < PATIENCE, "{text}");
    }
    drop(raw);
    server.shutdown().await;
}
