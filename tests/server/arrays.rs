//! Arrays of rows: every form in which they come, atomic or not, and what is in the table afterwards.

use crate::protocol::Raw;
use crate::raw::{Ask, card, input, open, points, section, tables};
use crate::support::{column, connect, rows, start, start_with, table};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, Int32Array, StringArray};
use drdarrow::server::listen::Server;
use drdarrow::server::persona::{DERBY, IBMI, LUW, Packages, Persona, ZOS};
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::reply::Reply;
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::sql::bind::{BgnBnd, EndBnd};
use drdarrow::wire::sql::execute::{ExcSqlStt, extdta};
use drdarrow::wire::sql::query::OpnQry;
use drdarrow::wire::sql::sqlca::Sqlca;
use drdarrow::wire::sql::uow::RdbCmm;

const TEXT: DdmText = DdmText::Ebcdic;
const INTEGER: (u8, u16) = (0x03, 4);
const VARCHAR: (u8, u16) = (0x3F, 0x7FFF);
/// A CLOB with a placeholder of nine bytes, as IBM's CLI driver sends a string that was described as long.
const LONG: (u8, u16) = (0xCF, 0x8009);
const INSERT: &str = "INSERT INTO N VALUES (?)";

type Got = Vec<(CodePoint, Vec<u8>)>;

fn run(nbrrow: Option<u32>, atmind: Option<u8>) -> Vec<u8> {
    ExcSqlStt { nbrrow, atmind, ..ExcSqlStt::new(section("SYSSH200", 1)) }.encode(TEXT).unwrap()
}

fn number(n: i32) -> Vec<u8> {
    [&[0, 0][..], &n.to_be_bytes()].concat()
}

fn numbers(all: &[i32]) -> Vec<u8> {
    all.iter().flat_map(|n| number(*n)).collect()
}

fn cards(persona: &Persona, got: &Got) -> Vec<Sqlca> {
    let cards = got.iter().filter(|(point, _)| *point == cp::SQLCARD);
    cards.map(|(_, body)| Sqlca::decode(body, 7, &persona.typdef).unwrap().unwrap()).collect()
}

/// Code and rows changed of each SQLCARD but that of the prepare.
fn told(got: &Got) -> Vec<(i32, i32)> {
    told_by(&LUW, got)
}

fn told_by(persona: &Persona, got: &Got) -> Vec<(i32, i32)> {
    cards(persona, got).iter().skip(1).map(|c| (c.sqlcode, c.errd[2])).collect()
}

async fn in_table(server: &Server, name: &str) -> Vec<i32> {
    let got = rows(&connect(server).await, &format!("SELECT * FROM {name}")).await;
    got.iter().flat_map(|b| b.column(0).as_primitive::<Int32Type>().values().to_vec()).collect()
}

async fn commit(raw: &mut Raw) {
    let got = Ask::new().then(&RdbCmm { rlsconv: None }.encode(TEXT).unwrap(), &[]).send(raw).await;
    assert_eq!(points(&got), [cp::ENDUOWRM, cp::SQLCARD]);
}

/// Where statements run in packages that were bound, one is.
async fn bind(raw: &mut Raw, persona: &Persona) {
    if persona.packages == Packages::Bound {
        let name = section("SYSSH200", 1);
        let begin = BgnBnd::new(name.pkgnamct()).encode(TEXT).unwrap();
        let end = EndBnd { pkgnamct: name.pkgnamct(), maxsctnbr: None }.encode(TEXT).unwrap();
        let got = Ask::new().then(&begin, &[]).then(&end, &[]).send(raw).await;
        assert_eq!(points(&got), [cp::SQLCARD; 2]);
    }
}

/// Makes K of 1, 2 and 3, which are its key.
async fn make_keyed(raw: &mut Raw) {
    let create = "CREATE TABLE K (A INTEGER NOT NULL PRIMARY KEY)";
    Ask::new().prepare(create).then(&run(None, None), &[]).send(raw).await;
    let data = [input(&[INTEGER], &numbers(&[1, 2, 3]))];
    Ask::new().prepare("INSERT INTO K VALUES (?)").then(&run(Some(3), None), &data).send(raw).await;
    commit(raw).await;
}

async fn insert(raw: &mut Raw, command: &[u8], objects: &[Vec<u8>]) -> Got {
    Ask::new().prepare(INSERT).then(command, objects).send(raw).await
}

