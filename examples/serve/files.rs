//! The sample files.

use arrow_array::*;
use arrow_schema::{Field, Schema};
use drdarrow::server::file::library::{FileOptions, FileStore};
use drdarrow::server::file::rules::Duplicates;
use drdarrow::wire::file::format::{DdsType, KeyField, RecordField, RecordFormat};
use std::sync::Arc;
use std::time::Duration;

/// Records of BIG.
const BIG: i32 = 1000;
/// All files together, and how long a locked record is waited for: tests do not want to wait.
const ROOM: usize = 1 << 30;
const WAIT: Duration = Duration::from_secs(1);

/// All of them, in the library TESTLIB.
pub(crate) fn all() -> Option<FileStore> {
    let store = FileStore::with_limits(ROOM, WAIT);
    customers(&store)?;
    two_keys(&store)?;
    all_types(&store)?;
    big(&store)?;
    Some(store)
}

/// Five customers, a unique key.
fn customers(store: &FileStore) -> Option<()> {
    let number = Decimal128Array::from(vec![1, 2, 3, 5, 8]).with_precision_and_scale(6, 0).ok()?;
    let balance = Decimal128Array::from(vec![1050, -250, 999_999, 0, 123]).with_precision_and_scale(7, 2).ok()?;
    let format = format(
        "CUSTR",
        vec![
            digits("CUSNUM", DdsType::ZONED, 6, 6, 0),
            field("NAME", DdsType::CHARACTER, 10),
            digits("BAL", DdsType::PACKED, 4, 7, 2),
            digits("QTY", DdsType::BINARY, 4, 9, 0),
            RecordField { nullable: true, varying: true, ..field("NOTE", DdsType::CHARACTER, 12) },
        ],
    );
    let columns: Vec<ArrayRef> = vec![
        Arc::new(number),
        Arc::new(StringArray::from(vec!["ALPHA", "BETA", "GAMMA", "EPSILON", "THETA"])),
        Arc::new(balance),
        Arc::new(Int32Array::from(vec![7, -1, 100, 0, 5])),
        Arc::new(StringArray::from(vec![Some("one"), None, Some("three"), Some(""), Some("eight")])),
    ];
    let options = FileOptions { keys: vec![key("CUSNUM", false)], unique: true, ..FileOptions::default() };
    put(store, "CUST", format, columns, options)
}

/// A key of two fields, the second descending, with duplicates; the last one in comes first.
fn two_keys(store: &FileStore) -> Option<()> {
    let number = Decimal128Array::from(vec![1, 2, 3, 3, -4, 2]).with_precision_and_scale(5, 0).ok()?;
    let format = format(
        "TWOR",
        vec![
            field("GRP", DdsType::CHARACTER, 4),
            digits("NUM", DdsType::PACKED, 3, 5, 0),
            field("TXT", DdsType::CHARACTER, 8),
        ],
    );
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["BB", "AA", "AA", "AA", "AA", "CC"])),
        Arc::new(number),
        Arc::new(StringArray::from(vec!["first", "second", "third", "fourth", "fifth", "sixth"])),
    ];
    let keys = vec![key("GRP", false), key("NUM", true)];
    put(store, "TWOKEY", format, columns, FileOptions { keys, duplicates: Duplicates::Lifo, ..FileOptions::default() })
}

