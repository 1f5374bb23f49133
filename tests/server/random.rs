//! Tables of any columns and any values, through every persona: what the server sends is what it was
//! given, and so is what comes back after an INSERT of all of it.

use crate::authority::{Lab, named as named_for};
use crate::support::{PERSONAS, config, rows, start_with, told};
use arrow_array::*;
use arrow_schema::{Field, Schema};
use drdarrow::client::sql::connection::Connection;
use drdarrow::client::sql::statement::Outcome;
use drdarrow::server::listen::Server;
use drdarrow::server::persona::{DERBY, Persona, ZOS};
use drdarrow::server::settings::ServerSettings;
use drdarrow::server::table::{MemoryTables, Table};
use drdarrow::server::tls::ServerTls;
use drdarrow::wire::ccsid::codec::Codec;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::strategy::Union;
use proptest::test_runner::TestRunner;
use std::collections::HashMap;
use std::sync::Arc;

/// Tables a persona.
const CASES: u32 = 100;
const DAYS: std::ops::Range<i32> = -719_162..2_932_897;
/// The first and the last microsecond of the years 1 to 9999.
const MICROS: std::ops::Range<i64> = -62_135_596_800_000_000..253_402_300_800_000_000;

type Column = (Field, ArrayRef);

/// A column of `$n` values, NULLs among them, as `$make` has it.
macro_rules! of {
    ($n:expr, $values:expr, $make:expr) => {
        vec(option::weighted(0.8, $values), $n)
            .prop_map(move |v| {
                let array: ArrayRef = Arc::new($make(v));
                (Field::new("", array.data_type().clone(), true), array)
            })
            .boxed()
    };
}

/// Columns of an SQL type that Arrow does not have.
fn named(columns: BoxedStrategy<Column>, sql: &'static str, length: u32) -> BoxedStrategy<Column> {
    columns.prop_map(move |column| told(column, sql, length)).boxed()
}

/// Columns in a page of their own.
fn paged(columns: BoxedStrategy<Column>, ccsid: u16) -> BoxedStrategy<Column> {
    columns
        .prop_map(move |(field, array)| {
            let mut metadata = field.metadata().clone();
            metadata.insert("drda:ccsid".to_owned(), ccsid.to_string());
            (field.with_metadata(metadata), array)
        })
        .boxed()
}

/// Pages of EBCDIC in one byte, in one and two, of UTF-8, with characters that each of them has.
const PAGES: [(u16, &str); 10] = [
    (37, "[ -~éüß¢]"),
    (273, "[ -~éüß§]"),
    (1141, "[ -~éüß€]"),
    (1025, "[ -~Жя№]"),
    (930, "[A-Z0-9 ｱア漢字。]"),
    (939, "[A-Za-z0-9 ~ア漢字。]"),
    (1399, "[A-Za-z0-9 ~ア漢字€]"),
    (935, "[A-Za-z0-9 汉字]"),
    (819, "[ -~éüß]"),
    (1208, "[ -~éü日𝄞€]"),
];

/// The same of GRAPHIC.
const WIDE: [(u16, &str); 4] =
    [(1200, "[ -~é日𝄞]"), (13488, "[ -~é日]"), (300, "[ア漢字　Ａ]"), (16684, "[ア漢字　Ａ]")];

/// A column in any of the pages, of any form.
fn pages(n: usize) -> Vec<BoxedStrategy<Column>> {
    let mut types = Vec::new();
    for (ccsid, signs) in PAGES {
        let text = |least, most| proptest::string::string_regex(&format!("{signs}{{{least},{most}}}")).unwrap();
        types.push(paged(named(of!(n, text(0, 30), StringArray::from), "VARCHAR", 200), ccsid));
        types.push(paged(of!(n, text(0, 2_000), LargeStringArray::from), ccsid));
        if ccsid != 1208 {
            // What is shorter is filled with blanks, which are part of the value.
            types.push(paged(named(of!(n, text(0, 5), |v| padded(v, 30, ccsid)), "CHAR", 30), ccsid));
        }
    }
    for (ccsid, signs) in WIDE {
        let text = |least, most| proptest::string::string_regex(&format!("{signs}{{{least},{most}}}")).unwrap();
        types.push(paged(named(of!(n, text(0, 10), StringArray::from), "VARGRAPHIC", 20), ccsid));
        types.push(paged(of!(n, text(0, 10), StringArray::from), ccsid));
        types.push(paged(of!(n, text(0, 900), LargeStringArray::from), ccsid));
    }
    let bytes = vec(any::<u8>(), 0..30);
    types.push(paged(of!(n, bytes, |v: Vec<Option<Vec<u8>>>| BinaryArray::from_iter(v)), 65535));
    types
}

