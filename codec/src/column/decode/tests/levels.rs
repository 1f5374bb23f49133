//! Every quick way with every set of instructions, held against the values one by one.

use proptest::prelude::*;

use super::*;
use crate::wire::codec::instructions::{levels, with};
use crate::wire::value::decimal::{self, Wide};
use crate::wire::value::{datetext, datetime};

/// A small generator.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

/// A column, cells for it, and their values.
struct Case {
    field: Field,
    good: fn(&Field, &mut Random) -> Vec<u8>,
    /// A value as a number, unless it is bad.
    value: fn(&Field, &[u8]) -> Option<i128>,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (width, order) in [(1, ByteOrder::Big), (2, ByteOrder::Big), (4, ByteOrder::Little), (8, ByteOrder::Big)] {
        cases.push(Case {
            field: Field { order, ..field(Type::Integer, Shape::Fixed(width)) },
            good: |field, random| (0..fixed(field.shape)).map(|_| random.below(256) as u8).collect(),
            value: |field, cell| {
                let mut bytes = cell.to_vec();
                if field.order == ByteOrder::Little {
                    bytes.reverse();
                }
                let sign = if bytes[0] < 0x80 { 0 } else { -1 };
                Some(bytes.iter().fold(sign, |value, byte| value << 8 | i128::from(*byte)))
            },
        });
    }
    for precision in [1, 2, 7, 9, 15, 16, 23, 31] {
        cases.push(Case {
            field: packed(precision, 0),
            good: |field, random| {
                let mut cell = Vec::new();
                let value = i128::from(random.below(1 << 50)) - (1 << 49);
                let value = value % 10i128.pow(field.precision.into());
                decimal::put_packed(Wide::from(value), field.precision, &mut cell).unwrap();
                cell
            },
            value: |field, cell| in_range(field, decimal::packed(cell).ok()?),
        });
    }
    for precision in [1, 4, 8, 9, 13, 16, 20] {
        cases.push(Case {
            field: Field { precision, ..field(Type::Zoned, Shape::Fixed(precision.into())) },
            good: |field, random| {
                let mut cell = Vec::new();
                let value = i128::from(random.below(1 << 50)) - (1 << 49);
                let value = value % 10i128.pow(field.precision.into());
                decimal::put_zoned(Wide::from(value), field.precision, random.below(20) > 0, &mut cell).unwrap();
                cell
            },
            value: |field, cell| in_range(field, decimal::zoned(cell).ok()?),
        });
    }
    for dates in [
        (|_: &Field, random: &mut Random| date(random).to_vec()) as fn(&Field, &mut Random) -> Vec<u8>,
        |_, random| date(random).map(|c| if c == b'-' { 0x60 } else { c + 0xC0 }).to_vec(),
        |_, random| {
            let [a, b, c, d, _, e, f, _, g, h] = date(random);
            if random.below(9) > 0 { date(random).to_vec() } else { vec![e, f, b'/', g, h, b'/', a, b, c, d] }
        },
    ] {
        cases.push(Case {
            field: field(Type::Date, Shape::Fixed(10)),
            good: dates,
            value: |_, cell| datetime::date(cell.try_into().ok()?).ok().map(i128::from),
        });
    }
    cases.push(Case {
        field: field(Type::Time, Shape::Fixed(8)),
        good: |_, random| {
            let mut cell = Vec::new();
            datetext::put_time(random.below(86_400) as u32, b'.', &mut cell).unwrap();
            cell
        },
        value: |_, cell| datetime::time(cell.try_into().ok()?).ok().map(i128::from),
    });
    cases
}

fn date(random: &mut Random) -> [u8; 10] {
    datetext::date_text(random.below(3_000_000) as i32 - 700_000, b'0', b'-')
}

fn in_range(field: &Field, value: i128) -> Option<i128> {
    decimal::fits(Wide::from(value), field.precision).then_some(value)
}

