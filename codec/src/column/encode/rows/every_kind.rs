//! Every kind of array into every kind of column: the loops give what single values give, or the same fault.

use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::*;
use arrow_buffer::i256;
use arrow_schema::{DataType, Field as ArrowField, Schema};
use proptest::prelude::*;

use super::*;
use crate::wire::codec::instructions::{levels, with};
use crate::wire::codec::reader::ByteOrder;
use crate::wire::value::field::Shape;
use crate::wire::value::typdef::FloatForm;
use crate::wire::value::types::{Type, TypeId};

/// One number and one text; `None` is NULL.
pub(in crate::column) type Seed = Option<(i64, String)>;

/// An array of each kind.
pub(in crate::column) fn arrays(seeds: &[Seed], bits: u32) -> Vec<ArrayRef> {
    // Of few bits, so that many fit.
    let numbers = || seeds.iter().map(|s| s.as_ref().map(|s| s.0 >> (64 - bits)));
    let texts = || seeds.iter().map(|s| s.as_ref().map(|s| s.1.as_str()));
    let wide = || numbers().map(|v| v.map(|v| i128::from(v) * i128::from(v).pow(bits / 40)));
    let decimal = |p, s| -> ArrayRef {
        let values: Decimal128Array = wide().map(|v| v.map(|v| v % 10i128.pow(u32::from(p)))).collect();
        Arc::new(values.with_data_type(DataType::Decimal128(p, s)))
    };
    let widest: Decimal256Array =
        wide().map(|v| v.map(|v| i256::from_i128(v).wrapping_mul(i256::from_i128(v)))).collect();
    let day = |v: i64| v.rem_euclid(86_400);
    vec![
        Arc::new(numbers().map(|v| v.map(|v| v as i8)).collect::<Int8Array>()),
        Arc::new(numbers().map(|v| v.map(|v| v as i16)).collect::<Int16Array>()),
        Arc::new(numbers().map(|v| v.map(|v| v as i32)).collect::<Int32Array>()),
        Arc::new(numbers().collect::<Int64Array>()),
        Arc::new(numbers().map(|v| v.map(|v| v as u8)).collect::<UInt8Array>()),
        Arc::new(numbers().map(|v| v.map(|v| v as u64)).collect::<UInt64Array>()),
        Arc::new(numbers().map(|v| v.map(|v| v as f32 / 8.0)).collect::<Float32Array>()),
        Arc::new(numbers().map(|v| v.map(|v| v as f64 / 100.0)).collect::<Float64Array>()),
        Arc::new(numbers().map(|v| v.map(|v| f64::from_bits(v as u64))).collect::<Float64Array>()),
        decimal(18, 2),
        decimal(38, 2),
        decimal(38, 0),
        decimal(38, 5),
        decimal(38, -3),
        Arc::new(widest.with_data_type(DataType::Decimal256(76, 10))),
        Arc::new(numbers().map(|v| v.map(|v| v & 1 == 0)).collect::<BooleanArray>()),
        Arc::new(numbers().map(|v| v.map(|v| (v % 4_000_000) as i32)).collect::<Date32Array>()),
        Arc::new(numbers().map(|v| v.map(|v| v as i32 % 90_000)).collect::<Time32SecondArray>()),
        Arc::new(numbers().map(|v| v.map(|v| (60 * (day(v) / 60)) as i32)).collect::<Time32SecondArray>()),
        Arc::new(numbers().map(|v| v.map(|v| day(v) * 1_000_000 + (v & 1))).collect::<Time64MicrosecondArray>()),
        Arc::new(numbers().map(|v| v.map(|v| day(v) * 1_000_000_000)).collect::<Time64NanosecondArray>()),
        Arc::new(numbers().map(|v| v.map(|v| v % 300_000_000_000)).collect::<TimestampSecondArray>()),
        Arc::new(numbers().map(|v| v.map(|v| v % 300_000_000_000_000)).collect::<TimestampMillisecondArray>()),
        Arc::new(numbers().map(|v| v.map(|v| v % 3_000_000 * 86_400)).collect::<TimestampSecondArray>()),
        Arc::new(
            numbers().map(|v| v.map(|v| v % 30_000 * 86_400_000 + (v >> 63))).collect::<TimestampMillisecondArray>(),
        ),
        Arc::new(numbers().map(|v| v.map(|v| v % 30_000 * 86_400_000_000)).collect::<TimestampMicrosecondArray>()),
        Arc::new(numbers().map(|v| v.map(|v| v % 30_000 * 86_400_000_000_000)).collect::<TimestampNanosecondArray>()),
        Arc::new(numbers().collect::<TimestampMicrosecondArray>()),
        Arc::new(numbers().map(|v| v.map(|v| v / 1000 * 1000)).collect::<TimestampNanosecondArray>()),
        Arc::new(numbers().collect::<TimestampNanosecondArray>().with_timezone("UTC")),
        Arc::new(texts().collect::<StringArray>()),
        Arc::new(texts().collect::<StringViewArray>()),
        Arc::new(texts().map(|t| t.filter(|t| t.is_ascii())).collect::<StringArray>()),
        Arc::new(numbers().map(|v| v.map(|v| format!("{}", v as f64 / 1000.0))).collect::<StringArray>()),
        Arc::new(texts().map(|t| t.map(str::as_bytes)).collect::<BinaryArray>()),
        Arc::new(texts().collect::<DictionaryArray<Int8Type>>()),
        Arc::new(NullArray::new(seeds.len())),
    ]
}