#[tokio::test]
async fn every_form_of_an_array_arrives_whole() {
    for persona in [&LUW, &IBMI, &ZOS] {
        let rows = numbers(&[7, 8, 9]);
        let ended = [&rows[..], &[0xFD]].concat();
        let one = |data: &[u8]| input(&[INTEGER], data);
        let forms = [
            (3, vec![one(&rows)]),
            (2000, vec![one(&ended)]),
            (3, vec![one(&number(7)), one(&number(8)), one(&number(9))]),
            (5, vec![one(&number(7)), one(&number(8)), one(&number(9)), one(&[0xFD]), one(&[0xFD])]),
            (9, vec![one(&numbers(&[7, 8])), one(&[&number(9)[..], &[0xFD]].concat())]),
        ];
        for (nbrrow, objects) in forms {
            for atmind in [None, Some(0), Some(1)] {
                let server = start(persona, &tables()).await;
                let mut raw = open(&server).await;
                bind(&mut raw, persona).await;
                let got = insert(&mut raw, &run(Some(nbrrow), atmind), &objects).await;
                let each = vec![(0, 1); 3];
                assert_eq!(
                    told_by(persona, &got),
                    if atmind == Some(1) { each } else { vec![(0, 3)] },
                    "{nbrrow} {atmind:?}"
                );
                assert_eq!(points(&got).iter().filter(|p| **p == cp::RDBUPDRM).count(), 1);
                commit(&mut raw).await;
                assert_eq!(in_table(&server, "N").await, [1, 2, 3, 7, 8, 9]);
            }
        }
    }
}

#[tokio::test]
async fn rows_and_their_number_agree_or_nothing_is_stored() {
    let one = |data: &[u8]| input(&[INTEGER], data);
    let (two, three) = (numbers(&[7, 8]), numbers(&[7, 8, 9]));
    let text = extdta(b"x", true, None).unwrap();
    let wrong: Vec<(Option<u32>, Vec<Vec<u8>>, CodePoint)> = vec![
        (Some(2), vec![one(&three)], cp::DTAMCHRM),
        (Some(4), vec![one(&three)], cp::DTAMCHRM),
        (None, vec![one(&two)], cp::DTAMCHRM),
        (None, vec![one(&number(7)), one(&number(8))], cp::DTAMCHRM),
        (Some(3), vec![one(&number(7)), one(&number(8))], cp::DTAMCHRM),
        (Some(1), vec![one(&number(7)), one(&number(8))], cp::DTAMCHRM),
        // Rows after the byte that ends them.
        (Some(9), vec![one(&number(7)), one(&[0xFD]), one(&number(8))], cp::DTAMCHRM),
        (Some(9), vec![one(&[&two[..], &[0xFD, 0xFD]].concat())], cp::SYNTAXRM),
        // A row that is cut.
        (Some(3), vec![one(&three[..three.len() - 1])], cp::SYNTAXRM),
        // Another description, a large value that no row has, none where one belongs, no data at all.
        (Some(2), vec![one(&number(7)), input(&[(0x05, 2)], &[0, 0, 0, 8])], cp::DTAMCHRM),
        (Some(1), vec![one(&number(7)), text.clone()], cp::DTAMCHRM),
        (Some(1), vec![text, one(&number(7))], cp::DTAMCHRM),
        (Some(2), vec![], cp::DTAMCHRM),
    ];
    for (n, (nbrrow, objects, expected)) in wrong.into_iter().enumerate() {
        for atmind in [None, Some(1)] {
            let server = start(&LUW, &tables()).await;
            let mut raw = open(&server).await;
            let got = insert(&mut raw, &run(nbrrow, atmind), &objects).await;
            assert_eq!(points(&got), [cp::SQLCARD, expected], "{n}");
            assert!(raw.is_closed().await);
            assert_eq!(in_table(&server, "N").await, [1, 2, 3], "{n}");
        }
    }
}

#[tokio::test]
async fn a_bad_row_undoes_an_atomic_array_and_nothing_before_it() {
    for at in [0, 1, 2] {
        let server = start(&LUW, &MemoryTables::new()).await;
        let mut raw = open(&server).await;
        make_keyed(&mut raw).await;
        let sql = "INSERT INTO K VALUES (?)";
        let ask = |data: &[u8], n| (run(Some(n), None), input(&[INTEGER], data));
        let (command, data) = ask(&numbers(&[50]), 1);
        Ask::new().prepare(sql).then(&command, &[data]).send(&mut raw).await;
        let mut all = vec![7, 8, 9];
        all[at] = 2;
        let (command, data) = ask(&numbers(&all), 3);
        let got = Ask::new().then(&command, &[data]).send(&mut raw).await;
        assert_eq!(points(&got), [cp::SQLCARD]);
        assert_eq!(card(&LUW, &got).sqlcode, -803);
        commit(&mut raw).await;
        assert_eq!(in_table(&server, "K").await, [1, 2, 3, 50], "{at}");
    }
}

