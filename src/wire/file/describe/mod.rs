//! Record formats from the rows of DSPFFD and DSPFD, and those rows from formats: how a client learns
//! what a file is like, and how a server tells.

use super::format::{DdsType, FileFormats, KeyField, RecordField, RecordFormat};
use super::outfile::{OutfileRow, RowMaker};
use super::outfile_columns::{ACCESS_PATH, FIELDS, MEMBERS};
use crate::wire::codec::error::WireError;
use crate::wire::ddm::error::{MessageError, Result};
use crate::wire::value::record_layout::FieldForm;

/// The longest record: what the system allows.
const LONGEST: u32 = 32_766;

/// A member of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberDescription {
    /// The file.
    pub file: String,
    /// Its library.
    pub library: String,
    /// The member.
    pub name: String,
    /// Its describing text.
    pub text: String,
    /// Records, deleted ones not counted.
    pub records: u64,
    /// Deleted ones.
    pub deleted: u64,
}

/// The formats of a file from the rows of DSPFFD (QWHDRFFD), of a job of the page `ccsid`. The keys
/// come from elsewhere: [`keys`].
pub fn formats<'a>(rows: impl IntoIterator<Item = &'a [u8]>, ccsid: u16) -> Result<FileFormats> {
    let mut out = FileFormats::default();
    for bytes in rows {
        let row = OutfileRow::new(&FIELDS, bytes, ccsid)?;
        out.file = row.text("WHFILE")?;
        out.library = row.text("WHLIB")?;
        out.logical = row.text("WHFTYP")? == "L";
        let name = row.text("WHNAME")?;
        // Rows of a format stand together.
        let format = match out.formats.iter_mut().rposition(|f| f.name == name) {
            Some(at) => out.formats.get_mut(at),
            None => {
                let length = row.number("WHRLEN")?;
                if length > LONGEST {
                    return Err(MessageError::Limit {
                        what: "WHRLEN".into(),
                        len: length as usize,
                        max: LONGEST as usize,
                    });
                }
                let (level, text) = (row.text("WHSEQ")?, row.text("WHTEXT")?);
                out.formats.push(RecordFormat { name, level, text, length, fields: Vec::new() });
                out.formats.last_mut()
            }
        };
        let Some(format) = format else { continue };
        // A format without fields has one row that describes none.
        if row.number::<u32>("WHNFLD")? > 0 || row.number::<u32>("WHFLDB")? > 0 {
            let field = field(&row)?;
            if field.offset.checked_add(field.length).is_none_or(|end| end > format.length) {
                let detail = format!("field {} reaches beyond the record", field.name);
                return Err(MessageError::Value { what: "QWHDRFFD".into(), detail });
            }
            format.fields.push(field);
        }
    }
    Ok(out)
}

/// The rows of DSPFFD for a file.
pub fn format_rows(file: &FileFormats, ccsid: u16) -> Result<Vec<Vec<u8>>> {
    let mut out = Vec::new();
    for format in &file.formats {
        for field in &format.fields {
            let mut row = RowMaker::new(&FIELDS, ccsid)?;
            let count = format.fields.len() as u64;
            row.text("WHFILE", &file.file)?
                .text("WHLIB", &file.library)?
                .text("WHFTYP", if file.logical { "L" } else { "P" })?
                .number("WHCNT", file.formats.len() as u64)
                .text("WHNAME", &format.name)?
                .text("WHSEQ", &format.level)?
                .text("WHTEXT", &format.text)?
                .number("WHFLDN", count)
                .number("WHRLEN", u64::from(format.length))
                .text("WHFLDI", &field.name)?
                .text("WHFLDE", &field.name)?
                .number("WHFOBO", u64::from(field.offset) + 1)
                .number("WHFIBO", u64::from(field.offset) + 1)
                .number("WHFLDB", u64::from(field.length))
                .number("WHFLDO", u64::from(field.digits))
                .number("WHFLDP", u64::from(field.decimals))
                .text("WHFTXT", &field.text)?
                .text("WHFLDT", field.dds.0.encode_utf8(&mut [0; 4]))?
                .text("WHFIOB", "B")?
                .number("WHNFLD", count)
                .number("WHCCSID", u64::from(field.ccsid))
                .text("WHFMT", &field.format)?
                .text("WHVARL", if field.varying { "Y" } else { "N" })?
                .text("WHNULL", if field.nullable { "Y" } else { "N" })?;
            for (column, line) in ["WHCHD1", "WHCHD2", "WHCHD3"].into_iter().zip(&field.headings) {
                row.text(column, line)?;
            }
            if let Some(separator) = field.separator {
                row.text("WHSEP", separator.encode_utf8(&mut [0; 4]))?;
            }
            if let Some(default) = &field.default {
                row.text("WHDFT", default)?.number("WHDFTL", default.chars().count().min(30) as u64);
            }
            out.push(row.finish());
        }
    }
    Ok(out)
}

