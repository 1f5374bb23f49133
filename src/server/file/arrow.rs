//! Files from Arrow and back. A type that says nothing of its place in a record is told by metadata:
//! `drda:dds` (the letter of DDS), `drda:type`, `drda:length`, `drda:precision`, `drda:scale`,
//! `drda:ccsid`, `drda:text`, as columns that were read from a file have them.

use super::physical::{LONGEST, PhysicalFile, record_format};
use super::rules::StoreError;
use crate::column::error::ColumnError;
use crate::column::file::decode::RecordDecoder;
use crate::column::file::encode::RecordEncoder;
use crate::column::file::error::RecordError;
use crate::column::file::options::RecordOptions;
use crate::wire::ccsid::codec::Codec;
use crate::wire::file::format::{DdsType, RecordField, RecordFormat};
use crate::wire::value::record_layout::Stride;
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};

/// Records that are encoded at a time.
const CHUNK: usize = 4096;
/// Digits of a packed field.
const DIGITS: u8 = 63;
/// Bytes of a timestamp with six digits of a second.
const MICROSECONDS: u32 = 26;
/// The page of Unicode in two-byte characters.
const UTF16: u16 = 1200;

/// Why columns and records do not go together.
#[derive(Debug)]
pub(super) enum Mismatch {
    Refused(String),
    Column(ColumnError),
    Record(RecordError),
}

impl Mismatch {
    /// As the error of a file.
    pub(super) fn of(self, file: &str) -> StoreError {
        let file = file.to_owned();
        match self {
            Mismatch::Refused(reason) => StoreError::Refused { file, reason },
            Mismatch::Column(source) => StoreError::Column { file, source },
            Mismatch::Record(source) => StoreError::Record { file, source },
        }
    }
}

impl From<ColumnError> for Mismatch {
    fn from(e: ColumnError) -> Mismatch {
        Mismatch::Column(e)
    }
}

impl From<RecordError> for Mismatch {
    fn from(e: RecordError) -> Mismatch {
        Mismatch::Record(e)
    }
}

/// The record format of a schema. Text without a length has some room after the longest value. Text that the page
/// lacks is in Unicode.
pub(super) fn format(name: &str, schema: &Schema, batches: &[RecordBatch], ccsid: u16) -> Result<RecordFormat, String> {
    let names = names(schema);
    let fields = schema.fields().iter().zip(names).enumerate().map(|(at, (field, name))| {
        let values: Vec<&dyn Array> =
            batches.iter().filter_map(|b| b.columns().get(at)).map(|array| spelt_out(array)).collect();
        self::field(field, name, &values, ccsid).map_err(|reason| format!("column {}: {reason}", field.name()))
    });
    Ok(record_format(name, "", fields.collect::<Result<_, _>>()?))
}

/// Adds the rows of batches to a member. Columns and fields belong together by name.
pub(super) fn load(
    file: &PhysicalFile,
    member: &str,
    schema: &Schema,
    batches: &[RecordBatch],
) -> Result<(), Mismatch> {
    let names = names(schema);
    let fields = &file.definition.format.fields;
    if let Some(stray) = names.iter().find(|name| !fields.iter().any(|f| f.name == **name)) {
        return Err(Mismatch::Refused(format!("no field for column {stray}")));
    }
    let column_of = |f: &RecordField| names.iter().position(|name| *name == f.name);
    let encoder = RecordEncoder::new(&file.places)?;
    let stride = stride(file);
    for batch in batches {
        let columns: Vec<_> = fields.iter().map(|f| batch.columns().get(column_of(f)?).cloned()).collect();
        for first in (0..batch.num_rows()).step_by(CHUNK) {
            let mut out = Vec::new();
            encoder.encode(&columns, first..batch.num_rows().min(first + CHUNK), &stride, &mut out)?;
            let mut contents = file.contents();
            let Some(member) = contents.member(member) else { return Ok(()) };
            for record in out.chunks_exact(stride.increment) {
                member.insert(record.into(), false, 0).map_err(|refused| Mismatch::Refused(refused.fault().text))?;
            }
        }
    }
    Ok(())
}

/// The records of a member. Timestamps that may have more than six digits of a second are in nanoseconds, unless there
/// are some that these do not reach.
pub(super) fn unload(file: &PhysicalFile, member: &str) -> Result<RecordBatch, Mismatch> {
    let fine = |field: &RecordField| field.dds == DdsType::TIMESTAMP && field.length > MICROSECONDS;
    if file.definition.format.fields.iter().any(fine) {
        let mut options = RecordOptions::default();
        options.values.timestamp_unit = TimeUnit::Nanosecond;
        if let Ok(batch) = decoded(file, member, &options) {
            return Ok(batch);
        }
    }
    decoded(file, member, &RecordOptions::default())
}

