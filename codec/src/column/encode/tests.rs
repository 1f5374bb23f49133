//! Values that are written are read back, for every type; values that do not fit are refused.

use std::sync::Arc;

use arrow_array::builder::*;
use arrow_array::types::*;
use arrow_array::*;
use arrow_buffer::i256;
use arrow_schema::TimeUnit;
use proptest::prelude::*;

use super::*;
use crate::column::decode::decoder;
use crate::column::options::DecFloatAs;
use crate::column::schema::arrow_field;
use crate::wire::codec::reader::ByteOrder;
use crate::wire::value::calendar::{DAY, FIRST_DAY, LAST_DAY};
use crate::wire::value::cell::{Cells, Lob, NULL};
use crate::wire::value::decfloat::{Class, DecFloat};
use crate::wire::value::error::ValueError;
use crate::wire::value::field::CCSID_BINARY;
use crate::wire::value::typdef::FloatForm;
use crate::wire::value::types::TypeId;

fn field(ty: Type, shape: Shape) -> Field {
    Field { name: "P".into(), nullable: true, ..Field::new(ty, shape) }
}

fn fixed(ty: Type, n: u32) -> Field {
    field(ty, Shape::Fixed(n))
}

/// Through the wire and back.
fn round_trip(field: &Field, array: &ArrayRef, options: &Options) -> ArrayRef {
    let encoder = ColumnEncoder::new(field, 0).unwrap();
    let mut w = Writer::new();
    let (mut offsets, mut lobs) = (Vec::new(), Vec::new());
    for row in 0..array.len() {
        let start = w.len() as u32;
        let extdta = encoder.encode(array.as_ref(), row, &mut w).unwrap();
        let null = field.nullable && w.as_slice()[start as usize] == ABSENT;
        offsets.push(if null { NULL } else { start + u32::from(field.nullable) });
        lobs.push(if null { Lob::Null } else { Lob::Value(extdta.unwrap_or_default()) });
    }
    let lobs = if matches!(field.shape, Shape::Lob(_)) { lobs } else { Vec::new() };
    let mut decoder = decoder(field, 0, options).unwrap();
    decoder.append(&Cells { buf: w.as_slice(), offsets: &offsets, lobs: &lobs, first_row: 1 }).unwrap();
    decoder.finish().unwrap()
}

fn same(field: &Field, array: ArrayRef, options: &Options) {
    let expected = arrow_field(field, 0, options).unwrap();
    assert_eq!(array.data_type(), expected.data_type(), "{field:?}");
    assert_eq!(&round_trip(field, &array, options), &array, "{field:?}");
}

fn array<T: ArrowPrimitiveType>(
    field: &Field,
    options: &Options,
    values: impl Iterator<Item = Option<T::Native>>,
) -> ArrayRef {
    let data_type = arrow_field(field, 0, options).unwrap().data_type().clone();
    Arc::new(values.collect::<PrimitiveArray<T>>().with_data_type(data_type))
}

type Seeds = Vec<Option<(i64, u128)>>;

fn integers(seeds: &Seeds, options: &Options) {
    for order in [ByteOrder::Big, ByteOrder::Little] {
        let int = |n| Field { order, ..fixed(Type::Integer, n) };
        let values = || seeds.iter().map(|s| s.map(|s| s.0));
        same(&int(1), array::<Int8Type>(&int(1), options, values().map(|v| v.map(|v| v as i8))), options);
        same(&int(2), array::<Int16Type>(&int(2), options, values().map(|v| v.map(|v| v as i16))), options);
        same(&int(4), array::<Int32Type>(&int(4), options, values().map(|v| v.map(|v| v as i32))), options);
        same(&int(8), array::<Int64Type>(&int(8), options, values()), options);
        let float = |n, float| Field { order, float, ..fixed(Type::Float, n) };
        let real = float(4, FloatForm::Ieee);
        same(&real, array::<Float32Type>(&real, options, values().map(|v| v.map(|v| v as f32 / 3.0))), options);
        let double = float(8, FloatForm::Ieee);
        same(&double, array::<Float64Type>(&double, options, values().map(|v| v.map(|v| v as f64 / 3.0))), options);
        let hex = float(8, FloatForm::Hexadecimal);
        same(&hex, array::<Float64Type>(&hex, options, values().map(|v| v.map(|v| v as f64 / 3.0))), options);
        let hex = float(4, FloatForm::Hexadecimal);
        same(
            &hex,
            array::<Float64Type>(&hex, options, values().map(|v| v.map(|v| (v % (1 << 21)) as f64 / 8.0))),
            options,
        );
    }
    for n in [1, 2] {
        let bits: BooleanArray = seeds.iter().map(|s| s.map(|s| s.0 % 2 == 0)).collect();
        same(&fixed(Type::Boolean, n), Arc::new(bits), options);
    }
}