/// Text with blanks after, so that each is so many bytes long in the page.
fn padded(values: Vec<Option<String>>, bytes: usize, ccsid: u16) -> StringArray {
    let codec = Codec::new(ccsid).unwrap();
    let fill = |mut text: String| {
        let mut encoded = Vec::new();
        codec.encode(&text, &mut encoded).unwrap();
        text.extend(std::iter::repeat_n(' ', bytes - encoded.len()));
        text
    };
    values.into_iter().map(|v| v.map(fill)).collect()
}

/// Text whose characters every page of the persona has.
fn text(persona: &Persona, most: usize) -> BoxedStrategy<String> {
    // Lengths count bytes, of UTF-8 in the tables.
    if persona.typdef.mbc == 1208 {
        proptest::string::string_regex(&format!("[ -~éü日𝄞\\n]{{0,{}}}", most / 4)).unwrap().boxed()
    } else {
        proptest::string::string_regex(&format!("[ -~éüß]{{0,{}}}", most / 2)).unwrap().boxed()
    }
}

fn decimals(n: usize) -> BoxedStrategy<Column> {
    (1u8..=31)
        .prop_flat_map(|precision| (Just(precision), 0..=precision))
        .prop_flat_map(move |(precision, scale)| {
            let most = 10i128.pow(u32::from(precision)) - 1;
            let values = prop_oneof![-most..=most, Just(most), Just(-most), Just(0)];
            of!(n, values, move |v: Vec<Option<i128>>| Decimal128Array::from(v)
                .with_precision_and_scale(precision, scale as i8)
                .unwrap())
        })
        .boxed()
}

fn stamps(n: usize) -> BoxedStrategy<Column> {
    (0u32..=6)
        .prop_flat_map(move |digits| {
            let step = 10i64.pow(6 - digits);
            let values = MICROS.prop_map(move |v| v - v.rem_euclid(step));
            of!(n, values, TimestampMicrosecondArray::from).prop_map(move |(field, array)| {
                let scale = HashMap::from([("drda:scale".to_owned(), digits.to_string())]);
                (field.with_metadata(scale), array)
            })
        })
        .boxed()
}

fn doubles(persona: &Persona) -> BoxedStrategy<f64> {
    if persona.name == ZOS.name {
        // What hexadecimal floats reach.
        (-7.0e75f64..7.0e75).prop_union(-1.0..1.0).boxed()
    } else {
        use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
        (NORMAL | SUBNORMAL | ZERO | POSITIVE | NEGATIVE).boxed()
    }
}

/// One column of `n` values of any type that the persona has.
fn column(persona: &'static Persona, n: usize) -> BoxedStrategy<Column> {
    let strings = |most| of!(n, text(persona, most), StringArray::from);
    let exactly = |pattern: &str| of!(n, proptest::string::string_regex(pattern).unwrap(), StringArray::from);
    let bytes = |sizes: std::ops::RangeInclusive<usize>| {
        of!(n, vec(any::<u8>(), sizes), |v: Vec<Option<Vec<u8>>>| BinaryArray::from_iter(v))
    };
    let mut types = vec![
        of!(n, any::<i16>(), Int16Array::from),
        of!(n, any::<i32>(), Int32Array::from),
        of!(n, any::<i64>(), Int64Array::from),
        of!(n, doubles(persona), Float64Array::from),
        of!(n, any::<bool>(), BooleanArray::from),
        of!(n, DAYS, Date32Array::from),
        of!(n, 0..86_400, Time32SecondArray::from),
        decimals(n),
        stamps(n),
        strings(200),
        named(strings(60), "VARCHAR", 60),
        named(strings(900), "LONG VARCHAR", 32_700),
        named(exactly("[ -~]{7}"), "CHAR", 7),
        named(bytes(0..=30), "VARCHAR FOR BIT DATA", 30),
        named(bytes(5..=5), "CHAR FOR BIT DATA", 5),
        of!(n, text(persona, 3_000), LargeStringArray::from),
        of!(n, vec(any::<u8>(), 0..3_000), |v: Vec<Option<Vec<u8>>>| LargeBinaryArray::from_iter(v)),
    ];
    if persona.name != ZOS.name {
        types.push(of!(n, proptest::num::f32::NORMAL | proptest::num::f32::SUBNORMAL, Float32Array::from));
    }
    if persona.name != DERBY.name {
        types.push(named(exactly("[ -~é日]{4}"), "GRAPHIC", 4));
        types.push(named(exactly("[ -~é日𝄞]{0,10}"), "VARGRAPHIC", 20));
        types.push(named(bytes(0..=30), "VARBINARY", 30));
        types.push(named(bytes(6..=6), "BINARY", 6));
        types.push(named(
            exactly("-?[1-9](\\.[0-9]{1,14})?E[+][4-9]0|-?[1-9]\\.[0-9]{1,14}|NaN|-?Infinity"),
            "DECFLOAT",
            16,
        ));
        types.push(of!(n, MICROS, |v: Vec<Option<i64>>| TimestampMicrosecondArray::from(v).with_timezone("UTC")));
    }
    if persona.pages {
        types.extend(pages(n));
    }
    Union::new(types).boxed()
}

