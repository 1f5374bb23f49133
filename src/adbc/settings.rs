//! Options of databases and connections: by the names of ADBC, and `adbc.drda.` before the name of any setting of ours.

use super::error::{fault, of_setting};
use crate::client::config::Config;
use crate::client::limits::Limits;
use adbc_core::error::{Error, Result, Status};
use adbc_core::options::{OptionDatabase, OptionValue};

/// It stands before the name of a setting of ours.
pub(super) const PREFIX: &str = "adbc.drda.";

/// Settings whose values are not told.
const SECRET: [&str; 4] = ["password", "new_password", "additional_factor", "attributes"];

/// How a connection is made.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub config: Config,
    pub limits: Limits,
    /// Those that were given by their names, as text.
    given: Vec<(String, String)>,
}

impl Settings {
    /// From the options of a database.
    pub(super) fn of_database(options: Vec<(OptionDatabase, OptionValue)>) -> Result<Settings> {
        // ADBC's connections commit after every statement unless told otherwise.
        let config = Config { autocommit: true, ..Config::empty() };
        let mut settings = Settings { config, limits: Limits::default(), given: Vec::new() };
        let (uri, others): (Vec<_>, Vec<_>) = options.into_iter().partition(|(key, _)| *key == OptionDatabase::Uri);
        for (key, value) in uri.into_iter().chain(others) {
            settings.set_database(&key, &value)?;
        }
        Ok(settings)
    }

    /// Sets an option of a database.
    pub(super) fn set_database(&mut self, key: &OptionDatabase, value: &OptionValue) -> Result<()> {
        match key {
            OptionDatabase::Uri => {
                let told = self.config.apply_uri_telling(&text(key.as_ref(), value)?).map_err(of_setting)?;
                told.into_iter().for_each(|(name, value)| self.note(&name, value));
                Ok(())
            }
            OptionDatabase::Username => self.put("user", &text(key.as_ref(), value)?),
            OptionDatabase::Password => self.put("password", &text(key.as_ref(), value)?),
            other => self.set(other.as_ref(), value),
        }
    }

    /// Sets an option `adbc.drda.…`.
    pub(super) fn set(&mut self, key: &str, value: &OptionValue) -> Result<()> {
        let name = key.strip_prefix(PREFIX).ok_or_else(|| unknown(key))?;
        self.put(name, &text(key, value)?)
    }

    /// Sets a setting by its own name.
    pub(super) fn put(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "batch_rows" => self.limits.rows = count(name, value)?,
            "batch_bytes" => self.limits.bytes = Some(count(name, value)?),
            _ => self.config.set(name, value).map_err(of_setting)?,
        }
        self.note(name, value.to_owned());
        Ok(())
    }

    /// Notes a setting that was given.
    fn note(&mut self, name: &str, value: String) {
        self.limits.delay = self.config.batch_delay;
        self.given.retain(|(known, _)| known != name);
        if !SECRET.contains(&name) {
            self.given.push((name.to_owned(), value));
        }
    }

    /// The value that an option of a database was given.
    pub(super) fn get_database(&self, key: &OptionDatabase) -> Result<String> {
        let user = || self.config.user.clone();
        match key {
            OptionDatabase::Uri => Ok(format!("drda://{}/{}", self.config.authority(), self.config.database)),
            OptionDatabase::Username => user().ok_or_else(|| unset(key.as_ref())),
            OptionDatabase::Password => Err(unset(key.as_ref())),
            other => self.get(other.as_ref()),
        }
    }

    /// The value that an option `adbc.drda.…` was given.
    pub(super) fn get(&self, key: &str) -> Result<String> {
        let name = key.strip_prefix(PREFIX).unwrap_or_default();
        self.given.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).ok_or_else(|| unset(key))
    }
}

/// The text of an option's value.
pub(super) fn text(key: &str, value: &OptionValue) -> Result<String> {
    match value {
        OptionValue::String(text) => Ok(text.clone()),
        OptionValue::Int(number) => Ok(number.to_string()),
        OptionValue::Double(number) => Ok(number.to_string()),
        _ => Err(fault(Status::InvalidArguments, "", format!("{key}: bytes are no value of this option"))),
    }
}

/// The value of an option that is true or false.
pub(super) fn flag(key: &str, value: &OptionValue) -> Result<bool> {
    match text(key, value)?.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        other => {
            Err(fault(Status::InvalidArguments, "", format!("{key}: expected \"true\" or \"false\", not {other:?}")))
        }
    }
}

/// A number of at least one.
pub(super) fn count(key: &str, value: &str) -> Result<usize> {
    let number = value.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| fault(Status::InvalidArguments, "", format!("{key}: expected a number of at least 1")))
}

/// A value in the types that ADBC asks for.
pub(super) fn parsed<T: std::str::FromStr>(key: &str, value: &str) -> Result<T> {
    value.parse().map_err(|_| fault(Status::InvalidState, "", format!("{key}: {value:?} is no number")))
}

/// An option that this driver does not have.
pub(super) fn unknown(key: &str) -> Error {
    let text =
        format!("{key}: is no option of this driver; its own settings are {PREFIX}…, as docs/settings.md has them");
    fault(Status::NotImplemented, "", text)
}

/// An option without a value.
pub(super) fn unset(key: &str) -> Error {
    fault(Status::NotFound, "", format!("{key}: has no value, or one that is not told"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(options: &[(&str, &str)]) -> Result<Settings> {
        let options = options.iter().map(|(key, value)| (OptionDatabase::from(*key), OptionValue::from(*value)));
        Settings::of_database(options.collect())
    }

    #[test]
    fn names_of_adbc_and_of_ours() {
        let s = made(&[
            ("password", "secret"),
            ("username", "app"),
            ("adbc.drda.isolation", "rr"),
            ("adbc.drda.batch_rows", "10"),
            ("uri", "drda://other@host:50000/DB?timeout=2&application_name=a%20b&isolation=ur&new_password=x"),
        ]);
        let s = s.unwrap();
        assert_eq!((s.config.user.as_deref(), s.config.port, s.limits.rows), (Some("app"), 50_000, 10));
        assert!(s.config.autocommit);
        assert_eq!(s.get("adbc.drda.isolation").unwrap(), "rr");
        assert_eq!(
            (s.get("adbc.drda.timeout").unwrap(), s.get("adbc.drda.application_name").unwrap()),
            ("2".into(), "a b".into())
        );
        assert_eq!(s.get("adbc.drda.new_password").unwrap_err().status, Status::NotFound);
        assert_eq!(s.get_database(&OptionDatabase::Uri).unwrap(), "drda://host:50000/DB");
        assert_eq!(s.get_database(&OptionDatabase::Password).unwrap_err().status, Status::NotFound);
        assert_eq!(s.get("adbc.drda.password").unwrap_err().status, Status::NotFound);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let status = |options: &[(&str, &str)]| made(options).unwrap_err().status;
        assert_eq!(status(&[("adbc.postgresql.x", "1")]), Status::NotImplemented);
        assert_eq!(status(&[("adbc.drda.timeout", "soon")]), Status::InvalidArguments);
        assert_eq!(status(&[("adbc.drda.batch_rows", "0")]), Status::InvalidArguments);
        assert_eq!(status(&[("uri", "postgresql://x/y")]), Status::InvalidArguments);
        assert!(flag("x", &OptionValue::from("maybe")).is_err());
    }
}