fn decimals(seeds: &Seeds, options: &Options) {
    for precision in [1, 2, 9, 15, 16, 31, 32, 38] {
        for (ty, bytes, ccsid) in [
            (Type::Packed, precision / 2 + 1, 0),
            (Type::Zoned, precision, 0),
            (Type::Zoned, precision, 819),
            (Type::NumericChar, precision + 1, 0),
            (Type::NumericChar, precision + 1, 1208),
        ] {
            let field = Field { precision, scale: precision / 2, ccsid, ..fixed(ty, u32::from(bytes)) };
            let limit = 10i128.pow(u32::from(precision));
            let values = seeds.iter().map(|s| s.map(|s| s.1.cast_signed() % limit));
            same(&field, array::<Decimal128Type>(&field, options, values), options);
        }
    }
    let field = Field { precision: 63, scale: 20, ..fixed(Type::Packed, 32) };
    let values = seeds
        .iter()
        .map(|s| s.map(|s| i256::from_i128(s.1.cast_signed()).wrapping_mul(i256::from_i128(10i128.pow(20)))));
    same(&field, array::<Decimal256Type>(&field, options, values), options);
    for (width, digits) in [(8, 16), (16, 34)] {
        let field = fixed(Type::DecFloat, width);
        let number = |(exponent, coefficient): (i64, u128)| DecFloat {
            negative: coefficient % 2 == 0,
            class: if exponent % 7 == 0 { Class::Infinity } else { Class::Finite },
            coefficient: if exponent % 7 == 0 { 0 } else { coefficient % 10u128.pow(digits) },
            exponent: if exponent % 7 == 0 { 0 } else { (exponent % 380) as i32 - 15 },
        };
        let texts: StringArray = seeds.iter().map(|s| s.map(|s| number(s).to_string())).collect();
        same(&field, Arc::new(texts), options);
        let options = Options { decfloat: DecFloatAs::Decimal { precision: 20, scale: 3 }, ..options.clone() };
        let values = seeds.iter().map(|s| s.map(|s| i128::from(s.0 % 10i64.pow(16))));
        same(&field, array::<Decimal128Type>(&field, &options, values), &options);
    }
}

fn times(seeds: &Seeds, options: &Options) {
    for ccsid in [0, 500, 1208] {
        let days = |s: u128| FIRST_DAY + (s % (LAST_DAY - FIRST_DAY) as u128) as i32;
        let date = Field { ccsid, ..fixed(Type::Date, 10) };
        same(&date, array::<Date32Type>(&date, options, seeds.iter().map(|s| s.map(|s| days(s.1)))), options);
        let time = Field { ccsid, ..fixed(Type::Time, 8) };
        let seconds = seeds.iter().map(|s| s.map(|s| s.0.rem_euclid(i64::from(DAY)) as i32));
        same(&time, array::<Time32SecondType>(&time, options, seconds), options);
        let micros = |s: (i64, u128)| i64::from(days(s.1)) * 86_400_000_000 + s.0.rem_euclid(86_400_000_000);
        for (n, scale, unit) in
            [(19, 0, 1_000_000), (26, 6, 1), (26, 0, 1), (29, 9, 1), (32, 12, 1), (32, 6, 1), (23, 3, 1000)]
        {
            let field = Field { ccsid, scale, ..fixed(Type::Timestamp, n) };
            let ticks = seeds.iter().map(|s| s.map(|s| micros(s) / unit * unit));
            same(&field, array::<TimestampMicrosecondType>(&field, options, ticks), options);
        }
        let field = Field { ccsid, scale: 9, ..fixed(Type::Timestamp, 29) };
        let nanos = Options { timestamp_unit: TimeUnit::Nanosecond, ..options.clone() };
        same(&field, array::<TimestampNanosecondType>(&field, &nanos, seeds.iter().map(|s| s.map(|s| s.0))), &nanos);
        let field = Field { ccsid, scale: 6, length: 154, ..field_of(Type::TimestampTz) };
        let ticks = seeds.iter().map(|s| s.map(micros));
        same(&field, array::<TimestampMicrosecondType>(&field, options, ticks), options);
    }
}

fn field_of(ty: Type) -> Field {
    field(ty, Shape::Var)
}

