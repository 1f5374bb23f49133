//! Options of an open: access, keys, fields, and the treatment of values.

use super::file_name::name;
use crate::client::config::ConfigError;
use crate::column::file::options::{OnError, RecordOptions};
use crate::wire::file::format::{DdsType, FileFormats, KeyField, RecordField, RecordFormat};
use crate::wire::file::open::{CommitLevel, OpenAccess};
use crate::wire::value::date_form::DateForm;
use std::collections::BTreeMap;

/// The use of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpenMode {
    /// Read; records are not locked.
    #[default]
    Read,
    /// Add.
    Write,
    /// Read, add, update and delete; a record that is read is locked.
    ReadWrite,
}

/// How a file is opened.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// The use of the records.
    pub mode: OpenMode,
    /// In the order of the keys, and reads by key.
    pub keyed: bool,
    /// The level of commitment control; none works without.
    pub commit: Option<CommitLevel>,
    /// The fields that are read, in this order; none reads all.
    pub columns: Option<Vec<String>>,
    /// A declared description, in place of asking the server for it. With the name of a file it is what that file
    /// said of itself; without one it may cut the records up in another way.
    pub declared: Option<FileFormats>,
    /// The record format, where a file has several.
    pub format: Option<String>,
    /// Fields whose text is in another page than their description says, beside those of the connection.
    pub force_ccsid: BTreeMap<String, u16>,
    /// Treatment of values. That of the connection holds unless this is given.
    pub values: RecordOptions,
}

impl OpenMode {
    pub(super) fn access(self) -> OpenAccess {
        match self {
            OpenMode::Read => OpenAccess::Read,
            OpenMode::Write => OpenAccess::Write,
            OpenMode::ReadWrite => OpenAccess::ReadWrite,
        }
    }

    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            OpenMode::Read => "r",
            OpenMode::Write => "w",
            OpenMode::ReadWrite => "rw",
        }
    }
}

impl OpenOptions {
    /// To read.
    pub fn read() -> OpenOptions {
        OpenOptions::default()
    }

    /// To add.
    pub fn write() -> OpenOptions {
        OpenOptions { mode: OpenMode::Write, ..OpenOptions::default() }
    }

    /// To read, add, update and delete.
    pub fn read_write() -> OpenOptions {
        OpenOptions { mode: OpenMode::ReadWrite, ..OpenOptions::default() }
    }

    /// Sets one option from text, as a URI's `key=value` does; `member` belongs to the file's name.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ConfigError> {
        let bad = |rule: &str| Err(ConfigError { setting: key.to_owned(), rule: rule.to_owned() });
        let flag = || match value {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        };
        match (key, value.to_ascii_lowercase().as_str()) {
            ("mode", "r") => self.mode = OpenMode::Read,
            ("mode", "w") => self.mode = OpenMode::Write,
            ("mode", "rw" | "r+") => self.mode = OpenMode::ReadWrite,
            ("mode", _) => return bad("expected r, w or rw"),
            ("keyed", _) => match flag() {
                Some(keyed) => self.keyed = keyed,
                None => return bad("expected true or false"),
            },
            ("rrn", _) => match flag() {
                Some(rrn) => self.values.rrn = rrn.then(|| RRN.to_owned()),
                None => return bad("expected true or false"),
            },
            ("commit", "none") => self.commit = None,
            ("commit", "chg") => self.commit = Some(CommitLevel::Change),
            ("commit", "cs") => self.commit = Some(CommitLevel::CursorStability),
            ("commit", "all") => self.commit = Some(CommitLevel::All),
            ("commit", "rr") => return bad("record access has no repeatable read; all is the strongest level"),
            ("commit", _) => return bad("expected none, chg, cs or all"),
            ("columns", _) if value.trim().is_empty() => self.columns = Some(Vec::new()),
            ("columns", _) => self.columns = Some(value.split(',').map(|c| c.trim().to_ascii_uppercase()).collect()),
            ("on_error", _) => match on_error(value) {
                Some(policy) => self.values.on_error = policy,
                None => return bad("expected raise, null or raw"),
            },
            ("format", _) => self.format = Some(value.to_ascii_uppercase()),
            _ => return bad("is not an option of an open"),
        }
        Ok(())
    }

    /// Sets the treatment of the bad values of one field.
    pub fn on_error_of(&mut self, field: &str, value: &str) -> Result<(), ConfigError> {
        let rule = "expected raise, null or raw".to_owned();
        let policy = on_error(value).ok_or(ConfigError { setting: "on_error".to_owned(), rule })?;
        self.values.on_error_of.insert(field.to_ascii_uppercase(), policy);
        Ok(())
    }
}

/// Name of the column with relative record numbers.
pub const RRN: &str = "RRN";

