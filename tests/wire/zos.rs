//! The complete answer of a Db2 for z/OS: EBCDIC text and hexadecimal floats, down to Arrow.

use super::captures::hex;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int16Type};
use drdarrow::column::decode::decoder;
use drdarrow::column::options::Options;
use drdarrow::column::schema::schema;
use drdarrow::wire::ddm::codepoint as cp;
use drdarrow::wire::ddm::object::objects;
use drdarrow::wire::dss::deframe::Deframer;
use drdarrow::wire::fdoca::descriptor;
use drdarrow::wire::fdoca::row::{CHUNK, Counts, Offsets, Walker};
use drdarrow::wire::sql::sqlca::Sqlca;
use drdarrow::wire::value::cell::Cells;
use drdarrow::wire::value::typdef::{TypDef, TypDefName};

#[test]
fn two_rows_of_a_mainframe() {
    let text = include_str!("../data/captures/zos_reply.hex");
    let bytes: Vec<u8> = text.lines().filter(|l| !l.starts_with('#')).flat_map(hex).collect();
    let typdef = TypDef { name: TypDefName::S370, sbc: 500, dbc: 0, mbc: 0, xml: 0 };
    let mut deframer = Deframer::new(1 << 20);
    let mut input = &bytes[..];
    let (mut fields, mut batch, mut points) = (Vec::new(), None, Vec::new());
    while let Ok(Some(dss)) = deframer.feed(&mut input) {
        for object in objects(&dss.body) {
            let object = object.unwrap();
            points.push(object.cp.name().unwrap());
            match object.cp {
                cp::QRYDSC => fields = descriptor::decode(&object.body, &typdef).unwrap(),
                cp::QRYDTA => {
                    let mut offsets = Offsets::new(fields.len());
                    Walker::new(&fields, Counts::Units).walk(&object.body, 0, false, CHUNK, &mut offsets).unwrap();
                    let options = Options::default();
                    let columns = fields.iter().enumerate().map(|(i, field)| {
                        let mut column = decoder(field, i, &options).unwrap();
                        let cells = Cells { buf: &object.body, offsets: offsets.column(i), lobs: &[], first_row: 1 };
                        column.append(&cells).unwrap();
                        column.finish().unwrap()
                    });
                    let columns: Vec<_> = columns.collect();
                    batch = Some(RecordBatch::try_new(schema(&fields, &options).unwrap(), columns).unwrap());
                }
                cp::SQLCARD => {
                    let sqlca = Sqlca::decode(&object.body, 6, &typdef).unwrap().unwrap();
                    assert_eq!((sqlca.sqlcode, sqlca.sqlstate.as_str()), (100, "02000"));
                }
                _ => {}
            }
        }
    }
    assert_eq!(points, ["OPNQRYRM", "QRYDSC", "QRYDTA", "ENDQRYRM", "SQLCARD"]);
    let batch = batch.unwrap();
    assert_eq!(batch.column(0).as_primitive::<Int16Type>().values().as_ref(), [1, 2]);
    assert_eq!(batch.column(1).as_string::<i32>().iter().collect::<Vec<_>>(), [Some("111"), Some("222")]);
    assert_eq!(batch.column(2).as_primitive::<Float64Type>().values().as_ref(), [1.0, 2.0]);
}