fn strings(texts: &[Option<String>], options: &Options) {
    let text = |shape, ccsid, length| Field { ccsid, length, ..field(Type::Text, shape) };
    let graphic = |shape, length| Field { ccsid: 1200, length, ..field(Type::Graphic, shape) };
    let kept = |keep: &dyn Fn(char) -> bool| -> Vec<Option<String>> {
        texts.iter().map(|t| t.as_ref().map(|t| t.chars().filter(|c| keep(*c)).collect())).collect()
    };
    let narrow: &dyn Fn(char) -> bool = &|c| matches!(c, ' '..='~');
    let any: &dyn Fn(char) -> bool = &|c| c != '\0';
    for (field, keep) in [
        (text(Shape::Var, 1208, 4000), any),
        (text(Shape::Var, 500, 4000), narrow),
        (text(Shape::Pascal, 1208, 255), narrow),
        (text(Shape::NulTerminated, 1208, 4000), any),
        (text(Shape::NulTerminated, 37, 4000), narrow),
        (graphic(Shape::VarChars, 2000), any),
        (Field { ccsid: 1208, ..field_of(Type::Xml) }, any),
        (field_of(Type::Datalink), any),
    ] {
        let values: StringArray = kept(keep).into_iter().collect();
        same(&field, Arc::new(values), options);
    }
    for (field, width) in [
        (text(Shape::Fixed(80), 1208, 80), 80),
        (text(Shape::Fixed(80), 500, 80), 80),
        (graphic(Shape::Fixed(160), 80), 80),
    ] {
        // What comes back is padded.
        let narrowed = kept(narrow);
        let values: StringArray = narrowed.iter().cloned().collect();
        let padded: StringArray = narrowed.into_iter().map(|t| t.map(|t| format!("{t:width$}"))).collect();
        assert_eq!(&round_trip(&field, &(Arc::new(values) as ArrayRef), options), &(Arc::new(padded) as ArrayRef));
    }
    for width in [2, 4, 6, 8, 9] {
        let values: LargeStringArray = kept(any).into_iter().collect();
        same(&text(Shape::Lob(width), 1208, 0), Arc::new(values.clone()), options);
        same(&graphic(Shape::Lob(width), 0), Arc::new(values.clone()), options);
        same(&field(Type::Xml, Shape::Lob(width)), Arc::new(values), options);
        let bytes: LargeBinaryArray = texts.iter().map(|t| t.as_ref().map(String::as_bytes)).collect();
        same(&field(Type::Binary, Shape::Lob(width)), Arc::new(bytes), options);
    }
    let bytes: BinaryArray = texts.iter().map(|t| t.as_ref().map(String::as_bytes)).collect();
    for field in [field_of(Type::Binary), field_of(Type::RowId), text(Shape::Var, CCSID_BINARY, 4000)] {
        same(&field, Arc::new(bytes.clone()), options);
    }
    let padded = texts.iter().map(|t| t.as_ref().map(|t| [t.as_bytes(), &[0; 320]].concat()[..320].to_vec()));
    let field = Field { lid: TypeId::BINARY, length: 320, ..fixed(Type::Binary, 320) };
    let padded: BinaryArray = padded.collect();
    assert_eq!(&round_trip(&field, &(Arc::new(bytes) as ArrayRef), options), &(Arc::new(padded) as ArrayRef));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_type_survives(
        seeds in proptest::collection::vec(proptest::option::weighted(0.8, any::<(i64, u128)>()), 0..12),
        texts in proptest::collection::vec(proptest::option::weighted(0.8, "[ -~éß€\u{10000}-\u{10010}]{0,80}"), 0..12),
    ) {
        let options = Options::default();
        integers(&seeds, &options);
        decimals(&seeds, &options);
        times(&seeds, &options);
        strings(&texts, &options);
    }
}

fn refused(field: &Field, array: impl Array + 'static) -> (Reason, &'static str) {
    let mut w = Writer::new();
    w.u8(0xEE);
    let error = encode_value(field, 0, &array, 0, &mut w).unwrap_err();
    assert_eq!(w.as_slice(), [0xEE], "{error}");
    let state = error.sqlstate();
    match error {
        ColumnError::Value(bad) => {
            assert_eq!(bad.row, 1);
            (bad.reason, state)
        }
        other => panic!("{other}"),
    }
}

fn written(field: &Field, array: impl Array + 'static) -> Vec<u8> {
    let mut w = Writer::new();
    encode_value(field, 0, &array, 0, &mut w).unwrap();
    w.into_vec()
}