/// A column of each kind in one environment.
pub(in crate::column) fn fields(order: ByteOrder, float: FloatForm, ccsid: u16, nullable: bool) -> Vec<Field> {
    let fixed = |ty, n| Field { order, float, nullable, ccsid, length: n, ..Field::new(ty, Shape::Fixed(n)) };
    let decimal = |ty, precision: u8, scale, width| Field { precision, scale, ..fixed(ty, width) };
    let mut fields: Vec<Field> = [1, 2, 4, 8].map(|n| fixed(Type::Integer, n)).into();
    fields.extend([4, 8].map(|n| fixed(Type::Float, n)));
    fields.extend([8, 16].map(|n| fixed(Type::DecFloat, n)));
    fields.extend([1, 2].map(|n| fixed(Type::Boolean, n)));
    for (precision, scale) in [
        (1, 0),
        (4, 2),
        (7, 2),
        (8, 0),
        (15, 2),
        (16, 1),
        (17, 0),
        (18, 4),
        (19, 2),
        (31, 6),
        (32, 2),
        (33, 3),
        (38, 10),
        (45, 10),
        (63, 10),
    ] {
        let digits = u32::from(precision);
        fields.push(decimal(Type::Packed, precision, scale, digits / 2 + 1));
        fields.push(decimal(Type::Zoned, precision, scale, digits));
        fields.push(decimal(Type::NumericChar, precision, scale, digits + 1));
    }
    fields.extend([fixed(Type::Date, 10), fixed(Type::Time, 8)]);
    for (scale, width) in [(0, 19), (1, 21), (3, 23), (6, 26), (6, 29), (9, 29), (12, 32), (0, 26), (2, 40)] {
        fields.push(Field { scale, ..fixed(Type::Timestamp, width) });
        fields.push(Field { scale, ..fixed(Type::TimestampTz, width + 6) });
    }
    fields.push(Field { scale: 6, shape: Shape::Var, ..fixed(Type::Timestamp, 26) });
    fields.push(Field { scale: 0, shape: Shape::Var, ..fixed(Type::TimestampTz, 26) });
    fields.extend([1, 6, 17, 40, 70].map(|n| fixed(Type::Text, n)));
    fields.push(Field { shape: Shape::Var, ..fixed(Type::Text, 6) });
    let bytes = |shape, lid| Field { ccsid: 0, shape, lid, ..fixed(Type::Binary, 6) };
    fields.extend([bytes(Shape::Fixed(6), TypeId::BINARY), bytes(Shape::Fixed(6), TypeId::default())]);
    fields.push(bytes(Shape::Var, TypeId::VARBINARY));
    fields
}

