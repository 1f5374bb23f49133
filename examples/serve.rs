//! Serves sample tables: `cargo run --features server --example serve -- luw 50000 user secret`.
//! Without a user everybody may connect, also with an empty one. With two PEM files behind, a certificate
//! and its key, connections are TLS: `… luw 50001 user secret cert.pem key.pem`. Tables: SAMPLE (all types), LOBS, NUMBERS (1,000,000 rows).

use arrow_array::types::Int32Type;
use arrow_array::*;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use drdarrow::server::listen::{self, Settings};
use drdarrow::server::persona::Persona;
use drdarrow::server::shared::Access;
use drdarrow::server::table::{MemoryTables, Table};
use drdarrow::server::tls::Tls;
use drdarrow::wire::ddm::secchk::Secret;
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "luw".to_owned());
    let port = args.next().and_then(|p| p.parse().ok()).unwrap_or(0);
    let Some(persona) = Persona::named(&name) else {
        eprintln!("no persona {name}: luw, derby, ibmi or zos");
        return ExitCode::FAILURE;
    };
    let access = match (args.next(), args.next()) {
        (Some(user), Some(password)) if !user.is_empty() => {
            Access::Users(HashMap::from([(user, Secret::new(password))]))
        }
        _ => Access::Anyone,
    };
    let tls = match (args.next(), args.next()) {
        (Some(certificate), Some(key)) => match Tls::from_files(certificate.as_ref(), key.as_ref(), None) {
            Ok(tls) => Some(tls),
            Err(e) => {
                eprintln!("{e}");
                return ExitCode::FAILURE;
            }
        },
        _ => None,
    };
    let Some(tables) = tables() else {
        eprintln!("the sample tables could not be made");
        return ExitCode::FAILURE;
    };
    let mut settings = Settings { persona, access, tls, ..Settings::default() };
    settings.address.set_port(port);
    match listen::serve(settings, Arc::new(tables)).await {
        Ok(server) => {
            println!("{name} on {}", server.address());
            std::future::pending().await
        }
        Err(e) => {
            eprintln!("cannot listen: {e}");
            ExitCode::FAILURE
        }
    }
}

fn tables() -> Option<MemoryTables> {
    let tables = MemoryTables::new();
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
    tables.put("SAMPLE", table(columns)?);
    let big = |n: usize| "x".repeat(n);
    let texts = [Some(String::new()), None, Some("short".to_owned()), Some(big(32_768)), Some(big(1 << 20))];
    let bytes: Vec<Option<&[u8]>> = texts.iter().map(|t| t.as_ref().map(|t| t.as_bytes())).collect();
    tables.put(
        "LOBS",
        table(vec![
            column("ID", Int32Array::from_iter_values(0..5)),
            column("C", LargeStringArray::from_iter(texts.iter().map(|t| t.as_deref()))),
            column("B", LargeBinaryArray::from_iter(bytes)),
        ])?,
    );
    let ids = PrimitiveArray::<Int32Type>::from_iter_values(0..1_000_000);
    let names = StringArray::from_iter_values((0..1_000_000).map(|i| format!("name {i}")));
    tables.put("NUMBERS", table(vec![column("ID", ids), told(column("NAME", names), "VARCHAR", 20)])?);
    Some(tables)
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
    debug_assert!(!fields.iter().any(|f| *f.data_type() == DataType::Timestamp(TimeUnit::Second, None)));
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), arrays).ok()?;
    Table::new(schema, vec![batch])
}