fn decimal(precision: u8, scale: u8) -> Field {
    Field { precision, scale, nullable: false, ..fixed(Type::Packed, u32::from(precision) / 2 + 1) }
}

#[test]
fn numbers_fit_or_are_refused() {
    let small = fixed(Type::Integer, 2);
    assert_eq!(refused(&small, Int64Array::from(vec![40_000])), (Reason::Range("40000".into()), "22003"));
    assert_eq!(refused(&small, Float64Array::from(vec![1.5])), (Reason::Scale("1.5e0".into()), "22003"));
    assert_eq!(written(&small, Float64Array::from(vec![3.0])), [0, 0, 3]);
    assert_eq!(written(&small, StringArray::from(vec![" 12 "])), [0, 0, 12]);
    assert_eq!(refused(&small, StringArray::from(vec!["x"])), (Reason::NotA("BIGINT"), "22018"));
    assert_eq!(refused(&small, UInt64Array::from(vec![u64::MAX])).1, "22003");

    let price = decimal(5, 2);
    assert_eq!(written(&price, Float64Array::from(vec![0.1])), [0x00, 0x01, 0x0C]);
    assert_eq!(written(&price, StringArray::from(vec!["-123.4"])), [0x12, 0x34, 0x0D]);
    assert_eq!(written(&price, StringArray::from(vec!["1e2"])), [0x10, 0x00, 0x0C]);
    assert_eq!(written(&price, Int32Array::from(vec![7])), [0x00, 0x70, 0x0C]);
    assert_eq!(refused(&price, Int32Array::from(vec![1000])).1, "22003");
    assert_eq!(refused(&price, StringArray::from(vec!["0.001"])), (Reason::Scale("0.001".into()), "22003"));
    assert_eq!(refused(&price, Float64Array::from(vec![f64::NAN])).1, "22003");
    assert_eq!(refused(&price, StringArray::from(vec!["NaN"])).1, "22003");
    for text in ["", "-", ".", "1.2.3", "12a", "1e", "--1", "1-2"] {
        assert_eq!(refused(&price, StringArray::from(vec![text])).1, "22018", "{text}");
    }
    let other = Decimal128Array::from(vec![12_300]).with_precision_and_scale(10, 3).unwrap();
    assert_eq!(written(&price, other), [0x01, 0x23, 0x0C]);

    let real = fixed(Type::Float, 4);
    assert_eq!(written(&real, Float64Array::from(vec![0.1])), [&[0u8][..], &0.1f32.to_be_bytes()].concat());
    assert_eq!(refused(&real, Float64Array::from(vec![1e39])).1, "22003");
    let double = fixed(Type::Float, 8);
    assert_eq!(refused(&double, Int64Array::from(vec![(1 << 53) + 1])).1, "22003");
    let tenth = Decimal128Array::from(vec![1]).with_precision_and_scale(3, 1).unwrap();
    assert_eq!(written(&double, tenth), [&[0u8][..], &0.1f64.to_be_bytes()].concat());

    let decfloat = fixed(Type::DecFloat, 8);
    assert_eq!(refused(&decfloat, Int64Array::from(vec![i64::MAX])).1, "22003");
    assert_eq!(refused(&decfloat, StringArray::from(vec!["1,5"])).1, "22018");
    assert_eq!(refused(&fixed(Type::Boolean, 1), Int8Array::from(vec![2])).1, "22018");
}

#[test]
fn nulls() {
    let array = Int32Array::from(vec![None::<i32>]);
    let field = fixed(Type::Integer, 4);
    assert_eq!(written(&field, array.clone()), [ABSENT]);
    assert_eq!(written(&field, NullArray::new(1)), [ABSENT]);
    let error =
        encode_value(&Field { nullable: false, ..field.clone() }, 0, &array, 0, &mut Writer::new()).unwrap_err();
    assert_eq!(error.sqlstate(), "23502");
    let error = encode_value(&field, 0, &array, 1, &mut Writer::new()).unwrap_err();
    assert!(error.to_string().contains("the array has only 1 rows"));
}

