//! Creates a physical file for an Arrow schema: a description in DDS is written to a source file in QTEMP, and
//! CRTPF makes the file from it.

use super::connection::FileConnection;
use super::file_name::{FileName, name, name_in_page};
use super::options::OpenOptions;
use crate::client::config::ConfigError;
use crate::client::error::{Error, ErrorClass, Phase, Result};
use crate::wire::file::format::{DdsType, FileFormats, RecordField, RecordFormat};
use crate::wire::file::system_name::is_quoted;
use arrow_array::array::{Decimal128Array, Int64Array, StringArray};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use std::sync::Arc;

/// The source file, its member and its record format.
const SOURCE: &str = "DRDADDS";
/// Bytes of a record of the source file: number, date and text.
const SOURCE_LENGTH: u32 = 92;
const TEXT: usize = 80;
/// Characters of text whose length is not declared.
const SOME: u32 = 256;
/// The most digits of a decimal, and characters of a field that does not vary.
const DIGITS: u8 = 63;
const LONGEST: u32 = 32_740;

impl FileConnection {
    /// Creates a physical file with a field for each column, and with these key fields; `-` is in front of one
    /// that descends. Text has the length that the metadata `drda:length` of its column says, else 256 and
    /// varying; its page is `drda:ccsid`, else that of the job.
    pub async fn create(&self, file: &FileName, schema: &Schema, keys: &[String]) -> Result<()> {
        let file = self.0.spelt(file)?;
        let lines = source(&file.file, schema, keys, self.0.speech().ccsid).map_err(|e| e.at(&self.0.peer))?;
        let member = if file.member.starts_with('*') { "*FILE" } else { &file.member };
        let create = format!("QSYS/CRTSRCPF FILE(QTEMP/{SOURCE}) RCDLEN({SOURCE_LENGTH}) MBR(*FILE)");
        let delete = format!("QSYS/DLTF FILE(QTEMP/{SOURCE})");
        let _turn = self.0.describing.lock().await;
        match self.0.command(&create).await {
            // Left by one that was broken off.
            Err(e) if e.connection_usable => {
                self.0.command(&delete).await.map_err(|_| e)?;
                self.0.command(&create).await?;
            }
            other => drop(other?),
        }
        let made = async {
            self.write_source(&lines).await?;
            let (target, source) = (file.qualified(), format!("SRCFILE(QTEMP/{SOURCE}) SRCMBR({SOURCE})"));
            self.0.command(&format!("QSYS/CRTPF FILE({target}) {source} MBR({member})")).await
        }
        .await;
        let deleted = self.0.command(&delete).await;
        made?;
        deleted.map(drop)
    }

    async fn write_source(&self, lines: &[String]) -> Result<()> {
        let options = OpenOptions { declared: Some(source_format(self.0.speech().ccsid)), ..OpenOptions::write() };
        let place = FileName { library: "QTEMP".into(), file: SOURCE.into(), member: "*FIRST".into() };
        let file = self.open(&place, options).await?;
        let numbers = (1..=lines.len() as i128).map(|n| n * 100);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("SRCSEQ", Arc::new(Decimal128Array::from_iter_values(numbers).with_data_type(DataType::Decimal128(6, 2)))),
            ("SRCDAT", Arc::new(Int64Array::from(vec![0; lines.len()]))),
            ("SRCDTA", Arc::new(StringArray::from_iter_values(lines))),
        ];
        let internal =
            |e: arrow_schema::ArrowError| Error::new(ErrorClass::Internal, Phase::Execute, "58004", e.to_string());
        file.write(&RecordBatch::try_from_iter(columns).map_err(internal)?).await?;
        file.close().await
    }
}

