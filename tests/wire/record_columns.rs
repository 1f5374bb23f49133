//! Records of fixed length to Arrow and back.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::*;
use arrow_schema::DataType;

use crate::captures::hex;
use drdarrow::column::file::decode::RecordDecoder;
use drdarrow::column::file::encode::RecordEncoder;
use drdarrow::column::file::error::RecordError;
use drdarrow::column::file::options::{OnError, RecordOptions};
use drdarrow::column::options::Options;
use drdarrow::wire::file::buffer::{BufferLayout, Slots};
use drdarrow::wire::file::format::{DdsType, RecordField, RecordFormat};

/// The data of the S38BUF in a captured frame.
fn captured(name: &str) -> Vec<u8> {
    let lines = include_str!("../data/record_frames.hex").lines();
    let frame = hex(lines.filter_map(|l| l.strip_prefix(name)?.strip_prefix(' ')).next().unwrap());
    let end = 6 + usize::from(u16::from_be_bytes([frame[6], frame[7]]));
    frame[10..end].to_vec()
}

fn field(name: &str, dds: DdsType, length: u32) -> RecordField {
    RecordField { name: name.into(), dds, length, ccsid: 37, ..RecordField::default() }
}

fn digits(name: &str, dds: DdsType, length: u32, digits: u8, decimals: u8) -> RecordField {
    RecordField { digits, decimals, ccsid: 65535, ..field(name, dds, length) }
}

fn varying(name: &str, dds: DdsType, length: u32) -> RecordField {
    RecordField { varying: true, ..field(name, dds, length) }
}

/// Lays the fields out one after the other.
fn format(mut fields: Vec<RecordField>) -> RecordFormat {
    let mut length = 0;
    for field in &mut fields {
        field.offset = length;
        length += field.length;
    }
    RecordFormat { name: "R".into(), length, fields, ..RecordFormat::default() }
}

fn cust() -> RecordFormat {
    format(vec![
        digits("CUSNUM", DdsType::ZONED, 6, 6, 0),
        field("NAME", DdsType::CHARACTER, 10),
        digits("BAL", DdsType::PACKED, 4, 7, 2),
        digits("QTY", DdsType::BINARY, 4, 9, 0),
        RecordField { nullable: true, ..varying("NOTE", DdsType::CHARACTER, 12) },
    ])
}

fn decode(format: &RecordFormat, slots: &Slots<'_>, options: &RecordOptions) -> Result<RecordBatch, RecordError> {
    let mut decoder = RecordDecoder::new(&format.placed(), options)?;
    decoder.append(slots.bytes(), &slots.stride(), slots.len())?;
    decoder.finish()
}

fn text(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    batch.column_by_name(name).unwrap().as_string::<i32>().iter().map(|v| v.map(str::to_owned)).collect()
}

#[test]
fn customers_as_the_client_read_them() {
    let format = cust();
    let body = captured("cust-3");
    let slots = Slots::received(&body, format.layout(), 3).unwrap();
    let options = RecordOptions { rrn: Some("RRN".into()), ..RecordOptions::default() };
    let batch = decode(&format, &slots, &options).unwrap();
    assert_eq!(batch["RRN"].as_primitive::<Int64Type>().values(), &[1, 2, 3]);
    assert_eq!(batch["CUSNUM"].data_type(), &DataType::Decimal128(6, 0));
    assert_eq!(batch["CUSNUM"].as_primitive::<Decimal128Type>().values(), &[1, 2, 3]);
    assert_eq!(batch["BAL"].as_primitive::<Decimal128Type>().values(), &[1050, -250, 999_999]);
    assert_eq!(batch["QTY"].as_primitive::<Int32Type>().values(), &[7, -1, 100]);
    let names = ["ALPHA     ", "BETA      ", "GAMMA     "].map(|s| Some(s.to_owned()));
    assert_eq!(text(&batch, "NAME"), names);
    assert_eq!(text(&batch, "NOTE"), [Some("one".into()), None, Some("three".into())]);
    let meta = batch.schema().field_with_name("BAL").unwrap().metadata().clone();
    assert_eq!((meta["drda:dds"].as_str(), meta["drda:scale"].as_str()), ("P", "2"));
    // The record after a deleted one has the number that it has.
    let body = captured("cust-2");
    let slots = Slots::received(&body, format.layout(), 2).unwrap();
    let batch = decode(&format, &slots, &options).unwrap();
    assert_eq!(batch["RRN"].as_primitive::<Int64Type>().values(), &[5, 6]);
}

