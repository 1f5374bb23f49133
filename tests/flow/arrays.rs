//! Rows of parameters as arrays and in chains: the bytes of both, and what their answers come to.

use crate::sessions::session;
use bytes::Bytes;
use drdarrow::flow::error::FlowError;
use drdarrow::flow::sql::execute::{Execute, Executed, Failed};
use drdarrow::flow::sql::input::{Input, RowBlock};
use drdarrow::flow::step::{Flow, Step};
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::object::{Object, objects};
use drdarrow::wire::ddm::text::DdmText;
use drdarrow::wire::dss::deframe::Deframer;
use drdarrow::wire::fdoca::lid;
use drdarrow::wire::sql::execute::{DescribedData, ExcSqlStt};
use drdarrow::wire::sql::package::PkgNamCsn;
use drdarrow::wire::sql::sqlca::Sqlca;
use drdarrow::wire::value::field::Field;
use drdarrow::wire::value::product::Product;
use drdarrow::wire::value::typdef::TypDef;
use std::sync::Arc;

fn section() -> PkgNamCsn {
    PkgNamCsn::dynamic("LAB", "SYSSH200", 1)
}

fn fields() -> Arc<Vec<Field>> {
    let field = |id, size| lid::field(id, size, &TypDef::OURS, 0).unwrap();
    Arc::new(vec![field(0x03, [0, 4]), field(0x3F, [0x7F, 0xFF])])
}

/// Rows of a number and a text of so many bytes, as the block of them and each by itself.
fn rows(lengths: &[usize]) -> (RowBlock, Vec<Input>) {
    let (mut data, mut ends, mut inputs) = (Vec::new(), Vec::new(), Vec::new());
    for (n, length) in lengths.iter().enumerate() {
        let start = data.len();
        data.push(0);
        data.push(0);
        data.extend_from_slice(&(n as u32).to_be_bytes());
        data.push(0);
        data.extend_from_slice(&(*length as u16).to_be_bytes());
        data.extend(std::iter::repeat_n(b'x', *length));
        ends.push(data.len());
        inputs.push(Input { fields: fields(), row: data[start + 1..].to_vec().into(), lobs: Vec::new() });
    }
    (RowBlock { fields: fields(), rows: lengths.len(), data: data.into(), ends }, inputs)
}

fn sent(mut flow: Execute) -> Vec<(u16, Object)> {
    let (bytes, mut deframer, mut seen) = (flow.start().unwrap().into_bytes(), Deframer::new(64 << 20), Vec::new());
    let mut input = &bytes[..];
    while let Some(dss) = deframer.feed(&mut input).unwrap() {
        seen.extend(objects(&dss.body).map(|object| (dss.header.id, object.unwrap())));
    }
    seen
}

#[test]
fn rows_of_a_block_are_the_commands_that_each_would_be_by_itself() {
    for lengths in [&[1, 0, 3][..], &[32_600; 3], &[32_700, 5, 32_720, 32_767, 0], &[]] {
        let (block, inputs) = rows(lengths);
        let one_by_one = sent(Execute::new(session(Product::Luw), section(), inputs, false));
        let together = sent(Execute::rows(session(Product::Luw), section(), block));
        if lengths.is_empty() {
            assert!(together.is_empty());
        } else {
            assert_eq!(together, one_by_one);
        }
    }
}

#[test]
fn an_array_is_one_command_as_ibms_driver_sends_it() {
    let (block, _) = rows(&[1, 0, 3, 40]);
    let data = block.data.clone();
    let seen = sent(Execute::array(session(Product::Luw), section(), block));
    assert_eq!(
        seen.iter().map(|(id, object)| (*id, object.cp)).collect::<Vec<_>>(),
        [(1, cp::EXCSQLSTT), (1, cp::SQLDTA)]
    );
    let command = ExcSqlStt::decode(&seen[0].1.body, DdmText::Utf8).unwrap();
    assert_eq!((command.nbrrow, command.atmind, command.rdbcmtok), (Some(4), None, Some(true)));
    let sqldta = DescribedData::decode(&seen[1].1.body).unwrap();
    // captures/cli_array_atomic.hex and jcc_batch.hex end so.
    let expected = [0x09, 0x76, 0xD0, 3, 0, 4, 0x3F, 0x7F, 0xFF, 6, 0x71, 0xE4, 0xD0, 0, 1, 6, 0x71, 0xF4, 0xE4, 0, 0];
    assert_eq!((sqldta.fdodsc.as_ref(), sqldta.fdodta), (&expected[..], data));
}

