//! Commands of the control language as people write them, and what the system says to each: the
//! identifiers that programs look at.

use crate::protocol::Raw;
use crate::record_requests::*;
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use drdarrow::server::file::library::{FileOptions, FileStore};
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::file::message::S38MsgRm;
use drdarrow::wire::file::open::{OpenAccess, S38Open, Ufcb};
use drdarrow::wire::file::system_name::DclNam;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(50);

/// The identifiers of all messages that a command gives.
async fn said(raw: &mut Raw, text: &str) -> Vec<String> {
    let got = raw.ask(&[command(text)]).await;
    got.iter()
        .map(|(point, body)| {
            assert_eq!(*point, cp::S38MSGRM, "{text}");
            S38MsgRm::decode(body, TEXT).unwrap().id().to_owned()
        })
        .collect()
}

async fn check(raw: &mut Raw, cases: &[(&str, &[&str])]) {
    for (text, ids) in cases {
        assert_eq!(said(raw, text).await, *ids, "{text}");
    }
}

fn column(files: &FileStore, name: &str, column: &str) -> Vec<String> {
    let batch = files.get(name).unwrap();
    batch[column].as_string::<i32>().iter().map(|v| v.unwrap_or("NULL").trim_end().to_owned()).collect()
}

#[tokio::test]
async fn spellings() {
    let files = store(3, SHORT);
    let server = serve(&files).await;
    let mut raw = connect(&server).await;
    check(
        &mut raw,
        &[
            ("chkobj obj(lib/f) objtype(*file)", &[""]),
            ("  Qsys/ChkObj   Lib/F   *File  ", &[""]),
            ("CHKOBJ OBJTYPE(*FILE) MBR(F) OBJ(LIB/F)", &[""]),
            ("CHKOBJ *LIBL/F *FILE", &[""]),
            ("CHKOBJ F *FILE MBR(*FIRST)", &[""]),
            ("CHKOBJ *CURLIB/F *FILE", &["CPF9801"]),
            ("CHKOBJ LIB/F *FILE MBR(NOPE)", &["CPF9815"]),
            ("CHKOBJ NOPE/F *FILE", &["CPF9810"]),
            ("CHKOBJ NOPE *LIB", &["CPF9801"]),
            ("CHKOBJ LIB/F", &["CPD0071", "CPF0006"]),
            ("CHKOBJ LIB/F *PGM", &["CPD0084", "CPF0006"]),
            ("CRTPF FILE(LIB/NEW) RCDLEN(20) TEXT('it''s (new)') MBR(*NONE)", &["CPC7301"]),
            ("CRTPF FILE(LIB/NEW) RCDLEN(20)", &["CPF5813"]),
            ("CRTPF LIB/TWICE RCDLEN(20) RCDLEN(30)", &["CPD0041", "CPF0006"]),
            ("CRTPF LIB/NONE RCDLEN(x)", &["CPD0074", "CPF0006"]),
            ("CRTPF LIB/NONE RCDLEN(-1)", &["CPD0074", "CPF0006"]),
            ("CRTPF LIB/NONE RCDLEN(99999999999)", &["CPD0074", "CPF0006"]),
            ("CRTPF LIB/NONE RCDLEN(40000)", &["CPF7302"]),
            ("CRTPF LIB/NONE", &["CPD0071", "CPF0006"]),
            ("CRTPF RCDLEN(10)", &["CPD0071", "CPF0006"]),
            ("CRTPF LIB/NONE RCDLEN(10) CCSID(7)", &["CPD0084", "CPF0006"]),
            ("CRTPF LIB/NONE RCDLEN(10) REUSEDLT(PERHAPS)", &["CPD0084", "CPF0006"]),
            ("CRTPF LIB/TOOLONGNAME RCDLEN(10)", &["CPF7302"]),
            ("CRTPF NOLIB/X RCDLEN(10)", &["CPF2110"]),
            ("ADDPFM LIB/NEW M1 'the first'", &["CPC7305"]),
            ("ADDPFM LIB/NEW", &["CPD0071", "CPF0006"]),
            ("ADDPFM LIB/NEW M1", &["CPF5812"]),
            ("RMVM LIB/NEW", &["CPD0071", "CPF0006"]),
            ("RMVM LIB/NEW NOPE", &["CPF3141", "CPF7310"]),
            ("RMVM LIB/NEW M1", &["CPC7309"]),
            ("CLRPFM LIB/NEW", &["CPF3141"]),
            ("CLRPFM LIB/NOPE", &["CPF3142"]),
            ("DSPFFD LIB/NOPE *OUTFILE QTEMP/X", &["CPF3012", "CPF3011"]),
            ("DSPFFD NOLIB/F *OUTFILE QTEMP/X", &["CPF3064"]),
            ("DSPFFD LIB/F *OUTFILE", &["CPD0071", "CPF0006"]),
            ("DSPFFD LIB/F *ELSEWHERE", &["CPD0084", "CPF0006"]),
            ("DSPFFD LIB/F", &[""]),
            ("DSPFD LIB/F TYPE(*SPOOL) OUTPUT(*OUTFILE) OUTFILE(QTEMP/X)", &["CPD0084", "CPF0006"]),
            ("STRCMTCTL", &["CPD0071", "CPF0006"]),
            ("STRCMTCTL *SOME", &["CPD0084", "CPF0006"]),
            ("STRCMTCTL *CHG", &["CPI8351"]),
            ("STRCMTCTL *ALL", &["CPF8351"]),
            ("COMMIT", &["CPC8350"]),
            ("ROLLBACK", &["CPC8351"]),
            ("ENDCMTCTL", &["CPI8351"]),
            ("ENDCMTCTL", &["CPF8350"]),
            ("DLTF LIB/NEW", &["CPC2191"]),
            ("DLTF LIB/NEW", &["CPF2105"]),
            ("DLTF NOLIB/NEW", &["CPF2110"]),
            ("NOSUCHCMD", &["CPD0030", "CPF0006"]),
            ("CRTPF FILE(LIB/X", &["CPF0006"]),
            ("", &["CPF0006"]),
        ],
    )
    .await;
    assert_eq!(files.names(), ["LIB/F"]);
}