/// The description in DDS, a line each.
fn source(file: &str, schema: &Schema, keys: &[String], ccsid: u16) -> Result<Vec<String>> {
    // A record format has no quotes around its name.
    let format = if is_quoted(file) { "RECORD".to_owned() } else { format!("{file:.9}R") };
    let mut out = vec![line('R', &format, "", "", "", "")];
    let refuse = |state: &str, text: String| Err(Error::new(ErrorClass::Programming, Phase::Execute, state, text));
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    for (at, field) in schema.fields().iter().enumerate() {
        if schema.fields().iter().take(at).any(|other| same(other.name(), field.name())) {
            return refuse(
                "42711",
                format!("column {} is there twice: names differ by more than their case", field.name()),
            );
        }
        out.extend(field_lines(field, ccsid)?);
    }
    for (at, key) in keys.iter().enumerate() {
        let bare = field_name("key", key.trim_start_matches('-'), ccsid)?;
        if !schema.fields().iter().any(|field| same(field.name(), &bare)) {
            return refuse("42703", format!("no column {bare} for the key"));
        }
        if keys.iter().take(at).any(|other| same(other.trim_start_matches('-'), &bare)) {
            return refuse("42711", format!("key field {bare} is given twice"));
        }
        out.push(line('K', &bare, "", "", "", if key.starts_with('-') { "DESCEND" } else { "" }));
    }
    Ok(out)
}

fn field_lines(field: &Field, ccsid: u16) -> Result<Vec<String>> {
    let column = field_name("column", field.name(), ccsid)?;
    let refuse = |what: &str| {
        let text = format!("column {column} of type {}: {what}", field.data_type());
        Err(Error::new(ErrorClass::NotSupported, Phase::Execute, "0A000", text))
    };
    let said = |key: &str, most: u32| {
        let Some(value) = field.metadata().get(key) else { return Ok(None) };
        let number = value.parse().ok().filter(|n| *n <= most);
        number.map(Some).ok_or_else(|| {
            let text = format!("column {column}: {key} is {value:?}, expected a number up to {most}");
            Error::new(ErrorClass::Programming, Phase::Execute, "42611", text)
        })
    };
    let length = || Ok::<_, Error>(said("drda:length", LONGEST)?.unwrap_or(SOME).max(1).to_string());
    // What a field of a file was before it came here, it becomes again.
    let was = field.metadata().get("drda:dds").map_or("", String::as_str);
    let mut keywords = Vec::new();
    let (length, dds, decimals) = match field.data_type() {
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => ("4".to_owned(), "B", "0".to_owned()),
        DataType::Int32 | DataType::UInt16 => ("9".to_owned(), "B", "0".to_owned()),
        DataType::Int64 | DataType::UInt32 => ("18".to_owned(), "B", "0".to_owned()),
        DataType::Float32 => {
            keywords.push("FLTPCN(*SINGLE)".to_owned());
            ("9".to_owned(), "F", "0".to_owned())
        }
        DataType::Float64 => {
            keywords.push("FLTPCN(*DOUBLE)".to_owned());
            ("17".to_owned(), "F", "0".to_owned())
        }
        DataType::UInt64 => ("20".to_owned(), "P", "0".to_owned()),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => {
            if *scale < 0 || *precision > DIGITS {
                return refuse("a file has decimals of up to 63 digits, none of them before the last place");
            }
            (precision.to_string(), if was == "S" { "S" } else { "P" }, scale.to_string())
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let ty = field.metadata().get("drda:type").map_or("", String::as_str);
            if ty == "DECFLOAT" {
                return refuse("DDS knows no decimal floating point");
            }
            let letter = ["G", "J", "O", "E"].into_iter().find(|letter| *letter == was).unwrap_or("A");
            if !matches!(ty, "CHAR" | "GRAPHIC") {
                keywords.push("VARLEN".to_owned());
            }
            if let Some(ccsid) = said("drda:ccsid", 65_535)?.filter(|ccsid| *ccsid > 0) {
                keywords.push(format!("CCSID({ccsid})"));
            }
            (length()?, letter, String::new())
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            keywords.push("VARLEN".to_owned());
            (length()?, "H", String::new())
        }
        DataType::FixedSizeBinary(width) => (width.to_string(), "H", String::new()),
        DataType::Date32 | DataType::Date64 => (String::new(), "L", String::new()),
        DataType::Time32(_) | DataType::Time64(_) => (String::new(), "T", String::new()),
        DataType::Timestamp(_, None) => (String::new(), "Z", String::new()),
        // A column of categories holds what they stand for.
        DataType::Dictionary(_, value) => return field_lines(&field.clone().with_data_type((**value).clone()), ccsid),
        _ => return refuse("a file has no such type"),
    };
    if field.is_nullable() {
        keywords.push("ALWNULL".to_owned());
    }
    let mut keywords = keywords.into_iter();
    let first = keywords.next().unwrap_or_default();
    let mut out = vec![line(' ', &column, &length, dds, &decimals, &first)];
    out.extend(keywords.map(|keyword| line(' ', "", "", "", "", &keyword)));
    Ok(out)
}

