//! Bytes of real servers, as others published them, read by the structs of this crate: every file of
//! tests/data/wild, with what is in it. Each file says where its bytes come from.

use super::captures::hex;
use super::found::{block, framed};
use drdarrow::wire::ddm::accsec::{AccSecRd, Several};
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::excsat::{ExcSat, ExcSatRd};
use drdarrow::wire::ddm::object::Object;
use drdarrow::wire::ddm::reply::Reply;
use drdarrow::wire::ddm::secchk::SecChkRm;
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::fdoca::descriptor;
use drdarrow::wire::sql::accrdb::{AccRdb, AccRdbRm};
use drdarrow::wire::sql::execute::decode_extdta;
use drdarrow::wire::sql::layout::ServerClass;
use drdarrow::wire::sql::package::PkgNamCsn;
use drdarrow::wire::sql::resultset::RslSetRm;
use drdarrow::wire::sql::sqlca::Sqlca;
use drdarrow::wire::sql::sqlda::SqlDa;
use drdarrow::wire::sql::uow::{EndUowRm, UowDsp};
use drdarrow::wire::value::typdef::{TypDef, TypDefName};
use drdarrow::wire::value::types::Type;

const TEXT: DdmText = DdmText::Ebcdic;
const X86: TypDef = TypDef { name: TypDefName::X86, sbc: 819, dbc: 0, mbc: 819, xml: 0 };

fn names(objects: &[Object]) -> Vec<&'static str> {
    objects.iter().map(|o| o.cp.name().unwrap_or("?")).collect()
}

fn card(body: &[u8]) -> Sqlca {
    Sqlca::decode(body, 7, &X86).unwrap().unwrap()
}

/// The attributes come back byte for byte.
fn attributes(object: &Object) -> ExcSatRd {
    let got = ExcSatRd::decode(&object.body, TEXT).unwrap();
    assert_eq!(got.encode(TEXT).unwrap()[4..], object.body[..]);
    got
}

#[test]
fn db2_luw_11_1_on_aix_refuses_a_mechanism() {
    let objects = framed(&block("luw-11.1-aix64-connect-refused-secmec", "S:"));
    assert_eq!(names(&objects), ["EXCSATRD", "ACCSECRD"]);
    let got = attributes(&objects[0]);
    assert_eq!((got.srvclsnm.as_deref(), got.srvrlslv.as_deref()), (Some("QDB2/AIX64"), Some("SQL11012")));
    let levels =
        [(cp::AGENT, 10), (cp::SQLAM, 7), (cp::UNICODEMGR, 0), (cp::RDB, 8), (cp::SECMGR, 9), (cp::CMNTCPIP, 8)];
    assert_eq!(got.managers, levels);
    assert_eq!(got.srvnam.as_deref(), Some("db2inst1"));
    assert!(got.extnam.unwrap().starts_with("db2inst1db2agent01CA013"));

    let offer = AccSecRd::decode(&objects[1].body, TEXT).unwrap();
    let wanted = AccSecRd {
        secmecs: vec![7, 9, 10],
        encalgs: vec![1, 2],
        secchkcd: Some(1),
        sectkn: None,
        form: Several::Values,
    };
    assert_eq!(offer, wanted);
    assert!(!offer.accepts(7) && !offer.accepts(9));
    assert_eq!(offer.encode(TEXT).unwrap()[4..], objects[1].body[..]);
}

#[test]
fn db2_luw_11_1_on_windows_echoes_the_levels_asked_for() {
    let objects = framed(&block("luw-11.1-nt64-excsatrd", "S:"));
    assert_eq!(names(&objects), ["EXCSATRD"]);
    let got = attributes(&objects[0]);
    assert_eq!((got.srvclsnm.as_deref(), got.srvrlslv.as_deref()), (Some("QDB2/NT64"), Some("SQL11013")));
    assert_eq!(got.managers, [(cp::AGENT, 7), (cp::SQLAM, 8), (cp::RDB, 8), (cp::SECMGR, 8), (cp::CMNTCPIP, 8)]);
    assert_eq!(got.srvnam.as_deref(), Some("DB2"));
    let body = block("luw-ccsidmgr-excsatrd-body", "S:");
    let got = ExcSatRd::decode(&body, TEXT).unwrap();
    assert_eq!(got, ExcSatRd::of_levels(vec![(cp::CCSIDMGR, 1208)]));
    assert_eq!(got.encode(TEXT).unwrap()[4..], body);
}

