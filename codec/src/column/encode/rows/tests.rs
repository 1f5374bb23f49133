//! Rows equal their cells: the loops agree with the way of every column, for every type, block size and fault.

use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::*;
use arrow_schema::{DataType, Field as ArrowField, Schema};
use proptest::prelude::*;

use super::*;
use crate::wire::codec::reader::ByteOrder;
use crate::wire::value::field::{CCSID_BINARY, Shape};
use crate::wire::value::typdef::FloatForm;
use crate::wire::value::types::{Type, TypeId};

const HEAD: [u8; 2] = [0xFF, 0x00];

/// A table of every kind of column, with and without a loop, in one environment.
fn fields(order: ByteOrder, ccsid: u16, nullable: bool) -> Vec<Field> {
    let float = if order == ByteOrder::Little { FloatForm::Ieee } else { FloatForm::Hexadecimal };
    let fixed = |ty, n| Field { order, float, nullable, ..Field::new(ty, Shape::Fixed(n)) };
    let text = |shape| Field { ccsid, length: 6, nullable, ..Field::new(Type::Text, shape) };
    let packed = |precision: u8, scale| Field { precision, scale, ..fixed(Type::Packed, u32::from(precision) / 2 + 1) };
    let paged = |ty, n| Field { ccsid, ..fixed(ty, n) };
    vec![
        fixed(Type::Integer, 2),
        fixed(Type::Integer, 4),
        fixed(Type::Integer, 8),
        fixed(Type::Float, 4),
        fixed(Type::Float, 8),
        packed(7, 2),
        packed(31, 5),
        packed(38, 0),
        Field { precision: 5, scale: 1, ..fixed(Type::Zoned, 5) },
        fixed(Type::DecFloat, 16),
        fixed(Type::Boolean, 1),
        paged(Type::Date, 10),
        paged(Type::Time, 8),
        Field { scale: 6, ..paged(Type::Timestamp, 26) },
        Field { scale: 9, ..paged(Type::Timestamp, 29) },
        text(Shape::Var),
        text(Shape::Fixed(6)),
        text(Shape::Pascal),
        text(Shape::Var),
        Field { ccsid: CCSID_BINARY, length: 6, nullable, ..Field::new(Type::Binary, Shape::Var) },
        Field { ccsid: CCSID_BINARY, lid: TypeId::BINARY, ..fixed(Type::Binary, 6) },
        text(Shape::Var),
        Field { ccsid: CCSID_BINARY, ..fixed(Type::Binary, 3) },
        Field { ccsid: 1200, length: 6, ..fixed(Type::Graphic, 12) },
        Field { ccsid: 1200, length: 6, nullable, ..Field::new(Type::Graphic, Shape::VarChars) },
    ]
}

/// One value of each column, made of two numbers; some do not fit.
fn batch(seeds: &[Option<(i64, String)>], wild: bool) -> RecordBatch {
    let numbers = || seeds.iter().map(|s| s.as_ref().map(|s| s.0));
    let texts = || seeds.iter().map(|s| s.as_ref().map(|s| s.1.as_str()));
    let digits = |n: u32| numbers().map(move |v| v.map(|v| if wild { v } else { v % 10i64.pow(n) }));
    let decimals = |n, p, s| {
        let values: Decimal128Array = digits(n).map(|v| v.map(i128::from)).collect();
        Arc::new(values.with_precision_and_scale(p, s).unwrap()) as ArrayRef
    };
    let days = numbers().map(|v| v.map(|v| if wild { (v >> 40) as i32 } else { (v % 700_000) as i32 }));
    let seconds = numbers().map(|v| v.map(|v| if wild { (v % 90_000) as i32 } else { v.rem_euclid(86_400) as i32 }));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(numbers().map(|v| v.map(|v| v as i16)).collect::<Int16Array>()),
        Arc::new(numbers().map(|v| v.map(|v| v as i32)).collect::<Int32Array>()),
        Arc::new(numbers().collect::<Int64Array>()),
        Arc::new(numbers().map(|v| v.map(|v| v as f32 / 8.0)).collect::<Float32Array>()),
        Arc::new(numbers().map(|v| v.map(|v| v as f64 / 8.0)).collect::<Float64Array>()),
        decimals(7, 7, 2),
        decimals(18, 31, 5),
        decimals(18, 38, 0),
        decimals(5, 5, 1),
        decimals(9, 20, 3),
        Arc::new(numbers().map(|v| v.map(|v| v & 1 == 0)).collect::<BooleanArray>()),
        Arc::new(days.collect::<Date32Array>()),
        Arc::new(seconds.collect::<Time32SecondArray>()),
        Arc::new(digits(17).collect::<TimestampMicrosecondArray>()),
        Arc::new(digits(18).collect::<TimestampNanosecondArray>()),
        Arc::new(texts().collect::<StringArray>()),
        Arc::new(texts().collect::<LargeStringArray>()),
        Arc::new(texts().collect::<StringArray>()),
        Arc::new(texts().collect::<StringViewArray>()),
        Arc::new(texts().map(|t| t.map(str::as_bytes)).collect::<BinaryArray>()),
        Arc::new(texts().map(|t| t.map(str::as_bytes)).collect::<BinaryViewArray>()),
        Arc::new(texts().collect::<DictionaryArray<Int8Type>>()),
        Arc::new(texts().map(|t| t.map(|t| if wild { t.as_bytes() } else { b"abc" })).collect::<BinaryArray>()),
        Arc::new(texts().collect::<StringArray>()),
        Arc::new(texts().collect::<LargeStringArray>()),
    ];
    let named = columns.iter().map(|c| ArrowField::new("C", c.data_type().clone(), true));
    RecordBatch::try_new(Arc::new(Schema::new(named.collect::<Vec<_>>())), columns).unwrap()
}