/// A table; columns without a NULL may not have any.
fn any_table(persona: &'static Persona) -> impl Strategy<Value = Vec<Column>> {
    (0usize..40).prop_flat_map(move |n| vec((column(persona, n), any::<bool>()), 1..8)).prop_map(|columns| {
        let named = columns.into_iter().enumerate().map(|(n, ((field, array), strict))| {
            let nullable = array.null_count() > 0 || !strict;
            (field.with_name(format!("C{n}")).with_nullable(nullable), array)
        });
        named.collect()
    })
}

fn made(columns: &[Column], rows: usize) -> Table {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) =
        columns.iter().map(|(f, a)| (f.clone(), a.slice(0, rows))).unzip();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), arrays).unwrap();
    Table::new(schema, vec![batch]).unwrap()
}

async fn compare(connection: &Connection, columns: &[Column], name: &str) {
    let mut at = 0;
    for batch in rows(connection, &format!("SELECT * FROM {name}")).await {
        for (n, (field, array)) in columns.iter().enumerate() {
            let got = batch.column(n);
            assert_eq!(batch.schema().field(n).is_nullable(), field.is_nullable(), "{field}");
            let ccsid = |field: &Field| field.metadata().get("drda:ccsid").cloned();
            if let Some(told) = ccsid(field) {
                assert_eq!(ccsid(batch.schema().field(n)), Some(told), "{field}");
            }
            assert_eq!(got.to_data(), array.slice(at, batch.num_rows()).to_data(), "{field}");
        }
        at += batch.num_rows();
    }
    assert_eq!(at, columns[0].1.len());
}

async fn insert(connection: &Connection, columns: &[Column], name: &str) {
    let count = columns[0].1.len();
    if count == 0 {
        return;
    }
    let input = columns.iter().enumerate().map(|(n, (_, a))| (n.to_string(), a.clone(), true));
    let input = RecordBatch::try_from_iter_with_nullable(input).unwrap();
    let sql = format!("INSERT INTO {name} VALUES ({})", vec!["?"; columns.len()].join(","));
    match connection.run(&sql, &[input]).await.unwrap() {
        Outcome::Done(done) => assert_eq!(done.count, Some(count as u64)),
        other => panic!("{other:?}"),
    }
}

/// A server, in clear or over TLS, and a connection to it.
async fn open(
    persona: &'static Persona,
    tables: &MemoryTables,
    block: u32,
    authority: Option<&Lab>,
) -> (Server, Connection) {
    let tls = authority.map(|lab| {
        let (certificate, key) = lab.issue(&named_for("db", &["127.0.0.1"]));
        ServerTls::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes(), None).unwrap()
    });
    let server = start_with(ServerSettings { persona, tls, ..ServerSettings::default() }, tables).await;
    let mut config = config(&server);
    config.block_size = block;
    if let Some(lab) = authority {
        config.set("tls_ca", &lab.ca()).unwrap();
    }
    let connection = Connection::connect(config).await.unwrap();
    (server, connection)
}

#[test]
fn any_table_comes_back() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lab = Lab::new("any_table");
    for persona in PERSONAS {
        let tables = MemoryTables::new();
        let (_small, narrow) = runtime.block_on(open(persona, &tables, 512, None));
        let (_large, wide) = runtime.block_on(open(persona, &tables, 1 << 20, Some(&lab)));
        let mut runner =
            TestRunner::new(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() });
        let done = runner.run(&any_table(persona), |columns| {
            tables.put("T", made(&columns, columns[0].1.len()));
            tables.put("E", made(&columns, 0));
            runtime.block_on(async {
                // Whatever the table before left.
                wide.rollback().await.unwrap();
                compare(&narrow, &columns, "T").await;
                compare(&wide, &columns, "T").await;
                insert(&wide, &columns, "E").await;
                compare(&wide, &columns, "E").await;
            });
            Ok(())
        });
        done.unwrap_or_else(|e| panic!("{}: {e}", persona.name));
    }
}