#[test]
fn text_is_never_cut() {
    let var = Field { ccsid: 1208, length: 3, ..field_of(Type::Text) };
    assert_eq!(written(&var, StringViewArray::from(vec!["abc"])), b"\0\0\x03abc");
    assert_eq!(refused(&var, StringArray::from(vec!["abcd"])), (Reason::TooLong { len: 4, max: 3 }, "22001"));
    assert_eq!(refused(&var, Int32Array::from(vec![1])).1, "07006");
    let char3 = Field { ccsid: 500, ..fixed(Type::Text, 3) };
    assert_eq!(written(&char3, LargeStringArray::from(vec!["A"])), [0, 0xC1, 0x40, 0x40]);
    assert_eq!(refused(&char3, StringArray::from(vec!["ABCD"])).1, "22001");
    assert_eq!(refused(&char3, StringArray::from(vec!["€"])).1, "22021");
    let nul = Field { ccsid: 1208, length: 9, ..field(Type::Text, Shape::NulTerminated) };
    assert_eq!(refused(&nul, StringArray::from(vec!["a\0"])).0, Reason::ZeroByte);
    let bits = Field { ccsid: CCSID_BINARY, ..fixed(Type::Binary, 3) };
    assert_eq!(refused(&bits, BinaryArray::from(vec![b"ab".as_slice()])).0, Reason::TooShort { len: 2, min: 3 });
    assert_eq!(refused(&bits, StringArray::from(vec!["abc"])).1, "07006");
    let mut dictionary = StringDictionaryBuilder::<Int8Type>::new();
    dictionary.append_value("xy");
    assert_eq!(written(&var, dictionary.finish()), b"\0\0\x02xy");
}

#[test]
fn dates_are_never_shifted() {
    let date = fixed(Type::Date, 10);
    assert_eq!(written(&date, StringArray::from(vec!["29.02.2024"])), b"\x002024-02-29");
    assert_eq!(written(&date, Date64Array::from(vec![86_400_000])), b"\x001970-01-02");
    assert_eq!(refused(&date, Date64Array::from(vec![1])).1, "22003");
    assert_eq!(refused(&date, StringArray::from(vec!["2023-02-29"])).1, "22007");
    assert_eq!(refused(&date, StringArray::from(vec!["tomorrow"])).1, "22007");
    assert_eq!(refused(&date, Date32Array::from(vec![LAST_DAY + 1])).1, "22003");
    let time = fixed(Type::Time, 8);
    assert_eq!(written(&time, Time64MicrosecondArray::from(vec![1_000_000])), b"\x0000:00:01");
    assert_eq!(
        refused(&time, Time64MicrosecondArray::from(vec![1])).0,
        ValueError::Inexact("the fraction of a second").into()
    );
    let stamp = Field { scale: 6, ..fixed(Type::Timestamp, 26) };
    assert_eq!(written(&stamp, TimestampNanosecondArray::from(vec![-1000])), b"\x001969-12-31-23.59.59.999999");
    assert_eq!(refused(&stamp, TimestampNanosecondArray::from(vec![1])).1, "22003");
    assert_eq!(refused(&stamp, TimestampSecondArray::from(vec![0]).with_timezone("UTC")).1, "07006");
    let zoned = Field { scale: 0, ..field_of(Type::TimestampTz) };
    assert_eq!(
        written(&zoned, TimestampSecondArray::from(vec![0]).with_timezone("Europe/Berlin")),
        b"\0\0\x191970-01-01-00.00.00+00:00"
    );
    assert_eq!(refused(&zoned, TimestampSecondArray::from(vec![0])).1, "07006");
}

#[test]
fn integers_are_exact_in_floats() {
    for (width, most) in [(4, 1 << 24), (8, 1 << 53)] {
        let float = Field { float: FloatForm::Ieee, ..fixed(Type::Float, width) };
        written(&float, Int64Array::from(vec![most]));
        assert_eq!(refused(&float, Int64Array::from(vec![most + 1])).0, ValueError::Inexact("the integer").into());
    }
}

#[test]
fn a_large_value_leaves_its_length() {
    let mut w = Writer::new();
    let clob = Field { ccsid: 1208, ..field(Type::Text, Shape::Lob(4)) };
    let array = StringArray::from(vec![Some("abc"), None, Some("")]);
    let encoder = ColumnEncoder::new(&clob, 0).unwrap();
    assert_eq!(encoder.encode(&array, 0, &mut w).unwrap().as_deref(), Some(b"abc".as_slice()));
    assert_eq!(encoder.encode(&array, 1, &mut w).unwrap(), None);
    assert_eq!(encoder.encode(&array, 2, &mut w).unwrap(), None);
    assert_eq!(w.as_slice(), [0, 0, 0, 0, 3, ABSENT, 0, 0, 0, 0, 0]);
    let tiny = Field { ccsid: 1208, ..field(Type::Text, Shape::Lob(1)) };
    assert_eq!(refused(&tiny, StringArray::from(vec!["x".repeat(128)])).1, "22001");
}