/// The same, cell by cell.
fn cells(fields: &[Field], batch: &RecordBatch, from: usize, bytes: usize) -> (usize, Option<ColumnError>, Vec<u8>) {
    let encoders: Vec<_> = fields.iter().enumerate().map(|(i, f)| ColumnEncoder::new(f, i).unwrap()).collect();
    let mut w = Writer::new();
    for row in from..batch.num_rows() {
        let start = w.len();
        if start >= bytes {
            return (row - from, None, w.into_vec());
        }
        w.bytes(&HEAD);
        for (encoder, array) in encoders.iter().zip(batch.columns()) {
            if let Err(error) = encoder.encode(array.as_ref(), row, &mut w) {
                w.vec_mut().truncate(start);
                return (row - from, Some(error), w.into_vec());
            }
        }
    }
    (batch.num_rows() - from, None, w.into_vec())
}

fn agree(fields: &[Field], batch: &RecordBatch, bytes: usize) {
    let mut encoder = RowEncoder::new(&HEAD, fields, batch).unwrap();
    let mut from = 0;
    while from < batch.num_rows() {
        let mut w = Writer::new();
        let (done, fault) = encoder.encode(from..batch.num_rows(), bytes, &mut w);
        assert_eq!((done, fault.clone(), w.into_vec()), cells(fields, batch, from, bytes));
        if fault.is_some() {
            return;
        }
        assert!(done > 0);
        from += done;
    }
}

fn seeds() -> impl Strategy<Value = Vec<Option<(i64, String)>>> {
    let text = prop_oneof![9 => "[a-z0-9 ]{0,6}", 1 => "[a-zé€日 ]{0,8}"];
    proptest::collection::vec(proptest::option::weighted(0.9, (any::<i64>(), text)), 1..80)
}

proptest! {
    #[test]
    fn rows_are_their_cells(seeds in seeds(), wild: bool, nullable: bool, bytes in 1usize..9000, page in 0usize..3) {
        let (order, ccsid) = [(ByteOrder::Big, 1208), (ByteOrder::Little, 1208), (ByteOrder::Big, 37)][page];
        let all = batch(&seeds, wild);
        agree(&fields(order, ccsid, nullable), &all, bytes);
        // Rows of a slice begin elsewhere in the arrays' buffers.
        agree(&fields(order, ccsid, nullable), &all.slice(seeds.len() / 3, seeds.len() / 2), bytes);
        // Each column by itself, so that a fault in one hides none in another.
        for (n, field) in fields(order, ccsid, nullable).into_iter().enumerate() {
            agree(&[field], &all.project(&[n]).unwrap(), bytes);
        }
    }
}

/// Keeps the large values of rows.
#[derive(Default)]
struct Kept {
    values: Vec<bytes::Bytes>,
    before: usize,
}

impl LargeCells for Kept {
    fn begin(&mut self) {
        self.before = self.values.len();
    }

    fn cell(
        &mut self,
        _: usize,
        encoder: &ColumnEncoder<'_>,
        array: &dyn Array,
        row: usize,
        w: &mut Writer,
    ) -> Result<(), ColumnError> {
        self.values.extend(encoder.encode(array, row, w)?);
        Ok(())
    }

