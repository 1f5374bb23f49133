//! Catalog procedures by hand: those that IBM's JDBC driver calls by their names.

use crate::raw::{Ask, TEXT, card, input, open, points, section, tables};
use crate::support::start;
use drdarrow::server::persona::{DERBY, LUW, Persona};
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::sql::execute::ExcSqlStt;

/// The call of a procedure by its name, with texts as its arguments; NULL for those that are empty.
async fn call(persona: &'static Persona, name: &str, arguments: &[&str], sets: i16) -> Vec<(CodePoint, Vec<u8>)> {
    let server = start(persona, &tables()).await;
    let mut raw = open(&server).await;
    let command = ExcSqlStt {
        prcnam: Some(name.to_owned()),
        maxrslcnt: Some(sets),
        qryblksz: Some(32_767),
        ..ExcSqlStt::new(section("SYSSTAT", 2))
    };
    let mut row = vec![0];
    for argument in arguments {
        if argument.is_empty() {
            row.push(0xFF);
        } else {
            row.extend([&[0, 0, argument.len() as u8][..], argument.as_bytes()].concat());
        }
    }
    let fields = vec![(0x3F, 128); arguments.len()];
    Ask::new().then(&command.encode(TEXT).unwrap(), &[input(&fields, &row)]).send(&mut raw).await
}

#[tokio::test]
async fn a_procedure_is_called_by_its_name() {
    let arguments = ["", "%", "N", "'TABLE'", "DATATYPE='JDBC';"];
    let got = call(&LUW, "SYSIBM.SQLTABLES", &arguments, -1).await;
    let set = [cp::RSLSETRM, cp::SQLCARD, cp::SQLRSLRD, cp::OPNQRYRM, cp::SQLCINRD, cp::QRYDSC, cp::QRYDTA];
    assert_eq!(points(&got), [&set[..], &[cp::ENDQRYRM, cp::SQLCARD]].concat());
    assert_eq!(card(&LUW, &got).sqlcode, 100);
    let rows = &got[6].1;
    let text = |text: &[u8]| rows.windows(text.len()).filter(|part| *part == text).count();
    assert_eq!((text(b"\x00\x05TABLE"), text(b"\x00\x01N")), (1, 1));
    // Derby's clients ask for the end themselves.
    let got = call(&DERBY, "SYSIBM.SQLTABLES", &arguments, -1).await;
    assert_eq!(points(&got), set);
}

#[tokio::test]
async fn another_procedure_is_refused() {
    let got = call(&LUW, "SYSIBM.NOTHING", &[""], -1).await;
    assert_eq!(card(&LUW, &got).sqlcode, -440);
    let got = call(&LUW, "SYSIBM.SQLTABLES", &[""], -1).await;
    assert!(card(&LUW, &got).sqlcode < 0);
    let got = call(&LUW, "SYSIBM.SQLTABLES", &["", "", "", "", ""], 0).await;
    assert_eq!(card(&LUW, &got).sqlcode, 464);
}
