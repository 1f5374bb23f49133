//! The sample tables.

use arrow_array::types::Int32Type;
use arrow_array::*;
use arrow_schema::{Field, Schema};
use drdarrow::server::table::{MemoryTables, Table};
use std::collections::HashMap;
use std::sync::Arc;

/// All of them, in one database.
pub(crate) fn all() -> Option<MemoryTables> {
    let tables = MemoryTables::named("SAMPLE");
    tables.put("SAMPLE", sample()?);
    tables.put("EXTREMES", extremes()?);
    tables.put("LOBS", lobs()?);
    tables.put("NUMBERS", numbers()?);
    Some(tables)
}

/// Every type: a low value, NULL, a high value.
fn sample() -> Option<Table> {
    let columns: Vec<(Field, ArrayRef)> = vec![
        column("I2", Int16Array::from(vec![Some(i16::MIN), None, Some(i16::MAX)])),
        column("I4", Int32Array::from(vec![Some(i32::MIN), None, Some(i32::MAX)])),
        column("I8", Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX)])),
        column("R4", Float32Array::from(vec![Some(-1.5), None, Some(0.25)])),
        column("R8", Float64Array::from(vec![Some(-1.5e100), None, Some(0.1)])),
        column(
            "DEC",
            Decimal128Array::from(vec![Some(-12_345), None, Some(9_999_999)]).with_precision_and_scale(7, 2).ok()?,
        ),
        column(
            "DEC31",
            Decimal128Array::from(vec![Some(-1), None, Some(10i128.pow(31) - 1)])
                .with_precision_and_scale(31, 5)
                .ok()?,
        ),
        column("BOOL", BooleanArray::from(vec![Some(true), None, Some(false)])),
        told(column("CHR", StringArray::from(vec![Some("abc  "), None, Some("xyz12")])), "CHAR", 5),
        told(column("VCH", StringArray::from(vec![Some(""), None, Some("Grüße 日本 𝄞")])), "VARCHAR", 60),
        told(column("VG", StringArray::from(vec![Some("日本"), None, Some("g")])), "VARGRAPHIC", 10),
        told(
            column("BITS", BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None, Some(b"")])),
            "VARCHAR FOR BIT DATA",
            10,
        ),
        told(column("VBIN", BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None, Some(b"")])), "VARBINARY", 10),
        column("DAT", Date32Array::from(vec![Some(-719_162), None, Some(2_932_896)])),
        column("TIM", Time32SecondArray::from(vec![Some(0), None, Some(86_399)])),
        column(
            "TS",
            TimestampMicrosecondArray::from(vec![Some(-62_135_596_800_000_000), None, Some(253_402_300_799_999_999)]),
        ),
        column("TS9", TimestampNanosecondArray::from(vec![Some(1), None, Some(1_700_000_000_123_456_789)])),
        told(column("DF", StringArray::from(vec![Some("1.50"), None, Some("-9.99E+300")])), "DECFLOAT", 16),
    ];
    table(columns)
}

/// The values of each type that are hard to get right; the second row is NULL.
fn extremes() -> Option<Table> {
    let nines = 10i128.pow(31) - 1;
    let decimal = |values: [i128; 5], p, s| {
        let [low, high, a, b, c] = values;
        let array = Decimal128Array::from(vec![Some(low), None, Some(high), Some(a), Some(b), Some(c)]);
        array.with_precision_and_scale(p, s).ok()
    };
    let texts = |values: [&'static str; 5]| {
        let [low, high, a, b, c] = values;
        StringArray::from(vec![Some(low), None, Some(high), Some(a), Some(b), Some(c)])
    };
    let bytes = |values: [&'static [u8]; 5]| {
        let [low, high, a, b, c] = values;
        BinaryArray::from(vec![Some(low), None, Some(high), Some(a), Some(b), Some(c)])
    };
    let mut columns: Vec<(Field, ArrayRef)> = vec![
        column("ID", Int32Array::from_iter_values(0..6)),
        column("I2", Int16Array::from(vec![Some(i16::MIN), None, Some(i16::MAX), Some(0), Some(1), Some(-1)])),
        column("I4", Int32Array::from(vec![Some(i32::MIN), None, Some(i32::MAX), Some(0), Some(1), Some(-1)])),
        column("I8", Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX), Some(0), Some(1), Some(-1)])),
        column(
            "R4",
            Float32Array::from(vec![
                Some(f32::MIN),
                None,
                Some(f32::MAX),
                Some(f32::MIN_POSITIVE),
                Some(f32::from_bits(1)),
                Some(-0.1),
            ]),
        ),
        column(
            "R8",
            Float64Array::from(vec![
                Some(f64::MIN),
                None,
                Some(f64::MAX),
                Some(f64::MIN_POSITIVE),
                Some(f64::from_bits(1)),
                Some(-0.1),
            ]),
        ),
        column("D1", decimal([-9, 9, 0, 1, -1], 1, 0)?),
        column("D31", decimal([-nines, nines, 0, 1, -1], 31, 0)?),
        column("D3131", decimal([-nines, nines, 0, 1, -1], 31, 31)?),
        column("B", BooleanArray::from(vec![Some(false), None, Some(true), Some(true), Some(false), Some(true)])),
        told(column("C5", texts(["     ", "zzzzz", "Ü é", "日ab", " x   "])), "CHAR", 5),
        told(column("VC", texts(["", "Grüße 日本 𝄞", "a'b\"c", "\u{1}\u{7f}\t\n", " trailing "])), "VARCHAR", 60),
        told(column("G3", texts(["日本語", "𝄞x", "   ", "ab ", "Ü日 "])), "GRAPHIC", 3),
        told(column("VG", texts(["", "日本 𝄞", "plain", "é", " "])), "VARGRAPHIC", 20),
        told(column("BD", bytes([b"\0\0\0", b"\xff\xff\xff", b"   ", b"\0\x01\x02", b"@@@"])), "CHAR FOR BIT DATA", 3),
        told(column("VBD", bytes([b"", b"\xff\0", b" ", b"\0", b"abc"])), "VARCHAR FOR BIT DATA", 10),
        told(column("BIN", bytes([b"\0\0\0", b"\xff\xff\xff", b"   ", b"\0\x01\x02", b"@@@"])), "BINARY", 3),
        told(column("VBIN", bytes([b"", b"\xff\0", b" ", b"\0", b"abc"])), "VARBINARY", 10),
        column(
            "DAT",
            Date32Array::from(vec![Some(-719_162), None, Some(2_932_896), Some(0), Some(11_016), Some(-141_427)]),
        ),
        column("TIM", Time32SecondArray::from(vec![Some(0), None, Some(86_399), Some(1), Some(43_200), Some(3_599)])),
        told(
            column("DF16", texts(["-9.999999999999999E+384", "9.999999999999999E+384", "1E-398", "NaN", "-Infinity"])),
            "DECFLOAT",
            8,
        ),
        told(
            column(
                "DF34",
                texts([
                    "-9.999999999999999999999999999999999E+6144",
                    "9.999999999999999999999999999999999E+6144",
                    "1E-6176",
                    "Infinity",
                    "1.50",
                ]),
            ),
            "DECFLOAT",
            16,
        ),
    ];
    for digits in 0..=12u32 {
        let (field, array) = stamps(digits);
        let metadata = HashMap::from([("drda:scale".to_owned(), digits.to_string())]);
        columns.push((field.with_metadata(metadata), array));
    }
    table(columns)
}