#[tokio::test]
async fn a_bad_row_of_an_array_that_is_not_atomic_is_left_out_and_told() {
    for at in [0, 1, 2] {
        let server = start(&LUW, &MemoryTables::new()).await;
        let mut raw = open(&server).await;
        make_keyed(&mut raw).await;
        let mut all = vec![7, 8, 9];
        all[at] = 2;
        let data = input(&[INTEGER], &numbers(&all));
        let command = run(Some(3), Some(1));
        let got = Ask::new().prepare("INSERT INTO K VALUES (?)").then(&command, &[data]).send(&mut raw).await;
        assert_eq!(points(&got), [cp::SQLCARD, cp::RDBUPDRM, cp::SQLCARD, cp::SQLCARD, cp::SQLCARD]);
        let mut expected = vec![(0, 1); 3];
        expected[at] = (-803, 0);
        assert_eq!(told(&got), expected);
        commit(&mut raw).await;
        all.remove(at);
        assert_eq!(in_table(&server, "K").await, [&[1, 2, 3][..], &all].concat());
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_spoils_no_other() {
    // What is no UTF-8, a text that is too long for its column, a key that is there twice.
    let rows = [(1, &b"a"[..]), (2, b"\xFF"), (3, b"toolong"), (1, b"b"), (5, b"e")];
    let data: Vec<u8> = rows
        .iter()
        .flat_map(|(n, text)| [&number(*n)[..], &[0], &(text.len() as u16).to_be_bytes(), text].concat())
        .collect();
    let server = start(&LUW, &tables()).await;
    let mut raw = open(&server).await;
    let create = "CREATE TABLE T (A INTEGER NOT NULL PRIMARY KEY, B VARCHAR(5))";
    Ask::new().prepare(create).then(&run(None, None), &[]).send(&mut raw).await;
    let data = [input(&[INTEGER, VARCHAR], &data)];
    let insert = "INSERT INTO T VALUES (?, ?)";
    let got = Ask::new().prepare(insert).then(&run(Some(5), Some(1)), &data).send(&mut raw).await;
    let codes: Vec<i32> = told(&got).iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [0, -330, -433, -803, 0]);
    let got = Ask::new().then(&run(Some(5), None), &data).send(&mut raw).await;
    assert_eq!(cards(&LUW, &got).len(), 1);
    assert_eq!(card(&LUW, &got).sqlcode, -330);
    commit(&mut raw).await;
    assert_eq!(in_table(&server, "T").await, [1, 5]);
}

#[tokio::test]
async fn what_is_wrong_with_the_statement_is_told_for_each_row() {
    let server = start(&LUW, &tables()).await;
    let mut raw = open(&server).await;
    let data = [input(&[INTEGER], &numbers(&[7, 8, 9]))];
    for (sql, code) in [("SELEKT", -518), ("SELECT * FROM N", -84), ("INSERT INTO N VALUES (5)", -313)] {
        for (atmind, answers) in [(None, 1), (Some(1), 3)] {
            Ask::new().prepare(sql).send(&mut raw).await;
            let got = Ask::new().then(&run(Some(3), atmind), &data).send(&mut raw).await;
            let codes: Vec<i32> = cards(&LUW, &got).iter().map(|c| c.sqlcode).collect();
            assert_eq!(codes, vec![code; answers], "{sql}");
        }
    }
    let got = insert(&mut raw, &run(Some(3), Some(2)), &data).await;
    assert_eq!(points(&got), [cp::SQLCARD, cp::VALNSPRM]);
    assert_eq!(Reply::decode(cp::VALNSPRM, &got[1].1, TEXT).unwrap().codpnt, Some(cp::ATMIND));
    // No row at all.
    let got = Ask::new().then(&run(Some(9), Some(1)), &[input(&[INTEGER], &[0xFD])]).send(&mut raw).await;
    assert_eq!(points(&got), [cp::SQLCARD]);
    assert_eq!(in_table(&server, "N").await, [1, 2, 3]);
}

#[tokio::test]
async fn a_deletion_is_run_for_each_row() {
    let server = start(&LUW, &tables()).await;
    let mut raw = open(&server).await;
    let delete = "DELETE FROM N WHERE A = ?";
    let data = [input(&[INTEGER], &numbers(&[2, 7, 3]))];
    let got = Ask::new().prepare(delete).then(&run(Some(3), Some(1)), &data).send(&mut raw).await;
    assert_eq!(told(&got), [(0, 1), (100, 0), (0, 1)]);
    let data = [input(&[INTEGER], &numbers(&[8, 1]))];
    let got = Ask::new().then(&run(Some(2), None), &data).send(&mut raw).await;
    assert_eq!((card(&LUW, &got).sqlcode, card(&LUW, &got).errd[2]), (0, 1));
    commit(&mut raw).await;
    assert!(in_table(&server, "N").await.is_empty());
}

#[tokio::test]
async fn a_query_takes_one_row() {
    let server = start(&LUW, &tables()).await;
    let mut raw = open(&server).await;
    let opnqry = OpnQry::new(section("SYSSH200", 1), 32_767).encode(TEXT).unwrap();
    let one = |n| input(&[INTEGER], &number(n));
    let query = "SELECT * FROM N WHERE A = ?";
    let got = Ask::new().prepare(query).then(&opnqry, &[one(2)]).send(&mut raw).await;
    assert!(points(&got).contains(&cp::OPNQRYRM));
    let got = Ask::new().then(&opnqry, &[one(2), one(3)]).send(&mut raw).await;
    assert_eq!(points(&got), [cp::DTAMCHRM]);
    assert!(raw.is_closed().await);
}

#[tokio::test]
async fn derby_takes_no_arrays_and_drops_no_rows() {
    let data = [input(&[INTEGER], &numbers(&[7, 8, 9]))];
    for (command, refusal) in [(run(Some(3), None), cp::PRMNSPRM), (run(Some(3), Some(1)), cp::SYNTAXRM)] {
        let server = start(&DERBY, &tables()).await;
        let mut raw = open(&server).await;
        assert_eq!(points(&insert(&mut raw, &command, &data).await), [cp::SQLCARD, refusal]);
        assert_eq!(in_table(&server, "N").await, [1, 2, 3]);
    }
    let server = start(&DERBY, &tables()).await;
    let mut raw = open(&server).await;
    insert(&mut raw, &run(Some(1), None), &[input(&[INTEGER], &number(7))]).await;
    commit(&mut raw).await;
    assert_eq!(in_table(&server, "N").await, [1, 2, 3, 7]);
}

#[tokio::test]
async fn a_hundred_thousand_rows_with_a_large_value_each() {
    const ROWS: usize = 100_000;
    let tables = tables();
    tables.put("T", table(vec![column("A", Int32Array::from(vec![0])), column("B", StringArray::from(vec![""]))]));
    let server = start(&LUW, &tables).await;
    let mut raw = open(&server).await;
    let mut objects = Vec::with_capacity(2 * ROWS);
    let mut expected = vec![Some(String::new())];
    for n in 0..ROWS {
        let text = (n % 5 != 0).then(|| "ü".repeat(n % 7));
        let length = text.as_ref().map_or(0, String::len) as u64;
        let value = match &text {
            Some(_) => [&[0, 2][..], &length.to_be_bytes()].concat(),
            None => vec![0xFF],
        };
        objects.push(input(&[INTEGER, LONG], &[number(n as i32), value].concat()));
        objects.extend(text.iter().filter(|t| !t.is_empty()).map(|t| extdta(t.as_bytes(), true, None).unwrap()));
        expected.push(text);
    }
    for _ in 0..1000 {
        objects.push(input(&[INTEGER, LONG], &[0xFD]));
    }
    let prepare = Ask::new().prepare("INSERT INTO T VALUES (?, ?)");
    let got = prepare.then(&run(Some(ROWS as u32 + 1000), Some(1)), &objects).send(&mut raw).await;
    assert_eq!(told(&got), vec![(0, 1); ROWS]);
    commit(&mut raw).await;
    let got = rows(&connect(&server).await, "SELECT * FROM T").await;
    let ids: Vec<i32> = got.iter().flat_map(|b| b.column(0).as_primitive::<Int32Type>().values().to_vec()).collect();
    assert!(ids.into_iter().eq(std::iter::once(0).chain(0..ROWS as i32)));
    let texts = |b: &arrow_array::RecordBatch| -> Vec<Option<String>> {
        let array = b.column(1).as_string::<i32>();
        (0..array.len()).map(|n| array.is_valid(n).then(|| array.value(n).to_owned())).collect()
    };
    assert_eq!(got.iter().flat_map(texts).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_request_that_is_too_long_is_refused_and_the_connection_goes_on() {
    let settings = ServerSettings { max_request: 100_000, ..ServerSettings::default() };
    let server = start_with(settings, &tables()).await;
    let mut raw = open(&server).await;
    let objects: Vec<Vec<u8>> = (0..2000).map(|n| input(&[INTEGER], &number(n))).collect();
    let commit = RdbCmm { rlsconv: None }.encode(TEXT).unwrap();
    let ask = Ask::new().prepare(INSERT).then(&run(Some(2000), None), &objects).then(&commit, &[]);
    assert_eq!(points(&ask.send(&mut raw).await), [cp::SQLCARD, cp::RSCLMTRM]);
    let got = Ask::new().then(&run(Some(2), None), &[input(&[INTEGER], &numbers(&[7, 8]))]).then(&commit, &[]);
    assert_eq!(points(&got.send(&mut raw).await), [cp::RDBUPDRM, cp::SQLCARD, cp::ENDUOWRM, cp::SQLCARD]);
    assert_eq!(in_table(&server, "N").await, [1, 2, 3, 7, 8]);
}