#[test]
fn a_record_of_all_types_as_the_client_read_it() {
    let graphic = RecordField { ccsid: 13488, ..field("GRA", DdsType::GRAPHIC, 10) };
    let double = |name, dds, n| RecordField { ccsid: 939, ..field(name, dds, n) };
    let form = |name, dds, n| RecordField { format: "*ISO".into(), ..field(name, dds, n) };
    let format = format(vec![
        field("CHA", DdsType::CHARACTER, 5),
        varying("VCH", DdsType::CHARACTER, 10),
        digits("ZON", DdsType::ZONED, 5, 5, 0),
        digits("PAC", DdsType::PACKED, 3, 5, 0),
        digits("BI2", DdsType::BINARY, 2, 4, 0),
        digits("BI4", DdsType::BINARY, 4, 9, 0),
        digits("BI8", DdsType::BINARY, 8, 18, 0),
        digits("FL4", DdsType::FLOAT, 4, 9, 0),
        digits("FL8", DdsType::FLOAT, 8, 17, 0),
        field("HEX", DdsType::HEX, 3),
        varying("VHX", DdsType::HEX, 6),
        form("DAT", DdsType::DATE, 10),
        form("TIM", DdsType::TIME, 8),
        field("STA", DdsType::TIMESTAMP, 26),
        graphic,
        double("JJJ", DdsType::ONLY, 6),
        double("OOO", DdsType::OPEN, 8),
        double("EEE", DdsType::EITHER, 6),
    ]);
    let body = captured("alltyp");
    assert_eq!(format.layout(), BufferLayout { record: 132, increment: 161, null_map: Some(143), fields: 18 });
    let slots = Slots::received(&body, format.layout(), 1).unwrap();
    let batch = decode(&format, &slots, &RecordOptions::default()).unwrap();
    assert_eq!(text(&batch, "CHA"), [Some("ABC  ".into())]);
    assert_eq!(text(&batch, "VCH"), [Some("xyz".into())]);
    assert_eq!(batch["ZON"].as_primitive::<Decimal128Type>().value(0), -12345);
    assert_eq!(batch["PAC"].as_primitive::<Decimal128Type>().value(0), -12345);
    assert_eq!(batch["BI2"].as_primitive::<Int16Type>().value(0), -2);
    assert_eq!(batch["BI4"].as_primitive::<Int32Type>().value(0), 70_000);
    assert_eq!(batch["BI8"].as_primitive::<Int64Type>().value(0), -9);
    assert_eq!(batch["FL4"].as_primitive::<Float32Type>().value(0), 1.5);
    assert_eq!(batch["FL8"].as_primitive::<Float64Type>().value(0), -2.25);
    assert_eq!(batch["HEX"].as_binary::<i32>().value(0), [1, 2, 3]);
    assert_eq!(batch["VHX"].as_binary::<i32>().value(0), [0xAA, 0xBB]);
    assert_eq!(batch["DAT"].as_primitive::<Date32Type>().value_as_date(0).unwrap().to_string(), "2024-02-29");
    assert_eq!(batch["TIM"].as_primitive::<Time32SecondType>().value(0), 23 * 3600 + 59 * 60 + 58);
    let stamp = batch["STA"].as_primitive::<TimestampMicrosecondType>().value_as_datetime(0).unwrap();
    assert_eq!(stamp.to_string(), "2024-02-29 23:59:58.123456");
    assert_eq!(text(&batch, "GRA"), [Some("Hi!  ".into())]);
    for (name, start) in [("JJJ", ""), ("OOO", "AB"), ("EEE", "ABC   ")] {
        let value = text(&batch, name)[0].clone().unwrap();
        assert!(value.starts_with(start) && value.chars().all(|c| c == ' ' || c.is_alphanumeric()), "{value:?}");
    }
    // And back: the same bytes, but for the bytes after the end of varying fields.
    let columns: Vec<Option<ArrayRef>> = batch.columns().iter().cloned().map(Some).collect();
    let mut again = Vec::new();
    let (places, stride) = (format.placed(), format.layout().stride_sent());
    RecordEncoder::new(&places).unwrap().encode(&columns, 0..1, &stride, &mut again).unwrap();
    let slots = Slots::sent(&again, format.layout()).unwrap();
    let mut expected = body[..132].to_vec();
    expected[57..59].copy_from_slice(&again[57..59]);
    assert_eq!(slots.get(0).unwrap().record, expected);
    assert_eq!(decode(&format, &slots, &RecordOptions::default()).unwrap(), batch);
}

/// Slots of records of one field.
fn slots_of(format: &RecordFormat, records: &[&[u8]]) -> Vec<u8> {
    let layout = format.layout();
    let mut out = Vec::new();
    for (n, record) in records.iter().enumerate() {
        let slot = drdarrow::wire::file::buffer::RecordSlot { record, rrn: n as u32 + 1, nulls: &[] };
        drdarrow::wire::file::buffer::put_received(&layout, &slot, &mut out);
    }
    out
}

