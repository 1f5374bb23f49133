//! How a file is opened, and what becomes of its values.

use crate::client::config::ConfigError;
use crate::column::record::options::{OnError, RecordOptions};
use crate::wire::record::format::FileFormats;
use crate::wire::record::open::{Access, CommitLevel};

/// What is to be done with the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
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
    /// What is to be done with the records.
    pub mode: Mode,
    /// In the order of the keys, and reads by key.
    pub keyed: bool,
    /// The level of commitment control; none works without.
    pub commit: Option<CommitLevel>,
    /// The fields that are read, in this order; none reads all.
    pub columns: Option<Vec<String>>,
    /// A declared description, in place of asking the server for it.
    pub declared: Option<FileFormats>,
    /// The record format, where a file has several.
    pub format: Option<String>,
    /// What becomes of values. Those of the connection hold unless this is given.
    pub values: RecordOptions,
}

impl Mode {
    pub(super) fn access(self) -> Access {
        match self {
            Mode::Read => Access::Read,
            Mode::Write => Access::Write,
            Mode::ReadWrite => Access::ReadWrite,
        }
    }

    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Read => "r",
            Mode::Write => "w",
            Mode::ReadWrite => "rw",
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
        OpenOptions { mode: Mode::Write, ..OpenOptions::default() }
    }

    /// To read, add, update and delete.
    pub fn read_write() -> OpenOptions {
        OpenOptions { mode: Mode::ReadWrite, ..OpenOptions::default() }
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
            ("mode", "r") => self.mode = Mode::Read,
            ("mode", "w") => self.mode = Mode::Write,
            ("mode", "rw" | "r+") => self.mode = Mode::ReadWrite,
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

    /// What becomes of the bad values of one field.
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