/// A TIMESTAMP with so many digits: the first and the last that there is, in the unit that holds
/// them; nanoseconds reach from 1678 to 2261.
fn stamps(digits: u32) -> (Field, ArrayRef) {
    let name = format!("TS{digits}");
    let (first, last) = (-62_135_596_800i64, 253_402_300_799i64);
    let second = 1_700_000_000i64;
    let values = |per_second: i64| {
        let step = per_second / 10i64.pow(digits.min(6));
        let end = (last + 1) * per_second - step;
        vec![
            Some(first * per_second),
            None,
            Some(end),
            Some(0),
            Some(second * per_second + per_second - step),
            Some(-step),
        ]
    };
    match digits {
        0 => column(
            &name,
            TimestampSecondArray::from(vec![Some(first), None, Some(last), Some(0), Some(second), Some(-1)]),
        ),
        1..=3 => column(&name, TimestampMillisecondArray::from(values(1_000))),
        4..=6 => column(&name, TimestampMicrosecondArray::from(values(1_000_000))),
        _ => {
            let step = 10i64.pow(9u32.saturating_sub(digits));
            let values = [i64::MIN / 2, i64::MAX / 2, 0, second * 1_000_000_000 + 123_456_789, -step];
            let [low, high, a, b, c] = values.map(|v| v - v.rem_euclid(step));
            column(&name, TimestampNanosecondArray::from(vec![Some(low), None, Some(high), Some(a), Some(b), Some(c)]))
        }
    }
}

/// Large objects: empty, NULL, one byte, and on to 20 MiB; no two parts of a long one are alike.
fn lobs() -> Option<Table> {
    let mixed = |i: usize| (i * 31 + i / 251) % 256;
    let text = |n: usize| (0..n).map(|i| char::from(b' ' + (mixed(i) % 95) as u8)).collect::<String>();
    let sizes = [Some(0), None, Some(1), Some(32_768), Some(1 << 20), Some(20 << 20)];
    let mut texts: Vec<Option<String>> = sizes.iter().map(|n| n.map(text)).collect();
    texts.push(Some("Grüße 日本 𝄞 ".repeat(5_000)));
    let mut bytes: Vec<Option<Vec<u8>>> =
        sizes.iter().map(|n| n.map(|n| (0..n).map(|i| mixed(i) as u8).collect())).collect();
    bytes.push(Some(vec![0; 40_000]));
    table(vec![
        column("ID", Int32Array::from_iter_values(0..7)),
        column("C", LargeStringArray::from_iter(texts)),
        column("B", LargeBinaryArray::from_iter(bytes)),
    ])
}

/// A million rows.
fn numbers() -> Option<Table> {
    let ids = PrimitiveArray::<Int32Type>::from_iter_values(0..1_000_000);
    let names = StringArray::from_iter_values((0..1_000_000).map(|i| format!("name {i}")));
    table(vec![column("ID", ids), told(column("NAME", names), "VARCHAR", 20)])
}

fn column(name: &str, array: impl Array + 'static) -> (Field, ArrayRef) {
    (Field::new(name, array.data_type().clone(), true), Arc::new(array))
}

fn told((field, array): (Field, ArrayRef), sql: &str, length: u32) -> (Field, ArrayRef) {
    let metadata =
        HashMap::from([("drda:type".to_owned(), sql.to_owned()), ("drda:length".to_owned(), length.to_string())]);
    (field.with_metadata(metadata), array)
}

fn table(columns: Vec<(Field, ArrayRef)>) -> Option<Table> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), arrays).ok()?;
    Table::new(schema, vec![batch])
}