fn decoded(file: &PhysicalFile, member: &str, options: &RecordOptions) -> Result<RecordBatch, Mismatch> {
    let mut decoder = RecordDecoder::new(&file.places, options)?;
    let stride = stride(file);
    let mut contents = file.contents();
    let mut slots = Vec::new();
    let mut count = 0;
    for (_, record) in contents.member(member).into_iter().flat_map(|m| m.iter()) {
        slots.extend_from_slice(record);
        count += 1;
        if count == CHUNK {
            decoder.append(&slots, &stride, count)?;
            slots.clear();
            count = 0;
        }
    }
    decoder.append(&slots, &stride, count)?;
    Ok(decoder.finish()?)
}

/// How records are kept: their null map after them.
fn stride(file: &PhysicalFile) -> Stride {
    let record = file.definition.format.length as usize;
    let fields = file.definition.format.fields.len();
    Stride { record, increment: record + fields, null_map: Some(record), rrn: None }
}

/// Names of fields: upper case; longer than ten characters, the first five and a number, as SQL makes them.
pub(super) fn names(schema: &Schema) -> Vec<String> {
    let mut out: Vec<String> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let plain: String = field.name().to_uppercase().chars().map(|c| if fits(c) { c } else { '_' }).collect();
        let plain =
            if plain.starts_with(|c: char| c.is_ascii_digit() || c == '_') { format!("F{plain}") } else { plain };
        let mut name = plain.clone();
        let mut number = 1;
        while name.is_empty() || name.len() > 10 || out.contains(&name) {
            name = format!("{:.5}{number:05}", plain);
            number += 1;
        }
        out.push(name);
    }
    out
}

fn fits(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '#' | '@')
}

fn field(arrow: &Field, name: String, values: &[&dyn Array], ccsid: u16) -> Result<RecordField, String> {
    let told = |key: &str| arrow.metadata().get(&format!("drda:{key}")).map(String::as_str);
    let number = |key: &str| told(key).and_then(|n| n.parse::<u32>().ok());
    for (key, most) in [("length", LONGEST), ("precision", u8::MAX.into()), ("scale", u8::MAX.into())] {
        if let Some(n) = number(key).filter(|n| *n > most) {
            return Err(format!("drda:{key} {n}, more than {most}"));
        }
    }
    let letter = told("dds").and_then(|d| d.chars().next());
    let sql = told("type").unwrap_or_default();
    let base = RecordField {
        name,
        nullable: arrow.is_nullable(),
        ccsid: 65535,
        text: told("text").unwrap_or_default().to_owned(),
        headings: [told("label").unwrap_or_default().to_owned(), String::new(), String::new()],
        ..RecordField::default()
    };
    let of = |dds, length| RecordField { dds, length, ..base.clone() };
    let digits = |dds, length, digits| RecordField { digits, ..of(dds, length) };
    let decimal = |precision: u8, scale: i8| {
        let scale = u8::try_from(scale).map_err(|_| format!("a negative scale: {scale}"))?;
        if precision > DIGITS {
            return Err(format!("{precision} digits, more than {DIGITS}"));
        }
        let (dds, length) = match letter == Some('S') || sql == "NUMERIC" {
            true => (DdsType::ZONED, u32::from(precision)),
            false => (DdsType::PACKED, u32::from(precision) / 2 + 1),
        };
        Ok(RecordField { decimals: scale, ..digits(dds, length, precision) })
    };
    // The number of digits tells the number of bytes, whatever SQL calls the precision.
    let whole = |length: u32, least: u8, most: u8| {
        let decimals = number("scale").unwrap_or(0) as u8;
        let precision = number("precision").map_or(most, |p| (p as u8).clamp(least, most));
        RecordField { decimals: decimals.min(precision), ..digits(DdsType::BINARY, length, precision) }
    };
    let data_type = match arrow.data_type() {
        DataType::Dictionary(_, values) => values,
        other => other,
    };
    Ok(match data_type {
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => whole(2, 1, 4),
        DataType::Int32 | DataType::UInt16 => whole(4, 5, 9),
        DataType::Int64 | DataType::UInt32 => whole(8, 10, 18),
        DataType::UInt64 => decimal(20, 0)?,
        DataType::Float16 | DataType::Float32 => digits(DdsType::FLOAT, 4, 9),
        DataType::Float64 => digits(DdsType::FLOAT, 8, 17),
        DataType::Decimal128(p, s) if letter == Some('B') => {
            let (length, most) = if *p <= 4 {
                (2, 4)
            } else if *p <= 9 {
                (4, 9)
            } else {
                (8, 18)
            };
            RecordField { decimals: u8::try_from(*s).unwrap_or(0), ..digits(DdsType::BINARY, length, (*p).min(most)) }
        }
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => decimal(*p, *s)?,
        DataType::Date32 | DataType::Date64 => RecordField { format: "*ISO".into(), ..of(DdsType::DATE, 10) },
        DataType::Time32(_) | DataType::Time64(_) => RecordField { format: "*ISO".into(), ..of(DdsType::TIME, 8) },
        DataType::Timestamp(unit, _) => {
            let usual = if *unit == TimeUnit::Nanosecond { 9 } else { 6 };
            let scale = number("scale").unwrap_or(usual).min(12);
            of(DdsType::TIMESTAMP, if scale == 0 { 19 } else { 20 + scale })
        }
        DataType::Boolean => of(DdsType::BOOLEAN, 1),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            let fixed = match data_type {
                DataType::FixedSizeBinary(n) => u32::try_from(*n).ok(),
                _ => number("length").filter(|_| matches!(sql, "BINARY" | "CHAR FOR BIT DATA")),
            };
            let dds = if letter == Some('5') { DdsType::BYTES } else { DdsType::HEX };
            match fixed {
                Some(length) => of(dds, length.max(1)),
                None => {
                    let longest = || roomy(values.iter().map(|a| longest_bytes(*a)).max().unwrap_or(0) as u32);
                    RecordField { varying: true, ..of(dds, number("length").unwrap_or_else(longest).max(1) + 2) }
                }
            }
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            if sql.starts_with("DECFLOAT") || letter == Some('6') {
                let length = if number("length") == Some(8) { 8 } else { 16 };
                return Ok(digits(DdsType::DECFLOAT, length, if length == 8 { 16 } else { 34 }));
            }
            let own = number("ccsid").map(|n| u16::try_from(n).map_err(|_| format!("CCSID {n} is not known")));
            let own = own.transpose()?;
            text(&base, sql, letter, number("length"), own.unwrap_or(ccsid), own.is_some(), values)?
        }
        // No value says what the column is: the shortest of texts, as it is for SQL.
        DataType::Null => {
            text(&RecordField { nullable: true, ..base.clone() }, "CHAR", None, Some(1), ccsid, false, &[])?
        }
        other => return Err(format!("{other} has no field type")),
    })
}

