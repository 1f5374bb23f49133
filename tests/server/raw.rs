//! Commands by hand that our own client never sends: locators, arrays of rows, cursors that the requester
//! closes, chains after an error.

use crate::protocol::Raw;
use crate::support::{column, start, table};
use arrow_array::{Int32Array, LargeStringArray};
use drdarrow::server::listen::Server;
use drdarrow::server::persona::{DERBY, LUW, Persona, ZOS};
use drdarrow::server::table::MemoryTables;
use drdarrow::wire::codec::writer::Writer;
use drdarrow::wire::ddm::codepoint::{self as cp, CodePoint};
use drdarrow::wire::ddm::object::put;
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::chain::Chain;
use drdarrow::wire::fdoca::{descriptor, lid};
use drdarrow::wire::sql::bind::{BgnBnd, BndSqlStt, EndBnd};
use drdarrow::wire::sql::execute::{DescribedData, ExcSqlStt, outovr};
use drdarrow::wire::sql::package::PkgNamCsn;
use drdarrow::wire::sql::prepare::{ExcSqlSet, PrpSqlStt};
use drdarrow::wire::sql::query::{ClsQry, CntQry, OpnQry, OpnQryRm};
use drdarrow::wire::sql::sqlca::Sqlca;
use drdarrow::wire::sql::text::sqlstt;
use drdarrow::wire::sql::uow::RdbCmm;
use drdarrow::wire::value::field::Field;
use drdarrow::wire::value::typdef::TypDef;

pub(crate) const TEXT: DdmText = DdmText::Ebcdic;
pub(crate) const SQLAM: u16 = 7;

pub(crate) fn section(package: &str, number: u16) -> PkgNamCsn {
    PkgNamCsn::dynamic("DB", package, number)
}

/// A command with its objects.
pub(crate) struct Ask(Chain);

impl Ask {
    pub(crate) fn new() -> Ask {
        Ask(Chain::new())
    }

    pub(crate) fn then(mut self, command: &[u8], objects: &[Vec<u8>]) -> Ask {
        self.0.command(command);
        objects.iter().for_each(|o| self.0.object(o));
        self
    }

    pub(crate) fn prepare(self, sql: &str) -> Ask {
        let command = PrpSqlStt::new(section("SYSSH200", 1)).encode(TEXT).unwrap();
        self.then(&command, &[sqlstt(sql, &TypDef::OURS, SQLAM).unwrap()])
    }

    /// Sends it; the answer is for later.
    pub(crate) async fn start(self, raw: &mut Raw) {
        raw.send(&self.0.into_bytes()).await;
    }

    pub(crate) async fn send(self, raw: &mut Raw) -> Vec<(CodePoint, Vec<u8>)> {
        self.start(raw).await;
        raw.answer().await
    }
}

pub(crate) async fn open(server: &Server) -> Raw {
    let mut raw = Raw::connect(server).await;
    raw.login().await;
    raw
}

pub(crate) fn points(got: &[(CodePoint, Vec<u8>)]) -> Vec<CodePoint> {
    got.iter().map(|(p, _)| *p).collect()
}

pub(crate) fn card(persona: &Persona, got: &[(CodePoint, Vec<u8>)]) -> Sqlca {
    let (point, body) = got.last().unwrap();
    assert_eq!(*point, cp::SQLCARD);
    Sqlca::decode(body, SQLAM, &persona.typdef).unwrap().unwrap()
}

pub(crate) fn input(fields: &[(u8, u16)], rows: &[u8]) -> Vec<u8> {
    let made = |(id, size): &(u8, u16)| -> Field { lid::field(*id, size.to_be_bytes(), &TypDef::OURS, 0).unwrap() };
    let fields: Vec<Field> = fields.iter().map(made).collect();
    let fdodsc = descriptor::encode_input(&fields).into();
    DescribedData { fdodsc, fdodta: rows.to_vec().into() }.encode_sqldta().unwrap()
}

pub(crate) fn tables() -> MemoryTables {
    let tables = MemoryTables::new();
    let texts = LargeStringArray::from(vec![Some("hello".to_owned()), None, Some("x".repeat(50_000))]);
    tables.put("L", table(vec![column("C", texts)]));
    tables.put("N", table(vec![column("A", Int32Array::from(vec![1, 2, 3]))]));
    tables
}

