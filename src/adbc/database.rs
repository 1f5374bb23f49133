//! A database: what its connections have in common.

use super::connection::DrdaConnection;
use super::settings::{Settings, parsed};
use super::wait::guarded;
use adbc_core::error::Result;
use adbc_core::options::{OptionConnection, OptionDatabase, OptionValue};
use adbc_core::{Database, Optionable};

/// Where connections go to, and how.
#[derive(Debug)]
pub struct DrdaDatabase {
    settings: Settings,
}

impl DrdaDatabase {
    pub(super) fn new(settings: Settings) -> DrdaDatabase {
        DrdaDatabase { settings }
    }
}

impl Database for DrdaDatabase {
    type ConnectionType = DrdaConnection;

    fn new_connection(&self) -> Result<DrdaConnection> {
        self.new_connection_with_opts([])
    }

    fn new_connection_with_opts(
        &self,
        opts: impl IntoIterator<Item = (OptionConnection, OptionValue)>,
    ) -> Result<DrdaConnection> {
        guarded(|| DrdaConnection::open(self.settings.clone(), opts.into_iter().collect()))
    }
}

impl Optionable for DrdaDatabase {
    type Option = OptionDatabase;

    /// For the connections that are made from now on.
    fn set_option(&mut self, key: OptionDatabase, value: OptionValue) -> Result<()> {
        guarded(|| self.settings.set_database(&key, &value))
    }

    fn get_option_string(&self, key: OptionDatabase) -> Result<String> {
        self.settings.get_database(&key)
    }

    fn get_option_bytes(&self, key: OptionDatabase) -> Result<Vec<u8>> {
        self.get_option_string(key).map(String::into_bytes)
    }

    fn get_option_int(&self, key: OptionDatabase) -> Result<i64> {
        parsed(key.clone().as_ref(), &self.get_option_string(key)?)
    }

    fn get_option_double(&self, key: OptionDatabase) -> Result<f64> {
        parsed(key.clone().as_ref(), &self.get_option_string(key)?)
    }
}