/// Every type that IBM's client for Java knows: values, NULL, the defaults.
fn all_types(store: &FileStore) -> Option<()> {
    let double = |name, dds, length| RecordField { ccsid: 939, ..field(name, dds, length) };
    let iso = |name, dds, length| RecordField { format: "*ISO".into(), ..field(name, dds, length) };
    let mut fields = vec![
        field("CHA", DdsType::CHARACTER, 5),
        varying("VCH", DdsType::CHARACTER, 12),
        digits("ZON", DdsType::ZONED, 5, 5, 0),
        digits("ZOD", DdsType::ZONED, 7, 7, 3),
        digits("PAC", DdsType::PACKED, 3, 5, 0),
        digits("PAD", DdsType::PACKED, 16, 31, 9),
        digits("BI2", DdsType::BINARY, 2, 4, 0),
        digits("BI4", DdsType::BINARY, 4, 9, 0),
        digits("BI8", DdsType::BINARY, 8, 18, 0),
        digits("FL4", DdsType::FLOAT, 4, 9, 0),
        digits("FL8", DdsType::FLOAT, 8, 17, 0),
        field("HEX", DdsType::HEX, 3),
        varying("VHX", DdsType::HEX, 6),
        iso("DAT", DdsType::DATE, 10),
        iso("TIM", DdsType::TIME, 8),
        field("STA", DdsType::TIMESTAMP, 26),
        RecordField { ccsid: 13488, ..field("GRA", DdsType::GRAPHIC, 10) },
        RecordField { ccsid: 1200, ..varying("VGR", DdsType::GRAPHIC, 18) },
        double("JJJ", DdsType::ONLY, 6),
        double("OOO", DdsType::OPEN, 8),
        double("EEE", DdsType::EITHER, 6),
    ];
    fields.iter_mut().for_each(|f| f.nullable = true);
    let text = |value: &'static str| -> ArrayRef { Arc::new(StringArray::from(vec![Some(value), None])) };
    let decimal = |value: i128, p, s| -> Option<ArrayRef> {
        Some(Arc::new(Decimal128Array::from(vec![Some(value), None]).with_precision_and_scale(p, s).ok()?))
    };
    let columns: Vec<ArrayRef> = vec![
        text("ABC"),
        text("Grüße"),
        decimal(-12_345, 5, 0)?,
        decimal(1_234_567, 7, 3)?,
        decimal(-54_321, 5, 0)?,
        decimal(-1_234_567_890_123_456_789_012_345_678_901, 31, 9)?,
        Arc::new(Int16Array::from(vec![Some(-1234), None])),
        Arc::new(Int32Array::from(vec![Some(123_456_789), None])),
        Arc::new(Int64Array::from(vec![Some(-123_456_789_012_345_678), None])),
        Arc::new(Float32Array::from(vec![Some(1.5), None])),
        Arc::new(Float64Array::from(vec![Some(-2.5e100), None])),
        Arc::new(BinaryArray::from(vec![Some(&b"\x01\xAB\xFF"[..]), None])),
        Arc::new(BinaryArray::from(vec![Some(&b"\xFE\xDC"[..]), None])),
        Arc::new(Date32Array::from(vec![Some(19_782), None])),
        Arc::new(Time32SecondArray::from(vec![Some(45_296), None])),
        Arc::new(TimestampMicrosecondArray::from(vec![Some(1_709_210_096_123_456), None])),
        text("日本ü"),
        text("Ω日"),
        text("日本"),
        text("A日B"),
        text("日"),
    ];
    put(store, "ALLTYP", format("ALLR", fields), columns, FileOptions::default())
}

/// Records of a thousand bytes.
fn big(store: &FileStore) -> Option<()> {
    let fields = vec![digits("ID", DdsType::BINARY, 4, 9, 0), field("TXT", DdsType::CHARACTER, 996)];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from_iter_values(1..=BIG)),
        Arc::new(StringArray::from_iter_values((1..=BIG).map(|i| format!("record {i}")))),
    ];
    put(store, "BIG", format("BIGR", fields), columns, FileOptions::default())
}

fn put(
    store: &FileStore,
    name: &str,
    format: RecordFormat,
    columns: Vec<ArrayRef>,
    options: FileOptions,
) -> Option<()> {
    let fields: Vec<Field> = format
        .fields
        .iter()
        .zip(&columns)
        .map(|(field, column)| Field::new(&field.name, column.data_type().clone(), field.nullable))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), columns).ok()?;
    let options = FileOptions { format: Some(format), ..options };
    match store.put(&format!("TESTLIB/{name}"), &schema, &[batch], &options) {
        Ok(()) => Some(()),
        Err(e) => {
            eprintln!("{e}");
            None
        }
    }
}

fn key(name: &str, descending: bool) -> KeyField {
    KeyField { name: name.to_owned(), descending, ..KeyField::default() }
}

fn format(name: &str, mut fields: Vec<RecordField>) -> RecordFormat {
    let mut length = 0;
    for field in &mut fields {
        field.offset = length;
        length += field.length;
    }
    RecordFormat { name: name.to_owned(), length, fields, ..RecordFormat::default() }
}

fn field(name: &str, dds: DdsType, length: u32) -> RecordField {
    RecordField { name: name.to_owned(), dds, length, ccsid: 37, ..RecordField::default() }
}

fn varying(name: &str, dds: DdsType, length: u32) -> RecordField {
    RecordField { varying: true, ..field(name, dds, length) }
}

fn digits(name: &str, dds: DdsType, length: u32, digits: u8, decimals: u8) -> RecordField {
    RecordField { digits, decimals, ccsid: 65535, ..field(name, dds, length) }
}
