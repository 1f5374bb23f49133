//! Every type that a persona has, NULL and extremes included, and random tables.

use crate::support::{PERSONAS, column, connect, count, rows, start, table, told};
use arrow_array::*;
use arrow_schema::{DataType, Field};
use drdarrow::client::batch_source::BatchSource;
use drdarrow::server::persona::{DERBY, Persona, ZOS};
use drdarrow::server::table::MemoryTables;
use std::sync::Arc;

fn all_types(persona: &Persona) -> Vec<(Field, ArrayRef)> {
    let derby = persona.name == DERBY.name;
    let zos = persona.name == ZOS.name;
    let nines = 10i128.pow(31) - 1;
    // Hexadecimal floats reach from 1e-78 to 7e75.
    let (small, large) = if zos { (5.5e-78, 7.1e75) } else { (f64::MIN_POSITIVE, f64::MAX) };
    let text = if persona.typdef.sbc == 1208 { "Grüße 日本 𝄞" } else { "Grüße [!|^] ~" };
    let decimals = Decimal128Array::from(vec![Some(-nines), None, Some(nines), Some(0)]);
    let mut out = vec![
        column("I2", Int16Array::from(vec![Some(i16::MIN), None, Some(i16::MAX), Some(0)])),
        column("I4", Int32Array::from(vec![Some(i32::MIN), None, Some(i32::MAX), Some(-1)])),
        column("I8", Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX), Some(1)])),
        column("R8", Float64Array::from(vec![Some(-large), None, Some(small), Some(-0.1)])),
        column("DEC", decimals.with_precision_and_scale(31, 5).unwrap()),
        column(
            "D1",
            Decimal128Array::from(vec![Some(-9), None, Some(9), Some(0)]).with_precision_and_scale(1, 0).unwrap(),
        ),
        told(
            column(
                "NUM",
                Decimal128Array::from(vec![Some(-99), None, Some(12), Some(0)]).with_precision_and_scale(4, 2).unwrap(),
            ),
            "NUMERIC",
            4,
        ),
        column("BOOL", BooleanArray::from(vec![Some(true), None, Some(false), Some(true)])),
        told(column("CHR", StringArray::from(vec![Some("abcde"), None, Some("     "), Some("x    ")])), "CHAR", 5),
        told(column("VCH", StringArray::from(vec![Some(""), None, Some(text), Some(" ")])), "VARCHAR", 60),
        told(column("LVC", StringArray::from(vec![Some("long"), None, Some(""), Some("x")])), "LONG VARCHAR", 32700),
        column("PLAIN", StringArray::from(vec![Some("no metadata"), None, Some(""), Some("x")])),
        told(
            column("VBD", BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None, Some(b""), Some(b"\x40")])),
            "VARCHAR FOR BIT DATA",
            10,
        ),
        told(
            column("CBD", BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None, Some(b"\x00\x00"), Some(b"  ")])),
            "CHAR FOR BIT DATA",
            2,
        ),
        column("DAT", Date32Array::from(vec![Some(-719_162), None, Some(2_932_896), Some(0)])),
        column("TIM", Time32SecondArray::from(vec![Some(0), None, Some(86_399), Some(1)])),
        column(
            "TS",
            TimestampMicrosecondArray::from(vec![
                Some(-62_135_596_800_000_000),
                None,
                Some(253_402_300_799_999_999),
                Some(-1),
            ]),
        ),
    ];
    if !zos {
        out.push(column("R4", Float32Array::from(vec![Some(-f32::MAX), None, Some(f32::MIN_POSITIVE), Some(0.1)])));
    }
    if !derby {
        out.push(told(
            column("VG", StringArray::from(vec![Some("日本 𝄞"), None, Some(""), Some("g")])),
            "VARGRAPHIC",
            10,
        ));
        out.push(told(column("G", StringArray::from(vec![Some("日本"), None, Some("  "), Some("gg")])), "GRAPHIC", 2));
        out.push(told(
            column("DF", StringArray::from(vec![Some("1.50"), None, Some("NaN"), Some("-9.99E+300")])),
            "DECFLOAT",
            16,
        ));
        out.push(told(
            column("BIN", BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None, Some(b"\x00\x00"), Some(b"ab")])),
            "BINARY",
            2,
        ));
        out.push(told(
            column("VB", BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None, Some(b""), Some(b"ab")])),
            "VARBINARY",
            9,
        ));
        let utc = TimestampMicrosecondArray::from(vec![Some(0), None, Some(1_700_000_000_123_456), Some(-1)]);
        out.push(column("TZ", utc.with_timezone("UTC")));
    }
    out
}