#[tokio::test]
async fn locks_of_objects() {
    let files = store(1, SHORT);
    let server = serve(&files).await;
    let (mut mine, mut other) = (connect(&server).await, connect(&server).await);
    check(
        &mut mine,
        &[
            ("ADDPFM LIB/F M2", &["CPC7305"]),
            // Without a member it is the first one.
            ("ALCOBJ OBJ((LIB/F *FILE *EXCL)) WAIT(*CLS)", &[""]),
            ("ALCOBJ OBJ((LIB/NOPE *FILE *EXCL))", &["CPF9801"]),
            ("ALCOBJ OBJ((LIB/F *FILE *EXCL NOPE))", &["CPF9815"]),
            ("ALCOBJ OBJ((LIB/F *FILE *MINE))", &["CPD0084", "CPF0006"]),
            ("ALCOBJ OBJ((LIB/F *FILE *EXCL)) WAIT(LONG)", &["CPD0074", "CPF0006"]),
            ("ALCOBJ", &["CPD0084", "CPF0006"]),
        ],
    )
    .await;
    check(
        &mut other,
        &[
            ("ALCOBJ ((LIB/F *FILE *SHRRD F))", &["CPF1002"]),
            ("ALCOBJ (LIB/F *FILE *EXCL M2) WAIT(0)", &[""]),
            // All or none: the second one is not to be had.
            ("CRTPF LIB/G RCDLEN(10)", &["CPC7301"]),
            ("ALCOBJ ((LIB/G *FILE *EXCL) (LIB/F *FILE *EXCL F)) 0", &["CPF1002"]),
            ("DLCOBJ (LIB/G *FILE *EXCL)", &["CPF1005"]),
            ("RMVM LIB/F F", &["CPF3130", "CPF7310"]),
            ("CLRPFM LIB/F", &["CPF3130"]),
            ("DLTF LIB/F", &["CPF3202"]),
            ("DLCOBJ (LIB/F *FILE *EXCL M2)", &[""]),
            ("DLCOBJ (LIB/F *FILE *EXCL M2)", &["CPF1005"]),
        ],
    )
    .await;
    check(&mut mine, &[("ALCOBJ (LIB/G *FILE *EXCL) 0", &[""]), ("DLCOBJ (LIB/F *FILE *EXCL F)", &[""])]).await;
    // The rest goes with the connection.
    drop(mine);
    check(&mut other, &[("ALCOBJ (LIB/F *FILE *EXCL) 5", &[""])]).await;
    let mut left = said(&mut other, "DLTF LIB/G").await;
    for _ in 0..50 {
        if left == ["CPC2191"] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        left = said(&mut other, "DLTF LIB/G").await;
    }
    panic!("{left:?}");
}