#[tokio::test]
async fn large_objects_by_locator() {
    let server = start(&LUW, &tables()).await;
    let mut raw = open(&server).await;
    let opnqry = OpnQry::new(section("SYSSH200", 1), 32_767).encode(TEXT).unwrap();
    let got = Ask::new().prepare("SELECT * FROM L").then(&opnqry, &[]).send(&mut raw).await;
    // Nothing goes out until the requester has said how it wants the values.
    assert_eq!(points(&got), [cp::SQLCARD, cp::OPNQRYRM, cp::QRYDSC]);
    let opened = OpnQryRm::decode(&got[1].1, TEXT).unwrap();
    assert!(opened.fixed_row());
    let as_locator = outovr(&[&[6, 0x76, 0xD0, 0x1B, 0, 4][..], &[9, 0x71, 0xE0, 0x54, 0, 1, 0xD0, 0, 1]].concat());
    let cntqry = CntQry::new(section("SYSSH200", 1), 32_767, opened.qryinsid).encode(TEXT).unwrap();
    let mut locators = Vec::new();
    for _ in 0..3 {
        let got = Ask::new().then(&cntqry, std::slice::from_ref(&as_locator)).send(&mut raw).await;
        assert_eq!(points(&got), [cp::QRYDTA]);
        locators.push(got[0].1.clone());
    }
    assert_eq!(locators[1], [0xFF, 0, 0xFF]);
    let end = Ask::new().then(&cntqry, &[]).send(&mut raw).await;
    assert_eq!(points(&end), [cp::ENDQRYRM, cp::SQLCARD]);
    assert_eq!(card(&LUW, &end).sqlcode, 100);
    // A locator goes back as it came, whatever the byte order.
    let number = |row: &[u8]| row[3..7].to_vec();
    let ask = |n: u16, values: Vec<u8>, fields: &[(u8, u16)]| {
        let command = ExcSqlStt { outexp: Some(true), ..ExcSqlStt::new(section("SYSSTAT", n)) };
        Ask::new().then(&command.encode(TEXT).unwrap(), &[input(fields, &values)])
    };
    let one = [&[0, 0][..], &number(&locators[2])].concat();
    let got = ask(7, one.clone(), &[(0x1B, 4)]).send(&mut raw).await;
    let described = DescribedData::decode(&got[0].1.clone().into()).unwrap();
    assert_eq!(described.fdodta[3..], 50_000u32.to_le_bytes());
    let part = |start: u32, length: u32| [&one[..], &[0], &start.to_be_bytes(), &[0], &length.to_be_bytes()].concat();
    let three = [(0x1B, 4), (0x03, 4), (0x03, 4)];
    let got = ask(4, part(2, 10), &three).send(&mut raw).await;
    assert_eq!(points(&got), [cp::SQLDTARD, cp::EXTDTA]);
    assert_eq!(got[1].1, b"\0xxxxxxxxxx");
    // Positions count from 1.
    for wrong in [part(0, 10), part(1, u32::MAX)] {
        assert_eq!(card(&LUW, &ask(4, wrong, &three).send(&mut raw).await).sqlcode, -138);
    }
    // As long as its descriptor says.
    let short = [&one[..], &[0, 0, 2, 0, 0, 10]].concat();
    let got = ask(4, short, &[(0x1B, 4), (0x05, 2), (0x05, 2)]).send(&mut raw).await;
    assert_eq!(got[1].1, b"\0xxxxxxxxxx");
    let got = ask(4, part(1, 50_000), &three).send(&mut raw).await;
    assert_eq!(points(&got), [cp::SQLDTARD, cp::EXTDTA]);
    assert_eq!(got[1].1.len(), 50_001);
    // A locator lives as long as its unit of work.
    Ask::new().then(&RdbCmm { rlsconv: None }.encode(TEXT).unwrap(), &[]).send(&mut raw).await;
    let got = ask(7, one, &[(0x1B, 4)]).send(&mut raw).await;
    assert_eq!(card(&LUW, &got).sqlcode, -423);
}

#[tokio::test]
async fn a_query_that_the_requester_closes_stays_open_at_its_end() {
    for persona in [&LUW, &DERBY] {
        let server = start(persona, &tables()).await;
        let mut raw = open(&server).await;
        let opnqry = OpnQry { qryclsimp: Some(2), ..OpnQry::new(section("SYSSH200", 1), 32_767) };
        let got = Ask::new().prepare("SELECT * FROM N").then(&opnqry.encode(TEXT).unwrap(), &[]).send(&mut raw).await;
        assert_eq!(points(&got), [cp::SQLCARD, cp::OPNQRYRM, cp::QRYDSC, cp::QRYDTA]);
        assert_eq!(got[3].1.last(), Some(&0xFF));
        let id = OpnQryRm::decode(&got[1].1, TEXT).unwrap().qryinsid;
        let cntqry = CntQry::new(section("SYSSH200", 1), 32_767, id).encode(TEXT).unwrap();
        let again = Ask::new().then(&cntqry, &[]).send(&mut raw).await;
        assert_eq!(points(&again), [cp::QRYDTA]);
        let close = ClsQry { pkgnamcsn: section("SYSSH200", 1), qryinsid: id, qryclsrls: None }.encode(TEXT).unwrap();
        assert_eq!(points(&Ask::new().then(&close, &[]).send(&mut raw).await), [cp::SQLCARD]);
        assert_eq!(points(&Ask::new().then(&close, &[]).send(&mut raw).await), [cp::QRYNOPRM]);
    }
}