    fn bytes(&self) -> usize {
        self.values.iter().map(bytes::Bytes::len).sum()
    }

    fn undo(&mut self) {
        self.values.truncate(self.before);
    }
}

/// As `cells`, with the large values.
fn cells_with_large(
    fields: &[Field],
    batch: &RecordBatch,
    from: usize,
    bytes: usize,
) -> (usize, bool, Vec<u8>, Vec<bytes::Bytes>) {
    let encoders: Vec<_> = fields.iter().enumerate().map(|(i, f)| ColumnEncoder::new(f, i).unwrap()).collect();
    let (mut w, mut kept) = (Writer::new(), Kept::default());
    for row in from..batch.num_rows() {
        let start = w.len();
        if start + kept.bytes() >= bytes {
            return (row - from, false, w.into_vec(), kept.values);
        }
        kept.begin();
        w.bytes(&HEAD);
        for (n, (encoder, array)) in encoders.iter().zip(batch.columns()).enumerate() {
            if kept.cell(n, encoder, array.as_ref(), row, &mut w).is_err() {
                w.vec_mut().truncate(start);
                kept.undo();
                return (row - from, true, w.into_vec(), kept.values);
            }
        }
    }
    (batch.num_rows() - from, false, w.into_vec(), kept.values)
}

proptest! {
    #[test]
    fn large_values_follow_their_rows(
        seeds in proptest::collection::vec(
            (proptest::option::weighted(0.8, "[a-z\u{1F600}é]{0,9}"), any::<Option<i32>>(), "[a-z]{0,40}"), 1..200),
        bytes in 1usize..4000,
        ccsid in prop_oneof![Just(1208u16), Just(37)],
        nullable: bool,
    ) {
        let large = |ty, width, ccsid| Field { ccsid, nullable, length: 1 << 20, ..Field::new(ty, Shape::Lob(width)) };
        let fields = [
            Field { nullable: true, ..Field::new(Type::Integer, Shape::Fixed(4)) },
            large(Type::Text, 8, ccsid),
            Field { ccsid: 1208, length: 30, nullable: true, ..Field::new(Type::Text, Shape::Var) },
            Field { nullable: true, ..large(Type::Binary, 9, CCSID_BINARY) },
        ];
        let columns: Vec<ArrayRef> = vec![
            Arc::new(seeds.iter().map(|s| s.1).collect::<Int32Array>()),
            Arc::new(seeds.iter().map(|s| s.0.as_deref()).collect::<StringArray>()),
            Arc::new(seeds.iter().map(|s| Some(s.2.as_str())).collect::<StringArray>()),
            Arc::new(seeds.iter().map(|s| s.0.as_deref().map(str::as_bytes)).collect::<BinaryArray>()),
        ];
        let named = columns.iter().map(|c| ArrowField::new("C", c.data_type().clone(), true));
        let all = RecordBatch::try_new(Arc::new(Schema::new(named.collect::<Vec<_>>())), columns).unwrap();
        let mut encoder = RowEncoder::kept(&HEAD, &fields, &all).unwrap();
        let mut from = 0;
        while from < all.num_rows() {
            let (mut w, mut kept) = (Writer::new(), Kept::default());
            let (done, fault) = encoder.encode_large(from..all.num_rows(), bytes, &mut w, &mut kept);
            let expected = cells_with_large(&fields, &all, from, bytes);
            prop_assert_eq!((done, fault.is_some(), w.into_vec(), kept.values), expected);
            if let Some(ColumnError::Value(bad)) = &fault {
                prop_assert_eq!(bad.row, (from + done) as u64 + 1);
            }
            if fault.is_some() {
                return Ok(());
            }
            from += done;
        }
    }
}

#[test]
fn more_rows_than_a_tile() {
    let seeds: Vec<_> =
        (0..3 * TILE as i64 + 5).map(|n| (n % 7 != 3).then(|| (n, "abc".repeat(n as usize % 3)))).collect();
    let all = batch(&seeds, false);
    for bytes in [1, 500, 100_000, usize::MAX] {
        agree(&fields(ByteOrder::Little, 1208, true), &all, bytes);
    }
    let numbers: ArrayRef = Arc::new(Int32Array::from_iter_values(0..5000));
    let one = RecordBatch::try_from_iter([("N", numbers)]).unwrap();
    assert_eq!(one.schema().field(0).data_type(), &DataType::Int32);
    agree(&[Field::new(Type::Integer, Shape::Fixed(4))], &one, usize::MAX);
}
