//! A connection: its options, its transactions, and what it tells of the server.

use super::cancel::Operation;
use super::error::{fault, of};
use super::info;
use super::isolation;
use super::nested::rows_of;
use super::objects::{self, Wanted};
use super::partition::Token;
use super::reader::{Reader, ResultReader, in_memory};
use super::settings::{PREFIX, Settings, flag, parsed, text, unknown};
use super::shared::Shared;
use super::statement::DrdaStatement;
use super::statistics;
use super::wait::{guarded, wait};
use crate::client::batch_source::BatchSource;
use crate::client::sql::catalog::Catalog;
use crate::client::sql::catalog::listing::KINDS;
use crate::client::sql::connection::Connection as Client;
use crate::client::sql::identifier;
use adbc_core::error::{Result, Status};
use adbc_core::options::{InfoCode, ObjectDepth, OptionConnection, OptionValue};
use adbc_core::schemas::{GET_STATISTIC_NAMES_SCHEMA, GET_TABLE_TYPES_SCHEMA};
use adbc_core::{CancelHandle, Connection, Optionable};
use arrow_array::{ArrayRef, StringArray};
use arrow_schema::Schema;
use std::collections::HashSet;
use std::sync::Arc;

/// Warnings about the connection itself, read-only.
const WARNINGS: &str = "adbc.drda.warnings";

/// A connection to a database. Dropped, it rolls back what was not committed, and closes.
#[derive(Debug)]
pub struct DrdaConnection(Arc<Shared>);

impl DrdaConnection {
    pub(super) fn open(
        mut settings: Settings,
        options: Vec<(OptionConnection, OptionValue)>,
    ) -> Result<DrdaConnection> {
        let mut schema = None;
        for (key, value) in &options {
            let name = key.as_ref();
            match key {
                OptionConnection::AutoCommit => settings.config.autocommit = flag(name, value)?,
                OptionConnection::IsolationLevel => {
                    settings.put("isolation", isolation::named(&text(name, value)?)?)?
                }
                OptionConnection::CurrentCatalog => settings.put("database", &text(name, value)?)?,
                OptionConnection::CurrentSchema => schema = Some(text(name, value)?),
                OptionConnection::ReadOnly => settings.config.read_only = flag(name, value)?,
                other => settings.set(other.as_ref(), value)?,
            }
        }
        // It is not known to anybody yet who could break it off; its limit is `timeout`.
        let client = wait(&Operation::begin(&[]), Client::connect(settings.config.clone()))?;
        let connection = DrdaConnection(Arc::new(Shared::new(client, settings)));
        if let Some(schema) = schema {
            connection.set_schema(&schema)?;
        }
        Ok(connection)
    }

    fn set_schema(&self, schema: &str) -> Result<()> {
        if schema.is_empty() {
            return Err(fault(Status::InvalidArguments, "42601", "the schema's name is empty"));
        }
        let sql = format!("SET SCHEMA {}", identifier::quoted_part(schema));
        self.0.wait(self.0.client()?.execute(&sql, &[])).map(drop)
    }

    fn schema(&self) -> Result<String> {
        self.0.wait(Catalog::of(self.0.client()?).current_schema())
    }

    fn set_autocommit(&self, on: bool) -> Result<()> {
        let client = self.0.client()?;
        if on && !client.autocommit() {
            // Earlier work is kept, as later work would be.
            self.0.wait(client.commit())?;
        }
        client.set_autocommit(on);
        Ok(())
    }

    /// The client's connection, where transactions are the program's.
    fn in_transaction(&self, what: &str) -> Result<&Client> {
        let client = self.0.client()?;
        match client.autocommit() {
            false => Ok(client),
            true => {
                let text =
                    format!("there is nothing to {what}: every statement is committed (adbc.connection.autocommit)");
                Err(fault(Status::InvalidState, "25000", text))
            }
        }
    }
}

impl Drop for DrdaConnection {
    fn drop(&mut self) {
        let closed = guarded(|| {
            // In a forked child it is not ours.
            let Ok(client) = self.0.client() else { return Ok(()) };
            wait(&Operation::begin(&[]), client.close())
        });
        if let Err(e) = closed {
            tracing::warn!(error = %e, "a connection was not closed well");
        }
    }
}

impl Connection for DrdaConnection {
    type StatementType = DrdaStatement;

    fn new_statement(&mut self) -> Result<DrdaStatement> {
        Ok(DrdaStatement::new(self.0.clone()))
    }

    fn get_cancel_handle(&self) -> Box<dyn CancelHandle> {
        Box::new(self.0.canceller.clone())
    }

    fn get_info(&self, codes: Option<HashSet<InfoCode>>) -> Result<Reader> {
        guarded(|| info::info(&self.0.client()?.info(), codes))
    }