/// The cells of an array by single values, up to the first fault.
fn single(field: &Field, array: &dyn Array) -> (Vec<u8>, Option<String>) {
    let encoder = ColumnEncoder::new(field, 0).unwrap();
    let mut w = Writer::new();
    for row in 0..array.len() {
        w.bytes(&[0xFF, 0x00]);
        if let Err(fault) = encoder.encode(array, row, &mut w) {
            let end = w.len() - 2;
            w.vec_mut().truncate(end);
            return (w.into_vec(), Some(fault.to_string()));
        }
    }
    (w.into_vec(), None)
}

pub(in crate::column) fn seed() -> impl Strategy<Value = Vec<Seed>> {
    let text = prop_oneof![
        "[a-zÄß]{0,7}",
        "-?[0-9]{1,9}(\\.[0-9]{1,3})?",
        Just("1.5E+3".to_owned()),
        Just("2024-02-29".to_owned()),
        Just("23:59:58".to_owned()),
        Just("2024-02-29-01.02.03.5".to_owned()),
    ];
    proptest::collection::vec(proptest::option::weighted(0.9, (any::<i64>(), text)), 1..9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_hold_what_single_values_give(
        seeds in seed(),
        bits in 1..=64u32,
        environment in 0..3usize,
        level in 0..levels().len(),
    ) {
        let (order, float, ccsid) = [
            (ByteOrder::Little, FloatForm::Ieee, 1208),
            (ByteOrder::Big, FloatForm::Hexadecimal, 37),
            (ByteOrder::Big, FloatForm::Ieee, 273),
        ][environment];
        for nullable in [true, false] {
            for field in fields(order, float, ccsid, nullable) {
                for array in arrays(&seeds, bits) {
                    let kind = array.data_type().clone();
                    let schema = Schema::new(vec![ArrowField::new("c", kind.clone(), true)]);
                    let batch = RecordBatch::try_new(Arc::new(schema), vec![array.clone()]).unwrap();
                    let fields = std::slice::from_ref(&field);
                    let mut w = Writer::new();
                    let (rows, fault) = with(levels()[level].1, || {
                        let mut encoder = RowEncoder::new(&[0xFF, 0x00], fields, &batch).unwrap();
                        encoder.encode(0..array.len(), usize::MAX, &mut w)
                    });
                    let (bytes, expected) = single(&field, array.as_ref());
                    prop_assert_eq!(fault.map(|f| f.to_string()), expected, "{:?} from {}", &field, kind);
                    prop_assert_eq!(w.as_slice(), bytes, "{:?} from {}, {} rows", &field, kind, rows);
                }
            }
        }
    }
}

#[test]
fn an_encoder_goes_on_with_another_batch() {
    let field = Field { length: 4, ..Field::new(Type::Integer, Shape::Fixed(4)) };
    let batch = |values: [i32; 3]| {
        let array: ArrayRef = Arc::new(Int32Array::from_iter_values(values));
        RecordBatch::try_from_iter([("c", array)]).unwrap()
    };
    let mut encoder = RowEncoder::kept(&[], &[field], &batch([1, 2, 3])).unwrap();
    let mut w = Writer::new();
    assert_eq!(encoder.encode(0..2, usize::MAX, &mut w).0, 2);
    encoder.rest();
    encoder.take(&batch([7, 8, 9]));
    assert_eq!(encoder.encode(1..3, usize::MAX, &mut w).0, 2);
    let numbers: Vec<u8> = w.as_slice().chunks(4).map(|c| c[3]).collect();
    assert_eq!(numbers, [1, 2, 8, 9]);
}
