//! A connection, as its statements share it.

use super::cancel::{Canceller, Operation};
use super::error::{fault, of};
use super::settings::Settings;
use super::wait::wait;
use crate::client::error;
use crate::client::limits::Limits;
use crate::client::process::Owned;
use crate::client::sql::catalog::Catalog;
use crate::client::sql::connection::Connection as Client;
use adbc_core::error::{Result, Status};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A connection, as its statements share it.
#[derive(Debug)]
pub(super) struct Shared {
    pub client: Owned<Client>,
    pub settings: Settings,
    pub limits: Limits,
    pub canceller: Canceller,
    /// The name of the catalog once it was asked for.
    catalog: OnceLock<String>,
    /// The isolation by its name.
    level: Mutex<&'static str>,
}

impl Shared {
    pub(super) fn new(client: Client, settings: Settings) -> Shared {
        let limits = settings.limits;
        let (catalog, level) = (OnceLock::new(), Mutex::new(settings.config.isolation_name()));
        Shared { client: Owned::new(client), settings, limits, canceller: Canceller::default(), catalog, level }
    }

    /// The level of isolation, by its name.
    pub(super) fn level(&self) -> &'static str {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes another one, which the server was told.
    pub(super) fn set_level(&self, name: &'static str) {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner) = name;
    }

    /// The client's connection, in its own process.
    pub(super) fn client(&self) -> Result<&Client> {
        self.client.get().map_err(of)
    }

    /// Waits for work of the connection itself.
    pub(super) fn wait<T>(&self, work: impl Future<Output = error::Result<T>>) -> Result<T> {
        wait(&Operation::begin(&[&self.canceller]), work)
    }

    /// The name of the catalog, as GetObjects has it: that of the server, which may be in another case or be connected to
    /// by another name.
    pub(super) fn catalog(&self) -> Result<String> {
        if let Some(name) = self.catalog.get() {
            return Ok(name.clone());
        }
        let name = match self.wait(Catalog::of(self.client()?).catalogs()) {
            Ok(listed) => listed.rows.into_iter().next().map(|row| row.name),
            // A product without a catalog that is known.
            Err(e) if e.status == Status::NotImplemented => None,
            Err(e) => return Err(e),
        };
        let name = name.unwrap_or_else(|| self.settings.config.database.clone());
        Ok(self.catalog.get_or_init(|| name).clone())
    }

    /// Refuses another catalog than the database of the connection.
    pub(super) fn check_catalog(&self, catalog: Option<&str>) -> Result<()> {
        let Some(name) = catalog.filter(|name| !name.is_empty()) else { return Ok(()) };
        let database = &self.settings.config.database;
        if name.eq_ignore_ascii_case(database) || name == self.catalog()? {
            return Ok(());
        }
        let text = format!("the connection is to the database {database:?}: {name:?} needs a connection of its own");
        Err(fault(Status::NotFound, "42704", text))
    }
}