/// The name of a field in the page of the job.
fn field_name(what: &str, text: &str, ccsid: u16) -> Result<String> {
    let bare = name(what, text, &[])?;
    if is_quoted(&bare) {
        let rule = format!("{text:?}: the name of a field has no quotes");
        return Err(ConfigError { setting: what.to_owned(), rule }.into());
    }
    Ok(name_in_page(what, &bare, ccsid)?)
}

/// One line by its columns: 6 the form, 17 the kind, 19 the name, 30 the length, 35 the type, 36 the
/// decimal positions, 45 keywords.
fn line(kind: char, name: &str, length: &str, dds: &str, decimals: &str, keywords: &str) -> String {
    let out = format!("     A{:10}{kind} {name:<10} {length:>5}{dds:<1}{decimals:>2}{:7}{keywords}", "", "");
    out.chars().take(TEXT).collect::<String>().trim_end().to_owned()
}

/// The record format of every source file, in the page of the job that made it.
fn source_format(ccsid: u16) -> FileFormats {
    let number = |name: &str, offset, decimals| RecordField {
        name: name.into(),
        dds: DdsType::ZONED,
        offset,
        length: 6,
        digits: 6,
        decimals,
        ..RecordField::default()
    };
    let text = RecordField {
        name: "SRCDTA".into(),
        dds: DdsType::CHARACTER,
        offset: 12,
        length: TEXT as u32,
        ccsid,
        ..RecordField::default()
    };
    let fields = vec![number("SRCSEQ", 0, 2), number("SRCDAT", 6, 0), text];
    let format = RecordFormat { name: SOURCE.into(), length: SOURCE_LENGTH, fields, ..RecordFormat::default() };
    FileFormats { file: SOURCE.into(), library: "QTEMP".into(), formats: vec![format], ..FileFormats::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn lines_as_ibms_client_writes_them() {
        // The source of IBM's client for a file of A1 character 3 and B1 packed 5, keyed by A1.
        let text = |length: &str| {
            let map = [("drda:length", length), ("drda:type", "CHAR")].map(|(k, v)| (k.to_owned(), v.to_owned()));
            Field::new("A1", DataType::Utf8, false).with_metadata(HashMap::from(map))
        };
        let schema = Schema::new(vec![text("3"), Field::new("b1", DataType::Decimal128(5, 0), true)]);
        let lines = source("NEWF", &schema, &["a1".to_owned()], 37).unwrap();
        assert_eq!(
            lines,
            [
                "     A          R NEWFR",
                "     A            A1             3A",
                "     A            B1             5P 0       ALWNULL",
                "     A          K A1",
            ]
        );
        assert_eq!(lines[1].find('3'), Some(33));
        assert_eq!(lines[2].find("ALWNULL"), Some(44));
    }

    #[test]
    fn what_no_file_has_is_refused() {
        let one = |field| source("F", &Schema::new(vec![field]), &[], 37);
        assert!(one(Field::new("A", DataType::Boolean, false)).is_err());
        assert!(one(Field::new("A) DLTF", DataType::Int32, false)).is_err());
        assert!(one(Field::new("A", DataType::Decimal128(5, -2), false)).is_err());
        assert!(source("F", &Schema::empty(), &["K".to_owned()], 37).is_err());
        let int = |name: &str| Field::new(name, DataType::Int32, false);
        assert!(source("F", &Schema::new(vec![int("A"), int("a")]), &[], 37).is_err());
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let one = Schema::new(vec![int("A")]);
        assert!(source("F", &one, &keys(&["A", "-a"]), 37).is_err());
        assert_eq!(
            source("F", &one, &keys(&["-A"]), 37).unwrap()[2],
            "     A          K A                         DESCEND"
        );
        // An impossible length is refused, not replaced by another.
        for (key, value) in [("drda:length", "40000"), ("drda:length", "ten"), ("drda:ccsid", "65536")] {
            let field = Field::new("A", DataType::Utf8, true);
            let field = field.with_metadata(HashMap::from([(key.to_owned(), value.to_owned())]));
            let e = source("F", &Schema::new(vec![field]), &[], 37).unwrap_err();
            assert!(e.message.contains(key) && e.message.contains(value), "{e}");
        }
    }
}
