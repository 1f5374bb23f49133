//! Fields of records: each alone in its record, decoded from a buffer of slots and encoded into one.

use crate::Result;
use crate::report::{Line, Report};
use crate::values::{Random, booleans, dates, decimals, primitive, stamps, texts, times, with_nulls};
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, BinaryArray, Decimal128Array};
use drdarrow::column::file::decode::RecordDecoder;
use drdarrow::column::file::encode::RecordEncoder;
use drdarrow::column::file::options::RecordOptions;
use drdarrow::wire::file::format::{DdsType, RecordField, RecordFormat};
use std::sync::Arc;
use std::time::Instant;

const VALUES: usize = 65_536;

pub(crate) fn run(report: &mut Report) -> Result<()> {
    let number = |dds, length, digits, decimals| RecordField { digits, decimals, ..field(dds, length) };
    for digits in [5, 9, 15, 31] {
        let field = number(DdsType::PACKED, u32::from(digits) / 2 + 1, digits, 2);
        line(report, &format!("packed {digits}"), field, move |n| decimals(n, 0, digits, 2, digits))?;
    }
    for nulls in [0, 10] {
        let field = RecordField { nullable: true, ..number(DdsType::PACKED, 5, 9, 2) };
        line(report, &format!("packed 9 null-capable {nulls}%"), field, move |n| decimals(n, nulls, 9, 2, 9))?;
    }
    for digits in [5, 9, 20, 31] {
        let field = number(DdsType::ZONED, digits.into(), digits, 2);
        line(report, &format!("zoned {digits}"), field, move |n| decimals(n, 0, digits, 2, digits))?;
    }
    let int32 = |n| Arc::new(primitive::<Int32Type>(n, 0, |r| r.next() as i32)) as ArrayRef;
    line(report, "binary 2", number(DdsType::BINARY, 2, 4, 0), |n| {
        Arc::new(primitive::<Int16Type>(n, 0, |r| r.next() as i16))
    })?;
    line(report, "binary 4", number(DdsType::BINARY, 4, 9, 0), int32)?;
    line(report, "binary 8", number(DdsType::BINARY, 8, 18, 0), |n| {
        Arc::new(primitive::<Int64Type>(n, 0, |r| r.next() as i64))
    })?;
    line(report, "binary 4 scale 2", number(DdsType::BINARY, 4, 9, 2), |n| {
        let values = primitive::<Decimal128Type>(n, 0, |r| i128::from(r.next() as i32));
        Arc::new(values.with_precision_and_scale(10, 2).unwrap_or_else(|_| Decimal128Array::from_iter_values([])))
    })?;
    line(report, "float 4", field(DdsType::FLOAT, 4), |n| {
        Arc::new(primitive::<Float32Type>(n, 0, |r| (r.next() as i32) as f32 / 64.0))
    })?;
    line(report, "float 8", field(DdsType::FLOAT, 8), |n| {
        Arc::new(primitive::<Float64Type>(n, 0, |r| (r.next() as i64) as f64 / 1024.0))
    })?;
    line(report, "decfloat 16", field(DdsType::DECFLOAT, 8), |n| decimals(n, 0, 16, 2, 16))?;
    line(report, "flag", field(DdsType::BOOLEAN, 1), booleans)?;
    dates_and_times(report)?;
    characters(report)
}