#[tokio::test]
async fn a_failed_prepare_leaves_nothing_to_open() {
    for (persona, expected) in
        [(&LUW, vec![cp::SQLERRRM, cp::SQLCARD]), (&DERBY, vec![cp::SQLERRRM, cp::SQLCARD, cp::OPNQFLRM, cp::SQLCARD])]
    {
        let server = start(persona, &tables()).await;
        let mut raw = open(&server).await;
        assert_eq!(points(&Ask::new().prepare("SELECT * FROM N").send(&mut raw).await), [cp::SQLCARD]);
        let opnqry = OpnQry::new(section("SYSSH200", 1), 32_767).encode(TEXT).unwrap();
        let got = Ask::new().prepare("SELEKT").then(&opnqry, &[]).send(&mut raw).await;
        assert_eq!(points(&got), expected, "{}", persona.name);
        let got = Ask::new().then(&opnqry, &[]).send(&mut raw).await;
        assert_eq!(points(&got), [cp::OPNQFLRM, cp::SQLCARD], "{}", persona.name);
    }
}

#[tokio::test]
async fn registers_are_set_and_unbound_packages_are_not_there() {
    let server = start(&LUW, &tables()).await;
    let mut raw = open(&server).await;
    let set = ExcSqlSet { pkgnamcsn: section("SYSSH200", 1), rtnsetstt: Some(1) }.encode(TEXT).unwrap();
    let texts = ["SET CLIENT WRKSTNNAME 'me'", "SET CURRENT LOCALE LC_CTYPE = 'en_US'"];
    let objects = texts.map(|t| sqlstt(t, &TypDef::OURS, SQLAM).unwrap());
    let got = Ask::new().then(&set, &objects).send(&mut raw).await;
    assert_eq!((points(&got), card(&LUW, &got).sqlcode), (vec![cp::SQLCARD], 0));
    for package in ["ANYTHING", "SYSSH203", "SYSSX200"] {
        let run = ExcSqlStt::new(section(package, 1)).encode(TEXT).unwrap();
        let got = Ask::new().then(&run, &[]).send(&mut raw).await;
        assert_eq!(card(&LUW, &got).sqlcode, -805, "{package}");
    }
}

#[tokio::test]
async fn a_package_is_bound_and_dropped() {
    let server = start(&ZOS, &tables()).await;
    let mut raw = open(&server).await;
    let name = section("MYPKG", 1);
    let begin = BgnBnd::new(name.pkgnamct()).encode(TEXT).unwrap();
    let statement = BndSqlStt { pkgnamcsn: name.clone() }.encode(TEXT).unwrap();
    let text = sqlstt("DECLARE C1 CURSOR FOR S1", &TypDef::OURS, SQLAM).unwrap();
    let end = EndBnd { pkgnamct: name.pkgnamct(), maxsctnbr: None }.encode(TEXT).unwrap();
    let as_command = |point: CodePoint| {
        let mut w = Writer::new();
        put(&mut w, point, |w| w.bytes(&end[4..]));
        w.into_vec()
    };
    let prepare = PrpSqlStt::new(name.clone()).encode(TEXT).unwrap();
    let select = [sqlstt("VALUES 1", &TypDef::OURS, SQLAM).unwrap()];
    assert_eq!(card(&ZOS, &Ask::new().then(&prepare, &select).send(&mut raw).await).sqlcode, -805);
    // A statement belongs between the beginning and the end of its package.
    let got = Ask::new().then(&statement, std::slice::from_ref(&text)).send(&mut raw).await;
    assert_eq!(points(&got), [cp::PKGBNARM]);
    let bind = Ask::new().then(&begin, &[]).then(&statement, &[text]).then(&end, &[]);
    assert_eq!(points(&bind.send(&mut raw).await), [cp::SQLCARD; 3]);
    for (command, code) in [(cp::REBIND, 0), (cp::DRPPKG, 0), (cp::DRPPKG, -204), (cp::REBIND, -204)] {
        if code == 0 {
            assert_eq!(card(&ZOS, &Ask::new().then(&prepare, &select).send(&mut raw).await).sqlcode, 0);
        }
        assert_eq!(card(&ZOS, &Ask::new().then(&as_command(command), &[]).send(&mut raw).await).sqlcode, code);
    }
    assert_eq!(card(&ZOS, &Ask::new().then(&prepare, &select).send(&mut raw).await).sqlcode, -805);
}