    fn get_objects(
        &self,
        depth: ObjectDepth,
        catalog: Option<&str>,
        db_schema: Option<&str>,
        table_name: Option<&str>,
        table_type: Option<Vec<&str>>,
        column_name: Option<&str>,
    ) -> Result<Reader> {
        let wanted = Wanted { catalog, schema: db_schema, table: table_name, kinds: table_type, column: column_name };
        guarded(|| objects::objects(&self.0, depth, &wanted))
    }

    fn get_table_schema(&self, catalog: Option<&str>, db_schema: Option<&str>, table_name: &str) -> Result<Schema> {
        guarded(|| {
            self.0.check_catalog(catalog)?;
            let table = identifier::table(db_schema.filter(|name| !name.is_empty()), table_name).map_err(of)?;
            let described = self.0.wait(self.0.client()?.describe(&format!("SELECT * FROM {table}")))?;
            let gone = || fault(Status::NotFound, "42704", format!("{table} has no columns"));
            described.columns.map(Arc::unwrap_or_clone).ok_or_else(gone)
        })
    }

    fn get_table_types(&self) -> Result<Reader> {
        guarded(|| {
            let kinds: ArrayRef = Arc::new(StringArray::from(KINDS.to_vec()));
            let batch = rows_of(&GET_TABLE_TYPES_SCHEMA, vec![kinds])?;
            Ok(in_memory(vec![batch], GET_TABLE_TYPES_SCHEMA.clone()))
        })
    }

    fn get_statistic_names(&self) -> Result<Reader> {
        // All of them are ADBC's own.
        Ok(in_memory(Vec::new(), GET_STATISTIC_NAMES_SCHEMA.clone()))
    }

    fn get_statistics(
        &self,
        catalog: Option<&str>,
        db_schema: Option<&str>,
        table_name: Option<&str>,
        approximate: bool,
    ) -> Result<Reader> {
        let wanted = Wanted { catalog, schema: db_schema, table: table_name, ..Wanted::default() };
        guarded(|| statistics::statistics(&self.0, &wanted, approximate))
    }

    fn commit(&mut self) -> Result<()> {
        guarded(|| self.0.wait(self.in_transaction("commit")?.commit()))
    }

    fn rollback(&mut self) -> Result<()> {
        guarded(|| self.0.wait(self.in_transaction("roll back")?.rollback()))
    }

    fn read_partition(&self, partition: impl AsRef<[u8]>) -> Result<Reader> {
        guarded(|| {
            let Token { database, sql } = Token::decode(partition.as_ref())?;
            self.0.check_catalog(Some(&database))?;
            let operation = Operation::begin(&[&self.0.canceller]);
            let mut stream = wait(&operation, self.0.client()?.query(&sql, &[]))?;
            stream.set_limits(self.0.limits);
            Ok(Box::new(ResultReader::new(stream, None, operation)) as Reader)
        })
    }
}

impl Optionable for DrdaConnection {
    type Option = OptionConnection;

    fn set_option(&mut self, key: OptionConnection, value: OptionValue) -> Result<()> {
        let name = key.as_ref();
        guarded(|| match &key {
            OptionConnection::AutoCommit => self.set_autocommit(flag(name, &value)?),
            OptionConnection::CurrentSchema => self.set_schema(&text(name, &value)?),
            OptionConnection::CurrentCatalog => self.0.check_catalog(Some(&text(name, &value)?)),
            OptionConnection::ReadOnly => self.0.client()?.set_read_only(flag(name, &value)?).map_err(of),
            OptionConnection::IsolationLevel => isolation::set(&self.0, &text(name, &value)?),
            OptionConnection::Other(_) if !name.starts_with(PREFIX) => Err(unknown(name)),
            _ => {
                let text = format!("{name}: is set before the connection is opened");
                Err(fault(Status::InvalidState, "", text))
            }
        })
    }

    fn get_option_string(&self, key: OptionConnection) -> Result<String> {
        guarded(|| match &key {
            OptionConnection::AutoCommit => Ok(self.0.client()?.autocommit().to_string()),
            OptionConnection::CurrentCatalog => self.0.catalog(),
            OptionConnection::CurrentSchema => self.schema(),
            OptionConnection::IsolationLevel => Ok(isolation::told(self.0.level())),
            OptionConnection::ReadOnly => Ok(self.0.client()?.read_only().to_string()),
            other if other.as_ref() == WARNINGS => {
                let warnings = self.0.client()?.warnings();
                Ok(warnings.iter().map(|warning| warning.message.as_str()).collect::<Vec<_>>().join("\n"))
            }
            other => self.0.settings.get(other.as_ref()),
        })
    }

    fn get_option_bytes(&self, key: OptionConnection) -> Result<Vec<u8>> {
        self.get_option_string(key).map(String::into_bytes)
    }

    fn get_option_int(&self, key: OptionConnection) -> Result<i64> {
        parsed(key.clone().as_ref(), &self.get_option_string(key)?)
    }

    fn get_option_double(&self, key: OptionConnection) -> Result<f64> {
        parsed(key.clone().as_ref(), &self.get_option_string(key)?)
    }
}