#[test]
fn db2_luw_8_2_lets_a_user_in() {
    let objects = framed(&block("luw-8.2-linux-connected", "S:"));
    assert_eq!(names(&objects), ["SECCHKRM", "ACCRDBRM", "SQLCARD"]);
    assert_eq!(SecChkRm::decode(&objects[0].body, TEXT).unwrap(), SecChkRm::default());
    let opened = AccRdbRm::decode(&objects[1].body, TEXT).unwrap();
    assert_eq!(opened.prdid, "SQL08024");
    assert_eq!(opened.typdef, TypDef { mbc: 0, ..X86 });
    assert_eq!(opened.rdbinttkn.as_deref(), Some(&hex("022e")[..]));
    assert_eq!(opened.crrtkn.as_ref().unwrap().len(), 19);
    let got = Sqlca::decode(&objects[2].body, 7, &opened.typdef).unwrap().unwrap();
    assert_eq!((got.sqlcode, got.sqlstate.as_str(), got.errproc.as_str()), (0, "00000", "SQL08024"));
    assert_eq!(got.tokens, ["1", "819", "MYUSER  ", "MYDB2DB", "QDB2/LINUX", "558", "558", "0", "1208", "0", ""]);
    assert_eq!(got.errd, [-1, 2, 0, 3, 0, 0]);
    assert_eq!(got.rdbnam.trim(), "MYDB2DB");
}

#[test]
fn db2_luw_11_5_changes_something_and_commits() {
    let objects = framed(&block("luw-11.5-update-commit", "S:"));
    assert_eq!(names(&objects), ["RDBUPDRM", "SQLCARD", "ENDUOWRM", "SQLCARD"]);
    let update = Reply::decode(objects[0].cp, &objects[0].body, TEXT).unwrap();
    assert_eq!((update.svrcod, update.rdbnam.as_deref().map(str::trim)), (0, Some("HRX")));
    for card in [&objects[1], &objects[3]] {
        assert_eq!(card.body, [0xFF][..]);
        assert_eq!(Sqlca::decode(&card.body, 7, &X86).unwrap(), None);
    }
    let end = EndUowRm::decode(&objects[2].body, TEXT).unwrap();
    assert_eq!((end.svrcod, end.uowdsp), (4, UowDsp::Committed));
    assert_eq!(end.rdbnam.as_ref().unwrap().0.trim(), "HRX");
    assert_eq!(end.encode(TEXT).unwrap()[4..], objects[2].body[..]);
}

#[test]
fn db2_luw_11_5_heads_a_description_with_a_full_sqlca() {
    let mut body = block("luw-11.5-sqldard-sqlca-head", "S:");
    // No column follows: the head alone is known.
    body.extend([0, 0]);
    for sqlam in [7, 9, 10, 11] {
        let got = SqlDa::decode(&body, sqlam, ServerClass::Luw, &TypDef { sbc: 1208, mbc: 1208, ..X86 }).unwrap();
        let sqlca = got.sqlca.unwrap();
        assert_eq!((sqlca.sqlcode, sqlca.errproc.as_str()), (0, "SQL11055"));
        assert_eq!(sqlca.errd, [0, 0, 1, 1, -223, 0]);
        assert!(got.columns.is_empty());
    }
}

#[test]
fn informix_12_10_answers_a_call() {
    let objects = framed(&block("informix-12.10-call-result-set-part", "S:"));
    assert_eq!(names(&objects), ["SQLCARD", "RDBUPDRM", "RSLSETRM", "SQLCARD"]);
    for object in [&objects[0], &objects[3]] {
        let got = card(&object.body);
        assert_eq!((got.sqlcode, got.sqlstate.trim(), got.errproc.as_str()), (0, "", "IFX12100"));
    }
    let sets = RslSetRm::decode(&objects[2].body, TEXT).unwrap();
    let set = PkgNamCsn { token: *b"SYSLVL01", ..PkgNamCsn::dynamic("SYSADMIN", "SYSSH500", 5) };
    assert_eq!(sets.pkgsnlst.0, [set]);
    assert_eq!(sets.encode(TEXT).unwrap()[4..], objects[2].body[..]);
}

#[test]
fn informix_15_writes_little_endian() {
    let file = "informix-15.0.1-objects";
    let opened = card(&block(file, "SQLCARD behind ACCRDBRM"));
    assert_eq!((opened.sqlcode, opened.sqlstate.as_str(), opened.errproc.as_str()), (0, "00000", "IFX12100"));
    assert_eq!(opened.tokens[4], "IDS/UNIX64");
    assert_eq!(opened.errd, [1, 1, 1, 3, 0, 0]);
    let end = card(&block(file, "SQLCARD at the end"));
    assert_eq!((end.sqlcode, end.sqlstate.as_str(), end.errd[2]), (100, "02000", 2));
    let failed = card(&block(file, "SQLCARD of an error"));
    assert_eq!((failed.sqlcode, failed.sqlstate.as_str()), (-23103, "IX000"));

    // A sender who has not said which order it has: only one gives a code that there can be.
    for (label, sure) in
        [("SQLCARD behind ACCRDBRM", false), ("SQLCARD at the end", true), ("SQLCARD of an error", true)]
    {
        let body = block(file, label);
        assert_eq!(Sqlca::environment(&body, 7, X86), X86);
        let big = TypDef { name: TypDefName::Asc, ..X86 };
        assert_eq!(Sqlca::environment(&body, 7, big), if sure { X86 } else { big }, "{label}");
        let ibmi = TypDef { name: TypDefName::Os400, ..X86 };
        assert_eq!(Sqlca::environment(&body, 7, ibmi), ibmi);
    }

    for class in [ServerClass::Other, ServerClass::Luw] {
        let described = SqlDa::decode(&block(file, "SQLDARD of"), 7, class, &X86).unwrap();
        let columns: Vec<_> =
            described.columns.iter().map(|c| (c.sqltype.number(), c.nullable, c.length, c.ccsid)).collect();
        assert_eq!(columns, [(496, false, 4, 0), (448, true, 128, 819)]);
        let names: Vec<_> = described.columns.iter().map(|c| c.opt.as_ref().unwrap().name.as_str()).collect();
        assert_eq!(names, ["tabid", "tabname"]);
    }
    let fields = descriptor::decode(&block(file, "QRYDSC"), &X86).unwrap();
    assert_eq!(fields.iter().map(|f| f.ty).collect::<Vec<_>>(), [Type::Integer, Type::Text]);
    let text = decode_extdta(&block(file, "EXTDTA of the TEXT").into(), true, false).unwrap().unwrap();
    assert_eq!(text, "Año ñandú, texto".chars().map(|c| c as u8).collect::<Vec<_>>());
    let bytes = decode_extdta(&block(file, "EXTDTA of the BYTE").into(), true, false).unwrap().unwrap();
    assert_eq!(bytes, hex("0001feff"));
}