#[tokio::test]
async fn every_type_comes_back() {
    for persona in PERSONAS {
        let tables = MemoryTables::new();
        let columns = all_types(persona);
        tables.put("T", table(columns.clone()));
        let server = start(persona, &tables).await;
        let connection = connect(&server).await;
        let got = rows(&connection, "SELECT * FROM T").await;
        assert_eq!(count(&got), 4);
        for (n, (field, array)) in columns.iter().enumerate() {
            let same = got[0].column(n).to_data() == array.to_data();
            assert!(same, "{} {}: {array:?} became {:?}", persona.name, field.name(), got[0].column(n));
        }
        // What came from a server goes out as it came.
        let again = MemoryTables::new();
        let schema = got[0].schema();
        again.put("T", drdarrow::server::table::Table::new(schema.clone(), got.clone()).unwrap());
        let second = start(persona, &again).await;
        let back = rows(&connect(&second).await, "SELECT * FROM T").await;
        assert_eq!(back[0].schema(), schema, "{}", persona.name);
        assert_eq!(back, got, "{}", persona.name);
    }
}

#[tokio::test]
async fn not_null_and_no_rows_and_no_columns() {
    let tables = MemoryTables::new();
    let field = Field::new("N", DataType::Int32, false);
    tables.put("T", table(vec![(field, Arc::new(Int32Array::from(vec![7])))]));
    tables.put("E", table(vec![column("N", Int32Array::from(Vec::<i32>::new()))]));
    for persona in PERSONAS {
        let server = start(persona, &tables).await;
        let connection = connect(&server).await;
        let stream = connection.query("SELECT * FROM T", &[]).await.unwrap();
        assert!(!stream.schema().field(0).is_nullable());
        drop(stream);
        assert_eq!(count(&rows(&connection, "SELECT * FROM E").await), 0);
        let one = rows(&connection, "VALUES 1").await;
        assert_eq!(one[0].column(0).to_data(), Int32Array::from(vec![1]).to_data());
        assert_eq!(count(&rows(&connection, "SELECT 1 FROM SYSIBM.SYSDUMMY1").await), 1);
    }
}

#[tokio::test]
async fn a_value_that_the_page_lacks_ends_the_rows() {
    let tables = MemoryTables::new();
    let texts = StringArray::from(vec!["fine", "日本", "never"]);
    tables.put("T", table(vec![told(column("C", texts), "VARCHAR", 20)]));
    let server = start(&ZOS, &tables).await;
    let connection = connect(&server).await;
    let mut stream = connection.query("SELECT * FROM T", &[]).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().num_rows(), 1);
    let e = stream.next().await.unwrap_err();
    assert_eq!((e.sqlcode, e.sqlstate.as_deref()), (Some(-330), Some("22021")));
    assert_eq!(count(&rows(&connection, "VALUES 1").await), 1);
}

#[tokio::test]
async fn parameters_of_every_type_go_in() {
    for persona in PERSONAS {
        let tables = MemoryTables::new();
        let columns: Vec<_> =
            all_types(persona).into_iter().filter(|(f, _)| !matches!(f.name().as_str(), "CHR" | "G")).collect();
        let empty: Vec<(Field, ArrayRef)> = columns.iter().map(|(f, a)| (f.clone(), a.slice(0, 0))).collect();
        tables.put("T", table(empty));
        let server = start(persona, &tables).await;
        let connection = connect(&server).await;
        let markers = vec!["?"; columns.len()].join(",");
        let input = columns.iter().enumerate().map(|(n, (_, a))| (n.to_string(), a.slice(0, 4), true));
        let input = RecordBatch::try_from_iter_with_nullable(input).unwrap();
        let sql = format!("INSERT INTO T VALUES ({markers})");
        match connection.run(&sql, &[input]).await.unwrap() {
            drdarrow::client::sql::statement::Outcome::Done(done) => assert_eq!(done.count, Some(4)),
            other => panic!("{other:?}"),
        }
        let got = rows(&connection, "SELECT * FROM T").await;
        assert_eq!(count(&got), 4);
        for (n, (field, array)) in columns.iter().enumerate() {
            let values = got[0].column(n);
            let same = values.to_data() == array.to_data();
            assert!(same, "{} {}: {array:?} became {values:?}", persona.name, field.name());
        }
    }
}