fn on_error(value: &str) -> Option<OnError> {
    match value.to_ascii_lowercase().as_str() {
        "raise" => Some(OnError::Raise),
        "null" => Some(OnError::Null),
        "raw" => Some(OnError::Raw),
        _ => None,
    }
}

/// A record format in the user's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// The file that it describes, where it is a description that the file gave of itself.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Its fields, each by the parts that it is made of: name, type, length, digits, decimals, ccsid, varying,
    /// nullable, format, separator.
    pub fields: Vec<Vec<(String, String)>>,
    /// Names of the key fields; `-` in front of one that descends, `|NAME|` for numbers compared without their sign.
    pub keys: Vec<String>,
}

impl OpenOptions {
    /// Takes the user's word for what the records are like. Fields stand one after the other.
    pub fn declare(&mut self, declared: Declared) -> Result<(), ConfigError> {
        let called = match declared.name.as_str() {
            // That of the file, as it is where no description says another.
            "" => String::new(),
            named => name("format", named, &[])?,
        };
        let mut format = RecordFormat { name: called, ..RecordFormat::default() };
        let mut given = !declared.file.is_empty();
        for parts in &declared.fields {
            let mut field = RecordField { offset: format.length, ccsid: 37, ..RecordField::default() };
            let place = parts.iter().find(|(key, _)| key == "offset");
            given &= place.is_some_and(|(_, at)| at.parse() == Ok(format.length));
            for (key, value) in parts {
                part(&mut field, key, value)?;
            }
            complete(&mut field)?;
            if format.fields.iter().any(|known| known.name == field.name) {
                return Err(wrong(&format!("field {} is there twice", field.name)));
            }
            format.length = format.length.saturating_add(field.length);
            format.fields.push(field);
        }
        if format.fields.is_empty() {
            return Err(wrong("it has no fields"));
        }
        let keys = declared.keys.iter().map(|key| KeyField {
            name: key.trim_start_matches('-').trim_matches('|').to_ascii_uppercase(),
            descending: key.starts_with('-'),
            absolute: key.ends_with('|'),
            own_sequence: false,
        });
        let (keys, file) = (keys.collect(), if given { declared.file } else { String::new() });
        self.declared = Some(FileFormats { file, formats: vec![format], keys, ..FileFormats::default() });
        Ok(())
    }
}

fn wrong(rule: &str) -> ConfigError {
    ConfigError { setting: "format".to_owned(), rule: rule.to_owned() }
}

fn part(field: &mut RecordField, key: &str, value: &str) -> Result<(), ConfigError> {
    let refuse = |most: u16| wrong(&format!("{key}: expected a number up to {most}, not {value:?}"));
    let number = || value.parse::<u16>().map_err(|_| refuse(u16::MAX));
    let small = || value.parse::<u8>().map_err(|_| refuse(u8::MAX.into()));
    let flag = || match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(wrong(&format!("{key}: expected True or False"))),
    };
    match key {
        "name" => field.name = name("format", value, &[])?,
        "type" => match value.chars().collect::<Vec<_>>().as_slice() {
            [letter] => field.dds = DdsType(letter.to_ascii_uppercase()),
            _ => return Err(wrong("type: expected the letter of a DDS type")),
        },
        "length" => field.length = u32::from(number()?),
        "digits" => field.digits = small()?,
        "decimals" => field.decimals = small()?,
        "ccsid" => field.ccsid = number()?,
        "varying" => field.varying = flag()?,
        "nullable" => field.nullable = flag()?,
        "format" => value.to_ascii_uppercase().clone_into(&mut field.format),
        "separator" => field.separator = value.chars().next(),
        "text" => value.clone_into(&mut field.text),
        // Given by descriptions; they follow from the others.
        "offset" | "default" => {}
        _ => return Err(wrong(&format!("{key:?} is not part of a field"))),
    }
    Ok(())
}

/// Gives a number its length where only its digits are said.
fn complete(field: &mut RecordField) -> Result<(), ConfigError> {
    if field.length == 0 {
        field.length = match field.dds {
            DdsType::PACKED => u32::from(field.digits) / 2 + 1,
            DdsType::ZONED => u32::from(field.digits),
            DdsType::DATE => match DateForm::from_keyword(&field.format) {
                Some(form) => form.width(),
                None => return Err(wrong(&format!("field {}: {:?} is not a date format", field.name, field.format))),
            },
            DdsType::TIME => 8,
            DdsType::TIMESTAMP => 26,
            DdsType::BINARY => match field.digits {
                0..5 => 2,
                5..10 => 4,
                _ => 8,
            },
            _ => 0,
        };
    }
    match (field.name.is_empty(), field.length) {
        (true, _) => Err(wrong("a field has no name")),
        (_, 0) => Err(wrong(&format!("field {} has no length", field.name))),
        _ => Ok(()),
    }
}