#[tokio::test]
async fn outfiles_are_replaced_or_added_to() {
    let files = store(1, SHORT);
    let server = serve(&files).await;
    let (mut raw, mut other) = (connect(&server).await, connect(&server).await);
    let fields = |more: &str| format!("DSPFFD FILE(LIB/F) OUTPUT(*OUTFILE) OUTFILE(LIB/OUT) {more}");
    assert_eq!(said(&mut raw, &fields("")).await, ["CPF9861"]);
    assert_eq!(column(&files, "LIB/OUT", "WHFLDE"), ["ID", "TXT"]);
    assert_eq!(said(&mut raw, &fields("OUTMBR(*FIRST *ADD)")).await, ["CPF3030"]);
    assert_eq!(column(&files, "LIB/OUT", "WHFLDE"), ["ID", "TXT", "ID", "TXT"]);
    assert_eq!(said(&mut raw, &fields("OUTMBR(SECOND)")).await, ["CPF3030"]);
    assert_eq!(files.get_member("LIB/OUT", "SECOND").unwrap().num_rows(), 2);
    assert_eq!(said(&mut raw, &fields("OUTMBR(*FIRST *REPLACE)")).await, ["CPF3030"]);
    assert_eq!(column(&files, "LIB/OUT", "WHFLDE"), ["ID", "TXT"]);
    for wrong in ["OUTMBR(*ALL)", "OUTMBR(*FIRST *SOMEHOW)", "OUTMBR(*FIRST (*ADD))"] {
        assert_eq!(said(&mut raw, &fields(wrong)).await, ["CPD0084", "CPF0006"], "{wrong}");
    }
    // All of a library, with the file that it goes into among them.
    let members = "DSPFD FILE(LIB/*ALL) TYPE(*MBR) OUTPUT(*OUTFILE) OUTFILE(LIB/MBRS)";
    assert_eq!(said(&mut raw, members).await, ["CPF9861"]);
    assert_eq!(said(&mut raw, members).await, ["CPF3030"]);
    assert_eq!(column(&files, "LIB/MBRS", "MBNAME"), ["F", "MBRS", "OUT", "SECOND"]);
    assert_eq!(said(&mut raw, "DSPFD LIB/F *MBR *OUTFILE OUTFILE(LIB/OUT)").await, ["CPF9898"]);
    assert_eq!(said(&mut raw, "CRTPF QTEMP/OWN RCDLEN(7)").await, ["CPC7301"]);
    let own = "DSPFD QTEMP/O* *MBR *OUTFILE OUTFILE(LIB/MBRS)";
    assert_eq!(said(&mut raw, own).await, ["CPF3030"]);
    assert_eq!(column(&files, "LIB/MBRS", "MBNAME"), ["OWN"]);
    // Nobody's file is emptied while he reads it.
    let out = Ufcb { file: "OUT".into(), format: None, ..ufcb(OpenAccess::Read, false) };
    other.ask(&[S38Open { dclnam: DclNam::numbered(1), ufcb: out }.encode(TEXT).unwrap()]).await;
    assert_eq!(said(&mut raw, &fields("")).await, ["CPF3130"]);
    assert_eq!(said(&mut raw, &fields("OUTMBR(*FIRST *ADD)")).await, ["CPF3030"]);
}

#[tokio::test]
async fn descriptions_may_be_in_any_script() {
    let files = store(1, SHORT);
    let text = Field::new("T", DataType::Utf8, false).with_metadata(HashMap::from([
        ("drda:text".to_owned(), "Größe 数量, and more than the fifty characters that there is room for".to_owned()),
        ("drda:label".to_owned(), "数".to_owned()),
    ]));
    let values: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![text])), vec![values]).unwrap();
    let options = FileOptions { text: "日本".into(), ..FileOptions::default() };
    files.put("LIB/WIDE", &batch.schema(), &[batch], &options).unwrap();
    let server = serve(&files).await;
    let mut raw = connect(&server).await;
    assert_eq!(said(&mut raw, "DSPFFD LIB/WIDE *OUTFILE LIB/X").await, ["CPF9861"]);
    assert_eq!(column(&files, "LIB/X", "WHFTXT"), ["Größe ??, and more than the fifty characters that"]);
    assert_eq!(column(&files, "LIB/X", "WHCHD1"), ["?"]);
    assert_eq!(said(&mut raw, "DSPFD LIB/WIDE *MBR *OUTFILE OUTFILE(LIB/Y)").await, ["CPF9861"]);
    assert_eq!(column(&files, "LIB/Y", "MBMTXT"), ["??"]);
}