#[test]
fn ibm_i_names_the_levels_of_its_file_server() {
    let objects = framed(&block("ibmi-ddm-excsatrd", "C:"));
    let asked = ExcSat::decode(&objects[0].body, TEXT).unwrap();
    assert_eq!((asked.srvclsnm.as_deref(), asked.managers.len()), (Some("QAS"), 23));
    let objects = framed(&block("ibmi-ddm-excsatrd", "S:"));
    assert_eq!(names(&objects), ["EXCSATRD"]);
    let got = ExcSatRd::decode(&objects[0].body, TEXT).unwrap();
    assert_eq!((got.srvclsnm.as_deref(), got.extnam.as_ref(), got.srvrlslv.as_ref()), (Some("QAS"), None, None));
    // Another order than asked for, and no level is another.
    for (manager, level) in &asked.managers {
        assert_eq!(got.level(*manager), Some(*level), "{manager:04X}");
    }
    assert_eq!(got.managers.len(), asked.managers.len());
    assert_ne!(got.managers, asked.managers);
}

#[test]
fn requesters_name_themselves_and_their_database() {
    let objects = framed(&block("ibmi-5.3-requester-accrdb", "C:"));
    let got = AccRdb::decode(&objects[0].body, TEXT).unwrap();
    assert_eq!((got.prdid.as_str(), got.rdbnam.0.trim(), got.trgdftrt), ("QSQ05030", "TESTRDB1", Some(true)));
    let typdef = got.typdef();
    assert_eq!((typdef.name, typdef.sbc, typdef.mbc), (TypDefName::Os400, 37, 0));

    let objects = framed(&block("db2connect-5.2-nt-to-zos-sna-connect", "C:"));
    assert_eq!(names(&objects), ["EXCSAT", "ACCRDB"]);
    let hello = ExcSat::decode(&objects[0].body, TEXT).unwrap();
    assert_eq!((hello.level(cp::SQLAM), hello.level(cp::CMNTCPIP)), (Some(6), None));
    assert_eq!((hello.srvclsnm.as_deref(), hello.srvrlslv.as_deref()), (Some("QDB2/NT"), Some("DB2 Connect 5.2")));
    let got = AccRdb::decode(&objects[1].body, TEXT).unwrap();
    assert_eq!((got.prdid.as_str(), got.rdbnam.0.trim(), got.crrtkn.as_ref()), ("SQL05020", "TESTDB1", None));
    assert_eq!((got.typdef().name, got.typdef().sbc), (TypDefName::X86, 1252));

    let objects = framed(&block("luw-9.5-cli-nt-excsat", "C:"));
    let hello = ExcSat::decode(&objects[0].body, TEXT).unwrap();
    assert_eq!((hello.level(cp::SQLAM), hello.level(cp::RDB)), (Some(9), Some(8)));
    assert_eq!((hello.srvclsnm.as_deref(), hello.srvrlslv.as_deref()), (Some("QDB2/NT"), Some("SQL09050")));
}

#[test]
fn an_object_of_two_full_segments_is_whole() {
    // FFFF, then 7FFF: a description of exactly this length. (Read: APAR IC69459 of Db2 LUW.)
    let total = 32_761 + 32_765;
    let mut object = hex("80082411");
    object.extend((total as u32 - 8).to_be_bytes());
    object.resize(total, 0x55);
    let (first, second) = object.split_at(32_761);
    let frame = [&hex("ffffd0030001"), first, &0x7FFF_u16.to_be_bytes(), second].concat();
    let got = framed(&frame);
    assert_eq!((got.len(), got[0].cp, got[0].body.len()), (1, cp::SQLDARD, total - 8));
    assert!(got[0].body.iter().all(|b| *b == 0x55));
}