#[test]
fn dirty_values_follow_the_policy() {
    let form = |word: &str, dds, n| RecordField { format: word.into(), ..field("F", dds, n) };
    let cases: [(RecordField, &[u8], &[u8]); 13] = [
        (digits("F", DdsType::PACKED, 3, 5, 0), &[0x40; 3], &[0x12, 0x34, 0x5F]),
        (digits("F", DdsType::PACKED, 3, 4, 0), &[0x12, 0x34, 0x5F], &[0x02, 0x34, 0x5C]),
        (digits("F", DdsType::ZONED, 4, 4, 2), &[0x40; 4], &[0xF0, 0xF1, 0xF2, 0xC3]),
        (digits("F", DdsType::ZONED, 20, 20, 0), &[0x40; 20], &[0xF1; 20]),
        (form("*ISO", DdsType::DATE, 10), &[0x40; 10], b"\xF0\xF0\xF0\xF1\x60\xF0\xF1\x60\xF0\xF1"),
        (form("*YMD", DdsType::DATE, 8), &[0xFF; 8], b"\xF2\xF4\x61\xF0\xF2\x61\xF2\xF9"),
        (form("*HMS", DdsType::TIME, 8), &[0; 8], b"\xF2\xF3\x6B\xF5\xF9\x6B\xF5\xF8"),
        (
            field("F", DdsType::TIMESTAMP, 26),
            &[0x40; 26],
            b"\xF2\xF0\xF2\xF4\x60\xF0\xF2\x60\xF2\xF9\x60\xF2\xF3\x4B\xF5\xF9\x4B\xF5\xF8\x4B\xF1\xF2\xF3\xF4\xF5\xF6",
        ),
        (RecordField { ccsid: 939, ..field("F", DdsType::OPEN, 4) }, &[0x0E, 0x41, 0x41, 0x40], &[0xC1; 4]),
        (RecordField { ccsid: 1208, ..field("F", DdsType::CHARACTER, 2) }, &[0xFF, 0xFF], b"ab"),
        (RecordField { ccsid: 424, ..field("F", DdsType::CHARACTER, 2) }, &[0xC1, 0x72], &[0xC1, 0x41]),
        (field("F", DdsType::BOOLEAN, 1), &[0x40], &[0xF1]),
        (varying("F", DdsType::CHARACTER, 5), &[0, 4, 0xC1, 0xC1, 0xC1], &[0, 3, 0xC1, 0xC1, 0xC1]),
    ];
    for (field, bad, good) in cases {
        let format = format(vec![digits("N", DdsType::BINARY, 4, 9, 0), field.clone()]);
        let record = |value: &[u8]| [&[0, 0, 0, 9][..], value].concat();
        let body = slots_of(&format, &[&record(good), &record(bad), &record(good)]);
        let slots = Slots::received(&body, format.layout(), 3).unwrap();
        let with = |policy| RecordOptions { on_error_of: [("F".into(), policy)].into(), ..RecordOptions::default() };

        match decode(&format, &slots, &with(OnError::Raise)) {
            Err(RecordError::Value(e)) => {
                assert_eq!((e.rrn, e.offset, e.value.column.as_str()), (2, 4, "F"), "{field:?}");
                assert_eq!(e.value.bytes, bad);
                assert!(e.to_string().contains("field F, relative record number 2, offset 4"), "{e}");
            }
            other => panic!("{field:?}: {other:?}"),
        }

        let mut decoder = RecordDecoder::new(&format.placed(), &with(OnError::Null)).unwrap();
        decoder.append(&body, &slots.stride(), 3).unwrap();
        assert_eq!(decoder.nulled().collect::<Vec<_>>(), [("F", 1)], "{field:?}");
        let batch = decoder.finish().unwrap();
        assert!(batch.schema().field(1).is_nullable() && !batch.schema().field(0).is_nullable());
        assert_eq!((0..3).map(|row| batch.column(1).is_null(row)).collect::<Vec<_>>(), [false, true, false]);

        let batch = decode(&format, &slots, &with(OnError::Raw)).unwrap();
        assert_eq!(batch.schema().field(1).data_type(), &DataType::Binary);
        let raw: Vec<&[u8]> = batch.column(1).as_binary::<i32>().iter().flatten().collect();
        assert_eq!(raw, [good, bad, good], "{field:?}");
    }
}