#[test]
fn an_array_has_one_answer() {
    let card = |code, state: &str, rows| {
        let mut sqlca = Sqlca::new(code, state, &[]);
        sqlca.errd[2] = rows;
        let whole = Sqlca::encode(Some(&sqlca), 7, &TypDef::OURS).unwrap();
        Object { cp: cp::SQLCARD, body: Bytes::from(whole).slice(4..) }
    };
    let answer = |cards: &[Object]| {
        let mut flow = Execute::array(session(Product::Luw), section(), rows(&[1; 300]).0);
        flow.start().unwrap();
        for card in cards {
            flow.object(card.clone()).unwrap();
        }
        match flow.end() {
            Ok(Step::Done(out)) => Ok(out),
            Ok(Step::Send(_)) => panic!("it is one chain"),
            Err(e) => Err(e),
        }
    };
    assert_eq!(answer(&[card(0, "00000", 300)]).unwrap().unwrap().counts, [Some(300)]);
    let failed = answer(&[card(-803, "23505", 0)]).unwrap().unwrap_err();
    assert!(matches!((failed.before, failed.error), (0, FlowError::Sql { sqlca, .. }) if sqlca.sqlcode == -803));
    assert!(matches!(answer(&[]), Err(FlowError::Missing { .. })));
}

fn card(code: i32, state: &str) -> Object {
    let whole = Sqlca::encode(Some(&Sqlca::new(code, state, &[])), 7, &TypDef::OURS).unwrap();
    Object { cp: cp::SQLCARD, body: Bytes::from(whole).slice(4..) }
}

/// The outcome of so many rows of which each stands for itself, as an array or as a chain.
fn each(rows_sent: usize, array: bool, answers: &[Object]) -> Result<Result<Executed, Failed>, FlowError> {
    let rows = rows(&vec![1; rows_sent]).0;
    let mut flow = match array {
        true => Execute::each(session(Product::Luw), section(), rows),
        false => Execute::rows(session(Product::Luw), section(), rows).tolerant(),
    };
    flow.start().unwrap();
    for object in answers {
        flow.object(object.clone()).unwrap();
    }
    match flow.end()? {
        Step::Done(out) => Ok(out),
        Step::Send(_) => panic!("it is one chain"),
    }
}

#[test]
fn more_answers_than_rows_are_an_error() {
    let (good, twice) = (card(0, "00000"), card(-803, "23505"));
    for array in [true, false] {
        let some = each(3, array, &[good.clone(), twice.clone(), good.clone()]).unwrap().unwrap();
        assert_eq!((some.bad.len(), some.bad[0].0), (1, 1));
        assert!(matches!(each(1, array, &[twice.clone(), twice.clone()]), Err(FlowError::Wire(_))));
        assert!(matches!(each(3, array, &[twice.clone(), good.clone()]), Err(FlowError::Missing { .. })));
    }
}

#[test]
fn an_error_that_ends_the_work_is_told_before_those_of_rows() {
    let (good, twice, gone) = (card(0, "00000"), card(-803, "23505"), card(-911, "40001"));
    let message = |cp, severity: u16| {
        let mut body = vec![0, 6, 0x11, 0x49];
        body.extend_from_slice(&severity.to_be_bytes());
        Object { cp, body: body.into() }
    };
    let abnormal = message(cp::ABNUOWRM, 8);
    let code = |failed: &Failed| match &failed.error {
        FlowError::Sql { sqlca, .. } => Ok(sqlca.sqlcode),
        FlowError::Refused(reply) => Err(reply.cp),
        e => panic!("{e:?}"),
    };
    let of = |answers: &[&Object]| {
        let answers: Vec<Object> = answers.iter().map(|object| (*object).clone()).collect();
        each(4, false, &answers).unwrap().unwrap_err()
    };
    let failed = of(&[&good, &twice, &gone, &good]);
    assert_eq!((failed.before, code(&failed), failed.rolled_back), (2, Ok(-911), true));
    let failed = of(&[&twice, &good, &abnormal, &gone, &twice]);
    assert_eq!((failed.before, code(&failed), failed.rolled_back), (2, Ok(-911), true));
    let refused = message(cp::CMDNSPRM, 8);
    let failed = of(&[&twice, &good, &refused]);
    assert_eq!((failed.before, code(&failed), failed.rolled_back), (2, Err(cp::CMDNSPRM), false));
}