#[tokio::test]
async fn library_lists() {
    let files = store(1, SHORT);
    let server = serve(&files).await;
    let mut raw = connect(&server).await;
    check(
        &mut raw,
        &[
            ("CRTLIB OTHER", &["CPC2102"]),
            ("CRTLIB OTHER", &["CPF2111"]),
            ("CRTLIB *ALL", &["CPD0084", "CPF0006"]),
            ("CRTPF OTHER/F RCDLEN(5) MBR(OTHERS)", &["CPC7301"]),
            ("ADDLIBLE NOPE", &["CPF2110"]),
            // What is added comes first; the others are still there.
            ("ADDLIBLE OTHER", &["CPC2196"]),
            ("ADDLIBLE OTHER", &["CPF2103"]),
            ("CHKOBJ F *FILE MBR(OTHERS)", &[""]),
            ("RMVLIBLE OTHER", &["CPC2197"]),
            ("RMVLIBLE OTHER", &["CPF2104"]),
            ("CHKOBJ F *FILE MBR(F)", &[""]),
            ("ADDLIBLE OTHER *LAST", &["CPC2196"]),
            ("CHKOBJ F *FILE MBR(F)", &[""]),
            ("CHGCURLIB OTHER", &["CPC2101"]),
            ("CHKOBJ F *FILE MBR(OTHERS)", &[""]),
            ("CRTPF MADE RCDLEN(5)", &["CPC7301"]),
            ("CHKOBJ OTHER/MADE *FILE", &[""]),
            ("DLTLIB QGPL", &["CPF2113"]),
            ("DLTLIB OTHER", &["CPC2194"]),
            ("DLTLIB OTHER", &["CPF2110"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn pages_of_files() {
    let files = store(1, SHORT);
    let server = serve(&files).await;
    let mut raw = connect(&server).await;
    for (more, ccsid) in [("", "37"), ("CCSID(*JOB)", "37"), ("CCSID(273)", "273"), ("CCSID(*HEX)", "65535")] {
        assert_eq!(said(&mut raw, &format!("CRTPF LIB/P RCDLEN(9) {more}")).await, ["CPC7301"]);
        let batch = files.get("LIB/P").unwrap();
        assert_eq!(batch.schema().field(0).metadata()["drda:ccsid"], ccsid, "{more}");
        assert_eq!(said(&mut raw, "DLTF LIB/P").await, ["CPC2191"]);
    }
}

#[tokio::test]
async fn strange_commands_have_answers() {
    let files = store(1, SHORT);
    let server = serve(&files).await;
    let mut raw = connect(&server).await;
    let long = "A".repeat(32_000);
    let nested = format!("DSPFFD FILE{}{}", "(".repeat(9), ")".repeat(9));
    let many = format!("ALCOBJ OBJ({})", "(LIB/F *FILE *SHRRD F)".repeat(1000));
    for text in [
        long.clone(),
        format!("DLTF {long}"),
        format!("DLTF FILE(LIB/F) {long}(1)"),
        format!("DLTF FILE('{long}')"),
        format!("ADDPFM LIB/F MM TEXT('{long}')"),
        nested,
        // Letters that have no capitals in the page.
        "DLTF ÿ/µ".to_owned(),
        "ß FILE(ÿ)".to_owned(),
        "DSPFFD FILE(/) OUTPUT(*OUTFILE) OUTFILE(/)".to_owned(),
        "DSPFFD FILE(LIB/F) OUTPUT(*OUTFILE) OUTFILE(LIB/*ALL)".to_owned(),
        "DSPFFD FILE() OUTPUT()".to_owned(),
        "CRTPF FILE(QTEMP/) RCDLEN(5)".to_owned(),
        "CRTPF FILE(QTEMP/X) SRCFILE(LIB/F) SRCMBR(F)".to_owned(),
        many,
    ] {
        let ids = said(&mut raw, &text).await;
        assert!(!ids.is_empty(), "{}", &text[..text.len().min(40)]);
    }
    assert_eq!(said(&mut raw, "CHKOBJ LIB/F *FILE").await, [""]);
}