#[test]
fn null_maps_are_read_as_they_are() {
    let format = cust();
    let mut body = captured("cust-3");
    let options = |policy| RecordOptions { on_error: policy, ..RecordOptions::default() };
    // NAME could not be mapped.
    body[52 + 47 + 1] = 0xF2;
    let slots = Slots::received(&body, format.layout(), 3).unwrap();
    let error = decode(&format, &slots, &options(OnError::Raise)).unwrap_err();
    assert_eq!(error.sqlstate(), "22018");
    assert!(error.to_string().contains("field NAME, relative record number 2, offset 6"), "{error}");
    assert!(decode(&format, &slots, &options(OnError::Null)).unwrap()["NAME"].is_null(1));
    assert_eq!(decode(&format, &slots, &options(OnError::Raw)).unwrap()["NAME"].as_binary::<i32>().value(1).len(), 10);
    // NAME is NULL, which it cannot be.
    body[52 + 47 + 1] = 0xF1;
    let slots = Slots::received(&body, format.layout(), 3).unwrap();
    for policy in [OnError::Raise, OnError::Null, OnError::Raw] {
        let error = decode(&format, &slots, &options(policy)).unwrap_err();
        assert_eq!(error, RecordError::Null { field: "NAME".into(), rrn: 2 });
    }
}

#[test]
fn layouts_that_lie_are_refused() {
    let format = cust();
    let body = captured("cust-3");
    let stride = Slots::received(&body, format.layout(), 3).unwrap().stride();
    let mut decoder = RecordDecoder::new(&format.placed(), &RecordOptions::default()).unwrap();
    for (len, stride, count) in [
        (body.len() - 1, stride, 3),
        (body.len(), stride, usize::MAX),
        (body.len(), drdarrow::wire::value::record_layout::Stride { record: 35, ..stride }, 1),
        (body.len(), drdarrow::wire::value::record_layout::Stride { increment: 0, ..stride }, 1),
        (body.len(), drdarrow::wire::value::record_layout::Stride { increment: 20, ..stride }, 1),
    ] {
        assert!(matches!(decoder.append(&body[..len], &stride, count), Err(RecordError::Layout(_))));
    }
    let odd = [field("X", DdsType('1'), 9)].map(|f| f.placed());
    assert!(RecordDecoder::new(&odd, &RecordOptions::default()).is_err());
}

#[test]
fn pages_may_be_forced() {
    let format =
        format(vec![RecordField { ccsid: 65535, ..field("C", DdsType::CHARACTER, 3) }, field("H", DdsType::HEX, 1)]);
    let body = slots_of(&format, &[&[0xC1, 0xC2, 0xC3, 0xC4]]);
    let slots = Slots::received(&body, format.layout(), 1).unwrap();
    let batch = decode(&format, &slots, &RecordOptions::default()).unwrap();
    assert_eq!(batch["C"].as_binary::<i32>().value(0), [0xC1, 0xC2, 0xC3]);
    let values = Options { bit_data_ccsid: Some(37), ..Options::default() };
    let options = RecordOptions { values, ..RecordOptions::default() };
    let batch = decode(&format, &slots, &options).unwrap();
    assert_eq!(text(&batch, "C"), [Some("ABC".into())]);
    assert_eq!(batch["H"].as_binary::<i32>().value(0), [0xC4]);
}

#[test]
fn what_is_left_out_has_the_default_of_its_type() {
    let mut fields = cust().fields;
    fields.push(RecordField { format: "*MDY".into(), ..field("D", DdsType::DATE, 8) });
    fields.push(RecordField { ccsid: 939, ..field("J", DdsType::ONLY, 6) });
    let format = format(fields);
    let (places, stride) = (format.placed(), format.layout().stride_sent());
    let encoder = RecordEncoder::new(&places).unwrap();
    let mut out = Vec::new();
    encoder.encode(&vec![None; 7], 0..2, &stride, &mut out).unwrap();
    let slots = Slots::sent(&out, format.layout()).unwrap();
    let slot = slots.get(1).unwrap();
    assert_eq!(
        slot.record,
        hex(
            "f0f0f0f0f0f0 40404040404040404040 0000000f 00000000 0000 40404040404040404040 f0f161f0f161f4f0 0e404040400f"
        )
    );
    assert_eq!(slot.nulls, [0xF0, 0xF0, 0xF0, 0xF0, 0xF1, 0xF0, 0xF0]);
    // A value that does not fit leaves no bytes.
    let before = out.clone();
    let long: ArrayRef = Arc::new(StringArray::from(vec!["ELEVENCHARS"]));
    let mut columns = vec![None; 7];
    columns[1] = Some(long);
    assert!(matches!(encoder.encode(&columns, 0..1, &stride, &mut out), Err(RecordError::Column(_))));
    let null: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>]));
    columns[1] = Some(null);
    assert!(encoder.encode(&columns, 0..1, &stride, &mut out).is_err());
    assert!(encoder.encode(&[], 0..1, &stride, &mut out).is_err());
    assert_eq!(out, before);
}