fn dates_and_times(report: &mut Report) -> Result<()> {
    for (format, length) in
        [("*ISO", 10), ("*USA", 10), ("*EUR", 10), ("*JIS", 10), ("*YMD", 8), ("*DMY", 8), ("*MDY", 8), ("*JUL", 6)]
    {
        let field = RecordField { format: format.into(), ..field(DdsType::DATE, length) };
        line(report, &format!("date {format}"), field, |n| {
            // Of 1942 to 2038.
            Arc::new(primitive::<Date32Type>(n, 0, |r| r.below(35_000) as i32 - 10_000))
        })?;
    }
    for format in ["*ISO", "*USA", "*JIS", "*HMS"] {
        let field = RecordField { format: format.into(), ..field(DdsType::TIME, 8) };
        let step = if format == "*USA" { 60 } else { 1 };
        line(report, &format!("time {format}"), field, move |n| {
            if step == 1 {
                return times(n);
            }
            Arc::new(primitive::<Time32SecondType>(n, 0, |r| 60 * r.below(1440) as i32))
        })?;
    }
    line(report, "timestamp", field(DdsType::TIMESTAMP, 26), |n| stamps::<TimestampMicrosecondType>(n, 0, 6, false))?;
    line(report, "date from timestamp", RecordField { format: "*ISO".into(), ..field(DdsType::DATE, 10) }, |n| {
        let days = dates(n, 0);
        let days = days.as_any().downcast_ref::<arrow_array::Date32Array>().map(|d| d.values().to_vec());
        let ticks = days.unwrap_or_default().into_iter().map(|d| i64::from(d) * 86_400_000_000);
        Arc::new(arrow_array::TimestampMicrosecondArray::from_iter_values(ticks))
    })
}

fn characters(report: &mut Report) -> Result<()> {
    let word = |n, text: &'static str| {
        texts(n, move |random: &mut Random| text.chars().skip(random.below(10) as usize).take(15).collect())
    };
    let ascii = move |n| word(n, "the quick brown fox jumps over it");
    let char = |ccsid| RecordField { ccsid, ..field(DdsType::CHARACTER, 20) };
    line(report, "char 20", char(37), ascii)?;
    for nulls in [0, 10] {
        let field = RecordField { nullable: true, ..char(37) };
        line(report, &format!("char 20 null-capable {nulls}%"), field, move |n| with_nulls(ascii(n), nulls))?;
    }
    line(report, "char 20 german", char(37), move |n| word(n, "Übergröße für Müller und Söhne in Köln"))?;
    let open = RecordField { ccsid: 5035, ..field(DdsType::OPEN, 40) };
    line(report, "char 40 open jp", open, move |n| word(n, "東京都ABC山田太郎 12 出荷済 TEL 大阪府京都"))?;
    let varying = RecordField { varying: true, ccsid: 37, ..field(DdsType::CHARACTER, 102) };
    line(report, "varlen 100", varying, ascii)?;
    line(report, "hex 16", field(DdsType::HEX, 16), |n| {
        let mut random = Random::new();
        let mut value = || [random.next().to_le_bytes(), random.next().to_le_bytes()].concat();
        Arc::new((0..n).map(|_| Some(value())).collect::<BinaryArray>())
    })
}

fn field(dds: DdsType, length: u32) -> RecordField {
    RecordField { name: "F".into(), dds, length, ccsid: 65535, ..RecordField::default() }
}

fn line(report: &mut Report, name: &str, field: RecordField, make: impl Fn(usize) -> ArrayRef) -> Result<()> {
    let name = format!("record {name}");
    if !report.wants(&name) {
        return Ok(());
    }
    let length = field.length;
    let format = RecordFormat { name: "R".into(), length, fields: vec![field], ..RecordFormat::default() };
    let (places, stride) = (format.placed(), format.layout().stride_sent());
    let array = make(report.count(VALUES));
    let rows = array.len();
    let columns = [Some(array)];
    let encoder = RecordEncoder::new(&places)?;
    let mut decoder = RecordDecoder::new(&places, &RecordOptions::default())?;
    let mut buf = Vec::new();
    let (mut encode, mut decode, mut finish) = (f64::MAX, f64::MAX, f64::MAX);
    for _ in 0..=report.rounds() {
        buf.clear();
        let start = Instant::now();
        encoder.encode(&columns, 0..rows, &stride, &mut buf)?;
        encode = encode.min(start.elapsed().as_nanos() as f64);
        let start = Instant::now();
        decoder.append(&buf, &stride, rows)?;
        decode = decode.min(start.elapsed().as_nanos() as f64);
        let start = Instant::now();
        drop(std::hint::black_box(decoder.finish()?));
        finish = finish.min(start.elapsed().as_nanos() as f64);
    }
    let each = |ns: f64| ns / rows as f64;
    let (decode, finish, encode) = (each(decode), each(finish), Some(each(encode)));
    report.line(&name, &Line { bytes: length.into(), walk: 0.0, decode, finish, encode });
    Ok(())
}