fn numbers(array: &ArrayRef) -> Vec<Option<i128>> {
    let wide = |values: Vec<Option<i64>>| values.into_iter().map(|v| v.map(i128::from)).collect();
    match array.data_type() {
        DataType::Decimal128(..) => primitives::<Decimal128Type>(array),
        DataType::Int8 => wide(primitives::<Int8Type>(array).into_iter().map(|v| v.map(i64::from)).collect()),
        DataType::Int16 => wide(primitives::<Int16Type>(array).into_iter().map(|v| v.map(i64::from)).collect()),
        DataType::Int32 => wide(primitives::<Int32Type>(array).into_iter().map(|v| v.map(i64::from)).collect()),
        DataType::Int64 => wide(primitives::<Int64Type>(array)),
        DataType::Date32 => wide(primitives::<Date32Type>(array).into_iter().map(|v| v.map(i64::from)).collect()),
        DataType::Time32(_) => {
            wide(primitives::<Time32SecondType>(array).into_iter().map(|v| v.map(i64::from)).collect())
        }
        other => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn many_at_once_are_values_one_by_one(
        seed: u64,
        nulls in proptest::sample::select(vec![0u64, 0, 5, 100, 500, 1000]),
        odd in proptest::sample::select(vec![0u64, 0, 1, 10, 300]),
        gap in 0..4usize,
        rows in proptest::sample::select(vec![1usize, 3, 63, 64, 65, 200, 1024]),
    ) {
        let mut random = Random(seed | 1);
        for Case { field, good, value } in cases() {
            let (mut buf, mut offsets, mut expected) = (vec![0xEE; gap], Vec::new(), Vec::new());
            for _ in 0..rows {
                if random.below(1000) < nulls {
                    offsets.push(NULL);
                    expected.push(None);
                    continue;
                }
                let mut cell = good(&field, &mut random);
                if random.below(1000) < odd {
                    let at = random.below(cell.len() as u64) as usize;
                    cell[at] = [0x00, 0x40, 0xFF, 0x1A, 0x99, b'9'][random.below(6) as usize];
                }
                offsets.push(buf.len() as u32);
                expected.push(value(&field, &cell));
                buf.extend_from_slice(&cell);
                buf.extend_from_slice(&[0xEE; 4][..random.below(5) as usize]);
            }
            if random.below(2) > 0 {
                // The last value ends with the block.
                let end = offsets.iter().rfind(|at| **at != NULL).map_or(0, |at| *at as usize + fixed(field.shape));
                buf.truncate(end);
            }
            for (name, level) in levels() {
                let options = Options { bad_values: BadValues::Null, ..Options::default() };
                let mut sut = with(level, || decoder(&field, 0, &options)).unwrap();
                for offsets in offsets.chunks(500) {
                    sut.append(&Cells { buf: &buf, offsets, lobs: &[], first_row: 1 }).unwrap();
                }
                let bad = offsets.iter().zip(&expected).filter(|(at, value)| **at != NULL && value.is_none()).count();
                prop_assert_eq!(sut.nulled(), bad as u64);
                let array = sut.finish().unwrap();
                prop_assert_eq!(numbers(&array), expected.clone(), "{} {:?}", name, field);
                // The first bad value is named, whatever is read together with it.
                let mut strict = with(level, || decoder(&field, 0, &Options::default())).unwrap();
                let result = strict.append(&Cells { buf: &buf, offsets: &offsets, lobs: &[], first_row: 10 });
                let first = offsets.iter().zip(&expected).position(|(at, value)| *at != NULL && value.is_none());
                match (result, first) {
                    (Ok(()), None) => {}
                    (Err(ColumnError::Value(bad)), Some(first)) => prop_assert_eq!(bad.row, 10 + first as u64),
                    other => prop_assert!(false, "{other:?}"),
                }
                // And so is the first NULL of a column that has none.
                let field = Field { nullable: false, ..field.clone() };
                let mut strict = with(level, || decoder(&field, 0, &Options::default())).unwrap();
                let result = strict.append(&Cells { buf: &buf, offsets: &offsets, lobs: &[], first_row: 10 });
                match (result, expected.iter().position(Option::is_none)) {
                    (Ok(()), None) => {}
                    (Err(ColumnError::Value(bad)), Some(first)) => prop_assert_eq!(bad.row, 10 + first as u64),
                    (Err(ColumnError::Null { row, .. }), Some(first)) => prop_assert_eq!(row, 10 + first as u64),
                    other => prop_assert!(false, "{other:?}"),
                }
            }
        }
    }
}