/// A field of characters.
fn text(
    base: &RecordField,
    sql: &str,
    letter: Option<char>,
    length: Option<u32>,
    ccsid: u16,
    told: bool,
    values: &[&dyn Array],
) -> Result<RecordField, String> {
    let longest = |ccsid: u16| -> Result<Option<usize>, String> {
        let codec = Codec::new(ccsid).map_err(|e| e.to_string())?;
        let mut longest = 0;
        for value in values.iter().flat_map(|a| texts(*a)) {
            let mut out = Vec::with_capacity(value.len());
            if codec.encode(value, &mut out).is_err() {
                return Ok(None);
            }
            longest = longest.max(out.len());
        }
        Ok(Some(longest))
    };
    let own = longest(ccsid)?;
    let (ccsid, most) = match own {
        Some(most) => (ccsid, most),
        None if told => return Err(format!("text that CCSID {ccsid} does not have")),
        None => (UTF16, longest(UTF16)?.unwrap_or(0)),
    };
    let graphic = sql.contains("GRAPHIC") || letter == Some('G') || matches!(ccsid, 1200 | 13488);
    let unit = if graphic { 2 } else { 1 };
    // A length in bytes counts only in the page that the field named.
    let length = length.filter(|_| own.is_some()).map(|n| n * unit);
    let fixed = matches!(sql, "CHAR" | "GRAPHIC" | "CHARACTER") && length.is_some();
    let data = match length {
        Some(length) if fixed => length,
        Some(length) => length.max(most as u32),
        None => roomy(most as u32 / unit) * unit,
    };
    let data = data.max(unit);
    let dds = match letter {
        Some(c @ ('J' | 'E' | 'O')) => DdsType(c),
        _ if graphic => DdsType::GRAPHIC,
        _ => DdsType::CHARACTER,
    };
    Ok(RecordField { dds, ccsid, varying: !fixed, length: data + if fixed { 0 } else { 2 }, ..base.clone() })
}

/// A length with some room for values that come later, unless records would be too long of it.
fn roomy(longest: u32) -> u32 {
    if longest > 1000 { longest } else { (2 * longest).max(32) }
}

/// The values of an array, or of its dictionary.
fn spelt_out(array: &dyn Array) -> &dyn Array {
    array.as_any_dictionary_opt().map_or(array, |dictionary| dictionary.values().as_ref())
}

fn texts(array: &dyn Array) -> Box<dyn Iterator<Item = &str> + '_> {
    match array.data_type() {
        DataType::Utf8 => Box::new(array.as_string::<i32>().iter().flatten()),
        DataType::LargeUtf8 => Box::new(array.as_string::<i64>().iter().flatten()),
        DataType::Utf8View => Box::new(array.as_string_view().iter().flatten()),
        _ => Box::new(std::iter::empty()),
    }
}

fn longest_bytes(array: &dyn Array) -> usize {
    let lengths: Box<dyn Iterator<Item = usize>> = match array.data_type() {
        DataType::Binary => Box::new(array.as_binary::<i32>().iter().flatten().map(<[u8]>::len)),
        DataType::LargeBinary => Box::new(array.as_binary::<i64>().iter().flatten().map(<[u8]>::len)),
        DataType::BinaryView => Box::new(array.as_binary_view().iter().flatten().map(<[u8]>::len)),
        _ => Box::new(std::iter::empty()),
    };
    lengths.max().unwrap_or(0)
}