/// The key fields of a file from the rows of DSPFD TYPE(*ACCPTH) (QWHFDACP), and whether its keys are
/// unique. The rows of several formats repeat the keys; those of the first count.
pub fn keys<'a>(rows: impl IntoIterator<Item = &'a [u8]>, ccsid: u16) -> Result<(Vec<KeyField>, bool)> {
    let (mut keys, mut unique) = (Vec::new(), false);
    for bytes in rows {
        let row = OutfileRow::new(&ACCESS_PATH, bytes, ccsid)?;
        let wanted: usize = row.number::<u16>("APNKYF")?.into();
        let name = row.text("APKEYF")?;
        if keys.len() >= wanted || name.is_empty() {
            continue;
        }
        unique = row.text("APUNIQ")? == "Y";
        let descending = row.text("APKSEQ")? == "D";
        // Y: an alternative collating sequence; Z and D: zones or digits alone.
        let own_sequence = row.text("APKASQ")? == "Y" || matches!(row.text("APKZD")?.as_str(), "Z" | "D");
        keys.push(KeyField { name, descending, absolute: row.text("APKSIN")? == "A", own_sequence });
    }
    Ok((keys, unique))
}

/// The rows of DSPFD TYPE(*ACCPTH) for a file; one without keys has one row that says so.
pub fn key_rows(file: &FileFormats, ccsid: u16) -> Result<Vec<Vec<u8>>> {
    let none = [KeyField::default()];
    let keyed = !file.keys.is_empty();
    let mut out = Vec::new();
    for key in if keyed { file.keys.as_slice() } else { &none } {
        let mut row = RowMaker::new(&ACCESS_PATH, ccsid)?;
        row.text("APFILE", &file.file)?
            .text("APLIB", &file.library)?
            .text("APFTYP", if file.logical { "L" } else { "P" })?
            .text("APACCP", if keyed { "K" } else { "A" })?
            .text("APUNIQ", if file.unique { "Y" } else { "N" })?
            .number("APNKYF", file.keys.len() as u64);
        if keyed {
            row.text("APKEYF", &key.name)?
                .text("APKSEQ", if key.descending { "D" } else { "A" })?
                .text("APKSIN", if key.absolute { "A" } else { "S" })?;
        }
        out.push(row.finish());
    }
    Ok(out)
}

/// The members of a file from the rows of DSPFD TYPE(*MBR) (QWHFDMBR).
pub fn members<'a>(rows: impl IntoIterator<Item = &'a [u8]>, ccsid: u16) -> Result<Vec<MemberDescription>> {
    rows.into_iter()
        .map(|bytes| {
            let row = OutfileRow::new(&MEMBERS, bytes, ccsid)?;
            Ok(MemberDescription {
                file: row.text("MBFILE")?,
                library: row.text("MBLIB")?,
                name: row.text("MBNAME")?,
                text: row.text("MBMTXT")?,
                records: row.number("MBNRCD")?,
                deleted: row.number("MBNDTR")?,
            })
        })
        .collect()
}

/// The rows of DSPFD TYPE(*MBR).
pub fn member_rows(members: &[MemberDescription], ccsid: u16) -> Result<Vec<Vec<u8>>> {
    members
        .iter()
        .map(|member| {
            let mut row = RowMaker::new(&MEMBERS, ccsid)?;
            row.text("MBFILE", &member.file)?
                .text("MBLIB", &member.library)?
                .text("MBNAME", &member.name)?
                .text("MBMTXT", &member.text)?
                .number("MBRCDC", member.records)
                .number("MBNRCD", member.records)
                .number("MBNDTR", member.deleted);
            Ok(row.finish())
        })
        .collect()
}

fn field(row: &OutfileRow<'_>) -> Result<RecordField> {
    let name = row.text("WHFLDE")?;
    let letter = row.text("WHFLDT")?;
    let start: u32 = row.number("WHFIBO")?;
    // A field of an output-only format has its place in the output buffer alone.
    let start = if start == 0 { row.number("WHFOBO")? } else { start };
    let offset = start.checked_sub(1).ok_or_else(|| WireError::invalid("WHFIBO", 0, format!("no place for {name}")))?;
    let (digits, decimals) = (row.number("WHFLDO")?, row.number("WHFLDP")?);
    let default = row.text("WHDFT")?;
    let has_default = row.number::<u8>("WHDFTL")? > 0;
    let dds = DdsType(letter.chars().next().unwrap_or(' '));
    let out = RecordField {
        name,
        dds,
        offset,
        length: row.number("WHFLDB")?,
        digits,
        decimals,
        ccsid: row.number("WHCCSID")?,
        varying: row.text("WHVARL")? == "Y",
        nullable: row.text("WHNULL")? == "Y",
        format: row.text("WHFMT")?,
        separator: row.text("WHSEP")?.chars().next(),
        text: row.text("WHFTXT")?,
        headings: [row.text("WHCHD1")?, row.text("WHCHD2")?, row.text("WHCHD3")?],
        default: has_default.then_some(default),
    };
    // A separator of a blank cannot be told from none; only forms of choice have it.
    let chosen = matches!(out.format.as_str(), "*YMD" | "*DMY" | "*MDY" | "*JUL" | "*HMS");
    let blank =
        out.separator.is_none() && chosen && matches!(out.placed().form, FieldForm::Date(..) | FieldForm::Time(..));
    Ok(if blank { RecordField { separator: Some(' '), ..out } } else { out })
}

#[cfg(test)]
mod tests;
