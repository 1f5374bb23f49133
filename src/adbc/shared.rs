//! A connection, as its statements share it.

use super::cancel::{Canceller, Operation};
use super::error::{fault, of};
use super::settings::Settings;
use super::wait::wait;
use crate::client::error;
use crate::client::limits::Limits;
use crate::client::process::Owned;
use crate::client::sql::connection::Connection as Client;
use adbc_core::error::{Result, Status};

/// A connection, as its statements share it.
#[derive(Debug)]
pub(super) struct Shared {
    pub client: Owned<Client>,
    pub settings: Settings,
    pub limits: Limits,
    pub canceller: Canceller,
}

impl Shared {
    /// The client's connection, in its own process.
    pub(super) fn client(&self) -> Result<&Client> {
        self.client.get().map_err(of)
    }

    /// Waits for work of the connection itself.
    pub(super) fn wait<T>(&self, work: impl Future<Output = error::Result<T>>) -> Result<T> {
        wait(&Operation::begin(&[&self.canceller]), work)
    }

    /// Refuses another catalog than the database of the connection.
    pub(super) fn check_catalog(&self, catalog: Option<&str>) -> Result<()> {
        let database = &self.settings.config.database;
        match catalog.filter(|name| !name.is_empty()) {
            Some(other) if !other.eq_ignore_ascii_case(database) => Err(fault(
                Status::NotFound,
                "42704",
                format!("the connection is to the database {database:?}: {other:?} needs a connection of its own"),
            )),
            _ => Ok(()),
        }
    }
}
